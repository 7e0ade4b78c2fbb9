/* SPDX-License-Identifier: MIT */
/*
 * Cookie persistence. The letters it leaves in the stream are haproxy's: of the request N (none), I
 * (invalid), D (its server is down), V (valid), E (expired: idle for too long), O (too old), U (not
 * used); of the answer N (none), I (inserted), U (updated), P (as the server sent it), R
 * (rewritten), D (deleted).
 */
#include "proxy/persist.h"

#include "proto/cookie.h"

#include <errno.h>

#define DATE_UNIT_S 4 /* dates in cookies count steps of four seconds, in 5 digits of 6 bits */
#define DATE_DIGITS 5

static const char digits[64 + 1] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void print_date(char dst[DATE_DIGITS], uint64_t seconds)
{
	uint64_t v = seconds / DATE_UNIT_S;

	for (int i = DATE_DIGITS - 1; i >= 0; i--, v >>= 6)
		dst[i] = digits[v & 63];
}

/* Seconds; 0 where it is no date. */
static uint64_t read_date(struct span s)
{
	uint64_t v = 0;

	if (s.len < DATE_DIGITS)
		return 0;
	for (size_t i = 0; i < DATE_DIGITS; i++) {
		const char *d = memchr(digits, s.p[i], 64);

		if (!d)
			return 0;
		v = v << 6 | (uint64_t)(d - digits);
	}
	return v * DATE_UNIT_S;
}

static struct server *server_of_cookie(struct proxy *be, struct span value)
{
	for (unsigned int i = 0; i < be->n_servers; i++) {
		struct server *srv = &be->servers[i];

		if (srv->conf->cookie.p && span_equal(srv->conf->cookie, value))
			return srv;
	}
	return NULL;
}

/* maxidle and maxlife: "VALUE|LAST|FIRST". The letter for one that is too old, or 0. */
static char dates_fault(struct stream *s, const struct model_cookie *conf, struct span dates)
{
	uint64_t now = (uint64_t)(stream_loop(s)->wall_us / 1000000), last, first;

	if (!conf->maxidle_s && !conf->maxlife_s)
		return 0;
	last = read_date(span_split(&dates, '|'));
	first = dates.p ? read_date(dates) : 0;
	s->cookie_first_s = first;
	if (conf->maxidle_s && last && last + conf->maxidle_s < now)
		return 'E';
	if (conf->maxlife_s && first && first + conf->maxlife_s < now)
		return 'O';
	return 0;
}

static void choose(struct stream *s, const struct model_cookie *conf, struct span value)
{
	struct span id, dates;
	struct server *srv;
	char fault;

	if (conf->mode == COOKIE_PREFIX) {
		id = span_slice(value, 0, span_find(value, '~'));
		dates = SPAN_NONE;
	} else {
		dates = value;
		id = span_split(&dates, '|');
	}
	srv = server_of_cookie(s->be, id);
	if (!srv) {
		s->cookie_in = 'I';
		return;
	}
	fault = dates_fault(s, conf, dates);
	if (fault) {
		s->cookie_in = fault;
		return;
	}
	if (!server_may_persist(srv)) {
		s->cookie_in = 'D';
		return;
	}
	s->cookie_in = 'V';
	s->wanted = srv;
	s->persisted = true;
}

/* The server sees its own cookie without our prefix, and never one that is ours alone. */
static int clean_request(struct stream *s, const struct model_cookie *conf, struct header *in,
			 const struct cookie *c)
{
	size_t at;

	if (conf->mode == COOKIE_PREFIX) {
		at = span_find(c->value, '~');
		if (at < c->value.len)
			return cookie_replace(in, c, span_slice(c->value, at + 1, c->value.len),
					      &s->arena);
		return 0;
	}
	return conf->mode == COOKIE_INSERT && conf->indirect ? cookie_remove(in, c, &s->arena) : 0;
}

int persist_request(struct stream *s)
{
	const struct model_cookie *conf = s->be->conf->cookie;
	struct header *in;
	struct cookie c;

	if (!conf)
		return 0;
	s->cookie_in = 'N';
	if (!cookie_find(&s->front.message, conf->name, &c, &in))
		return 0;
	choose(s, conf, c.value);
	return clean_request(s, conf, in, &c);
}

/* The server's own Set-Cookie of that name: the field and its value, or NULL. */
static struct header *own_cookie(const struct message *m, struct span name, struct span *value)
{
	struct header *h;
	unsigned int at = 0;
	struct span found;

	while ((h = header_next(&m->headers, HEADER_SET_COOKIE, &at)))
		if (cookie_parse_set(h->value, &found, value) && span_equal(found, name))
			return h;
	return NULL;
}

static void write_attributes(struct buffer *b, const struct model_cookie *conf)
{
	buffer_add_text(b, "; path=/");
	for (unsigned int i = 0; i < conf->domains.n; i++) {
		buffer_add_text(b, "; domain=");
		buffer_add_text(b, conf->domains.v[i]);
	}
	if (conf->httponly)
		buffer_add_text(b, "; HttpOnly");
	if (conf->secure)
		buffer_add_text(b, "; Secure");
	for (unsigned int i = 0; i < conf->attributes.n; i++) {
		buffer_add_text(b, "; ");
		buffer_add_text(b, conf->attributes.v[i]);
	}
}

static void write_value(struct buffer *b, const struct stream *s, const struct model_cookie *conf)
{
	uint64_t now = (uint64_t)(s->worker->loop.wall_us / 1000000);
	char date[DATE_DIGITS];

	buffer_add_span(b, s->server->conf->cookie);
	if (!conf->maxidle_s && !conf->maxlife_s)
		return;
	buffer_add_char(b, '|');
	if (conf->maxidle_s) {
		print_date(date, now);
		buffer_add(b, date, sizeof(date));
	}
	if (conf->maxlife_s) {
		buffer_add_char(b, '|');
		print_date(date,
			   s->cookie_in == 'V' && s->cookie_first_s ? s->cookie_first_s : now);
		buffer_add(b, date, sizeof(date));
	}
}

static int insert(struct stream *s, const struct model_cookie *conf)
{
	struct message *m = &s->back.message;
	char bytes[1024], *copy;
	struct buffer b;

	buffer_init_fixed(&b, bytes, sizeof(bytes));
	buffer_add_span(&b, conf->name);
	buffer_add_char(&b, '=');
	if (s->server->conf->cookie.p)
		write_value(&b, s, conf);
	else
		buffer_add_text(&b, "; Expires=Thu, 01-Jan-1970 00:00:01 GMT"); /* a server without
										   a value: takes
										   the old one away
										 */
	write_attributes(&b, conf);
	copy = b.failed ? NULL : arena_copy(&s->arena, buffer_span(&b));
	if (!copy ||
	    header_add(&m->headers, &s->arena, SPAN("set-cookie"), span_make(copy, b.len)) != 0)
		return -ENOMEM;
	s->cookie_out = s->cookie_in == 'V' ? 'U' : 'I';
	if (conf->nocache &&
	    header_add(&m->headers, &s->arena, SPAN("cache-control"), SPAN("private")) != 0)
		return -ENOMEM;
	return 0;
}

/* Whether the client already has what we would tell it. */
static bool insert_needed(const struct stream *s, const struct model_cookie *conf)
{
	if (conf->postonly && s->front.message.method != HTTP_POST)
		return false;
	if (!s->server->conf->cookie.p)
		return s->cookie_in != 'N';
	if (s->cookie_in != 'V' || s->server != s->wanted)
		return true;
	return conf->maxidle_s != 0; /* its date moves on */
}

static int change_value(struct stream *s, const struct model_cookie *conf, struct header *h,
			struct span value)
{
	struct span mine = s->server->conf->cookie, text = mine;

	if (!mine.p)
		return 0;
	if (conf->mode == COOKIE_PREFIX) {
		const char *joined =
		    arena_printf(&s->arena, "%.*s~%.*s", SPAN_ARG(mine), SPAN_ARG(value));

		if (!joined)
			return -ENOMEM;
		text = span_of(joined);
	}
	h->value = cookie_set_value(h->value, text, &s->arena);
	s->cookie_out = 'R';
	return h->value.p ? 0 : -ENOMEM;
}

int persist_response(struct stream *s)
{
	const struct model_cookie *conf = s->be->conf->cookie;
	struct header *h;
	struct span value;

	if (!conf)
		return 0;
	s->cookie_out = 'N';
	h = own_cookie(&s->back.message, conf->name, &value);
	if (h && conf->mode == COOKIE_PASSIVE) {
		s->cookie_out = 'P';
		return 0;
	}
	if (h && (conf->mode == COOKIE_REWRITE || conf->mode == COOKIE_PREFIX))
		return change_value(s, conf, h, value);
	if (conf->mode != COOKIE_INSERT)
		return 0;
	if (h && conf->preserve) {
		s->cookie_out = 'P';
		return 0;
	}
	if (h && conf->indirect) {
		h->deleted = true;
		s->cookie_out = 'D';
	}
	return insert_needed(s, conf) ? insert(s, conf) : 0;
}
