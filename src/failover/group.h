/* SPDX-License-Identifier: MIT */
/*
 * Sync groups: their members are MASTER, BACKUP or FAULT together. A member whose master is silent
 * waits until that is so for all of them; one member's fault is the fault of all.
 */
#ifndef FAILOVER_GROUP_H
#define FAILOVER_GROUP_H

#include "failover/failover_priv.h"

#include "proto/vrrp_machine.h"

struct group {
	struct list link;
	const struct model_vrrp_group *conf; /* of the failover's model */
	enum vrrp_state state;
	bool faulty;    /* a member has a fault of its own */
	bool following; /* members are being told */
};

/* Makes the groups of f->model anew and points the instances to them; states are kept by name. */
int group_configure(struct failover *f) must_check;
void group_free_all(struct failover *f);
/* A member's state changed. */
void group_follow(struct instance *i);
/* May this member become master by itself: is each other member master, or ready too? True for an
 * instance without a group. */
bool group_may_claim(const struct instance *i);
/* All have looked: which groups have a member with a fault of its own? */
void group_update_faults(struct failover *f);

#endif
