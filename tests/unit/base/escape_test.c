/* SPDX-License-Identifier: MIT */
/* Escaping: each place's special bytes, every byte once, and what decodes back. */
#include "base/escape.h"

#include "cmocka_all.h"

typedef void escape_function(struct buffer *b, struct span s);

static void expect(escape_function *escape, struct span s, const char *wanted)
{
	struct buffer b;

	buffer_init(&b, 10000);
	escape(&b, s);
	assert_false(b.failed);
	assert_string_equal(buffer_text(&b), wanted);
	buffer_fini(&b);
}

static void test_html(void **state)
{
	(void)state;
	expect(escape_html, SPAN("plain \xc3\xa9 text"), "plain \xc3\xa9 text");
	expect(escape_html, SPAN("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
	expect(escape_html, SPAN("a\x01\x7f\rb\t\n"), "a???b\t\n");
	expect(escape_html, span_make("a\0b", 3), "a?b");
	expect(escape_html, SPAN_NONE, "");
}

static void test_json(void **state)
{
	(void)state;
	expect(escape_json, SPAN("plain 'text' /"), "plain 'text' /");
	expect(escape_json, SPAN("\"\\\b\f\n\r\t"), "\\\"\\\\\\b\\f\\n\\r\\t");
	expect(escape_json, SPAN("a\x01\x1f\x7f"), "a\\u0001\\u001f\x7f");
	expect(escape_json, span_make("a\0b", 3), "a\\u0000b");
	expect(escape_json, SPAN_NONE, "");
}

#define BAD "\xef\xbf\xbd"

static void test_json_utf8(void **state)
{
	static const char *const good[] = {
	    "\xc2\x80",     "\xdf\xbf",         "\xe0\xa0\x80",     "\xed\x9f\xbf",  "\xee\x80\x80",
	    "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xe2\x82\xac!",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		expect(escape_json, span_of(good[i]), good[i]);
	expect(escape_json, SPAN("a\x80z"), "a" BAD "z");
	expect(escape_json, SPAN("\xc3"), BAD);                         /* cut off */
	expect(escape_json, SPAN("\xe2\x82"), BAD BAD);                 /* cut off */
	expect(escape_json, SPAN("\xe2\x82\"x"), BAD BAD "\\\"x");      /* a quote is not eaten */
	expect(escape_json, SPAN("\xc0\xaf"), BAD BAD);                 /* overlong */
	expect(escape_json, SPAN("\xe0\x9f\xbf"), BAD BAD BAD);         /* overlong */
	expect(escape_json, SPAN("\xf0\x8f\xbf\xbf"), BAD BAD BAD BAD); /* overlong */
	expect(escape_json, SPAN("\xed\xa0\x80"), BAD BAD BAD);         /* surrogate */
	expect(escape_json, SPAN("\xf4\x90\x80\x80"), BAD BAD BAD BAD); /* past U+10FFFF */
	expect(escape_json, SPAN("\xff"), BAD);
	/* what lies behind the span is not part of a sequence */
	expect(escape_json, span_make("\xc3\xa9", 1), BAD);
}

static void test_csv(void **state)
{
	(void)state;
	expect(escape_csv, SPAN("plain text"), "plain text");
	expect(escape_csv, SPAN("a,b"), "\"a,b\"");
	expect(escape_csv, SPAN("say \"hi\""), "\"say \"\"hi\"\"\"");
	expect(escape_csv, SPAN("a\nb"), "\"a\nb\"");
	expect(escape_csv, SPAN("a\rb"), "\"a\rb\"");
	expect(escape_csv, SPAN_NONE, "");
}

static void test_log(void **state)
{
	char text[] = "GET /\"#{|}\x01\x7f\xe9~ ";
	struct buffer b;

	(void)state;
	buffer_init(&b, 1000);
	escape_log(&b, span_of(text), ESCAPE_LOG_REQUEST);
	assert_string_equal(buffer_text(&b), "GET /#22#23{|}#01#7F#E9~ ");
	buffer_clear(&b);
	escape_log(&b, span_of(text), ESCAPE_LOG_HEADER);
	assert_string_equal(buffer_text(&b), "GET /#22#23#7B#7C#7D#01#7F#E9~ ");
	buffer_fini(&b);
}

static void test_url(void **state)
{
	char all[256], back[256];
	struct buffer b;

	(void)state;
	expect(escape_url, SPAN("aZ09-._~"), "aZ09-._~");
	expect(escape_url, SPAN("a b/\xe9%+"), "a%20b%2F%E9%25%2B");
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	buffer_init(&b, 1000);
	escape_url(&b, span_make(all, sizeof(all)));
	assert_int_equal(b.len, 66 + 3 * 190);
	assert_int_equal(escape_url_decode(back, buffer_span(&b), true), 256);
	assert_memory_equal(back, all, 256);
	buffer_fini(&b);
}

static void test_url_decode(void **state)
{
	static const char *const broken[] = {"%", "a%2", "%zz", "%2g", "%g2", "%%41", "%-1"};
	char text[] = "a+b%2bc%2B%00+";
	long n;

	(void)state;
	n = escape_url_decode(text, span_of(text), true); /* in place */
	assert_int_equal(n, 8);
	assert_memory_equal(text, "a b+c+\0 ", 8);
	n = escape_url_decode(text, SPAN("a+b"), false);
	assert_int_equal(n, 3);
	assert_memory_equal(text, "a+b", 3);
	assert_int_equal(escape_url_decode(text, SPAN_NONE, true), 0);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_int_equal(escape_url_decode(text, span_of(broken[i]), true), -1);
	/* the digits must stand inside the span */
	assert_int_equal(escape_url_decode(text, span_make("%41", 2), true), -1);
}

static void test_full_buffer(void **state)
{
	char bytes[4];
	struct buffer b;

	(void)state;
	buffer_init_fixed(&b, bytes, sizeof(bytes));
	escape_html(&b, SPAN("ab<"));
	assert_true(b.failed);
	assert_span(buffer_span(&b), "ab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_html),       cmocka_unit_test(test_json),
	    cmocka_unit_test(test_json_utf8),  cmocka_unit_test(test_csv),
	    cmocka_unit_test(test_log),        cmocka_unit_test(test_url),
	    cmocka_unit_test(test_url_decode), cmocka_unit_test(test_full_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
