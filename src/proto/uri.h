/* SPDX-License-Identifier: MIT */
/* Request targets (RFC 9112 section 3.2) taken apart. */
#ifndef PROTO_URI_H
#define PROTO_URI_H

#include "base/span.h"

enum uri_form { URI_ORIGIN, URI_ABSOLUTE, URI_AUTHORITY, URI_ASTERISK, URI_BAD };

struct uri {
	enum uri_form form;
	struct span scheme, authority; /* absolute and authority form */
	struct span host;              /* without port and brackets */
	uint16_t port;                 /* 0: none given */
	struct span path;              /* up to '?' ; "" for asterisk and authority form */
	struct span query;             /* after '?', p NULL when there is none */
	struct span path_and_query;
};

struct uri uri_parse(struct span target);
/* The value of a query parameter, not decoded; p NULL when absent. `separators` as in "?&" : the
 * usual is '&'. */
struct span uri_param(struct span query, struct span name, char separator);
/* Host and port of a Host field value or an authority; false when malformed (RFC 3986 section 3.2,
 * no userinfo). */
bool uri_split_authority(struct span authority, struct span *host, uint16_t *port);

#endif
