/* SPDX-License-Identifier: MIT */
/* LINK: -Wl,--wrap=malloc -Wl,--wrap=realloc -Wl,--wrap=free */
/* Arenas: alignment, zeroing, the limit, overflow, reuse, and every allocation failing in turn. */
#include "base/arena.h"

#include "cmocka_all.h"
#include "fail_alloc.h"

static bool is_zero(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i])
			return false;
	}
	return true;
}

static void test_alloc_is_zeroed_and_aligned(void **state)
{
	struct arena a;

	(void)state;
	alloc_reset(0);
	arena_init(&a, 256, 0);
	assert_int_equal(alloc_calls, 0);
	for (size_t n = 0; n < 600; n += 7) {
		char *text = arena_bytes(&a, 3);
		char *p = arena_alloc(&a, n);

		assert_non_null(text);
		memset(text, 0xff, 3);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_true(is_zero(p, n));
		memset(p, 0xff, n);
	}
	arena_fini(&a);
	assert_int_equal(alloc_live, 0);
	assert_int_equal(a.used_bytes, 0);
	assert_non_null(arena_alloc(&a, 1));
	arena_fini(&a);
}

static void test_raw_is_aligned(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 256, 0);
	for (size_t n = 0; n < 600; n += 7) {
		char *text = arena_bytes(&a, 3);
		char *p = arena_raw(&a, n);

		assert_non_null(text);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		memset(p, 0xff, n);
		memset(text, 0, 3);
		assert_true(n == 0 || (unsigned char)p[0] == 0xff);
	}
	arena_fini(&a);
}

static void test_empty_requests_differ(void **state)
{
	struct arena a;
	void *p, *q;

	(void)state;
	arena_init(&a, 256, 0);
	p = arena_alloc(&a, 0);
	q = arena_alloc(&a, 0);
	assert_non_null(p);
	assert_non_null(q);
	assert_ptr_not_equal(p, q);
	p = arena_bytes(&a, 0);
	assert_ptr_not_equal(p, arena_bytes(&a, 0));
	arena_fini(&a);
}

static void test_large_request_keeps_the_current_block(void **state)
{
	struct arena a;
	char *small, *large, *next;

	(void)state;
	arena_init(&a, 256, 0);
	small = arena_bytes(&a, 8);
	large = arena_bytes(&a, 10000);
	next = arena_bytes(&a, 8);
	assert_non_null(large);
	memset(large, 1, 10000);
	assert_ptr_equal(next, small + 8);
	arena_fini(&a);
}

static void test_limit(void **state)
{
	struct arena a;
	unsigned int n = 0;

	(void)state;
	arena_init(&a, 256, 1000);
	assert_null(arena_bytes(&a, 1001));
	assert_null(arena_bytes(&a, SIZE_MAX));
	assert_null(arena_bytes(&a, SIZE_MAX - 16));
	while (arena_bytes(&a, 50)) {
		n++;
		assert_true(a.used_bytes <= 1000);
	}
	assert_in_range(n, 12, 20);
	arena_reset(&a);
	assert_non_null(arena_bytes(&a, 50));
	arena_fini(&a);
}

static void test_array_overflow(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 256, 0);
	assert_null(arena_array(&a, SIZE_MAX / 2, 3));
	assert_null(arena_array(&a, (SIZE_MAX >> 4) + 2, 16));
	assert_non_null(arena_array(&a, 10, 12));
	assert_non_null(arena_array(&a, 0, 12));
	arena_fini(&a);
}

static void test_reset_reuses_the_oldest_block(void **state)
{
	struct arena a;
	char *first;

	(void)state;
	alloc_reset(0);
	arena_init(&a, 256, 0);
	arena_reset(&a);
	first = arena_alloc(&a, 64);
	assert_non_null(first);
	memset(first, 0xff, 64);
	for (int i = 0; i < 20; i++)
		assert_non_null(arena_alloc(&a, 64 + (size_t)i * 40));
	arena_reset(&a);
	assert_int_equal(alloc_live, 1);
	assert_int_equal(a.used_bytes, 256);
	assert_ptr_equal(arena_alloc(&a, 64), first);
	assert_true(is_zero(first, 64));
	arena_fini(&a);
	assert_int_equal(alloc_live, 0);
}

static void test_text(void **state)
{
	struct arena a;
	char *p;

	(void)state;
	arena_init(&a, 128, 0);
	assert_string_equal(arena_copy(&a, span_make("abcdef", 3)), "abc");
	assert_string_equal(arena_copy(&a, SPAN_NONE), "");
	assert_string_equal(arena_strdup(&a, "text"), "text");
	assert_string_equal(arena_printf(&a, "%s", ""), "");
	/* all lengths, so that the end of a block falls on each byte of a text */
	for (int width = 1; width < 400; width++) {
		p = arena_printf(&a, "%*d|", width, 7);
		assert_non_null(p);
		assert_int_equal(strlen(p), width + 1);
		assert_int_equal(p[width - 1], '7');
		assert_int_equal(p[width], '|');
	}
	arena_fini(&a);
}

/* Uses everything; returns how many of the calls gave NULL. */
static unsigned int use_everything(struct arena *a)
{
	unsigned int failures = 0;

	failures += !arena_alloc(a, 100);
	failures += !arena_bytes(a, 100);
	failures += !arena_array(a, 20, 10);
	failures += !arena_alloc(a, 5000);
	failures += !arena_copy(a, SPAN("a longer text than the room that is left in the block"));
	failures += !arena_strdup(a, "text");
	failures += !arena_printf(a, "%200d", 1);
	return failures;
}

static void test_nth_allocation_fails(void **state)
{
	unsigned int all, n;

	(void)state;
	alloc_reset(0);
	for (n = 0, all = 1; n <= all; n++) {
		struct arena a;
		unsigned int failures;

		alloc_reset(n);
		arena_init(&a, 256, 0);
		failures = use_everything(&a);
		if (n == 0)
			all = alloc_calls;
		assert_int_equal(failures, n == 0 ? 0 : 1);
		arena_fini(&a);
		assert_int_equal(alloc_live, 0);
	}
	assert_true(all >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_alloc_is_zeroed_and_aligned),
	    cmocka_unit_test(test_raw_is_aligned),
	    cmocka_unit_test(test_empty_requests_differ),
	    cmocka_unit_test(test_large_request_keeps_the_current_block),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_array_overflow),
	    cmocka_unit_test(test_reset_reuses_the_oldest_block),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_nth_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
