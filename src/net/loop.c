/* SPDX-License-Identifier: MIT */
/*
 * A turn of the event loop: wait, mail, ready ios, timers, run queue. What callbacks and tasks make
 * ready is served in the same turn, in at most TURN_ROUNDS rounds: an io is read and a task is run
 * at most once a round, so no busy stream starves the others, and a whole request costs one share
 * of one wait.
 */
#include "net/loop.h"

#include "net/io_engine.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define TURN_ROUNDS 4
#define TURN_TIMERS 512
#define TURN_SPINS 8      /* so many empty turns without a wait, then a wait of 1 ms */
#define RUN_WAIT_MS 60000 /* of a loop without timers */

static uint64_t monotonic_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void take_time(struct loop *l)
{
	struct timespec ts;

	l->now_us = monotonic_us();
	l->now_ms = l->now_us / 1000;
	clock_gettime(CLOCK_REALTIME, &ts);
	l->wall_us = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int loop_init(struct loop *l, unsigned int thread, uint64_t seed)
{
	struct loop_engine *e;
	int error;

	memset(l, 0, sizeof(*l));
	e = aligned_alloc(_Alignof(struct loop_engine), sizeof(*e));
	if (!e)
		return -ENOMEM;
	memset(e, 0, sizeof(*e));
	e->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	error = e->wake_fd < 0 ? -errno : engine_init(e);
	if (error) {
		if (e->wake_fd >= 0)
			close(e->wake_fd);
		free(e);
		return error;
	}
	l->engine = e;
	l->thread = thread;
	list_init(&l->run_queue);
	random_init(&l->random, seed);
	take_time(l);
	wheel_init(&l->wheel, l->now_ms);
	return 0;
}

void loop_fini(struct loop *l)
{
	if (!l->engine)
		return;
	engine_fini(l->engine);
	close(l->engine->wake_fd);
	free(l->engine);
	l->engine = NULL;
}

/* How long this turn may wait; *from_us is when the wait begins. */
static int wait_ms(struct loop *l, unsigned int max_ms, uint64_t *from_us)
{
	struct loop_engine *e = l->engine;
	uint64_t next;

	if (max_ms == 0 || e->count || !list_empty(&l->run_queue))
		return 0;
	*from_us = monotonic_us();
	if (max_ms > INT_MAX)
		max_ms = INT_MAX;
	next = wheel_next_ms(&l->wheel, *from_us / 1000, max_ms);
	if (next == 0 && e->spins >= TURN_SPINS)
		return 1;
	return next > max_ms ? (int)max_ms : (int)next;
}

static unsigned int run_mail(struct loop *l)
{
	struct loop_engine *e = l->engine;
	struct mail *m, *next, *first = NULL;
	unsigned int n = 0;

	if (!atomic_load_explicit(&e->mail, memory_order_relaxed))
		return 0;
	for (m = atomic_exchange_explicit(&e->mail, NULL, memory_order_acquire); m; m = next) {
		next = m->next;
		m->next = first;
		first = m;
	}
	for (m = first; m; m = next) {
		next = m->next;
		m->run(m, l);
		n++;
	}
	return n;
}

static unsigned int serve_ready(struct loop_engine *e)
{
	unsigned int i, n = e->count;

	for (i = 0; i < n; i++) {
		struct io *io = e->ready[e->head];

		e->ready[e->head] = NULL;
		e->head = (e->head + 1) & (ENGINE_READY - 1);
		e->count--;
		if (!io)
			continue;
		io->batch = 0;
		e->current = io;
		engine_serve(e, io);
	}
	e->current = NULL;
	return n;
}

/* What is queued now runs once; what is queued meanwhile waits for the next round. */
static unsigned int run_tasks(struct loop *l)
{
	struct list now, *node;
	unsigned int n = 0;

	if (list_empty(&l->run_queue))
		return 0;
	list_insert_after(&l->run_queue, &now);
	list_remove(&l->run_queue);
	while ((node = list_pop(&now))) {
		struct task *t = LIST_ENTRY(node, struct task, link);

		t->run(t);
		n++;
	}
	return n;
}

void loop_turn(struct loop *l, unsigned int max_wait_ms)
{
	struct loop_engine *e = l->engine;
	uint64_t last_us = l->now_us, wait_us = 0;
	int timeout_ms = wait_ms(l, max_wait_ms, &wait_us);
	unsigned int round, work = engine_wait(l, timeout_ms);

	take_time(l);
	if (!timeout_ms)
		wait_us = l->now_us;
	l->busy_us += wait_us - last_us;
	l->idle_us += l->now_us - wait_us;
	l->turns++;

	work += run_mail(l);
	work += serve_ready(e);
	work += wheel_advance(&l->wheel, l->now_ms, TURN_TIMERS);
	work += run_tasks(l);
	for (round = 1; round < TURN_ROUNDS && (e->count || !list_empty(&l->run_queue)); round++) {
		serve_ready(e);
		run_tasks(l);
	}
	e->spins = work || timeout_ms ? 0 : e->spins + 1;
}

void loop_run(struct loop *l)
{
	while (!l->stop)
		loop_turn(l, RUN_WAIT_MS);
}

void task_init(struct task *t, void (*run)(struct task *t))
{
	list_init(&t->link);
	t->run = run;
}

void task_queue(struct loop *l, struct task *t)
{
	if (list_empty(&t->link))
		list_append(&l->run_queue, &t->link);
}

void task_cancel(struct task *t)
{
	list_remove(&t->link);
}

void loop_post(struct loop *receiver, struct mail *m)
{
	struct loop_engine *e = receiver->engine;
	struct mail *top = atomic_load_explicit(&e->mail, memory_order_relaxed);

	do {
		m->next = top;
	} while (!atomic_compare_exchange_weak_explicit(&e->mail, &top, m, memory_order_release,
							memory_order_relaxed));
	if (!top)
		loop_wake(receiver);
}

void loop_wake(struct loop *l)
{
	uint64_t one = 1;
	int saved = errno;
	ssize_t n;

	/* It cannot fail: the counter, which nobody reads, would have to reach 2^64 - 1. */
	n = write(l->engine->wake_fd, &one, sizeof(one));
	(void)n;
	errno = saved;
}
