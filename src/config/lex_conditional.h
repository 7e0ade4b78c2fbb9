/* SPDX-License-Identifier: MIT */
/* The lines that begin with a dot: .if .elif .else .endif, which pass over what stands between
 * them, and .notice .warning .alert .diag, which say something. One struct conditional per file. */
#ifndef CONFIG_LEX_CONDITIONAL_H
#define CONFIG_LEX_CONDITIONAL_H

#include "config/config.h"
#include "config/node.h"

#define CONDITIONAL_MAX_DEPTH 64

struct conditional {
	unsigned int depth;
	struct {
		bool outer, taken, now, has_else; /* read around it; a branch was taken; this one is
						     read; .else was seen */
		int line;
	} level[CONDITIONAL_MAX_DEPTH];
};

/* True where the line is one of ours, or stands in a branch that is passed over: the reader shall
 * not see it. */
bool conditional_line(struct conditional *c, const struct node *line,
		      const struct config_world *world, struct diags *d);
/* At the end of a file: blocks left open. */
void conditional_end(struct conditional *c, const char *file, struct diags *d);

struct condition_error {
	size_t at; /* of the byte in the expression */
	char text[256];
	char expression[2048]; /* the words with a blank between */
};

/* The expression that the words from `from` on make: predicates and numbers joined by ! && || ( ).
 * 1, 0, or -1 with *error filled in; nothing is false. */
int condition_words_hold(const struct node *line, unsigned int from,
			 const struct config_world *world, struct condition_error *error);

#endif
