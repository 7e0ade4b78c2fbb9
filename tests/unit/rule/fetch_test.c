/* SPDX-License-Identifier: MIT */
/* Fetches over messages and the fake program; values as Debian's haproxy 2.6 gives them. */
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

struct row {
	const char *expression, *value;
};

static void expect(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = fake_evaluate(&fake, rows[i].expression);

		if (strcmp(got, rows[i].value) != 0)
			fail_msg("%s: '%s', not '%s'", rows[i].expression, got, rows[i].value);
	}
}

static void request(void **state)
{
	static const struct row rows[] = {
	    {"method", "GET"},
	    {"path", "/p/a"},
	    {"pathq", "/p/a?a=1&b=x%20y&n=5;c=3"},
	    {"url", "/p/a?a=1&b=x%20y&n=5;c=3"},
	    {"query", "a=1&b=x%20y&n=5;c=3"},
	    {"base", "h.com:80/p/a"},
	    {"baseq", "h.com:80/p/a?a=1&b=x%20y&n=5;c=3"},
	    {"base32", "2485698954"},
	    {"url32", "2089493973"},
	    {"req.ver", "1.1"},
	    {"url_param(a)", "1"},
	    {"url_param(b)", "x%20y"},
	    {"url_param(c)", "3"},
	    {"url_param(nope)", "(none)"},
	    {"urlp(a)", "1"},
	    {"urlp_val(n)", "5"},
	    {"req.hdr(x)", "c"},
	    {"req.hdr(x,1)", "1"},
	    {"req.hdr(x,2)", "2"},
	    {"req.hdr(x,4)", "\"a,b\""},
	    {"req.hdr(x,-2)", "\"a,b\""},
	    {"req.hdr(x,9)", "(none)"},
	    {"req.hdr(x,-9)", "(none)"},
	    {"req.hdr", "(none)"},
	    {"req.fhdr(x)", "\"a,b\",c"},
	    {"req.fhdr(x,1)", "1,2, 3"},
	    {"req.hdr_cnt(x)", "5"},
	    {"req.fhdr_cnt(x)", "2"},
	    {"hdr(host)", "h.com:80"},
	    {"hdr_val(n)", "12"},
	    {"hdr_ip(ip)", "5.6.7.8"},
	    {"req.hdr_ip(ip,1)", "1.2.3.4"},
	    {"req.hdr_names", "host,x,x,n,ip,cookie,cookie"},
	    {"req.hdr_names(|)", "host|x|x|n|ip|cookie|cookie"},
	    {"req.cook(a)", "2"},
	    {"req.cook(b)", "\"x y\""},
	    {"req.cook(nope)", "(none)"},
	    {"req.cook_cnt", "4"},
	    {"req.cook_cnt(a)", "2"},
	    {"req.cook_val(n)", "7"},
	    {"req.cook_names", "a,b,n,a"},
	    {"cook(b)", "\"x y\""},
	    {"req.proto_http", "1"},
	};

	(void)state;
	fake_request(&fake, "GET /p/a?a=1&b=x%20y&n=5;c=3 HTTP/1.1\nHost: h.com:80\nX: 1,2, 3\n"
			    "X: \"a,b\",c\nN: 12x\nIp: 1.2.3.4, 5.6.7.8:80\n"
			    "Cookie: a=1; b=\"x y\"; n=7\nCookie: a=2\n");
	expect(rows, array_size(rows));
}

static void other_targets(void **state)
{
	static const struct row absolute[] = {
	    {"path", "/p"},
	    {"query", "x"},
	    {"url", "http://192.0.2.9:8080/p?x"},
	    {"pathq", "/p?x"},
	    {"url_port", "8080"},
	    {"url_ip", "192.0.2.9"},
	    {"base", "192.0.2.9:8080/p"},
	};
	static const struct row star[] = {
	    {"path", "(none)"}, {"query", "(none)"}, {"url", "*"},
	    {"base", "a"},      {"req.ver", "1.0"},
	};

	(void)state;
	fake_request(&fake, "GET http://192.0.2.9:8080/p?x HTTP/1.1\nHost: 192.0.2.9:8080\n");
	expect(absolute, array_size(absolute));
	fake_request(&fake, "OPTIONS * HTTP/1.0\nHost: a\n");
	expect(star, array_size(star));
}

static void response(void **state)
{
	static const struct row rows[] = {
	    {"status", "404"},
	    {"res.ver", "1.1"},
	    {"res.hdr(x)", "b"},
	    {"res.hdr(x,1)", "a"},
	    {"res.fhdr(x)", "a, b"},
	    {"res.hdr_cnt(x)", "2"},
	    {"res.hdr_names", "x,set-cookie,set-cookie,content-length"},
	    {"res.cook(s)", "1"},
	    {"res.cook(t)", "2"},
	    {"res.cook_names", "s,t"},
	    {"shdr(x)", "b"},
	};

	(void)state;
	fake_response(&fake, "HTTP/1.1 404 Not Found\nX: a, b\nSet-Cookie: s=1; path=/\n"
			     "Set-Cookie: t=2\nContent-Length: 0\n");
	expect(rows, array_size(rows));
}

static void nothing_there(void **state)
{
	static const char *const expressions[] = {
	    "method",  "path",      "req.hdr(x)", "req.hdr_cnt(x)",
	    "req.ver", "status",    "res.hdr(x)", "req.cook(a)",
	    "base",    "url_param", "req.hdrs",   "req.hdr_names",
	    "dst",     "fe_name",   "nbsrv",      "var(txn.a)"};
	struct rule_context ctx = fake.ctx;

	(void)state;
	fake.ctx.request = fake.ctx.response = NULL;
	fake.ctx.world = NULL;
	for (size_t i = 0; i < array_size(expressions); i++)
		assert_string_equal(fake_evaluate(&fake, expressions[i]), "(none)");
	fake.ctx = ctx;
}

static void program(void **state)
{
	static const struct row rows[] = {
	    {"src", "192.0.2.1"},
	    {"src_port", "1234"},
	    {"dst", "192.0.2.80"},
	    {"dst_port", "80"},
	    {"src_is_local", "0"},
	    {"fe_name", "front"},
	    {"be_name", "back"},
	    {"srv_name", "s1"},
	    {"unique-id", "(none)"},
	    {"date", "1500000000"},
	    {"date(10)", "1500000010"},
	    {"date(0,ms)", "1500000000123"},
	    {"date_us", "123456"},
	    {"rand(1)", "0"},
	    {"uuid,length", "36"},
	    {"wait_end", "1"},
	    {"capture.req.hdr(1)", "(none)"},
	};

	(void)state;
	expect(rows, array_size(rows));
	/* of a proxy that is named, or of the stream's own */
	assert_int_equal(fake_evaluate(&fake, "nbsrv")[2], '0');
	assert_int_equal(fake_evaluate(&fake, "nbsrv(b2)")[2], '1');
	assert_true(span_equal(fake.program.references->proxy_name, SPAN("b2")));
	fake_evaluate(&fake, "srv_is_up(b3/s)");
	assert_true(span_equal(fake.program.references->proxy_name, SPAN("b3")));
	assert_true(span_equal(fake.program.references->server_name, SPAN("s")));
	fake_evaluate(&fake, "srv_is_up(s)");
	assert_null(fake.program.references->proxy_name.p);
}

static void what_is_needed(void **state)
{
	(void)state;
	fake.k.provided = NEEDS_HTTP_REQUEST;
	assert_non_null(strstr(fake_error(&fake, "res.hdr(x)"), "'HTTP response headers'"));
	assert_non_null(strstr(fake_error(&fake, "srv_name"), "the connection to the server"));
	fake.k.provided = ~0u;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(request),  cmocka_unit_test(other_targets),
	    cmocka_unit_test(response), cmocka_unit_test(nothing_there),
	    cmocka_unit_test(program),  cmocka_unit_test(what_is_needed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
