/* SPDX-License-Identifier: MIT */
/*
 * Streams that wait for a free slot, of one server (it was chosen by a cookie or a hash, and is
 * full) or of the backend (all are full). A backend has one queue, each of its servers another; a
 * freed slot goes to whoever of both came first. The nodes are part of the streams. All calls are
 * made under the backend's lock.
 *
 * Who goes first: the lower priority class, then the earlier time of arrival plus offset, then the
 * earlier call.
 */
#ifndef BALANCE_QUEUE_H
#define BALANCE_QUEUE_H

#include "base/check.h"
#include "base/tree.h"

#define QUEUE_CLASS_MAX 2047 /* classes go from -this to this (http-request set-priority-class) */
#define QUEUE_OFFSET_MAX_MS 524287 /* and so do offsets (set-priority-offset) */

struct balance_server;

struct queue {
	struct tree waiting;
	unsigned int length;
	unsigned int max; /* maxqueue, 0 for none */
	/* a server's: its backend's queue, which numbers the arrivals; else NULL */
	struct queue *backend;
	/* whose `queued` follows `length`; NULL: the backend's queue */
	struct balance_server *server;
	uint64_t arrivals; /* so far; of the backend and all its servers */
	uint64_t served;   /* taken out by queue_next so far */
};

struct queue_entry {
	struct tree_node node;
	struct queue *queue; /* NULL while it does not wait */
	uint64_t arrival;    /* number among all of the backend */
	uint64_t served;     /* of its queue, when it joined */
	/* once out: how many were taken from its queue before it (log fields %sq, %bq) */
	unsigned int position;
};

/* What a stream asks for; values beyond the limits above are cut to them. */
struct queue_priority {
	int class;
	int offset_ms;
};

enum queue_result { QUEUE_JOINED, QUEUE_FULL };

/* `server` and `backend` are NULL for the backend's own queue. */
void queue_init(struct queue *q, struct balance_server *server, struct queue *backend,
		unsigned int max);
void queue_entry_init(struct queue_entry *e);

/* O(log n). The entry must not wait anywhere. QUEUE_FULL: max are waiting already, nothing was
 * changed. */
enum queue_result queue_join(struct queue *q, struct queue_entry *e,
			     const struct queue_priority *priority, uint64_t now_ms) must_check;
/* Timed out, gone away, or sent elsewhere. O(log n); harmless where it does not wait. */
void queue_leave(struct queue_entry *e);
static inline bool queue_waits(const struct queue_entry *e)
{
	return e->queue != NULL;
}

/* A slot of a server was freed: takes out and returns who gets it, or NULL. `own` is the server's
 * queue; `backend` the common one, or NULL where the server may not take from it (a backup that
 * does not take part, a server that is going down). To be called as long as the server has free
 * slots. */
struct queue_entry *queue_next(struct queue *own, struct queue *backend);
/* The first one that waits in `q` (a server went down: its queue is emptied and sent elsewhere),
 * taken out without counting as served; or NULL. */
struct queue_entry *queue_evict(struct queue *q);

/* How many requests a server may have at once. */
struct queue_limit {
	unsigned int maxconn;  /* 0: minconn instead, or no limit */
	unsigned int minconn;  /* 0: maxconn always applies; a larger minconn replaces maxconn */
	unsigned int fullconn; /* the backend's: from this load on maxconn applies; 0: always */
};

/* The limit now, 0 for none. Between minconn and maxconn it grows in proportion to the backend's
 * load: all requests in it, waiting ones included, and the one whose end frees a slot still
 * counted. While a server warms up after a failure (slowstart) it gets only `warm_percent` of that,
 * at least 1; else pass 100. */
unsigned int queue_server_limit(const struct queue_limit *l, unsigned int load,
				unsigned int warm_percent);

#endif
