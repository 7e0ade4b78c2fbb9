/* SPDX-License-Identifier: MIT */
/*
 * What app/ needs of the runtime API: its sockets ("stats socket" in global). Serving them is a
 * part of worker thread 0, registered as a struct worker_part (proxy/worker.h). (Contract by the
 * lead.)
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "proxy/listener.h"

/* Opens them, those in `inherited` (by the bind's word) first. 0, or -1 after diagnostics. */
int admin_open(struct program *p, struct inherited_socket *inherited, unsigned int n,
	       struct diags *d) must_check;
void admin_close(struct program *p);
/* Calls fn with each open socket and its address word; fn may take it over by setting *fd to -1. */
void admin_each_socket(struct program *p, void (*fn)(int *fd, const char *word, void *user),
		       void *user);
/*
 * The command "_getsocks" (admin level, sockets with "expose-fd listeners"; not listed in help):
 * answers with the listening sockets of all frontends and of the runtime API, as fd_pass_send
 * (net/fd_pass.h) passes them, labelled with their address words, and closes.
 */

#endif
