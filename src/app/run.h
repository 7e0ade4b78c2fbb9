/* SPDX-License-Identifier: MIT */
/* A program from its model to its end: sockets, privileges, threads, signals. The foreground
 * process does this, or each worker of a master. */
#ifndef APP_RUN_H
#define APP_RUN_H

#include "app/options.h"

#include "config/model_vrrp.h"

#include "proxy/listener.h"

#include <signal.h>

/* Builds it, with references of its own to the models, and opens its sockets (those in `inherited`
 * first). `vrrp` NULL: no virtual IP. NULL after diagnostics, which have been printed. */
struct program *run_prepare(struct model *m, struct model_vrrp *vrrp, const struct options *o,
			    struct inherited_socket *inherited, unsigned int n) must_check;
/* "Stop at once", from the guardian to a worker. SIGTERM would not do: a service manager and a
 * terminal send that to all processes at once, long before the worker's turn, and two of the same
 * signal become one; those of real time are all delivered. */
#define RUN_STOP_SIGNAL (SIGRTMIN + 1)

struct run_care {
	void (*on_ready)(void *user); /* all is serving; NULL: nobody wants to know */
	void *user;
	int leash; /* readable at its end: stop softly, the guardian has gone; -1: none */
	unsigned int leash_ms; /* but not before so long after that */
	bool detached;         /* standard streams lead nowhere from then on: a daemon's worker */
	bool confined;         /* no capability, no file, few system calls: a guardian's worker */
};
/* Gives up privileges, starts the threads, calls `on_ready`, handles signals until it has stopped.
 * The exit status. Frees nothing of what run_prepare made. */
int run_serve(struct program *p, const struct run_care *care);
void run_free(struct program *p);
/* Limits on descriptors and connections; before anything is opened. False when out of memory. */
bool run_set_limits(struct model *m, const struct options *o) must_check;

#endif
