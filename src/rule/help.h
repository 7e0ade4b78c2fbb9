/* SPDX-License-Identifier: MIT */
/* The families of rules with their lines of help: "halb --list". */
#ifndef RULE_HELP_H
#define RULE_HELP_H

#include "base/arena.h"
#include "base/buffer.h"

/* Fetches, converters, actions and predefined ACLs, each sorted by name, a line each: "fetch path
 * …". */
void rule_list_families(struct buffer *out, struct arena *a);

#endif
