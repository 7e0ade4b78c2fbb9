/* SPDX-License-Identifier: MIT */
/*
 * PCRE2 behind the few functions that rules need: match methods, regsub, replace-header and their
 * like call them. Patterns come from the configuration, texts from clients and servers.
 */
#include "rule/regex.h"

#include "base/format.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define MATCH_LIMIT 100000 /* backtracking steps */
#define HEAP_LIMIT_KB 1024

struct regex {
	struct regex *next;
	pcre2_code *code;
};

static const char *describe_error(struct arena *a, struct span pattern, int code, size_t offset)
{
	char text[120];
	const char *described;

	if (pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof(text)) < 0)
		return "invalid regular expression";
	described = arena_printf(a, "regex '%.*s' is invalid (error=%s, at offset %zu)",
				 SPAN_ARG(pattern), text, offset);
	return described ? described : "out of memory";
}

struct regex *regex_compile(struct regex_list *list, struct arena *a, struct span pattern,
			    bool nocase, const char **error)
{
	PCRE2_SPTR text = (PCRE2_SPTR)(pattern.p ? pattern.p : "");
	struct regex *re = ARENA_NEW(a, struct regex);
	PCRE2_SIZE offset;
	int fault;

	if (!re) {
		*error = "out of memory";
		return NULL;
	}
	re->code =
	    pcre2_compile(text, pattern.len, nocase ? PCRE2_CASELESS : 0, &fault, &offset, NULL);
	if (!re->code) {
		*error = describe_error(a, pattern, fault, offset);
		return NULL;
	}
	/* Where the machine has no JIT the interpreter does the same. */
	(void)pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE);
	re->next = list->first;
	list->first = re;
	return re;
}

void regex_free_all(struct regex_list *list)
{
	for (struct regex *it = list->first; it; it = it->next)
		pcre2_code_free(it->code);
	list->first = NULL;
}

bool regex_memory_init(struct regex_memory *m)
{
	m->data = pcre2_match_data_create(REGEX_GROUPS, NULL);
	m->limits = pcre2_match_context_create(NULL);
	if (!m->data || !m->limits) {
		regex_memory_fini(m);
		return false;
	}
	pcre2_set_match_limit(m->limits, MATCH_LIMIT);
	pcre2_set_heap_limit(m->limits, HEAP_LIMIT_KB);
	return true;
}

void regex_memory_fini(struct regex_memory *m)
{
	pcre2_match_context_free(m->limits);
	pcre2_match_data_free(m->data);
	*m = (struct regex_memory){0};
}

bool regex_find(const struct regex *re, struct regex_memory *m, struct span text, size_t from,
		struct regex_match *match)
{
	PCRE2_SPTR subject = (PCRE2_SPTR)(text.p ? text.p : "");
	const PCRE2_SIZE *at;
	int n;

	if (!m || !m->data)
		return false;
	n = pcre2_match(re->code, subject, text.len, from, 0, m->data, m->limits);
	/* JIT code has a small stack of its own; the interpreter has HEAP_LIMIT_KB. */
	if (n == PCRE2_ERROR_JIT_STACKLIMIT)
		n = pcre2_match(re->code, subject, text.len, from, PCRE2_NO_JIT, m->data,
				m->limits);
	if (n < 0 || !match)
		return n >= 0;
	n = n == 0 ? REGEX_GROUPS : n;
	at = pcre2_get_ovector_pointer(m->data);
	for (int i = 0; i < REGEX_GROUPS; i++) {
		match->group[i] = SPAN_NONE;
		if (i < n && at[2 * i] != PCRE2_UNSET && at[2 * i] <= at[2 * i + 1])
			match->group[i] =
			    span_make((const char *)subject + at[2 * i], at[2 * i + 1] - at[2 * i]);
	}
	return true;
}

void regex_expand(struct buffer *out, struct span replacement, const struct regex_match *match)
{
	for (size_t i = 0; i < replacement.len; i++) {
		char c = replacement.p[i];

		if (c != '\\' || i + 1 == replacement.len) {
			buffer_add_char(out, c);
			continue;
		}
		c = replacement.p[++i];
		if (c >= '0' && c <= '9') {
			buffer_add_span(out, match->group[c - '0']);
		} else if (c == 'x' && i + 2 < replacement.len &&
			   format_hex_digit(replacement.p[i + 1]) >= 0 &&
			   format_hex_digit(replacement.p[i + 2]) >= 0) {
			buffer_add_char(out, (char)(format_hex_digit(replacement.p[i + 1]) * 16 +
						    format_hex_digit(replacement.p[i + 2])));
			i += 2;
		} else {
			buffer_add_char(out, c);
		}
	}
}
