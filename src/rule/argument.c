/* SPDX-License-Identifier: MIT */
/*
 * From "(a,'b c',3)" to compiled arguments. A comma or the closing parenthesis ends one unless it
 * is quoted or behind a backslash; blanks are part of one. expr.c calls it for each fetch and
 * converter.
 */
#include "rule/argument.h"

#include "rule/context.h"

#include "base/format.h"

struct splitter {
	struct rule_compiler *k;
	struct span text; /* behind the '(' */
	size_t at;
	struct argument_owner owner;
};

static bool unclosed(struct splitter *s)
{
	return compiler_fail(s->k, "missing closing ')' after arguments to %s '%s'", s->owner.what,
			     s->owner.name);
}

/* The byte behind a backslash. */
static char escaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c;
	}
}

/* One argument, unquoted into the arena; s->at is at its ',' or ')' afterwards. */
static bool take_one(struct splitter *s, struct span *out)
{
	char *p = arena_bytes(s->k->arena, s->text.len + 1), quote = 0;
	size_t n = 0;

	if (!p)
		return compiler_fail(s->k, "out of memory");
	for (; s->at < s->text.len; s->at++) {
		char c = s->text.p[s->at];

		if (quote && c == quote) {
			quote = 0;
		} else if (!quote && (c == '\'' || c == '"')) {
			quote = c;
		} else if (c == '\\' && quote != '\'' && s->at + 1 < s->text.len) {
			p[n++] = escaped(s->text.p[++s->at]);
		} else if (!quote && (c == ',' || c == ')')) {
			p[n] = '\0';
			*out = span_make(p, n);
			return true;
		} else {
			p[n++] = c;
		}
	}
	return unclosed(s);
}

static bool bad(struct rule_compiler *k, struct argument_owner owner, struct span text,
		const char *wanted)
{
	return compiler_fail(k, "invalid argument '%.*s' of %s '%s': %s is expected",
			     SPAN_ARG(text), owner.what, owner.name, wanted);
}

static bool parse_number(struct span s, int64_t *out)
{
	bool negative = span_starts_with(s, SPAN("-"));
	uint64_t n;

	if (!span_to_u64(span_slice(s, negative, s.len), INT64_MAX, &n))
		return false;
	*out = negative ? -(int64_t)n : (int64_t)n;
	return true;
}

static bool refer(struct rule_compiler *k, struct argument_value *a, enum reference_kind kind)
{
	struct rule_reference *r = compiler_alloc(k, sizeof(*r));
	size_t slash = span_find(a->text, '/');

	if (!r)
		return false;
	*r = (struct rule_reference){.kind = kind,
				     .proxy_name = a->text,
				     .owner = k->owner,
				     .file = k->file,
				     .line = k->line};
	if (kind == REFERENCE_SERVER) {
		bool whole = slash < a->text.len;

		r->server_name = whole ? span_slice(a->text, slash + 1, a->text.len) : a->text;
		r->proxy_name = whole ? span_slice(a->text, 0, slash) : SPAN_NONE;
	}
	r->next = k->program->references;
	k->program->references = r;
	a->reference = r;
	return true;
}

/* Only what looks like a variable's name is one. */
static bool names_variable(struct span s)
{
	static const char *const scopes[] = {"proc.", "sess.", "txn.", "req.", "res."};

	for (size_t i = 0; i < array_size(scopes); i++) {
		if (span_starts_with(s, span_of(scopes[i])))
			return true;
	}
	return false;
}

static bool find_variable(struct rule_compiler *k, struct argument_value *a)
{
	const char *error = NULL;

	a->type = ARGUMENT_VAR;
	return variable_find(&k->program->variables, k->arena, a->text, &a->variable, &error) ||
	       compiler_fail(k, "%s", error ? error : "out of memory");
}

static bool convert_time_or_size(struct rule_compiler *k, struct argument_owner owner,
				 struct argument_value *a)
{
	uint64_t size;
	uint32_t ms;

	if (a->type == ARGUMENT_TIME) {
		if (format_parse_time(a->text, FORMAT_MS, &ms) != FORMAT_OK)
			return bad(k, owner, a->text, "a time");
		a->number = ms;
		return true;
	}
	if (format_parse_size(a->text, &size) != FORMAT_OK || size > INT64_MAX)
		return bad(k, owner, a->text, "a size");
	a->number = (int64_t)size;
	return true;
}

static bool convert(struct rule_compiler *k, struct argument_owner owner, struct argument_value *a)
{
	switch (a->type) {
	case ARGUMENT_INT:
		return parse_number(a->text, &a->number) || bad(k, owner, a->text, "an integer");
	case ARGUMENT_INT_VAR:
		if (!parse_number(a->text, &a->number))
			return find_variable(k, a);
		a->type = ARGUMENT_INT;
		return true;
	case ARGUMENT_STR_VAR:
		if (names_variable(a->text))
			return find_variable(k, a);
		a->type = ARGUMENT_STR;
		return true;
	case ARGUMENT_VAR:
		return find_variable(k, a);
	case ARGUMENT_TIME:
	case ARGUMENT_SIZE:
		return convert_time_or_size(k, owner, a);
	case ARGUMENT_ADDR:
		return inet_parse(a->text, &a->inet) || bad(k, owner, a->text, "an IP address");
	case ARGUMENT_FRONTEND:
		return refer(k, a, REFERENCE_FRONTEND);
	case ARGUMENT_BACKEND:
		return refer(k, a, REFERENCE_BACKEND);
	case ARGUMENT_SERVER:
		return refer(k, a, REFERENCE_SERVER);
	case ARGUMENT_USERLIST:
		return refer(k, a, REFERENCE_USERLIST);
	default:
		return true;
	}
}

static bool too_few(struct rule_compiler *k, struct argument_owner owner, unsigned int n,
		    unsigned int min)
{
	return compiler_fail(k, "%s '%s' expects %s%u argument%s in parentheses, not %u",
			     owner.what, owner.name, "at least ", min, min > 1 ? "s" : "", n);
}

static unsigned int most(const struct argument_spec *spec)
{
	unsigned int n = 0;

	while (n < MAX_ARGUMENTS && spec->types[n])
		n++;
	return n;
}

/* The arguments inside the parentheses; *n counts them. */
static bool take_all(struct splitter *s, const struct argument_spec *spec,
		     struct argument_value *out, unsigned int *n)
{
	unsigned int max = most(spec);

	for (;;) {
		struct argument_value *a = &out[*n];
		struct span text = SPAN("");

		if (!take_one(s, &text))
			return false;
		if (*n == 0 && text.len == 0 && s->text.p[s->at] == ')' &&
		    (spec->min == 0 || spec->types[0] != ARGUMENT_STR))
			return true;
		if (*n == max)
			return compiler_fail(s->k, "%s '%s' takes %s%u argument%s; remove '%.*s'",
					     s->owner.what, s->owner.name, max ? "at most " : "",
					     max, max == 1 ? "" : "s", SPAN_ARG(text));
		a->type = spec->types[(*n)++];
		a->text = text;
		/* an empty one in the middle is left out: "field(2,,3)" */
		if (text.len == 0 && a->type != ARGUMENT_STR && a->type != ARGUMENT_STR_VAR &&
		    *n > spec->min)
			a->type = ARGUMENT_NONE;
		else if (!convert(s->k, s->owner, a))
			return false;
		if (s->text.p[s->at] == ')')
			return true;
		s->at++;
	}
}

bool argument_parse(struct rule_compiler *k, struct span *text, const struct argument_spec *spec,
		    struct argument_owner owner, struct argument_value *out)
{
	struct splitter s = {.k = k, .owner = owner};
	unsigned int n = 0;

	memset(out, 0, MAX_ARGUMENTS * sizeof(*out));
	if (!span_starts_with(*text, SPAN("(")))
		return spec->min == 0 || too_few(k, owner, 0, spec->min);
	s.text = span_slice(*text, 1, text->len);
	if (!take_all(&s, spec, out, &n))
		return false;
	if (n < spec->min)
		return too_few(k, owner, n, spec->min);
	*text = span_slice(s.text, s.at + 1, s.text.len);
	return true;
}

bool argument_number(const struct rule_context *ctx, const struct argument_value *a, int64_t *out)
{
	struct value v;

	if (a->type != ARGUMENT_VAR) {
		*out = a->number;
		return true;
	}
	if (!variable_get(ctx, a->variable, &v) || !value_cast(&v, VALUE_INT, ctx->scratch))
		return false;
	*out = v.number;
	return true;
}

bool argument_text(const struct rule_context *ctx, const struct argument_value *a, struct span *out)
{
	struct value v;

	if (a->type != ARGUMENT_VAR) {
		*out = a->text;
		return true;
	}
	if (!variable_get(ctx, a->variable, &v) || !value_cast(&v, VALUE_STR, ctx->scratch))
		return false;
	*out = v.text;
	return true;
}
