/* SPDX-License-Identifier: MIT */
/* The "redirect" rules: where a Location leads, and the answer that says so. */
#include "proxy/redirect.h"

#include "proxy/reply.h"

#include "proto/uri.h"

#include "rule/condition.h"

const struct model_redirect *redirect_find(const struct stream *s,
					   const struct model_redirect *rules)
{
	struct rule_context ctx;

	if (!rules)
		return NULL;
	stream_fill_context(s, &ctx);
	while (rules && !condition_holds(rules->condition, &ctx))
		rules = rules->next;
	return rules;
}

/* The request's path and query as the rule wants them: without the query, or with a slash at the
 * path's end. */
static void add_path(struct buffer *b, const struct model_redirect *r, const struct uri *u)
{
	buffer_add_span(b, u->path);
	if (r->append_slash && !span_ends_with(u->path, SPAN("/")))
		buffer_add_char(b, '/');
	if (!r->drop_query && u->query.p) {
		buffer_add_char(b, '?');
		buffer_add_span(b, u->query);
	}
}

static void add_location(struct buffer *b, const struct stream *s, const struct model_redirect *r)
{
	struct uri u = uri_parse(s->front.message.target);
	const struct header *host = header_first(&s->front.message.headers, HEADER_HOST);

	/* "prefix /" means: the same path again */
	if (r->kind != REDIRECT_PREFIX || !span_equal(r->to, SPAN("/")))
		buffer_add_span(b, r->to);
	if (r->kind == REDIRECT_LOCATION)
		return;
	if (r->kind == REDIRECT_SCHEME) {
		buffer_add_text(b, "://");
		buffer_add_span(b, host ? host->value : u.authority);
	}
	add_path(b, r, &u);
}

enum step_result redirect_send(struct stream *s, const struct model_redirect *r)
{
	char bytes[16384];
	struct buffer headers;

	buffer_init_fixed(&headers, bytes, sizeof(bytes));
	buffer_add_text(&headers, "location: ");
	add_location(&headers, s, r);
	buffer_add_text(&headers, "\r\n");
	if (r->code == 302 || r->code == 303)
		buffer_add_text(&headers, "cache-control: no-cache\r\n");
	if (r->set_cookie.p) {
		buffer_add_text(&headers, "set-cookie: ");
		buffer_add_span(&headers, r->set_cookie);
		buffer_add_text(&headers, "\r\n");
	}
	if (headers.failed)
		return reply_error(s, REPLY_500);
	stream_note(s, BY_LOCAL, 'R');
	return reply_send(s, r->code, buffer_span(&headers), SPAN_NONE);
}
