/* SPDX-License-Identifier: MIT */
/*
 * What both lexers give: lines of words, each with its place, as a tree. A haproxy file is a list
 * of sections whose children are their lines; keepalived's braces nest.
 */
#ifndef CONFIG_NODE_H
#define CONFIG_NODE_H

#include "base/arena.h"

struct node {
	struct node *next, *children;
	const char *file;
	int line;
	unsigned int n_words;
	struct span *words; /* NUL-ended in the arena too: words[i].p may be used as text */
	bool is_block;      /* braces follow it, perhaps with nothing in them */
};

/* "" past the end. */
static inline struct span node_word(const struct node *n, unsigned int i)
{
	return i < n->n_words ? n->words[i] : SPAN("");
}
static inline bool node_word_is(const struct node *n, unsigned int i, const char *text)
{
	return i < n->n_words && span_equal(n->words[i], span_of(text));
}

#endif
