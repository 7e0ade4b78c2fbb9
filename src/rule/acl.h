/* SPDX-License-Identifier: MIT */
/*
 * ACLs: an expression, a match method and patterns; several of one name are joined by "or". Named
 * ones hang on the compiler's list, anonymous ones on the condition that holds them. haproxy's
 * predefined ones are a family of texts, compiled when first used.
 */
#ifndef RULE_ACL_H
#define RULE_ACL_H

#include "rule/expr.h"

struct acl;

/* A predefined ACL. */
struct acl_text {
	const char *name, *text; /* text NULL: known, not there yet */
	const char *help;
};

FAMILY_DECLARE(acl_text, struct acl_text);

/* "NAME EXPRESSION [FLAGS] [PATTERNS]": a line "acl" without its first word. A name that exists
 * gets one more way to match. False after compiler_fail. */
bool acl_add(struct rule_compiler *k, const struct span *words, unsigned int n) must_check;
/* What stands between "{" and "}". NULL after compiler_fail. */
const struct acl *acl_anonymous(struct rule_compiler *k, const struct span *words,
				unsigned int n) must_check;
/* A named or predefined one; NULL after compiler_fail. */
const struct acl *acl_find(struct rule_compiler *k, struct span name) must_check;
unsigned int acl_needs(const struct acl *a);
const char *acl_name(const struct acl *a);
bool acl_matches(const struct acl *a, const struct rule_context *ctx);

#endif
