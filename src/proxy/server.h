/* SPDX-License-Identifier: MIT */
/*
 * A server at run time. Its state has one writer: the functions here, under the backend's lock;
 * they change state, balance, counters and log together. Reading `state` and `served` without the
 * lock is allowed where being late by a moment does no harm.
 */
#ifndef PROXY_SERVER_H
#define PROXY_SERVER_H

#include "proxy/proxy.h"

#include "balance/queue.h"

enum server_admin {                           /* bits: why it is out, by a person */
		    SERVER_MAINT = 1,         /* forced */
		    SERVER_MAINT_TRACKED = 2, /* the server it tracks is in maintenance */
		    SERVER_MAINT_CONFIG = 4,  /* "disabled" */
		    SERVER_DRAIN = 8,         /* forced */
		    SERVER_DRAIN_TRACKED = 16,
		    SERVER_MAINT_RESOLUTION = 32, /* its name did not resolve at start, which
						     init-addr allowed */
		    SERVER_MAINT_ANY = SERVER_MAINT | SERVER_MAINT_TRACKED | SERVER_MAINT_CONFIG |
				       SERVER_MAINT_RESOLUTION,
		    SERVER_DRAIN_ANY = SERVER_DRAIN | SERVER_DRAIN_TRACKED,
};

enum server_state {
	SERVER_STOPPED,
	SERVER_STARTING /* slow start */,
	SERVER_RUNNING,
	SERVER_STOPPING /* 404: NOLB */
};

struct health_check; /* proxy/health_check.h */

struct server_pool {                       /* connections of one thread to one server; back.c's */
	struct list idle;                  /* struct back, newest first */
	unsigned int n_idle, n_used, need; /* need: most used at once since the last purge */
	uint64_t purged_ms;
};

struct server {
	struct balance_server lb; /* picks touch this first */
	const struct model_server *conf;
	struct proxy *proxy;
	struct inet address; /* resolved; INET_UNIX: conf->address.path */
	struct sockaddr_storage sockaddr;
	socklen_t sockaddr_len;
	_Atomic uint8_t state; /* enum server_state */
	_Atomic bool suspect;  /* silent while asked: passed over while others are not, see
				  server_set_suspect */
	unsigned int admin;    /* enum server_admin */
	unsigned int user_weight, initial_weight;
	struct health health;
	struct health_check *check; /* NULL: none */
	struct queue queue;
	struct counter_set counters;
	_Atomic uint64_t answered_ms; /* loop time of the last answer, to within 16 ms: a server
					 that answers is not probed */
	uint64_t last_change_ms, down_ms;
	_Atomic bool has_errors; /* health.errors is not 0 */
	bool refused; /* a refusal that traffic met has been counted since the last check */
	_Atomic unsigned int maxconn, minconn; /* at run time; lb.limit is what comes of them */
	struct server *tracked;                /* whose state it takes over, or NULL */
	struct server **trackers;              /* servers that track this one */
	unsigned int n_trackers;
	struct timer slowstart; /* in thread 0's wheel */
	struct mail slowstart_mail;
	_Atomic bool slowstart_asked;
	struct server_pool *pool; /* one for each thread; touched by that thread only */
	_Atomic uint32_t idle_total, used_total;
	const char *operational_reason; /* last state change: shown by stats */
};

int server_init(struct server *s, struct proxy *px, const struct model_server *conf,
		struct diags *d) must_check;
void server_fini(struct server *s);

/* What stats show: "UP", "DOWN", "MAINT", "DRAIN", "NOLB", "no check", "UP 1/3", "MAINT (via b/s)".
 * Returns dst. */
const char *server_status_text(const struct server *s, char dst[64]);
static inline bool server_usable(const struct server *s)
{
	return __atomic_load_n(&s->lb.usable, __ATOMIC_RELAXED) &&
	       __atomic_load_n(&s->lb.weight, __ATOMIC_RELAXED) > 0;
}

/* A request whose cookie names it may go there: up, perhaps draining, not in maintenance; or down
 * with "option persist". */
static inline bool server_may_persist(const struct server *s)
{
	uint8_t state = atomic_load_explicit(&s->state, memory_order_relaxed);

	return state != SERVER_STOPPED || (s->proxy->conf->options & OPTION_PERSIST);
}

/* A check ended, or traffic told something: `text` is the info shown in logs ("Connection
 * refused"), code the HTTP status or 0, duration in ms. Counts by health.h, and where the state
 * changes logs it as haproxy words it, kills or moves streams as on-marked-down says, wakes queues,
 * tells trackers, changes the backend's state. */
void server_check_result(struct server *s, struct loop *l, enum check_status status,
			 unsigned int code, const char *text, uint64_t duration_ms);
/* Traffic met an error or was fine (observe; connection refusals count as one failed check where
 * `check` is set). Any thread. */
void server_traffic_error(struct server *s, struct loop *l, enum observe_layer layer,
			  const char *text);
void server_traffic_good(struct server *s, enum observe_layer layer);
/* A probe got no answer in time (true), or did (false): passed over by picks while any other server
 * is not suspect. */
void server_set_suspect(struct server *s, struct loop *l, bool suspect);

/* The runtime API and the stats page. */
void server_set_admin(struct server *s, struct loop *l, unsigned int set, unsigned int clear,
		      const char *cause);
/* "50%", "0", "100": relative to the initial weight or absolute. NULL or what is wrong with it. */
const char *server_set_weight(struct server *s, struct span weight) must_check;
void server_set_health(struct server *s, struct loop *l, bool up);
/* "set server … health stopping": no new requests by balancing until a check passes. Nothing where
 * it is down. */
void server_set_stopping(struct server *s, struct loop *l);
void server_set_maxconn(struct server *s, unsigned int maxconn);
const char *server_set_address(struct server *s, const struct inet *address,
			       bool set_port) must_check;
/* A copy that server_set_address cannot disturb; inet may be NULL. The length of *out, 0 where the
 * name did not resolve. */
socklen_t server_get_address(struct server *s, struct sockaddr_storage *out, struct inet *inet);

/* One who waits for a slot of a server. */
struct waiter {
	struct queue_entry entry;
	struct mail mail; /* mail.run is the waiter's own; posted to `loop` once `granted` is set */
	struct loop *loop;
	struct server *granted; /* set under the lock: from then on the slot is the waiter's */
};

/* Slots: a stream that picked a server holds one until it gives it back. Then, under the lock,
 * whoever waits longest (in the server's queue or the backend's) gets it (served stays as it is;
 * granted is set, be_queued goes down) and the mail is posted. Does the same for as many waiters as
 * there is room for: also called when a server comes up or its limit grows. */
void server_slot_release(struct server *s, struct loop *l);
/* Grants without giving one back: after a change of state, weight or limit. Called under the lock.
 */
void server_grant_slots(struct server *s);
/* haproxy's effective maxconn for this moment (minconn, fullconn, slow start), kept in lb.limit.
 * Called under the lock. */
void server_update_limit(struct server *s);
/* The same for all servers of a backend before a pick; returns at once where no server has a
 * minconn. Called under the lock. */
void proxy_update_limits(struct proxy *px);

/* Ends or moves the streams that are on this server, each in its own thread: on-marked-down
 * shutdown-sessions, "shutdown sessions server". Implemented by proxy/worker.c. */
void server_kill_streams(struct server *s);

#endif
