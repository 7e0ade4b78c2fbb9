/* SPDX-License-Identifier: MIT */
/*
 * Telling the user's scripts and fifos of transitions, with keepalived's arguments: "INSTANCE"|
 * "GROUP" NAME STATE PRIORITY. Scripts run beside each other, one of an owner after the other.
 */
#ifndef FAILOVER_NOTIFY_H
#define FAILOVER_NOTIFY_H

#include "config/model_vrrp.h"

#include "net/loop.h"

#include "proto/vrrp_machine.h"

#include "base/log.h"

struct notify;

struct notify *notify_new(struct loop *l, const struct model_vrrp *model,
			  void (*log)(void *user, enum log_level level, const char *line),
			  void *user) must_check;
/* What waits is started at once, in order; what runs goes on. */
void notify_free(struct notify *n);
/* A new model, in place: what waits and what runs goes on. Those that the model does not name any
 * more keep their commands, for NOTIFY_DELETED and NOTIFY_STOP. */
void notify_reload(struct notify *n, const struct model_vrrp *model);

enum notify_event {
	NOTIFY_MASTER,
	NOTIFY_BACKUP,
	NOTIFY_FAULT,
	NOTIFY_STOP,
	NOTIFY_DELETED,
	NOTIFY_LOWER_PRIORITY, /* a master heard a lower one */
	NOTIFY_PRIORITY        /* to the fifos only (notify_priority_changes) */
};
void notify_instance(struct notify *n, const struct model_vrrp_instance *i, enum notify_event e,
		     uint8_t priority);
void notify_group(struct notify *n, const struct model_vrrp_group *g, enum notify_event e);
/* True while a script still runs: a guardian that ends waits for it a moment. */
bool notify_busy(const struct notify *n);

#endif
