/* SPDX-License-Identifier: MIT */
/* balance random: shares, the least loaded of the draws, full servers and bounded load. */
#include "unit/balance/farm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct farm *farm_random(const char *specification, unsigned int draws, unsigned int factor)
{
	return farm_new(specification, &(struct balance){.algorithm = balance_find(SPAN("random")),
							 .random_draws = draws,
							 .hash_balance_factor = factor});
}

static struct balance_server *pick(struct farm *f, struct random *r)
{
	return balance_pick(&f->balance,
			    &(struct balance_query){.random = random_u64(r), .avoid = f->avoid});
}

/* Idle servers get their weight's share, within 6 standard deviations. */
static void test_shares(void **state)
{
	static const unsigned int weights[] = {1, 2, 3, 50, 256};
	struct farm *f = farm_random("1 2 3 50 256 7b", 1, 0);
	unsigned int count[6] = {0};
	struct random r;

	(void)state;
	random_init(&r, 1);
	for (unsigned int i = 0; i < 312 * 1000; i++)
		count[pick(f, &r)->index]++;
	for (unsigned int i = 0; i < 5; i++) {
		long off = (long)count[i] - (long)weights[i] * 1000;

		assert_true(off * off < 36 * 1000 * (long)weights[i]);
	}
	assert_int_equal(count[5], 0);
	farm_free(f);
}

/* The shares are fair to the last unit: at the least weights they are still equal. */
static void test_least_weights(void **state)
{
	struct farm *f = farm_random("1 1 1", 1, 0);
	unsigned int count[3] = {0};
	struct random r;

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		f->servers[i].weight = 1;
	assert_int_equal(balance_update(&f->balance), 0);
	random_init(&r, 6);
	for (unsigned int i = 0; i < 3000; i++)
		count[pick(f, &r)->index]++;
	for (unsigned int i = 0; i < 3; i++)
		assert_in_range(count[i], 850, 1150);
	farm_free(f);
}

/* With two draws of three held requests spread far better than with one. */
static void test_draws(void **state)
{
	unsigned int worst[3] = {0};

	(void)state;
	for (unsigned int draws = 1; draws <= 2; draws++) {
		struct farm *f = farm_random("1 1 1 1 1 1 1 1 1 1", draws, 0);
		struct random r;

		random_init(&r, 2);
		for (unsigned int i = 0; i < 10000; i++)
			farm_load(f, pick(f, &r), 1);
		for (unsigned int i = 0; i < 10; i++) {
			unsigned int served = atomic_load(&f->servers[i].served);

			if (served > worst[draws])
				worst[draws] = served;
		}
		farm_free(f);
	}
	assert_true(worst[2] <= 1010);
	assert_true(worst[1] > worst[2]);
}

/* Full servers and the one to avoid are passed over while there is another; then there is none. */
static void test_full_and_avoid(void **state)
{
	struct farm *f = farm_random("1:3 100:3 1:3", 0, 0);
	struct random r;

	(void)state;
	random_init(&r, 3);
	f->avoid = &f->servers[1];
	for (unsigned int i = 0; i < 9; i++) {
		struct balance_server *s = pick(f, &r);

		assert_non_null(s);
		assert_true(i < 6 ? s != f->avoid : s == f->avoid);
		farm_load(f, s, 1);
	}
	assert_null(pick(f, &r));
	farm_free(f);
}

static void test_bounded_load(void **state)
{
	struct farm *f = farm_random("256 1 1 1", 1, 120);
	struct random r;

	(void)state;
	random_init(&r, 4);
	for (unsigned int i = 1; i <= 2590; i++)
		farm_load(f, pick(f, &r), 1);
	for (unsigned int i = 1; i < 4; i++)
		assert_true(atomic_load(&f->servers[i].served) <= 13);
	farm_free(f);
}

static void test_same_bits_same_server(void **state)
{
	struct farm *f = farm_random("1 2 3", 0, 0);

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		struct balance_query q = {.random = i};

		assert_ptr_equal(balance_pick(&f->balance, &q), balance_pick(&f->balance, &q));
	}
	farm_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_shares),       cmocka_unit_test(test_least_weights),
	    cmocka_unit_test(test_draws),        cmocka_unit_test(test_full_and_avoid),
	    cmocka_unit_test(test_bounded_load), cmocka_unit_test(test_same_bits_same_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
