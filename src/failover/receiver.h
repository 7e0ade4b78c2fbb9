/* SPDX-License-Identifier: MIT */
/*
 * The socket that adverts of a link and family come in by, shared by the instances there; a packet
 * goes to the one instance that has its VRID.
 */
#ifndef FAILOVER_RECEIVER_H
#define FAILOVER_RECEIVER_H

#include "failover/failover_priv.h"

struct receiver {
	struct list link;
	struct io io;
	struct failover *owner;
	uint8_t family;
	unsigned int index, users;
	struct inet group; /* INET_NONE: unicast */
};

/* 0 or -errno; with a reference in *out. */
int receiver_get(struct failover *f, uint8_t family, unsigned int index, const struct inet *group,
		 struct receiver **out) must_check;
void receiver_put(struct receiver *r);

#endif
