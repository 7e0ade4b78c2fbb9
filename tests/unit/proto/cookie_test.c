/* SPDX-License-Identifier: MIT */
/* Cookies: walking, finding, removing and replacing; Set-Cookie pairs. */
#include "proto/cookie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ASSERT_SPAN(s, text) assert_true(span_equal(s, span_of(text)))

static void all_cookies_of_a_field(void **state)
{
	struct span field = SPAN(" a=1; b = \"2 3\" ;;c=;d;e=f=g; =h");
	static const char *const expected[][2] = {
	    {"a", "1"}, {"b", "\"2 3\""}, {"c", ""}, {"e", "f=g"}, {"", "h"}};
	struct cookie c;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < array_size(expected); i++) {
		assert_true(cookie_next(field, &at, &c));
		ASSERT_SPAN(c.name, expected[i][0]);
		ASSERT_SPAN(c.value, expected[i][1]);
	}
	assert_false(cookie_next(field, &at, &c));
	assert_false(cookie_next(field, &at, &c));
	at = 0;
	assert_false(cookie_next(SPAN(""), &at, &c));
	assert_false(cookie_next(SPAN_NONE, &at, &c));
}

struct request {
	struct message m;
	struct arena arena;
};

static void make(struct request *r, const char *first, const char *second)
{
	*r = (struct request){0};
	arena_init(&r->arena, 4096, 0);
	assert_int_equal(header_add(&r->m.headers, &r->arena, SPAN("Host"), SPAN("a")), 0);
	assert_int_equal(header_add(&r->m.headers, &r->arena, SPAN("Cookie"), span_of(first)), 0);
	if (second)
		assert_int_equal(
		    header_add(&r->m.headers, &r->arena, SPAN("cookie"), span_of(second)), 0);
}

static void finding(void **state)
{
	struct request r;
	struct cookie c;
	struct header *in;

	(void)state;
	make(&r, "a=1; SRV=x", "SRV=y; b=2");
	assert_true(cookie_find(&r.m, SPAN("SRV"), &c, &in));
	ASSERT_SPAN(c.value, "x");
	assert_ptr_equal(in, &r.m.headers.v[1]);
	assert_true(cookie_find(&r.m, SPAN("b"), &c, &in));
	assert_ptr_equal(in, &r.m.headers.v[2]);
	assert_false(cookie_find(&r.m, SPAN("srv"), &c, &in));
	assert_false(cookie_find(&r.m, SPAN("SR"), &c, &in));
	r.m.headers.v[1].deleted = true;
	assert_true(cookie_find(&r.m, SPAN("SRV"), &c, &in));
	ASSERT_SPAN(c.value, "y");
	arena_fini(&r.arena);
}

/* `after` NULL: the field is gone. */
static void expect_removed(const char *field, const char *name, const char *after)
{
	struct request r;
	struct cookie c;
	struct header *in;

	make(&r, field, NULL);
	assert_true(cookie_find(&r.m, span_of(name), &c, &in));
	assert_int_equal(cookie_remove(in, &c, &r.arena), 0);
	assert_int_equal(in->deleted, after == NULL);
	if (after)
		ASSERT_SPAN(in->value, after);
	arena_fini(&r.arena);
}

static void removing(void **state)
{
	(void)state;
	expect_removed("S=x", "S", NULL);
	expect_removed(" S=x ; ", "S", NULL);
	expect_removed("S=x; a=1", "S", "a=1");
	expect_removed("S=x;a=1; b=2", "S", "a=1; b=2");
	expect_removed("a=1; S=x", "S", "a=1");
	expect_removed("a=1; S=x; b=2", "S", "a=1; b=2");
	expect_removed("a=1;S=x ;b=2", "S", "a=1;b=2");
	expect_removed("a; S=x", "S", "a");
}

static void expect_replaced(const char *field, const char *value, const char *after)
{
	struct request r;
	struct cookie c;
	struct header *in;

	make(&r, field, NULL);
	assert_true(cookie_find(&r.m, SPAN("S"), &c, &in));
	assert_int_equal(cookie_replace(in, &c, span_of(value), &r.arena), 0);
	ASSERT_SPAN(in->value, after);
	arena_fini(&r.arena);
}

static void replacing(void **state)
{
	(void)state;
	expect_replaced("S=x", "longer", "S=longer");
	expect_replaced("a=1; S = x ; b=2", "y", "a=1; S = y ; b=2");
	expect_replaced("a=1; S=; b=2", "y", "a=1; S=y; b=2");
	expect_replaced("a=1; S=x; b=2", "", "a=1; S=; b=2");
}

static void set_cookie(void **state)
{
	struct span name, value;
	struct arena a;

	(void)state;
	arena_init(&a, 4096, 0);
	assert_true(cookie_parse_set(SPAN(" S = x ; Path=/; a=b"), &name, &value));
	ASSERT_SPAN(name, "S");
	ASSERT_SPAN(value, "x");
	assert_true(cookie_parse_set(SPAN("S="), &name, &value));
	assert_int_equal(value.len, 0);
	assert_false(cookie_parse_set(SPAN("S; Path=/"), &name, &value));
	assert_false(cookie_parse_set(SPAN("=x"), &name, &value));
	assert_false(cookie_parse_set(SPAN(""), &name, &value));
	assert_false(cookie_parse_set(SPAN("; a=b"), &name, &value));
	ASSERT_SPAN(cookie_set_value(SPAN("S=x; Path=/"), SPAN("s1~x"), &a), "S=s1~x; Path=/");
	ASSERT_SPAN(cookie_set_value(SPAN("S="), SPAN("y"), &a), "S=y");
	assert_null(cookie_set_value(SPAN("S"), SPAN("y"), &a).p);
	arena_fini(&a);
}

static void out_of_memory(void **state)
{
	struct request r;
	struct cookie c;
	struct header *in;
	struct arena none;

	(void)state;
	make(&r, "a=1; S=x", NULL);
	arena_init(&none, 64, 1);
	assert_true(cookie_find(&r.m, SPAN("S"), &c, &in));
	assert_true(cookie_remove(in, &c, &none) < 0);
	assert_true(cookie_replace(in, &c, SPAN("y"), &none) < 0);
	assert_null(cookie_set_value(SPAN("S=x"), SPAN("y"), &none).p);
	ASSERT_SPAN(in->value, "a=1; S=x");
	assert_false(in->deleted);
	arena_fini(&none);
	arena_fini(&r.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_cookies_of_a_field),
	    cmocka_unit_test(finding),
	    cmocka_unit_test(removing),
	    cmocka_unit_test(replacing),
	    cmocka_unit_test(set_cookie),
	    cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
