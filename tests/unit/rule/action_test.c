/* SPDX-License-Identifier: MIT */
/* Rules: what each action does to a message, what a final one wants to be sent, and what is
 * refused. */
#include "rule/action.h"

#include "unit/rule/fake.h"

#include "proto/h1_write.h"

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

/* The words must last as long as the rule. */
static struct rule *try_rule(enum rule_set set, const char *text)
{
	struct span *words = arena_array(&fake.arena, 64, sizeof(*words));

	assert_non_null(words);
	fake.k.error = fake.k.warning = NULL;
	return rule_compile(&fake.k, set, words, fake_words(text, words));
}

/* Rules in lines, run once. */
static enum rule_verdict run(enum rule_set set, const char *lines)
{
	struct span rest = span_of(arena_strdup(&fake.arena, lines));
	struct rule_list list = {0};

	while (rest.p) {
		const char *line = arena_copy(&fake.arena, span_split(&rest, '\n'));
		struct rule *r = try_rule(set, line);

		if (!r)
			fail_msg("%s: %s", line, fake.k.error);
		rule_append(&list, r);
	}
	scratch_release(&fake.scratch, 0);
	fake.ctx.lenient = false;
	return rules_run(&list, &fake.ctx, NULL);
}

static const char *written(const struct message *m)
{
	static char bytes[4096];
	struct h1_write_options o = {.connection = H1_CONNECTION_NONE};
	struct buffer b;

	buffer_init_fixed(&b, bytes, sizeof(bytes));
	if (m->is_response)
		h1_write_response(&b, m, &o);
	else
		h1_write_request(&b, m, &o);
	return buffer_text(&b);
}

static void expect_request(const char *head, const char *lines, const char *wanted)
{
	fake_request(&fake, head);
	if (run(RULES_HTTP_REQUEST, lines) != RULE_NEXT)
		fail_msg("%s fails", lines);
	assert_string_equal(written(&fake.request), wanted);
}

#define HEAD "GET /a/b?q HTTP/1.1\nHost: h\nX: 1\nX: 2,3\n"
#define FIELDS "Host: h\r\nX: 1\r\nX: 2,3\r\n\r\n"

static void fields(void **state)
{
	(void)state;
	expect_request(HEAD, "set-header X new-%[path]",
		       "GET /a/b?q HTTP/1.1\r\nHost: h\r\nX: new-/a/b\r\n\r\n");
	expect_request(
	    HEAD, "add-header Y %[src]\nadd-header Y z",
	    "GET /a/b?q HTTP/1.1\r\nHost: h\r\nX: 1\r\nX: 2,3\r\nY: 192.0.2.1\r\nY: z\r\n\r\n");
	expect_request(HEAD, "del-header x", "GET /a/b?q HTTP/1.1\r\nHost: h\r\n\r\n");
	expect_request(HEAD, "del-header ^[W-Z]$ -m reg", "GET /a/b?q HTTP/1.1\r\nHost: h\r\n\r\n");
	expect_request(HEAD, "del-header ho -m beg",
		       "GET /a/b?q HTTP/1.1\r\nX: 1\r\nX: 2,3\r\n\r\n");
	expect_request(HEAD, "replace-header X ^(.),(.)$ \\2;\\1",
		       "GET /a/b?q HTTP/1.1\r\nHost: h\r\nX: 1\r\nX: 3;2\r\n\r\n");
	expect_request(HEAD, "replace-value X ^3$ %[method]\\0",
		       "GET /a/b?q HTTP/1.1\r\nHost: h\r\nX: 1\r\nX: 2,GET3\r\n\r\n");
	expect_request(HEAD, "set-header X 1 if { path /z }", "GET /a/b?q HTTP/1.1\r\n" FIELDS);
}

/* Nothing that a stranger sends ends a line early. */
static void injection(void **state)
{
	(void)state;
	expect_request(HEAD, "set-header X %[str(a%0d%0aEvil:1),url_dec]",
		       "GET /a/b?q HTTP/1.1\r\nHost: h\r\nX: a%0D%0AEvil:1\r\n\r\n");
	expect_request(HEAD, "set-path /%[str(a%0d%0a%20b),url_dec]",
		       "GET /a%0D%0A%20b?q HTTP/1.1\r\n" FIELDS);
	/* a stranger's text as a replacement: \\x0d is a byte there */
	fake_request(&fake, "GET / HTTP/1.1\nHost: h\nX: 1\nY: a\\x0d\\x0aEvil: 1\n");
	assert_int_equal(run(RULES_HTTP_REQUEST, "replace-header X 1 %[req.hdr(y)]"), RULE_FAILED);
	assert_int_equal(run(RULES_HTTP_REQUEST, "replace-value X 1 %[req.hdr(y)]"), RULE_FAILED);
	assert_int_equal(run(RULES_HTTP_REQUEST, "replace-path / /%[req.hdr(y)]"), RULE_FAILED);
	expect_request(HEAD, "set-header Content-Length 5\nset-header Transfer-Encoding chunked",
		       "GET /a/b?q HTTP/1.1\r\n" FIELDS);
}

static void start_line(void **state)
{
	(void)state;
	expect_request(HEAD, "set-path /new%[path]", "GET /new/a/b?q HTTP/1.1\r\n" FIELDS);
	expect_request(HEAD, "set-query a=1&%[query]", "GET /a/b?a=1&q HTTP/1.1\r\n" FIELDS);
	expect_request(HEAD, "set-query %[str()]", "GET /a/b HTTP/1.1\r\n" FIELDS);
	expect_request(HEAD, "set-pathq /x?y", "GET /x?y HTTP/1.1\r\n" FIELDS);
	expect_request(HEAD, "set-uri /u", "GET /u HTTP/1.1\r\n" FIELDS);
	expect_request(HEAD, "replace-path ^/a/(.*) /\\1/x", "GET /b/x?q HTTP/1.1\r\n" FIELDS);
	expect_request(HEAD, "replace-path ^/z /y", "GET /a/b?q HTTP/1.1\r\n" FIELDS);
	expect_request(HEAD, "replace-pathq (.*)\\?(.*) /\\2?\\1",
		       "GET /q?/a/b HTTP/1.1\r\n" FIELDS);
	expect_request(HEAD, "replace-uri ^/a /c", "GET /c HTTP/1.1\r\n" FIELDS);
	expect_request(HEAD, "set-method POST", "POST /a/b?q HTTP/1.1\r\n" FIELDS);
	assert_int_equal(fake.request.method, HTTP_POST);
	assert_true(fake.kept > 0);
	/* the target and Host stay of one mind */
	expect_request("GET http://h/a HTTP/1.1\nHost: h\n", "set-header Host other",
		       "GET http://other/a HTTP/1.1\r\nHost: other\r\n\r\n");
	expect_request("GET /a HTTP/1.1\nHost: h\n", "set-uri http://other/b",
		       "GET http://other/b HTTP/1.1\r\nhost: other\r\n\r\n");
}

static void impossible(void **state)
{
	(void)state;
	fake_request(&fake, HEAD);
	assert_int_equal(run(RULES_HTTP_REQUEST, "set-method HEAD"), RULE_FAILED);
	assert_int_equal(run(RULES_HTTP_REQUEST, "set-method %[str(a%20b),url_dec]"), RULE_FAILED);
	assert_int_equal(run(RULES_HTTP_REQUEST, "set-uri %[str()]"), RULE_FAILED);
	assert_int_equal(run(RULES_HTTP_REQUEST, "strict-mode off\nset-uri %[str()]"), RULE_NEXT);
	fake_request(&fake, "HEAD / HTTP/1.1\nHost: h\n");
	assert_int_equal(run(RULES_HTTP_REQUEST, "set-method GET"), RULE_FAILED);
	fake_response(&fake, "HTTP/1.1 200 OK\nContent-Length: 5\n");
	assert_int_equal(run(RULES_HTTP_RESPONSE, "set-status 204"), RULE_FAILED);
	assert_int_equal(run(RULES_HTTP_RESPONSE, "set-status 101"), RULE_FAILED);
}

static void statuses(void **state)
{
	(void)state;
	fake_request(&fake, HEAD);
	fake_response(&fake, "HTTP/1.1 200 OK\nContent-Length: 0\n");
	assert_int_equal(run(RULES_HTTP_RESPONSE, "set-status 404"), RULE_NEXT);
	assert_string_equal(written(&fake.response),
			    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(run(RULES_HTTP_AFTER, "set-status 299 reason Well"), RULE_NEXT);
	assert_string_equal(written(&fake.response),
			    "HTTP/1.1 299 Well\r\nContent-Length: 0\r\n\r\n");
	/* a status that has no body becomes one that has: its length must be told */
	fake_response(&fake, "HTTP/1.1 304 Not Modified\nContent-Length: 100\n");
	assert_int_equal(run(RULES_HTTP_RESPONSE, "set-status 200"), RULE_NEXT);
	assert_string_equal(written(&fake.response),
			    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

static void final(void **state)
{
	const struct rule_answer *a = &fake.answer;

	(void)state;
	fake_request(&fake, HEAD);
	assert_int_equal(run(RULES_HTTP_REQUEST, "allow\nset-uri %[str()]"), RULE_ALLOW);
	assert_int_equal(run(RULES_HTTP_REQUEST, "deny"), RULE_DENY);
	assert_true(a->status == 403 && a->plain && !a->raw.p);
	assert_int_equal(run(RULES_HTTP_REQUEST, "deny deny_status 429"), RULE_DENY);
	assert_true(a->status == 429 && a->plain);
	assert_int_equal(run(RULES_HTTP_RESPONSE, "deny"), RULE_DENY);
	assert_int_equal(a->status, 502);
	assert_int_equal(run(RULES_HTTP_REQUEST, "tarpit"), RULE_TARPIT);
	assert_int_equal(a->status, 500);
	assert_int_equal(run(RULES_HTTP_REQUEST, "reject"), RULE_REJECT);
	assert_int_equal(run(RULES_TCP_CONTENT, "accept"), RULE_ALLOW);
	assert_int_equal(run(RULES_HTTP_REQUEST,
			     "return status 404 content-type text/plain lf-string p=%[path] hdr A "
			     "%[method] hdr B %[req.hdr(none)]"),
			 RULE_ANSWER);
	assert_true(a->status == 404 && !a->plain);
	assert_true(span_equal(a->body, SPAN("p=/a/b")));
	assert_true(span_equal(a->headers, SPAN("A: GET\r\ncontent-type: text/plain\r\n")));
	assert_int_equal(run(RULES_HTTP_REQUEST, "return"), RULE_ANSWER);
	assert_true(a->status == 200 && !a->plain && !a->body.len && !a->headers.len);
}

static void redirects(void **state)
{
	static const struct {
		const char *rule, *headers;
	} rows[] = {
	    {"redirect location /x%[path] code 301", "location: /x/a/b\r\n"},
	    {"redirect prefix http://n", "location: http://n/a/b?q\r\ncache-control: no-cache\r\n"},
	    {"redirect prefix http://n drop-query append-slash code 307",
	     "location: http://n/a/b/\r\n"},
	    {"redirect scheme https code 308", "location: https://h/a/b?q\r\n"},
	    {"redirect location / code 303 set-cookie A=1",
	     "location: /\r\ncache-control: no-cache\r\nset-cookie: A=1; path=/;\r\n"},
	    {"redirect location / code 301 clear-cookie A",
	     "location: /\r\nset-cookie: A=; path=/; Max-Age=0;\r\n"},
	};

	(void)state;
	fake_request(&fake, HEAD);
	for (size_t i = 0; i < array_size(rows); i++) {
		assert_int_equal(run(RULES_HTTP_REQUEST, rows[i].rule), RULE_ANSWER);
		assert_int_equal(run(RULES_REDIRECT, rows[i].rule), RULE_ANSWER);
		if (!span_equal(fake.answer.headers, span_of(rows[i].headers)))
			fail_msg("%s: %.*s", rows[i].rule, SPAN_ARG(fake.answer.headers));
	}
	assert_int_equal(run(RULES_HTTP_REQUEST, "redirect location %[req.hdr(no)] ignore-empty"),
			 RULE_NEXT);
}

static void kept(void **state)
{
	(void)state;
	fake_request(&fake, HEAD);
	assert_int_equal(run(RULES_HTTP_REQUEST,
			     "set-var(txn.p) path,upper\nset-var-fmt(txn.f) <%[var(txn.p)]:%f>\n"
			     "set-var(res.no) str(x)\ncapture path len 2\nset-log-level silent"),
			 RULE_NEXT);
	assert_string_equal(fake_evaluate(&fake, "var(txn.p)"), "/A/B");
	assert_string_equal(fake_evaluate(&fake, "var(txn.f)"), "</A/B:front>");
	assert_string_equal(fake_evaluate(&fake, "capture.req.hdr(2)"), "/a/b");
	assert_int_equal(fake.log_level, -1);
	assert_int_equal(run(RULES_HTTP_REQUEST, "unset-var(txn.p)\ncapture method id 3"),
			 RULE_NEXT);
	assert_string_equal(fake_evaluate(&fake, "var(txn.p)"), "(none)");
	assert_string_equal(fake_evaluate(&fake, "capture.req.hdr(3)"), "GET");
	assert_int_equal(fake.program.references->slot, 3);
}

static void refused(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
	    {"foo", "'add-header', 'allow', 'auth', 'capture', 'del-header', 'deny',"},
	    {"set-heade a b", "did you mean 'set-header'"},
	    {"set-header a", "expects the name of a field and a value"},
	    {"set-header a:b c", "not the name of a header field"},
	    {"set-header a b c", "expects 'if' or 'unless' followed by a condition but found 'c'"},
	    {"set-header a b if", "a condition is missing"},
	    {"set-header a %[foo]", "unknown fetch method 'foo'"},
	    {"set-header a %[str(a)", "missing ']'"},
	    {"set-header a %foo", "no such format variable"},
	    {"set-header(a) b c", "takes nothing in parentheses"},
	    {"set-var str(a)", "expects something in parentheses"},
	    {"set-var(x.y) str(a)", "A variable name must be start by its scope"},
	    {"set-var(txn.y str(a)", "missing ')'"},
	    {"del-header a -m foo", "unsupported matching method 'foo'"},
	    {"replace-header a ( b", "is invalid"},
	    {"deny status 100", "a status from 200 to 599"},
	    {"deny foo", "does not know 'foo'"},
	    {"return string a", "a content type must be defined"},
	    {"return content-type a string b string c", "one payload only"},
	    {"return errorfile nosuch", "cannot use the file 'nosuch'"},
	    {"return errorfiles", "expects a value behind 'errorfiles'"},
	    {"deny errorfiles a default-errorfiles", "one payload only"},
	    {"redirect", "redirection type expected"},
	    {"redirect location / code 305", "must be one of"},
	    {"set-status 200", "but got 'set-status'"},
	    {"set-log-level foo", "expects emerg"},
	    {"capture path max 3", "expects 'len'"},
	    {"capture path len x", "not a number"},
	    {"auth foo", "expects nothing, or 'realm' and a text"},
	    {"auth realm", "expects nothing, or 'realm'"},
	    {"strict-mode maybe", "'on' or 'off'"},
	    {"allow if nosuch", "no such ACL : 'nosuch'"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		if (try_rule(RULES_HTTP_REQUEST, rows[i].text))
			fail_msg("%s compiles", rows[i].text);
		if (!strstr(fake.k.error, rows[i].part))
			fail_msg("%s: %s", rows[i].text, fake.k.error);
	}
}

/* Of a list that was copied one may grow and the other not. */
static void copies(void **state)
{
	struct rule_list a = {0}, b;

	(void)state;
	rule_append(&a, try_rule(RULES_HTTP_REQUEST, "allow"));
	assert_true(rule_list_copy(&b, &a, &fake.arena));
	rule_append(&b, try_rule(RULES_HTTP_REQUEST, "set-uri /"));
	assert_null(a.first->next);
	assert_ptr_equal(b.first->next, b.last);
	assert_true(b.traits & ACTION_CHANGES_START_LINE);
	FAMILY_EACH(action, it)
		assert_true((*it)->run && (*it)->sets && strlen((*it)->help) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields),     cmocka_unit_test(injection), cmocka_unit_test(start_line),
	    cmocka_unit_test(impossible), cmocka_unit_test(statuses),  cmocka_unit_test(final),
	    cmocka_unit_test(redirects),  cmocka_unit_test(kept),      cmocka_unit_test(refused),
	    cmocka_unit_test(copies),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
