/* SPDX-License-Identifier: MIT */
/*
 * The servers behind a proxy that is measured: as cheap as one thread can make them, so that they
 * are not the limit.
 *
 *     origin KIND...      each KIND gets a free port of 127.0.0.1; a line "KIND PORT" for each
 *
 *     http    GET /1k, /64k, /1m: a body of that size; keep-alive, unless "Connection: close" or
 * HTTP/1.0 echo    sends back what it gets, for ping-pong: less than a socket buffer is ever on the
 * way sink    UDP: a log server that throws everything away
 *
 * Ends when its standard input ends, so it never outlives bench/run.
 */
#include "common.h"

#include <signal.h>

#define HEAD_MAX 2048
#define ACCEPT_BATCH 64

enum kind { LISTEN_HTTP, LISTEN_ECHO, SINK, HTTP, ECHO };

struct reply { /* head and body in one piece */
	char *bytes;
	size_t len;
};

struct conn { /* also a listening or UDP socket */
	enum kind kind;
	int fd;
	bool close; /* after the reply */
	uint32_t registered;
	const struct reply *reply;
	size_t sent;
	size_t have;
	char head[];
};

static const struct {
	const char *path;
	size_t bytes;
} pages[] = {{"/1k ", 1024}, {"/64k ", 65536}, {"/1m ", 1048576}};

enum { PAGES = sizeof(pages) / sizeof(pages[0]) };

static struct reply replies[PAGES + 1][2]; /* the last one: 404; [1]: with Connection: close */
static int poll_fd;
static char scratch[64 * 1024];

static void make_reply(struct reply *r, const char *status, size_t body, bool close)
{
	char head[256];
	int n = snprintf(head, sizeof(head),
			 "HTTP/1.1 %s\r\nServer: origin\r\nContent-Type: text/plain\r\n"
			 "Content-Length: %zu\r\n%s\r\n",
			 status, body, close ? "Connection: close\r\n" : "");

	r->len = (size_t)n + body;
	r->bytes = malloc(r->len);
	if (!r->bytes)
		err(1, "malloc");
	memcpy(r->bytes, head, (size_t)n);
	memset(r->bytes + n, 'x', body);
}

static void watch(struct conn *c, uint32_t events)
{
	if (c->registered == events)
		return;
	poll_for(poll_fd, c->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, events, c);
	c->registered = events;
}

static void drop(struct conn *c)
{
	close(c->fd);
	free(c);
}

static const struct reply *find_reply(const struct conn *c)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		if (memcmp(c->head + 4, pages[i].path, strlen(pages[i].path)) == 0)
			break;
	return &replies[i][c->close];
}

/* Sends what is left of the reply. False: the connection is gone, or must wait. */
static bool send_reply(struct conn *c)
{
	ssize_t n = send(c->fd, c->reply->bytes + c->sent, c->reply->len - c->sent,
			 MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN) {
		drop(c);
		return false;
	}
	c->sent += n > 0 ? (size_t)n : 0;
	if (c->sent < c->reply->len) {
		watch(c, EPOLLOUT);
		return false;
	}
	c->reply = NULL;
	if (!c->close)
		return true;
	drop(c);
	return false;
}

/* Answers the requests in c->head, one after the other. */
static void answer(struct conn *c)
{
	char *end;

	while (c->have >= 16 && (end = memmem(c->head, c->have, "\r\n\r\n", 4))) {
		size_t len = (size_t)(end - c->head) + 4;

		c->close = memmem(c->head, len, ": close\r\n", 9) ||
			   memmem(c->head, len, " HTTP/1.0\r\n", 11);
		c->reply = find_reply(c);
		c->sent = 0;
		c->have -= len;
		memmove(c->head, c->head + len, c->have);
		if (!send_reply(c))
			return;
	}
	if (c->have == HEAD_MAX)
		drop(c);
	else
		watch(c, EPOLLIN);
}

static void serve_http(struct conn *c)
{
	ssize_t n;

	if (c->reply && !send_reply(c))
		return;
	n = recv(c->fd, c->head + c->have, HEAD_MAX - c->have, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		drop(c);
		return;
	}
	c->have += n > 0 ? (size_t)n : 0;
	answer(c);
}

static void serve_echo(struct conn *c)
{
	ssize_t n = recv(c->fd, scratch, sizeof(scratch), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		watch(c, EPOLLIN);
	else if (n <= 0 || send(c->fd, scratch, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
		drop(c);
	else
		watch(c, EPOLLIN);
}

static void serve(struct conn *c);

static void accept_some(struct conn *listener)
{
	enum kind kind = listener->kind == LISTEN_HTTP ? HTTP : ECHO;
	int i;

	for (i = 0; i < ACCEPT_BATCH; i++) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK);
		struct conn *c;

		if (fd < 0)
			return;
		c = calloc(1, sizeof(*c) + (kind == HTTP ? HEAD_MAX : 0));
		if (!c)
			err(1, "malloc");
		c->fd = fd;
		c->kind = kind;
		set_nodelay(fd);
		serve(c);
	}
}

static void serve(struct conn *c)
{
	switch (c->kind) {
	case LISTEN_HTTP:
	case LISTEN_ECHO:
		accept_some(c);
		break;
	case SINK:
		while (recv(c->fd, scratch, sizeof(scratch), MSG_DONTWAIT) >= 0)
			;
		break;
	case HTTP:
		serve_http(c);
		break;
	case ECHO:
		serve_echo(c);
		break;
	}
}

static void open_listener(const char *name)
{
	static const char *const names[] = {"http", "echo", "sink"};
	struct sockaddr_in at = loopback(1, 0);
	socklen_t len = sizeof(at);
	struct conn *c = calloc(1, sizeof(*c));
	unsigned int kind = 0;

	while (kind < 3 && strcmp(name, names[kind]) != 0)
		kind++;
	if (kind == 3)
		errx(2, "no kind '%s'; there are http, echo and sink", name);
	if (!c)
		err(1, "malloc");
	c->kind = (enum kind)kind;
	c->fd = socket(AF_INET, (kind == SINK ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
	if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    (kind != SINK && listen(c->fd, 4096) < 0) ||
	    getsockname(c->fd, (struct sockaddr *)&at, &len) < 0)
		err(1, "socket for %s", name);
	watch(c, EPOLLIN);
	printf("%s %u\n", name, ntohs(at.sin_port));
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	int i, n;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < 2 * (PAGES + 1); i++)
		make_reply(&replies[i / 2][i % 2], i / 2 < PAGES ? "200 OK" : "404 Not Found",
			   i / 2 < PAGES ? pages[i / 2].bytes : 0, i % 2);
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (poll_fd < 0)
		err(1, "epoll_create1");
	poll_for(poll_fd, EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN, NULL);
	for (i = 1; i < argc; i++)
		open_listener(argv[i]);
	fflush(stdout);
	for (;;) {
		n = epoll_wait(poll_fd, events, EVENTS, -1);
		for (i = 0; i < n; i++) {
			if (!events[i].data.ptr)
				return 0;
			serve(events[i].data.ptr);
		}
	}
}
