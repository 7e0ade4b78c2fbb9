/* SPDX-License-Identifier: MIT */
/*
 * The failover thread's own context, for the files of this folder. Everything in it belongs to that
 * thread from failover_start on (before: to the caller of failover_new).
 */
#ifndef FAILOVER_FAILOVER_PRIV_H
#define FAILOVER_FAILOVER_PRIV_H

#include "failover/failover.h"

#include "net/loop.h"

#include <pthread.h>

struct instance;
struct keeper;
struct netlink;
struct netlink_address;
struct netlink_link;
struct netlink_monitor;
struct notify;
struct peer_watch;
struct request;
struct second_chance;
struct tracks;

struct failover {
	struct loop loop;
	pthread_t thread;
	bool running; /* the thread is there */
	struct model_vrrp *model;
	struct failover_hooks hooks;
	struct failover_page *page;
	struct netlink *netlink;
	struct keeper *keeper; /* renews leases; NULL: nobody does but ourselves */
	struct netlink_monitor *monitor;
	struct io monitor_io, release_io;
	int frame_fd; /* for gratuitous ARP and neighbour advertisements */
	struct tracks *tracks;
	struct notify *notify;
	struct peer_watch *peers;
	struct second_chance *chance; /* NULL: switched off */
	enum service service;
	uint64_t release_seen;
	bool started; /* startup_delay is over */
	bool leaving, left;
	uint64_t left_until_us; /* scripts may run so long after the last address is gone */
	struct timer startup, leave, recheck;
	struct task reap, holdings;
	struct request *begin, *quit; /* mails that must not fail */
	struct list instances;        /* struct instance, in the file's order */
	struct list groups;           /* struct group */
	struct list links;            /* struct link */
	struct list receivers;        /* struct receiver */
	struct list routes;           /* struct standby_route */
	struct list sysctls;          /* struct standby_sysctl */
	bool standby_off;             /* the sysctls cannot be written: said once */
	bool filter_may_stand;        /* a packet filter of ours, or of a halb that was killed */
	struct failover_holding held[HOLDING_MAX];
};

/* To hooks.log. */
void failover_log(const struct failover *f, enum log_level level, const char *fmt, ...)
    printf_like(3, 4);
/* SCHED_RR's, of all threads here. */
int failover_rt_priority(const struct failover *f);
/* A sum, a link or the service may be different now: every instance looks. */
void failover_refresh(struct failover *f);
/* reload.c, in the thread; takes the reference. */
void reload_apply(struct failover *f, struct model_vrrp *model);
/* world.c: the first look at links and addresses, and what the kernel says from then on. */
int world_init(struct failover *f) must_check;
void world_fini(struct failover *f);
/* An instance has ended, or dropped its addresses: is all done? */
void failover_leave_check(struct failover *f);
/* Which addresses are held changed: the watcher is told at the end of this turn. */
void failover_holdings_changed(struct failover *f);
/* Tracked things of f->model, anew; what the old ones know goes on. */
void failover_make_tracks(struct failover *f);

/* filter.c: the packet filter is as instances, their settings and links are now. */
void failover_update_filter(struct failover *f);

/* dump.c: /tmp/keepalived.data and /tmp/keepalived.stats. */
void dump_data(struct failover *f);
void dump_stats(struct failover *f);

/* holding.c: what is held now into f->held; how many. */
unsigned int holdings_collect(struct failover *f);

#endif
