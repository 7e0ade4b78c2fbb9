/* SPDX-License-Identifier: MIT */
/*
 * Conditions: the words of a line, separated by blanks. Each compiles or is refused with a text;
 * with "unless" it is the opposite of "if".
 */
#include "rule/condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span words[64], rest = span_make(data, size);
	struct message m = {.method = HTTP_GET, .version = HTTP_1_1, .target = rest};
	struct rule_context ctx = {.request = size & 1 ? &m : NULL};
	struct condition *c, *opposite;
	const char *error;
	struct arena arena;
	unsigned int n = 0;

	while (rest.p && n < array_size(words)) {
		struct span word = span_split(&rest, ' ');

		if (word.len)
			words[n++] = word;
	}
	arena_init(&arena, 1024, 0);
	c = condition_compile(words, n, false, &arena, &error);
	CHECK(c || (error && error[0]));
	opposite = condition_compile(words, n, true, &arena, &error);
	CHECK(!c == !opposite);
	if (c)
		CHECK(condition_holds(c, &ctx) != condition_holds(opposite, &ctx));
	arena_fini(&arena);
	return 0;
}
