/* SPDX-License-Identifier: MIT */
/*
 * Is the worker well: a page of memory that a worker and its guardian share. Each of the worker's
 * threads beats in it; the guardian looks at it ten times a second, and only where a beat is late
 * does it ask the kernel why. The page also says what the worker knows of the service.
 */
#ifndef APP_HEARTBEAT_H
#define APP_HEARTBEAT_H

#include "proxy/worker.h"

#include <sys/types.h>

#define HEARTBEAT_MS 100
#define HEARTBEAT_LATE_MS 300

struct heartbeat_thread {
	_Atomic uint64_t beat_ms; /* monotonic; 0: has not begun, or has ended */
	_Atomic int32_t tid;
};

struct heartbeat {                /* one for each worker, made before it is forked */
	_Atomic uint32_t service; /* enum service, see wire.h */
	_Atomic uint32_t recheck; /* the guardian counts up: find out anew */
	_Atomic bool dying;       /* its crash handler ran */
	struct heartbeat_thread thread[MAX_THREADS];
};

struct heartbeat *heartbeat_new(void) must_check;
void heartbeat_free(struct heartbeat *h);

/* In the worker, before its threads start: they beat from now on. A crash (SIGSEGV and the like) or
 * a change of `service` is told through `bell`, an eventfd. */
void heartbeat_begin(struct heartbeat *h, int bell);
/* NULL outside of a guardian's worker. */
struct heartbeat *heartbeat_mine(void);
/* Tells the guardian that there is news in the page. */
void heartbeat_ring(void);

/* In the guardian. What is wrong with the worker: NULL: nothing (or it is only short of CPU, or
 * under a debugger). The text is static. */
const char *heartbeat_complaint(const struct heartbeat *h, pid_t pid, uint64_t now_ms);
uint64_t heartbeat_clock_ms(void);

#endif
