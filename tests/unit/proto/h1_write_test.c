/* SPDX-License-Identifier: MIT */
/* Messages to HTTP/1 bytes: runs of a parsed head, pieces from elsewhere, framing from the message
 * alone, nothing that ends a line. */
#include "proto/h1_write.h"

#include "proto/h1_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct h1_options options = {.max_bytes = 4096, .max_headers = 20};

struct fixture {
	struct header v[20];
	struct message m;
	struct arena arena;
	char out[2048];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->m.headers = (struct header_list){.v = f->v, .cap = 20};
	arena_init(&f->arena, 4096, 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_fini(&f->arena);
	free(f);
	return 0;
}

static void parse_request(struct fixture *f, struct span bytes)
{
	struct h1_parser p = {0};

	assert_int_equal(h1_parse_request(&p, bytes, &options, &f->m), PARSE_OK);
}

static void parse_response(struct fixture *f, struct span bytes, enum http_method to)
{
	struct h1_parser p = {0};

	assert_int_equal(h1_parse_response(&p, bytes, &options, to, &f->m), PARSE_OK);
}

static void add(struct fixture *f, const char *name, const char *value)
{
	assert_int_equal(header_add(&f->m.headers, &f->arena, span_of(name), span_of(value)), 0);
}

/* Also with every too small buffer, and a growing one. */
static void expect_written(struct fixture *f, const struct h1_write_options *o, const char *text)
{
	size_t len = strlen(text);
	struct buffer b;

	for (size_t cap = 0; cap <= len; cap++) {
		char *exact = malloc(cap ? cap : 1);

		assert_non_null(exact);
		buffer_init_fixed(&b, exact, cap);
		(f->m.is_response ? h1_write_response : h1_write_request)(&b, &f->m, o);
		assert_int_equal(b.failed, cap < len);
		if (cap == len) {
			memcpy(f->out, exact, len);
			f->out[len] = '\0';
			assert_string_equal(f->out, text);
			assert_int_equal(b.len, len);
		}
		free(exact);
	}
	buffer_init(&b, 65536);
	buffer_add_text(&b, "before|");
	(f->m.is_response ? h1_write_response : h1_write_request)(&b, &f->m, o);
	assert_string_equal(buffer_text(&b) + 7, text);
	buffer_fini(&b);
}

static void a_parsed_request(void **state)
{
	struct fixture *f = *state;
	struct h1_write_options o = {0};

	parse_request(f, SPAN("GET /a HTTP/1.1\r\nHost: x\r\nA:b\r\nConnection: close\r\nC: "
			      "d\r\nE:  f \r\nG:\r\n\r\n"));
	expect_written(f, &o, "GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\nC: d\r\nE: f\r\nG: \r\n\r\n");
	add(f, "X-Forwarded-For", "1.2.3.4");
	o.connection = H1_CONNECTION_CLOSE;
	expect_written(f, &o,
		       "GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\nC: d\r\nE: f\r\nG: "
		       "\r\nX-Forwarded-For: 1.2.3.4\r\n"
		       "Connection: close\r\n\r\n");
	o.connection = H1_CONNECTION_KEEP_ALIVE;
	o.http_1_0 = true;
	header_delete_named(&f->m.headers, SPAN("c"));
	f->m.target = SPAN("/other");
	expect_written(
	    f, &o,
	    "GET /other HTTP/1.0\r\nHost: x\r\nA: b\r\nE: f\r\nG: \r\nX-Forwarded-For: 1.2.3.4\r\n"
	    "Connection: keep-alive\r\n\r\n");
}

/* Pieces two bytes apart, with other bytes than the usual two between them. */
static void what_stands_between(void **state)
{
	struct fixture *f = *state;
	struct h1_write_options o = {0};

	parse_request(f, SPAN("GET /a HTTP/1.1\r\nHost: x\r\nA:\tb\r\nC:  d\r\n\r\n"));
	expect_written(f, &o, "GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\nC: d\r\n\r\n");
	f->v[1].name = (struct span){"one, two", 3};
	f->v[1].value = (struct span){f->v[1].name.p + 5, 3};
	f->v[1].token = HEADER_OTHER;
	expect_written(f, &o, "GET /a HTTP/1.1\r\nHost: x\r\none: two\r\nC: d\r\n\r\n");
}

static void no_fields_at_all(void **state)
{
	struct fixture *f = *state;
	struct h1_write_options o = {.http_1_0 = true};

	parse_request(f, SPAN("GET / HTTP/1.0\r\n\r\n"));
	expect_written(f, &o, "GET / HTTP/1.0\r\n\r\n");
}

static void framing_comes_from_the_message(void **state)
{
	struct fixture *f = *state;
	struct h1_write_options o = {0};

	parse_request(
	    f, SPAN("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 005\r\nTE: trailers\r\n\r\n"));
	expect_written(f, &o, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
	f->m.framing = BODY_CHUNKED;
	o.te_trailers = true;
	expect_written(f, &o,
		       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTE: "
		       "trailers\r\nConnection: TE\r\n\r\n");
	f->m.framing = BODY_NONE;
	add(f, "Transfer-Encoding", "chunked");
	add(f, "Content-Length", "7");
	add(f, "Connection", "content-length");
	o.connection = H1_CONNECTION_CLOSE;
	expect_written(
	    f, &o, "POST / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n");
}

static void upgrade_only_with_its_option(void **state)
{
	struct fixture *f = *state;
	struct h1_write_options o = {.connection = H1_CONNECTION_UPGRADE};

	parse_request(
	    f,
	    SPAN("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"));
	expect_written(
	    f, &o,
	    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
	o.connection = H1_CONNECTION_NONE;
	expect_written(f, &o, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
}

static void responses(void **state)
{
	struct fixture *f = *state;
	struct h1_write_options o = {0};

	parse_response(f, SPAN("HTTP/1.0 200 Fine\r\nA: b\r\nContent-Length: 3\r\n\r\nabc"),
		       HTTP_GET);
	expect_written(f, &o, "HTTP/1.1 200 Fine\r\nA: b\r\nContent-Length: 3\r\n\r\n");
	parse_response(f, SPAN("HTTP/1.1 304 Not\r\nContent-Length: 3\r\nA: b\r\n\r\n"), HTTP_GET);
	expect_written(f, &o, "HTTP/1.1 304 Not\r\nA: b\r\nContent-Length: 3\r\n\r\n");
	parse_response(f, SPAN("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"),
		       HTTP_HEAD);
	expect_written(f, &o, "HTTP/1.1 200 OK\r\nA: b\r\n\r\n");
	parse_response(f, SPAN("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"),
		       HTTP_GET);
	expect_written(f, &o, "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n");
	f->m.framing = BODY_UNTIL_CLOSE;
	o = (struct h1_write_options){.http_1_0 = true, .connection = H1_CONNECTION_CLOSE};
	expect_written(f, &o, "HTTP/1.0 200 OK\r\nA: b\r\nConnection: close\r\n\r\n");
	f->m.reason = SPAN_NONE;
	f->m.status = 404;
	expect_written(f, &o, "HTTP/1.0 404 Not Found\r\nA: b\r\nConnection: close\r\n\r\n");
	f->m.status = 599;
	expect_written(f, &o, "HTTP/1.0 599 \r\nA: b\r\nConnection: close\r\n\r\n");
	o = (struct h1_write_options){0};
	parse_response(f, SPAN("HTTP/1.1 204\r\nA: b\r\n\r\n"), HTTP_GET);
	add(f, "Content-Length", "5");
	expect_written(f, &o, "HTTP/1.1 204 \r\nA: b\r\n\r\n");
	f->m.status = 304;
	expect_written(f, &o, "HTTP/1.1 304 \r\nA: b\r\nContent-Length: 5\r\n\r\n");
	f->v[1].value = SPAN("5\r\nX: y");
	expect_written(f, &o, "HTTP/1.1 304 \r\nA: b\r\n\r\n");
}

/* What rules put in may hold anything; no line is ended by it and no field is made. */
static void nothing_ends_a_line(void **state)
{
	struct fixture *f = *state;
	struct h1_write_options o = {0};

	parse_request(f, SPAN("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"));
	f->m.target = SPAN("/b c\r\nX: y\x7f\xe9\t");
	add(f, "A", "\rb\nc\r\n\r\nd\te\x01");
	add(f, "B\r\nC", "d");
	add(f, "E:", "f");
	add(f, "", "g");
	add(f, "H i", "j");
	f->v[0].value = SPAN("x\r\nI: j");
	add(f, "K[]", "\xe9\n");
	expect_written(f, &o,
		       "GET /b%20c%0D%0AX:%20y%7F\xe9%09 HTTP/1.1\r\nHost: x  I: j\r\nA:  b c    "
		       "d\te\x01\r\nK[]: \xe9 \r\n\r\n");
	f->v[1].value = SPAN_NONE;
	f->v[2].deleted = f->v[6].deleted = true;
	expect_written(f, &o,
		       "GET /b%20c%0D%0AX:%20y%7F\xe9%09 HTTP/1.1\r\nHost: x  I: j\r\nA: \r\n\r\n");
	parse_response(f, SPAN("HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), HTTP_GET);
	f->m.reason = SPAN("O\r\nK");
	expect_written(f, &o, "HTTP/1.1 200 O  K\r\nA: b\r\n\r\n");
}

static void expect_failure(struct fixture *f, const struct h1_write_options *o)
{
	struct buffer b;

	buffer_init_fixed(&b, f->out, sizeof(f->out));
	(f->m.is_response ? h1_write_response : h1_write_request)(&b, &f->m, o);
	assert_true(b.failed);
}

static void what_cannot_be_written(void **state)
{
	struct fixture *f = *state;
	struct h1_write_options o = {0}, old = {.http_1_0 = true};

	parse_request(f, SPAN("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
	expect_failure(f, &old);
	f->m.method_text = SPAN("GET /x HTTP/1.1\r\nX:");
	expect_failure(f, &o);
	f->m.method_text = SPAN_NONE;
	expect_failure(f, &o);
	f->m.method_text = SPAN("GET");
	f->m.target = SPAN_NONE;
	expect_failure(f, &o);
	parse_response(f, SPAN("HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), HTTP_GET);
	f->m.status = 99;
	expect_failure(f, &o);
	f->m.status = 1000;
	expect_failure(f, &o);
}

static void last_chunks(void **state)
{
	struct fixture *f = *state;
	struct buffer b;

	buffer_init(&b, 1000);
	h1_write_last_chunk(&b, &f->m.headers);
	assert_string_equal(buffer_text(&b), "0\r\n\r\n");
	add(f, "X-Sum", "1");
	add(f, "Content-Length", "5");
	add(f, "Y", "2\n");
	buffer_clear(&b);
	h1_write_last_chunk(&b, &f->m.headers);
	assert_string_equal(buffer_text(&b), "0\r\nX-Sum: 1\r\nY: 2 \r\n\r\n");
	buffer_fini(&b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(a_parsed_request),
	    TEST(what_stands_between),
	    TEST(no_fields_at_all),
	    TEST(framing_comes_from_the_message),
	    TEST(upgrade_only_with_its_option),
	    TEST(responses),
	    TEST(nothing_ends_a_line),
	    TEST(what_cannot_be_written),
	    TEST(last_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
