/* SPDX-License-Identifier: MIT */
/* Converters of addresses and of Host fields. */
#include "rule/expr.h"

/* "24" or "255.255.255.0" as the bits of a mask. */
static bool parse_mask(struct span s, unsigned int bits, uint8_t mask[16])
{
	struct inet a;
	uint64_t n;

	memset(mask, 0, 16);
	if (span_to_u64(s, bits, &n)) {
		for (uint64_t i = 0; i < n; i++)
			mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
		return true;
	}
	if (!inet_parse(s, &a) || (a.family == INET_V4) != (bits == 32))
		return false;
	memcpy(mask, a.ip, 16);
	return true;
}

static bool keep_mask(struct rule_compiler *k, struct argument_value *a, unsigned int bits)
{
	struct span s = a->text;
	uint8_t mask[16];

	if (!parse_mask(s, bits, mask))
		return compiler_fail(k, "'%.*s' is not a mask; write a number of bits up to %u",
				     SPAN_ARG(s), bits);
	a->inet = (struct inet){.family = bits == 32 ? INET_V4 : INET_V6};
	memcpy(a->inet.ip, mask, 16);
	return true;
}

static bool check_masks(struct rule_compiler *k, struct argument_value *args)
{
	return keep_mask(k, &args[0], 32) && (!args[1].type || keep_mask(k, &args[1], 128));
}

/* An IPv6 address without a mask for it has no value. */
static bool mask(const struct convert_call *c)
{
	const struct argument_value *with = &c->args[c->v->type == VALUE_IPV4 ? 0 : 1];

	if (!with->type)
		return false;
	for (int i = 0; i < 16; i++)
		c->v->inet.ip[i] &= with->inet.ip[i];
	return true;
}

CONVERTER(ipmask, "ipmask", ARGUMENTS(1, ARGUMENT_STR, ARGUMENT_STR), VALUE_ADDR, VALUE_ADDR, 0,
	  mask, check_masks, "(MASK4[,MASK6]): the network it is in");

/* Where the port of "host:port" or "[ipv6]:port" begins, behind the colon; 0: there is none. */
static size_t port_at(struct span s)
{
	size_t at = s.len;

	while (at && s.p[at - 1] >= '0' && s.p[at - 1] <= '9')
		at--;
	return at && s.p[at - 1] == ':' ? at : 0;
}

static bool host_only(const struct convert_call *c)
{
	size_t port = port_at(c->v->text);

	if (port)
		c->v->text = span_slice(c->v->text, 0, port - 1);
	return true;
}

static bool port_only(const struct convert_call *c)
{
	size_t port = port_at(c->v->text);
	uint64_t n = 0;

	if (port && !span_to_u64(span_slice(c->v->text, port, c->v->text.len), 65535, &n))
		n = 0;
	*c->v = value_of_int((int64_t)n);
	return true;
}

CONVERTER(host_only, "host_only", NO_ARGUMENTS, VALUE_STR, VALUE_STR, 0, host_only, NULL,
	  "a Host field's value without its port");
CONVERTER(port_only, "port_only", NO_ARGUMENTS, VALUE_STR, VALUE_INT, 0, port_only, NULL,
	  "the port of a Host field's value, 0: none");
