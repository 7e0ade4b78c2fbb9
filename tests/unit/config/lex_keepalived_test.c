/* SPDX-License-Identifier: MIT */
/* keepalived's statements: words, quotes, braces, definitions, conditions, includes, limits. */
#include "config/lex_keepalived.h"

#include "unit/base/cmocka_all.h"

struct fixture {
	struct arena arena;
	struct diags diags;
	struct node *first;
};

struct file {
	const char *name, *text;
};

static const struct file files[] = {
    {"/etc/one", "b c\nd ${_PWD}\n"},     {"/etc/two", "e {\n"},       {"/etc/three", "f }\n"},
    {"/etc/deep", "include /etc/deep\n"}, {"/etc/vars", "$IN=side\n"},
};

static bool include(void *user, struct config_include *i)
{
	(void)user;
	assert_non_null(i->from);
	for (size_t n = 0; n < array_size(files); n++) {
		struct config_file file = {files[n].name, span_of(files[n].text)};

		if (strcmp(i->pattern, files[n].name) != 0)
			continue;
		i->each(i->reader, &file);
		return true;
	}
	i->error = "none such";
	return false;
}

static const struct config_vrrp_world world = {
    .include = include, .config_id = "hap1", .hostname = "hap1"};

static void begin(struct fixture *f, struct span text)
{
	struct config_file file = {"/dir/k.conf", text};

	arena_init(&f->arena, 4096, 0);
	diags_init(&f->diags);
	f->first = lex_keepalived(&file, &world, &f->arena, &f->diags);
}

static void end(struct fixture *f)
{
	arena_fini(&f->arena);
	diags_fini(&f->diags);
}

/* Statements as "3:a|b{4:c}", with their lines. */
static void print_nodes(struct buffer *out, const struct node *first)
{
	for (const struct node *n = first; n; n = n->next) {
		buffer_printf(out, n == first ? "%d:" : " %d:", n->line);
		for (unsigned int i = 0; i < n->n_words; i++) {
			assert_int_equal(n->words[i].p[n->words[i].len], '\0');
			buffer_printf(out, i ? "|%.*s" : "%.*s", SPAN_ARG(n->words[i]));
		}
		if (n->is_block) {
			buffer_add_char(out, '{');
			print_nodes(out, n->children);
			buffer_add_char(out, '}');
		} else {
			assert_null(n->children);
		}
	}
}

static void check(const char *text, const char *wanted)
{
	struct fixture f;
	struct buffer out;

	begin(&f, span_of(text));
	buffer_init(&out, 1 << 20);
	print_nodes(&out, f.first);
	if (f.diags.alerts)
		fail_msg("%s: %s", text, LIST_ENTRY(f.diags.all.next, struct diag, link)->text);
	assert_string_equal(buffer_text(&out), wanted);
	buffer_fini(&out);
	end(&f);
}

/* The first alert, and its line. */
static void check_fault(const char *text, int line, const char *wanted)
{
	struct fixture f;
	const struct diag *d;

	begin(&f, span_of(text));
	assert_true(f.diags.alerts > 0);
	d = LIST_ENTRY(f.diags.all.next, struct diag, link);
	if (!strstr(d->text, wanted))
		fail_msg("'%s' is not in '%s'", wanted, d->text);
	assert_int_equal(d->line, line);
	end(&f);
}

static void test_words(void **state)
{
	(void)state;
	check("", "");
	check("\n \t\n# all\n ! comment\n", "");
	check("a b\n  c\td  e \n", "1:a|b 2:c|d|e");
	check("a", "1:a");
	check("a b # c\nd! e\nf\\# g\n", "1:a|b 2:d 3:f#|g");
	check("a \"b # c\" 'd ! e'\n", "1:a|b # c|d ! e");
	check("a\r\nb { # x\r\n}\r\n", "1:a 2:b{}");
	check("a \"\" ''\n", "1:a||");
	check("a b\"c d\"e 'f\"g' \"h'i\"\n", "1:a|bc de|f\"g|h'i");
}

static void test_escapes(void **state)
{
	(void)state;
	check("a\\ b \\\"c \\'d \\\\\n", "1:a b|\"c|'d|\\");
	check("\"\\x41\\102\\e\\t\\cA\"", "1:ABe\t\001");
	check("'\\n\\E'", "1:\n\033");
	check("a\\xg \\q\n", "1:axg|q");
	check_fault("a \\x00\n", 1, "no byte");
	check_fault("a \\000\n", 1, "no byte");
	check_fault("a \\x1234\n", 1, "no byte");
	check_fault("\n\na \\777\n", 3, "no byte");
}

static void test_blocks(void **state)
{
	(void)state;
	check("a {\n b {\n c\n }\n}\n", "1:a{2:b{3:c}}");
	check("a b\n\n# x\n{\nc\n}\nd\n", "1:a|b{5:c} 7:d");
	check("a{b}c{}\n", "1:a{1:b} 1:c{}");
	check("a { b c } d e\n", "1:a{1:b|c} 1:d|e");
	check("a \"{\" '}' \\{ \\}\n", "1:a|{|}|{|}");
	check_fault("a {\nb {\n}\n", 1, "has no end");
	check_fault("a\n}\n", 2, "too many");
	check_fault("a {\n}\n{\n}\n", 3, "no word before it");
	check_fault("a{a{a{a{a{a{a{a{a{a{a{a{a{}}}}}}}}}}}}}", 1, "deep");
}

static void test_goes_on_after_a_mistake(void **state)
{
	struct fixture f;
	struct buffer out;

	(void)state;
	begin(&f, SPAN("a 'b\nc {\n d \"e\n f\n}\n}\ng\n"));
	buffer_init(&out, 4096);
	print_nodes(&out, f.first);
	assert_string_equal(buffer_text(&out), "2:c{4:f} 7:g");
	assert_int_equal(f.diags.alerts, 3);
	buffer_fini(&out);
	end(&f);
}

static void test_conditions(void **state)
{
	(void)state;
	check("@hap1 a\n@hap2 b\n@^hap1 c\n@^hap2 d\n", "1:a 4:d");
	check("@ a\n@^ b\n@hap1\n", "2:b");
	check("$IF=@hap1\n$IF a\n$IF=@hap2\n$IF b\n", "2:a");
	check("@hap1 $A=1\n@hap2 $A=2\na $A\n", "3:a|1");
}

static void test_definitions(void **state)
{
	(void)state;
	check("$A=1\na $A ${A}2 x${A}\n", "2:a|1|12|x1");
	check("$A=b c\n$E=\na $A d$E ${E}e\n", "3:a|b|c|d|e");
	check("a $B ${B} $1 $\n", "1:a|$B|${B}|$1|$");
	check("$A=1\na $A.2 \\$A\n", "2:a|$A.2|$A");
	check("$A=x${B}\n$B=1\na ${A}\n$B=2\na ${A}\n", "3:a|x1 5:a|x2");
	check("$A=\"b c\"\na $A \"$A \"\n", "2:a|b c|b|c ");
	check("a ${_HASH} ${_BANG}b ${_PWD} $_INSTANCE\n", "1:a|#|!b|/dir|hap1");
	check("a { ${X} }\n", "1:a{1:${X}}");
	check_fault("$_A=1\n", 1, "begin with '_'");
	check_fault("$A=${A}\na ${A}\n", 2, "without end");
	check_fault("$A=${A}${A}\na ${A}\n", 2, "without end");
	check_fault("$A=\\\n$A\nb $A c\n", 3, "use itself");
	check_fault("a ${_RANDOM 1 2}\n", 1, "_RANDOM");
}

static void test_definitions_of_several_lines(void **state)
{
	(void)state;
	check("$A= \\\na { \\\n\n b ${N} \\\n}\n$N=1\n$A\n$N=2\n$A\n", "7:a{7:b|1} 9:a{9:b|2}");
	check("$B= \\\nb \\\nc\n$A= \\\na { \\\n$B \\\n}\n$A\n", "8:a{8:b 8:c}");
	check("$A= \\\n@hap1 a \\\n@hap2 b \\\n$C=3 \\\nc $C\n$A\n", "6:a 6:c|3");
	check("a \\\n b\\\nc\nd\n", "1:a|b|c 4:d");
}

static void test_sequences(void **state)
{
	(void)state;
	check("~SEQ(A, 2) a $A\n", "1:a|1 1:a|2");
	check("~SEQ(A,5,7) a$A ${A}\n", "1:a5|5 1:a6|6 1:a7|7");
	check("~SEQ(A, 3, 1) $A\n", "1:3 1:2 1:1");
	check("~SEQ(A, -2) $A\n", "1:-1 1:-2");
	check("~SEQ(A, 1, 4, 9) $A\n", "1:1 1:5 1:9");
	check("~SEQ(A, 5, -3, 0) $A\n", "1:5 1:2");
	check("~SEQ(A, 5, 1, 0) $A\n", "");
	check("~SEQx(A, 0x9, 0xb) $A\n", "1:9 1:a 1:b");
	check("$N=2\n~SEQ(A, ${N}) $A\n", "2:1 2:2");
	check("~SEQ(A, 2) ~SEQ(B, 2) ${A}${B}\n", "1:11 1:12 1:21 1:22");
	check_fault("~SEQ() a\n", 1, "~SEQ wants");
	check_fault("~SEQ(A, x) a\n", 1, "~SEQ wants");
	check_fault("~SEQ(A, 1, 2, 3, 4) a\n", 1, "~SEQ wants");
	check_fault("~SEQ(A, 1, 0, 3) a\n", 1, "~SEQ wants");
	check_fault("~SEQ(A, 1\n", 1, "without its ')'");
	check_fault("~SEQ(A, 2000000000) ~SEQ(B, 2000000000) a\n", 1, "lines");
}

static void test_lists(void **state)
{
	(void)state;
	check("~LST(A, x, y z) a ${A}\n", "1:a|x 1:a|y|z");
	check("~LST({A, B}, {1,2},{3, 4}) ${A}-${B}\n", "1:1-2 1:3-4");
	check("~LST(A, 1, 2) ~SEQ(B, 2) ${A}${B}\n", "1:11 1:12 1:21 1:22");
	check_fault("~LST(A) a\n", 1, "~LST wants");
	check_fault("~LST(1, 2) a\n", 1, "~LST wants");
}

static void test_includes(void **state)
{
	(void)state;
	check("a {\ninclude /etc/one\n}\ne\n", "1:a{1:b|c 2:d|/etc} 4:e");
	check("include /etc/one", "1:b|c 2:d|/etc");
	check("include /etc/vars\na $IN\n", "2:a|side");
}

static void test_includes_bad(void **state)
{
	(void)state;
	check_fault("include\n", 1, "wants one word");
	check_fault("includea /nowhere\n", 1, "none such");
	check_fault("a\ninclude /etc/two\n", 1, "has no end");
	check_fault("a {\ninclude /etc/three\n}\n", 1, "too many");
	check_fault("include /etc/deep\n", 1, "include itself");
}

static void test_a_missing_include_is_a_warning(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, SPAN("include /nowhere/*\na\n"));
	assert_int_equal(f.diags.alerts, 0);
	assert_int_equal(f.diags.warnings, 1);
	assert_non_null(f.first);
	end(&f);
}

static void test_limits(void **state)
{
	struct fixture f;
	struct buffer text;

	(void)state;
	buffer_init(&text, 1 << 20);
	for (int i = 0; i < KLEX_MAX_WORDS; i++)
		buffer_add_text(&text, "a ");
	begin(&f, buffer_span(&text));
	assert_int_equal(f.diags.alerts, 0);
	assert_int_equal(f.first->n_words, KLEX_MAX_WORDS);
	end(&f);
	buffer_add_text(&text, "a");
	check_fault(buffer_text(&text), 1, "too many words");
	buffer_clear(&text);
	for (int i = 0; i <= KLEX_MAX_LINE_BYTES; i++)
		buffer_add_char(&text, 'a');
	check_fault(buffer_text(&text), 1, "line too long");
	buffer_clear(&text);
	for (int i = 0; i < 2 * KLEX_MAX_ALERTS; i++)
		buffer_add_text(&text, "'\n");
	begin(&f, buffer_span(&text));
	assert_int_equal(f.diags.alerts, KLEX_MAX_ALERTS + 1);
	end(&f);
	buffer_fini(&text);
	begin(&f, SPAN("a\0b\n"));
	assert_int_equal(f.diags.alerts, 1);
	assert_null(f.first);
	end(&f);
}

/* Every beginning of a text with everything in it is read without harm. */
static void test_every_prefix(void **state)
{
	static const char text[] =
	    "$A= \\\na { \\\n b '${N}' \\\n}\n~SEQx(N, 1, 0x2) $A\n@hap1 c \\x41 "
	    "\"d\" { ~LST({A,B}, {1,2}) }\ninclude /etc/one\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct fixture f;

		begin(&f, span_make(text, n));
		end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_escapes),
	    cmocka_unit_test(test_blocks),
	    cmocka_unit_test(test_goes_on_after_a_mistake),
	    cmocka_unit_test(test_conditions),
	    cmocka_unit_test(test_definitions),
	    cmocka_unit_test(test_definitions_of_several_lines),
	    cmocka_unit_test(test_sequences),
	    cmocka_unit_test(test_lists),
	    cmocka_unit_test(test_includes),
	    cmocka_unit_test(test_includes_bad),
	    cmocka_unit_test(test_a_missing_include_is_a_warning),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_every_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
