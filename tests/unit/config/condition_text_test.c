/* SPDX-License-Identifier: MIT */
/* Conditions of `-cc` and .if: predicates, operators, versions, and what is malformed. */
#include "fake_world.h"

#include "unit/base/cmocka_all.h"

#include <string.h>

static int eval_as(const char *text, const char *version)
{
	struct fake_world w;
	struct diags d;
	int value;

	fake_world_init(&w);
	w.world.version = version;
	diags_init(&d);
	value = config_eval_condition(span_of(text), &w.world, &d);
	assert_int_equal(d.alerts, value < 0);
	diags_fini(&d);
	return value;
}

static int eval(const char *text)
{
	return eval_as(text, "2.6");
}

static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(eval(""), 0);
	assert_int_equal(eval("0"), 0);
	assert_int_equal(eval("00"), 0);
	assert_int_equal(eval("1"), 1);
	assert_int_equal(eval("01"), 1);
	assert_int_equal(eval("-1"), 1);
	assert_int_equal(eval("  5 "), 1);
}

static void test_operators(void **state)
{
	(void)state;
	assert_int_equal(eval("!1"), 0);
	assert_int_equal(eval("! ! 1"), 1);
	assert_int_equal(eval("1||0&&0"), 1);
	assert_int_equal(eval("(1||0)&&0"), 0);
	assert_int_equal(eval("0 || 1"), 1);
	assert_int_equal(eval("0 && 1 || 1"), 1);
	assert_int_equal(eval("!(1 && 0)"), 1);
	assert_int_equal(eval("((((1))))"), 1);
}

static void test_predicates(void **state)
{
	(void)state;
	assert_int_equal(eval("defined(HOME)"), 1);
	assert_int_equal(eval("defined(NOPE)"), 0);
	assert_int_equal(eval("defined"), 0);
	assert_int_equal(eval("defined( HOME )"), 0);
	assert_int_equal(eval("feature(THREAD)"), 1);
	assert_int_equal(eval("feature(OPENSSL)"), 0);
	assert_int_equal(eval("enabled(EPOLL)"), 1);
	assert_int_equal(eval("enabled(KQUEUE)"), 0);
	assert_int_equal(eval("streq(a,a)"), 1);
	assert_int_equal(eval("streq(a,b)"), 0);
	assert_int_equal(eval("streq(a b,a b)"), 1);
	assert_int_equal(eval("streq(,)"), 1);
	assert_int_equal(eval("strneq(a,b)"), 1);
	assert_int_equal(eval("strstr(foobar,oba)"), 1);
	assert_int_equal(eval("strstr(foobar,obx)"), 0);
	assert_int_equal(eval("strstr(a,)"), 1);
	assert_int_equal(eval("streq(\"$HOME\",/root)"), 1);
	assert_int_equal(eval("streq($HOME,/root)"), 0);
	assert_int_equal(eval("ssllib_name_startswith(OpenSSL)"), 0);
	assert_int_equal(eval("openssl_version_atleast(1.1.1)"), 0);
}

static void test_versions(void **state)
{
	static const char *const rising[] = {"2",         "2.5",      "2.5.9",  "2.6-dev0",
					     "2.6-dev12", "2.6.1",    "2.6.12", "2.7-dev1",
					     "2.7",       "3.0-dev0", "3.1.4"};

	(void)state;
	for (size_t i = 0; i < array_size(rising); i++) {
		for (size_t j = 0; j < array_size(rising); j++) {
			char text[64];

			snprintf(text, sizeof(text), "version_atleast(%s)", rising[j]);
			assert_int_equal(eval_as(text, rising[i]), i >= j);
			snprintf(text, sizeof(text), "version_before(%s)", rising[j]);
			assert_int_equal(eval_as(text, rising[i]), i < j);
		}
	}
	assert_int_equal(eval("version_atleast(abc)"), 1);
	assert_int_equal(eval("version_atleast(2.)"), 1);
	assert_int_equal(eval("version_atleast(2.6.0)"), 1);
	assert_int_equal(eval("version_before(99999999999999999999)"), 1);
}

static void test_malformed(void **state)
{
	static const char *const texts[] = {
	    "true",        "a",        "(1",          "1)",           "()",
	    "(",           "!",        "1 0",         "1x",           "1 & 1",
	    "1 | 1",       "1 &&",     "|| 1",        "streq(a)",     "streq",
	    "streq(a,b",   "foo(1)",   "0 && foo(1)", "streq(a,b,c)", "streq(a,a) x",
	    "\"unmatched", "defined(",
	};

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++) {
		if (eval(texts[i]) != -1)
			fail_msg("'%s' was taken", texts[i]);
	}
}

static void test_nesting_is_bounded(void **state)
{
	char text[5000];

	(void)state;
	memset(text, '(', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(eval(text), -1);
	memset(text, '!', 2000);
	text[2000] = '1';
	text[2001] = '\0';
	assert_int_equal(eval(text), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_numbers),    cmocka_unit_test(test_operators),
	    cmocka_unit_test(test_predicates), cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_malformed),  cmocka_unit_test(test_nesting_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
