/* SPDX-License-Identifier: MIT */
/*
 * Body bytes both ways. Nothing is buffered beyond one receive: while the receiving side has a send
 * pending, the sending side is not asked for more, so a slow reader slows the writer down.
 */
#include "proxy/pump.h"

#include "proxy/back.h"
#include "proxy/front.h"
#include "proxy/reply.h"
#include "proxy/steps.h"

#include <errno.h>

enum take_result pump_take_request(struct stream *s, struct span *piece)
{
	enum take_result r = s->front.codec->take(&s->front, piece);

	if (piece->len == 0 || !s->replayable)
		return r;
	if (s->replay.max_bytes == 0)
		buffer_init(&s->replay, s->worker->program->model->global.tune.bufsize);
	buffer_add_span(&s->replay, *piece);
	if (s->replay.failed) {
		s->replayable = false;
		buffer_fini(&s->replay);
	}
	return r;
}

static enum take_result take(struct stream *s, struct endpoint *from, struct span *piece)
{
	return from == &s->front ? pump_take_request(s, piece) : from->codec->take(from, piece);
}

static enum pump_result pump_move(struct stream *s, struct endpoint *from, struct endpoint *to)
{
	while (!to->sent_last) {
		struct span piece;
		enum take_result r;
		int error;

		if (to->error || to->deaf)
			return PUMP_TO_FAILED;
		if (to->blocked)
			return PUMP_WAITING;
		r = take(s, from, &piece);
		if (r == TAKE_BAD)
			return PUMP_BAD;
		if (r == TAKE_TRUNCATED || (r == TAKE_NOTHING && from->error))
			return PUMP_FROM_FAILED;
		if (r == TAKE_NOTHING) {
			endpoint_want(from);
			return PUMP_WAITING;
		}
		if (r == TAKE_LAST && from->chunked.trailers &&
		    h1_chunked_trailers(&from->chunked, &to->trailers, &s->arena) != 0)
			return PUMP_FROM_FAILED;
		if (to->codec->send(to, piece, r == TAKE_LAST, &error) == IO_FAILED) {
			endpoint_send_failed(to, error);
			return PUMP_TO_FAILED;
		}
	}
	if (to->error || to->deaf)
		return PUMP_TO_FAILED;
	return to->blocked ? PUMP_WAITING : PUMP_DONE;
}

enum pump_result pump_request(struct stream *s)
{
	uint64_t before = s->back.bytes_out;
	enum pump_result r = pump_move(s, &s->front, &s->back);

	if (r != PUMP_WAITING)
		return r;
	if (s->back.blocked)
		front_arm(s->front_connection, 0); /* the server is waited for, not the client */
	else if (s->back.bytes_out != before || !timer_is_set(&s->front_connection->timer))
		front_arm(s->front_connection, s->fe->conf->timeout.client);
	return r;
}

/* The answer's head and what there is of its body, in one write. */
static enum pump_result start_answer(struct stream *s)
{
	struct span piece;
	enum take_result r = s->back.codec->take(&s->back, &piece);
	int error;

	if (r == TAKE_BAD)
		return PUMP_BAD;
	if (r == TAKE_LAST && s->back.chunked.trailers &&
	    h1_chunked_trailers(&s->back.chunked, &s->front.trailers, &s->arena) != 0)
		return PUMP_FROM_FAILED;
	if (s->front.codec->send_head(&s->front, &s->back.message, piece, r == TAKE_LAST, &error) ==
	    IO_FAILED) {
		endpoint_send_failed(&s->front, error);
		return PUMP_TO_FAILED;
	}
	return r == TAKE_TRUNCATED ? PUMP_FROM_FAILED : PUMP_WAITING;
}

static bool is_tunnel(const struct stream *s)
{
	return !stream_is_http(s) || s->back.message.framing == BODY_TUNNEL;
}

/* Client and server timeouts, or the tunnel's, start again where bytes moved. */
static void arm(struct stream *s)
{
	const struct model_timeouts *fe = &s->fe->conf->timeout, *be = &s->be->conf->timeout;
	uint32_t client = fe->client, server = be->server;

	if (is_tunnel(s) && be->tunnel)
		client = server = be->tunnel;
	if (s->front.ended && fe->client_fin)
		client = fe->client_fin;
	if (s->back.ended && be->server_fin)
		server = be->server_fin;
	/* the client is waited for while it sends a body, or does not take what it gets */
	if (s->front.phase != PHASE_DONE || s->front.blocked)
		front_arm(s->front_connection, client);
	else
		front_arm(s->front_connection, 0);
	stream_arm(s, s->back.phase != PHASE_DONE || s->back.blocked ? server : 0);
}

static enum step_result cut_off(struct stream *s, enum pump_result answer, enum pump_result request)
{
	struct counters *fe = &s->fe->fe.thread[s->worker->thread],
			*be = &s->be->be.thread[s->worker->thread];
	char state = s->back.phase == PHASE_DONE ? 'L' : 'D';

	if (s->killed) {
		stream_note(s, BY_KILL, state);
	} else if (s->client_expired) {
		stream_note(s, BY_CLIENT_TIMEOUT, state);
	} else if (s->timer_expired) {
		stream_note(s, BY_SERVER_TIMEOUT, state);
	} else if (answer == PUMP_FROM_FAILED || answer == PUMP_BAD || request == PUMP_TO_FAILED) {
		stream_note(s, BY_SERVER, state);
		be->server_aborts++;
		s->server->counters.thread[s->worker->thread].server_aborts++;
	} else {
		stream_note(s, BY_CLIENT, state);
		fe->client_aborts++;
		be->client_aborts++;
		s->server->counters.thread[s->worker->thread].client_aborts++;
	}
	/* what the client can still take of the answer is sent to it */
	back_release(s, false);
	s->close_client = true;
	s->step = STEP_FLUSH;
	return STEP_GOTO;
}

/* The server's connection may serve again: all was read, all was sent, both sides said so. */
static bool reusable(const struct stream *s)
{
	return stream_is_http(s) && s->back.message.persistent &&
	       s->back.message.framing != BODY_UNTIL_CLOSE &&
	       s->back.message.framing != BODY_TUNNEL && s->back.at_hand.len == 0 &&
	       !s->back.ended && !s->back.error && s->back.sent_last && !s->back.blocked &&
	       s->be->conf->connection_mode == HTTP_KEEP_ALIVE &&
	       s->fe->conf->connection_mode == HTTP_KEEP_ALIVE;
}

static bool failed(enum pump_result r)
{
	return r != PUMP_WAITING && r != PUMP_DONE;
}

enum step_result step_pump(struct stream *s)
{
	uint64_t before = s->front.bytes_out + s->back.bytes_out;
	enum pump_result answer = PUMP_WAITING, request;
	bool finished;

	if (s->killed || s->client_expired || s->timer_expired)
		return cut_off(s, PUMP_WAITING, PUMP_WAITING);
	/* an interim answer may still be on its way */
	if (stream_is_http(s) && !s->front.head_sent && !s->front.blocked)
		answer = start_answer(s);
	if (answer == PUMP_WAITING)
		answer = pump_move(s, &s->back, &s->front);
	request = pump_request(s);
	/* a server may answer and not read the rest of a request; a client that broke off gets
	 * nothing more */
	if (failed(answer) || (failed(request) && request != PUMP_TO_FAILED))
		return cut_off(s, answer, request);
	/* an answer that is read whole needs the server no more, however slow the client takes it
	 */
	finished =
	    is_tunnel(s) ? answer == PUMP_DONE && request != PUMP_WAITING : s->front.sent_last;
	if (!finished) {
		if (s->front.bytes_out + s->back.bytes_out != before || !timer_is_set(&s->timer))
			arm(s);
		return STEP_WAIT;
	}
	if (request != PUMP_DONE || is_tunnel(s) || s->back.message.framing == BODY_UNTIL_CLOSE)
		s->close_client = true;
	stream_arm(s, 0);
	back_release(s, request == PUMP_DONE && reusable(s));
	return STEP_NEXT;
}

enum step_result step_flush(struct stream *s)
{
	if (s->front.error || s->client_expired || s->killed)
		return STEP_NEXT;
	if (s->answered_here && !reply_continue(s)) {
		front_arm(s->front_connection, s->fe->conf->timeout.client);
		return STEP_WAIT;
	}
	if (!s->front.blocked)
		return STEP_NEXT;
	front_arm(s->front_connection, s->fe->conf->timeout.client);
	return STEP_WAIT;
}
