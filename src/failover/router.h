/* SPDX-License-Identifier: MIT */
/* The failover thread's side of failover.h: called in that thread by its mails. */
#ifndef FAILOVER_ROUTER_H
#define FAILOVER_ROUTER_H

#include "failover/failover_priv.h"

#include "proto/vrrp_machine.h"

void router_init(struct failover *f);
/* After the thread has ended: drops what is left, ends all parts. */
void router_fini(struct failover *f);
/* Before the thread begins: the eventfd of failover_ask_release. */
void router_watch_releases(struct failover *f);
/* The first thing in the thread. */
void router_begin(struct failover *f);
void router_set_service(struct failover *f, enum service s, const char *why);
void router_leave(struct failover *f);
void router_tell_all(struct failover *f, enum vrrp_event_kind kind);

#endif
