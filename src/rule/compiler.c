/* SPDX-License-Identifier: MIT */
/*
 * Errors and memory of everything that is compiled from rules. Called by the compile functions of
 * this folder.
 */
#include "rule/compiler.h"

#include "base/format.h"

bool compiler_fail(struct rule_compiler *k, const char *fmt, ...)
{
	va_list args;

	if (k->error)
		return false;
	va_start(args, fmt);
	k->error = arena_vprintf(k->arena, fmt, args);
	va_end(args);
	if (!k->error)
		k->error = "out of memory";
	return false;
}

void *compiler_alloc(struct rule_compiler *k, size_t n)
{
	void *p = arena_alloc(k->arena, n);

	if (!p)
		compiler_fail(k, "out of memory");
	return p;
}

struct compiler_nearest compiler_nearest_to(struct span word)
{
	unsigned int best = word.len < 4 ? 1 : (unsigned int)(word.len / 3);

	return (struct compiler_nearest){.word = word, .best = (best > 3 ? 3 : best) + 1};
}

void compiler_offer(struct compiler_nearest *near, const char *name)
{
	unsigned int distance = format_word_distance(near->word, span_of(name));

	if (distance < near->best) {
		near->best = distance;
		near->name = name;
	}
}

const char *compiler_did_you_mean(struct rule_compiler *k, const struct compiler_nearest *near)
{
	const char *text = "";

	if (near->name)
		text = arena_printf(k->arena, "; did you mean '%s' maybe ?", near->name);
	return text ? text : "";
}

const char *compiler_missing(const struct rule_compiler *k, unsigned int needs)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} names[] = {
	    {NEEDS_HTTP_REQUEST, "HTTP request headers"},
	    {NEEDS_HTTP_RESPONSE, "HTTP response headers"},
	    {NEEDS_PAYLOAD, "the bytes of the connection"},
	    {NEEDS_BACKEND, "the backend that was chosen"},
	    {NEEDS_SERVER, "the connection to the server"},
	    {NEEDS_END, "the end of the request"},
	    {NEEDS_REQUEST_SEEN, "captures of the request"},
	};

	for (size_t i = 0; i < array_size(names); i++) {
		if (needs & ~k->provided & names[i].bit)
			return names[i].name;
	}
	return NULL;
}
