/* SPDX-License-Identifier: MIT */
/* Looks at the running proxies for statistics: see stats_object.h. */
#include "admin/stats_object.h"

#include "admin/frontend.h"

#include "proxy/health_check.h"
#include "proxy/listener.h"

#include <stdio.h>

static void begin(struct stats_object *o, enum stats_kind kind, struct proxy *px, uint64_t now_ms)
{
	memset(o, 0, sizeof(*o));
	o->kind = kind;
	o->program = px->program;
	o->proxy = px;
	o->now_ms = now_ms;
	o->mood = STATS_NO_CHECK;
}

static void look_frontend(struct stats_object *o, struct proxy *px, uint64_t now_ms)
{
	const char *status = "OPEN";

	begin(o, STATS_FRONTEND, px, now_ms);
	o->name = SPAN("FRONTEND");
	counters_sum(&px->fe, now_ms, &o->sum);
	o->mood = STATS_UP;
	if (frontend_is_shut(px) || atomic_load(&px->program->stopping)) {
		status = "STOP";
		o->mood = STATS_DOWN;
	} else if (atomic_load(&px->fe_disabled)) {
		status = "PAUSED";
		o->mood = STATS_MAINT;
	}
	snprintf(o->status, sizeof(o->status), "%s", status);
}

static void look_listener(struct stats_object *o, struct listener *l, uint64_t now_ms)
{
	const struct model_bind *conf = l->conf;
	unsigned int number = (unsigned int)(l - l->proxy->listeners) + 1;
	const char *status = "OPEN";

	begin(o, STATS_LISTENER, l->proxy, now_ms);
	o->listener = l;
	o->id = conf->id ? conf->id : number;
	if (!conf->name)
		snprintf(o->name_text, sizeof(o->name_text), "sock-%u", o->id);
	o->name = span_of(conf->name ? conf->name : o->name_text);
	counters_sum(&l->counters, now_ms, &o->sum);
	o->mood = STATS_UP;
	if (conf->maxconn && atomic_load(&l->connections) >= conf->maxconn)
		status = "FULL";
	if (atomic_load(&l->proxy->fe_disabled)) {
		status = "PAUSED";
		o->mood = STATS_MAINT;
	}
	snprintf(o->status, sizeof(o->status), "%s", status);
}

/* "UP 1/3" and "DOWN 1/2": checks are about to change it. */
static enum stats_mood server_mood(const struct stats_object *o)
{
	bool changing = strchr(o->status, '/') != NULL;

	if (o->admin & SERVER_MAINT_ANY)
		return STATS_MAINT;
	if (o->state == SERVER_STOPPED)
		return changing ? STATS_GOING_UP : STATS_DOWN;
	if ((o->admin & SERVER_DRAIN_ANY) || o->state == SERVER_STOPPING || o->user_weight == 0)
		return STATS_DRAIN;
	if (strcmp(o->status, "no check") == 0)
		return STATS_NO_CHECK;
	if (o->state == SERVER_STARTING)
		return STATS_GOING_UP;
	return changing ? STATS_GOING_DOWN : STATS_UP;
}

static void copy_check(struct stats_check *dst, const struct health_check *c)
{
	if (!c)
		return;
	*dst = (struct stats_check){.exists = true,
				    .enabled = atomic_load(&c->enabled),
				    .status = c->status,
				    .code = c->code,
				    .duration_ms = c->duration_ms};
	memcpy(dst->info, c->info, sizeof(dst->info));
	dst->info[sizeof(dst->info) - 1] = '\0';
}

/* While it warms up the effective weight, else what the user gave: as haproxy, also while it
 * drains. */
static unsigned int shown_weight(const struct server *s, uint8_t state)
{
	if (state == SERVER_STARTING)
		return (s->lb.weight + BALANCE_WEIGHT_SCALE - 1) / BALANCE_WEIGHT_SCALE;
	return s->user_weight;
}

void stats_look_server(struct stats_object *o, struct server *s, uint64_t now_ms)
{
	begin(o, STATS_SERVER, s->proxy, now_ms);
	o->server = s;
	o->id = s->conf->id;
	o->name = span_of(s->conf->name);
	o->backup = s->conf->backup;
	counters_sum(&s->counters, now_ms, &o->sum);
	pthread_spin_lock(&s->proxy->lock);
	o->state = atomic_load(&s->state);
	o->admin = s->admin;
	o->user_weight = s->user_weight;
	o->initial_weight = s->initial_weight;
	o->weight = shown_weight(s, o->state);
	o->health = s->health;
	if (o->admin & SERVER_MAINT_ANY) /* nothing is known of it then */
		o->health.value = 0;
	o->last_change_ms = s->last_change_ms;
	o->down_ms = s->down_ms;
	o->address = s->address;
	o->reason = s->operational_reason;
	o->maxconn = atomic_load(&s->maxconn);
	o->queued = atomic_load(&s->lb.queued);
	copy_check(&o->check, s->check);
	server_status_text(s, o->status);
	pthread_spin_unlock(&s->proxy->lock);
	if (o->state == SERVER_STOPPED && now_ms > o->last_change_ms)
		o->down_ms += now_ms - o->last_change_ms;
	o->mood = server_mood(o);
}

static unsigned int count_up(const struct proxy *px)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < px->n_servers; i++)
		n += atomic_load(&px->servers[i].state) != SERVER_STOPPED;
	return n;
}

static void look_backend(struct stats_object *o, struct proxy *px, uint64_t now_ms)
{
	bool up;

	begin(o, STATS_BACKEND, px, now_ms);
	o->name = SPAN("BACKEND");
	counters_sum(&px->be, now_ms, &o->sum);
	o->n_up = count_up(px);
	pthread_spin_lock(&px->lock);
	up = px->up || px->n_servers == 0;
	o->last_change_ms = px->last_change_ms;
	o->down_ms = px->down_ms;
	o->n_active = px->balance.n_active;
	o->n_backup = px->balance.n_backup;
	o->weight = px->balance.on_backup ? px->balance.weight_backup : px->balance.weight_active;
	o->queued = px->queue.length;
	pthread_spin_unlock(&px->lock);
	o->weight = (o->weight + BALANCE_WEIGHT_SCALE - 1) / BALANCE_WEIGHT_SCALE;
	if (!up && now_ms > o->last_change_ms)
		o->down_ms += now_ms - o->last_change_ms;
	o->mood = up ? STATS_UP : STATS_DOWN;
	snprintf(o->status, sizeof(o->status), "%s", up ? "UP" : "DOWN");
}

static bool holds_nocase(struct span s, struct span part)
{
	for (size_t i = 0; i + part.len <= s.len; i++)
		if (span_equal_nocase(span_slice(s, i, part.len), part))
			return true;
	return false;
}

static bool in_scope(const struct proxy *px, const struct stats_filter *f)
{
	const struct model_scope *scope = f->scope ? f->scope->scopes : NULL;

	if (!scope)
		return true;
	for (; scope; scope = scope->next) {
		if (span_equal(scope->name, SPAN(".")) && f->self == px)
			return true;
		if (span_equal(scope->name, span_of(px->conf->name)))
			return true;
	}
	return false;
}

bool stats_proxy_wanted(const struct proxy *px, const struct stats_filter *f)
{
	if (px->conf->disabled || px->conf->sides == 0)
		return false;
	if (f->iid >= 0 && px->conf->id != (unsigned int)f->iid)
		return false;
	return in_scope(px, f) && holds_nocase(span_of(px->conf->name), f->part);
}

static bool wants(const struct stats_filter *f, enum stats_kind kind)
{
	return (f->kinds >> kind) & 1;
}

static void visit_frontend(struct proxy *px, uint64_t now_ms, const struct stats_filter *f,
			   stats_visit *visit, void *user)
{
	struct stats_object o;

	if (wants(f, STATS_FRONTEND)) {
		look_frontend(&o, px, now_ms);
		visit(&o, user);
	}
	if (!wants(f, STATS_LISTENER) ||
	    !(f->listeners || (px->conf->options & OPTION_SOCKET_STATS)))
		return;
	for (unsigned int i = 0; i < px->n_listeners; i++) {
		look_listener(&o, &px->listeners[i], now_ms);
		if (f->sid < 0 || o.id == (unsigned int)f->sid)
			visit(&o, user);
	}
}

static bool server_wanted(const struct stats_object *o, const struct stats_filter *f)
{
	if (f->up_only && o->state == SERVER_STOPPED)
		return false;
	if (f->no_maint && (o->admin & SERVER_MAINT_ANY))
		return false;
	return f->sid < 0 || o->id == (unsigned int)f->sid;
}

static void visit_backend(struct proxy *px, uint64_t now_ms, const struct stats_filter *f,
			  stats_visit *visit, void *user)
{
	struct stats_object o;

	for (unsigned int i = 0; wants(f, STATS_SERVER) && i < px->n_servers; i++) {
		stats_look_server(&o, &px->servers[i], now_ms);
		if (server_wanted(&o, f))
			visit(&o, user);
	}
	if (!wants(f, STATS_BACKEND))
		return;
	look_backend(&o, px, now_ms);
	if (f->up_only || f->no_maint) {
		size_t len = strlen(o.status);

		snprintf(o.status + len, sizeof(o.status) - len, " (%u/%u)", o.n_up, px->n_servers);
	}
	visit(&o, user);
}

void stats_each_of_proxy(struct proxy *px, uint64_t now_ms, const struct stats_filter *f,
			 stats_visit *visit, void *user)
{
	if (px->conf->sides & PROXY_FRONTEND)
		visit_frontend(px, now_ms, f, visit, user);
	if (px->conf->sides & PROXY_BACKEND)
		visit_backend(px, now_ms, f, visit, user);
}

void stats_each(struct program *p, uint64_t now_ms, const struct stats_filter *f,
		stats_visit *visit, void *user)
{
	for (unsigned int i = 0; i < p->n_proxies; i++)
		if (stats_proxy_wanted(&p->proxies[i], f))
			stats_each_of_proxy(&p->proxies[i], now_ms, f, visit, user);
}

size_t stats_address_text(char dst[STATS_ADDRESS_BYTES], const struct inet *a)
{
	char text[INET_TEXT_BYTES];
	int len = (int)inet_print(text, a);

	if (a->family == INET_V4)
		return (size_t)snprintf(dst, STATS_ADDRESS_BYTES, "%.*s:%u", len, text, a->port);
	if (a->family == INET_V6)
		return (size_t)snprintf(dst, STATS_ADDRESS_BYTES, "[%.*s]:%u", len, text, a->port);
	return (size_t)snprintf(dst, STATS_ADDRESS_BYTES, "%s",
				a->family == INET_UNIX ? "unix" : "");
}
