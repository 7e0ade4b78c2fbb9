/* SPDX-License-Identifier: MIT */
/*
 * Messages of every HTTP version: methods, reason phrases, moving the bytes below a message, and
 * what must not travel further than one hop. Codecs, rules and streams call it.
 */
#include "proto/message.h"

enum http_method http_method_of(struct span text)
{
	switch (text.len) {
	case 3:
		if (memcmp(text.p, "GET", 3) == 0)
			return HTTP_GET;
		return memcmp(text.p, "PUT", 3) == 0 ? HTTP_PUT : HTTP_OTHER;
	case 4:
		if (memcmp(text.p, "POST", 4) == 0)
			return HTTP_POST;
		return memcmp(text.p, "HEAD", 4) == 0 ? HTTP_HEAD : HTTP_OTHER;
	case 5:
		if (memcmp(text.p, "PATCH", 5) == 0)
			return HTTP_PATCH;
		return memcmp(text.p, "TRACE", 5) == 0 ? HTTP_TRACE : HTTP_OTHER;
	case 6:
		return memcmp(text.p, "DELETE", 6) == 0 ? HTTP_DELETE : HTTP_OTHER;
	case 7:
		if (memcmp(text.p, "OPTIONS", 7) == 0)
			return HTTP_OPTIONS;
		return memcmp(text.p, "CONNECT", 7) == 0 ? HTTP_CONNECT : HTTP_OTHER;
	default:
		return HTTP_OTHER;
	}
}

bool http_method_safe(enum http_method m)
{
	return m == HTTP_GET || m == HTTP_HEAD || m == HTTP_OPTIONS || m == HTTP_TRACE;
}

bool http_method_idempotent(enum http_method m)
{
	return http_method_safe(m) || m == HTTP_PUT || m == HTTP_DELETE;
}

struct reason {
	unsigned int status;
	const char *text;
};

static const struct reason reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

const char *http_reason(unsigned int status)
{
	for (size_t i = 0; i < array_size(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].text;
	}
	return "";
}

const char *http_reason_or_class(unsigned int status)
{
	static const char *const classes[] = {"Other",       "Informational", "Success",
					      "Redirection", "Client Error",  "Server Error"};
	const char *reason = status == 418 ? "I'm a teapot" : http_reason(status);

	return reason[0] ? reason : classes[status / 100 < array_size(classes) ? status / 100 : 0];
}

/* Addresses are compared as numbers: the spans may lie in other objects. */
static void rebase(struct span *s, const char *old, size_t len, const char *now)
{
	uintptr_t offset = (uintptr_t)s->p - (uintptr_t)old;

	if (s->p && offset < len)
		s->p = now + offset;
}

void message_rebase(struct message *m, const char *old, size_t len, const char *now)
{
	rebase(&m->method_text, old, len, now);
	rebase(&m->target, old, len, now);
	rebase(&m->reason, old, len, now);
	for (struct header *h = m->headers.v, *end = h + m->headers.n; h < end; h++) {
		uintptr_t name = (uintptr_t)h->name.p - (uintptr_t)old;
		uintptr_t value = (uintptr_t)h->value.p - (uintptr_t)old;

		/* a field that was parsed lies there whole */
		if (likely(name < len && value < len)) {
			h->name.p = now + name;
			h->value.p = now + value;
			continue;
		}
		rebase(&h->name, old, len, now);
		rebase(&h->value, old, len, now);
	}
}

/* A connection option that names a field to be dropped. Most options are no field's name, or are
 * dropped in any case; Host and Content-Length are what the server reads the request by. */
static void delete_option(struct header_list *l, struct span option)
{
	if (span_equal_nocase(option, SPAN("close")))
		return;
	switch (header_token(option)) {
	case HEADER_CONNECTION:
	case HEADER_CONTENT_LENGTH:
	case HEADER_HOST:
	case HEADER_HTTP2_SETTINGS:
	case HEADER_KEEP_ALIVE:
	case HEADER_PROXY_CONNECTION:
	case HEADER_TE:
	case HEADER_TRANSFER_ENCODING:
	case HEADER_UPGRADE:
		return;
	default:
		header_delete_named(l, option);
	}
}

static void delete_options(struct header_list *l, struct span value)
{
	struct span option;

	if (header_token(value) == HEADER_KEEP_ALIVE)
		return;
	while ((option = header_list_next(&value)).p)
		delete_option(l, option);
}

#define HOP(token) ((uint64_t)1 << HEADER_##token)
#define HOP_BY_HOP                                                                                 \
	(HOP(CONNECTION) | HOP(HTTP2_SETTINGS) | HOP(KEEP_ALIVE) | HOP(PROXY_CONNECTION) |         \
	 HOP(TE) | HOP(TRANSFER_ENCODING) | HOP(UPGRADE))

void message_strip_hop_by_hop(struct message *m, bool keep_upgrade)
{
	struct header_list *l = &m->headers;

	if (likely(!(l->seen & HOP_BY_HOP)))
		return;
	for (unsigned int i = 0; i < l->n; i++) {
		struct header *h = &l->v[i];

		if (likely(!(HOP_BY_HOP >> h->token & 1)) || h->deleted)
			continue;
		if (h->token == HEADER_CONNECTION)
			delete_options(l, h->value);
		h->deleted = h->token != HEADER_UPGRADE || !keep_upgrade;
	}
}
