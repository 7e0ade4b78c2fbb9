/* SPDX-License-Identifier: MIT */
/*
 * Keys and hashes: which part of a request haproxy 2.6 hashes was learnt from the servers it chose
 * among 97; and its choices by "balance source" among weights 1 2 3 4.
 */
#include "unit/balance/farm.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* `expected` NULL: no key. */
static void assert_key(struct span key, const char *expected)
{
	if (!expected) {
		assert_null(key.p);
		return;
	}
	assert_non_null(key.p);
	if (!span_equal(key, span_of(expected)))
		fail_msg("key \"%.*s\", not \"%s\"", SPAN_ARG(key), expected);
}

static void test_uri(void **state)
{
	static const struct {
		struct hash_key_uri options;
		const char *uri, *key;
	} cases[] = {
	    {{0}, "/a/b/c?x=1", "/a/b/c"},
	    {{0}, "http://h.com/a/b?q", "http://h.com/a/b"},
	    {{0}, "/", "/"},
	    {{0}, "*", "*"},
	    {{0}, "/?x", "/"},
	    {{0}, "http://h.com", "http://h.com"},
	    {{.path_only = true}, "/a/b/c?x=1", "/a/b/c"},
	    {{.path_only = true}, "http://h.com/a/b?q", "/a/b"},
	    {{.path_only = true}, "http://h.com", ""},
	    {{.path_only = true}, "*", ""},
	    {{.path_only = true, .depth = 1}, "http://h.com/a/b", "/a"},
	    {{.whole = true}, "/a/b/c?x=1", "/a/b/c?x=1"},
	    {{.whole = true, .path_only = true}, "http://hh.com/a/b/c?x=1", "/a/b/c?x=1"},
	    {{.depth = 2}, "/a/b/c?x=1", "/a/b"},
	    {{.depth = 2}, "/a/b", "/a/b"},
	    {{.depth = 2}, "/a/b/", "/a/b"},
	    {{.depth = 2}, "/a", "/a"},
	    {{.depth = 2}, "//a/b", "//a"},
	    {{.depth = 2}, "http://h.com/a/b?q", "http://h.com"},
	    {{.depth = 1}, "/a/b/c?x=1", "/a"},
	    {{.depth = 1}, "/a/", "/a"},
	    {{.depth = 1}, "//a/b", "/"},
	    {{.depth = 1}, "http://h.com/a/b?q", "http:/"},
	    {{.depth = 2, .whole = true}, "/a?x/b/c", "/a?x/b"},
	    {{.depth = 3, .whole = true}, "/a?x/b/c/d", "/a?x/b/c"},
	    {{.len = 5}, "/abcdefg", "/abcd"},
	    {{.len = 5}, "/ab?cdefgh", "/ab"},
	    {{.len = 5}, "/a", "/a"},
	    {{.len = 5, .whole = true}, "/ab?cdefgh", "/ab?c"},
	    {{.len = 5, .depth = 1}, "/ab/cdefg", "/ab"},
	    {{.len = 5, .depth = 1}, "/abcdefg/h", "/abcd"},
	    {{.len = 5, .depth = 1, .path_only = true}, "http://hh/abcdefg/h/", "/abcd"},
	};

	(void)state;
	for (unsigned int i = 0; i < array_size(cases); i++)
		assert_key(hash_key_uri(&cases[i].options, span_of(cases[i].uri)), cases[i].key);
}

static void test_url_param(void **state)
{
	static const char *const cases[][2] = {
	    {"/?id=foo", "foo"},
	    {"/?x=1&id=foo&y", "foo"},
	    {"/?id=", ""},
	    {"/?id", NULL},
	    {"/?Id=foo", NULL},
	    {"/?xid=foo", NULL},
	    {"/?id=foo;x=1", "foo;x=1"},
	    {"/?a=1;id=foo", NULL},
	    {"/?id=a%20b", "a%20b"},
	    {"/?id=1&id=2", "1"},
	    {"/id=foo", NULL},
	    {"/?a?id=foo", NULL},
	    {"/?id=foo?bar", "foo?bar"},
	    {"/?idx=3&id=foo", "foo"},
	    {"/?id=&id=foo", ""},
	    {"/?id&id=foo", "foo"},
	    {"/?&id=foo", "foo"},
	    {"/?id=a+b", "a+b"},
	    {"/?id==x", "=x"},
	    {"/?=foo&id=b", "b"},
	    {"http://h.com/?id=foo", "foo"},
	    {"/?", NULL},
	    {"", NULL},
	};

	(void)state;
	for (unsigned int i = 0; i < array_size(cases); i++)
		assert_key(hash_key_url_param(span_of(cases[i][0]), SPAN("id")), cases[i][1]);
	assert_key(hash_key_url_param(SPAN("/?id=foo"), SPAN("i")), NULL);
}

static void test_hdr(void **state)
{
	static const char *const whole[][2] = {
	    {"foo", "foo"},
	    {"foo, bar", "foo"},
	    {"foo  , bar", "foo"},
	    {"", NULL},
	    {"  foo bar  ", "foo bar"},
	    {",foo", NULL},
	    {",", NULL},
	    {"\"foo, b\"", "\"foo, b\""},
	    {"\"a\\\",b\", c", "\"a\\\",b\""},
	    {"a \"b,c\" d,e", "a \"b,c\" d"},
	    {"a \"b,c", "a \"b,c"},
	};
	static const char *const domain[][2] = {
	    {"www.example.com", "example"},
	    {"example.com", "example"},
	    {"com", "com"},
	    {"www.example.com:8080", "example"},
	    {".example.com", "example"},
	    {"www.example.com.", "com"},
	    {"example.", "example"},
	    {"a..b", "a."},
	    {"a.b.c.d", "c"},
	    {".", "."},
	    {"..", "."},
	    {"...", "."},
	    {".com", ".com"},
	    {"1.2.3.4", "3"},
	    {"", NULL},
	    {"a.b, c.d", "a"},
	};

	(void)state;
	for (unsigned int i = 0; i < array_size(whole); i++)
		assert_key(hash_key_hdr(span_of(whole[i][0]), false), whole[i][1]);
	for (unsigned int i = 0; i < array_size(domain); i++)
		assert_key(hash_key_hdr(span_of(domain[i][0]), true), domain[i][1]);
}

static void make_ipv4(unsigned int i, char text[64])
{
	static const char *const last[] = {"255.255.255.255", "0.0.0.1", "128.0.0.1", "127.0.0.1"};

	if (i < 20)
		snprintf(text, 64, "10.0.0.%u", i + 1);
	else if (i < 30)
		snprintf(text, 64, "192.168.%u.7", i - 20);
	else
		snprintf(text, 64, "%s", last[i - 30]);
}

static void make_ipv6(unsigned int i, char text[64])
{
	static const char *const last[] = {"::1", "fe80::1", "ff02::fb", "1:2:3:4:5:6:7:8",
					   "::ffff:10.0.0.1"};

	if (i < 20)
		snprintf(text, 64, "2001:db8::%x", i + 1);
	else if (i < 30)
		snprintf(text, 64, "2001:db8:%x::1", i - 20);
	else
		snprintf(text, 64, "%s", last[i - 30]);
}

static void check_source(const char *algorithm, struct hash_key_type type, int family,
			 const char *expected)
{
	struct farm *f =
	    farm_new("1 2 3 4", &(struct balance){.algorithm = balance_find(span_of(algorithm))});
	char result[64] = "", text[64];

	for (unsigned int i = 0; i < strlen(expected); i++) {
		uint8_t address[16];
		struct balance_query q = {0};

		family == AF_INET ? make_ipv4(i, text) : make_ipv6(i, text);
		assert_int_equal(inet_pton(family, text, address), 1);
		q.hash = hash_key_address(type, address, family == AF_INET ? 4 : 16);
		result[i] = (char)('0' + farm_pick(f, &q)->index);
	}
	assert_string_equal(result, expected);
	farm_free(f);
}

static void test_source(void **state)
{
	static const struct {
		const char *algorithm;
		struct hash_key_type type;
		const char *ipv4, *ipv6;
	} cases[] = {
	    {"hash-map",
	     {HASH_KEY_SDBM, false},
	     "1323123230132312323032311323111132",
	     "13231233231232331232112313313212223"},
	    {"hash-map",
	     {HASH_KEY_SDBM, true},
	     "2301023033322223102331122112213332",
	     "33113233133112321110322330332330331"},
	    {"hash-map",
	     {HASH_KEY_DJB2, false},
	     "1323123230132312323032311323111132",
	     "13231233231232331232112313313212223"},
	    {"hash-ring",
	     {HASH_KEY_SDBM, true},
	     "3003333230131021331321110303311222",
	     "32111323013331212201331132333023331"},
	    {"hash-ring",
	     {HASH_KEY_SDBM, false},
	     "2222222222222222222222222222222211",
	     "00000000000000000000000000000023322"},
	};

	(void)state;
	for (unsigned int i = 0; i < array_size(cases); i++) {
		check_source(cases[i].algorithm, cases[i].type, AF_INET, cases[i].ipv4);
		check_source(cases[i].algorithm, cases[i].type, AF_INET6, cases[i].ipv6);
	}
}

static void test_functions(void **state)
{
	static const char *const names[] = {"sdbm", "djb2", "wt6", "crc32", "none"};
	enum hash_key_function function = HASH_KEY_NONE;

	(void)state;
	for (unsigned int i = 0; i < array_size(names); i++) {
		assert_true(hash_key_function_named(span_of(names[i]), &function));
		assert_int_equal(function, i);
	}
	function = HASH_KEY_WT6;
	assert_false(hash_key_function_named(SPAN("md5"), &function));
	assert_int_equal(function, HASH_KEY_WT6);
	assert_int_equal(
	    hash_key_bytes((struct hash_key_type){HASH_KEY_NONE, false}, SPAN("12345")), 12345);
	assert_int_equal(hash_key_bytes((struct hash_key_type){HASH_KEY_SDBM, false}, SPAN("ab")),
			 'a' * 65599 + 'b');
	assert_int_equal(
	    hash_key_bytes((struct hash_key_type){HASH_KEY_CRC32, false}, SPAN("123456789")),
	    0xcbf43926);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_uri),       cmocka_unit_test(test_url_param),
	    cmocka_unit_test(test_hdr),       cmocka_unit_test(test_source),
	    cmocka_unit_test(test_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
