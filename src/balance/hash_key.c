/* SPDX-License-Identifier: MIT */
/*
 * Keys and their hashes. The corner cases (an empty value is a key for url_param but not for hdr;
 * what is a domain of odd names) are as observed with haproxy 2.6.
 */
#include "balance/hash_key.h"

#include "base/hash.h"

bool hash_key_function_named(struct span name, enum hash_key_function *function)
{
	static const char *const names[] = {
	    [HASH_KEY_SDBM] = "sdbm",   [HASH_KEY_DJB2] = "djb2", [HASH_KEY_WT6] = "wt6",
	    [HASH_KEY_CRC32] = "crc32", [HASH_KEY_NONE] = "none",
	};

	for (unsigned int i = 0; i < array_size(names); i++) {
		if (span_equal(name, span_of(names[i]))) {
			*function = (enum hash_key_function)i;
			return true;
		}
	}
	return false;
}

static uint32_t finish(struct hash_key_type type, uint32_t h)
{
	return type.avalanche ? hash_avalanche(h) : h;
}

uint32_t hash_key_bytes(struct hash_key_type type, struct span key)
{
	static uint32_t (*const functions[])(struct span) = {
	    [HASH_KEY_SDBM] = hash_sdbm,   [HASH_KEY_DJB2] = hash_djb2, [HASH_KEY_WT6] = hash_wt6,
	    [HASH_KEY_CRC32] = hash_crc32, [HASH_KEY_NONE] = hash_none,
	};

	CHECK(type.function < array_size(functions));
	return finish(type, functions[type.function](key));
}

uint32_t hash_key_address(struct hash_key_type type, const uint8_t *address, size_t n)
{
	uint32_t h = 0;

	for (size_t i = 0; i < n; i++)
		h ^= (uint32_t)address[i] << (24 - i % 4 * 8);
	return finish(type, h);
}

/* From the first slash of the path; nothing (but not SPAN_NONE) where there is no path. */
static struct span path_of(struct span uri)
{
	size_t at = 0;

	if (uri.len == 0 || uri.p[0] == '/')
		return uri;
	at = span_find_span(uri, SPAN("://"));
	if (at == uri.len)
		return span_slice(uri, at, 0);
	uri = span_slice(uri, at + 3, uri.len);
	return span_slice(uri, span_find(uri, '/'), uri.len);
}

struct span hash_key_uri(const struct hash_key_uri *options, struct span uri)
{
	unsigned int slashes = 0;
	size_t end;

	if (options->path_only)
		uri = path_of(uri);
	if (options->len)
		uri = span_slice(uri, 0, options->len);
	for (end = 0; end < uri.len; end++) {
		if (uri.p[end] == '?' && !options->whole)
			break;
		if (uri.p[end] == '/' && options->depth && slashes++ == options->depth)
			break;
	}
	return span_slice(uri, 0, end);
}

struct span hash_key_url_param(struct span uri, struct span name)
{
	struct span query = span_slice(uri, span_find(uri, '?') + 1, uri.len);

	while (query.p) {
		struct span param = span_split(&query, '&');

		if (param.len > name.len && param.p[name.len] == '=' &&
		    span_starts_with(param, name))
			return span_slice(param, name.len + 1, param.len);
	}
	return SPAN_NONE;
}

/* Where the first value of a list ends: at a comma that is not quoted. */
static size_t first_value_end(struct span field)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < field.len; i++) {
		char c = field.p[i];

		if (c == ',' && !quoted)
			break;
		if (c == '"')
			quoted = !quoted;
		else if (c == '\\' && quoted && i + 1 < field.len)
			i++;
	}
	return i;
}

/* Of "www.example.com" the "example": what stands before the last dot, back to the dot before it.
 * A dot at the very start does not count as one. */
static struct span domain_of(struct span host)
{
	size_t dot = host.len, start;

	while (dot > 0 && host.p[dot - 1] != '.')
		dot--;
	if (dot <= 1)
		return host;
	dot--;
	start = dot - 1;
	while (start > 0 && host.p[start - 1] != '.')
		start--;
	return span_slice(host, start, dot - start);
}

struct span hash_key_hdr(struct span field, bool use_domain_only)
{
	struct span value = span_trim(span_slice(field, 0, first_value_end(field)));

	if (value.len == 0)
		return SPAN_NONE;
	return use_domain_only ? domain_of(value) : value;
}
