/* SPDX-License-Identifier: MIT */
/*
 * One virtual router: drives the state machine of proto/vrrp_machine.h. An event goes in, the
 * machine says what to do, and it is done here, in this order: take, announce, send, drop.
 */
#ifndef FAILOVER_INSTANCE_H
#define FAILOVER_INSTANCE_H

#include "failover/address.h"
#include "failover/announce.h"
#include "failover/failover_priv.h"
#include "failover/receiver.h"
#include "failover/track.h"

#include "proto/vrrp_machine.h"
#include "proto/vrrp_packet.h"

struct group;

struct instance_counters {
	uint64_t adverts_in, adverts_out, zero_in, zero_out, transitions, to_master, from_master;
	uint64_t refused[VRRP_VERDICTS];
};

struct instance {
	struct list link;
	struct failover *owner;
	struct model_vrrp *model; /* a reference: what conf points into */
	const struct model_vrrp_instance *conf;
	struct group *group; /* NULL: in none */
	struct vrrp_machine machine;
	struct timer timer;
	/* Where: the interface, and the macvlan on it where there is one. */
	struct link *base;
	unsigned int bound_index;       /* of the base the sockets were made for; 0: not bound */
	unsigned int index, vmac_index; /* where addresses go; vmac_index 0: no macvlan */
	struct inet source;             /* INET_NONE: none yet */
	struct inet last_heard;         /* the sender of the last good advert */
	struct inet *advertised;        /* of identity.addresses */
	struct vrrp_identity identity;
	struct receiver *receiver;
	int send_fd;
	struct vips vips;
	struct announcer announcer;
	struct track_sum sum;
	const char *fault_why; /* a fault of its own, NULL: none */
	bool started, fault, waits_recheck;
	bool source_missing; /* track_src_ip: the configured address is not on the interface */
	bool group_ready;    /* its master is silent; the other members' not yet */
	bool removing, ended;
	bool zero_logged;
	int send_error; /* the last one, said once */
	uint64_t refused_logged_us[VRRP_VERDICTS];
	struct instance_counters counters;
	char cause[96];
	int64_t since_wall_us;
	unsigned int row; /* of the status page */
};

struct instance *instance_new(struct failover *f, struct model_vrrp *model,
			      const struct model_vrrp_instance *conf) must_check;
/* Addresses that are still held go at once. */
void instance_free(struct instance *i);
/* The same virtual router with other settings, in place. */
void instance_reconfigure(struct instance *i, struct model_vrrp *model,
			  const struct model_vrrp_instance *conf);
/* Sockets and source address for the link as it is now. */
void instance_bind(struct instance *i);
/* Looks at its link and what it tracks; then, when all have looked and their groups know, does what
 * follows: priority, hold, start, fault, clear. failover_refresh does both for all. */
void instance_look(struct instance *i);
void instance_follow(struct instance *i);
void instance_event(struct instance *i, const struct vrrp_event *e);
/* One that says no more than its kind. */
void instance_tell(struct instance *i, enum vrrp_event_kind kind);
/* Says priority 0 and drops what it owns, without waiting for a taker: the thread has ended. */
void instance_abandon(struct instance *i);
/* Its group's new master asks, or a lower one is preempted: `cause` for the status. */
void instance_force_master(struct instance *i, enum vrrp_cause cause);
/* A message for its VRID has come; it may be anything. */
void instance_receive(struct instance *i, const struct vrrp_origin *origin, struct span message);
/* The advert of `priority` towards `to`; its length. */
size_t instance_build(const struct instance *i, uint8_t priority, const struct inet *to,
		      uint8_t *dst);
unsigned int instance_send_index(const struct instance *i);
void instance_log(const struct instance *i, enum log_level level, const char *fmt, ...)
    printf_like(3, 4);
/* status.c: the row as it is now. */
void status_write(struct instance *i);

#endif
