/* SPDX-License-Identifier: MIT */
/* Fetches that look at nothing of the stream: constants, the time, random values, variables. */
#include "rule/expr.h"

#include "base/format.h"

static bool fetch_truth(const struct fetch_call *c)
{
	*c->out = value_of_bool(c->fetch->variant);
	return true;
}

FETCH(always_true, "always_true", NO_ARGUMENTS, VALUE_BOOL, 0, 0, true, fetch_truth, NULL, "true");
FETCH(always_false, "always_false", NO_ARGUMENTS, VALUE_BOOL, 0, 0, false, fetch_truth, NULL,
      "false");

static bool fetch_constant(const struct fetch_call *c)
{
	const struct argument_value *a = &c->args[0];

	switch (c->fetch->type) {
	case VALUE_BOOL:
		*c->out = value_of_bool(a->number != 0);
		return true;
	case VALUE_INT:
		*c->out = value_of_int(a->number);
		return true;
	case VALUE_IPV4:
	case VALUE_IPV6:
		*c->out = value_of_inet(&a->inet);
		return true;
	case VALUE_METH:
		*c->out = (struct value){.type = VALUE_METH,
					 .method = (uint8_t)http_method_of(a->text),
					 .text = a->text};
		return true;
	default:
		*c->out = (struct value){.type = (uint8_t)c->fetch->type, .text = a->text};
		return true;
	}
}

static bool check_bool(struct rule_compiler *k, struct argument_value *args)
{
	struct span s = args[0].text;
	bool yes = span_equal_nocase(s, SPAN("true")) || span_equal(s, SPAN("1"));

	if (!yes && !span_equal_nocase(s, SPAN("false")) && !span_equal(s, SPAN("0")))
		return compiler_fail(k, "'bool' expects true, false, 1 or 0, not '%.*s'",
				     SPAN_ARG(s));
	args[0].number = yes;
	return true;
}

static bool check_v4(struct rule_compiler *k, struct argument_value *args)
{
	return args[0].inet.family == INET_V4 ||
	       compiler_fail(k, "'%.*s' is not an IPv4 address", SPAN_ARG(args[0].text));
}

static bool check_v6(struct rule_compiler *k, struct argument_value *args)
{
	return args[0].inet.family == INET_V6 ||
	       compiler_fail(k, "'%.*s' is not an IPv6 address", SPAN_ARG(args[0].text));
}

/* Hexadecimal digits to bytes. */
static bool check_bin(struct rule_compiler *k, struct argument_value *args)
{
	struct span s = args[0].text;
	char *p = arena_bytes(k->arena, s.len / 2 + 1);

	if (!p)
		return compiler_fail(k, "out of memory");
	for (size_t i = 0; i < s.len; i += 2) {
		int high = format_hex_digit(s.p[i]);
		int low = i + 1 < s.len ? format_hex_digit(s.p[i + 1]) : -1;

		if (high < 0 || low < 0)
			return compiler_fail(k,
					     "'bin' expects an even number of hexadecimal digits, "
					     "not '%.*s'",
					     SPAN_ARG(s));
		p[i / 2] = (char)(high * 16 + low);
	}
	args[0].text = span_make(p, s.len / 2);
	return true;
}

FETCH(bool, "bool", ARGUMENTS(1, ARGUMENT_STR), VALUE_BOOL, 0, 0, 0, fetch_constant, check_bool,
      "(TRUTH): true or false");
FETCH(int, "int", ARGUMENTS(1, ARGUMENT_INT), VALUE_INT, 0, 0, 0, fetch_constant, NULL,
      "(NUMBER): the number");
FETCH(str, "str", ARGUMENTS(1, ARGUMENT_STR), VALUE_STR, 0, 0, 0, fetch_constant, NULL,
      "(TEXT): the text");
FETCH(bin, "bin", ARGUMENTS(1, ARGUMENT_STR), VALUE_BIN, 0, 0, 0, fetch_constant, check_bin,
      "(HEX): the bytes");
FETCH(meth, "meth", ARGUMENTS(1, ARGUMENT_STR), VALUE_METH, 0, 0, 0, fetch_constant, NULL,
      "(NAME): the method");
FETCH(ipv4, "ipv4", ARGUMENTS(1, ARGUMENT_ADDR), VALUE_IPV4, 0, 0, 0, fetch_constant, check_v4,
      "(ADDRESS): the IPv4 address");
FETCH(ipv6, "ipv6", ARGUMENTS(1, ARGUMENT_ADDR), VALUE_IPV6, 0, 0, 0, fetch_constant, check_v6,
      "(ADDRESS): the IPv6 address");

static bool fetch_var(const struct fetch_call *c)
{
	return variable_get(c->ctx, c->args[0].variable, c->out);
}

FETCH(var, "var", ARGUMENTS(1, ARGUMENT_VAR), VALUE_ANY, 0, 0, 0, fetch_var, NULL,
      "(NAME): a variable, such as txn.user");

/* ---- time and chance ---- */

enum { SECONDS = 1, MILLISECONDS = 1000, MICROSECONDS = 1000000 };

static bool check_date(struct rule_compiler *k, struct argument_value *args)
{
	struct span unit = args[1].text;

	args[1].number = SECONDS;
	if (span_equal(unit, SPAN("ms")))
		args[1].number = MILLISECONDS;
	else if (span_equal(unit, SPAN("us")))
		args[1].number = MICROSECONDS;
	else if (unit.len && !span_equal(unit, SPAN("s")))
		return compiler_fail(k, "unit of date must be 's', 'ms' or 'us', not '%.*s'",
				     SPAN_ARG(unit));
	return true;
}

static bool fetch_date(const struct fetch_call *c)
{
	int64_t unit = c->args[1].number, offset = c->args[0].type ? c->args[0].number : 0;
	int64_t now = c->ctx->wall_us / (MICROSECONDS / unit);

	if (__builtin_add_overflow(now, offset, &now))
		return false;
	*c->out = value_of_int(now);
	return true;
}

FETCH(date, "date", ARGUMENTS(0, ARGUMENT_INT, ARGUMENT_STR), VALUE_INT, 0, 0, 0, fetch_date,
      check_date, "([OFFSET[,UNIT]]): seconds (or ms, us) since 1970");

static bool fetch_date_us(const struct fetch_call *c)
{
	*c->out = value_of_int(c->ctx->wall_us % MICROSECONDS);
	return true;
}

FETCH(date_us, "date_us", NO_ARGUMENTS, VALUE_INT, 0, 0, 0, fetch_date_us, NULL,
      "the microseconds of the date");

static bool check_rand(struct rule_compiler *k, struct argument_value *args)
{
	return args[0].type == ARGUMENT_NONE ||
	       (args[0].number > 0 && args[0].number <= UINT32_MAX) ||
	       compiler_fail(k, "'rand' expects a limit from 1 to 4294967295, not '%.*s'",
			     SPAN_ARG(args[0].text));
}

static bool fetch_rand(const struct fetch_call *c)
{
	uint32_t limit = c->args[0].type ? (uint32_t)c->args[0].number : UINT32_MAX;

	if (!c->ctx->random)
		return false;
	*c->out = value_of_int(random_below(c->ctx->random, limit));
	return true;
}

FETCH(rand, "rand", ARGUMENTS(0, ARGUMENT_INT), VALUE_INT, 0, 0, 0, fetch_rand, check_rand,
      "([LIMIT]): a number from 0 to below the limit");

static bool check_uuid(struct rule_compiler *k, struct argument_value *args)
{
	return args[0].type == ARGUMENT_NONE || args[0].number == 4 ||
	       compiler_fail(k, "only version 4 of UUIDs is there, not '%.*s'",
			     SPAN_ARG(args[0].text));
}

/* RFC 4122 section 4.4 */
static bool fetch_uuid(const struct fetch_call *c)
{
	static const uint8_t dashes[] = {8, 12, 16, 20, 32};
	char *p = scratch_take(c->ctx->scratch, 36);
	uint64_t bits[2];
	size_t n = 0;

	if (!p || !c->ctx->random)
		return false;
	bits[0] = (random_u64(c->ctx->random) & ~UINT64_C(0xf000)) | 0x4000;
	bits[1] = (random_u64(c->ctx->random) & ~UINT64_C(0) >> 2) | UINT64_C(1) << 63;
	for (unsigned int i = 0, dash = 0; i < 32; i++) {
		if (i == dashes[dash]) {
			p[n++] = '-';
			dash++;
		}
		p[n++] = "0123456789abcdef"[bits[i / 16] >> (60 - 4 * (i % 16)) & 15];
	}
	*c->out = value_of_text(span_make(p, n));
	return true;
}

FETCH(uuid, "uuid", ARGUMENTS(0, ARGUMENT_INT), VALUE_STR, 0, 0, 0, fetch_uuid, check_uuid,
      "([4]): a random UUID");
