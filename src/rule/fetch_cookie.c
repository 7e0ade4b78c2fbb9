/* SPDX-License-Identifier: MIT */
/* Fetches of cookies: those of Cookie fields, and those that Set-Cookie fields set. */
#include "rule/expr.h"

#include "proto/cookie.h"

struct walker {
	const struct message *m;
	unsigned int at; /* in the header list: behind the field at hand */
	struct span field;
	size_t offset; /* in the field */
};

/* The next cookie of any name. */
static bool next_cookie(struct walker *w, struct cookie *out)
{
	enum header_token token = w->m->is_response ? HEADER_SET_COOKIE : HEADER_COOKIE;

	for (;;) {
		const struct header *h;

		if (w->field.p && cookie_next(w->field, &w->offset, out))
			return true;
		h = header_next(&w->m->headers, token, &w->at);
		if (!h)
			return false;
		if (!w->m->is_response) {
			w->field = h->value;
			w->offset = 0;
		} else if (cookie_parse_set(h->value, &out->name, &out->value)) {
			return true;
		}
	}
}

static bool next_named(struct walker *w, struct span name, struct cookie *out)
{
	while (next_cookie(w, out)) {
		if (name.len == 0 || span_equal(out->name, name))
			return true;
	}
	return false;
}

static const struct message *message_of(const struct fetch_call *c)
{
	return c->fetch->variant ? c->ctx->response : c->ctx->request;
}

/* An expression takes the last one, a condition tries each. */
static bool fetch_value(const struct fetch_call *c)
{
	struct walker w = {.m = message_of(c)};
	struct cookie found, more;

	if (!w.m)
		return false;
	if (c->walk && c->walk->at) {
		w.at = c->walk->at;
		w.field = c->walk->rest;
	}
	if (!next_named(&w, c->args[0].text, &found))
		return false;
	if (c->walk) {
		c->walk->at = w.at;
		c->walk->rest = w.field.p ? span_slice(w.field, w.offset, w.field.len) : SPAN_NONE;
		c->walk->more = true;
	}
	while (!c->walk && next_named(&w, c->args[0].text, &more))
		found = more;
	*c->out = value_of_text(found.value);
	if (c->fetch->type == VALUE_INT)
		*c->out = value_of_int(value_parse_int(found.value));
	return true;
}

static bool fetch_count(const struct fetch_call *c)
{
	struct walker w = {.m = message_of(c)};
	struct cookie found;
	int64_t n = 0;

	if (!w.m)
		return false;
	while (next_named(&w, c->args[0].text, &found))
		n++;
	*c->out = value_of_int(n);
	return true;
}

static bool fetch_names(const struct fetch_call *c)
{
	struct span delimiter = c->args[0].type ? c->args[0].text : SPAN(",");
	struct walker w = {.m = message_of(c)};
	struct cookie found;
	struct buffer b;

	if (!w.m)
		return false;
	scratch_open(c->ctx->scratch, &b);
	while (next_cookie(&w, &found)) {
		if (b.len)
			buffer_add_span(&b, delimiter);
		buffer_add_span(&b, found.name);
	}
	c->out->type = VALUE_STR;
	return scratch_close(c->ctx->scratch, &b, &c->out->text);
}

#define NAME ARGUMENTS(0, ARGUMENT_STR)

#define COOKIES(id, text, needs, of, what)                                                         \
	FETCH(id##_cook, text, NAME, VALUE_STR, needs, FETCH_DERIVES, of, fetch_value, NULL,       \
	      "([NAME]): the value of a cookie " what);                                            \
	FETCH(id##_cook_cnt, text "_cnt", NAME, VALUE_INT, needs, 0, of, fetch_count, NULL,        \
	      "([NAME]): how many cookies " what);                                                 \
	FETCH(id##_cook_val, text "_val", NAME, VALUE_INT, needs, 0, of, fetch_value, NULL,        \
	      "([NAME]): the value of a cookie as a number, " what);                               \
	FETCH(id##_cook_names, text "_names", NAME, VALUE_STR, needs, 0, of, fetch_names, NULL,    \
	      "([DELIMITER]): the names of the cookies " what)

COOKIES(req, "req.cook", NEEDS_HTTP_REQUEST, false, "of the request");
COOKIES(old, "cook", NEEDS_HTTP_REQUEST, false, "of the request");
COOKIES(res, "res.cook", NEEDS_HTTP_RESPONSE, true, "that the response sets");
COOKIES(old_res, "scook", NEEDS_HTTP_RESPONSE, true, "that the response sets");
