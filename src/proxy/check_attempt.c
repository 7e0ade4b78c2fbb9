/* SPDX-License-Identifier: MIT */
/*
 * Carries out what the dialogue's machine (proto/check_dialogue.h) says: every event asks it what
 * to do next, `go_on` does that until something must be waited for. A connection ends with a RST
 * unless the step says linger: the server gets no TIME_WAIT to keep.
 */
#include "proxy/check_attempt.h"

#include "net/address.h"

#include "proto/proxy_header.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void go_on(struct check_attempt *a, enum check_todo todo);

static const char *words_of(int error)
{
	const char *text = strerrordesc_np(-error);

	return text ? text : "Unknown error";
}

static void close_connection(struct check_attempt *a)
{
	if (!a->open)
		return;
	a->open = a->header_pending = false;
	if (a->linger)
		connection_close(&a->connection);
	else
		connection_reset(&a->connection);
}

static void on_deadline(struct timer *t, uint64_t now_ms)
{
	struct check_attempt *a = container_of(t, struct check_attempt, deadline);

	(void)now_ms;
	go_on(a, check_run_timeout(&a->run));
}

static struct check_attempt *attempt_of(struct io *io)
{
	return container_of(container_of(io, struct connection, io), struct check_attempt,
			    connection);
}

static void arm(struct check_attempt *a, uint32_t ms)
{
	timer_set(&a->loop->wheel, &a->deadline, a->loop->now_ms + (ms ? ms : 1));
}

/* ---- PROXY header */

/* Version 1 tells our own address, version 2 that this connection is the proxy's own. As haproxy's
 * checks do. */
static enum io_result send_proxy_header(struct check_attempt *a, int *error)
{
	char bytes[PROXY_HEADER_MAX_BYTES];
	struct inet src = {.family = INET_NONE}, dst = {.family = INET_NONE};
	struct iovec iov = {.iov_base = bytes};

	if (a->server->conf->send_proxy == 2) {
		iov.iov_len = proxy_header_write_v2(bytes, &src, &dst);
	} else {
		inet_of_socket_local(a->connection.io.fd, &src);
		inet_of_socket_peer(a->connection.io.fd, &dst);
		iov.iov_len = proxy_header_write_v1(bytes, &src, &dst);
	}
	return connection_send(&a->connection, &iov, 1, false, error);
}

static void on_connected(struct io *io, int error)
{
	struct check_attempt *a = attempt_of(io);

	if (error) {
		go_on(a, check_run_failed(&a->run, words_of(error)));
		return;
	}
	if (a->answer_ms)
		arm(a, a->answer_ms);
	if (a->send_proxy) {
		switch (send_proxy_header(a, &error)) {
		case IO_PENDING:
			a->header_pending = true;
			return;
		case IO_FAILED:
			go_on(a, check_run_failed(&a->run, words_of(error)));
			return;
		case IO_DONE:
			break;
		}
	}
	go_on(a, check_run_connected(&a->run));
}

static void on_sent(struct io *io, int error)
{
	struct check_attempt *a = attempt_of(io);
	bool header = a->header_pending;

	a->header_pending = false;
	if (error)
		go_on(a, check_run_failed(&a->run, words_of(error)));
	else
		go_on(a, header ? check_run_connected(&a->run) : check_run_sent(&a->run));
}

static void on_data(struct io *io, char *bytes, ssize_t n)
{
	struct check_attempt *a = attempt_of(io);

	if (n < 0)
		go_on(a, check_run_failed(&a->run, words_of((int)n)));
	else
		go_on(a, check_run_received(&a->run, span_make(bytes, (size_t)n)));
}

static const struct io_handler handler = {
    .name = "check", .on_data = on_data, .on_sent = on_sent, .on_connected = on_connected};

/* ---- connecting */

static void set_port(struct sockaddr_storage *to, uint16_t port)
{
	struct inet address;

	inet_from_sockaddr(&address, to);
	address.port = port;
	if (port && (address.family == INET_V4 || address.family == INET_V6))
		(void)inet_to_sockaddr(&address, to);
}

/* The step's port, the server line's "port" and "addr", the server's own: in this order. */
static socklen_t target(struct check_attempt *a, const struct check_step *step,
			struct sockaddr_storage *to)
{
	const struct model_server *conf = a->server->conf;
	socklen_t len = 0;
	struct inet own;

	if (conf->check_address.kind != ADDRESS_INET) {
		if (address_to_sockaddr(&conf->check_address, to, &len) != 0)
			return 0;
		return len;
	}
	len = server_get_address(a->server, to, &own);
	if (a->target.family != INET_NONE) {
		struct inet address = a->target;

		if (!address.port)
			address.port = own.port;
		len = inet_to_sockaddr(&address, to);
	}
	if (len)
		set_port(to, step && step->port ? step->port : conf->check_port);
	return len;
}

/* A server that is checked somewhere else than it serves gets a PROXY header there only when told
 * so. */
static bool wants_proxy_header(const struct check_attempt *a, const struct check_step *step)
{
	const struct model_server *conf = a->server->conf;

	if (step && step->send_proxy)
		return true;
	if (step && !step->default_options)
		return false;
	if (conf->check_send_proxy)
		return true;
	return conf->send_proxy && !conf->check_port && a->target.family == INET_NONE &&
	       conf->check_address.kind == ADDRESS_INET;
}

static int bind_source(const struct check_attempt *a, int fd)
{
	const struct model_server *s = a->server->conf;
	const struct model_proxy *px = a->server->proxy->conf;

	if (s->source.family != INET_NONE || s->source_interface)
		return socket_bind_source(fd, &s->source, s->source_interface);
	if (px->source.family != INET_NONE || px->source_interface)
		return socket_bind_source(fd, &px->source, px->source_interface);
	return 0;
}

/* 0, or -errno. */
static int open_connection(struct check_attempt *a)
{
	const struct check_step *step = check_run_connect_step(&a->run);
	struct sockaddr_storage to;
	socklen_t len = target(a, step, &to);
	int fd, error;

	if (!len)
		return -EADDRNOTAVAIL;
	fd = socket_for(&to, false);
	if (fd < 0) {
		a->no_resources = true;
		return fd;
	}
	a->linger = step && step->linger;
	a->send_proxy = wants_proxy_header(a, step);
	connection_init(&a->connection, a->loop, fd, &handler);
	a->open = true;
	arm(a, a->connect_ms);
	error = bind_source(a, fd);
	if (!error)
		error = io_connect(&a->connection.io, (struct sockaddr *)&to, len);
	return error;
}

/* ---- the run */

static void finish(struct check_attempt *a)
{
	timer_stop(&a->loop->wheel, &a->deadline);
	close_connection(a);
	a->running = false;
	a->done(a);
}

static enum check_todo connect_now(struct check_attempt *a)
{
	int error;

	close_connection(a);
	error = open_connection(a);
	return error ? check_run_failed(&a->run, words_of(error)) : CHECK_DO_WAIT;
}

static enum check_todo send_now(struct check_attempt *a, bool *pending)
{
	struct iovec iov = {a->run.to_send.p, a->run.to_send.len};
	int error = 0;

	switch (connection_send(&a->connection, &iov, 1, false, &error)) {
	case IO_DONE:
		return check_run_sent(&a->run);
	case IO_PENDING:
		*pending = true;
		return CHECK_DO_WAIT;
	default:
		return check_run_failed(&a->run, words_of(error));
	}
}

static void go_on(struct check_attempt *a, enum check_todo todo)
{
	bool pending = false;

	while (todo == CHECK_DO_CONNECT || todo == CHECK_DO_SEND) {
		if (todo == CHECK_DO_SEND) {
			todo = send_now(a, &pending);
			continue;
		}
		todo = connect_now(a);
		pending = todo == CHECK_DO_WAIT;
	}
	if (todo != CHECK_DO_WAIT)
		finish(a);
	else if (!pending)
		connection_recv(&a->connection);
}

/* "UP 2/3; address=…; port=…; name=b/s; node=…; weight=1/2; scur=0/1; qcur=0": http-check
 * send-state. */
static void describe_server(struct check_attempt *a)
{
	struct server *s = a->server;
	struct proxy *px = s->proxy;
	char status[64], address[INET_TEXT_BYTES];
	unsigned int total = 0;
	const char *node = px->program->model->global.node;

	pthread_spin_lock(&px->lock);
	server_status_text(s, status);
	address[inet_print(address, &s->address)] = '\0';
	for (unsigned int i = 0; i < px->n_servers; i++)
		total += px->servers[i].lb.usable ? px->servers[i].user_weight : 0;
	snprintf(a->state, sizeof(a->state),
		 "%s; address=%s; port=%u; name=%.60s/%.60s; node=%.60s; weight=%u/%u; scur=%u/%u; "
		 "qcur=%u",
		 status, address, s->address.port, px->conf->name, s->conf->name,
		 node ? node : px->program->host, s->user_weight, total,
		 atomic_load_explicit(&s->lb.served, memory_order_relaxed),
		 atomic_load_explicit(&px->be_served, memory_order_relaxed), s->queue.length);
	pthread_spin_unlock(&px->lock);
	a->run.send_state = span_of(a->state);
}

static void describe_host(struct check_attempt *a)
{
	struct sockaddr_storage to;
	struct inet own;
	char text[INET_TEXT_BYTES];

	server_get_address(a->server, &to, &own);
	if (a->target.family != INET_NONE)
		own = a->target;
	text[inet_print(text, &own)] = '\0';
	snprintf(a->host, sizeof(a->host), own.family == INET_V6 ? "[%s]" : "%s", text);
	a->run.host_default = span_of(a->host);
}

void check_attempt_start(struct check_attempt *a, uint32_t connect_ms, uint32_t answer_ms)
{
	CHECK(!a->running);
	a->running = true;
	a->no_resources = false;
	a->connect_ms = connect_ms;
	a->answer_ms = answer_ms;
	a->started_ms = a->loop->now_ms;
	if (a->server->proxy->conf->check.send_state)
		describe_server(a);
	describe_host(a);
	a->run.server_down =
	    atomic_load_explicit(&a->server->state, memory_order_relaxed) == SERVER_STOPPED;
	go_on(a, check_run_start(&a->run));
}

void check_attempt_stop(struct check_attempt *a)
{
	if (!a->running)
		return;
	timer_stop(&a->loop->wheel, &a->deadline);
	close_connection(a);
	a->running = false;
}

uint64_t check_attempt_duration_ms(const struct check_attempt *a)
{
	return a->loop->now_ms - a->started_ms;
}

void check_attempt_init(struct check_attempt *a, struct server *s, struct loop *l,
			void (*done)(struct check_attempt *a))
{
	const struct address *to = &s->conf->check_address;

	memset(a, 0, sizeof(*a));
	a->server = s;
	a->loop = l;
	a->done = done;
	timer_init(&a->deadline, on_deadline);
	check_run_init(&a->run, &s->proxy->conf->check.dialogue);
	if (to->kind != ADDRESS_INET)
		return;
	a->target = to->inet;
	/* a name that does not resolve leaves INET_NONE: the server's own address */
	if (to->name && address_look_up(to->name, to->inet.family, &a->target) != 0)
		a->target = (struct inet){.family = INET_NONE};
}

void check_attempt_fini(struct check_attempt *a)
{
	CHECK(!a->running);
	check_run_fini(&a->run);
}
