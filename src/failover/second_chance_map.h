/* SPDX-License-Identifier: MIT */
/*
 * What second_chance.c and its kernel program (bpf/second_chance.c) share: the maps' keys and
 * values. Plain C without any other header than the kernel's, for both compilers.
 */
#ifndef FAILOVER_SECOND_CHANCE_MAP_H
#define FAILOVER_SECOND_CHANCE_MAP_H

#include <linux/types.h>

/* In the order in which the program names them. */
enum { CHANCE_VIPS, CHANCE_HELD, CHANCE_COUNTERS, CHANCE_LIMIT, CHANCE_MAPS };

#define CHANCE_MAX_VIPS 1024
#define CHANCE_MAX_HELD 262144        /* connections in lists of peers */
#define CHANCE_LIMIT_PER_SECOND 50000 /* packets a CPU hands over that are on no list */

struct chance_address { /* IPv4 as ::ffff:a.b.c.d */
	__u8 ip[16];
};

/* BPF_MAP_TYPE_HASH CHANCE_VIPS */
struct chance_vip_key {
	struct chance_address address;
	__u32 link; /* the interface's index */
};

enum { CHANCE_OFF, CHANCE_ANY, CHANCE_LISTED }; /* which unknown connections are handed over */

struct chance_vip {
	__u64 valid_until_ns; /* CLOCK_MONOTONIC; the guardian renews it; then all stays here */
	__u8 own_mac[6];      /* what frames to us are addressed to: the link's own */
	__u8 virtual_mac[6];  /* and this one, zero: none */
	__u8 peer_mac[6];     /* zero: no peer, all stays here */
	__u8 owner;           /* the address is ours: a SYN stays here; else it goes to the peer */
	__u8 mode;            /* CHANCE_* */
};

/* BPF_MAP_TYPE_HASH CHANCE_HELD, without preallocation */
struct chance_tuple { /* ports in network order */
	struct chance_address client, address;
	__u16 client_port, port;
};

struct chance_holder {
	__u8 mac[6];
	__u8 zero[2];
};

/* BPF_MAP_TYPE_PERCPU_ARRAY CHANCE_COUNTERS of __u64 */
enum {
	CHANCE_HANDED_OVER, /* packets of connections */
	CHANCE_SYNS,        /* packets that begin one, sent on to the owner */
	CHANCE_ERRORS,      /* ICMP errors that went to both */
	CHANCE_LIMITED,     /* would have been handed over, but for the limit */
	CHANCE_COUNTS
};

/* BPF_MAP_TYPE_PERCPU_ARRAY CHANCE_LIMIT, one entry */
struct chance_limit {
	__u64 second_ns; /* when the second at hand began */
	__u64 n;
};

#endif
