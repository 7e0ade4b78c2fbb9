/* SPDX-License-Identifier: MIT */
/*
 * Match methods: how the value of an expression is held against the patterns of an ACL. Patterns
 * are compiled when the file is read.
 */
#ifndef RULE_MATCH_H
#define RULE_MATCH_H

#include "rule/compiler.h"
#include "rule/value.h"

enum match_method {
	MATCH_FOUND,
	MATCH_BOOL,
	MATCH_INT,
	MATCH_IP,
	MATCH_BIN,
	MATCH_LEN,
	MATCH_STR,
	MATCH_BEG,
	MATCH_SUB,
	MATCH_DIR,
	MATCH_DOM,
	MATCH_END,
	MATCH_REG,
	MATCH_METH,
	MATCHES
};

struct patterns;

/* MATCHES where there is none of that name. */
enum match_method match_find(struct span name);
const char *match_name(enum match_method m);
/* The one that a type has by itself. */
enum match_method match_of_type(enum value_type t);
/* What a value is cast to first. */
enum value_type match_type(enum match_method m);

struct patterns *patterns_new(struct rule_compiler *k, enum match_method m, bool nocase) must_check;
/* False after compiler_fail. MATCH_INT and MATCH_LEN take "5", "1:10", "gt 3" (an operator as a
 * pattern of its own holds for those behind it). */
bool patterns_add(struct rule_compiler *k, struct patterns *p, struct span text) must_check;
/* After the last one. */
bool patterns_end(struct rule_compiler *k, struct patterns *p) must_check;
/* `v` of type match_type. */
bool patterns_match(const struct patterns *p, const struct value *v, const struct scratch *s);

#endif
