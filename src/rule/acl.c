/* SPDX-License-Identifier: MIT */
/*
 * Compiling and evaluating ACLs. condition.c calls it. The flags stand between the expression and
 * the patterns: -i, -m METHOD, -f FILE, -n, -u ID, and "--" before patterns that begin with a dash.
 */
#include "rule/acl.h"

#include "rule/match.h"

struct way { /* one line of an ACL */
	struct way *next;
	const struct expr *expr;
	struct patterns *patterns;
	enum value_type type; /* of what the patterns are held against */
	bool found;           /* that there is a value is enough */
};

struct acl {
	struct acl *next;
	const char *name;
	unsigned int needs; /* of all ways */
	bool predefined;
	struct way *ways;
};

/* ---- the expression's name: a fetch, or one with a match method behind it ---- */

struct derived {
	const struct fetch *fetch;
	enum match_method method; /* MATCHES: the type's own */
};

static struct span name_of(struct span text)
{
	size_t len = 0;

	while (len < text.len && text.p[len] != '(' && text.p[len] != ',')
		len++;
	return span_slice(text, 0, len);
}

/* "path_beg" is path with the method beg. */
static bool derive(struct span name, struct derived *out)
{
	size_t bar = name.len;

	while (bar && name.p[bar - 1] != '_')
		bar--;
	if (bar < 2)
		return false;
	out->method = match_find(span_slice(name, bar, name.len));
	out->fetch = fetch_find(span_slice(name, 0, bar - 1));
	return out->method != MATCHES && match_type(out->method) == VALUE_STR && out->fetch &&
	       out->fetch->traits & FETCH_DERIVES;
}

static bool unknown(struct rule_compiler *k, struct span name)
{
	struct compiler_nearest near = compiler_nearest_to(name);

	FAMILY_EACH(fetch, it) {
		compiler_offer(&near, (*it)->name);
		for (unsigned int m = 0; m < MATCHES && (*it)->traits & FETCH_DERIVES; m++) {
			const char *form;

			if (match_type((enum match_method)m) != VALUE_STR || near.best <= 1)
				continue;
			form = arena_printf(k->arena, "%s_%s", (*it)->name,
					    match_name((enum match_method)m));
			if (form)
				compiler_offer(&near, form);
		}
	}
	return compiler_fail(k, "unknown ACL or sample keyword '%.*s'%s", SPAN_ARG(name),
			     compiler_did_you_mean(k, &near));
}

/* ---- flags and patterns ---- */

struct words {
	const struct span *v;
	unsigned int n, at;
};

struct flags {
	bool nocase, closed; /* closed: by "--" */
	enum match_method method;
	struct span files[16];
	unsigned int n_files;
};

static bool take_method(struct rule_compiler *k, struct span name, struct flags *f)
{
	f->method = match_find(name);
	if (f->method != MATCHES)
		return true;
	return compiler_fail(k,
			     "unknown match method '%.*s'; there are found, bool, int, ip, bin, "
			     "len, str, beg, sub, dir, dom, end, reg and meth",
			     SPAN_ARG(name));
}

static bool take_flag(struct rule_compiler *k, struct words *w, struct flags *f)
{
	struct span flag = w->v[w->at++], value = w->at < w->n ? w->v[w->at] : SPAN_NONE;

	switch (flag.p[1]) {
	case 'i':
		f->nocase = true;
		return true;
	case 'n':
		return true; /* names are never looked up */
	case 'm':
	case 'f':
	case 'u':
		if (!value.p)
			return compiler_fail(k, "flag '%.*s' expects a word behind it",
					     SPAN_ARG(flag));
		w->at++;
		if (flag.p[1] == 'm')
			return take_method(k, value, f);
		if (flag.p[1] == 'u')
			return true;
		if (f->n_files == array_size(f->files))
			return compiler_fail(k, "too many files of patterns");
		f->files[f->n_files++] = value;
		return true;
	default:
		return compiler_fail(k,
				     "unknown flag '%.*s'; there are -i -f -m -n -u, and -- before "
				     "patterns that begin with a dash",
				     SPAN_ARG(flag));
	}
}

static bool take_flags(struct rule_compiler *k, struct words *w, struct flags *f)
{
	while (w->at < w->n) {
		struct span word = w->v[w->at];

		if (span_equal(word, SPAN("--"))) {
			w->at++;
			f->closed = true;
			return true;
		}
		/* "-5" is a pattern */
		if (word.len != 2 || word.p[0] != '-' || (word.p[1] >= '0' && word.p[1] <= '9'))
			return true;
		if (!take_flag(k, w, f))
			return false;
	}
	return true;
}

static bool add_file(struct rule_compiler *k, struct patterns *p, struct span path)
{
	const char *error = "no access to files", *copy = arena_copy(k->arena, path);
	struct span text;

	if (!copy || !k->files.read || !k->files.read(k->files.user, copy, k->arena, &text, &error))
		return compiler_fail(k, "failed to open pattern file <%.*s> (%s)", SPAN_ARG(path),
				     error);
	while (text.p) {
		struct span line = span_split(&text, '\n');

		if (span_ends_with(line, SPAN("\r")))
			line.len--;
		while (line.len && (line.p[0] == ' ' || line.p[0] == '\t'))
			line = span_slice(line, 1, line.len);
		if (line.len && line.p[0] != '#' && !patterns_add(k, p, line))
			return false;
	}
	return true;
}

static bool add_patterns(struct rule_compiler *k, struct patterns *p, const struct flags *f,
			 const struct words *w)
{
	for (unsigned int i = 0; i < f->n_files; i++) {
		if (!add_file(k, p, f->files[i]))
			return false;
	}
	for (unsigned int i = w->at; i < w->n; i++) {
		if (!patterns_add(k, p, w->v[i]))
			return false;
	}
	return patterns_end(k, p);
}

static bool complete(struct rule_compiler *k, struct way *way, struct words *w,
		     enum match_method derived)
{
	struct flags f = {.method = derived};

	if (!take_flags(k, w, &f))
		return false;
	if (f.method == MATCHES && expr_type(way->expr) == VALUE_ANY)
		return compiler_fail(k,
				     "matching method must be specified first (using '-m') when "
				     "using a sample fetch of this type ('%.*s')",
				     SPAN_ARG(w->v[0]));
	if (f.method == MATCHES)
		f.method = match_of_type(expr_type(way->expr));
	if (w->at == w->n && !f.n_files && !f.closed && f.method != MATCH_FOUND &&
	    f.method != MATCH_BOOL)
		k->warning = "no pattern to match against were provided, so this ACL will never "
			     "match. If that is intended, add '--'; to match only for existence, "
			     "use '-m found'; to take a number as true or false, use '-m bool'";
	way->type = match_type(f.method);
	way->found = f.method == MATCH_FOUND;
	if (!value_may_cast(expr_type(way->expr), way->type))
		return compiler_fail(k,
				     "matching method '%s' cannot be used with a value of type %s",
				     match_name(f.method), value_type_name(expr_type(way->expr)));
	way->patterns = patterns_new(k, f.method, f.nocase);
	return way->patterns && add_patterns(k, way->patterns, &f, w);
}

static struct way *compile_way(struct rule_compiler *k, const struct span *words, unsigned int n)
{
	struct way *way = compiler_alloc(k, sizeof(*way));
	struct words w = {words, n, 1};
	struct derived d = {.method = MATCHES};
	struct span text = n ? words[0] : SPAN_NONE, name = name_of(text);

	if (!way)
		return NULL;
	d.fetch = fetch_find(name);
	if (!d.fetch && !derive(name, &d)) {
		unknown(k, name);
		return NULL;
	}
	text = span_slice(text, name.len, text.len);
	way->expr = expr_compile_from(k, d.fetch, &text);
	if (!way->expr)
		return NULL;
	if (text.len) {
		compiler_fail(k, "unexpected '%.*s' behind the expression '%.*s'", SPAN_ARG(text),
			      SPAN_ARG(words[0]));
		return NULL;
	}
	return complete(k, way, &w, d.method) ? way : NULL;
}

static void append_way(struct acl *a, struct way *way)
{
	struct way **end = &a->ways;

	while (*end)
		end = &(*end)->next;
	*end = way;
	a->needs |= expr_needs(way->expr);
}

/* ---- by name ---- */

static struct acl *new_acl(struct rule_compiler *k, struct span name)
{
	struct acl *a = compiler_alloc(k, sizeof(*a));

	if (!a)
		return NULL;
	a->name = arena_copy(k->arena, name);
	if (!a->name) {
		compiler_fail(k, "out of memory");
		return NULL;
	}
	return a;
}

static struct acl *list_find(struct acl *list, struct span name, bool predefined)
{
	while (list && (list->predefined != predefined || !span_equal(span_of(list->name), name)))
		list = list->next;
	return list;
}

static bool is_good_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (!((unsigned char)((c | 0x20) - 'a') < 26 || (c >= '0' && c <= '9') ||
		      c == '_' || c == '.' || c == '-' || c == ':'))
			return false;
	}
	return name.len > 0 && !span_equal(name, SPAN("or"));
}

bool acl_add(struct rule_compiler *k, const struct span *words, unsigned int n)
{
	struct acl *a;
	struct way *way;

	if (n < 2)
		return compiler_fail(k, "'acl' expects a name, an expression and patterns, such as "
					"'acl is_api path_beg /api/'");
	if (!is_good_name(words[0]))
		return compiler_fail(k,
				     "the name '%.*s' cannot be used for an ACL; use letters, "
				     "digits, '-', '_', '.' and ':'",
				     SPAN_ARG(words[0]));
	way = compile_way(k, words + 1, n - 1);
	if (!way)
		return false;
	a = list_find(k->acls, words[0], false);
	if (!a) {
		a = new_acl(k, words[0]);
		if (!a)
			return false;
		a->next = k->acls;
		k->acls = a;
	}
	append_way(a, way);
	return true;
}

const struct acl *acl_anonymous(struct rule_compiler *k, const struct span *words, unsigned int n)
{
	struct acl *a = new_acl(k, n ? words[0] : SPAN(""));
	struct way *way = a ? compile_way(k, words, n) : NULL;

	if (!way)
		return NULL;
	append_way(a, way);
	return a;
}

static bool unknown_name(struct rule_compiler *k, struct span name)
{
	struct compiler_nearest near = compiler_nearest_to(name);

	for (const struct acl *a = k->acls; a; a = a->next)
		compiler_offer(&near, a->name);
	FAMILY_EACH(acl_text, it)
		compiler_offer(&near, (*it)->name);
	return compiler_fail(k, "no such ACL : '%.*s'%s", SPAN_ARG(name),
			     near.name ? compiler_did_you_mean(k, &near)
				       : ". Define it above with 'acl', or write an anonymous one "
					 "such as '{ path_beg /api/ }'");
}

static const struct acl *compile_text(struct rule_compiler *k, const struct acl_text *t)
{
	struct span words[8], rest = span_of(t->text);
	struct acl *a = new_acl(k, span_of(t->name));
	unsigned int n = 0;
	struct way *way;

	if (!a)
		return NULL;
	while (rest.p && n < array_size(words))
		words[n++] = span_split(&rest, ' ');
	way = compile_way(k, words, n);
	if (!way)
		return NULL;
	a->predefined = true;
	append_way(a, way);
	a->next = k->acls;
	k->acls = a;
	return a;
}

const struct acl *acl_find(struct rule_compiler *k, struct span name)
{
	const struct acl *a = list_find(k->acls, name, false);

	if (!a)
		a = list_find(k->acls, name, true);
	if (a)
		return a;
	FAMILY_EACH(acl_text, it) {
		if (!span_equal(name, span_of((*it)->name)))
			continue;
		if ((*it)->text)
			return compile_text(k, *it);
		compiler_fail(
		    k, "'%s' is not supported by halb yet, remove the rule or use another name",
		    (*it)->name);
		return NULL;
	}
	unknown_name(k, name);
	return NULL;
}

unsigned int acl_needs(const struct acl *a)
{
	return a->needs;
}

const char *acl_name(const struct acl *a)
{
	return a->name;
}

/* ---- evaluating ---- */

static bool way_matches(const struct way *way, const struct rule_context *ctx)
{
	struct fetch_walk walk = {0};
	struct value v;

	do {
		if (!expr_next(way->expr, ctx, &walk, &v))
			continue;
		if (way->found)
			return true;
		if (value_cast(&v, way->type, ctx->scratch) &&
		    patterns_match(way->patterns, &v, ctx->scratch))
			return true;
	} while (walk.more);
	return false;
}

bool acl_matches(const struct acl *a, const struct rule_context *ctx)
{
	size_t mark = ctx->scratch ? scratch_mark(ctx->scratch) : 0;
	bool matches = false;

	for (const struct way *way = a->ways; way && !matches; way = way->next) {
		matches = way_matches(way, ctx);
		if (ctx->scratch)
			scratch_release(ctx->scratch, mark);
	}
	return matches;
}
