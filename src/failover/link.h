/* SPDX-License-Identifier: MIT */
/*
 * The links (interfaces) that the configuration names, as the kernel reports them. One entry a
 * name, from its first use on; it stays when the link goes, and comes back with it.
 */
#ifndef FAILOVER_LINK_H
#define FAILOVER_LINK_H

#include "failover/failover_priv.h"

#include "net/netlink.h"

struct link {
	struct list link;
	char name[IF_NAMESIZE];
	unsigned int index; /* 0: there is none of that name now */
	uint8_t mac[6];
	bool up; /* administratively up, with a carrier */
	bool loopback, router;
};

/* NULL when out of memory. */
struct link *link_get(struct failover *f, const char *name) must_check;
/* From the monitor: true where the message is about this one. */
bool link_update(struct link *l, const struct netlink_link *now);
/* Asks the kernel. */
void link_look_up(struct failover *f, struct link *l);
void link_free_all(struct failover *f);
/* A first address that can be the source of adverts, none of ours; false: none yet. */
bool link_find_source(struct failover *f, const struct link *l, uint8_t family,
		      struct inet *out) must_check;
/* The address is on the link, and can be sent from. */
bool link_has_address(struct failover *f, const struct link *l, const struct inet *address);

#endif
