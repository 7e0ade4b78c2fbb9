/* SPDX-License-Identifier: MIT */
/* Conditions: how terms join, what each predefined ACL sees, and what is refused. */
#include "rule/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 4096, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/* The text split at blanks. */
static struct condition *try_compile(const char *text, bool unless, const char **error)
{
	struct span words[32], rest = span_of(text);
	unsigned int n = 0;

	while (rest.p && n < array_size(words)) {
		struct span word = span_split(&rest, ' ');

		if (word.len)
			words[n++] = word;
	}
	return condition_compile(words, n, unless, &arena, error);
}

static bool holds(const char *text, const struct rule_context *ctx)
{
	const char *error = NULL;
	struct condition *c = try_compile(text, false, &error);
	struct condition *opposite = try_compile(text, true, &error);

	if (!c || !opposite)
		fail_msg("%s: %s", text, error);
	assert_true(condition_holds(c, ctx) != condition_holds(opposite, ctx));
	return condition_holds(c, ctx);
}

static void expect_error(const char *text, const char *part)
{
	const char *error = NULL;

	assert_null(try_compile(text, false, &error));
	assert_non_null(error);
	if (!strstr(error, part))
		fail_msg("%s: %s", text, error);
}

static void joining(void **state)
{
	static const struct {
		const char *text;
		bool result;
	} rows[] = {
	    {"TRUE", true},
	    {"FALSE", false},
	    {"!FALSE", true},
	    {"! FALSE", true},
	    {"!!FALSE", false},
	    {"! !TRUE", true},
	    {"TRUE TRUE", true},
	    {"TRUE FALSE", false},
	    {"FALSE TRUE", false},
	    {"FALSE or TRUE", true},
	    {"TRUE or FALSE", true},
	    {"FALSE || TRUE", true},
	    {"FALSE or FALSE", false},
	    {"FALSE TRUE or TRUE TRUE", true},
	    {"TRUE TRUE or FALSE TRUE", true},
	    {"TRUE FALSE or FALSE TRUE", false},
	    {"FALSE or FALSE or TRUE", true},
	    {"TRUE or TRUE FALSE", true},
	    {"TRUE !TRUE or !FALSE TRUE", true},
	};
	struct rule_context ctx = {0};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		if (holds(rows[i].text, &ctx) != rows[i].result)
			fail_msg("%s", rows[i].text);
	}
	assert_true(condition_holds(NULL, &ctx));
	assert_false(condition_needs_http(NULL));
}

static void methods(void **state)
{
	static const struct {
		enum http_method method;
		const char *name;
	} rows[] = {
	    {HTTP_GET, "METH_GET"},       {HTTP_HEAD, "METH_HEAD"},
	    {HTTP_POST, "METH_POST"},     {HTTP_PUT, "METH_PUT"},
	    {HTTP_DELETE, "METH_DELETE"}, {HTTP_OPTIONS, "METH_OPTIONS"},
	    {HTTP_TRACE, "METH_TRACE"},   {HTTP_CONNECT, "METH_CONNECT"},
	};
	struct message m = {0};
	struct rule_context ctx = {.request = &m};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		for (size_t j = 0; j < array_size(rows); j++) {
			bool both_get = rows[j].method == HTTP_GET && rows[i].method == HTTP_HEAD;

			m.method = rows[i].method;
			assert_int_equal(holds(rows[j].name, &ctx), i == j || both_get);
		}
		ctx.request = NULL;
		assert_false(holds(rows[i].name, &ctx));
		ctx.request = &m;
	}
}

static void versions_and_content(void **state)
{
	struct message m = {.version = HTTP_1_0};
	struct rule_context ctx = {.request = &m};

	(void)state;
	assert_true(holds("HTTP HTTP_1.0 !HTTP_1.1 !HTTP_2.0 REQ_CONTENT WAIT_END", &ctx));
	m.version = HTTP_1_1;
	assert_true(holds("HTTP_1.1 !HTTP_1.0", &ctx));
	m.version = HTTP_2;
	assert_true(holds("HTTP_2.0 !HTTP_1.1", &ctx));
	assert_false(holds("HTTP_CONTENT", &ctx));
	m.framing = BODY_LENGTH;
	assert_false(holds("HTTP_CONTENT", &ctx));
	m.content_length = 1;
	assert_true(holds("HTTP_CONTENT", &ctx));
	m.framing = BODY_CHUNKED;
	assert_false(holds("HTTP_CONTENT", &ctx));
	ctx.request = NULL;
	assert_true(holds("!HTTP !HTTP_1.0 !HTTP_CONTENT !HTTP_URL_ABS !HTTP_URL_SLASH "
			  "!HTTP_URL_STAR !REQ_CONTENT",
			  &ctx));
}

static void urls(void **state)
{
	static const struct {
		const char *target;
		bool absolute, slash, star;
	} rows[] = {
	    {"/", false, true, false},         {"/http://x", false, true, false},
	    {"*", false, false, true},         {"**", false, false, false},
	    {"http://h/", true, false, false}, {"://", true, false, false},
	    {"a/b://", false, false, false},   {"a:b://", false, false, false},
	    {"http:/h", false, false, false},  {"h:80", false, false, false},
	    {"", false, false, false},
	};
	struct message m = {0};
	struct rule_context ctx = {.request = &m};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		m.target = span_of(rows[i].target);
		assert_int_equal(holds("HTTP_URL_ABS", &ctx), rows[i].absolute);
		assert_int_equal(holds("HTTP_URL_SLASH", &ctx), rows[i].slash);
		assert_int_equal(holds("HTTP_URL_STAR", &ctx), rows[i].star);
	}
}

static void localhost(void **state)
{
	static const struct {
		const char *address;
		bool local;
	} rows[] = {
	    {"127.0.0.1", true},        {"127.255.0.9", true}, {"128.0.0.1", false},
	    {"126.255.255.255", false}, {"::1", true},         {"::2", false},
	    {"::ffff:127.0.0.1", true}, {"fe80::1", false},
	};
	struct rule_context ctx = {0};

	(void)state;
	assert_false(holds("LOCALHOST", &ctx));
	for (size_t i = 0; i < array_size(rows); i++) {
		assert_true(inet_parse(span_of(rows[i].address), &ctx.src));
		assert_int_equal(holds("LOCALHOST", &ctx), rows[i].local);
	}
}

static void needs_http(void **state)
{
	const char *error;

	(void)state;
	assert_false(
	    condition_needs_http(try_compile("TRUE or LOCALHOST WAIT_END", false, &error)));
	assert_true(condition_needs_http(try_compile("TRUE or METH_GET", false, &error)));
	assert_true(condition_needs_http(try_compile("HTTP_CONTENT", true, &error)));
}

static void refused(void **state)
{
	(void)state;
	expect_error("", "a condition is missing");
	expect_error("TREU", "did you mean 'TRUE'");
	expect_error("true", "no such ACL : 'true'");
	expect_error("is_friend", "come with the rule language");
	expect_error("{ src 1.2.3.4 }", "anonymous ACL");
	expect_error("TRUE or", "missing at the end");
	expect_error("or TRUE", "before it");
	expect_error("TRUE or or TRUE", "before it");
	expect_error("TRUE ! or TRUE", "before it");
	expect_error("!", "missing at the end");
	expect_error("TRUE !", "missing at the end");
	expect_error("RDP_COOKIE", "not supported by halb yet");
}

static void limits(void **state)
{
	static struct span words[2000];
	const char *error = NULL;
	struct arena small;

	(void)state;
	for (size_t i = 0; i < array_size(words); i++)
		words[i] = SPAN("TRUE");
	assert_null(condition_compile(words, array_size(words), false, &arena, &error));
	assert_string_equal(error, "the condition is too long");
	arena_init(&small, 64, 64);
	assert_null(condition_compile(words, 100, false, &small, &error));
	assert_string_equal(error, "out of memory");
	arena_fini(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(joining),
	    cmocka_unit_test(methods),
	    cmocka_unit_test(versions_and_content),
	    cmocka_unit_test(urls),
	    cmocka_unit_test(localhost),
	    cmocka_unit_test(needs_http),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
