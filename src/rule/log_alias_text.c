/* SPDX-License-Identifier: MIT */
/*
 * The aliases of log formats that write text: names, the request, captures, cookies, the
 * termination state. Bytes that came from the network are encoded as #XX where a reader of the log
 * could be misled.
 */
#include "rule/log_alias.h"

enum {              /* what is not plain, and where */
       MARK = 1,    /* '"' and '#': encoded */
       HEADER = 2,  /* encoded in captured headers */
       ESCAPE = 4,  /* a backslash before it with the flag E */
       CONTROL = 8, /* encoded */
};

static const uint8_t special[256] = {
    [0 ... 0x1f] = CONTROL, [0x7f ... 0xff] = CONTROL,
    ['"'] = MARK | ESCAPE,  ['#'] = MARK,
    ['{'] = HEADER,         ['|'] = HEADER,
    ['}'] = HEADER,         ['\\'] = ESCAPE,
    [']'] = ESCAPE,
};

static char *put_special(char *at, char *end, unsigned char c, uint8_t encoded)
{
	if (special[c] & encoded) {
		at = log_put_char(at, end, '#');
		at = log_put_char(at, end, "0123456789ABCDEF"[c >> 4]);
		return log_put_char(at, end, "0123456789ABCDEF"[c & 15]);
	}
	at = log_put_char(at, end, '\\');
	return log_put_char(at, end, (char)c);
}

typedef int8_t lanes __attribute__((vector_size(16)));

/* True where sixteen bytes are plain for certain. Signed: bytes from 0x80 on are below 0x20. */
static inline bool are_plain(const char *p, uint8_t mask)
{
	uint64_t any[2];
	lanes v, odd;

	memcpy(&v, p, sizeof(v));
	odd = (v < 0x20) | (v == 0x7f);
	if (mask & MARK)
		odd |= (v | 1) == '#'; /* and '"' */
	if (mask & HEADER)
		odd |= v > 'z';
	if (mask & ESCAPE)
		odd |= (v == '\\') | (v == ']') | (v == '"');
	memcpy(any, &odd, sizeof(any));
	return (any[0] | any[1]) == 0;
}

/* How many bytes from the start of s certainly are plain. */
static inline size_t plain_prefix(struct span s, uint8_t mask)
{
	size_t n = 0;

	if (s.len < sizeof(lanes))
		return 0;
	for (; n + sizeof(lanes) <= s.len; n += sizeof(lanes)) {
		if (!are_plain(s.p + n, mask))
			return n;
	}
	return n == s.len || are_plain(s.p + s.len - sizeof(lanes), mask) ? s.len : n;
}

/* Runs of plain bytes go in one piece. */
static char *put_runs(char *at, char *end, struct span s, uint8_t encoded, unsigned int flags)
{
	uint8_t mask = encoded | (flags & LOG_ESCAPED ? ESCAPE : 0);
	size_t done = 0, i = plain_prefix(s, mask);

	while (i < s.len) {
		if (likely(!(special[(unsigned char)s.p[i]] & mask))) {
			i++;
			continue;
		}
		at = log_put(at, end, s.p + done, i - done);
		at = put_special(at, end, (unsigned char)s.p[i], encoded);
		done = ++i;
		i += plain_prefix(span_slice(s, i, s.len), mask);
	}
	return s.len > done ? log_put(at, end, s.p + done, s.len - done) : at;
}

/* With quotes around it where they are asked for. */
static char *put_quoted(char *at, char *end, struct span s, uint8_t encoded, unsigned int flags)
{
	if (flags & LOG_QUOTED)
		at = log_put_char(at, end, '"');
	at = put_runs(at, end, s, encoded, flags);
	return flags & LOG_QUOTED ? log_put_char(at, end, '"') : at;
}

char *log_put_text(char *at, char *end, struct span s, unsigned int flags)
{
	if (likely(s.len && !(flags & (LOG_QUOTED | LOG_ESCAPED))))
		return log_put(at, end, s.p, s.len);
	if (s.len)
		return put_quoted(at, end, s, 0, flags);
	if (flags & LOG_BARE)
		return at;
	return flags & LOG_QUOTED ? log_put(at, end, "\"\"", 2) : log_put_char(at, end, '-');
}

#define ALIAS(id, text, function, what_kind, what)                                                 \
	static const struct log_alias id = {(text), (function), (what_kind), (what)};              \
	FAMILY_ADD(log_alias, id)

#define TEXT(id, text, expression, what)                                                           \
	static char *write_##id(char *at, char *end, const struct log_record *r,                   \
				unsigned int flags)                                                \
	{                                                                                          \
		(void)r;                                                                           \
		return log_put_text(at, end, (expression), flags);                                 \
	}                                                                                          \
	ALIAS(id, text, write_##id, LOG_ANY_LENGTH, what)

TEXT(alias_backend, "b", r->backend.len ? r->backend : r->frontend, "backend");
TEXT(alias_frontend, "f", r->frontend, "frontend");
TEXT(alias_server_name, "s", r->server_name.len ? r->server_name : SPAN("<NOSRV>"), "server");
TEXT(alias_hostname, "H", r->hostname, "host name");
TEXT(alias_mode, "mode", r->tcp ? SPAN("TCP") : SPAN("HTTP"), "TCP or HTTP, of the frontend");
TEXT(alias_unique_id, "ID", r->unique_id, "unique id");
/* What a stream never has so far: written as for a stream without it. */
TEXT(alias_tls_cipher, "sslc", SPAN(""), "TLS cipher");
TEXT(alias_tls_version, "sslv", SPAN(""), "TLS version");

static char *write_frontend_transport(char *at, char *end, const struct log_record *r,
				      unsigned int flags)
{
	if (likely(!(flags & LOG_QUOTED)))
		return log_put(log_put_text(at, end, r->frontend, flags), end,
			       r->frontend_tls_mark.p, r->frontend_tls_mark.len);
	at = log_put_char(at, end, '"');
	at = log_put_text(at, end, r->frontend, flags & ~(unsigned int)LOG_QUOTED);
	at = log_put(at, end, r->frontend_tls_mark.p, r->frontend_tls_mark.len);
	return log_put_char(at, end, '"');
}
ALIAS(alias_frontend_transport, "ft", write_frontend_transport, LOG_ANY_LENGTH,
      "frontend, with '~' for TLS");

static char *write_termination(char *at, char *end, const struct log_record *r, unsigned int flags)
{
	(void)end, (void)flags;
	memcpy(at, r->termination, 2);
	return at + 2;
}
ALIAS(alias_termination, "ts", write_termination, LOG_AT_END, "termination state");

static char *write_termination_cookie(char *at, char *end, const struct log_record *r,
				      unsigned int flags)
{
	(void)end, (void)flags;
	memcpy(at, r->termination, 4);
	return at + 4;
}
ALIAS(alias_termination_cookie, "tsc", write_termination_cookie, LOG_AT_END | LOG_HTTP_ONLY,
      "termination state and what became of cookies");

/* haproxy writes cookies as they came. So does this, but for bytes that could make a terminal do
 * things. */
char *log_put_strange(char *at, char *end, struct span s, unsigned int flags)
{
	return s.len ? put_quoted(at, end, s, CONTROL, flags) : log_put_text(at, end, s, flags);
}

static char *write_request_cookie(char *at, char *end, const struct log_record *r,
				  unsigned int flags)
{
	return log_put_strange(at, end, r->request_cookie, flags);
}
ALIAS(alias_request_cookie, "CC", write_request_cookie, LOG_ANY_LENGTH | LOG_HTTP_ONLY,
      "captured cookie of the request");

static char *write_response_cookie(char *at, char *end, const struct log_record *r,
				   unsigned int flags)
{
	return log_put_strange(at, end, r->response_cookie, flags);
}
ALIAS(alias_response_cookie, "CS", write_response_cookie, LOG_ANY_LENGTH | LOG_HTTP_ONLY,
      "captured cookie of the response");

/* ---- the request ---- */

/* The target without its query; without scheme and authority where `path_only`. */
static struct span target_path(struct span target, bool path_only)
{
	struct span path = span_slice(target, 0, span_find(target, '?'));
	size_t scheme;

	if (!path_only || !path.p || span_starts_with(path, SPAN("/")))
		return path;
	scheme = span_find_span(path, SPAN("://"));
	if (scheme == path.len)
		return SPAN("");
	path = span_slice(path, scheme + 3, path.len);
	return span_slice(path, span_find(path, '/'), path.len);
}

static struct span target_query(struct span target)
{
	return target.p ? span_slice(target, span_find(target, '?'), target.len) : target;
}

#define REQUEST(id, text, expression, what)                                                        \
	static char *write_##id(char *at, char *end, const struct log_record *r,                   \
				unsigned int flags)                                                \
	{                                                                                          \
		struct span part = (expression);                                                   \
                                                                                                   \
		return put_quoted(at, end, part.p ? part : SPAN("<BADREQ>"), CONTROL | MARK,       \
				  flags);                                                          \
	}                                                                                          \
	ALIAS(id, text, write_##id, LOG_ANY_LENGTH | LOG_HTTP_ONLY | LOG_MAY_BE_EMPTY, what)

REQUEST(alias_request, "r", r->request_line, "request line");
REQUEST(alias_method, "HM", r->method, "method");
REQUEST(alias_uri, "HU", r->uri, "request target");
REQUEST(alias_version, "HV", r->version, "HTTP version");
REQUEST(alias_path, "HP", target_path(r->uri, false), "request target without its query");
REQUEST(alias_path_only, "HPO", target_path(r->uri, true), "path of the request");
REQUEST(alias_query, "HQ", target_query(r->uri), "query of the request, with its '?'");

/* ---- captures ---- */

struct captures {
	const struct span *v;
	unsigned int n;
};

/* "{a||c}", nothing where none is configured. */
static char *put_captures(char *at, char *end, struct captures c, unsigned int flags)
{
	if (c.n == 0)
		return at;
	if (flags & LOG_QUOTED)
		at = log_put_char(at, end, '"');
	at = log_put_char(at, end, '{');
	for (unsigned int i = 0; i < c.n; i++) {
		if (i)
			at = log_put_char(at, end, '|');
		at = put_runs(at, end, c.v[i], CONTROL | MARK | HEADER, flags);
	}
	at = log_put_char(at, end, '}');
	return flags & LOG_QUOTED ? log_put_char(at, end, '"') : at;
}

/* Each one a word of its own, "-" for one that is not there. */
static char *put_capture_list(char *at, char *end, struct captures c, unsigned int flags)
{
	for (unsigned int i = 0; i < c.n; i++) {
		if (i)
			at = log_put_char(at, end, ' ');
		if (!c.v[i].p && !(flags & LOG_QUOTED))
			at = log_put_char(at, end, '-');
		else
			at = put_quoted(at, end, c.v[i], CONTROL | MARK | HEADER, flags);
	}
	return at;
}

#define CAPTURES(id, text, function, side, what)                                                   \
	static char *write_##id(char *at, char *end, const struct log_record *r,                   \
				unsigned int flags)                                                \
	{                                                                                          \
		return function(at, end,                                                           \
				(struct captures){r->side##_captures, r->n_##side##_captures},     \
				flags);                                                            \
	}                                                                                          \
	ALIAS(id, text, write_##id, LOG_ANY_LENGTH | LOG_MAY_BE_EMPTY, what)

CAPTURES(alias_hr, "hr", put_captures, request, "captured request headers");
CAPTURES(alias_hs, "hs", put_captures, response, "captured response headers");
CAPTURES(alias_hrl, "hrl", put_capture_list, request, "captured request headers, each a word");
CAPTURES(alias_hsl, "hsl", put_capture_list, response, "captured response headers, each a word");
