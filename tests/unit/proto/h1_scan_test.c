/* SPDX-License-Identifier: MIT */
/* The wide scans against the byte-by-byte definition: every byte at every place of blocks of every
 * length up to 50. */
#include "proto/h1_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define LONGEST 50

typedef size_t scan_function(const char *p, size_t at, size_t end);
typedef bool plain_function(char c);

static void check_place(scan_function *scan, plain_function *plain, char *p, size_t at, size_t len)
{
	for (size_t place = at; place < len; place++) {
		for (int c = 0; c < 256; c++) {
			p[place] = (char)c;
			assert_int_equal(scan(p, at, len), plain((char)c) ? len : place);
		}
		p[place] = 'a';
	}
	assert_int_equal(scan(p, at, len), len);
}

static void check(scan_function *scan, plain_function *plain)
{
	for (size_t len = 0; len <= LONGEST; len++) {
		char *p = malloc(len ? len : 1);

		assert_non_null(p);
		memset(p, 'a', len);
		for (size_t at = 0; at <= len; at += at < 20 ? 1 : 7)
			check_place(scan, plain, p, at, len);
		free(p);
	}
}

static void names(void **state)
{
	(void)state;
	check(h1_scan_name, h1_plain_name);
}

static void values(void **state)
{
	(void)state;
	check(h1_scan_value, h1_plain_value);
}

static void targets(void **state)
{
	(void)state;
	check(h1_scan_target, h1_plain_target);
}

static void hosts(void **state)
{
	(void)state;
	check(h1_scan_host, h1_plain_host);
}

static void ends(void **state)
{
	(void)state;
	check(h1_value_end, h1_is_value);
	check(h1_token_end, h1_is_token);
}

/* Plain bytes are never more than what the grammar allows. */
static void plain_is_allowed(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		char c = (char)i;

		assert_true(!h1_plain_name(c) || h1_is_token(c));
		assert_true(!h1_plain_value(c) || h1_is_value(c));
		assert_true(!h1_plain_host(c) || (h1_is_token(c) && h1_plain_target(c)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names), cmocka_unit_test(values), cmocka_unit_test(targets),
	    cmocka_unit_test(hosts), cmocka_unit_test(ends),   cmocka_unit_test(plain_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
