/* SPDX-License-Identifier: MIT */
/* Answers made here: errors in haproxy's words or the errorfile that stands in for them, redirects,
 * services. */
#ifndef PROXY_REPLY_H
#define PROXY_REPLY_H

#include "proxy/stream.h"

/* Answers with this error and ends the request: next step is flush. Where part of the server's
 * answer has reached the client already, the connection is cut instead. */
enum step_result reply_error(struct stream *s, enum reply_kind kind);
/* The same as a section "http-errors" (NULL: none) has it, if it does, and with more header fields,
 * lines with CRLF. */
enum step_result reply_error_of(struct stream *s, enum reply_kind kind,
				const struct model_http_errors *errors, struct span fields);
/* A response head (without Content-Length and Connection fields, without its empty line) and a
 * body; `body` must outlive the call only. HEAD requests get no body. */
enum step_result reply_send(struct stream *s, unsigned int status, struct span headers,
			    struct span body);
/* A whole response as it is: a file's. */
enum step_result reply_raw(struct stream *s, unsigned int status, struct span raw);
/* Ends it without an answer: the client is cut off (or, where `quiet`, sees the connection close as
 * after an idle time). */
enum step_result reply_abort(struct stream *s);
/* Continues a long answer after on_sent; true when all is sent or failed. */
bool reply_continue(struct stream *s);

#endif
