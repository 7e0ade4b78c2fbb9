/* SPDX-License-Identifier: MIT */
/*
 * The action "redirect", which the keyword "redirect" is too: where a Location leads, and the
 * answer that says so.
 */
#include "rule/action.h"
#include "rule/log_format.h"

#include "proto/uri.h"

enum redirect_kind { REDIRECT_LOCATION, REDIRECT_PREFIX, REDIRECT_SCHEME };

struct redirect {
	enum redirect_kind kind;
	struct log_format *to;
	unsigned int code; /* 301 302 303 307 308 */
	bool drop_query, append_slash, ignore_empty;
	struct span set_cookie; /* whole Set-Cookie value, p NULL: none */
};

struct parse {
	struct action_parse *p;
	struct redirect *rule;
	struct span value;
	bool has_kind;
};

static bool set_kind(struct parse *x, enum redirect_kind kind)
{
	x->rule->kind = kind;
	x->rule->to = log_format_compile(x->p->k, x->value, LOG_FORMAT_HTTP);
	x->has_kind = true;
	return x->rule->to != NULL;
}

static bool parse_location(struct parse *x)
{
	return set_kind(x, REDIRECT_LOCATION);
}

static bool parse_prefix(struct parse *x)
{
	return set_kind(x, REDIRECT_PREFIX);
}

static bool parse_scheme(struct parse *x)
{
	return set_kind(x, REDIRECT_SCHEME);
}

static bool parse_code(struct parse *x)
{
	static const unsigned int codes[] = {301, 302, 303, 307, 308};
	uint64_t code = 0;

	for (size_t i = 0; i < array_size(codes) && span_to_u64(x->value, 599, &code); i++) {
		if (codes[i] == code) {
			x->rule->code = (unsigned int)code;
			return true;
		}
	}
	return compiler_fail(x->p->k, "'code' must be one of 301, 302, 303, 307 or 308, not '%.*s'",
			     SPAN_ARG(x->value));
}

static bool set_cookie(struct parse *x, const char *end)
{
	char *text = arena_printf(x->p->k->arena, "%.*s%s", SPAN_ARG(x->value), end);

	if (!text)
		return compiler_fail(x->p->k, "out of memory");
	x->rule->set_cookie = span_of(text);
	return true;
}

static bool parse_set_cookie(struct parse *x)
{
	return set_cookie(x, "; path=/;");
}

static bool parse_clear_cookie(struct parse *x)
{
	bool equals = span_find(x->value, '=') < x->value.len;

	return set_cookie(x, equals ? "; path=/; Max-Age=0;" : "=; path=/; Max-Age=0;");
}

static bool parse_drop_query(struct parse *x)
{
	x->rule->drop_query = true;
	return true;
}

static bool parse_append_slash(struct parse *x)
{
	x->rule->append_slash = true;
	return true;
}

static bool parse_ignore_empty(struct parse *x)
{
	x->rule->ignore_empty = true;
	return true;
}

static const struct {
	const char *name;
	bool value; /* takes the next word */
	bool (*parse)(struct parse *x);
} words[] = {
    {"location", true, parse_location},
    {"prefix", true, parse_prefix},
    {"scheme", true, parse_scheme},
    {"code", true, parse_code},
    {"set-cookie", true, parse_set_cookie},
    {"clear-cookie", true, parse_clear_cookie},
    {"drop-query", false, parse_drop_query},
    {"append-slash", false, parse_append_slash},
    {"ignore-empty", false, parse_ignore_empty},
};

static bool parse_word(struct parse *x)
{
	struct action_parse *p = x->p;

	for (size_t i = 0; i < array_size(words); i++) {
		if (!span_equal(p->words[p->at], span_of(words[i].name)))
			continue;
		x->value = action_word(p, p->at + 1);
		if (words[i].value && !x->value.len)
			return compiler_fail(p->k, "missing argument for '%s'", words[i].name);
		if (!words[i].parse(x))
			return false;
		p->at += words[i].value ? 2 : 1;
		return true;
	}
	return compiler_fail(p->k,
			     "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', "
			     "'clear-cookie', 'drop-query', 'ignore-empty' or 'append-slash', not "
			     "'%.*s'",
			     SPAN_ARG(p->words[p->at]));
}

static bool parse_redirect(struct action_parse *p, void **data)
{
	struct parse x = {.p = p, .rule = compiler_alloc(p->k, sizeof(struct redirect))};

	if (!x.rule)
		return false;
	x.rule->code = 302;
	while (p->at < p->n) {
		if (!parse_word(&x))
			return false;
	}
	*data = x.rule;
	return x.has_kind ||
	       compiler_fail(p->k, "redirection type expected ('prefix', 'location', or 'scheme') "
				   "behind 'redirect'");
}

/* The request's path and query as the rule wants them: without the query, or with a slash at the
 * path's end. */
static void add_path(struct buffer *b, const struct redirect *r, const struct uri *u)
{
	buffer_add_span(b, u->path);
	if (r->append_slash && !span_ends_with(u->path, SPAN("/")))
		buffer_add_char(b, '/');
	if (!r->drop_query && u->query.p) {
		buffer_add_char(b, '?');
		buffer_add_span(b, u->query);
	}
}

static void add_location(struct buffer *b, const struct message *m, const struct redirect *r,
			 struct span to)
{
	struct uri u = uri_parse(m->target);
	const struct header *host = header_first(&m->headers, HEADER_HOST);

	/* "prefix /" means: the same path again */
	if (r->kind != REDIRECT_PREFIX || !span_equal(to, SPAN("/")))
		buffer_add_span(b, to);
	if (r->kind == REDIRECT_LOCATION)
		return;
	if (r->kind == REDIRECT_SCHEME) {
		buffer_add_text(b, "://");
		buffer_add_span(b, host ? host->value : u.authority);
	}
	add_path(b, r, &u);
}

static enum rule_verdict run_redirect(struct rule_context *ctx, const void *data)
{
	const struct redirect *r = data;
	struct span to;
	struct buffer b;

	if (!ctx->request || !ctx->answer || !log_format_build(r->to, ctx, &to))
		return RULE_FAILED;
	if (r->ignore_empty && to.len == 0)
		return RULE_NEXT;
	*ctx->answer = (struct rule_answer){.status = r->code};
	scratch_open(ctx->scratch, &b);
	buffer_add_text(&b, "location: ");
	add_location(&b, ctx->request, r, to);
	buffer_add_text(&b, "\r\n");
	if (r->code == 302 || r->code == 303)
		buffer_add_text(&b, "cache-control: no-cache\r\n");
	if (r->set_cookie.p) {
		buffer_add_text(&b, "set-cookie: ");
		buffer_add_span(&b, r->set_cookie);
		buffer_add_text(&b, "\r\n");
	}
	return scratch_close(ctx->scratch, &b, &ctx->answer->headers) ? RULE_ANSWER : RULE_FAILED;
}

ACTION(redirect, "redirect", IN_SET(HTTP_REQUEST) | IN_SET(HTTP_RESPONSE) | IN_SET(REDIRECT),
       ACTION_FINAL, parse_redirect, run_redirect,
       "location|prefix|scheme TO [code N] ...: the client is sent elsewhere");
