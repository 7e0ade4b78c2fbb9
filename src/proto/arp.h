/* SPDX-License-Identifier: MIT */
/*
 * Frames that tell a link where an address is now: gratuitous ARP (RFC 5227 section 3, RFC 826) and
 * unsolicited neighbour advertisements (RFC 4861 section 4.4). And what others say: to see who
 * answers for an address.
 */
#ifndef PROTO_ARP_H
#define PROTO_ARP_H

#include "base/inet.h"

#define ARP_FRAME_BYTES 42
#define NA_FRAME_BYTES 86

/* An Ethernet frame, broadcast: "who has IP, tell IP", target hardware address ff:ff:ff:ff:ff:ff,
 * as keepalived sends it; `reply` makes it a gratuitous reply. */
void arp_build_gratuitous(uint8_t dst[ARP_FRAME_BYTES], const uint8_t mac[6],
			  const struct inet *address, bool reply);
/* An Ethernet frame to ff02::1 with hop limit 255: override set, router and solicited as said. */
void na_build_unsolicited(uint8_t dst[NA_FRAME_BYTES], const uint8_t mac[6],
			  const struct inet *address, bool router);

struct arp_seen { /* who says that it has an address */
	struct inet address;
	uint8_t mac[6];
	bool request;
};
/* An Ethernet frame of ARP for IPv4, padding allowed; false for anything else, malformed, or
 * claiming nothing: a probe (sender 0.0.0.0), a sender that is not one host. */
bool arp_parse(struct span frame, struct arp_seen *out) must_check;

#endif
