/* SPDX-License-Identifier: MIT */
/*
 * The clients of the drills: short ones (a new connection and a GET every few milliseconds),
 * keep-alive ones (a request every 50 ms on each connection), streams (a long answer read slowly)
 * and uploads (a long body sent slowly). Runs for a bounded time, then says what each kind saw:
 *
 *     halb-probe [-l MS] [-u UPLOADS [-b BYTES] [-s MS]] ADDRESS PORT SECONDS
 *                [SHORT_PER_SECOND [KEEPALIVE [STREAMS [PATH]]]]
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
 *
 * With -u there are uploads, of so many bytes each (until the end, unless said), and streams are
 * broken as soon as they stand still for a second (-s: for MS), too. An upload is broken when it is
 * refused, cut off, stands still for so long or its receiver has not got each byte. What an origin
 * (origin.c) answers is compared byte for byte. Then the report has these lines too; a stall is a
 * time for which an established connection could not go on, of those that were not broken:
 *
 *     uploads 20 failed 0 broken 0
 *     wrong_bytes 0                    exchanges with a wrong byte
 *     idle_closed 0 reset 0            keep-alive connections that ended between requests; by a RST
 *     stall_ms 12 keepalive 12 streams 3 uploads 0
 *
 * With -l what has been seen so far is a line each MS milliseconds, the servers by the names in
 * their pages' <h1>; when nobody reads these lines any more the asking ends:
 *
 *     live 812345 short 200 failed 0 web1 99 web2 98
 */
#include "pattern.h"

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
#define UPLOAD_HEAD 16       /* room for the head of a chunk, and for what ends it */
#define GAP_MS 20
#define MAX_GAPS 512
#define MAX_SERVERS 8

enum kind { SHORT, KEEPALIVE, STREAM, UPLOAD, KINDS };

struct client {
	enum kind kind;
	int fd; /* -1: not in use */
	bool connected, waiting;
	uint64_t start_ms, deadline_ms, next_ms; /* start: of the connection, or of the request */
	uint64_t heard_ms, open_ms, stuck_ms;    /* stuck: since then, 0: not */
	unsigned int answers;                    /* on this connection */
	size_t got;
	int64_t body_left;      /* -1: head not complete */
	uint64_t number, place; /* of the pattern */
	bool verify, ended;     /* the answer is of the pattern; all of the upload is written */
	char *out;              /* an upload's: bytes to send */
	size_t n_out, out_sent;
	char head[4096];
};

static const char *const kind_names[] = {"short", "keepalive", "stream", "upload"};
static struct client clients[MAX_CLIENTS];
static unsigned int n_clients; /* those behind were never used */
static unsigned int n_keepalive, n_streams, n_uploads;
static uint64_t upload_bytes; /* 0: until the end */
static uint64_t still_ms = TIMEOUT_MS;
static int poll_fd;
static struct sockaddr_storage to;
static const char *stream_path = "/big";
static unsigned long count[KINDS], failed[KINDS], broken[KINDS], refused, wrong_bytes, idle_closed,
    idle_reset;
static uint64_t numbers, longest_stall_ms[KINDS];
static uint64_t last_good_ms, longest_gap_ms;
static struct gap {
	uint64_t end_ms, length_ms;
	bool open; /* no good answer any more */
} gaps[MAX_GAPS];
static unsigned int n_gaps;
static bool asking = true; /* not in the last second: what was asked is waited for */
static volatile sig_atomic_t told_to_end;
static uint64_t live_every_ms, live_next_ms;
static struct {
	char name[16];
	unsigned long answers;
} servers[MAX_SERVERS];
static unsigned int n_servers;

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
	c->stuck_ms = 0;
}

static void fail(struct client *c, const char *why)
{
	if (c->waiting) {
		failed[c->kind]++;
		broken[c->kind] += c->kind != SHORT;
		fprintf(stderr,
			"%llu %s %td: %s (asked at %llu, answers before: %u, open since %llu)\n",
			(unsigned long long)now_ms(), kind_names[c->kind], c - clients, why,
			(unsigned long long)c->start_ms, c->answers,
			(unsigned long long)c->open_ms);
	} else if (c->kind == KEEPALIVE) {
		idle_closed++;
		idle_reset += strcmp(why, "closed") != 0;
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

static void note_stall(struct client *c, uint64_t since)
{
	uint64_t stall = now_ms() - since;

	if (stall > longest_stall_ms[c->kind])
		longest_stall_ms[c->kind] = stall;
}

/* It cannot go on now. True when that has been so for too long. */
static bool is_stuck(struct client *c)
{
	uint64_t now = now_ms();

	if (!c->stuck_ms)
		c->stuck_ms = now;
	return n_uploads && now - c->stuck_ms > still_ms;
}

static void goes_on(struct client *c)
{
	if (c->stuck_ms)
		note_stall(c, c->stuck_ms);
	c->stuck_ms = 0;
}

static void good(struct client *c)
{
	if (c->kind == SHORT && asking)
		note_gap(now_ms(), false);
	if (c->kind == KEEPALIVE && c->answers > 0)
		note_stall(c, c->start_ms);
	c->waiting = false;
	c->answers++;
	if (c->kind != KEEPALIVE)
		drop(c);
}

static void send_request(struct client *c)
{
	static const char *const methods[KINDS] = {"GET", "GET", "GET", "POST"};
	static const char *const fields[KINDS] = {
	    "Connection: close\r\n", "", "Connection: close\r\n",
	    "Connection: close\r\nTransfer-Encoding: chunked\r\n"};
	char text[512];
	int n;

	c->number = ++numbers;
	n = snprintf(text, sizeof(text),
		     "%s %s HTTP/1.1\r\nHost: probe\r\nX-Pattern: %llu\r\n%s\r\n", methods[c->kind],
		     c->kind == STREAM ? stream_path : "/", (unsigned long long)c->number,
		     fields[c->kind]);
	c->got = 0;
	c->body_left = -1;
	c->place = 0;
	c->verify = c->ended = false;
	c->n_out = c->out_sent = 0;
	c->waiting = true;
	if (c->answers > 0)
		c->start_ms = now_ms();
	c->deadline_ms = now_ms() + (c->kind >= STREAM ? 3600000 : TIMEOUT_MS);
	if (send(c->fd, text, (size_t)n, MSG_NOSIGNAL) == n)
		return;
	if (c->answers > 0 && c->kind == KEEPALIVE) {
		c->waiting = false; /* closed while idle: opened anew at the next tick */
		fail(c, errno == ECONNRESET ? strerror(errno) : "closed");
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
	c->start_ms = c->heard_ms = c->open_ms = now_ms();
	c->deadline_ms = c->start_ms + TIMEOUT_MS;
	c->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	count[kind] += kind != KEEPALIVE;
	if (c->fd < 0) {
		fail(c, "no socket");
		return;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (kind == STREAM)
		setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &(int){STREAM_CHUNK}, sizeof(int));
	if (kind == UPLOAD)
		setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &(int){STREAM_CHUNK}, sizeof(int));
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS) {
		fail_connect(c, errno);
		return;
	}
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &ev);
}

static void fail_bytes(struct client *c, uint64_t place)
{
	char why[64];

	wrong_bytes++;
	snprintf(why, sizeof(why), "wrong byte at %llu", (unsigned long long)place);
	fail(c, why);
}

/* What an origin says about the exchange. False: it has failed. */
static bool read_verdict(struct client *c, int status)
{
	const char *number = strcasestr(c->head, "\r\nx-pattern:");
	const char *received = strcasestr(c->head, "\r\nx-received:");
	uint64_t bytes = received ? strtoull(received + 13, NULL, 10) : 0;

	c->verify = number != NULL;
	if (number && strtoull(number + 12, NULL, 10) != c->number) {
		fail_bytes(c, 0); /* somebody else's answer */
		return false;
	}
	if (c->kind == UPLOAD && (status != 200 || !c->ended || bytes != c->place)) {
		fail_bytes(c, bytes);
		return false;
	}
	return true;
}

/* The head is complete: its status and length. False on a bad answer. */
static bool read_head(struct client *c)
{
	const char *length;
	int status = 0;

	if (sscanf(c->head, "HTTP/1.%*d %d", &status) != 1 || status >= 500) {
		char why[64];

		snprintf(why, sizeof(why), "status %d", status);
		fail(c, why);
		return false;
	}
	if (!read_verdict(c, status))
		return false;
	length = strcasestr(c->head, "content-length:");
	c->body_left = length ? strtoll(length + 15, NULL, 10) : 0;
	return true;
}

/* The page says who made it. */
static void note_server(const char *bytes, size_t n)
{
	const char *name = memmem(bytes, n, "<h1>", 4), *end;
	unsigned int i = 0;
	size_t length;

	if (!name)
		return;
	name += 4;
	end = memchr(name, '<', n - (size_t)(name - bytes));
	length = end ? (size_t)(end - name) : sizeof(servers[0].name);
	if (length >= sizeof(servers[0].name) || memchr(name, ' ', length)) /* an error's title */
		return;
	while (i < n_servers &&
	       (strlen(servers[i].name) != length || memcmp(servers[i].name, name, length) != 0))
		i++;
	if (i == MAX_SERVERS)
		return;
	if (i == n_servers) {
		memcpy(servers[i].name, name, length);
		n_servers++;
	}
	servers[i].answers++;
}

static void show_live(uint64_t now)
{
	if (!live_every_ms || now < live_next_ms)
		return;
	live_next_ms = now + live_every_ms;
	printf("live %llu short %lu failed %lu", (unsigned long long)now, count[SHORT],
	       failed[SHORT]);
	for (unsigned int i = 0; i < n_servers; i++)
		printf(" %s %lu", servers[i].name, servers[i].answers);
	putchar('\n');
	if (fflush(stdout) != 0)
		told_to_end = 1;
}

static void received_body(struct client *c, const char *bytes, size_t n)
{
	if (c->verify && c->kind != UPLOAD) {
		size_t right = pattern_right(bytes, n, c->number, c->place);

		c->place += right;
		if (right < n) {
			fail_bytes(c, c->place);
			return;
		}
	}
	c->body_left -= (int64_t)n;
	if (c->body_left <= 0)
		good(c);
}

static void received(struct client *c, const char *bytes, size_t n)
{
	size_t room = sizeof(c->head) - 1 - c->got, take = n < room ? n : room, length;
	char *end;

	if (live_every_ms && c->kind == SHORT)
		note_server(bytes, n);
	if (c->body_left >= 0) {
		received_body(c, bytes, n);
		return;
	}
	memcpy(c->head + c->got, bytes, take);
	end = memmem(c->head, c->got + take, "\r\n\r\n", 4);
	length = end ? (size_t)(end + 4 - c->head) - c->got : take; /* of the head, in these bytes
								     */
	c->got += length;
	c->head[c->got] = '\0';
	if (end && read_head(c))
		received_body(c, bytes + length, n - length);
}

/* ---- uploads */

/* The next bytes of it, as a chunk; or its end. */
static void write_chunk(struct client *c, bool ending)
{
	size_t n = STREAM_CHUNK;
	int head;

	if (!c->out)
		c->out = malloc(STREAM_CHUNK + 2 * UPLOAD_HEAD);
	if (!c->out)
		exit(1);
	if (upload_bytes && upload_bytes - c->place < n)
		n = (size_t)(upload_bytes - c->place);
	if (ending)
		n = 0;
	head = snprintf(c->out, UPLOAD_HEAD, "%zx\r\n", n);
	pattern_fill(c->out + head, n, c->number, c->place);
	memcpy(c->out + (size_t)head + n, "\r\n", 2);
	c->n_out = (size_t)head + n + 2;
	c->out_sent = 0;
	c->place += n;
	if (n == 0) {
		c->ended = true;
		c->deadline_ms = now_ms() + TIMEOUT_MS;
	}
}

/* At its ticks, or when it was stuck: what is left of a chunk, or the next one. */
static void upload_more(struct client *c, bool ending)
{
	ssize_t n;

	if (c->out_sent == c->n_out) {
		if (c->ended)
			return;
		write_chunk(c, ending);
	}
	n = send(c->fd, c->out + c->out_sent, c->n_out - c->out_sent, MSG_NOSIGNAL);
	if (n > 0) {
		goes_on(c);
		c->out_sent += (size_t)n;
		if (c->out_sent < c->n_out)
			c->stuck_ms = now_ms(); /* the rest as soon as it can go */
	} else if (n < 0 && errno != EAGAIN) {
		fail(c, strerror(errno));
	} else if (is_stuck(c)) {
		c->start_ms = c->stuck_ms;
		fail(c, "stands still");
	}
}

static void on_readable(struct client *c)
{
	static char bytes[65536];
	ssize_t n = recv(c->fd, bytes, c->kind == STREAM ? STREAM_CHUNK : sizeof(bytes), 0);

	if (n > 0) {
		c->heard_ms = now_ms();
		goes_on(c);
		if (c->waiting)
			received(c, bytes, (size_t)n);
	} else if (n < 0 && errno == EAGAIN) {
		if (c->kind == STREAM && is_stuck(c)) {
			c->start_ms = c->stuck_ms;
			fail(c, "stands still");
		}
	} else {
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

/* One that is always there is due now; near the end nothing new is asked. */
static void tick_client(struct client *c, enum kind kind, bool ending)
{
	if (kind == STREAM && c->connected) {
		on_readable(c);
	} else if (kind == UPLOAD && c->connected) {
		upload_more(c, ending);
	} else if (ending) {
		return;
	} else if (c->fd < 0) {
		start(c, kind);
	} else if (kind == KEEPALIVE && c->connected && !c->waiting) {
		count[KEEPALIVE]++;
		send_request(c);
	}
}

static void tick(bool ending)
{
	uint64_t now = now_ms();

	for (unsigned int i = 0; i < n_clients; i++) {
		struct client *c = &clients[i];
		enum kind kind = i < n_keepalive                           ? KEEPALIVE
				 : i < n_keepalive + n_streams             ? STREAM
				 : i < n_keepalive + n_streams + n_uploads ? UPLOAD
									   : SHORT;

		if (c->fd >= 0 && c->waiting && now > c->deadline_ms)
			fail(c, "no answer in time");
		if (kind == SHORT || (now < c->next_ms && !c->stuck_ms))
			continue;
		if (now >= c->next_ms) /* one that is stuck looks more often */
			c->next_ms = now + (kind == KEEPALIVE ? KEEPALIVE_EVERY_MS
					    : c->fd < 0       ? STREAM_AGAIN_MS
							      : STREAM_EVERY_MS);
		tick_client(c, kind, ending);
	}
}

static void start_short(void)
{
	unsigned int first = n_keepalive + n_streams + n_uploads;

	for (unsigned int i = first; i < MAX_CLIENTS; i++)
		if (clients[i].fd < 0) {
			n_clients = i >= n_clients ? i + 1 : n_clients;
			start(&clients[i], SHORT);
			return;
		}
}

static void report_uploads(void)
{
	uint64_t longest = 0;

	for (unsigned int i = 0; i < KINDS; i++)
		longest = longest_stall_ms[i] > longest ? longest_stall_ms[i] : longest;
	printf("uploads %lu failed %lu broken %lu\nwrong_bytes %lu\nidle_closed %lu reset %lu\n"
	       "stall_ms %llu keepalive %llu streams %llu uploads %llu\n",
	       count[UPLOAD], failed[UPLOAD], broken[UPLOAD], wrong_bytes, idle_closed, idle_reset,
	       (unsigned long long)longest, (unsigned long long)longest_stall_ms[KEEPALIVE],
	       (unsigned long long)longest_stall_ms[STREAM],
	       (unsigned long long)longest_stall_ms[UPLOAD]);
}

/* Streams that stand still are broken, and say so; then the sums. */
static void report(void)
{
	uint64_t now = now_ms();

	for (struct client *c = clients; c < clients + n_clients; c++) {
		if (c->fd >= 0 && c->kind == STREAM && now - c->heard_ms > STREAM_STILL_MS) {
			c->start_ms = c->heard_ms;
			fail(c, "stands still");
		}
		if (c->fd >= 0 && c->kind == UPLOAD)
			fail(c, "no answer in time");
	}
	for (unsigned int i = 0; i < n_gaps; i++)
		printf("gap %llu %llu%s\n", (unsigned long long)gaps[i].end_ms,
		       (unsigned long long)gaps[i].length_ms, gaps[i].open ? " open" : "");
	printf("short %lu failed %lu refused %lu\nkeepalive %lu failed %lu broken %lu\nstreams %lu "
	       "failed %lu broken %lu\n",
	       count[SHORT], failed[SHORT], refused, count[KEEPALIVE], failed[KEEPALIVE],
	       broken[KEEPALIVE], count[STREAM], failed[STREAM], broken[STREAM]);
	if (n_uploads)
		report_uploads();
	printf("gap_ms %llu\n", (unsigned long long)longest_gap_ms);
}

/* Asks until the end. */
static void run(uint64_t seconds, unsigned int per_second)
{
	uint64_t begin = now_ms(), end = begin + seconds * 1000, next_short_us = 0;

	last_good_ms = begin;
	while (now_ms() < end) {
		struct epoll_event events[256];
		int n = epoll_wait(poll_fd, events, 256, 1);

		for (int i = 0; i < n; i++)
			on_event(events[i].data.ptr, events[i].events);
		while (per_second && (now_ms() - begin) * 1000 >= next_short_us && asking) {
			start_short();
			next_short_us += 1000000 / per_second;
		}
		end = end_now(end);
		if (asking && now_ms() >= end - TIMEOUT_MS) {
			if (per_second)
				note_gap(now_ms(), true); /* what comes later counts no more */
			asking = false;
		}
		tick(!asking);
		show_live(now_ms());
	}
}

static bool read_address(const char *address, const char *port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&to;

	to.ss_family = strchr(address, ':') ? AF_INET6 : AF_INET;
	v4->sin_port = htons((uint16_t)strtoul(port, NULL, 10)); /* at the same place in both */
	return inet_pton(to.ss_family, address,
			 to.ss_family == AF_INET6 ? (void *)&v6->sin6_addr
						  : (void *)&v4->sin_addr) == 1;
}

/* The options; how many words they are. 0: not understood. */
static int read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+l:u:b:s:")) != -1) {
		if (option == 'l')
			live_every_ms = strtoul(optarg, NULL, 10);
		else if (option == 'u')
			n_uploads = (unsigned int)strtoul(optarg, NULL, 10);
		else if (option == 'b')
			upload_bytes = strtoull(optarg, NULL, 10);
		else if (option == 's')
			still_ms = strtoull(optarg, NULL, 10);
		else
			return 0;
	}
	return optind - 1;
}

int main(int argc, char **argv)
{
	int options = read_options(argc, argv);
	bool understood = optind == options + 1;
	unsigned int per_second;

	argc -= options;
	argv += options;
	per_second = argc > 4 ? (unsigned int)strtoul(argv[4], NULL, 10) : 200;
	n_keepalive = argc > 5 ? (unsigned int)strtoul(argv[5], NULL, 10) : 10;
	n_streams = argc > 6 ? (unsigned int)strtoul(argv[6], NULL, 10) : 0;
	n_clients = n_keepalive + n_streams + n_uploads;
	if (!understood || argc < 4 || !read_address(argv[1], argv[2]) ||
	    n_clients >= MAX_CLIENTS) {
		fprintf(stderr,
			"usage: halb-probe [-l MS] [-u UPLOADS [-b BYTES] [-s MS]] ADDRESS PORT "
			"SECONDS [SHORT_PER_SECOND [KEEPALIVE [STREAMS [STREAM_PATH]]]]\n");
		return 2;
	}
	if (argc > 7)
		stream_path = argv[7];
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_signal);
	for (unsigned int i = 0; i < MAX_CLIENTS; i++)
		clients[i].fd = -1;
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	run(strtoul(argv[3], NULL, 10), per_second);
	report();
	return 0;
}
