/* SPDX-License-Identifier: MIT */
/*
 * The guardian's half of the pair: the failover thread, what it tells (log lines, holdings for the
 * watcher), and what it is told.
 */
#ifndef APP_PAIR_H
#define APP_PAIR_H

#include "app/options.h"
#include "app/watcher.h"

#include "failover/failover.h"

struct pair;

/* Before anything is forked. NULL after diagnostics, which have been printed. `bell`: an eventfd,
 * rung when pair_wants_* or pair_has_left change. */
struct pair *pair_new(struct model_vrrp *v, const struct options *o, int bell,
		      bool has_proxy) must_check;
/* The watcher, and the failover thread: after daemon mode, when a worker serves. */
bool pair_start(struct pair *p, int leash) must_check;
void pair_free(struct pair *p);

void pair_set_service(struct pair *p, enum service s, const char *why);
void pair_reload(struct pair *p, struct model_vrrp *v);
/* Hands over for good; the bell rings when pair_has_left. */
void pair_leave(struct pair *p);
bool pair_has_left(const struct pair *p);
/* Connections that are served here though their address is elsewhere by now. */
unsigned int pair_held(const struct pair *p);
/* True once after the failover thread asked for fresh checks. */
bool pair_wants_recheck(struct pair *p);
void pair_dump(struct pair *p, bool stats);
/* A child has ended: where it was the watcher, there is a new one. */
void pair_reap(struct pair *p, int leash);
/* A daemon's standard error leads nowhere. */
void pair_leave_console(struct pair *p);

#endif
