/* SPDX-License-Identifier: MIT */
/*
 * Reading and printing internet addresses, and networks. Own code rather than inet_pton: spans are
 * not NUL-ended, and what the C library accepts beside the standard forms differs. Called by the
 * configuration, the PROXY codec, rules and logs.
 */
#include "base/inet.h"

#include "base/format.h"

/* One decimal part of an IPv4 address: 0..255 without leading zeros, so that none can be taken for
 * octal. */
static bool parse_v4_part(struct span part, uint8_t *out)
{
	uint64_t value;

	if (part.len > 3 || (part.len > 1 && part.p[0] == '0') || !span_to_u64(part, 255, &value))
		return false;
	*out = (uint8_t)value;
	return true;
}

static bool parse_v4(struct span text, uint8_t out[4])
{
	for (int i = 0; i < 4; i++) {
		struct span part;

		if (!text.p)
			return false;
		part = span_split(&text, '.');
		if (!parse_v4_part(part, &out[i]))
			return false;
	}
	return !text.p;
}

/* One to four hex digits. */
static bool parse_v6_group(struct span part, uint8_t out[2])
{
	unsigned int value = 0;

	if (part.len == 0 || part.len > 4)
		return false;
	for (size_t i = 0; i < part.len; i++) {
		int digit = format_hex_digit(part.p[i]);

		if (digit < 0)
			return false;
		value = value << 4 | (unsigned int)digit;
	}
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return true;
}

/* The groups between colons, the last of which may be a dotted IPv4 address. Returns the bytes
 * written (at most `room`), or -1. No text at all is no group. */
static int parse_v6_groups(struct span text, bool v4_may_end, uint8_t *out, int room)
{
	int n = 0;

	if (text.len == 0)
		return 0;
	while (text.p) {
		struct span part = span_split(&text, ':');

		if (v4_may_end && !text.p && span_find(part, '.') < part.len) {
			if (n + 4 > room || !parse_v4(part, out + n))
				return -1;
			return n + 4;
		}
		if (n + 2 > room || !parse_v6_group(part, out + n))
			return -1;
		n += 2;
	}
	return n;
}

static bool parse_v6(struct span text, uint8_t out[16])
{
	size_t gap = span_find_span(text, SPAN("::"));
	uint8_t head[16] = {0}, tail[16];
	int n_head, n_tail;

	if (gap == text.len) {
		n_head = parse_v6_groups(text, true, head, 16);
		if (n_head != 16)
			return false;
		memcpy(out, head, 16);
		return true;
	}
	/* "::" stands for at least one group of zeros. */
	n_head = parse_v6_groups(span_slice(text, 0, gap), false, head, 14);
	if (n_head < 0)
		return false;
	n_tail = parse_v6_groups(span_slice(text, gap + 2, text.len), true, tail, 14 - n_head);
	if (n_tail < 0)
		return false;
	memcpy(head + 16 - n_tail, tail, (size_t)n_tail);
	memcpy(out, head, 16);
	return true;
}

bool inet_parse(struct span text, struct inet *out)
{
	struct inet a = {.family = INET_V4};

	/* Longer than any address; so it also bounds the work on hostile text. */
	if (text.len == 0 || text.len >= INET_TEXT_BYTES)
		return false;
	if (!parse_v4(text, a.ip)) {
		a = (struct inet){.family = INET_V6};
		if (!parse_v6(text, a.ip))
			return false;
	}
	*out = a;
	return true;
}

static size_t print_v4(char *dst, const uint8_t ip[4])
{
	size_t n = 0;

	for (int i = 0; i < 4; i++) {
		if (i > 0)
			dst[n++] = '.';
		n += format_u64(dst + n, ip[i]);
	}
	return n;
}

static unsigned int group_of(const uint8_t ip[16], int i)
{
	return (unsigned int)ip[2 * i] << 8 | ip[2 * i + 1];
}

/* The longest run of at least two zero groups, the first of equals (RFC 5952 section 4.2); *length
 * 0 when there is none. */
static int longest_zeros(const uint8_t ip[16], int groups, int *length)
{
	int best = -1;

	*length = 0;
	for (int i = 0; i < groups; i++) {
		int run = 0;

		while (i + run < groups && group_of(ip, i + run) == 0)
			run++;
		if (run > 1 && run > *length) {
			best = i;
			*length = run;
		}
		i += run;
	}
	return best;
}

static size_t print_group(char *dst, unsigned int group)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (int shift = 12; shift >= 0; shift -= 4) {
		if (n > 0 || shift == 0 || group >> shift != 0)
			dst[n++] = digits[group >> shift & 15];
	}
	return n;
}

static bool is_v4_mapped(const uint8_t ip[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(ip, mapped, sizeof(mapped)) == 0;
}

static size_t print_v6(char *dst, const uint8_t ip[16])
{
	int groups = is_v4_mapped(ip) ? 6 : 8;
	int length, gap = longest_zeros(ip, groups, &length);
	size_t n = 0;

	for (int i = 0; i < groups; i++) {
		if (i == gap) {
			dst[n++] = ':';
			if (i == 0)
				dst[n++] = ':';
			i += length - 1;
		} else {
			n += print_group(dst + n, group_of(ip, i));
			if (i < 7)
				dst[n++] = ':';
		}
	}
	if (groups == 6)
		n += print_v4(dst + n, ip + 12);
	return n;
}

size_t inet_print(char dst[INET_TEXT_BYTES], const struct inet *a)
{
	switch (a->family) {
	case INET_V4:
		return print_v4(dst, a->ip);
	case INET_V6:
		return print_v6(dst, a->ip);
	case INET_UNIX:
		memcpy(dst, "unix", 4);
		return 4;
	default:
		return 0;
	}
}

static unsigned int address_bits(const struct inet *a)
{
	return a->family == INET_V4 ? 32 : a->family == INET_V6 ? 128 : 0;
}

bool inet_equal_ip(const struct inet *a, const struct inet *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, address_bits(a) / 8) == 0;
}

/* A netmask as bits: ones, then zeros; false for any other. */
static bool mask_prefix(const struct inet *mask, uint8_t *prefix)
{
	unsigned int bits = address_bits(mask), n = 0;

	while (n < bits && (mask->ip[n / 8] & 0x80 >> n % 8))
		n++;
	for (unsigned int i = n; i < bits; i++) {
		if (mask->ip[i / 8] & 0x80 >> i % 8)
			return false;
	}
	*prefix = (uint8_t)n;
	return true;
}

bool inet_parse_net(struct span text, struct inet_net *out)
{
	struct inet_net net = {0};
	struct inet mask;
	uint64_t bits;
	struct span address = span_split(&text, '/');

	if (!inet_parse(address, &net.address))
		return false;
	if (!text.p)
		net.prefix = (uint8_t)address_bits(&net.address);
	else if (span_to_u64(text, address_bits(&net.address), &bits))
		net.prefix = (uint8_t)bits;
	else if (!inet_parse(text, &mask) || mask.family != net.address.family ||
		 !mask_prefix(&mask, &net.prefix))
		return false;
	*out = net;
	return true;
}

bool inet_in_net(const struct inet *a, const struct inet_net *net)
{
	const uint8_t *ip = a->ip;
	unsigned int whole = net->prefix / 8, rest = net->prefix % 8;

	if (a->family == INET_V6 && net->address.family == INET_V4 && is_v4_mapped(a->ip))
		ip = a->ip + 12;
	else if (a->family != net->address.family || address_bits(a) == 0)
		return false;
	if (memcmp(ip, net->address.ip, whole) != 0)
		return false;
	return rest == 0 || ((ip[whole] ^ net->address.ip[whole]) & (0xff00 >> rest) & 0xff) == 0;
}
