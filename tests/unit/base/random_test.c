/* SPDX-License-Identifier: MIT */
/* The random source: the published sequence, repeatable, uniform below any bound. */
#include "base/random.h"

#include "cmocka_all.h"

static void test_reference_sequence(void **state)
{
	/* xoshiro256** from the state 1, 2, 3, 4: the values its other implementations test with */
	static const uint64_t wanted[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240)};
	struct random r = {{1, 2, 3, 4}};

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_true(random_u64(&r) == wanted[i]);
}

static void test_seeding(void **state)
{
	struct random a, b, c;

	(void)state;
	random_init(&a, 0);
	assert_true(a.s[0] == UINT64_C(0xe220a8397b1dcdaf)); /* splitmix64 from 0 */
	assert_true(a.s[1] == UINT64_C(0x6e789e6aa1b965f4));
	random_init(&b, 0);
	random_init(&c, 1);
	for (int i = 0; i < 100; i++) {
		uint64_t v = random_u64(&a);

		assert_true(v == random_u64(&b));
		assert_true(v != random_u64(&c));
	}
}

static void test_below_is_uniform(void **state)
{
	struct random r;

	(void)state;
	random_init(&r, 7);
	for (uint32_t n = 1; n <= 12; n++) {
		unsigned int seen[12] = {0};

		for (int i = 0; i < 12000; i++) {
			uint32_t v = random_below(&r, n);

			assert_true(v < n);
			seen[v]++;
		}
		for (uint32_t v = 0; v < n; v++)
			assert_in_range(seen[v], 12000 / n * 8 / 10, 12000 / n * 12 / 10);
	}
}

/* With this bound a plain multiplication would give a third of the results twice as often. */
static void test_below_is_fair_for_large_bounds(void **state)
{
	const uint32_t n = UINT32_C(0xc0000000);
	unsigned int thirds[3] = {0};
	struct random r;

	(void)state;
	random_init(&r, 9);
	for (int i = 0; i < 30000; i++) {
		uint32_t v = random_below(&r, n);

		assert_true(v < n);
		thirds[v % 3]++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(thirds[i], 9500, 10500);
	for (int i = 0; i < 1000; i++)
		(void)random_below(&r, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reference_sequence),
	    cmocka_unit_test(test_seeding),
	    cmocka_unit_test(test_below_is_uniform),
	    cmocka_unit_test(test_below_is_fair_for_large_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
