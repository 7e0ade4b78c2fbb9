/* SPDX-License-Identifier: MIT */
/* The codec of mode tcp: bytes are the body, the end of a direction is its last piece. */
#include "proxy/endpoint.h"

#include <errno.h>

static enum take_result raw_take(struct endpoint *e, struct span *piece)
{
	*piece = e->at_hand;
	e->at_hand = SPAN_NONE;
	e->body_bytes += piece->len;
	if (e->ended) {
		e->phase = PHASE_DONE;
		return TAKE_LAST;
	}
	return piece->len ? TAKE_PIECE : TAKE_NOTHING;
}

static enum io_result raw_send(struct endpoint *e, struct span piece, bool last, int *error)
{
	struct iovec iov = {(void *)(uintptr_t)piece.p, piece.len};
	enum io_result r = IO_DONE;

	if (piece.len)
		r = connection_send(e->connection, &iov, 1, false, error);
	if (r == IO_FAILED)
		return r;
	e->bytes_out += piece.len;
	e->blocked = r == IO_PENDING;
	e->sent_last = last;
	if (last)
		io_shutdown_write(&e->connection->io);
	return r;
}

static enum io_result raw_send_head(struct endpoint *e, const struct message *m, struct span piece,
				    bool last, int *error)
{
	(void)m;
	return raw_send(e, piece, last, error);
}

const struct codec codec_raw = {
    .name = "raw", .take = raw_take, .send_head = raw_send_head, .send = raw_send};
