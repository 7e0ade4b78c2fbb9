/* SPDX-License-Identifier: MIT */
/*
 * Conditions: "if A !B or { path /x }". Compiled when the file is read, evaluated without
 * allocation. The names are the ACLs of the proxy and haproxy's predefined ones.
 */
#ifndef RULE_CONDITION_H
#define RULE_CONDITION_H

#include "rule/compiler.h"
#include "rule/context.h"

struct condition;

/* From the words behind "if" or "unless". NULL after compiler_fail. Where an ACL looks at what is
 * not there it never matches, and k->warning says so. */
struct condition *condition_compile(struct rule_compiler *k, const struct span *words,
				    unsigned int n, bool unless) must_check;
/* A NULL condition is true. */
bool condition_holds(const struct condition *c, const struct rule_context *ctx);
/* enum rule_needs of all its ACLs. */
unsigned int condition_needs(const struct condition *c);

#endif
