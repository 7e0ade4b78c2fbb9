/* SPDX-License-Identifier: MIT */
/* balance leastconn: the order of picks as observed with haproxy 2.6. */
#include "unit/balance/farm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct farm_case observed[] = {
    {"1 1 1", "p10", "0120120120"},
    {"1 2 3", "p10", "0120120120"},
    {"1 1 1", "h p5 h p5 h p4 r0 p6", "01212121111110210000000"},
    {"1 2 3", "h h h h h h h h h h h h", "012212212012"},
    {"1 1 1", "d1 p5 u1 p7", "020202012012"},
    {"1 10 100", "h h h h h h h h r1 h h h h r2 r2 h h h p3", "012222221222222222"},
    {"1 1:1 1:2", "h h h h h h h h h r1 h h", "01202000010"},
    {"1 1 1", "p4 w1,5 p7 h h w0,9 p5", "012020120120122222"},
    {"1 2 1b 1b", "p3 d0 d1 p3 u1 p3", "010222111"},
};

static const struct farm_case all_backups[] = {
    {"1 1b 2b", "p2 d0 p5 h p4 u0 p3", "001212121111000"},
};

static void test_observed(void **state)
{
	(void)state;
	farm_check("leastconn", &(struct balance){}, (struct hash_key_type){HASH_KEY_SDBM, false},
		   observed, array_size(observed));
}

static void test_all_backups(void **state)
{
	(void)state;
	farm_check("leastconn", &(struct balance){.all_backups = true},
		   (struct hash_key_type){HASH_KEY_SDBM, false}, all_backups,
		   array_size(all_backups));
}

/* Requests that wait for a server count as its load. */
static void test_waiting(void **state)
{
	static const struct farm_case cases[] = {{"1 1", "n0,1 p3 n0,0 p4", "1111010"}};

	(void)state;
	farm_check("leastconn", &(struct balance){0}, (struct hash_key_type){HASH_KEY_SDBM, false},
		   cases, 1);
}

/* A pick always has the least load for its weight (an idle server counts as least). */
static void test_least_load(void **state)
{
	struct balance o = {.algorithm = balance_find(SPAN("leastconn"))};
	struct farm *f = farm_new("1 2 3 50 256", &o);
	struct balance_query q = {0};
	struct random r;

	(void)state;
	random_init(&r, 7);
	for (unsigned int i = 0; i < 20000; i++) {
		struct balance_server *s = balance_pick(&f->balance, &q);
		struct balance_server *other = &f->servers[random_below(&r, 5)];
		unsigned int mine = atomic_load(&s->served), its = atomic_load(&other->served);

		if (its == 0)
			assert_int_equal(mine, 0);
		else if (mine > 0)
			assert_true((mine + 1) * 4096 / s->weight <=
				    (its + 1) * 4096 / other->weight);
		farm_load(f, s, 1);
		if (its && random_below(&r, 3))
			farm_load(f, other, -1);
	}
	farm_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_observed),
	    cmocka_unit_test(test_all_backups),
	    cmocka_unit_test(test_waiting),
	    cmocka_unit_test(test_least_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
