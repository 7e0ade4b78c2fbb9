/* SPDX-License-Identifier: MIT */
/*
 * Fetches of header fields. "hdr" sees the elements of comma-separated lists one by one, "fhdr"
 * whole fields. Without a number an expression takes the last one, a condition tries each.
 */
#include "rule/expr.h"

enum { /* bits of variant */
       OF_RESPONSE = 1,
       WHOLE = 2, /* fhdr */
};

static const struct message *message_of(const struct fetch_call *c)
{
	return c->fetch->variant & OF_RESPONSE ? c->ctx->response : c->ctx->request;
}

/* The next live field of that name (any, where it is empty) after *at. */
static const struct header *next_field(const struct message *m, struct span name, unsigned int *at)
{
	if (name.len)
		return header_next_named(&m->headers, name, at);
	while (*at < m->headers.n) {
		const struct header *h = &m->headers.v[(*at)++];

		if (!h->deleted)
			return h;
	}
	return NULL;
}

/* The element at the front of *rest, trimmed; *rest moves behind its comma, p NULL at the end. */
static struct span take_element(struct span *rest)
{
	struct span all = *rest;
	bool quoted = false;
	size_t at = 0;

	for (; at < all.len; at++) {
		char c = all.p[at];

		if (c == '"')
			quoted = !quoted;
		else if (c == '\\' && quoted && at + 1 < all.len)
			at++;
		else if (c == ',' && !quoted)
			break;
	}
	*rest = at < all.len ? span_slice(all, at + 1, all.len) : SPAN_NONE;
	return span_trim(span_slice(all, 0, at));
}

/* Values one after the other: walk->rest is what is left of the field at hand. p NULL at the end.
 */
static struct span next_value(const struct fetch_call *c, struct fetch_walk *w)
{
	const struct message *m = message_of(c);
	const struct header *h;

	if (!w->rest.p) {
		h = next_field(m, c->args[0].text, &w->at);
		if (!h)
			return SPAN_NONE;
		if (c->fetch->variant & WHOLE)
			return h->value;
		w->rest = h->value.p ? h->value : SPAN("");
	}
	return take_element(&w->rest);
}

/* The nth from the front (n > 0) or from the end (n < 0). */
static struct span nth_value(const struct fetch_call *c, int64_t n)
{
	enum { KEPT = 16 }; /* haproxy's limit of negative numbers */
	struct span last[KEPT], s;
	struct fetch_walk w = {0};
	int64_t count = 0;

	while ((s = next_value(c, &w)).p) {
		last[count++ % KEPT] = s;
		if (n > 0 && count == n)
			return s;
	}
	if (n >= 0 || -n > count || -n > KEPT)
		return SPAN_NONE;
	return last[(count + n) % KEPT];
}

/* The value that is wanted; p NULL where there is none. */
static struct span wanted(const struct fetch_call *c)
{
	int64_t n = c->args[1].type ? c->args[1].number : 0;
	struct span s;

	if (!message_of(c) || !c->args[0].text.len)
		return SPAN_NONE;
	if (n)
		return nth_value(c, n);
	if (!c->walk)
		return nth_value(c, -1);
	s = next_value(c, c->walk);
	c->walk->more = s.p != NULL;
	return s;
}

static bool fetch_text(const struct fetch_call *c)
{
	struct span s = wanted(c);

	*c->out = value_of_text(s);
	return s.p != NULL;
}

static bool fetch_number(const struct fetch_call *c)
{
	struct span s = wanted(c);

	*c->out = value_of_int(value_parse_int(s));
	return s.p != NULL;
}

/* "10.0.0.1", "10.0.0.1:80", "[::1]:80" */
static bool fetch_address(const struct fetch_call *c)
{
	struct span s = wanted(c);
	struct inet a;

	if (!s.p)
		return false;
	if (s.len && s.p[0] == '[') {
		s = span_slice(s, 1, span_find(s, ']') - 1);
	} else if (!inet_parse(s, &a)) {
		s = span_slice(s, 0, span_find(s, ':'));
	}
	if (!inet_parse(s, &a))
		return false;
	*c->out = value_of_inet(&a);
	return true;
}

static bool fetch_count(const struct fetch_call *c)
{
	struct fetch_walk w = {0};
	int64_t n = 0;

	if (!message_of(c))
		return false;
	while (next_value(c, &w).p)
		n++;
	*c->out = value_of_int(n);
	return true;
}

static bool fetch_names(const struct fetch_call *c)
{
	const struct message *m = message_of(c);
	struct span delimiter = c->args[0].type ? c->args[0].text : SPAN(",");
	const struct header *h;
	unsigned int at = 0;
	struct buffer b;

	if (!m)
		return false;
	scratch_open(c->ctx->scratch, &b);
	while ((h = next_field(m, SPAN(""), &at))) {
		if (b.len)
			buffer_add_span(&b, delimiter);
		for (size_t i = 0; i < h->name.len; i++) {
			char byte = h->name.p[i];

			buffer_add_char(&b,
					byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte);
		}
	}
	c->out->type = VALUE_STR;
	return scratch_close(c->ctx->scratch, &b, &c->out->text);
}

/* All fields as lines, and the empty line. */
static bool fetch_lines(const struct fetch_call *c)
{
	const struct message *m = message_of(c);
	const struct header *h;
	unsigned int at = 0;
	struct buffer b;

	if (!m)
		return false;
	scratch_open(c->ctx->scratch, &b);
	while ((h = next_field(m, SPAN(""), &at))) {
		for (size_t i = 0; i < h->name.len; i++) {
			char byte = h->name.p[i];

			buffer_add_char(&b,
					byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte);
		}
		buffer_add_text(&b, ": ");
		buffer_add_span(&b, h->value);
		buffer_add_text(&b, "\r\n");
	}
	buffer_add_text(&b, "\r\n");
	c->out->type = VALUE_STR;
	return scratch_close(c->ctx->scratch, &b, &c->out->text);
}

#define NAMED ARGUMENTS(0, ARGUMENT_STR, ARGUMENT_INT)
#define NAME ARGUMENTS(0, ARGUMENT_STR)

/* The same for both sides. */
#define FIELDS(id, prefix, needs, of, whose)                                                       \
	FETCH(id##_hdr, prefix ".hdr", NAMED, VALUE_STR, needs, FETCH_DERIVES, (of), fetch_text,   \
	      NULL, "(NAME[,N]): an element of the " whose "'s field, the last by itself");        \
	FETCH(id##_fhdr, prefix ".fhdr", NAMED, VALUE_STR, needs, FETCH_DERIVES, (of) | WHOLE,     \
	      fetch_text, NULL, "(NAME[,N]): a whole field of the " whose);                        \
	FETCH(id##_hdr_cnt, prefix ".hdr_cnt", NAME, VALUE_INT, needs, 0, (of), fetch_count, NULL, \
	      "([NAME]): how many elements its fields have");                                      \
	FETCH(id##_fhdr_cnt, prefix ".fhdr_cnt", NAME, VALUE_INT, needs, 0, (of) | WHOLE,          \
	      fetch_count, NULL, "([NAME]): how many such fields there are");                      \
	FETCH(id##_hdr_val, prefix ".hdr_val", NAMED, VALUE_INT, needs, 0, (of), fetch_number,     \
	      NULL, "(NAME[,N]): an element as a number");                                         \
	FETCH(id##_hdr_ip, prefix ".hdr_ip", NAMED, VALUE_ADDR, needs, 0, (of), fetch_address,     \
	      NULL, "(NAME[,N]): an element as an address");                                       \
	FETCH(id##_hdr_names, prefix ".hdr_names", NAME, VALUE_STR, needs, 0, (of), fetch_names,   \
	      NULL, "([DELIMITER]): the names of all fields of the " whose);                       \
	FETCH(id##_hdrs, prefix ".hdrs", NO_ARGUMENTS, VALUE_STR, needs, 0, (of), fetch_lines,     \
	      NULL, "all fields of the " whose)

FIELDS(req, "req", NEEDS_HTTP_REQUEST, 0, "request");
FIELDS(res, "res", NEEDS_HTTP_RESPONSE, OF_RESPONSE, "response");

/* Older names. */
#define OLD(id, text, args, type, needs, traits, of, run, is)                                      \
	FETCH(id, text, args, type, needs, traits, of, run, NULL, "older name of " is)

OLD(hdr, "hdr", NAMED, VALUE_STR, NEEDS_HTTP_REQUEST, FETCH_DERIVES, 0, fetch_text, "req.hdr");
OLD(hdr_cnt, "hdr_cnt", NAME, VALUE_INT, NEEDS_HTTP_REQUEST, 0, 0, fetch_count, "req.hdr_cnt");
OLD(hdr_val, "hdr_val", NAMED, VALUE_INT, NEEDS_HTTP_REQUEST, 0, 0, fetch_number, "req.hdr_val");
OLD(hdr_ip, "hdr_ip", NAMED, VALUE_ADDR, NEEDS_HTTP_REQUEST, 0, 0, fetch_address, "req.hdr_ip");
OLD(shdr, "shdr", NAMED, VALUE_STR, NEEDS_HTTP_RESPONSE, FETCH_DERIVES, OF_RESPONSE, fetch_text,
    "res.hdr");
OLD(shdr_cnt, "shdr_cnt", NAME, VALUE_INT, NEEDS_HTTP_RESPONSE, 0, OF_RESPONSE, fetch_count,
    "res.hdr_cnt");
OLD(shdr_val, "shdr_val", NAMED, VALUE_INT, NEEDS_HTTP_RESPONSE, 0, OF_RESPONSE, fetch_number,
    "res.hdr_val");
OLD(shdr_ip, "shdr_ip", NAMED, VALUE_ADDR, NEEDS_HTTP_RESPONSE, 0, OF_RESPONSE, fetch_address,
    "res.hdr_ip");
