/* SPDX-License-Identifier: MIT */
/* LINK: -Wl,--wrap=server_kill_streams */
/*
 * A server's states: who changes them, what is said (haproxy 2.6's words and levels), who waits,
 * who follows. No sockets but the log's.
 */
#include "server_helper.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static unsigned int kills;
static const struct server *killed;

void __wrap_server_kill_streams(struct server *s);
void __wrap_server_kill_streams(struct server *s)
{
	kills++;
	killed = s;
}

#define TWO                                                                                        \
	"backend b\n server s1 127.0.0.1:1 check rise 2 fall 3\n server s2 127.0.0.1:1 check "     \
	"rise 2 fall 3\n"

static void down_and_up(void **state)
{
	struct program *p = program_of(1, TWO);
	struct server *s1 = server_of(p, "b", "s1"), *s2 = server_of(p, "b", "s2");
	struct proxy *px = s1->proxy;
	struct counters sum;

	(void)state;
	assert_int_equal(px->balance.n_active, 2);
	/* a server starts one failed check from down; the first good one makes it whole */
	status_is(s1, "UP 1/3");
	passed(p, s1);
	passed(p, s2);
	status_is(s1, "UP");
	refused(p, s1);
	refused(p, s1);
	status_is(s1, "UP 1/3");
	expect_no_log();
	refused(p, s1);
	expect_log(ALERT, "Server b/s1 is DOWN, reason: Layer4 connection problem, info: "
			  "\"Connection refused\", check duration: "
			  "0ms. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, "
			  "0 remaining in queue.");
	status_is(s1, "DOWN");
	assert_false(server_usable(s1));
	assert_int_equal(px->balance.n_active, 1);
	assert_true(px->up);
	server_check_result(s2, loop_of(p), CHECK_L7STS, 500, "Oops", 12);
	refused(p, s2);
	server_check_result(s2, loop_of(p), CHECK_L7STS, 500, "Oops", 12);
	expect_log(ALERT, "Server b/s2 is DOWN, reason: Layer7 wrong status, code: 500, info: "
			  "\"Oops\", check duration: 12ms. 0 "
			  "active and 0 backup servers left. 0 sessions active, 0 requeued, 0 "
			  "remaining in queue.");
	expect_log(EMERG, "backend b has no server available!");
	assert_false(px->up);
	/* more failures say nothing and count nothing */
	refused(p, s2);
	expect_no_log();
	counters_sum(&s2->counters, 0, &sum);
	assert_int_equal(sum.failed_checks, 3);
	assert_int_equal(sum.down_transitions, 1);
	counters_sum(&px->be, 0, &sum);
	assert_int_equal(sum.down_transitions, 1);
	loop_of(p)->now_ms += 500;
	passed(p, s1);
	status_is(s1, "DOWN 1/2");
	expect_no_log();
	passed(p, s1);
	expect_log(NOTICE, "Server b/s1 is UP, reason: Layer4 check passed, check duration: 0ms. 1 "
			   "active and 0 backup servers "
			   "online. 0 sessions requeued, 0 total in queue.");
	status_is(s1, "UP");
	assert_true(px->up);
	assert_int_equal(s1->down_ms, 500);
	assert_int_equal(px->down_ms, 500);
	expect_no_log();
	program_end(p);
}

static void a_proxy_that_listens_too(void **state)
{
	struct program *p =
	    program_of(1, "listen l\n bind 127.0.0.1:20001\n server s 127.0.0.1:1 check\n");
	struct server *s = server_of(p, "l", "s");

	(void)state;
	go_down(p, s);
	assert_int_equal(drop_logs(), 2);
	go_up(p, s);
	drop_logs();
	server_set_stopping(s, loop_of(p));
	expect_log(
	    NOTICE,
	    "Server l/s is stopping, changed from CLI. 0 active and 0 backup servers online. 0 "
	    "sessions requeued, 0 total in queue.");
	expect_log(EMERG, "proxy l has no server available!");
	passed(p, s);
	assert_int_equal(s->state, SERVER_RUNNING);
	drop_logs();
	server_set_health(s, loop_of(p), false);
	expect_log(ALERT, "Server l/s is DOWN, changed from CLI. 0 active and 0 backup servers "
			  "left. 0 sessions active, 0 requeued, 0 "
			  "remaining in queue.");
	expect_log(EMERG, "proxy l has no server available!");
	server_set_health(s, loop_of(p), true);
	expect_log(NOTICE, "Server l/s is UP, changed from CLI. 1 active and 0 backup servers "
			   "online. 0 sessions requeued, 0 total in "
			   "queue.");
	status_is(s, "UP");
	program_end(p);
}

static void backups_take_over(void **state)
{
	struct program *p = program_of(
	    1, "backend b\n server s1 127.0.0.1:1 check\n server s2 127.0.0.1:1 check backup\n");
	struct server *s1 = server_of(p, "b", "s1"), *s2 = server_of(p, "b", "s2");

	(void)state;
	assert_true(s1->lb.in_use && !s2->lb.in_use);
	go_down(p, s1);
	expect_log(ALERT, "Server b/s1 is DOWN, reason: Layer4 connection problem, info: "
			  "\"Connection refused\", check duration: "
			  "0ms. 0 active and 1 backup servers left. Running on backup. 0 sessions "
			  "active, 0 requeued, 0 remaining in "
			  "queue.");
	assert_true(!s1->lb.in_use && s2->lb.in_use);
	go_down(p, s2);
	expect_log(ALERT, "Backup Server b/s2 is DOWN, reason: Layer4 connection problem, info: "
			  "\"Connection refused\", check "
			  "duration: 0ms. 0 active and 0 backup servers left. 0 sessions active, 0 "
			  "requeued, 0 remaining in queue.");
	expect_log(EMERG, "backend b has no server available!");
	program_end(p);
}

/* ---- people */

static void maintenance_and_drain(void **state)
{
	struct program *p = program_of(
	    1, TWO "backend t\n server t1 127.0.0.1:1 track b/s1\n server t2 127.0.0.1:1\n");
	struct server *s1 = server_of(p, "b", "s1"), *t1 = server_of(p, "t", "t1");
	struct loop *l = loop_of(p);

	(void)state;
	status_is(server_of(p, "t", "t2"), "no check");
	server_set_admin(s1, l, SERVER_MAINT, SERVER_DRAIN, NULL);
	expect_log(ALERT, "Server b/s1 is going DOWN for maintenance. 1 active and 0 backup "
			  "servers left. 0 sessions active, 0 "
			  "requeued, 0 remaining in queue.");
	expect_log(ALERT, "Server t/t1 is going DOWN for maintenance via b/s1. 1 active and 0 "
			  "backup servers left. 0 sessions "
			  "active, 0 requeued, 0 remaining in queue.");
	status_is(s1, "MAINT");
	status_is(t1, "MAINT (via b/s1)");
	/* results that come late change nothing */
	refused(p, s1);
	server_set_admin(s1, l, SERVER_MAINT, SERVER_DRAIN, NULL);
	expect_no_log();
	server_set_admin(t1, l, SERVER_MAINT, 0, NULL);
	expect_no_log();
	server_set_admin(t1, l, 0, SERVER_MAINT, NULL);
	expect_log(
	    NOTICE,
	    "Server t/t1 is leaving forced maintenance but remains in maintenance via b/s1.");
	server_set_admin(s1, l, 0, SERVER_MAINT | SERVER_DRAIN, NULL);
	expect_log(NOTICE, "Server b/s1 is UP/READY (leaving forced maintenance).");
	expect_log(NOTICE, "Server t/t1 is UP/READY (leaving maintenance).");
	server_set_admin(s1, l, SERVER_DRAIN, SERVER_MAINT, NULL);
	expect_log(NOTICE, "Server b/s1 enters drain state. 1 active and 0 backup servers online. "
			   "0 sessions requeued, 0 total in "
			   "queue.");
	expect_log(NOTICE, "Server t/t1 enters drain state via b/s1. 1 active and 0 backup servers "
			   "online. 0 sessions requeued, 0 "
			   "total in queue.");
	status_is(t1, "DRAIN 1/3");
	assert_false(server_usable(t1));
	assert_true(server_may_persist(t1));
	server_set_admin(s1, l, SERVER_MAINT, SERVER_DRAIN, NULL);
	expect_log(NOTICE, "Server b/s1 is going DOWN for maintenance. 1 active and 0 backup "
			   "servers left. 0 sessions active, 0 "
			   "requeued, 0 remaining in queue.");
	expect_log(NOTICE, "Server t/t1 is going DOWN for maintenance via b/s1. 1 active and 0 "
			   "backup servers left. 0 sessions "
			   "active, 0 requeued, 0 remaining in queue.");
	server_set_admin(s1, l, SERVER_DRAIN, SERVER_MAINT, NULL);
	expect_log(NOTICE, "Server b/s1 is UP/DRAIN (leaving forced maintenance).");
	expect_log(NOTICE, "Server b/s1 remains in forced drain mode.");
	expect_log(NOTICE, "Server t/t1 is UP/DRAIN (leaving maintenance).");
	expect_log(NOTICE,
		   "Server t/t1 is leaving forced drain but remains in drain mode via b/s1.");
	server_set_admin(s1, l, 0, SERVER_MAINT | SERVER_DRAIN, NULL);
	expect_log(NOTICE, "Server b/s1 is UP (leaving forced drain).");
	expect_log(NOTICE, "Server t/t1 is UP (leaving forced drain).");
	expect_no_log();
	program_end(p);
}

static void maintenance_of_a_server_that_is_down(void **state)
{
	struct program *p = program_of(1, TWO);
	struct server *s2 = server_of(p, "b", "s2");
	struct loop *l = loop_of(p);

	(void)state;
	go_down(p, s2);
	drop_logs();
	server_set_admin(s2, l, SERVER_MAINT, 0, NULL);
	expect_log(NOTICE, "Server b/s2 was DOWN and now enters maintenance.");
	server_set_admin(s2, l, 0, SERVER_MAINT, NULL);
	expect_log(NOTICE, "Server b/s2 is UP/READY (leaving forced maintenance).");
	/* up on trust: the first failed check ends it */
	refused(p, s2);
	assert_int_equal(s2->state, SERVER_STOPPED);
	assert_int_equal(drop_logs(), 1);
	server_set_admin(s2, l, SERVER_DRAIN, 0, NULL);
	expect_log(NOTICE, "Server b/s2 enters drain state. 1 active and 0 backup servers left. 0 "
			   "sessions active, 0 requeued, 0 "
			   "remaining in queue.");
	go_up(p, s2);
	expect_log(NOTICE, "Server b/s2 is UP, reason: Layer4 check passed, check duration: 0ms. 1 "
			   "active and 0 backup servers "
			   "online. 0 sessions requeued, 0 total in queue.");
	expect_log(NOTICE, "Server b/s2 remains in forced drain mode.");
	server_set_admin(s2, l, 0, SERVER_DRAIN, NULL);
	expect_log(NOTICE, "Server b/s2 is UP (leaving forced drain).");
	assert_true(server_usable(s2));
	expect_no_log();
	program_end(p);
}

static void disabled_from_the_start(void **state)
{
	struct program *p = program_of(
	    1,
	    "backend b\n server s1 127.0.0.1:1 check disabled\n server s2 127.0.0.1:1 track s1\n");
	struct server *s1 = server_of(p, "b", "s1"), *s2 = server_of(p, "b", "s2");

	(void)state;
	status_is(s1, "MAINT");
	status_is(s2, "MAINT (via b/s1)");
	assert_false(s1->proxy->up);
	server_set_admin(s1, loop_of(p), 0, SERVER_MAINT, NULL);
	expect_log(NOTICE, "Server b/s1 is UP/READY (leaving forced maintenance).");
	expect_log(NOTICE, "Server b/s2 is UP/READY (leaving maintenance).");
	status_is(s1, "UP 1/3");
	assert_true(s1->proxy->up);
	assert_int_equal(s1->proxy->balance.n_active, 2);
	program_end(p);
}

static void trackers_follow(void **state)
{
	struct program *p = program_of(
	    1,
	    TWO "backend t\n server t1 127.0.0.1:1 track b/s1\n server t2 127.0.0.1:1 track t1\n");
	struct server *s1 = server_of(p, "b", "s1"), *t2 = server_of(p, "t", "t2");

	(void)state;
	passed(p, s1);
	go_down(p, s1);
	assert_int_equal(s1->state, SERVER_STOPPED);
	expect_log(ALERT, "Server b/s1 is DOWN, reason: Layer4 connection problem, info: "
			  "\"Connection refused\", check duration: "
			  "0ms. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, "
			  "0 remaining in queue.");
	expect_log(ALERT, "Server t/t1 is DOWN via b/s1. 1 active and 0 backup servers left. 0 "
			  "sessions active, 0 requeued, 0 "
			  "remaining in queue.");
	expect_log(ALERT, "Server t/t2 is DOWN via t/t1. 0 active and 0 backup servers left. 0 "
			  "sessions active, 0 requeued, 0 "
			  "remaining in queue.");
	expect_log(EMERG, "backend t has no server available!");
	status_is(t2, "DOWN");
	go_up(p, s1);
	drop_logs();
	status_is(t2, "UP");
	assert_true(server_usable(t2));
	program_end(p);
}

/* ---- checks in detail */

#define LOGGED                                                                                     \
	"backend b\n option httpchk\n http-check disable-on-404\n option log-health-checks\n"      \
	" server s1 127.0.0.1:1 check rise 2 fall 2\n server s2 127.0.0.1:1 check rise 2 fall 2 "  \
	"backup\n"

static void checks_are_logged(void **state)
{
	struct program *p = program_of(1, LOGGED);
	struct server *s1 = server_of(p, "b", "s1"), *s2 = server_of(p, "b", "s2");
	struct loop *l = loop_of(p);

	(void)state;
	server_check_result(s1, l, CHECK_L7OK, 200, "OK", 3);
	expect_log(NOTICE, "Health check for server b/s1 succeeded, reason: Layer7 check passed, "
			   "code: 200, info: \"OK\", check "
			   "duration: 3ms, status: 2/2 UP.");
	server_check_result(s1, l, CHECK_L7OK, 200, "OK", 3);
	expect_no_log();
	server_check_result(s1, l, CHECK_L7OKC, 404, "", 0);
	expect_log(NOTICE, "Health check for server b/s1 conditionally succeeded, reason: Layer7 "
			   "check conditionally passed, code: "
			   "404, check duration: 0ms, status: 2/2 UP.");
	expect_log(NOTICE, "Server b/s1 is stopping. 0 active and 1 backup servers online. Running "
			   "on backup. 0 sessions requeued, 0 "
			   "total in queue.");
	status_is(s1, "NOLB");
	assert_false(server_usable(s1));
	server_check_result(s1, l, CHECK_L7STS, 500, "Oops", 0);
	expect_log(NOTICE, "Health check for server b/s1 failed, reason: Layer7 wrong status, "
			   "code: 500, info: \"Oops\", check "
			   "duration: 0ms, status: 1/2 UP.");
	assert_int_equal(s1->state, SERVER_STOPPING);
	server_check_result(s1, l, CHECK_L7TOUT, 0, "", 400);
	expect_log(NOTICE, "Health check for server b/s1 failed, reason: Layer7 timeout, check "
			   "duration: 400ms, status: 0/2 DOWN.");
	expect_log(NOTICE, "Server b/s1 is DOWN. 0 active and 1 backup servers left. Running on "
			   "backup. 0 sessions active, 0 requeued, "
			   "0 remaining in queue.");
	/* down: another kind of failure is news, the same one is not */
	server_check_result(s1, l, CHECK_L7TOUT, 0, "", 400);
	expect_no_log();
	server_check_result(s1, l, CHECK_L7RSP, 0, "", 0);
	expect_log(NOTICE, "Health check for server b/s1 failed, reason: Layer7 invalid response, "
			   "check duration: 0ms, status: 0/2 "
			   "DOWN.");
	server_check_result(s1, l, CHECK_L7OK, 200, "", 0);
	expect_log(NOTICE, "Health check for server b/s1 succeeded, reason: Layer7 check passed, "
			   "code: 200, check duration: 0ms, "
			   "status: 1/2 DOWN.");
	server_check_result(s1, l, CHECK_L7OK, 200, "", 0);
	expect_log(NOTICE, "Health check for server b/s1 succeeded, reason: Layer7 check passed, "
			   "code: 200, check duration: 0ms, "
			   "status: 2/2 UP.");
	expect_log(NOTICE, "Server b/s1 is UP. 1 active and 1 backup servers online. 0 sessions "
			   "requeued, 0 total in queue.");
	refused(p, s2);
	expect_log(NOTICE, "Health check for backup server b/s2 failed, reason: Layer4 connection "
			   "problem, info: \"Connection "
			   "refused\", check duration: 0ms, status: 0/2 DOWN.");
	expect_log(ALERT, "Backup Server b/s2 is DOWN. 1 active and 0 backup servers left. 0 "
			  "sessions active, 0 requeued, 0 remaining "
			  "in queue.");
	expect_no_log();
	assert_int_equal(s1->check->status, CHECK_L7OK);
	assert_int_equal(s1->check->code, 200);
	program_end(p);
}

static void the_console_hears_it_too(void **state)
{
	struct program *p = program_of(1, "backend b\n server s1 127.0.0.1:1 check fall 1\n");
	char text[2048], wanted[2048];
	int fds[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	p->console.fd = fds[1];
	p->console.stream = true;
	refused(p, server_of(p, "b", "s1"));
	n = read(fds[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	snprintf(wanted, sizeof(wanted),
		 "[WARNING]  (%d) : Server b/s1 is DOWN, reason: Layer4 connection problem, info: "
		 "\"Connection refused\", check "
		 "duration: 0ms. 0 active and 0 backup servers left. 0 sessions active, 0 "
		 "requeued, 0 remaining in queue.\n"
		 "[ALERT]    (%d) : backend 'b' has no server available!\n",
		 p->pid, p->pid);
	assert_string_equal(text, wanted);
	p->console.fd = -1;
	close(fds[0]);
	close(fds[1]);
	program_end(p);
}

/* ---- traffic */

static void a_refusal_counts_once(void **state)
{
	struct program *p = program_of(1, TWO);
	struct server *s1 = server_of(p, "b", "s1");
	struct loop *l = loop_of(p);

	(void)state;
	passed(p, s1);
	for (unsigned int i = 0; i < 10; i++)
		server_traffic_error(s1, l, OBSERVE_LAYER4, "Connection refused");
	status_is(s1, "UP 2/3");
	server_traffic_error(s1, l, OBSERVE_LAYER7, "Empty response");
	status_is(s1, "UP 2/3");
	refused(p, s1);
	status_is(s1, "UP 1/3");
	expect_no_log();
	server_traffic_error(s1, l, OBSERVE_LAYER4, "Connection refused");
	expect_log(ALERT, "Server b/s1 is DOWN, reason: Layer4 connection problem, info: "
			  "\"Connection refused\". 1 active and 0 backup "
			  "servers left. 0 sessions active, 0 requeued, 0 remaining in queue.");
	program_end(p);
}

static void observing(void **state)
{
	struct program *p = program_of(1, "listen l\n bind 127.0.0.1:20001\n server s1 127.0.0.1:1 "
					  "check observe layer4 error-limit 2 on-error mark-down\n"
					  "backend b\n option log-health-checks\n"
					  " server s1 127.0.0.1:1 check rise 2 fall 3 observe "
					  "layer7 error-limit 2 on-error sudden-death\n");
	struct server *four = server_of(p, "l", "s1"), *seven = server_of(p, "b", "s1");
	struct loop *l = loop_of(p);

	(void)state;
	passed(p, four);
	server_traffic_error(four, l, OBSERVE_LAYER7, "Wrong http response");
	server_traffic_error(four, l, OBSERVE_LAYER4, "Connection refused");
	server_traffic_good(four, OBSERVE_LAYER4);
	server_traffic_error(four, l, OBSERVE_LAYER4, "Connection refused");
	server_traffic_good(four, OBSERVE_LAYER7);
	expect_no_log();
	server_traffic_error(four, l, OBSERVE_LAYER4, "Connection refused");
	expect_log(ALERT, "Server l/s1 is DOWN, reason: Health analyze, info: \"Detected 2 "
			  "consecutive errors, last one was: L4 "
			  "unsuccessful connection\". 0 active and 0 backup servers left. 0 "
			  "sessions active, 0 requeued, 0 remaining "
			  "in queue.");
	expect_log(EMERG, "proxy l has no server available!");
	passed(p, seven);
	drop_logs();
	server_traffic_error(seven, l, OBSERVE_LAYER7, "Close from server (http)");
	server_traffic_error(seven, l, OBSERVE_LAYER7, "Close from server (http)");
	expect_log(NOTICE, "Health check for server b/s1 failed, reason: Health analyze, info: "
			   "\"Detected 2 consecutive errors, last one "
			   "was: Close from server (http)\", status: 1/3 UP.");
	server_traffic_error(seven, l, OBSERVE_LAYER7, "Close from server (http)");
	server_traffic_error(seven, l, OBSERVE_LAYER7, "Close from server (http)");
	expect_log(NOTICE, "Health check for server b/s1 failed, reason: Health analyze, info: "
			   "\"Detected 2 consecutive errors, last one "
			   "was: Close from server (http)\", status: 0/2 DOWN.");
	expect_log(ALERT, "Server b/s1 is DOWN. 0 active and 0 backup servers left. 0 sessions "
			  "active, 0 requeued, 0 remaining in "
			  "queue.");
	expect_log(EMERG, "backend b has no server available!");
	expect_no_log();
	program_end(p);
}

static void suspects_are_passed_over(void **state)
{
	struct program *p = program_of(1, TWO);
	struct server *s1 = server_of(p, "b", "s1"), *s2 = server_of(p, "b", "s2");
	struct loop *l = loop_of(p);

	(void)state;
	server_set_suspect(s1, l, true);
	assert_false(server_usable(s1));
	assert_true(server_usable(s2));
	assert_int_equal(drop_logs(), 1);
	status_is(s1, "UP 1/3");
	/* all are suspect: all serve */
	server_set_suspect(s2, l, true);
	assert_true(server_usable(s1) && server_usable(s2));
	/* the other one has gone: the suspect serves alone */
	server_set_suspect(s1, l, false);
	assert_true(server_usable(s1) && !server_usable(s2));
	go_down(p, s1);
	assert_true(server_usable(s2));
	/* down is more than suspect */
	go_down(p, s2);
	assert_false(s2->suspect);
	server_set_suspect(s2, l, true);
	assert_false(s2->suspect);
	assert_false(s2->proxy->up);
	program_end(p);
}

static void marks_end_streams(void **state)
{
	struct program *p =
	    program_of(1, "backend b\n server s1 127.0.0.1:1 check on-marked-down "
			  "shutdown-sessions on-marked-up shutdown-backup-sessions\n"
			  " server s2 127.0.0.1:1 check backup\n");
	struct server *s1 = server_of(p, "b", "s1"), *s2 = server_of(p, "b", "s2");

	(void)state;
	kills = 0;
	go_down(p, s1);
	assert_int_equal(kills, 1);
	assert_ptr_equal(killed, s1);
	go_up(p, s1);
	assert_int_equal(kills, 2);
	assert_ptr_equal(killed, s2);
	go_down(p, s2);
	go_up(p, s2);
	assert_int_equal(kills, 2);
	server_set_admin(s1, loop_of(p), SERVER_MAINT, 0, NULL);
	assert_int_equal(kills, 3);
	program_end(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(down_and_up),
	    cmocka_unit_test(a_proxy_that_listens_too),
	    cmocka_unit_test(backups_take_over),
	    cmocka_unit_test(maintenance_and_drain),
	    cmocka_unit_test(maintenance_of_a_server_that_is_down),
	    cmocka_unit_test(disabled_from_the_start),
	    cmocka_unit_test(trackers_follow),
	    cmocka_unit_test(checks_are_logged),
	    cmocka_unit_test(the_console_hears_it_too),
	    cmocka_unit_test(a_refusal_counts_once),
	    cmocka_unit_test(observing),
	    cmocka_unit_test(suspects_are_passed_over),
	    cmocka_unit_test(marks_end_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
