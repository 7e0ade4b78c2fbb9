/* SPDX-License-Identifier: MIT */
/*
 * What loop.c and an engine share: the state of a thread's engine, the flags of an io, and the
 * ready ring.
 *
 * The ready ring holds the ios that something can be done for now. An io stands in it at most once
 * and knows its place (io->batch - 1), so that io_close takes it out in O(1) and no event reaches a
 * closed io. All events of a wait go into the ring before the first callback. A ring that is full
 * is no loss: the engine makes the kernel report the io anew.
 */
#ifndef NET_IO_ENGINE_H
#define NET_IO_ENGINE_H

#include "net/loop.h"

#include <stdatomic.h>
#include <sys/epoll.h>

#define ENGINE_EVENTS 256       /* events fetched in one wait */
#define ENGINE_READY 1024       /* places of the ready ring, a power of two */
#define ENGINE_ACCEPT_PAUSE 100 /* ms, when descriptors or memory have run out */

enum io_flag { /* of struct io; 1 is IO_WANT_RECV */
	       IO_REGISTERED = 1 << 1,
	       IO_TRY = 1 << 2,      /* nothing is known of it yet: reading is tried */
	       IO_READABLE = 1 << 3, /* bytes, the end or an error wait */
	       IO_ENDED = 1 << 4,    /* the end or an error was seen: a short read proves nothing */
	       IO_WRITABLE = 1 << 5, /* room to write was seen, while something waited for it */
	       IO_CONNECTING = 1 << 6,
	       IO_LISTENING = 1 << 7,
	       IO_WATCHED = 1 << 8,
	       IO_SHUTDOWN = 1 << 9, /* shut our direction down after what is pending */
	       IO_PLAIN = 1 << 10,   /* not a socket */
	       IO_BROKEN = 1 << 11,  /* the kernel would not register it */
};

struct io_pending {
	size_t sent, bytes;
	char data[];
};

struct io_listener {
	struct io *io;
	unsigned int batch;
	struct timer resume; /* set while paused */
};

struct loop_engine {
	_Alignas(64) _Atomic(struct mail *) mail; /* written by other threads */
	int wake_fd;
	_Alignas(64) int poll_fd;
	unsigned int head, count; /* of the ready ring */
	unsigned int spins;       /* turns in a row that had nothing to do and did not wait */
	struct io *current;       /* whose callback runs; NULL once it is closed */
	char *lent;               /* LOOP_LENT_BYTES, LOOP_HEADROOM in front */
	struct io *ready[ENGINE_READY];
	struct epoll_event events[ENGINE_EVENTS];
};

/* Puts an io into the ready ring. False where the ring is full. */
static inline bool engine_make_ready(struct io *io)
{
	struct loop_engine *e = io->loop->engine;
	unsigned int slot = (e->head + e->count) & (ENGINE_READY - 1);

	if (io->batch)
		return true;
	if (e->count == ENGINE_READY)
		return false;
	e->count++;
	e->ready[slot] = io;
	io->batch = (uint16_t)(slot + 1);
	return true;
}

/* The engine's half of loop_init and loop_fini. 0 or -errno. */
int engine_init(struct loop_engine *e) must_check;
void engine_fini(struct loop_engine *e);
/* Waits and fills the ready ring; the number of events. timeout_ms 0: does not wait. */
unsigned int engine_wait(struct loop *l, int timeout_ms);
/* Does what can be done for an io that came out of the ready ring. */
void engine_serve(struct loop_engine *e, struct io *io);

#endif
