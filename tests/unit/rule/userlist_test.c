/* SPDX-License-Identifier: MIT */
/* Userlists: credentials of requests, passwords plain and hashed, groups, and the action auth. */
#include "rule/userlist.h"

#include "unit/rule/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HASH                                                                                       \
	"$6$halb$hFca0oT5flJCMD1PcUQX4xXc5//Bx6O7AATHq5hG/2.3kVg0dDtEPZknLqooza4dmCMpDfx8R7SKMn/"  \
	"RahW/61" /* of "secret" */

static struct fake fake;
static struct user_group staff = {.name = {"staff", 5}}, admins = {&staff, {"admins", 6}};
static struct user nobody = {.name = {"nobody", 6}};
static struct user anna = {.next = &nobody, .name = {"anna", 4}, .plain = false, .groups = &staff};
static struct user bob = {
    .next = &anna, .name = {"bob", 3}, .password = {"x:y", 3}, .plain = true, .groups = &admins};
static struct userlist list = {.name = {"L", 1}, .users = &bob};

static int setup(void **state)
{
	(void)state;
	fake_init(&fake);
	anna.password = SPAN(HASH);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_fini(&fake);
	return 0;
}

static void authorize(const char *value)
{
	fake_request(&fake, arena_printf(&fake.arena,
					 "GET / HTTP/1.1\nHost: h\nAuthorization: %s\n", value));
}

/* "(none)", or the value as text; the expression's list is the one above. */
static const char *evaluate(const char *text)
{
	struct span at = span_of(text);
	struct expr *e;
	struct value v;

	fake.k.error = NULL;
	e = expr_compile_prefix(&fake.k, &at);
	assert_non_null(e);
	if (fake.program.references)
		fake.program.references->proxy = &list;
	scratch_release(&fake.scratch, 0);
	if (!expr_evaluate_as(e, &fake.ctx, VALUE_STR, &v))
		return "(none)";
	return arena_copy(&fake.arena, v.text);
}

static void passwords(void **state)
{
	static const struct {
		const char *field, *passes, *user;
	} rows[] = {
	    {"Basic Ym9iOng6eQ==", "1", "bob"}, /* bob:x:y */
	    {"bAsIc  Ym9iOng6eQ==", "1", "bob"},
	    {"Basic Ym9iOng6eg==", "0", "(none)"},   /* bob:x:z */
	    {"Basic Ym9iOg==", "0", "(none)"},       /* bob: */
	    {"Basic Ym9i", "0", "(none)"},           /* bob */
	    {"Basic YW5uYTpzZWNyZXQ=", "1", "anna"}, /* anna:secret */
	    {"Basic YW5uYTpTZWNyZXQ=", "0", "(none)"},
	    {"Basic bm9ib2R5Og==", "0", "(none)"}, /* nobody: */
	    {"Basic ZXZlOng6eQ==", "0", "(none)"}, /* eve:x:y */
	    {"Basic !!!!", "0", "(none)"},
	    {"Basic", "0", "(none)"},
	    {"Bearer Ym9iOng6eQ==", "0", "(none)"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		authorize(rows[i].field);
		if (strcmp(evaluate("http_auth(L)"), rows[i].passes) != 0 ||
		    strcmp(evaluate("http_auth_group(L)"), rows[i].user) != 0)
			fail_msg("%s", rows[i].field);
	}
	fake_request(&fake, "GET / HTTP/1.1\nHost: h\n");
	assert_string_equal(evaluate("http_auth(L)"), "0");
	fake_request(&fake, "GET / HTTP/1.1\nHost: h\nAuthorization: Basic Ym9iOng6eQ==\n"
			    "Authorization: Basic Ym9iOng6eQ==\n");
	assert_string_equal(evaluate("http_auth(L)"), "0");
}

static void parts(void **state)
{
	(void)state;
	authorize("Basic Ym9iOng6eQ==");
	assert_string_equal(evaluate("http_auth_type"), "Basic");
	assert_string_equal(evaluate("http_auth_user"), "bob");
	assert_string_equal(evaluate("http_auth_pass"), "x:y");
	assert_string_equal(evaluate("http_auth_bearer"), "(none)");
	authorize("Bearer abc.def");
	assert_string_equal(evaluate("http_auth_bearer"), "abc.def");
	assert_string_equal(evaluate("http_auth_type"), "Bearer");
	assert_string_equal(evaluate("http_auth_user"), "(none)");
	fake_request(&fake, "GET / HTTP/1.1\nHost: h\nX-Token: Bearer t\n");
	assert_string_equal(evaluate("http_auth_bearer(x-token)"), "t");
}

/* Allowed to whom it should be, by condition. */
static bool condition(const char *text)
{
	struct span words[64];
	struct condition *c;

	c = condition_compile(&fake.k, words, fake_words(text, words), false);
	assert_non_null(c);
	fake.program.references->proxy = &list;
	scratch_release(&fake.scratch, 0);
	return condition_holds(c, &fake.ctx);
}

static void groups(void **state)
{
	(void)state;
	authorize("Basic Ym9iOng6eQ==");
	assert_true(condition("{ http_auth_group(L) admins }"));
	assert_true(condition("{ http_auth_group(L) staff }"));
	assert_true(condition("{ http_auth_group(L) none staff }"));
	assert_false(condition("{ http_auth_group(L) bob }"));
	authorize("Basic YW5uYTpzZWNyZXQ=");
	assert_true(condition("{ http_auth_group(L) staff }"));
	assert_false(condition("{ http_auth_group(L) admins }"));
	authorize("Basic YW5uYTpTZWNyZXQ=");
	assert_false(condition("{ http_auth_group(L) staff }"));
}

static void hashes(void **state)
{
	(void)state;
	assert_true(password_hash_is_known(SPAN(HASH)));
	assert_false(password_hash_is_known(SPAN("$99$abc$def")));
	assert_true(password_same(SPAN("a"), SPAN("a")));
	assert_false(password_same(SPAN("a"), SPAN("")));
	assert_false(password_same(SPAN(""), SPAN("a")));
	assert_false(password_same(SPAN("aa"), SPAN("a")));
}

static void ask(const char *rule, const char *wanted)
{
	struct span *words = arena_array(&fake.arena, 64, sizeof(*words));
	struct rule_list rules = {0};
	struct rule *r = rule_compile(&fake.k, RULES_HTTP_REQUEST, words, fake_words(rule, words));

	assert_non_null(r);
	rule_append(&rules, r);
	scratch_release(&fake.scratch, 0);
	assert_int_equal(rules_run(&rules, &fake.ctx, NULL), RULE_ANSWER);
	assert_int_equal(fake.answer.status, 401);
	assert_true(fake.answer.plain);
	assert_true(span_equal(fake.answer.headers, span_of(wanted)));
}

static void auth(void **state)
{
	(void)state;
	ask("auth", "www-authenticate: Basic realm=\"back\"\r\n");
	ask("auth realm a\"b\\c", "www-authenticate: Basic realm=\"a\\\"b\\\\c\"\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(passwords), cmocka_unit_test(parts), cmocka_unit_test(groups),
	    cmocka_unit_test(hashes),    cmocka_unit_test(auth),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
