/* SPDX-License-Identifier: MIT */
/*
 * The clients in front of a proxy that is measured: HTTP/1.1 or TCP ping-pong over many connections
 * from one thread, for a given number of requests.
 *
 *     load -p PORT [-u PATH] [-b BODY_BYTES] [-c CONNECTIONS] [-n REQUESTS] [-t SECONDS]
 *          [-x | -e | -i] [-r PER_SECOND]
 *
 *     (none)  keep-alive: each connection sends its next request when the answer is there
 *     -x      a connection for each request
 *     -e      ping-pong: BODY_BYTES there, the same back
 *     -i      one request on each connection, which then stays open, idle, until standard input
 * ends -r      requests are due at a fixed rate, and latency counts from the moment that one was
 * due
 *
 * An answer is right when it is a 200 with BODY_BYTES of body and nothing behind it; any other, and
 * a connection that fails, is an error. Prints one line of JSON. Status 1: errors, or out of time.
 */
#include "common.h"

#include <signal.h>
#include <strings.h>
#include <sys/prctl.h>
#include <time.h>

#define HEAD_MAX 2048
#define OPENING 64       /* connections that are being made at once with -i */
#define PORTS_EACH 16384 /* connections from one source address */
#define STEPS 64         /* of the histogram, for each doubling */
#define ONE_SECOND 1000000000ULL

enum mode { KEEP_ALIVE, PER_REQUEST, PING_PONG, IDLE };
enum state { CLOSED, SENDING, RECEIVING, ENDING, FREE }; /* ENDING: the server shall close */

struct conn {
	int fd;
	enum state state;
	bool polled, server_closes;
	uint32_t events;
	uint64_t start_ns;
	size_t sent;
	size_t have;      /* of the head; the whole of it: head_done */
	size_t body_left; /* once head_done */
	bool head_done;
	struct conn *next; /* in the list of free ones */
	char *head;
};

static struct {
	enum mode mode;
	unsigned int port, connections, seconds;
	uint64_t requests, rate;
	size_t body;
	const char *path;
} opt = {.connections = 64, .requests = 1000, .seconds = 30, .body = 1024, .path = "/1k"};

static struct conn *conns;
static unsigned int opened; /* so many of them are in use or in the list */
static struct conn *free_first, **free_last = &free_first;
static int poll_fd;
static char *request;
static size_t request_len;
static char scratch[256 * 1024];
static uint64_t issued, done, errors, begin_ns, now_ns, max_ns, histogram[64 * STEPS];

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * ONE_SECOND + (uint64_t)ts.tv_nsec;
}

/* ---- latency */

static void count_latency(uint64_t ns)
{
	unsigned int top = 63 - (unsigned int)__builtin_clzll(ns | STEPS);
	unsigned int shift = top - 6;

	histogram[shift * STEPS + (ns >> shift)]++;
	if (ns > max_ns)
		max_ns = ns;
}

static double percentile_us(double share)
{
	uint64_t good = done - errors, wanted = (uint64_t)((double)good * share), seen = 0;
	unsigned int i;

	for (i = 0; i < 64 * STEPS; i++) {
		seen += histogram[i];
		if (seen > wanted) {
			unsigned int shift = i < 2 * STEPS ? 0 : i / STEPS - 1;

			return (double)((uint64_t)(i - shift * STEPS) << shift) / 1e3;
		}
	}
	return (double)max_ns / 1e3;
}

/* ---- connections */

static void watch(struct conn *c, uint32_t events)
{
	if (c->polled && c->events == events)
		return;
	poll_for(poll_fd, c->polled ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, events, c);
	c->polled = true;
	c->events = events;
}

static void disconnect(struct conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->polled = false;
	c->state = CLOSED;
}

static bool connect_out(struct conn *c)
{
	struct sockaddr_in to = loopback(1, opt.port);
	struct sockaddr_in from = loopback(2 + (uint32_t)((c - conns) / PORTS_EACH), 0);
	static const int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return false;
	set_nodelay(c->fd);
	if (opt.mode == IDLE &&
	    (setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) < 0 ||
	     bind(c->fd, (struct sockaddr *)&from, sizeof(from)) < 0))
		return false;
	return connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS;
}

static void finish(struct conn *c, bool good);

/* Sends what is left of the request: at once, even while connecting, which loopback does at once
 * too. */
static void send_request(struct conn *c)
{
	ssize_t n =
	    send(c->fd, request + c->sent, request_len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN) {
		finish(c, false);
		return;
	}
	c->sent += n > 0 ? (size_t)n : 0;
	c->state = c->sent == request_len ? RECEIVING : SENDING;
	watch(c, c->state == RECEIVING ? EPOLLIN : EPOLLOUT);
}

static void start(struct conn *c, uint64_t start_ns)
{
	issued++;
	c->start_ns = start_ns;
	c->sent = c->have = 0;
	c->head_done = opt.mode == PING_PONG;
	c->body_left = opt.body;
	c->server_closes = false;
	if (c->fd < 0 && !connect_out(c))
		finish(c, false);
	else
		send_request(c);
}

static uint64_t due_ns(uint64_t number)
{
	return opt.rate ? begin_ns + number * ONE_SECOND / opt.rate : now_ns;
}

static void release(struct conn *c)
{
	c->state = FREE;
	c->next = NULL;
	*free_last = c;
	free_last = &c->next;
}

static void start_due(void)
{
	while (free_first && issued < opt.requests && due_ns(issued) <= now_ns) {
		struct conn *c = free_first;

		free_first = c->next;
		if (!free_first)
			free_last = &free_first;
		start(c, due_ns(issued));
	}
}

/* The request is answered, or lost. */
static void finish(struct conn *c, bool good)
{
	done++;
	if (good)
		count_latency(now_ns - c->start_ns);
	else
		errors++;
	if (good && c->server_closes) {
		c->state = ENDING;
		watch(c, EPOLLIN);
		return;
	}
	if (!good || opt.mode == PER_REQUEST)
		disconnect(c);
	if (opt.mode != IDLE) {
		release(c);
		return;
	}
	c->state = FREE;
	if (opened < opt.connections)
		release(&conns[opened++]);
}

/* ---- answers */

static const char *field(struct conn *c, const char *name)
{
	char *at = c->head;

	while ((at = strchr(at, '\n')) && *++at != '\r')
		if (strncasecmp(at, name, strlen(name)) == 0)
			return at + strlen(name);
	return NULL;
}

/* Takes the head out of the first `n` new bytes; what is behind it counts as body. False: wrong. */
static bool take_head(struct conn *c, const char *bytes, size_t n)
{
	size_t room = HEAD_MAX - 1 - c->have, part = n < room ? n : room, head_len;
	const char *end, *value;

	memcpy(c->head + c->have, bytes, part);
	end = memmem(c->head, c->have + part, "\r\n\r\n", 4);
	if (!end) {
		c->have += part;
		return part < room;
	}
	head_len = (size_t)(end - c->head) + 4;
	c->head[head_len] = 0;
	c->head_done = true;
	value = field(c, "content-length: ");
	if (memcmp(c->head, "HTTP/1.1 200 ", 13) != 0 || !value ||
	    strtoull(value, NULL, 10) != opt.body || n - (head_len - c->have) > opt.body)
		return false;
	c->body_left = opt.body - (n - (head_len - c->have));
	value = field(c, "connection: ");
	c->server_closes = value && strncasecmp(value, "close", 5) == 0;
	return true;
}

static void receive(struct conn *c)
{
	ssize_t n = recv(c->fd, scratch, sizeof(scratch), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0 && !c->head_done) {
		if (!take_head(c, scratch, (size_t)n))
			n = -1;
	} else if (n > 0) {
		if ((size_t)n > c->body_left)
			n = -1;
		else
			c->body_left -= (size_t)n;
	}
	if (n <= 0)
		finish(c, false);
	else if (c->head_done && !c->body_left)
		finish(c, true);
}

static void serve(struct conn *c)
{
	switch (c->state) {
	case SENDING:
		send_request(c);
		break;
	case RECEIVING:
		receive(c);
		break;
	case ENDING:
		if (recv(c->fd, scratch, 1, MSG_DONTWAIT) > 0)
			errors++;
		disconnect(c);
		release(c);
		break;
	case FREE: /* the server may close it: the next request opens another */
		if (opt.mode == IDLE || recv(c->fd, scratch, 1, MSG_DONTWAIT) > 0)
			errors++;
		disconnect(c);
		c->state = FREE;
		break;
	case CLOSED:
		break;
	}
}

/* ---- the run */

static struct timespec until_due(uint64_t end_ns)
{
	uint64_t wake = issued < opt.requests && free_first ? due_ns(issued) : end_ns;
	uint64_t wait = wake > now_ns ? wake - now_ns : 0;

	return (struct timespec){(time_t)(wait / ONE_SECOND), (long)(wait % ONE_SECOND)};
}

static void run(void)
{
	struct epoll_event events[EVENTS];
	uint64_t end_ns = begin_ns + opt.seconds * ONE_SECOND;

	while (done < opt.requests && now_ns < end_ns) {
		struct timespec wait;
		int i, n;

		start_due();
		wait = until_due(end_ns);
		n = epoll_pwait2(poll_fd, events, EVENTS, &wait, NULL);
		now_ns = clock_ns();
		for (i = 0; i < n; i++)
			serve(events[i].data.ptr);
	}
}

static void prepare(void)
{
	unsigned int i;

	opened = opt.mode == IDLE && opt.connections > OPENING ? OPENING : opt.connections;
	request = calloc(1, opt.body + 512);
	conns = calloc(opt.connections, sizeof(*conns));
	if (!request || !conns)
		err(1, "malloc");
	if (opt.mode == PING_PONG) {
		memset(request, 'x', opt.body);
		request_len = opt.body;
	} else {
		request_len = (size_t)snprintf(request, 512,
					       "GET %s HTTP/1.1\r\nHost: bench.example\r\n"
					       "User-Agent: load\r\nAccept: */*\r\n\r\n",
					       opt.path);
	}
	for (i = 0; i < opt.connections; i++) {
		conns[i].fd = -1;
		conns[i].head = malloc(HEAD_MAX);
		if (!conns[i].head)
			err(1, "malloc");
		if (i < opened)
			release(&conns[i]);
	}
	if (opt.mode == IDLE)
		opt.requests = opt.connections;
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (poll_fd < 0)
		err(1, "epoll_create1");
}

static void report(void)
{
	uint64_t lost = errors + opt.requests - done;

	printf("{\"requests\": %llu, \"errors\": %llu, \"seconds\": %.3f, \"p50_us\": %.1f, "
	       "\"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f}\n",
	       (unsigned long long)done, (unsigned long long)lost,
	       (double)(now_ns - begin_ns) / 1e9, percentile_us(.5), percentile_us(.99),
	       percentile_us(.999), (double)max_ns / 1e3);
	fflush(stdout);
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "p:u:b:c:n:t:r:xei")) != -1) {
		unsigned long long number = optarg ? strtoull(optarg, NULL, 10) : 0;

		switch (c) {
		case 'p':
			opt.port = (unsigned int)number;
			break;
		case 'u':
			opt.path = optarg;
			break;
		case 'b':
			opt.body = number;
			break;
		case 'c':
			opt.connections = (unsigned int)number;
			break;
		case 'n':
			opt.requests = number;
			break;
		case 't':
			opt.seconds = (unsigned int)number;
			break;
		case 'r':
			opt.rate = number;
			break;
		case 'x':
			opt.mode = PER_REQUEST;
			break;
		case 'e':
			opt.mode = PING_PONG;
			break;
		case 'i':
			opt.mode = IDLE;
			break;
		default:
			exit(2);
		}
	}
	if (!opt.port || !opt.connections || !opt.body || strlen(opt.path) > 256)
		errx(2, "load -p PORT ...: see the head of bench/load.c");
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1);
	parse_options(argc, argv);
	prepare();
	begin_ns = now_ns = clock_ns();
	run();
	report();
	while (opt.mode == IDLE && read(STDIN_FILENO, scratch, sizeof(scratch)) > 0)
		;
	return errors || done < opt.requests;
}
