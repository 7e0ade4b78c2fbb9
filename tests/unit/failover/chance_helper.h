/* SPDX-License-Identifier: MIT */
/*
 * The embedded second chance program on two nodes of pair_helper.h's link, A and B, with PAIR_VIP
 * and CHANCE_VIP6 as local addresses and a listener on each; the stranger is the client. Which node
 * the client's frames go to, and what each program is told, the test says. Families are AF_*.
 */
#ifndef TESTS_CHANCE_HELPER_H
#define TESTS_CHANCE_HELPER_H

#include "failover/second_chance_map.h"
#include "pair_helper.h"

#include <sys/socket.h>

#define CHANCE_VIP6 "fd50::10"
#define CHANCE_PORT 20080

struct chance_node {
	enum pair_place place;
	int program, maps[CHANCE_MAPS];
	int listeners[2]; /* IPv4, IPv6 */
	unsigned int link;
	uint8_t mac[6];
};

extern struct chance_node chance_a, chance_b;
extern uint8_t chance_client_mac[6];

/* At the beginning of a test: skips it where namespaces or bpf(2) are forbidden. */
void chance_begin(void);
/* After it. */
int chance_end(void **state);

/* ---- the nodes */

/* What the program of a node is told of both addresses: owner, mode, the other node as the peer,
 * a lease for an hour. */
void chance_tell_node(struct chance_node *n, bool owner, uint8_t mode);
/* The same, as you like. */
void chance_tell_vip(struct chance_node *n, const struct chance_vip *vip);
/* As chance_tell_node says it. */
struct chance_vip chance_vip_of(const struct chance_node *n, bool owner, uint8_t mode);
/* The connection of a client's socket is on the node's list, held by that MAC. */
void chance_list(struct chance_node *n, int client, const uint8_t mac[6]);
/* CHANCE_HANDED_OVER ... of all CPUs together. */
uint64_t chance_counted(const struct chance_node *n, uint32_t what);
/* Waits (at most 10 s) until it is that. */
void chance_wait_counted(const struct chance_node *n, uint32_t what, uint64_t value);
/* Writes to /proc/sys/net/NAME there. */
void chance_sysctl(enum pair_place place, const char *name, const char *value);

/* ---- the client */

/* Its frames to both addresses go to that node from now on. */
void chance_aim(const struct chance_node *n);
/* A connection to the address of that family, with time-outs of 10 s; -1 and errno. */
int chance_connect(int family);
/* The next connection that the node's listener has; -1: none within 10 s. */
int chance_accept(const struct chance_node *n, int family);
/* n bytes through blocking or non-blocking sockets, each looked at: true where all came. */
bool chance_transfer(int from, int to, size_t n);
/* Sends a byte: true where the answer is a RST, false where the byte gets an answer or none. */
bool chance_is_reset(int client);
/* A frame onto the client's wire; paged: with no more than 14 bytes of it in linear memory. */
void chance_send_frame(const void *frame, size_t n, bool paged);

#endif
