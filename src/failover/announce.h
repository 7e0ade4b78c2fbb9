/* SPDX-License-Identifier: MIT */
/*
 * Telling the links where the addresses are now: gratuitous ARP and unsolicited neighbour
 * advertisements. A burst is a number of rounds, a round one frame for each address; its first
 * round goes out at once, before the advert. A second burst follows after garp_master_delay, and
 * others each garp_master_refresh. Addresses on other links than the instance's, whose switches see
 * no adverts, get one frame each garp_extra_if.
 */
#ifndef FAILOVER_ANNOUNCE_H
#define FAILOVER_ANNOUNCE_H

#include "net/loop.h"

struct instance;

enum announce_why { ANNOUNCE_MASTER, ANNOUNCE_LOWER_PRIORITY, ANNOUNCE_REFRESH };

struct announcer {
	struct timer pace, delayed, refresh, extra;
	enum announce_why why;
	unsigned int rounds, at; /* left; the next address of the round at hand */
	uint64_t sent;
	int error; /* the last one, said once */
};

void announce_init(struct instance *i);
void announce_begin(struct instance *i, enum announce_why why);
void announce_stop(struct instance *i);

#endif
