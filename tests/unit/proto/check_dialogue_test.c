/* SPDX-License-Identifier: MIT */
/*
 * The machine of a check: its connections, what it sends, every state against every event. The
 * words are those of haproxy 2.6 for the same rules and servers, but where a comment says
 * otherwise.
 */
#include "check_player.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- connections */

static void test_plain(void **state)
{
	(void)state;
	expect((struct check_dialogue){0}, GREETS(""), CHECK_L4OK, 0, "");
	expect(TCP({.kind = CHECK_STEP_CONNECT}), GREETS(""), CHECK_L4OK, 0, "(tcp-check)");
	expect(TCP(SEND("abc")), GREETS(""), CHECK_L7OK, 0, "(tcp-check)");
}

static void fails_to_connect(struct check_dialogue d, bool timeout, enum check_status status,
			     const char *info)
{
	struct check_run r;

	check_run_init(&r, &d);
	assert_int_equal(check_run_start(&r), CHECK_DO_CONNECT);
	assert_int_equal(timeout ? check_run_timeout(&r)
				 : check_run_failed(&r, "Connection refused"),
			 CHECK_DO_CLOSE_FAILED);
	assert_string_equal(health_status_name(r.status), health_status_name(status));
	assert_string_equal(r.info, info);
	check_run_fini(&r);
}

static void test_no_connection(void **state)
{
	struct check_step comment = {.kind = CHECK_STEP_CONNECT, .comment = SPAN("cc")};
	struct check_step port = {.kind = CHECK_STEP_CONNECT, .port = 33365, .number = 2};
	struct check_step plain = {.kind = CHECK_STEP_CONNECT};

	(void)state;
	fails_to_connect((struct check_dialogue){0}, false, CHECK_L4CON, "Connection refused");
	fails_to_connect((struct check_dialogue){0}, true, CHECK_L4TOUT, "");
	fails_to_connect(NO_HTTPCHK_RULE, false, CHECK_L4CON, "Connection refused");
	fails_to_connect(NO_HTTPCHK_RULE, true, CHECK_L4TOUT, "");
	fails_to_connect(HTTP(comment, GET), false, CHECK_L4CON, "Connection refused");
	fails_to_connect(TCP(EXPECT(STRING("x"))), false, CHECK_L4CON,
			 "Connection refused at initial connection step of tcp-check");
	fails_to_connect(TCP(EXPECT(STRING("x"))), true, CHECK_L4TOUT,
			 " at initial connection step of tcp-check");
	fails_to_connect(TCP(plain, EXPECT(STRING("x"))), false, CHECK_L4CON,
			 "Connection refused at step 1 of tcp-check (connect)");
	fails_to_connect(TCP(comment), true, CHECK_L4TOUT,
			 " at step 1 of tcp-check (connect) comment: 'cc'");
	fails_to_connect(TCP(port), false, CHECK_L4CON,
			 "Connection refused at step 2 of tcp-check (connect port 33365)");
}

static void test_second_connection(void **state)
{
	struct check_dialogue d =
	    TCP({.kind = CHECK_STEP_CONNECT}, EXPECT(STRING("x")),
		{.kind = CHECK_STEP_CONNECT, .port = 143, .comment = SPAN("second")},
		EXPECT(STRING("y")));
	struct check_run r;

	(void)state;
	check_run_init(&r, &d);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(check_run_start(&r), CHECK_DO_CONNECT);
		assert_ptr_equal(check_run_connect_step(&r), &d.steps[0]);
		assert_int_equal(check_run_connected(&r), CHECK_DO_WAIT);
		assert_int_equal(check_run_received(&r, SPAN("xy")), CHECK_DO_CONNECT);
		assert_int_equal(check_run_connect_step(&r)->port, 143);
		assert_int_equal(check_run_connected(&r), CHECK_DO_WAIT);
		/* The first connection's bytes do not count. */
		assert_int_equal(check_run_received(&r, SPAN("z")), CHECK_DO_WAIT);
		assert_int_equal(check_run_received(&r, SPAN("y")), CHECK_DO_CLOSE_OK);
		assert_int_equal(r.status, CHECK_L7OK);
		assert_string_equal(r.info, "(tcp-check)");
	}
	assert_int_equal(check_run_start(&r), CHECK_DO_CONNECT);
	assert_int_equal(check_run_connected(&r), CHECK_DO_WAIT);
	assert_int_equal(check_run_received(&r, SPAN("x")), CHECK_DO_CONNECT);
	assert_int_equal(check_run_failed(&r, "Connection refused"), CHECK_DO_CLOSE_FAILED);
	assert_string_equal(
	    r.info,
	    "Connection refused at step 3 of tcp-check (connect port 143) comment: 'second'");
	check_run_fini(&r);
}

static void test_handshake(void **state)
{
	struct check_dialogue d = {0};
	struct check_run r;

	(void)state;
	check_run_init(&r, &d);
	assert_int_equal(check_run_start(&r), CHECK_DO_CONNECT);
	assert_int_equal(check_run_handshaking(&r), CHECK_DO_WAIT);
	assert_int_equal(check_run_connected(&r), CHECK_DO_CLOSE_OK);
	assert_int_equal(r.status, CHECK_L6OK);
	(void)check_run_start(&r);
	assert_int_equal(check_run_handshaking(&r), CHECK_DO_WAIT);
	assert_int_equal(check_run_failed(&r, "SSL handshake failure"), CHECK_DO_CLOSE_FAILED);
	assert_int_equal(r.status, CHECK_L6RSP);
	assert_string_equal(r.info, "SSL handshake failure");
	(void)check_run_start(&r);
	assert_int_equal(check_run_handshaking(&r), CHECK_DO_WAIT);
	assert_int_equal(check_run_timeout(&r), CHECK_DO_CLOSE_FAILED);
	assert_int_equal(r.status, CHECK_L6TOUT);
	check_run_fini(&r);
}

static void test_reset(void **state)
{
	struct check_dialogue tcp = TCP(SEND("abc"), EXPECT(STRING("+OK")));
	struct check_run r;

	(void)state;
	check_run_init(&r, &tcp);
	(void)check_run_start(&r);
	assert_int_equal(check_run_connected(&r), CHECK_DO_SEND);
	assert_int_equal(check_run_sent(&r), CHECK_DO_WAIT);
	assert_int_equal(check_run_failed(&r, "Connection reset by peer"), CHECK_DO_CLOSE_FAILED);
	assert_int_equal(r.status, CHECK_SOCKERR);
	assert_string_equal(
	    r.info, "Connection reset by peer at step 2 of tcp-check (expect string '+OK')");
	check_run_fini(&r);
	check_run_init(&r, &NO_HTTPCHK_RULE);
	(void)check_run_start(&r);
	assert_int_equal(check_run_connected(&r), CHECK_DO_SEND);
	assert_int_equal(check_run_failed(&r, "Connection reset by peer"), CHECK_DO_CLOSE_FAILED);
	assert_int_equal(r.status, CHECK_SOCKERR);
	assert_string_equal(r.info, "Connection reset by peer");
	check_run_fini(&r);
}

/* ---- requests */

static struct header fields[] = {
    {.name = {"Host", 4}, .value = {"ex.org", 6}},
    {.name = {"X-A", 3}, .value = {"b", 1}},
    {.name = {"Content-Length", 14}, .value = {"44", 2}},
    {.name = {"Transfer-Encoding", 17}, .value = {"chunked", 7}},
};
static struct header keep_alive[] = {{.name = {"Connection", 10}, .value = {"keep-alive", 10}}};

#define REQUEST(...) HTTP({.kind = CHECK_STEP_SEND_HTTP, __VA_ARGS__})

static void test_requests(void **state)
{
	struct server s = ANSWERS(OK_11);

	(void)state;
	expect_sent(NO_HTTPCHK_RULE, s, "OPTIONS / HTTP/1.0\r\n\r\n");
	expect_sent(REQUEST(.method = SPAN("GET"), .uri = SPAN("/x")), s,
		    "GET /x HTTP/1.0\r\n\r\n");
	expect_sent(REQUEST(.uri = SPAN("/onlyuri")), s, "OPTIONS /onlyuri HTTP/1.0\r\n\r\n");
	expect_sent(REQUEST(.method = SPAN("GET"), .uri = SPAN("/x"), .version = SPAN("HTTP/1.1")),
		    s, "GET /x HTTP/1.1\r\nconnection: close\r\n\r\n");
	expect_sent(REQUEST(.version = SPAN("HTTP/1.1\r\nHost: www")), s,
		    "OPTIONS / HTTP/1.1\r\nHost: www\r\nconnection: close\r\n\r\n");
	expect_sent(REQUEST(.method = SPAN("POST"), .uri = SPAN("/p?a=b"),
			    .version = SPAN("HTTP/1.1"), .headers = fields, .n_headers = 4,
			    .body = SPAN("hi")),
		    s,
		    "POST /p?a=b HTTP/1.1\r\nhost: ex.org\r\nx-a: b\r\ncontent-length: "
		    "2\r\nconnection: close\r\n\r\nhi");
	expect_sent(REQUEST(.method = SPAN("GET"), .body = SPAN("hi")), s,
		    "GET / HTTP/1.0\r\ncontent-length: 2\r\n\r\nhi");
	expect_sent(REQUEST(.method = SPAN("POST")), s,
		    "POST / HTTP/1.0\r\ncontent-length: 0\r\n\r\n");
	expect_sent(REQUEST(.method = SPAN("DELETE")), s, "DELETE / HTTP/1.0\r\n\r\n");
	expect_sent(REQUEST(.method = SPAN("FOO"), .uri = SPAN("*"), .version = SPAN("HTTP/1.1")),
		    s, "FOO * HTTP/1.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
	expect_sent(REQUEST(.method = SPAN("GET"), .version = SPAN("HTTP/1.1"),
			    .headers = keep_alive, .n_headers = 1),
		    s, "GET / HTTP/1.1\r\n\r\n");
	expect_sent(REQUEST(.method = SPAN("GET"), .headers = keep_alive, .n_headers = 1), s,
		    "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
}

static void sends(struct check_run *r, const char *text)
{
	(void)check_run_start(r);
	assert_int_equal(check_run_connected(r), CHECK_DO_SEND);
	assert_int_equal(r->to_send.len, strlen(text));
	assert_memory_equal(r->to_send.p, text, r->to_send.len);
}

static void test_send_state_and_host(void **state)
{
	struct check_dialogue d =
	    REQUEST(.method = SPAN("GET"), .version = SPAN("HTTP/1.1"), .send_state = true);
	struct check_dialogue hosted =
	    REQUEST(.version = SPAN("HTTP/1.1"), .headers = fields, .n_headers = 2);
	struct check_run r;

	(void)state;
	check_run_init(&r, &d);
	r.send_state = SPAN("UP 1/3; name=b/s");
	r.host_default = SPAN("srv:80");
	sends(&r, "GET / HTTP/1.1\r\nhost: srv:80\r\nx-haproxy-server-state: UP 1/3; "
		  "name=b/s\r\nconnection: close\r\n\r\n");
	r.dialogue = &hosted;
	sends(&r, "OPTIONS / HTTP/1.1\r\nhost: ex.org\r\nx-a: b\r\nconnection: close\r\n\r\n");
	r.dialogue = &NO_HTTPCHK_RULE;
	sends(&r, "OPTIONS / HTTP/1.0\r\n\r\n");
	check_run_fini(&r);
}

static void test_two_requests(void **state)
{
	struct check_step a = {
	    .kind = CHECK_STEP_SEND_HTTP, .method = SPAN("GET"), .uri = SPAN("/a")};
	struct check_step b = {
	    .kind = CHECK_STEP_SEND_HTTP, .method = SPAN("GET"), .uri = SPAN("/b")};
	struct check_step connect = {.kind = CHECK_STEP_CONNECT};
	struct check_dialogue d =
	    HTTP(connect, a, EXPECT_HTTP(.match = CHECK_MATCH_STATUS), connect, b);
	struct server good = {.answers = {[1] = SPAN(OK_11), [2] = SPAN(OK_11)}};
	struct server bad = {
	    .answers = {[1] = SPAN(OK_11), [2] = SPAN("HTTP/1.1 503 Busy\r\n\r\n")}};

	(void)state;
	expect_sent(d, good, "GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n");
	expect(d, good, CHECK_L7OK, 200, "");
	/* The answer to the last request is judged though no rule is written for it. */
	expect(d, bad, CHECK_L7STS, 503, "Busy");
}

/* ---- the machine */

static enum check_todo apply(struct check_run *r, int event)
{
	switch (event) {
	case 0:
		return check_run_connected(r);
	case 1:
		return check_run_handshaking(r);
	case 2:
		return check_run_sent(r);
	case 3:
		return check_run_received(r, SPAN("zz"));
	case 4:
		return check_run_received(r, SPAN_NONE);
	case 5:
		return check_run_timeout(r);
	default:
		return check_run_failed(r, NULL);
	}
}

static void bring_to(struct check_run *r, int phase)
{
	if (phase >= 1)
		assert_int_equal(check_run_start(r), CHECK_DO_CONNECT);
	if (phase == 2)
		assert_int_equal(check_run_handshaking(r), CHECK_DO_WAIT);
	if (phase >= 3)
		assert_int_equal(check_run_connected(r), CHECK_DO_SEND);
	if (phase >= 4)
		assert_int_equal(check_run_sent(r), CHECK_DO_WAIT);
	if (phase == 5)
		assert_int_equal(check_run_received(r, SPAN("abc")), CHECK_DO_CLOSE_OK);
}

/* idle, connecting, handshaking, sending, waiting, closed against every event */
static void test_every_state_and_event(void **state)
{
	enum {
		CO = CHECK_DO_CONNECT,
		SE = CHECK_DO_SEND,
		WA = CHECK_DO_WAIT,
		OK = CHECK_DO_CLOSE_OK,
		NO = CHECK_DO_CLOSE_FAILED
	};
	static const int expected[6][7] = {
	    /* connected, handshaking, sent, bytes, end, timeout, failed */
	    {WA, WA, WA, WA, WA, WA, WA}, {SE, WA, WA, WA, WA, NO, NO},
	    {SE, WA, WA, WA, WA, NO, NO}, {WA, WA, WA, WA, WA, NO, NO},
	    {WA, WA, WA, WA, NO, NO, NO}, {OK, OK, OK, OK, OK, OK, OK},
	};
	struct check_dialogue d = TCP(SEND("a"), EXPECT(STRING("abc")));

	(void)state;
	for (int phase = 0; phase < 6; phase++) {
		for (int event = 0; event < 7; event++) {
			struct check_run r;

			check_run_init(&r, &d);
			bring_to(&r, phase);
			if ((int)apply(&r, event) != expected[phase][event])
				fail_msg("phase %d event %d", phase, event);
			/* Whatever came before, it starts anew. */
			bring_to(&r, 5);
			check_run_fini(&r);
		}
	}
}

static void test_early_answer(void **state)
{
	struct check_dialogue d = TCP(SEND("a"), EXPECT(STRING("abc")));
	struct check_run r;

	(void)state;
	check_run_init(&r, &d);
	bring_to(&r, 3);
	assert_int_equal(check_run_received(&r, SPAN("abc")), CHECK_DO_WAIT);
	assert_int_equal(check_run_received(&r, SPAN_NONE), CHECK_DO_WAIT);
	assert_int_equal(r.to_send.len, 1);
	assert_int_equal(check_run_sent(&r), CHECK_DO_CLOSE_OK);
	check_run_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain),
	    cmocka_unit_test(test_no_connection),
	    cmocka_unit_test(test_second_connection),
	    cmocka_unit_test(test_handshake),
	    cmocka_unit_test(test_reset),
	    cmocka_unit_test(test_requests),
	    cmocka_unit_test(test_send_state_and_host),
	    cmocka_unit_test(test_two_requests),
	    cmocka_unit_test(test_every_state_and_event),
	    cmocka_unit_test(test_early_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
