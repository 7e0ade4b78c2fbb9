/* SPDX-License-Identifier: MIT */
/* hash-type map-based: which server for which key, as observed with haproxy 2.6 ("balance uri"). */
#include "unit/balance/farm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct farm_case sdbm[] = {
    {"1 1 1", "q60", "201201201220120120120120120120120120120120120120120120120120"},
    {"1 2 3", "q60", "121202121220212120210212120212212120212112120212122120212120"},
    {"10 20 5", "q60", "011201101110112011011120110112201101120111011201100112011011"},
    {"1 1 1 1 1", "q40 d2 q40 u2 q40",
     "12340123404012340123340123401223401234010134013401401340134034013401341340134013"
     "1234012340401234012334012340122340123401"},
    {"1 2 4 8#99", "q40 d3 q40",
     "32330312333031233231233231323231323233032122021212121220212112202121222021212202"},
    {"1 1b 2b", "q10 d0 q20", "000000000011111111111111111111"},
};

static const struct farm_case sdbm_avalanche[] = {
    {"1 2 3 4 5", "q60", "244442324014222424341323443433441313244334213430413322443302"},
};

static const struct farm_case djb2[] = {
    {"1 2 3 4 5", "q60", "123434014343242341234234123434412343401434340143244014324234"},
};

static const struct farm_case djb2_avalanche[] = {
    {"1 2 3 4 5", "q60", "423424343243333043034240413322333100420242134332144444241243"},
};

static const struct farm_case wt6[] = {
    {"1 2 3 4 5", "q60", "342434241344004400444444444422114433223322222222223344334433"},
};

static const struct farm_case wt6_avalanche[] = {
    {"1 2 3 4 5", "q60", "342343023223344104341333333012234422404220332014222243244244"},
};

static const struct farm_case crc32[] = {
    {"1 2 3 4 5", "q60", "312241312024441444414040220444142204122343340433434113442414"},
};

static const struct farm_case crc32_avalanche[] = {
    {"1 2 3 4 5", "q60", "412403114324440224343414433044343240440424214331443230414343"},
};

static const struct farm_case keyless[] = {
    {"1 2 3", "k13 d1 k6 u1 k7", "02121202121202220222120212"},
};

static void test_observed(void **state)
{
	(void)state;
	farm_check("hash-map", &(struct balance){0}, (struct hash_key_type){HASH_KEY_SDBM, false},
		   sdbm, array_size(sdbm));
	farm_check("hash-map", &(struct balance){0}, (struct hash_key_type){HASH_KEY_SDBM, true},
		   sdbm_avalanche, array_size(sdbm_avalanche));
	farm_check("hash-map", &(struct balance){0}, (struct hash_key_type){HASH_KEY_DJB2, false},
		   djb2, array_size(djb2));
	farm_check("hash-map", &(struct balance){0}, (struct hash_key_type){HASH_KEY_DJB2, true},
		   djb2_avalanche, array_size(djb2_avalanche));
	farm_check("hash-map", &(struct balance){0}, (struct hash_key_type){HASH_KEY_WT6, false},
		   wt6, array_size(wt6));
	farm_check("hash-map", &(struct balance){0}, (struct hash_key_type){HASH_KEY_WT6, true},
		   wt6_avalanche, array_size(wt6_avalanche));
	farm_check("hash-map", &(struct balance){0}, (struct hash_key_type){HASH_KEY_CRC32, false},
		   crc32, array_size(crc32));
	farm_check("hash-map", &(struct balance){0}, (struct hash_key_type){HASH_KEY_CRC32, true},
		   crc32_avalanche, array_size(crc32_avalanche));
}

static void test_keyless(void **state)
{
	(void)state;
	farm_check("hash-map", &(struct balance){}, (struct hash_key_type){HASH_KEY_SDBM, false},
		   keyless, array_size(keyless));
}

/* A key whose server just failed goes to another one; a full server keeps its keys. */
static void test_avoid_and_full(void **state)
{
	static const struct farm_case cases[] = {
	    {"1 1 1", "q9 a2 q9 a-",
	     "201201201"
	     "001001001"},
	    {"1:1 1:1 1:1", "h h q9", "22201201201"},
	    {"1", "a0 q3", "000"},
	};

	(void)state;
	farm_check("hash-map", &(struct balance){0}, (struct hash_key_type){HASH_KEY_SDBM, false},
		   cases, array_size(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_observed),
	    cmocka_unit_test(test_keyless),
	    cmocka_unit_test(test_avoid_and_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
