/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1 heads: good and bad byte arrays, each given whole (in a block of exactly its size), cut at
 * every place, and byte by byte. All ways must give the same result, the same message or the same
 * fault at the same place.
 */
#include "proto/h1_parse.h"

#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct outcome {
	enum parse_result result;
	struct h1_parser parser;
	char text[2048]; /* the message, in one line */
};

struct way {
	bool response;
	enum http_method to; /* responses */
	struct h1_options options;
};

static const struct way request = {.options = {.max_bytes = 1024, .max_headers = 20}};
static const struct way relaxed_request = {
    .options = {.max_bytes = 1024, .max_headers = 20, .relaxed = true}};
static const struct way response = {
    .response = true, .to = HTTP_GET, .options = {.max_bytes = 1024, .max_headers = 20}};

static void describe(struct outcome *out, const struct message *m)
{
	static const char *const framings[] = {"none", "length", "chunked", "close", "tunnel"};
	struct buffer b;

	buffer_init_fixed(&b, out->text, sizeof(out->text));
	if (m->is_response)
		buffer_printf(&b, "%u[%.*s]", m->status, SPAN_ARG(m->reason));
	else
		buffer_printf(&b, "%d %.*s %.*s", (int)m->method, SPAN_ARG(m->method_text),
			      SPAN_ARG(m->target));
	buffer_printf(&b, " %d %s %llu%s%s%s", m->version, framings[m->framing],
		      (unsigned long long)m->content_length, m->persistent ? " keep" : " close",
		      m->upgrade ? " upgrade" : "", m->expect_continue ? " expect" : "");
	for (unsigned int i = 0; i < m->headers.n; i++) {
		const struct header *h = &m->headers.v[i];

		assert_int_equal(h->token, header_token(h->name));
		if (!h->deleted)
			buffer_printf(&b, "|%.*s=%.*s", SPAN_ARG(h->name), SPAN_ARG(h->value));
	}
	assert_false(b.failed);
	buffer_text(&b);
}

static enum parse_result step(const struct way *w, struct h1_parser *p, struct span in,
			      struct message *m)
{
	if (w->response)
		return h1_parse_response(p, in, &w->options, w->to, m);
	return h1_parse_request(p, in, &w->options, m);
}

/* Gives `cuts` lengths one after the other, then all of it; what was not given yet is another byte
 * in memory. */
static void parse_cut(const struct way *w, struct span bytes, const size_t *cuts, size_t n,
		      struct outcome *out)
{
	struct header v[20];
	struct message m = {.headers = {.v = v, .cap = array_size(v)}};
	char *copy = malloc(bytes.len ? bytes.len : 1);

	assert_non_null(copy);
	*out = (struct outcome){.result = PARSE_MORE};
	memset(copy, '\n', bytes.len);
	for (size_t i = 0; i <= n && out->result == PARSE_MORE; i++) {
		size_t len = i < n ? cuts[i] : bytes.len;

		memcpy(copy, bytes.p, len);
		out->result = step(w, &out->parser, (struct span){copy, len}, &m);
	}
	if (out->result == PARSE_OK)
		describe(out, &m);
	free(copy);
}

static void assert_same(const struct outcome *a, const struct outcome *b)
{
	assert_int_equal(a->result, b->result);
	assert_int_equal(a->parser.fault, b->parser.fault);
	assert_int_equal(a->parser.fault_offset, b->parser.fault_offset);
	if (a->result == PARSE_OK)
		assert_int_equal(a->parser.at, b->parser.at);
	assert_string_equal(a->text, b->text);
}

static struct outcome parse_all_ways(const struct way *w, struct span bytes)
{
	struct outcome whole, other;
	size_t *every = calloc(bytes.len + 1, sizeof(*every));

	assert_non_null(every);
	parse_cut(w, bytes, NULL, 0, &whole);
	for (size_t i = 0; i < bytes.len; i++) {
		every[i] = i;
		parse_cut(w, bytes, &i, 1, &other);
		assert_same(&whole, &other);
	}
	parse_cut(w, bytes, every, bytes.len, &other);
	assert_same(&whole, &other);
	free(every);
	return whole;
}

static void expect_good(const struct way *w, struct span bytes, const char *text)
{
	struct outcome o = parse_all_ways(w, bytes);

	if (o.result != PARSE_OK)
		print_error("fault '%s' at %zu in: %.*s\n", h1_fault_text(o.parser.fault),
			    o.parser.fault_offset, SPAN_ARG(bytes));
	assert_int_equal(o.result, PARSE_OK);
	assert_string_equal(o.text, text);
}

static void expect_bad(const struct way *w, struct span bytes, enum h1_fault fault)
{
	struct outcome o = parse_all_ways(w, bytes);

	if (o.result != PARSE_BAD || o.parser.fault != fault)
		print_error("result %d, '%s' at %zu in: %.*s\n", o.result,
			    h1_fault_text(o.parser.fault), o.parser.fault_offset, SPAN_ARG(bytes));
	assert_int_equal(o.result, PARSE_BAD);
	assert_int_equal(o.parser.fault, fault);
	assert_true(o.parser.fault_offset <= bytes.len);
}

struct good {
	struct span bytes;
	const char *text;
};

struct bad {
	struct span bytes;
	enum h1_fault fault;
};

#define BYTES(text)                                                                                \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}
#define HOST "Host: a\r\n"

static void expect_all_good(const struct way *w, const struct good *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect_good(w, cases[i].bytes, cases[i].text);
}

static void expect_all_bad(const struct way *w, const struct bad *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect_bad(w, cases[i].bytes, cases[i].fault);
}

static void good_requests(void **state)
{
	static const struct good cases[] = {
	    {BYTES("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "1 GET / 11 none 0 keep|Host=a"},
	    {BYTES("GET / HTTP/1.0\r\n\r\n"), "1 GET / 10 none 0 close"},
	    {BYTES("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"),
	     "1 GET / 10 none 0 keep|Connection=Keep-Alive"},
	    {BYTES("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"),
	     "1 GET / 10 none 0 close|Connection=keep-alive, close"},
	    {BYTES("GET / HTTP/1.1\r\nHost: a\r\nConnection: x,Close\r\n\r\n"),
	     "1 GET / 11 none 0 close|Host=a|Connection=x,Close"},
	    {BYTES("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), "1 GET / 11 none 0 keep|Host=a"},
	    {BYTES("GET / HTTP/1.9\r\nHost: a\r\n\r\n"), "1 GET / 11 none 0 keep|Host=a"},
	    {BYTES("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), "1 GET / 11 none 0 keep|Host=a"},
	    {BYTES("get / HTTP/1.1\r\nHost: a\r\n\r\n"), "0 get / 11 none 0 keep|Host=a"},
	    {BYTES("M-SEARCH!# /x HTTP/1.1\r\nHost: a\r\n\r\n"),
	     "0 M-SEARCH!# /x 11 none 0 keep|Host=a"},
	    {BYTES("GET /a?b=%20\"<>|{}[]^`\\ HTTP/1.1\r\nHost: a\r\n\r\n"),
	     "1 GET /a?b=%20\"<>|{}[]^`\\ 11 none 0 keep|Host=a"},
	    {BYTES("GET //x HTTP/1.1\r\nHost: a\r\n\r\n"), "1 GET //x 11 none 0 keep|Host=a"},
	    {BYTES("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), "6 OPTIONS * 11 none 0 keep|Host=a"},
	    {BYTES("GET / HTTP/1.1\r\nhost:a\r\nX:\r\nY: \t b \t c\t \r\nz: \xe9\xff\r\n\r\n"),
	     "1 GET / 11 none 0 keep|host=a|X=|Y=b \t c|z=\xe9\xff"},
	    {BYTES("GET / HTTP/1.1\r\nHost:\r\n\r\n"), "1 GET / 11 none 0 keep|Host="},
	    {BYTES("GET / HTTP/1.1\r\nHost:  a\r\nV: b \r\nW:c  \r\nX: \r\nY:  \r\nZ:d\r\n\r\n"),
	     "1 GET / 11 none 0 keep|Host=a|V=b|W=c|X=|Y=|Z=d"},
	    {BYTES("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"),
	     "1 GET / 11 none 0 keep|Host=[::1]:8080"},
	    {BYTES("GET / HTTP/1.1\r\nHost: a_b.c-d:\r\nX_1!#$%&'*+.^`|~: 2\r\n\r\n"),
	     "1 GET / 11 none 0 keep|Host=a_b.c-d:|X_1!#$%&'*+.^`|~=2"},
	    {BYTES("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: "
		   "007\r\n\r\n"),
	     "3 POST / 11 length 7 keep expect|Host=a|Expect=100-Continue|Content-Length=007"},
	    {BYTES("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n"),
	     "3 POST / 10 length 7 close|Expect=100-continue|Content-Length=7"},
	    {BYTES("PATCH / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, "
		   "Upgrade\r\n\r\n"),
	     "9 PATCH / 11 none 0 keep upgrade|Host=a|Upgrade=websocket|Connection=keep-alive, "
	     "Upgrade"},
	};

	(void)state;
	expect_all_good(&request, cases, array_size(cases));
}

static void upgrades_that_do_not_count(void **state)
{
	static const struct good cases[] = {
	    {BYTES("GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nConnection: Upgrade, "
		   "HTTP2-Settings\r\nHTTP2-Settings: AA\r\n\r\n"),
	     "1 GET / 11 none 0 keep|Host=a|Upgrade=h2c|Connection=Upgrade, "
	     "HTTP2-Settings|HTTP2-Settings=AA"},
	    {BYTES("GET / HTTP/1.1\r\n" HOST
		   "Upgrade: x, H2C\r\nUpgrade: y\r\nConnection: upgrade\r\n\r\n"),
	     "1 GET / 11 none 0 keep|Host=a|Upgrade=x, H2C|Upgrade=y|Connection=upgrade"},
	    {BYTES("GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n\r\n"),
	     "1 GET / 11 none 0 keep|Host=a|Upgrade=websocket"},
	    {BYTES("GET / HTTP/1.1\r\n" HOST "Connection: upgrade\r\n\r\n"),
	     "1 GET / 11 none 0 keep|Host=a|Connection=upgrade"},
	    {BYTES("GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"),
	     "1 GET / 10 none 0 close|Upgrade=websocket|Connection=upgrade"},
	    {BYTES("POST / HTTP/1.1\r\n" HOST
		   "Content-Length: 2\r\nUpgrade: w\r\nConnection: upgrade\r\n\r\n"),
	     "3 POST / 11 length 2 keep|Host=a|Content-Length=2|Upgrade=w|Connection=upgrade"},
	};

	(void)state;
	expect_all_good(&request, cases, array_size(cases));
}

static void absolute_targets_and_connect(void **state)
{
	static const struct good good[] = {
	    {BYTES("GET http://a/x HTTP/1.1\r\n" HOST "\r\n"),
	     "1 GET http://a/x 11 none 0 keep|Host=a"},
	    {BYTES("GET HTTP://A HTTP/1.1\r\n" HOST "\r\n"),
	     "1 GET HTTP://A 11 none 0 keep|Host=a"},
	    {BYTES("GET http://a?x HTTP/1.1\r\n" HOST "\r\n"),
	     "1 GET http://a?x 11 none 0 keep|Host=a"},
	    {BYTES("GET http://a:80/x HTTP/1.1\r\n" HOST "\r\n"),
	     "1 GET http://a:80/x 11 none 0 keep|Host=a"},
	    {BYTES("GET https://a/x HTTP/1.1\r\nHost: a:443\r\n\r\n"),
	     "1 GET https://a/x 11 none 0 keep|Host=a:443"},
	    {BYTES("GET ftp://a:21/x HTTP/1.1\r\nHost: a:21\r\n\r\n"),
	     "1 GET ftp://a:21/x 11 none 0 keep|Host=a:21"},
	    {BYTES("GET http://a/x HTTP/1.0\r\n\r\n"), "1 GET http://a/x 10 none 0 close"},
	    {BYTES("CONNECT a:8080 HTTP/1.1\r\nHost: a:8080\r\n\r\n"),
	     "8 CONNECT a:8080 11 none 0 keep|Host=a:8080"},
	    {BYTES("CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n"),
	     "8 CONNECT a:443 11 none 0 keep|Host=a"},
	    {BYTES("CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n"),
	     "8 CONNECT [::1]:443 11 none 0 keep|Host=[::1]:443"},
	};
	static const struct bad bad[] = {
	    {BYTES("GET http://b/x HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_HOST},
	    {BYTES("GET http://a:81/x HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_HOST},
	    {BYTES("GET http://a/x HTTP/1.1\r\nHost: a:443\r\n\r\n"), H1_BAD_HOST},
	    {BYTES("GET http://a/x HTTP/1.1\r\nHost:\r\n\r\n"), H1_BAD_HOST},
	    {BYTES("GET http://a/x HTTP/1.0\r\nHost: b\r\n\r\n"), H1_BAD_HOST},
	    {BYTES("GET http://a/x HTTP/1.1\r\n\r\n"), H1_BAD_HOST},
	    {BYTES("GET http:///x HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET http://u@a/x HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET http://a:x/ HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET http:/a HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET a:80 HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET a HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET ?a HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET * HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("OPTIONS *x HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("CONNECT a HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_CONNECT},
	    {BYTES("CONNECT a:0 HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_CONNECT},
	    {BYTES("CONNECT a:65536 HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_CONNECT},
	    {BYTES("CONNECT /a HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_CONNECT},
	    {BYTES("CONNECT http://a/ HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_CONNECT},
	    {BYTES("CONNECT * HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_CONNECT},
	    {BYTES("CONNECT a:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"), H1_BAD_HOST},
	    {BYTES("CONNECT a:8080 HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_HOST},
	    {BYTES("CONNECT a:443 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"),
	     H1_BAD_CONNECT},
	    {BYTES("CONNECT a:443 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"),
	     H1_BAD_CONNECT},
	};

	(void)state;
	expect_all_good(&request, good, array_size(good));
	expect_all_bad(&request, bad, array_size(bad));
}

static void bad_request_lines(void **state)
{
	static const struct bad cases[] = {
	    {BYTES(" GET / HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_METHOD},
	    {BYTES("G@T / HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_METHOD},
	    {BYTES("GET\t/ HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_METHOD},
	    {BYTES("GET\r\n\r\n"), H1_BAD_METHOD},
	    {BYTES("G\0T / HTTP/1.1\r\n\r\n"), H1_BAD_METHOD},
	    {BYTES("\x16\x03\x01\x02\x00\x01\x00"), H1_BAD_METHOD},
	    {BYTES("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_METHOD},
	    {BYTES("\nGET / HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_LINE_END},
	    {BYTES("\rGET / HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_LINE_END},
	    {BYTES("GET  / HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET /\x01 HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET /\x7f HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET /\0 HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET /\t HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET /\n HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET /a#b HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET /\r\n\r\n"), H1_BAD_VERSION},
	    {BYTES("GET /  HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_VERSION},
	    {BYTES("GET / HTTP/1.1 \r\n" HOST "\r\n"), H1_BAD_VERSION},
	    {BYTES("GET / HTTP/1.10\r\n" HOST "\r\n"), H1_BAD_VERSION},
	    {BYTES("GET / HTTP/1.\r\n" HOST "\r\n"), H1_BAD_VERSION},
	    {BYTES("GET / HTTP/0.9\r\n" HOST "\r\n"), H1_BAD_VERSION},
	    {BYTES("GET / HTTP/2.0\r\n" HOST "\r\n"), H1_BAD_VERSION},
	    {BYTES("GET / HTTP/11\r\n" HOST "\r\n"), H1_BAD_VERSION},
	    {BYTES("GET / http/1.1\r\n" HOST "\r\n"), H1_BAD_VERSION},
	    {BYTES("GET / ICAP/1.0\r\n" HOST "\r\n"), H1_BAD_VERSION},
	    {BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), H1_BAD_VERSION},
	    {BYTES("PRI * HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("PRI /x HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_METHOD},
	    {BYTES("GET / HTTP/1.1\n" HOST "\r\n"), H1_BAD_LINE_END},
	    {BYTES("GET / HTTP/1.1\rHost: a\r\n\r\n"), H1_BAD_LINE_END},
	};

	(void)state;
	expect_all_bad(&request, cases, array_size(cases));
}

#define AFTER(fields) BYTES("GET / HTTP/1.1\r\n" HOST fields "\r\n")

static void bad_fields(void **state)
{
	static const struct bad cases[] = {
	    {AFTER("X: a\n"), H1_BAD_LINE_END},
	    {AFTER("X: a\rb\r\n"), H1_BAD_LINE_END},
	    {AFTER("X: a\r\r\n"), H1_BAD_LINE_END},
	    {AFTER("X: a\0b\r\n"), H1_BAD_LINE_END},
	    {AFTER("X\r\n"), H1_BAD_LINE_END},
	    {AFTER("\n"), H1_BAD_LINE_END},
	    {AFTER("\rX: a\r\n"), H1_BAD_LINE_END},
	    {AFTER("X: a\r\n b\r\n"), H1_OBS_FOLD},
	    {AFTER("X: a\r\n\tb\r\n"), H1_OBS_FOLD},
	    {AFTER("X: a\r\n \r\n"), H1_OBS_FOLD},
	    {BYTES("GET / HTTP/1.1\r\n X: b\r\n" HOST "\r\n"), H1_OBS_FOLD},
	    {AFTER("X : a\r\n"), H1_BAD_HEADER_NAME},
	    {AFTER("X\t: a\r\n"), H1_BAD_HEADER_NAME},
	    {AFTER(": a\r\n"), H1_BAD_HEADER_NAME},
	    {AFTER("X y: a\r\n"), H1_BAD_HEADER_NAME},
	    {AFTER("X[]: a\r\n"), H1_BAD_HEADER_NAME},
	    {AFTER("X(a): a\r\n"), H1_BAD_HEADER_NAME},
	    {AFTER("X\"a: a\r\n"), H1_BAD_HEADER_NAME},
	    {AFTER("X\x01: a\r\n"), H1_BAD_HEADER_NAME},
	    {AFTER("X\xe9: a\r\n"), H1_BAD_HEADER_NAME},
	    {AFTER("\0: a\r\n"), H1_BAD_LINE_END},
	    {AFTER("Content-Length\0: 5\r\n"), H1_BAD_LINE_END},
	    {AFTER("X: a\x01\r\n"), H1_BAD_HEADER_VALUE},
	    {AFTER("X: a\x0b\r\n"), H1_BAD_HEADER_VALUE},
	    {AFTER("X: a\x7f\r\n"), H1_BAD_HEADER_VALUE},
	    {AFTER("X: \x1f\r\n"), H1_BAD_HEADER_VALUE},
	    {AFTER(HOST), H1_BAD_HOST},
	    {AFTER("Host: b\r\n"), H1_BAD_HOST},
	    {BYTES("GET / HTTP/1.1\r\n\r\n"), H1_BAD_HOST},
	    {BYTES("GET / HTTP/1.0\r\n" HOST HOST "\r\n"), H1_BAD_HOST},
	    {BYTES("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), H1_BAD_HOST},
	    {BYTES("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), H1_BAD_HOST},
	    {BYTES("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), H1_BAD_HOST},
	    {BYTES("GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n"), H1_BAD_HOST},
	    {BYTES("GET / HTTP/1.1\r\nHost: a:x\r\n\r\n"), H1_BAD_HOST},
	    {BYTES("GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n"), H1_BAD_HOST},
	};

	(void)state;
	expect_all_bad(&request, cases, array_size(cases));
}

#define POST(fields) BYTES("POST / HTTP/1.1\r\n" HOST fields "\r\n")

static void one_length_or_none(void **state)
{
	static const struct good good[] = {
	    {POST("Content-Length: 5\r\n"), "3 POST / 11 length 5 keep|Host=a|Content-Length=5"},
	    {POST("Content-Length:\t 0 \r\n"), "3 POST / 11 length 0 keep|Host=a|Content-Length=0"},
	    {POST("Content-Length: 9223372036854775807\r\n"),
	     "3 POST / 11 length 9223372036854775807 "
	     "keep|Host=a|Content-Length=9223372036854775807"},
	    {POST("Content-Length: 5\r\nX: y\r\ncontent-length: 05\r\n"),
	     "3 POST / 11 length 5 keep|Host=a|Content-Length=5|X=y"},
	    {POST("Transfer-Encoding: chunked\r\n"),
	     "3 POST / 11 chunked 0 keep|Host=a|Transfer-Encoding=chunked"},
	    {POST("transfer-encoding: \tChunKed \r\n"),
	     "3 POST / 11 chunked 0 keep|Host=a|transfer-encoding=ChunKed"},
	    {POST(""), "3 POST / 11 none 0 keep|Host=a"},
	};
	static const struct bad bad[] = {
	    {POST("Content-Length:\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: \r\nContent-Length: 5\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: 5\r\nContent-Length:\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: +5\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: -5\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: -0\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: 5 6\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: 5,5\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: 5, 6\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: 5,\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: ,5\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: 0x5\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: 5;\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: \"5\"\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: 5.0\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: 1e1\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: \xb2\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: 9223372036854775808\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: 18446744073709551616\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: 18446744073709551621\r\n"), H1_BAD_CONTENT_LENGTH},
	    {POST("Content-Length: 5\r\nContent-Length: 6\r\n"), H1_BAD_CONTENT_LENGTH},
	};

	(void)state;
	expect_all_good(&request, good, array_size(good));
	expect_all_bad(&request, bad, array_size(bad));
}

static void one_coding_or_none(void **state)
{
	static const struct bad bad[] = {
	    {POST("Transfer-Encoding:\r\n"), H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n"),
	     H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n"),
	     H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
	     H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding: chunked,\r\n"), H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding: ,chunked\r\n"), H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding: chunked, chunked\r\n"), H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding: gzip, chunked\r\n"), H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding: chunked, identity\r\n"), H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding: identity\r\n"), H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding: xchunked\r\n"), H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding: chunkedx\r\n"), H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding: chunked;q=1\r\n"), H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding: \"chunked\"\r\n"), H1_BAD_TRANSFER_ENCODING},
	    {POST("Transfer-Encoding: chunked\x0b\r\n"), H1_BAD_HEADER_VALUE},
	    {POST("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), H1_BOTH_FRAMINGS},
	    {POST("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), H1_BOTH_FRAMINGS},
	    {POST("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), H1_BOTH_FRAMINGS},
	    {BYTES("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
	     H1_BAD_TRANSFER_ENCODING},
	    {BYTES("POST / HTTP/1.0\r\nTransfer-Encoding: identity\r\n\r\n"),
	     H1_BAD_TRANSFER_ENCODING},
	    {BYTES("POST / HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
	     H1_BAD_TRANSFER_ENCODING},
	};

	(void)state;
	expect_all_bad(&request, bad, array_size(bad));
}

static void relaxed_takes_more(void **state)
{
	static const struct good good[] = {
	    {BYTES("GET /\xc3\xa9#x HTTP/1.1\r\n" HOST "\r\n"),
	     "1 GET /\xc3\xa9#x 11 none 0 keep|Host=a"},
	    {AFTER("X[\xe9]: a\x01\x7f\x1f\r\n"),
	     "1 GET / 11 none 0 keep|Host=a|X[\xe9]=a\x01\x7f\x1f"},
	    {BYTES("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), "1 GET / 11 none 0 keep|Host=a b"},
	    {BYTES("GET http://b:1/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	     "1 GET http://b:1/ 11 none 0 keep|Host=b:1"},
	};
	static const struct bad bad[] = {
	    {BYTES("GET /\x01 HTTP/1.1\r\n" HOST "\r\n"), H1_BAD_TARGET},
	    {BYTES("GET / HTTP/2.0\r\n" HOST "\r\n"), H1_BAD_VERSION},
	    {AFTER("X : a\r\n"), H1_BAD_HEADER_NAME},
	    {AFTER(": a\r\n"), H1_BAD_HEADER_NAME},
	    {AFTER("X: a\nb\r\n"), H1_BAD_LINE_END},
	    {AFTER("X: a\rb\r\n"), H1_BAD_LINE_END},
	    {AFTER("X: a\0b\r\n"), H1_BAD_LINE_END},
	    {AFTER("X: a\r\n b\r\n"), H1_OBS_FOLD},
	    {AFTER("Transfer-Encoding: chunked\x0b\r\n"), H1_BAD_TRANSFER_ENCODING},
	    {AFTER("Content-Length: 5\x01\r\n"), H1_BAD_CONTENT_LENGTH},
	    {AFTER("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), H1_BOTH_FRAMINGS},
	    {AFTER(HOST), H1_BAD_HOST},
	};

	(void)state;
	expect_all_good(&relaxed_request, good, array_size(good));
	expect_all_bad(&relaxed_request, bad, array_size(bad));
}

static void good_responses(void **state)
{
	static const struct good cases[] = {
	    {BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
	     "200[OK] 11 length 2 keep|Content-Length=2"},
	    {BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n"),
	     "200[OK] 11 length 2 keep|Content-Length=2"},
	    {BYTES("HTTP/1.1 200\r\n\r\n"), "200[] 11 close 0 close"},
	    {BYTES("HTTP/1.1 200 \r\n\r\n"), "200[] 11 close 0 close"},
	    {BYTES("HTTP/1.0 404 Not \t\xe9 Found \r\nConnection: keep-alive\r\nContent-Length: "
		   "0\r\n\r\n"),
	     "404[Not \t\xe9 Found ] 10 length 0 keep|Connection=keep-alive|Content-Length=0"},
	    {BYTES("HTTP/1.3 999 x\r\nTransfer-Encoding: Chunked\r\n\r\n"),
	     "999[x] 11 chunked 0 keep|Transfer-Encoding=Chunked"},
	    {BYTES("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"),
	     "200[OK] 11 chunked 0 close|Connection=close|Transfer-Encoding=chunked"},
	    {BYTES("HTTP/1.1 100 Continue\r\n\r\n"), "100[Continue] 11 none 0 keep"},
	    {BYTES("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 5\r\n\r\n"),
	     "103[Early Hints] 11 none 0 close|Link=</a>"},
	    {BYTES("HTTP/1.1 204 N\r\nContent-Length: 0\r\n\r\n"), "204[N] 11 none 0 keep"},
	    {BYTES("HTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\n"), "204[N] 11 none 0 close"},
	    {BYTES("HTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\n\r\n"),
	     "204[N] 11 none 0 close"},
	    {BYTES("HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n"),
	     "304[N] 11 none 0 keep|Content-Length=5"},
	    {BYTES("HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: "
		   "2\r\n\r\n"),
	     "101[S] 11 tunnel 0 close upgrade|Upgrade=websocket|Connection=upgrade"},
	    {BYTES("HTTP/1.1 200 OK\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n"),
	     "200[OK] 11 length 0 keep|Host=a|Host=b|Content-Length=0"},
	};

	(void)state;
	expect_all_good(&response, cases, array_size(cases));
}

static void method_of_the_request_frames_the_response(void **state)
{
	struct way head = response, connect = response;

	(void)state;
	head.to = HTTP_HEAD;
	connect.to = HTTP_CONNECT;
	expect_good(&head, SPAN("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
		    "200[OK] 11 none 0 keep|Content-Length=5");
	expect_good(&head, SPAN("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
		    "200[OK] 11 none 0 keep|Transfer-Encoding=chunked");
	expect_good(&head, SPAN("HTTP/1.1 200 OK\r\n\r\n"), "200[OK] 11 none 0 keep");
	expect_good(&connect, SPAN("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
		    "200[OK] 11 tunnel 0 close");
	expect_good(&connect, SPAN("HTTP/1.1 299 OK\r\n\r\n"), "299[OK] 11 tunnel 0 keep");
	expect_good(&connect, SPAN("HTTP/1.1 407 No\r\nContent-Length: 3\r\n\r\n"),
		    "407[No] 11 length 3 keep|Content-Length=3");
}

static void bad_responses(void **state)
{
	static const struct bad cases[] = {
	    {BYTES("HTTP/1.1 000 OK\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.1 099 OK\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.1 20 OK\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.1 1000 OK\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.1 2x0 OK\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.1 +20 OK\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.1  200 OK\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.1 200OK\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.1 200\tOK\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.1\t200 OK\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.1 200 O\x01K\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.1 200 O\rK\r\n\r\n"), H1_BAD_LINE_END},
	    {BYTES("HTTP/1.1 200\rOK\r\n\r\n"), H1_BAD_LINE_END},
	    {BYTES("HTTP/1.1 200 O\0K\r\n\r\n"), H1_BAD_LINE_END},
	    {BYTES("HTTP/1.1 200 OK\n\r\n"), H1_BAD_LINE_END},
	    {BYTES("HTTP/1.1 200\n\r\n"), H1_BAD_LINE_END},
	    {BYTES("HTTP/2.0 200 OK\r\n\r\n"), H1_BAD_VERSION},
	    {BYTES("HTTP/0.9 200 OK\r\n\r\n"), H1_BAD_VERSION},
	    {BYTES("HTTP/1.10 200 OK\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("http/1.1 200 OK\r\n\r\n"), H1_BAD_VERSION},
	    {BYTES("ICY 200 OK\r\n\r\n"), H1_BAD_VERSION},
	    {BYTES("\r\nHTTP/1.1 200 OK\r\n\r\n"), H1_BAD_VERSION},
	    {BYTES("HTTP/1.1 101 S\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.0 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), H1_BAD_STATUS},
	    {BYTES("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
	     H1_BAD_TRANSFER_ENCODING},
	    {BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
	     H1_BAD_TRANSFER_ENCODING},
	    {BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"), H1_BAD_TRANSFER_ENCODING},
	    {BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked,\r\n\r\n"),
	     H1_BAD_TRANSFER_ENCODING},
	    {BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n"),
	     H1_BOTH_FRAMINGS},
	    {BYTES("HTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n"),
	     H1_BOTH_FRAMINGS},
	    {BYTES("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"), H1_BAD_CONTENT_LENGTH},
	    {BYTES("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 2\r\n\r\n"),
	     H1_BAD_CONTENT_LENGTH},
	    {BYTES("HTTP/1.1 200 OK\r\nX : y\r\n\r\n"), H1_BAD_HEADER_NAME},
	    {BYTES("HTTP/1.1 200 OK\r\n: y\r\n\r\n"), H1_BAD_HEADER_NAME},
	    {BYTES("HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n"), H1_OBS_FOLD},
	};

	(void)state;
	expect_all_bad(&response, cases, array_size(cases));
}

static void limits(void **state)
{
	struct way w = request;
	struct span bytes = SPAN("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n");

	(void)state;
	w.options.max_bytes = bytes.len;
	expect_good(&w, bytes, "1 GET / 11 none 0 keep|Host=a|X=y");
	for (size_t max = 1; max < bytes.len; max++) {
		w.options.max_bytes = max;
		expect_bad(&w, bytes, H1_TOO_LONG);
	}
	w = request;
	w.options.max_headers = 2;
	expect_good(&w, bytes, "1 GET / 11 none 0 keep|Host=a|X=y");
	w.options.max_headers = 1;
	expect_bad(&w, bytes, H1_TOO_MANY_HEADERS);
	w.options.max_headers = 0;
	expect_bad(&w, bytes, H1_TOO_MANY_HEADERS);
}

static void only_the_head_is_taken(void **state)
{
	struct outcome o = parse_all_ways(&request, SPAN("\r\nGET / HTTP/1.0\r\n\r\nGET /next"));

	(void)state;
	assert_int_equal(o.result, PARSE_OK);
	assert_int_equal(o.parser.at, 2 + 18);
	o = parse_all_ways(&request, SPAN("GET / HTTP/1.0\r\n\r"));
	assert_int_equal(o.result, PARSE_MORE);
	o = parse_all_ways(&request, SPAN(""));
	assert_int_equal(o.result, PARSE_MORE);
}

/* Every single byte in a target, a name and a value, strictly and relaxed. */
static void every_byte(void **state)
{
	char text[] =
	    "GET /123456789abcde@ HTTP/1.0\r\nabcdefghijklmno@: 123456789abcdefghi@j\r\n\r\n";
	char *places[3] = {strchr(text, '@'), strstr(text, "o@") + 1, strstr(text, "i@") + 1};

	(void)state;
	for (int c = 0; c < 256; c++) {
		bool token =
		    c && strchr("!#$%&'*+-.^_`|~"
				"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
				c);
		bool ok[3] = {(c > ' ' && c < 0x7f && c != '#'), token,
			      (c >= ' ' && c != 0x7f) || c == '\t'};

		for (int i = 0; i < 3; i++) {
			struct outcome o;

			if ((i == 0 && c == ' ') || (i == 1 && c == ':'))
				continue;
			*places[i] = (char)c;
			parse_cut(&request, span_of(text), NULL, 0, &o);
			if (c == 0)
				parse_cut(&request, (struct span){text, sizeof(text) - 1}, NULL, 0,
					  &o);
			if (o.result != (ok[i] ? PARSE_OK : PARSE_BAD))
				print_error("byte %02x in place %d\n", c, i);
			assert_int_equal(o.result, ok[i] ? PARSE_OK : PARSE_BAD);
			*places[i] = 'x';
		}
	}
}

static void faults_have_texts(void **state)
{
	(void)state;
	for (int f = H1_FINE; f <= H1_BAD_CONNECT; f++) {
		assert_string_not_equal(h1_fault_text((enum h1_fault)f), "unknown fault");
		assert_int_equal(h1_fault_status((enum h1_fault)f), 400);
	}
	assert_string_equal(h1_fault_text((enum h1_fault)999), "unknown fault");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_requests),
	    cmocka_unit_test(upgrades_that_do_not_count),
	    cmocka_unit_test(absolute_targets_and_connect),
	    cmocka_unit_test(bad_request_lines),
	    cmocka_unit_test(bad_fields),
	    cmocka_unit_test(one_length_or_none),
	    cmocka_unit_test(one_coding_or_none),
	    cmocka_unit_test(relaxed_takes_more),
	    cmocka_unit_test(good_responses),
	    cmocka_unit_test(method_of_the_request_frames_the_response),
	    cmocka_unit_test(bad_responses),
	    cmocka_unit_test(limits),
	    cmocka_unit_test(only_the_head_is_taken),
	    cmocka_unit_test(every_byte),
	    cmocka_unit_test(faults_have_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
