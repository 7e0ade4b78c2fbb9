/* SPDX-License-Identifier: MIT */
/*
 * Ethernet frames of ARP and of neighbour advertisements. failover/announce.c sends those built
 * here when a node takes an address; what others on the link claim is parsed here. Without VLAN
 * tags: the kernel adds and removes them.
 */
#include "proto/arp.h"

#include "proto/packet.h"

#define ETHERNET_BYTES 14
#define TYPE_ARP 0x0806
#define TYPE_IPV6 0x86dd
#define ARP_REQUEST 1
#define ARP_REPLY 2
#define IPV6_BYTES 40
#define NEXT_ICMPV6 58
#define ICMPV6_NA 136
#define NA_BYTES 32 /* its fixed part, and the option with our hardware address */
#define NA_ROUTER 0x80
#define NA_OVERRIDE 0x20

/* Hardware type Ethernet, protocol IPv4, address lengths 6 and 4. */
static const uint8_t arp_ethernet_ipv4[6] = {0, 1, 8, 0, 6, 4};
static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
static const struct inet all_nodes = {.family = INET_V6, .ip = {0xff, 2, [15] = 1}};

static void put_ethernet(uint8_t *dst, const uint8_t to[6], const uint8_t from[6], uint16_t type)
{
	memcpy(dst, to, 6);
	memcpy(dst + 6, from, 6);
	packet_put_u16(dst + 12, type);
}

void arp_build_gratuitous(uint8_t dst[ARP_FRAME_BYTES], const uint8_t mac[6],
			  const struct inet *address, bool reply)
{
	uint8_t *arp = dst + ETHERNET_BYTES;

	put_ethernet(dst, broadcast, mac, TYPE_ARP);
	memcpy(arp, arp_ethernet_ipv4, sizeof(arp_ethernet_ipv4));
	packet_put_u16(arp + 6, reply ? ARP_REPLY : ARP_REQUEST);
	memcpy(arp + 8, mac, 6);
	memcpy(arp + 14, address->ip, 4);
	memcpy(arp + 18, broadcast, 6);
	memcpy(arp + 24, address->ip, 4);
}

void na_build_unsolicited(uint8_t dst[NA_FRAME_BYTES], const uint8_t mac[6],
			  const struct inet *address, bool router)
{
	uint8_t *ip = dst + ETHERNET_BYTES, *na = ip + IPV6_BYTES;
	uint32_t sum = packet_sum_pseudo(address, &all_nodes, NEXT_ICMPV6, NA_BYTES);

	memset(dst, 0, NA_FRAME_BYTES);
	put_ethernet(dst, all_nodes_mac, mac, TYPE_IPV6);
	ip[0] = 0x60;
	packet_put_u16(ip + 4, NA_BYTES);
	ip[6] = NEXT_ICMPV6;
	ip[7] = 255;
	memcpy(ip + 8, address->ip, 16);
	memcpy(ip + 24, all_nodes.ip, 16);
	na[0] = ICMPV6_NA;
	na[4] = NA_OVERRIDE | (router ? NA_ROUTER : 0);
	memcpy(na + 8, address->ip, 16);
	na[24] = 2; /* option: target link-layer address, in units of 8 bytes */
	na[25] = 1;
	memcpy(na + 26, mac, 6);
	packet_put_u16(na + 2, packet_checksum(packet_sum(sum, span_make(na, NA_BYTES))));
}

/* A host's own hardware address: not a group's, not all zero. */
static bool is_host_mac(const uint8_t mac[6])
{
	static const uint8_t none[6];

	return (mac[0] & 1) == 0 && memcmp(mac, none, 6) != 0;
}

bool arp_parse(struct span frame, struct arp_seen *out)
{
	struct arp_seen seen = {.address = {.family = INET_V4}};
	const uint8_t *arp;
	uint16_t operation;

	if (frame.len < ARP_FRAME_BYTES)
		return false;
	arp = (const uint8_t *)frame.p + ETHERNET_BYTES;
	if (packet_get_u16(arp - 2) != TYPE_ARP ||
	    memcmp(arp, arp_ethernet_ipv4, sizeof(arp_ethernet_ipv4)) != 0)
		return false;
	operation = packet_get_u16(arp + 6);
	if (operation != ARP_REQUEST && operation != ARP_REPLY)
		return false;
	seen.request = operation == ARP_REQUEST;
	memcpy(seen.mac, arp + 8, 6);
	memcpy(seen.address.ip, arp + 14, 4);
	if (!is_host_mac(seen.mac) || !packet_is_host(&seen.address))
		return false;
	*out = seen;
	return true;
}
