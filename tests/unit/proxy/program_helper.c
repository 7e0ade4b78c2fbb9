/* SPDX-License-Identifier: MIT */
/* Implements program_helper.h. */
#include "program_helper.h"

#include "config/config.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int log_fd = -1;

static const char *no_env(void *user, const char *name)
{
	(void)user;
	(void)name;
	return NULL;
}

static bool no_file(void *user, const char *path, struct arena *a, struct span *out,
		    const char **error)
{
	(void)user;
	(void)path;
	(void)a;
	(void)out;
	*error = "not in tests";
	return false;
}

static bool no_id(void *user, const char *name, long *id)
{
	(void)user;
	(void)name;
	(void)id;
	return false;
}

static const struct config_world world = {.get_env = no_env,
					  .read_file = no_file,
					  .user_id = no_id,
					  .group_id = no_id,
					  .hostname = "test",
					  .version = "2.6"};

/* The test's own socket for log lines; its port. */
static uint16_t open_log(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	if (log_fd < 0) {
		log_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		assert_true(log_fd >= 0);
		assert_int_equal(bind(log_fd, (struct sockaddr *)&at, sizeof(at)), 0);
	}
	assert_int_equal(getsockname(log_fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

static void print_diags(const struct diags *d, struct buffer *out)
{
	struct list *node;

	LIST_EACH(node, &d->all)
		diag_print(out, LIST_ENTRY(node, struct diag, link), 1);
}

static struct program *build(const char *config, unsigned int n_threads, struct buffer *text)
{
	struct config_file file = {.path = "test.cfg", .text = span_of(config)};
	struct program *p = NULL;
	struct model *m;
	struct diags d;

	diags_init(&d);
	m = config_read(&file, 1, &world, &d);
	if (m)
		p = program_new(m, n_threads, &d);
	print_diags(&d, text);
	diags_fini(&d);
	model_put(m);
	return p;
}

struct program *program_try(const char *config, char *text, size_t size)
{
	struct buffer b;
	struct program *p;

	buffer_init_fixed(&b, text, size);
	p = build(config, 1, &b);
	buffer_text(&b);
	if (p)
		p->console.fd = -1;
	return p;
}

static void make_workers(struct program *p)
{
	p->workers = calloc(p->n_threads, sizeof(*p->workers));
	assert_non_null(p->workers);
	for (unsigned int i = 0; i < p->n_threads; i++) {
		struct worker *w = &p->workers[i];

		assert_int_equal(loop_init(&w->loop, i, i + 1), 0);
		w->loop.owner = w;
		w->program = p;
		w->thread = i;
	}
}

struct program *program_of(unsigned int n_threads, const char *fmt, ...)
{
	char head[256];
	struct buffer config, text;
	struct program *p;
	va_list args;

	buffer_init(&config, 65536);
	buffer_init(&text, 65536);
	snprintf(head, sizeof(head),
		 "global\n log 127.0.0.1:%u local0\ndefaults\n mode http\n log global\n timeout "
		 "connect 1s\n timeout client 1s\n timeout server 1s\n",
		 open_log());
	buffer_add_text(&config, head);
	va_start(args, fmt);
	buffer_vprintf(&config, fmt, args);
	va_end(args);
	p = build(buffer_text(&config), n_threads, &text);
	if (!p)
		fail_msg("%s", buffer_text(&text));
	buffer_fini(&config);
	buffer_fini(&text);
	p->console.fd = -1;
	make_workers(p);
	assert_int_equal(health_checks_init(p), 0);
	drop_logs();
	return p;
}

void program_end(struct program *p)
{
	struct worker *workers = p->workers;
	unsigned int n = p->n_threads;

	for (unsigned int i = 0; i < n; i++)
		health_checks_stop(&workers[i]);
	program_free(p);
	for (unsigned int i = 0; i < n; i++)
		loop_fini(&workers[i].loop);
	free(workers);
}

struct server *server_of(struct program *p, const char *backend, const char *name)
{
	struct proxy *px = program_find_proxy(p, span_of(backend), PROXY_BACKEND);
	struct server *s;

	assert_non_null(px);
	s = proxy_find_server(px, span_of(name));
	assert_non_null(s);
	return s;
}

struct loop *loop_of(struct program *p)
{
	return &p->workers[0].loop;
}

/* ---- log lines */

static bool next_log(unsigned int *level, char text[2048])
{
	char line[2048];
	ssize_t n = recv(log_fd, line, sizeof(line) - 1, 0);
	char *message;
	unsigned int priority;

	if (n < 0)
		return false;
	line[n] = '\0';
	assert_int_equal(sscanf(line, "<%u>", &priority), 1);
	*level = priority & 7;
	message = strstr(line, "]: ");
	assert_non_null(message);
	snprintf(text, 2048, "%s", message + 3);
	text[strcspn(text, "\n")] = '\0';
	return true;
}

void expect_log(unsigned int level, const char *message)
{
	char text[2048];
	unsigned int seen;

	if (!next_log(&seen, text))
		fail_msg("no log line where this one was due: %s", message);
	assert_string_equal(text, message);
	assert_int_equal(seen, level);
}

void expect_no_log(void)
{
	char text[2048];
	unsigned int level;

	if (next_log(&level, text))
		fail_msg("a log line too many: %s", text);
}

unsigned int drop_logs(void)
{
	char text[2048];
	unsigned int level, n = 0;

	while (next_log(&level, text))
		n++;
	return n;
}

/* ---- a server in the loop */

struct mock_client {
	struct list link; /* mock->clients */
	struct io io;
	struct mock *mock;
};

static void client_end(struct mock_client *c)
{
	list_remove(&c->link);
	io_close(&c->io);
	free(c);
}

static void client_data(struct io *io, char *bytes, ssize_t n)
{
	static const char *const answers[] = {[MOCK_200] = "HTTP/1.0 200 OK\r\n\r\n",
					      [MOCK_404] = "HTTP/1.0 404 Not Found\r\n\r\n",
					      [MOCK_500] = "HTTP/1.0 500 Oops\r\n\r\n",
					      [MOCK_JUNK] = "hello\r\n\r\n"};
	struct mock_client *c = container_of(io, struct mock_client, io);
	struct mock *m = c->mock;
	int error;

	if (n > 0) {
		size_t kept = (size_t)n < sizeof(m->last) - 1 ? (size_t)n : sizeof(m->last) - 1;

		memcpy(m->last, bytes, kept);
		m->last[kept] = '\0';
		m->requests++;
	}
	if (n > 0 && m->mode == MOCK_SILENT) {
		io_recv(io);
		return;
	}
	if (n > 0 && m->mode != MOCK_CLOSE) {
		struct iovec iov = {(char *)answers[m->mode], strlen(answers[m->mode])};

		(void)io_send(io, &iov, 1, false, &error);
	}
	client_end(c);
}

static const struct io_handler client_handler = {.name = "mock client", .on_data = client_data};

static void mock_accept(struct io *io, int fd, const struct sockaddr_storage *peer)
{
	struct mock *m = container_of(io, struct mock, listener);
	struct mock_client *c = calloc(1, sizeof(*c));

	(void)peer;
	assert_non_null(c);
	m->connections++;
	c->mock = m;
	list_append(&m->clients, &c->link);
	io_init(&c->io, io->loop, fd, &client_handler);
	io_recv(&c->io);
}

static const struct io_handler mock_handler = {.name = "mock", .on_accept = mock_accept};

static int listen_on(uint16_t port, struct sockaddr_in *at)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*at);

	assert_true(fd >= 0);
	*at = (struct sockaddr_in){.sin_family = AF_INET,
				   .sin_port = htons(port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

uint16_t free_port(void)
{
	struct sockaddr_in at;

	close(listen_on(0, &at));
	return ntohs(at.sin_port);
}

void mock_start(struct mock *m, struct loop *l, uint16_t port)
{
	struct sockaddr_in at;
	int fd = listen_on(port, &at);

	assert_int_equal(listen(fd, 64), 0);
	m->port = ntohs(at.sin_port);
	list_init(&m->clients);
	io_init(&m->listener, l, fd, &mock_handler);
	assert_int_equal(io_accept_start(&m->listener, 16), 0);
}

void mock_stop(struct mock *m)
{
	io_close(&m->listener);
	while (!list_empty(&m->clients))
		client_end(LIST_ENTRY(m->clients.next, struct mock_client, link));
}
