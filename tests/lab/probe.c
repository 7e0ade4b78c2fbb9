/* SPDX-License-Identifier: MIT */
/*
 * The clients of the drills: short ones (a new connection and a GET every few milliseconds),
 * keep-alive ones (a request every 50 ms on each connection) and streams (a long answer read
 * slowly). Runs for a bounded time, then says what each kind saw:
 *
 *     probe ADDRESS PORT SECONDS [SHORT_PER_SECOND [KEEPALIVE [STREAMS [STREAM_PATH]]]]
 *     gap 812345 330                   each gap of GAP_MS or more: when it ended, how long it was;
 *     gap 814345 900 open              ... or that it was open still when the asking ended
 *     short 2000 failed 0 refused 0    refused: of those that failed
 *     keepalive 1990 failed 0 broken 0
 *     streams 6 failed 0 broken 0
 *     gap_ms 12
 *
 * A short request fails when it is refused, cut off, answered with 5xx or not answered within a
 * second. A keep-alive connection is broken when it ends with a request unanswered; one that ends
 * between requests is opened anew, as browsers do. A stream is broken when it ends early, or stands
 * still at the end of the run (it "asked" when its last byte came). A gap is the time between two
 * good answers to short requests. SIGTERM ends the asking before its time. Each failure is a line
 * on the standard error stream, with the client's number; all times are milliseconds of
 * CLOCK_MONOTONIC.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS 1000
#define KEEPALIVE_EVERY_MS 50
#define MAX_CLIENTS 4096
#define STREAM_EVERY_MS 50   /* a stream reads so often... */
#define STREAM_CHUNK 16384   /* ... so many bytes, and has buffers no larger than that */
#define STREAM_AGAIN_MS 200  /* an ended one is opened anew after that time */
#define STREAM_STILL_MS 2000 /* without a byte for so long at the end: broken */
#define GAP_MS 20
#define MAX_GAPS 512

enum kind { SHORT, KEEPALIVE, STREAM };

struct client {
	enum kind kind;
	int fd; /* -1: not in use */
	bool connected, waiting;
	uint64_t start_ms, deadline_ms, next_ms; /* start: of the connection, or of the request */
	uint64_t heard_ms;
	unsigned int answers; /* on this connection */
	size_t got;
	int64_t body_left; /* -1: head not complete */
	char head[4096];
};

static const char *const kind_names[] = {"short", "keepalive", "stream"};
static struct client clients[MAX_CLIENTS];
static int poll_fd;
static struct sockaddr_in to;
static const char *stream_path = "/big";
static unsigned long count[3], failed[3], broken[3], refused;
static uint64_t last_good_ms, longest_gap_ms;
static struct gap {
	uint64_t end_ms, length_ms;
	bool open; /* no good answer any more */
} gaps[MAX_GAPS];
static unsigned int n_gaps;
static bool asking = true; /* not in the last second: what was asked is waited for */
static volatile sig_atomic_t told_to_end;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void on_signal(int number)
{
	told_to_end = number;
}

/* A signal leaves what was asked its time. */
static uint64_t end_now(uint64_t end)
{
	uint64_t soon = now_ms() + TIMEOUT_MS;

	return told_to_end && asking && soon < end ? soon : end;
}

static void drop(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->connected = c->waiting = false;
}

static void fail(struct client *c, const char *why)
{
	if (c->waiting) {
		failed[c->kind]++;
		broken[c->kind] += c->kind != SHORT;
		fprintf(stderr, "%llu %s %td: %s (asked at %llu, answers before: %u)\n",
			(unsigned long long)now_ms(), kind_names[c->kind], c - clients, why,
			(unsigned long long)c->start_ms, c->answers);
	}
	drop(c);
}

static void fail_connect(struct client *c, int error)
{
	refused += c->kind == SHORT && error == ECONNREFUSED;
	fail(c, strerror(error));
}

/* A good answer to a short request, or the end of all. */
static void note_gap(uint64_t now, bool open)
{
	uint64_t gap = now - last_good_ms;

	if (gap > longest_gap_ms)
		longest_gap_ms = gap;
	if (gap >= GAP_MS && n_gaps < MAX_GAPS)
		gaps[n_gaps++] = (struct gap){now, gap, open};
	last_good_ms = now;
}

static void good(struct client *c)
{
	if (c->kind == SHORT && asking)
		note_gap(now_ms(), false);
	c->waiting = false;
	c->answers++;
	if (c->kind != KEEPALIVE)
		drop(c);
}

static void send_request(struct client *c)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: probe\r\n%s\r\n",
			 c->kind == STREAM ? stream_path : "/",
			 c->kind == KEEPALIVE ? "" : "Connection: close\r\n");

	c->got = 0;
	c->body_left = -1;
	c->waiting = true;
	if (c->answers > 0)
		c->start_ms = now_ms();
	c->deadline_ms = now_ms() + (c->kind == STREAM ? 3600000 : TIMEOUT_MS);
	if (send(c->fd, text, (size_t)n, MSG_NOSIGNAL) == n)
		return;
	if (c->answers > 0 && c->kind == KEEPALIVE) {
		c->waiting = false; /* closed while idle: opened anew at the next tick */
		drop(c);
		return;
	}
	fail(c, "cannot send");
}

static void start(struct client *c, enum kind kind)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
	int one = 1;

	c->kind = kind;
	c->connected = false;
	c->answers = 0;
	c->waiting = true;
	c->start_ms = c->heard_ms = now_ms();
	c->deadline_ms = c->start_ms + TIMEOUT_MS;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	count[kind] += kind != KEEPALIVE;
	if (c->fd < 0) {
		fail(c, "no socket");
		return;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (kind == STREAM)
		setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &(int){STREAM_CHUNK}, sizeof(int));
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS) {
		fail_connect(c, errno);
		return;
	}
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &ev);
}

/* The head is complete: its status and length. False on a bad answer. */
static bool read_head(struct client *c, const char *end)
{
	const char *length;
	int status = 0;

	c->head[c->got] = '\0';
	if (sscanf(c->head, "HTTP/1.%*d %d", &status) != 1 || status >= 500) {
		char why[64];

		snprintf(why, sizeof(why), "status %d", status);
		fail(c, why);
		return false;
	}
	length = strcasestr(c->head, "content-length:");
	c->body_left = (length ? strtoll(length + 15, NULL, 10) : 0) -
		       (int64_t)(c->got - (size_t)(end - c->head));
	return true;
}

static void received(struct client *c, const char *bytes, size_t n)
{
	const char *end;

	if (c->body_left >= 0) {
		c->body_left -= (int64_t)n;
	} else {
		size_t room = sizeof(c->head) - 1 - c->got, take = n < room ? n : room;

		memcpy(c->head + c->got, bytes, take);
		c->got += take;
		end = memmem(c->head, c->got, "\r\n\r\n", 4);
		if (!end)
			return;
		if (!read_head(c, end + 4))
			return;
		c->body_left -= (int64_t)(n - take);
	}
	if (c->body_left <= 0 && c->waiting)
		good(c);
}

static void on_readable(struct client *c)
{
	static char bytes[65536];
	ssize_t n = recv(c->fd, bytes, c->kind == STREAM ? STREAM_CHUNK : sizeof(bytes), 0);

	if (n > 0) {
		c->heard_ms = now_ms();
		if (c->waiting)
			received(c, bytes, (size_t)n);
	} else if (n == 0 || errno != EAGAIN) {
		/* an idle connection may close just when its next request goes out: repeating it
		 * then is the client's own right */
		if (c->kind == KEEPALIVE && c->answers > 0 && c->got == 0 && n == 0)
			c->waiting = false;
		fail(c, n == 0 ? "closed" : strerror(errno));
	}
}

static void on_event(struct client *c, uint32_t events)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	if (c->fd < 0)
		return;
	if (!c->connected && (events & (EPOLLOUT | EPOLLERR))) {
		int error = 0;
		socklen_t len = sizeof(error);

		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error) {
			fail_connect(c, error);
			return;
		}
		c->connected = true;
		epoll_ctl(poll_fd, c->kind == STREAM ? EPOLL_CTL_DEL : EPOLL_CTL_MOD, c->fd,
			  &ev); /* a stream reads at its ticks */
		count[c->kind] += c->kind == KEEPALIVE;
		send_request(c);
		return;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		on_readable(c);
}

/* What is due now; near the end nothing new is asked. */
static void tick(unsigned int n_keepalive, unsigned int n_streams, bool ending)
{
	uint64_t now = now_ms();

	for (unsigned int i = 0; i < MAX_CLIENTS; i++) {
		struct client *c = &clients[i];
		bool stream = i >= n_keepalive;

		if (c->fd >= 0 && c->waiting && now > c->deadline_ms)
			fail(c, "no answer in time");
		if (i >= n_keepalive + n_streams || now < c->next_ms)
			continue;
		c->next_ms = now + (!stream     ? KEEPALIVE_EVERY_MS
				    : c->fd < 0 ? STREAM_AGAIN_MS
						: STREAM_EVERY_MS);
		if (stream && c->connected) {
			on_readable(c);
		} else if (ending) {
			continue;
		} else if (c->fd < 0) {
			start(c, stream ? STREAM : KEEPALIVE);
		} else if (!stream && c->connected && !c->waiting) {
			count[KEEPALIVE]++;
			send_request(c);
		}
	}
}

static void start_short(unsigned int first)
{
	for (unsigned int i = first; i < MAX_CLIENTS; i++)
		if (clients[i].fd < 0) {
			start(&clients[i], SHORT);
			return;
		}
}

/* Streams that stand still are broken, and say so; then the sums. */
static void report(void)
{
	uint64_t now = now_ms();

	for (struct client *c = clients; c < clients + MAX_CLIENTS; c++)
		if (c->fd >= 0 && c->kind == STREAM && now - c->heard_ms > STREAM_STILL_MS) {
			c->start_ms = c->heard_ms;
			fail(c, "stands still");
		}
	for (unsigned int i = 0; i < n_gaps; i++)
		printf("gap %llu %llu%s\n", (unsigned long long)gaps[i].end_ms,
		       (unsigned long long)gaps[i].length_ms, gaps[i].open ? " open" : "");
	printf("short %lu failed %lu refused %lu\nkeepalive %lu failed %lu broken %lu\nstreams %lu "
	       "failed %lu "
	       "broken %lu\ngap_ms %llu\n",
	       count[SHORT], failed[SHORT], refused, count[KEEPALIVE], failed[KEEPALIVE],
	       broken[KEEPALIVE], count[STREAM], failed[STREAM], broken[STREAM],
	       (unsigned long long)longest_gap_ms);
}

int main(int argc, char **argv)
{
	uint64_t begin, end, next_short_us = 0;
	unsigned int per_second = argc > 4 ? (unsigned int)strtoul(argv[4], NULL, 10) : 200;
	unsigned int n_keepalive = argc > 5 ? (unsigned int)strtoul(argv[5], NULL, 10) : 10;
	unsigned int n_streams = argc > 6 ? (unsigned int)strtoul(argv[6], NULL, 10) : 0;

	if (argc < 4 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 ||
	    n_keepalive + n_streams >= MAX_CLIENTS) {
		fprintf(stderr, "usage: probe ADDRESS PORT SECONDS [SHORT_PER_SECOND [KEEPALIVE "
				"[STREAMS [STREAM_PATH]]]]\n");
		return 2;
	}
	if (argc > 7)
		stream_path = argv[7];
	to.sin_family = AF_INET;
	to.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_signal);
	for (unsigned int i = 0; i < MAX_CLIENTS; i++)
		clients[i].fd = -1;
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	begin = last_good_ms = now_ms();
	end = begin + strtoul(argv[3], NULL, 10) * 1000;
	while (now_ms() < end) {
		struct epoll_event events[256];
		int n = epoll_wait(poll_fd, events, 256, 1);

		for (int i = 0; i < n; i++)
			on_event(events[i].data.ptr, events[i].events);
		while (per_second && (now_ms() - begin) * 1000 >= next_short_us && asking) {
			start_short(n_keepalive + n_streams);
			next_short_us += 1000000 / per_second;
		}
		end = end_now(end);
		if (asking && now_ms() >= end - TIMEOUT_MS) {
			if (per_second)
				note_gap(now_ms(), true); /* what comes later counts no more */
			asking = false;
		}
		tick(n_keepalive, n_streams, !asking);
	}
	report();
	return 0;
}
