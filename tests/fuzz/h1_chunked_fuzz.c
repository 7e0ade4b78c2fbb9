/* SPDX-License-Identifier: MIT */
/*
 * Chunked bodies. The first byte is the size of the pieces. Every way of cutting gives the same;
 * the decoded body, written again as chunks, decodes to the same data and trailers.
 */
#include "proto/h1_body.h"
#include "proto/h1_write.h"

#include <stdlib.h>

#define MOST 65536

struct decoded {
	enum parse_result result;
	struct h1_chunked c;
	size_t consumed;
	char data[MOST];
	size_t len;
};

static void decode(struct decoded *d, struct span in, size_t step, struct arena *a)
{
	d->result = PARSE_MORE;
	d->c = (struct h1_chunked){0};
	d->consumed = 0;
	d->len = 0;
	while (d->result == PARSE_MORE && d->consumed < in.len) {
		size_t left = in.len - d->consumed;
		size_t n = step && step < left ? step : left;
		size_t given = n;
		char *copy = malloc(n);
		struct span data;

		CHECK(copy);
		memcpy(copy, in.p + d->consumed, n);
		d->result = h1_chunked_decode(&d->c, copy, &n, &data, a);
		CHECK(n <= given && (d->result != PARSE_MORE || n == given));
		CHECK(data.p >= copy && data.p + data.len <= copy + n && d->len + data.len <= MOST);
		memcpy(d->data + d->len, data.p, data.len);
		d->len += data.len;
		d->consumed += n;
		free(copy);
	}
}

static void must_be_same(const struct decoded *a, const struct decoded *b)
{
	CHECK(a->result == b->result && a->c.fault == b->c.fault && a->len == b->len);
	CHECK(memcmp(a->data, b->data, a->len) == 0);
	CHECK(a->c.trailer_bytes == b->c.trailer_bytes);
	CHECK(a->c.trailer_bytes == 0 ||
	      memcmp(a->c.trailers, b->c.trailers, a->c.trailer_bytes) == 0);
}

static void write_again(struct buffer *b, const struct decoded *d, size_t step,
			const struct header_list *trailers)
{
	for (size_t at = 0; at < d->len; at += step) {
		size_t n = step < d->len - at ? step : d->len - at;
		char head[H1_CHUNK_HEAD_BYTES];

		buffer_add(b, head, h1_chunk_head(head, n));
		buffer_add(b, d->data + at, n);
		buffer_add_text(b, "\r\n");
	}
	h1_write_last_chunk(b, trailers);
}

static void must_be_same_trailers(const struct header_list *a, const struct header_list *b)
{
	CHECK(a->n == b->n);
	for (unsigned int i = 0; i < a->n; i++) {
		CHECK(span_equal(a->v[i].name, b->v[i].name));
		CHECK(span_equal(a->v[i].value, b->v[i].value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decoded whole, split, again;
	struct header_list trailers, trailers_again;
	size_t step;
	struct buffer b;
	struct arena a;

	if (size == 0 || size > MOST)
		return 0;
	step = (size_t)data[0] + 1;
	arena_init(&a, 16384, 0);
	decode(&whole, span_make(data + 1, size - 1), 0, &a);
	decode(&split, span_make(data + 1, size - 1), step, &a);
	must_be_same(&whole, &split);
	if (whole.result == PARSE_OK) {
		CHECK(h1_chunked_trailers(&whole.c, &trailers, &a) == 0);
		buffer_init(&b, MOST * 10);
		write_again(&b, &whole, step, &trailers);
		decode(&again, buffer_span(&b), 0, &a);
		if (again.c.fault != H1_CHUNK_LONG_TRAILERS) { /* a space more for each */
			CHECK(again.result == PARSE_OK && again.consumed == b.len);
			CHECK(again.len == whole.len &&
			      memcmp(again.data, whole.data, whole.len) == 0);
			CHECK(h1_chunked_trailers(&again.c, &trailers_again, &a) == 0);
			must_be_same_trailers(&trailers, &trailers_again);
		}
		buffer_fini(&b);
	}
	arena_fini(&a);
	return 0;
}
