/* SPDX-License-Identifier: MIT */
/* Lines, payloads, commands and words, at every split of the input. */
#include "admin/command_input.h"

#include "unit/base/cmocka_all.h"

/* What comes out of the bytes, given in two pieces: "[word][word];[word]<payload>|" for each line.
 */
static void parse(struct buffer *out, struct span bytes, size_t split)
{
	struct command_input in;
	struct span pieces[] = {span_slice(bytes, 0, split), span_slice(bytes, split, bytes.len)};

	command_input_init(&in);
	for (unsigned int i = 0; i < array_size(pieces); i++) {
		enum command_input_result r;
		struct command_line line;

		command_input_add(&in, pieces[i]);
		while ((r = command_input_next(&in, &line)) != COMMAND_INPUT_MORE) {
			struct span words[COMMAND_MAX_WORDS];

			assert_int_not_equal(r, COMMAND_INPUT_TOO_LONG);
			if (r == COMMAND_INPUT_IN_PAYLOAD) {
				buffer_add_char(out, '+');
				continue;
			}
			while (line.text) {
				int n = command_line_split(&line, words);

				for (int k = 0; k < n; k++)
					buffer_printf(out, "[%.*s]", SPAN_ARG(words[k]));
				buffer_add_char(out, line.text ? ';' : '|');
			}
			if (line.payload.p)
				buffer_printf(out, "<%.*s>", SPAN_ARG(line.payload));
		}
	}
	command_input_fini(&in);
}

static void expect(const char *bytes, const char *wanted)
{
	struct span s = span_of(bytes);

	for (size_t split = 0; split <= s.len; split++) {
		struct buffer out;

		buffer_init(&out, 65536);
		parse(&out, s, split);
		assert_string_equal(buffer_text(&out), wanted);
		buffer_fini(&out);
	}
}

static void test_words(void **state)
{
	(void)state;
	expect("show stat\n", "[show][stat]|");
	expect("  show\t stat  \r\n", "[show][stat]|");
	expect("show stat", "");
	expect("\n", "|");
	expect("a\nb c\n", "[a]|[b][c]|");
	expect("get weight \"x\"\n", "[get][weight][\"x\"]|");
}

static void test_several_commands(void **state)
{
	(void)state;
	expect("a b;c ; d\n", "[a][b];[c];[d]|");
	expect("a;\n", "[a];|");
	expect(";a\n", ";[a]|");
	expect("a;;b\n", "[a];;[b]|");
}

static void test_escapes(void **state)
{
	(void)state;
	expect("a\\ b c\\;d \\\\e\n", "[a b][c;d][\\e]|");
	expect("a\\\n", "[a\\]|");
}

static void test_payload(void **state)
{
	(void)state;
	expect("set x <<\nline 1\nline; 2\n\nnext\n", "++"
						      "+[set][x]|<line 1\nline; 2\n>[next]|");
	expect("set x<<\n", "[set][x<<]|");
	expect("<<\n\n", "+|<>");
	expect("a; b <<  \r\nq\r\n\r\n", "++[a];[b]|<q\r\n>");
}

static void test_limits(void **state)
{
	struct command_input in;
	struct command_line line;
	struct span words[COMMAND_MAX_WORDS];
	char many[4 * COMMAND_MAX_WORDS], chunk[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = i % 2 ? ' ' : 'x';
	line = (struct command_line){.text = many, .len = 2 * COMMAND_MAX_WORDS};
	assert_int_equal(command_line_split(&line, words), COMMAND_MAX_WORDS);
	line = (struct command_line){.text = many, .len = 2 * COMMAND_MAX_WORDS + 1};
	assert_int_equal(command_line_split(&line, words), -1);
	assert_null(line.text);

	memset(chunk, 'x', sizeof(chunk));
	command_input_init(&in);
	for (unsigned int i = 0; i < 2 * COMMAND_INPUT_BYTES / sizeof(chunk); i++)
		command_input_add(&in, span_make(chunk, sizeof(chunk)));
	assert_int_equal(command_input_next(&in, &line), COMMAND_INPUT_TOO_LONG);
	command_input_fini(&in);
}

static void test_has_line(void **state)
{
	struct command_input in;
	struct command_line line;

	(void)state;
	command_input_init(&in);
	assert_false(command_input_has_line(&in));
	command_input_add(&in, SPAN("a\nb\nc"));
	assert_true(command_input_has_line(&in));
	assert_int_equal(command_input_next(&in, &line), COMMAND_INPUT_LINE);
	assert_true(command_input_has_line(&in));
	assert_int_equal(command_input_next(&in, &line), COMMAND_INPUT_LINE);
	assert_false(command_input_has_line(&in));
	assert_int_equal(command_input_next(&in, &line), COMMAND_INPUT_MORE);
	command_input_fini(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),   cmocka_unit_test(test_several_commands),
	    cmocka_unit_test(test_escapes), cmocka_unit_test(test_payload),
	    cmocka_unit_test(test_limits),  cmocka_unit_test(test_has_line)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
