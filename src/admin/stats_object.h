/* SPDX-License-Identifier: MIT */
/*
 * What statistics speak of: a frontend, a backend, a server or a listener, looked at in one moment.
 * All that other threads may change is copied here (servers under their backend's lock), so that
 * fields, pages and exports only format. Any thread may look.
 */
#ifndef ADMIN_STATS_OBJECT_H
#define ADMIN_STATS_OBJECT_H

#include "proxy/server.h"

enum stats_kind {
	STATS_FRONTEND,
	STATS_BACKEND,
	STATS_SERVER,
	STATS_LISTENER
}; /* the column "type" */

/* How it is shown: a colour on the page. */
enum stats_mood {
	STATS_UP,
	STATS_GOING_DOWN, /* up, but checks fail */
	STATS_GOING_UP,   /* down, but checks pass */
	STATS_DOWN,
	STATS_DRAIN, /* and NOLB */
	STATS_MAINT,
	STATS_NO_CHECK,
	STATS_MOODS
};

struct stats_check { /* of a server that has one */
	bool exists, enabled;
	enum check_status status;
	unsigned int code;
	uint64_t duration_ms;
	char info[128];
};

struct stats_object {
	enum stats_kind kind;
	struct program *program;
	struct proxy *proxy;
	struct server *server;     /* STATS_SERVER */
	struct listener *listener; /* STATS_LISTENER */
	struct span name;          /* "FRONTEND", "web1", … */
	unsigned int id;           /* the column "sid" */
	uint64_t now_ms;
	struct counters sum;

	/* servers and backends */
	char status[80];
	enum stats_mood mood;
	uint64_t last_change_ms, down_ms;
	unsigned int weight, queued;
	unsigned int n_active, n_backup, n_up; /* backends */

	/* servers */
	uint8_t state; /* enum server_state */
	unsigned int admin, user_weight, initial_weight;
	bool backup;
	unsigned int maxconn; /* 0: none */
	struct health health;
	struct stats_check check;
	struct inet address;
	const char *reason; /* of the last change, or NULL */
	char name_text[24]; /* where `name` had to be made */
};

struct stats_filter {
	int iid;            /* id of the proxy, -1: any */
	unsigned int kinds; /* bits 1 << enum stats_kind */
	int sid;            /* id of the server or listener, -1: any */
	bool up_only, no_maint;
	bool listeners;                  /* of all proxies, not only with "option socket-stats" */
	struct span part;                /* only proxies with this in their name; empty: all */
	const struct model_stats *scope; /* only what its "stats scope" lines name; NULL: all */
	const struct proxy *self;        /* what "." means there */
};

#define STATS_ALL_KINDS 15u
#define STATS_FILTER_ALL ((struct stats_filter){.iid = -1, .kinds = STATS_ALL_KINDS, .sid = -1})

/* Looks at one server. */
void stats_look_server(struct stats_object *o, struct server *s, uint64_t now_ms);

/* True where the filter lets something of this proxy be seen. */
bool stats_proxy_wanted(const struct proxy *px, const struct stats_filter *f);
/* One proxy: frontend, listeners, servers, backend, in this order. */
typedef void stats_visit(const struct stats_object *o, void *user);
void stats_each_of_proxy(struct proxy *px, uint64_t now_ms, const struct stats_filter *f,
			 stats_visit *visit, void *user);
/* All proxies in the order of the files. */
void stats_each(struct program *p, uint64_t now_ms, const struct stats_filter *f,
		stats_visit *visit, void *user);

/* "1.2.3.4:80", "[::1]:80", "unix"; returns the length, dst is NUL-terminated. */
#define STATS_ADDRESS_BYTES 64
size_t stats_address_text(char dst[STATS_ADDRESS_BYTES], const struct inet *a);

#endif
