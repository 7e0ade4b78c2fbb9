/* SPDX-License-Identifier: MIT */
/* Actions that keep something: variables, captures, the log's level. */
#include "rule/action.h"
#include "rule/edit.h"
#include "rule/expr.h"

#define IN_ANY (IN_HTTP | IN_TCP)

struct variable_rule {
	struct variable variable;
	const struct expr *expr;
	const struct log_format *format;
};

static struct variable_rule *parse_variable(struct action_parse *p)
{
	struct variable_rule *r = compiler_alloc(p->k, sizeof(*r));
	const char *error = NULL;

	if (!r)
		return NULL;
	if (variable_find(&p->k->program->variables, p->k->arena, p->parameter, &r->variable,
			  &error))
		return r;
	compiler_fail(p->k, "%s", error);
	return NULL;
}

static bool parse_set(struct action_parse *p, void **data)
{
	struct variable_rule *r = parse_variable(p);

	*data = r;
	if (!r || !action_expect(p, 1, "an expression"))
		return false;
	r->expr = expr_compile(p->k, action_word(p, p->at++));
	return r->expr != NULL;
}

static bool parse_format(struct action_parse *p, void **data)
{
	struct variable_rule *r = parse_variable(p);

	*data = r;
	if (!r || !action_expect(p, 1, "a format"))
		return false;
	r->format = log_format_compile(p->k, action_word(p, p->at++), LOG_FORMAT_HTTP);
	return r->format != NULL;
}

static bool parse_unset(struct action_parse *p, void **data)
{
	*data = parse_variable(p);
	return *data != NULL;
}

/* An expression without a value leaves the variable as it is, and a scope that is not there is
 * passed over, as haproxy does. */
static enum rule_verdict run_set(struct rule_context *ctx, const void *data)
{
	const struct variable_rule *r = data;
	struct value v = {.type = VALUE_STR};

	if (r->format ? !log_format_build(r->format, ctx, &v.text)
		      : !expr_evaluate(r->expr, ctx, &v))
		return RULE_NEXT;
	(void)variable_set(ctx, r->variable, &v);
	return RULE_NEXT;
}

static enum rule_verdict run_unset(struct rule_context *ctx, const void *data)
{
	const struct variable_rule *r = data;

	variable_unset(ctx, r->variable);
	return RULE_NEXT;
}

ACTION(set_var, "set-var", IN_ANY, ACTION_PARAMETER, parse_set, run_set,
       "EXPRESSION: its value into a variable");
ACTION(set_var_fmt, "set-var-fmt", IN_ANY, ACTION_PARAMETER, parse_format, run_set,
       "FORMAT: its text into a variable");
ACTION(unset_var, "unset-var", IN_ANY, ACTION_PARAMETER, parse_unset, run_unset,
       "the variable is set no more");

/* ---- set-log-level ---- */

struct level_rule {
	int level; /* -1: silent */
};

static bool parse_level(struct action_parse *p, void **data)
{
	static const char *const names[] = {"emerg",   "alert",  "crit", "err",
					    "warning", "notice", "info", "debug"};
	struct level_rule *r = compiler_alloc(p->k, sizeof(*r));
	struct span word = action_word(p, p->at++);

	*data = r;
	if (!r)
		return false;
	r->level = -1;
	if (span_equal(word, SPAN("silent")))
		return true;
	for (int i = 0; i < (int)array_size(names); i++) {
		if (span_equal(word, span_of(names[i]))) {
			r->level = i;
			return true;
		}
	}
	return compiler_fail(p->k, "'set-log-level' expects emerg, alert, crit, err, warning, "
				   "notice, info, debug or silent");
}

static enum rule_verdict run_level(struct rule_context *ctx, const void *data)
{
	const struct level_rule *r = data;

	if (ctx->world && ctx->world->set_log_level)
		ctx->world->set_log_level(ctx->owner, r->level);
	return RULE_NEXT;
}

ACTION(set_log_level, "set-log-level", IN_HTTP | IN_SET(TCP_CONTENT) | IN_SET(TCP_RESPONSE), 0,
       parse_level, run_level, "LEVEL|silent: of the request's log line");

/* ---- capture ---- */

struct capture_rule {
	const struct expr *expr;
	bool response;
	unsigned int slot;
};

/* "id N": whether there is such a slot is known at the end of the file. */
static bool refer_to_slot(struct action_parse *p, struct capture_rule *r)
{
	struct rule_reference *ref = compiler_alloc(p->k, sizeof(*ref));

	if (!ref)
		return false;
	*ref = (struct rule_reference){.next = p->k->program->references,
				       .kind = r->response ? REFERENCE_RESPONSE_CAPTURE
							   : REFERENCE_REQUEST_CAPTURE,
				       .slot = r->slot,
				       .owner = p->k->owner,
				       .file = p->k->file,
				       .line = p->k->line};
	p->k->program->references = ref;
	return true;
}

static bool parse_slot(struct action_parse *p, struct capture_rule *r)
{
	struct span how = action_word(p, p->at), number = action_word(p, p->at + 1);
	bool by_id = span_equal(how, SPAN("id"));
	uint64_t n;

	if (!by_id && (r->response || !span_equal(how, SPAN("len"))))
		return compiler_fail(p->k, "'capture' expects %s behind the expression, not '%.*s'",
				     r->response ? "'id' and the number of a slot"
						 : "'len' and a number of bytes, or 'id' and the "
						   "number of a slot",
				     SPAN_ARG(how));
	if (!span_to_u64(number, 65535, &n) || (!by_id && n == 0))
		return compiler_fail(p->k, "'%.*s' is not a number that 'capture %.*s' takes",
				     SPAN_ARG(number), SPAN_ARG(how));
	r->slot = (unsigned int)n;
	p->at += 2;
	if (by_id)
		return refer_to_slot(p, r);
	return p->k->new_capture ? p->k->new_capture(p->k, (unsigned int)n, &r->slot)
				 : compiler_fail(p->k, "'capture ... len' has no place here");
}

static bool parse_capture(struct action_parse *p, void **data)
{
	struct capture_rule *r = compiler_alloc(p->k, sizeof(*r));

	*data = r;
	if (!r || !action_expect(p, 3,
				 "an expression, then 'len' and a number of bytes, or 'id' "
				 "and the number of a slot"))
		return false;
	r->expr = expr_compile(p->k, action_word(p, p->at++));
	r->response = p->set == RULES_HTTP_RESPONSE;
	return r->expr && parse_slot(p, r);
}

static enum rule_verdict run_capture(struct rule_context *ctx, const void *data)
{
	const struct capture_rule *r = data;
	struct value v;

	if (ctx->world && ctx->world->set_capture && expr_evaluate_as(r->expr, ctx, VALUE_STR, &v))
		ctx->world->set_capture(ctx->owner, r->response, r->slot, v.text);
	return RULE_NEXT;
}

ACTION(capture, "capture", IN_SET(HTTP_REQUEST) | IN_SET(HTTP_RESPONSE) | IN_SET(TCP_CONTENT), 0,
       parse_capture, run_capture, "EXPRESSION len N|id SLOT: its value into the log's captures");
