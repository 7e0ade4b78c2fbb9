/* SPDX-License-Identifier: MIT */
/* "cookie NAME insert|rewrite|prefix": a user stays with a server by a cookie. */
#ifndef PROXY_PERSIST_H
#define PROXY_PERSIST_H

#include "proxy/stream.h"

/* Reads the request's cookie: sets s->wanted (and s->persisted) to the server it names where that
 * may be used, and takes out of the request what is not for the server. 0 or -ENOMEM. */
int persist_request(struct stream *s) must_check;
/* Sets, rewrites or removes the cookie in the answer. 0 or -ENOMEM. */
int persist_response(struct stream *s) must_check;

#endif
