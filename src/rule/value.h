/* SPDX-License-Identifier: MIT */
/*
 * What an expression yields: a typed value, and the casts between the types as haproxy has them.
 * Text points into a message, the configuration or the scratch memory of one evaluation.
 */
#ifndef RULE_VALUE_H
#define RULE_VALUE_H

#include "rule/scratch.h"

#include "proto/message.h"

#include "base/inet.h"

enum value_type {
	VALUE_ANY, /* of a converter that takes anything */
	VALUE_BOOL,
	VALUE_INT,
	VALUE_ADDR, /* said of an expression: IPv4 or IPv6, known when it is evaluated */
	VALUE_IPV4,
	VALUE_IPV6,
	VALUE_STR,
	VALUE_BIN,
	VALUE_METH,
	VALUE_TYPES
};

struct value {
	uint8_t type;   /* enum value_type */
	uint8_t method; /* VALUE_METH: enum http_method */
	union {
		int64_t number; /* VALUE_BOOL, VALUE_INT */
		struct inet inet;
		struct span text; /* VALUE_STR, VALUE_BIN, VALUE_METH */
	};
};

static inline struct value value_of_bool(bool b)
{
	return (struct value){.type = VALUE_BOOL, .number = b};
}

static inline struct value value_of_int(int64_t n)
{
	return (struct value){.type = VALUE_INT, .number = n};
}

static inline struct value value_of_text(struct span s)
{
	return (struct value){.type = VALUE_STR, .text = s};
}

static inline struct value value_of_bytes(struct span s)
{
	return (struct value){.type = VALUE_BIN, .text = s};
}

struct value value_of_inet(const struct inet *a);

/* "string", "integer", …, for messages. */
const char *value_type_name(enum value_type t);
/* Whether there is such a cast at all. */
bool value_may_cast(enum value_type from, enum value_type to);
/* In place; false where this very value has no such form ("abc" as an address), or scratch memory
 * ran out. */
bool value_cast(struct value *v, enum value_type to, struct scratch *s) must_check;
/* The number a text begins with, saturating; 0 where it begins with none. */
int64_t value_parse_int(struct span s);

#endif
