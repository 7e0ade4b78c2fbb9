/* SPDX-License-Identifier: MIT */
/*
 * Does the server answer at all? A probe is the server's check with a short deadline, asked for by
 * a request that waits. Silence makes the server suspect and the probe goes on until it answers or
 * is down; any answer, even a bad one, clears it. A refusal is no silence: it counts as a failed
 * check.
 */
#include "proxy/health_check_priv.h"

#define PROBE_AGAIN_MS 100

static bool is_suspect(const struct health_check *hc)
{
	return atomic_load_explicit(&hc->server->suspect, memory_order_relaxed);
}

static bool may_probe(const struct health_check *hc)
{
	return health_check_wanted(hc) &&
	       atomic_load_explicit(&hc->server->state, memory_order_relaxed) != SERVER_STOPPED;
}

static void set_probing(struct health_check *hc, bool probing)
{
	atomic_store_explicit(&hc->probing, probing, memory_order_relaxed);
}

static void start_probe(struct health_check *hc)
{
	atomic_fetch_add_explicit(&hc->probes, 1, memory_order_relaxed);
	check_attempt_start(&hc->probe, PROBE_MS, 0);
}

static bool was_silent(const struct check_attempt *a)
{
	enum check_status s = a->run.status;

	return (s == CHECK_L4TOUT || s == CHECK_L6TOUT || s == CHECK_L7TOUT) && a->run.taken == 0;
}

static void on_done(struct check_attempt *a)
{
	struct health_check *hc = container_of(a, struct health_check, probe);
	struct server *s = hc->server;

	if (a->no_resources) {
		/* says nothing; asked again below where the server is suspect */
	} else if (was_silent(a)) {
		atomic_fetch_add_explicit(&hc->probe_failures, 1, memory_order_relaxed);
		server_set_suspect(s, hc->loop, true);
	} else if (a->run.status == CHECK_L4CON) {
		atomic_fetch_add_explicit(&hc->probe_failures, 1, memory_order_relaxed);
		server_check_result(s, hc->loop, CHECK_L4CON, 0, a->run.info,
				    check_attempt_duration_ms(a));
		health_check_hurry(s);
	} else {
		server_set_suspect(s, hc->loop, false);
	}
	if (is_suspect(hc) && may_probe(hc))
		timer_set(&hc->loop->wheel, &hc->probe_timer, hc->loop->now_ms + PROBE_AGAIN_MS);
	else
		set_probing(hc, false);
}

static void on_again(struct timer *t, uint64_t now_ms)
{
	struct health_check *hc = container_of(t, struct health_check, probe_timer);

	(void)now_ms;
	if (is_suspect(hc) && may_probe(hc)) {
		start_probe(hc);
		return;
	}
	set_probing(hc, false);
	/* nobody would ask any more */
	server_set_suspect(hc->server, hc->loop, false);
}

void health_probe_asked(struct health_check *hc)
{
	if (atomic_load_explicit(&hc->probing, memory_order_relaxed) || !may_probe(hc))
		return;
	set_probing(hc, true);
	start_probe(hc);
}

void health_probe_init(struct health_check *hc)
{
	timer_init(&hc->probe_timer, on_again);
	check_attempt_init(&hc->probe, hc->server, hc->loop, on_done);
}

void health_probe_stop(struct health_check *hc)
{
	timer_stop(&hc->loop->wheel, &hc->probe_timer);
	check_attempt_stop(&hc->probe);
	set_probing(hc, false);
}
