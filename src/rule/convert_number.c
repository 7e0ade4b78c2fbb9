/* SPDX-License-Identifier: MIT */
/* Converters of numbers and truth. Arithmetic saturates, as haproxy's. */
#include "rule/expr.h"

enum operation { ADD, SUB, MUL, DIV, MOD, AND, OR, XOR };

static int64_t clamped(bool negative)
{
	return negative ? INT64_MIN : INT64_MAX;
}

static int64_t multiply(int64_t a, int64_t b)
{
	int64_t n;

	return __builtin_mul_overflow(a, b, &n) ? clamped((a < 0) != (b < 0)) : n;
}

static int64_t divide(int64_t a, int64_t b)
{
	if (b == 0 || (a == INT64_MIN && b == -1))
		return INT64_MAX;
	return a / b;
}

static int64_t calculate(enum operation op, int64_t a, int64_t b)
{
	int64_t n;

	switch (op) {
	case ADD:
		return __builtin_add_overflow(a, b, &n) ? clamped(a < 0) : n;
	case SUB:
		return __builtin_sub_overflow(a, b, &n) ? clamped(a < 0) : n;
	case MUL:
		return multiply(a, b);
	case DIV:
		return divide(a, b);
	case MOD:
		return b == 0 || b == -1 ? 0 : a % b;
	case AND:
		return a & b;
	case OR:
		return a | b;
	default:
		return a ^ b;
	}
}

static bool combine(const struct convert_call *c)
{
	int64_t other;

	if (!argument_number(c->ctx, &c->args[0], &other))
		return false;
	c->v->number = calculate((enum operation)c->converter->variant, c->v->number, other);
	return true;
}

#define ARITHMETIC(id, op, what)                                                                   \
	CONVERTER(id, #id, ARGUMENTS(1, ARGUMENT_INT_VAR), VALUE_INT, VALUE_INT, op, combine,      \
		  NULL, "(NUMBER or VARIABLE): " what)

ARITHMETIC(add, ADD, "their sum");
ARITHMETIC(sub, SUB, "less that");
ARITHMETIC(mul, MUL, "their product");
ARITHMETIC(div, DIV, "divided by that; the largest number where that is 0");
ARITHMETIC(mod, MOD, "the rest of the division; 0 where that is 0");
ARITHMETIC(and, AND, "the bits that are in both");
ARITHMETIC(or, OR, "the bits that are in any");
ARITHMETIC(xor, XOR, "the bits that are in one");

enum unary { NEG, CPL, EVEN, ODD, NOT, TRUTH };

static bool change(const struct convert_call *c)
{
	int64_t n = c->v->number;

	switch ((enum unary)c->converter->variant) {
	case NEG:
		*c->v = value_of_int(n == INT64_MIN ? INT64_MAX : -n);
		return true;
	case CPL:
		*c->v = value_of_int(~n);
		return true;
	case EVEN:
		*c->v = value_of_bool((n & 1) == 0);
		return true;
	case ODD:
		*c->v = value_of_bool(n & 1);
		return true;
	case NOT:
		*c->v = value_of_bool(n == 0);
		return true;
	default:
		*c->v = value_of_bool(n != 0);
		return true;
	}
}

#define UNARY(id, op, out, what)                                                                   \
	CONVERTER(id, #id, NO_ARGUMENTS, VALUE_INT, out, op, change, NULL, what)

UNARY(neg, NEG, VALUE_INT, "with the other sign");
UNARY(cpl, CPL, VALUE_INT, "all bits turned over");
UNARY(even, EVEN, VALUE_BOOL, "it is even");
UNARY(odd, ODD, VALUE_BOOL, "it is odd");
UNARY(not, NOT, VALUE_BOOL, "it is 0");
UNARY(bool, TRUTH, VALUE_BOOL, "it is not 0");

static bool choose(const struct convert_call *c)
{
	*c->v = value_of_text(c->args[c->v->number ? 0 : 1].text);
	return true;
}

CONVERTER(iif, "iif", ARGUMENTS(2, ARGUMENT_STR, ARGUMENT_STR), VALUE_BOOL, VALUE_STR, 0, choose,
	  NULL, "(TRUE,FALSE): one of two texts");

/* ---- variables and captures as a side effect ---- */

static bool set_variable(const struct convert_call *c)
{
	return variable_set(c->ctx, c->args[0].variable, c->v);
}

static bool unset_variable(const struct convert_call *c)
{
	variable_unset(c->ctx, c->args[0].variable);
	return true;
}

CONVERTER(set_var, "set-var", ARGUMENTS(1, ARGUMENT_VAR), VALUE_ANY, VALUE_ANY, 0, set_variable,
	  NULL, "(VARIABLE): keeps it there too");
CONVERTER(unset_var, "unset-var", ARGUMENTS(1, ARGUMENT_VAR), VALUE_ANY, VALUE_ANY, 0,
	  unset_variable, NULL, "(VARIABLE): the variable is set no more");
