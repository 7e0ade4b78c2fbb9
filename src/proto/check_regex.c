/* SPDX-License-Identifier: MIT */
/*
 * The regular expressions of expect rules, by PCRE2. The text comes from a server, the pattern from
 * the configuration: work and memory are limited, so that no answer can hold a thread for long. A
 * compiled expression is not changed by matching and may be used by several threads at once.
 */
#include "proto/check_dialogue.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define MATCH_LIMIT 100000 /* backtracking steps */
#define HEAP_LIMIT_KB 1024

/* A struct check_regex is PCRE2's compiled pattern under our name: there is nothing to add to it.
 */
static const pcre2_code *code_of(const struct check_regex *re)
{
	return (const pcre2_code *)re;
}

static const char *describe_error(struct arena *a, int code, size_t offset)
{
	char text[120];
	const char *described;

	if (pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof(text)) < 0)
		return "invalid regular expression";
	described = arena_printf(a, "%s at offset %zu", text, offset);
	return described ? described : "out of memory";
}

struct check_regex *check_regex_compile(struct span pattern, struct arena *a, const char **error)
{
	PCRE2_SPTR text = (PCRE2_SPTR)(pattern.p ? pattern.p : "");
	pcre2_code *code;
	PCRE2_SIZE offset;
	int fault;

	code = pcre2_compile(text, pattern.len, PCRE2_NO_AUTO_CAPTURE, &fault, &offset, NULL);
	if (!code) {
		*error = describe_error(a, fault, offset);
		return NULL;
	}
	/* Where the machine has no JIT the interpreter does the same. */
	(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	return (struct check_regex *)code;
}

static int match_limited(const pcre2_code *code, struct span text, pcre2_match_data *data,
			 pcre2_match_context *limits)
{
	PCRE2_SPTR subject = (PCRE2_SPTR)(text.p ? text.p : "");
	int result;

	pcre2_set_match_limit(limits, MATCH_LIMIT);
	pcre2_set_heap_limit(limits, HEAP_LIMIT_KB);
	result = pcre2_match(code, subject, text.len, 0, 0, data, limits);
	/* JIT code has a small stack of its own; the interpreter has HEAP_LIMIT_KB. */
	if (result == PCRE2_ERROR_JIT_STACKLIMIT)
		result = pcre2_match(code, subject, text.len, 0, PCRE2_NO_JIT, data, limits);
	return result;
}

int check_regex_try(const struct check_regex *re, struct span text)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	int result = PCRE2_ERROR_NOMEMORY;

	if (data && limits)
		result = match_limited(code_of(re), text, data, limits);
	pcre2_match_context_free(limits);
	pcre2_match_data_free(data);
	if (result >= 0)
		return 1;
	return result == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

bool check_regex_matches(const struct check_regex *re, struct span text)
{
	return check_regex_try(re, text) == 1;
}

void check_regex_free(struct check_regex *re)
{
	pcre2_code_free((pcre2_code *)re);
}
