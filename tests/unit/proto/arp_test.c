/* SPDX-License-Identifier: MIT */
/* Announcements: the frames that keepalived sends, byte for byte; and what others' frames claim. */
#include "proto/arp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t mac[6] = {0x3e, 0x4b, 0x22, 0x82, 0x6e, 0x70};

static const uint8_t gratuitous[ARP_FRAME_BYTES] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3e, 0x4b, 0x22, 0x82, 0x6e, 0x70, 0x08, 0x06,
    0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0x3e, 0x4b, 0x22, 0x82, 0x6e, 0x70,
    0xc0, 0xa8, 0x32, 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc0, 0xa8, 0x32, 0x0a,
};

static const uint8_t unsolicited[NA_FRAME_BYTES] = {
    0x33, 0x33, 0x00, 0x00, 0x00, 0x01, 0x3e, 0x4b, 0x22, 0x82, 0x6e, 0x70, 0x86, 0xdd, 0x60,
    0x00, 0x00, 0x00, 0x00, 0x20, 0x3a, 0xff, 0xfd, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x50, 0x00, 0x10, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x88, 0x00, 0x8c, 0xa0, 0x20, 0x00,
    0x00, 0x00, 0xfd, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x50, 0x00, 0x10, 0x02, 0x01, 0x3e, 0x4b, 0x22, 0x82, 0x6e, 0x70,
};

static struct inet ip(const char *text)
{
	struct inet a = {0};

	assert_true(inet_parse(span_of(text), &a));
	return a;
}

/* Parses exactly n bytes of memory; what is refused leaves *out as it was. */
static bool parse(const uint8_t *p, size_t n, struct arp_seen *out)
{
	static const struct arp_seen untouched = {.mac = {1}};
	uint8_t *copy = malloc(n + !n);
	bool ok;

	memcpy(copy, p, n);
	*out = untouched;
	ok = arp_parse(span_make(copy, n), out);
	free(copy);
	if (!ok)
		assert_memory_equal(out, &untouched, sizeof(*out));
	return ok;
}

static void test_gratuitous(void **state)
{
	struct inet address = ip("192.168.50.10");
	uint8_t frame[ARP_FRAME_BYTES];
	struct arp_seen seen;

	(void)state;
	arp_build_gratuitous(frame, mac, &address, false);
	assert_memory_equal(frame, gratuitous, sizeof(frame));
	assert_true(parse(frame, sizeof(frame), &seen));
	assert_true(seen.request);
	assert_true(inet_equal_ip(&seen.address, &address));
	assert_memory_equal(seen.mac, mac, 6);

	arp_build_gratuitous(frame, mac, &address, true);
	assert_int_equal(frame[21], 2);
	assert_memory_equal(frame, gratuitous, 21);
	assert_memory_equal(frame + 22, gratuitous + 22, sizeof(frame) - 22);
	assert_true(parse(frame, sizeof(frame), &seen));
	assert_false(seen.request);
}

/* ICMPv6's checksum, over the pseudo-header and the message: 0xffff when right. */
static uint16_t icmp_sum(const uint8_t *frame)
{
	uint32_t sum = 58 + 32;

	for (size_t i = 22; i < NA_FRAME_BYTES; i += 2)
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	while (sum >> 16)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

static void test_unsolicited(void **state)
{
	struct inet address = ip("fd00::50:10"), other = ip("2001:db8:ffff:1::fffe");
	uint8_t frame[NA_FRAME_BYTES];
	struct arp_seen seen;

	(void)state;
	na_build_unsolicited(frame, mac, &address, false);
	assert_memory_equal(frame, unsolicited, sizeof(frame));
	assert_int_equal(icmp_sum(frame), 0xffff);
	na_build_unsolicited(frame, mac, &address, true);
	assert_int_equal(frame[58], 0xa0);
	assert_int_equal(icmp_sum(frame), 0xffff);
	na_build_unsolicited(frame, mac, &other, false);
	assert_int_equal(icmp_sum(frame), 0xffff);
	assert_false(parse(frame, sizeof(frame), &seen));
}

static void test_lengths(void **state)
{
	uint8_t padded[64] = {0};
	struct arp_seen seen;

	(void)state;
	memcpy(padded, gratuitous, sizeof(gratuitous));
	for (size_t n = 0; n < ARP_FRAME_BYTES; n++)
		assert_false(parse(padded, n, &seen));
	for (size_t n = ARP_FRAME_BYTES; n <= sizeof(padded); n++)
		assert_true(parse(padded, n, &seen));
}

/* The gratuitous frame with n bytes put at `at`. */
static bool with(size_t at, const char *bytes, size_t n)
{
	uint8_t frame[ARP_FRAME_BYTES];
	struct arp_seen seen;

	memcpy(frame, gratuitous, sizeof(frame));
	memcpy(frame + at, bytes, n);
	return parse(frame, sizeof(frame), &seen);
}

static void test_claims(void **state)
{
	(void)state;
	assert_false(with(12, "\x08\x00", 2)); /* IPv4 */
	assert_false(with(12, "\x81\x00", 2)); /* a VLAN tag */
	assert_false(with(20, "\0\0", 2));
	assert_false(with(20, "\0\3", 2)); /* reverse ARP */
	assert_false(with(20, "\1\1", 2));
	assert_true(with(20, "\0\2", 2));
	assert_false(with(22, "\0\0\0\0\0\0", 6));
	assert_false(with(22, "\xff\xff\xff\xff\xff\xff", 6));
	assert_false(with(22, "\1\0\x5e\0\0\x12", 6));
	assert_true(with(22, "\0\0\x5e\0\1\x33", 6)); /* VRRP's own */
	assert_false(with(28, "\0\0\0\0", 4));        /* a probe */
	assert_false(with(28, "\xff\xff\xff\xff", 4));
	assert_false(with(28, "\xe0\0\0\x12", 4));
	assert_true(with(28, "\xdf\0\0\x12", 4));
	assert_true(with(32, "\0\0\0\0\0\0\xc0\xa8\x32\x01", 10)); /* asks for another one */
}

/* Each bit says something: the frame is refused, another claim, or differs where a claim is not
 * made (the Ethernet header's addresses, the target). */
static void test_bit_flips(void **state)
{
	struct arp_seen whole, seen;

	(void)state;
	assert_true(parse(gratuitous, sizeof(gratuitous), &whole));
	for (size_t bit = 0; bit < ARP_FRAME_BYTES * 8; bit++) {
		uint8_t frame[ARP_FRAME_BYTES];
		size_t at = bit / 8;
		bool ok;

		memcpy(frame, gratuitous, sizeof(frame));
		frame[at] ^= (uint8_t)(1 << bit % 8);
		ok = parse(frame, sizeof(frame), &seen);
		if (at < 12 || at >= 32)
			assert_true(ok && memcmp(&seen, &whole, sizeof(seen)) == 0);
		else if (at < 22)
			assert_false(ok);
		else
			assert_true(!ok || memcmp(&seen, &whole, sizeof(seen)) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_gratuitous), cmocka_unit_test(test_unsolicited),
	    cmocka_unit_test(test_lengths),    cmocka_unit_test(test_claims),
	    cmocka_unit_test(test_bit_flips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
