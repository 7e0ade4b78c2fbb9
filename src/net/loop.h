/* SPDX-License-Identifier: MIT */
/*
 * One thread's event loop, completion-shaped (DESIGN 4): callers ask for bytes, for sending,
 * connecting or accepting, and are called back when it is done. No caller knows which engine runs
 * (io_epoll.c; later io_uring.c).
 *
 * A turn: wait for events → callbacks → timers → run queue, each with a bounded amount of work.
 * Nothing here blocks but the wait. Everything belongs to the loop's own thread but loop_post and
 * loop_wake.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/list.h"
#include "base/random.h"
#include "base/wheel.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#define LOOP_LENT_BYTES (128 * 1024) /* the shared receive buffer of a thread */

struct io;
struct loop;

/* A callback may close any io, free its own object (after io_close), and ask for more. Unused ones
 * may be NULL. */
struct io_handler {
	const char *name;
	/* n > 0: `n` bytes lent until the callback returns, and writable (LOOP_HEADROOM bytes in
	 * front of them too); 0: the peer ended its stream; < 0: -errno. One call for each io_recv.
	 */
	void (*on_data)(struct io *io, char *bytes, ssize_t n);
	/* A send that had returned IO_PENDING is through (0), or failed (-errno). */
	void (*on_sent)(struct io *io, int error);
	void (*on_connected)(struct io *io, int error); /* 0 or -errno */
	/* A new connection, non-blocking and close-on-exec; now the callee's. Goes on until
	 * io_accept_stop. */
	void (*on_accept)(struct io *io, int fd, const struct sockaddr_storage *peer);
	/* Asked before each of them; false: not now, and the callee has called io_accept_stop.
	 * NULL: always. accepted_none follows where none came. */
	bool (*may_accept)(struct io *io);
	void (*accepted_none)(struct io *io);
	/* A watched descriptor (io_watch) has something to read, or has ended: once a turn while
	 * that is so. */
	void (*on_ready)(struct io *io);
};

struct io { /* 32 bytes: an idle connection has nothing else in the engine */
	const struct io_handler *on;
	union {                               /* the engine's */
		struct io_pending *pending;   /* what could not be sent at once */
		struct io_listener *listener; /* while accepting */
	};
	int fd;         /* -1 when closed */
	uint16_t flags; /* the engine's */
	uint16_t batch; /* its place in the events at hand, + 1 */
	struct loop *loop;
};

#define IO_SEND_MAX_BYTES (4 * 1024 * 1024) /* of one io_send */
#define LOOP_HEADROOM 64 /* bytes before the lent ones that a filter or codec may overwrite */

struct task { /* an entry of the run queue: runs once, soon, in this thread */
	struct list link;
	void (*run)(struct task *t);
};

struct mail { /* a message to another thread, the sender's memory until it has run */
	struct mail *next;
	void (*run)(struct mail *m, struct loop *receiver);
};

struct loop {
	uint64_t now_ms;     /* monotonic, taken once per turn */
	uint64_t now_us;     /* the same in microseconds */
	int64_t wall_us;     /* microseconds since the epoch, the same moment */
	unsigned int thread; /* 0 .. */
	struct wheel wheel;
	struct random random;
	struct list run_queue; /* of struct task */
	void *owner;           /* the thread's own context (proxy's struct worker) */
	bool stop;
	uint64_t turns, idle_us, busy_us; /* for "show activity" */
	struct loop_engine *engine;       /* engine's state, buffers, mailbox */
};

/* 0 or -errno. */
int loop_init(struct loop *l, unsigned int thread, uint64_t seed) must_check;
void loop_fini(struct loop *l);
/* Until loop_stop (or l->stop set by a callback). */
void loop_run(struct loop *l);
/* One turn; waits at most max_wait_ms. For tests and for the last moments of a process. */
void loop_turn(struct loop *l, unsigned int max_wait_ms);
static inline void loop_stop(struct loop *l)
{
	l->stop = true;
}

void task_init(struct task *t, void (*run)(struct task *t));
/* Harmless where it is queued already. */
void task_queue(struct loop *l, struct task *t);
void task_cancel(struct task *t);
/* From any thread: `m` runs in the receiver's. */
void loop_post(struct loop *receiver, struct mail *m);
/* From any thread or a signal handler: ends its wait. */
void loop_wake(struct loop *l);

/* The io takes over a non-blocking descriptor that is not registered anywhere; no system call yet.
 */
void io_init(struct io *io, struct loop *l, int fd, const struct io_handler *on);
/* Registration, everything pending and the descriptor go; callbacks do not come any more. Harmless
 * where it is closed. */
void io_close(struct io *io);
/* The same with a RST for the peer (SO_LINGER 0). */
void io_reset(struct io *io);
/* Gives the descriptor back to the caller, unregistered. */
int io_detach(struct io *io);

/* Asks for one on_data (stream sockets, pipes, terminals). It never comes from within this call;
 * reading is tried in this turn when there may be something. */
void io_recv(struct io *io);
void io_recv_cancel(struct io *io);
static inline bool io_recv_wanted(const struct io *io);
/* True where bytes or the end of the stream are known to wait. */
bool io_readable(const struct io *io);

enum io_result { IO_DONE, IO_PENDING, IO_FAILED };
/* Sends all of it, gathered; the memory is free for reuse when this returns. IO_DONE: all is with
 * the kernel. IO_PENDING: the engine keeps the rest and calls on_sent; no other io_send before
 * that. IO_FAILED: -errno in *error; the io is not closed. `more`: more follows at once (MSG_MORE).
 * n <= 1024; more than IO_SEND_MAX_BYTES fail with -EMSGSIZE. */
enum io_result io_send(struct io *io, const struct iovec *iov, unsigned int n, bool more,
		       int *error);
static inline bool io_send_pending(const struct io *io)
{
	return io->pending != NULL;
}
/* How many bytes wait in io->pending. */
size_t io_pending_bytes(const struct io *io);
/* Ends our direction (after what is pending). */
void io_shutdown_write(struct io *io);

/* Starts connecting the io's socket; on_connected comes later, never from within. 0, or -errno at
 * once. */
int io_connect(struct io *io, const struct sockaddr *to, socklen_t len) must_check;

/* A listening socket: on_accept, at most `batch` a turn, shared between threads (EPOLLEXCLUSIVE). 0
 * or -errno. */
int io_accept_start(struct io *io, unsigned int batch) must_check;
/* Accepts what waits in the backlog now, at most `limit`: before the socket is closed for good. */
void io_accept_drain(struct io *io, unsigned int limit);
/* Other threads and processes that share the socket go on. */
void io_accept_stop(struct io *io);

/* For descriptors that their owner reads by himself (signalfd, pidfd, datagram and netlink
 * sockets): on_ready, level-triggered, until io_close or io_detach. 0 or -errno. */
int io_watch(struct io *io) must_check;

enum { IO_WANT_RECV = 1 };
static inline bool io_recv_wanted(const struct io *io)
{
	return (io->flags & IO_WANT_RECV) != 0;
}

#endif
