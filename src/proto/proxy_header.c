/* SPDX-License-Identifier: MIT */
/*
 * The PROXY protocol's two headers. A listener with accept-proxy parses the first bytes of each
 * connection here, a server connection or check with send-proxy writes them. The bytes come from
 * whoever can connect: every length is checked before it is used, and what differs from the
 * specification is refused, as soon as it is seen.
 */
#include "proto/proxy_header.h"

#include "base/format.h"

#define V1_MAX_BYTES 107
#define V2_FIXED_BYTES 16
#define TLV_CRC32C 0x03

static const char v2_signature[12] = "\r\n\r\n\0\r\nQUIT\n";

static uint16_t get_u16(const char *p)
{
	return (uint16_t)((uint8_t)p[0] << 8 | (uint8_t)p[1]);
}

static void put_u16(char *p, uint16_t v)
{
	p[0] = (char)(v >> 8);
	p[1] = (char)v;
}

/* Where `in` differs from `start` as far as both go. */
static bool may_start_with(struct span in, struct span start)
{
	return memcmp(in.p, start.p, in.len < start.len ? in.len : start.len) == 0;
}

/* ---- version 1 */

static bool parse_v1_port(struct span text, uint16_t *port)
{
	uint64_t value;

	if (text.len > 5 || (text.len > 1 && text.p[0] == '0') || !span_to_u64(text, 65535, &value))
		return false;
	*port = (uint16_t)value;
	return true;
}

/* "SRC DST SPORT DPORT", one space between. */
static bool parse_v1_addresses(struct span rest, uint8_t family, struct proxy_header *out)
{
	struct span field[4];

	for (int i = 0; i < 4; i++) {
		if (!rest.p)
			return false;
		field[i] = span_split(&rest, ' ');
	}
	return !rest.p && inet_parse(field[0], &out->src) && inet_parse(field[1], &out->dst) &&
	       out->src.family == family && out->dst.family == family &&
	       parse_v1_port(field[2], &out->src.port) && parse_v1_port(field[3], &out->dst.port);
}

/* The line without its CRLF. */
static bool parse_v1_line(struct span line, struct proxy_header *out)
{
	struct span protocol;

	line = span_slice(line, 6, line.len);
	protocol = span_split(&line, ' ');
	if (span_equal(protocol, SPAN("UNKNOWN"))) {
		out->local = true;
		return true;
	}
	if (!line.p)
		return false;
	if (span_equal(protocol, SPAN("TCP4")))
		return parse_v1_addresses(line, INET_V4, out);
	if (span_equal(protocol, SPAN("TCP6")))
		return parse_v1_addresses(line, INET_V6, out);
	return false;
}

static enum parse_result parse_v1(struct span in, struct proxy_header *out, size_t *used)
{
	struct proxy_header h = {.version = 1};
	struct span seen = span_slice(in, 0, V1_MAX_BYTES);
	size_t cr = span_find(seen, '\r');

	if (!may_start_with(in, SPAN("PROXY ")) || span_find(span_slice(seen, 0, cr), '\n') < cr)
		return PARSE_BAD;
	if (cr + 1 >= seen.len)
		return seen.len == V1_MAX_BYTES ? PARSE_BAD : PARSE_MORE;
	if (seen.p[cr + 1] != '\n' || !parse_v1_line(span_slice(seen, 0, cr), &h))
		return PARSE_BAD;
	*out = h;
	*used = cr + 2;
	return PARSE_OK;
}

/* ---- version 2 */

/* The header's CRC32c (RFC 3720 appendix B.4), with the four bytes at `hole` counted as zero. */
static uint32_t crc32c(struct span header, size_t hole)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < header.len; i++) {
		crc ^= i - hole < 4 ? 0 : (uint8_t)header.p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static bool crc_matches(struct span header, size_t at)
{
	const char *p = header.p + at;

	return crc32c(header, at) == ((uint32_t)get_u16(p) << 16 | get_u16(p + 2));
}

/* Every TLV ends inside the header, the last one at its end; a checksum is right. */
static bool check_tlvs(struct span header, size_t at)
{
	while (at < header.len) {
		size_t length;

		if (header.len - at < 3)
			return false;
		length = get_u16(header.p + at + 1);
		if (length > header.len - at - 3)
			return false;
		if (header.p[at] == TLV_CRC32C && (length != 4 || !crc_matches(header, at + 3)))
			return false;
		at += 3 + length;
	}
	return true;
}

static struct inet v2_inet(uint8_t family, const char *ip, const char *port)
{
	struct inet a = {.family = family, .port = get_u16(port)};

	memcpy(a.ip, ip, family == INET_V4 ? 4 : 16);
	return a;
}

/* The bytes of both addresses for the 14th byte's family, or -1 where it is not a valid one. */
static int v2_address_bytes(uint8_t family_byte)
{
	static const uint8_t bytes[4] = {0, 12, 36, 216};

	return family_byte >> 4 > 3 || (family_byte & 15) > 2 ? -1 : bytes[family_byte >> 4];
}

/* A whole header of a relayed connection. Datagrams and unspecified families say nothing that a
 * stream's receiver could use: the connection's own addresses hold. */
static bool parse_v2_addresses(struct span header, struct proxy_header *out)
{
	const char *p = header.p + V2_FIXED_BYTES;
	uint8_t family_byte = (uint8_t)header.p[13];
	size_t end = V2_FIXED_BYTES + (size_t)v2_address_bytes(family_byte);

	switch (family_byte) {
	case 0x11:
		out->src = v2_inet(INET_V4, p, p + 8);
		out->dst = v2_inet(INET_V4, p + 4, p + 10);
		break;
	case 0x21:
		out->src = v2_inet(INET_V6, p, p + 32);
		out->dst = v2_inet(INET_V6, p + 16, p + 34);
		break;
	case 0x31:
		out->src = out->dst = (struct inet){.family = INET_UNIX};
		break;
	default:
		out->local = true;
		return true;
	}
	out->tlvs = span_slice(header, end, header.len);
	return check_tlvs(header, end);
}

static enum parse_result parse_v2(struct span in, struct proxy_header *out, size_t *used)
{
	struct proxy_header h = {.version = 2};
	bool relayed;
	size_t length;

	if (!may_start_with(in, span_make(v2_signature, sizeof(v2_signature))) ||
	    (in.len > 12 && in.p[12] != 0x20 && in.p[12] != 0x21))
		return PARSE_BAD;
	if (in.len < 14)
		return PARSE_MORE;
	relayed = in.p[12] == 0x21;
	if (relayed && v2_address_bytes((uint8_t)in.p[13]) < 0)
		return PARSE_BAD;
	if (in.len < V2_FIXED_BYTES)
		return PARSE_MORE;
	length = get_u16(in.p + 14);
	if (length > PROXY_HEADER_MAX_BYTES - V2_FIXED_BYTES ||
	    (relayed && length < (size_t)v2_address_bytes((uint8_t)in.p[13])))
		return PARSE_BAD;
	length += V2_FIXED_BYTES;
	if (in.len < length)
		return PARSE_MORE;
	h.local = !relayed;
	if (relayed && !parse_v2_addresses(span_slice(in, 0, length), &h))
		return PARSE_BAD;
	*out = h;
	*used = length;
	return PARSE_OK;
}

enum parse_result proxy_header_parse(struct span in, struct proxy_header *out, size_t *used)
{
	if (in.len == 0)
		return PARSE_MORE;
	return in.p[0] == 'P' ? parse_v1(in, out, used) : parse_v2(in, out, used);
}

/* ---- writing */

static bool both_are(const struct inet *src, const struct inet *dst, uint8_t family)
{
	return src->family == family && dst->family == family;
}

static size_t put_text(char *dst, const char *text)
{
	size_t n = strlen(text);

	memcpy(dst, text, n);
	return n;
}

static size_t put_address(char *dst, const struct inet *a)
{
	size_t n = inet_print(dst, a);

	dst[n] = ' ';
	return n + 1;
}

size_t proxy_header_write_v1(char out[108], const struct inet *src, const struct inet *dst)
{
	size_t n;

	if (both_are(src, dst, INET_V4))
		n = put_text(out, "PROXY TCP4 ");
	else if (both_are(src, dst, INET_V6))
		n = put_text(out, "PROXY TCP6 ");
	else
		return put_text(out, "PROXY UNKNOWN\r\n");
	n += put_address(out + n, src);
	n += put_address(out + n, dst);
	n += format_u64(out + n, src->port);
	out[n++] = ' ';
	n += format_u64(out + n, dst->port);
	n += put_text(out + n, "\r\n");
	return n;
}

size_t proxy_header_write_v2(char out[PROXY_HEADER_MAX_BYTES], const struct inet *src,
			     const struct inet *dst)
{
	bool v4 = both_are(src, dst, INET_V4), v6 = both_are(src, dst, INET_V6);
	size_t ip_bytes = v4 ? 4 : 16, n = V2_FIXED_BYTES;

	memcpy(out, v2_signature, sizeof(v2_signature));
	if (!v4 && !v6) {
		memcpy(out + 12, "\x20\0\0\0", 4);
		return n;
	}
	out[12] = 0x21;
	out[13] = v4 ? 0x11 : 0x21;
	put_u16(out + 14, (uint16_t)(2 * ip_bytes + 4));
	memcpy(out + n, src->ip, ip_bytes);
	memcpy(out + n + ip_bytes, dst->ip, ip_bytes);
	n += 2 * ip_bytes;
	put_u16(out + n, src->port);
	put_u16(out + n + 2, dst->port);
	return n + 4;
}
