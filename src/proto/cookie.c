/* SPDX-License-Identifier: MIT */
/*
 * Cookies (RFC 6265): reading and changing one in Cookie fields, and the pair of a Set-Cookie
 * field. Stickiness by cookie and the cookie fetches call it. Only ';' separates cookies, quotes
 * are part of a value, and what has no '=' is no cookie.
 */
#include "proto/cookie.h"

#include <errno.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "name=value" to its parts; false where there is no '='. */
static bool split_pair(struct span pair, struct span *name, struct span *value)
{
	size_t equal = span_find(pair, '=');

	if (equal == pair.len)
		return false;
	*name = span_trim((struct span){pair.p, equal});
	*value = span_trim(span_slice(pair, equal + 1, pair.len));
	return true;
}

bool cookie_next(struct span field, size_t *at, struct cookie *out)
{
	while (*at < field.len) {
		struct span rest = {field.p + *at, field.len - *at};
		size_t len = span_find(rest, ';');
		struct span pair = span_trim((struct span){rest.p, len});
		size_t from = *at, to = from + len;

		*at = to < field.len ? to + 1 : to;
		if (!split_pair(pair, &out->name, &out->value))
			continue;
		/* The separator before it goes too; where there is none, the one behind and its
		 * blanks. */
		if (from > 0) {
			from--;
		} else if (to < field.len) {
			to++;
			while (to < field.len && is_blank(field.p[to]))
				to++;
		}
		out->whole = (struct span){field.p + from, to - from};
		return true;
	}
	return false;
}

bool cookie_find(const struct message *request, struct span name, struct cookie *out,
		 struct header **in)
{
	unsigned int i = 0;
	struct header *h;

	while ((h = header_next(&request->headers, HEADER_COOKIE, &i))) {
		struct cookie c;
		size_t at = 0;

		while (cookie_next(h->value, &at, &c)) {
			if (span_equal(c.name, name)) {
				*out = c;
				*in = h;
				return true;
			}
		}
	}
	return false;
}

/* `field` with `with` in the place of `part`, in the arena; p NULL when out of memory. */
static struct span splice(struct span field, struct span part, struct span with, struct arena *a)
{
	size_t before = (size_t)(part.p - field.p);
	size_t after = field.len - before - part.len;
	size_t len = before + with.len + after;
	char *p = arena_bytes(a, len);

	if (!p)
		return SPAN_NONE;
	if (before)
		memcpy(p, field.p, before);
	if (with.len)
		memcpy(p + before, with.p, with.len);
	if (after)
		memcpy(p + before + with.len, part.p + part.len, after);
	return (struct span){p, len};
}

static int replace_part(struct header *in, struct span part, struct span with, struct arena *a)
{
	struct span value = splice(in->value, part, with, a);

	if (!value.p)
		return -ENOMEM;
	in->value = value;
	return 0;
}

/* No byte but separators and blanks. */
static bool nothing_left(struct span field)
{
	size_t at = 0;

	while (at < field.len && (is_blank(field.p[at]) || field.p[at] == ';'))
		at++;
	return at == field.len;
}

int cookie_remove(struct header *in, const struct cookie *c, struct arena *a)
{
	int err = replace_part(in, c->whole, SPAN(""), a);

	if (!err && nothing_left(in->value))
		in->deleted = true;
	return err;
}

int cookie_replace(struct header *in, const struct cookie *c, struct span value, struct arena *a)
{
	return replace_part(in, c->value, value, a);
}

bool cookie_parse_set(struct span field, struct span *name, struct span *value)
{
	struct span pair = span_trim((struct span){field.p, span_find(field, ';')});

	return pair.len && pair.p[0] != '=' && split_pair(pair, name, value);
}

struct span cookie_set_value(struct span field, struct span value, struct arena *a)
{
	struct span name, old;

	if (!cookie_parse_set(field, &name, &old))
		return SPAN_NONE;
	return splice(field, old, value, a);
}
