/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets. All threads wait on the same socket; the kernel wakes one of them. A limit
 * that is reached pauses the listener in all threads: clients wait in the kernel's backlog, and are
 * served when others have gone.
 */
#include "proxy/listener.h"

#include "proxy/front.h"

#include "config/model_vrrp.h"

#include "net/address.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define ACCEPT_BATCH 64
#define RETIRE_BATCH 4096

struct listener_io { /* one thread's share of a listener */
	struct io io;
	struct listener *listener;
	struct mail wake; /* accept again: a limit is no longer reached */
	_Atomic bool waking;
	struct timer next_second; /* a rate limit was reached: accept again then */
	bool accepting;
	bool has_place; /* for the connection that is being accepted */
};

static struct listener_io *share(struct listener *l, unsigned int thread)
{
	return &l->shares[thread];
}

static bool limit_reached(const struct listener *l)
{
	const struct proxy *px = l->proxy;
	const struct program *p = px->program;
	uint32_t limit = atomic_load_explicit(&p->maxconn, memory_order_relaxed);

	if (limit && atomic_load_explicit(&p->actconn, memory_order_relaxed) >= limit) {
		atomic_store_explicit(&px->program->some_paused, true, memory_order_relaxed);
		return true;
	}
	limit = atomic_load_explicit(&px->fe_maxconn, memory_order_relaxed);
	if (limit && atomic_load_explicit(&px->fe_connections, memory_order_relaxed) >= limit)
		return true;
	return l->conf->maxconn &&
	       atomic_load_explicit(&l->connections, memory_order_relaxed) >= l->conf->maxconn;
}

/* One more, where there are less than `limit` (0: any number). */
static bool take_one(_Atomic uint32_t *n, uint32_t limit)
{
	uint32_t old = atomic_load_explicit(n, memory_order_relaxed);

	do {
		if (limit && old >= limit)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(n, &old, old + 1, memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

static void give_one(_Atomic uint32_t *n)
{
	atomic_fetch_sub_explicit(n, 1, memory_order_relaxed);
}

/* A place for a connection in listener, frontend and process: before it is accepted, so that
 * threads together never exceed a limit. */
static bool take_place(struct listener *l)
{
	struct proxy *px = l->proxy;
	struct program *p = px->program;

	if (!take_one(&l->connections, l->conf->maxconn))
		return false;
	if (take_one(&px->fe_connections,
		     atomic_load_explicit(&px->fe_maxconn, memory_order_relaxed))) {
		if (take_one(&p->actconn, atomic_load_explicit(&p->maxconn, memory_order_relaxed)))
			return true;
		give_one(&px->fe_connections);
	}
	give_one(&l->connections);
	listener_wake(l); /* who saw the places taken for a moment */
	return false;
}

/* Whatever the limits say. */
static void take_place_anyway(struct listener *l)
{
	(void)take_one(&l->connections, 0);
	(void)take_one(&l->proxy->fe_connections, 0);
	(void)take_one(&l->proxy->program->actconn, 0);
}

void listener_give_place(struct listener *l)
{
	give_one(&l->connections);
	give_one(&l->proxy->fe_connections);
	give_one(&l->proxy->program->actconn);
	listener_wake(l);
}

static void go_on(struct listener_io *li);

/* Counts a new connection; true where the second's share is used up. */
static bool rate_reached(struct rate_gate *g, unsigned int limit, uint64_t now_ms)
{
	uint64_t second = now_ms / 1000, old, new;

	if (!limit)
		return false;
	old = atomic_load_explicit(&g->window, memory_order_relaxed);
	do {
		new = (old >> 32 == (second & UINT32_MAX) ? old : (second & UINT32_MAX) << 32) + 1;
	} while (!atomic_compare_exchange_weak_explicit(&g->window, &old, new, memory_order_relaxed,
							memory_order_relaxed));
	return (new &UINT32_MAX) >= limit;
}

static void on_next_second(struct timer *t, uint64_t now_ms)
{
	(void)now_ms;
	go_on(container_of(t, struct listener_io, next_second));
}

static void wait_for_next_second(struct listener_io *li)
{
	struct loop *l = li->io.loop;

	if (li->accepting)
		io_accept_stop(&li->io);
	li->accepting = false;
	timer_set(&l->wheel, &li->next_second, (l->now_ms / 1000 + 1) * 1000);
}

static void pause_accepting(struct listener_io *li)
{
	if (li->accepting)
		io_accept_stop(&li->io);
	li->accepting = false;
	atomic_store_explicit(&li->listener->paused, true, memory_order_seq_cst);
	/* the last connection may have gone in between: then nobody would wake us */
	if (!limit_reached(li->listener))
		go_on(li);
}

static void go_on(struct listener_io *li)
{
	struct listener *l = li->listener;

	if (worker_of(li->io.loop)->closing || li->accepting || timer_is_set(&li->next_second) ||
	    l->fd < 0 || l->proxy->fe_disabled)
		return;
	if (limit_reached(l)) {
		atomic_store_explicit(&l->paused, true, memory_order_seq_cst);
		if (limit_reached(l))
			return;
	}
	li->accepting = io_accept_start(&li->io, ACCEPT_BATCH) == 0;
}

static void on_accept(struct io *io, int fd, const struct sockaddr_storage *peer)
{
	struct listener_io *li = container_of(io, struct listener_io, io);

	struct proxy *px = li->listener->proxy;
	uint64_t now = io->loop->now_ms;
	bool too_many = rate_reached(&px->fe_gate, px->conf->rate_limit_sessions, now);

	if (!li->has_place)
		take_place_anyway(li->listener);
	li->has_place = false;
	too_many |= rate_reached(&px->program->gate, px->program->model->global.maxconnrate, now);
	front_accept(worker_of(io->loop), li->listener, fd, peer);
	if (worker_of(io->loop)->closing)
		return;
	if (too_many)
		wait_for_next_second(li);
}

static bool may_accept(struct io *io)
{
	struct listener_io *li = container_of(io, struct listener_io, io);

	li->has_place = take_place(li->listener);
	if (!li->has_place)
		pause_accepting(li);
	return li->has_place;
}

static void accepted_none(struct io *io)
{
	struct listener_io *li = container_of(io, struct listener_io, io);

	li->has_place = false;
	listener_give_place(li->listener);
}

static const struct io_handler listener_handler = {.name = "listener",
						   .on_accept = on_accept,
						   .may_accept = may_accept,
						   .accepted_none = accepted_none};

static void on_wake(struct mail *m, struct loop *receiver)
{
	struct listener_io *li = container_of(m, struct listener_io, wake);

	(void)receiver;
	atomic_store_explicit(&li->waking, false, memory_order_release);
	if (li->listener->proxy->fe_disabled && li->accepting) {
		io_accept_stop(&li->io);
		li->accepting = false;
	}
	go_on(li);
}

static void wake_all(struct listener *l)
{
	struct program *p = l->proxy->program;

	for (unsigned int i = 0; i < p->n_threads; i++) {
		struct listener_io *li = share(l, i);

		if (atomic_exchange_explicit(&li->waking, true, memory_order_acq_rel))
			continue;
		li->wake.run = on_wake;
		loop_post(&p->workers[i].loop, &li->wake);
	}
}

static void wake_paused(struct proxy *px)
{
	for (unsigned int i = 0; i < px->n_listeners; i++) {
		struct listener *l = &px->listeners[i];

		if (atomic_load_explicit(&l->paused, memory_order_relaxed) &&
		    atomic_exchange_explicit(&l->paused, false, memory_order_seq_cst))
			wake_all(l);
	}
}

void listener_wake(struct listener *l)
{
	struct program *p = l->proxy->program;

	/* nothing is accepted any more, and threads that have ended take no mail */
	if (atomic_load_explicit(&p->stopping, memory_order_relaxed))
		return;
	wake_paused(l->proxy);
	/* the process's limit may have paused any listener */
	if (!atomic_load_explicit(&p->some_paused, memory_order_relaxed))
		return;
	atomic_store_explicit(&p->some_paused, false, memory_order_relaxed);
	for (unsigned int i = 0; i < p->n_proxies; i++)
		wake_paused(&p->proxies[i]);
}

void frontend_set_disabled(struct proxy *px, bool disabled)
{
	px->fe_disabled = disabled;
	for (unsigned int i = 0; i < px->n_listeners; i++)
		wake_all(&px->listeners[i]);
}

static struct inherited_socket *find_inherited(struct inherited_socket *v, unsigned int n,
					       const char *word)
{
	for (unsigned int i = 0; i < n; i++)
		if (!v[i].used && strcmp(v[i].word, word) == 0)
			return &v[i];
	return NULL;
}

/* The address of a virtual router is bound before it is here. */
static bool is_virtual(const struct program *p, const struct address *a)
{
	return p->vrrp && a->kind == ADDRESS_INET && model_vrrp_has_address(p->vrrp, &a->inet);
}

static int open_one(struct listener *l, struct inherited_socket *inherited, unsigned int n,
		    struct diags *d)
{
	const struct model_bind *b = l->conf;
	const struct model_proxy *px = l->proxy->conf;
	struct inherited_socket *old = find_inherited(inherited, n, b->word);
	struct socket_options o = {.interface = b->interface,
				   .backlog = (int)(b->backlog    ? b->backlog
						    : px->backlog ? px->backlog
						    : px->maxconn ? px->maxconn
								  : 1024),
				   .v6only = b->v6only,
				   .v4v6 = b->v4v6,
				   .transparent = b->transparent,
				   .freebind = is_virtual(l->proxy->program, &b->address),
				   .tcp_defer_accept = b->defer_accept,
				   .unix_mode = b->unix_mode,
				   .unix_uid = b->unix_uid,
				   .unix_gid = b->unix_gid,
				   .mss = b->mss};
	const char *what = "socket";
	int fd;

	if (old) {
		old->used = true;
		l->fd = old->fd;
		return 0;
	}
	fd = socket_listen(&b->address, &o, true, &what);
	if (fd < 0) {
		diag_add(d, DIAG_ALERT, b->file, b->line, "Starting %s %s: cannot %s: %s [%s]",
			 px->is_listen ? "proxy" : "frontend", px->name, what, strerror(-fd),
			 b->word);
		return -1;
	}
	l->fd = fd;
	return 0;
}

static int make_listeners(struct program *p, struct proxy *px)
{
	unsigned int n = 0;

	for (const struct model_bind *b = px->conf->binds; b; b = b->next)
		n++;
	if (n == 0)
		return 0;
	px->listeners = calloc(n, sizeof(*px->listeners));
	if (!px->listeners)
		return -ENOMEM;
	for (const struct model_bind *b = px->conf->binds; b; b = b->next) {
		struct listener *l = &px->listeners[px->n_listeners++];

		*l = (struct listener){.conf = b, .proxy = px, .fd = -1};
		l->shares = calloc(p->n_threads, sizeof(*l->shares));
		if (!l->shares || counter_set_init(&l->counters, p->n_threads) != 0)
			return -ENOMEM;
	}
	return 0;
}

int listeners_open(struct program *p, struct inherited_socket *inherited, unsigned int n,
		   struct diags *d)
{
	int failed = 0;

	for (unsigned int i = 0; i < p->n_proxies; i++) {
		struct proxy *px = &p->proxies[i];

		if (px->conf->disabled || !(px->conf->sides & PROXY_FRONTEND))
			continue;
		if (make_listeners(p, px) != 0) {
			diag_add(d, DIAG_ALERT, px->conf->file, px->conf->line,
				 "out of memory for the listeners of '%s'", px->conf->name);
			return -1;
		}
		for (unsigned int j = 0; j < px->n_listeners; j++)
			failed |= open_one(&px->listeners[j], inherited, n, d);
	}
	return failed;
}

void listeners_close(struct program *p)
{
	for (unsigned int i = 0; i < p->n_proxies; i++) {
		struct proxy *px = &p->proxies[i];

		for (unsigned int j = 0; j < px->n_listeners; j++) {
			struct listener *l = &px->listeners[j];

			if (l->fd >= 0)
				close(l->fd);
			free(l->shares);
			counter_set_fini(&l->counters);
		}
		free(px->listeners);
		px->listeners = NULL;
		px->n_listeners = 0;
	}
}

static void start_one(struct worker *w, struct listener *l)
{
	struct listener_io *li = share(l, w->thread);

	li->listener = l;
	timer_init(&li->next_second, on_next_second);
	io_init(&li->io, &w->loop, l->fd, &listener_handler);
	go_on(li);
}

void listeners_start(struct worker *w)
{
	struct program *p = w->program;

	for (unsigned int i = 0; i < p->n_proxies; i++)
		for (unsigned int j = 0; j < p->proxies[i].n_listeners; j++)
			start_one(w, &p->proxies[i].listeners[j]);
}

static void close_sockets(struct program *p)
{
	for (unsigned int i = 0; i < p->n_proxies; i++)
		for (unsigned int j = 0; j < p->proxies[i].n_listeners; j++) {
			struct listener *l = &p->proxies[i].listeners[j];

			if (l->fd >= 0)
				close(l->fd);
			l->fd = -1;
		}
}

void listeners_retire(struct worker *w)
{
	struct program *p = w->program;

	for (unsigned int i = 0; i < p->n_proxies; i++)
		for (unsigned int j = 0; j < p->proxies[i].n_listeners; j++)
			io_accept_drain(&share(&p->proxies[i].listeners[j], w->thread)->io,
					RETIRE_BATCH);
	listeners_stop(w);
	if (atomic_fetch_add(&p->threads_retired, 1) + 1 == p->n_threads)
		close_sockets(p);
}

void listeners_stop(struct worker *w)
{
	struct program *p = w->program;

	for (unsigned int i = 0; i < p->n_proxies; i++)
		for (unsigned int j = 0; j < p->proxies[i].n_listeners; j++) {
			struct listener_io *li = share(&p->proxies[i].listeners[j], w->thread);

			if (li->accepting)
				io_accept_stop(&li->io);
			li->accepting = false;
			timer_stop(&w->loop.wheel, &li->next_second);
		}
}
