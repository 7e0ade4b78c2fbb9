/* SPDX-License-Identifier: MIT */
/*
 * A span is a view of bytes that somebody else owns: pointer and length, no terminating NUL. Text
 * from the network and from configuration files travels as spans; nothing here allocates.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const char *p;
	size_t len;
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})
#define SPAN_NONE ((struct span){NULL, 0})
/* For printf: "%.*s" with SPAN_ARG(s). */
#define SPAN_ARG(s) (int)(s).len, (s).p

static inline struct span span_of(const char *text)
{
	return (struct span){text, text ? strlen(text) : 0};
}

static inline struct span span_make(const void *p, size_t len)
{
	return (struct span){p, len};
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* ASCII case-insensitive comparisons, independent of the locale. */
bool span_equal_nocase(struct span a, struct span b);
bool span_starts_with(struct span s, struct span prefix);
bool span_starts_with_nocase(struct span s, struct span prefix);
bool span_ends_with(struct span s, struct span suffix);

/* The index of the first byte `c`, or s.len when there is none. */
size_t span_find(struct span s, char c);
/* The index of the first occurrence of `needle`, or s.len when there is none; an empty needle is
 * found at 0. */
size_t span_find_span(struct span s, struct span needle);

/* The bytes [from, from + len), clipped to s; from > s.len gives an empty span at the end. */
struct span span_slice(struct span s, size_t from, size_t len);
/* Without the blanks (space and tab) at both ends. */
struct span span_trim(struct span s);

/* Splits off what stands before the first `sep`: returns it and moves *rest behind the separator;
 * at the end *rest is SPAN_NONE (p NULL). Call while rest->p is not NULL; "a,,b" gives "a", "",
 * "b". */
struct span span_split(struct span *rest, char sep);

/* A number in decimal digits only: no sign, no blanks, at least one digit. False (and *value
 * untouched) on anything else or on a value above `max`. */
bool span_to_u64(struct span s, uint64_t max, uint64_t *value);

#endif
