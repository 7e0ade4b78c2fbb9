/* SPDX-License-Identifier: MIT */
/*
 * A listening address at run time. The socket is shared by all threads; each has its own io on it.
 * Accepting pauses where maxconn of the process, the frontend or the listener is reached, and goes
 * on when a connection leaves.
 */
#ifndef PROXY_LISTENER_H
#define PROXY_LISTENER_H

#include "proxy/proxy.h"

struct listener {
	const struct model_bind *conf;
	struct proxy *proxy;
	int fd;                     /* -1: not open */
	struct listener_io *shares; /* one for each thread */
	_Atomic uint32_t connections;
	_Atomic bool paused;
	struct counter_set counters;
};

/* Opens the sockets of all frontends; those in `inherited` (by the bind's word) are used instead of
 * new ones. 0, or -1 after diagnostics in haproxy's words (all that fail). */
struct inherited_socket {
	const char *word;
	int fd;
	bool used;
};
int listeners_open(struct program *p, struct inherited_socket *inherited, unsigned int n,
		   struct diags *d) must_check;
void listeners_close(struct program *p);
/* In each thread. */
void listeners_start(struct worker *w);
void listeners_stop(struct worker *w);
/* Soft stop: takes in those who wait already, then stops; the last thread to do so closes the
 * sockets. */
void listeners_retire(struct worker *w);
/* A connection of this listener has ended: its place under the limits is free. */
void listener_give_place(struct listener *l);
/* Accepts again where a limit had paused it, or another listener, and is not reached any more. */
void listener_wake(struct listener *l);
/* The runtime API: "disable frontend", "enable frontend". */
void frontend_set_disabled(struct proxy *px, bool disabled);

#endif
