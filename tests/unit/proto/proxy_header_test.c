/* SPDX-License-Identifier: MIT */
/* PROXY headers: good and bad byte arrays, each at every split; what is written is read back. */
#include "proto/proxy_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define CHECKSUM "\x64\x3e\x10\x3b"
#define BYTES(text) text, sizeof(text) - 1

/* Parses a copy of exactly n bytes, so that ASan sees any read behind them. */
static enum parse_result parse(const char *p, size_t n, struct proxy_header *out, size_t *used)
{
	char *copy = malloc(n + !n);
	enum parse_result result;

	memcpy(copy, p, n);
	result = proxy_header_parse(span_make(copy, n), out, used);
	if (result == PARSE_OK && out->tlvs.p)
		out->tlvs.p = p + (out->tlvs.p - copy);
	free(copy);
	return result;
}

/* Whole: OK and of that length; with other bytes behind: the same; every prefix: MORE. */
static struct proxy_header good(const char *p, size_t n)
{
	struct proxy_header h, longer;
	size_t used = 0;
	char *more = malloc(n + 3);

	assert_int_equal(parse(p, n, &h, &used), PARSE_OK);
	assert_int_equal(used, n);
	memcpy(more, p, n);
	memcpy(more + n, "\r\nX", 3);
	assert_int_equal(parse(more, n + 3, &longer, &used), PARSE_OK);
	assert_int_equal(used, n);
	assert_memory_equal(&longer.src, &h.src, sizeof(h.src));
	assert_int_equal(longer.tlvs.len, h.tlvs.len);
	free(more);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(parse(p, i, &longer, &used), PARSE_MORE);
	return h;
}

/* BAD as a whole, and no prefix is OK; after the first BAD prefix all are BAD. */
static void bad(const char *p, size_t n)
{
	struct proxy_header h;
	size_t used;
	bool was_bad = false;

	for (size_t i = 0; i <= n; i++) {
		enum parse_result result = parse(p, i, &h, &used);

		if (result == PARSE_OK || (was_bad && result != PARSE_BAD))
			fail_msg("%.*s at %zu", (int)n, p, i);
		was_bad = result == PARSE_BAD;
	}
	if (!was_bad)
		fail_msg("not refused: %.*s", (int)n, p);
}

static void inet_is(const struct inet *a, const char *ip, uint16_t port)
{
	char text[INET_TEXT_BYTES];
	size_t n = inet_print(text, a);

	text[n] = '\0';
	assert_string_equal(text, ip);
	assert_int_equal(a->port, port);
}

static void test_v1_good(void **state)
{
	struct proxy_header h;

	(void)state;
	h = good(BYTES("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"));
	assert_int_equal(h.version, 1);
	assert_false(h.local);
	inet_is(&h.src, "192.168.0.1", 56324);
	inet_is(&h.dst, "192.168.0.11", 443);
	h = good(BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"));
	h = good(BYTES("PROXY TCP6 2001:DB8::1 ::1 0 1\r\n"));
	inet_is(&h.src, "2001:db8::1", 0);
	inet_is(&h.dst, "::1", 1);
	h = good(BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"));
	h = good(BYTES("PROXY UNKNOWN\r\n"));
	assert_true(h.local);
	assert_int_equal(h.src.family, INET_NONE);
	h = good(BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"));
	assert_true(h.local);
}

static void test_v1_bad(void **state)
{
	static const char *const lines[] = {
	    "GET / HTTP/1.1\r\n",
	    "P GET / HTTP/1.1\r\n",
	    "PROXY\r\n",
	    "PROXY \r\n",
	    "PROXYTCP4 1.2.3.4 1.2.3.4 1 2\r\n",
	    "PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
	    "PROXY TCP4\r\n",
	    "PROXY TCP4 \r\n",
	    "PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
	    "PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n",
	    "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
	    "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
	    "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
	    "PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n",
	    "PROXY TCP4\t1.2.3.4 1.2.3.4 1 2\r\n",
	    "PROXY TCP4 1.2.3.04 1.2.3.4 1 2\r\n",
	    "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
	    "PROXY TCP4 1.2.3.4 1.2.3.4 1 00\r\n",
	    "PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n",
	    "PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
	    "PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n",
	    "PROXY TCP4 1.2.3.4 1.2.3.4 1 000002\r\n",
	    "PROXY TCP4 ::1 ::1 1 2\r\n",
	    "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
	    "PROXY TCP6 ::1 1.2.3.4 1 2\r\n",
	    "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
	    "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n",
	    "PROXY TCP4 1.2.3.4 1.2.3.4 1\n 2\r\n",
	    "PROXY UNKNOWNX\r\n",
	    "PROXY UNKNOWN a\nb\r\n",
	    "PROXY UNKNOWN a\rb\r\n",
	    /* 108 bytes with the end of line */
	    ("PROXY UNKNOWN xfff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655350\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < array_size(lines); i++)
		bad(lines[i], strlen(lines[i]));
	bad(BYTES("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n"));
}

static void test_v2_good(void **state)
{
	struct proxy_header h;
	char max[PROXY_HEADER_MAX_BYTES] = V2 "\x20\x00\x02\x08";

	(void)state;
	h = good(BYTES(V2 "\x21\x11\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x12\x34\x00\x50"));
	assert_int_equal(h.version, 2);
	assert_false(h.local);
	inet_is(&h.src, "1.2.3.4", 0x1234);
	inet_is(&h.dst, "5.6.7.8", 80);
	assert_int_equal(h.tlvs.len, 0);
	h = good(BYTES(V2 "\x21\x11\0\x14\x01\x02\x03\x04\x05\x06\x07\x08\x12\x34\x00\x50"
			  "\x04\0\0\x02\0\x02hi"));
	assert_int_equal(h.tlvs.len, 8);
	assert_memory_equal(h.tlvs.p, "\x04\0\0\x02\0\x02hi", 8);
	h = good(BYTES(V2 "\x21\x21\0\x24"
			  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
			  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02"
			  "\xff\xff\x01\xbb"));
	inet_is(&h.src, "2001:db8::1", 65535);
	inet_is(&h.dst, "::2", 443);
	h = good(BYTES(V2 "\x20\0\0\0"));
	assert_true(h.local);
	/* LOCAL: the rest is skipped, whatever it is. */
	h = good(BYTES(V2 "\x20\x11\0\x03\xff\xff\xff"));
	assert_true(h.local);
	assert_int_equal(h.src.family, INET_NONE);
	assert_null(h.tlvs.p);
	h = good(BYTES(V2 "\x20\xff\0\0"));
	/* Unspecified, and datagrams */
	h = good(BYTES(V2 "\x21\0\0\0"));
	assert_true(h.local);
	h = good(BYTES(V2 "\x21\x01\0\x02zz"));
	assert_true(h.local);
	h = good(BYTES(V2 "\x21\x12\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x12\x34\x00\x50"));
	assert_true(h.local);
	h = good(max, sizeof(max));
	assert_true(h.local);
}

static void test_v2_unix(void **state)
{
	char in[16 + 216 + 4] = V2 "\x21\x31\0\xdc";
	struct proxy_header h;

	(void)state;
	memset(in + 16, 'p', 216);
	memcpy(in + 16 + 216, "\x05\0\1u", 4);
	h = good(in, sizeof(in));
	assert_int_equal(h.src.family, INET_UNIX);
	assert_int_equal(h.dst.family, INET_UNIX);
	assert_int_equal(h.tlvs.len, 4);
}

static void test_v2_bad(void **state)
{
	(void)state;
	bad(BYTES("\r\n\r\n\0\r\nQUIT\r"));
	bad(BYTES("\r\n\r\nGET"));
	bad(BYTES("\0"));
	bad(BYTES("\x16\x03\x01"));
	bad(BYTES(V2 "\x11\x11\0\x0c"));
	bad(BYTES(V2 "\x31\x11\0\x0c"));
	bad(BYTES(V2 "\x22\x11\0\x0c"));
	bad(BYTES(V2 "\x21\x41\0\x0c"));
	bad(BYTES(V2 "\x21\x13\0\x0c"));
	bad(BYTES(V2 "\x21\x11\0\x0b"));
	bad(BYTES(V2 "\x21\x12\0\x0b"));
	bad(BYTES(V2 "\x21\x21\0\x23"));
	bad(BYTES(V2 "\x21\x31\0\xd7"));
	bad(BYTES(V2 "\x21\x11\xff\xff"));
	bad(BYTES(V2 "\x20\x00\x02\x09"));
	/* TLVs that do not end where the header ends */
	bad(BYTES(V2 "\x21\x11\0\x0d\x01\x02\x03\x04\x05\x06\x07\x08\x12\x34\x00\x50\x04"));
	bad(BYTES(V2 "\x21\x11\0\x0e\x01\x02\x03\x04\x05\x06\x07\x08\x12\x34\x00\x50\x04\0"));
	bad(BYTES(V2 "\x21\x11\0\x0f\x01\x02\x03\x04\x05\x06\x07\x08\x12\x34\x00\x50\x04\0\1"));
	bad(BYTES(V2 "\x21\x11\0\x10\x01\x02\x03\x04\x05\x06\x07\x08\x12\x34\x00\x50\x04\0\0x"));
}

/* CHECKSUM was computed by another program. A flipped bit anywhere but in the framing is seen. */
static void test_v2_checksum(void **state)
{
	char in[] = V2 "\x21\x11\0\x13\x01\x02\x03\x04\x05\x06\x07\x08\x12\x34\x00\x50\x03\0\4"
		       "CRC_";
	size_t n = sizeof(in) - 1;

	(void)state;
	memcpy(in + n - 4, CHECKSUM, 4);
	good(in, n);
	for (size_t i = 12; i < n * 8; i++) {
		struct proxy_header h;
		size_t used, byte = i % n;

		if (byte < 16 || (byte >= 28 && byte < 31))
			continue;
		in[byte] = (char)(in[byte] ^ 1 << i / n);
		assert_int_equal(parse(in, n, &h, &used), PARSE_BAD);
		in[byte] = (char)(in[byte] ^ 1 << i / n);
	}
	bad(BYTES(V2 "\x21\x11\0\x12\x01\x02\x03\x04\x05\x06\x07\x08\x12\x34\x00\x50\x03\0\3abc"));
}

static struct inet address(const char *text, uint16_t port)
{
	struct inet a;

	assert_true(inet_parse(span_of(text), &a));
	a.port = port;
	return a;
}

static void test_write_v1(void **state)
{
	struct inet four = address("10.0.0.1", 1), other = address("255.255.255.255", 65535);
	struct inet six = address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535);
	struct inet none = {0}, local = {.family = INET_UNIX};
	char dst[108];
	size_t n;

	(void)state;
	n = proxy_header_write_v1(dst, &four, &other);
	assert_int_equal(n, strlen("PROXY TCP4 10.0.0.1 255.255.255.255 1 65535\r\n"));
	assert_memory_equal(dst, "PROXY TCP4 10.0.0.1 255.255.255.255 1 65535\r\n", n);
	n = proxy_header_write_v1(dst, &six, &six);
	assert_int_equal(n, 104);
	good(dst, n);
	n = proxy_header_write_v1(dst, &four, &six);
	assert_int_equal(n, 15);
	assert_memory_equal(dst, "PROXY UNKNOWN\r\n", n);
	assert_int_equal(proxy_header_write_v1(dst, &none, &none), 15);
	assert_int_equal(proxy_header_write_v1(dst, &local, &local), 15);
}

static void test_write_v2(void **state)
{
	struct inet four = address("10.0.0.1", 1), six = address("2001:db8::1", 65535);
	struct inet none = {0};
	char dst[PROXY_HEADER_MAX_BYTES];
	struct proxy_header h;
	size_t n;

	(void)state;
	n = proxy_header_write_v2(dst, &four, &four);
	assert_int_equal(n, 28);
	h = good(dst, n);
	inet_is(&h.src, "10.0.0.1", 1);
	inet_is(&h.dst, "10.0.0.1", 1);
	n = proxy_header_write_v2(dst, &six, &six);
	assert_int_equal(n, 52);
	h = good(dst, n);
	inet_is(&h.src, "2001:db8::1", 65535);
	n = proxy_header_write_v2(dst, &six, &four);
	assert_int_equal(n, 16);
	h = good(dst, n);
	assert_true(h.local);
	assert_int_equal(proxy_header_write_v2(dst, &none, &four), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_v1_good),  cmocka_unit_test(test_v1_bad),
	    cmocka_unit_test(test_v2_good),  cmocka_unit_test(test_v2_unix),
	    cmocka_unit_test(test_v2_bad),   cmocka_unit_test(test_v2_checksum),
	    cmocka_unit_test(test_write_v1), cmocka_unit_test(test_write_v2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
