/* SPDX-License-Identifier: MIT */
/*
 * Conditions: "if A B or !C". Compiled when the file is read, evaluated without allocation. The
 * names that exist so far are haproxy's predefined ACLs (TRUE, FALSE, LOCALHOST, METH_GET,
 * HTTP_1.1, …).
 */
#ifndef RULE_CONDITION_H
#define RULE_CONDITION_H

#include "rule/context.h"

#include "base/family.h"

struct condition;

/* One predefined ACL. */
struct condition_name {
	const char *name;
	bool (*matches)(const struct rule_context *ctx); /* NULL: known, not there yet */
	bool needs_http;
	const char *help;
};

FAMILY_DECLARE(condition_name, struct condition_name);

/* From the words behind "if" or "unless". NULL with *error (in the arena) saying what is wrong and
 * what to write. */
struct condition *condition_compile(const struct span *words, unsigned int n, bool unless,
				    struct arena *a, const char **error) must_check;
/* A NULL condition is true. */
bool condition_holds(const struct condition *c, const struct rule_context *ctx);
/* True where an HTTP request is needed before it can be decided: never so in mode tcp. */
bool condition_needs_http(const struct condition *c);

#endif
