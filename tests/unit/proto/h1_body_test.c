/* SPDX-License-Identifier: MIT */
/*
 * Chunked bodies, given whole, cut at every place, and byte by byte: all ways give the same data,
 * trailers and fault. What follows the body is never touched.
 */
#include "proto/h1_body.h"

#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct outcome {
	enum parse_result result;
	uint8_t fault;
	size_t consumed;
	char data[16384];
	size_t len;
	char trailers[512];
};

static void list_trailers(const struct h1_chunked *c, struct outcome *out, struct arena *a)
{
	struct header_list l;
	struct buffer b;

	buffer_init_fixed(&b, out->trailers, sizeof(out->trailers));
	assert_int_equal(h1_chunked_trailers(c, &l, a), 0);
	for (unsigned int i = 0; i < l.n; i++)
		buffer_printf(&b, "%.*s=%.*s|", SPAN_ARG(l.v[i].name), SPAN_ARG(l.v[i].value));
	buffer_text(&b);
}

/* Gives [0, cut), then `piece` bytes at a time, each piece in a block of its own. */
static void decode(struct span bytes, size_t cut, size_t piece, struct outcome *out)
{
	struct h1_chunked c = {0};
	struct arena a;
	size_t at = 0;

	arena_init(&a, 8192, 0);
	*out = (struct outcome){.result = PARSE_MORE};
	while (out->result == PARSE_MORE && at < bytes.len) {
		size_t give = at == 0 && cut ? cut : piece;
		size_t n = give < bytes.len - at ? give : bytes.len - at;
		size_t given = n;
		char *copy = malloc(n);
		struct span data;

		assert_non_null(copy);
		memcpy(copy, bytes.p + at, n);
		out->result = h1_chunked_decode(&c, copy, &n, &data, &a);
		assert_true(n <= given && (out->result != PARSE_MORE || n == given));
		assert_true(data.len <= n && data.p >= copy && data.p + data.len <= copy + n);
		assert_memory_equal(copy + n, bytes.p + at + n, given - n);
		assert_true(out->len + data.len <= sizeof(out->data));
		memcpy(out->data + out->len, data.p, data.len);
		out->len += data.len;
		at += n;
		free(copy);
	}
	out->fault = c.fault;
	out->consumed = at;
	if (out->result == PARSE_OK)
		list_trailers(&c, out, &a);
	arena_fini(&a);
}

static void assert_same(const struct outcome *a, const struct outcome *b)
{
	assert_int_equal(a->result, b->result);
	assert_int_equal(a->fault, b->fault);
	assert_int_equal(a->consumed, b->consumed);
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->data, b->data, a->len);
	assert_string_equal(a->trailers, b->trailers);
}

static void decode_all_ways(struct span bytes, struct outcome *whole)
{
	struct outcome other;

	decode(bytes, 0, bytes.len, whole);
	for (size_t cut = 1; cut < bytes.len; cut++) {
		decode(bytes, cut, bytes.len, &other);
		assert_same(whole, &other);
	}
	for (size_t piece = 1; piece < 4; piece++) {
		decode(bytes, 0, piece, &other);
		assert_same(whole, &other);
	}
}

static void expect(struct span bytes, const char *data, const char *trailers, size_t rest)
{
	struct outcome o;

	decode_all_ways(bytes, &o);
	assert_int_equal(o.result, PARSE_OK);
	assert_int_equal(o.len, strlen(data));
	assert_memory_equal(o.data, data, o.len);
	assert_string_equal(o.trailers, trailers);
	assert_int_equal(bytes.len - o.consumed, rest);
}

static void good_bodies(void **state)
{
	(void)state;
	expect(SPAN("0\r\n\r\n"), "", "", 0);
	expect(SPAN("5\r\nhello\r\n0\r\n\r\n"), "hello", "", 0);
	expect(SPAN("5\r\nhello\r\n1\r\n \r\nA\r\nbig world!\r\n0\r\n\r\n"), "hello big world!", "",
	       0);
	expect(SPAN("000000000000000000005\r\nhello\r\n000\r\n\r\nGET /"), "hello", "", 5);
	expect(SPAN("1;a\r\nx\r\n1 ;b=\"c d\"\r\ny\r\n1 \t; e\r\nz\r\n0;last\r\n\r\n"), "xyz", "",
	       0);
	expect(SPAN("2\r\n\r\n\r\n0\r\n\r\n"), "\r\n", "", 0);
	expect(SPAN("0\r\nA: b\r\nX-Sum:\t 1 2 \r\n\r\n\r\n"), "", "A=b|X-Sum=1 2|", 2);
	expect(SPAN("0\r\nEmpty:\r\n\r\n"), "", "Empty=|", 0);
}

static void dangerous_trailers_are_left_out(void **state)
{
	(void)state;
	expect(SPAN("0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: b\r\nX: "
		    "1\r\nAuthorization: x\r\n"
		    "Cookie: c\r\nSet-Cookie: c\r\nX-Forwarded-For: 1.1.1.1\r\nConnection: "
		    "close\r\nTrailer: X\r\n"
		    "forwarded: for=x\r\nCONTENT-ENCODING: gzip\r\nWWW-Authenticate: y\r\nDate: "
		    "d\r\n\r\n"),
	       "", "X=1|Date=d|", 0);
}

static void bad_bodies(void **state)
{
	static const struct {
		struct span bytes;
		enum h1_chunk_fault fault;
	} cases[] = {
	    {{"\r\n", 2}, H1_CHUNK_BAD_SIZE},
	    {{"g\r\n", 3}, H1_CHUNK_BAD_SIZE},
	    {{"-1\r\n", 4}, H1_CHUNK_BAD_SIZE},
	    {{"+1\r\n", 4}, H1_CHUNK_BAD_SIZE},
	    {{"0x1\r\n", 5}, H1_CHUNK_BAD_SIZE},
	    {{" 1\r\n", 4}, H1_CHUNK_BAD_SIZE},
	    {{"1g\r\n", 4}, H1_CHUNK_BAD_SIZE},
	    {{"\0", 1}, H1_CHUNK_BAD_SIZE},
	    {{"20000000000001\r\n", 16}, H1_CHUNK_BAD_SIZE},
	    {{"ffffffffffffffff\r\n", 18}, H1_CHUNK_BAD_SIZE},
	    {{"10000000000000005\r\n", 19}, H1_CHUNK_BAD_SIZE},
	    {{"100000000000000000000000000000005\r\n", 35}, H1_CHUNK_BAD_SIZE},
	    {{"1\nx\r\n", 5}, H1_CHUNK_BAD_LINE},
	    {{"1\rx\r\n", 5}, H1_CHUNK_BAD_LINE},
	    {{"1 \r\nx\r\n", 7}, H1_CHUNK_BAD_LINE},
	    {{"1 1\r\nx\r\n", 8}, H1_CHUNK_BAD_LINE},
	    {{"1;a\nx\r\n", 7}, H1_CHUNK_BAD_LINE},
	    {{"1;a\rb\r\nx\r\n", 10}, H1_CHUNK_BAD_LINE},
	    {{"1;\0\r\nx\r\n", 8}, H1_CHUNK_BAD_LINE},
	    {{"1;\x01\r\nx\r\n", 8}, H1_CHUNK_BAD_LINE},
	    {{"1\r\nxy\r\n", 7}, H1_CHUNK_BAD_DATA_END},
	    {{"1\r\nx\n0\r\n\r\n", 10}, H1_CHUNK_BAD_DATA_END},
	    {{"1\r\nx\r0\r\n\r\n", 10}, H1_CHUNK_BAD_DATA_END},
	    {{"0\r\n\n", 4}, H1_CHUNK_BAD_TRAILER},
	    {{"0\r\n\rx", 5}, H1_CHUNK_BAD_TRAILER},
	    {{"0\r\nA: b\n\r\n", 10}, H1_CHUNK_BAD_TRAILER},
	    {{"0\r\nA: b\rc\r\n\r\n", 13}, H1_CHUNK_BAD_TRAILER},
	    {{"0\r\nA\r\n\r\n", 8}, H1_CHUNK_BAD_TRAILER},
	    {{"0\r\nA : b\r\n\r\n", 12}, H1_CHUNK_BAD_TRAILER},
	    {{"0\r\n: b\r\n\r\n", 10}, H1_CHUNK_BAD_TRAILER},
	    {{"0\r\nA: b\r\n c\r\n\r\n", 15}, H1_CHUNK_BAD_TRAILER},
	    {{"0\r\n A: b\r\n\r\n", 12}, H1_CHUNK_BAD_TRAILER},
	    {{"0\r\nA: \0\r\n\r\n", 11}, H1_CHUNK_BAD_TRAILER},
	    {{"0\r\nA\xe9: b\r\n\r\n", 12}, H1_CHUNK_BAD_TRAILER},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct outcome o;

		decode_all_ways(cases[i].bytes, &o);
		if (o.result != PARSE_BAD || o.fault != cases[i].fault)
			print_error("case %zu: result %d fault %d\n", i, o.result, o.fault);
		assert_int_equal(o.result, PARSE_BAD);
		assert_int_equal(o.fault, cases[i].fault);
	}
}

static void the_largest_chunk(void **state)
{
	struct h1_chunked c = {0};
	char text[] = "20000000000000\r\nx";
	size_t n = sizeof(text) - 1;
	struct span data;
	struct arena a;

	(void)state;
	arena_init(&a, 4096, 0);
	assert_int_equal(h1_chunked_decode(&c, text, &n, &data, &a), PARSE_MORE);
	assert_true(c.left == H1_MAX_CHUNK_BYTES - 1);
	assert_true(data.p == text + 16 && data.len == 1);
	arena_fini(&a);
}

static enum parse_result fill(struct h1_chunked *c, const char *begin, char byte, size_t count,
			      struct arena *a)
{
	char *text = malloc(strlen(begin) + count);
	size_t n = strlen(begin) + count;
	struct span data;
	enum parse_result r;

	assert_non_null(text);
	memcpy(text, begin, strlen(begin));
	memset(text + strlen(begin), byte, count);
	r = h1_chunked_decode(c, text, &n, &data, a);
	free(text);
	return r;
}

static void lines_and_trailers_are_bounded(void **state)
{
	struct h1_chunked c = {0};
	struct arena a, none;

	(void)state;
	arena_init(&a, 8192, 0);
	assert_int_equal(fill(&c, "1;", 'x', H1_MAX_CHUNK_LINE_BYTES - 2, &a), PARSE_MORE);
	assert_int_equal(fill(&c, "x", 'x', 0, &a), PARSE_BAD);
	assert_int_equal(c.fault, H1_CHUNK_LONG_LINE);
	c = (struct h1_chunked){0};
	assert_int_equal(fill(&c, "", '0', H1_MAX_CHUNK_LINE_BYTES + 1, &a), PARSE_BAD);
	assert_int_equal(c.fault, H1_CHUNK_LONG_LINE);
	c = (struct h1_chunked){0};
	assert_int_equal(fill(&c, "0\r\nX:", 'x', H1_MAX_TRAILER_BYTES - 2, &a), PARSE_MORE);
	assert_int_equal(fill(&c, "x", 'x', 0, &a), PARSE_BAD);
	assert_int_equal(c.fault, H1_CHUNK_LONG_TRAILERS);
	assert_int_equal(fill(&c, "0\r\n\r\n", 'x', 0, &a), PARSE_BAD);
	arena_init(&none, 64, 64);
	c = (struct h1_chunked){0};
	assert_int_equal(fill(&c, "0\r\nX: y\r\n", 'x', 0, &none), PARSE_BAD);
	assert_int_equal(c.fault, H1_CHUNK_NO_MEMORY);
	arena_fini(&none);
	arena_fini(&a);
}

/* The bound is for each size line, not for all together. */
static void many_chunks(void **state)
{
	struct h1_chunked c = {0};
	struct arena a;

	(void)state;
	arena_init(&a, 4096, 0);
	for (int i = 0; i < H1_MAX_CHUNK_LINE_BYTES; i++)
		assert_int_equal(fill(&c, "1;x\r\ny\r\n", 'x', 0, &a), PARSE_MORE);
	assert_int_equal(fill(&c, "0\r\n\r\n", 'x', 0, &a), PARSE_OK);
	arena_fini(&a);
}

/* One piece of data stays where it is. */
static void data_is_moved_only_together(void **state)
{
	char text[] = "3\r\nabc\r\n2\r\nde\r\n";
	struct h1_chunked c = {0};
	size_t n = 8;
	struct span data;
	struct arena a;

	(void)state;
	arena_init(&a, 4096, 0);
	assert_int_equal(h1_chunked_decode(&c, text, &n, &data, &a), PARSE_MORE);
	assert_ptr_equal(data.p, text + 3);
	c = (struct h1_chunked){0};
	n = sizeof(text) - 1;
	assert_int_equal(h1_chunked_decode(&c, text, &n, &data, &a), PARSE_MORE);
	assert_ptr_equal(data.p, text + 3);
	assert_true(span_equal(data, SPAN("abcde")));
	arena_fini(&a);
}

static void chunk_heads(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} cases[] = {
	    {1, "1\r\n"},
	    {15, "f\r\n"},
	    {16, "10\r\n"},
	    {0xabcdef, "abcdef\r\n"},
	    {1 << 20, "100000\r\n"},
	    {UINT64_MAX, "ffffffffffffffff\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		char dst[H1_CHUNK_HEAD_BYTES];
		size_t len = h1_chunk_head(dst, cases[i].n);

		assert_int_equal(len, strlen(cases[i].text));
		assert_memory_equal(dst, cases[i].text, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_bodies),
	    cmocka_unit_test(dangerous_trailers_are_left_out),
	    cmocka_unit_test(bad_bodies),
	    cmocka_unit_test(the_largest_chunk),
	    cmocka_unit_test(lines_and_trailers_are_bounded),
	    cmocka_unit_test(many_chunks),
	    cmocka_unit_test(data_is_moved_only_together),
	    cmocka_unit_test(chunk_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
