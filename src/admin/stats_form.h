/* SPDX-License-Identifier: MIT */
/* The page's form as it is posted: which servers of which backend, and what to do with them. */
#ifndef ADMIN_STATS_FORM_H
#define ADMIN_STATS_FORM_H

#include "admin/server_action.h"

#include "proxy/proxy.h"

struct stats_form {
	struct span action, backend, token; /* decoded; p NULL: not there */
	struct span *servers;
	unsigned int n_servers;
	bool broken; /* cannot be decoded */
};

/* An application/x-www-form-urlencoded body; everything lives in the arena. */
void stats_form_parse(struct stats_form *f, struct span body, struct arena *a);
/* Does it. The code for ";st=": DONE, PART (some names are unknown), NONE (nothing changed), ERRP.
 */
const char *stats_form_run(const struct stats_form *f, struct program *p, struct loop *l);

#endif
