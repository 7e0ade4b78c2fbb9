/* SPDX-License-Identifier: MIT */
/*
 * What broke real proxies: hostile heads go through what a proxy does with them (parse, take out
 * hop-by-hop fields, write), and must be refused or come out as the one message that every parser
 * reads.
 */
#include "proto/h1_body.h"
#include "proto/h1_parse.h"
#include "proto/h1_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define HOST "Host: a\r\n"
#define BYTES(text)                                                                                \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}

static const struct h1_options options = {.max_bytes = 65536 + 100, .max_headers = 20};

/* What is forwarded, or NULL where it is refused. */
static const char *forward(struct span in, bool is_response, char *out, size_t size)
{
	struct header v[20];
	struct message m = {.headers = {.v = v, .cap = 20}};
	struct h1_write_options o = {0};
	struct h1_parser p = {0};
	struct buffer b;
	enum parse_result r;

	r = is_response ? h1_parse_response(&p, in, &options, HTTP_GET, &m)
			: h1_parse_request(&p, in, &options, &m);
	if (r != PARSE_OK)
		return NULL;
	if (m.upgrade)
		o.connection = H1_CONNECTION_UPGRADE;
	message_strip_hop_by_hop(&m, m.upgrade);
	buffer_init_fixed(&b, out, size);
	(is_response ? h1_write_response : h1_write_request)(&b, &m, &o);
	return b.failed ? NULL : buffer_text(&b);
}

struct hostile {
	struct span in;
	const char *out; /* NULL: must be refused */
};

static void check(const struct hostile *cases, size_t n, bool is_response)
{
	for (size_t i = 0; i < n; i++) {
		char out[2048];
		const char *text = forward(cases[i].in, is_response, out, sizeof(out));

		if (!text != !cases[i].out || (text && strcmp(text, cases[i].out)))
			print_error("case %zu: %s\n", i, text ? text : "refused");
		if (!cases[i].out)
			assert_null(text);
		else
			assert_string_equal(text ? text : "refused", cases[i].out);
	}
}

static void framing_of_requests(void **state)
{
	static const struct hostile cases[] = {
	    /* HTTP/1.0 with Transfer-Encoding */
	    {BYTES("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), NULL},
	    {BYTES("POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: "
		   "chunked\r\nContent-Length: 4\r\n\r\n"),
	     NULL},
	    /* lists and empty lines of codings */
	    {BYTES("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked,\r\n\r\n"), NULL},
	    {BYTES("POST / HTTP/1.1\r\n" HOST
		   "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n\r\n"),
	     NULL},
	    {BYTES("POST / HTTP/1.1\r\n" HOST
		   "Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n\r\n"),
	     NULL},
	    {BYTES("POST / HTTP/1.1\r\n" HOST
		   "Transfer_Encoding: chunked\r\nContent-Length: 3\r\n\r\n"),
	     "POST / HTTP/1.1\r\n" HOST "Transfer_Encoding: chunked\r\nContent-Length: 3\r\n\r\n"},
	    {BYTES("POST / HTTP/1.1\r\n" HOST
		   "Transfer-Encoding : chunked\r\nContent-Length: 3\r\n\r\n"),
	     NULL},
	    {BYTES("POST / HTTP/1.1\r\n" HOST "X: y\r\n Transfer-Encoding: chunked\r\n\r\n"), NULL},
	    {BYTES("POST / HTTP/1.1\r\n" HOST "X: y\nTransfer-Encoding: chunked\r\n\r\n"), NULL},
	    {BYTES("POST / HTTP/1.1\r\n" HOST "X: y\rTransfer-Encoding: chunked\r\n\r\n"), NULL},
	    {BYTES("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \x0b"
		   "chunked\r\n\r\n"),
	     NULL},
	    {BYTES("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding\0: chunked\r\n\r\n"), NULL},
	    /* lengths */
	    {BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n"),
	     "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n"},
	    {BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n"),
	     NULL},
	    {BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\n"), NULL},
	    {BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n"), NULL},
	    {BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 0003\r\n\r\n"),
	     "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n"},
	};

	(void)state;
	check(cases, array_size(cases), false);
}

static void fields_and_lines_of_requests(void **state)
{
	static const struct hostile cases[] = {
	    /* hop by hop */
	    {BYTES("GET / HTTP/1.1\r\n" HOST
		   "Connection: close, X-A\r\nX-A: 1\r\nX-B: 2\r\nKeep-Alive: timeout=9\r\n\r\n"),
	     "GET / HTTP/1.1\r\n" HOST "X-B: 2\r\n\r\n"},
	    {BYTES("POST / HTTP/1.1\r\n" HOST "Connection: Host, Content-Length, "
		   "Transfer-Encoding\r\nContent-Length: 3\r\n\r\n"),
	     "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n"},
	    {BYTES("GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nConnection: Upgrade, "
		   "HTTP2-Settings\r\nHTTP2-Settings: A\r\n\r\n"),
	     "GET / HTTP/1.1\r\n" HOST "\r\n"},
	    {BYTES("GET / HTTP/1.1\r\n" HOST
		   "Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n\r\n"),
	     "GET / HTTP/1.1\r\n" HOST "\r\n"},
	    {BYTES("GET / HTTP/1.1\r\n" HOST
		   "Upgrade: websocket\r\nConnection: Upgrade, X\r\nX: 1\r\n\r\n"),
	     "GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n"},
	    {BYTES("GET / HTTP/1.1\r\n" HOST "Proxy-Connection: keep-alive\r\nTE: gzip\r\n\r\n"),
	     "GET / HTTP/1.1\r\n" HOST "\r\n"},
	    /* request lines */
	    {BYTES("GET / HTTP/2.0\r\n" HOST "\r\n"), NULL},
	    {BYTES("GET /a#b HTTP/1.1\r\n" HOST "\r\n"), NULL},
	    {BYTES("GET /a b HTTP/1.1\r\n" HOST "\r\n"), NULL},
	    {BYTES("GET http://a/x HTTP/1.1\r\nHost: b\r\n\r\n"), NULL},
	    {BYTES("GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n"),
	     "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n"},
	    {BYTES("GET http://a@b/x HTTP/1.1\r\nHost: b\r\n\r\n"), NULL},
	    {BYTES("GET / HTTP/1.7\r\n" HOST "\r\n"), "GET / HTTP/1.1\r\n" HOST "\r\n"},
	    {BYTES("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), NULL},
	    /* fields */
	    {BYTES("GET / HTTP/1.1\r\n" HOST ": dropped\r\nX: y\r\n\r\n"), NULL},
	    {BYTES("GET / HTTP/1.1\r\n" HOST "X Y: z\r\n\r\n"), NULL},
	    {BYTES("GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n"), NULL},
	    {BYTES("GET / HTTP/1.1\r\n" HOST "X: a\x1b[2J\r\n\r\n"), NULL},
	};

	(void)state;
	check(cases, array_size(cases), false);
}

static void responses(void **state)
{
	static const struct hostile cases[] = {
	    {BYTES("HTTP/1.1 000 x\r\n\r\n"), NULL},
	    {BYTES("HTTP/1.1 099 x\r\n\r\n"), NULL},
	    {BYTES("HTTP/1.1 200 x\ry\r\n\r\n"), NULL},
	    {BYTES("HTTP/1.1 200\r OK\r\n\r\n"), NULL},
	    {BYTES("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), NULL},
	    {BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"),
	     NULL},
	    {BYTES("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n"), NULL},
	    {BYTES("HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\n"), NULL},
	    {BYTES("HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n"), NULL},
	    {BYTES("HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n"), "HTTP/1.1 204 No\r\n\r\n"},
	    {BYTES("HTTP/1.1 103 Hints\r\nContent-Length: 3\r\nLink: x\r\n\r\n"),
	     "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"},
	    {BYTES("HTTP/1.1 101 x\r\n\r\n"), NULL},
	    {BYTES("HTTP/1.1 200 OK\r\nConnection: X\r\nX: 1\r\nKeep-Alive: 1\r\nUpgrade: "
		   "h2c\r\nContent-Length: 3\r\n\r\n"),
	     "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"},
	    {BYTES("HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 3\r\n\r\n"), NULL},
	    {BYTES("HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: b\r\n\r\n"), NULL},
	};

	(void)state;
	check(cases, array_size(cases), true);
}

/* A name whose length an 8- or 16-bit counter would lose: the field stays what it is. */
static void very_long_names(void **state)
{
	static const size_t lengths[] = {14, 14 + 256, 14 + 512, 14 + 65536};

	(void)state;
	for (size_t i = 0; i < array_size(lengths); i++) {
		struct buffer in, out;
		char *text = malloc(70000);

		assert_non_null(text);
		buffer_init(&in, 70000);
		buffer_add_text(&in, "POST / HTTP/1.1\r\n" HOST "Content-Length");
		for (size_t n = 14; n < lengths[i]; n++)
			buffer_add_char(&in, 'x');
		buffer_add_text(&in, ": 9\r\n\r\n");
		buffer_init_fixed(&out, text, 70000);
		assert_non_null(forward(buffer_span(&in), false, text, 70000));
		assert_string_equal(text, buffer_text(&in));
		buffer_fini(&in);
		free(text);
	}
}

/* What a decoded chunked body is written as again is the same body to the strictest reader. */
static void chunk_tricks(void **state)
{
	static const struct span bad[] = {
	    BYTES("5\nhello\r\n0\r\n\r\n"),    BYTES("5;a\nhello\r\n0\r\n\r\n"),
	    BYTES("5\r\nhello\n0\r\n\r\n"),    BYTES("5\r\nhello\r\n0\n\r\n"),
	    BYTES("0\r\nX: y\n\r\n"),          BYTES("0\r\nX\r\n\r\n"),
	    BYTES("100000005 \r\nhello\r\n"),  BYTES("0x5\r\nhello\r\n0\r\n\r\n"),
	    BYTES("10000000000000000\r\n"),    BYTES("8000000000000000\r\n"),
	    BYTES("5\r\nhelloX\r\n0\r\n\r\n"), BYTES("\r\n5\r\nhello\r\n0\r\n\r\n"),
	};
	struct arena a;

	(void)state;
	arena_init(&a, 8192, 0);
	for (size_t i = 0; i < array_size(bad); i++) {
		char copy[64];
		size_t n = bad[i].len;
		struct h1_chunked c = {0};
		struct span data;

		memcpy(copy, bad[i].p, n);
		if (h1_chunked_decode(&c, copy, &n, &data, &a) != PARSE_BAD)
			print_error("accepted: %.*s\n", SPAN_ARG(bad[i]));
		assert_int_equal(c.fault ? PARSE_BAD : PARSE_OK, PARSE_BAD);
	}
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(framing_of_requests), cmocka_unit_test(fields_and_lines_of_requests),
	    cmocka_unit_test(responses),           cmocka_unit_test(very_long_names),
	    cmocka_unit_test(chunk_tricks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
