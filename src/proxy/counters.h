/* SPDX-License-Identifier: MIT */
/*
 * What is counted of listeners, frontends, backends and servers. Each thread has a set of its own
 * (plain increments on its own cache lines); readers add the sets up. Gauges that decide something
 * (connections now) are shared atomics elsewhere.
 */
#ifndef PROXY_COUNTERS_H
#define PROXY_COUNTERS_H

#include "base/check.h"

#include <stdbool.h>
#include <stdint.h>

#define MAX_THREADS 64

struct rate { /* events per second: the running second and the one before, as haproxy's frequency
		 counters */
	uint32_t second, current, previous;
};

struct counters { /* a side of a proxy, a listener or a server; names as haproxy's statistics */
	uint64_t sessions;    /* stot */
	uint64_t connections; /* conn_tot of a frontend */
	uint64_t bytes_in, bytes_out;
	uint64_t denied_requests, denied_responses;
	uint64_t bad_requests, failed_connects, failed_responses; /* ereq econ eresp */
	uint64_t retries, redispatches;
	uint64_t client_aborts, server_aborts;
	uint64_t responses[6]; /* hrsp_other, 1xx .. 5xx */
	uint64_t requests;     /* req_tot */
	uint64_t intercepted;
	uint64_t lb_total; /* times a server was picked by balancing */
	uint64_t connects, reuses;
	uint64_t failed_checks, down_transitions; /* servers: chkfail, chkdown; backends: chkdown */
	uint64_t failed_analyses; /* hanafail: observed errors that reached error-limit */
	uint64_t downtime_ms;
	uint64_t failed_header_rewriting, internal_errors;
	uint64_t last_session_ms; /* loop time of the last session, 0 never */
	uint64_t queue_time, connect_time, response_time, total_time; /* sliding sums over 1024
									 events, haproxy's qtime …
								       */
	uint64_t queue_time_max, connect_time_max, response_time_max, total_time_max;
	uint64_t timed; /* events in the sliding sums, up to 1024 */
	struct rate session_rate, connection_rate, request_rate;
} __attribute__((aligned(64)));

struct counter_set {
	struct counters *thread; /* one for each */
	unsigned int n_threads;
	/* highest values ever: shared, rarely written */
	_Atomic uint32_t sessions_max, session_rate_max, connection_rate_max, request_rate_max,
	    queue_max;
};

/* 0 or -ENOMEM. */
int counter_set_init(struct counter_set *s, unsigned int n_threads) must_check;
void counter_set_fini(struct counter_set *s);
/* The sum of all threads' (rates at now_ms in session_rate.current and so on); safe while they
 * count. */
void counters_sum(const struct counter_set *s, uint64_t now_ms, struct counters *out);
/* "clear counters" (only the maxima) and "clear counters all". */
void counters_clear(struct counter_set *s, bool all);

/* Counts one event in this thread's rate; updates *max with the estimate over all threads where
 * that grew. */
void rate_count(struct rate *r, uint64_t now_ms);
uint32_t rate_per_second(const struct rate *r, uint64_t now_ms);
void counter_max(_Atomic uint32_t *max, uint32_t value);
/* Sliding sums: times in ms, -1 ones are left out. */
void counters_add_times(struct counters *c, int64_t queue, int64_t connect, int64_t response,
			int64_t total);
void counters_add_status(struct counters *c, unsigned int status);

#endif
