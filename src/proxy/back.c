/* SPDX-License-Identifier: MIT */
/*
 * Connections to servers: connecting, pooling, reuse. While idle a connection waits for one thing
 * only: that its server closes it.
 */
#include "proxy/back.h"

#include "proxy/front.h"

#include "net/address.h"

#include "proto/proxy_header.h"

#include <errno.h>
#include <unistd.h>

static const struct io_handler back_handler;

static struct back *back_of(struct io *io)
{
	return container_of(container_of(io, struct connection, io), struct back, connection);
}

static unsigned int thread_of(const struct back *b)
{
	return worker_of(b->connection.io.loop)->thread;
}

static struct server_pool *pool_of(const struct back *b)
{
	return &b->server->pool[thread_of(b)];
}

static void leave_pool(struct back *b)
{
	list_remove(&b->link);
	pool_of(b)->n_idle--;
	atomic_fetch_sub_explicit(&b->server->idle_total, 1, memory_order_relaxed);
}

static void enter_use(struct back *b)
{
	struct server_pool *pool = pool_of(b);

	if (++pool->n_used > pool->need)
		pool->need = pool->n_used;
	atomic_fetch_add_explicit(&b->server->used_total, 1, memory_order_relaxed);
}

static void leave_use(struct back *b)
{
	pool_of(b)->n_used--;
	atomic_fetch_sub_explicit(&b->server->used_total, 1, memory_order_relaxed);
}

static void destroy(struct back *b)
{
	struct worker *w = worker_of(b->connection.io.loop);

	connection_close(&b->connection);
	pool_put(&w->backs, b);
}

void back_close(struct back *b)
{
	CHECK(!b->stream);
	if (b->owner)
		b->owner->private_back = NULL;
	else
		leave_pool(b);
	destroy(b);
}

static void on_data(struct io *io, char *bytes, ssize_t n)
{
	struct back *b = back_of(io);

	if (!b->stream) {
		back_close(b); /* closed by the server, or it said something nobody asked for */
		return;
	}
	endpoint_receive(&b->stream->back, bytes, n);
	stream_run(b->stream);
}

static void on_sent(struct io *io, int error)
{
	struct back *b = back_of(io);

	if (!b->stream)
		return;
	b->stream->back.blocked = false;
	if (error)
		endpoint_send_failed(&b->stream->back, error);
	stream_run(b->stream);
}

static void on_connected(struct io *io, int error)
{
	struct back *b = back_of(io);

	if (!b->stream)
		return;
	b->connected = error == 0;
	b->stream->connected = error == 0;
	b->stream->connect_failed = error != 0;
	stream_run(b->stream);
}

static const struct io_handler back_handler = {
    .name = "back", .on_data = on_data, .on_sent = on_sent, .on_connected = on_connected};

static void attach(struct back *b, struct stream *s)
{
	b->stream = s;
	b->uses++;
	s->back_connection = b;
	s->back.connection = &b->connection;
	enter_use(b);
}

/* The server's address, with the client's destination port where the server has none of its own. */
static socklen_t target(const struct stream *s, struct sockaddr_storage *to)
{
	struct server *srv = s->server;
	struct inet address;
	socklen_t len = server_get_address(srv, to, &address);

	if (!srv->conf->port_from_client)
		return len;
	address.port =
	    (uint16_t)(front_destination(s->front_connection)->port + srv->conf->port_offset);
	return inet_to_sockaddr(&address, to);
}

static int bind_source(const struct stream *s, int fd)
{
	const struct model_server *srv = s->server->conf;
	const struct model_proxy *be = s->be->conf;

	if (srv->source.family != INET_NONE || srv->source_interface)
		return socket_bind_source(fd, &srv->source, srv->source_interface);
	if (be->source.family != INET_NONE || be->source_interface)
		return socket_bind_source(fd, &be->source, be->source_interface);
	return 0;
}

/* Closes an idle connection of this thread, to whatever server: its descriptor is needed. */
static bool make_room(struct worker *w)
{
	struct program *p = w->program;

	for (unsigned int i = 0; i < p->n_proxies; i++)
		for (unsigned int j = 0; j < p->proxies[i].n_servers; j++) {
			struct server_pool *pool = &p->proxies[i].servers[j].pool[w->thread];

			if (pool->n_idle) {
				back_close(LIST_ENTRY(pool->idle.prev, struct back, link));
				return true;
			}
		}
	return false;
}

static int open_socket(struct worker *w, const struct sockaddr_storage *to)
{
	int fd = socket_for(to, false);

	if ((fd == -EMFILE || fd == -ENFILE) && make_room(w))
		fd = socket_for(to, false);
	return fd;
}

int back_connect(struct stream *s)
{
	struct worker *w = s->worker;
	struct sockaddr_storage to;
	socklen_t len = target(s, &to);
	struct back *b = pool_get(&w->backs);
	int fd = b ? open_socket(w, &to) : -ENOMEM, error, one = 1;

	if (fd < 0) {
		pool_put(&w->backs, b);
		return fd;
	}
	error = bind_source(s, fd);
	if (error) {
		close(fd);
		pool_put(&w->backs, b);
		return error;
	}
	if (s->be->conf->options & OPTION_SRVTCPKA)
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	memset(b, 0, sizeof(*b));
	list_init(&b->link);
	connection_init(&b->connection, &w->loop, fd, &back_handler);
	b->server = s->server;
	error = io_connect(&b->connection.io, (struct sockaddr *)&to, len);
	if (error) {
		destroy(b);
		return error;
	}
	attach(b, s);
	s->reused = false;
	s->server->counters.thread[w->thread].connects++;
	s->be->be.thread[w->thread].connects++;
	return 0;
}

int back_send_proxy_header(struct stream *s)
{
	struct front *f = s->front_connection;
	char bytes[PROXY_HEADER_MAX_BYTES];
	size_t n = s->server->conf->send_proxy == 1
		       ? proxy_header_write_v1(bytes, &f->src, front_destination(f))
		       : proxy_header_write_v2(bytes, &f->src, front_destination(f));
	struct iovec iov = {bytes, n};
	int error;

	/* in mode tcp the server may have the first word */
	if (connection_send(&s->back_connection->connection, &iov, 1, stream_is_http(s), &error) ==
	    IO_DONE)
		return 0;
	return -EPIPE; /* a fresh connection takes so few bytes, or is of no use */
}

/* http-reuse: whose idle connections may this request go over? */
static bool may_share(const struct stream *s)
{
	switch (s->be->conf->reuse) {
	case REUSE_ALWAYS:
		return true;
	case REUSE_AGGRESSIVE:
	case REUSE_SAFE:
		return !s->is_first_request;
	default:
		return false;
	}
}

/* Nothing is known to have come from the server: it has not closed the connection, nor said what
 * would be taken for an answer. */
static bool is_quiet(const struct back *b)
{
	return !io_readable(&b->connection.io);
}

/* "aggressive": a first request may go over a connection that has been reused well before. */
static struct back *first_idle(struct server_pool *pool, uint32_t min_uses)
{
	struct list *node;

	LIST_EACH(node, &pool->idle) {
		struct back *b = LIST_ENTRY(node, struct back, link);

		if (b->uses >= min_uses && is_quiet(b))
			return b;
	}
	return NULL;
}

static struct back *find_idle(struct stream *s)
{
	struct front *f = s->front_connection;
	struct server_pool *pool = &s->server->pool[s->worker->thread];

	if (f->private_back && f->private_back->server == s->server)
		return is_quiet(f->private_back) ? f->private_back : NULL;
	if (s->server->conf->send_proxy)
		return NULL; /* a PROXY header speaks for one client only */
	if (may_share(s))
		return first_idle(pool, 1);
	if (s->be->conf->reuse == REUSE_AGGRESSIVE)
		return first_idle(pool, 2);
	return NULL;
}

bool back_reuse(struct stream *s)
{
	struct back *b = find_idle(s);

	if (!b)
		return false;
	if (b->owner) {
		b->owner->private_back = NULL;
		b->owner = NULL;
		s->private_connection = true; /* once private, always */
	} else {
		leave_pool(b);
	}
	attach(b, s);
	s->reused = true;
	s->connected = true;
	s->server->counters.thread[s->worker->thread].reuses++;
	s->be->be.thread[s->worker->thread].reuses++;
	return true;
}

static bool keep_private(const struct stream *s)
{
	return s->be->conf->reuse == REUSE_NEVER || s->server->conf->send_proxy ||
	       s->private_connection;
}

static void make_idle(struct stream *s, struct back *b)
{
	struct server *srv = b->server;
	struct server_pool *pool = pool_of(b);
	int limit = srv->conf->pool_max_conn;

	if (keep_private(s)) {
		if (s->front_connection->private_back)
			back_close(s->front_connection->private_back);
		s->front_connection->private_back = b;
		b->owner = s->front_connection;
	} else if (limit >= 0 && atomic_load_explicit(&srv->idle_total, memory_order_relaxed) >=
				     (uint32_t)limit) {
		destroy(b);
		return;
	} else {
		list_prepend(&pool->idle, &b->link);
		pool->n_idle++;
		atomic_fetch_add_explicit(&srv->idle_total, 1, memory_order_relaxed);
	}
	connection_recv(&b->connection);
}

void back_release(struct stream *s, bool reusable)
{
	struct back *b = s->back_connection;

	if (b) {
		leave_use(b);
		b->stream = NULL;
		s->back_connection = NULL;
		s->back.connection = NULL;
		if (reusable && (s->server->conf->max_reuse < 0 ||
				 b->uses <= (uint32_t)s->server->conf->max_reuse))
			make_idle(s, b);
		else
			destroy(b);
	}
	if (s->holds_slot) {
		s->holds_slot = false;
		server_slot_release(s->server, stream_loop(s));
	}
}

/* Of a server's idle connections, those beyond what was needed since the last look go: half of them
 * each time, the oldest first. */
static void purge(struct server *srv, struct server_pool *pool, uint64_t now_ms)
{
	unsigned int spare;

	if (!pool->n_idle || now_ms - pool->purged_ms < srv->conf->pool_purge_delay)
		return;
	pool->purged_ms = now_ms;
	spare =
	    pool->n_used + pool->n_idle > pool->need ? pool->n_used + pool->n_idle - pool->need : 0;
	pool->need = pool->n_used;
	for (spare = (spare + 1) / 2; spare > 0 && !list_empty(&pool->idle); spare--)
		back_close(LIST_ENTRY(pool->idle.prev, struct back, link));
}

void back_purge(struct worker *w, uint64_t now_ms)
{
	struct program *p = w->program;

	for (unsigned int i = 0; i < p->n_proxies; i++)
		for (unsigned int j = 0; j < p->proxies[i].n_servers; j++)
			purge(&p->proxies[i].servers[j], &p->proxies[i].servers[j].pool[w->thread],
			      now_ms);
}

void back_close_all_idle(struct worker *w)
{
	struct program *p = w->program;

	for (unsigned int i = 0; i < p->n_proxies; i++)
		for (unsigned int j = 0; j < p->proxies[i].n_servers; j++) {
			struct server_pool *pool = &p->proxies[i].servers[j].pool[w->thread];

			while (!list_empty(&pool->idle))
				back_close(LIST_ENTRY(pool->idle.next, struct back, link));
		}
}
