/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/1 codec of a stream's endpoints, client side and server side: body pieces out of
 * received bytes by the message's framing, and messages written anew with a framing of their own.
 */
#include "proxy/endpoint.h"

#include "proxy/stream.h"

#include "proto/h1_write.h"

#include <errno.h>

static enum take_result take_length(struct endpoint *e, struct span *piece)
{
	size_t n = e->at_hand.len < e->left ? e->at_hand.len : (size_t)e->left;

	*piece = span_slice(e->at_hand, 0, n);
	e->at_hand = span_slice(e->at_hand, n, e->at_hand.len);
	e->left -= n;
	if (e->left == 0)
		return TAKE_LAST;
	if (n)
		return TAKE_PIECE;
	return e->ended ? TAKE_TRUNCATED : TAKE_NOTHING;
}

static enum take_result take_chunked(struct endpoint *e, struct span *piece)
{
	size_t n = e->at_hand.len;
	enum parse_result r;

	if (n == 0)
		return e->ended ? TAKE_TRUNCATED : TAKE_NOTHING;
	/* bytes at hand are the loop's lent ones or our own copy: both may be written */
	r = h1_chunked_decode(&e->chunked, (char *)(uintptr_t)e->at_hand.p, &n, piece,
			      &e->stream->arena);
	e->at_hand = span_slice(e->at_hand, n, e->at_hand.len);
	if (r == PARSE_BAD)
		return TAKE_BAD;
	if (r == PARSE_OK)
		return TAKE_LAST;
	if (piece->len)
		return TAKE_PIECE;
	return e->ended ? TAKE_TRUNCATED : TAKE_NOTHING;
}

static enum take_result take_until_close(struct endpoint *e, struct span *piece)
{
	*piece = e->at_hand;
	e->at_hand = SPAN_NONE;
	if (e->ended)
		return TAKE_LAST;
	return piece->len ? TAKE_PIECE : TAKE_NOTHING;
}

static enum take_result h1_take(struct endpoint *e, struct span *piece)
{
	enum take_result r;

	*piece = SPAN_NONE;
	if (e->phase == PHASE_DONE)
		return TAKE_LAST;
	switch ((enum body_framing)e->framing_in) {
	case BODY_LENGTH:
		r = take_length(e, piece);
		break;
	case BODY_CHUNKED:
		r = take_chunked(e, piece);
		break;
	case BODY_UNTIL_CLOSE:
	case BODY_TUNNEL:
		r = take_until_close(e, piece);
		break;
	default:
		r = TAKE_LAST;
	}
	e->body_bytes += piece->len;
	if (r == TAKE_LAST)
		e->phase = PHASE_DONE;
	return r;
}

/* "a:" CR LF is the shortest trailer, and is written one blank longer. */
#define TAIL_BYTES (H1_MAX_TRAILER_BYTES / 4 * 5 + 64)
#define MAX_PARTS 4

/* What goes out in one write: perhaps a head, and a piece of body in its framing. */
struct parts {
	struct iovec v[MAX_PARTS];
	unsigned int n;
	char chunk_head[H1_CHUNK_HEAD_BYTES];
	char tail_bytes[TAIL_BYTES]; /* the end of a chunk, and of a chunked body */
};

static void add_part(struct parts *p, const char *bytes, size_t n)
{
	p->v[p->n++] = (struct iovec){(void *)(uintptr_t)bytes, n};
}

static void add_piece(struct parts *p, const struct endpoint *e, struct span piece, bool last)
{
	bool chunked = e->framing_out == BODY_CHUNKED;
	struct buffer tail;

	if (piece.len && chunked)
		add_part(p, p->chunk_head, h1_chunk_head(p->chunk_head, piece.len));
	if (piece.len)
		add_part(p, piece.p, piece.len);
	if (!chunked)
		return;
	buffer_init_fixed(&tail, p->tail_bytes, sizeof(p->tail_bytes));
	if (piece.len)
		buffer_add(&tail, "\r\n", 2);
	if (last)
		h1_write_last_chunk(&tail, &e->trailers);
	if (tail.len)
		add_part(p, tail.p, tail.len);
}

static enum io_result send_parts(struct endpoint *e, const struct parts *p, bool last, int *error)
{
	enum io_result r =
	    p->n ? connection_send(e->connection, p->v, p->n, false, error) : IO_DONE;

	if (r == IO_FAILED)
		return r;
	for (unsigned int i = 0; i < p->n; i++)
		e->bytes_out += p->v[i].iov_len;
	e->blocked = r == IO_PENDING;
	e->sent_last = last;
	if (last && e->framing_out == BODY_TUNNEL)
		io_shutdown_write(&e->connection->io);
	return r;
}

static enum io_result h1_send(struct endpoint *e, struct span piece, bool last, int *error)
{
	struct parts p;

	p.n = 0;
	add_piece(&p, e, piece, last);
	return send_parts(e, &p, last, error);
}

static enum io_result h1_send_head(struct endpoint *e, const struct message *m, struct span piece,
				   bool last, int *error)
{
	struct h1_write_options o = {.connection = e->connection_field,
				     .http_1_0 = e->write_http_1_0,
				     .te_trailers = e->te_trailers};
	struct worker *w = e->stream->worker;
	struct buffer head;
	struct parts p;

	buffer_init_fixed(&head, w->scratch, w->scratch_bytes);
	if (m->is_response)
		h1_write_response(&head, m, &o);
	else
		h1_write_request(&head, m, &o);
	if (head.failed) {
		*error = -EMSGSIZE;
		return IO_FAILED;
	}
	e->framing_out = m->framing;
	e->head_sent = true;
	p.n = 0;
	add_part(&p, head.p, head.len);
	add_piece(&p, e, piece, last);
	return send_parts(e, &p, last, error);
}

const struct codec codec_h1 = {
    .name = "h1", .take = h1_take, .send_head = h1_send_head, .send = h1_send};
