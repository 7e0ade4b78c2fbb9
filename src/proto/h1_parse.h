/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1 heads: bytes to message, strictly by RFC 9112. One framing or PARSE_BAD: what is accepted
 * here every other parser reads the same way. The caller gives all bytes of the head seen so far;
 * the parser remembers how far it came.
 *
 * The bytes must stay at the same address, and the message be the same, between calls for one head;
 * a caller that moves them starts again with a zeroed parser.
 */
#ifndef PROTO_H1_PARSE_H
#define PROTO_H1_PARSE_H

#include "proto/message.h"

enum parse_result { PARSE_OK, PARSE_MORE, PARSE_BAD };

#define H1_MAX_HEADERS 101 /* haproxy's default of tune.http.maxhdr */

struct h1_options {
	size_t max_bytes; /* a longer head is PARSE_BAD (H1_TOO_LONG) */
	unsigned int max_headers;
	/* option accept-unsafe-violations-in-http-request|response: '#' and non-ASCII in targets,
	 * other visible bytes in names, control bytes but NUL, CR and LF in values; Host is not
	 * checked, and overwritten where an absolute target disagrees. */
	bool relaxed;
};

enum h1_fault {
	H1_FINE,
	H1_TOO_LONG,
	H1_TOO_MANY_HEADERS,
	H1_BAD_METHOD,
	H1_BAD_TARGET,
	H1_BAD_VERSION, /* not HTTP/1.x; 1.2 and later are read as 1.1 */
	H1_BAD_STATUS,
	H1_BAD_LINE_END, /* a bare CR or LF, NUL */
	H1_BAD_HEADER_NAME,
	H1_BAD_HEADER_VALUE,
	H1_OBS_FOLD,
	H1_BAD_CONTENT_LENGTH,
	H1_BAD_TRANSFER_ENCODING,
	H1_BOTH_FRAMINGS, /* Transfer-Encoding and Content-Length */
	H1_BAD_HOST,      /* missing in 1.1, several, or not what an absolute-form target says */
	H1_BAD_CONNECT,
};

struct h1_parser {
	size_t at;      /* bytes parsed: the start of the next token, then the length of the head */
	size_t scanned; /* how much of that token was looked at */
	uint8_t stage;
	uint8_t fault;       /* enum h1_fault, when PARSE_BAD */
	size_t fault_offset; /* where */
};

/* PARSE_OK: *m is complete (but for headers.v's storage, given by the caller with cap >=
 * o->max_headers; n set here), p->at is the head's length with its empty line, framing is decided
 * (RFC 9112 section 6.3: requests without a length have none). Up to a few leading empty lines are
 * skipped (section 2.2) and counted in p->at. PARSE_MORE: call again with more. */
enum parse_result h1_parse_request(struct h1_parser *p, struct span in, const struct h1_options *o,
				   struct message *m);
/* The same for a response to a request of that method: HEAD, CONNECT, 1xx, 204 and 304 decide the
 * framing. 101 gives BODY_TUNNEL. */
enum parse_result h1_parse_response(struct h1_parser *p, struct span in, const struct h1_options *o,
				    enum http_method to, struct message *m);
/* For logs and "show errors": "invalid header name", … */
const char *h1_fault_text(enum h1_fault f);
/* What a request with this fault is answered: 400, 414, 431, 505, ... (haproxy answers 400 to all:
 * so do we but for nothing else a client could tell; kept in one place). */
unsigned int h1_fault_status(enum h1_fault f);

#endif
