/* SPDX-License-Identifier: MIT */
/*
 * One side of a stream: the message received there, how its body is framed, and the codec that
 * turns bytes into message and body pieces and back. Streams know codecs only; HTTP/1
 * (h1_endpoint.c) and raw TCP (raw_endpoint.c) are two of them.
 */
#ifndef PROXY_ENDPOINT_H
#define PROXY_ENDPOINT_H

#include "net/connection.h"

#include "proto/h1_body.h"
#include "proto/message.h"

struct endpoint;
struct stream;

enum take_result { TAKE_PIECE, TAKE_LAST, TAKE_NOTHING, TAKE_TRUNCATED, TAKE_BAD };

struct codec {
	const char *name;
	/* The next piece of body out of what has been received: TAKE_PIECE and TAKE_LAST (the body
	 * ends with it, it may be empty) set *piece, good until more is received. TAKE_NOTHING:
	 * more must come first. */
	enum take_result (*take)(struct endpoint *e, struct span *piece);
	/* Sends a head and the first piece of its body in one write. As io_send. */
	enum io_result (*send_head)(struct endpoint *e, const struct message *m, struct span piece,
				    bool last, int *error);
	enum io_result (*send)(struct endpoint *e, struct span piece, bool last, int *error);
};

enum endpoint_phase { PHASE_HEAD, PHASE_BODY, PHASE_DONE };

struct endpoint {
	const struct codec *codec;
	struct stream *stream;
	struct connection *connection; /* NULL: none (yet, any more) */

	/* received */
	struct message message;
	struct h1_parser parser;
	uint8_t framing_in; /* enum body_framing: how the bytes come, whatever they are sent on as
			     */
	uint8_t phase;      /* enum endpoint_phase */
	bool ended;         /* the peer has ended its direction */
	int error;          /* -errno of a failed receive or send, 0 */
	uint64_t left;      /* BODY_LENGTH: bytes to come */
	struct h1_chunked chunked;
	char *partial; /* a head that came in pieces, in the stream's arena */
	size_t partial_bytes;
	struct span at_hand; /* received, not taken: lent by the loop, or kept */
	char *kept;          /* at_hand's memory where it outlived a callback */
	uint64_t body_bytes; /* decoded */

	/* sent */
	uint8_t framing_out; /* enum body_framing */
	bool blocked;        /* a send is pending: no other until on_sent */
	bool deaf;           /* a send failed: it takes no more */
	bool sent_last;      /* the last piece has been given to the connection */
	bool head_sent;
	uint8_t connection_field; /* enum h1_connection: what send_head writes */
	bool write_http_1_0, te_trailers;
	struct header_list trailers; /* to go out with the last chunk */
	uint64_t bytes_out;          /* everything, for logs and counters */
};

extern const struct codec codec_h1, codec_raw;

void endpoint_init(struct endpoint *e, struct stream *s, const struct codec *codec);
/* Frees what it keeps (not the connection). */
void endpoint_fini(struct endpoint *e);
/* Starts over for the next attempt or an interim response: as after init, but bytes at hand stay.
 */
void endpoint_reset_received(struct endpoint *e);

/* What a connection's on_data got: notes it and returns; the caller then runs the stream. */
void endpoint_receive(struct endpoint *e, char *bytes, ssize_t n);
/* A send failed. A server may have answered before it closed, so what it sent is still read; a
 * client is lost. */
void endpoint_send_failed(struct endpoint *e, int error);
/* Copies bytes at hand that the loop only lent: before the callback returns. Out of memory sets
 * e->error. */
void endpoint_keep(struct endpoint *e);
/* Asks for more unless bytes are at hand, the end came or an error happened. */
void endpoint_want(struct endpoint *e);
static inline bool endpoint_has_bytes(const struct endpoint *e)
{
	return e->at_hand.len > 0;
}

/* Reads a head out of the bytes at hand into e->message, its memory in the stream's arena. `to`:
 * for responses the request's method. PARSE_BAD: e->parser.fault. */
enum parse_result endpoint_read_head(struct endpoint *e, const struct h1_options *o, bool response,
				     enum http_method to);
/* Decides `phase` and `left` from the message's framing. */
void endpoint_start_body(struct endpoint *e);

#endif
