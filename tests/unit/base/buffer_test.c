/* SPDX-License-Identifier: MIT */
/* LINK: -Wl,--wrap=malloc -Wl,--wrap=realloc -Wl,--wrap=free */
/* Buffers: growth, the limit on each way of adding, fixed arrays, failing allocations. */
#include "base/buffer.h"

#include "cmocka_all.h"
#include "fail_alloc.h"

#include <stdlib.h>

static void test_adds(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 1000);
	assert_string_equal(buffer_text(&b), "");
	buffer_add(&b, NULL, 0);
	buffer_add_text(&b, "a");
	buffer_add_span(&b, SPAN("bc"));
	buffer_add_span(&b, SPAN_NONE);
	buffer_add_char(&b, '-');
	buffer_add_u64(&b, UINT64_MAX);
	buffer_add_char(&b, ' ');
	buffer_add_i64(&b, INT64_MIN);
	buffer_printf(&b, " %s=%d", "x", 5);
	buffer_printf(&b, "%s", "");
	assert_string_equal(buffer_text(&b), "abc-18446744073709551615 -9223372036854775808 x=5");
	assert_int_equal(buffer_span(&b).len, strlen(b.p));
	assert_false(b.failed);
	buffer_consume(&b, 4);
	assert_int_equal(b.p[0], '1');
	buffer_consume(&b, 0);
	buffer_consume(&b, b.len);
	assert_string_equal(buffer_text(&b), "");
	buffer_fini(&b);
	assert_null(b.p);
}

/* Every limit, and text of every length around it: what fits is there whole, what does not is not
 * there at all. */
static void test_limit(void **state)
{
	char text[700];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t max = 0; max < 600; max += 37) {
		for (size_t n = max > 2 ? max - 2 : 0; n <= max + 2; n++) {
			struct buffer b;

			buffer_init(&b, max);
			buffer_add(&b, text, n);
			assert_int_equal(b.failed, n > max);
			assert_int_equal(b.len, n > max ? 0 : n);
			assert_true(b.cap <= max);
			assert_int_equal(strlen(buffer_text(&b)), b.len);
			buffer_clear(&b);
			buffer_printf(&b, "%.*s", (int)n, text);
			assert_int_equal(b.failed, n > max);
			assert_int_equal(b.len, n > max ? 0 : n);
			buffer_clear(&b);
			for (size_t i = 0; i < n; i++)
				buffer_add_char(&b, 'x');
			assert_int_equal(b.failed, n > max);
			assert_int_equal(b.len, n > max ? max : n);
			buffer_fini(&b);
		}
	}
}

static void test_failure_lasts(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 4);
	buffer_add_text(&b, "ab");
	buffer_add_text(&b, "cde");
	assert_true(b.failed);
	buffer_add_char(&b, 'z');
	buffer_printf(&b, "z");
	buffer_add_u64(&b, 1);
	assert_string_equal(buffer_text(&b), "ab");
	assert_true(b.failed);
	buffer_clear(&b);
	assert_false(b.failed);
	buffer_add_text(&b, "abcd");
	assert_string_equal(buffer_text(&b), "abcd");
	assert_false(b.failed);
	buffer_fini(&b);
}

static void test_fixed(void **state)
{
	char bytes[8];
	struct buffer b;

	(void)state;
	alloc_reset(0);
	memset(bytes, '!', sizeof(bytes));
	buffer_init_fixed(&b, bytes, 6);
	buffer_add_text(&b, "abc");
	buffer_printf(&b, "%d", 12);
	assert_string_equal(buffer_text(&b), "abc12");
	buffer_add_char(&b, 'f');
	assert_span(buffer_span(&b), "abc12f");
	assert_false(b.failed);
	buffer_add_char(&b, 'g');
	assert_true(b.failed);
	buffer_clear(&b);
	buffer_add_text(&b, "123456");
	assert_false(b.failed);
	assert_string_equal(buffer_text(&b), "12345");
	assert_true(b.failed);
	buffer_clear(&b);
	buffer_printf(&b, "123456"); /* no room for the NUL */
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
	assert_int_equal(bytes[6], '!');
	buffer_fini(&b);
	assert_int_equal(alloc_calls, 0);
	buffer_init_fixed(&b, bytes, 0);
	assert_string_equal(buffer_text(&b), "");
	buffer_printf(&b, "x");
	assert_true(b.failed);
}

static void test_printf_at_every_fill(void **state)
{
	(void)state;
	for (int fill = 0; fill < 520; fill++) {
		struct buffer b;

		buffer_init(&b, 2000);
		for (int i = 0; i < fill; i++)
			buffer_add_char(&b, '.');
		buffer_printf(&b, "<%d>", fill);
		buffer_printf(&b, "%300d", 1);
		assert_false(b.failed);
		assert_int_equal(strspn(buffer_text(&b), "."), fill);
		assert_int_equal(buffer_text(&b)[fill], '<');
		assert_int_equal(strtol(b.p + fill + 1, NULL, 10), fill);
		assert_int_equal(b.p[b.len - 1], '1');
		buffer_fini(&b);
	}
}

static void test_growth_doubles(void **state)
{
	struct buffer b;

	(void)state;
	alloc_reset(0);
	buffer_init(&b, 1 << 20);
	for (int i = 0; i < 1 << 20; i++)
		buffer_add_char(&b, (char)i);
	assert_false(b.failed);
	assert_int_equal(b.len, 1 << 20);
	assert_true(alloc_calls < 20);
	assert_int_equal(b.p[0x54321], 0x21);
	buffer_fini(&b);
	assert_int_equal(alloc_live, 0);
}

static void test_nth_allocation_fails(void **state)
{
	(void)state;
	for (unsigned int n = 1; n <= 5; n++) {
		struct buffer b;
		size_t len;

		alloc_reset(n);
		buffer_init(&b, 100000);
		for (int i = 0; i < 100; i++) {
			buffer_add(&b, "0123456789", 10);
			buffer_printf(&b, "%050d", i);
		}
		assert_int_equal(alloc_fail_at, 0);
		assert_true(b.failed);
		len = b.len;
		assert_true(len < 6000);
		assert_int_equal(strlen(buffer_text(&b)), len);
		buffer_fini(&b);
		assert_int_equal(alloc_live, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_adds),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_failure_lasts),
	    cmocka_unit_test(test_fixed),
	    cmocka_unit_test(test_printf_at_every_fill),
	    cmocka_unit_test(test_growth_doubles),
	    cmocka_unit_test(test_nth_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
