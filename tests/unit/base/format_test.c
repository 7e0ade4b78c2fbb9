/* SPDX-License-Identifier: MIT */
/* Times and sizes as haproxy 2.6 was seen to take them, decimal printing, distances of words. */
#include "base/format.h"

#include "cmocka_all.h"

#include <inttypes.h>

static void test_times(void **state)
{
	static const struct {
		const char *text;
		enum format_unit unit;
		enum format_result result;
		uint32_t value;
	} cases[] = {
	    {"5", FORMAT_MS, FORMAT_OK, 5},
	    {"5", FORMAT_S, FORMAT_OK, 5000},
	    {"5", FORMAT_US, FORMAT_OK, 5},
	    {"0", FORMAT_MS, FORMAT_OK, 0},
	    {"0us", FORMAT_MS, FORMAT_OK, 0},
	    {"007", FORMAT_MS, FORMAT_OK, 7},
	    {"5ms", FORMAT_S, FORMAT_OK, 5},
	    {"5s", FORMAT_MS, FORMAT_OK, 5000},
	    {"2m", FORMAT_MS, FORMAT_OK, 120000},
	    {"1h", FORMAT_MS, FORMAT_OK, 3600000},
	    {"1d", FORMAT_MS, FORMAT_OK, 86400000},
	    {"24d", FORMAT_MS, FORMAT_OK, 2073600000},
	    {"3ms", FORMAT_US, FORMAT_OK, 3000},
	    {"3us", FORMAT_US, FORMAT_OK, 3},
	    {"1us", FORMAT_MS, FORMAT_OK, 1},
	    {"999us", FORMAT_S, FORMAT_OK, 1},
	    {"1000us", FORMAT_MS, FORMAT_OK, 1},
	    {"1001us", FORMAT_MS, FORMAT_OK, 2},
	    {"30000000000us", FORMAT_MS, FORMAT_OK, 30000000},
	    {"2147483647", FORMAT_MS, FORMAT_OK, 2147483647},
	    {"2147483647us", FORMAT_US, FORMAT_OK, 2147483647},
	    {"2147483648", FORMAT_MS, FORMAT_OVERFLOW, 0},
	    {"4294967296", FORMAT_MS, FORMAT_OVERFLOW, 0},
	    {"25d", FORMAT_MS, FORMAT_OVERFLOW, 0},
	    {"2148s", FORMAT_US, FORMAT_OVERFLOW, 0},
	    {"2147484", FORMAT_S, FORMAT_OVERFLOW, 0},
	    {"99999999999999999999", FORMAT_MS, FORMAT_OVERFLOW, 0},
	    {"18446744073709551616us", FORMAT_US, FORMAT_OVERFLOW, 0},
	    {"213503982334602d", FORMAT_MS, FORMAT_OVERFLOW, 0}, /* wraps 64 bits to a small value
								  */
	    {"", FORMAT_MS, FORMAT_BAD, 0},
	    {"s", FORMAT_MS, FORMAT_BAD, 0},
	    {"ms", FORMAT_MS, FORMAT_BAD, 0},
	    {"5x", FORMAT_MS, FORMAT_BAD, 0},
	    {"5u", FORMAT_MS, FORMAT_BAD, 0},
	    {"5S", FORMAT_MS, FORMAT_BAD, 0},
	    {"5MS", FORMAT_MS, FORMAT_BAD, 0},
	    {"5sx", FORMAT_MS, FORMAT_BAD, 0},
	    {"24d1", FORMAT_MS, FORMAT_BAD, 0},
	    {"-5", FORMAT_MS, FORMAT_BAD, 0},
	    {"+5", FORMAT_MS, FORMAT_BAD, 0},
	    {"5.5s", FORMAT_MS, FORMAT_BAD, 0},
	    {" 5", FORMAT_MS, FORMAT_BAD, 0},
	    {"5 s", FORMAT_MS, FORMAT_BAD, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t value = 77;

		if (format_parse_time(span_of(cases[i].text), cases[i].unit, &value) !=
		    cases[i].result)
			fail_msg("'%s' gives another result", cases[i].text);
		assert_int_equal(value, cases[i].result == FORMAT_OK ? cases[i].value : 77);
	}
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		enum format_result result;
		uint64_t value;
	} cases[] = {
	    {"0", FORMAT_OK, 0},
	    {"5", FORMAT_OK, 5},
	    {"5k", FORMAT_OK, 5120},
	    {"5K", FORMAT_OK, 5120},
	    {"1m", FORMAT_OK, 1048576},
	    {"1M", FORMAT_OK, 1048576},
	    {"4g", FORMAT_OK, UINT64_C(4) << 30},
	    {"17179869183G", FORMAT_OK, UINT64_C(17179869183) << 30},
	    {"17179869184g", FORMAT_OVERFLOW, 0},
	    {"99999999999999999999", FORMAT_OVERFLOW, 0},
	    {"18446744073709551616k", FORMAT_OVERFLOW, 0},
	    {"", FORMAT_BAD, 0},
	    {"k", FORMAT_BAD, 0},
	    {"5kb", FORMAT_BAD, 0},
	    {"5t", FORMAT_BAD, 0},
	    {"5k5", FORMAT_BAD, 0},
	    {"-1", FORMAT_BAD, 0},
	    {"5\x0b", FORMAT_BAD, 0}, /* 'k' without the bits of a letter */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 77;

		if (format_parse_size(span_of(cases[i].text), &value) != cases[i].result)
			fail_msg("'%s' gives another result", cases[i].text);
		assert_true(value == (cases[i].result == FORMAT_OK ? cases[i].value : 77));
	}
}

static void compare_digits(uint64_t v)
{
	char wanted[32], seen[32];
	size_t n;

	snprintf(wanted, sizeof(wanted), "%" PRIu64, v);
	n = format_u64(seen, v);
	assert_span(span_make(seen, n), wanted);
	snprintf(wanted, sizeof(wanted), "%" PRId64, (int64_t)v);
	n = format_i64(seen, (int64_t)v);
	assert_span(span_make(seen, n), wanted);
}

static void test_digits(void **state)
{
	uint64_t power = 1;

	(void)state;
	for (unsigned int i = 0; i < 64; i++) {
		compare_digits((UINT64_C(1) << i) - 1);
		compare_digits(UINT64_C(1) << i);
		compare_digits(-(UINT64_C(1) << i));
	}
	for (unsigned int i = 0; i < 20; i++, power *= 10) {
		compare_digits(power - 1);
		compare_digits(power);
	}
	compare_digits(UINT64_MAX);
}

static unsigned int distance(const char *a, const char *b)
{
	unsigned int there = format_word_distance(span_of(a), span_of(b));

	assert_int_equal(format_word_distance(span_of(b), span_of(a)), there);
	return there;
}

static void test_distance(void **state)
{
	char word[64 + 1];

	(void)state;
	assert_int_equal(distance("", ""), 0);
	assert_int_equal(distance("maxconn", "maxconn"), 0);
	assert_int_equal(distance("", "abc"), 3);
	assert_int_equal(distance("maxcon", "maxconn"), 1);
	assert_int_equal(distance("maxxonn", "maxconn"), 1);
	assert_int_equal(distance("mxaconn", "maxconn"), 1);
	assert_int_equal(distance("maxconnn", "maxconn"), 1);
	assert_int_equal(distance("balnace", "balance"), 1);
	assert_int_equal(distance("kitten", "sitting"), 3);
	assert_int_equal(distance("abcd", "badc"), 2);
	assert_int_equal(distance("abc", "xyz"), 3);
	memset(word, 'w', sizeof(word));
	assert_int_equal(format_word_distance(span_make(word, 63), span_make(word, 62)), 1);
	assert_int_equal(format_word_distance(span_make(word, 64), span_make(word, 62)), 64);
	assert_int_equal(format_word_distance(span_make(word, 64), span_make(word, 64)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_digits),
	    cmocka_unit_test(test_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
