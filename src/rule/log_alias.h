/* SPDX-License-Identifier: MIT */
/*
 * What log_format.c and the alias files share: the family of aliases, and how they write: straight
 * into the line, never past its end.
 */
#ifndef RULE_LOG_ALIAS_H
#define RULE_LOG_ALIAS_H

#include "rule/log_format.h"

#include "base/family.h"

enum { /* flags: %{+Q,-X}r */
       LOG_QUOTED = 1,
       LOG_HEX = 2,
       LOG_ESCAPED = 4,
       LOG_BARE = 8, /* texts of rules: nothing stands for what is not there */
};

enum {                     /* log_alias.traits */
       LOG_AT_END = 1,     /* the value is known at the end of the stream only */
       LOG_HTTP_ONLY = 2,  /* not in mode tcp */
       LOG_ANY_LENGTH = 4, /* `write` looks at `end`; else it writes at most LOG_ROOM bytes, and
			      there is room for them */
       LOG_MAY_BE_EMPTY = 8,
};

#define LOG_ROOM 64

struct log_alias {
	const char *name;
	/* Writes at `at`, and returns where it ended; at `end` where the value did not fit and was
	 * cut. Writing nothing at all makes the blanks around it one. */
	char *(*write)(char *at, char *end, const struct log_record *r, unsigned int flags);
	unsigned int traits;
	const char *help;
};

FAMILY_DECLARE(log_alias, struct log_alias);

static inline char *log_put(char *at, char *end, const char *p, size_t n)
{
	size_t room = (size_t)(end - at);

	if (unlikely(n > room))
		n = room;
	if (n)
		memcpy(at, p, n);
	return at + n;
}

static inline char *log_put_char(char *at, char *end, char c)
{
	if (likely(at < end))
		*at++ = c;
	return at;
}

/* Plain text, "-" (quoted: "") where it is empty; only LOG_QUOTED and LOG_ESCAPED count. */
char *log_put_text(char *at, char *end, struct span s, unsigned int flags);
/* The same for bytes of strangers: what could make a terminal do things is encoded as #XX. */
char *log_put_strange(char *at, char *end, struct span s, unsigned int flags);

#endif
