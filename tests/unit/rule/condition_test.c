/* SPDX-License-Identifier: MIT */
/* Conditions: how terms join, what each predefined ACL sees, and what is refused. */
#include "rule/condition.h"

#include "rule/acl.h"
#include "unit/rule/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct fake fake;

static int setup(void **state)
{
	(void)state;
	fake_init(&fake);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_fini(&fake);
	return 0;
}

static struct condition *try_compile(const char *text, bool unless)
{
	struct span words[64];
	unsigned int n = fake_words(text, words);

	fake.k.error = fake.k.warning = NULL;
	return condition_compile(&fake.k, words, n, unless);
}

static bool holds_in(const char *text, const struct rule_context *ctx)
{
	struct condition *c = try_compile(text, false), *opposite = try_compile(text, true);

	if (!c || !opposite)
		fail_msg("%s: %s", text, fake.k.error);
	assert_true(condition_holds(c, ctx) != condition_holds(opposite, ctx));
	return condition_holds(c, ctx);
}

static bool holds(const char *text, struct rule_context *ctx)
{
	ctx->scratch = &fake.scratch;
	ctx->payload_ended = true;
	return holds_in(text, ctx);
}

static void expect_error(const char *text, const char *part)
{
	assert_null(try_compile(text, false));
	assert_non_null(fake.k.error);
	if (!strstr(fake.k.error, part))
		fail_msg("%s: %s", text, fake.k.error);
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
	assert_int_equal(condition_needs(NULL), 0);
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
	struct message m = {.version = HTTP_1_0, .target = SPAN("/")};
	struct rule_context ctx = {.request = &m};

	(void)state;
	assert_true(holds("HTTP HTTP_1.0 !HTTP_1.1 !HTTP_2.0 REQ_CONTENT WAIT_END", &ctx));
	m.version = HTTP_1_1;
	assert_true(holds("HTTP_1.1 !HTTP_1.0", &ctx));
	m.version = HTTP_2;
	assert_true(holds("HTTP_2.0 !HTTP_1.1", &ctx));
	assert_false(holds("HTTP_CONTENT", &ctx));
	assert_int_equal(header_add(&m.headers, &fake.arena, SPAN("Content-Length"), SPAN("0")), 0);
	assert_false(holds("HTTP_CONTENT", &ctx));
	m.headers.v[0].value = SPAN("1");
	assert_true(holds("HTTP_CONTENT", &ctx));
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

static void needs(void **state)
{
	(void)state;
	assert_int_equal(condition_needs(try_compile("TRUE or LOCALHOST WAIT_END", false)), 0);
	assert_int_equal(condition_needs(try_compile("TRUE or METH_GET", false)),
			 NEEDS_HTTP_REQUEST);
	assert_int_equal(condition_needs(try_compile("{ status 200 }", true)), NEEDS_HTTP_RESPONSE);
	fake.k.provided = NEEDS_HTTP_REQUEST;
	assert_non_null(try_compile("{ status 200 }", false));
	assert_non_null(strstr(fake.k.warning, "acl 'status' will never match because it looks at "
					       "'HTTP response headers'"));
	fake.k.provided = ~0u;
}

static void add(const char *text)
{
	struct span words[64];
	unsigned int n = fake_words(text, words);

	fake.k.error = NULL;
	if (!acl_add(&fake.k, words, n))
		fail_msg("%s: %s", text, fake.k.error);
}

/* Lines of one name are joined by "or"; a predefined name may be defined anew. */
static void named(void **state)
{
	(void)state;
	add("is_api path_beg /api");
	add("is_api path_end .json");
	add("FALSE always_true");
	fake_request(&fake, "GET /api/x HTTP/1.1\nHost: h\n");
	assert_true(holds("is_api", &fake.ctx));
	fake_request(&fake, "GET /x.json HTTP/1.1\nHost: h\n");
	assert_true(holds("is_api FALSE", &fake.ctx));
	fake_request(&fake, "GET /x HTTP/1.1\nHost: h\n");
	assert_false(holds("is_api", &fake.ctx));
	fake.k.acls = NULL;
}

static void anonymous(void **state)
{
	static const struct {
		const char *text;
		bool result;
	} rows[] = {
	    {"{ path /a/b }", true},
	    {"!{ path /a/b }", false},
	    {"{ path -i /A/B } { method GET }", true},
	    {"{ path_beg /z /a }", true},
	    {"{ path_end b c }", true},
	    {"{ path_sub / }", true},
	    {"{ path_dir b }", true},
	    {"{ path_dir a/ }", true},
	    {"{ path_dir c }", false},
	    {"{ path_dom a }", true},
	    {"{ path_reg ^/[a-z]/b$ }", true},
	    {"{ path_reg -i ^/A }", true},
	    {"{ path_len 4 }", true},
	    {"{ path_len lt 4 }", false},
	    {"{ path -m len 1:3 }", false},
	    {"{ path -m found }", true},
	    {"{ req.hdr(nope) -m found }", false},
	    {"{ hdr(x) 2 }", true},
	    {"{ hdr(x) 4 }", false},
	    {"{ hdr_cnt(x) 3 }", true},
	    {"{ hdr_cnt(x) gt 3 }", false},
	    {"{ hdr_val(x) 3: }", true},
	    {"{ hdr_cnt(nope) 0 }", true},
	    {"{ int(-5) -10:-5 }", true},
	    {"{ int(5) -m bool }", true},
	    {"{ int(0) -m bool }", false},
	    {"{ src 192.0.2.0/24 }", true},
	    {"{ src 10.0.0.0/8 ::1 }", false},
	    {"{ src ::ffff:192.0.2.1 }", true},
	    {"{ str(1.2.3.4) -m ip 1.2.3.0/24 }", true},
	    {"{ str(abc) -m bin 616263 }", true},
	    {"{ method FOO }", false},
	    {"{ path /1 /2 /3 /4 /5 /6 /7 /8 /a/b /9 }", true},
	    {"{ path -i /1 /2 /3 /4 /5 /6 /7 /8 /A/b /9 }", true},
	    {"{ path /1 /2 /3 /4 /5 /6 /7 /8 /A/b /9 }", false},
	    {"{ path -- -i }", false},
	    {"{ always_false } or { path /a/b }", true},
	};

	(void)state;
	fake_request(&fake, "GET /a/b HTTP/1.1\nHost: h\nX: 1, 2\nX: 3\n");
	for (size_t i = 0; i < array_size(rows); i++) {
		if (holds(rows[i].text, &fake.ctx) != rows[i].result)
			fail_msg("%s", rows[i].text);
	}
}

static void refused(void **state)
{
	(void)state;
	expect_error("", "a condition is missing");
	expect_error("TREU", "did you mean 'TRUE'");
	expect_error("true", "no such ACL : 'true'");
	expect_error("is_friend", "Define it above with 'acl'");
	expect_error("{ path /a", "missing closing '}'");
	expect_error("{ }", "nothing between");
	expect_error("{path /a }", "a blank must stand behind '{'");
	expect_error("{ pahth /a }", "did you mean 'path'");
	expect_error("{ path_bge /a }", "did you mean 'path_beg'");
	expect_error("{ path -m foo }", "unknown match method 'foo'");
	expect_error("{ path -x }", "unknown flag '-x'");
	expect_error("{ path -m }", "expects a word");
	expect_error("{ src 1.2.3 }", "not a valid IPv4 or IPv6 address");
	expect_error("{ hdr_cnt(x) three }", "not a number or valid range");
	expect_error("{ path_reg ( }", "regex '(' is invalid");
	expect_error("{ var(txn.x) a }", "using '-m'");
	expect_error("{ bool(1) -m ip ::1 }", "cannot be used with a value of type boolean");
	expect_error("{ path -f nosuch }", "failed to open pattern file");
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
	struct arena small;

	(void)state;
	for (size_t i = 0; i < array_size(words); i++)
		words[i] = SPAN("TRUE");
	fake.k.error = NULL;
	assert_null(condition_compile(&fake.k, words, array_size(words), false));
	assert_string_equal(fake.k.error, "the condition is too long");
	arena_init(&small, 64, 64);
	fake.k.error = NULL;
	fake.k.arena = &small;
	assert_null(condition_compile(&fake.k, words, 100, false));
	assert_string_equal(fake.k.error, "out of memory");
	fake.k.arena = &fake.arena;
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
	    cmocka_unit_test(needs),
	    cmocka_unit_test(named),
	    cmocka_unit_test(anonymous),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
