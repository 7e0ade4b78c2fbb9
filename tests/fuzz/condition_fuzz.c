/* SPDX-License-Identifier: MIT */
/*
 * Conditions: the words of a line, separated by blanks. Each compiles or is refused with a text;
 * with "unless" it is the opposite of "if".
 */
#include "rule/condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char memory[4096];
	static struct regex_memory regex;
	struct span words[64], rest = span_make(data, size);
	struct message m = {.method = HTTP_GET, .version = HTTP_1_1, .target = rest};
	struct scratch scratch = {memory, 0, sizeof(memory), &regex};
	struct rule_context ctx = {.request = size & 1 ? &m : NULL, .scratch = &scratch};
	struct rule_program program = {0};
	struct condition *c, *opposite;
	struct arena arena;
	struct rule_compiler k = {
	    .arena = &arena, .program = &program, .provided = ~0u, .where = "fuzz"};
	unsigned int n = 0;

	if (!regex.data)
		CHECK(regex_memory_init(&regex));
	while (rest.p && n < array_size(words)) {
		struct span word = span_split(&rest, ' ');

		if (word.len)
			words[n++] = word;
	}
	arena_init(&arena, 1024, 0);
	c = condition_compile(&k, words, n, false);
	CHECK(c || (k.error && k.error[0]));
	k.error = NULL;
	opposite = condition_compile(&k, words, n, true);
	CHECK(!c == !opposite);
	if (c)
		CHECK(condition_holds(c, &ctx) != condition_holds(opposite, &ctx));
	regex_free_all(&program.regexes);
	arena_fini(&arena);
	return 0;
}
