/* SPDX-License-Identifier: MIT */
/*
 * The lexer of haproxy files and the conditions of its .if lines: any bytes are a file. What comes
 * out are words with a NUL behind each, in lines that never go back.
 */
#include "config/lex_haproxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *get_env(void *user, const char *name)
{
	(void)user;
	return name[0] == 'A' ? "one two\tthree" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct config_world world = {.get_env = get_env, .version = "2.6"};
	struct config_file file = {.path = "f", .text = span_make(data, n)};
	const char *error = NULL, *text;
	struct arena arena;
	struct lexer lexer;
	struct diags diags;
	struct node line;
	int last = 0, value;

	arena_init(&arena, 65536, 64u << 20);
	diags_init(&diags);
	lexer_init(&lexer, &file, &world, &arena, &diags);
	while (lexer_next(&lexer, &line)) {
		CHECK(line.line > last && line.n_words > 0 && line.n_words <= LEX_MAX_WORDS);
		last = line.line;
		for (unsigned int i = 0; i < line.n_words; i++)
			CHECK(strlen(line.words[i].p) == line.words[i].len);
	}
	if (n < 4096) {
		unsigned int alerts = diags.alerts;

		value = config_eval_condition(file.text, &world, &diags);
		CHECK(value >= -1 && value <= 1 && (value == -1) == (diags.alerts > alerts));
		text = lex_expand(&world, file.text, &arena, &error);
		CHECK(text || error);
	}
	diags_fini(&diags);
	arena_fini(&arena);
	return 0;
}
