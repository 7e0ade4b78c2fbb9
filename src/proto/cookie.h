/* SPDX-License-Identifier: MIT */
/* Cookies as RFC 6265 sends them: finding, rewriting and removing one in Cookie fields, reading and
 * writing Set-Cookie. */
#ifndef PROTO_COOKIE_H
#define PROTO_COOKIE_H

#include "proto/message.h"

struct cookie {
	struct span name, value; /* value without surrounding blanks, quotes kept */
	struct span whole; /* "name=value" with the separator that must go too when it is removed */
};

/* The next cookie of a Cookie field value; false at the end. *at is the offset to go on from. Names
 * are case-sensitive. */
bool cookie_next(struct span field, size_t *at, struct cookie *out);
/* The first cookie of that name in all Cookie fields of the request; *in is the field that holds
 * it. */
bool cookie_find(const struct message *request, struct span name, struct cookie *out,
		 struct header **in);
/* Takes the cookie out of its field (the field is deleted when nothing is left), or replaces its
 * value; the new field value is in the arena. 0 or -ENOMEM. */
int cookie_remove(struct header *in, const struct cookie *c, struct arena *a) must_check;
int cookie_replace(struct header *in, const struct cookie *c, struct span value,
		   struct arena *a) must_check;
/* Name and value of a Set-Cookie field; false when it has none. */
bool cookie_parse_set(struct span field, struct span *name, struct span *value);
/* The same field with another value, in the arena; p NULL when out of memory. */
struct span cookie_set_value(struct span field, struct span value, struct arena *a);

#endif
