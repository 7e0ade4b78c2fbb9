/* SPDX-License-Identifier: MIT */
/*
 * Clients' connections: born in front_accept, idle without a stream between requests, ended in
 * front_close. Its place under the limits of process, frontend and listener is taken by listener.c
 * before it is accepted, and given back here.
 */
#include "proxy/front.h"

#include "proxy/accept_proxy.h"
#include "proxy/back.h"
#include "proxy/listener.h"
#include "proxy/rules.h"

#include "net/address.h"

#include "proto/proxy_header.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

static const struct io_handler front_handler;

static struct worker *worker(const struct front *f)
{
	return worker_of(f->connection.io.loop);
}

static struct front *front_of(struct io *io)
{
	return container_of(container_of(io, struct connection, io), struct front, connection);
}

void front_arm(struct front *f, uint32_t ms)
{
	struct loop *l = f->connection.io.loop;

	f->patience_ms = ms;
	if (ms) {
		f->unsent_bytes = io_pending_bytes(&f->connection.io);
		timer_set(&l->wheel, &f->timer, l->now_ms + ms);
	} else {
		timer_stop(&l->wheel, &f->timer);
	}
}

/* A client that takes what it gets, however slowly, has not left. */
static bool takes_bytes(const struct front *f)
{
	return f->stream->front.blocked && io_pending_bytes(&f->connection.io) < f->unsent_bytes;
}

/* For a whole request head. */
static uint32_t request_timeout(const struct front *f)
{
	const struct model_timeouts *t = &f->listener->proxy->conf->timeout;

	return t->http_request ? t->http_request : t->client;
}

const struct inet *front_destination(struct front *f)
{
	if (!f->dst_known) {
		inet_of_socket_local(f->connection.io.fd, &f->dst);
		f->dst_known = true;
	}
	return &f->dst;
}

static void count_open(struct front *f)
{
	struct worker *w = worker(f);
	struct program *p = w->program;
	struct listener *l = f->listener;
	struct proxy *px = l->proxy;
	struct counters *c = &px->fe.thread[w->thread];
	uint64_t now = w->loop.now_ms;

	c->sessions++;
	c->connections++;
	rate_count(&c->session_rate, now);
	rate_count(&c->connection_rate, now);
	counter_max(&px->fe.session_rate_max, rate_per_second(&c->session_rate, now));
	counter_max(&px->fe.connection_rate_max, rate_per_second(&c->connection_rate, now));
	counter_max(&px->fe.sessions_max,
		    atomic_load_explicit(&px->fe_connections, memory_order_relaxed));
	l->counters.thread[w->thread].sessions++;
	counter_max(&l->counters.sessions_max,
		    atomic_load_explicit(&l->connections, memory_order_relaxed));
	w->totals->connections++;
	w->totals->sessions++;
	rate_count(&w->totals->session_rate, now);
	counter_max(&p->totals.session_rate_max, rate_per_second(&w->totals->session_rate, now));
	rate_count(&w->totals->connection_rate, now);
	counter_max(&p->totals.connection_rate_max,
		    rate_per_second(&w->totals->connection_rate, now));
}

/* While the kernel repairs a connection it sends nothing when that ends. Where that is not allowed
 * the client gets a RST, as with haproxy. */
void front_forget(struct front *f)
{
	static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	int fd = f->connection.io.fd, on = 1;

	if (setsockopt(fd, SOL_TCP, TCP_REPAIR, &on, sizeof(on)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void front_close(struct front *f)
{
	struct worker *w = worker(f);

	CHECK(!f->stream);
	if (f->private_back)
		back_close(f->private_back);
	timer_stop(&w->loop.wheel, &f->timer);
	task_cancel(&f->next);
	connection_close(&f->connection);
	free(f->pipelined);
	if (f->variables.v)
		rules_free_variables(&f->variables);
	list_remove(&f->link);
	listener_give_place(f->listener);
	pool_put(&w->fronts, f);
	worker_session_ended(w);
}

/* A connection ends between requests. One that never sent anything is told so when it took too
 * long, and logged, unless options say that this is of no interest. */
static void end_idle(struct front *f, bool expired)
{
	const struct model_proxy *conf = f->listener->proxy->conf;
	bool unlogged = (conf->options & OPTION_DONTLOGNULL) != 0;
	struct stream *s;

	if (f->requests > 0 || (conf->options & OPTION_HTTP_IGNORE_PROBES) ||
	    conf->mode != MODE_HTTP || (unlogged && !expired)) {
		front_close(f);
		return;
	}
	s = stream_new(f);
	if (!s) {
		front_close(f);
		return;
	}
	s->front.ended = f->ended;
	s->client_expired = expired;
	s->logged = unlogged;
	stream_run(s);
}

static void on_timer(struct timer *t, uint64_t now_ms)
{
	struct front *f = container_of(t, struct front, timer);

	(void)now_ms;
	if (f->stream && takes_bytes(f)) {
		front_arm(f, f->patience_ms);
	} else if (f->stream) {
		f->stream->client_expired = true;
		stream_run(f->stream);
	} else if (f->lingering) {
		front_close(f);
	} else {
		end_idle(f, true);
	}
}

static void start_stream(struct front *f, char *bytes, size_t n)
{
	struct stream *s = stream_new(f);

	if (!s) {
		front_close(f);
		return;
	}
	if (f->requests == 0)
		s->start_us = f->accept_us;
	s->idle_ms = (stream_loop(s)->now_us - f->idle_since_us) / 1000;
	if (f->requests > 0 || !timer_is_set(&f->timer))
		front_arm(f, request_timeout(f));
	endpoint_receive(&s->front, bytes, (ssize_t)n);
	stream_run(s);
}

/* After an answer that ends the connection, the client may still be sending: what it sends is read
 * and thrown away for a moment, so that a RST does not take the answer from it. */
static void linger(struct front *f, ssize_t n)
{
	f->lingered_bytes += n > 0 ? (uint64_t)n : 0;
	if (n <= 0 || f->lingered_bytes > FRONT_LINGER_BYTES)
		front_close(f);
	else
		connection_recv(&f->connection);
}

static void on_data(struct io *io, char *bytes, ssize_t n)
{
	struct front *f = front_of(io);

	if (f->lingering) {
		linger(f, n);
		return;
	}
	if (n == 0)
		f->ended = true;
	if (f->stream) {
		endpoint_receive(&f->stream->front, bytes, n);
		stream_run(f->stream);
	} else if (n <= 0) {
		end_idle(f, false);
	} else {
		start_stream(f, bytes, (size_t)n);
	}
}

static void on_sent(struct io *io, int error)
{
	struct front *f = front_of(io);

	if (!f->stream)
		return;
	f->stream->front.blocked = false;
	if (error)
		f->stream->front.error = error;
	stream_run(f->stream);
}

static const struct io_handler front_handler = {
    .name = "front", .on_data = on_data, .on_sent = on_sent};

/* Bytes that came before their time are the stream's now. */
static void hand_over(struct front *f, struct stream *s)
{
	s->front.at_hand = span_make(f->pipelined + f->pipelined_from, f->pipelined_bytes);
	s->front.kept = f->pipelined;
	s->front.ended = f->ended;
	f->pipelined = NULL;
	f->pipelined_from = f->pipelined_bytes = 0;
}

/* The next request was read together with this one. */
static void on_next(struct task *t)
{
	struct front *f = container_of(t, struct front, next);
	struct stream *s = stream_new(f);

	if (!s) {
		front_close(f);
		return;
	}
	front_arm(f, request_timeout(f));
	hand_over(f, s);
	stream_run(s);
}

static void wait_for_request(struct front *f)
{
	const struct model_timeouts *t = &f->listener->proxy->conf->timeout;
	uint32_t idle = t->http_keep_alive ? t->http_keep_alive : t->http_request;

	f->idle_since_us = f->connection.io.loop->now_us;
	if (f->pipelined_bytes) {
		task_queue(f->connection.io.loop, &f->next);
		return;
	}
	if (f->ended) {
		front_close(f);
		return;
	}
	front_arm(f, idle ? idle : t->client);
	connection_recv(&f->connection);
}

static void start_lingering(struct front *f)
{
	if (f->ended || f->listener->proxy->conf->options & OPTION_NOLINGER) {
		front_close(f);
		return;
	}
	f->lingering = true;
	io_shutdown_write(&f->connection.io);
	front_arm(f, FRONT_LINGER_MS);
	connection_recv(&f->connection);
}

void front_request_done(struct front *f, enum front_end how)
{
	switch (how) {
	case FRONT_KEEP:
		wait_for_request(f);
		break;
	case FRONT_LINGER:
		start_lingering(f);
		break;
	case FRONT_CLOSE:
		front_close(f);
		break;
	}
}

static void start(struct front *f)
{
	struct stream *s;

	if (f->listener->proxy->conf->mode == MODE_HTTP) {
		front_arm(f, request_timeout(f));
		connection_recv(&f->connection);
		return;
	}
	s = stream_new(f);
	if (!s) {
		front_close(f);
		return;
	}
	f->requests = 1;
	hand_over(f, s);
	stream_run(s);
}

void front_proxy_header_done(struct front *f, const struct proxy_header *header, char *rest,
			     size_t rest_bytes)
{
	if (!header->local) {
		f->src = header->src;
		f->dst = header->dst;
		f->dst_known = true;
	}
	f->pipelined = rest;
	f->pipelined_bytes = (uint32_t)rest_bytes;
	if (rest_bytes && f->listener->proxy->conf->mode == MODE_HTTP)
		task_queue(f->connection.io.loop, &f->next);
	else
		start(f);
}

void front_accept(struct worker *w, struct listener *l, int fd, const struct sockaddr_storage *peer)
{
	struct front *f = pool_get(&w->fronts);
	int one = 1;

	if (!f) {
		close(fd);
		listener_give_place(l);
		return;
	}
	memset(f, 0, sizeof(*f));
	connection_init(&f->connection, &w->loop, fd, &front_handler);
	timer_init(&f->timer, on_timer);
	task_init(&f->next, on_next);
	f->listener = l;
	inet_from_sockaddr(&f->src, peer);
	if (f->src.family == INET_UNIX)
		f->src.port = (uint16_t)l->conf->id; /* what logs show of it, as haproxy */
	f->accept_us = f->idle_since_us = w->loop.now_us;
	f->accept_wall_us = w->loop.wall_us;
	list_append(&w->sessions, &f->link);
	count_open(f);
	if (l->proxy->conf->options & OPTION_CLITCPKA)
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	if (!l->conf->accept_proxy) {
		start(f);
		return;
	}
	front_arm(f, request_timeout(f));
	if (accept_proxy_push(f) != 0)
		front_close(f);
}
