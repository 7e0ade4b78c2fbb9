/* SPDX-License-Identifier: MIT */
/* hash-type consistent: which server for which key, as observed with haproxy 2.6 ("balance uri").
 */
#include "unit/balance/farm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct farm_case by_default[] = {
    {"1 1 1", "q80",
     "02122112221121102211221010111202112221022001202212010101020120210210002101211210"},
    {"1 2 3", "q80",
     "02122112112121102211211220221122112121022021222221010121010220220212002101211110"},
    {"10 20 5", "q80",
     "01110111011011111210110110101022000011022101021011111102210221211112101101111100"},
    {"1 1 1 1 1", "q60 d2 q60 u2 q60",
     "02322112443421432241224330311202434421022031202234030134020401310110443441431141"
     "01433031130443441101103100303403013401040232211244342143224122433031120243442102"
     "20312022340301340204"},
    {"1#7 1#100 1#1000 1#5", "q60", "013010303211333302300011201233233333123322110020132200131002"},
    {"100 256 1", "q60", "111101111110101111111101111110100011100221111111111110111111"},
    {"2 2 2", "q40 w1,1 q40 w1,4 q40 w1,0 q40",
     "00120112111021002010210210021122012101020012011222002100200022021002122201220102"
     "00120112111021002011210210121112011111120022020222002200200022022002022200220202"},
    {"1 1b 2b", "q10 d0 q20", "000000000011111111111111111111"},
};

static const struct farm_case all_backups[] = {
    {"1 1b 2b", "q10 d0 q40", "00000000002212211222212112221122121122122211222122"},
};

static const struct farm_case bounded[] = {
    {"1 1 1 1", "q20 h h q20 h q20 h h h q20 r0 q20",
     "02322112223321132231102232223222332323223321131111111333113113110212322112223321"
     "13223100300030333333030030"},
    {"1 2 3", "h q20 h q20 h q20 h h h q20 d1 q20",
     "10222202222222200222002212211211212112221112222222222222222222221222122112112121"
     "12221102222202222222002220"},
};

static const struct farm_case keyless[] = {
    {"1 2 3", "k40 d1 k20 u1 k40",
     "22222222222102020120020112220221222012122202202222202020222211101210222112221102"
     "11222222222221020201"},
    {"1 1 1", "k48", "221020012000112022120122010212100210112102102101"},
};

static const struct farm_case sdbm[] = {
    {"1 2 3 4 5", "q80",
     "44444444444444444444444444444444444444444444444444444444444444444444444444444444"},
};

static const struct farm_case djb2[] = {
    {"1 2 3 4 5", "q80",
     "44444444442222222222222222222222222222222222222222222222222222222222222222222222"},
};

static const struct farm_case djb2_avalanche[] = {
    {"1 2 3 4 5", "q80",
     "43403243314013413134202120342434331102424444220443144412324240133344340241430142"},
};

static const struct farm_case wt6[] = {
    {"1 2 3 4 5", "q80",
     "11111111113222123443322212344332221234433222123443322212344332221234433222123443"},
};

static const struct farm_case crc32_avalanche[] = {
    {"1 2 3 4 5", "q80",
     "23410133114423034223432444444423433333323344342344203401213411423402224301231013"},
};

static void test_default(void **state)
{
	(void)state;
	farm_check("hash-ring", &(struct balance){0}, (struct hash_key_type){HASH_KEY_SDBM, true},
		   by_default, array_size(by_default));
}

static void test_all_backups(void **state)
{
	(void)state;
	farm_check("hash-ring", &(struct balance){.all_backups = true},
		   (struct hash_key_type){HASH_KEY_SDBM, true}, all_backups,
		   array_size(all_backups));
}

static void test_bounded_load(void **state)
{
	(void)state;
	farm_check("hash-ring", &(struct balance){.hash_balance_factor = 150},
		   (struct hash_key_type){HASH_KEY_SDBM, true}, bounded, array_size(bounded));
}

static void test_keyless(void **state)
{
	(void)state;
	farm_check("hash-ring", &(struct balance){0}, (struct hash_key_type){HASH_KEY_SDBM, true},
		   keyless, array_size(keyless));
}

static void test_functions(void **state)
{
	(void)state;
	farm_check("hash-ring", &(struct balance){0}, (struct hash_key_type){HASH_KEY_SDBM, false},
		   sdbm, array_size(sdbm));
	farm_check("hash-ring", &(struct balance){0}, (struct hash_key_type){HASH_KEY_DJB2, false},
		   djb2, array_size(djb2));
	farm_check("hash-ring", &(struct balance){0}, (struct hash_key_type){HASH_KEY_DJB2, true},
		   djb2_avalanche, array_size(djb2_avalanche));
	farm_check("hash-ring", &(struct balance){0}, (struct hash_key_type){HASH_KEY_WT6, false},
		   wt6, array_size(wt6));
	farm_check("hash-ring", &(struct balance){0}, (struct hash_key_type){HASH_KEY_CRC32, true},
		   crc32_avalanche, array_size(crc32_avalanche));
}

static struct farm *ring_of(unsigned int n, unsigned int factor)
{
	struct balance o = {.algorithm = balance_find(SPAN("hash-ring")),
			    .hash_balance_factor = factor};
	char specification[2 * FARM_SERVERS + 1] = "";

	for (unsigned int i = 0; i < n; i++)
		memcpy(specification + (size_t)i * 2, "4 ", 3);
	return farm_new(specification, &o);
}

/* Hashes one before, at and one behind the middle of two points, and at the ends of the ring, as
 * observed: in the middle the point before counts as the nearer one. */
static void test_nearest_point(void **state)
{
	static const struct {
		uint32_t hash;
		unsigned int server;
	} observed[] = {
	    {454777332, 1}, {454777333, 1}, {454777334, 0}, {898470352, 2},  {898470353, 2},
	    {898470354, 0}, {0, 2},         {1, 2},         {UINT32_MAX, 2}, {76442173, 2},
	};
	struct farm *f =
	    farm_new("1 1 1", &(struct balance){.algorithm = balance_find(SPAN("hash-ring"))});

	(void)state;
	for (unsigned int i = 0; i < array_size(observed); i++) {
		struct balance_query q = {.hash = observed[i].hash};

		assert_int_equal(farm_pick(f, &q)->index, observed[i].server);
	}
	farm_free(f);
}

/* Only the keys of the server that goes move, and they come back with it. */
static void test_few_keys_move(void **state)
{
	struct farm *f = ring_of(50, 0);
	struct balance_server *before[2000];
	struct random r;

	(void)state;
	for (unsigned int turn = 0; turn < 50; turn++) {
		struct balance_server *gone = &f->servers[turn];

		random_init(&r, 1);
		for (unsigned int i = 0; i < 2000; i++)
			before[i] =
			    farm_pick(f, &(struct balance_query){.hash = (uint32_t)random_u64(&r)});
		for (int up = 0; up <= 1; up++) {
			gone->usable = up;
			assert_int_equal(balance_update(&f->balance), 0);
			random_init(&r, 1);
			for (unsigned int i = 0; i < 2000; i++) {
				struct balance_query q = {.hash = (uint32_t)random_u64(&r)};
				struct balance_server *s = farm_pick(f, &q);

				if (up || before[i] != gone)
					assert_ptr_equal(s, before[i]);
				else
					assert_ptr_not_equal(s, gone);
			}
		}
	}
	farm_free(f);
}

/* Any order of changes leads to the ring that a new start would have. */
static void test_history_does_not_matter(void **state)
{
	struct farm *f = ring_of(20, 0), *fresh = ring_of(20, 0);
	struct random r;

	(void)state;
	random_init(&r, 3);
	for (unsigned int i = 0; i < 300; i++) {
		struct balance_server *s = &f->servers[random_below(&r, 20)];

		s->usable = random_below(&r, 3) > 0;
		s->weight = random_below(&r, 200);
		assert_int_equal(balance_update(&f->balance), 0);
	}
	for (unsigned int i = 0; i < 20; i++) {
		fresh->servers[i].usable = f->servers[i].usable;
		fresh->servers[i].weight = f->servers[i].weight;
	}
	assert_int_equal(balance_update(&fresh->balance), 0);
	for (unsigned int i = 0; i < 5000; i++) {
		struct balance_query q = {.hash = (uint32_t)random_u64(&r)};

		assert_int_equal(farm_pick(f, &q)->index, farm_pick(fresh, &q)->index);
	}
	farm_free(f);
	farm_free(fresh);
}

/* One hot key, everything held: no server gets more than factor percent of the average, rounded up
 * and one more for the way the remainder is cut. */
static void test_load_stays_bounded(void **state)
{
	struct farm *f = ring_of(10, 150);

	(void)state;
	for (unsigned int i = 1; i <= 1000; i++) {
		struct balance_server *s =
		    balance_pick(&f->balance, &(struct balance_query){.hash = 99});

		farm_load(f, s, 1);
		assert_true(atomic_load(&s->served) <= i * 15 / 100 + 2);
	}
	assert_int_equal(atomic_load(&f->balance.served), 1000);
	farm_free(f);
}

static void test_avoid(void **state)
{
	struct farm *f = ring_of(1000, 0);
	struct random r;

	(void)state;
	random_init(&r, 5);
	for (unsigned int i = 0; i < 100000; i++) {
		struct balance_query q = {.hash = (uint32_t)random_u64(&r)};
		struct balance_server *s = farm_pick(f, &q);

		q.avoid = s;
		assert_ptr_not_equal(farm_pick(f, &q), s);
	}
	farm_free(f);
	f = ring_of(1, 0);
	assert_non_null(farm_pick(f, &(struct balance_query){.avoid = &f->servers[0]}));
	farm_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_default),
	    cmocka_unit_test(test_all_backups),
	    cmocka_unit_test(test_bounded_load),
	    cmocka_unit_test(test_keyless),
	    cmocka_unit_test(test_functions),
	    cmocka_unit_test(test_nearest_point),
	    cmocka_unit_test(test_few_keys_move),
	    cmocka_unit_test(test_history_does_not_matter),
	    cmocka_unit_test(test_load_stays_bounded),
	    cmocka_unit_test(test_avoid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
