/* SPDX-License-Identifier: MIT */
/* LINK: -Wl,--wrap=malloc -Wl,--wrap=realloc -Wl,--wrap=free */
/* A check for which the nth allocation fails: it comes to a verdict, and nothing is left behind. */
#include "proto/check_dialogue.h"

#include "unit/base/fail_alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			     "5\r\nhello\r\n0\r\nA: trailer\r\n\r\n";

static const struct check_step steps[] = {
    {.kind = CHECK_STEP_SEND_HTTP, .method = {"GET", 3}},
    {.kind = CHECK_STEP_EXPECT_HTTP, .min_recv = -1, .pattern = {"lo", 2}, .comment = {"c", 1}},
    {.kind = CHECK_STEP_EXPECT_HTTP, .min_recv = -1, .pattern = {"x", 1}, .negate = true},
};

static enum check_todo run(struct check_run *r)
{
	enum check_todo todo = check_run_start(r);

	for (int turn = 0; turn < 10; turn++) {
		switch (todo) {
		case CHECK_DO_CONNECT:
			todo = check_run_connected(r);
			break;
		case CHECK_DO_SEND:
			todo = check_run_sent(r);
			break;
		case CHECK_DO_WAIT:
			todo = check_run_received(r, turn < 5 ? span_of(answer) : SPAN_NONE);
			break;
		default:
			return todo;
		}
	}
	return todo;
}

static void test_every_allocation_fails(void **state)
{
	const struct check_dialogue d = {.steps = steps, .n_steps = 3, .http = true};
	struct check_run r;
	unsigned int fail_at = 0, needed;

	(void)state;
	alloc_reset(0);
	check_run_init(&r, &d);
	assert_int_equal(run(&r), CHECK_DO_CLOSE_OK);
	check_run_fini(&r);
	assert_int_equal(alloc_live, 0);
	needed = alloc_calls;
	assert_true(needed >= 3);
	for (fail_at = 1; fail_at <= needed; fail_at++) {
		alloc_reset(fail_at);
		check_run_init(&r, &d);
		assert_int_equal(run(&r), CHECK_DO_CLOSE_FAILED);
		assert_int_not_equal(r.status, CHECK_UNKNOWN);
		/* The next check of the same server goes well again. */
		assert_int_equal(run(&r), CHECK_DO_CLOSE_OK);
		check_run_fini(&r);
		assert_int_equal(alloc_live, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
