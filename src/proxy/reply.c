/* SPDX-License-Identifier: MIT */
/*
 * Answers made here. The head and a first part of the body go out in one write; a body that is
 * longer than that is sent on by step_flush, piece by piece, as the client takes it.
 */
#include "proxy/reply.h"

#include "proxy/back.h"
#include "proxy/front.h"
#include "proxy/rules.h"
#include "proxy/steps.h"

#include "rule/reply.h"

#include "proto/h1_parse.h"

#include <errno.h>

#define PIECE_BYTES (64 * 1024)
#define REWRITE_BYTES 8192 /* what http-after-response rules may add to a head */

static const struct builtin_reply {
	const char *reason, *text;
	bool close;
} builtin_replies[REPLY_KINDS] = {
    [REPLY_200] = {"OK", "Service ready.", false},
    [REPLY_400] = {"Bad request", "Your browser sent an invalid request.", true},
    [REPLY_401] = {"Unauthorized", "You need a valid user and password to access this content.",
		   false},
    [REPLY_403] = {"Forbidden", "Request forbidden by administrative rules.", false},
    [REPLY_404] = {"Not Found", "The resource could not be found.", false},
    [REPLY_405] = {"Method Not Allowed", "This method is not allowed for the resource.", false},
    [REPLY_407] = {"Proxy Authentication Required", "The proxy wants a user and a password.",
		   false},
    [REPLY_408] = {"Request Time-out", "Your browser didn't send a complete request in time.",
		   true},
    [REPLY_410] = {"Gone", "The resource is no longer available and will not be available again.",
		   false},
    [REPLY_413] = {"Payload Too Large", "The request is larger than what this server takes.", true},
    [REPLY_425] = {"Too Early", "Your browser sent early data.", false},
    [REPLY_429] = {"Too Many Requests",
		   "You have sent too many requests in a given amount of time.", false},
    [REPLY_500] = {"Internal Server Error", "An internal server error occurred.", false},
    [REPLY_501] = {"Not Implemented", "The server does not support what the request needs.", false},
    [REPLY_502] = {"Bad Gateway", "The server returned an invalid or incomplete response.", false},
    [REPLY_503] = {"Service Unavailable", "No server is available to handle this request.", false},
    [REPLY_504] = {"Gateway Time-out", "The server didn't respond in time.", false},
};

/* Nothing more is wanted from the server; what the client still sends of its request cannot be told
 * from the next one. */
static void end_request(struct stream *s)
{
	if (s->back_connection)
		back_release(s, false);
	if (s->front.phase != PHASE_DONE)
		s->close_client = true;
	s->answered_here = true;
	s->step = STEP_FLUSH;
}

/* haproxy's logs count heads as it holds them: 20 bytes and the words of the first line, names and
 * values, one byte for their end; without a Connection field, which it adds last. */
static int head_bytes_shown(struct span head)
{
	static const struct span close_field = {"\r\nconnection: close", 19};
	int fields = -2; /* of all lines, the first and the last are none */

	for (size_t at = 0; at < head.len; at++)
		fields += head.p[at] == '\n';
	return (int)head.len + 15 - 4 * fields -
	       (span_find_span(head, close_field) < head.len ? 15 : 0);
}

/* Sends bytes to the client; keeps none of the caller's memory. */
static enum step_result send_now(struct stream *s, struct span head, struct span body)
{
	struct iovec iov[2] = {{(void *)(uintptr_t)head.p, head.len},
			       {(void *)(uintptr_t)body.p, body.len}};
	struct endpoint *e = &s->front;
	int error;
	enum io_result r;

	if (e->blocked) { /* by interim answers that the client does not take */
		e->error = -ECONNABORTED;
		return STEP_GOTO;
	}
	r = connection_send(e->connection, iov, body.len ? 2 : 1, false, &error);
	if (!e->head_sent)
		s->shown_extra = head_bytes_shown(head) - (int)head.len;
	e->head_sent = true;
	if (r == IO_FAILED) {
		e->error = error;
		return STEP_GOTO;
	}
	e->bytes_out += head.len + body.len;
	e->blocked = r == IO_PENDING;
	return STEP_GOTO;
}

/* The head after http-after-response rules, in the stream's arena; as it was where they fail. */
static struct span rewritten(struct stream *s, struct span head)
{
	struct h1_options in = {
	    .max_bytes = head.len, .max_headers = H1_MAX_HEADERS, .relaxed = true};
	struct h1_write_options out = {.connection = s->close_client ? H1_CONNECTION_CLOSE
						     : s->front.message.version == HTTP_1_0
							 ? H1_CONNECTION_KEEP_ALIVE
							 : H1_CONNECTION_NONE};
	size_t room = head.len + REWRITE_BYTES;
	struct h1_parser parser = {0};
	struct message m = {0};
	struct buffer b;
	char *p = arena_bytes(&s->arena, room);

	m.headers.v = arena_array(&s->arena, H1_MAX_HEADERS, sizeof(struct header));
	m.headers.cap = H1_MAX_HEADERS;
	if (!p || !m.headers.v || h1_parse_response(&parser, head, &in, HTTP_GET, &m) != PARSE_OK ||
	    !rules_after_response(s, &m))
		return head;
	buffer_init_fixed(&b, p, room);
	h1_write_response(&b, &m, &out);
	s->status = m.status;
	return b.failed ? head : buffer_span(&b);
}

static enum step_result send_head(struct stream *s, struct span head, struct span body)
{
	if (rules_any(s) && head.len) {
		char *copy = arena_copy(&s->arena, head); /* it may stand in memory of the worker's
							   */

		if (copy)
			head = rewritten(s, span_make(copy, head.len));
	}
	return send_now(s, head, body);
}

static bool wants_close(const struct stream *s)
{
	return s->close_client || !s->front.message.persistent ||
	       s->fe->conf->connection_mode == HTTP_CLOSE || s->front_connection->ended ||
	       atomic_load_explicit(&s->worker->program->stopping, memory_order_relaxed);
}

enum step_result reply_send(struct stream *s, unsigned int status, struct span headers,
			    struct span body)
{
	bool no_body = s->front.message.method == HTTP_HEAD;
	struct buffer head;
	size_t first;

	end_request(s);
	s->status = status;
	buffer_init_fixed(&head, s->worker->scratch, s->worker->scratch_bytes);
	buffer_add_text(&head, "HTTP/1.1 ");
	buffer_add_u64(&head, status);
	buffer_add_char(&head, ' ');
	buffer_add_text(&head, http_reason_or_class(status));
	buffer_add_text(&head, "\r\ncontent-length: ");
	buffer_add_u64(&head, body.len);
	buffer_add_text(&head, "\r\n");
	buffer_add_span(&head, headers);
	if (wants_close(s)) {
		s->close_client = true;
		buffer_add_text(&head, "connection: close\r\n");
	} else if (s->front.message.version == HTTP_1_0) {
		buffer_add_text(&head, "connection: keep-alive\r\n");
	}
	buffer_add_text(&head, "\r\n");
	if (head.failed)
		return reply_error(s, REPLY_500);
	if (no_body)
		body = SPAN_NONE;
	first = body.len < PIECE_BYTES ? body.len : PIECE_BYTES;
	if (first < body.len) {
		buffer_init(&s->answer, body.len);
		buffer_add_span(&s->answer, span_slice(body, first, body.len));
		if (s->answer.failed)
			return reply_abort(s);
	}
	return send_head(s, buffer_span(&head), span_slice(body, 0, first));
}

bool reply_continue(struct stream *s)
{
	while (s->answer_sent < s->answer.len && !s->front.blocked && !s->front.error) {
		struct span piece =
		    span_slice(buffer_span(&s->answer), s->answer_sent, PIECE_BYTES);

		s->answer_sent += piece.len;
		send_now(s, piece, SPAN_NONE);
	}
	return (!s->front.blocked && s->answer_sent >= s->answer.len) || s->front.error != 0;
}

/* What the files say instead of the built-in words: the backend's first, then the frontend's. */
static const struct model_reply *configured(const struct stream *s, enum reply_kind kind)
{
	const struct model_reply *r = s->be ? s->be->conf->replies[kind] : NULL;

	return r ? r : s->fe->conf->replies[kind];
}

static enum step_result send_location(struct stream *s, const struct model_reply *r,
				      struct span fields)
{
	struct span line =
	    span_of(arena_printf(&s->arena, "cache-control: no-cache\r\nlocation: %.*s\r\n%.*s",
				 SPAN_ARG(r->location), SPAN_ARG(fields)));

	return reply_send(s, r->code, line, SPAN_NONE);
}

static enum step_result send_builtin(struct stream *s, enum reply_kind kind, struct span fields)
{
	const struct builtin_reply *b = &builtin_replies[kind];
	unsigned int status = reply_status(kind);
	char bytes[4096], body[512];
	struct buffer head, text;

	buffer_init_fixed(&text, body, sizeof(body));
	buffer_printf(&text, "<html><body><h1>%u %s</h1>\n%s\n</body></html>\n", status, b->reason,
		      b->text);
	buffer_init_fixed(&head, bytes, sizeof(bytes));
	buffer_printf(&head, "HTTP/1.1 %u %s\r\ncontent-length: %zu\r\ncache-control: no-cache\r\n",
		      status, b->reason, text.len);
	if (b->close || s->close_client || wants_close(s)) {
		s->close_client = true;
		buffer_add_text(&head, "connection: close\r\n");
	}
	buffer_add_text(&head, "content-type: text/html\r\n");
	if (kind == REPLY_401 && !fields.len)
		fields = SPAN("www-authenticate: Basic realm=\"Restricted area\"\r\n");
	buffer_add_span(&head, fields);
	buffer_add_text(&head, "\r\n");
	if (head.failed)
		return reply_abort(s);
	return send_head(s, buffer_span(&head),
			 s->front.message.method == HTTP_HEAD ? SPAN_NONE : buffer_span(&text));
}

/* Its framing is the file's own business: the connection ends with it. */
static enum step_result send_raw(struct stream *s, struct span raw, struct span fields)
{
	size_t head = span_find_span(raw, SPAN("\r\n\r\n")) + 4;
	struct span lines = span_slice(raw, 0, head - 2);
	char *more;

	s->close_client = true;
	if (fields.len && head <= raw.len) {
		more = arena_printf(&s->arena, "%.*s%.*s\r\n", SPAN_ARG(lines), SPAN_ARG(fields));
		return more ? send_head(s, span_of(more), span_slice(raw, head, raw.len))
			    : reply_abort(s);
	}
	if (head > raw.len)
		return send_now(s, raw, SPAN_NONE);
	return send_head(s, span_slice(raw, 0, head), span_slice(raw, head, raw.len));
}

enum step_result reply_raw(struct stream *s, unsigned int status, struct span raw)
{
	if (s->front.head_sent || !stream_is_http(s))
		return reply_abort(s);
	s->status = status;
	end_request(s);
	if (s->front.error || s->front.connection == NULL)
		return STEP_GOTO;
	return send_raw(s, raw, SPAN_NONE);
}

/* "http-error": an answer that is computed now. The built-in one where that cannot be. */
static enum step_result send_computed(struct stream *s, const struct model_reply *r,
				      enum reply_kind kind, struct span fields)
{
	struct rule_context ctx;
	struct rule_answer a;
	struct span head;

	stream_fill_context(s, &ctx);
	if (!reply_build(r->reply, &ctx, &a))
		return send_builtin(s, kind, fields);
	if (a.plain && a.errors && a.errors->proxy) {
		const struct model_http_errors *e = a.errors->proxy;

		if (e->replies[kind])
			return send_raw(s, e->replies[kind]->raw, fields);
	}
	if (a.raw.p)
		return send_raw(s, a.raw, fields);
	if (a.plain || a.headers.len + fields.len > REWRITE_BYTES)
		return send_builtin(s, kind, fields);
	head = a.headers;
	if (fields.len)
		head = span_of(
		    arena_printf(&s->arena, "%.*s%.*s", SPAN_ARG(a.headers), SPAN_ARG(fields)));
	return reply_send(s, reply_status(kind), head, a.body);
}

static enum step_result reply_with(struct stream *s, const struct model_reply *r,
				   enum reply_kind kind, struct span fields)
{
	if (s->front.head_sent || !stream_is_http(s))
		return reply_abort(s);
	s->status = reply_status(kind);
	end_request(s);
	if (s->front.error || s->front.connection == NULL)
		return STEP_GOTO;
	if (r && r->reply)
		return send_computed(s, r, kind, fields);
	if (r && r->location.p)
		return send_location(s, r, fields);
	if (r && r->raw.p)
		return send_raw(s, r->raw, fields);
	return send_builtin(s, kind, fields);
}

enum step_result reply_error_of(struct stream *s, enum reply_kind kind,
				const struct model_http_errors *errors, struct span fields)
{
	const struct model_reply *r = errors ? errors->replies[kind] : NULL;

	return reply_with(s, r ? r : configured(s, kind), kind, fields);
}

enum step_result reply_error(struct stream *s, enum reply_kind kind)
{
	return reply_with(s, configured(s, kind), kind, SPAN_NONE);
}

enum step_result reply_abort(struct stream *s)
{
	end_request(s);
	s->close_client = true;
	if (!s->front.error)
		s->front.error = -ECONNABORTED;
	return STEP_GOTO;
}
