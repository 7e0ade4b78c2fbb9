/* SPDX-License-Identifier: MIT */
/*
 * A thread that renews leases. The kernel changes addresses under one lock for the whole machine,
 * and whoever holds it (containers that come and go) may hold it for seconds: the adverts must not
 * wait for that. The failover thread asks for each renewal, so a frozen one loses its addresses.
 * It also keeps the packet filter of no_accept, which may take as long.
 */
#ifndef FAILOVER_KEEPER_H
#define FAILOVER_KEEPER_H

#include "net/netlink.h"
#include "net/packet_filter.h"

struct failover;
struct keeper;

/* NULL: no memory, no socket or no thread. Logs by way of f's loop. */
struct keeper *keeper_new(struct failover *f) must_check;
/* The packet filter goes too. */
void keeper_free(struct keeper *k);
/* Renews these once, soon; never waits. Texts in them live until keeper_forget. Asked again while
 * the last time is not done yet, it does nothing. */
void keeper_renew(struct keeper *k, const void *owner, const struct netlink_address *list,
		  unsigned int n);
/* When this returns, nothing of the owner's will be renewed any more: may wait for the kernel. */
void keeper_forget(struct keeper *k, const void *owner);
/* Soon, what is sent to these is dropped, and what is sent to others no more. Takes the list
 * (malloc'd; NULL with n 0). Does not wait for the packet filter; for an address, as above. */
void keeper_filter(struct keeper *k, struct packet_filter_address *list, unsigned int n);

#endif
