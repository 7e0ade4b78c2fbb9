/* SPDX-License-Identifier: MIT */
/*
 * Tracked things: interfaces, scripts, files, processes, BFD sessions, and what they add to the
 * priority. Everything runs in the failover thread; nothing polls but scripts (that is their
 * nature) and what the kernel does not report.
 */
#ifndef FAILOVER_TRACK_H
#define FAILOVER_TRACK_H

#include "config/model_vrrp.h"

#include "net/loop.h"

#include "base/log.h"

struct tracks;

struct tracks_hooks {
	void *user;
	void (*changed)(void *user); /* a sum may be another now; called from the loop, not from
					within a tracks_ function */
	void (*log)(void *user, enum log_level level, const char *line);
	/* Does the interface exist and work now; at start and where track_interface begins. */
	bool (*link_is_up)(void *user, const char *name);
	/* There is no proxy in this program: what asks for it is run as anything else. */
	bool no_service;
	/* At a reload: what is tracked now. What these know goes on (scripts count as they did,
	 * files are not made anew). Only read by tracks_new; NULL: a start. */
	const struct tracks *previous;
};

/* Starts all that the model tracks (scripts: first run at once). NULL when out of memory. The model
 * outlives it. */
struct tracks *tracks_new(struct loop *l, const struct model_vrrp *model,
			  const struct tracks_hooks *hooks) must_check;
void tracks_free(struct tracks *t); /* running scripts are ended */

/* What the outside knows. */
void tracks_set_link(struct tracks *t, const char *name, bool up);
void tracks_set_service(struct tracks *t, bool answers); /* for scripts with asks_service */
void tracks_set_bfd(struct tracks *t, const struct model_vrrp_bfd *bfd, bool up);

struct track_sum {
	int delta;      /* to the base priority */
	bool fault;     /* something without weight has failed */
	bool pending;   /* a script without weight has not ended its first run yet: stay in INIT */
	char text[160]; /* "+2 chk_haproxy"; or what failed */
};
/* Of an instance, with what its group tracks. */
void tracks_sum(const struct tracks *t, const struct model_vrrp_instance *conf,
		struct track_sum *out);

#endif
