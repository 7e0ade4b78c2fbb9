/* SPDX-License-Identifier: MIT */
/*
 * From a request to the 32-bit hash that "hash-map" and "hash-ring" look up: which bytes are the
 * key (source, uri, url_param, hdr), and how they are hashed (hash-type's function and modifier).
 * Keys and hashes are haproxy's, so a client stays on its server when halb takes over.
 */
#ifndef BALANCE_HASH_KEY_H
#define BALANCE_HASH_KEY_H

#include "base/check.h"
#include "base/span.h"

enum hash_key_function {
	HASH_KEY_SDBM,
	HASH_KEY_DJB2,
	HASH_KEY_WT6,
	HASH_KEY_CRC32,
	HASH_KEY_NONE, /* the key is the number itself, in decimal */
};

struct hash_key_type {
	enum hash_key_function function;
	bool avalanche; /* haproxy's default with consistent is sdbm with it, with map-based without
			 */
};

/* False (and *function untouched) where there is no such name. */
bool hash_key_function_named(struct span name, enum hash_key_function *function) must_check;

uint32_t hash_key_bytes(struct hash_key_type type, struct span key);
/* balance source: the 4 or 16 bytes of an address in network order. The function does not count
 * here, only the modifier. */
uint32_t hash_key_address(struct hash_key_type type, const uint8_t *address, size_t n);

struct hash_key_uri {
	unsigned int len;   /* only so many bytes; 0: all */
	unsigned int depth; /* stop at the slash after so many directories; 0: never */
	bool whole;         /* with the query string */
	bool path_only;     /* without scheme and authority */
};

/* These give the key as a part of what is passed, or SPAN_NONE where there is none: then the query
 * is `keyless`. */
/* `uri` is the request target as received. */
struct span hash_key_uri(const struct hash_key_uri *options, struct span uri);
/* The value of a parameter in the query string of `uri`. */
struct span hash_key_url_param(struct span uri, struct span name);
/* The first value of a header's first field ("a, b" is two); with use_domain_only of
 * "www.example.com" the "example" alone. */
struct span hash_key_hdr(struct span field, bool use_domain_only);

#endif
