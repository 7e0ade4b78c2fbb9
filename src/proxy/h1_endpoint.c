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

static enum io_result sent(struct endpoint *e, enum io_result r, const struct iovec *iov,
			   unsigned int n, bool last)
{
	if (r == IO_FAILED)
		return r;
	for (unsigned int i = 0; i < n; i++)
		e->bytes_out += iov[i].iov_len;
	e->blocked = r == IO_PENDING;
	e->sent_last = last;
	return r;
}

/* Gathers a body piece in its framing behind what iov holds already; returns the new count. `tail`
 * gets the end of a chunked body. */
static unsigned int frame(struct endpoint *e, struct span piece, bool last, struct iovec *iov,
			  unsigned int n, char chunk_head[H1_CHUNK_HEAD_BYTES], struct buffer *tail)
{
	bool chunked = e->framing_out == BODY_CHUNKED;

	if (piece.len && chunked)
		iov[n++] = (struct iovec){chunk_head, h1_chunk_head(chunk_head, piece.len)};
	if (piece.len)
		iov[n++] = (struct iovec){(void *)(uintptr_t)piece.p, piece.len};
	if (!chunked)
		return n;
	if (piece.len)
		buffer_add(tail, "\r\n", 2);
	if (last)
		h1_write_last_chunk(tail, &e->trailers);
	if (tail->len)
		iov[n++] = (struct iovec){tail->p, tail->len};
	return n;
}

#define TAIL_BYTES (H1_MAX_TRAILER_BYTES + 64)

static enum io_result h1_send(struct endpoint *e, struct span piece, bool last, int *error)
{
	char chunk_head[H1_CHUNK_HEAD_BYTES], tail_bytes[TAIL_BYTES];
	struct iovec iov[4];
	struct buffer tail;
	unsigned int n;
	enum io_result r = IO_DONE;

	buffer_init_fixed(&tail, tail_bytes, sizeof(tail_bytes));
	n = frame(e, piece, last, iov, 0, chunk_head, &tail);
	if (n)
		r = connection_send(e->connection, iov, n, false, error);
	r = sent(e, r, iov, n, last);
	if (r != IO_FAILED && last && e->framing_out == BODY_TUNNEL)
		io_shutdown_write(&e->connection->io);
	return r;
}

static enum io_result h1_send_head(struct endpoint *e, const struct message *m, struct span piece,
				   bool last, int *error)
{
	struct h1_write_options o = {.connection = e->connection_field,
				     .http_1_0 = e->write_http_1_0,
				     .te_trailers = e->te_trailers};
	char chunk_head[H1_CHUNK_HEAD_BYTES], tail_bytes[TAIL_BYTES];
	struct buffer head, tail;
	struct iovec iov[5];
	unsigned int n;

	buffer_init_fixed(&head, e->stream->worker->scratch, WORKER_SCRATCH_BYTES);
	buffer_init_fixed(&tail, tail_bytes, sizeof(tail_bytes));
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
	iov[0] = (struct iovec){head.p, head.len};
	n = frame(e, piece, last, iov, 1, chunk_head, &tail);
	return sent(e, connection_send(e->connection, iov, n, false, error), iov, n, last);
}

const struct codec codec_h1 = {
    .name = "h1", .take = h1_take, .send_head = h1_send_head, .send = h1_send};
