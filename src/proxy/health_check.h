/* SPDX-License-Identifier: MIT */
/*
 * Drives health checks: when (spread over the interval, so that they do not bunch), through which
 * connection, what became of them. A server's check belongs to one thread: (number of the server)
 * modulo threads.
 */
#ifndef PROXY_HEALTH_CHECK_H
#define PROXY_HEALTH_CHECK_H

#include "proxy/check_attempt.h"

struct health_check {
	struct server *server;
	struct loop *loop;  /* the thread it belongs to */
	struct timer timer; /* the next check */
	struct check_attempt attempt;
	uint64_t offset_ms;   /* when the first check is due after the start, so that checks do not
				 bunch */
	bool started;         /* its thread runs checks */
	_Atomic bool enabled; /* "disable health", "enable health" */
	_Atomic bool fresh;   /* checks have told its state since the start, or since they were
				 asked anew */
	struct mail mail;     /* from any thread to its own: what `asked` says */
	_Atomic unsigned int asked;
	/* the last result, for stats (last_chk, check_status, check_code, check_duration): written
	 * and read under the proxy's lock */
	enum check_status status;
	unsigned int code;
	uint64_t duration_ms;
	char info[128];
	/* the probe: an extra check that only decides about `suspect` */
	struct check_attempt probe;
	struct timer probe_timer; /* the next one, while the server is suspect */
	_Atomic bool probing;
	_Atomic uint64_t probes, probe_failures;
};

/* Makes the checks of all servers that want one and starts those of this thread. The workers exist.
 * 0 or -ENOMEM. */
int health_checks_init(struct program *p) must_check;
void health_checks_start(struct worker *w);
void health_checks_stop(struct worker *w);
void health_checks_fini(struct program *p);

/* Something looks wrong: check soon (fastinter), without waiting for the interval. Any thread. */
void health_check_hurry(struct server *s);
/* Whether its state is known: not only assumed. */
static inline bool health_check_is_fresh(const struct health_check *hc)
{
	return atomic_load_explicit(&hc->fresh, memory_order_relaxed);
}
/* Is it checked now: not in maintenance, nor disabled. */
bool health_check_wanted(const struct health_check *hc);
/* What is known may be wrong (this machine was cut off): check at once. Any thread. */
void health_check_refresh(struct server *s);
/* "disable health" and "enable health" of the runtime API. Any thread. */
void health_check_set_enabled(struct server *s, bool enabled);
/* A request has been waiting for this server longer than it usually takes: ask the server now, with
 * a short deadline (PROBE_MS). No answer: server_set_suspect(true), and the probe goes on until it
 * answers. Harmless where one is under way, or where the server has no check. Any thread. */
void health_check_probe(struct server *s);
#define PROBE_MS 200

#endif
