/* SPDX-License-Identifier: MIT */
/* VRRP adverts: bytes seen on a wire between keepaliveds, each bit flipped, each truncation, each
 * verdict, and what is built is read back. */
#include "proto/vrrp_packet.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct inet ip(const char *text)
{
	struct inet a = {0};

	assert_true(inet_parse(span_of(text), &a));
	return a;
}

/* A recorded advert and the instance that it is for. */
struct sample {
	struct vrrp_identity id;
	struct vrrp_origin origin;
	struct inet addresses[4];
	uint8_t priority;
	uint8_t bytes[VRRP_MAX_BYTES];
	size_t length;
};

enum { V2, V2_PASSWORD, V3, V3_OWNER, V3_IPV6, SAMPLES };

static const char *const texts[SAMPLES][8] = {
    /* source, destination, bytes, addresses */
    [V2] = {"192.168.50.11", "224.0.0.18", "2133650100018717c0a8320a0000000000000000",
	    "192.168.50.10"},
    [V2_PASSWORD] = {"192.168.50.11", "224.0.0.18",
		     "21336502010125e6c0a8320ac0a832097365637265743132", "192.168.50.10",
		     "192.168.50.9"},
    [V3] = {"192.168.50.11", "224.0.0.18", "313365010064a371c0a8320a", "192.168.50.10"},
    [V3_OWNER] = {"192.168.50.11", "224.0.0.18", "3134ff0100320998c0a83214", "192.168.50.20"},
    [V3_IPV6] = {"fe80::3c4b:22ff:fe82:6e70", "ff02::12",
		 "313564020064a413fe800000000000000000000000010002fd000000000000000000000000500010",
		 "fe80::1:2", "fd00::50:10"},
};

static size_t from_hex(uint8_t *dst, const char *hex)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};

		dst[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return n;
}

static void load(struct sample *s, int which)
{
	*s = (struct sample){0};
	s->origin.source = ip(texts[which][0]);
	s->origin.destination = ip(texts[which][1]);
	s->origin.ttl = 255;
	s->length = from_hex(s->bytes, texts[which][2]);
	for (; texts[which][3 + s->id.n_addresses]; s->id.n_addresses++)
		s->addresses[s->id.n_addresses] = ip(texts[which][3 + s->id.n_addresses]);
	s->id.version = s->bytes[0] >> 4;
	s->id.vrid = s->bytes[1];
	s->priority = s->bytes[2];
	s->id.family = s->origin.source.family;
	s->id.advert_us = which == V3_OWNER ? 500000 : 1000000;
	s->id.addresses = s->addresses;
	s->id.ttl_min = s->id.ttl_max = 255;
	if (which == V2_PASSWORD) {
		s->id.password = true;
		memcpy(s->id.auth_pass, "secret12", 8);
	}
}

/* Parses exactly n bytes of memory, so that ASan sees a read behind them; what is refused leaves
 * *out as it was. */
static enum vrrp_verdict parse(const struct sample *s, const uint8_t *p, size_t n,
			       struct vrrp_advert *out)
{
	static const struct vrrp_advert untouched = {.priority = 77};
	uint8_t *copy = malloc(n + !n);
	enum vrrp_verdict v;

	memcpy(copy, p, n);
	*out = untouched;
	v = vrrp_parse(&s->id, &s->origin, span_make(copy, n), out);
	free(copy);
	if (v != VRRP_OK)
		assert_memory_equal(out, &untouched, sizeof(*out));
	return v;
}

static enum vrrp_verdict verdict(const struct sample *s)
{
	struct vrrp_advert out;

	return parse(s, s->bytes, s->length, &out);
}

/* Makes the checksum right again, of version 2 or of version 3 without its pseudo-header. */
static void seal(struct sample *s)
{
	uint32_t sum = 0;

	s->bytes[6] = s->bytes[7] = 0;
	for (size_t i = 0; i < s->length; i += 2)
		sum += (uint32_t)(s->bytes[i] << 8 | s->bytes[i + 1]);
	while (sum >> 16)
		sum = (sum >> 16) + (sum & 0xffff);
	s->bytes[6] = (uint8_t)(~sum >> 8);
	s->bytes[7] = (uint8_t)~sum;
}

/* The checksum as the instance's peer would make it, over whatever stands in the bytes. */
static enum vrrp_verdict sealed(struct sample *s)
{
	seal(s);
	return verdict(s);
}

static void test_recorded(void **state)
{
	(void)state;
	for (int i = 0; i < SAMPLES; i++) {
		uint8_t built[VRRP_MAX_BYTES];
		struct vrrp_advert a;
		struct sample s;

		load(&s, i);
		assert_int_equal(parse(&s, s.bytes, s.length, &a), VRRP_OK);
		assert_int_equal(a.version, s.id.version);
		assert_int_equal(a.vrid, s.id.vrid);
		assert_int_equal(a.priority, s.priority);
		assert_int_equal(a.advert_us, s.id.advert_us);
		assert_true(inet_equal_ip(&a.source, &s.origin.source));
		assert_int_equal(vrrp_peek_vrid(span_make(s.bytes, s.length)), s.id.vrid);
		assert_int_equal(
		    vrrp_build(built, &s.id, s.priority, &s.origin.source, &s.origin.destination),
		    s.length);
		assert_memory_equal(built, s.bytes, s.length);
	}
}

static void test_bit_flips(void **state)
{
	struct vrrp_advert a;

	(void)state;
	for (int i = 0; i < SAMPLES; i++) {
		struct sample s;

		load(&s, i);
		for (size_t bit = 0; bit < s.length * 8; bit++) {
			s.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_not_equal(parse(&s, s.bytes, s.length, &a), VRRP_OK);
			s.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		/* Of the IP header: version 3 vouches for both addresses over IPv6; over IPv4 the
		 * checksum without them is right for no recorded one. */
		for (int bit = 0; s.id.version == 3 && bit < 32; bit++) {
			s.origin.source.ip[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(parse(&s, s.bytes, s.length, &a), VRRP_BAD_CHECKSUM);
			s.origin.source.ip[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

static void test_every_length(void **state)
{
	struct vrrp_advert a;

	(void)state;
	for (int i = 0; i < SAMPLES; i++) {
		struct sample s;

		load(&s, i);
		for (size_t n = 0; n < s.length; n++)
			assert_int_equal(parse(&s, s.bytes, n, &a), VRRP_BAD_LENGTH);
		for (size_t n = s.length + 1; n <= 64; n++)
			assert_int_equal(parse(&s, s.bytes, n, &a), VRRP_BAD_LENGTH);
	}
	assert_int_equal(vrrp_peek_vrid(SPAN_NONE), -1);
	assert_int_equal(vrrp_peek_vrid(SPAN("1")), -1);
	assert_int_equal(vrrp_peek_vrid(SPAN("1\xff")), 255);
}

/* Same bytes, and one thing that is wrong: with the instance, the packet or its way. */
static enum vrrp_verdict with(int which, size_t at, uint8_t byte)
{
	struct sample s;

	load(&s, which);
	s.bytes[at] = byte;
	return sealed(&s);
}

static void test_verdicts_of_bytes(void **state)
{
	(void)state;
	assert_int_equal(with(V2, 0, 0x31), VRRP_BAD_VERSION);
	assert_int_equal(with(V3, 0, 0x21), VRRP_BAD_VERSION);
	assert_int_equal(with(V2, 0, 0x22), VRRP_BAD_TYPE);
	assert_int_equal(with(V3, 0, 0x30), VRRP_BAD_TYPE);
	assert_int_equal(with(V2, 1, 52), VRRP_BAD_VRID);
	assert_int_equal(with(V2, 3, 0), VRRP_BAD_LENGTH);
	assert_int_equal(with(V2, 3, 2), VRRP_BAD_LENGTH);
	assert_int_equal(with(V2, 3, 255), VRRP_BAD_LENGTH);
	assert_int_equal(with(V2, 4, 1), VRRP_BAD_AUTH_TYPE);
	assert_int_equal(with(V2, 4, 2), VRRP_BAD_AUTH_TYPE);
	assert_int_equal(with(V2_PASSWORD, 4, 0), VRRP_BAD_AUTH_TYPE);
	assert_int_equal(with(V2_PASSWORD, 16, 'S'), VRRP_BAD_AUTH);
	assert_int_equal(with(V2_PASSWORD, 23, '3'), VRRP_BAD_AUTH);
	assert_int_equal(with(V2, 5, 2), VRRP_BAD_INTERVAL);
	assert_int_equal(with(V2, 5, 0), VRRP_BAD_INTERVAL);
	assert_int_equal(with(V3, 5, 0), VRRP_BAD_INTERVAL);
	assert_int_equal(with(V2, 11, 11), VRRP_BAD_ADDRESSES);
	assert_int_equal(with(V3, 8, 193), VRRP_BAD_ADDRESSES);
	/* Without a password the last bytes mean nothing. */
	assert_int_equal(with(V2, 12, 1), VRRP_OK);
	assert_int_equal(with(V2, 2, 0), VRRP_OK);
	assert_int_equal(with(V3, 4, 0x0f), VRRP_OK);
}

static void test_reserved_bits(void **state)
{
	struct vrrp_advert a;
	struct sample s;

	(void)state;
	load(&s, V3);
	s.bytes[4] = 0xf0;
	seal(&s);
	assert_int_equal(parse(&s, s.bytes, s.length, &a), VRRP_OK);
	assert_int_equal(a.advert_us, 1000000);
}

static enum vrrp_verdict from(int which, const char *source, const char *destination)
{
	struct sample s;
	size_t n;

	load(&s, which);
	s.origin.source = ip(source);
	s.origin.destination = ip(destination);
	n = vrrp_build(s.bytes, &s.id, s.priority, &s.origin.source, &s.origin.destination);
	assert_int_equal(n, s.length);
	return verdict(&s);
}

static void test_sources(void **state)
{
	(void)state;
	assert_int_equal(from(V2, "10.1.2.3", "224.0.0.18"), VRRP_OK);
	assert_int_equal(from(V2, "0.0.0.0", "224.0.0.18"), VRRP_BAD_SOURCE);
	assert_int_equal(from(V2, "255.255.255.255", "224.0.0.18"), VRRP_BAD_SOURCE);
	assert_int_equal(from(V2, "224.0.0.18", "224.0.0.18"), VRRP_BAD_SOURCE);
	assert_int_equal(from(V3, "239.255.255.255", "192.168.50.12"), VRRP_BAD_SOURCE);
	assert_int_equal(from(V2, "fe80::1", "ff02::12"), VRRP_BAD_SOURCE);
	assert_int_equal(from(V3_IPV6, "fe80::1", "ff02::12"), VRRP_OK);
	assert_int_equal(from(V3_IPV6, "febf::1", "ff02::12"), VRRP_OK);
	assert_int_equal(from(V3_IPV6, "fec0::1", "ff02::12"), VRRP_BAD_SOURCE);
	assert_int_equal(from(V3_IPV6, "fd00::1", "ff02::12"), VRRP_BAD_SOURCE);
	assert_int_equal(from(V3_IPV6, "fd00::1", "fd00::2"), VRRP_OK);
	assert_int_equal(from(V3_IPV6, "::", "fd00::2"), VRRP_BAD_SOURCE);
	assert_int_equal(from(V3_IPV6, "ff02::1", "fd00::2"), VRRP_BAD_SOURCE);
	assert_int_equal(from(V3_IPV6, "192.168.50.11", "224.0.0.18"), VRRP_BAD_SOURCE);
}

static void test_ttl(void **state)
{
	struct sample s;

	(void)state;
	load(&s, V2);
	for (unsigned int ttl = 0; ttl < 255; ttl++) {
		s.origin.ttl = (uint8_t)ttl;
		assert_int_equal(verdict(&s), VRRP_BAD_TTL);
	}
	s.id.ttl_min = 64; /* unicast may come through routers */
	s.id.ttl_max = 100;
	for (unsigned int ttl = 0; ttl < 256; ttl++) {
		s.origin.ttl = (uint8_t)ttl;
		assert_int_equal(verdict(&s), ttl >= 64 && ttl <= 100 ? VRRP_OK : VRRP_BAD_TTL);
	}
	/* Another router's packet is that and nothing else, whatever is wrong with it. */
	s.bytes[1]++;
	assert_int_equal(verdict(&s), VRRP_BAD_VRID);
}

/* The first of several faults is the reason. */
static void test_order(void **state)
{
	struct sample s;

	(void)state;
	load(&s, V2_PASSWORD);
	s.origin.source = ip("0.0.0.0");
	assert_int_equal(verdict(&s), VRRP_BAD_SOURCE);
	s.bytes[11] ^= 1;
	assert_int_equal(sealed(&s), VRRP_BAD_ADDRESSES);
	s.bytes[5] = 3;
	assert_int_equal(sealed(&s), VRRP_BAD_INTERVAL);
	s.bytes[20] ^= 1;
	assert_int_equal(sealed(&s), VRRP_BAD_AUTH);
	s.bytes[4] = 0;
	assert_int_equal(sealed(&s), VRRP_BAD_AUTH_TYPE);
	s.bytes[7] ^= 1;
	assert_int_equal(verdict(&s), VRRP_BAD_CHECKSUM);
	s.bytes[3]++;
	assert_int_equal(verdict(&s), VRRP_BAD_LENGTH);
	s.bytes[0] ^= 1;
	assert_int_equal(verdict(&s), VRRP_BAD_TYPE);
	s.bytes[0] ^= 0x10;
	assert_int_equal(verdict(&s), VRRP_BAD_VERSION);
	s.origin.ttl = 254;
	assert_int_equal(verdict(&s), VRRP_BAD_TTL);
	s.bytes[1] ^= 1;
	assert_int_equal(verdict(&s), VRRP_BAD_VRID);
}

static void test_v3_checksums(void **state)
{
	struct sample s;

	(void)state;
	load(&s, V3);
	assert_int_equal(sealed(&s), VRRP_OK); /* without the pseudo-header */
	load(&s, V3_IPV6);
	assert_int_equal(sealed(&s), VRRP_BAD_CHECKSUM);
	load(&s, V3);
	s.origin.destination = ip("192.168.50.12");
	assert_int_equal(verdict(&s), VRRP_BAD_CHECKSUM);
}

/* An advert that holds these addresses, to an instance with those of V2_PASSWORD. */
static enum vrrp_verdict listed(const char *const *names, bool any)
{
	struct inet addresses[4];
	struct sample s;

	load(&s, V2_PASSWORD);
	s.id.addresses = addresses;
	for (s.id.n_addresses = 0; names[s.id.n_addresses]; s.id.n_addresses++)
		addresses[s.id.n_addresses] = ip(names[s.id.n_addresses]);
	s.length = vrrp_build(s.bytes, &s.id, s.priority, &s.origin.source, &s.origin.destination);
	s.id.addresses = s.addresses;
	s.id.n_addresses = 2;
	s.id.any_addresses = any;
	return verdict(&s);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_lists(void **state)
{
	static const char *const nothing[] = {NULL};

	(void)state;
	assert_int_equal(listed(LIST("192.168.50.10", "192.168.50.9"), false), VRRP_OK);
	assert_int_equal(listed(LIST("192.168.50.9", "192.168.50.10"), false), VRRP_OK);
	assert_int_equal(listed(LIST("192.168.50.9", "192.168.50.9"), false), VRRP_BAD_ADDRESSES);
	assert_int_equal(listed(LIST("192.168.50.10"), false), VRRP_BAD_ADDRESSES);
	assert_int_equal(listed(LIST("192.168.50.9", "192.168.50.10", "192.168.50.11"), false),
			 VRRP_BAD_ADDRESSES);
	assert_int_equal(listed(LIST("192.168.50.9", "192.168.50.10", "0.0.0.0"), false),
			 VRRP_BAD_ADDRESSES);
	assert_int_equal(listed(nothing, false), VRRP_BAD_ADDRESSES);
	assert_int_equal(listed(LIST("10.0.0.1", "10.0.0.2", "10.0.0.3"), true), VRRP_OK);
	assert_int_equal(listed(nothing, true), VRRP_BAD_ADDRESSES);
}

/* Version 3 learns its master's interval, version 2 insists on its own; both clamp what they send.
 */
static void test_intervals(void **state)
{
	static const struct {
		uint64_t us, v2_us, v3_us;
	} rows[] = {
	    {1000000, 1000000, 1000000},    {10000, 1000000, 10000},
	    {2500000, 2000000, 2500000},    {0, 1000000, 10000},
	    {40950000, 40000000, 40950000}, {9000000000, 255000000, 40950000},
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		for (int which = V2; which <= V3; which += V3 - V2) {
			struct vrrp_advert a;
			struct sample s;

			load(&s, which);
			s.id.advert_us = rows[i].us;
			s.length =
			    vrrp_build(s.bytes, &s.id, 1, &s.origin.source, &s.origin.destination);
			assert_int_equal(parse(&s, s.bytes, s.length, &a), VRRP_OK);
			assert_int_equal(a.advert_us, which == V2 ? rows[i].v2_us : rows[i].v3_us);
			s.id.advert_us = 7000000;
			assert_int_equal(verdict(&s), which == V2 ? VRRP_BAD_INTERVAL : VRRP_OK);
		}
	}
}

/* What random instances build, they read. */
static void test_round_trips(void **state)
{
	static struct inet addresses[VRRP_MAX_ADDRESSES];
	uint8_t bytes[VRRP_MAX_BYTES];
	struct vrrp_advert a;
	struct random r;

	(void)state;
	random_init(&r, 1);
	for (int i = 0; i < 2000; i++) {
		struct sample s;
		size_t n;

		load(&s, (int)random_below(&r, SAMPLES));
		s.id.vrid = (uint8_t)random_u64(&r);
		s.id.n_addresses = i == 0 ? VRRP_MAX_ADDRESSES : 1 + random_below(&r, 255);
		s.id.addresses = addresses;
		for (unsigned int k = 0; k < s.id.n_addresses; k++) {
			memset(&addresses[k], (int)random_below(&r, 256), sizeof(addresses[k]));
			addresses[k].ip[0] = (uint8_t)k;
		}
		s.priority = (uint8_t)random_u64(&r);
		n = vrrp_build(bytes, &s.id, s.priority, &s.origin.source, &s.origin.destination);
		assert_int_equal(parse(&s, bytes, n, &a), VRRP_OK);
		assert_int_equal(a.priority, s.priority);
		/* In any order. */
		for (unsigned int k = s.id.n_addresses - 1; k > 0; k--) {
			unsigned int other = random_below(&r, k + 1);
			struct inet kept = addresses[k];

			addresses[k] = addresses[other];
			addresses[other] = kept;
		}
		assert_int_equal(parse(&s, bytes, n, &a), VRRP_OK);
	}
}

/* 10,000 adverts of an attacker who knows the form, not the password. */
static void test_forged(void **state)
{
	struct sample s;
	struct random r;

	(void)state;
	random_init(&r, 2);
	for (int i = 0; i < 10000; i++) {
		load(&s, V2_PASSWORD);
		s.bytes[2] = 255;
		for (size_t k = 16; k < 24; k++)
			s.bytes[k] = (uint8_t)random_u64(&r);
		assert_int_equal(sealed(&s), VRRP_BAD_AUTH);
	}
}

static bool unwrap(const uint8_t *p, size_t n, struct vrrp_origin *origin, size_t *at, size_t *len)
{
	uint8_t *copy = malloc(n + !n);
	struct span message = SPAN_NONE;
	bool ok;

	memcpy(copy, p, n);
	ok = vrrp_unwrap_ipv4(span_make(copy, n), origin, &message);
	*at = ok ? (size_t)(message.p - (const char *)copy) : 0;
	*len = message.len;
	free(copy);
	return ok;
}

static void test_unwrap(void **state)
{
	static const char hex[] = "45c0002000020000ff70e7e5c0a8320be0000012"
				  "3134ff0100320998c0a83214ffff";
	struct vrrp_origin origin = {0};
	uint8_t packet[64];
	size_t n = from_hex(packet, hex), at, len;
	struct inet source = ip("192.168.50.11"), destination = ip("224.0.0.18");
	static const struct {
		uint8_t at, byte;
	} bad[] = {{0, 0x65}, {0, 0x44}, {0, 0x4f}, {2, 1}, {3, 19},
		   {3, 35},   {6, 0x20}, {6, 1},    {7, 1}, {9, 17}};

	(void)state;
	assert_true(unwrap(packet, n, &origin, &at, &len)); /* two bytes of padding */
	assert_int_equal(at, 20);
	assert_int_equal(len, 12);
	assert_int_equal(origin.ttl, 255);
	assert_true(inet_equal_ip(&origin.source, &source));
	assert_true(inet_equal_ip(&origin.destination, &destination));
	for (size_t i = 0; i < 32; i++)
		assert_false(unwrap(packet, i, &origin, &at, &len));
	for (size_t i = 0; i < array_size(bad); i++) {
		uint8_t kept = packet[bad[i].at];

		packet[bad[i].at] = bad[i].byte;
		assert_false(unwrap(packet, n, &origin, &at, &len));
		packet[bad[i].at] = kept;
	}
	packet[6] = 0x40; /* "don't fragment" */
	assert_true(unwrap(packet, n, &origin, &at, &len));
	packet[0] = 0x46; /* with options */
	assert_true(unwrap(packet, n, &origin, &at, &len));
	assert_int_equal(at, 24);
	assert_int_equal(len, 8);
	packet[3] = 24; /* nothing behind the header */
	assert_true(unwrap(packet, n, &origin, &at, &len));
	assert_int_equal(len, 0);
}

static void test_words(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < VRRP_VERDICTS; i++) {
		assert_non_null(vrrp_verdict_text(i));
		for (unsigned int k = 0; k < i; k++) {
			assert_string_not_equal(vrrp_verdict_name(i), vrrp_verdict_name(k));
			assert_string_not_equal(vrrp_verdict_text(i), vrrp_verdict_text(k));
		}
	}
	assert_string_equal(vrrp_verdict_name(VRRP_BAD_AUTH), "bad_auth");
	assert_string_equal(vrrp_verdict_text(VRRP_BAD_AUTH), "wrong password");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_recorded),      cmocka_unit_test(test_bit_flips),
	    cmocka_unit_test(test_every_length),  cmocka_unit_test(test_verdicts_of_bytes),
	    cmocka_unit_test(test_reserved_bits), cmocka_unit_test(test_sources),
	    cmocka_unit_test(test_ttl),           cmocka_unit_test(test_order),
	    cmocka_unit_test(test_v3_checksums),  cmocka_unit_test(test_lists),
	    cmocka_unit_test(test_intervals),     cmocka_unit_test(test_round_trips),
	    cmocka_unit_test(test_forged),        cmocka_unit_test(test_unwrap),
	    cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
