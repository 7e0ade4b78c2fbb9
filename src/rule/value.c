/* SPDX-License-Identifier: MIT */
/*
 * Casts between the types of values. haproxy's rules: text becomes a number by its leading digits,
 * bytes become text up to a NUL, an IPv4 address is a number in network order, and IPv6
 * addresses that map IPv4 ones become those.
 */
#include "rule/value.h"

#include "base/format.h"

struct value value_of_inet(const struct inet *a)
{
	return (struct value){.type = a->family == INET_V4 ? VALUE_IPV4 : VALUE_IPV6, .inet = *a};
}

const char *value_type_name(enum value_type t)
{
	static const char *const names[VALUE_TYPES] = {
	    [VALUE_ANY] = "any",    [VALUE_BOOL] = "boolean", [VALUE_INT] = "integer",
	    [VALUE_ADDR] = "addr",  [VALUE_IPV4] = "ip",      [VALUE_IPV6] = "ipv6",
	    [VALUE_STR] = "string", [VALUE_BIN] = "binary",   [VALUE_METH] = "method",
	};

	return names[t];
}

#define TO(type) (1u << (VALUE_##type))
#define TO_ADDRESSES (TO(ADDR) | TO(IPV4) | TO(IPV6))

bool value_may_cast(enum value_type from, enum value_type to)
{
	static const unsigned int casts[VALUE_TYPES] = {
	    [VALUE_ANY] = ~0u,
	    [VALUE_BOOL] = TO(BOOL) | TO(INT) | TO(STR),
	    [VALUE_INT] = TO(BOOL) | TO(INT) | TO(STR) | TO(BIN) | TO_ADDRESSES,
	    [VALUE_ADDR] = TO(INT) | TO(STR) | TO(BIN) | TO_ADDRESSES,
	    [VALUE_IPV4] = TO(INT) | TO(STR) | TO(BIN) | TO_ADDRESSES,
	    [VALUE_IPV6] = TO(STR) | TO(BIN) | TO_ADDRESSES,
	    [VALUE_STR] = TO(BOOL) | TO(INT) | TO(STR) | TO(BIN) | TO(METH) | TO_ADDRESSES,
	    [VALUE_BIN] = TO(STR) | TO(BIN) | TO(METH),
	    [VALUE_METH] = TO(STR) | TO(BIN) | TO(METH),
	};

	return to == VALUE_ANY || (casts[from] >> to & 1);
}

int64_t value_parse_int(struct span s)
{
	bool negative = s.len && s.p[0] == '-';
	int64_t n = 0;

	for (size_t i = s.len && (negative || s.p[0] == '+'); i < s.len; i++) {
		int digit = s.p[i] - '0';

		if (digit < 0 || digit > 9)
			break;
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, negative ? -digit : digit, &n))
			return negative ? INT64_MIN : INT64_MAX;
	}
	return n;
}

static uint32_t number_of_v4(const struct inet *a)
{
	return (uint32_t)a->ip[0] << 24 | (uint32_t)a->ip[1] << 16 | (uint32_t)a->ip[2] << 8 |
	       a->ip[3];
}

static struct inet v4_of_number(int64_t n)
{
	return (struct inet){
	    .family = INET_V4,
	    .ip = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static bool to_bool(struct value *v)
{
	if (v->type == VALUE_STR) {
		if (v->text.len == 0)
			return false;
		v->number = value_parse_int(v->text);
	}
	*v = value_of_bool(v->number != 0);
	return true;
}

static bool to_int(struct value *v)
{
	if (v->type == VALUE_STR) {
		if (v->text.len == 0)
			return false;
		v->number = value_parse_int(v->text);
	} else if (v->type == VALUE_IPV4) {
		v->number = number_of_v4(&v->inet);
	}
	v->type = VALUE_INT;
	return true;
}

static bool to_text(struct value *v, struct scratch *s)
{
	char *p;

	switch (v->type) {
	case VALUE_BOOL:
	case VALUE_INT:
		p = scratch_take(s, 21);
		if (!p)
			return false;
		*v = value_of_text(span_make(p, format_i64(p, v->number)));
		return true;
	case VALUE_IPV4:
	case VALUE_IPV6:
		p = scratch_take(s, INET_TEXT_BYTES);
		if (!p)
			return false;
		*v = value_of_text(span_make(p, inet_print(p, &v->inet)));
		return true;
	case VALUE_BIN:
		*v = value_of_text(span_slice(v->text, 0, span_find(v->text, '\0')));
		return true;
	default:
		v->type = VALUE_STR;
		return true;
	}
}

static bool to_bytes(struct value *v, struct scratch *s)
{
	char *p;

	if (v->type == VALUE_STR || v->type == VALUE_METH) {
		v->type = VALUE_BIN;
		return true;
	}
	p = scratch_take(s, 16);
	if (!p)
		return false;
	if (v->type == VALUE_INT) {
		for (unsigned int i = 0; i < 8; i++)
			p[i] = (char)((uint64_t)v->number >> (56 - 8 * i));
		*v = value_of_bytes(span_make(p, 8));
	} else {
		size_t len = v->type == VALUE_IPV4 ? 4 : 16;

		memcpy(p, v->inet.ip, len);
		*v = value_of_bytes(span_make(p, len));
	}
	return true;
}

static void map_v4(struct inet *a)
{
	struct inet six = {.family = INET_V6, .port = a->port, .ip = {[10] = 0xff, [11] = 0xff}};

	memcpy(six.ip + 12, a->ip, 4);
	*a = six;
}

static bool unmap_v4(struct inet *a)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
	struct inet four = {.family = INET_V4, .port = a->port};

	if (memcmp(a->ip, prefix, sizeof(prefix)) != 0)
		return false;
	memcpy(four.ip, a->ip + 12, 4);
	*a = four;
	return true;
}

static bool to_address(struct value *v, enum value_type to)
{
	struct inet a = v->inet;

	if (v->type == VALUE_INT)
		a = v4_of_number(v->number);
	else if (v->type == VALUE_STR && !inet_parse(v->text, &a))
		return false;
	if (to == VALUE_IPV4 && a.family == INET_V6 && !unmap_v4(&a))
		return false;
	if (to == VALUE_IPV6 && a.family == INET_V4)
		map_v4(&a);
	*v = value_of_inet(&a);
	return true;
}

bool value_cast(struct value *v, enum value_type to, struct scratch *s)
{
	if (likely(v->type == to || to == VALUE_ANY))
		return true;
	if (!value_may_cast(v->type, to))
		return false;
	switch (to) {
	case VALUE_BOOL:
		return to_bool(v);
	case VALUE_INT:
		return to_int(v);
	case VALUE_STR:
		return to_text(v, s);
	case VALUE_BIN:
		return to_bytes(v, s);
	case VALUE_METH:
		v->type = VALUE_METH;
		v->method = (uint8_t)http_method_of(v->text);
		return true;
	default:
		return to_address(v, to);
	}
}
