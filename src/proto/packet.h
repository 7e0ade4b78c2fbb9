/* SPDX-License-Identifier: MIT */
/*
 * What every packet format of this folder needs: numbers in network order, and the Internet
 * checksum (RFC 1071) with the pseudo-headers of IPv4 and IPv6. The caller has checked lengths.
 */
#ifndef PROTO_PACKET_H
#define PROTO_PACKET_H

#include "base/inet.h"

static inline uint16_t packet_get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t packet_get_u32(const uint8_t *p)
{
	return (uint32_t)packet_get_u16(p) << 16 | packet_get_u16(p + 2);
}

static inline void packet_put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void packet_put_u32(uint8_t *p, uint32_t v)
{
	packet_put_u16(p, (uint16_t)(v >> 16));
	packet_put_u16(p + 2, (uint16_t)v);
}

/* A sum begins with 0 or a pseudo-header, takes the message (its checksum field included, which a
 * builder has left zero), and ends as the checksum: of a received message 0 where it is right. */
uint32_t packet_sum(uint32_t sum, struct span bytes);
uint32_t packet_sum_pseudo(const struct inet *source, const struct inet *destination,
			   uint8_t protocol, size_t length);
uint16_t packet_checksum(uint32_t sum);

/* 4 or 16. */
static inline size_t packet_ip_bytes(uint8_t family)
{
	return family == INET_V6 ? 16 : 4;
}
/* 224.0.0.0/4, ff00::/8. */
bool packet_is_multicast(const struct inet *a);
/* A host's own: not unspecified (0.0.0.0, ::), not multicast, not 255.255.255.255. */
bool packet_is_host(const struct inet *a);

#endif
