/* SPDX-License-Identifier: MIT */
/*
 * The HTTP answer to a health check, as bytes come: a head that is read with haproxy's tolerance (a
 * check answers no client, so nothing can be smuggled), and a body without its framing. Used by
 * check_dialogue.c alone.
 */
#ifndef PROTO_CHECK_ANSWER_H
#define PROTO_CHECK_ANSWER_H

#include "proto/h1_body.h"

#include "base/buffer.h"

struct check_answer {
	struct buffer head; /* the head with CRLF line ends and without folds; spans of `message`
			       point into it */
	size_t scanned;     /* of the bytes received: holds no end of the head */
	size_t body_at;     /* where the body starts there; 0: the head is not complete yet */
	size_t body_bytes;  /* body known so far, decoded in place */
	bool body_complete; /* by its framing */
	bool bad;           /* not HTTP */
	struct message message;
	struct h1_chunked chunked;
	struct arena arena; /* trailers */
	struct header fields[H1_MAX_HEADERS];
};

void check_answer_init(struct check_answer *a);
void check_answer_fini(struct check_answer *a);
/* For another answer. */
void check_answer_clear(struct check_answer *a);

/* Looks at what was received so far to a request of that method. PARSE_OK: the head is there, in
 * a->message. */
enum parse_result check_answer_head(struct check_answer *a, struct span received,
				    enum http_method to);
/* After PARSE_OK: the body so far is in `received` at a->body_at. Chunked framing is taken out of
 * it. PARSE_OK: complete by its framing; PARSE_MORE: more may come (until the close, where there is
 * no framing); PARSE_BAD. */
enum parse_result check_answer_body(struct check_answer *a, struct buffer *received);

#endif
