/* SPDX-License-Identifier: MIT */
/*
 * Bounded growing byte buffers. Invariant: len <= cap <= max_bytes; a heap buffer has one byte more
 * than cap, so that the NUL of buffer_text and of printf always has room. A piece is added whole or
 * not at all, and nothing is added after a failure.
 */
#include "base/buffer.h"

#include "base/format.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAP ((size_t)256)

void buffer_init(struct buffer *b, size_t max_bytes)
{
	*b = (struct buffer){.max_bytes = max_bytes < SIZE_MAX ? max_bytes : SIZE_MAX - 1};
}

void buffer_init_fixed(struct buffer *b, void *p, size_t cap)
{
	*b = (struct buffer){.p = p, .cap = cap, .max_bytes = cap, .borrowed = true};
}

void buffer_fini(struct buffer *b)
{
	if (!b->borrowed)
		free(b->p);
	*b = (struct buffer){.max_bytes = b->max_bytes};
}

void buffer_clear(struct buffer *b)
{
	b->len = 0;
	b->failed = false;
}

/* Makes room for n more bytes, or sets failed. */
static bool reserve(struct buffer *b, size_t n)
{
	size_t cap = b->cap ? b->cap : FIRST_CAP;
	char *p;

	if (b->failed)
		return false;
	if (n <= b->cap - b->len)
		return true;
	if (b->borrowed || n > b->max_bytes - b->len) {
		b->failed = true;
		return false;
	}
	while (cap < b->len + n && cap <= b->max_bytes / 2)
		cap *= 2;
	if (cap < b->len + n || cap > b->max_bytes)
		cap = b->max_bytes;
	p = realloc(b->p, cap + 1);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void buffer_add(struct buffer *b, const void *p, size_t n)
{
	if (n == 0 || !reserve(b, n))
		return;
	memcpy(b->p + b->len, p, n);
	b->len += n;
}

void buffer_add_span(struct buffer *b, struct span s)
{
	buffer_add(b, s.p, s.len);
}

void buffer_add_text(struct buffer *b, const char *text)
{
	buffer_add_span(b, span_of(text));
}

void buffer_add_char(struct buffer *b, char c)
{
	if (reserve(b, 1))
		b->p[b->len++] = c;
}

void buffer_add_u64(struct buffer *b, uint64_t v)
{
	char digits[20];

	buffer_add(b, digits, format_u64(digits, v));
}

void buffer_add_i64(struct buffer *b, int64_t v)
{
	char digits[20];

	buffer_add(b, digits, format_i64(digits, v));
}

void buffer_printf(struct buffer *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buffer_vprintf(b, fmt, args);
	va_end(args);
}

void buffer_vprintf(struct buffer *b, const char *fmt, va_list args)
{
	size_t room = b->cap - b->len + (!b->borrowed && b->p);
	va_list again;
	int n;

	if (b->failed)
		return;
	va_copy(again, args);
	n = vsnprintf(b->p ? b->p + b->len : NULL, room, fmt, again);
	va_end(again);
	if (n < 0 || (b->borrowed && (size_t)n >= room)) {
		b->failed = true;
		return;
	}
	if ((size_t)n >= room) {
		if (!reserve(b, (size_t)n) || n == 0)
			return;
		vsnprintf(b->p + b->len, (size_t)n + 1, fmt, args);
	}
	b->len += (size_t)n;
}

void buffer_consume(struct buffer *b, size_t n)
{
	CHECK(n <= b->len);
	b->len -= n;
	if (n && b->len)
		memmove(b->p, b->p + n, b->len);
}

const char *buffer_text(struct buffer *b)
{
	if (b->borrowed && b->len == b->cap) {
		b->failed = true;
		if (b->cap == 0)
			return "";
		b->len = b->cap - 1;
	}
	if (!b->p)
		return "";
	b->p[b->len] = '\0';
	return b->p;
}
