/* SPDX-License-Identifier: MIT */
/*
 * What expressions see of a stream and of the program it runs in: the functions behind
 * rule/context.h. Everything is looked up when an expression asks for it.
 */
#include "proxy/front.h"
#include "proxy/listener.h"
#include "proxy/rules.h"
#include "proxy/step_log.h"
#include "proxy/steps.h"

#include "proto/uri.h"

#include <stdlib.h>

static const struct inet *destination(void *owner)
{
	const struct stream *s = owner;

	return front_destination(s->front_connection);
}

static const struct inet *server_end(void *owner)
{
	const struct stream *s = owner;

	return s->server && s->attempts ? &s->server->address : NULL;
}

static struct span version_text(const struct message *m)
{
	return m->version == HTTP_1_0 ? SPAN("HTTP/1.0") : SPAN("HTTP/1.1");
}

static struct span path_of(struct span target)
{
	struct uri u = uri_parse(target);

	return u.path_and_query.len ? u.path_and_query : SPAN_NONE;
}

static struct span name(void *owner, enum rule_name which)
{
	struct stream *s = owner;
	const struct message *q = &s->front.message;

	switch (which) {
	case RULE_FE_NAME:
		return span_of(s->fe->conf->name);
	case RULE_FE_DEFBE:
		return span_of(s->fe->conf->default_backend_name);
	case RULE_BE_NAME:
		return span_of(s->be ? s->be->conf->name : s->fe->conf->name);
	case RULE_SRV_NAME:
		return s->server ? span_of(s->server->conf->name) : SPAN_NONE;
	case RULE_SO_NAME:
		return span_of(s->front_connection->listener->conf->name);
	case RULE_HOSTNAME:
		return span_of(s->worker->program->host);
	case RULE_UNIQUE_ID:
		return rules_unique_id(s);
	case RULE_LAST_RULE_FILE:
		return s->rules && s->rules->last ? span_of(s->rules->last->file) : SPAN_NONE;
	case RULE_CAPTURED_METHOD:
		return s->rules && s->rules->method.p ? s->rules->method : q->method_text;
	case RULE_CAPTURED_URI:
		return path_of(s->rules && s->rules->target.p ? s->rules->target : q->target);
	case RULE_CAPTURED_VERSION:
		return q->method_text.p ? version_text(q) : SPAN_NONE;
	case RULE_CAPTURED_RESPONSE_VERSION:
		return s->back.message.status ? version_text(&s->back.message) : SPAN_NONE;
	default:
		return SPAN_NONE;
	}
}

/* ---- numbers ---- */

static struct proxy *proxy_named(const struct stream *s, const struct rule_reference *of,
				 struct proxy *own)
{
	const struct model_proxy *conf = of ? of->proxy : NULL;

	return conf ? &s->worker->program->proxies[conf->index] : own;
}

static uint32_t session_rate(const struct stream *s, const struct counter_set *set)
{
	struct counters sum;

	counters_sum(set, s->worker->loop.now_ms, &sum);
	return sum.session_rate.current;
}

static bool frontend_number(const struct stream *s, enum rule_number which,
			    const struct rule_reference *of, int64_t *out)
{
	const struct proxy *px = proxy_named(s, of, s->fe);
	struct counters sum;

	if (which == RULE_FE_CONN) {
		*out = atomic_load_explicit(&px->fe_connections, memory_order_relaxed);
	} else if (which == RULE_FE_SESS_RATE) {
		*out = session_rate(s, &px->fe);
	} else {
		counters_sum(&px->fe, s->worker->loop.now_ms, &sum);
		*out = sum.request_rate.current;
	}
	return true;
}

/* The usable servers; backups only where no other is. */
static int64_t usable_servers(const struct proxy *px)
{
	int64_t active = 0, backup = 0;

	for (unsigned int i = 0; i < px->n_servers; i++) {
		if (server_usable(&px->servers[i]))
			*(px->servers[i].conf->backup ? &backup : &active) += 1;
	}
	return active ? active : backup;
}

static uint32_t served(const struct server *srv)
{
	return atomic_load_explicit(&srv->lb.served, memory_order_relaxed);
}

/* -1: no limit. */
static int64_t free_places(const struct server *srv)
{
	unsigned int max = atomic_load_explicit(&srv->maxconn, memory_order_relaxed);
	uint32_t now = served(srv);

	return max == 0 ? -1 : max > now ? (int64_t)(max - now) : 0;
}

static int64_t free_in_backend(const struct proxy *px, bool queues)
{
	int64_t sum = 0;

	for (unsigned int i = 0; i < px->n_servers; i++) {
		const struct server *srv = &px->servers[i];
		int64_t places = free_places(srv);

		if (!server_usable(srv))
			continue;
		if (places < 0 || (queues && !srv->conf->maxqueue))
			return -1;
		sum += places;
		if (queues && srv->conf->maxqueue > srv->queue.length)
			sum += srv->conf->maxqueue - srv->queue.length;
	}
	return sum;
}

static bool backend_number(const struct stream *s, enum rule_number which,
			   const struct rule_reference *of, int64_t *out)
{
	const struct proxy *px = proxy_named(s, of, s->be ? s->be : s->fe);
	int64_t queued, usable;

	switch (which) {
	case RULE_BE_CONN:
		*out = atomic_load_explicit(&px->be_connections, memory_order_relaxed);
		return true;
	case RULE_BE_CONN_FREE:
		*out = free_in_backend(px, false);
		return true;
	case RULE_BE_SESS_RATE:
		*out = session_rate(s, &px->be);
		return true;
	case RULE_NBSRV:
		*out = usable_servers(px);
		return true;
	case RULE_CONNSLOTS:
		*out = free_in_backend(px, true);
		return true;
	default:
		queued = atomic_load_explicit(&px->be_queued, memory_order_relaxed);
		usable = usable_servers(px);
		if (which == RULE_AVG_QUEUE)
			*out = usable ? (queued + usable - 1) / usable : queued * 100;
		else
			*out = queued;
		return true;
	}
}

static bool server_number(const struct stream *s, enum rule_number which,
			  const struct rule_reference *of, int64_t *out)
{
	const struct model_server *conf = of ? of->server : NULL;
	const struct server *srv = s->server;

	if (conf)
		srv = &proxy_named(s, of, s->be)->servers[conf->index];
	if (!srv)
		return false;
	switch (which) {
	case RULE_SRV_ID:
		*out = srv->conf->id;
		return true;
	case RULE_SRV_CONN:
		*out = served(srv);
		return true;
	case RULE_SRV_CONN_FREE:
		*out = free_places(srv);
		return true;
	case RULE_SRV_IS_UP:
		*out = !(srv->admin & SERVER_MAINT_ANY) &&
		       atomic_load_explicit(&srv->state, memory_order_relaxed) != SERVER_STOPPED;
		return true;
	case RULE_SRV_QUEUE:
		*out = srv->queue.length;
		return true;
	case RULE_SRV_SESS_RATE:
		*out = session_rate(s, &srv->counters);
		return true;
	case RULE_SRV_IWEIGHT:
		*out = srv->initial_weight;
		return true;
	case RULE_SRV_UWEIGHT:
		*out = srv->user_weight;
		return true;
	default:
		*out = (__atomic_load_n(&srv->lb.weight, __ATOMIC_RELAXED) + 15) / 16;
		return true;
	}
}

static bool program_number(const struct stream *s, enum rule_number which, int64_t *out)
{
	const struct program *p = s->worker->program;

	switch (which) {
	case RULE_ACT_CONN:
		*out = atomic_load_explicit(&p->actconn, memory_order_relaxed);
		return true;
	case RULE_PID:
		*out = p->pid;
		return true;
	case RULE_THREAD:
		*out = s->worker->thread;
		return true;
	case RULE_N_THREADS:
		*out = p->n_threads;
		return true;
	case RULE_UPTIME_S:
		*out = (int64_t)((s->worker->loop.now_ms - p->start_ms) / 1000);
		return true;
	case RULE_STOPPING:
		*out = atomic_load_explicit(&p->stopping, memory_order_relaxed);
		return true;
	default:
		return false;
	}
}

static bool number(void *owner, enum rule_number which, const struct rule_reference *of,
		   int64_t *out)
{
	struct stream *s = owner;

	switch (which) {
	case RULE_FE_ID:
		*out = s->fe->conf->id;
		return true;
	case RULE_BE_ID:
		*out = s->be ? s->be->conf->id : s->fe->conf->id;
		return true;
	case RULE_SO_ID:
		*out = s->front_connection->listener->conf->id;
		return true;
	case RULE_FIRST_REQUEST:
		*out = s->is_first_request;
		return true;
	case RULE_REUSED:
		*out = s->reused;
		return true;
	case RULE_RETRIES:
		*out = s->be ? s->be->conf->retries - s->retries_left : 0;
		return true;
	case RULE_LAST_RULE_LINE:
		*out = s->rules && s->rules->last ? s->rules->last->line : 0;
		return *out != 0;
	case RULE_FE_CONN:
	case RULE_FE_SESS_RATE:
	case RULE_FE_REQ_RATE:
		return frontend_number(s, which, of, out);
	default:
		if (which == RULE_SRV_ID || (which >= RULE_SRV_CONN && which <= RULE_SRV_UWEIGHT))
			return server_number(s, which, of, out);
		if (which >= RULE_BE_CONN && which <= RULE_CONNSLOTS)
			return backend_number(s, which, of, out);
		return program_number(s, which, out);
	}
}

/* ---- captures ---- */

static struct span capture(void *owner, bool response, unsigned int slot)
{
	const struct stream *s = owner;
	const struct span *v = response ? s->response_captures : s->request_captures;
	unsigned int n =
	    response ? s->fe->conf->n_response_captures : s->fe->conf->n_request_captures;

	return v && slot < n ? v[slot] : SPAN_NONE;
}

static void set_capture(void *owner, bool response, unsigned int slot, struct span value)
{
	struct stream *s = owner;
	const struct model_capture *c =
	    response ? s->fe->conf->response_captures : s->fe->conf->request_captures;
	struct span *v = response ? s->response_captures : s->request_captures;
	char *p;

	while (c && c->index != slot)
		c = c->next;
	if (!c || !v)
		return;
	value = span_slice(value, 0, c->max_bytes);
	p = arena_bytes(&s->arena, value.len);
	if (!p)
		return;
	if (value.len)
		memcpy(p, value.p, value.len);
	v[slot] = span_make(p, value.len);
}

/* ---- variables ---- */

static struct variable_set *session_variables(struct stream *s)
{
	struct variable_set *set = &s->front_connection->variables;

	if (!set->v) {
		set->n = s->worker->program->model->rules.variables.n[VAR_SESS];
		set->v = calloc((size_t)set->n + 1, sizeof(*set->v));
	}
	return set->v ? set : NULL;
}

static struct variable_set *variables(void *owner, enum variable_scope scope)
{
	struct stream *s = owner;
	bool answering = s->step >= STEP_RESPONSE_RULES;
	struct stream_rules *r;
	struct variable_set *set;

	if (scope == VAR_PROC)
		return &s->worker->program->variables;
	if (scope == VAR_SESS)
		return session_variables(s);
	if ((scope == VAR_REQ && answering) || (scope == VAR_RES && !answering))
		return NULL;
	r = stream_rules(s);
	if (!r)
		return NULL;
	set = &r->variables[scope];
	if (!set->v) {
		set->n = s->worker->program->model->rules.variables.n[scope];
		set->v = arena_array(&s->arena, (size_t)set->n + 1, sizeof(*set->v));
	}
	return set->v ? set : NULL;
}

static void lock(void *owner, bool locked)
{
	struct stream *s = owner;
	pthread_spinlock_t *l = &s->worker->program->variables_lock;

	if (locked)
		pthread_spin_lock(l);
	else
		pthread_spin_unlock(l);
}

/* ---- changes ---- */

static void fill_record(void *owner, struct log_record *r)
{
	step_log_fill(owner, r);
}

static void keep_start_line(void *owner)
{
	struct stream *s = owner;
	struct stream_rules *r = stream_rules(s);

	if (r && !r->method.p) {
		r->method = s->front.message.method_text;
		r->target = s->front.message.target;
	}
}

static void set_log_level(void *owner, int level)
{
	struct stream_rules *r = stream_rules(owner);

	if (r)
		r->log_level = level;
}

static const struct rule_world rules_world = {
    .destination = destination,
    .server_end = server_end,
    .name = name,
    .number = number,
    .capture = capture,
    .set_capture = set_capture,
    .variables = variables,
    .lock = lock,
    .fill_record = fill_record,
    .keep_start_line = keep_start_line,
    .set_log_level = set_log_level,
};

static struct message *request_of(struct stream *s)
{
	bool there =
	    stream_is_http(s) && s->step > STEP_READ_HEAD && s->front.message.method_text.p;

	return there ? &s->front.message : NULL;
}

static struct message *response_of(struct stream *s)
{
	bool there = s->step >= STEP_RESPONSE_RULES && s->back.head_sent && stream_is_http(s) &&
		     s->back.message.status;

	return there ? &s->back.message : NULL;
}

void stream_fill_context(struct stream *s, struct rule_context *ctx)
{
	struct worker *w = s->worker;

	scratch_release(&w->rule_scratch, 0);
	*ctx = (struct rule_context){
	    .request = request_of(s),
	    .response = response_of(s),
	    .src = s->front_connection->src,
	    .world = &rules_world,
	    .owner = s,
	    .scratch = &w->rule_scratch,
	    .arena = &s->arena,
	    .random = &w->loop.random,
	    .wall_us = w->loop.wall_us,
	    .utc_offset_s = w->utc_offset_s,
	    .payload_ended = true,
	};
}
