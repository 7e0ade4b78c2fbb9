/* SPDX-License-Identifier: MIT */
/* Escaping for the places text is shown: HTML, JSON, CSV, URLs and log lines. All append to a
 * buffer. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/buffer.h"

/* & < > " ' as entities; control bytes other than tab and newline become '?'. */
void escape_html(struct buffer *b, struct span s);
/* The inside of a JSON string (RFC 8259 section 7); each byte that is not UTF-8 becomes U+FFFD. */
void escape_json(struct buffer *b, struct span s);
/* A CSV field as haproxy prints it: quoted, with doubled quotes, only where it holds a comma, quote
 * or line break. */
void escape_csv(struct buffer *b, struct span s);
/* Percent-encoding of everything but RFC 3986 unreserved characters. */
void escape_url(struct buffer *b, struct span s);
/* haproxy's log encoding: bytes below 0x20, 0x7f and above, '"', '#', '{', '|', '}' that stand in
 * `set` become #XX. */
enum escape_log_set {
	ESCAPE_LOG_REQUEST, /* the request line: control and non-ASCII bytes, '"' and '#' */
	ESCAPE_LOG_HEADER,  /* captured headers: also '{', '|' and '}' */
};
void escape_log(struct buffer *b, struct span s, enum escape_log_set set);
/* Decodes %XX (and '+' where `plus`); returns the decoded length, or -1 on a broken sequence; in
 * place is allowed. */
long escape_url_decode(char *dst, struct span s, bool plus);

#endif
