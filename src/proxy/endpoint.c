/* SPDX-License-Identifier: MIT */
/*
 * What both codecs share: bytes that were received and not yet taken, and reading a head out of
 * them. Bytes at hand are the loop's while a callback runs; endpoint_keep copies what must outlive
 * it.
 */
#include "proxy/endpoint.h"

#include "proxy/stream.h"

#include <errno.h>
#include <stdlib.h>

void endpoint_init(struct endpoint *e, struct stream *s, const struct codec *codec)
{
	memset(e, 0, sizeof(*e));
	e->codec = codec;
	e->stream = s;
}

static void drop_kept(struct endpoint *e)
{
	free(e->kept);
	e->kept = NULL;
	e->at_hand = SPAN_NONE;
}

void endpoint_fini(struct endpoint *e)
{
	drop_kept(e);
}

void endpoint_reset_received(struct endpoint *e)
{
	e->parser = (struct h1_parser){0};
	e->phase = PHASE_HEAD;
	e->left = 0;
	e->chunked = (struct h1_chunked){0};
	e->partial = NULL;
	e->partial_bytes = 0;
	e->body_bytes = 0;
}

void endpoint_receive(struct endpoint *e, char *bytes, ssize_t n)
{
	if (n < 0) {
		e->error = (int)n;
	} else if (n == 0) {
		e->ended = true;
	} else {
		CHECK(e->at_hand.len == 0);
		drop_kept(e);
		e->at_hand = span_make(bytes, (size_t)n);
	}
}

void endpoint_send_failed(struct endpoint *e, int error)
{
	e->deaf = true;
	if (e == &e->stream->front)
		e->error = error;
}

void endpoint_keep(struct endpoint *e)
{
	char *copy;

	if (e->at_hand.len == 0 || e->kept)
		return;
	copy = malloc(e->at_hand.len);
	if (!copy) {
		e->error = -ENOMEM;
		e->at_hand = SPAN_NONE;
		return;
	}
	memcpy(copy, e->at_hand.p, e->at_hand.len);
	e->kept = copy;
	e->at_hand.p = copy;
}

void endpoint_want(struct endpoint *e)
{
	if (e->connection && e->at_hand.len == 0 && !e->ended && !e->error)
		connection_recv(e->connection);
}

/* The parser's scratch list becomes the message's own, with room for what rules add. */
static bool own_headers(struct endpoint *e)
{
	struct header_list *l = &e->message.headers;
	struct header *v = arena_raw(&e->stream->arena, (l->n + 8) * sizeof(*v));

	if (!v)
		return false;
	memcpy(v, l->v, l->n * sizeof(*v));
	l->v = v;
	l->cap = l->n + 8;
	return true;
}

/* An empty message, its fields to be parsed into v. */
static void start_message(struct endpoint *e, struct header *v, unsigned int cap)
{
	memset(&e->message, 0, sizeof(e->message));
	e->message.headers.v = v;
	e->message.headers.cap = cap;
}

static enum parse_result parse(struct endpoint *e, struct span in, const struct h1_options *o,
			       bool response, enum http_method to)
{
	return response ? h1_parse_response(&e->parser, in, o, to, &e->message)
			: h1_parse_request(&e->parser, in, o, &e->message);
}

/* The usual case: the whole head came in one piece. Its bytes are copied once, into the stream's
 * arena. */
static enum parse_result read_whole(struct endpoint *e, const struct h1_options *o, bool response,
				    enum http_method to)
{
	enum parse_result r;
	char *copy;

	start_message(e, e->stream->worker->headers, o->max_headers);
	r = parse(e, e->at_hand, o, response, to);
	if (r != PARSE_OK)
		return r;
	copy = arena_bytes(&e->stream->arena, e->parser.at);
	if (!copy || !own_headers(e)) {
		e->error = -ENOMEM;
		return PARSE_BAD;
	}
	memcpy(copy, e->at_hand.p, e->parser.at);
	message_rebase(&e->message, e->at_hand.p, e->parser.at, copy);
	e->at_hand = span_slice(e->at_hand, e->parser.at, e->at_hand.len);
	return PARSE_OK;
}

/* A head that comes in pieces is gathered at a place that does not move, and parsed into fields of
 * its own, so that the parser goes on where it was. */
static bool start_pieces(struct endpoint *e, const struct h1_options *o)
{
	struct header *v = arena_raw(&e->stream->arena, o->max_headers * sizeof(*v));

	e->partial = v ? arena_bytes(&e->stream->arena, o->max_bytes) : NULL;
	if (!e->partial)
		return false;
	e->parser = (struct h1_parser){0};
	start_message(e, v, o->max_headers);
	return true;
}

static enum parse_result read_pieces(struct endpoint *e, const struct h1_options *o, bool response,
				     enum http_method to)
{
	size_t before = e->partial_bytes, n = e->at_hand.len;
	enum parse_result r;

	if (n > o->max_bytes - before)
		n = o->max_bytes - before;
	memcpy(e->partial + before, e->at_hand.p, n);
	e->partial_bytes += n;
	r = parse(e, span_make(e->partial, e->partial_bytes), o, response, to);
	if (r == PARSE_MORE && e->partial_bytes == o->max_bytes) {
		e->parser.fault = H1_TOO_LONG;
		return PARSE_BAD;
	}
	if (r == PARSE_OK)
		n = e->parser.at - before;
	e->at_hand = span_slice(e->at_hand, n, e->at_hand.len);
	return r;
}

enum parse_result endpoint_read_head(struct endpoint *e, const struct h1_options *o, bool response,
				     enum http_method to)
{
	enum parse_result r;

	if (e->at_hand.len == 0)
		return PARSE_MORE;
	if (!e->partial) {
		r = read_whole(e, o, response, to);
		if (r != PARSE_MORE)
			return r;
		if (!start_pieces(e, o)) {
			e->error = -ENOMEM;
			return PARSE_BAD;
		}
	}
	return read_pieces(e, o, response, to);
}

void endpoint_start_body(struct endpoint *e)
{
	const struct message *m = &e->message;

	e->framing_in = m->framing;
	e->left = m->framing == BODY_LENGTH ? m->content_length : 0;
	e->phase = m->framing == BODY_NONE || (m->framing == BODY_LENGTH && e->left == 0)
		       ? PHASE_DONE
		       : PHASE_BODY;
}
