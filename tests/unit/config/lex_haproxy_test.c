/* SPDX-License-Identifier: MIT */
/* haproxy's lines: words, quotes, escapes, comments, variables, and what is malformed. */
#include "config/lex_haproxy.h"

#include "fake_world.h"
#include "unit/base/cmocka_all.h"

struct fixture {
	struct fake_world world;
	struct arena arena;
	struct diags diags;
	struct lexer lexer;
	struct node line;
};

static void begin(struct fixture *f, const char *text)
{
	struct config_file file = {.path = "f.cfg", .text = span_of(text)};

	fake_world_init(&f->world);
	arena_init(&f->arena, 4096, 0);
	diags_init(&f->diags);
	lexer_init(&f->lexer, &file, &f->world.world, &f->arena, &f->diags);
}

static void end(struct fixture *f)
{
	arena_fini(&f->arena);
	diags_fini(&f->diags);
}

/* The words of one line, joined with '|'. */
static void check_words(const char *text, const char *wanted)
{
	char joined[4096] = "";
	struct fixture f;
	size_t n = 0;

	begin(&f, "");
	assert_true(lexer_words(&f.lexer, span_of(text), &f.line));
	for (unsigned int i = 0; i < f.line.n_words; i++) {
		assert_int_equal(f.line.words[i].p[f.line.words[i].len], '\0');
		n += (size_t)snprintf(joined + n, sizeof(joined) - n, "%s%.*s", i ? "|" : "",
				      SPAN_ARG(f.line.words[i]));
	}
	assert_string_equal(joined, wanted);
	end(&f);
}

static void check_fault(const char *text, const char *wanted)
{
	struct fixture f;

	begin(&f, "");
	assert_false(lexer_words(&f.lexer, span_of(text), &f.line));
	assert_int_equal(f.diags.alerts, 1);
	if (!strstr(LIST_ENTRY(f.diags.all.next, struct diag, link)->text, wanted))
		fail_msg("'%s' is not in '%s'", wanted,
			 LIST_ENTRY(f.diags.all.next, struct diag, link)->text);
	end(&f);
}

static void test_blanks_and_comments(void **state)
{
	(void)state;
	check_words("", "");
	check_words(" \t\r\v\f ", "");
	check_words("  a\tb  c\r", "a|b|c");
	check_words("# nothing", "");
	check_words("a b# c", "a|b");
	check_words("a \\# b \"# c\" '#'", "a|#|b|# c|#");
}

static void test_quotes(void **state)
{
	(void)state;
	check_words("\"a b\" 'c d'", "a b|c d");
	check_words("x\"a b\"y'c'z", "xa byc"
				     "z");
	check_words("a \"\" '' b", "a|||b");
	check_words("\"it's\" 'say \"x\"'", "it's|say \"x\"");
	check_words("'$HOME \\n \\'", "$HOME \\n \\");
}

static void test_escapes(void **state)
{
	(void)state;
	check_words("a\\ b \\\\ \\\" \\' \\#", "a b|\\|\"|'|#");
	check_words("\"\\ \\\\ \\\" \\' \\# \\$\"", " \\ \" ' # $");
	check_words("\\n\\t\\r\\x41\\x7a", "\n\t\rAz");
	check_words("\\1 \\. \\$ \\q a\\", "\\1|\\.|\\$|\\q|a\\");
}

static void test_variables(void **state)
{
	(void)state;
	check_words("\"$HOME\" \"${HOME}\" \"x$HOME-y\"", "/root|/root|x/root-y");
	check_words("$HOME '${HOME}'", "$HOME|${HOME}");
	check_words("\"$NOPE\" \"${NOPE-a b}\" \"${EMPTY-x}\"", "|a b|");
	check_words("\"${LIST[*]}\"", "one|two|three");
	check_words("\"<${LIST[*]}>\" z", "<one|two|three>|z");
	check_words("\"$LIST\"", "one two  three");
	check_words("\"${NOPE[*]-a b}\"", "a|b");
	check_words("\"${.FILE}:${.LINE}\"", "f.cfg:0");
}

static void test_faults(void **state)
{
	(void)state;
	check_fault("  a \"b", "unmatched quote at position 5:\n  a \"b\n    ^");
	check_fault("a 'b c", "unmatched quote at position 3:\n  a 'b c\n    ^");
	check_fault("\\x4", "truncated or invalid hexadecimal sequence at position 1:");
	check_fault("\\xg0", "hexadecimal");
	check_fault("\\x00", "NUL");
	check_fault("\"$\"", "forbidden first char in environment variable name at position 3:");
	check_fault("\"${}\"", "forbidden first char");
	check_fault("\"$1\"", "forbidden first char");
	check_fault("\"${HOME\"", "unmatched brace in environment variable name at position 3:");
	check_fault("\"${HOME-\"", "unmatched brace");
	check_fault("\"${HOME[1]}\"", "'[*]'");
	check_fault("\"${HOME}${\"", "forbidden first char");
}

static void test_limits(void **state)
{
	static char text[LEX_MAX_LINE_BYTES + 2];
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < LEX_MAX_WORDS + 1; i++)
		memcpy(text + 2 * i, "a ", 2);
	begin(&f, "");
	assert_true(lexer_words(&f.lexer, span_make(text, LEX_MAX_WORDS * 2), &f.line));
	assert_int_equal(f.line.n_words, LEX_MAX_WORDS);
	assert_false(lexer_words(&f.lexer, span_make(text, LEX_MAX_WORDS * 2 + 1), &f.line));
	memset(text, 'a', sizeof(text));
	assert_true(lexer_words(&f.lexer, span_make(text, LEX_MAX_LINE_BYTES - 1), &f.line));
	assert_int_equal(f.line.words[0].len, LEX_MAX_LINE_BYTES - 1);
	assert_false(lexer_words(&f.lexer, span_make(text, LEX_MAX_LINE_BYTES), &f.line));
	assert_false(lexer_words(&f.lexer, span_make(text, LEX_MAX_LINE_BYTES + 1), &f.line));
	assert_false(lexer_words(&f.lexer, span_make("a\0b", 3), &f.line));
	end(&f);
}

static void test_lines(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "\n# x\none 1\n  \"bad\n.if 0\nhidden\n.endif\ntwo\nlast");
	assert_true(lexer_next(&f.lexer, &f.line));
	assert_span(f.line.words[0], "one");
	assert_int_equal(f.line.line, 3);
	assert_string_equal(f.line.file, "f.cfg");
	assert_true(lexer_next(&f.lexer, &f.line));
	assert_span(f.line.words[0], "two");
	assert_int_equal(f.line.line, 8);
	assert_true(lexer_next(&f.lexer, &f.line));
	assert_span(f.line.words[0], "last");
	assert_false(lexer_next(&f.lexer, &f.line));
	assert_int_equal(f.diags.alerts, 2); /* the quote, the missing line break */
	end(&f);
}

/* An environment that changes between two lines is seen. */
static void test_environment_is_read_late(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "a \"$X\"\nb \"$X\"\n");
	assert_true(lexer_next(&f.lexer, &f.line));
	assert_span(f.line.words[1], "");
	f.world.world.set_env(&f.world, "X", "now");
	assert_true(lexer_next(&f.lexer, &f.line));
	assert_span(f.line.words[1], "now");
	end(&f);
}

static void check_expand(const char *text, const char *wanted)
{
	const char *error = NULL, *got;
	struct fixture f;

	begin(&f, "");
	got = lex_expand(&f.world.world, span_of(text), &f.arena, &error);
	if (wanted)
		assert_string_equal(got, wanted);
	else
		assert_null(got);
	if (!wanted)
		assert_non_null(error);
	end(&f);
}

static void test_expand_in_addresses(void **state)
{
	(void)state;
	check_expand("127.0.0.1:80", "127.0.0.1:80");
	check_expand("*:$PORT", "*:8080");
	check_expand("${NOPE-127.0.0.1}:${PORT}", "127.0.0.1:8080");
	check_expand("$NOPE", "");
	check_expand("${PORT", NULL);
	check_expand("$", NULL);
	check_expand("${LIST[*]}", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_blanks_and_comments),
	    cmocka_unit_test(test_quotes),
	    cmocka_unit_test(test_escapes),
	    cmocka_unit_test(test_variables),
	    cmocka_unit_test(test_faults),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_environment_is_read_late),
	    cmocka_unit_test(test_expand_in_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
