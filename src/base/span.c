/* SPDX-License-Identifier: MIT */
/*
 * Views of bytes: comparing, searching, cutting. Everything that reads text uses it. Nothing here
 * allocates, keeps state or looks beyond the length of a span; a span of length 0 may have a NULL
 * pointer.
 */
#include "base/span.h"

static unsigned char lower(char c)
{
	unsigned char u = (unsigned char)c;

	return (unsigned char)(u >= 'A' && u <= 'Z' ? u + ('a' - 'A') : u);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool span_equal_nocase(struct span a, struct span b)
{
	return a.len == b.len && span_starts_with_nocase(a, b);
}

bool span_starts_with(struct span s, struct span prefix)
{
	return s.len >= prefix.len && span_equal((struct span){s.p, prefix.len}, prefix);
}

bool span_starts_with_nocase(struct span s, struct span prefix)
{
	if (s.len < prefix.len)
		return false;
	for (size_t i = 0; i < prefix.len; i++) {
		if (lower(s.p[i]) != lower(prefix.p[i]))
			return false;
	}
	return true;
}

bool span_ends_with(struct span s, struct span suffix)
{
	if (suffix.len == 0)
		return true;
	if (s.len < suffix.len)
		return false;
	return memcmp(s.p + (s.len - suffix.len), suffix.p, suffix.len) == 0;
}

size_t span_find(struct span s, char c)
{
	const char *at = s.len ? memchr(s.p, c, s.len) : NULL;

	return at ? (size_t)(at - s.p) : s.len;
}

size_t span_find_span(struct span s, struct span needle)
{
	const char *at;

	if (needle.len == 0)
		return 0;
	at = s.len ? memmem(s.p, s.len, needle.p, needle.len) : NULL;
	return at ? (size_t)(at - s.p) : s.len;
}

struct span span_slice(struct span s, size_t from, size_t len)
{
	if (!s.p)
		return s;
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return (struct span){s.p + from, len};
}

struct span span_trim(struct span s)
{
	while (s.len && is_blank(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

struct span span_split(struct span *rest, char sep)
{
	struct span s = *rest;
	size_t at = span_find(s, sep);

	if (at == s.len) {
		*rest = SPAN_NONE;
		return s;
	}
	*rest = (struct span){s.p + at + 1, s.len - at - 1};
	return (struct span){s.p, at};
}

bool span_to_u64(struct span s, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned int digit = (unsigned int)(unsigned char)s.p[i] - '0';

		if (digit > 9 || v > max / 10)
			return false;
		v *= 10;
		if (digit > max - v)
			return false;
		v += digit;
	}
	*value = v;
	return true;
}
