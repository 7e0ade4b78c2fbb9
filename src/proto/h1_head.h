/* SPDX-License-Identifier: MIT */
/*
 * The second half of parsing an HTTP/1 head, for h1_parse.c only: from its lines to what they mean.
 */
#ifndef PROTO_H1_HEAD_H
#define PROTO_H1_HEAD_H

#include "proto/h1_parse.h"

struct h1_verdict {
	enum h1_fault fault;
	const char *where; /* in the head; NULL where there is no fault */
};

/* Decide framing, persistence, upgrade and expectation from a message whose start line and fields
 * are set. A request's target and Host are checked too (RFC 9112 section 3.2); `in` is the head. */
struct h1_verdict h1_head_finish_request(struct message *m, struct span in, bool relaxed);
/* For a response to a request of method `to`. */
struct h1_verdict h1_head_finish_response(struct message *m, enum http_method to);

#endif
