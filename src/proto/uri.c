/* SPDX-License-Identifier: MIT */
/*
 * Request targets and authorities (RFC 9112 section 3.2, RFC 3986 section 3): which form, and where
 * each part lies. The HTTP/1 parser, the HTTP/2 codec and the rules call it. Parts are views of the
 * target; nothing is decoded.
 */
#include "proto/uri.h"

static bool is_alpha(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (unsigned char)((c | 0x20) - 'a') < 6;
}

/* A registered name's bytes but for '%': unreserved and sub-delims, one bit for each ASCII code. */
static bool is_name_byte(char c)
{
	static const uint32_t bits[8] = {0, 0x2bff7fd2, 0x87fffffe, 0x47fffffe};
	unsigned char u = (unsigned char)c;

	return bits[u >> 5] >> (u & 31) & 1;
}

/* The length of the registered name or IPv4 address at the start of s; 0 where there is none. */
static size_t name_length(struct span s)
{
	size_t i = 0;

	while (i < s.len) {
		if (is_name_byte(s.p[i]))
			i++;
		else if (s.p[i] == '%' && s.len - i > 2 && is_hex(s.p[i + 1]) && is_hex(s.p[i + 2]))
			i += 3;
		else
			break;
	}
	return i;
}

/* The length of "[IPv6]"; 0 where it is none. */
static size_t literal_length(struct span s)
{
	size_t end = span_find(s, ']');
	unsigned int colons = 0;

	if (end == s.len || end < 3)
		return 0;
	for (size_t i = 1; i < end; i++) {
		if (s.p[i] == ':')
			colons++;
		else if (!is_hex(s.p[i]) && s.p[i] != '.')
			return 0;
	}
	return colons >= 2 && colons <= 8 ? end + 1 : 0;
}

bool uri_split_authority(struct span authority, struct span *host, uint16_t *port)
{
	bool literal = authority.len && authority.p[0] == '[';
	size_t len = literal ? literal_length(authority) : name_length(authority);
	uint64_t number = 0;

	if (len == 0)
		return false;
	if (len < authority.len) {
		if (authority.p[len] != ':')
			return false;
		if (len + 1 < authority.len &&
		    !span_to_u64(span_slice(authority, len + 1, authority.len), UINT16_MAX,
				 &number))
			return false;
	}
	*host = (struct span){authority.p + literal, len - 2 * (size_t)literal};
	*port = (uint16_t)number;
	return true;
}

/* The length of the scheme in "scheme://"; 0 where there is none. */
static size_t scheme_length(struct span s)
{
	size_t i = 0;

	if (s.len == 0 || !is_alpha(s.p[0]))
		return 0;
	while (i < s.len && (is_alpha(s.p[i]) || is_digit(s.p[i]) || s.p[i] == '+' ||
			     s.p[i] == '-' || s.p[i] == '.'))
		i++;
	return span_starts_with(span_slice(s, i, s.len), SPAN("://")) ? i : 0;
}

static void set_path(struct uri *u, struct span path_and_query)
{
	size_t mark = span_find(path_and_query, '?');

	u->path_and_query = path_and_query;
	u->path = (struct span){path_and_query.p, mark};
	if (mark < path_and_query.len)
		u->query =
		    (struct span){path_and_query.p + mark + 1, path_and_query.len - mark - 1};
}

static size_t authority_length(struct span s)
{
	size_t i = 0;

	while (i < s.len && s.p[i] != '/' && s.p[i] != '?' && s.p[i] != '#')
		i++;
	return i;
}

struct uri uri_parse(struct span target)
{
	struct uri u = {.form = URI_BAD, .path = SPAN(""), .path_and_query = SPAN("")};
	size_t scheme = scheme_length(target);

	if (target.len && target.p[0] == '/') {
		u.form = URI_ORIGIN;
		set_path(&u, target);
	} else if (target.len == 1 && target.p[0] == '*') {
		u.form = URI_ASTERISK;
	} else if (scheme) {
		struct span rest = span_slice(target, scheme + 3, target.len);
		struct span authority = {rest.p, authority_length(rest)};

		if (!uri_split_authority(authority, &u.host, &u.port))
			return u;
		u.form = URI_ABSOLUTE;
		u.scheme = (struct span){target.p, scheme};
		u.authority = authority;
		set_path(&u, span_slice(rest, authority.len, rest.len));
	} else if (uri_split_authority(target, &u.host, &u.port)) {
		u.form = URI_AUTHORITY;
		u.authority = target;
	}
	return u;
}

struct span uri_param(struct span query, struct span name, char separator)
{
	while (query.p) {
		struct span pair = span_split(&query, separator);
		size_t equal = span_find(pair, '=');

		if (pair.len && span_equal((struct span){pair.p, equal}, name))
			return span_slice(pair, equal + 1, pair.len);
	}
	return SPAN_NONE;
}
