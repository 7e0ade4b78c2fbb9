/* SPDX-License-Identifier: MIT */
/*
 * What the fields of an HTTP/1 head say together: where the body ends, whether the connection may
 * be used again, whose the target is. h1_parse.c calls it once a head is complete. One reading of
 * the framing, or a fault: nothing here chooses between two.
 */
#include "proto/h1_head.h"

#include "proto/h1_scan.h"
#include "proto/uri.h"

/* What the fields say together. */
struct summary {
	struct header *length, *coding, *host;
	bool close, keep_alive, upgrade_option, upgrade, h2_upgrade, expect;
};

/* Options that are also names of fields are known by their token. */
static void read_option(struct summary *s, struct span option)
{
	switch (header_token(option)) {
	case HEADER_KEEP_ALIVE:
		s->keep_alive = true;
		break;
	case HEADER_UPGRADE:
		s->upgrade_option = true;
		break;
	default:
		if (span_equal_nocase(option, SPAN("close")))
			s->close = true;
		break;
	}
}

static void read_connection(struct summary *s, struct span value)
{
	struct span option;

	if (likely(header_token(value) == HEADER_KEEP_ALIVE)) {
		s->keep_alive = true;
		return;
	}
	while ((option = header_list_next(&value)).p)
		read_option(s, option);
}

/* HTTP/2 is never offered on behalf of others: a field with "h2c" or "h2" is no upgrade. */
static void read_upgrade(struct summary *s, struct span value)
{
	struct span e;

	while ((e = header_list_next(&value)).p) {
		s->upgrade = true;
		if (span_equal_nocase(e, SPAN("h2c")) || span_equal_nocase(e, SPAN("h2")))
			s->h2_upgrade = true;
	}
}

/* Without the divisions of span_to_u64 where the number cannot overflow. */
static bool read_number(struct span s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.len == 0 || s.len > 18)
		return span_to_u64(s, INT64_MAX, out);
	for (size_t i = 0; i < s.len; i++) {
		unsigned int digit = (unsigned char)(s.p[i] - '0');

		if (digit > 9)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

/* Repeated lengths of the same value become one (RFC 9110 section 8.6). */
static enum h1_fault read_length(struct summary *s, struct header *h, uint64_t *length)
{
	uint64_t v;

	if (!read_number(h->value, &v) || (s->length && v != *length))
		return H1_BAD_CONTENT_LENGTH;
	if (s->length)
		h->deleted = true;
	else
		s->length = h;
	*length = v;
	return H1_FINE;
}

/* One field, one coding, and that is chunked: all else is understood differently somewhere. */
static enum h1_fault read_coding(struct summary *s, struct header *h, uint8_t version)
{
	if (s->coding || version < HTTP_1_1 || !span_equal_nocase(h->value, SPAN("chunked")))
		return H1_BAD_TRANSFER_ENCODING;
	s->coding = h;
	return H1_FINE;
}

static enum h1_fault read_field(struct summary *s, struct header *h, struct message *m)
{
	switch (h->token) {
	case HEADER_CONNECTION:
		read_connection(s, h->value);
		return H1_FINE;
	case HEADER_CONTENT_LENGTH:
		return read_length(s, h, &m->content_length);
	case HEADER_EXPECT:
		s->expect |= span_equal_nocase(h->value, SPAN("100-continue"));
		return H1_FINE;
	case HEADER_HOST:
		if (s->host && !m->is_response)
			return H1_BAD_HOST;
		s->host = h;
		return H1_FINE;
	case HEADER_TRANSFER_ENCODING:
		return read_coding(s, h, m->version);
	case HEADER_UPGRADE:
		read_upgrade(s, h->value);
		return H1_FINE;
	default:
		return H1_FINE;
	}
}

#define READ(token) ((uint64_t)1 << HEADER_##token)
#define READ_FIELDS                                                                                \
	(READ(CONNECTION) | READ(CONTENT_LENGTH) | READ(EXPECT) | READ(HOST) |                     \
	 READ(TRANSFER_ENCODING) | READ(UPGRADE))

static const struct h1_verdict fine = {H1_FINE, NULL};

static struct h1_verdict fault_at(enum h1_fault fault, struct span where)
{
	return (struct h1_verdict){fault, where.p};
}

static struct h1_verdict read_fields(struct summary *s, struct message *m)
{
	struct header *end = m->headers.v + m->headers.n;

	for (struct header *h = m->headers.v; h < end; h++) {
		enum h1_fault fault;

		if (likely(!(READ_FIELDS >> h->token & 1)))
			continue;
		fault = read_field(s, h, m);
		if (unlikely(fault != H1_FINE))
			return fault_at(fault, h->name);
	}
	if (s->coding && s->length)
		return fault_at(H1_BOTH_FRAMINGS, s->coding->name);
	m->persistent = !s->close && (m->version >= HTTP_1_1 || s->keep_alive);
	return fine;
}

static bool asks_upgrade(const struct summary *s, const struct message *m)
{
	return s->upgrade_option && s->upgrade && !s->h2_upgrade && m->version >= HTTP_1_1;
}

/* The ports that go without saying. */
static uint16_t default_port(struct span scheme)
{
	if (span_equal_nocase(scheme, SPAN("http")))
		return 80;
	return span_equal_nocase(scheme, SPAN("https")) ? 443 : 0;
}

static bool may_be_left_out(const struct uri *u)
{
	return u->form == URI_AUTHORITY && (u->port == 80 || u->port == 443);
}

/* Whether the Host field names what the target does; a port may be left out where it is the
 * scheme's, and for CONNECT where it is one of the two usual ones. */
static bool host_agrees(const struct uri *u, struct span value)
{
	uint16_t usual = default_port(u->scheme);
	uint16_t target_port = u->port ? u->port : usual;
	struct span host;
	uint16_t port;

	if (!uri_split_authority(value, &host, &port) || !span_equal_nocase(host, u->host))
		return false;
	if (port == 0)
		port = may_be_left_out(u) ? u->port : usual;
	return port == target_port;
}

/* Targets that are no path (RFC 9112 section 3.2). A relaxed parser takes a Host that disagrees,
 * and overwrites it with the target's authority as section 3.2.2 says. */
static enum h1_fault check_long_target(struct message *m, struct header *host, bool relaxed)
{
	struct uri u = uri_parse(m->target);

	if (m->method == HTTP_CONNECT) {
		if (u.form != URI_AUTHORITY || u.port == 0)
			return H1_BAD_CONNECT;
	} else if (u.form == URI_ASTERISK) {
		return m->method == HTTP_OPTIONS ? H1_FINE : H1_BAD_TARGET;
	} else if (u.form != URI_ABSOLUTE) {
		return H1_BAD_TARGET;
	}
	if (!host || host_agrees(&u, host->value))
		return H1_FINE;
	if (!relaxed)
		return H1_BAD_HOST;
	host->value = u.authority;
	return H1_FINE;
}

/* ":PORT" or nothing. */
static bool plain_port(struct span s)
{
	unsigned int port = 0;

	if (s.len == 0)
		return true;
	if (s.p[0] != ':' || s.len > 6)
		return false;
	for (size_t i = 1; i < s.len; i++) {
		unsigned int digit = (unsigned char)(s.p[i] - '0');

		if (digit > 9)
			return false;
		port = port * 10 + digit;
	}
	return port <= UINT16_MAX;
}

/* An empty Host is what a client sends whose target has no authority (RFC 9112 section 3.2). The
 * usual ones are recognised faster than by taking them apart. */
static bool valid_host(struct span in, struct span value)
{
	size_t at = (size_t)(value.p - in.p), end = at + value.len;
	size_t stop = h1_scan_host(in.p, at, end);
	struct span host;
	uint16_t port;

	if (likely((stop > at || stop == end) &&
		   plain_port((struct span){in.p + stop, end - stop})))
		return true;
	return uri_split_authority(value, &host, &port);
}

static enum h1_fault check_target(struct message *m, struct span in, const struct summary *s,
				  bool relaxed)
{
	if (!s->host && m->version >= HTTP_1_1)
		return H1_BAD_HOST;
	if (s->host && !relaxed && !valid_host(in, s->host->value))
		return H1_BAD_HOST;
	if (likely(m->target.p[0] == '/' && m->method != HTTP_CONNECT))
		return H1_FINE;
	return check_long_target(m, s->host, relaxed);
}

/* RFC 9112 section 6.3. A CONNECT has no body that two parsers would agree on. */
static struct h1_verdict frame_request(struct message *m, const struct summary *s)
{
	bool is_connect = m->method == HTTP_CONNECT;

	if (is_connect && (s->coding || (s->length && m->content_length)))
		return fault_at(H1_BAD_CONNECT, (s->coding ? s->coding : s->length)->name);
	if (s->coding)
		m->framing = BODY_CHUNKED;
	else if (s->length && !is_connect)
		m->framing = BODY_LENGTH;
	m->upgrade = asks_upgrade(s, m) && m->framing == BODY_NONE;
	m->expect_continue = s->expect && m->version >= HTTP_1_1;
	return fine;
}

struct h1_verdict h1_head_finish_request(struct message *m, struct span in, bool relaxed)
{
	struct summary s = {0};
	struct h1_verdict v = read_fields(&s, m);
	enum h1_fault fault;

	if (unlikely(v.fault != H1_FINE))
		return v;
	fault = check_target(m, in, &s, relaxed);
	if (unlikely(fault != H1_FINE))
		return fault_at(fault, fault == H1_BAD_HOST && s.host ? s.host->name : m->target);
	/* The method of the HTTP/2 preface is nobody's. */
	if (unlikely(span_equal(m->method_text, SPAN("PRI"))))
		return fault_at(H1_BAD_METHOD, m->method_text);
	return frame_request(m, &s);
}

/* Fields that say nothing in this response: a length or coding where there is no body. What the
 * server sends after it all the same would be read as the next response, so the connection is not
 * used again. */
static void drop_framing(struct message *m, const struct summary *s)
{
	if (s->coding || (s->length && m->content_length))
		m->persistent = false;
	header_delete(&m->headers, HEADER_CONTENT_LENGTH);
	header_delete(&m->headers, HEADER_TRANSFER_ENCODING);
}

/* RFC 9112 section 6.3. */
static void frame_response(struct message *m, const struct summary *s, enum http_method to)
{
	if (m->status == 101 || (to == HTTP_CONNECT && m->status / 100 == 2)) {
		m->framing = BODY_TUNNEL;
		drop_framing(m, s);
	} else if (m->status < 200 || m->status == 204) {
		m->framing = BODY_NONE;
		drop_framing(m, s);
	} else if (to == HTTP_HEAD || m->status == 304) {
		m->framing = BODY_NONE;
	} else if (s->coding) {
		m->framing = BODY_CHUNKED;
	} else if (s->length) {
		m->framing = BODY_LENGTH;
	} else {
		m->framing = BODY_UNTIL_CLOSE;
		m->persistent = false;
	}
	if (m->framing != BODY_LENGTH)
		m->content_length = 0;
}

struct h1_verdict h1_head_finish_response(struct message *m, enum http_method to)
{
	struct summary s = {0};
	struct h1_verdict v = read_fields(&s, m);

	if (unlikely(v.fault != H1_FINE))
		return v;
	m->upgrade = asks_upgrade(&s, m);
	if (m->status == 101 && !m->upgrade)
		return fault_at(H1_BAD_STATUS, m->reason);
	frame_response(m, &s, to);
	return fine;
}
