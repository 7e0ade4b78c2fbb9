/* SPDX-License-Identifier: MIT */
/*
 * keepalived's language: statements of words, one a line, whose braces hold statements again.
 *
 *     words "in quotes" a\ b     escapes as C's, inside quotes and outside; # or ! begins a comment
 *     @NAME line, @^NAME line    the line is for this machine, for all others
 *     $A=value                   a definition, several lines where each but the last ends with \
 *     $A ${A} ${_PWD}            its value; one that is not defined stays as it is
 *     ~SEQ(V, 1, 2, 9) line      the line for each value; ~LST(V, a, b), ~LST({V, W}, {a, b})
 *     include PATTERN            the statements of other files
 *
 * What is malformed is reported and passed over; reading goes on.
 */
#ifndef CONFIG_LEX_KEEPALIVED_H
#define CONFIG_LEX_KEEPALIVED_H

#include "config/config_vrrp.h"
#include "config/node.h"

#define KLEX_MAX_WORDS 256        /* of a statement */
#define KLEX_MAX_LINE_BYTES 65536 /* before and after its definitions are put in */
#define KLEX_MAX_LINES 20000      /* of all files, after expansion */
#define KLEX_MAX_DEPTH 12         /* of braces */
#define KLEX_MAX_INCLUDES 16      /* of files within files */
#define KLEX_MAX_NESTING 32       /* of definitions, ~SEQ and ~LST within each other */
#define KLEX_MAX_EXPANSION_BYTES (32u << 20)
#define KLEX_MAX_ALERTS 500 /* then the rest is not looked at */

/* The first statement of the file, the others by ->next; all in the arena. NULL where there is
 * none, or where a limit ended the reading. Alerts say what is malformed. */
struct node *lex_keepalived(const struct config_file *file, const struct config_vrrp_world *world,
			    struct arena *a, struct diags *d);

#endif
