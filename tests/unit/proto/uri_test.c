/* SPDX-License-Identifier: MIT */
/* Request targets, authorities and query parameters. */
#include "proto/uri.h"

#include "base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ASSERT_SPAN(s, text) assert_true(span_equal(s, span_of(text)))

static void forms(void **state)
{
	(void)state;
	assert_int_equal(uri_parse(SPAN("/")).form, URI_ORIGIN);
	assert_int_equal(uri_parse(SPAN("//a")).form, URI_ORIGIN);
	assert_int_equal(uri_parse(SPAN("*")).form, URI_ASTERISK);
	assert_int_equal(uri_parse(SPAN("a:80")).form, URI_AUTHORITY);
	assert_int_equal(uri_parse(SPAN("a")).form, URI_AUTHORITY);
	assert_int_equal(uri_parse(SPAN("http://a")).form, URI_ABSOLUTE);
	assert_int_equal(uri_parse(SPAN("x+y-z.1://a")).form, URI_ABSOLUTE);
	assert_int_equal(uri_parse(SPAN("")).form, URI_BAD);
	assert_int_equal(uri_parse(SPAN("**")).form, URI_AUTHORITY);
	assert_int_equal(uri_parse(SPAN("?a")).form, URI_BAD);
	assert_int_equal(uri_parse(SPAN("a/b")).form, URI_BAD);
	assert_int_equal(uri_parse(SPAN("1http://a")).form, URI_BAD);
	assert_int_equal(uri_parse(SPAN("://a")).form, URI_BAD);
	assert_int_equal(uri_parse(SPAN("http://")).form, URI_BAD);
	assert_int_equal(uri_parse(SPAN("http:///a")).form, URI_BAD);
	assert_int_equal(uri_parse(SPAN("http://u@a/")).form, URI_BAD);
	assert_int_equal(uri_parse(SPAN("http://a:b/")).form, URI_BAD);
	assert_int_equal(uri_parse(SPAN("mailto:a@b")).form, URI_BAD);
}

static void parts(void **state)
{
	struct uri u = uri_parse(SPAN("https://a.b:8443/c/d?e=f?g"));

	(void)state;
	ASSERT_SPAN(u.scheme, "https");
	ASSERT_SPAN(u.authority, "a.b:8443");
	ASSERT_SPAN(u.host, "a.b");
	assert_int_equal(u.port, 8443);
	ASSERT_SPAN(u.path, "/c/d");
	ASSERT_SPAN(u.query, "e=f?g");
	ASSERT_SPAN(u.path_and_query, "/c/d?e=f?g");
	u = uri_parse(SPAN("/c?"));
	ASSERT_SPAN(u.path, "/c");
	assert_non_null(u.query.p);
	assert_int_equal(u.query.len, 0);
	u = uri_parse(SPAN("/c"));
	assert_null(u.query.p);
	ASSERT_SPAN(u.path_and_query, "/c");
	u = uri_parse(SPAN("http://[::1]?q"));
	ASSERT_SPAN(u.host, "::1");
	ASSERT_SPAN(u.authority, "[::1]");
	assert_int_equal(u.port, 0);
	assert_int_equal(u.path.len, 0);
	assert_non_null(u.path.p);
	ASSERT_SPAN(u.query, "q");
	u = uri_parse(SPAN("[::1]:443"));
	assert_int_equal(u.form, URI_AUTHORITY);
	ASSERT_SPAN(u.host, "::1");
	assert_int_equal(u.port, 443);
	assert_non_null(u.path.p);
}

static void authorities(void **state)
{
	static const char *const bad[] = {
	    "",     ":",     ":80",   "a:b",    "a:-1",    "a:65536",      "a:+1",
	    "a:1 ", "a b",   "a/b",   "u@a",    "a:1:2",   "[::1",         "::1",
	    "[]",   "[:]",   "[::g]", "[::1]a", "[::1]:x", "[1.2.3.4]",    "a%4",
	    "a%zz", "a\x7f", "\xe9",  "a#b",    "a?b",     "[::1%25eth0]", "[1:2:3:4:5:6:7:8:9:a]",
	    "a\"b", "a\\b",  "a<",    "a|",     "a^",
	};
	static const struct {
		const char *text, *host;
		uint16_t port;
	} good[] = {
	    {"a", "a", 0},
	    {"a:", "a", 0},
	    {"a:0", "a", 0},
	    {"a:65535", "a", 65535},
	    {"a:00080", "a", 80},
	    {"1.2.3.4:5", "1.2.3.4", 5},
	    {"a-b_c.d~e", "a-b_c.d~e", 0},
	    {"a!$&'()*+,;=b", "a!$&'()*+,;=b", 0},
	    {"a%2fb:1", "a%2fb", 1},
	    {"[2001:db8::1]:1", "2001:db8::1", 1},
	    {"[::ffff:1.2.3.4]", "::ffff:1.2.3.4", 0},
	};
	struct span host;
	uint16_t port;

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		host = SPAN("kept");
		port = 7;
		if (uri_split_authority(span_of(bad[i]), &host, &port))
			fail_msg("case %zu was accepted", i);
		ASSERT_SPAN(host, "kept");
		assert_int_equal(port, 7);
	}
	assert_false(uri_split_authority(SPAN("a\0b"), &host, &port));
	for (size_t i = 0; i < array_size(good); i++) {
		assert_true(uri_split_authority(span_of(good[i].text), &host, &port));
		ASSERT_SPAN(host, good[i].host);
		assert_int_equal(port, good[i].port);
	}
}

static void parameters(void **state)
{
	struct span q = SPAN("a=1&b=2&c&a=3&=x&d=e=f&");

	(void)state;
	ASSERT_SPAN(uri_param(q, SPAN("a"), '&'), "1");
	ASSERT_SPAN(uri_param(q, SPAN("b"), '&'), "2");
	ASSERT_SPAN(uri_param(q, SPAN("d"), '&'), "e=f");
	ASSERT_SPAN(uri_param(q, SPAN(""), '&'), "x");
	assert_non_null(uri_param(q, SPAN("c"), '&').p);
	assert_int_equal(uri_param(q, SPAN("c"), '&').len, 0);
	assert_null(uri_param(q, SPAN("e"), '&').p);
	assert_null(uri_param(q, SPAN("A"), '&').p);
	ASSERT_SPAN(uri_param(SPAN("a=1;b=2"), SPAN("b"), ';'), "2");
	ASSERT_SPAN(uri_param(SPAN("a=1;b=2"), SPAN("a"), '&'), "1;b=2");
	assert_null(uri_param(SPAN_NONE, SPAN("a"), '&').p);
	assert_null(uri_param(SPAN(""), SPAN("a"), '&').p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(forms),
	    cmocka_unit_test(parts),
	    cmocka_unit_test(authorities),
	    cmocka_unit_test(parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
