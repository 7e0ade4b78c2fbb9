/* SPDX-License-Identifier: MIT */
/*
 * Chunked bodies: the decoder that front and back codecs run over what was received, and the pieces
 * they write around the data. The decoder looks at each framing byte once; data is skipped over in
 * one step. Each state is what the next byte must be.
 */
#include "proto/h1_body.h"

#include "proto/h1_scan.h"

enum chunk_state {
	CHUNK_SIZE,      /* the first digit */
	CHUNK_DIGITS,    /* another digit, or the end of the size */
	CHUNK_BLANK,     /* blanks behind the size: only an extension may follow */
	CHUNK_EXTENSION, /* anything but control bytes */
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER, /* the start of a trailer line */
	CHUNK_TRAILER_NAME,
	CHUNK_TRAILER_VALUE,
	CHUNK_TRAILER_LF,
	CHUNK_END_LF,
	CHUNK_DONE,
	CHUNK_FAILED,
};

static bool bad(struct h1_chunked *c, enum h1_chunk_fault fault)
{
	c->state = CHUNK_FAILED;
	c->fault = (uint8_t)fault;
	return false;
}

static bool go(struct h1_chunked *c, enum chunk_state state)
{
	c->state = (uint8_t)state;
	return true;
}

/* -1 where it is none. */
static int hex_value(char c)
{
	unsigned int digit = (unsigned char)(c - '0');
	unsigned int letter = (unsigned char)((c | 0x20) - 'a');

	if (digit < 10)
		return (int)digit;
	return letter < 6 ? (int)letter + 10 : -1;
}

static bool after_digits(struct h1_chunked *c, char byte)
{
	if (byte == '\r')
		return go(c, CHUNK_SIZE_LF);
	if (byte == ';')
		return go(c, CHUNK_EXTENSION);
	if (h1_is_blank(byte))
		return go(c, CHUNK_BLANK);
	return bad(c, byte == '\n' ? H1_CHUNK_BAD_LINE : H1_CHUNK_BAD_SIZE);
}

/* One byte of a size line. */
static bool size_byte(struct h1_chunked *c, char byte)
{
	int digit = hex_value(byte);

	if (++c->line_bytes > H1_MAX_CHUNK_LINE_BYTES)
		return bad(c, H1_CHUNK_LONG_LINE);
	switch (c->state) {
	case CHUNK_SIZE:
	case CHUNK_DIGITS:
		if (digit < 0)
			return c->state == CHUNK_DIGITS ? after_digits(c, byte)
							: bad(c, H1_CHUNK_BAD_SIZE);
		c->left = c->left << 4 | (unsigned int)digit;
		return c->left <= H1_MAX_CHUNK_BYTES ? go(c, CHUNK_DIGITS)
						     : bad(c, H1_CHUNK_BAD_SIZE);
	case CHUNK_BLANK:
		if (h1_is_blank(byte))
			return true;
		return byte == ';' ? go(c, CHUNK_EXTENSION) : bad(c, H1_CHUNK_BAD_LINE);
	case CHUNK_EXTENSION:
		if (byte == '\r')
			return go(c, CHUNK_SIZE_LF);
		return h1_is_value(byte) || bad(c, H1_CHUNK_BAD_LINE);
	default: /* CHUNK_SIZE_LF */
		c->line_bytes = 0;
		return byte == '\n' ? go(c, c->left ? CHUNK_DATA : CHUNK_TRAILER)
				    : bad(c, H1_CHUNK_BAD_LINE);
	}
}

/* Keeps one byte of the trailer section. */
static bool keep(struct h1_chunked *c, char byte, struct arena *a)
{
	if (c->trailer_bytes >= H1_MAX_TRAILER_BYTES)
		return bad(c, H1_CHUNK_LONG_TRAILERS);
	if (!c->trailers)
		c->trailers = arena_bytes(a, H1_MAX_TRAILER_BYTES);
	if (!c->trailers)
		return bad(c, H1_CHUNK_NO_MEMORY);
	c->trailers[c->trailer_bytes++] = byte;
	return true;
}

/* One byte of the trailer section: field lines as in a head, then an empty line. */
static bool trailer_byte(struct h1_chunked *c, char byte, struct arena *a)
{
	switch (c->state) {
	case CHUNK_TRAILER:
		if (byte == '\r')
			return go(c, CHUNK_END_LF);
		if (!h1_is_token(byte))
			return bad(c, H1_CHUNK_BAD_TRAILER);
		return go(c, CHUNK_TRAILER_NAME) && keep(c, byte, a);
	case CHUNK_TRAILER_NAME:
		if (byte == ':')
			return go(c, CHUNK_TRAILER_VALUE) && keep(c, byte, a);
		return h1_is_token(byte) ? keep(c, byte, a) : bad(c, H1_CHUNK_BAD_TRAILER);
	case CHUNK_TRAILER_VALUE:
		if (byte == '\r')
			return go(c, CHUNK_TRAILER_LF) && keep(c, byte, a);
		return h1_is_value(byte) ? keep(c, byte, a) : bad(c, H1_CHUNK_BAD_TRAILER);
	case CHUNK_TRAILER_LF:
		if (byte != '\n')
			return bad(c, H1_CHUNK_BAD_TRAILER);
		return go(c, CHUNK_TRAILER) && keep(c, byte, a);
	default: /* CHUNK_END_LF */
		return byte == '\n' ? go(c, CHUNK_DONE) : bad(c, H1_CHUNK_BAD_TRAILER);
	}
}

/* One byte that is not data. */
static bool framing_byte(struct h1_chunked *c, char byte, struct arena *a)
{
	if (c->state <= CHUNK_SIZE_LF)
		return size_byte(c, byte);
	if (c->state >= CHUNK_TRAILER)
		return trailer_byte(c, byte, a);
	if (c->state == CHUNK_DATA_CR)
		return byte == '\r' ? go(c, CHUNK_DATA_LF) : bad(c, H1_CHUNK_BAD_DATA_END);
	return byte == '\n' ? go(c, CHUNK_SIZE) : bad(c, H1_CHUNK_BAD_DATA_END);
}

/* Takes the data at buf[at] and puts it behind what was found before; returns its length. */
static size_t take_data(struct h1_chunked *c, char *buf, size_t at, size_t len, struct span *data)
{
	size_t n = c->left < len - at ? (size_t)c->left : len - at;
	size_t gap;

	if (data->len == 0) {
		data->p = buf + at;
	} else {
		gap = at - (size_t)(data->p - buf) - data->len;
		memmove(buf + at - gap, buf + at, n);
	}
	data->len += n;
	c->left -= n;
	if (c->left == 0)
		c->state = CHUNK_DATA_CR;
	return n;
}

enum parse_result h1_chunked_decode(struct h1_chunked *c, char *buf, size_t *n, struct span *data,
				    struct arena *a)
{
	size_t at = 0;

	*data = (struct span){buf, 0};
	while (at < *n && c->state < CHUNK_DONE) {
		if (c->state == CHUNK_DATA)
			at += take_data(c, buf, at, *n, data);
		else if (framing_byte(c, buf[at], a))
			at++;
	}
	*n = at;
	if (c->state == CHUNK_DONE)
		return PARSE_OK;
	return c->state == CHUNK_FAILED ? PARSE_BAD : PARSE_MORE;
}

/* RFC 9110 section 6.5.1: a field that steers framing, routing, authentication or how the head was
 * read comes too late here. */
static bool allowed_in_trailers(enum header_token token)
{
	switch (token) {
	case HEADER_AUTHORIZATION:
	case HEADER_CACHE_CONTROL:
	case HEADER_CONNECTION:
	case HEADER_CONTENT_LENGTH:
	case HEADER_CONTENT_TYPE:
	case HEADER_COOKIE:
	case HEADER_EXPECT:
	case HEADER_HOST:
	case HEADER_HTTP2_SETTINGS:
	case HEADER_KEEP_ALIVE:
	case HEADER_LOCATION:
	case HEADER_PRAGMA:
	case HEADER_PROXY_AUTHORIZATION:
	case HEADER_PROXY_CONNECTION:
	case HEADER_SET_COOKIE:
	case HEADER_TE:
	case HEADER_TRAILER:
	case HEADER_TRANSFER_ENCODING:
	case HEADER_UPGRADE:
	case HEADER_X_FORWARDED_FOR:
		return false;
	default:
		return true;
	}
}

static bool allowed_name(struct span name)
{
	static const struct span others[] = {
	    {"content-encoding", 16}, {"content-range", 13},      {"forwarded", 9},
	    {"max-forwards", 12},     {"proxy-authenticate", 18}, {"range", 5},
	    {"www-authenticate", 16},
	};

	for (size_t i = 0; i < array_size(others); i++) {
		if (span_equal_nocase(name, others[i]))
			return false;
	}
	return allowed_in_trailers(header_token(name));
}

int h1_chunked_trailers(const struct h1_chunked *c, struct header_list *out, struct arena *a)
{
	struct span rest = {c->trailers, c->trailers ? c->trailer_bytes : 0};
	struct header_list l = {0};

	while (rest.len) {
		struct span line = span_split(&rest, '\n');
		size_t colon = span_find(line, ':');
		struct span name = {line.p, colon};
		struct span value;
		int err;

		if (!allowed_name(name))
			continue;
		value = span_trim(span_slice(line, colon + 1, line.len - colon - 2)); /* without CR
										       */
		err = header_add(&l, a, name, value);
		if (err)
			return err;
	}
	*out = l;
	return 0;
}

size_t h1_chunk_head(char dst[H1_CHUNK_HEAD_BYTES], uint64_t n)
{
	size_t digits = (size_t)(64 - __builtin_clzll(n | 1) + 3) / 4;

	for (size_t i = digits; i > 0; i--, n >>= 4)
		dst[i - 1] = "0123456789abcdef"[n & 15];
	dst[digits] = '\r';
	dst[digits + 1] = '\n';
	return digits + 2;
}
