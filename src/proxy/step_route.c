/* SPDX-License-Identifier: MIT */
/* From the frontend to a backend, and the backend's own rules: what changes in the request before a
 * server sees it. */
#include "proxy/front.h"
#include "proxy/persist.h"
#include "proxy/reply.h"
#include "proxy/rules.h"
#include "proxy/steps.h"

#include "rule/log_format.h"

#include <errno.h>

static struct proxy *running(const struct stream *s, const struct model_proxy *conf)
{
	return conf ? &s->worker->program->proxies[conf->index] : NULL;
}

/* The backend of a use_backend rule; NULL where its name is computed and there is none such. */
static struct proxy *backend_of(const struct stream *s, const struct use_backend *u,
				const struct rule_context *ctx)
{
	struct span name;

	if (!u->format)
		return running(s, u->backend);
	return log_format_build(u->format, ctx, &name)
		   ? program_find_proxy(s->worker->program, name, PROXY_BACKEND)
		   : NULL;
}

static struct proxy *choose_backend(struct stream *s)
{
	const struct model_proxy *conf = s->fe->conf;
	struct proxy *be = NULL;
	struct rule_context ctx;

	if (conf->use_backends)
		stream_fill_context(s, &ctx);
	for (const struct use_backend *u = conf->use_backends; u; u = u->next) {
		if (!condition_holds(u->condition, &ctx))
			continue;
		be = backend_of(s, u, &ctx);
		if (be && be->conf->mode == conf->mode)
			return be;
		break; /* as haproxy: the default one, then */
	}
	if (conf->default_backend)
		return running(s, conf->default_backend);
	return conf->sides & PROXY_BACKEND ? s->fe : NULL;
}

/* The stream uses this backend from now on: counted until stream's end. */
static void enter_backend(struct stream *s, struct proxy *be)
{
	struct worker *w = s->worker;
	struct counters *c = &be->be.thread[w->thread];

	s->be = be;
	s->counts_backend = true;
	s->retries_left = be->conf->retries;
	c->sessions++;
	c->requests += stream_is_http(s);
	c->last_session_ms = w->loop.now_ms;
	rate_count(&c->session_rate, w->loop.now_ms);
	counter_max(&be->be.session_rate_max, rate_per_second(&c->session_rate, w->loop.now_ms));
	counter_max(&be->be.sessions_max,
		    atomic_fetch_add_explicit(&be->be_connections, 1, memory_order_relaxed) + 1);
}

enum step_result step_pick_backend(struct stream *s)
{
	struct proxy *be = choose_backend(s);

	if (be) {
		enter_backend(s, be);
		return STEP_NEXT;
	}
	stream_note(s, BY_SERVER, 'C');
	return reply_error(s, REPLY_503);
}

/* "X-Forwarded-For: <client>" and its like, behind what the request holds already, as haproxy does.
 */
static bool add_address(struct stream *s, const struct model_forwarded *conf,
			const struct inet *address)
{
	struct message *m = &s->front.message;
	unsigned int at = 0;
	char *text;

	if (!conf->on || (address->family != INET_V4 && address->family != INET_V6))
		return true;
	if (conf->except.address.family != INET_NONE && inet_in_net(address, &conf->except))
		return true;
	if (conf->if_none && header_next_named(&m->headers, conf->header, &at))
		return true;
	text = arena_bytes(&s->arena, INET_TEXT_BYTES);
	return text && header_add(&m->headers, &s->arena, conf->header,
				  span_make(text, inet_print(text, address))) == 0;
}

/* A backend's setting wins over its frontend's. */
static bool add_forwarded(struct stream *s)
{
	const struct model_proxy *fe = s->fe->conf, *be = s->be->conf;
	const struct model_forwarded *client =
	    be->forwardfor.on ? &be->forwardfor : &fe->forwardfor;
	const struct model_forwarded *original =
	    be->originalto.on ? &be->originalto : &fe->originalto;

	if (!add_address(s, client, &s->front_connection->src))
		return false;
	return !original->on || add_address(s, original, front_destination(s->front_connection));
}

static __attribute__((noinline)) bool add_unique_id(struct stream *s)
{
	struct span id = rules_unique_id(s);

	return !id.p || header_add(&s->front.message.headers, &s->arena,
				   s->fe->conf->unique_id_header, id) == 0;
}

static bool asks_for_trailers(const struct message *m)
{
	return header_lists(&m->headers, HEADER_TE, SPAN("trailers"));
}

/* What servers get: no hop-by-hop fields, and a Connection field that says what we want of the
 * server. */
static bool prepare_head(struct stream *s)
{
	struct message *m = &s->front.message;
	bool keep = s->be->conf->connection_mode == HTTP_KEEP_ALIVE &&
		    s->fe->conf->connection_mode == HTTP_KEEP_ALIVE;

	s->te_trailers = asks_for_trailers(m);
	message_strip_hop_by_hop(m, m->upgrade);
	if (m->upgrade)
		s->back_field = H1_CONNECTION_UPGRADE;
	else if (m->version == HTTP_1_0)
		s->back_field = keep ? H1_CONNECTION_KEEP_ALIVE : H1_CONNECTION_NONE;
	else
		s->back_field = keep ? H1_CONNECTION_NONE : H1_CONNECTION_CLOSE;
	if (unlikely(s->fe->conf->unique_id_header.p != NULL) && !add_unique_id(s))
		return false;
	return add_forwarded(s);
}

/* Apart, so that the common way stays short. */
static __attribute__((noinline)) struct server *wanted_server(struct stream *s)
{
	return s->be->conf->use_servers ? rules_use_server(s, s->wanted) : s->wanted;
}

enum step_result step_backend_rules(struct stream *s)
{
	enum step_result r = s->be != s->fe ? rules_on_request(s, s->be) : STEP_NEXT;

	if (r != STEP_NEXT)
		return r;
	if (persist_request(s) != 0 || !prepare_head(s)) {
		stream_note(s, BY_RESOURCE, 'R');
		return reply_error(s, REPLY_500);
	}
	if (unlikely(s->be->conf->rules != NULL))
		s->wanted = wanted_server(s);
	return STEP_NEXT;
}
