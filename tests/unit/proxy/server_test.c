/* SPDX-License-Identifier: MIT */
/* LINK: -Wl,--wrap=server_kill_streams */
/*
 * A server's states: who changes them, what is said (haproxy 2.6's words and levels), who waits,
 * who follows. No sockets but the log's.
 */
#include "program_helper.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { EMERG = 0, ALERT = 1, NOTICE = 5 };

static unsigned int kills;
static const struct server *killed;

void __wrap_server_kill_streams(struct server *s);
void __wrap_server_kill_streams(struct server *s)
{
	kills++;
	killed = s;
}

/* One check result of each kind; the server's own thread would bring them. */
static void refused(struct program *p, struct server *s)
{
	server_check_result(s, loop_of(p), CHECK_L4CON, 0, "Connection refused", 0);
}

static void passed(struct program *p, struct server *s)
{
	server_check_result(s, loop_of(p), CHECK_L4OK, 0, "", 0);
}

static void go_down(struct program *p, struct server *s)
{
	while (s->state != SERVER_STOPPED)
		refused(p, s);
}

static void go_up(struct program *p, struct server *s)
{
	while (s->state == SERVER_STOPPED)
		passed(p, s);
}

static void status_is(const struct server *s, const char *text)
{
	char dst[64];

	assert_string_equal(server_status_text(s, dst), text);
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

/* ---- weights, limits, slots */

static void setting_weights(void **state)
{
	struct program *p = program_of(
	    1, "backend b\n server s1 127.0.0.1:1 weight 10\n server s2 127.0.0.1:1 weight 20\n"
	       "backend r\n balance static-rr\n server s1 127.0.0.1:1 weight 10\n");
	struct server *s1 = server_of(p, "b", "s1"), *s2 = server_of(p, "b", "s2"),
		      *fixed = server_of(p, "r", "s1");
	static const struct {
		const char *text;
		unsigned int weight;
	} good[] = {{"55%", 5}, {"100%", 10}, {"256", 256}, {"5000%", 256},
		    {"0", 0},   {"50", 50},   {"0%", 0},    {"10", 10}};
	static const struct {
		const char *text, *wrong;
	} bad[] = {{"257", "Absolute weight can only be between 0 and 256 inclusive."},
		   {"-1", "Absolute weight can only be between 0 and 256 inclusive."},
		   {"-5%", "Relative weight must be positive."},
		   {"x", "Empty weight string empty or preceded by garbage"},
		   {"", "Empty weight string empty or preceded by garbage"},
		   {"%", "Empty weight string empty or preceded by garbage"},
		   {"20x", "Trailing garbage in weight string"}};

	(void)state;
	for (unsigned int i = 0; i < array_size(good); i++) {
		assert_null(server_set_weight(s1, span_of(good[i].text)));
		assert_int_equal(s1->user_weight, good[i].weight);
		assert_int_equal(s1->lb.weight, good[i].weight * BALANCE_WEIGHT_SCALE);
		assert_int_equal(s1->proxy->balance.n_active, good[i].weight ? 2 : 1);
	}
	for (unsigned int i = 0; i < array_size(bad); i++)
		assert_string_equal(server_set_weight(s1, span_of(bad[i].text)), bad[i].wrong);
	assert_int_equal(s1->user_weight, 10);
	expect_no_log();
	/* weight 0 takes the last server out of balancing, not out of the world */
	assert_null(server_set_weight(s1, SPAN("0")));
	assert_null(server_set_weight(s2, SPAN("0")));
	expect_log(EMERG, "backend b has no server available!");
	status_is(s1, "no check");
	assert_non_null(server_set_weight(fixed, SPAN("5")));
	assert_null(server_set_weight(fixed, SPAN("0%")));
	assert_null(server_set_weight(fixed, SPAN("100%")));
	program_end(p);
}

static void limits(void **state)
{
	struct program *p =
	    program_of(1, "backend b\n fullconn 100\n server s1 127.0.0.1:1 maxconn 50 minconn 10\n"
			  " server s2 127.0.0.1:1 maxconn 5\n server s3 127.0.0.1:1\n");
	struct server *s1 = server_of(p, "b", "s1"), *s2 = server_of(p, "b", "s2");
	struct proxy *px = s1->proxy;

	(void)state;
	assert_int_equal(s1->lb.limit, 10);
	assert_int_equal(s2->lb.limit, 5);
	assert_int_equal(server_of(p, "b", "s3")->lb.limit, 0);
	atomic_store(&px->be_connections, 60);
	proxy_update_limits(px);
	assert_int_equal(s1->lb.limit, 30);
	atomic_store(&px->be_connections, 1000);
	proxy_update_limits(px);
	assert_int_equal(s1->lb.limit, 50);
	assert_int_equal(s2->lb.limit, 5);
	server_set_maxconn(s2, 7);
	assert_int_equal(s2->lb.limit, 7);
	program_end(p);
}

struct waiting {
	struct waiter waiter;
	unsigned int grants;
};

static void on_grant(struct mail *m, struct loop *receiver)
{
	(void)receiver;
	container_of(m, struct waiting, waiter.mail)->grants++;
}

static void wait_in(struct waiting *w, struct proxy *px, struct queue *q, struct loop *l)
{
	static const struct queue_priority normal = {0};

	*w = (struct waiting){.grants = 0};
	w->waiter.loop = l;
	w->waiter.mail.run = on_grant;
	queue_entry_init(&w->waiter.entry);
	assert_int_equal(queue_join(q, &w->waiter.entry, &normal, l->now_ms), QUEUE_JOINED);
	px->be_queued++;
}

static void slots_go_to_who_waits(void **state)
{
	struct program *p = program_of(
	    1, "backend b\n server s1 127.0.0.1:1 maxconn 1\n server s2 127.0.0.1:1 maxconn 1\n");
	struct server *s1 = server_of(p, "b", "s1"), *s2 = server_of(p, "b", "s2");
	struct proxy *px = s1->proxy;
	struct loop *l = loop_of(p);
	struct waiting a, b, c;

	(void)state;
	s1->lb.served = s2->lb.served = 1;
	px->be_served = 2;
	wait_in(&a, px, &s2->queue, l);
	wait_in(&b, px, &px->queue, l);
	wait_in(&c, px, &px->queue, l);
	server_slot_release(s1, l);
	loop_turn(l, 0);
	assert_ptr_equal(b.waiter.granted, s1);
	assert_int_equal(b.grants, 1);
	assert_int_equal(s1->lb.served, 1);
	assert_int_equal(px->be_served, 2);
	assert_int_equal(px->be_queued, 2);
	server_slot_release(s2, l);
	loop_turn(l, 0);
	assert_ptr_equal(a.waiter.granted, s2);
	assert_null(c.waiter.granted);
	/* more room for s1 */
	server_set_maxconn(s1, 2);
	loop_turn(l, 0);
	assert_ptr_equal(c.waiter.granted, s1);
	assert_int_equal(c.grants, 1);
	assert_int_equal(px->be_queued, 0);
	server_slot_release(s1, l);
	server_slot_release(s1, l);
	server_slot_release(s2, l);
	assert_int_equal(px->be_served, 0);
	assert_int_equal(s1->lb.served + s2->lb.served, 0);
	program_end(p);
}

static void who_waits_for_a_dead_server_goes_elsewhere(void **state)
{
	static const char config[] = "backend b\n%s server s1 127.0.0.1:1 maxconn 1 check fall 1\n "
				     "server s2 127.0.0.1:1 maxconn 2\n";

	(void)state;
	for (unsigned int redispatch = 0; redispatch < 2; redispatch++) {
		struct program *p = program_of(1, config, redispatch ? " option redispatch\n" : "");
		struct server *s1 = server_of(p, "b", "s1"), *s2 = server_of(p, "b", "s2");
		struct proxy *px = s1->proxy;
		struct loop *l = loop_of(p);
		struct waiting a, b;

		s1->lb.served = s2->lb.served = 1;
		px->be_served = 2;
		wait_in(&a, px, &s1->queue, l);
		wait_in(&b, px, &s1->queue, l);
		refused(p, s1);
		loop_turn(l, 0);
		if (redispatch) {
			expect_log(ALERT, "Server b/s1 is DOWN, reason: Layer4 connection problem, "
					  "info: \"Connection refused\", check "
					  "duration: 0ms. 1 active and 0 backup servers left. 1 "
					  "sessions active, 2 requeued, 0 "
					  "remaining in queue.");
			assert_ptr_equal(a.waiter.granted, s2);
			assert_int_equal(px->queue.length, 1);
			assert_null(b.waiter.granted);
		} else {
			expect_log(ALERT, "Server b/s1 is DOWN, reason: Layer4 connection problem, "
					  "info: \"Connection refused\", check "
					  "duration: 0ms. 1 active and 0 backup servers left. 1 "
					  "sessions active, 0 requeued, 2 "
					  "remaining in queue.");
			assert_null(a.waiter.granted);
		}
		queue_leave(&a.waiter.entry);
		queue_leave(&b.waiter.entry);
		program_end(p);
	}
}

static void a_server_that_comes_up_takes_who_waits(void **state)
{
	struct program *p =
	    program_of(1, "backend b\n server s1 127.0.0.1:1 maxconn 1 check rise 1 fall 1\n"
			  " server s2 127.0.0.1:1 maxconn 1\n");
	struct server *s1 = server_of(p, "b", "s1"), *s2 = server_of(p, "b", "s2");
	struct loop *l = loop_of(p);
	struct waiting a;

	(void)state;
	refused(p, s1);
	s2->lb.served = 1;
	wait_in(&a, s1->proxy, &s1->proxy->queue, l);
	passed(p, s1);
	loop_turn(l, 0);
	assert_ptr_equal(a.waiter.granted, s1);
	assert_int_equal(a.grants, 1);
	program_end(p);
}

/* ---- slow start: time is ours */

static void tick(struct program *p, uint64_t ms)
{
	struct loop *l = loop_of(p);

	l->now_ms += ms;
	wheel_advance(&l->wheel, l->now_ms, 1000);
}

static void slow_start(void **state)
{
	struct program *p = program_of(
	    1, "backend b\n server s1 127.0.0.1:1 weight 10 check rise 1 fall 1 slowstart 1600\n"
	       " server s2 127.0.0.1:1\n");
	struct server *s1 = server_of(p, "b", "s1");
	unsigned int last = 0;

	(void)state;
	assert_int_equal(s1->state, SERVER_RUNNING);
	assert_int_equal(s1->lb.weight, 160);
	refused(p, s1);
	drop_logs();
	passed(p, s1);
	expect_log(NOTICE, "Server b/s1 is UP, reason: Layer4 check passed, check duration: 0ms. 2 "
			   "active and 0 backup servers online. "
			   "0 sessions requeued, 0 total in queue.");
	assert_int_equal(s1->state, SERVER_STARTING);
	assert_int_equal(s1->lb.weight, 10);
	loop_turn(loop_of(p), 0); /* the mail that starts the timer */
	passed(p, s1);
	assert_int_equal(s1->state, SERVER_STARTING);
	for (unsigned int ms = 0; ms < 1500; ms += 80) {
		tick(p, 80);
		assert_true(s1->lb.weight >= last);
		last = s1->lb.weight;
	}
	assert_in_range(last, 140, 160);
	assert_int_equal(s1->state, SERVER_STARTING);
	status_is(s1, "UP");
	expect_no_log();
	tick(p, 200);
	assert_int_equal(s1->state, SERVER_RUNNING);
	assert_int_equal(s1->lb.weight, 160);
	expect_log(NOTICE, "Server b/s1 is UP. 2 active and 0 backup servers online. 0 sessions "
			   "requeued, 0 total in queue.");
	program_end(p);
}

static void slow_start_that_breaks_off(void **state)
{
	struct program *p = program_of(
	    1, "backend b\n server s1 127.0.0.1:1 weight 10 check rise 1 fall 1 slowstart 1s\n");
	struct server *s1 = server_of(p, "b", "s1");

	(void)state;
	refused(p, s1);
	passed(p, s1);
	loop_turn(loop_of(p), 0);
	tick(p, 300);
	refused(p, s1);
	assert_int_equal(s1->state, SERVER_STOPPED);
	drop_logs();
	tick(p, 2000);
	assert_int_equal(s1->state, SERVER_STOPPED);
	expect_no_log();
	program_end(p);
}

static void setting_the_address(void **state)
{
	struct program *p =
	    program_of(1, "backend b\n server s1 127.0.0.1:80\n server s2 /tmp/sock\n");
	struct server *s1 = server_of(p, "b", "s1");
	struct sockaddr_storage to;
	struct inet address = {.family = INET_V4, .port = 8080, .ip = {127, 0, 0, 9}}, seen;

	(void)state;
	assert_null(server_set_address(s1, &address, false));
	assert_true(server_get_address(s1, &to, &seen) > 0);
	assert_true(inet_equal_ip(&seen, &address));
	assert_int_equal(seen.port, 80);
	assert_null(server_set_address(s1, &address, true));
	server_get_address(s1, &to, &seen);
	assert_int_equal(seen.port, 8080);
	assert_non_null(server_set_address(server_of(p, "b", "s2"), &address, true));
	program_end(p);
}

/* ---- several threads */

#define ROUNDS 3000

static struct program *shared;
static _Atomic bool begin;

static void *hammer(void *arg)
{
	struct worker *w = arg;
	struct server *s1 = server_of(shared, "b", "s1"), *s2 = server_of(shared, "b", "s2");
	struct random r;

	random_init(&r, w->thread + 7);
	while (!atomic_load(&begin))
		;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct server *s = random_below(&r, 2) ? s1 : s2;

		switch (random_below(&r, 8)) {
		case 0:
			server_check_result(s, &w->loop, CHECK_L4CON, 0, "Connection refused", 0);
			break;
		case 1:
			server_check_result(s, &w->loop, CHECK_L4OK, 0, "", 0);
			break;
		case 2:
			server_traffic_error(s, &w->loop, OBSERVE_LAYER4, "Connection refused");
			server_traffic_good(s, OBSERVE_LAYER4);
			break;
		case 3:
			server_set_admin(s, &w->loop,
					 random_below(&r, 2) ? SERVER_MAINT : SERVER_DRAIN, 0,
					 NULL);
			break;
		case 4:
			server_set_admin(s, &w->loop, 0, SERVER_MAINT | SERVER_DRAIN, NULL);
			break;
		case 5:
			server_set_suspect(s, &w->loop, random_below(&r, 2));
			break;
		case 6:
			(void)(server_set_weight(s, random_below(&r, 2) ? SPAN("0")
									: SPAN("100%")) == NULL);
			break;
		default:
			health_check_hurry(s);
			(void)(server_usable(s) && server_may_persist(s));
			break;
		}
		if (i % 64 == 0)
			loop_turn(&w->loop, 0);
	}
	return NULL;
}

static void many_threads(void **state)
{
	enum { THREADS = 4 };
	pthread_t threads[THREADS];
	struct server *s[2], *t[2];

	(void)state;
	shared = program_of(
	    THREADS,
	    "backend b\n server s1 127.0.0.1:1 check rise 2 fall 2\n"
	    " server s2 127.0.0.1:1 check rise 2 fall 2 observe layer4 error-limit 3 on-error "
	    "mark-down\n"
	    "backend t\n server t1 127.0.0.1:1 track b/s1\n server t2 127.0.0.1:1 track b/s2\n");
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, &shared->workers[i]), 0);
	atomic_store(&begin, true);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	s[0] = server_of(shared, "b", "s1");
	s[1] = server_of(shared, "b", "s2");
	t[0] = server_of(shared, "t", "t1");
	t[1] = server_of(shared, "t", "t2");
	for (unsigned int i = 0; i < 2; i++) {
		bool in = s[i]->state == SERVER_RUNNING;

		assert_int_equal(t[i]->state, s[i]->state);
		assert_int_equal((t[i]->admin & SERVER_MAINT_ANY) != 0,
				 (s[i]->admin & SERVER_MAINT_ANY) != 0);
		assert_int_equal((t[i]->admin & SERVER_DRAIN_ANY) != 0,
				 (s[i]->admin & SERVER_DRAIN_ANY) != 0);
		if (!(s[i]->admin & SERVER_MAINT_ANY))
			assert_int_equal(in, health_is_up(&s[i]->health));
	}
	for (unsigned int i = 0; i < 2; i++)
		server_set_admin(s[i], loop_of(shared), 0, SERVER_MAINT | SERVER_DRAIN, NULL);
	for (unsigned int i = 0; i < 2; i++) {
		server_set_health(s[i], loop_of(shared), true);
		assert_null(server_set_weight(s[i], SPAN("100%")));
		server_set_suspect(s[i], loop_of(shared), false);
	}
	assert_int_equal(s[0]->proxy->balance.n_active, 2);
	assert_int_equal(t[0]->proxy->balance.n_active, 2);
	assert_true(s[0]->proxy->up && t[0]->proxy->up);
	for (unsigned int i = 1; i < THREADS; i++)
		loop_turn(&shared->workers[i].loop, 0);
	program_end(shared);
	drop_logs();
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
	    cmocka_unit_test(setting_weights),
	    cmocka_unit_test(limits),
	    cmocka_unit_test(slots_go_to_who_waits),
	    cmocka_unit_test(who_waits_for_a_dead_server_goes_elsewhere),
	    cmocka_unit_test(a_server_that_comes_up_takes_who_waits),
	    cmocka_unit_test(slow_start),
	    cmocka_unit_test(slow_start_that_breaks_off),
	    cmocka_unit_test(setting_the_address),
	    cmocka_unit_test(many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
