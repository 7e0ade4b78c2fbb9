/* SPDX-License-Identifier: MIT */
/*
 * Expressions: "req.hdr(host),lower,field(1,.)", a fetch and a chain of converters, compiled when
 * the file is read and evaluated without allocation. Fetches and converters are families: a new one
 * is a struct in a fetch_*.c or convert_*.c file.
 */
#ifndef RULE_EXPR_H
#define RULE_EXPR_H

#include "rule/argument.h"
#include "rule/context.h"

#include "base/family.h"

struct expr;

/* Where a fetch that has several values (header fields) stands. Zeroed for the first. */
struct fetch_walk {
	bool more; /* set by the fetch: call again for the next value */
	unsigned int at;
	struct span rest;
};

struct fetch_call {
	const struct rule_context *ctx;
	const struct argument_value *args; /* MAX_ARGUMENTS of them */
	struct fetch_walk *walk;           /* NULL: the one value an expression has is wanted */
	const struct fetch *fetch;
	struct value *out;
};

enum {                    /* fetch.traits */
       FETCH_DERIVES = 1, /* NAME_beg, NAME_end, … are its ACL forms */
};

struct fetch {
	const char *name;
	struct argument_spec args;
	enum value_type type;
	unsigned int needs; /* enum rule_needs */
	unsigned int traits;
	int variant; /* the run function's own business */
	/* False: there is no value. */
	bool (*run)(const struct fetch_call *c);
	/* May complete the compiled arguments; NULL: nothing to do. False after compiler_fail. */
	bool (*check)(struct rule_compiler *k, struct argument_value *args);
	const char *help;
};

FAMILY_DECLARE(fetch, struct fetch);

struct convert_call {
	const struct rule_context *ctx;
	const struct argument_value *args;
	const struct converter *converter;
	struct value *v; /* of type `in`, to be changed in place */
};

struct converter {
	const char *name;
	struct argument_spec args;
	enum value_type in, out; /* out VALUE_ANY: that of what went in */
	int variant;
	bool (*run)(const struct convert_call *c);
	bool (*check)(struct rule_compiler *k, struct argument_value *args);
	const char *help;
};

FAMILY_DECLARE(converter, struct converter);

#define FETCH(id, ...)                                                                             \
	static const struct fetch row_##id = {__VA_ARGS__};                                        \
	FAMILY_ADD(fetch, row_##id)
#define CONVERTER(id, ...)                                                                         \
	static const struct converter row_##id = {__VA_ARGS__};                                    \
	FAMILY_ADD(converter, row_##id)

const struct fetch *fetch_find(struct span name);

/* The expression that *text begins with; *text moves behind it. NULL after compiler_fail. Whether
 * what it needs is there where it stands is for the caller to look at: expr_needs. */
struct expr *expr_compile_prefix(struct rule_compiler *k, struct span *text) must_check;
/* The whole of text; what it needs must be there. */
struct expr *expr_compile(struct rule_compiler *k, struct span text) must_check;
/* The same, from a fetch whose name was found otherwise; *text is behind the name. */
struct expr *expr_compile_from(struct rule_compiler *k, const struct fetch *f,
			       struct span *text) must_check;
/* False after compiler_fail where something that it needs is not there. */
bool expr_is_possible(struct rule_compiler *k, const struct expr *e);
enum value_type expr_type(const struct expr *e);
unsigned int expr_needs(const struct expr *e);

/* False: there is no value. */
bool expr_evaluate(const struct expr *e, const struct rule_context *ctx, struct value *out);
bool expr_evaluate_as(const struct expr *e, const struct rule_context *ctx, enum value_type type,
		      struct value *out);
/* One value after the other, for conditions: false where there is none (walk->more may be set all
 * the same: a converter had no value for this one). */
bool expr_next(const struct expr *e, const struct rule_context *ctx, struct fetch_walk *walk,
	       struct value *out);

#endif
