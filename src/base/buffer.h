/* SPDX-License-Identifier: MIT */
/*
 * A bounded growing byte buffer: text that is put together (log lines, pages, command answers) and
 * bytes that wait. Growth doubles up to the stated maximum. A piece that does not fit is left out
 * whole and sets `failed`; nothing more is added until buffer_clear, so a writer may check once at
 * the end.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/check.h"
#include "base/span.h"

#include <stdarg.h>

struct buffer {
	char *p;
	size_t len, cap, max_bytes;
	bool failed;   /* something did not fit, or malloc failed */
	bool borrowed; /* p is the caller's array: it never grows and is not freed */
};

/* On the heap, empty, at most max_bytes. */
void buffer_init(struct buffer *b, size_t max_bytes);
/* Over the caller's array: never allocates. */
void buffer_init_fixed(struct buffer *b, void *p, size_t cap);
void buffer_fini(struct buffer *b);
/* Empty again and not failed; the memory is kept. */
void buffer_clear(struct buffer *b);

void buffer_add(struct buffer *b, const void *p, size_t n);
void buffer_add_span(struct buffer *b, struct span s);
void buffer_add_text(struct buffer *b, const char *text);
void buffer_add_char(struct buffer *b, char c);
void buffer_add_u64(struct buffer *b, uint64_t v);
void buffer_add_i64(struct buffer *b, int64_t v);
/* Over a fixed array these need room for a NUL behind the text. */
void buffer_printf(struct buffer *b, const char *fmt, ...) printf_like(2, 3);
void buffer_vprintf(struct buffer *b, const char *fmt, va_list args) printf_like(2, 0);
/* Drops n bytes from the front (n <= len). */
void buffer_consume(struct buffer *b, size_t n);
static inline struct span buffer_span(const struct buffer *b)
{
	return (struct span){b->p, b->len};
}
/* Terminates with a NUL that is not counted in len, and returns the text ("" when failed before
 * anything was written). A full fixed array loses its last byte to the NUL, and failed is set. */
const char *buffer_text(struct buffer *b);

#endif
