/* SPDX-License-Identifier: MIT */
/*
 * Rules: finding an action's row, compiling a line, and running a list. config/ compiles; proxy/
 * runs the lists of its proxies where steps.h says so.
 */
#include "rule/action.h"

#include <stdlib.h>

#define MAX_ACTIONS 128 /* that a message lists */

static const struct {
	const char *name;
	unsigned int provides;
} sets[RULE_SETS] = {
    [RULES_TCP_CONNECTION] = {"tcp-request connection", 0},
    [RULES_TCP_SESSION] = {"tcp-request session", 0},
    [RULES_TCP_CONTENT] = {"tcp-request content", NEEDS_PAYLOAD | NEEDS_HTTP_REQUEST},
    [RULES_TCP_RESPONSE] = {"tcp-response content", NEEDS_PAYLOAD | NEEDS_BACKEND | NEEDS_SERVER |
							NEEDS_HTTP_RESPONSE | NEEDS_REQUEST_SEEN},
    [RULES_HTTP_REQUEST] = {"http-request", NEEDS_HTTP_REQUEST | NEEDS_REQUEST_SEEN},
    [RULES_HTTP_RESPONSE] = {"http-response", NEEDS_HTTP_RESPONSE | NEEDS_BACKEND | NEEDS_SERVER |
						  NEEDS_REQUEST_SEEN},
    [RULES_HTTP_AFTER] = {"http-after-response",
			  NEEDS_HTTP_RESPONSE | NEEDS_BACKEND | NEEDS_SERVER | NEEDS_REQUEST_SEEN},
    [RULES_REDIRECT] = {"redirect", NEEDS_HTTP_REQUEST | NEEDS_REQUEST_SEEN},
};

const char *rule_set_name(enum rule_set set)
{
	return sets[set].name;
}

unsigned int rule_set_provides(enum rule_set set)
{
	return sets[set].provides;
}

/* ---- compiling ---- */

/* "set-var" of "set-var(txn.a)", and what stands in the parentheses. */
static bool split_name(struct rule_compiler *k, struct span word, struct span *name,
		       struct span *parameter)
{
	size_t open = span_find(word, '(');

	*name = span_slice(word, 0, open);
	*parameter = SPAN_NONE;
	if (open == word.len)
		return true;
	if (!span_ends_with(word, SPAN(")")))
		return compiler_fail(k, "missing ')' at the end of '%.*s'", SPAN_ARG(word));
	*parameter = span_slice(word, open + 1, word.len - open - 2);
	return true;
}

static int compare_names(const void *a, const void *b)
{
	const struct action *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static bool unknown_action(struct rule_compiler *k, enum rule_set set, struct span name)
{
	struct compiler_nearest near = compiler_nearest_to(name);
	const struct action *all[MAX_ACTIONS];
	struct buffer list;
	char text[2048];
	size_t n = 0;

	FAMILY_EACH(action, it) {
		if (!((*it)->sets >> set & 1) || n == MAX_ACTIONS)
			continue;
		compiler_offer(&near, (*it)->name);
		all[n++] = *it;
	}
	if (near.name)
		return compiler_fail(k, "'%s' has no action '%.*s'%s", rule_set_name(set),
				     SPAN_ARG(name), compiler_did_you_mean(k, &near));
	qsort(all, n, sizeof(const struct action *), compare_names);
	buffer_init_fixed(&list, text, sizeof(text));
	for (size_t i = 0; i < n; i++)
		buffer_printf(&list, "%s'%s%s'", i ? ", " : "", all[i]->name,
			      all[i]->traits & ACTION_PARAMETER ? "(*)" : "");
	return compiler_fail(k, "'%s' expects %s, but got '%.*s'", rule_set_name(set),
			     buffer_text(&list), SPAN_ARG(name));
}

static const struct action *find_action(struct rule_compiler *k, enum rule_set set,
					struct span name, bool has_parameter)
{
	FAMILY_EACH(action, it) {
		if (!((*it)->sets >> set & 1) || !span_equal(name, span_of((*it)->name)))
			continue;
		if (has_parameter == (((*it)->traits & ACTION_PARAMETER) != 0))
			return *it;
		compiler_fail(k,
			      has_parameter ? "'%s' takes nothing in parentheses"
					    : "'%s' expects something in parentheses, such as "
					      "in 'set-var(txn.user)'",
			      (*it)->name);
		return NULL;
	}
	unknown_action(k, set, name);
	return NULL;
}

static bool is_condition(struct span word)
{
	return span_equal(word, SPAN("if")) || span_equal(word, SPAN("unless"));
}

static bool compile_condition(struct rule_compiler *k, struct rule *r, const struct span *words,
			      unsigned int n)
{
	if (n == 0)
		return true;
	if (n == 1)
		return compiler_fail(k, "a condition is missing behind '%.*s'", SPAN_ARG(words[0]));
	r->condition = condition_compile(k, words + 1, n - 1, span_equal(words[0], SPAN("unless")));
	return r->condition != NULL;
}

/* The words of the action itself, then its condition. */
static bool compile_words(struct action_parse *p, struct rule *r, unsigned int all)
{
	if (p->action->parse && !p->action->parse(p, &r->data))
		return compiler_fail(p->k, "'%s %s' has wrong arguments", rule_set_name(p->set),
				     p->action->name);
	if (p->at < p->n)
		return compiler_fail(p->k,
				     "'%s %s' expects 'if' or 'unless' followed by a condition "
				     "but found '%.*s'",
				     rule_set_name(p->set), p->action->name,
				     SPAN_ARG(p->words[p->at]));
	return compile_condition(p->k, r, p->words + p->n, all - p->n);
}

struct rule *rule_compile(struct rule_compiler *k, enum rule_set set, const struct span *words,
			  unsigned int n)
{
	struct action_parse p = {.k = k, .words = words, .at = 1, .set = set};
	struct rule *r = compiler_alloc(k, sizeof(*r));
	struct span name;

	if (!r || !split_name(k, n ? words[0] : SPAN(""), &name, &p.parameter))
		return NULL;
	p.action = find_action(k, set, name, p.parameter.p != NULL);
	if (!p.action)
		return NULL;
	while (p.n < n && !is_condition(words[p.n]))
		p.n++;
	r->action = p.action;
	r->words = words;
	r->n_words = n;
	r->file = k->file;
	r->line = k->line;
	return compile_words(&p, r, n) ? r : NULL;
}

bool action_expect(struct action_parse *p, unsigned int n, const char *usage)
{
	if (p->n - p->at >= n)
		return true;
	return compiler_fail(p->k, "'%s %s' expects %s", rule_set_name(p->set), p->action->name,
			     usage);
}

/* ---- lists ---- */

void rule_append(struct rule_list *list, struct rule *r)
{
	if (list->last)
		list->last->next = r;
	else
		list->first = r;
	list->last = r;
	list->traits |= r->action->traits;
}

bool rule_list_copy(struct rule_list *to, const struct rule_list *from, struct arena *a)
{
	struct rule_list copy = {0};

	for (const struct rule *r = from->first; r; r = r->next) {
		struct rule *one = ARENA_NEW(a, struct rule);

		if (!one)
			return false;
		*one = *r;
		one->next = NULL;
		rule_append(&copy, one);
	}
	*to = copy;
	return true;
}

enum rule_verdict rules_run(const struct rule_list *list, struct rule_context *ctx,
			    const struct rule **by)
{
	for (const struct rule *r = list->first; r; r = r->next) {
		size_t mark = scratch_mark(ctx->scratch);
		enum rule_verdict v;

		if (!condition_holds(r->condition, ctx))
			continue;
		v = r->action->run(ctx, r->data);
		if (v == RULE_FAILED && ctx->lenient && r->action->traits & ACTION_REWRITES)
			v = RULE_NEXT;
		if (v == RULE_NEXT) {
			scratch_release(ctx->scratch, mark);
			continue;
		}
		if (by)
			*by = r;
		return v;
	}
	return RULE_NEXT;
}
