/* SPDX-License-Identifier: MIT */
/* A program from its model to its end: sockets, privileges, threads, signals. The foreground
 * process does this, or each worker of a master. */
#ifndef APP_RUN_H
#define APP_RUN_H

#include "app/options.h"

#include "proxy/listener.h"

/* Builds it and opens its sockets (those in `inherited` first). NULL after diagnostics, which have
 * been printed. */
struct program *run_prepare(struct model *m, const struct options *o,
			    struct inherited_socket *inherited, unsigned int n) must_check;
/* Gives up privileges, starts the threads, calls `on_ready` once all is serving, handles signals
 * until it has stopped. The exit status. Frees nothing of what run_prepare made. */
int run_serve(struct program *p, void (*on_ready)(void *user), void *user);
void run_free(struct program *p);
/* Limits on descriptors and connections; before anything is opened. False when out of memory. */
bool run_set_limits(struct model *m, const struct options *o) must_check;

#endif
