/* SPDX-License-Identifier: MIT */
/* Any bytes as an advert to instances of both versions and families, as they are and with the right
 * checksum put in, and as an IPv4 packet. What is accepted was made as its instance would have made
 * it: built again it is the same. What is refused leaves the result alone. */
#include "proto/vrrp_packet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct inet v4[] = {{INET_V4, 0, {192, 168, 50, 10}}, {INET_V4, 0, {10, 0, 0, 1}}};
static const struct inet v6[] = {{INET_V6, 0, {0xfe, 0x80, [15] = 1}},
				 {INET_V6, 0, {0xfd, [15] = 16}}};

static const struct vrrp_identity identities[] = {
    {2, 51, INET_V4, false, "", 1000000, v4, 1, false, 255, 255},
    {2, 51, INET_V4, true, "secret12", 1000000, v4, 2, false, 255, 255},
    {3, 51, INET_V4, false, "", 500000, v4, 2, false, 255, 255},
    {3, 51, INET_V6, false, "", 1000000, v6, 2, false, 255, 255},
    {3, 51, INET_V6, false, "", 1000000, v6, 1, true, 0, 255},
};

static struct vrrp_origin origin_for(const struct vrrp_identity *id)
{
	struct vrrp_origin v4_origin = {
	    {INET_V4, 0, {192, 168, 50, 11}}, {INET_V4, 0, {224, 0, 0, 18}}, 255};
	struct vrrp_origin v6_origin = {
	    {INET_V6, 0, {0xfe, 0x80, [15] = 9}}, {INET_V6, 0, {0xff, 2, [15] = 0x12}}, 255};

	return id->family == INET_V4 ? v4_origin : v6_origin;
}

/* Makes the checksum right over the bytes alone, or with `id`'s pseudo-header too. */
static void seal(uint8_t *p, size_t n, const struct vrrp_origin *origin, bool pseudo)
{
	size_t ip_bytes = origin->source.family == INET_V4 ? 4 : 16;
	uint32_t sum = pseudo ? (uint32_t)n + VRRP_PROTOCOL : 0;

	p[6] = p[7] = 0;
	for (size_t i = 0; i < n; i++)
		sum += (uint32_t)p[i] << (i % 2 ? 0 : 8);
	for (size_t i = 0; pseudo && i < ip_bytes; i++)
		sum += (uint32_t)(origin->source.ip[i] + origin->destination.ip[i])
		       << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum >> 16) + (sum & 0xffff);
	p[6] = (uint8_t)(~sum >> 8);
	p[7] = (uint8_t)~sum;
}

/* The accepted bytes again, made by an instance that has them. Where the bytes are free the built
 * ones are taken: version 2's trailer without a password, version 3's reserved bits, and checksums
 * that follow from these or lack the pseudo-header. */
static void check_rebuilt(const struct vrrp_identity *id, const struct vrrp_origin *origin,
			  const uint8_t *p, size_t n, const struct vrrp_advert *a)
{
	size_t ip_bytes = id->family == INET_V4 ? 4 : 16, list = p[3] * ip_bytes;
	static uint8_t built[VRRP_MAX_BYTES];
	static struct inet addresses[VRRP_MAX_ADDRESSES];
	struct vrrp_identity peer = *id;
	struct vrrp_advert back;

	CHECK(a->version == id->version && a->vrid == id->vrid && a->priority == p[2]);
	CHECK(a->advert_us > 0 && inet_equal_ip(&a->source, &origin->source));
	for (unsigned int i = 0; i < p[3]; i++) {
		addresses[i].family = id->family;
		memcpy(addresses[i].ip, p + 8 + i * ip_bytes, ip_bytes);
	}
	peer.addresses = addresses;
	peer.n_addresses = p[3];
	peer.advert_us = a->advert_us;
	CHECK(vrrp_build(built, &peer, a->priority, &origin->source, &origin->destination) == n);
	CHECK(memcmp(built, p, 4) == 0 && built[5] == p[5] && memcmp(built + 8, p + 8, list) == 0);
	CHECK(built[4] == (id->version == 2 ? p[4] : p[4] & 15));
	if (id->password)
		CHECK(memcmp(built, p, n) == 0 || memcmp(built + 6, "\0\0", 2) == 0 ||
		      memcmp(built + 6, "\xff\xff", 2) == 0);
	CHECK(vrrp_parse(id, origin, span_make(built, n), &back) == VRRP_OK);
	CHECK(back.priority == a->priority && back.advert_us == a->advert_us);
}

/* Parses exactly n bytes of memory. */
static void check_advert(const struct vrrp_identity *id, const uint8_t *p, size_t n)
{
	static const struct vrrp_advert untouched = {.priority = 77, .advert_us = 1};
	struct vrrp_origin origin = origin_for(id);
	struct vrrp_advert a = untouched;
	enum vrrp_verdict v = vrrp_parse(id, &origin, span_make(p, n), &a);

	CHECK((unsigned int)v < VRRP_VERDICTS && vrrp_verdict_text(v) && vrrp_verdict_name(v));
	if (v == VRRP_OK)
		check_rebuilt(id, &origin, p, n, &a);
	else
		CHECK(a.priority == 77 && a.advert_us == 1 && a.version == 0);
	if (v == VRRP_BAD_VRID)
		CHECK(vrrp_peek_vrid(span_make(p, n)) != id->vrid);
	CHECK(v != VRRP_BAD_TTL && v != VRRP_BAD_SOURCE);
}

static void check_packet(const uint8_t *p, size_t n)
{
	struct vrrp_origin origin;
	struct span message;

	if (!vrrp_unwrap_ipv4(span_make(p, n), &origin, &message))
		return;
	CHECK(p[9] == VRRP_PROTOCOL && origin.ttl == p[8]);
	CHECK(memcmp(origin.source.ip, p + 12, 4) == 0);
	CHECK((const uint8_t *)message.p == p + (size_t)(p[0] & 15) * 4);
	CHECK((const uint8_t *)message.p + message.len == p + (size_t)(p[2] << 8 | p[3]));
	CHECK((const uint8_t *)message.p + message.len <= p + n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n + !n);

	memcpy(copy, data, n);
	check_packet(copy, n);
	for (size_t i = 0; i < array_size(identities); i++) {
		struct vrrp_origin origin = origin_for(&identities[i]);

		memcpy(copy, data, n);
		check_advert(&identities[i], copy, n);
		for (int pseudo = 0; n >= 8 && pseudo < 2; pseudo++) {
			seal(copy, n, &origin, pseudo);
			check_advert(&identities[i], copy, n);
		}
	}
	free(copy);
	return 0;
}
