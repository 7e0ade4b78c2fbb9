/* SPDX-License-Identifier: MIT */
/*
 * Running the lists of rules where steps.h says so: http-request before a backend or a server is
 * picked, http-response when a server has answered, http-after-response on whatever is sent. A
 * verdict that ends a request becomes an answer here.
 */
#include "proxy/rules.h"

#include "proxy/front.h"
#include "proxy/reply.h"
#include "proxy/service.h"
#include "proxy/steps.h"

#include "rule/log_format.h"

#include <stdlib.h>

struct stream_rules *stream_rules(struct stream *s)
{
	if (!s->rules) {
		s->rules = ARENA_NEW(&s->arena, struct stream_rules);
		if (s->rules)
			s->rules->log_level = LOG_LEVEL_AS_IT_IS;
	}
	return s->rules;
}

void rules_free_variables(struct variable_set *set)
{
	variable_set_fini(set);
	free(set->v);
	*set = (struct variable_set){0};
}

/* It may be asked for while another expression is evaluated, so that the scratch memory below what
 * is in use stays, and by its own format. */
struct span rules_unique_id(struct stream *s)
{
	const struct log_format *format = s->fe->conf->unique_id_format;
	struct scratch *scratch = &s->worker->rule_scratch;
	struct stream_rules *r = format ? stream_rules(s) : NULL;
	size_t mark = scratch_mark(scratch);
	struct rule_context ctx;
	struct span text;
	char *copy;

	if (!r || r->unique_id.p)
		return r ? r->unique_id : SPAN_NONE;
	r->unique_id = SPAN("");
	stream_fill_context(s, &ctx);
	scratch_release(scratch, mark);
	copy = log_format_build(format, &ctx, &text) ? arena_copy(&s->arena, text) : NULL;
	scratch_release(scratch, mark);
	if (copy)
		r->unique_id = span_make(copy, text.len);
	return r->unique_id;
}

static struct counters *frontend_counters(const struct stream *s)
{
	return &s->fe->fe.thread[s->worker->thread];
}

static enum step_result failed(struct stream *s, char state)
{
	stream_note(s, BY_INTERNAL, state);
	frontend_counters(s)->failed_header_rewriting++;
	return reply_error(s, REPLY_500);
}

static enum step_result send_answer(struct stream *s, const struct rule_answer *a)
{
	enum reply_kind kind = reply_of_status(a->status);

	if (a->raw.p)
		return reply_raw(s, a->status, a->raw);
	if (a->plain && kind != REPLY_KINDS)
		return reply_error_of(s, kind, a->errors ? a->errors->proxy : NULL, a->headers);
	return reply_send(s, a->status, a->headers, a->body);
}

/* ---- tarpit ---- */

static bool keep(struct stream *s, struct span *text)
{
	char *p = arena_bytes(&s->arena, text->len);

	if (!p)
		return false;
	if (text->len)
		memcpy(p, text->p, text->len);
	text->p = text->p ? p : NULL;
	return true;
}

static enum step_result start_tarpit(struct stream *s, const struct rule_answer *a)
{
	const struct model_timeouts *t = s->be ? &s->be->conf->timeout : &s->fe->conf->timeout;
	struct stream_rules *r = stream_rules(s);
	uint32_t ms = t->tarpit ? t->tarpit : t->connect;

	if (!r)
		return failed(s, 'R');
	r->tarpit = *a;
	if (!keep(s, &r->tarpit.headers) || !keep(s, &r->tarpit.body) || !keep(s, &r->tarpit.raw))
		return failed(s, 'R');
	r->is_tarpit = true;
	stream_note(s, BY_PROXY, 'T');
	frontend_counters(s)->denied_requests++;
	stream_arm(s, ms ? ms : 1);
	endpoint_want(&s->front);
	return STEP_WAIT;
}

/* Once more in the step that the request is held in. */
static enum step_result go_on_with_tarpit(struct stream *s)
{
	if (s->front.error || s->client_expired) {
		stream_arm(s, 0);
		return reply_abort(s);
	}
	if (!s->timer_expired) {
		endpoint_want(&s->front);
		return STEP_WAIT;
	}
	return send_answer(s, &s->rules->tarpit);
}

/* ---- requests ---- */

/* What a message says besides its fields follows what rules made of those. */
static void settle_request(struct message *m)
{
	if (m->upgrade && !header_first(&m->headers, HEADER_UPGRADE))
		m->upgrade = false;
	if (m->expect_continue && !header_first(&m->headers, HEADER_EXPECT))
		m->expect_continue = false;
}

static enum step_result end_request(struct stream *s, enum rule_verdict v,
				    const struct rule_answer *a)
{
	switch (v) {
	case RULE_ANSWER:
		stream_note(s, BY_LOCAL, 'R');
		frontend_counters(s)->intercepted++;
		return send_answer(s, a);
	case RULE_DENY:
		stream_note(s, BY_PROXY, 'R');
		frontend_counters(s)->denied_requests++;
		if (s->be)
			s->be->be.thread[s->worker->thread].denied_requests++;
		return send_answer(s, a);
	case RULE_TARPIT:
		return start_tarpit(s, a);
	case RULE_REJECT:
	case RULE_SILENT:
		stream_note(s, BY_PROXY, 'R');
		frontend_counters(s)->denied_requests++;
		if (v == RULE_SILENT)
			front_forget(s->front_connection);
		return reply_abort(s);
	default:
		return failed(s, 'R');
	}
}

/* The rule that ended it is for last_rule_line. */
static enum rule_verdict run(struct stream *s, const struct rule_list *list,
			     struct rule_context *ctx)
{
	const struct rule *by = NULL;
	enum rule_verdict v = rules_run(list, ctx, &by);

	if (v != RULE_NEXT && stream_rules(s))
		s->rules->last = by;
	return v;
}

static enum step_result run_on_request(struct stream *s, const struct rule_list *list)
{
	struct rule_context ctx;
	struct rule_answer a;
	enum rule_verdict v;

	if (!list->first)
		return STEP_NEXT;
	if (s->rules && s->rules->is_tarpit)
		return go_on_with_tarpit(s);
	stream_fill_context(s, &ctx);
	ctx.answer = &a;
	v = run(s, list, &ctx);
	settle_request(&s->front.message);
	return v == RULE_NEXT || v == RULE_ALLOW ? STEP_NEXT : end_request(s, v, &a);
}

enum step_result rules_run_on_request(struct stream *s, struct proxy *px)
{
	const struct model_rules *rules = px->conf->rules;
	enum step_result r = STEP_NEXT;

	if (rules)
		r = run_on_request(s, &rules->lists[RULES_HTTP_REQUEST]);
	if (r != STEP_NEXT)
		return r;
	if (service_wanted(px->conf->stats, s->front.message.target)) {
		s->service = service_find("stats");
		s->service_proxy = px;
		s->step = STEP_SERVE;
		return STEP_GOTO;
	}
	return rules ? run_on_request(s, &rules->lists[RULES_REDIRECT]) : STEP_NEXT;
}

struct server *rules_use_server(struct stream *s, struct server *otherwise)
{
	struct rule_context ctx;

	stream_fill_context(s, &ctx);
	for (const struct use_server *u = s->be->conf->use_servers; u; u = u->next) {
		struct server *srv = NULL;
		struct span name;

		scratch_release(ctx.scratch, 0);
		if (!condition_holds(u->condition, &ctx))
			continue;
		if (!u->format)
			srv = &s->be->servers[u->server->index];
		else if (log_format_build(u->format, &ctx, &name))
			srv = proxy_find_server(s->be, name);
		if (srv && server_may_persist(srv) && !(srv->admin & SERVER_MAINT_ANY))
			return srv;
	}
	return otherwise;
}

/* ---- responses ---- */

static bool has_list(const struct model_proxy *conf, enum rule_set set)
{
	return conf->rules && conf->rules->lists[set].first;
}

static enum step_result end_response(struct stream *s, enum rule_verdict v,
				     const struct rule_answer *a)
{
	unsigned int thread = s->worker->thread;

	if (v == RULE_ANSWER) {
		stream_note(s, BY_LOCAL, 'H');
		return send_answer(s, a);
	}
	if (v == RULE_SILENT)
		front_forget(s->front_connection);
	if (v != RULE_DENY && v != RULE_SILENT)
		return failed(s, 'H');
	stream_note(s, BY_PROXY, 'H');
	frontend_counters(s)->denied_responses++;
	s->be->be.thread[thread].denied_responses++;
	s->server->counters.thread[thread].denied_responses++;
	return v == RULE_SILENT ? reply_abort(s) : send_answer(s, a);
}

enum step_result rules_http_response(struct stream *s)
{
	const struct model_proxy *confs[] = {s->be->conf, s->fe->conf};
	struct rule_context ctx;
	struct rule_answer a;

	stream_fill_context(s, &ctx);
	ctx.answer = &a;
	for (unsigned int i = 0; i < (s->be == s->fe ? 1u : 2u); i++) {
		enum rule_verdict v;

		if (!has_list(confs[i], RULES_HTTP_RESPONSE))
			continue;
		scratch_release(ctx.scratch, 0);
		v = run(s, &confs[i]->rules->lists[RULES_HTTP_RESPONSE], &ctx);
		if (v != RULE_NEXT && v != RULE_ALLOW)
			return end_response(s, v, &a);
		if (v == RULE_ALLOW)
			break;
	}
	scratch_release(ctx.scratch, 0);
	return STEP_NEXT;
}

bool rules_after_response(struct stream *s, struct message *m)
{
	const struct model_proxy *confs[] = {s->be ? s->be->conf : s->fe->conf, s->fe->conf};
	size_t mark = scratch_mark(&s->worker->rule_scratch); /* the answer's body may be there */
	enum rule_verdict v = RULE_NEXT;
	struct rule_context ctx;
	struct rule_answer a;

	stream_fill_context(s, &ctx);
	scratch_release(ctx.scratch, mark);
	ctx.response = m;
	ctx.answer = &a;
	for (unsigned int i = 0; v == RULE_NEXT && i < (confs[0] == confs[1] ? 1u : 2u); i++) {
		if (has_list(confs[i], RULES_HTTP_AFTER))
			v = run(s, &confs[i]->rules->lists[RULES_HTTP_AFTER], &ctx);
		scratch_release(ctx.scratch, mark);
	}
	return v == RULE_NEXT || v == RULE_ALLOW;
}
