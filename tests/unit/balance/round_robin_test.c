/* SPDX-License-Identifier: MIT */
/* balance roundrobin: the order of picks as observed with haproxy 2.6, and its properties. */
#include "unit/balance/farm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct farm_case observed[] = {
    {"1 1 1", "p12", "012012012012"},
    {"1 2 3", "p42", "212021212021212021212021212021212021212021"},
    {"10 20 5", "p49", "1101210110121011012101101210110121011012101101210"},
    {"5 1 1", "p21", "000100200010020001002"},
    {"3 3 1 3", "p40", "0130130132013013013201301301320130130132"},
    {"256 1 100", "p80",
     "00020020002002000200020020002002000200200020020002002000200020020002002000200200"},
    {"1", "p5", "00000"},
    {"1 1 1", "p5 d0 p6 u0 p12", "01201212121210210210210"},
    {"1 2 3", "p5 d2 p6 u2 p40", "212021111011202121202121202121202121202121202121202"},
    {"1 1 1 1", "p3 d1 d2 p6 u1 p7 u2 p16", "01230303030130130132013201320132"},
    {"1 1 1", "p5 w0,2 p20", "0120120102010201020102010"},
    {"2 1 1", "p5 w0,1 p20", "0102012012012012012012012"},
    {"10 20 5", "p7 w2,0 p9 w2,5 p20 w2,40 p30",
     "110121011011011011011021101102110110212021221202122120212212021221"},
    {"100 100", "p3 d1 p4 u1 w1,10 p12 w1,30 p12 w1,60 p12 w1,100 p12",
     "0100000000000000010001000010001010010010100010101010101"},
    {"1 1:1", "p1 h p20 r1 p20", "010000000000000000000010101010101010101010"},
    {"1 2:1 1:1", "h h h p40 r1 p20 r2 p20",
     "10200000000000000000000000000000000000000001111111111011011011012101210121012110"
     "121"},
    {"1 75:2", "h h h p30 r1 p20", "11000000000000000000000000000000011111111111111111111"},
    {"1 2 1b 2b", "p6 d0 d1 p8 u0 p4", "110110222222220000"},
};

static const struct farm_case all_backups[] = {
    {"1 2 1b 2b", "p6 d0 d1 p8 u0 p4 d0 p8 u1 p4", "110110332332330000233233231111"},
};

static const struct farm_case avoid[] = {
    {"1 1 1", "a0 p6", "121212"}, {"1 1b", "a0 p3", "000"},
    {"1", "a0 p2 d0 p1", "00-"},  {"1:1 1:1 1", "a2 p2 h p1 h p1", "010112"},
    {"1:1 1:1", "h h h", "01-"},
};

static const struct farm_case waiting[] = {
    {"1:5 1", "n0,1 p3 n0,0 p4", "1110101"},
};

static void test_observed(void **state)
{
	(void)state;
	farm_check("roundrobin", &(struct balance){}, (struct hash_key_type){HASH_KEY_SDBM, false},
		   observed, array_size(observed));
}

static void test_all_backups(void **state)
{
	(void)state;
	farm_check("roundrobin", &(struct balance){.all_backups = true},
		   (struct hash_key_type){HASH_KEY_SDBM, false}, all_backups,
		   array_size(all_backups));
}

static void test_avoid(void **state)
{
	(void)state;
	farm_check("roundrobin", &(struct balance){0}, (struct hash_key_type){HASH_KEY_SDBM, false},
		   avoid, array_size(avoid));
	farm_check("roundrobin", &(struct balance){0}, (struct hash_key_type){HASH_KEY_SDBM, false},
		   waiting, array_size(waiting));
}

/* The documented promise: over any full turn each server has exactly its weight, however many. */
static void test_exact_shares(void **state)
{
	static const unsigned int weights[] = {1, 2, 3, 7, 50, 256};
	struct farm *f = farm_new("1 2 3 7 50 256",
				  &(struct balance){.algorithm = balance_find(SPAN("roundrobin"))});
	unsigned int count[6] = {0};
	struct balance_query q = {0};

	(void)state;
	for (unsigned int i = 0; i < 319 * 48; i++)
		count[farm_pick(f, &q)->index]++;
	for (unsigned int i = 0; i < 6; i++)
		assert_int_equal(count[i], weights[i] * 48);
	farm_free(f);
}

/* A thousand equal servers: everyone once in each thousand picks. */
static void test_thousand_servers(void **state)
{
	char *specification = calloc(1, 2001);
	struct balance_query q = {0};
	struct farm *f;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		memcpy(specification + (size_t)i * 2, "1 ", 2);
	f = farm_new(specification,
		     &(struct balance){.algorithm = balance_find(SPAN("roundrobin"))});
	for (unsigned int turn = 1; turn <= 40; turn++) {
		unsigned char seen[1000] = {0};

		for (unsigned int i = 0; i < 1000; i++)
			assert_int_equal(seen[farm_pick(f, &q)->index]++, 0);
	}
	farm_free(f);
	free(specification);
}

/* Whatever goes up, down, full or changes its weight: a pick is one that takes part and has room,
 * and afterwards, left alone, shares are exact again. */
static void test_random_changes(void **state)
{
	struct balance o = {.algorithm = balance_find(SPAN("roundrobin"))};
	struct farm *f = farm_new("3 1 4 1 5 9 2 6", &o);
	struct balance_query q = {0};
	struct random r;

	(void)state;
	random_init(&r, 42);
	for (unsigned int round = 0; round < 3000; round++) {
		struct balance_server *s = &f->servers[random_below(&r, 8)];
		unsigned int count[8] = {0}, sum = 0;

		s->usable = random_below(&r, 4) > 0;
		s->weight = random_below(&r, 10) * BALANCE_WEIGHT_SCALE;
		assert_int_equal(balance_update(&f->balance), 0);
		for (unsigned int i = 0; i < 8; i++)
			sum += f->servers[i].in_use ? f->servers[i].weight : 0;
		/* `sum` slots are 16 times the shares; the first of them may still be the old turn.
		 */
		for (unsigned int i = 0; sum && i < 3 * sum; i++) {
			s = farm_pick(f, &q);
			assert_true(s && s->usable && s->weight > 0);
			if (i >= 2 * sum)
				count[s->index]++;
		}
		for (unsigned int i = 0; sum && i < 8; i++) {
			unsigned int share = f->servers[i].in_use ? f->servers[i].weight : 0;

			assert_in_range(count[i] + 1, share, share + 2);
		}
		if (!sum)
			assert_null(balance_pick(&f->balance, &q));
	}
	farm_free(f);
}

/* Slow start: the weight grows in steps of a sixteenth, and the share with it. */
static void test_slow_start(void **state)
{
	struct balance o = {.algorithm = balance_find(SPAN("roundrobin"))};
	struct farm *f = farm_new("1 1", &o);
	struct balance_server *s = &f->servers[1];
	struct balance_query q = {0};

	(void)state;
	for (s->weight = 1; s->weight <= 16; s->weight++) {
		unsigned int sum = 16 + s->weight, n = 0;

		assert_int_equal(balance_update(&f->balance), 0);
		for (unsigned int i = 0; i < 2 * sum; i++)
			farm_pick(f, &q);
		for (unsigned int i = 0; i < sum * 20; i++)
			n += farm_pick(f, &q) == s;
		assert_in_range(n, s->weight * 20 - 1, s->weight * 20 + 1);
	}
	farm_free(f);
}
int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_observed),
	    cmocka_unit_test(test_all_backups),
	    cmocka_unit_test(test_avoid),
	    cmocka_unit_test(test_exact_shares),
	    cmocka_unit_test(test_thousand_servers),
	    cmocka_unit_test(test_random_changes),
	    cmocka_unit_test(test_slow_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
