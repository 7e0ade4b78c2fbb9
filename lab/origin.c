/* SPDX-License-Identifier: MIT */
/*
 * A web server for the drills that knows each byte of what it sends and gets (pattern.h):
 *
 *     halb-origin PORT                 on all addresses, IPv4 and IPv6, until it is killed
 *     GET /big, GET /big/BYTES         a body of so many bytes, 1 TiB unless said
 *     POST                             200 when all of the body was right, 422 at the first wrong
 *                                      byte; X-Received: how many bytes were right
 *     anything else                    a short page
 *
 * Each wrong byte is a line on the standard error stream too. The number of the pattern is the
 * request's X-Pattern, which the answer repeats. One thread; a client gets the bytes as fast as it
 * reads them.
 */
#include "pattern.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIG_BYTES (1ull << 40)
#define PAGE_BYTES 256
#define PIECE 16384
#define TURN_PIECES 4 /* then others have their turn */
#define BUFFER 65536

enum state { HEAD, BODY_IN, ANSWER };
enum chunk { SIZE, EXTENSION, DATA, DATA_END, TRAILER, DONE };

struct connection {
	int fd;
	enum state state;
	char in[8192]; /* what has come and is not used yet */
	size_t n_in;
	uint64_t number, place, left; /* of the body at hand; left: of it, or of the chunk */
	bool close_after, chunked, upload, wrong;
	enum chunk chunk;
	bool empty_line; /* nothing has come of a trailer's line */
	char head[256];  /* of the answer */
	size_t n_head, head_sent;
};

static int poll_fd;

static void end(struct connection *c)
{
	close(c->fd);
	free(c);
}

static void want(struct connection *c, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = c};

	epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &ev);
}

/* ---- the answer */

static void begin_answer(struct connection *c, uint64_t bytes)
{
	char received[48] = "";

	if (c->upload)
		snprintf(received, sizeof(received), "X-Received: %llu\r\n",
			 (unsigned long long)c->place);
	c->n_head = (size_t)snprintf(c->head, sizeof(c->head),
				     "HTTP/1.1 %s\r\nContent-Type: application/octet-stream\r\n"
				     "Content-Length: %llu\r\nX-Pattern: %llu\r\n%s%s\r\n",
				     c->wrong ? "422 Wrong byte" : "200 OK",
				     (unsigned long long)bytes, (unsigned long long)c->number,
				     received, c->close_after ? "Connection: close\r\n" : "");
	c->head_sent = 0;
	c->state = ANSWER;
	c->place = 0;
	c->left = bytes;
}

/* What send() took of the answer's next bytes; -1 with errno. */
static ssize_t send_piece(struct connection *c)
{
	char piece[PIECE];
	size_t bytes = c->left < PIECE ? (size_t)c->left : PIECE;
	ssize_t n;

	if (c->head_sent < c->n_head) {
		n = send(c->fd, c->head + c->head_sent, c->n_head - c->head_sent,
			 MSG_NOSIGNAL | (c->left ? MSG_MORE : 0));
		c->head_sent += n > 0 ? (size_t)n : 0;
		return n;
	}
	pattern_fill(piece, bytes, c->number, c->place);
	n = send(c->fd, piece, bytes, MSG_NOSIGNAL);
	c->place += n > 0 ? (uint64_t)n : 0;
	c->left -= n > 0 ? (uint64_t)n : 0;
	return n;
}

/* False: the connection has ended. */
static bool send_answer(struct connection *c)
{
	ssize_t n = 0;

	for (int turns = 0; c->head_sent < c->n_head || c->left > 0; turns++) {
		if (turns < TURN_PIECES)
			n = send_piece(c);
		if (turns == TURN_PIECES || (n < 0 && errno == EAGAIN)) {
			want(c, EPOLLOUT);
			return true;
		}
		if (n < 0)
			break;
	}
	if (n < 0 || c->close_after) {
		end(c);
		return false;
	}
	c->state = HEAD;
	want(c, EPOLLIN);
	return true;
}

/* ---- an upload */

static void take_data(struct connection *c, const char *bytes, size_t n)
{
	size_t right = pattern_right(bytes, n, c->number, c->place);

	c->place += right;
	c->left -= n;
	c->wrong = right < n;
	if (c->wrong)
		fprintf(stderr, "wrong byte at %llu of the upload %llu\n",
			(unsigned long long)c->place, (unsigned long long)c->number);
}

static int digit(char b)
{
	const char *digits = "0123456789abcdef", *found = b ? strchr(digits, b | 0x20) : NULL;

	return found && b != '\0' ? (int)(found - digits) : -1;
}

/* One byte between the data. */
static void take_frame(struct connection *c, char b)
{
	switch (c->chunk) {
	case SIZE:
		if (digit(b) >= 0) {
			c->left = c->left * 16 + (uint64_t)digit(b);
			break;
		}
		c->chunk = EXTENSION;
		/* fallthrough */
	case EXTENSION:
		if (b == '\n')
			c->chunk = c->left ? DATA : TRAILER;
		c->empty_line = true;
		break;
	case DATA_END:
		if (b == '\n')
			c->chunk = SIZE;
		break;
	case TRAILER:
		if (b == '\n' && c->empty_line)
			c->chunk = DONE;
		c->empty_line = b == '\n' || (b == '\r' && c->empty_line);
		break;
	case DATA:
	case DONE:
		break;
	}
}

/* How much of the bytes belongs to the body. */
static size_t take_body(struct connection *c, const char *bytes, size_t n)
{
	size_t used = 0;

	while (used < n && !c->wrong && c->chunk != DONE) {
		if (c->chunk == DATA) {
			size_t take = n - used < c->left ? n - used : (size_t)c->left;

			take_data(c, bytes + used, take);
			used += take;
			if (c->left == 0)
				c->chunk = c->chunked ? DATA_END : DONE;
		} else {
			take_frame(c, bytes[used++]);
		}
	}
	return used;
}

/* ---- a request */

/* The value of a field, or NULL. */
static const char *field(const char *head, const char *name)
{
	const char *found = strcasestr(head, name);

	return found ? found + strlen(name) : NULL;
}

/* Its head has come, and ends with a zero. */
static void begin_request(struct connection *c)
{
	const char *number = field(c->in, "\r\nx-pattern:"),
		   *length = field(c->in, "\r\ncontent-length:");
	const char *close_it = field(c->in, "\r\nconnection: close"),
		   *version = field(c->in, " HTTP/1.0\r");

	c->number = number ? strtoull(number, NULL, 10) : 0;
	c->close_after = close_it || version;
	c->wrong = false;
	c->upload = strncmp(c->in, "POST ", 5) == 0;
	c->chunked = field(c->in, "\r\ntransfer-encoding: chunked") != NULL;
	c->place = 0;
	if (c->upload) {
		c->state = BODY_IN;
		c->left = length ? strtoull(length, NULL, 10) : 0;
		c->chunk = c->chunked ? SIZE : c->left ? DATA : DONE;
		return;
	}
	if (strncmp(c->in, "GET /big/", 9) == 0)
		begin_answer(c, strtoull(c->in + 9, NULL, 10));
	else
		begin_answer(c, strncmp(c->in, "GET /big", 8) == 0 ? BIG_BYTES : PAGE_BYTES);
}

static void forget(struct connection *c, size_t n)
{
	c->n_in -= n;
	memmove(c->in, c->in + n, c->n_in);
}

/* False: there is nothing more to do with what has come. */
static bool use_input(struct connection *c)
{
	char *end_of_head;

	if (c->state == BODY_IN) {
		forget(c, take_body(c, c->in, c->n_in));
		if (!c->wrong && c->chunk != DONE)
			return false;
		c->close_after = c->close_after || c->wrong;
		begin_answer(c, 0);
		return true;
	}
	end_of_head = c->n_in ? memmem(c->in, c->n_in, "\r\n\r\n", 4) : NULL;
	if (!end_of_head)
		return false;
	end_of_head[2] = '\0';
	begin_request(c);
	forget(c, (size_t)(end_of_head + 4 - c->in));
	return true;
}

static void on_event(struct connection *c)
{
	ssize_t n = 0;

	if (c->state != ANSWER) {
		n = recv(c->fd, c->in + c->n_in, sizeof(c->in) - c->n_in, 0);
		if (n <= 0 && !(n < 0 && errno == EAGAIN)) {
			end(c);
			return;
		}
		c->n_in += n > 0 ? (size_t)n : 0;
		if (c->state == BODY_IN || c->n_in < sizeof(c->in))
			n = 0;
	}
	do {
		if (c->state == ANSWER && !send_answer(c))
			return;
	} while (c->state != ANSWER && use_input(c));
	if (n > 0 && c->state == HEAD && c->n_in == sizeof(c->in))
		end(c); /* a head that is too long */
}

static void on_listener(int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
		struct connection *c = fd >= 0 ? calloc(1, sizeof(*c)) : NULL;
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

		if (!c) {
			if (fd >= 0)
				close(fd);
			return;
		}
		c->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){BUFFER}, sizeof(int));
		epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &ev);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any};
	struct epoll_event ev = {.events = EPOLLIN};
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (argc != 2) {
		fprintf(stderr, "usage: halb-origin PORT\n");
		return 2;
	}
	at.sin6_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(listener, 4096) != 0) {
		perror("halb-origin");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &ev);
	for (;;) {
		struct epoll_event events[256];
		int n = epoll_wait(poll_fd, events, 256, -1);

		for (int i = 0; i < n; i++)
			if (events[i].data.ptr)
				on_event(events[i].data.ptr);
			else
				on_listener(listener);
	}
}
