/* SPDX-License-Identifier: MIT */
/* Actions on header fields, of requests and of responses. */
#include "rule/action.h"
#include "rule/edit.h"
#include "rule/match.h"

struct field_rule {
	bool response;
	struct span name;
	struct log_format *value;
	const struct regex *regex;
	struct patterns *names; /* del-header -m */
};

static struct message *message_of(const struct rule_context *ctx, const struct field_rule *r)
{
	return r->response ? ctx->response : ctx->request;
}

static struct field_rule *new_rule(struct action_parse *p)
{
	struct field_rule *r = compiler_alloc(p->k, sizeof(*r));

	if (r)
		r->response = p->set != RULES_HTTP_REQUEST;
	return r;
}

static bool parse_name(struct action_parse *p, struct field_rule *r)
{
	r->name = action_word(p, p->at++);
	return header_name_is_good(r->name) ||
	       compiler_fail(p->k, "'%.*s' is not the name of a header field", SPAN_ARG(r->name));
}

static bool parse_value(struct action_parse *p, struct field_rule *r)
{
	r->value = log_format_compile(p->k, action_word(p, p->at++), LOG_FORMAT_HTTP);
	return r->value != NULL;
}

/* Halb writes those that frame a message by itself. */
static void warn_of_framing(struct action_parse *p, struct span name)
{
	enum header_token t = header_token(name);

	if (t == HEADER_CONTENT_LENGTH || t == HEADER_TRANSFER_ENCODING || t == HEADER_CONNECTION)
		p->k->warning = arena_printf(
		    p->k->arena, "'%s %s %.*s' has no effect: halb writes that field by itself",
		    rule_set_name(p->set), p->action->name, SPAN_ARG(name));
}

static bool parse_field(struct action_parse *p, void **data)
{
	struct field_rule *r = new_rule(p);

	*data = r;
	if (!r || !action_expect(p, 2, "the name of a field and a value") || !parse_name(p, r) ||
	    !parse_value(p, r))
		return false;
	warn_of_framing(p, r->name);
	return true;
}

static bool host_may_have_changed(struct rule_context *ctx, const struct field_rule *r)
{
	return r->response || header_token(r->name) != HEADER_HOST || edit_host_changed(ctx);
}

static enum rule_verdict run_set(struct rule_context *ctx, const void *data)
{
	const struct field_rule *r = data;
	struct message *m = message_of(ctx, r);
	struct span value;

	if (!m || !edit_build(ctx, r->value, &value))
		return RULE_FAILED;
	header_delete_named(&m->headers, r->name);
	return edit_add_field(ctx, m, r->name, value) && host_may_have_changed(ctx, r)
		   ? RULE_NEXT
		   : RULE_FAILED;
}

static enum rule_verdict run_add(struct rule_context *ctx, const void *data)
{
	const struct field_rule *r = data;
	struct message *m = message_of(ctx, r);
	struct span value;

	return m && edit_build(ctx, r->value, &value) && edit_add_field(ctx, m, r->name, value)
		   ? RULE_NEXT
		   : RULE_FAILED;
}

ACTION(set_header, "set-header", IN_HTTP, ACTION_REWRITES, parse_field, run_set,
       "NAME FORMAT: a field, in the place of those of its name");
ACTION(add_header, "add-header", IN_HTTP, ACTION_REWRITES, parse_field, run_add,
       "NAME FORMAT: one more field");

/* ---- del-header ---- */

static bool parse_method(struct action_parse *p, struct field_rule *r)
{
	enum match_method m = match_find(action_word(p, p->at));

	if (m == MATCH_STR || m == MATCH_BEG || m == MATCH_END || m == MATCH_SUB ||
	    m == MATCH_REG) {
		p->at++;
		r->names = patterns_new(p->k, m, true);
		return r->names && patterns_add(p->k, r->names, r->name) &&
		       patterns_end(p->k, r->names);
	}
	return compiler_fail(p->k,
			     "-m with unsupported matching method '%.*s'; there are str, "
			     "beg, end, sub and reg",
			     SPAN_ARG(action_word(p, p->at)));
}

static bool parse_delete(struct action_parse *p, void **data)
{
	struct field_rule *r = new_rule(p);

	*data = r;
	if (!r || !action_expect(p, 1, "the name of a field"))
		return false;
	r->name = action_word(p, p->at++);
	if (!span_equal(action_word(p, p->at), SPAN("-m"))) {
		p->at--;
		return parse_name(p, r);
	}
	p->at++;
	return parse_method(p, r);
}

static enum rule_verdict run_delete(struct rule_context *ctx, const void *data)
{
	const struct field_rule *r = data;
	struct message *m = message_of(ctx, r);

	if (!m)
		return RULE_FAILED;
	if (!r->names) {
		header_delete_named(&m->headers, r->name);
		return RULE_NEXT;
	}
	for (unsigned int i = 0; i < m->headers.n; i++) {
		struct value name = value_of_text(m->headers.v[i].name);

		if (patterns_match(r->names, &name, ctx->scratch))
			m->headers.v[i].deleted = true;
	}
	return RULE_NEXT;
}

ACTION(del_header, "del-header", IN_HTTP, 0, parse_delete, run_delete,
       "NAME [-m METHOD]: no such field any more; METHOD: str, beg, end, sub or reg");

/* ---- replace-header, replace-value ---- */

static bool parse_replace(struct action_parse *p, void **data)
{
	struct field_rule *r = new_rule(p);
	const char *error = NULL;

	*data = r;
	if (!r ||
	    !action_expect(p, 3, "the name of a field, a regular expression and a replacement") ||
	    !parse_name(p, r))
		return false;
	r->regex = regex_compile(&p->k->program->regexes, p->k->arena, action_word(p, p->at++),
				 false, &error);
	return r->regex ? parse_value(p, r) : compiler_fail(p->k, "%s", error);
}

/* What `text` becomes, in the arena; unchanged where it does not match, or on failure. */
static bool expand(struct rule_context *ctx, const struct field_rule *r, struct span *text)
{
	struct span format, out;
	struct regex_match m;
	struct buffer b;

	if (!regex_find(r->regex, ctx->scratch->regex, *text, 0, &m))
		return true;
	if (!log_format_build(r->value, ctx, &format))
		return false;
	scratch_open(ctx->scratch, &b);
	regex_expand(&b, format, &m);
	if (!scratch_close(ctx->scratch, &b, &out) || !edit_is_one_line(out) ||
	    !edit_keep(ctx, &out))
		return false;
	*text = out;
	return true;
}

static enum rule_verdict run_replace_header(struct rule_context *ctx, const void *data)
{
	const struct field_rule *r = data;
	struct message *m = message_of(ctx, r);
	unsigned int at = 0;
	struct header *h;

	while (m && (h = header_next_named(&m->headers, r->name, &at))) {
		if (!expand(ctx, r, &h->value))
			return RULE_FAILED;
	}
	return m && host_may_have_changed(ctx, r) ? RULE_NEXT : RULE_FAILED;
}

/* Each element of a comma-separated list by itself; what separates them stays. */
static bool replace_elements(struct rule_context *ctx, const struct field_rule *r,
			     struct span *value)
{
	struct span rest = *value, element, out;
	size_t room = (ctx->scratch->cap - ctx->scratch->at) / 2, done = 0;
	char *p = scratch_take(ctx->scratch, room);
	struct buffer b;

	buffer_init_fixed(&b, p, room);
	while ((element = header_list_next(&rest)).p) {
		size_t from = (size_t)(element.p - value->p);
		struct span changed = element;

		if (!expand(ctx, r, &changed))
			return false;
		buffer_add_span(&b, span_slice(*value, done, from - done));
		buffer_add_span(&b, changed);
		done = from + element.len;
	}
	buffer_add_span(&b, span_slice(*value, done, value->len));
	out = buffer_span(&b);
	if (b.failed || !edit_keep(ctx, &out))
		return false;
	*value = out;
	return true;
}

static enum rule_verdict run_replace_value(struct rule_context *ctx, const void *data)
{
	const struct field_rule *r = data;
	struct message *m = message_of(ctx, r);
	unsigned int at = 0;
	struct header *h;

	while (m && (h = header_next_named(&m->headers, r->name, &at))) {
		if (!replace_elements(ctx, r, &h->value))
			return RULE_FAILED;
	}
	return m && host_may_have_changed(ctx, r) ? RULE_NEXT : RULE_FAILED;
}

ACTION(replace_header, "replace-header", IN_HTTP, ACTION_REWRITES, parse_replace,
       run_replace_header, "NAME REGEX FORMAT: fields that match become that, with \\1 to \\9");
ACTION(replace_value, "replace-value", IN_HTTP, ACTION_REWRITES, parse_replace, run_replace_value,
       "NAME REGEX FORMAT: elements of a list that match become that");
