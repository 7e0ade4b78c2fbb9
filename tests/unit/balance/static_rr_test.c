/* SPDX-License-Identifier: MIT */
/* balance static-rr: the order of picks as observed with haproxy 2.6. */
#include "unit/balance/farm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct farm_case observed[] = {
    {"1 1 1", "p7", "0120120"},
    {"1 2 3", "p13", "0212120212120"},
    {"10 20 5", "p15", "011011201101120"},
    {"7 3 1", "p23", "00100100102001001001020"},
    {"100 1", "p30", "000000000000000000000000000000"},
    {"256 255", "p40", "0010101010101010101010101010101010101010"},
    {"1 2 3", "p4 d1 p9 u1 p14", "021202220222021212021212021"},
    {"1 1 1", "p2 d0 p3 u0 p7", "011211201201"},
    {"2 4 6", "p13", "0212120212120"},
    {"2 4 1b", "p15", "011011011011011"},
    {"1 2:1 1", "h h h h p8 r1 p9", "012020202020112011201"},
    {"1 2 1b 1b", "p4 d0 d1 p5 u1 p5", "01102222211111"},
};

static const struct farm_case all_backups[] = {
    {"1 3b 1b 2b", "p2 d0 p14 u0 p3", "0013123113123113000"},
};

static void test_observed(void **state)
{
	(void)state;
	farm_check("static-rr", &(struct balance){}, (struct hash_key_type){HASH_KEY_SDBM, false},
		   observed, array_size(observed));
}

static void test_all_backups(void **state)
{
	(void)state;
	farm_check("static-rr", &(struct balance){.all_backups = true},
		   (struct hash_key_type){HASH_KEY_SDBM, false}, all_backups,
		   array_size(all_backups));
}

/* haproxy's map would hold both backups here, against its manual: the first one alone it is. */
static void test_first_backup_only(void **state)
{
	static const struct farm_case cases[] = {{"1 2b 2b", "d0 p6", "111111"}};

	(void)state;
	farm_check("static-rr", &(struct balance){0}, (struct hash_key_type){HASH_KEY_SDBM, false},
		   cases, 1);
}

/* Each server has its weight in places, for any weights. */
static void test_exact_shares(void **state)
{
	struct balance o = {.algorithm = balance_find(SPAN("static-rr"))};
	struct farm *f = farm_new("256 1 17 100 3 99", &o);
	unsigned int count[6] = {0};
	struct balance_query q = {0};

	(void)state;
	for (unsigned int i = 0; i < 476; i++)
		count[farm_pick(f, &q)->index]++;
	for (unsigned int i = 0; i < 6; i++)
		assert_int_equal(count[i] * BALANCE_WEIGHT_SCALE, f->servers[i].weight);
	farm_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_observed),
	    cmocka_unit_test(test_all_backups),
	    cmocka_unit_test(test_first_backup_only),
	    cmocka_unit_test(test_exact_shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
