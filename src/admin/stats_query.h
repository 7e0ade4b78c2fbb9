/* SPDX-License-Identifier: MIT */
/*
 * What a request for the statistics page asks for: what stands behind "stats uri" in its target,
 * and the links that ask for it again. No I/O.
 */
#ifndef ADMIN_STATS_QUERY_H
#define ADMIN_STATS_QUERY_H

#include "base/buffer.h"

enum stats_page_form { PAGE_HTML, PAGE_CSV, PAGE_JSON };

struct stats_query {
	enum stats_page_form form;
	bool hide_down;  /* ;up */
	bool no_refresh; /* ;norefresh */
	char status[8];  /* ;st=DONE: what became of an action, "" for none */
	char scope[64];  /* ?scope=: decoded */
	size_t scope_len;
};

/* False where the target is not below the uri. */
bool stats_query_parse(struct stats_query *q, struct span target, struct span uri);
/* The target that asks for this; not escaped for HTML. Without the status. */
void stats_query_link(struct buffer *out, const struct stats_query *q, struct span uri);

#endif
