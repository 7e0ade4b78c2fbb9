/* SPDX-License-Identifier: MIT */
/* Header lists: names to tokens, look-up, removal, list values, growth. */
#include "proto/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
	const char *name;
	enum header_token token;
} known[] = {
    {"Authorization", HEADER_AUTHORIZATION},
    {"Cache-Control", HEADER_CACHE_CONTROL},
    {"Connection", HEADER_CONNECTION},
    {"Content-Length", HEADER_CONTENT_LENGTH},
    {"Content-Type", HEADER_CONTENT_TYPE},
    {"Cookie", HEADER_COOKIE},
    {"Date", HEADER_DATE},
    {"Expect", HEADER_EXPECT},
    {"Expires", HEADER_EXPIRES},
    {"Host", HEADER_HOST},
    {"HTTP2-Settings", HEADER_HTTP2_SETTINGS},
    {"Keep-Alive", HEADER_KEEP_ALIVE},
    {"Location", HEADER_LOCATION},
    {"Origin", HEADER_ORIGIN},
    {"Pragma", HEADER_PRAGMA},
    {"Proxy-Authorization", HEADER_PROXY_AUTHORIZATION},
    {"Proxy-Connection", HEADER_PROXY_CONNECTION},
    {"Referer", HEADER_REFERER},
    {"Sec-Fetch-Site", HEADER_SEC_FETCH_SITE},
    {"Set-Cookie", HEADER_SET_COOKIE},
    {"TE", HEADER_TE},
    {"Trailer", HEADER_TRAILER},
    {"Transfer-Encoding", HEADER_TRANSFER_ENCODING},
    {"Upgrade", HEADER_UPGRADE},
    {"User-Agent", HEADER_USER_AGENT},
    {"X-Forwarded-For", HEADER_X_FORWARDED_FOR},
};

static enum header_token slow_token(struct span name)
{
	for (size_t i = 0; i < array_size(known); i++) {
		if (span_equal_nocase(name, span_of(known[i].name)))
			return known[i].token;
	}
	return HEADER_OTHER;
}

/* In a block of its exact size. */
static enum header_token token_of(const char *p, size_t len)
{
	char *copy = malloc(len ? len : 1);
	enum header_token t;

	assert_non_null(copy);
	memcpy(copy, p, len);
	t = header_token((struct span){copy, len});
	free(copy);
	return t;
}

static void known_names(void **state)
{
	(void)state;
	assert_int_equal(array_size(known), HEADER_TOKENS - 1);
	for (size_t i = 0; i < array_size(known); i++)
		assert_int_equal(token_of(known[i].name, strlen(known[i].name)), known[i].token);
	assert_int_equal(header_token(SPAN_NONE), HEADER_OTHER);
}

/* Each known name with each byte changed to every other, one byte shorter, and longer. */
static void names_that_are_nearly_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(known); i++) {
		size_t len = strlen(known[i].name);
		char name[64] = {0};

		memcpy(name, known[i].name, len);
		for (size_t at = 0; at < len; at++) {
			for (int c = 0; c < 256; c++) {
				name[at] = (char)c;
				assert_int_equal(token_of(name, len),
						 slow_token((struct span){name, len}));
			}
			name[at] = known[i].name[at];
		}
		assert_int_equal(token_of(name, len - 1), slow_token((struct span){name, len - 1}));
		for (size_t more = 1; more < 30; more++)
			assert_int_equal(token_of(name, len + more), HEADER_OTHER);
	}
}

/* An 8-bit length would take these for known ones. */
static void very_long_names(void **state)
{
	static char name[70000];

	(void)state;
	memset(name, 'x', sizeof(name));
	memcpy(name, "host", 4);
	assert_int_equal(token_of(name, 4 + 256), HEADER_OTHER);
	assert_int_equal(token_of(name, 4 + 65536), HEADER_OTHER);
}

static void add(struct header_list *l, struct arena *a, const char *name, const char *value)
{
	assert_int_equal(header_add(l, a, span_of(name), span_of(value)), 0);
}

static void look_up_and_removal(void **state)
{
	struct header_list l = {0};
	struct arena a;
	unsigned int at = 0;

	(void)state;
	arena_init(&a, 4096, 0);
	add(&l, &a, "Cookie", "a");
	add(&l, &a, "X-Thing", "b");
	add(&l, &a, "cookie", "c");
	add(&l, &a, "x-thing", "d");
	assert_string_equal(header_next(&l, HEADER_COOKIE, &at)->value.p, "a");
	assert_string_equal(header_next(&l, HEADER_COOKIE, &at)->value.p, "c");
	assert_null(header_next(&l, HEADER_COOKIE, &at));
	assert_null(header_next(&l, HEADER_COOKIE, &at));
	at = 0;
	assert_string_equal(header_next_named(&l, SPAN("X-THING"), &at)->value.p, "b");
	assert_string_equal(header_next_named(&l, SPAN("X-THING"), &at)->value.p, "d");
	assert_null(header_next_named(&l, SPAN("X-THING"), &at));
	at = 0;
	assert_string_equal(header_next_named(&l, SPAN("COOKIE"), &at)->value.p, "a");
	l.v[0].deleted = true;
	assert_string_equal(header_first(&l, HEADER_COOKIE)->value.p, "c");
	header_delete(&l, HEADER_COOKIE);
	assert_null(header_first(&l, HEADER_COOKIE));
	header_delete_named(&l, SPAN("X-Thing"));
	at = 0;
	assert_null(header_next_named(&l, SPAN("X-Thing"), &at));
	assert_int_equal(l.n, 4);
	arena_fini(&a);
}

static void lists_grow_to_the_end_of_memory(void **state)
{
	struct header_list l = {0};
	struct arena a;
	unsigned int n = 0;

	(void)state;
	arena_init(&a, 4096, 65536);
	while (n < 100000 && header_add(&l, &a, SPAN("A"), SPAN("b")) == 0)
		n++;
	assert_in_range(n, 100, 65536 / sizeof(struct header));
	assert_int_equal(l.n, n);
	for (unsigned int i = 0; i < n; i++)
		assert_true(span_equal(l.v[i].name, SPAN("A")) &&
			    span_equal(l.v[i].value, SPAN("b")));
	arena_fini(&a);
}

static void list_values(void **state)
{
	struct span rest = SPAN(" ,, a ,b\t,\"c,d\\\",e\" x,\t,f,");

	(void)state;
	assert_true(span_equal(header_list_next(&rest), SPAN("a")));
	assert_true(span_equal(header_list_next(&rest), SPAN("b")));
	assert_true(span_equal(header_list_next(&rest), SPAN("\"c,d\\\",e\" x")));
	assert_true(span_equal(header_list_next(&rest), SPAN("f")));
	assert_null(header_list_next(&rest).p);
	assert_null(header_list_next(&rest).p);
	rest = SPAN("\"never closed, x");
	assert_true(span_equal(header_list_next(&rest), SPAN("\"never closed, x")));
	assert_null(header_list_next(&rest).p);
	rest = SPAN("\"a\\");
	assert_int_equal(header_list_next(&rest).len, 3);
	rest = SPAN_NONE;
	assert_null(header_list_next(&rest).p);
}

static void elements_of_all_fields(void **state)
{
	struct header_list l = {0};
	struct arena a;

	(void)state;
	arena_init(&a, 4096, 0);
	add(&l, &a, "Connection", "close");
	add(&l, &a, "Connection", "x, Upgrade");
	assert_true(header_lists(&l, HEADER_CONNECTION, SPAN("upgrade")));
	assert_true(header_lists(&l, HEADER_CONNECTION, SPAN("CLOSE")));
	assert_false(header_lists(&l, HEADER_CONNECTION, SPAN("clos")));
	assert_false(header_lists(&l, HEADER_TE, SPAN("x")));
	l.v[1].deleted = true;
	assert_false(header_lists(&l, HEADER_CONNECTION, SPAN("upgrade")));
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_names),
	    cmocka_unit_test(names_that_are_nearly_known),
	    cmocka_unit_test(very_long_names),
	    cmocka_unit_test(look_up_and_removal),
	    cmocka_unit_test(lists_grow_to_the_end_of_memory),
	    cmocka_unit_test(list_values),
	    cmocka_unit_test(elements_of_all_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
