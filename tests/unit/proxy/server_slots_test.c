/* SPDX-License-Identifier: MIT */
/* LINK: -Wl,--wrap=server_kill_streams */
/*
 * What a server may take: weights, limits, slots and who waits for them, slow start, its address;
 * and many threads at all of it.
 */
#include "server_helper.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

void __wrap_server_kill_streams(struct server *s);
void __wrap_server_kill_streams(struct server *s)
{
	(void)s;
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
