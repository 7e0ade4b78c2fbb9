/* SPDX-License-Identifier: MIT */
/* Messages: methods, reasons, moving below their bytes, hop-by-hop fields. */
#include "proto/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void methods(void **state)
{
	static const char *const names[] = {"",       "GET",     "HEAD",  "POST",    "PUT",
					    "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH"};

	(void)state;
	for (int i = 1; i < (int)array_size(names); i++) {
		struct span name = span_of(names[i]);

		assert_int_equal(http_method_of(name), i);
		assert_int_equal(http_method_of((struct span){name.p, name.len - 1}), HTTP_OTHER);
	}
	assert_int_equal(http_method_of(SPAN("get")), HTTP_OTHER);
	assert_int_equal(http_method_of(SPAN("BREW")), HTTP_OTHER);
	assert_int_equal(http_method_of(SPAN_NONE), HTTP_OTHER);
	assert_true(http_method_safe(HTTP_GET) && http_method_safe(HTTP_TRACE));
	assert_false(http_method_safe(HTTP_PUT) || http_method_safe(HTTP_OTHER));
	assert_true(http_method_idempotent(HTTP_PUT) && http_method_idempotent(HTTP_DELETE));
	assert_true(http_method_idempotent(HTTP_HEAD));
	assert_false(http_method_idempotent(HTTP_POST) || http_method_idempotent(HTTP_PATCH));
	assert_false(http_method_idempotent(HTTP_CONNECT) || http_method_idempotent(HTTP_OTHER));
}

static void reasons(void **state)
{
	(void)state;
	assert_string_equal(http_reason(200), "OK");
	assert_string_equal(http_reason(503), "Service Unavailable");
	assert_string_equal(http_reason(299), "");
	assert_string_equal(http_reason(0), "");
}

static void bytes_move(void **state)
{
	char old[16] = "abcdefghijklmno", now[16];
	struct header v[1] = {{.name = {old, 1}, .value = {old + 15, 0}}};
	struct message m = {.method_text = {old + 4, 2},
			    .target = SPAN("elsewhere"),
			    .headers = {.v = v, .n = 1, .cap = 1}};

	(void)state;
	memcpy(now, old, sizeof(now));
	message_rebase(&m, old, sizeof(old), now);
	assert_ptr_equal(m.method_text.p, now + 4);
	assert_string_equal(m.target.p, "elsewhere");
	assert_null(m.reason.p);
	assert_ptr_equal(v[0].name.p, now);
	assert_ptr_equal(v[0].value.p, now + 15);
	message_rebase(&m, now, 4, old);
	assert_ptr_equal(m.method_text.p, now + 4);
	assert_ptr_equal(v[0].name.p, old);
}

struct field {
	const char *name, *value;
	bool stays;
};

static void strip(const struct field *fields, unsigned int n, bool keep_upgrade)
{
	struct message m = {0};
	struct arena a;

	arena_init(&a, 4096, 0);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(
		    header_add(&m.headers, &a, span_of(fields[i].name), span_of(fields[i].value)),
		    0);
	message_strip_hop_by_hop(&m, keep_upgrade);
	for (unsigned int i = 0; i < n; i++) {
		if (m.headers.v[i].deleted == fields[i].stays)
			print_error("field %u: %s\n", i, fields[i].name);
		assert_int_equal(m.headers.v[i].deleted, !fields[i].stays);
	}
	arena_fini(&a);
}

static void hop_by_hop_fields_go(void **state)
{
	static const struct field fields[] = {
	    {"X-Named", "1", false},
	    {"Host", "a", true},
	    {"Connection", "close, X-Named ,,host, Content-Length, keep-alive", false},
	    {"Content-Length", "5", true},
	    {"Keep-Alive", "timeout=5", false},
	    {"Proxy-Connection", "keep-alive", false},
	    {"TE", "trailers", false},
	    {"Transfer-Encoding", "chunked", false},
	    {"Upgrade", "websocket", false},
	    {"HTTP2-Settings", "AA", false},
	    {"Trailer", "X", true},
	    {"x-named", "2", false},
	    {"Close", "3", true},
	    {"Accept", "4", false},
	    {"Accept-Encoding", "5", true},
	    {"Connection", "accept", false},
	};

	(void)state;
	strip(fields, array_size(fields), false);
}

static void upgrade_may_stay(void **state)
{
	static const struct field fields[] = {
	    {"Connection", "Upgrade, HTTP2-Settings", false},
	    {"Upgrade", "websocket", true},
	    {"HTTP2-Settings", "AA", false},
	};

	(void)state;
	strip(fields, array_size(fields), true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(methods),          cmocka_unit_test(reasons),
	    cmocka_unit_test(bytes_move),       cmocka_unit_test(hop_by_hop_fields_go),
	    cmocka_unit_test(upgrade_may_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
