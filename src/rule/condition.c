/* SPDX-License-Identifier: MIT */
/*
 * Conditions over ACLs. A condition is a list of terms; "or" begins a new group, terms of a group
 * are joined by "and". It holds when all terms of any group do (and with "unless", when none does).
 * Called by config/ (compile) and by proxy/ and action.c (evaluate, once a rule is reached). An ACL
 * whose value is not there does not match, as in haproxy.
 */
#include "rule/condition.h"

#include "rule/acl.h"

#define MAX_TERMS 1024

struct term {
	const struct acl *acl;
	bool negated, begins_group;
};

struct condition {
	bool unless;
	unsigned int needs, n;
	struct term terms[];
};

struct compiler {
	struct rule_compiler *k;
	struct condition *c;
	const struct span *words;
	unsigned int n, at;
	bool begins_group, negated;
	bool open; /* "!" or "or" (or the start) waits for a name */
};

static bool add_acl(struct compiler *c, const struct acl *acl)
{
	const char *missing;

	if (!acl)
		return false;
	missing = compiler_missing(c->k, acl_needs(acl));
	if (missing) {
		const char *text = arena_printf(
		    c->k->arena, "acl '%s' will never match because it looks at '%s', %s (%s)",
		    acl_name(acl), missing, "none of which is available here", c->k->where);

		c->k->warning = text ? text : c->k->warning;
	}
	c->c->terms[c->c->n++] = (struct term){acl, c->negated, c->begins_group};
	c->c->needs |= acl_needs(acl);
	c->negated = c->begins_group = c->open = false;
	return true;
}

/* From the word behind "{" to the one before "}". */
static bool add_anonymous(struct compiler *c)
{
	unsigned int first = c->at;

	while (c->at < c->n && !span_equal(c->words[c->at], SPAN("}")))
		c->at++;
	if (c->at == c->n)
		return compiler_fail(c->k, "missing closing '}' in condition; it must be a word of "
					   "its own");
	if (c->at == first)
		return compiler_fail(c->k, "nothing between '{' and '}'; write an expression and "
					   "patterns, such as '{ path_beg /api/ }'");
	return add_acl(c, acl_anonymous(c->k, c->words + first, c->at++ - first));
}

static bool add_or(struct compiler *c, struct span word)
{
	if (c->open)
		return compiler_fail(c->k, "'%.*s' needs the name of an ACL before it",
				     SPAN_ARG(word));
	c->begins_group = c->open = true;
	return true;
}

static bool add_word(struct compiler *c)
{
	struct span word = c->words[c->at++];

	if (span_equal(word, SPAN("or")) || span_equal(word, SPAN("||")))
		return add_or(c, word);
	while (span_starts_with(word, SPAN("!"))) {
		c->negated = !c->negated;
		c->open = true;
		word = span_slice(word, 1, word.len);
	}
	if (word.len == 0)
		return true;
	if (span_equal(word, SPAN("{")))
		return add_anonymous(c);
	if (word.p[0] == '{')
		return compiler_fail(c->k, "a blank must stand behind '{', in '%.*s'",
				     SPAN_ARG(word));
	return add_acl(c, acl_find(c->k, word));
}

struct condition *condition_compile(struct rule_compiler *k, const struct span *words,
				    unsigned int n, bool unless)
{
	struct compiler c = {.k = k, .words = words, .n = n, .begins_group = true, .open = true};

	if (n > MAX_TERMS) {
		compiler_fail(k, "the condition is too long");
		return NULL;
	}
	c.c = compiler_alloc(k, sizeof(*c.c) + n * sizeof(c.c->terms[0]));
	if (!c.c)
		return NULL;
	c.c->unless = unless;
	while (c.at < n) {
		if (!add_word(&c))
			return NULL;
	}
	if (!c.open)
		return c.c;
	compiler_fail(k, "%s",
		      n == 0 ? "a condition is missing, write the name of an ACL such as TRUE"
			     : "the name of an ACL is missing at the end");
	return NULL;
}

bool condition_holds(const struct condition *c, const struct rule_context *ctx)
{
	bool group = false;

	if (!c)
		return true;
	for (unsigned int i = 0; i < c->n; i++) {
		const struct term *t = &c->terms[i];

		if (t->begins_group) {
			if (group)
				break;
			group = true;
		}
		if (group)
			group = acl_matches(t->acl, ctx) != t->negated;
	}
	return group != c->unless;
}

unsigned int condition_needs(const struct condition *c)
{
	return c ? c->needs : 0;
}
