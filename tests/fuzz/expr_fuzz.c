/* SPDX-License-Identifier: MIT */
/*
 * Expressions, ACLs and rules: the first line of the input is the rule's words, what follows it is
 * the value of every field and of the target. A line compiles or is refused with a text; what
 * compiles runs, within its memory, and leaves a message that has no CR, LF or NUL in it.
 */
#include "rule/action.h"
#include "rule/expr.h"

#define MAX_WORDS 64

static struct message new_message(struct arena *a, struct span text)
{
	struct message m = {.method = HTTP_GET,
			    .method_text = SPAN("GET"),
			    .version = HTTP_1_1,
			    .target = text,
			    .status = 200};

	CHECK(header_add(&m.headers, a, SPAN("Host"), text) == 0);
	CHECK(header_add(&m.headers, a, SPAN("x"), text) == 0);
	CHECK(header_add(&m.headers, a, SPAN("Cookie"), text) == 0);
	CHECK(header_add(&m.headers, a, SPAN("Set-Cookie"), text) == 0);
	return m;
}

static bool ends_line(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
			return true;
	}
	return false;
}

static void run(struct rule *r, struct arena *a, struct span text)
{
	static char memory[8192];
	static struct regex_memory regex;
	struct scratch scratch = {memory, 0, sizeof(memory), &regex};
	struct rule_answer answer = {0};
	struct rule_list list = {0};
	struct message request = new_message(a, text), response = new_message(a, text);
	struct random random;
	struct rule_context ctx = {.request = &request,
				   .response = &response,
				   .src = {.family = INET_V4, .ip = {10, 1, 2, 3}},
				   .scratch = &scratch,
				   .arena = a,
				   .random = &random,
				   .wall_us = 1500000000123456,
				   .payload = text,
				   .answer = &answer};

	if (!regex.data)
		CHECK(regex_memory_init(&regex));
	random_init(&random, 1);
	response.is_response = true;
	rule_append(&list, r);
	(void)rules_run(&list, &ctx, NULL);
	CHECK(scratch.at <= scratch.cap);
	if (ends_line(text))
		return; /* no parser lets that in */
	CHECK(!ends_line(request.target) && !ends_line(request.method_text));
	for (unsigned int i = 0; i < request.headers.n; i++)
		CHECK(!ends_line(request.headers.v[i].value));
	for (unsigned int i = 0; i < response.headers.n; i++)
		CHECK(!ends_line(response.headers.v[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make(data, size), line, words[MAX_WORDS];
	struct rule_program program = {0};
	struct arena arena;
	struct rule_compiler k = {
	    .arena = &arena, .program = &program, .provided = ~0u, .where = "fuzz"};
	unsigned int n = 0;
	struct rule *r;

	if (size < 2 || size > 4096)
		return 0;
	line = span_slice(text, 1, size);
	text = SPAN("");
	line = span_split(&line, '\n');
	text = span_slice(span_make(data, size), 1 + line.len + 1, size);
	while (line.p && n < MAX_WORDS) {
		struct span word = span_split(&line, ' ');

		if (word.len)
			words[n++] = word;
	}
	arena_init(&arena, 4096, 1 << 22);
	r = rule_compile(&k, (enum rule_set)(data[0] % RULE_SETS), words, n);
	if (r)
		run(r, &arena, text);
	else
		CHECK(k.error && k.error[0]);
	regex_free_all(&program.regexes);
	arena_fini(&arena);
	return 0;
}
