/* SPDX-License-Identifier: MIT */
/*
 * An address that this node holds, with what a watcher needs to give it away when the guardian has
 * died: plain data for a shared page.
 */
#ifndef FAILOVER_HOLDING_H
#define FAILOVER_HOLDING_H

#include "failover/peer_watch.h"

#include "proto/vrrp_packet.h"

#define HOLDING_MAX 256
#define HOLDING_MAX_ADVERT 256

struct failover_holding {
	struct inet address; /* family INET_NONE: none, only a farewell */
	uint8_t prefix;
	unsigned int index; /* of the link */
	uint8_t vrid;
	/* The advert of priority 0 of its instance; n 0: too long, or another holding of the same
	 * instance has it. */
	struct inet source, destination;
	unsigned int send_index;
	uint8_t family, ttl;
	uint16_t n;
	uint8_t advert[HOLDING_MAX_ADVERT];
	struct peer_farewell farewell; /* one of the node's; its peer's family INET_NONE: none */
};

/* The watcher's work, in its own process, after the guardian has died: tells BFD's peers, says
 * priority 0, waits until another master is heard (an advert of that VRID with a priority from
 * another address) or patience_ms are over, and removes the addresses; before all that the packet
 * filter and the program of second_chance.c. `serving` is the writing end of a pipe, -1: none; when
 * nobody has its reading end any more nobody serves here, and nothing is waited for: clients must
 * rather hear nothing than a refusal. While somebody does, for some seconds, the guardian's local
 * routes (`metric` of standby.h, 0: of any guardian) stay, so that what is connected here is served
 * on; then they go. Needs CAP_NET_ADMIN and CAP_NET_RAW. Returns how many addresses it removed. */
unsigned int holdings_give_away(const struct failover_holding *held, unsigned int n,
				unsigned int patience_ms, int serving, uint32_t metric);

#endif
