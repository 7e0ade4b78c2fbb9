/* SPDX-License-Identifier: MIT */
/*
 * The server's half of a request: waiting for its answer, interim answers, what an answer that does
 * not come means, and what is changed in it.
 */
#include "proxy/attempt.h"
#include "proxy/back.h"
#include "proxy/capture.h"
#include "proxy/error_capture.h"
#include "proxy/front.h"
#include "proxy/persist.h"
#include "proxy/pump.h"
#include "proxy/reply.h"
#include "proxy/rules.h"
#include "proxy/steps.h"

#define MAX_INTERIMS 100 /* of one request */

/* Interim answers (RFC 9110 section 15.2) go on to clients that know them. False where the client
 * is gone. */
static bool forward_interim(struct stream *s)
{
	int error;

	s->response_us = 0;
	if (s->front.message.version >= HTTP_1_1 && !s->front.blocked) {
		message_strip_hop_by_hop(&s->back.message, false);
		s->front.connection_field = H1_CONNECTION_NONE;
		if (s->front.codec->send_head(&s->front, &s->back.message, SPAN_NONE, false,
					      &error) == IO_FAILED) {
			s->front.error = error;
			return false;
		}
		s->front.head_sent = false;
	}
	endpoint_reset_received(&s->back);
	return true;
}

static enum step_result client_left(struct stream *s)
{
	stream_note(s, s->client_expired ? BY_CLIENT_TIMEOUT : BY_CLIENT, 'H');
	s->fe->fe.thread[s->worker->thread].client_aborts++;
	s->be->be.thread[s->worker->thread].client_aborts++;
	s->server->counters.thread[s->worker->thread].client_aborts++;
	if (s->client_expired)
		return reply_error(s, REPLY_408);
	return reply_abort(s);
}

static bool client_is_gone(const struct stream *s)
{
	if (s->front.error || s->client_expired)
		return true;
	return s->front.ended && (s->be->conf->options & OPTION_ABORTONCLOSE) &&
	       s->front.phase == PHASE_DONE;
}

/* What stops the wait for an answer; STEP_NEXT where nothing does. */
static enum step_result interrupted(struct stream *s)
{
	if (s->killed)
		return attempt_failed(s, ATTEMPT_KILLED);
	if (client_is_gone(s))
		return client_left(s);
	if (s->timer_expired && attempt_time_is_up(s))
		return attempt_failed(s, ATTEMPT_SILENT);
	if (attempt_should_move(s) && !endpoint_has_bytes(&s->back))
		return attempt_failed(s, ATTEMPT_SUSPECT);
	return STEP_NEXT;
}

/* A server that does not take the request's body has as long as one that does not answer. */
static void wait_for_room(struct stream *s, bool moved)
{
	if (!s->back.blocked)
		stream_arm(s, 0);
	else if (moved || (!timer_is_set(&s->timer) && !s->timer_expired))
		attempt_start_waiting(s);
}

/* The request's body goes on while its answer is awaited. STEP_NEXT where it is (or its rest need
 * not be) sent. */
static enum step_result send_on(struct stream *s)
{
	uint64_t before = s->back.bytes_out;

	switch (pump_request(s)) {
	case PUMP_FROM_FAILED:
		return client_left(s);
	case PUMP_BAD:
		s->fe->fe.thread[s->worker->thread].bad_requests++;
		stream_note(s, BY_CLIENT, 'D');
		return reply_error(s, REPLY_400);
	case PUMP_DONE:
	case PUMP_TO_FAILED: /* it may have answered all the same */
		if (!s->request_sent) {
			s->request_sent = true;
			front_arm(s->front_connection, 0);
			attempt_start_waiting(s);
			endpoint_want(&s->front); /* to learn when the client goes away */
		}
		return STEP_NEXT;
	default:
		wait_for_room(s, s->back.bytes_out != before);
		return STEP_NEXT;
	}
}

/* A switch of protocols that nobody asked for is no answer (RFC 9110 section 15.2.2). */
static enum step_result final_answer(struct stream *s)
{
	unsigned int status = s->back.message.status;

	if (status == 101 && !s->front.message.upgrade)
		return attempt_failed(s, ATTEMPT_JUNK);
	if (attempt_wants_other_answer(s, status))
		return attempt_failed(s, ATTEMPT_STATUS);
	return STEP_NEXT;
}

enum step_result step_read_response(struct stream *s)
{
	struct h1_options o = {.max_bytes = s->worker->program->model->global.tune.bufsize,
			       .max_headers = s->worker->program->model->global.tune.http_maxhdr,
			       .relaxed = (s->be->conf->options & OPTION_UNSAFE_RESPONSE) != 0};
	enum step_result r = send_on(s);

	if (r == STEP_NEXT)
		r = interrupted(s);
	if (r != STEP_NEXT)
		return r;
	for (;;) {
		switch (endpoint_read_head(&s->back, &o, true, s->front.message.method)) {
		case PARSE_BAD:
			error_capture_response(s);
			return attempt_failed(s, s->back.error ? ATTEMPT_NO_MEMORY : ATTEMPT_JUNK);
		case PARSE_MORE:
			if (s->back.ended || s->back.error)
				return attempt_failed(s, s->back.partial ? ATTEMPT_JUNK
									 : ATTEMPT_EMPTY);
			endpoint_want(&s->back);
			return STEP_WAIT;
		default:
			break;
		}
		if (s->back.message.status >= 200 || s->back.message.framing == BODY_TUNNEL)
			return final_answer(s);
		if (++s->interims > MAX_INTERIMS)
			return attempt_failed(s, ATTEMPT_JUNK);
		if (!forward_interim(s))
			return client_left(s);
	}
}

/* Whether the client's connection lives on, and how that and the body's end are told. */
static void decide_framing(struct stream *s)
{
	struct message *m = &s->back.message;
	const struct message *q = &s->front.message;

	endpoint_start_body(&s->back);
	if (m->framing == BODY_CHUNKED && q->version == HTTP_1_0)
		m->framing = BODY_UNTIL_CLOSE;
	if (m->framing == BODY_UNTIL_CLOSE || !q->persistent ||
	    s->fe->conf->connection_mode == HTTP_CLOSE ||
	    s->be->conf->connection_mode == HTTP_CLOSE || s->front_connection->ended ||
	    atomic_load_explicit(&s->worker->program->stopping, memory_order_relaxed))
		s->close_client = true;
	if (m->framing == BODY_TUNNEL)
		s->front.connection_field =
		    m->status == 101 ? H1_CONNECTION_UPGRADE : H1_CONNECTION_NONE;
	else if (s->close_client)
		s->front.connection_field = H1_CONNECTION_CLOSE;
	else if (q->version == HTTP_1_0)
		s->front.connection_field = H1_CONNECTION_KEEP_ALIVE;
	else
		s->front.connection_field = H1_CONNECTION_NONE;
}

/* After a switch of protocols the client's bytes are a tunnel's too. */
static void open_tunnel(struct stream *s)
{
	s->front.message.framing = s->front.framing_in = BODY_TUNNEL;
	s->front.phase = PHASE_BODY;
	s->back.framing_out = BODY_TUNNEL;
	s->back.sent_last = false;
}

static void count(struct stream *s)
{
	unsigned int thread = s->worker->thread, status = s->back.message.status;

	uint64_t now = s->worker->loop.now_ms;

	s->front_connection->last_server = s->server;
	s->status = status;
	s->response_us = s->worker->loop.now_us;
	if (now - atomic_load_explicit(&s->server->answered_ms, memory_order_relaxed) > 16)
		atomic_store_explicit(&s->server->answered_ms, now, memory_order_relaxed);
	counters_add_status(&s->server->counters.thread[thread], status);
	if (status < 500 || status == 501 || status == 505)
		server_traffic_good(s->server, OBSERVE_LAYER7);
	else
		server_traffic_error(s->server, stream_loop(s), OBSERVE_LAYER7,
				     "Wrong http response");
}

/* For the log, before anything is changed: 20 bytes and the words of the status line, names and
 * values, one byte for the end. */
static void note_head_bytes(struct stream *s)
{
	const struct message *m = &s->back.message;

	s->shown_extra = 20 + 8 + 3 + (int)m->reason.len + 1;
	for (unsigned int i = 0; i < m->headers.n; i++)
		if (m->headers.v[i].token != HEADER_CONNECTION)
			s->shown_extra +=
			    (int)(m->headers.v[i].name.len + m->headers.v[i].value.len);
}

/* NTLM and Negotiate authenticate the connection, not the request: it must serve nobody else from
 * now on. */
static bool authenticates_connection(const struct message *m)
{
	struct span name = m->status == 401 ? SPAN("www-authenticate") : SPAN("proxy-authenticate");
	const struct header *h;
	unsigned int at = 0;

	if (m->status != 401 && m->status != 407)
		return false;
	while ((h = header_next_named(&m->headers, name, &at)))
		if (span_starts_with_nocase(h->value, SPAN("ntlm")) ||
		    span_starts_with_nocase(h->value, SPAN("negotiate")))
			return true;
	return false;
}

enum step_result step_response_rules(struct stream *s)
{
	const struct model_proxy *conf = s->fe->conf;
	bool rules = conf->rules != NULL || s->be->conf->rules != NULL;
	struct message *m = &s->back.message;

	count(s);
	if (s->fe->logs.n)
		note_head_bytes(s);
	buffer_fini(&s->replay);
	stream_arm(s, 0);
	if (conf->n_response_captures)
		s->response_captures = capture_fields(m, conf->response_captures,
						      conf->n_response_captures, &s->arena);
	if (conf->capture_cookie.p)
		s->capture_cookie_response = capture_cookie(m, conf);
	s->private_connection = s->private_connection || authenticates_connection(m);
	if (unlikely(rules)) {
		enum step_result r = rules_http_response(s);

		if (r != STEP_NEXT)
			return r;
	}
	decide_framing(s);
	if (m->framing == BODY_TUNNEL)
		open_tunnel(s);
	message_strip_hop_by_hop(m, m->framing == BODY_TUNNEL);
	if (persist_response(s) != 0) {
		stream_note(s, BY_RESOURCE, 'H');
		return reply_error(s, REPLY_500);
	}
	if (unlikely(rules) && !rules_after_response(s, m)) {
		stream_note(s, BY_INTERNAL, 'H');
		return reply_error(s, REPLY_500);
	}
	step_log_soon(s);
	return STEP_NEXT;
}
