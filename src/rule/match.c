/* SPDX-License-Identifier: MIT */
/*
 * The match methods of ACLs. Exact texts are sorted and searched by halves; the others are tried
 * one after the other. condition.c's ACLs call it.
 */
#include "rule/match.h"

#include "base/format.h"

#include <stdlib.h>

#define MANY 8 /* from so many exact texts on they are searched by halves */

struct pattern {
	struct pattern *next;
	struct span text;
	uint8_t method; /* MATCH_METH */
	union {
		struct {
			int64_t min, max;
		};
		struct inet_net net;
		const struct regex *regex;
	};
};

struct patterns {
	enum match_method method;
	bool nocase;
	struct pattern *first, **end;
	unsigned int n;
	struct span operator;          /* "gt", …: of the numbers that follow */
	const struct pattern **sorted; /* MATCH_STR with many, by case and length */
};

static const struct {
	const char *name;
	enum value_type type;
} methods[MATCHES] = {
    [MATCH_FOUND] = {"found", VALUE_ANY}, [MATCH_BOOL] = {"bool", VALUE_BOOL},
    [MATCH_INT] = {"int", VALUE_INT},     [MATCH_IP] = {"ip", VALUE_ADDR},
    [MATCH_BIN] = {"bin", VALUE_BIN},     [MATCH_LEN] = {"len", VALUE_STR},
    [MATCH_STR] = {"str", VALUE_STR},     [MATCH_BEG] = {"beg", VALUE_STR},
    [MATCH_SUB] = {"sub", VALUE_STR},     [MATCH_DIR] = {"dir", VALUE_STR},
    [MATCH_DOM] = {"dom", VALUE_STR},     [MATCH_END] = {"end", VALUE_STR},
    [MATCH_REG] = {"reg", VALUE_STR},     [MATCH_METH] = {"meth", VALUE_METH},
};

enum match_method match_find(struct span name)
{
	unsigned int m = 0;

	while (m < MATCHES && !span_equal(name, span_of(methods[m].name)))
		m++;
	return (enum match_method)m;
}

const char *match_name(enum match_method m)
{
	return methods[m].name;
}

enum match_method match_of_type(enum value_type t)
{
	static const enum match_method of[VALUE_TYPES] = {
	    [VALUE_ANY] = MATCH_FOUND, [VALUE_BOOL] = MATCH_BOOL, [VALUE_INT] = MATCH_INT,
	    [VALUE_ADDR] = MATCH_IP,   [VALUE_IPV4] = MATCH_IP,   [VALUE_IPV6] = MATCH_IP,
	    [VALUE_STR] = MATCH_STR,   [VALUE_BIN] = MATCH_BIN,   [VALUE_METH] = MATCH_METH,
	};

	return of[t];
}

enum value_type match_type(enum match_method m)
{
	return methods[m].type;
}

struct patterns *patterns_new(struct rule_compiler *k, enum match_method m, bool nocase)
{
	struct patterns *p = compiler_alloc(k, sizeof(*p));

	if (!p)
		return NULL;
	p->method = m;
	p->nocase = nocase;
	p->end = &p->first;
	return p;
}

/* ---- compiling a pattern ---- */

static bool is_operator(struct span s)
{
	static const char *const names[] = {"eq", "gt", "ge", "lt", "le"};

	for (size_t i = 0; i < array_size(names); i++) {
		if (span_equal(s, span_of(names[i])))
			return true;
	}
	return false;
}

static bool parse_int(struct span s, int64_t *out)
{
	bool negative = span_starts_with(s, SPAN("-"));
	uint64_t n;

	if (!span_to_u64(span_slice(s, negative, s.len), INT64_MAX, &n))
		return false;
	*out = negative ? -(int64_t)n : (int64_t)n;
	return true;
}

static bool bad_number(struct rule_compiler *k, struct span text)
{
	return compiler_fail(k,
			     "'%.*s' is not a number or valid range; write '5', '1:10', '10:', or "
			     "an operator (eq, ge, gt, le, lt) and a number",
			     SPAN_ARG(text));
}

/* A number may be negative, but a range's ends are split at the colon. */
static bool add_range(struct rule_compiler *k, const struct patterns *set, struct pattern *p,
		      struct span text)
{
	size_t colon = span_find(text, ':');
	struct span low = span_slice(text, 0, colon), high = span_slice(text, colon + 1, text.len);
	char op = set->operator.len ? set->operator.p[0] : 'e';
	bool or_equal = !set->operator.len || set->operator.p[1] == 'e' || op == 'e';

	p->min = INT64_MIN;
	p->max = INT64_MAX;
	if (colon < text.len) {
		if ((low.len && !parse_int(low, &p->min)) ||
		    (high.len && !parse_int(high, &p->max)) || (!low.len && !high.len) ||
		    p->min > p->max || op != 'e')
			return bad_number(k, text);
		return true;
	}
	if (!parse_int(text, &p->min))
		return bad_number(k, text);
	p->max = p->min;
	if (op == 'g') {
		p->max = INT64_MAX;
		p->min += !or_equal;
	} else if (op == 'l') {
		p->min = INT64_MIN;
		p->max -= !or_equal;
	}
	return true;
}

static bool add_hex(struct rule_compiler *k, struct pattern *p, struct span text)
{
	char *bytes = arena_bytes(k->arena, text.len / 2 + 1);

	if (!bytes)
		return compiler_fail(k, "out of memory");
	for (size_t i = 0; i + 1 < text.len + (text.len & 1); i += 2) {
		int high = format_hex_digit(text.p[i]);
		int low = i + 1 < text.len ? format_hex_digit(text.p[i + 1]) : -1;

		if (high < 0 || low < 0)
			return compiler_fail(k,
					     "'%.*s' is not a binary pattern; write an even number "
					     "of hexadecimal digits",
					     SPAN_ARG(text));
		bytes[i / 2] = (char)(high * 16 + low);
	}
	p->text = span_make(bytes, text.len / 2);
	return true;
}

static bool convert(struct rule_compiler *k, struct patterns *set, struct pattern *p,
		    struct span text)
{
	const char *error = NULL;

	switch (set->method) {
	case MATCH_INT:
	case MATCH_LEN:
		return add_range(k, set, p, text);
	case MATCH_IP:
		return inet_parse_net(text, &p->net) ||
		       compiler_fail(k,
				     "'%.*s' is not a valid IPv4 or IPv6 address, perhaps with a "
				     "mask such as in 10.0.0.0/8",
				     SPAN_ARG(text));
	case MATCH_BIN:
		return add_hex(k, p, text);
	case MATCH_METH:
		p->method = (uint8_t)http_method_of(text);
		return true;
	case MATCH_REG:
		p->regex = regex_compile(&k->program->regexes, k->arena, text, set->nocase, &error);
		return p->regex || compiler_fail(k, "%s", error);
	default:
		return true;
	}
}

/* '/' and the like around a pattern of dir and dom are not part of it. */
static struct span without_delimiters(struct span s, struct span delimiters)
{
	while (s.len && span_find(delimiters, s.p[0]) < delimiters.len)
		s = span_slice(s, 1, s.len);
	while (s.len && span_find(delimiters, s.p[s.len - 1]) < delimiters.len)
		s.len--;
	return s;
}

#define DIR_DELIMITERS SPAN("/?")
#define DOM_DELIMITERS SPAN("/?.:")

bool patterns_add(struct rule_compiler *k, struct patterns *set, struct span text)
{
	struct pattern *p;

	if ((set->method == MATCH_INT || set->method == MATCH_LEN) && is_operator(text)) {
		set->operator= text;
		return true;
	}
	p = compiler_alloc(k, sizeof(*p));
	if (!p)
		return false;
	p->text = text;
	if (set->method == MATCH_DIR)
		p->text = without_delimiters(text, DIR_DELIMITERS);
	else if (set->method == MATCH_DOM)
		p->text = without_delimiters(text, DOM_DELIMITERS);
	if (!convert(k, set, p, text))
		return false;
	*set->end = p;
	set->end = &p->next;
	set->n++;
	return true;
}

static int compare_nocase(struct span a, struct span b, bool nocase)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	if (!nocase)
		return a.len ? memcmp(a.p, b.p, a.len) : 0;
	for (size_t i = 0; i < a.len; i++) {
		unsigned char x = (unsigned char)a.p[i], y = (unsigned char)b.p[i];

		x |= (unsigned char)(((unsigned int)x - 'A' < 26) << 5);
		y |= (unsigned char)(((unsigned int)y - 'A' < 26) << 5);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static int compare_patterns(const void *a, const void *b, void *set)
{
	const struct pattern *const *x = a, *const *y = b;

	return compare_nocase((*x)->text, (*y)->text, ((const struct patterns *)set)->nocase);
}

bool patterns_end(struct rule_compiler *k, struct patterns *set)
{
	unsigned int i = 0;

	if (set->method != MATCH_STR || set->n < MANY)
		return true;
	set->sorted = compiler_alloc(k, set->n * sizeof(const struct pattern *));
	if (!set->sorted)
		return false;
	for (const struct pattern *p = set->first; p; p = p->next)
		set->sorted[i++] = p;
	qsort_r(set->sorted, set->n, sizeof(const struct pattern *), compare_patterns, set);
	return true;
}

/* ---- matching ---- */

static bool same(struct span a, struct span b, bool nocase)
{
	return a.len == b.len && (nocase ? span_equal_nocase(a, b) : span_equal(a, b));
}

static bool contains(struct span text, struct span part, bool nocase)
{
	if (!nocase)
		return part.len == 0 || span_find_span(text, part) < text.len;
	for (size_t i = 0; i + part.len <= text.len; i++) {
		if (span_equal_nocase(span_slice(text, i, part.len), part))
			return true;
	}
	return false;
}

/* The part stands between two delimiters, or an end of the text. */
static bool contains_word(struct span text, struct span part, struct span delimiters, bool nocase)
{
	if (part.len == 0)
		return false;
	for (size_t i = 0; i + part.len <= text.len; i++) {
		size_t end = i + part.len;

		if (i && span_find(delimiters, text.p[i - 1]) == delimiters.len)
			continue;
		if (end < text.len && span_find(delimiters, text.p[end]) == delimiters.len)
			continue;
		if (same(span_slice(text, i, part.len), part, nocase))
			return true;
	}
	return false;
}

static bool matches_text(const struct patterns *set, const struct pattern *p, struct span text,
			 const struct scratch *s)
{
	struct span part = p->text;

	switch (set->method) {
	case MATCH_LEN:
		return (int64_t)text.len >= p->min && (int64_t)text.len <= p->max;
	case MATCH_BEG:
		return part.len <= text.len &&
		       same(span_slice(text, 0, part.len), part, set->nocase);
	case MATCH_END:
		return part.len <= text.len &&
		       same(span_slice(text, text.len - part.len, part.len), part, set->nocase);
	case MATCH_SUB:
		return contains(text, part, set->nocase);
	case MATCH_DIR:
		return contains_word(text, part, DIR_DELIMITERS, set->nocase);
	case MATCH_DOM:
		return contains_word(text, part, DOM_DELIMITERS, set->nocase);
	case MATCH_REG:
		return regex_find(p->regex, s->regex, text, 0, NULL);
	default:
		return same(text, part, set->nocase);
	}
}

static bool matches_sorted(const struct patterns *set, struct span text)
{
	unsigned int low = 0, high = set->n;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;
		int order = compare_nocase(text, set->sorted[middle]->text, set->nocase);

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

/* An IPv4 address and the IPv6 one that maps it are the same. */
static bool matches_address(const struct pattern *p, const struct value *v)
{
	enum value_type want = p->net.address.family == INET_V4 ? VALUE_IPV4 : VALUE_IPV6;
	struct value mapped = *v;

	if (v->type == want)
		return inet_in_net(&v->inet, &p->net);
	return value_cast(&mapped, want, NULL) && inet_in_net(&mapped.inet, &p->net);
}

static bool matches_one(const struct patterns *set, const struct pattern *p, const struct value *v,
			const struct scratch *s)
{
	switch (set->method) {
	case MATCH_INT:
		return v->number >= p->min && v->number <= p->max;
	case MATCH_IP:
		return matches_address(p, v);
	case MATCH_METH:
		return v->method == p->method &&
		       (v->method != HTTP_OTHER || same(v->text, p->text, set->nocase));
	default:
		return matches_text(set, p, v->text, s);
	}
}

bool patterns_match(const struct patterns *set, const struct value *v, const struct scratch *s)
{
	if (set->method == MATCH_FOUND)
		return true;
	if (set->method == MATCH_BOOL) /* whatever the patterns say, as with haproxy */
		return v->number != 0;
	if (set->sorted)
		return matches_sorted(set, v->text);
	for (const struct pattern *p = set->first; p; p = p->next) {
		if (matches_one(set, p, v, s))
			return true;
	}
	return false;
}
