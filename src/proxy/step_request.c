/* SPDX-License-Identifier: MIT */
/*
 * The client's half of a request: reading its head, the frontend's rules, and the services that
 * halb answers itself.
 */
#include "proxy/capture.h"
#include "proxy/error_capture.h"
#include "proxy/front.h"
#include "proxy/reply.h"
#include "proxy/rules.h"
#include "proxy/service.h"
#include "proxy/steps.h"

#include <errno.h>

/* There is no request to speak of: it is counted as one that was bad. */
static void count_bad(struct stream *s)
{
	struct counters *c = &s->fe->fe.thread[s->worker->thread];

	c->bad_requests++;
	c->requests++;
	s->front.message = (struct message){0};
	s->close_client = true;
}

/* The client went away, or took too long, before its request was whole. */
static enum step_result incomplete(struct stream *s)
{
	count_bad(s);
	if (s->client_expired) {
		stream_note(s, BY_CLIENT_TIMEOUT, 'R');
		return reply_error(s, REPLY_408);
	}
	stream_note(s, BY_CLIENT, 'R');
	return reply_error(s, REPLY_400);
}

static enum step_result bad_request(struct stream *s)
{
	if (s->front.error == -ENOMEM) {
		stream_note(s, BY_RESOURCE, 'R');
		return reply_abort(s);
	}
	error_capture_request(s);
	count_bad(s);
	stream_note(s, BY_PROXY, 'R');
	return reply_error(s,
			   reply_of_status(h1_fault_status((enum h1_fault)s->front.parser.fault)));
}

static void head_is_there(struct stream *s)
{
	struct worker *w = s->worker;
	struct counters *c = &s->fe->fe.thread[w->thread];

	s->head_us = w->loop.now_us;
	endpoint_start_body(&s->front);
	c->requests++;
	rate_count(&c->request_rate, w->loop.now_ms);
	counter_max(&s->fe->fe.request_rate_max, rate_per_second(&c->request_rate, w->loop.now_ms));
	s->front_connection->requests++;
	front_arm(s->front_connection, 0);
}

enum step_result step_read_head(struct stream *s)
{
	const struct model *m = s->worker->program->model;
	struct h1_options o = {.max_bytes = m->global.tune.bufsize - m->global.tune.maxrewrite,
			       .max_headers = m->global.tune.http_maxhdr,
			       .relaxed = (s->fe->conf->options & OPTION_UNSAFE_REQUEST) != 0};

	if (s->client_expired || s->front.error)
		return incomplete(s);
	switch (endpoint_read_head(&s->front, &o, false, HTTP_OTHER)) {
	case PARSE_BAD:
		return bad_request(s);
	case PARSE_MORE:
		if (s->front.ended)
			return incomplete(s);
		endpoint_want(&s->front);
		return STEP_WAIT;
	default:
		head_is_there(s);
		return STEP_NEXT;
	}
}

static void capture(struct stream *s)
{
	const struct model_proxy *conf = s->fe->conf;

	if (conf->n_request_captures && !s->request_captures) /* a tarpit brings it here again */
		s->request_captures = capture_fields(&s->front.message, conf->request_captures,
						     conf->n_request_captures, &s->arena);
	if (conf->capture_cookie.p)
		s->capture_cookie_request = capture_cookie(&s->front.message, conf);
}

enum step_result step_request_rules(struct stream *s)
{
	const struct model_proxy *conf = s->fe->conf;

	if (conf->monitor_uri.p && span_equal(s->front.message.target, conf->monitor_uri)) {
		s->logged = true; /* as haproxy: not for the logs */
		return reply_error(s, REPLY_200);
	}
	capture(s);
	return rules_on_request(s, s->fe);
}

/* A service wants the request's body whole, in s->body. */
static enum step_result gather_body(struct stream *s)
{
	if (s->body.max_bytes == 0) {
		buffer_init(&s->body, SERVICE_MAX_BODY);
		front_arm(s->front_connection, s->fe->conf->timeout.client);
	}
	for (;;) {
		struct span piece;
		enum take_result r = s->front.codec->take(&s->front, &piece);

		if (r == TAKE_PIECE || r == TAKE_LAST)
			buffer_add_span(&s->body, piece);
		if (s->body.failed)
			return reply_error(s, REPLY_413);
		if (r == TAKE_LAST)
			return STEP_NEXT;
		if (r == TAKE_PIECE)
			continue;
		if (r == TAKE_BAD)
			return bad_request(s);
		if (r == TAKE_TRUNCATED || s->front.error || s->client_expired)
			return incomplete(s);
		endpoint_want(&s->front);
		return STEP_WAIT;
	}
}

static enum step_result answer(struct stream *s)
{
	struct rule_context ctx;
	struct service_request q = {.worker = s->worker,
				    .proxy = s->service_proxy,
				    .request = &s->front.message,
				    .context = &ctx,
				    .body = buffer_span(&s->body)};
	struct service_reply r = {.status = 200};
	enum step_result result;

	stream_fill_context(s, &ctx);
	buffer_init(&r.headers, 16384);
	buffer_init(&r.body, SERVICE_MAX_REPLY);
	s->service->answer(&q, &r);
	s->pseudo_server = s->service->pseudo_server;
	s->queue_us = s->connect_us = s->response_us = s->worker->loop.now_us;
	stream_note(s, BY_LOCAL, 'R');
	s->fe->fe.thread[s->worker->thread].intercepted++;
	if (r.headers.failed || r.body.failed)
		result = reply_error(s, REPLY_500);
	else
		result = reply_send(s, r.status, buffer_span(&r.headers), buffer_span(&r.body));
	buffer_fini(&r.headers);
	buffer_fini(&r.body);
	return result;
}

enum step_result step_serve(struct stream *s)
{
	if (!s->service)
		return STEP_NEXT;
	if (gather_body(s) == STEP_NEXT)
		return answer(s);
	return s->step == STEP_SERVE ? STEP_WAIT : STEP_GOTO;
}

enum step_result step_skip(struct stream *s)
{
	(void)s;
	return STEP_NEXT;
}
