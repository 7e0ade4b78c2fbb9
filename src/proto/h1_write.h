/* SPDX-License-Identifier: MIT */
/*
 * Messages to HTTP/1 bytes. A message is always written anew from its parsed form (RFC 9112): one
 * space, CRLF, no folding; the Connection, Transfer-Encoding and Content-Length fields come from
 * `framing` and `struct h1_write_options` alone, whatever the header list holds of them. Upgrade is
 * written with H1_CONNECTION_UPGRADE only. No byte of a span can end its line early: CR, LF and NUL
 * in a value become spaces, blanks and controls in a target are percent-encoded, a name that is
 * none is left out with its field, and a method that is no token, no target, or a status outside
 * 100..999 sets b->failed.
 */
#ifndef PROTO_H1_WRITE_H
#define PROTO_H1_WRITE_H

#include "proto/message.h"

#include "base/buffer.h"

enum h1_connection {
	H1_CONNECTION_NONE,
	H1_CONNECTION_CLOSE,
	H1_CONNECTION_KEEP_ALIVE,
	H1_CONNECTION_UPGRADE
};

struct h1_write_options {
	enum h1_connection connection; /* which Connection field to write */
	bool http_1_0;    /* write version 1.0 in the start line (with BODY_CHUNKED: b->failed) */
	bool te_trailers; /* "TE: trailers" was in the request: repeat it */
};

/* Head with its empty line; b->failed where it does not fit. BODY_LENGTH writes Content-Length for
 * requests and for responses; a response that has BODY_NONE keeps the Content-Length that its
 * header list holds (HEAD, 304). */
void h1_write_request(struct buffer *b, const struct message *m, const struct h1_write_options *o);
void h1_write_response(struct buffer *b, const struct message *m, const struct h1_write_options *o);
/* "0\r\n", the trailers, "\r\n". */
void h1_write_last_chunk(struct buffer *b, const struct header_list *trailers);

#endif
