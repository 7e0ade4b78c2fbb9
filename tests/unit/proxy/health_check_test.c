/* SPDX-License-Identifier: MIT */
/* LINK: -Wl,--wrap=server_kill_streams */
/* Checks and probes against servers on the loopback that live in the same loop. */
#include "program_helper.h"

#include <stdio.h>

void __wrap_server_kill_streams(struct server *s);
void __wrap_server_kill_streams(struct server *s)
{
	(void)s;
}

static void start(struct program *p)
{
	for (unsigned int i = 0; i < p->n_threads; i++)
		health_checks_start(&p->workers[i]);
}

/* A backend b with server s at that port, checks started. */
static struct program *one_server(uint16_t port, const char *options, const char *words)
{
	struct program *p =
	    program_of(1, "backend b\n%s server s 127.0.0.1:%u check %s\n", options, port, words);

	start(p);
	return p;
}

static void first_checks_are_spread(void **state)
{
	struct program *p = program_of(
	    3, "backend b\n server s1 127.0.0.1:1 check inter 1000\n server s2 127.0.0.1:1\n"
	       " server s3 127.0.0.1:1 check inter 1000\nbackend c\n server s1 127.0.0.1:1 check "
	       "inter "
	       "1000\n server s2 127.0.0.1:1 check inter 2000\n");

	(void)state;
	assert_int_equal(server_of(p, "b", "s1")->check->offset_ms, 0);
	assert_null(server_of(p, "b", "s2")->check);
	assert_int_equal(server_of(p, "b", "s3")->check->offset_ms, 250);
	assert_int_equal(server_of(p, "c", "s1")->check->offset_ms, 500);
	assert_int_equal(server_of(p, "c", "s2")->check->offset_ms, 1500);
	/* each thread has its share */
	assert_ptr_equal(server_of(p, "b", "s1")->check->loop, &p->workers[0].loop);
	assert_ptr_equal(server_of(p, "b", "s3")->check->loop, &p->workers[1].loop);
	assert_ptr_equal(server_of(p, "c", "s1")->check->loop, &p->workers[2].loop);
	assert_ptr_equal(server_of(p, "c", "s2")->check->loop, &p->workers[0].loop);
	start(p);
	assert_true(timer_is_set(&server_of(p, "c", "s1")->check->timer));
	program_end(p);
}

static void connecting_is_enough(void **state)
{
	uint16_t port = free_port();
	struct program *p = one_server(port, "", "inter 20 rise 2 fall 2");
	struct server *s = server_of(p, "b", "s");
	struct mock m = {.mode = MOCK_200};

	(void)state;
	turn_while(p, s->state != SERVER_STOPPED);
	assert_int_equal(s->check->status, CHECK_L4CON);
	assert_string_equal(s->check->info, "Connection refused");
	mock_start(&m, loop_of(p), port);
	turn_while(p, s->state != SERVER_RUNNING);
	assert_int_equal(s->check->status, CHECK_L4OK);
	assert_true(m.connections >= 2);
	mock_stop(&m);
	turn_while(p, s->state != SERVER_STOPPED);
	program_end(p);
}

static void http_answers(void **state)
{
	uint16_t port = free_port();
	struct program *p =
	    one_server(port, " option httpchk\n timeout check 50\n", "inter 20 rise 1 fall 1");
	struct server *s = server_of(p, "b", "s");
	struct mock m = {.mode = MOCK_200};

	(void)state;
	mock_start(&m, loop_of(p), port);
	turn_while(p, s->check->status != CHECK_L7OK);
	assert_int_equal(s->check->code, 200);
	assert_memory_equal(m.last, "OPTIONS / HTTP/1.0\r\n", 20);
	m.mode = MOCK_500;
	turn_while(p, s->state != SERVER_STOPPED);
	assert_int_equal(s->check->status, CHECK_L7STS);
	assert_int_equal(s->check->code, 500);
	assert_string_equal(s->check->info, "Oops");
	m.mode = MOCK_JUNK;
	turn_while(p, s->check->status != CHECK_L7RSP);
	m.mode = MOCK_SILENT;
	turn_while(p, s->check->status != CHECK_L7TOUT);
	assert_true(s->check->duration_ms >= 50);
	m.mode = MOCK_CLOSE;
	turn_while(p, s->check->status == CHECK_L7TOUT);
	assert_int_equal(s->state, SERVER_STOPPED);
	m.mode = MOCK_200;
	turn_while(p, s->state != SERVER_RUNNING);
	mock_stop(&m);
	turn_while(p, s->check->status != CHECK_L4CON);
	program_end(p);
}

static void not_found_takes_out_of_balance(void **state)
{
	uint16_t port = free_port();
	struct program *p = one_server(port, " option httpchk\n http-check disable-on-404\n",
				       "inter 20 rise 1 fall 1");
	struct server *s = server_of(p, "b", "s");
	struct mock m = {.mode = MOCK_404};

	(void)state;
	mock_start(&m, loop_of(p), port);
	turn_while(p, s->state != SERVER_STOPPING);
	assert_int_equal(s->check->status, CHECK_L7OKC);
	m.mode = MOCK_200;
	turn_while(p, s->state != SERVER_RUNNING);
	m.mode = MOCK_500;
	turn_while(p, s->state != SERVER_STOPPED);
	/* and does not bring it back */
	m.mode = MOCK_404;
	m.requests = 0;
	turn_while(p, m.requests < 3);
	assert_int_equal(s->state, SERVER_STOPPED);
	mock_stop(&m);
	program_end(p);
}

static void without_timeout_check_the_interval_is_all(void **state)
{
	uint16_t port = free_port();
	struct program *p = one_server(port, " option httpchk\n", "inter 60 rise 1 fall 1");
	struct server *s = server_of(p, "b", "s");
	struct mock m = {.mode = MOCK_SILENT};

	(void)state;
	mock_start(&m, loop_of(p), port);
	turn_while(p, s->state != SERVER_STOPPED);
	assert_int_equal(s->check->status, CHECK_L7TOUT);
	assert_true(s->check->duration_ms >= 60);
	mock_stop(&m);
	program_end(p);
}

static void another_port_and_address(void **state)
{
	uint16_t port = free_port();
	struct program *p;
	struct server *s;
	struct mock m = {.mode = MOCK_200};
	char words[128];

	(void)state;
	/* the service itself (port 1) is never asked */
	snprintf(words, sizeof(words), "inter 20 addr 127.0.0.1 port %u rise 1 fall 1", port);
	p = program_of(1, "backend b\n server s 127.0.0.2:1 check %s\n", words);
	s = server_of(p, "b", "s");
	mock_start(&m, loop_of(p), port);
	start(p);
	turn_while(p, s->check->status != CHECK_L4OK);
	assert_int_equal(s->state, SERVER_RUNNING);
	mock_stop(&m);
	program_end(p);
}

static void proxy_headers(void **state)
{
	uint16_t port = free_port();
	struct program *p = one_server(port, " option httpchk\n", "inter 20 send-proxy");
	struct mock m = {.mode = MOCK_200};
	char wanted[64];
	unsigned int from, to;

	(void)state;
	mock_start(&m, loop_of(p), port);
	turn_while(p, m.requests < 1);
	assert_int_equal(sscanf(m.last, "PROXY TCP4 127.0.0.1 127.0.0.1 %u %u", &from, &to), 2);
	assert_int_equal(to, port);
	snprintf(wanted, sizeof(wanted), "%u %u\r\n", from, to);
	assert_non_null(strstr(m.last, wanted));
	mock_stop(&m);
	program_end(p);

	m = (struct mock){.mode = MOCK_200};
	p = one_server(port, " option httpchk\n", "inter 20 send-proxy-v2");
	mock_start(&m, loop_of(p), port);
	turn_while(p, m.requests < 1);
	assert_memory_equal(m.last, "\r\n\r\n\0\r\nQUIT\n\x20", 13);
	mock_stop(&m);
	program_end(p);
}

static void the_server_is_told_its_state(void **state)
{
	uint16_t port = free_port();
	struct program *p = one_server(port, " option httpchk\n http-check send-state\n",
				       "inter 20 rise 2 fall 3 weight 3");
	struct mock m = {.mode = MOCK_200};
	char wanted[512];

	(void)state;
	mock_start(&m, loop_of(p), port);
	turn_while(p, m.requests < 1);
	snprintf(wanted, sizeof(wanted),
		 ": UP 1/3; address=127.0.0.1; port=%u; name=b/s; node=%s; weight=3/3; scur=0/0; "
		 "qcur=0\r\n",
		 port, p->host);
	assert_non_null(strstr(m.last, wanted));
	turn_while(p, m.requests < 2);
	assert_non_null(strstr(m.last, ": UP; address="));
	mock_stop(&m);
	program_end(p);
}

static void maintenance_pauses_checks(void **state)
{
	uint16_t port = free_port();
	struct program *p = one_server(port, "", "inter 10 rise 1 fall 1");
	struct server *s = server_of(p, "b", "s");
	struct mock m = {.mode = MOCK_200};
	uint64_t until;

	(void)state;
	server_set_admin(s, loop_of(p), SERVER_MAINT, 0, NULL);
	mock_start(&m, loop_of(p), port);
	for (until = loop_of(p)->now_ms + 60; loop_of(p)->now_ms < until;)
		loop_turn(loop_of(p), 5);
	assert_int_equal(m.connections, 0);
	server_set_admin(s, loop_of(p), 0, SERVER_MAINT, NULL);
	turn_while(p, m.connections < 2);
	health_check_set_enabled(s, false);
	turn_while(p, s->check->attempt.running);
	m.connections = 0;
	for (until = loop_of(p)->now_ms + 60; loop_of(p)->now_ms < until;)
		loop_turn(loop_of(p), 5);
	assert_int_equal(m.connections, 0);
	health_check_set_enabled(s, true);
	turn_while(p, m.connections < 1);
	mock_stop(&m);
	program_end(p);
}

static void trouble_brings_the_next_check_nearer(void **state)
{
	uint16_t port = free_port();
	struct program *p = one_server(port, "", "inter 1h fastinter 15 rise 1 fall 3");
	struct server *s = server_of(p, "b", "s");
	struct mock m = {.mode = MOCK_200};

	(void)state;
	mock_start(&m, loop_of(p), port);
	turn_while(p, s->check->status != CHECK_L4OK);
	mock_stop(&m);
	server_traffic_error(s, loop_of(p), OBSERVE_LAYER4, "Connection refused");
	turn_while(p, s->state != SERVER_STOPPED);
	program_end(p);
}

/* ---- probes */

static struct program *probed(uint16_t port, const char *words)
{
	struct program *p = program_of(1,
				       "backend b\n option httpchk\n server s 127.0.0.1:%u check "
				       "inter 1h %s\n server s2 127.0.0.1:1\n",
				       port, words);

	start(p);
	return p;
}

static void silence_makes_suspect(void **state)
{
	uint16_t port = free_port();
	struct program *p = probed(port, "");
	struct server *s = server_of(p, "b", "s");
	struct mock m = {.mode = MOCK_200};
	uint64_t before;

	(void)state;
	mock_start(&m, loop_of(p), port);
	turn_while(p, s->check->status != CHECK_L7OK);
	/* it answers: nothing happens */
	health_check_probe(s);
	turn_while(p, atomic_load(&s->check->probes) < 1 || atomic_load(&s->check->probing));
	assert_false(s->suspect);
	expect_no_log();
	/* one in flight, however many ask */
	m.mode = MOCK_SILENT;
	before = m.connections;
	for (unsigned int i = 0; i < 10; i++)
		health_check_probe(s);
	turn_while(p, !s->suspect);
	assert_int_equal(m.connections, before + 1);
	expect_log(5, "Server b/s is silent: requests go to other servers until it answers.");
	assert_false(server_usable(s));
	assert_int_equal(s->state, SERVER_RUNNING);
	assert_int_equal(atomic_load(&s->check->probe_failures), 1);
	/* it goes on by itself; a bad answer is an answer */
	m.mode = MOCK_500;
	turn_while(p, s->suspect);
	expect_log(5, "Server b/s answers again.");
	assert_true(server_usable(s));
	turn_while(p, atomic_load(&s->check->probing));
	mock_stop(&m);
	program_end(p);
}

static void a_refused_probe_is_a_failed_check(void **state)
{
	uint16_t port = free_port();
	struct program *p = probed(port, "rise 1 fall 2 fastinter 1h");
	struct server *s = server_of(p, "b", "s");
	struct mock m = {.mode = MOCK_200};

	(void)state;
	mock_start(&m, loop_of(p), port);
	turn_while(p, s->check->status != CHECK_L7OK);
	mock_stop(&m);
	health_check_probe(s);
	turn_while(p, s->check->status != CHECK_L4CON);
	assert_int_equal(s->state, SERVER_RUNNING);
	turn_while(p, atomic_load(&s->check->probing));
	health_check_probe(s);
	turn_while(p, s->state != SERVER_STOPPED);
	/* a server that is down is not probed */
	health_check_probe(s);
	loop_turn(loop_of(p), 0);
	assert_false(atomic_load(&s->check->probing));
	program_end(p);
}

static void a_suspect_that_dies_is_down(void **state)
{
	uint16_t port = free_port();
	struct program *p = probed(port, "rise 1 fall 3 fastinter 1h");
	struct server *s = server_of(p, "b", "s");
	struct mock m = {.mode = MOCK_200};

	(void)state;
	mock_start(&m, loop_of(p), port);
	turn_while(p, s->check->status != CHECK_L7OK);
	m.mode = MOCK_SILENT;
	health_check_probe(s);
	turn_while(p, !s->suspect);
	mock_stop(&m);
	/* the probes that go on meet refusals: no need to wait for the interval */
	turn_while(p, s->state != SERVER_STOPPED);
	assert_false(s->suspect);
	turn_while(p, atomic_load(&s->check->probing));
	program_end(p);
}

static void servers_without_a_check(void **state)
{
	struct program *p = program_of(1, "backend b\n server s 127.0.0.1:1\n");
	struct server *s = server_of(p, "b", "s");

	(void)state;
	health_check_probe(s);
	health_check_hurry(s);
	health_check_set_enabled(s, false);
	server_traffic_error(s, loop_of(p), OBSERVE_LAYER4, "Connection refused");
	assert_int_equal(s->state, SERVER_RUNNING);
	program_end(p);
}

/* ---- threads: checks of each in its own, asked for from all */

static _Atomic bool stop;

static void *turn(void *arg)
{
	struct worker *w = arg;

	health_checks_start(w);
	while (!atomic_load(&stop)) {
		for (unsigned int i = 0; i < w->program->proxies[0].n_servers; i++) {
			struct server *s = &w->program->proxies[0].servers[i];

			health_check_probe(s);
			health_check_hurry(s);
			(void)server_usable(s);
		}
		loop_turn(&w->loop, 1);
	}
	health_checks_stop(w);
	return NULL;
}

static void many_threads(void **state)
{
	enum { THREADS = 3 };
	uint16_t port = free_port();
	struct program *p = program_of(
	    THREADS,
	    "backend b\n option httpchk\n timeout check 50\n default-server inter 5 rise 1 fall 1\n"
	    " server s1 127.0.0.1:%u check\n server s2 127.0.0.1:%u check\n server s3 127.0.0.1:%u "
	    "check\n",
	    port, port, port);
	struct mock m = {.mode = MOCK_200};
	struct loop own;
	pthread_t threads[THREADS];
	uint64_t end;
	bool all = false;

	(void)state;
	assert_int_equal(loop_init(&own, 0, 1), 0);
	mock_start(&m, &own, port);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, turn, &p->workers[i]), 0);
	for (end = own.now_ms + 10000; own.now_ms < end && !all;) {
		loop_turn(&own, 5);
		all = m.requests > 200;
		m.mode = m.requests / 20 % 2 ? MOCK_500 : MOCK_200;
	}
	assert_true(all);
	m.mode = MOCK_200;
	for (all = false; own.now_ms < end && !all;) {
		loop_turn(&own, 5);
		all = true;
		for (unsigned int i = 0; i < THREADS; i++)
			all &= p->proxies[0].servers[i].state == SERVER_RUNNING;
	}
	assert_true(all);
	atomic_store(&stop, true);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned int i = 0; i < 3; i++)
		loop_turn(&own, 1);
	mock_stop(&m);
	program_end(p);
	drop_logs();
	loop_fini(&own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_checks_are_spread),
	    cmocka_unit_test(connecting_is_enough),
	    cmocka_unit_test(http_answers),
	    cmocka_unit_test(not_found_takes_out_of_balance),
	    cmocka_unit_test(without_timeout_check_the_interval_is_all),
	    cmocka_unit_test(another_port_and_address),
	    cmocka_unit_test(proxy_headers),
	    cmocka_unit_test(the_server_is_told_its_state),
	    cmocka_unit_test(maintenance_pauses_checks),
	    cmocka_unit_test(trouble_brings_the_next_check_nearer),
	    cmocka_unit_test(silence_makes_suspect),
	    cmocka_unit_test(a_refused_probe_is_a_failed_check),
	    cmocka_unit_test(a_suspect_that_dies_is_down),
	    cmocka_unit_test(servers_without_a_check),
	    cmocka_unit_test(many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
