/* SPDX-License-Identifier: MIT */
/*
 * "show errors": the last request and the last answer of each proxy that were refused, with their
 * bytes and what was wrong where.
 */
#ifndef PROXY_ERROR_CAPTURE_H
#define PROXY_ERROR_CAPTURE_H

#include "proxy/proxy.h"

struct stream;

struct error_capture {
	unsigned int number; /* of all of the program, from 0 */
	int64_t wall_us;
	struct inet src;
	const char *frontend, *backend, *server; /* names; NULL: none */
	const char *fault;                       /* static text */
	size_t at;                               /* offset of the offending byte */
	size_t n;
	char bytes[];
};

/* Keeps what the endpoint's parser refused; out of memory keeps nothing. */
void error_capture_request(struct stream *s);
void error_capture_response(struct stream *s);
/* A copy for the caller to free, or NULL where there is none. */
struct error_capture *error_capture_get(struct proxy *px, bool response);
unsigned int error_capture_count(const struct program *p);
void error_capture_free_all(struct proxy *px);

#endif
