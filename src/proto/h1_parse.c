/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1 heads, one token after the other: empty lines, start line, fields, then what the fields
 * say together (framing, Host, connection). Front and back codecs and health checks call it.
 *
 * p->at is the start of the token that p->stage names, p->scanned how much of it was looked at: a
 * call that runs out of bytes goes on there. A fault is always that of the first wrong byte, or of
 * the whole head, so every split of the input gives the same result.
 */
#include "proto/h1_parse.h"

#include "proto/h1_head.h"
#include "proto/h1_scan.h"

#define MAX_EMPTY_LINES 4 /* before a request line */

enum stage {
	STAGE_EMPTY_LINES,
	STAGE_METHOD,
	STAGE_TARGET,
	STAGE_VERSION,
	STAGE_REASON,
	STAGE_NAME,
	STAGE_VALUE,
	STAGE_DONE,
	STAGE_FAILED,
};

static enum parse_result bad(struct h1_parser *p, enum h1_fault fault, size_t offset)
{
	p->stage = STAGE_FAILED;
	p->fault = (uint8_t)fault;
	p->fault_offset = offset;
	return PARSE_BAD;
}

static enum parse_result more(struct h1_parser *p, size_t scanned)
{
	p->scanned = scanned;
	return PARSE_MORE;
}

static inline void enter(struct h1_parser *p, enum stage stage, size_t at)
{
	p->stage = (uint8_t)stage;
	p->at = at;
	p->scanned = at;
}

/* Field by field: a compiler clears a struct of this size by a slow string instruction. */
static void begin(struct message *m, bool is_response)
{
	m->is_response = is_response;
	m->version = 0;
	m->framing = BODY_NONE;
	m->persistent = m->upgrade = m->expect_continue = false;
	m->content_length = 0;
	m->method = HTTP_OTHER;
	m->method_text = m->target = m->reason = SPAN_NONE;
	m->status = 0;
	m->headers.n = 0;
	m->headers.seen = 0;
}

/* A byte that can stand in no line: its fault, or `other` where it is just wrong at this place. */
static enum h1_fault line_fault(char c, enum h1_fault other)
{
	return c == '\r' || c == '\n' || c == '\0' ? H1_BAD_LINE_END : other;
}

/* CRLF at `at`: PARSE_OK, or PARSE_BAD with the fault of what stands there instead. */
static inline enum parse_result line_end(struct h1_parser *p, struct span in, size_t at,
					 enum h1_fault other)
{
	if (at >= in.len)
		return more(p, at);
	if (in.p[at] != '\r')
		return bad(p, line_fault(in.p[at], other), at);
	if (at + 1 >= in.len)
		return more(p, at);
	return likely(in.p[at + 1] == '\n') ? PARSE_OK : bad(p, H1_BAD_LINE_END, at);
}

/* RFC 9112 section 2.2. */
static enum parse_result empty_lines(struct h1_parser *p, struct span in)
{
	enum parse_result r;

	while (p->at < in.len && (in.p[p->at] == '\r' || in.p[p->at] == '\n')) {
		if (p->at >= (size_t)2 * MAX_EMPTY_LINES)
			return bad(p, H1_BAD_METHOD, p->at);
		r = line_end(p, in, p->at, H1_BAD_LINE_END);
		if (r != PARSE_OK)
			return r;
		p->at += 2;
	}
	if (p->at == in.len)
		return more(p, p->at);
	enter(p, STAGE_METHOD, p->at);
	return PARSE_OK;
}

static inline enum parse_result take_method(struct h1_parser *p, struct span in, struct message *m)
{
	size_t end = h1_token_end(in.p, p->scanned, in.len);

	if (end == in.len)
		return more(p, end);
	if (in.p[end] != ' ' || end == p->at)
		return bad(p, H1_BAD_METHOD, end);
	m->method_text = (struct span){in.p + p->at, end - p->at};
	m->method = http_method_of(m->method_text);
	enter(p, STAGE_TARGET, end + 1);
	return PARSE_OK;
}

/* Relaxed: '#' and what is not ASCII too. */
static inline enum parse_result take_target(struct h1_parser *p, struct span in, bool relaxed,
					    struct message *m)
{
	size_t end = h1_scan_target(in.p, p->scanned, in.len);

	while (relaxed && end < in.len && (in.p[end] == '#' || (unsigned char)in.p[end] >= 0x80))
		end = h1_scan_target(in.p, end + 1, in.len);
	if (end == in.len)
		return more(p, end);
	if (in.p[end] == '\r' && end > p->at)
		return bad(p, H1_BAD_VERSION, end);
	if (in.p[end] != ' ' || end == p->at)
		return bad(p, H1_BAD_TARGET, end);
	m->target = (struct span){in.p + p->at, end - p->at};
	enter(p, STAGE_VERSION, end + 1);
	return PARSE_OK;
}

/* How many bytes of `in` at `at` are as in `pattern`, where '#' stands for a digit; the first 7 are
 * "HTTP/1.". */
static inline size_t match(struct span in, size_t at, struct span pattern)
{
	size_t n = in.len - at >= 8 && memcmp(in.p + at, pattern.p, 7) == 0 ? 7 : 0;

	for (; n < pattern.len && at + n < in.len; n++) {
		char c = in.p[at + n];

		if (pattern.p[n] == '#' ? c < '0' || c > '9' : c != pattern.p[n])
			break;
	}
	return n;
}

/* A later minor version is read as 1.1 (RFC 9110 section 2.5). */
static uint8_t version_of(char minor)
{
	return minor == '0' ? HTTP_1_0 : HTTP_1_1;
}

static inline enum parse_result take_version(struct h1_parser *p, struct span in, struct message *m)
{
	static const struct span pattern = {"HTTP/1.#", 8};
	size_t n;

	if (in.len - p->at >= 10 && memcmp(in.p + p->at, "HTTP/1.1\r\n", 10) == 0) {
		m->version = HTTP_1_1;
		enter(p, STAGE_NAME, p->at + 10);
		return PARSE_OK;
	}
	n = match(in, p->at, pattern);
	if (n < pattern.len)
		return p->at + n < in.len ? bad(p, H1_BAD_VERSION, p->at + n) : more(p, p->at);
	m->version = version_of(in.p[p->at + 7]);
	if (p->at + n < in.len && in.p[p->at + n] != '\r' && in.p[p->at + n] != '\n')
		return bad(p, H1_BAD_VERSION, p->at + n);
	switch (line_end(p, in, p->at + n, H1_BAD_VERSION)) {
	case PARSE_OK:
		enter(p, STAGE_NAME, p->at + n + 2);
		return PARSE_OK;
	case PARSE_MORE:
		return PARSE_MORE;
	default:
		return PARSE_BAD;
	}
}

/* Whether "HTTP/1.1 " and three digits stand there, and a byte behind them. */
static inline bool plain_status(struct span in, size_t at)
{
	const char *p = in.p + at;

	return in.len - at > 12 && memcmp(p, "HTTP/1.1 ", 9) == 0 &&
	       (unsigned char)(p[9] - '0') < 10 && (unsigned char)(p[10] - '0') < 10 &&
	       (unsigned char)(p[11] - '0') < 10;
}

static enum parse_result take_status(struct h1_parser *p, struct span in, struct message *m)
{
	static const struct span pattern = {"HTTP/1.# ###", 12};
	const char *line = in.p + p->at;
	size_t n;

	n = plain_status(in, p->at) ? pattern.len : match(in, p->at, pattern);
	if (n < pattern.len && p->at + n < in.len)
		return bad(p, n < 8 ? H1_BAD_VERSION : H1_BAD_STATUS, p->at + n);
	if (p->at + n == in.len)
		return more(p, p->at);
	m->version = version_of(line[7]);
	m->status =
	    (unsigned int)((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
	if (m->status < 100)
		return bad(p, H1_BAD_STATUS, p->at + 9);
	if (line[n] != ' ' && line[n] != '\r')
		return bad(p, line_fault(line[n], H1_BAD_STATUS), p->at + n);
	enter(p, STAGE_REASON, p->at + n);
	return PARSE_OK;
}

/* From the space before the reason, or from CR where there is none. */
static enum parse_result take_reason(struct h1_parser *p, struct span in, struct message *m)
{
	size_t end = h1_value_end(in.p, p->scanned, in.len);
	size_t from = p->at + (in.p[p->at] == ' ');
	enum parse_result r = line_end(p, in, end, H1_BAD_STATUS);

	if (r != PARSE_OK)
		return r;
	m->reason = (struct span){in.p + from, end - from};
	enter(p, STAGE_NAME, end + 2);
	return PARSE_OK;
}

/* Relaxed names: any visible or non-ASCII byte (haproxy lets blanks pass as well; nobody could tell
 * where such a name ends). */
static size_t relaxed_name_end(struct span in, size_t end)
{
	while (end < in.len && in.p[end] != ':' && (unsigned char)in.p[end] > ' ' &&
	       in.p[end] != 0x7f)
		end++;
	return end;
}

/* Where a name should begin stands something else: the empty line, or a fault. */
static enum parse_result no_name(struct h1_parser *p, struct span in)
{
	enum parse_result r;

	if (h1_is_blank(in.p[p->at]))
		return bad(p, H1_OBS_FOLD, p->at);
	r = line_end(p, in, p->at, H1_BAD_HEADER_NAME);
	if (r == PARSE_OK)
		enter(p, STAGE_DONE, p->at + 2);
	return r;
}

static inline enum parse_result take_name(struct h1_parser *p, struct span in,
					  const struct h1_options *o, struct header_list *l)
{
	size_t end = h1_token_end(in.p, p->scanned, in.len);
	struct header *h;

	if (unlikely(o->relaxed))
		end = relaxed_name_end(in, end);
	if (unlikely(end == in.len))
		return more(p, end);
	if (unlikely(end == p->at))
		return no_name(p, in);
	if (unlikely(in.p[end] != ':'))
		return bad(p, line_fault(in.p[end], H1_BAD_HEADER_NAME), end);
	if (unlikely(l->n >= o->max_headers || l->n >= l->cap))
		return bad(p, H1_TOO_MANY_HEADERS, p->at);
	h = &l->v[l->n];
	h->name = (struct span){in.p + p->at, end - p->at};
	h->token = (uint8_t)header_token(h->name);
	h->deleted = false;
	l->seen |= HEADER_BIT(h->token);
	enter(p, STAGE_VALUE, end + 1);
	return PARSE_OK;
}

/* Relaxed values: control bytes, but for the three that could end a line somewhere. */
static size_t relaxed_value_end(struct span in, size_t end)
{
	while (end < in.len && in.p[end] != '\r' && in.p[end] != '\n' && in.p[end] != '\0')
		end++;
	return end;
}

static inline enum parse_result take_value(struct h1_parser *p, struct span in,
					   const struct h1_options *o, struct header_list *l)
{
	size_t end = h1_value_end(in.p, p->scanned, in.len);
	size_t from = p->at;
	size_t to;
	enum parse_result r;

	if (unlikely(o->relaxed))
		end = relaxed_value_end(in, end);
	to = end;
	r = line_end(p, in, end, H1_BAD_HEADER_VALUE);
	if (unlikely(r != PARSE_OK))
		return r;
	while (from < to && h1_is_blank(in.p[from]))
		from++;
	while (to > from && h1_is_blank(in.p[to - 1]))
		to--;
	l->v[l->n++].value = (struct span){in.p + from, to - from};
	enter(p, STAGE_NAME, end + 2);
	return PARSE_OK;
}

/* The field line at `at`, where it is complete and of the plainest bytes, as most lines of most
 * heads are: where it ends. 0 for all that needs a closer look. */
static inline size_t plain_line(struct span in, size_t at, struct header *h)
{
	size_t colon, from, end;

	if (at >= in.len || in.p[at] == '\r')
		return 0;
	colon = h1_scan_name(in.p, at, in.len);
	if (colon == in.len || in.p[colon] != ':' || colon == at)
		return 0;
	from = colon + 1;
	end = h1_scan_value(in.p, from, in.len);
	if (in.len - end < 2 || in.p[end] != '\r' || in.p[end + 1] != '\n')
		return 0;
	from += in.p[from] == ' ';
	if (in.p[from] == ' ' || in.p[end - 1] == ' ')
		return 0;
	h->name = (struct span){in.p + at, colon - at};
	h->value = (struct span){in.p + from, end - from};
	h->token = (uint8_t)header_token(h->name);
	h->deleted = false;
	return end + 2;
}

/* Its own function, for the sake of the compiler's registers. */
static void take_plain_fields(struct h1_parser *p, struct span in, unsigned int max,
			      struct header_list *l) __attribute__((noinline));

static void take_plain_fields(struct h1_parser *p, struct span in, unsigned int max,
			      struct header_list *l)
{
	struct header *h = l->v + l->n, *last = l->v + (max < l->cap ? max : l->cap);
	size_t at = p->at, next;
	uint64_t seen = 0;

	for (; h < last && (next = plain_line(in, at, h)) != 0; h++) {
		at = next;
		seen |= HEADER_BIT(h->token);
	}
	l->seen |= seen;
	l->n = (unsigned int)(h - l->v);
	enter(p, STAGE_NAME, at);
}

static enum parse_result take_fields(struct h1_parser *p, struct span in,
				     const struct h1_options *o, struct header_list *l)
{
	enum parse_result r = PARSE_OK;

	while (r == PARSE_OK && p->stage != STAGE_DONE) {
		if (p->stage == STAGE_NAME && p->scanned == p->at)
			take_plain_fields(p, in, o->max_headers, l);
		if (p->at < in.len && in.p[p->at] == '\r' && p->stage == STAGE_NAME)
			return no_name(p, in);
		if (p->stage == STAGE_NAME)
			r = take_name(p, in, o, l);
		if (r == PARSE_OK && p->stage == STAGE_VALUE)
			r = take_value(p, in, o, l);
	}
	return r;
}

static struct span clip(struct span in, const struct h1_options *o)
{
	return (struct span){in.p, in.len < o->max_bytes ? in.len : o->max_bytes};
}

static enum parse_result request_line(struct h1_parser *p, struct span in,
				      const struct h1_options *o, struct message *m)
{
	enum parse_result r = PARSE_OK;

	if (p->stage == STAGE_EMPTY_LINES) {
		begin(m, false);
		r = empty_lines(p, in);
	}
	if (r == PARSE_OK && p->stage == STAGE_METHOD)
		r = take_method(p, in, m);
	if (r == PARSE_OK && p->stage == STAGE_TARGET)
		r = take_target(p, in, o->relaxed, m);
	if (r == PARSE_OK && p->stage == STAGE_VERSION)
		r = take_version(p, in, m);
	return r;
}

static enum parse_result status_line(struct h1_parser *p, struct span in, struct message *m)
{
	enum parse_result r = PARSE_OK;

	if (p->stage == STAGE_EMPTY_LINES) {
		begin(m, true);
		enter(p, STAGE_VERSION, 0);
	}
	if (p->stage == STAGE_VERSION)
		r = take_status(p, in, m);
	if (r == PARSE_OK && p->stage == STAGE_REASON)
		r = take_reason(p, in, m);
	return r;
}

static enum parse_result accept(struct h1_parser *p, struct span in, struct h1_verdict v)
{
	return likely(v.fault == H1_FINE) ? PARSE_OK : bad(p, v.fault, (size_t)(v.where - in.p));
}

/* All bytes that a head may have are there, and it is not complete. */
static enum parse_result or_too_long(struct h1_parser *p, enum parse_result r, struct span in,
				     const struct h1_options *o)
{
	if (r == PARSE_MORE && in.len >= o->max_bytes)
		return bad(p, H1_TOO_LONG, o->max_bytes);
	return r;
}

enum parse_result h1_parse_request(struct h1_parser *p, struct span in, const struct h1_options *o,
				   struct message *m)
{
	struct span head = clip(in, o);
	enum parse_result r;

	if (p->stage >= STAGE_DONE)
		return p->stage == STAGE_DONE ? PARSE_OK : PARSE_BAD;
	r = request_line(p, head, o, m);
	if (r == PARSE_OK)
		r = take_fields(p, head, o, &m->headers);
	if (r == PARSE_OK)
		r = accept(p, head, h1_head_finish_request(m, head, o->relaxed));
	return or_too_long(p, r, head, o);
}

enum parse_result h1_parse_response(struct h1_parser *p, struct span in, const struct h1_options *o,
				    enum http_method to, struct message *m)
{
	struct span head = clip(in, o);
	enum parse_result r;

	if (p->stage >= STAGE_DONE)
		return p->stage == STAGE_DONE ? PARSE_OK : PARSE_BAD;
	r = status_line(p, head, m);
	if (r == PARSE_OK)
		r = take_fields(p, head, o, &m->headers);
	if (r == PARSE_OK)
		r = accept(p, head, h1_head_finish_response(m, to));
	return or_too_long(p, r, head, o);
}

const char *h1_fault_text(enum h1_fault f)
{
	static const char *const texts[] = {
	    [H1_FINE] = "no fault",
	    [H1_TOO_LONG] = "message head too long",
	    [H1_TOO_MANY_HEADERS] = "too many headers",
	    [H1_BAD_METHOD] = "invalid method",
	    [H1_BAD_TARGET] = "invalid request target",
	    [H1_BAD_VERSION] = "invalid HTTP version",
	    [H1_BAD_STATUS] = "invalid status line",
	    [H1_BAD_LINE_END] = "invalid end of line",
	    [H1_BAD_HEADER_NAME] = "invalid header name",
	    [H1_BAD_HEADER_VALUE] = "invalid header value",
	    [H1_OBS_FOLD] = "folded header line",
	    [H1_BAD_CONTENT_LENGTH] = "invalid Content-Length",
	    [H1_BAD_TRANSFER_ENCODING] = "invalid Transfer-Encoding",
	    [H1_BOTH_FRAMINGS] = "both Transfer-Encoding and Content-Length",
	    [H1_BAD_HOST] = "missing or invalid Host",
	    [H1_BAD_CONNECT] = "invalid CONNECT request",
	};

	return (size_t)f < array_size(texts) && texts[f] ? texts[f] : "unknown fault";
}

unsigned int h1_fault_status(enum h1_fault f)
{
	(void)f;
	return 400;
}
