/* SPDX-License-Identifier: MIT */
/*
 * A server's run time: birth and end, its weight, its limit, its address, and the slots that its
 * requests hold. How its state changes is server_state.c's. All under the proxy's lock, but what
 * server.h says is not.
 */
#include "proxy/server_priv.h"

#include "proxy/health_check.h"

#include "net/address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_WEIGHT 256

uint64_t server_now_ms(const struct loop *l)
{
	struct timespec ts;

	if (l)
		return l->now_ms;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- birth */

static const char *place(char dst[512], const struct server *s)
{
	snprintf(dst, 512, "[%s:%d] : 'server %s/%s'", s->conf->file ? s->conf->file : "",
		 s->conf->line, s->proxy->conf->name, s->conf->name);
	return dst;
}

/* 0, or -1 after a diagnostic. A name that does not resolve may disable the server. */
static int look_up(struct server *s, struct diags *d)
{
	const struct address *a = &s->conf->address;
	char where[512];

	s->address = a->inet;
	if (!a->name || address_look_up(a->name, a->inet.family, &s->address) == 0)
		return 0;
	if (s->conf->init_addr_none) {
		diag_add(d, DIAG_WARNING, NULL, 0,
			 "%s : could not resolve address '%s', disabling server.", place(where, s),
			 a->name);
		s->admin |= SERVER_MAINT_RESOLUTION;
		return 0;
	}
	diag_add(d, DIAG_ALERT, NULL, 0, "%s : could not resolve address '%s'.", place(where, s),
		 a->name);
	return -1;
}

static int init_address(struct server *s, struct diags *d)
{
	const struct address *a = &s->conf->address;
	char where[512];

	if (a->kind == ADDRESS_INET) {
		if (look_up(s, d) != 0)
			return -1;
		s->sockaddr_len = inet_to_sockaddr(&s->address, &s->sockaddr);
		return 0;
	}
	s->address = (struct inet){.family = INET_UNIX};
	if (address_to_sockaddr(a, &s->sockaddr, &s->sockaddr_len) == 0)
		return 0;
	diag_add(d, DIAG_ALERT, NULL, 0, "%s : this address cannot be connected to.",
		 place(where, s));
	return -1;
}

static void init_state(struct server *s)
{
	const struct model_server *conf = s->conf;

	if (conf->disabled)
		s->admin |= SERVER_MAINT | SERVER_MAINT_CONFIG;
	s->state = s->admin ? SERVER_STOPPED : SERVER_RUNNING;
	health_init(&s->health, conf->rise > 0 ? conf->rise : 2, conf->fall > 0 ? conf->fall : 3,
		    true);
	s->health.error_limit = conf->error_limit ? (int)conf->error_limit : 10;
	s->user_weight = s->initial_weight = conf->weight;
	s->last_change_ms = s->proxy->program->start_ms;
	s->lb.id = conf->id;
	s->lb.name = span_of(conf->name);
	s->lb.backup = conf->backup;
	s->lb.weight_start = conf->weight * BALANCE_WEIGHT_SCALE;
	s->lb.weight = s->lb.weight_start;
	s->lb.usable = server_is_eligible(s);
	s->maxconn = conf->maxconn;
	s->minconn = conf->minconn;
	if (conf->minconn)
		s->proxy->dynamic_limits = true;
	server_update_limit(s);
}

int server_init(struct server *s, struct proxy *px, const struct model_server *conf,
		struct diags *d)
{
	unsigned int n_threads = px->program->n_threads;
	int error;

	s->proxy = px;
	s->conf = conf;
	queue_init(&s->queue, &s->lb, &px->queue, conf->maxqueue);
	timer_init(&s->slowstart, server_on_slowstart);
	s->slowstart_mail.run = server_on_slowstart_mail;
	error = init_address(s, d);
	init_state(s);
	s->pool = calloc(n_threads, sizeof(*s->pool));
	if (!s->pool || counter_set_init(&s->counters, n_threads) != 0) {
		diag_add(d, DIAG_ALERT, conf->file, conf->line, "out of memory for server '%s/%s'.",
			 px->conf->name, conf->name);
		return -1;
	}
	for (unsigned int i = 0; i < n_threads; i++)
		list_init(&s->pool[i].idle);
	return error;
}

void server_fini(struct server *s)
{
	counter_set_fini(&s->counters);
	free(s->pool);
	free(s->trackers);
}

static int link_one(struct program *p, struct server *s)
{
	struct proxy *px = &p->proxies[s->conf->track_proxy->index];
	struct server **longer;

	s->tracked = &px->servers[s->conf->track->index];
	longer =
	    realloc(s->tracked->trackers, (s->tracked->n_trackers + 1) * sizeof(struct server *));
	if (!longer)
		return -ENOMEM;
	longer[s->tracked->n_trackers++] = s;
	s->tracked->trackers = longer;
	return 0;
}

/* What a tracker starts with. The configuration has no circles. */
static void inherit(struct server *s)
{
	const struct server *other = s->tracked;

	while (other && !(other->admin & (SERVER_MAINT_CONFIG | SERVER_MAINT_RESOLUTION)))
		other = other->tracked;
	if (!other)
		return;
	s->admin |= SERVER_MAINT_TRACKED;
	s->state = SERVER_STOPPED;
	s->lb.usable = false;
}

int servers_link_tracked(struct program *p)
{
	for (unsigned int i = 0; i < p->n_proxies; i++) {
		for (unsigned int j = 0; j < p->proxies[i].n_servers; j++) {
			struct server *s = &p->proxies[i].servers[j];

			if (s->conf->track && link_one(p, s) != 0)
				return -ENOMEM;
		}
	}
	for (unsigned int i = 0; i < p->n_proxies; i++) {
		struct proxy *px = &p->proxies[i];
		struct server_counts n;

		for (unsigned int j = 0; j < px->n_servers; j++) {
			if (px->servers[j].tracked)
				inherit(&px->servers[j]);
		}
		if (px->n_servers && balance_update(&px->balance) != 0)
			return -ENOMEM;
		n = proxy_count_servers(px);
		px->up = px->n_servers == 0 || n.active + n.backup > 0;
	}
	return 0;
}

/* ---- weight */

/* Slow start: sixteenths of the full weight, growing with the time since it came up. */
void server_apply_weight(struct server *s, uint64_t now_ms)
{
	unsigned int scale = BALANCE_WEIGHT_SCALE;

	if (atomic_load_explicit(&s->state, memory_order_relaxed) == SERVER_STARTING &&
	    s->proxy->balance.algorithm->dynamic) {
		uint64_t up_ms = now_ms - s->last_change_ms;

		scale = (unsigned int)((BALANCE_WEIGHT_SCALE * up_ms + s->conf->slowstart) /
				       s->conf->slowstart);
		if (scale > BALANCE_WEIGHT_SCALE)
			scale = BALANCE_WEIGHT_SCALE;
	}
	__atomic_store_n(&s->lb.weight, s->user_weight * scale, __ATOMIC_RELAXED);
}

/* "50%" of the initial weight, or a weight. NULL or what is wrong. */
static const char *parse_weight(const struct server *s, struct span text, unsigned int *weight)
{
	bool relative = text.len > 1 && text.p[text.len - 1] == '%',
	     negative = text.len > 1 && text.p[0] == '-';
	struct span digits = span_slice(text, negative ? 1 : 0, text.len - relative - negative);
	uint64_t n;

	if (digits.len == 0 || digits.p[0] < '0' || digits.p[0] > '9')
		return "Empty weight string empty or preceded by garbage";
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return "Trailing garbage in weight string";
	}
	if (relative && negative)
		return "Relative weight must be positive.";
	if (!span_to_u64(digits, relative ? 1000000 : MAX_WEIGHT, &n) || negative)
		return relative ? "Relative weight must be positive."
				: "Absolute weight can only be between 0 and 256 inclusive.";
	if (relative)
		n = s->initial_weight * n / 100;
	*weight = n > MAX_WEIGHT ? MAX_WEIGHT : (unsigned int)n;
	return NULL;
}

const char *server_set_weight(struct server *s, struct span text)
{
	unsigned int weight;
	const char *wrong = parse_weight(s, text, &weight);

	if (wrong)
		return wrong;
	if (weight && weight != s->initial_weight && !s->proxy->balance.algorithm->dynamic)
		return "Backend is using a static LB algorithm and only accepts weights '0%' and "
		       "'100%'.";
	pthread_spin_lock(&s->proxy->lock);
	s->user_weight = weight;
	pthread_spin_unlock(&s->proxy->lock);
	server_refresh(s, NULL);
	return NULL;
}

/* ---- limit and slots */

static unsigned int warm_percent(const struct server *s)
{
	uint64_t up_ms;

	if (atomic_load_explicit(&s->state, memory_order_relaxed) != SERVER_STARTING)
		return 100;
	up_ms = server_now_ms(NULL) - s->last_change_ms;
	return up_ms < s->conf->slowstart ? (unsigned int)(100 * up_ms / s->conf->slowstart) : 100;
}

void server_update_limit(struct server *s)
{
	const struct queue_limit limit = {
	    .maxconn = atomic_load_explicit(&s->maxconn, memory_order_relaxed),
	    .minconn = atomic_load_explicit(&s->minconn, memory_order_relaxed),
	    .fullconn = s->proxy->conf->fullconn};
	uint32_t load = atomic_load_explicit(&s->proxy->be_connections, memory_order_relaxed);

	atomic_store_explicit(&s->lb.limit, queue_server_limit(&limit, load, warm_percent(s)),
			      memory_order_relaxed);
}

void proxy_update_limits(struct proxy *px)
{
	if (!px->dynamic_limits)
		return;
	for (unsigned int i = 0; i < px->n_servers; i++)
		server_update_limit(&px->servers[i]);
}

void server_set_maxconn(struct server *s, unsigned int maxconn)
{
	pthread_spin_lock(&s->proxy->lock);
	atomic_store_explicit(&s->maxconn, maxconn, memory_order_relaxed);
	server_update_limit(s);
	server_grant_slots(s);
	pthread_spin_unlock(&s->proxy->lock);
}

static bool has_free_slot(const struct server *s)
{
	unsigned int limit = atomic_load_explicit(&s->lb.limit, memory_order_relaxed);

	return !limit || atomic_load_explicit(&s->lb.served, memory_order_relaxed) < limit;
}

void server_grant_slots(struct server *s)
{
	struct proxy *px = s->proxy;
	bool may_serve = atomic_load_explicit(&s->state, memory_order_relaxed) != SERVER_STOPPED;
	struct queue *common = s->lb.in_use && server_usable(s) ? &px->queue : NULL;

	while (may_serve && has_free_slot(s)) {
		struct queue_entry *e = queue_next(&s->queue, common);
		struct waiter *w;

		if (!e)
			return;
		w = container_of(e, struct waiter, entry);
		w->granted = s;
		atomic_fetch_add_explicit(&s->lb.served, 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&px->be_served, 1, memory_order_relaxed);
		atomic_fetch_sub_explicit(&px->be_queued, 1, memory_order_relaxed);
		balance_load_changed(&px->balance, &s->lb);
		loop_post(w->loop, &w->mail);
	}
}

void server_slot_release(struct server *s, struct loop *l)
{
	struct proxy *px = s->proxy;

	(void)l;
	atomic_fetch_sub_explicit(&px->be_served, 1, memory_order_relaxed);
	/* Nobody waits for a server without a limit, unless for one that has not been able to serve
	 * for a while. */
	if (!atomic_load_explicit(&s->lb.limit, memory_order_relaxed) &&
	    !px->balance.algorithm->load_changed &&
	    !atomic_load_explicit(&px->be_queued, memory_order_relaxed)) {
		atomic_fetch_sub_explicit(&s->lb.served, 1, memory_order_relaxed);
		balance_load_changed(&px->balance, &s->lb);
		return;
	}
	pthread_spin_lock(&px->lock);
	atomic_fetch_sub_explicit(&s->lb.served, 1, memory_order_relaxed);
	balance_load_changed(&px->balance, &s->lb);
	if (atomic_load_explicit(&s->minconn, memory_order_relaxed))
		server_update_limit(s);
	server_grant_slots(s);
	pthread_spin_unlock(&px->lock);
}

unsigned int server_requeue(struct server *s, uint64_t now_ms)
{
	static const struct queue_priority normal = {0};
	struct proxy *px = s->proxy;
	struct queue_entry *e;
	unsigned int n = 0;

	if ((px->conf->options & (OPTION_REDISPATCH | OPTION_PERSIST)) != OPTION_REDISPATCH)
		return 0;
	while ((e = queue_evict(&s->queue))) {
		/* the backend's queue has no bound: each entry is a stream that exists already */
		CHECK(queue_join(&px->queue, e, &normal, now_ms) == QUEUE_JOINED);
		n++;
	}
	for (unsigned int i = 0; n && i < px->n_servers; i++)
		server_grant_slots(&px->servers[i]);
	return n;
}

/* ---- address */

const char *server_set_address(struct server *s, const struct inet *address, bool set_port)
{
	struct inet new = *address;
	struct sockaddr_storage ss;
	socklen_t len;

	if (s->conf->address.kind != ADDRESS_INET)
		return "the server's address is not an internet address";
	if (!set_port)
		new.port = s->address.port;
	len = inet_to_sockaddr(&new, &ss);
	if (!len)
		return "not an internet address";
	pthread_spin_lock(&s->proxy->lock);
	s->address = new;
	memcpy(&s->sockaddr, &ss, len);
	s->sockaddr_len = len;
	pthread_spin_unlock(&s->proxy->lock);
	if (__atomic_load_n(&s->admin, __ATOMIC_RELAXED) & SERVER_MAINT_RESOLUTION)
		server_set_admin(s, NULL, 0, SERVER_MAINT_RESOLUTION, NULL);
	return NULL;
}

socklen_t server_get_address(struct server *s, struct sockaddr_storage *out, struct inet *inet)
{
	socklen_t len;

	pthread_spin_lock(&s->proxy->lock);
	len = s->sockaddr_len;
	memcpy(out, &s->sockaddr, len);
	if (inet)
		*inet = s->address;
	pthread_spin_unlock(&s->proxy->lock);
	return len;
}

/* ---- what stats show */

static const char *root_status(const struct server *s, const struct health *h, bool checked,
			       char dst[64])
{
	int highest = h->rise + h->fall - 1;
	bool partial = checked && h->value < highest;
	const char *word;

	switch ((enum server_state)atomic_load_explicit(&s->state, memory_order_relaxed)) {
	case SERVER_RUNNING:
	case SERVER_STARTING:
		word = s->admin & SERVER_DRAIN_ANY ? "DRAIN" : checked ? "UP" : "no check";
		break;
	case SERVER_STOPPING:
		word = "NOLB";
		break;
	default:
		word = "DOWN";
		partial = checked && h->value > 0;
		break;
	}
	if (partial)
		snprintf(dst, 64, "%s %d/%d", word, health_shown(h),
			 health_is_up(h) ? h->fall : h->rise);
	else
		snprintf(dst, 64, "%s", word);
	return dst;
}

const char *server_status_text(const struct server *s, char dst[64])
{
	const struct server *root = s;
	bool checked;

	if (s->admin & SERVER_MAINT_RESOLUTION) {
		snprintf(dst, 64, "MAINT (resolution)");
		return dst;
	}
	if ((s->admin & SERVER_MAINT_ANY) == SERVER_MAINT_TRACKED) {
		snprintf(dst, 64, "MAINT (via %.20s/%.20s)", s->tracked->proxy->conf->name,
			 s->tracked->conf->name);
		return dst;
	}
	if (s->admin & SERVER_MAINT_ANY) {
		snprintf(dst, 64, "MAINT");
		return dst;
	}
	while (root->tracked)
		root = root->tracked;
	checked = root->check && atomic_load_explicit(&root->check->enabled, memory_order_relaxed);
	return root_status(s, &root->health, checked, dst);
}
