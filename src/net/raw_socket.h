/* SPDX-License-Identifier: MIT */
/*
 * Sockets that VRRP, BFD and the announcements need: raw IP of protocol 112, UDP with a checked
 * TTL, and AF_PACKET for frames. All non-blocking and close-on-exec. Errors are -errno.
 */
#ifndef NET_RAW_SOCKET_H
#define NET_RAW_SOCKET_H

#include "base/check.h"
#include "base/inet.h"

/* Receives adverts of one interface: joins `group` (INET_NONE: unicast only). Ancillary data on.
 * Without a link filter where `index` is 0. */
int raw_vrrp_receiver(uint8_t family, unsigned int index, const struct inet *group) must_check;
/* Sends adverts out of an interface, TTL 255 (or `ttl`), TOS 0xc0, no loop-back, from `source`. */
int raw_vrrp_sender(uint8_t family, unsigned int index, const struct inet *source,
		    uint8_t ttl) must_check;
/* One advert (the kernel makes the IP header), or a UDP packet to the address's port; raw sockets:
 * port 0. `index` is for link-local addresses and groups. */
int raw_send(int fd, const struct inet *to, unsigned int index, struct span bytes) must_check;

struct raw_packet {
	struct span bytes;               /* IPv4 raw sockets: with the IP header; IPv6: without */
	struct inet source, destination; /* with ports for UDP */
	uint8_t ttl;                     /* or hop limit; 0: not told */
	unsigned int index;              /* the link it came in by */
};
/* The next packet into buf: 1, 0 when there is none, or -errno. */
int raw_receive(int fd, uint8_t *buf, size_t size, struct raw_packet *out) must_check;

/* UDP for BFD (RFC 5881 section 4): bound to `port` (0: one of 49152 …) of `address` (INET_NONE:
 * all), sends with TTL 255, tells the TTL of what comes. */
int raw_udp(uint8_t family, const struct inet *address, uint16_t port,
	    unsigned int index) must_check;

/* Ethernet frames out of a link; raw_receive gives whole frames, without addresses. */
int raw_frame_socket(void) must_check;
int raw_frame_send(int fd, unsigned int index, struct span frame) must_check;
/* Receives frames of one Ethertype from a link; those to a group address too where it is named
 * (NULL: none). */
int raw_frame_listener(unsigned int index, uint16_t ethertype, const uint8_t group[6]) must_check;

#endif
