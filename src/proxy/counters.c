/* SPDX-License-Identifier: MIT */
/*
 * Counting and adding up. The owning thread increments plainly; readers look without asking (an
 * aligned 64-bit load is whole on every machine we run on), so their functions are kept away from
 * the thread sanitizer. A sum is thus a moment late at most.
 */
#include "proxy/counters.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SLIDING_EVENTS 1024

#define reads_while_others_count __attribute__((no_sanitize("thread"), noinline))

int counter_set_init(struct counter_set *s, unsigned int n_threads)
{
	memset(s, 0, sizeof(*s));
	s->thread = aligned_alloc(_Alignof(struct counters), n_threads * sizeof(*s->thread));
	if (!s->thread)
		return -ENOMEM;
	memset(s->thread, 0, n_threads * sizeof(*s->thread));
	s->n_threads = n_threads;
	return 0;
}

void counter_set_fini(struct counter_set *s)
{
	free(s->thread);
	s->thread = NULL;
	s->n_threads = 0;
}

/* The second before counts for the part of it that the running one has not reached: the rate over
 * the last 1000 ms. */
static inline __attribute__((always_inline)) uint32_t per_second(uint32_t second, uint32_t current,
								 uint32_t previous, uint64_t now_ms)
{
	uint32_t age = (uint32_t)(now_ms / 1000) - second;
	uint64_t left_ms = 1000 - now_ms % 1000;

	if (age > 1)
		return 0;
	if (age == 1) {
		previous = current;
		current = 0;
	}
	/* One event a second or less would flicker between 0 and 1. */
	if (previous <= 1 && current == 0)
		return previous;
	return current + (uint32_t)(previous * left_ms / 1000);
}

void rate_count(struct rate *r, uint64_t now_ms)
{
	uint32_t second = (uint32_t)(now_ms / 1000);

	if (second != r->second) {
		r->previous = second - r->second == 1 ? r->current : 0;
		r->current = 0;
		r->second = second;
	}
	r->current++;
}

reads_while_others_count uint32_t rate_per_second(const struct rate *r, uint64_t now_ms)
{
	return per_second(r->second, r->current, r->previous, now_ms);
}

void counter_max(_Atomic uint32_t *max, uint32_t value)
{
	uint32_t seen = atomic_load_explicit(max, memory_order_relaxed);

	while (value > seen && !atomic_compare_exchange_weak_explicit(
				   max, &seen, value, memory_order_relaxed, memory_order_relaxed))
		;
}

/* Sums and maxima of times; `timed` tells how many events are in the sums. */
reads_while_others_count static void add_up_times(struct counters *out, const struct counters *c)
{
	out->queue_time += c->queue_time;
	out->connect_time += c->connect_time;
	out->response_time += c->response_time;
	out->total_time += c->total_time;
	out->timed += c->timed;
	if (c->queue_time_max > out->queue_time_max)
		out->queue_time_max = c->queue_time_max;
	if (c->connect_time_max > out->connect_time_max)
		out->connect_time_max = c->connect_time_max;
	if (c->response_time_max > out->response_time_max)
		out->response_time_max = c->response_time_max;
	if (c->total_time_max > out->total_time_max)
		out->total_time_max = c->total_time_max;
	if (c->last_session_ms > out->last_session_ms)
		out->last_session_ms = c->last_session_ms;
}

reads_while_others_count static void add_up(struct counters *out, const struct counters *c)
{
	out->sessions += c->sessions;
	out->connections += c->connections;
	out->bytes_in += c->bytes_in;
	out->bytes_out += c->bytes_out;
	out->denied_requests += c->denied_requests;
	out->denied_responses += c->denied_responses;
	out->bad_requests += c->bad_requests;
	out->failed_connects += c->failed_connects;
	out->failed_responses += c->failed_responses;
	out->retries += c->retries;
	out->redispatches += c->redispatches;
	out->client_aborts += c->client_aborts;
	out->server_aborts += c->server_aborts;
	for (unsigned int i = 0; i < array_size(c->responses); i++)
		out->responses[i] += c->responses[i];
	out->requests += c->requests;
	out->intercepted += c->intercepted;
	out->lb_total += c->lb_total;
	out->connects += c->connects;
	out->reuses += c->reuses;
	out->failed_checks += c->failed_checks;
	out->failed_analyses += c->failed_analyses;
	out->down_transitions += c->down_transitions;
	out->downtime_ms += c->downtime_ms;
	out->failed_header_rewriting += c->failed_header_rewriting;
	out->internal_errors += c->internal_errors;
	add_up_times(out, c);
}

void counters_sum(const struct counter_set *s, uint64_t now_ms, struct counters *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < s->n_threads; i++) {
		const struct counters *c = &s->thread[i];

		add_up(out, c);
		out->session_rate.current += rate_per_second(&c->session_rate, now_ms);
		out->connection_rate.current += rate_per_second(&c->connection_rate, now_ms);
		out->request_rate.current += rate_per_second(&c->request_rate, now_ms);
	}
}

/* What its owner counts at this very moment may be lost or survive: nobody can tell. */
reads_while_others_count static void zero(struct counters *c)
{
	uint64_t last = c->last_session_ms;
	volatile uint64_t *word = (volatile uint64_t *)c;

	for (size_t i = 0; i < sizeof(*c) / sizeof(*word); i++)
		word[i] = 0;
	c->last_session_ms = last;
}

reads_while_others_count static void zero_maxima(struct counters *c)
{
	c->queue_time_max = c->connect_time_max = c->response_time_max = c->total_time_max = 0;
}

void counters_clear(struct counter_set *s, bool all)
{
	for (unsigned int i = 0; i < s->n_threads; i++) {
		if (all)
			zero(&s->thread[i]);
		else
			zero_maxima(&s->thread[i]);
	}
	atomic_store_explicit(&s->sessions_max, 0, memory_order_relaxed);
	atomic_store_explicit(&s->session_rate_max, 0, memory_order_relaxed);
	atomic_store_explicit(&s->connection_rate_max, 0, memory_order_relaxed);
	atomic_store_explicit(&s->request_rate_max, 0, memory_order_relaxed);
	atomic_store_explicit(&s->queue_max, 0, memory_order_relaxed);
}

static void slide(uint64_t *sum, uint64_t *max, int64_t value_ms, bool full)
{
	uint64_t value = (uint64_t)value_ms;

	if (value_ms < 0)
		return;
	if (full)
		*sum -= (*sum + SLIDING_EVENTS - 1) / SLIDING_EVENTS;
	*sum += value;
	if (value > *max)
		*max = value;
}

void counters_add_times(struct counters *c, int64_t queue, int64_t connect, int64_t response,
			int64_t total)
{
	bool full = c->timed >= SLIDING_EVENTS;

	slide(&c->queue_time, &c->queue_time_max, queue, full);
	slide(&c->connect_time, &c->connect_time_max, connect, full);
	slide(&c->response_time, &c->response_time_max, response, full);
	slide(&c->total_time, &c->total_time_max, total, full);
	if (!full)
		c->timed++;
}

void counters_add_status(struct counters *c, unsigned int status)
{
	c->responses[status >= 100 && status < 600 ? status / 100 : 0]++;
}
