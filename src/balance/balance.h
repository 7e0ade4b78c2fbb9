/* SPDX-License-Identifier: MIT */
/*
 * Which server gets the next request. One file per algorithm, each ending in a `struct
 * balance_algorithm`; this header is what they implement and what proxy/ calls. Everything here is
 * called under the backend's lock; only `served` and `limit` are also read and written outside it,
 * as relaxed atomics.
 *
 * A server takes part while it is `usable` and its weight is above 0. Active servers come first;
 * backups take part only when no active server does: the first of them, or all where `all_backups`
 * (option allbackups) is set.
 */
#ifndef BALANCE_BALANCE_H
#define BALANCE_BALANCE_H

#include "base/arena.h"
#include "base/family.h"
#include "base/random.h"
#include "base/tree.h"

#include <stdatomic.h>

/* Effective weights are user weights (0-256) times this: slow start needs the finer steps. */
#define BALANCE_WEIGHT_SCALE 16

struct balance_server {
	/* haproxy's "id" of the server in its backend: what consistent hashing places it by */
	unsigned int id;
	struct span name;   /* for hash-key addr/name variants */
	unsigned int index; /* its place in balance.servers, in configuration order */
	/* effective: user weight * scale, less during slow start; 0 takes it out (drain) */
	unsigned int weight;
	/* configured effective weight: static algorithms lay their map with it */
	unsigned int weight_start;
	bool usable; /* up (or not checked), not in maintenance */
	bool backup;
	_Atomic unsigned int served; /* requests or connections it is handling now */
	_Atomic unsigned int queued; /* waiting for it alone */
	/* effective maxconn, 0 for none: a pick passes over a server that has served >= limit, or
	 * has others waiting for it; the hash algorithms do not, see pick */
	_Atomic unsigned int limit;
	_Atomic unsigned int counted; /* balance.c's: what balance.served holds of this server */
	bool in_use;                  /* balance.c's: takes part now */

	/* owned by the algorithm */
	struct tree_node node;
	uint64_t position;
	struct tree_node *points; /* hash_ring: its places on the ring */
	unsigned int n_points;
};

struct balance;

struct balance_query {
	uint32_t hash; /* hash algorithms: of the key */
	bool keyless;  /* ... the request has no key: they go round robin by themselves */
	/* the one that just failed, or NULL: taken only when there is no other */
	const struct balance_server *avoid;
	uint64_t random; /* balance random: fresh random bits */
};

struct balance_algorithm {
	const char *name; /* as in "balance NAME" */
	const char *help;
	bool needs_hash; /* query.hash must be given, or query.keyless set */
	/* weights may change at run time (as haproxy: not static-rr nor hash-type map-based) */
	bool dynamic;
	/* 0 or -ENOMEM; servers are set, none takes part yet. */
	int (*init)(struct balance *b);
	void (*fini)(struct balance *b); /* may be NULL: what comes from b->memory goes by itself */
	/* The set of servers that take part, or their weights, changed. 0 or -ENOMEM (then the old
	 * layout stays). */
	int (*relayout)(struct balance *b);
	/* NULL only where no server takes part, or all those that do are full. By a hash the
	 * server comes even where it is full: the request waits in its queue. */
	struct balance_server *(*pick)(struct balance *b, const struct balance_query *q);
	/* leastconn: `served` or `queued` of one server changed (may be NULL). */
	void (*load_changed)(struct balance *b, struct balance_server *s);
};

FAMILY_DECLARE(balance, struct balance_algorithm);

enum balance_hash_type { BALANCE_HASH_MAP, BALANCE_HASH_CONSISTENT };

struct balance {
	const struct balance_algorithm *algorithm;
	/* all of the backend, in configuration order; the caller's array */
	struct balance_server **servers;
	unsigned int n_servers;
	bool all_backups;
	unsigned int random_draws;        /* balance random(N), default 2 */
	unsigned int hash_balance_factor; /* hash-balance-factor, 0: off */

	/* kept by balance.c */
	unsigned int n_active, n_backup;           /* usable with a weight */
	unsigned int weight_active, weight_backup; /* their sums of effective weights */
	bool on_backup;                            /* backups take part now */
	_Atomic unsigned int served; /* of all servers; kept where hash_balance_factor is set */
	struct arena memory;         /* what the algorithm needs from init to fini */
	void *state;                 /* the algorithm's own */
};

/* NULL where there is no such algorithm. The hash methods (source, uri, url_param, hdr, rdp-cookie,
 * hash) are not algorithms of their own: they make a hash, which "hash-map" or "hash-ring" looks
 * up. */
const struct balance_algorithm *balance_find(struct span name);

/* 0 or -ENOMEM. `b` has algorithm, servers, n_servers and options set, everything else zero; lays
 * it out. */
int balance_init(struct balance *b) must_check;
void balance_fini(struct balance *b);
/* After a change of usable or weight of any server. */
int balance_update(struct balance *b) must_check;
struct balance_server *balance_pick(struct balance *b, const struct balance_query *q);
/* One server's `served` or `queued` changed: cheap where the algorithm does not care. Callers hold
 * the lock only if algorithm->load_changed is set. */
void balance_load_changed(struct balance *b, struct balance_server *s);

#endif
