/* SPDX-License-Identifier: MIT */
/* Beats, and what a late one means. A thread that waits for a CPU is not ill, however late it is.
 */
#include "app/heartbeat.h"

#include "net/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEADLOCK_LOOKS 15   /* asleep each time, though a timer was due: about 1.5 s */
#define ENDLESS_CPU_MS 2000 /* ran so long without coming back to its loop */
#define CRASH_STACK_BYTES 16384

static struct heartbeat *mine;
static int guardian_bell = -1;

struct beat {
	struct timer timer;
	struct worker *worker;
};
static struct beat beats[MAX_THREADS];

uint64_t heartbeat_clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct heartbeat *heartbeat_new(void)
{
	return process_share_memory(sizeof(struct heartbeat));
}

void heartbeat_free(struct heartbeat *h)
{
	process_unshare_memory(h, sizeof(*h));
}

/* ---- in the worker */

struct heartbeat *heartbeat_mine(void)
{
	return mine;
}

void heartbeat_ring(void)
{
	uint64_t one = 1;

	/* It fails only where the guardian has gone, or has not listened for 2^64 rings. */
	if (guardian_bell >= 0 && write(guardian_bell, &one, sizeof(one)) < 0)
		return;
}

static void on_crash(int number)
{
	atomic_store(&mine->dying, true);
	heartbeat_ring();
	/* SA_RESETHAND: this time it kills, with a core dump where those are wanted. */
	raise(number);
}

static void catch_crashes(void)
{
	struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_RESETHAND | SA_ONSTACK};

	for (const int *v = (const int[]){SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, 0}; *v; v++)
		sigaction(*v, &action, NULL);
}

/* A stack of its own for the handler: a thread that has used up its stack could not run it. */
static void give_crash_stack(void)
{
	stack_t stack = {.ss_size = CRASH_STACK_BYTES};

	stack.ss_sp = malloc(stack.ss_size);
	if (stack.ss_sp && sigaltstack(&stack, NULL) != 0)
		free(stack.ss_sp);
}

void heartbeat_begin(struct heartbeat *h, int bell)
{
	mine = h;
	guardian_bell = bell;
	catch_crashes();
}

static void on_beat(struct timer *t, uint64_t now_ms)
{
	struct beat *b = container_of(t, struct beat, timer);

	atomic_store_explicit(&mine->thread[b->worker->thread].beat_ms, heartbeat_clock_ms(),
			      memory_order_release);
	timer_set(&b->worker->loop.wheel, t, now_ms + HEARTBEAT_MS);
}

static void start(struct worker *w)
{
	struct beat *b = &beats[w->thread];

	if (!mine)
		return;
	give_crash_stack();
	b->worker = w;
	timer_init(&b->timer, on_beat);
	atomic_store(&mine->thread[w->thread].tid, (int32_t)gettid());
	on_beat(&b->timer, w->loop.now_ms);
}

/* Soft stop comes here too, when the thread goes on with its last clients: it beats on until its
 * loop ends, and then the page must not say that it is late. */
static void stop(struct worker *w)
{
	if (!mine || !w->loop.stop)
		return;
	timer_stop(&w->loop.wheel, &beats[w->thread].timer);
	atomic_store(&mine->thread[w->thread].beat_ms, 0);
}

static const struct worker_part heartbeat_part = {"heartbeat", start, stop};
FAMILY_ADD(worker_part, heartbeat_part);

/* ---- in the guardian */

struct thread_state {
	char state;      /* proc(5): R S D T t Z X */
	uint64_t ran_ms; /* user and system time */
};

static bool read_small(const char *path, char *dst, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, dst, size - 1);

	if (fd >= 0)
		close(fd);
	dst[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool look_at_thread(pid_t pid, int tid, struct thread_state *out)
{
	unsigned long long ran_ns;
	char path[64], text[512], *behind_name;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid, tid);
	if (!read_small(path, text, sizeof(text)))
		return false;
	behind_name = strrchr(text, ')');
	if (!behind_name || strlen(behind_name) < 3)
		return false;
	out->state = behind_name[2];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)pid, tid);
	if (!read_small(path, text, sizeof(text)) || sscanf(text, "%llu", &ran_ns) != 1)
		return false;
	out->ran_ms = ran_ns / 1000000;
	return true;
}

/* What was seen since a thread was first found late. It is counted in looks, not by the clock:
 * after a pause of the whole machine everything looks late once. */
struct late {
	uint64_t beat_ms, ran_ms;
	unsigned int looks;
};
static struct late lates[MAX_THREADS];

static const char *judge(struct late *late, const struct thread_state *s, uint64_t beat_ms)
{
	if (late->beat_ms != beat_ms)
		*late = (struct late){beat_ms, s->ran_ms, 0};
	late->looks++;
	if (s->state == 'T')
		return "it is stopped";
	if (s->state == 't')
		return NULL; /* under a debugger */
	if (s->ran_ms - late->ran_ms > ENDLESS_CPU_MS)
		return "a thread runs without end";
	if ((s->state == 'S' || s->state == 'D') && late->looks > DEADLOCK_LOOKS)
		return "a thread waits without end";
	return NULL;
}

const char *heartbeat_complaint(const struct heartbeat *h, pid_t pid, uint64_t now_ms)
{
	for (unsigned int i = 0; i < MAX_THREADS; i++) {
		uint64_t beat = atomic_load_explicit(&h->thread[i].beat_ms, memory_order_acquire);
		struct thread_state state;
		const char *complaint;

		if (!beat || now_ms < beat + HEARTBEAT_LATE_MS ||
		    !look_at_thread(pid, atomic_load(&h->thread[i].tid), &state))
			continue;
		complaint = judge(&lates[i], &state, beat);
		if (complaint)
			return complaint;
	}
	return NULL;
}
