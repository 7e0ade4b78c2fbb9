/* SPDX-License-Identifier: MIT */
/*
 * The memory of one evaluation: what casts and converters write goes into an array of the thread's,
 * piece behind piece, and is forgotten at once (scratch_release to a mark). Nothing is allocated; a
 * piece that does not fit makes its converter fail.
 */
#ifndef RULE_SCRATCH_H
#define RULE_SCRATCH_H

#include "base/buffer.h"

struct regex_memory; /* rule/regex.h */

struct scratch {
	char *p;
	size_t at, cap;
	struct regex_memory *regex; /* what a match needs; NULL: none matches */
};

/* n bytes, or NULL. */
static inline char *scratch_take(struct scratch *s, size_t n)
{
	char *p = s->p + s->at;

	if (unlikely(n > s->cap - s->at))
		return NULL;
	s->at += n;
	return p;
}

/* All that is left as a buffer; between open and close nothing else may be taken. */
static inline void scratch_open(struct scratch *s, struct buffer *b)
{
	buffer_init_fixed(b, s->p + s->at, s->cap - s->at);
}

/* Keeps what was written. False (nothing kept) where it did not fit. */
static inline bool scratch_close(struct scratch *s, const struct buffer *b, struct span *out)
{
	if (unlikely(b->failed))
		return false;
	s->at += b->len;
	*out = buffer_span(b);
	return true;
}

static inline size_t scratch_mark(const struct scratch *s)
{
	return s->at;
}

static inline void scratch_release(struct scratch *s, size_t mark)
{
	s->at = mark;
}

#endif
