/* SPDX-License-Identifier: MIT */
/*
 * When checks run. Each belongs to one thread and its timer; other threads only send mail. The
 * first checks of all servers are spread over the interval, so that they never bunch; afterwards
 * each comes one interval after the last one ended (spread-checks adds some chance to it).
 */
#include "proxy/health_check_priv.h"

#include "proxy/worker.h"

#include <errno.h>
#include <stdlib.h>

#define DEFAULT_INTER_MS 2000
#define HURRY_MS 100 /* where something looks wrong and no fastinter is set */

enum asked { ASKED_HURRY = 1, ASKED_PROBE = 2, ASKED_REFRESH = 4 };

static uint32_t inter_ms(const struct health_check *hc)
{
	return hc->server->conf->inter ? hc->server->conf->inter : DEFAULT_INTER_MS;
}

bool health_check_wanted(const struct health_check *hc)
{
	unsigned int admin = __atomic_load_n(&hc->server->admin, __ATOMIC_RELAXED);

	return !(admin & SERVER_MAINT_ANY) &&
	       atomic_load_explicit(&hc->enabled, memory_order_relaxed);
}

/* ---- when */

static void schedule(struct health_check *hc)
{
	struct server *s = hc->server;
	unsigned int spread = s->proxy->program->model->global.spread_checks;
	uint32_t interval, range;

	pthread_spin_lock(&s->proxy->lock);
	interval = health_next_interval_ms(&s->health, inter_ms(hc), s->conf->fastinter,
					   s->conf->downinter);
	pthread_spin_unlock(&s->proxy->lock);
	range = (uint32_t)((uint64_t)interval * (spread > 50 ? 50 : spread) / 100);
	if (range)
		interval = interval - range + random_below(&hc->loop->random, 2 * range + 1);
	timer_set(&hc->loop->wheel, &hc->timer, hc->loop->now_ms + (interval ? interval : 1));
}

static void start_check(struct health_check *hc)
{
	const struct model_timeouts *t = &hc->server->proxy->conf->timeout;
	uint32_t connect = inter_ms(hc);

	/* Without "timeout check" the interval is for all of it. */
	if (t->check && t->connect && t->connect < connect)
		connect = t->connect;
	check_attempt_start(&hc->attempt, connect, t->check);
}

static void on_timer(struct timer *t, uint64_t now_ms)
{
	struct health_check *hc = container_of(t, struct health_check, timer);

	if (hc->attempt.running)
		return;
	if (health_check_wanted(hc))
		start_check(hc);
	else
		timer_set(&hc->loop->wheel, t, now_ms + inter_ms(hc));
}

/* A server that is up and fails one check may be down or not: not known. */
static void become_fresh(struct health_check *hc, bool passed)
{
	struct program *p = hc->server->proxy->program;

	if (!passed &&
	    atomic_load_explicit(&hc->server->state, memory_order_relaxed) != SERVER_STOPPED)
		return;
	if (!atomic_exchange_explicit(&hc->fresh, true, memory_order_relaxed) && p->on_health)
		p->on_health(p);
}

static void on_done(struct check_attempt *a)
{
	struct health_check *hc = container_of(a, struct health_check, attempt);

	/* Our own lack of descriptors is no fault of the server. */
	if (!a->no_resources && health_check_wanted(hc)) {
		server_check_result(hc->server, hc->loop, a->run.status, a->run.http_status,
				    a->run.info, check_attempt_duration_ms(a));
		become_fresh(hc, health_status_passed(a->run.status));
	}
	schedule(hc);
}

static void hurry(struct health_check *hc)
{
	uint32_t soon = hc->server->conf->fastinter ? hc->server->conf->fastinter : HURRY_MS;
	uint64_t at = hc->loop->now_ms + soon;

	if (hc->attempt.running || (timer_is_set(&hc->timer) && hc->timer.expire_ms <= at))
		return;
	timer_set(&hc->loop->wheel, &hc->timer, at);
}

/* What is under way may have begun before the cable was back. */
static void refresh(struct health_check *hc)
{
	check_attempt_stop(&hc->attempt);
	timer_set(&hc->loop->wheel, &hc->timer, hc->loop->now_ms + 1);
}

/* ---- from other threads */

static void on_mail(struct mail *m, struct loop *receiver)
{
	struct health_check *hc = container_of(m, struct health_check, mail);
	unsigned int asked = atomic_exchange_explicit(&hc->asked, 0, memory_order_acq_rel);

	(void)receiver;
	if (!hc->started)
		return;
	if (asked & ASKED_REFRESH)
		refresh(hc);
	if (asked & ASKED_HURRY)
		hurry(hc);
	if (asked & ASKED_PROBE)
		health_probe_asked(hc);
}

static void ask(struct health_check *hc, unsigned int what)
{
	if (!atomic_fetch_or_explicit(&hc->asked, what, memory_order_acq_rel))
		loop_post(hc->loop, &hc->mail);
}

void health_check_hurry(struct server *s)
{
	if (s->check)
		ask(s->check, ASKED_HURRY);
}

void health_check_refresh(struct server *s)
{
	atomic_store_explicit(&s->check->fresh, false, memory_order_relaxed);
	ask(s->check, ASKED_REFRESH);
}

void health_check_probe(struct server *s)
{
	if (s->check && !atomic_load_explicit(&s->check->probing, memory_order_relaxed))
		ask(s->check, ASKED_PROBE);
}

void health_check_set_enabled(struct server *s, bool enabled)
{
	if (!s->check)
		return;
	atomic_store_explicit(&s->check->enabled, enabled, memory_order_relaxed);
	if (enabled)
		health_check_hurry(s);
}

/* ---- all of them */

static unsigned int count_checks(const struct program *p)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < p->n_proxies; i++) {
		for (unsigned int j = 0; j < p->proxies[i].n_servers; j++)
			n += p->proxies[i].servers[j].conf->check;
	}
	return n;
}

static struct health_check *make_check(struct server *s, unsigned int number, unsigned int n)
{
	struct program *p = s->proxy->program;
	struct health_check *hc = calloc(1, sizeof(*hc));

	if (!hc)
		return NULL;
	hc->server = s;
	hc->loop = &p->workers[number % p->n_threads].loop;
	hc->enabled = true;
	hc->mail.run = on_mail;
	hc->status = CHECK_INI;
	hc->offset_ms = (uint64_t)inter_ms(hc) * number / n;
	timer_init(&hc->timer, on_timer);
	check_attempt_init(&hc->attempt, s, hc->loop, on_done);
	health_probe_init(hc);
	return hc;
}

int health_checks_init(struct program *p)
{
	unsigned int n = count_checks(p), number = 0;

	CHECK(p->workers);
	for (unsigned int i = 0; i < p->n_proxies; i++) {
		for (unsigned int j = 0; j < p->proxies[i].n_servers; j++) {
			struct server *s = &p->proxies[i].servers[j];

			if (!s->conf->check || s->proxy->conf->disabled)
				continue;
			s->check = make_check(s, number++, n);
			if (!s->check)
				return -ENOMEM;
		}
	}
	return 0;
}

static void each_of_thread(struct worker *w, void (*run)(struct health_check *hc))
{
	struct program *p = w->program;

	for (unsigned int i = 0; i < p->n_proxies; i++) {
		for (unsigned int j = 0; j < p->proxies[i].n_servers; j++) {
			struct health_check *hc = p->proxies[i].servers[j].check;

			if (hc && hc->loop == &w->loop)
				run(hc);
		}
	}
}

static void start_one(struct health_check *hc)
{
	hc->started = true;
	timer_set(&hc->loop->wheel, &hc->timer, hc->loop->now_ms + hc->offset_ms + 1);
}

static void stop_one(struct health_check *hc)
{
	hc->started = false;
	timer_stop(&hc->loop->wheel, &hc->timer);
	check_attempt_stop(&hc->attempt);
	health_probe_stop(hc);
}

void health_checks_start(struct worker *w)
{
	each_of_thread(w, start_one);
}

void health_checks_stop(struct worker *w)
{
	each_of_thread(w, stop_one);
}

void health_checks_fini(struct program *p)
{
	for (unsigned int i = 0; p->proxies && i < p->n_proxies; i++) {
		for (unsigned int j = 0; j < p->proxies[i].n_servers; j++) {
			struct health_check *hc = p->proxies[i].servers[j].check;

			if (!hc)
				continue;
			check_attempt_fini(&hc->attempt);
			check_attempt_fini(&hc->probe);
			free(hc);
			p->proxies[i].servers[j].check = NULL;
		}
	}
}
