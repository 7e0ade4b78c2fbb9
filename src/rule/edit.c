/* SPDX-License-Identifier: MIT */
/* Changes of messages; called by the actions of headers, start lines and variables. */
#include "rule/edit.h"

#include "proto/uri.h"

bool edit_keep(struct rule_context *ctx, struct span *s)
{
	char *p;

	if (s->p < ctx->scratch->p || s->p >= ctx->scratch->p + ctx->scratch->cap)
		return true;
	p = arena_bytes(ctx->arena, s->len);
	if (!p)
		return false;
	if (s->len)
		memcpy(p, s->p, s->len);
	s->p = p;
	return true;
}

bool edit_build(struct rule_context *ctx, const struct log_format *f, struct span *out)
{
	return log_format_build(f, ctx, out) && edit_keep(ctx, out);
}

bool edit_is_one_line(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
			return false;
	}
	return true;
}

bool edit_add_field(struct rule_context *ctx, struct message *m, struct span name,
		    struct span value)
{
	value = span_trim(value);
	return edit_is_one_line(value) && header_add(&m->headers, ctx->arena, name, value) == 0;
}

/* ---- the request's target ---- */

static void keep_start_line(struct rule_context *ctx)
{
	if (ctx->world && ctx->world->keep_start_line)
		ctx->world->keep_start_line(ctx->owner);
}

static bool join(struct rule_context *ctx, const struct span *parts, unsigned int n,
		 struct span *out)
{
	size_t len = 0;
	char *p;

	for (unsigned int i = 0; i < n; i++)
		len += parts[i].len;
	p = arena_bytes(ctx->arena, len);
	if (!p)
		return false;
	*out = span_make(p, len);
	for (unsigned int i = 0; i < n; i++) {
		if (parts[i].len)
			memcpy(p, parts[i].p, parts[i].len);
		p += parts[i].len;
	}
	return true;
}

bool edit_host_changed(struct rule_context *ctx)
{
	struct message *m = ctx->request;
	const struct header *host = header_first(&m->headers, HEADER_HOST);
	struct uri u = uri_parse(m->target);
	struct span rest, parts[4];

	if (u.form != URI_ABSOLUTE || !host || span_equal(host->value, u.authority))
		return true;
	keep_start_line(ctx);
	rest = span_slice(m->target, (size_t)(u.authority.p - m->target.p) + u.authority.len,
			  m->target.len);
	parts[0] = u.scheme;
	parts[1] = SPAN("://");
	parts[2] = host->value;
	parts[3] = rest;
	return join(ctx, parts, 4, &m->target);
}

bool edit_set_target(struct rule_context *ctx, struct span target)
{
	struct message *m = ctx->request;
	struct header *host = header_first(&m->headers, HEADER_HOST);
	struct uri u = uri_parse(target);

	if (!target.len || !edit_is_one_line(target))
		return false;
	keep_start_line(ctx);
	m->target = target;
	if (u.form != URI_ABSOLUTE || (host && span_equal(host->value, u.authority)))
		return true;
	header_delete(&m->headers, HEADER_HOST);
	return edit_add_field(ctx, m, SPAN("host"), u.authority);
}

/* A response to HEAD or CONNECT has other framing: neither may become another method, nor another
 * one of them. */
static bool frames_otherwise(enum http_method m)
{
	return m == HTTP_HEAD || m == HTTP_CONNECT;
}

bool edit_set_method(struct rule_context *ctx, struct span method)
{
	enum http_method known = http_method_of(method);
	struct message *m = ctx->request;

	if (!header_name_is_good(method) ||
	    (known != m->method && (frames_otherwise(known) || frames_otherwise(m->method))))
		return false;
	keep_start_line(ctx);
	m->method = known;
	m->method_text = method;
	return true;
}

/* ---- the response's status ---- */

static bool has_no_body(unsigned int status)
{
	return status < 200 || status == 204 || status == 304;
}

bool edit_set_status(struct rule_context *ctx, unsigned int status, struct span reason)
{
	struct message *m = ctx->response;
	bool head = ctx->request && frames_otherwise(ctx->request->method);

	if (has_no_body(status) != has_no_body(m->status)) {
		if (m->framing == BODY_TUNNEL || status < 200)
			return false;
		if (has_no_body(status) && m->framing != BODY_NONE &&
		    !(m->framing == BODY_LENGTH && m->content_length == 0))
			return false; /* its body would be read as the next response */
		if (!has_no_body(status) && !head) {
			header_delete(&m->headers, HEADER_CONTENT_LENGTH);
			m->framing = BODY_LENGTH;
			m->content_length = 0;
		}
		if (has_no_body(status))
			m->framing = BODY_NONE;
	}
	m->status = status;
	m->reason = reason.p ? reason : span_of(http_reason_or_class(status));
	return true;
}
