/* SPDX-License-Identifier: MIT */
/*
 * Arguments of fetches and converters: "(name,2)" with haproxy's quoting inside the parentheses. A
 * row says how many there may be and of which types; they are compiled once.
 */
#ifndef RULE_ARGUMENT_H
#define RULE_ARGUMENT_H

#include "rule/compiler.h"

#define MAX_ARGUMENTS 8

enum argument_type {
	ARGUMENT_NONE,
	ARGUMENT_STR,
	ARGUMENT_INT,
	ARGUMENT_TIME,     /* number: ms */
	ARGUMENT_SIZE,     /* number: bytes */
	ARGUMENT_ADDR,     /* inet */
	ARGUMENT_VAR,      /* variable */
	ARGUMENT_INT_VAR,  /* an integer or a variable */
	ARGUMENT_STR_VAR,  /* a variable, where the text names one; else text */
	ARGUMENT_FRONTEND, /* reference */
	ARGUMENT_BACKEND,
	ARGUMENT_SERVER,
	ARGUMENT_USERLIST,
};

struct argument_value {
	uint8_t type; /* enum argument_type: what it is; ARGUMENT_NONE: not given */
	struct span text;
	union {
		int64_t number;
		struct inet inet;
		struct variable variable;
		struct rule_reference *reference;
		const void *compiled; /* a row's own check may put it here */
	};
};

struct argument_spec {
	uint8_t min;
	uint8_t types[MAX_ARGUMENTS]; /* enum argument_type */
};

#define ARGUMENTS(min_count, ...)                                                                  \
	{                                                                                          \
		(min_count),                                                                       \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define NO_ARGUMENTS                                                                               \
	{                                                                                          \
		0,                                                                                 \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}

/* At *text perhaps "(...)": cut off, split, compiled into out (MAX_ARGUMENTS of them). `what` and
 * `name` are for messages: "fetch method", "path". */
struct argument_owner {
	const char *what, *name;
};
bool argument_parse(struct rule_compiler *k, struct span *text, const struct argument_spec *spec,
		    struct argument_owner owner, struct argument_value *out) must_check;

/* At run time: the number of an ARGUMENT_INT_VAR, the text of an ARGUMENT_STR_VAR. False where a
 * variable is not set. */
bool argument_number(const struct rule_context *ctx, const struct argument_value *a, int64_t *out);
bool argument_text(const struct rule_context *ctx, const struct argument_value *a,
		   struct span *out);

#endif
