/* SPDX-License-Identifier: MIT */
/*
 * One message type for every HTTP version: codecs make it and write it, everything between works on
 * it. The bytes of its spans belong to whoever keeps the message (a stream's arena).
 */
#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

#include "proto/header.h"

enum http_method {
	HTTP_OTHER,
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_TRACE,
	HTTP_CONNECT,
	HTTP_PATCH
};

enum body_framing {
	BODY_NONE,        /* the message ends with its head */
	BODY_LENGTH,      /* content_length bytes */
	BODY_CHUNKED,     /* chunked, of unknown length (HTTP/2: until END_STREAM) */
	BODY_UNTIL_CLOSE, /* responses only */
	BODY_TUNNEL,      /* after 101 or a 2xx to CONNECT: bytes both ways until closed */
};

enum http_version { HTTP_1_0 = 10, HTTP_1_1 = 11, HTTP_2 = 20 };

struct message {
	bool is_response;
	uint8_t version; /* enum http_version */
	uint8_t framing; /* enum body_framing */
	bool persistent; /* the sender's wish: the connection may be used again after this message
			    (RFC 9112 section 9.3) */
	/* Connection lists "upgrade" and there is an Upgrade field, of neither h2 nor h2c; never
	 * set for a request with a body */
	bool upgrade;
	bool expect_continue;    /* Expect: 100-continue in a request of version >= 1.1 */
	uint64_t content_length; /* BODY_LENGTH only */

	enum http_method method; /* requests */
	struct span method_text, target;
	unsigned int status; /* responses */
	struct span reason;

	struct header_list headers;
};

enum http_method http_method_of(struct span text);
/* RFC 9110 section 9.2.2: GET HEAD OPTIONS TRACE PUT DELETE. */
bool http_method_idempotent(enum http_method m);
/* RFC 9110 section 9.2.1: GET HEAD OPTIONS TRACE. */
bool http_method_safe(enum http_method m);
/* The standard reason phrase (RFC 9110 section 15), "" when unknown. */
const char *http_reason(unsigned int status);
/* The same, or what its class is called where it is unknown: for answers made here. */
const char *http_reason_or_class(unsigned int status);

/* Moves all spans that lie in [old, old + len) to the same place relative to `now`: after the bytes
 * were copied. */
void message_rebase(struct message *m, const char *old, size_t len, const char *now);
/* Marks the hop-by-hop fields deleted: Connection and what it names, Keep-Alive, Proxy-Connection,
 * TE (but "trailers" is kept as the caller's business), Transfer-Encoding, Upgrade and
 * HTTP2-Settings (RFC 9110 section 7.6.1). `keep_upgrade`: leaves Upgrade in place (the writer then
 * adds "Connection: upgrade"). End-to-end fields that framing needs (Host, Content-Length) are
 * never taken for named ones. */
void message_strip_hop_by_hop(struct message *m, bool keep_upgrade);

#endif
