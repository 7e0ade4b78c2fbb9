/* SPDX-License-Identifier: MIT */
/*
 * Chunked bodies (RFC 9112 section 7): a decoder that strips the chunk framing in place, and the
 * pieces of framing that are written. Strict: no bare LF, sizes of at most 2^53, extensions checked
 * and dropped, trailers parsed like header fields.
 */
#ifndef PROTO_H1_BODY_H
#define PROTO_H1_BODY_H

#include "proto/h1_parse.h"

#define H1_MAX_TRAILER_BYTES 4096
#define H1_MAX_CHUNK_LINE_BYTES 512
#define H1_MAX_CHUNK_BYTES ((uint64_t)1 << 53)

enum h1_chunk_fault {
	H1_CHUNK_FINE,
	H1_CHUNK_BAD_SIZE,     /* no hex digit, or more than 2^53 */
	H1_CHUNK_BAD_LINE,     /* a size line that does not end with CRLF, or has control bytes */
	H1_CHUNK_LONG_LINE,    /* a size line of more than H1_MAX_CHUNK_LINE_BYTES */
	H1_CHUNK_BAD_DATA_END, /* no CRLF behind the data */
	H1_CHUNK_BAD_TRAILER,  /* not a field */
	H1_CHUNK_LONG_TRAILERS,
	H1_CHUNK_NO_MEMORY,
};

struct h1_chunked {
	uint64_t left;       /* of the current chunk */
	uint8_t state;       /* zero: at the first size line */
	uint8_t fault;       /* enum h1_chunk_fault when PARSE_BAD */
	uint16_t line_bytes; /* of the size line with its extensions, bounded */
	uint16_t trailer_bytes;
	char *trailers; /* the trailer section's raw bytes, in the arena, NULL when there is none */
};

/* Decodes `*n` bytes at `buf`: the data bytes are moved together (never copied when the input holds
 * only one piece of data), *data is where they are, *n what was consumed. PARSE_OK: the body ended
 * (bytes after *n belong to the next message); PARSE_MORE: all was consumed; PARSE_BAD. `a` holds
 * trailers; out of memory counts as PARSE_BAD. */
enum parse_result h1_chunked_decode(struct h1_chunked *c, char *buf, size_t *n, struct span *data,
				    struct arena *a);
/* After PARSE_OK: the trailer fields; those that must not be trailers (RFC 9110 section 6.5.1:
 * framing, routing, authentication) are left out. `out->v` is from the arena. 0 or -ENOMEM. */
int h1_chunked_trailers(const struct h1_chunked *c, struct header_list *out,
			struct arena *a) must_check;

#define H1_CHUNK_HEAD_BYTES 18
/* "SIZE\r\n" in hex without leading zeros; n > 0. Returns its length. */
size_t h1_chunk_head(char dst[H1_CHUNK_HEAD_BYTES], uint64_t n);

#endif
