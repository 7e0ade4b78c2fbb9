/* SPDX-License-Identifier: MIT */
/*
 * Expressions: compiling a fetch with its converters, and evaluating them. ACLs, log formats and
 * actions call it. The types are checked when compiled, so that evaluation only casts.
 */
#include "rule/expr.h"

struct step {
	const struct converter *converter;
	struct argument_value args[MAX_ARGUMENTS];
	struct step *next;
};

struct expr {
	const struct fetch *fetch;
	struct step *first;
	enum value_type type; /* of the end of the chain */
	struct argument_value args[MAX_ARGUMENTS];
};

/* ---- compiling ---- */

static bool is_name_byte(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26 || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.' || c == '-';
}

static struct span take_name(struct span *text)
{
	struct span name = {text->p, 0};

	while (name.len < text->len && is_name_byte(text->p[name.len]))
		name.len++;
	*text = span_slice(*text, name.len, text->len);
	return name;
}

const struct fetch *fetch_find(struct span name)
{
	FAMILY_EACH(fetch, it) {
		if (span_equal(name, span_of((*it)->name)))
			return *it;
	}
	return NULL;
}

static const struct converter *find_converter(struct span name)
{
	FAMILY_EACH(converter, it) {
		if (span_equal(name, span_of((*it)->name)))
			return *it;
	}
	return NULL;
}

static bool unknown_fetch(struct rule_compiler *k, struct span name)
{
	struct compiler_nearest near = compiler_nearest_to(name);

	FAMILY_EACH(fetch, it)
		compiler_offer(&near, (*it)->name);
	return compiler_fail(k, "unknown fetch method '%.*s'%s", SPAN_ARG(name),
			     compiler_did_you_mean(k, &near));
}

static bool unknown_converter(struct rule_compiler *k, struct span name)
{
	struct compiler_nearest near = compiler_nearest_to(name);

	FAMILY_EACH(converter, it)
		compiler_offer(&near, (*it)->name);
	return compiler_fail(k, "unknown converter '%.*s'%s", SPAN_ARG(name),
			     compiler_did_you_mean(k, &near));
}

static bool add_converter(struct rule_compiler *k, struct expr *e, struct step ***end,
			  struct span *text)
{
	struct span name = take_name(text);
	const struct converter *c = find_converter(name);
	struct step *step = compiler_alloc(k, sizeof(*step));

	if (!step)
		return false;
	if (!c)
		return unknown_converter(k, name);
	if (!value_may_cast(e->type, c->in))
		return compiler_fail(k,
				     "converter '%s' cannot be applied to a value of type %s, it "
				     "takes %s",
				     c->name, value_type_name(e->type), value_type_name(c->in));
	step->converter = c;
	if (!argument_parse(k, text, &c->args, (struct argument_owner){"converter", c->name},
			    step->args) ||
	    (c->check && !c->check(k, step->args)))
		return compiler_fail(k, "invalid arguments of converter '%s'", c->name);
	if (c->out != VALUE_ANY)
		e->type = c->out;
	else if (c->in != VALUE_ANY)
		e->type = c->in;
	**end = step;
	*end = &step->next;
	return true;
}

struct expr *expr_compile_from(struct rule_compiler *k, const struct fetch *f, struct span *text)
{
	struct expr *e = compiler_alloc(k, sizeof(*e));
	struct step **end;

	if (!e)
		return NULL;
	e->fetch = f;
	e->type = f->type;
	end = &e->first;
	if (!argument_parse(k, text, &f->args, (struct argument_owner){"fetch method", f->name},
			    e->args) ||
	    (f->check && !f->check(k, e->args))) {
		compiler_fail(k, "invalid arguments of fetch method '%s'", f->name);
		return NULL;
	}
	while (span_starts_with(*text, SPAN(","))) {
		*text = span_slice(*text, 1, text->len);
		if (!add_converter(k, e, &end, text))
			return NULL;
	}
	return e;
}

struct expr *expr_compile_prefix(struct rule_compiler *k, struct span *text)
{
	struct span name = take_name(text);
	const struct fetch *f = fetch_find(name);

	if (!f) {
		unknown_fetch(k, name);
		return NULL;
	}
	return expr_compile_from(k, f, text);
}

bool expr_is_possible(struct rule_compiler *k, const struct expr *e)
{
	const char *missing = compiler_missing(k, expr_needs(e));

	return !missing || compiler_fail(k,
					 "fetch method '%s' extracts information from '%s', none "
					 "of which is available here (%s)",
					 e->fetch->name, missing, k->where);
}

struct expr *expr_compile(struct rule_compiler *k, struct span text)
{
	struct span rest = text;
	struct expr *e = expr_compile_prefix(k, &rest);

	if (!e)
		return NULL;
	if (rest.len) {
		compiler_fail(k,
			      "unexpected '%.*s' at the end of '%.*s'; write converters behind a "
			      "comma, without blanks",
			      SPAN_ARG(rest), SPAN_ARG(text));
		return NULL;
	}
	return expr_is_possible(k, e) ? e : NULL;
}

enum value_type expr_type(const struct expr *e)
{
	return e->type;
}

unsigned int expr_needs(const struct expr *e)
{
	return e->fetch->needs;
}

/* ---- evaluating ---- */

static bool run_chain(const struct expr *e, const struct rule_context *ctx, struct value *v)
{
	for (const struct step *s = e->first; s; s = s->next) {
		struct convert_call c = {ctx, s->args, s->converter, v};

		if (!value_cast(v, s->converter->in, ctx->scratch) || !s->converter->run(&c))
			return false;
	}
	return true;
}

bool expr_evaluate(const struct expr *e, const struct rule_context *ctx, struct value *out)
{
	struct fetch_call c = {ctx, e->args, NULL, e->fetch, out};

	return e->fetch->run(&c) && (!e->first || run_chain(e, ctx, out));
}

bool expr_evaluate_as(const struct expr *e, const struct rule_context *ctx, enum value_type type,
		      struct value *out)
{
	return expr_evaluate(e, ctx, out) && value_cast(out, type, ctx->scratch);
}

bool expr_next(const struct expr *e, const struct rule_context *ctx, struct fetch_walk *walk,
	       struct value *out)
{
	struct fetch_call c = {ctx, e->args, walk, e->fetch, out};

	walk->more = false;
	return e->fetch->run(&c) && (!e->first || run_chain(e, ctx, out));
}
