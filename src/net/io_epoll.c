/* SPDX-License-Identifier: MIT */
/*
 * The epoll engine behind loop.h. Optimistic: reading and writing are tried at once, and a
 * descriptor is registered when the first EAGAIN makes it necessary: once, edge-triggered, for
 * everything, until it is closed. A short read means that the socket is empty, unless its end was
 * seen (the FIN has no edge of its own then). Listening and watched descriptors are
 * level-triggered.
 *
 *     epoll_wait → note_event (flags, ready ring) → engine_serve: connected, flush, receive →
 * callbacks
 *
 * After any callback the io may be gone: engine->current is NULL then.
 */
#include "net/io_engine.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int engine_init(struct loop_engine *e)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
	int error;

	e->lent = malloc(LOOP_HEADROOM + LOOP_LENT_BYTES);
	if (!e->lent)
		return -ENOMEM;
	e->lent += LOOP_HEADROOM;
	e->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	/* Each write to the eventfd is an edge, so it is never read. */
	if (e->poll_fd >= 0 && epoll_ctl(e->poll_fd, EPOLL_CTL_ADD, e->wake_fd, &ev) == 0)
		return 0;
	error = -errno;
	engine_fini(e);
	return error;
}

void engine_fini(struct loop_engine *e)
{
	if (e->poll_fd >= 0)
		close(e->poll_fd);
	e->poll_fd = -1;
	if (e->lent)
		free(e->lent - LOOP_HEADROOM);
	e->lent = NULL;
}

static void note_event(struct io *io, uint32_t events)
{
	unsigned int flags = io->flags;

	if (flags & (IO_LISTENING | IO_WATCHED)) {
		engine_make_ready(io);
		return;
	}
	if (events & EPOLLIN)
		flags |= IO_READABLE;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		flags |= IO_READABLE | IO_ENDED;
	if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) && (io->pending || flags & IO_CONNECTING))
		flags |= IO_WRITABLE;
	io->flags = (uint16_t)flags;
	if (flags & IO_WRITABLE || (flags & IO_WANT_RECV && flags & IO_READABLE))
		engine_make_ready(io);
}

unsigned int engine_wait(struct loop *l, int timeout_ms)
{
	struct loop_engine *e = l->engine;
	unsigned int space = ENGINE_READY - e->count;
	int i, n;

	if (!space)
		return 0;
	n = epoll_wait(e->poll_fd, e->events, space < ENGINE_EVENTS ? (int)space : ENGINE_EVENTS,
		       timeout_ms);
	if (n < 0) {
		CHECK(errno == EINTR);
		return 0;
	}
	for (i = 0; i < n; i++)
		if (e->events[i].data.ptr)
			note_event(e->events[i].data.ptr, e->events[i].events);
	return (unsigned int)n;
}

/* Registers; where that is done already, makes the kernel report anew what is ready. */
static int epoll_register(struct io *io, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = io};
	int how = io->flags & IO_REGISTERED ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (epoll_ctl(io->loop->engine->poll_fd, how, io->fd, &ev) < 0)
		return -errno;
	io->flags |= IO_REGISTERED;
	return 0;
}

static int register_stream(struct io *io)
{
	return epoll_register(io, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

/* Explicitly, even before close(): another process may hold the same socket. */
static void unregister(struct io *io)
{
	if (io->flags & IO_REGISTERED)
		epoll_ctl(io->loop->engine->poll_fd, EPOLL_CTL_DEL, io->fd, NULL);
	io->flags &= (uint16_t)~IO_REGISTERED;
}

void io_init(struct io *io, struct loop *l, int fd, const struct io_handler *on)
{
	*io = (struct io){.on = on, .fd = fd, .flags = IO_TRY, .loop = l};
}

int io_detach(struct io *io)
{
	struct loop_engine *e = io->loop->engine;
	int fd = io->fd;

	if (fd < 0)
		return -1;
	if (io->batch)
		e->ready[io->batch - 1] = NULL;
	if (e->current == io)
		e->current = NULL;
	if (io->flags & IO_LISTENING)
		io_accept_stop(io);
	unregister(io);
	free(io->pending);
	io->pending = NULL;
	io->batch = io->flags = 0;
	io->fd = -1;
	return fd;
}

void io_close(struct io *io)
{
	int fd = io_detach(io);

	if (fd >= 0)
		close(fd);
}

void io_reset(struct io *io)
{
	static const struct linger now = {.l_onoff = 1, .l_linger = 0};

	if (io->fd >= 0)
		setsockopt(io->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	io_close(io);
}

/* ---- receiving */

static void await_readable(struct io *io)
{
	if (io->flags & IO_REGISTERED || register_stream(io) == 0)
		return;
	io->flags |= IO_BROKEN;
	engine_make_ready(io);
}

void io_recv(struct io *io)
{
	io->flags |= IO_WANT_RECV;
	if (io->flags & IO_CONNECTING)
		return;
	if (!(io->flags & (IO_READABLE | IO_TRY)))
		await_readable(io);
	else if (!engine_make_ready(io) && register_stream(io) < 0)
		io->flags |= IO_BROKEN;
}

void io_recv_cancel(struct io *io)
{
	io->flags &= (uint16_t)~IO_WANT_RECV;
}

bool io_readable(const struct io *io)
{
	return io->flags & IO_READABLE;
}

static ssize_t receive(struct io *io, char *bytes)
{
	ssize_t n;

	do {
		n = io->flags & IO_PLAIN ? read(io->fd, bytes, LOOP_LENT_BYTES)
					 : recv(io->fd, bytes, LOOP_LENT_BYTES, MSG_DONTWAIT);
		if (n < 0 && errno == ENOTSOCK && !(io->flags & IO_PLAIN)) {
			io->flags |= IO_PLAIN;
			errno = EINTR;
		}
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static void serve_recv(struct loop_engine *e, struct io *io)
{
	ssize_t n = receive(io, e->lent);

	io->flags &= (uint16_t)~IO_TRY;
	if (n == -EAGAIN) {
		io->flags &= (uint16_t) ~(IO_READABLE | IO_ENDED);
		await_readable(io);
		return;
	}
	if (n <= 0)
		io->flags |= IO_READABLE | IO_ENDED;
	else if (n == LOOP_LENT_BYTES)
		io->flags |= IO_READABLE;
	else if (!(io->flags & IO_ENDED))
		io->flags &= (uint16_t)~IO_READABLE;
	io->flags &= (uint16_t)~IO_WANT_RECV;
	io->on->on_data(io, n < 0 ? NULL : e->lent, n);
}

/* ---- sending */

static ssize_t transmit(struct io *io, const struct iovec *iov, unsigned int n, bool more)
{
	struct msghdr msg = {.msg_iov = (struct iovec *)iov, .msg_iovlen = n};
	int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0);
	ssize_t sent;

	do {
		if (io->flags & IO_PLAIN)
			sent = writev(io->fd, iov, (int)n);
		else if (n == 1)
			sent = send(io->fd, iov->iov_base, iov->iov_len, flags);
		else
			sent = sendmsg(io->fd, &msg, flags);
		if (sent < 0 && errno == ENOTSOCK && !(io->flags & IO_PLAIN)) {
			io->flags |= IO_PLAIN;
			errno = EINTR;
		}
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

/* Copies what is left after `skip` bytes of iov. */
static struct io_pending *keep_rest(const struct iovec *iov, unsigned int n, size_t skip,
				    size_t rest)
{
	struct io_pending *p = malloc(sizeof(*p) + rest);
	unsigned int i;

	if (!p)
		return NULL;
	p->sent = p->bytes = 0;
	for (i = 0; i < n; i++) {
		size_t part = iov[i].iov_len;

		if (skip >= part) {
			skip -= part;
			continue;
		}
		memcpy(p->data + p->bytes, (const char *)iov[i].iov_base + skip, part - skip);
		p->bytes += part - skip;
		skip = 0;
	}
	return p;
}

enum io_result io_send(struct io *io, const struct iovec *iov, unsigned int n, bool more,
		       int *error)
{
	size_t total = 0;
	ssize_t sent;
	unsigned int i;

	CHECK(!io->pending);
	for (i = 0; i < n; i++)
		total += iov[i].iov_len;
	if (total == 0)
		return IO_DONE;
	sent = total > IO_SEND_MAX_BYTES ? -EMSGSIZE : transmit(io, iov, n, more);
	if (likely(sent == (ssize_t)total))
		return IO_DONE;
	if (sent == -EAGAIN)
		sent = 0;
	if (sent >= 0) {
		io->pending = keep_rest(iov, n, (size_t)sent, total - (size_t)sent);
		if (!io->pending)
			sent = -ENOMEM;
		else if (!(io->flags & IO_REGISTERED))
			sent = register_stream(io);
	}
	if (sent >= 0)
		return IO_PENDING;
	free(io->pending);
	io->pending = NULL;
	*error = (int)sent;
	return IO_FAILED;
}

size_t io_pending_bytes(const struct io *io)
{
	return io->pending ? io->pending->bytes - io->pending->sent : 0;
}

static void serve_flush(struct io *io)
{
	struct io_pending *p = io->pending;
	struct iovec iov = {p->data + p->sent, p->bytes - p->sent};
	ssize_t n = transmit(io, &iov, 1, false);

	if (n == -EAGAIN)
		return;
	if (n >= 0) {
		p->sent += (size_t)n;
		if (p->sent < p->bytes)
			return;
		n = 0;
	}
	free(p);
	io->pending = NULL;
	if (io->flags & IO_SHUTDOWN)
		shutdown(io->fd, SHUT_WR);
	if (io->on->on_sent)
		io->on->on_sent(io, (int)n);
}

void io_shutdown_write(struct io *io)
{
	if (io->pending)
		io->flags |= IO_SHUTDOWN;
	else
		shutdown(io->fd, SHUT_WR);
}

/* ---- connecting */

int io_connect(struct io *io, const struct sockaddr *to, socklen_t len)
{
	int error = connect(io->fd, to, len) == 0 ? 0 : -errno;

	if (error && error != -EINPROGRESS)
		return error;
	io->flags = (uint16_t)((io->flags & ~IO_TRY) | IO_CONNECTING);
	if (error == 0) {
		io->flags |= IO_WRITABLE;
		if (engine_make_ready(io))
			return 0;
	}
	error = register_stream(io);
	if (error)
		io->flags &= (uint16_t)~IO_CONNECTING;
	return error;
}

static void serve_connected(struct io *io)
{
	int error = 0;
	socklen_t len = sizeof(error);

	io->flags &= (uint16_t)~IO_CONNECTING;
	if (io->flags & IO_ENDED && getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (io->flags & IO_WANT_RECV)
		io_recv(io);
	if (io->on->on_connected)
		io->on->on_connected(io, -error);
}

/* ---- accepting */

static int register_listener(struct io *io)
{
	return epoll_register(io, EPOLLIN | EPOLLEXCLUSIVE);
}

static void pause_accepting(struct io *io)
{
	unregister(io);
	timer_set(&io->loop->wheel, &io->listener->resume, io->loop->now_ms + ENGINE_ACCEPT_PAUSE);
}

static void resume_accepting(struct timer *t, uint64_t now_ms)
{
	struct io_listener *listener = container_of(t, struct io_listener, resume);

	(void)now_ms;
	if (register_listener(listener->io) < 0)
		pause_accepting(listener->io);
}

int io_accept_start(struct io *io, unsigned int batch)
{
	struct io_listener *listener = malloc(sizeof(*listener));
	int error;

	CHECK(!io->pending);
	if (!listener)
		return -ENOMEM;
	error = register_listener(io);
	if (error) {
		free(listener);
		return error;
	}
	listener->io = io;
	listener->batch = batch ? batch : 1;
	timer_init(&listener->resume, resume_accepting);
	io->listener = listener;
	io->flags |= IO_LISTENING;
	return 0;
}

void io_accept_stop(struct io *io)
{
	if (!(io->flags & IO_LISTENING))
		return;
	timer_stop(&io->loop->wheel, &io->listener->resume);
	unregister(io);
	free(io->listener);
	io->listener = NULL;
	io->flags &= (uint16_t)~IO_LISTENING;
}

/* Errors of the one connection that was about to be accepted, see accept(2). */
static bool accept_goes_on(int error)
{
	switch (error) {
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case ENOPROTOOPT:
	case EPERM:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET:
	case EOPNOTSUPP:
		return true;
	default:
		return false;
	}
}

void io_accept_drain(struct io *io, unsigned int limit)
{
	while (limit-- > 0) {
		struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
		socklen_t len = sizeof(peer);
		int fd =
		    accept4(io->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			io->on->on_accept(io, fd, &peer);
		else if (!accept_goes_on(errno))
			return;
	}
}

static void serve_accept(struct loop_engine *e, struct io *io)
{
	struct sockaddr_storage peer;
	unsigned int i, batch = io->listener->batch;

	for (i = 0; i < batch; i++) {
		socklen_t len = sizeof(peer);
		int fd;

		if (io->on->may_accept && !io->on->may_accept(io))
			return;
		fd = accept4(io->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			int error = errno;

			if (io->on->accepted_none)
				io->on->accepted_none(io);
			if (accept_goes_on(error))
				continue;
			if (error != EAGAIN)
				pause_accepting(io);
			return;
		}
		if (len < sizeof(peer.ss_family))
			peer.ss_family = AF_UNSPEC;
		io->on->on_accept(io, fd, &peer);
		if (e->current != io || !(io->flags & IO_LISTENING))
			return;
	}
}

/* ---- the rest */

int io_watch(struct io *io)
{
	int error = epoll_register(io, EPOLLIN);

	if (error == 0)
		io->flags |= IO_WATCHED;
	return error;
}

void engine_serve(struct loop_engine *e, struct io *io)
{
	if (io->flags & IO_LISTENING) {
		serve_accept(e, io);
		return;
	}
	if (io->flags & IO_WATCHED) {
		io->on->on_ready(io);
		return;
	}
	if (io->flags & IO_WRITABLE) {
		io->flags &= (uint16_t)~IO_WRITABLE;
		if (io->flags & IO_CONNECTING)
			serve_connected(io);
		if (e->current == io && io->pending)
			serve_flush(io);
		if (e->current != io)
			return;
	}
	if (!(io->flags & IO_WANT_RECV))
		return;
	if (io->flags & IO_BROKEN) {
		io->flags &= (uint16_t)~IO_WANT_RECV;
		io->on->on_data(io, NULL, -ENOMEM);
	} else if (io->flags & (IO_READABLE | IO_TRY)) {
		serve_recv(e, io);
	}
}
