/* SPDX-License-Identifier: MIT */
/*
 * The request of an HTTP health check, as it stands on the wire: haproxy's order and its lower-case
 * names. The framing is ours: Content-Length follows from the body, and a configured
 * Content-Length or Transfer-Encoding is left out.
 */
#include "proto/check_dialogue_priv.h"

static struct span or_default(struct span s, struct span text)
{
	return s.len ? s : text;
}

static void add_field(struct buffer *b, struct span name, struct span value)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		buffer_add_char(b, c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c);
	}
	buffer_add_text(b, ": ");
	buffer_add_span(b, value);
	buffer_add_text(b, "\r\n");
}

/* A method that has no use for a body is not given "content-length: 0". */
static bool method_has_body(enum http_method m)
{
	return m != HTTP_GET && m != HTTP_HEAD && m != HTTP_OPTIONS && m != HTTP_DELETE &&
	       m != HTTP_CONNECT;
}

static void add_start_line(struct buffer *b, const struct check_step *s, struct span method,
			   bool is_1_0)
{
	buffer_add_span(b, method);
	buffer_add_char(b, ' ');
	buffer_add_span(b, or_default(s->uri, SPAN("/")));
	buffer_add_text(b, is_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
}

/* The old trick of fields behind the version ("HTTP/1.1\r\nHost: www"): the lines as they are. */
static void add_hidden_fields(struct buffer *b, struct span version)
{
	size_t end = span_find(version, '\n');

	version = span_slice(version, end + 1, version.len);
	if (version.len == 0)
		return;
	buffer_add_span(b, version);
	if (!span_ends_with(version, SPAN("\r\n")))
		buffer_add_text(b, "\r\n");
}

/* The configured fields; false where Connection stands among them and nothing is to be added. */
static bool add_configured_fields(struct buffer *b, const struct check_step *s, bool is_1_0,
				  bool *has_host)
{
	bool close = true;

	for (unsigned int i = 0; i < s->n_headers; i++) {
		const struct header *h = &s->headers[i];

		if (span_equal_nocase(h->name, SPAN("content-length")) ||
		    span_equal_nocase(h->name, SPAN("transfer-encoding")))
			continue;
		if (span_equal_nocase(h->name, SPAN("host")))
			*has_host = true;
		if (span_equal_nocase(h->name, SPAN("connection"))) {
			close = false;
			/* What HTTP/1.1 does anyway is not said. */
			if (!is_1_0 && span_equal_nocase(h->value, SPAN("keep-alive")))
				continue;
		}
		add_field(b, h->name, h->value);
	}
	return close;
}

void check_request_write(struct check_run *r, const struct check_step *s)
{
	struct buffer *b = &r->to_send;
	struct span method = or_default(s->method, SPAN("OPTIONS"));
	bool is_1_0 = s->version.len == 0 || span_starts_with(s->version, SPAN("HTTP/1.0"));
	bool has_host = span_find(s->version, '\n') < s->version.len;
	bool close;

	r->method = http_method_of(method);
	add_start_line(b, s, method, is_1_0);
	add_hidden_fields(b, s->version);
	close = add_configured_fields(b, s, is_1_0, &has_host);
	if (!has_host && !is_1_0 && r->host_default.len)
		add_field(b, SPAN("host"), r->host_default);
	if (s->send_state && r->send_state.len)
		add_field(b, SPAN("x-haproxy-server-state"), r->send_state);
	if (s->body.len || method_has_body(r->method)) {
		buffer_add_text(b, "content-length: ");
		buffer_add_u64(b, s->body.len);
		buffer_add_text(b, "\r\n");
	}
	if (close && !is_1_0)
		buffer_add_text(b, "connection: close\r\n");
	buffer_add_text(b, "\r\n");
	buffer_add_span(b, s->body);
}
