/* SPDX-License-Identifier: MIT */
/*
 * haproxy's lines: words with quotes, escapes and environment variables, comments, and the lines
 * that begin with a dot (.if …). The reader takes one line at a time, because "setenv" changes what
 * the next line expands to. A malformed line is reported with an excerpt and passed over; reading
 * goes on.
 *
 *     word            blanks separate words, # begins a comment
 *     a\ b            escapes: \blank \\ \# \" \' \n \r \t \xHH; another backslash stays as it is
 *     'a $b \n'       nothing is special
 *     "a $B ${C-d}"   escapes, \$, and variables; ${D[*]} makes a word of each word of its value
 */
#ifndef CONFIG_LEX_HAPROXY_H
#define CONFIG_LEX_HAPROXY_H

#include "config/config.h"
#include "config/lex_conditional.h"
#include "config/node.h"

#define LEX_MAX_WORDS 64
#define LEX_MAX_LINE_BYTES 65536 /* of a line, before and after its variables are put in */

struct lexer {
	struct arena *arena; /* words live here */
	struct diags *diags;
	const struct config_world *world;
	const char *file;
	const char *section; /* what ${.SECTION} stands for; the reader sets it */
	struct span rest;
	int line;
	struct conditional blocks;
};

void lexer_init(struct lexer *l, const struct config_file *file, const struct config_world *world,
		struct arena *a, struct diags *d);
/* The next line that has a word and is not passed over by .if. False at the end of the file. */
bool lexer_next(struct lexer *l, struct node *line);
/* The words of one line, of a place in no file (-cc). False after a diagnostic. */
bool lexer_words(struct lexer *l, struct span text, struct node *line);

/* Puts the variables into `text` ($NAME, ${NAME}, ${NAME-default}) as in address words, where
 * quotes are not needed. NULL with *error (static) when it is malformed, or when memory ran out. */
const char *lex_expand(const struct config_world *world, struct span text, struct arena *a,
		       const char **error);

#endif
