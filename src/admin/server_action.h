/* SPDX-License-Identifier: MIT */
/* What a person may do to a server, from the runtime API or the page. */
#ifndef ADMIN_SERVER_ACTION_H
#define ADMIN_SERVER_ACTION_H

#include "proxy/server.h"

enum server_action {
	ACTION_NONE,
	ACTION_READY,
	ACTION_DRAIN,
	ACTION_MAINT,
	ACTION_ENABLE, /* ends maintenance, not draining */
	ACTION_DISABLE_HEALTH,
	ACTION_ENABLE_HEALTH,
	ACTION_HEALTH_UP,
	ACTION_HEALTH_NOLB,
	ACTION_HEALTH_DOWN,
	ACTION_DISABLE_AGENT, /* there are no agents: nothing changes */
	ACTION_ENABLE_AGENT,
	ACTION_AGENT_UP,
	ACTION_AGENT_DOWN,
	ACTION_SHUTDOWN,
};

/* The page's actions: their words in haproxy's forms, and what the list shows. */
struct server_action_name {
	const char *word, *text;
	enum server_action action;
};
extern const struct server_action_name server_action_names[];
extern const unsigned int server_n_action_names;

/* Does it; false where there was nothing to do. Any thread; `l` is that thread's loop. */
bool server_act(struct server *s, struct loop *l, enum server_action action);

#endif
