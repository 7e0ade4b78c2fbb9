/* SPDX-License-Identifier: MIT */
/*
 * VRRP adverts as bytes. The driver (failover/instance.c) looks an advert's instance up by
 * vrrp_peek_vrid, verifies the advert here and gives the state machine what came out. The bytes
 * come from anybody on the link: nothing is read before the length says that it is there.
 *
 *   version, type | VRID | priority | count          both versions
 *   auth type | seconds | checksum                   version 2
 *   reserved, centiseconds (12 bits) | checksum      version 3
 *   the addresses ... | password or zeros (8 bytes)  the latter in version 2 only
 */
#include "proto/vrrp_packet.h"

#include "proto/packet.h"

#define HEADER_BYTES 8
#define AUTH_BYTES 8
#define TYPE_ADVERT 1
#define AUTH_NONE 0
#define AUTH_PASSWORD 1
#define US_PER_SECOND 1000000
#define US_PER_CENTISECOND 10000
#define MAX_SECONDS 255
#define MAX_CENTISECONDS 4095

static size_t message_bytes(uint8_t version, uint8_t family, size_t n_addresses)
{
	return HEADER_BYTES + n_addresses * packet_ip_bytes(family) +
	       (version == 2 ? AUTH_BYTES : 0);
}

static bool is_link_local(const struct inet *a)
{
	return a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

/* ---- building */

/* `us` in a field's unit, at least one of it and at most what the field holds. */
static uint16_t interval_field(uint64_t us, uint64_t unit, uint16_t max)
{
	uint64_t n = us / unit;

	if (n == 0)
		return 1;
	return n > max ? max : (uint16_t)n;
}

static uint8_t own_seconds(const struct vrrp_identity *id)
{
	return (uint8_t)interval_field(id->advert_us, US_PER_SECOND, MAX_SECONDS);
}

size_t vrrp_build(uint8_t dst[VRRP_MAX_BYTES], const struct vrrp_identity *id, uint8_t priority,
		  const struct inet *source, const struct inet *destination)
{
	size_t ip_bytes = packet_ip_bytes(id->family), at = HEADER_BYTES;
	size_t length = message_bytes(id->version, id->family, id->n_addresses);
	uint32_t sum = 0;

	CHECK(id->n_addresses <= VRRP_MAX_ADDRESSES);
	memset(dst, 0, length);
	dst[0] = (uint8_t)(id->version << 4 | TYPE_ADVERT);
	dst[1] = id->vrid;
	dst[2] = priority;
	dst[3] = (uint8_t)id->n_addresses;
	for (unsigned int i = 0; i < id->n_addresses; i++, at += ip_bytes)
		memcpy(dst + at, id->addresses[i].ip, ip_bytes);
	if (id->version == 2) {
		dst[4] = id->password ? AUTH_PASSWORD : AUTH_NONE;
		dst[5] = own_seconds(id);
		if (id->password)
			memcpy(dst + at, id->auth_pass, AUTH_BYTES);
	} else {
		packet_put_u16(dst + 4,
			       interval_field(id->advert_us, US_PER_CENTISECOND, MAX_CENTISECONDS));
		sum = packet_sum_pseudo(source, destination, VRRP_PROTOCOL, length);
	}
	packet_put_u16(dst + 6, packet_checksum(packet_sum(sum, span_make(dst, length))));
	return length;
}

/* ---- verifying */

static bool checksum_matches(const struct vrrp_identity *id, const struct vrrp_origin *origin,
			     struct span bytes)
{
	bool lone = packet_checksum(packet_sum(0, bytes)) == 0;
	uint32_t pseudo;

	if (id->version == 2)
		return lone;
	pseudo = packet_sum_pseudo(&origin->source, &origin->destination, VRRP_PROTOCOL, bytes.len);
	if (packet_checksum(packet_sum(pseudo, bytes)) == 0)
		return true;
	return lone && id->family == INET_V4;
}

/* Version, type, length, checksum: is it a whole advert at all? */
static enum vrrp_verdict check_form(const struct vrrp_identity *id,
				    const struct vrrp_origin *origin, struct span bytes)
{
	const uint8_t *p = (const uint8_t *)bytes.p;

	if (bytes.len < HEADER_BYTES)
		return VRRP_BAD_LENGTH;
	if (p[0] >> 4 != id->version)
		return VRRP_BAD_VERSION;
	if ((p[0] & 15) != TYPE_ADVERT)
		return VRRP_BAD_TYPE;
	if (bytes.len != message_bytes(id->version, id->family, p[3]))
		return VRRP_BAD_LENGTH;
	return checksum_matches(id, origin, bytes) ? VRRP_OK : VRRP_BAD_CHECKSUM;
}

/* Version 2's password and interval. */
static enum vrrp_verdict check_v2(const struct vrrp_identity *id, struct span bytes)
{
	const uint8_t *p = (const uint8_t *)bytes.p;

	if (p[4] != (id->password ? AUTH_PASSWORD : AUTH_NONE))
		return VRRP_BAD_AUTH_TYPE;
	if (id->password && memcmp(p + bytes.len - AUTH_BYTES, id->auth_pass, AUTH_BYTES) != 0)
		return VRRP_BAD_AUTH;
	return p[5] == own_seconds(id) ? VRRP_OK : VRRP_BAD_INTERVAL;
}

static uint16_t centiseconds(const uint8_t *p)
{
	return packet_get_u16(p + 4) & 0xfff;
}

/* Whether `ip` is among the addresses of a message, and tries its own place first: between two that
 * are configured alike, one comparison each. */
static bool holds_address(const uint8_t *list, size_t n, size_t hint, const uint8_t *ip,
			  size_t ip_bytes)
{
	if (memcmp(list + hint * ip_bytes, ip, ip_bytes) == 0)
		return true;
	for (size_t i = 0; i < n; i++) {
		if (memcmp(list + i * ip_bytes, ip, ip_bytes) == 0)
			return true;
	}
	return false;
}

/* As many as ours, and each of ours among them. Ours are distinct, so the sets are equal. */
static bool addresses_match(const struct vrrp_identity *id, const uint8_t *p)
{
	size_t n = p[3], ip_bytes = packet_ip_bytes(id->family);

	if (n == 0)
		return false;
	if (id->any_addresses)
		return true;
	if (n != id->n_addresses)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!holds_address(p + HEADER_BYTES, n, i, id->addresses[i].ip, ip_bytes))
			return false;
	}
	return true;
}

static bool source_is_good(const struct vrrp_identity *id, const struct vrrp_origin *origin)
{
	if (origin->source.family != id->family || !packet_is_host(&origin->source))
		return false;
	return id->family != INET_V6 || !packet_is_multicast(&origin->destination) ||
	       is_link_local(&origin->source);
}

enum vrrp_verdict vrrp_parse(const struct vrrp_identity *id, const struct vrrp_origin *origin,
			     struct span bytes, struct vrrp_advert *out)
{
	const uint8_t *p = (const uint8_t *)bytes.p;
	int vrid = vrrp_peek_vrid(bytes);
	enum vrrp_verdict verdict;

	if (vrid >= 0 && vrid != id->vrid)
		return VRRP_BAD_VRID;
	if (origin->ttl < id->ttl_min || origin->ttl > id->ttl_max)
		return VRRP_BAD_TTL;
	verdict = check_form(id, origin, bytes);
	if (verdict == VRRP_OK && id->version == 2)
		verdict = check_v2(id, bytes);
	if (verdict != VRRP_OK)
		return verdict;
	if (id->version != 2 && centiseconds(p) == 0)
		return VRRP_BAD_INTERVAL;
	if (!addresses_match(id, p))
		return VRRP_BAD_ADDRESSES;
	if (!source_is_good(id, origin))
		return VRRP_BAD_SOURCE;
	*out = (struct vrrp_advert){
	    .version = id->version,
	    .vrid = p[1],
	    .priority = p[2],
	    .advert_us = id->version == 2 ? (uint64_t)p[5] * US_PER_SECOND
					  : (uint64_t)centiseconds(p) * US_PER_CENTISECOND,
	    .source = origin->source,
	};
	return VRRP_OK;
}

int vrrp_peek_vrid(struct span bytes)
{
	return bytes.len < 2 ? -1 : (uint8_t)bytes.p[1];
}

bool vrrp_unwrap_ipv4(struct span packet, struct vrrp_origin *origin, struct span *message)
{
	const uint8_t *p = (const uint8_t *)packet.p;
	struct vrrp_origin from = {.source = {.family = INET_V4},
				   .destination = {.family = INET_V4}};
	size_t header_bytes, total_bytes;

	if (packet.len < 20 || p[0] >> 4 != 4)
		return false;
	header_bytes = (size_t)(p[0] & 15) * 4;
	total_bytes = packet_get_u16(p + 2);
	if (header_bytes < 20 || total_bytes < header_bytes || total_bytes > packet.len)
		return false;
	/* A fragment: more of them follow, or this one does not begin at 0. */
	if (p[9] != VRRP_PROTOCOL || (packet_get_u16(p + 6) & 0x3fff) != 0)
		return false;
	from.ttl = p[8];
	memcpy(from.source.ip, p + 12, 4);
	memcpy(from.destination.ip, p + 16, 4);
	*origin = from;
	*message = span_slice(packet, header_bytes, total_bytes - header_bytes);
	return true;
}

/* ---- words */

static const struct {
	const char *name, *text;
} verdicts[VRRP_VERDICTS] = {
    [VRRP_OK] = {"ok", "valid"},
    [VRRP_BAD_TTL] = {"bad_ttl", "wrong TTL or hop limit"},
    [VRRP_BAD_LENGTH] = {"bad_length", "wrong length"},
    [VRRP_BAD_VERSION] = {"bad_version", "wrong version"},
    [VRRP_BAD_TYPE] = {"bad_type", "not an advertisement"},
    [VRRP_BAD_VRID] = {"bad_vrid", "another virtual router"},
    [VRRP_BAD_CHECKSUM] = {"bad_checksum", "wrong checksum"},
    [VRRP_BAD_AUTH_TYPE] = {"bad_auth_type", "wrong authentication type"},
    [VRRP_BAD_AUTH] = {"bad_auth", "wrong password"},
    [VRRP_BAD_INTERVAL] = {"bad_interval", "another advertisement interval than ours"},
    [VRRP_BAD_ADDRESSES] = {"bad_addresses", "another address list than ours"},
    [VRRP_BAD_SOURCE] = {"bad_source", "impossible source address"},
};

const char *vrrp_verdict_text(enum vrrp_verdict v)
{
	CHECK((unsigned int)v < VRRP_VERDICTS);
	return verdicts[v].text;
}

const char *vrrp_verdict_name(enum vrrp_verdict v)
{
	CHECK((unsigned int)v < VRRP_VERDICTS);
	return verdicts[v].name;
}
