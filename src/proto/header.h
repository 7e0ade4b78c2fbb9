/* SPDX-License-Identifier: MIT */
/*
 * Header fields of any HTTP version: a list of name and value spans, with the names this program
 * cares for known as tokens when they are parsed. Spans point into bytes that the message's owner
 * keeps.
 */
#ifndef PROTO_HEADER_H
#define PROTO_HEADER_H

#include "base/arena.h"

enum header_token {
	HEADER_OTHER,
	HEADER_AUTHORIZATION,
	HEADER_CACHE_CONTROL,
	HEADER_CONNECTION,
	HEADER_CONTENT_LENGTH,
	HEADER_CONTENT_TYPE,
	HEADER_COOKIE,
	HEADER_DATE,
	HEADER_EXPECT,
	HEADER_EXPIRES,
	HEADER_HOST,
	HEADER_HTTP2_SETTINGS,
	HEADER_KEEP_ALIVE,
	HEADER_LOCATION,
	HEADER_ORIGIN,
	HEADER_PRAGMA,
	HEADER_PROXY_AUTHORIZATION,
	HEADER_PROXY_CONNECTION,
	HEADER_REFERER,
	HEADER_SEC_FETCH_SITE,
	HEADER_SET_COOKIE,
	HEADER_TE,
	HEADER_TRAILER,
	HEADER_TRANSFER_ENCODING,
	HEADER_UPGRADE,
	HEADER_USER_AGENT,
	HEADER_X_FORWARDED_FOR,
	HEADER_TOKENS
};

struct header {
	struct span name;  /* RFC 9110 section 5.1 token, case as received */
	struct span value; /* without surrounding blanks */
	uint8_t token;     /* enum header_token */
	bool deleted;      /* left in place, not to be seen or sent */
};

struct header_list {
	struct header *v;
	unsigned int n, cap;
	uint64_t seen; /* 1 << token for each field that was ever put in: a quick no for most walks
			*/
};

#define HEADER_BIT(token) ((uint64_t)1 << (token))

/* RFC 9110 section 5.1: a token. */
bool header_name_is_good(struct span name);
/* By length and first letter, then compared: cheap for names that are not known. */
enum header_token header_token(struct span name);

/* The next live field after index *at (start with 0; moved behind it), or NULL. */
struct header *header_next(const struct header_list *l, enum header_token token, unsigned int *at);
/* The same by any name (case-insensitive). */
struct header *header_next_named(const struct header_list *l, struct span name, unsigned int *at);
static inline struct header *header_first(const struct header_list *l, enum header_token token)
{
	unsigned int at = 0;

	return header_next(l, token, &at);
}

/* Appends; grows in the arena where cap is reached. 0 or -ENOMEM. The spans are not copied. */
int header_add(struct header_list *l, struct arena *a, struct span name,
	       struct span value) must_check;
void header_delete(struct header_list *l, enum header_token token);
void header_delete_named(struct header_list *l, struct span name);

/* Walks a comma-separated list value (RFC 9110 section 5.6.1): returns the next element, trimmed,
 * empty ones skipped, quotes respected; SPAN_NONE at the end. */
struct span header_list_next(struct span *rest);
/* True where any live field of that token lists `element` (case-insensitive). */
bool header_lists(const struct header_list *l, enum header_token token, struct span element);

#endif
