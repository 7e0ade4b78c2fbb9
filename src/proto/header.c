/* SPDX-License-Identifier: MIT */
/*
 * Header fields: known names to tokens, look-up, removal, list values. Codecs and rules call it for
 * each field of each message, so a name is recognised by one look into a table and one comparison
 * by words; everything else walks the list.
 */
#include "proto/header.h"

#include <errno.h>

#define NAME_BYTES 24 /* longest known name, rounded up to words */
#define SLOTS 64

struct known_name {
	_Alignas(32) char text[NAME_BYTES]; /* lower case */
	uint8_t len, token;
};

/* A place of its own for each length and first letter: two names in one slot would be a compiler
 * warning (overridden initialiser), and then another factor is needed. */
#define SLOT(len, first) (((len)*7 + (unsigned int)(first)) % SLOTS)
#define KNOWN(first, name, token) [SLOT(sizeof(name) - 1, first)] = {name, sizeof(name) - 1, token}

static const struct known_name known_names[SLOTS] = {
    KNOWN('a', "authorization", HEADER_AUTHORIZATION),
    KNOWN('c', "cache-control", HEADER_CACHE_CONTROL),
    KNOWN('c', "connection", HEADER_CONNECTION),
    KNOWN('c', "content-length", HEADER_CONTENT_LENGTH),
    KNOWN('c', "content-type", HEADER_CONTENT_TYPE),
    KNOWN('c', "cookie", HEADER_COOKIE),
    KNOWN('d', "date", HEADER_DATE),
    KNOWN('e', "expect", HEADER_EXPECT),
    KNOWN('e', "expires", HEADER_EXPIRES),
    KNOWN('h', "host", HEADER_HOST),
    KNOWN('h', "http2-settings", HEADER_HTTP2_SETTINGS),
    KNOWN('k', "keep-alive", HEADER_KEEP_ALIVE),
    KNOWN('l', "location", HEADER_LOCATION),
    KNOWN('o', "origin", HEADER_ORIGIN),
    KNOWN('p', "pragma", HEADER_PRAGMA),
    KNOWN('p', "proxy-authorization", HEADER_PROXY_AUTHORIZATION),
    KNOWN('p', "proxy-connection", HEADER_PROXY_CONNECTION),
    KNOWN('r', "referer", HEADER_REFERER),
    KNOWN('s', "sec-fetch-site", HEADER_SEC_FETCH_SITE),
    KNOWN('s', "set-cookie", HEADER_SET_COOKIE),
    KNOWN('t', "te", HEADER_TE),
    KNOWN('t', "trailer", HEADER_TRAILER),
    KNOWN('t', "transfer-encoding", HEADER_TRANSFER_ENCODING),
    KNOWN('u', "upgrade", HEADER_UPGRADE),
    KNOWN('u', "user-agent", HEADER_USER_AGENT),
    KNOWN('x', "x-forwarded-for", HEADER_X_FORWARDED_FOR),
};

static inline uint64_t load64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Of the bytes of a known name only letters have the bit 0x40: there the case bit is ignored,
 * everywhere else bytes must be equal. */
static inline bool same64(const char *p, const char *known)
{
	uint64_t k = load64(known);

	return (load64(p) | (k & 0x4040404040404040) >> 1) == k;
}

static inline bool same32(const char *p, const char *known)
{
	uint32_t k = load32(known);

	return (load32(p) | (k & 0x40404040) >> 1) == k;
}

/* The last word overlaps the one before. */
static inline bool same_name(const char *p, const char *known, size_t len)
{
	if (len > 16 && !same64(p + 8, known + 8))
		return false;
	if (len >= 8)
		return same64(p, known) && same64(p + len - 8, known + len - 8);
	if (len >= 4)
		return same32(p, known) && same32(p + len - 4, known + len - 4);
	return (p[0] | 0x20) == known[0] && (p[1] | 0x20) == known[1];
}

bool header_name_is_good(struct span name)
{
	/* RFC 9110 section 5.6.2, one bit for each ASCII code */
	static const uint32_t token[8] = {0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff};

	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (!(token[c >> 5] >> (c & 31) & 1))
			return false;
	}
	return name.len > 0;
}

enum header_token header_token(struct span name)
{
	const struct known_name *k;

	if (name.len - 2 >= NAME_BYTES - 2)
		return HEADER_OTHER;
	k = &known_names[SLOT((unsigned int)name.len, (unsigned char)(name.p[0] | 0x20))];
	if (k->len != name.len || !same_name(name.p, k->text, name.len))
		return HEADER_OTHER;
	return k->token;
}

struct header *header_next(const struct header_list *l, enum header_token token, unsigned int *at)
{
	for (unsigned int i = *at; i < l->n; i++) {
		struct header *h = &l->v[i];

		if (h->token == token && !h->deleted) {
			*at = i + 1;
			return h;
		}
	}
	*at = l->n;
	return NULL;
}

struct header *header_next_named(const struct header_list *l, struct span name, unsigned int *at)
{
	enum header_token token = header_token(name);

	if (token != HEADER_OTHER)
		return header_next(l, token, at);
	for (unsigned int i = *at; i < l->n; i++) {
		struct header *h = &l->v[i];

		if (h->name.len == name.len && !h->deleted && span_equal_nocase(h->name, name)) {
			*at = i + 1;
			return h;
		}
	}
	*at = l->n;
	return NULL;
}

static int grow(struct header_list *l, struct arena *a)
{
	unsigned int cap = l->cap ? l->cap * 2 : 16;
	struct header *v;

	if (cap <= l->cap)
		return -ENOMEM;
	v = arena_array(a, cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	if (l->n)
		memcpy(v, l->v, l->n * sizeof(*v));
	l->v = v;
	l->cap = cap;
	return 0;
}

int header_add(struct header_list *l, struct arena *a, struct span name, struct span value)
{
	enum header_token token;

	if (l->n == l->cap) {
		int err = grow(l, a);

		if (err)
			return err;
	}
	token = header_token(name);
	l->seen |= HEADER_BIT(token);
	l->v[l->n++] = (struct header){.name = name, .value = value, .token = (uint8_t)token};
	return 0;
}

void header_delete(struct header_list *l, enum header_token token)
{
	for (unsigned int i = 0; i < l->n; i++) {
		if (l->v[i].token == token)
			l->v[i].deleted = true;
	}
}

void header_delete_named(struct header_list *l, struct span name)
{
	unsigned int at = 0;
	struct header *h;

	while ((h = header_next_named(l, name, &at)))
		h->deleted = true;
}

/* The index of the comma behind the first element, or the end. A quote that is never closed reaches
 * to the end. */
static size_t quoted_element_end(struct span s, size_t at)
{
	bool quoted = false;

	for (; at < s.len; at++) {
		char c = s.p[at];

		if (c == '"')
			quoted = !quoted;
		else if (c == '\\' && quoted && at + 1 < s.len)
			at++;
		else if (c == ',' && !quoted)
			break;
	}
	return at;
}

static size_t element_end(struct span s)
{
	size_t at = 0;

	while (at < s.len && s.p[at] != ',' && s.p[at] != '"')
		at++;
	return at < s.len && s.p[at] == '"' ? quoted_element_end(s, at) : at;
}

struct span header_list_next(struct span *rest)
{
	while (rest->len) {
		size_t end = element_end(*rest);
		struct span element = span_trim((struct span){rest->p, end});
		size_t skip = end < rest->len ? end + 1 : end;

		*rest = (struct span){rest->p + skip, rest->len - skip};
		if (element.len)
			return element;
	}
	return SPAN_NONE;
}

bool header_lists(const struct header_list *l, enum header_token token, struct span element)
{
	unsigned int at = 0;
	struct header *h;

	if (likely(!(l->seen & HEADER_BIT(token))))
		return false;
	while ((h = header_next(l, token, &at))) {
		struct span rest = h->value, e;

		while ((e = header_list_next(&rest)).p) {
			if (span_equal_nocase(e, element))
				return true;
		}
	}
	return false;
}
