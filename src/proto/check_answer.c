/* SPDX-License-Identifier: MIT */
/*
 * The answer to an HTTP check. The head is copied with its line ends and folds put right, then read
 * by the same parser as all other heads; so what haproxy lets pass (a bare LF, a folded field, a
 * version that is not 1.x, two framings, control bytes in a value) does not mark a server down.
 */
#include "proto/check_answer.h"

#define HEAD_MAX_BYTES 32768 /* a copied head: each line grows by one byte at most */
#define TRAILER_ARENA_BYTES 16384

void check_answer_init(struct check_answer *a)
{
	*a = (struct check_answer){0};
	buffer_init(&a->head, HEAD_MAX_BYTES);
	arena_init(&a->arena, 1024, TRAILER_ARENA_BYTES);
}

void check_answer_fini(struct check_answer *a)
{
	buffer_fini(&a->head);
	arena_fini(&a->arena);
}

void check_answer_clear(struct check_answer *a)
{
	buffer_clear(&a->head);
	arena_reset(&a->arena);
	a->scanned = a->body_at = a->body_bytes = 0;
	a->body_complete = a->bad = false;
	a->chunked = (struct h1_chunked){0};
}

/* The next line from *at, without its end; *at is moved behind it. */
static struct span take_line(struct span head, size_t *at)
{
	struct span line = span_slice(head, *at, head.len);

	line.len = span_find(line, '\n');
	*at += line.len + 1;
	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* Bytes that no field value may hold become '?'. */
static void copy_text(struct buffer *b, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];

		buffer_add_char(b, (c < 0x20 && c != '\t') || c == 0x7f ? '?' : (char)c);
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 reason", whatever the digits of the version and the number of blanks were. */
static void copy_status_line(struct buffer *b, struct span line)
{
	size_t at = 8, end;

	if (line.len < 9 || !is_digit(line.p[5]) || line.p[6] != '.' || !is_digit(line.p[7])) {
		copy_text(b, line);
		return;
	}
	buffer_add_text(b, span_starts_with(line, SPAN("HTTP/1.0")) ? "HTTP/1.0" : "HTTP/1.1");
	while (at < line.len && line.p[at] == ' ')
		at++;
	if (at > 8)
		buffer_add_char(b, ' ');
	line = span_slice(line, at, line.len);
	end = span_find(line, ' ');
	copy_text(b, span_slice(line, 0, end));
	buffer_add_char(b, ' ');
	copy_text(b, span_slice(line, end + 1, line.len));
}

static void copy_head(struct buffer *b, struct span head)
{
	size_t at = 0;

	copy_status_line(b, take_line(head, &at));
	while (at < head.len) {
		struct span line = take_line(head, &at);

		/* A fold goes on in the line before. */
		if (line.len == 0 || (line.p[0] != ' ' && line.p[0] != '\t'))
			buffer_add_text(b, "\r\n");
		copy_text(b, line);
	}
	buffer_add_text(b, "\r\n");
}

/* Takes Content-Length out of the way of Transfer-Encoding, which rules (RFC 9112 section 6.3). */
static void hide_content_length(struct buffer *b)
{
	struct span head = buffer_span(b);
	size_t at = 0;

	while (at < head.len) {
		size_t start = at;

		if (span_starts_with_nocase(take_line(head, &at), SPAN("content-length:")))
			b->p[start] = 'X';
	}
}

static enum parse_result parse_head(struct check_answer *a, enum http_method to)
{
	const struct h1_options o = {.max_bytes = HEAD_MAX_BYTES, .max_headers = H1_MAX_HEADERS};

	for (int attempt = 0;; attempt++) {
		struct h1_parser parser = {0};
		enum parse_result result;

		a->message = (struct message){.is_response = true,
					      .headers = {.v = a->fields, .cap = H1_MAX_HEADERS}};
		result = h1_parse_response(&parser, buffer_span(&a->head), &o, to, &a->message);
		if (result == PARSE_OK)
			return PARSE_OK;
		if (attempt > 0 || result != PARSE_BAD || parser.fault != H1_BOTH_FRAMINGS)
			return PARSE_BAD;
		hide_content_length(&a->head);
	}
}

/* The offset behind the empty line that ends the head, or 0. */
static size_t find_end(struct check_answer *a, struct span in, size_t start)
{
	size_t at = a->scanned > start ? a->scanned : start;

	for (; at < in.len; at++) {
		if (in.p[at] != '\n')
			continue;
		if (at + 1 < in.len && in.p[at + 1] == '\n')
			return at + 2;
		if (at + 2 < in.len && in.p[at + 1] == '\r' && in.p[at + 2] == '\n')
			return at + 3;
		if (at + 2 >= in.len)
			break;
	}
	a->scanned = at;
	return 0;
}

enum parse_result check_answer_head(struct check_answer *a, struct span received,
				    enum http_method to)
{
	struct span seen;
	size_t start = 0, end;

	if (a->bad)
		return PARSE_BAD;
	if (a->body_at)
		return PARSE_OK;
	while (start < received.len && (received.p[start] == '\r' || received.p[start] == '\n'))
		start++;
	seen = span_slice(received, start, 5);
	if (seen.len == 0)
		return PARSE_MORE;
	a->bad = memcmp(seen.p, "HTTP/", seen.len) != 0;
	if (a->bad)
		return PARSE_BAD;
	end = find_end(a, received, start);
	if (end == 0)
		return PARSE_MORE;
	copy_head(&a->head, span_slice(received, start, end - start));
	a->bad = a->head.failed || parse_head(a, to) != PARSE_OK;
	if (a->bad)
		return PARSE_BAD;
	a->body_at = end;
	return PARSE_OK;
}

static enum parse_result decode_chunks(struct check_answer *a, struct buffer *received)
{
	size_t at = a->body_at + a->body_bytes, n = received->len - at;
	struct span data = SPAN_NONE;
	enum parse_result result;

	if (n == 0)
		return PARSE_MORE;
	result = h1_chunked_decode(&a->chunked, received->p + at, &n, &data, &a->arena);
	if (data.len)
		memmove(received->p + at, data.p, data.len);
	a->body_bytes += data.len;
	received->len = at + data.len;
	return result;
}

enum parse_result check_answer_body(struct check_answer *a, struct buffer *received)
{
	size_t there = received->len - a->body_at;
	enum parse_result result;

	if (a->body_complete)
		return PARSE_OK;
	switch (a->message.framing) {
	case BODY_CHUNKED:
		result = decode_chunks(a, received);
		a->body_complete = result == PARSE_OK;
		return result;
	case BODY_LENGTH:
		a->body_complete = there >= a->message.content_length;
		a->body_bytes = a->body_complete ? (size_t)a->message.content_length : there;
		break;
	case BODY_UNTIL_CLOSE:
	case BODY_TUNNEL:
		a->body_bytes = there;
		break;
	default:
		a->body_complete = true;
	}
	return a->body_complete ? PARSE_OK : PARSE_MORE;
}
