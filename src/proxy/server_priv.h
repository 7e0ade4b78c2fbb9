/* SPDX-License-Identifier: MIT */
/*
 * What server.c, server_state.c, server_notes.c and program.c share. "Under the lock" is the
 * server's proxy's lock.
 */
#ifndef PROXY_SERVER_PRIV_H
#define PROXY_SERVER_PRIV_H

#include "proxy/server.h"

#define NO_DURATION UINT64_MAX

/* Why a server's state changes: what its log line says. All may be empty. */
struct server_cause {
	const struct server *via; /* it tracks this one */
	const char *words;        /* "changed from CLI" */
	const char *admin_words;  /* of who asked for it, in parentheses */
	enum check_status status; /* CHECK_UNKNOWN: no reason is shown */
	unsigned int code;
	const char *info;
	uint64_t duration_ms; /* NO_DURATION: none */
};

/* Lines put together under the lock and sent without it. */
#define SERVER_MAX_NOTES 6
struct server_notes {
	unsigned int n;
	struct server_note {
		enum log_level level;
		bool alert; /* on the console too as [ALERT], in `console`; else as [WARNING] */
		char text[512];
	} v[SERVER_MAX_NOTES];
};

struct server_counts {
	unsigned int active, backup; /* servers that requests may go to now */
};

/* State and why, before and after: notes_change words the difference. */
struct server_picture {
	uint8_t state;
	unsigned int admin;
};

/* server_state.c */
static inline bool server_is_eligible(const struct server *s)
{
	uint8_t state = atomic_load_explicit(&s->state, memory_order_relaxed);

	return (state == SERVER_RUNNING || state == SERVER_STARTING) &&
	       !(s->admin & (SERVER_MAINT_ANY | SERVER_DRAIN_ANY));
}
struct server_counts proxy_count_servers(const struct proxy *px);
/* A change of nothing but weights, suspicion or limits: balance, and the backend as a whole,
 * follow. Takes the lock itself. */
void server_refresh(struct server *s, struct loop *l);
void server_on_slowstart(struct timer *t, uint64_t now_ms);
void server_on_slowstart_mail(struct mail *m, struct loop *receiver);

/* server.c */
void server_apply_weight(struct server *s, uint64_t now_ms);
/* After all servers exist: who tracks whom. 0 or -ENOMEM. */
int servers_link_tracked(struct program *p) must_check;
/* Monotonic milliseconds: the loop's, or the clock's where there is none. */
uint64_t server_now_ms(const struct loop *l);
/* Streams that wait for this server alone may go to any other one ("option redispatch"): how many.
 * Under the lock. */
unsigned int server_requeue(struct server *s, uint64_t now_ms);

/* server_notes.c; under the lock */
void notes_check(struct server_notes *n, const struct server *s, const struct server_cause *c);
void notes_change(struct server_notes *n, const struct server *s,
		  const struct server_picture *before, const struct server_cause *c,
		  unsigned int requeued);
void notes_backend_down(struct server_notes *n, const struct proxy *px);
void notes_suspect(struct server_notes *n, const struct server *s);
/* Without the lock: to the proxy's logs and the console. */
void notes_send(const struct server_notes *n, struct proxy *px);

#endif
