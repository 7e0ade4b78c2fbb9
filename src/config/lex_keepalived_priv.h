/* SPDX-License-Identifier: MIT */
/*
 * What the three files of keepalived's lexer share. A line of a file is joined and rid of its
 * comment (lex_keepalived.c), expanded to any number of lines (lex_keepalived_expand.c), and each
 * of these is cut to words and braces (lex_keepalived_words.c).
 */
#ifndef CONFIG_LEX_KEEPALIVED_PRIV_H
#define CONFIG_LEX_KEEPALIVED_PRIV_H

#include "config/lex_keepalived.h"

struct klex_define {
	struct klex_define *next;
	struct span name, value; /* of several lines: with line breaks between */
};

struct klex_open { /* a block whose end was not seen yet; [0] is the file itself */
	struct node *node;
	struct node **end; /* of its children */
};

struct klex {
	struct arena *arena;          /* words and nodes live here */
	struct arena scratch, values; /* of one line's expansion; of the definitions */
	struct diags *diags;
	const struct config_vrrp_world *world;
	const char *file;
	int line;
	unsigned int n_lines, n_includes, nesting, first_alerts;
	size_t expanded_bytes;
	struct klex_define *defines;
	struct klex_open open[KLEX_MAX_DEPTH + 1];
	unsigned int depth, too_deep;
	unsigned int file_depth; /* blocks that were open where this file began */
	struct node *last; /* the statement that a brace on the next line belongs to, or NULL */
	bool stopped;      /* a limit was reached: nothing more is read */
};

void klex_alert(struct klex *l, const char *fmt, ...) printf_like(2, 3);
/* The same, and the end of all reading. */
void klex_stop(struct klex *l, const char *fmt, ...) printf_like(2, 3);

/* How long the name is that begins here, letters, digits and '_', not with a digit; 0: none. */
size_t klex_name_length(struct span text);
/* "$NAME=" begins the text: its length; 0: no. */
size_t klex_define_length(struct span text);
/* The text behind "@NAME" or "@^NAME" in front; false where the line is not for this machine. */
bool klex_condition(const struct klex *l, struct span *text);
/* What one joined line means, line by line to klex_emit. */
void klex_expand(struct klex *l, struct span text);
/* A line as it finally is: its words become statements in the block at hand, or a file is included.
 */
void klex_emit(struct klex *l, struct span text);
/* Reads the files that `pattern` names, in place. `checked`: none is an alert, else a warning. */
void klex_include(struct klex *l, const char *pattern, bool checked);

/* The next step of a scan over text with quotes and escapes: the bytes that the character at `at`
 * takes (2 with a backslash). Keeps track of the quote in *quote (NUL: none). */
size_t klex_step(struct span text, size_t at, char *quote);

#endif
