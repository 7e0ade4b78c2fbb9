/* SPDX-License-Identifier: MIT */
/*
 * Variables: "txn.user" becomes a scope and a place in it when the file is read, so that at run
 * time one is an element of an array. Text of variables that outlive a request (sess, proc) is
 * copied into memory of their own, that of the others into the request's arena.
 */
#ifndef RULE_VARIABLES_H
#define RULE_VARIABLES_H

#include "rule/value.h"

struct rule_context;

enum variable_scope { VAR_PROC, VAR_SESS, VAR_TXN, VAR_REQ, VAR_RES, VAR_SCOPES };

struct variable {
	uint8_t scope; /* enum variable_scope */
	unsigned int slot;
};

/* All names that a configuration has. */
struct variable_names {
	struct variable_name *first;
	unsigned int n[VAR_SCOPES];
};

struct variable_cell {
	struct value value;
	bool is_set;
	struct buffer text; /* sess and proc only */
};

struct variable_set {
	struct variable_cell *v; /* zeroed: variable_names.n[scope] of them */
	unsigned int n;
};

/* The variable of that name, new where it was not there. False with *error (in the arena). */
bool variable_find(struct variable_names *names, struct arena *a, struct span name,
		   struct variable *out, const char **error) must_check;
/* A copy in scratch memory or of lasting bytes; false where it is not set. */
bool variable_get(const struct rule_context *ctx, struct variable var, struct value *out);
/* False when out of memory. */
bool variable_set(const struct rule_context *ctx, struct variable var, const struct value *v);
void variable_unset(const struct rule_context *ctx, struct variable var);
/* What sess and proc hold of their own. */
void variable_set_fini(struct variable_set *set);

#endif
