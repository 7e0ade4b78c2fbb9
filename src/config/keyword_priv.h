/* SPDX-License-Identifier: MIT */
/* What keyword.c, keyword_value.c and reader.c share: a line's row. */
#ifndef CONFIG_KEYWORD_PRIV_H
#define CONFIG_KEYWORD_PRIV_H

#include "config/keyword.h"

struct keyword_match {
	const struct keyword *row; /* NULL: unknown. It may be one for another section */
	unsigned int first;        /* the name's first word: 1 behind "no" and "default" */
	unsigned int at;           /* the first word behind the name */
};

struct keyword_match keyword_find(const struct node *line, unsigned int where);
/* Does what the row says; the place is right. */
void keyword_store(struct config_reader *r, const struct node *line, const struct keyword_match *m);

#endif
