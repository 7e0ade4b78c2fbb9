/* SPDX-License-Identifier: MIT */
/*
 * The runtime API's connections: thread 0 owns all of them. A connection reads lines, runs one
 * command after the other, and sends each answer with an empty line behind it; without "prompt" it
 * ends after the lines that came together.
 *
 *     input → command_input → words → command_run → out → connection_send
 */
#include "admin/admin.h"

#include "admin/command.h"
#include "admin/gather.h"

#include "net/address.h"
#include "net/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 10000
#define DEFAULT_MAXCONN 10
#define ACCEPT_BATCH 4
#define OUT_BYTES (512u << 20)
#define FLUSH_BYTES (256u << 10) /* an answer of that size is sent before the next command runs */
#define SEND_BYTES (1u << 20)

struct admin_listener {
	struct io io;
	struct admin *admin;
	const struct model_bind *conf;
	int fd; /* -1: not open */
	bool accepting;
};

struct admin { /* of one program */
	struct admin *next;
	struct program *program;
	struct worker *worker; /* thread 0, once it has started */
	struct admin_listener *listeners;
	unsigned int n_listeners;
	struct list clients, gathers;
	unsigned int n_clients, max_clients;
};

struct client {
	struct connection connection;
	struct list link;
	struct admin *admin;
	struct timer timer;
	struct command_session session;
	struct command_input input;
	struct command_line line; /* what is left of the line that runs; text NULL: nothing */
	struct buffer out;
	size_t sent;
	bool ended;   /* the other side has said all */
	bool running; /* in client_run */
	bool closing; /* when `out` is sent */
};

static struct admin *admins; /* written before the threads start and after they have ended */

static struct admin *find_admin(const struct program *p)
{
	for (struct admin *a = admins; a; a = a->next)
		if (a->program == p)
			return a;
	return NULL;
}

/* ---- sockets */
static void accept_or_pause(struct admin *a)
{
	bool room = a->n_clients < a->max_clients;

	for (unsigned int i = 0; a->worker && i < a->n_listeners; i++) {
		struct admin_listener *l = &a->listeners[i];

		if (room && !l->accepting && l->fd >= 0)
			l->accepting = io_accept_start(&l->io, ACCEPT_BATCH) == 0;
		if (!room && l->accepting) {
			io_accept_stop(&l->io);
			l->accepting = false;
		}
	}
}

static int open_one(struct admin_listener *l, struct inherited_socket *inherited, unsigned int n,
		    struct diags *d)
{
	const struct model_bind *b = l->conf;
	struct socket_options o = {.interface = b->interface,
				   .backlog = b->backlog ? (int)b->backlog : DEFAULT_MAXCONN,
				   .v6only = b->v6only,
				   .v4v6 = b->v4v6,
				   .unix_mode = b->unix_mode,
				   .unix_uid = b->unix_uid,
				   .unix_gid = b->unix_gid};
	const char *what = "socket";

	for (unsigned int i = 0; i < n; i++) {
		if (inherited[i].used || strcmp(inherited[i].word, b->word) != 0)
			continue;
		inherited[i].used = true;
		l->fd = inherited[i].fd;
		return 0;
	}
	l->fd = socket_listen(&b->address, &o, true, &what);
	if (l->fd >= 0)
		return 0;
	diag_add(d, DIAG_ALERT, b->file, b->line, "Starting frontend GLOBAL: cannot %s: %s [%s]",
		 what, strerror(-l->fd), b->word);
	l->fd = -1;
	return -1;
}

int admin_open(struct program *p, struct inherited_socket *inherited, unsigned int n,
	       struct diags *d)
{
	const struct model_global *g = &p->model->global;
	struct admin *a;
	unsigned int count = 0;
	int failed = 0;

	for (const struct model_bind *b = g->stats_sockets; b; b = b->next)
		count++;
	if (count == 0)
		return 0;
	a = calloc(1, sizeof(*a));
	if (a)
		a->listeners = calloc(count, sizeof(*a->listeners));
	if (!a || !a->listeners) {
		free(a);
		diag_add(d, DIAG_ALERT, NULL, 0, "out of memory for the stats sockets");
		return -1;
	}
	a->program = p;
	a->max_clients = g->stats_maxconn ? g->stats_maxconn : DEFAULT_MAXCONN;
	list_init(&a->clients);
	list_init(&a->gathers);
	a->next = admins;
	admins = a;
	for (const struct model_bind *b = g->stats_sockets; b; b = b->next) {
		struct admin_listener *l = &a->listeners[a->n_listeners++];

		*l = (struct admin_listener){.admin = a, .conf = b, .fd = -1};
		failed |= open_one(l, inherited, n, d);
	}
	return failed;
}

void admin_each_socket(struct program *p, void (*fn)(int *fd, const char *word, void *user),
		       void *user)
{
	struct admin *a = find_admin(p);

	for (unsigned int i = 0; a && i < a->n_listeners; i++)
		if (a->listeners[i].fd >= 0)
			fn(&a->listeners[i].fd, a->listeners[i].conf->word, user);
}

/* ---- clients */
static void client_free(struct client *c)
{
	gather_forget(&c->session);
	command_input_fini(&c->input);
	buffer_fini(&c->out);
	list_remove(&c->link);
	c->admin->n_clients--;
	free(c);
}

static void client_close(struct client *c)
{
	struct admin *a = c->admin;

	timer_stop(&a->worker->loop.wheel, &c->timer);
	connection_close(&c->connection);
	client_free(c);
	accept_or_pause(a);
}

static void arm(struct client *c)
{
	struct loop *l = &c->admin->worker->loop;

	timer_set(&l->wheel, &c->timer, l->now_ms + c->session.timeout_ms);
}

/* False: the rest is sent later, or the client is gone. */
static bool flush(struct client *c)
{
	int error;

	while (c->sent < c->out.len) {
		size_t n = c->out.len - c->sent;
		struct iovec iov = {.iov_base = c->out.p + c->sent,
				    .iov_len = n < SEND_BYTES ? n : SEND_BYTES};

		if (io_send_pending(&c->connection.io))
			return false;
		switch (connection_send(&c->connection, &iov, 1, false, &error)) {
		case IO_DONE:
			c->sent += iov.iov_len;
			break;
		case IO_PENDING:
			c->sent += iov.iov_len;
			return false;
		case IO_FAILED:
			client_close(c);
			return false;
		}
	}
	buffer_clear(&c->out);
	c->sent = 0;
	if (!c->closing)
		return true;
	client_close(c);
	return false;
}

static void add_prompt(struct client *c, const char *text)
{
	if (c->session.prompt)
		buffer_add_text(&c->out, text);
}

static void end_answer(struct client *c)
{
	buffer_add_char(&c->out, '\n');
	add_prompt(c, "> ");
}

/* Runs the next command of the line; false where its answer is still to come. */
static bool run_command(struct client *c)
{
	struct command_call call = {.program = c->admin->program,
				    .worker = c->admin->worker,
				    .session = &c->session,
				    .payload = c->line.payload,
				    .out = &c->out};
	int n = command_line_split(&c->line, call.words);

	if (n < 0) {
		buffer_add_text(&c->out, "Too many words.\n");
		end_answer(c);
		return true;
	}
	call.n_words = (unsigned int)n;
	switch (command_run(&call)) {
	case COMMAND_DONE:
		end_answer(c);
		return true;
	case COMMAND_LATER:
		return false;
	case COMMAND_CLOSE:
		c->closing = true;
		break;
	}
	return true;
}

/* The next line becomes c->line; false where there is none. */
static bool take_line(struct client *c)
{
	switch (command_input_next(&c->input, &c->line)) {
	case COMMAND_INPUT_LINE:
		return true;
	case COMMAND_INPUT_IN_PAYLOAD:
		add_prompt(c, "+ ");
		return true;
	case COMMAND_INPUT_TOO_LONG:
		buffer_add_text(&c->out, "The command is too long.\n\n");
		c->closing = true;
		return false;
	case COMMAND_INPUT_MORE:
		break;
	}
	if (c->ended)
		c->closing = true;
	return false;
}

/* Without a prompt a connection ends when the lines at hand are done. */
static void line_done(struct client *c)
{
	if (!c->session.prompt && !command_input_has_line(&c->input))
		c->closing = true;
}

static void client_run(struct client *c)
{
	bool more = true;

	if (c->running)
		return;
	c->running = true;
	while (more && !c->session.gather && !c->closing && c->out.len - c->sent < FLUSH_BYTES) {
		if (!c->line.text) {
			more = take_line(c);
			continue;
		}
		more = run_command(c);
		if (more && !c->line.text)
			line_done(c);
	}
	c->running = false;
	arm(c);
	if (c->out.failed) { /* too large, or out of memory: better nothing than half */
		client_close(c);
		return;
	}
	if (!flush(c) || c->session.gather)
		return;
	if (c->line.text || command_input_has_line(&c->input))
		client_run(c);
	else
		connection_recv(&c->connection);
}

static void on_answered(struct command_session *s, const struct buffer *out)
{
	struct client *c = container_of(s, struct client, session);

	buffer_add_span(&c->out, buffer_span(out));
	c->out.failed |= out->failed;
	end_answer(c);
	if (!c->line.text)
		line_done(c);
	client_run(c);
}

static void on_data(struct io *io, char *bytes, ssize_t n)
{
	struct client *c = container_of(io, struct client, connection.io);

	if (n < 0) {
		client_close(c);
		return;
	}
	if (n == 0)
		c->ended = true;
	else
		command_input_add(&c->input, span_make(bytes, (size_t)n));
	client_run(c);
}

static void on_sent(struct io *io, int error)
{
	struct client *c = container_of(io, struct client, connection.io);

	if (error)
		client_close(c);
	else
		client_run(c);
}

static void on_timer(struct timer *t, uint64_t now_ms)
{
	struct client *c = container_of(t, struct client, timer);

	(void)now_ms;
	client_close(c);
}

static const struct io_handler client_handler = {
    .name = "runtime API", .on_data = on_data, .on_sent = on_sent};

static void on_accept(struct io *io, int fd, const struct sockaddr_storage *peer)
{
	struct admin_listener *l = container_of(io, struct admin_listener, io);
	struct admin *a = l->admin;
	struct client *c = calloc(1, sizeof(*c));
	uint32_t timeout = a->program->model->global.stats_timeout;

	(void)peer;
	if (!c) {
		close(fd);
		return;
	}
	c->admin = a;
	c->session = (struct command_session){.level = l->conf->level,
					      .timeout_ms = timeout ? timeout : DEFAULT_TIMEOUT_MS,
					      .socket = fd,
					      .may_pass_sockets = l->conf->expose_fd_listeners,
					      .word = l->conf->word,
					      .gathers = &a->gathers,
					      .answered = on_answered};
	command_input_init(&c->input);
	buffer_init(&c->out, OUT_BYTES);
	timer_init(&c->timer, on_timer);
	connection_init(&c->connection, io->loop, fd, &client_handler);
	list_append(&a->clients, &c->link);
	a->n_clients++;
	arm(c);
	connection_recv(&c->connection);
	accept_or_pause(a);
}

static const struct io_handler listener_handler = {.name = "stats socket", .on_accept = on_accept};

/* ---- a part of worker thread 0 */
static void start(struct worker *w)
{
	struct admin *a = w->thread == 0 ? find_admin(w->program) : NULL;

	if (!a)
		return;
	a->worker = w;
	for (unsigned int i = 0; i < a->n_listeners; i++)
		io_init(&a->listeners[i].io, &w->loop, a->listeners[i].fd, &listener_handler);
	accept_or_pause(a);
}

/* Soft stop, and the end of the thread: those that are at work are cut. */
static void stop(struct worker *w)
{
	struct admin *a = w->thread == 0 ? find_admin(w->program) : NULL;
	struct list *node, *tmp;

	if (!a || !a->worker)
		return;
	for (unsigned int i = 0; i < a->n_listeners; i++) {
		if (a->listeners[i].accepting)
			io_accept_stop(&a->listeners[i].io);
		a->listeners[i].accepting = false;
	}
	a->max_clients = 0;
	LIST_EACH_SAFE(node, tmp, &a->clients)
		client_close(LIST_ENTRY(node, struct client, link));
	a->worker = NULL;
}

static const struct worker_part admin_part = {.name = "admin", .start = start, .stop = stop};
FAMILY_ADD(worker_part, admin_part);

void admin_close(struct program *p)
{
	struct admin *a = find_admin(p), **at = &admins;
	struct list *node, *tmp;

	if (!a)
		return;
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	LIST_EACH_SAFE(node, tmp, &a->clients) /* their loop is gone */
	{
		struct client *c = LIST_ENTRY(node, struct client, link);

		close(c->session.socket);
		client_free(c);
	}
	gather_free_all(&a->gathers);
	for (unsigned int i = 0; i < a->n_listeners; i++)
		if (a->listeners[i].fd >= 0)
			close(a->listeners[i].fd);
	free(a->listeners);
	free(a);
}
