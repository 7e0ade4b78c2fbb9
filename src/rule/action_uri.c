/* SPDX-License-Identifier: MIT */
/* Actions on start lines: method, target, status. */
#include "rule/action.h"
#include "rule/edit.h"
#include "rule/regex.h"

#include "proto/uri.h"

enum part { PART_PATH, PART_PATHQ, PART_QUERY, PART_URI };

struct uri_rule {
	const struct regex *regex; /* NULL: the whole part is set */
	struct log_format *value;
};

static bool parse_set(struct action_parse *p, void **data)
{
	struct uri_rule *r = compiler_alloc(p->k, sizeof(*r));

	*data = r;
	if (!r || !action_expect(p, 1, "a value"))
		return false;
	r->value = log_format_compile(p->k, action_word(p, p->at++), LOG_FORMAT_HTTP);
	return r->value != NULL;
}

static bool parse_replace(struct action_parse *p, void **data)
{
	struct uri_rule *r = compiler_alloc(p->k, sizeof(*r));
	const char *error = NULL;

	*data = r;
	if (!r || !action_expect(p, 2, "a regular expression and a replacement"))
		return false;
	r->regex = regex_compile(&p->k->program->regexes, p->k->arena, action_word(p, p->at++),
				 false, &error);
	if (!r->regex)
		return compiler_fail(p->k, "%s", error);
	r->value = log_format_compile(p->k, action_word(p, p->at++), LOG_FORMAT_HTTP);
	return r->value != NULL;
}

/* The target's part, as a view of it. */
static struct span part_of(struct span target, enum part part)
{
	struct uri u = uri_parse(target);
	size_t mark;

	if (part == PART_URI)
		return target;
	if (u.form != URI_ORIGIN && u.form != URI_ABSOLUTE) {
		mark = span_find(target, '?');
		u.path = span_slice(target, 0, mark);
		u.path_and_query = target;
		u.query = mark < target.len ? span_slice(target, mark + 1, target.len) : SPAN_NONE;
	}
	if (part == PART_PATHQ)
		return u.path_and_query;
	if (part == PART_PATH)
		return u.path;
	/* with its '?' */
	return u.query.p ? span_make(u.query.p - 1, u.query.len + 1)
			 : span_slice(target, target.len, 0);
}

/* The target with `with` in the place of the part. */
static enum rule_verdict put(struct rule_context *ctx, enum part part, struct span with)
{
	struct span target = ctx->request->target, old = part_of(target, part);
	size_t before = (size_t)(old.p - target.p), after = before + old.len;
	bool mark = part == PART_QUERY && with.len;
	size_t len = before + mark + with.len + target.len - after;
	char *p = arena_bytes(ctx->arena, len), *at = p;

	if (!p)
		return RULE_FAILED;
	memcpy(at, target.p, before);
	at += before;
	if (mark)
		*at++ = '?';
	if (with.len)
		memcpy(at, with.p, with.len);
	memcpy(at + with.len, target.p + after, target.len - after);
	return edit_set_target(ctx, span_make(p, len)) ? RULE_NEXT : RULE_FAILED;
}

static enum rule_verdict set_part(struct rule_context *ctx, const struct uri_rule *r,
				  enum part part)
{
	struct span value;

	if (!ctx->request || !log_format_build(r->value, ctx, &value))
		return RULE_FAILED;
	return put(ctx, part, value);
}

static enum rule_verdict replace_part(struct rule_context *ctx, const struct uri_rule *r,
				      enum part part)
{
	struct span format, text;
	struct regex_match m;
	struct buffer b;

	if (!ctx->request)
		return RULE_FAILED;
	if (!regex_find(r->regex, ctx->scratch->regex, part_of(ctx->request->target, part), 0, &m))
		return RULE_NEXT;
	if (!log_format_build(r->value, ctx, &format))
		return RULE_FAILED;
	scratch_open(ctx->scratch, &b);
	regex_expand(&b, format, &m);
	return scratch_close(ctx->scratch, &b, &text) ? put(ctx, part, text) : RULE_FAILED;
}

#define PART(id, name, part, parse, how, what)                                                     \
	static enum rule_verdict run_##id(struct rule_context *ctx, const void *data)              \
	{                                                                                          \
		return how(ctx, data, part);                                                       \
	}                                                                                          \
	ACTION(id, name, IN_SET(HTTP_REQUEST), ACTION_CHANGES_START_LINE | ACTION_REWRITES, parse, \
	       run_##id, what)

PART(set_path, "set-path", PART_PATH, parse_set, set_part, "FORMAT: another path, the same query");
PART(set_pathq, "set-pathq", PART_PATHQ, parse_set, set_part, "FORMAT: another path and query");
PART(set_query, "set-query", PART_QUERY, parse_set, set_part, "FORMAT: another query");
PART(set_uri, "set-uri", PART_URI, parse_set, set_part, "FORMAT: another target");
PART(replace_path, "replace-path", PART_PATH, parse_replace, replace_part,
     "REGEX FORMAT: a path that matches becomes that");
PART(replace_pathq, "replace-pathq", PART_PATHQ, parse_replace, replace_part,
     "REGEX FORMAT: a path and query that match become that");
PART(replace_uri, "replace-uri", PART_URI, parse_replace, replace_part,
     "REGEX FORMAT: a target that matches becomes that");

static enum rule_verdict run_set_method(struct rule_context *ctx, const void *data)
{
	const struct uri_rule *r = data;
	struct span value;

	return ctx->request && edit_build(ctx, r->value, &value) && edit_set_method(ctx, value)
		   ? RULE_NEXT
		   : RULE_FAILED;
}

ACTION(set_method, "set-method", IN_SET(HTTP_REQUEST), ACTION_CHANGES_START_LINE | ACTION_REWRITES,
       parse_set, run_set_method, "FORMAT: another method, but not from or to HEAD and CONNECT");

/* ---- set-status ---- */

struct status_rule {
	unsigned int status;
	struct span reason;
};

static bool parse_status(struct action_parse *p, void **data)
{
	struct status_rule *r = compiler_alloc(p->k, sizeof(*r));
	uint64_t n;

	*data = r;
	if (!r)
		return false;
	if (!span_to_u64(action_word(p, p->at), 999, &n) || n < 100)
		return compiler_fail(p->k, "expects an integer status code between 100 and 999");
	r->status = (unsigned int)n;
	p->at++;
	if (!span_equal(action_word(p, p->at), SPAN("reason")))
		return true;
	r->reason = action_word(p, p->at + 1);
	if (!r->reason.len)
		return compiler_fail(p->k, "a text is missing behind 'reason'");
	p->at += 2;
	return true;
}

static enum rule_verdict run_set_status(struct rule_context *ctx, const void *data)
{
	const struct status_rule *r = data;

	return ctx->response && edit_set_status(ctx, r->status, r->reason) ? RULE_NEXT
									   : RULE_FAILED;
}

ACTION(set_status, "set-status", IN_SET(HTTP_RESPONSE) | IN_SET(HTTP_AFTER), ACTION_REWRITES,
       parse_status, run_set_status, "STATUS [reason TEXT]: another status");
