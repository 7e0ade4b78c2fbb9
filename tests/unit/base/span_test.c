/* SPDX-License-Identifier: MIT */
/* Spans: comparing, searching, cutting, and numbers at the edge of their range. */
#include "base/span.h"

#include "cmocka_all.h"

static void test_equal(void **state)
{
	(void)state;
	assert_true(span_equal(SPAN("abc"), SPAN("abc")));
	assert_false(span_equal(SPAN("abc"), SPAN("abd")));
	assert_false(span_equal(SPAN("abc"), SPAN("ab")));
	assert_true(span_equal(SPAN_NONE, SPAN("")));
	assert_true(span_equal_nocase(SPAN("Host-1"), SPAN("hOST-1")));
	assert_false(span_equal_nocase(SPAN("Host"), SPAN("Hosts")));
	assert_true(span_equal_nocase(SPAN_NONE, SPAN_NONE));
	/* only letters have a case: '[' is '{' with the same bit cleared */
	assert_false(span_equal_nocase(SPAN("["), SPAN("{")));
	assert_false(span_equal_nocase(SPAN("@"), SPAN("`")));
	assert_false(span_equal_nocase(SPAN("\xc9"), SPAN("\xe9")));
}

static void test_prefix_suffix(void **state)
{
	(void)state;
	assert_true(span_starts_with(SPAN("/api/x"), SPAN("/api")));
	assert_false(span_starts_with(SPAN("/api/x"), SPAN("/API")));
	assert_true(span_starts_with_nocase(SPAN("/api/x"), SPAN("/API")));
	assert_false(span_starts_with(SPAN("/a"), SPAN("/api")));
	assert_true(span_starts_with(SPAN("a"), SPAN_NONE));
	assert_true(span_starts_with(SPAN_NONE, SPAN_NONE));
	assert_true(span_ends_with(SPAN("x.png"), SPAN(".png")));
	assert_false(span_ends_with(SPAN("x.png"), SPAN(".jpg")));
	assert_false(span_ends_with(SPAN("g"), SPAN(".png")));
	assert_true(span_ends_with(SPAN_NONE, SPAN("")));
}

static void test_find(void **state)
{
	(void)state;
	assert_int_equal(span_find(SPAN("a:b:c"), ':'), 1);
	assert_int_equal(span_find(SPAN("abc"), ':'), 3);
	assert_int_equal(span_find(SPAN_NONE, ':'), 0);
	assert_int_equal(span_find(span_make("a\0b", 3), '\0'), 1);
	assert_int_equal(span_find_span(SPAN("abcabd"), SPAN("abd")), 3);
	assert_int_equal(span_find_span(SPAN("abc"), SPAN("abcd")), 3);
	assert_int_equal(span_find_span(SPAN("abc"), SPAN_NONE), 0);
	assert_int_equal(span_find_span(SPAN_NONE, SPAN("a")), 0);
	/* never beyond the length */
	assert_int_equal(span_find(span_make("abc:", 3), ':'), 3);
	assert_int_equal(span_find_span(span_make("abcd", 3), SPAN("cd")), 3);
}

static void test_slice_trim(void **state)
{
	(void)state;
	assert_span(span_slice(SPAN("abcdef"), 2, 3), "cde");
	assert_span(span_slice(SPAN("abcdef"), 4, 30), "ef");
	assert_span(span_slice(SPAN("abcdef"), 4, SIZE_MAX), "ef");
	assert_span(span_slice(SPAN("abc"), 9, 1), "");
	assert_null(span_slice(SPAN_NONE, 3, 3).p);
	assert_span(span_trim(SPAN(" \t a b\t ")), "a b");
	assert_span(span_trim(SPAN(" \t ")), "");
	assert_span(span_trim(SPAN("\na")), "\na");
	assert_span(span_trim(SPAN_NONE), "");
}

static void test_split(void **state)
{
	struct span rest = SPAN("a,,bc,");

	(void)state;
	assert_span(span_split(&rest, ','), "a");
	assert_span(span_split(&rest, ','), "");
	assert_span(span_split(&rest, ','), "bc");
	assert_non_null(rest.p);
	assert_span(span_split(&rest, ','), "");
	assert_null(rest.p);
	rest = SPAN("whole");
	assert_span(span_split(&rest, ','), "whole");
	assert_null(rest.p);
	assert_int_equal(rest.len, 0);
}

static void test_number(void **state)
{
	static const char *const bad[] = {"", " 1", "1 ", "-1", "+1", "0x1", "1a", "a", "1.0"};
	uint64_t v = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(span_to_u64(span_of(bad[i]), UINT64_MAX, &v));
	assert_false(span_to_u64(SPAN("65536"), 65535, &v));
	assert_false(span_to_u64(SPAN("18446744073709551616"), UINT64_MAX, &v));
	assert_false(span_to_u64(SPAN("99999999999999999999999"), UINT64_MAX, &v));
	assert_false(span_to_u64(SPAN("1"), 0, &v));
	assert_int_equal(v, 77);
	assert_true(span_to_u64(SPAN("65535"), 65535, &v));
	assert_int_equal(v, 65535);
	assert_true(span_to_u64(SPAN("18446744073709551615"), UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	assert_true(span_to_u64(SPAN("000"), 0, &v));
	assert_int_equal(v, 0);
	assert_true(span_to_u64(SPAN("0000000000000000000000000000007"), 7, &v));
	assert_int_equal(v, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_equal), cmocka_unit_test(test_prefix_suffix),
	    cmocka_unit_test(test_find),  cmocka_unit_test(test_slice_trim),
	    cmocka_unit_test(test_split), cmocka_unit_test(test_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
