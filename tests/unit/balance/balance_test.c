/* SPDX-License-Identifier: MIT */
/* LINK: -Wl,--wrap=malloc */
/*
 * What all algorithms share: they are found by name, count who takes part, prefer active servers,
 * and survive any failing allocation with the old layout.
 */
#include "unit/balance/farm.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const names[] = {"roundrobin", "static-rr", "leastconn", "first",
				    "random",     "hash-map",  "hash-ring"};

static int allocations_left = -1; /* before one fails; -1: none does */

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);

void *__wrap_malloc(size_t n)
{
	if (allocations_left == 0)
		return NULL;
	if (allocations_left > 0)
		allocations_left--;
	return __real_malloc(n);
}

static void test_find(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < array_size(names); i++) {
		const struct balance_algorithm *a = balance_find(span_of(names[i]));

		assert_non_null(a);
		assert_string_equal(a->name, names[i]);
		assert_true(a->needs_hash == (strncmp(names[i], "hash", 4) == 0));
		assert_true(a->dynamic == (strcmp(names[i], "static-rr") != 0 &&
					   strcmp(names[i], "hash-map") != 0));
	}
	assert_null(balance_find(SPAN("round")));
	assert_null(balance_find(SPAN("source")));
}

static void update(struct farm *f)
{
	assert_int_equal(balance_update(&f->balance), 0);
}

static void test_counts(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < array_size(names); i++) {
		struct farm *f = farm_new(
		    "1 2 3 4b 5b", &(struct balance){.algorithm = balance_find(span_of(names[i]))});
		struct balance *b = &f->balance;

		assert_int_equal(b->n_active, 3);
		assert_int_equal(b->n_backup, 2);
		assert_int_equal(b->weight_active, 6 * BALANCE_WEIGHT_SCALE);
		assert_int_equal(b->weight_backup, 9 * BALANCE_WEIGHT_SCALE);
		assert_false(b->on_backup);
		f->servers[0].usable = f->servers[1].usable = false;
		f->servers[2].weight = 0;
		f->servers[3].usable = false;
		update(f);
		assert_int_equal(b->n_active, 0);
		assert_int_equal(b->n_backup, 1);
		assert_true(b->on_backup);
		assert_ptr_equal(farm_pick(f, &(struct balance_query){0}), &f->servers[4]);
		f->servers[4].usable = false;
		update(f);
		assert_false(b->on_backup);
		assert_null(farm_pick(f, &(struct balance_query){0}));
		f->servers[1].usable = true;
		update(f);
		assert_ptr_equal(farm_pick(f, &(struct balance_query){0}), &f->servers[1]);
		farm_free(f);
	}
}

static void test_no_servers(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < array_size(names); i++) {
		struct farm *f =
		    farm_new("", &(struct balance){.algorithm = balance_find(span_of(names[i]))});

		assert_null(farm_pick(f, &(struct balance_query){0}));
		update(f);
		farm_free(f);
	}
}

/* Whatever happens, a pick takes part, is not full (but for a hash), and is not the one to avoid
 * while there is another. */
static void check_pick(struct farm *f, struct random *r)
{
	struct balance_query q = {.hash = (uint32_t)random_u64(r), .random = random_u64(r)};
	bool hashed = f->balance.algorithm->needs_hash;
	unsigned int n_free = 0, n_in_use = 0;
	struct balance_server *s;

	q.keyless = random_below(r, 4) == 0;
	q.avoid = &f->servers[random_below(r, f->balance.n_servers)];
	for (unsigned int i = 0; i < f->balance.n_servers; i++) {
		struct balance_server *t = &f->servers[i];

		n_in_use += t->in_use && t != q.avoid;
		n_free += t->in_use && t != q.avoid &&
			  (!t->limit || (t->served < t->limit && !t->queued));
	}
	s = balance_pick(&f->balance, &q);
	if (hashed && !q.keyless)
		assert_true(!s == (!n_in_use && !q.avoid->in_use));
	else if (n_free)
		assert_true(s && (!s->limit || s->served < s->limit));
	if (!s)
		return;
	assert_true(s->in_use && s->usable && s->weight > 0);
	assert_true(s->backup == (f->balance.n_active == 0));
	if (hashed && !q.keyless ? n_in_use : n_free)
		assert_ptr_not_equal(s, q.avoid);
	if (random_below(r, 3))
		farm_load(f, s, 1);
}

static void test_random_changes(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < array_size(names) * 4; i++) {
		struct balance o = {.algorithm = balance_find(span_of(names[i / 4])),
				    .all_backups = i & 1,
				    .hash_balance_factor = i & 2 ? 125 : 0};
		struct farm *f = farm_new("3:2 1 4:1 1:3 5b 9b:1 2b:2", &o);
		struct random r;

		random_init(&r, i);
		for (unsigned int step = 0; step < 20000; step++) {
			struct balance_server *s = &f->servers[random_below(&r, 7)];
			unsigned int what = random_below(&r, 20);

			if (what == 0)
				s->usable = random_below(&r, 3) > 0;
			else if (what == 1)
				s->weight = random_below(&r, 20);
			else if (what < 6 && s->served)
				farm_load(f, s, -1);
			if (what < 2)
				update(f);
			check_pick(f, &r);
		}
		farm_free(f);
	}
}

/* Fills a farm without balance_init, which the test calls itself. */
static struct farm *bare_farm(const char *algorithm)
{
	struct farm *f =
	    farm_new("1 2 3", &(struct balance){.algorithm = balance_find(span_of(algorithm))});

	balance_fini(&f->balance);
	return f;
}

static int init_with_failure(struct farm *f, int after)
{
	int err;

	f->balance.state = NULL;
	allocations_left = after;
	err = balance_init(&f->balance);
	allocations_left = -1;
	return err;
}

static void test_init_fails(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < array_size(names); i++) {
		struct farm *f = bare_farm(names[i]);
		int n = 0;

		while (init_with_failure(f, n)) {
			assert_null(f->balance.state);
			n++;
		}
		assert_in_range(n, 1, 10);
		assert_non_null(farm_pick(f, &(struct balance_query){0}));
		farm_free(f);
	}
}

/* A server goes down and others change, but memory lacks for the new layout: the old one stays, and
 * the server that is down gets nothing all the same. The next update makes it good. */
static void test_update_fails(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < array_size(names); i++) {
		struct farm *f = farm_new(
		    "1 2 3", &(struct balance){.algorithm = balance_find(span_of(names[i]))});
		unsigned int failures = 0;

		f->servers[1].usable = false;
		f->servers[2].weight *= 8;
		for (int n = 0;; n++) {
			int err;

			allocations_left = n;
			err = balance_update(&f->balance);
			allocations_left = -1;
			for (uint32_t k = 0; k < 200; k++) {
				struct balance_query q = {.hash = k * 0x9e3779b9, .keyless = k & 1};
				struct balance_server *s = farm_pick(f, &q);

				assert_true(s && s != &f->servers[1]);
			}
			if (!err)
				break;
			assert_int_equal(err, -ENOMEM);
			failures++;
		}
		if (strncmp(names[i], "hash", 4) == 0 || strcmp(names[i], "static-rr") == 0)
			assert_true(failures > 0);
		else
			assert_int_equal(failures, 0);
		farm_free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_find),       cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_no_servers), cmocka_unit_test(test_random_changes),
	    cmocka_unit_test(test_init_fails), cmocka_unit_test(test_update_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
