/* SPDX-License-Identifier: MIT */
/*
 * From server states to one word. The service is up where at least one server of a checked backend
 * behind a frontend of the virtual IP is known to be up, and down where all of them are known to be
 * down: then this node is cut off, or all servers have gone; the peer knows which. Without checks,
 * serving is enough.
 */
#include "app/wire.h"

#include "proxy/health_check.h"

#include <pthread.h>

static struct program *watched;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static struct timer wishes; /* of the guardian, in thread 0's wheel */
static uint32_t rechecked;

struct tally {
	bool checked, up, unknown;
};

static bool is_known(const struct server *s)
{
	while (s->tracked)
		s = s->tracked;
	return !s->check || !health_check_wanted(s->check) || health_check_is_fresh(s->check);
}

static void count_backend(struct tally *t, const struct proxy *px)
{
	bool checked = false;

	for (unsigned int i = 0; i < px->n_servers && !checked; i++)
		checked = px->servers[i].check || px->servers[i].tracked;
	if (!checked)
		return;
	t->checked = true;
	for (unsigned int i = 0; i < px->n_servers; i++) {
		const struct server *s = &px->servers[i];

		if (!is_known(s))
			t->unknown = true;
		else if (server_usable(s))
			t->up = true;
	}
}

static void count_frontend(struct tally *t, struct program *p, const struct model_proxy *conf)
{
	if (conf->sides & PROXY_BACKEND)
		count_backend(t, &p->proxies[conf->index]);
	if (conf->default_backend)
		count_backend(t, &p->proxies[conf->default_backend->index]);
	for (const struct use_backend *u = conf->use_backends; u; u = u->next)
		if (u->backend)
			count_backend(t, &p->proxies[u->backend->index]);
}

static enum service evaluate(struct program *p)
{
	struct tally t = {.checked = false};

	for (unsigned int i = 0; i < p->n_proxies; i++) {
		const struct model_proxy *conf = p->proxies[i].conf;

		if ((conf->sides & PROXY_FRONTEND) && !conf->disabled &&
		    config_binds_vip(conf, p->vrrp))
			count_frontend(&t, p, conf);
	}
	if (!t.checked || t.up)
		return SERVICE_UP;
	return t.unknown ? SERVICE_UNKNOWN : SERVICE_DOWN;
}

static void on_health(struct program *p)
{
	struct heartbeat *page = heartbeat_mine();
	enum service now;

	pthread_mutex_lock(&one_at_a_time);
	now = p->vrrp->global.service_health ? evaluate(p) : SERVICE_UP;
	if (atomic_exchange(&page->service, now) != now)
		heartbeat_ring();
	pthread_mutex_unlock(&one_at_a_time);
}

static void check_anew(struct program *p)
{
	for (unsigned int i = 0; i < p->n_proxies; i++)
		for (unsigned int j = 0; j < p->proxies[i].n_servers; j++)
			if (p->proxies[i].servers[j].check)
				health_check_refresh(&p->proxies[i].servers[j]);
	on_health(p);
}

static void on_wishes(struct timer *t, uint64_t now_ms)
{
	uint32_t wanted = atomic_load(&heartbeat_mine()->recheck);

	if (wanted != rechecked) {
		rechecked = wanted;
		check_anew(watched);
	}
	timer_set(&watched->workers[0].loop.wheel, t, now_ms + HEARTBEAT_MS);
}

void wire_begin(struct program *p)
{
	if (!p->vrrp)
		return;
	watched = p;
	p->on_health = on_health;
}

static void start(struct worker *w)
{
	if (!watched || w->thread != 0)
		return;
	rechecked = atomic_load(&heartbeat_mine()->recheck);
	timer_init(&wishes, on_wishes);
	on_wishes(&wishes, w->loop.now_ms);
	on_health(watched);
}

static void stop(struct worker *w)
{
	if (watched && w->thread == 0)
		timer_stop(&w->loop.wheel, &wishes);
}

static const struct worker_part wire_part = {"wire", start, stop};
FAMILY_ADD(worker_part, wire_part);

/* ---- in the guardian */

enum service wire_service(const struct heartbeat *h)
{
	return (enum service)atomic_load(&h->service);
}

const char *wire_service_text(enum service s)
{
	switch (s) {
	case SERVICE_UP:
		return "the proxy serves";
	case SERVICE_DOWN:
		return "all servers are down";
	default:
		return "no server is known to be up yet";
	}
}

void wire_recheck(struct heartbeat *h)
{
	atomic_store(&h->service, SERVICE_UNKNOWN);
	atomic_fetch_add(&h->recheck, 1);
}
