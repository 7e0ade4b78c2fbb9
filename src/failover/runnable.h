/* SPDX-License-Identifier: MIT */
/*
 * A command of the file made ready to run: its program found, its user looked up, script security
 * asked. Done once, when a model comes, because looking up users may block; what is made owns its
 * words, so that it outlives the model.
 */
#ifndef FAILOVER_RUNNABLE_H
#define FAILOVER_RUNNABLE_H

#include "config/model_vrrp.h"

#include "failover/say.h"

#include "net/spawn.h"

enum runnable_state {
	RUNNABLE_NONE, /* the file names no command */
	RUNNABLE_OK,
	RUNNABLE_MISSING,  /* no such program, or no such user; said */
	RUNNABLE_INSECURE, /* others could change it; said */
};

struct runnable {
	enum runnable_state state;
	const char **argv; /* own memory, one block */
	bool set_ids;
	uid_t uid;
	gid_t gid;
};

/* Out of memory counts as missing. */
void runnable_init(struct runnable *r, const struct model_command *c,
		   const struct model_vrrp_global *global, const struct say *log);
void runnable_fini(struct runnable *r);
/* Of one that is RUNNABLE_OK. 0 or -errno. */
int runnable_start(const struct runnable *r, const char *const *extra,
		   struct spawned *out) must_check;
/* Reaps what has ended and closes its pidfd: the wait status, -1 where there is none. */
int runnable_end(struct spawned *s);

#endif
