/* SPDX-License-Identifier: MIT */
/* What lex_haproxy.c and lex_environment.c share: the scan of one line. */
#ifndef CONFIG_LEX_PRIV_H
#define CONFIG_LEX_PRIV_H

#include "config/lex_haproxy.h"

struct scan {
	struct lexer *lexer;
	struct span text;
	size_t at;
	char quote; /* the quote we stand in, NUL: none */
	size_t quote_at;
	bool in_word;
	unsigned int n_words;
	size_t starts[LEX_MAX_WORDS]; /* in out */
	struct buffer out;            /* the words, a NUL behind each */
	const char *error;            /* the first one */
	size_t error_at;
};

void scan_fail(struct scan *s, size_t at, const char *what);
void scan_put(struct scan *s, char c);
void scan_end_word(struct scan *s);
/* At a dollar inside double quotes: puts the variable's value in. */
void scan_variable(struct scan *s);

#endif
