/* SPDX-License-Identifier: MIT */
/*
 * A thread that renews leases. The kernel changes addresses under one lock for the whole machine,
 * and whoever holds it (containers that come and go) may hold it for seconds: the adverts must not
 * wait for that. The failover thread asks for each renewal, so a frozen one loses its addresses.
 */
#ifndef FAILOVER_KEEPER_H
#define FAILOVER_KEEPER_H

#include "net/netlink.h"

struct keeper;

/* NULL: no memory, no socket or no thread. */
struct keeper *keeper_new(int realtime_priority) must_check;
void keeper_free(struct keeper *k);
/* Renews these once, soon; never waits. Texts in them live until keeper_forget. Asked again while
 * the last time is not done yet, it does nothing. */
void keeper_renew(struct keeper *k, const void *owner, const struct netlink_address *list,
		  unsigned int n);
/* When this returns, nothing of the owner's will be renewed any more: may wait for the kernel. */
void keeper_forget(struct keeper *k, const void *owner);

#endif
