/* SPDX-License-Identifier: MIT */
/*
 * Messages to HTTP/1 bytes; front and back codecs call it. Pieces that already lie side by side,
 * with the right bytes between them, are copied as one: of a parsed head with a few fields taken
 * out, only a few runs are left.
 *
 *     GET /a HTTP/1.1 | Host: x CRLF Accept: y | (Connection: close) | User-Agent: z
 *
 * What begins a run may come from anywhere (a rule, HTTP/2), so it is looked at for bytes that
 * would end its line.
 */
#include "proto/h1_write.h"

#include "proto/h1_scan.h"

#include "base/format.h"

struct writer {
	struct buffer *b;
	char *at, *end; /* free bytes of the buffer; none once it failed */
};

/* Bytes to be copied: [from, to). */
struct run {
	const char *from, *to;
};

static const char nothing[] = "";

static void writer_open(struct writer *w, struct buffer *b)
{
	*w = (struct writer){.b = b};
	if (!b->p)
		return;
	w->at = b->p + b->len;
	w->end = b->failed ? w->at : b->p + b->cap;
}

static void writer_close(struct writer *w)
{
	w->b->len = (size_t)(w->at - w->b->p);
}

static void writer_fail(struct writer *w)
{
	w->b->failed = true;
	w->end = w->at;
}

/* No room: the buffer grows, or fails. */
static void put_growing(struct writer *w, const char *p, size_t n)
{
	writer_close(w);
	buffer_add(w->b, p, n);
	writer_open(w, w->b);
}

static inline void put(struct writer *w, const char *p, size_t n)
{
	if (unlikely((size_t)(w->end - w->at) < n)) {
		put_growing(w, p, n);
	} else if (n) {
		memcpy(w->at, p, n);
		w->at += n;
	}
}

#define PUT(w, literal) put(w, literal, sizeof(literal) - 1)

static inline void put_run(struct writer *w, struct run run)
{
	put(w, run.from, (size_t)(run.to - run.from));
}

/* Whether `next` stands right behind the run and those two bytes. They are only read where `next`
 * says that they exist. */
static inline bool follows(struct run run, const char separator[2], const char *next)
{
	return next == run.to + 2 && memcmp(run.to, separator, 2) == 0;
}

static bool ends_line(char c)
{
	return c == '\r' || c == '\n' || c == '\0';
}

/* The first byte from `at` that would end a line, or the length. */
static inline size_t find_line_end(struct span s, size_t at)
{
	at = h1_scan_value(s.p, at, s.len);
	while (unlikely(at < s.len) && !ends_line(s.p[at]))
		at = h1_scan_value(s.p, at + 1, s.len);
	return at;
}

/* The run that some text begins. Bytes that would end its line become spaces (RFC 9110
 * section 5.5). */
static inline struct run start_text(struct writer *w, struct span s)
{
	size_t from = 0, end;

	if (s.len == 0)
		return (struct run){nothing, nothing};
	while (unlikely((end = find_line_end(s, from)) < s.len)) {
		put(w, s.p + from, end - from);
		PUT(w, " ");
		from = end + 1;
	}
	return (struct run){s.p + from, s.p + s.len};
}

/* Whether a name that begins a run is one to every parser. */
static inline bool is_name(struct span s)
{
	size_t at = h1_scan_name(s.p, 0, s.len);

	for (; unlikely(at < s.len); at++) {
		if ((unsigned char)s.p[at] <= ' ' || s.p[at] == 0x7f || s.p[at] == ':')
			return false;
	}
	return s.len > 0;
}

#define FIELD(token) ((uint64_t)1 << (token))
/* Written from `framing` and the options, never from the list. */
#define OWN_FIELDS                                                                                 \
	(FIELD(HEADER_CONNECTION) | FIELD(HEADER_CONTENT_LENGTH) | FIELD(HEADER_TE) |              \
	 FIELD(HEADER_TRANSFER_ENCODING))

/* Each field with the end of the line before it, first of all that of `run`, the start line. A name
 * that is none is left out with its field. */
static void put_fields(struct writer *w, struct run run, const struct header_list *l,
		       uint64_t leave_out)
{
	for (unsigned int i = 0; i < l->n; i++) {
		const struct header *h = &l->v[i];

		if (h->deleted || leave_out >> h->token & 1)
			continue;
		if (likely(follows(run, "\r\n", h->name.p))) {
			run.to = h->name.p + h->name.len;
		} else if (h->token != HEADER_OTHER || is_name(h->name)) {
			put_run(w, run);
			PUT(w, "\r\n");
			run = (struct run){h->name.p, h->name.p + h->name.len};
		} else {
			continue;
		}
		if (likely(follows(run, ": ", h->value.p))) {
			run.to = h->value.p + h->value.len;
		} else {
			put_run(w, run);
			PUT(w, ": ");
			run = start_text(w, h->value);
		}
	}
	put_run(w, run);
}

static void put_length(struct writer *w, uint64_t n)
{
	char digits[20];

	PUT(w, "\r\nContent-Length: ");
	put(w, digits, format_u64(digits, n));
}

static void put_framing(struct writer *w, const struct message *m, const struct h1_write_options *o)
{
	if (m->framing == BODY_LENGTH) {
		put_length(w, m->content_length);
	} else if (m->framing == BODY_CHUNKED) {
		PUT(w, "\r\nTransfer-Encoding: chunked");
		if (o->http_1_0)
			writer_fail(w);
	}
}

/* "TE" is an option too (RFC 9110 section 10.1.4). */
static void put_connection(struct writer *w, const struct h1_write_options *o)
{
	static const struct span options[] = {
	    [H1_CONNECTION_NONE] = {"", 0},
	    [H1_CONNECTION_CLOSE] = {"close", 5},
	    [H1_CONNECTION_KEEP_ALIVE] = {"keep-alive", 10},
	    [H1_CONNECTION_UPGRADE] = {"upgrade", 7},
	};
	struct span option = options[o->connection];

	if (o->te_trailers)
		PUT(w, "\r\nTE: trailers");
	if (option.len || o->te_trailers)
		PUT(w, "\r\nConnection: ");
	put(w, option.p, option.len);
	if (o->te_trailers)
		put(w, option.len ? ", TE" : "TE", option.len ? 4 : 2);
}

/* All after the start line's last word. */
static void put_rest(struct writer *w, struct run run, const struct message *m,
		     const struct h1_write_options *o)
{
	uint64_t leave_out = OWN_FIELDS;

	if (o->connection != H1_CONNECTION_UPGRADE)
		leave_out |= FIELD(HEADER_UPGRADE);
	put_fields(w, run, &m->headers, leave_out);
	put_framing(w, m, o);
	if (o->connection != H1_CONNECTION_NONE || o->te_trailers)
		put_connection(w, o);
}

/* A target from a rule may hold anything: what would end it is percent-encoded. */
static void put_target(struct writer *w, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		char code[3] = {'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};

		if (c > ' ' && c != 0x7f)
			put(w, s.p + i, 1);
		else
			put(w, code, 3);
	}
}

/* Writes the line but for its version, which is the run that is left. */
static struct run put_request_line(struct writer *w, const struct message *m, bool http_1_0)
{
	static const char versions[] = " HTTP/1.0 HTTP/1.1";
	const char *version = http_1_0 ? versions : versions + 9;
	struct span method = m->method_text, target = m->target;

	if (unlikely(method.len == 0 || target.len == 0 ||
		     h1_token_end(method.p, 0, method.len) < method.len)) {
		writer_fail(w);
		return (struct run){version, version};
	}
	if (unlikely(h1_scan_target(target.p, 0, target.len) < target.len)) {
		put(w, method.p, method.len);
		PUT(w, " ");
		put_target(w, target);
	} else if (likely(target.p == method.p + method.len + 1 && target.p[-1] == ' ')) {
		put(w, method.p, method.len + 1 + target.len);
	} else {
		put(w, method.p, method.len);
		PUT(w, " ");
		put(w, target.p, target.len);
	}
	return (struct run){version, version + 9};
}

void h1_write_request(struct buffer *b, const struct message *m, const struct h1_write_options *o)
{
	struct writer w;

	writer_open(&w, b);
	put_rest(&w, put_request_line(&w, m, o->http_1_0), m, o);
	PUT(&w, "\r\n\r\n");
	writer_close(&w);
}

/* The reason is the run that is left. */
static struct run put_status_line(struct writer *w, const struct message *m, bool http_1_0)
{
	char line[13] = "HTTP/1.1 000 ";

	if (unlikely(m->status < 100 || m->status > 999)) {
		writer_fail(w);
		return (struct run){nothing, nothing};
	}
	line[7] = http_1_0 ? '0' : '1';
	line[9] = (char)('0' + m->status / 100);
	line[10] = (char)('0' + m->status / 10 % 10);
	line[11] = (char)('0' + m->status % 10);
	put(w, line, sizeof(line));
	return start_text(w, m->reason.p ? m->reason : span_of(http_reason(m->status)));
}

/* The length that a body would have had: answers to HEAD, and 304. */
static void put_other_length(struct writer *w, const struct message *m)
{
	const struct header *h = header_first(&m->headers, HEADER_CONTENT_LENGTH);
	uint64_t n;

	if (h && m->status >= 200 && m->status != 204 && span_to_u64(h->value, INT64_MAX, &n))
		put_length(w, n);
}

void h1_write_response(struct buffer *b, const struct message *m, const struct h1_write_options *o)
{
	struct writer w;

	writer_open(&w, b);
	put_rest(&w, put_status_line(&w, m, o->http_1_0), m, o);
	if (m->framing == BODY_NONE)
		put_other_length(&w, m);
	PUT(&w, "\r\n\r\n");
	writer_close(&w);
}

void h1_write_last_chunk(struct buffer *b, const struct header_list *trailers)
{
	static const char zero[] = "0";
	struct writer w;

	writer_open(&w, b);
	put_fields(&w, (struct run){zero, zero + 1}, trailers, OWN_FIELDS | FIELD(HEADER_UPGRADE));
	PUT(&w, "\r\n\r\n");
	writer_close(&w);
}
