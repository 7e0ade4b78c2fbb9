/* SPDX-License-Identifier: MIT */
/* The wait queues: order as observed with haproxy 2.6, limits, positions, and the dynamic limit. */
#include "balance/balance.h"
#include "balance/queue.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct setup {
	struct balance_server server;
	struct queue backend, own;
	struct queue_entry e[16];
};

static void set_up(struct setup *t, unsigned int max)
{
	*t = (struct setup){.server = {.id = 1}};
	queue_init(&t->backend, NULL, NULL, 0);
	queue_init(&t->own, &t->server, &t->backend, max);
	for (unsigned int i = 0; i < array_size(t->e); i++)
		queue_entry_init(&t->e[i]);
}

struct arrival {
	bool own;
	int class, offset_ms;
};

/* Requests A, B, ... arrive 20 ms after each other; then slots of the server are freed. */
static void check_order(const struct arrival *arrivals, unsigned int n, const char *expected)
{
	struct setup t;
	char order[16] = "";

	set_up(&t, 0);
	for (unsigned int i = 0; i < n; i++) {
		struct queue_priority p = {arrivals[i].class, arrivals[i].offset_ms};

		assert_int_equal(
		    queue_join(arrivals[i].own ? &t.own : &t.backend, &t.e[i], &p, 1000 + i * 20),
		    QUEUE_JOINED);
	}
	for (unsigned int i = 0; i < n; i++)
		order[i] = (char)('A' + (queue_next(&t.own, &t.backend) - t.e));
	assert_string_equal(order, expected);
	assert_null(queue_next(&t.own, &t.backend));
	assert_int_equal(t.own.length + t.backend.length, 0);
}

static void test_observed_order(void **state)
{
	static const struct arrival plain[] = {{false, 0, 0}, {true, 0, 0}, {false, 0, 0},
					       {true, 0, 0},  {true, 0, 0}, {false, 0, 0}};
	static const struct arrival classes[] = {{false, 0, 0}, {true, 5, 0}, {false, -3, 0},
						 {true, -3, 0}, {true, 0, 0}, {false, 5, 0}};
	static const struct arrival offsets[] = {{false, 0, 500}, {true, 0, 0},    {false, 0, -500},
						 {true, 0, -30},  {true, 1, -500}, {false, 0, -50}};
	static const struct arrival beyond[] = {{false, -5000, 0}, {true, -2047, 0},
						{false, 3000, 0},  {true, 2047, 0},
						{true, 0, 999999}, {false, 0, 524287}};

	(void)state;
	check_order(plain, 6, "ABCDEF");
	check_order(classes, 6, "CDAEBF");
	check_order(offsets, 6, "CBDFAE");
	check_order(beyond, 6, "ABEFCD");
}

/* Within one millisecond the order of the calls counts, across both queues. */
static void test_same_time(void **state)
{
	struct setup t;

	(void)state;
	set_up(&t, 0);
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(queue_join(i % 3 ? &t.own : &t.backend, &t.e[i],
					    &(struct queue_priority){0}, 5),
				 QUEUE_JOINED);
	for (unsigned int i = 0; i < 10; i++)
		assert_ptr_equal(queue_next(&t.own, &t.backend), &t.e[i]);
}

static void test_limit_and_counter(void **state)
{
	struct queue_priority p = {0};
	struct setup t;

	(void)state;
	set_up(&t, 2);
	assert_int_equal(queue_join(&t.own, &t.e[0], &p, 1), QUEUE_JOINED);
	assert_int_equal(queue_join(&t.own, &t.e[1], &p, 1), QUEUE_JOINED);
	assert_int_equal(atomic_load(&t.server.queued), 2);
	assert_int_equal(queue_join(&t.own, &t.e[2], &p, 1), QUEUE_FULL);
	assert_false(queue_waits(&t.e[2]));
	assert_int_equal(atomic_load(&t.server.queued), 2);
	assert_int_equal(queue_join(&t.backend, &t.e[2], &p, 1), QUEUE_JOINED);
	assert_int_equal(atomic_load(&t.server.queued), 2);
	queue_leave(&t.e[0]);
	queue_leave(&t.e[0]);
	assert_false(queue_waits(&t.e[0]));
	assert_int_equal(atomic_load(&t.server.queued), 1);
	assert_int_equal(queue_join(&t.own, &t.e[0], &p, 2), QUEUE_JOINED);
	/* A server that may not take from the backend. */
	assert_ptr_equal(queue_next(&t.own, NULL), &t.e[1]);
	assert_ptr_equal(queue_next(&t.own, NULL), &t.e[0]);
	assert_null(queue_next(&t.own, NULL));
	assert_int_equal(atomic_load(&t.server.queued), 0);
	assert_ptr_equal(queue_next(&t.own, &t.backend), &t.e[2]);
}

/* The position says how many of the same queue were served before; who left on his own, or was
 * evicted, does not count. */
static void test_position(void **state)
{
	struct queue_priority p = {0};
	struct setup t;

	(void)state;
	set_up(&t, 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(queue_join(&t.own, &t.e[i], &p, i), QUEUE_JOINED);
	assert_int_equal(queue_join(&t.backend, &t.e[4], &p, 9), QUEUE_JOINED);
	queue_leave(&t.e[1]);
	for (unsigned int i = 0; i < 3; i++)
		assert_non_null(queue_next(&t.own, &t.backend));
	assert_int_equal(t.e[0].position, 0);
	assert_int_equal(t.e[1].position, 0);
	assert_int_equal(t.e[2].position, 1);
	assert_int_equal(t.e[3].position, 2);
	assert_ptr_equal(queue_next(&t.own, &t.backend), &t.e[4]);
	assert_int_equal(t.e[4].position, 0);
	assert_int_equal(queue_join(&t.own, &t.e[5], &p, 9), QUEUE_JOINED);
	assert_ptr_equal(queue_evict(&t.own), &t.e[5]);
	assert_int_equal(t.e[5].position, 0);
	assert_null(queue_evict(&t.own));
}

/* Against a plain list: the smallest (class, time + offset, number) goes first. */
static void test_random_use(void **state)
{
	struct setup t;
	struct model {
		bool waits;
		int class;
		long due, number;
	} m[16] = {0};
	struct random r;
	long number = 0;

	(void)state;
	set_up(&t, 0);
	random_init(&r, 11);
	for (long now = 1000; now < 60000; now++) {
		unsigned int i = random_below(&r, 16), best = 16;

		if (!m[i].waits) {
			struct queue_priority p = {(int)random_below(&r, 3) - 1,
						   (int)random_below(&r, 20) - 10};

			m[i] = (struct model){true, p.class, now / 4 + p.offset_ms, number++};
			assert_int_equal(
			    queue_join(i & 1 ? &t.own : &t.backend, &t.e[i], &p, (uint64_t)now / 4),
			    QUEUE_JOINED);
		} else if (random_below(&r, 4) == 0) {
			m[i].waits = false;
			queue_leave(&t.e[i]);
		}
		if (random_below(&r, 3))
			continue;
		for (i = 0; i < 16; i++) {
			if (!m[i].waits)
				continue;
			if (best == 16 || m[i].class < m[best].class ||
			    (m[i].class == m[best].class &&
			     (m[i].due < m[best].due ||
			      (m[i].due == m[best].due && m[i].number < m[best].number))))
				best = i;
		}
		assert_ptr_equal(queue_next(&t.own, &t.backend), best < 16 ? &t.e[best] : NULL);
		if (best < 16)
			m[best].waits = false;
	}
}

/* What haproxy 2.6 lets through at a load of 4 to 27. */
static void test_observed_limit(void **state)
{
	static const unsigned char first[] = {2, 2, 3, 3, 4,  4,  5,  5,  6,  6,  7,  7,
					      8, 8, 9, 9, 10, 10, 10, 10, 10, 10, 10, 10};
	static const unsigned char second[] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4,
					       4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 7, 7};

	(void)state;
	for (unsigned int i = 0; i < array_size(first); i++) {
		struct queue_limit a = {.minconn = 2, .maxconn = 10, .fullconn = 20};
		struct queue_limit b = {.minconn = 3, .maxconn = 7, .fullconn = 23};

		assert_int_equal(queue_server_limit(&a, i + 4, 100), first[i]);
		assert_int_equal(queue_server_limit(&b, i + 4, 100), second[i]);
	}
}

static void test_limit_corners(void **state)
{
	static const struct {
		struct queue_limit limit;
		unsigned int load, warm, expected;
	} cases[] = {
	    {{0, 0, 10}, 5, 100, 0},
	    {{0, 0, 10}, 5, 50, 0},
	    {{4, 0, 10}, 0, 100, 4},
	    {{0, 4, 10}, 0, 100, 4},
	    {{5, 7, 10}, 0, 100, 7},
	    {{5, 5, 10}, 0, 100, 5},
	    {{10, 2, 0}, 0, 100, 10},
	    {{10, 2, 20}, 0, 100, 2},
	    {{10, 2, 20}, 19, 100, 9},
	    {{10, 2, 20}, 20, 100, 10},
	    {{10, 2, 20}, 4000000, 100, 10},
	    {{10, 0, 20}, 5, 50, 5},
	    {{10, 0, 20}, 5, 1, 1},
	    {{10, 0, 20}, 5, 0, 1},
	    {{10, 4, 20}, 5, 50, 2},
	    {{4000000000, 1, 4000000000}, 3999999999, 100, 3999999999},
	};

	(void)state;
	for (unsigned int i = 0; i < array_size(cases); i++)
		assert_int_equal(queue_server_limit(&cases[i].limit, cases[i].load, cases[i].warm),
				 cases[i].expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_observed_order),    cmocka_unit_test(test_same_time),
	    cmocka_unit_test(test_limit_and_counter), cmocka_unit_test(test_position),
	    cmocka_unit_test(test_random_use),        cmocka_unit_test(test_observed_limit),
	    cmocka_unit_test(test_limit_corners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
