/* SPDX-License-Identifier: MIT */
/*
 * The virtual IPs of this node: a thread of the guardian with a loop, real-time priority and locked
 * memory of its own. It is told what the service is like (app/wire.c) and does the rest by itself:
 * VRRP, addresses, announcements, tracking, BFD, notify scripts.
 *
 *     packet or timer → instance → vrrp_step → todo → address, announce, notify
 */
#ifndef FAILOVER_FAILOVER_H
#define FAILOVER_FAILOVER_H

#include "config/model_vrrp.h"

#include "failover/holding.h"
#include "failover/status.h"

#include "net/loop.h"

#include "base/diag.h"
#include "base/log.h"

enum service {
	SERVICE_NONE,    /* there is no proxy here: it does not count */
	SERVICE_UNKNOWN, /* not serving yet, or no check has ended yet: do not claim */
	SERVICE_UP,
	SERVICE_DOWN, /* cannot serve, or no server is up: give the addresses away */
};

struct failover_hooks { /* called in the failover thread; must not block */
	void *user;
	/* "(VI_1) Entering MASTER STATE": to syslog and standard error, as app/ decides. */
	void (*log)(void *user, enum log_level level, const char *line);
	/* Was cut off and is back: the service's state must be found out anew. NULL: not needed. */
	void (*recheck)(void *user);
	/* Which VIPs are held now changed: for the watcher. `held` lives until the next call. */
	void (*holdings)(void *user, const struct failover_holding *held, unsigned int n);
	/* failover_leave is complete. */
	void (*left)(void *user);
};

struct failover;

/* Checks what the system must give (interfaces, sockets, rights) and adds diagnostics; takes a
 * reference of the model. Nothing is sent and no address is touched before failover_start, but
 * stale ones of ours are noted. NULL after alerts. */
struct failover *failover_new(struct model_vrrp *model, const struct failover_hooks *hooks,
			      struct failover_page *page, enum service service,
			      struct diags *d) must_check;
/* The thread begins. 0 or -errno. */
int failover_start(struct failover *f) must_check;

/* From any thread, all of them: mails to the failover thread. */
void failover_set_service(struct failover *f, enum service s, const char *why);
/* A new model, in place: instances that stay the same go on untouched, others are changed, added,
 * or leave. A lower priority is a planned hand-over. */
void failover_reload(struct failover *f, struct model_vrrp *model);
/* Hand over everything; then backups. */
void failover_release(struct failover *f);
/* Hand over everything for good; hooks.left comes when no address is held any more. */
void failover_leave(struct failover *f);
/* keepalived's data files: /tmp/keepalived.data, .stats (USR1, USR2), .json. */
void failover_dump(struct failover *f, bool stats);
/* Ends the thread (after failover_leave; else addresses are dropped at once) and frees all. */
void failover_free(struct failover *f);

#endif
