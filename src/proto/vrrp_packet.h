/* SPDX-License-Identifier: MIT */
/*
 * VRRP adverts: version 2 (RFC 3768, with RFC 2338's simple password, as keepalived keeps it) and
 * version 3 (RFC 9568). Bytes in, values out. A packet is verified against what its receiver is
 * configured with; anything else is refused with a reason that is counted.
 */
#ifndef PROTO_VRRP_PACKET_H
#define PROTO_VRRP_PACKET_H

#include "base/inet.h"

#define VRRP_PROTOCOL 112 /* IP protocol number */
#define VRRP_MAX_ADDRESSES 255
#define VRRP_MAX_BYTES (8 + 16 * VRRP_MAX_ADDRESSES + 8)

/* What an instance sends and expects; it points into its owner's memory. */
struct vrrp_identity {
	uint8_t version; /* 2, 3 */
	uint8_t vrid;
	uint8_t family; /* INET_V4, INET_V6: of the adverts */
	bool password;  /* version 2: authentication type 1 */
	char auth_pass[8];
	uint64_t advert_us;           /* sent as seconds (v2) or centiseconds (v3) */
	const struct inet *addresses; /* those of its family, first the primary one */
	unsigned int n_addresses;
	bool any_addresses;       /* skip the comparison of the list (skip_check_adv_addr) */
	uint8_t ttl_min, ttl_max; /* 255, 255 for multicast */
};

/* Where a packet came from: of the IP header or ancillary data. */
struct vrrp_origin {
	struct inet source, destination;
	uint8_t ttl; /* hop limit */
};

struct vrrp_advert {
	uint8_t version, vrid, priority;
	uint64_t advert_us;
	struct inet source;
};

enum vrrp_verdict {
	VRRP_OK,
	VRRP_BAD_TTL,
	VRRP_BAD_LENGTH,
	VRRP_BAD_VERSION,
	VRRP_BAD_TYPE,
	VRRP_BAD_VRID, /* another virtual router's: not an error on a shared link */
	VRRP_BAD_CHECKSUM,
	VRRP_BAD_AUTH_TYPE,
	VRRP_BAD_AUTH,      /* wrong password */
	VRRP_BAD_INTERVAL,  /* version 2: another interval than ours */
	VRRP_BAD_ADDRESSES, /* another list than ours */
	VRRP_BAD_SOURCE, /* 0.0.0.0, ::, not link-local for IPv6 multicast, a multicast address */
	VRRP_VERDICTS
};

/* The advert's bytes for `priority` into dst[VRRP_MAX_BYTES] (network order, checksummed); the
 * length. `source` and `destination` go into the pseudo-header of version 3's checksum. */
size_t vrrp_build(uint8_t dst[VRRP_MAX_BYTES], const struct vrrp_identity *id, uint8_t priority,
		  const struct inet *source, const struct inet *destination) must_check;
/* Verifies the VRRP message (without its IP header) in RFC order (RFC 9568 section 7.1), but for
 * VRRP_BAD_VRID, which comes first; *out is set only with VRRP_OK. Version 3 over IPv4 is accepted
 * with and without the pseudo-header in its checksum (RFC 5798 was read both ways), and with any
 * interval but 0. The address list is compared as a set, and is never empty. */
enum vrrp_verdict vrrp_parse(const struct vrrp_identity *id, const struct vrrp_origin *origin,
			     struct span bytes, struct vrrp_advert *out) must_check;
/* The VRID of a message that may be anything, -1 where it is too short: to find its instance. */
int vrrp_peek_vrid(struct span bytes);
/* Takes an IPv4 packet of a raw socket apart: the origin, and the bytes behind its header. False
 * for anything that is not whole IPv4 of protocol 112. */
bool vrrp_unwrap_ipv4(struct span packet, struct vrrp_origin *origin,
		      struct span *message) must_check;
/* "wrong password": static. */
const char *vrrp_verdict_text(enum vrrp_verdict v);
/* The identifier of show vrrp and metrics: "bad_auth". Static. */
const char *vrrp_verdict_name(enum vrrp_verdict v);

#endif
