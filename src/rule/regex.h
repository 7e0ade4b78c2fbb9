/* SPDX-License-Identifier: MIT */
/*
 * Regular expressions of rules, by PCRE2 with JIT. The text comes from strangers: work and memory
 * of a match are limited. A compiled expression may be used by several threads at once, each with a
 * regex_memory of its own; matching allocates nothing.
 */
#ifndef RULE_REGEX_H
#define RULE_REGEX_H

#include "base/arena.h"
#include "base/buffer.h"

struct regex;

struct regex_memory { /* PCRE2's, of one thread */
	void *data, *limits;
};

#define REGEX_GROUPS 10 /* \0 to \9 */

struct regex_match {
	struct span group[REGEX_GROUPS]; /* p NULL: took no part */
};

/* Those of a configuration, PCRE2's memory: regex_free_all ends them all. */
struct regex_list {
	struct regex *first;
};

/* NULL with *error (in the arena). */
struct regex *regex_compile(struct regex_list *list, struct arena *a, struct span pattern,
			    bool nocase, const char **error) must_check;
void regex_free_all(struct regex_list *list);

/* False when out of memory. */
bool regex_memory_init(struct regex_memory *m) must_check;
void regex_memory_fini(struct regex_memory *m);

/* `match` may be NULL. Begins at `from`. */
bool regex_find(const struct regex *re, struct regex_memory *m, struct span text, size_t from,
		struct regex_match *match);
/* haproxy's replacement text: \0 to \9 are the groups, \xHH a byte, a backslash before anything
 * else is left out. */
void regex_expand(struct buffer *out, struct span replacement, const struct regex_match *match);

#endif
