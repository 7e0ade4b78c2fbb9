/* SPDX-License-Identifier: MIT */
/*
 * The Internet checksum and what kind of address an address is, for VRRP, ARP and neighbour
 * advertisements. Sums are 32 bits wide: no message here has more than 64 kB, so none overflows.
 */
#include "proto/packet.h"

uint32_t packet_sum(uint32_t sum, struct span bytes)
{
	const uint8_t *p = (const uint8_t *)bytes.p;
	size_t i = 0;

	for (; i + 1 < bytes.len; i += 2)
		sum += packet_get_u16(p + i);
	if (i < bytes.len)
		sum += (uint32_t)p[i] << 8;
	return sum;
}

uint32_t packet_sum_pseudo(const struct inet *source, const struct inet *destination,
			   uint8_t protocol, size_t length)
{
	uint32_t sum = (uint32_t)length + protocol;

	sum = packet_sum(sum, span_make(source->ip, packet_ip_bytes(source->family)));
	return packet_sum(sum, span_make(destination->ip, packet_ip_bytes(destination->family)));
}

uint16_t packet_checksum(uint32_t sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)~sum;
}

static bool all_are(const struct inet *a, uint8_t byte)
{
	for (size_t i = 0; i < packet_ip_bytes(a->family); i++) {
		if (a->ip[i] != byte)
			return false;
	}
	return true;
}

bool packet_is_multicast(const struct inet *a)
{
	return a->family == INET_V6 ? a->ip[0] == 0xff : a->ip[0] >> 4 == 14;
}

bool packet_is_host(const struct inet *a)
{
	return !all_are(a, 0) && !all_are(a, 0xff) && !packet_is_multicast(a);
}
