/* SPDX-License-Identifier: MIT */
/* Turns, timers, the run queue, mail between two loops in two threads, and that an idle loop
 * sleeps. */
#include "net_helper.h"

#include <pthread.h>
#include <stdlib.h>

#define TIMERS 1000
#define MAILS 20000

static struct loop loop;

static int start(void **state)
{
	(void)state;
	return loop_init(&loop, 0, 1);
}

static int stop(void **state)
{
	(void)state;
	loop_fini(&loop);
	return 0;
}

/* ---- timers */

struct counted_timer {
	struct timer timer;
	uint64_t due_ms;
};
static unsigned int fired, too_early;

static void count_timer(struct timer *t, uint64_t now_ms)
{
	struct counted_timer *c = container_of(t, struct counted_timer, timer);

	fired++;
	too_early += now_ms < c->due_ms;
}

static void test_thousand_timers(void **state)
{
	struct counted_timer *t = calloc(TIMERS, sizeof(*t));
	unsigned int i;

	(void)state;
	fired = too_early = 0;
	for (i = 0; i < TIMERS; i++) {
		timer_init(&t[i].timer, count_timer);
		t[i].due_ms = loop.now_ms + i % 100;
		timer_set(&loop.wheel, &t[i].timer, t[i].due_ms);
	}
	turn_until(&loop, &fired, TIMERS);
	assert_int_equal(fired, TIMERS);
	assert_int_equal(too_early, 0);
	free(t);
}

static void test_idle_loop_sleeps(void **state)
{
	struct counted_timer t = {.due_ms = loop.now_ms + 150};
	uint64_t turns = loop.turns;

	(void)state;
	fired = too_early = 0;
	timer_init(&t.timer, count_timer);
	timer_set(&loop.wheel, &t.timer, t.due_ms);
	while (!fired)
		loop_turn(&loop, 60000);
	/* Some more than one, for the wheel may wake early; a busy loop would take thousands. */
	assert_true(loop.turns - turns < 100);
	assert_int_equal(too_early, 0);
	assert_true(loop.idle_us > 0);
}

static void test_turn_waits_no_longer_than_asked(void **state)
{
	uint64_t before;

	(void)state;
	loop_turn(&loop, 0);
	before = loop.now_ms;
	loop_turn(&loop, 20);
	assert_true(loop.now_ms >= before + 20);
}

/* ---- tasks */

static unsigned int ran[4], order;
static struct task tasks[4];

static void run_plain(struct task *t)
{
	ran[t - tasks] = ++order;
}

static void run_again(struct task *t)
{
	ran[t - tasks] = ++order;
	task_queue(&loop, t);
}

static void run_cancels_next(struct task *t)
{
	ran[t - tasks] = ++order;
	task_cancel(t + 1);
}

static void reset_tasks(void (*run)(struct task *t))
{
	unsigned int i;

	order = 0;
	for (i = 0; i < 4; i++) {
		ran[i] = 0;
		task_init(&tasks[i], run);
	}
}

static void test_tasks_run_once_in_order(void **state)
{
	unsigned int i;

	(void)state;
	reset_tasks(run_plain);
	for (i = 0; i < 4; i++) {
		task_queue(&loop, &tasks[3 - i]);
		task_queue(&loop, &tasks[3 - i]);
	}
	loop_turn(&loop, 1000);
	for (i = 0; i < 4; i++)
		assert_int_equal(ran[3 - i], i + 1);
	turn_idle(&loop, 3);
	assert_int_equal(order, 4);
}

static void test_task_that_requeues_itself_does_not_hold_the_turn(void **state)
{
	(void)state;
	reset_tasks(run_again);
	task_queue(&loop, &tasks[0]);
	loop_turn(&loop, 1000);
	assert_true(order >= 1 && order <= 8);
	task_cancel(&tasks[0]);
	order = 0;
	turn_idle(&loop, 3);
	assert_int_equal(order, 0);
}

static void test_task_cancels_another(void **state)
{
	(void)state;
	reset_tasks(run_cancels_next);
	task_queue(&loop, &tasks[0]);
	task_queue(&loop, &tasks[1]);
	task_queue(&loop, &tasks[2]);
	loop_turn(&loop, 1000);
	assert_int_equal(ran[0], 1);
	assert_int_equal(ran[1], 0);
	assert_int_equal(ran[2], 2);
}

/* ---- mail between threads */

struct numbered_mail {
	struct mail mail;
	struct loop *sender;
	unsigned int number;
};

struct peer {
	pthread_t thread;
	struct loop loop;
	struct numbered_mail *mails;
	struct peer *other;
	struct task pump;
	unsigned int sent, answered, expected, wrong;
};

static void on_answer(struct mail *m, struct loop *receiver)
{
	struct peer *p = receiver->owner;

	p->wrong += container_of(m, struct numbered_mail, mail)->sender != receiver;
	if (++p->answered == MAILS && p->expected == MAILS)
		loop_stop(receiver);
}

/* In the other thread: sends it back. */
static void on_question(struct mail *m, struct loop *receiver)
{
	struct numbered_mail *n = container_of(m, struct numbered_mail, mail);
	struct peer *p = receiver->owner;

	p->wrong += n->number != p->expected++;
	m->run = on_answer;
	loop_post(n->sender, m);
	if (p->answered == MAILS && p->expected == MAILS)
		loop_stop(receiver);
}

static void pump_mail(struct task *t)
{
	struct peer *p = container_of(t, struct peer, pump);
	unsigned int i;

	for (i = 0; i < 64 && p->sent < MAILS; i++) {
		struct numbered_mail *n = &p->mails[p->sent];

		n->mail.run = on_question;
		n->sender = &p->loop;
		n->number = p->sent++;
		loop_post(&p->other->loop, &n->mail);
	}
	if (p->sent < MAILS)
		task_queue(&p->loop, t);
}

static void *run_peer(void *arg)
{
	struct peer *p = arg;

	task_queue(&p->loop, &p->pump);
	loop_run(&p->loop);
	return NULL;
}

static void test_two_loops_post_mail(void **state)
{
	struct peer p[2] = {0};
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(loop_init(&p[i].loop, i, i), 0);
		p[i].mails = calloc(MAILS, sizeof(*p[i].mails));
		p[i].other = &p[1 - i];
		p[i].loop.owner = &p[i];
		task_init(&p[i].pump, pump_mail);
	}
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&p[i].thread, NULL, run_peer, &p[i]), 0);
	for (i = 0; i < 2; i++)
		pthread_join(p[i].thread, NULL);
	for (i = 0; i < 2; i++) {
		/* One stopped when all was answered; what it owed the other may still be in the
		 * box. */
		turn_idle(&p[i].loop, 1);
		assert_int_equal(p[i].expected, MAILS);
		assert_int_equal(p[i].answered, MAILS);
		assert_int_equal(p[i].wrong, 0);
	}
	for (i = 0; i < 2; i++) {
		loop_fini(&p[i].loop);
		free(p[i].mails);
	}
}

static void stop_receiver(struct mail *m, struct loop *receiver)
{
	(void)m;
	loop_stop(receiver);
}

static void *run_forever(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void test_mail_ends_the_wait(void **state)
{
	struct mail m = {.run = stop_receiver};
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, run_forever, &loop), 0);
	loop_wake(&loop);
	loop_post(&loop, &m);
	pthread_join(thread, NULL); /* would take a minute otherwise */
	assert_true(loop.stop);
}

static void test_wake_ends_one_wait_each(void **state)
{
	uint64_t before = loop.now_ms;

	(void)state;
	loop_wake(&loop);
	loop_turn(&loop, 60000);
	loop_wake(&loop);
	loop_turn(&loop, 60000);
	assert_true(loop.now_ms - before < 60000);
	before = loop.now_ms;
	loop_turn(&loop, 20);
	assert_true(loop.now_ms >= before + 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_thousand_timers, start, stop),
	    cmocka_unit_test_setup_teardown(test_idle_loop_sleeps, start, stop),
	    cmocka_unit_test_setup_teardown(test_turn_waits_no_longer_than_asked, start, stop),
	    cmocka_unit_test_setup_teardown(test_tasks_run_once_in_order, start, stop),
	    cmocka_unit_test_setup_teardown(test_task_that_requeues_itself_does_not_hold_the_turn,
					    start, stop),
	    cmocka_unit_test_setup_teardown(test_task_cancels_another, start, stop),
	    cmocka_unit_test_setup_teardown(test_two_loops_post_mail, start, stop),
	    cmocka_unit_test_setup_teardown(test_mail_ends_the_wait, start, stop),
	    cmocka_unit_test_setup_teardown(test_wake_ends_one_wait_each, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
