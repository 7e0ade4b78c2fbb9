/* SPDX-License-Identifier: MIT */
/* The kernel's list of connections, held against sockets that the test made: in a namespace of its
 * own where that is permitted, else on the loopback, where those of others are listed too. */
#include "net/sock_diag.h"

#include "net_helper.h"
#include "netns_helper.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MANY 5000
#define SEEN_MAX 65536

static struct sock_diag *diag;
static bool own_namespace;

static struct seen {
	struct inet local, remote;
} * seen;
static size_t n_seen;

static int begin(void **state)
{
	int error = 0;

	(void)state;
	diag = sock_diag_new(&error);
	assert_non_null(diag);
	seen = calloc(SEEN_MAX, sizeof(*seen));
	assert_non_null(seen);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sock_diag_free(diag);
	free(seen);
	return 0;
}

/* ---- what is listed */

static void note(void *user, const struct sock_diag_socket *s)
{
	assert_ptr_equal(user, &n_seen);
	assert_true(n_seen < SEEN_MAX);
	seen[n_seen++] = (struct seen){s->local, s->remote};
}

static int read_once(void)
{
	struct pollfd wait = {.fd = sock_diag_fd(diag), .events = POLLIN};

	assert_int_equal(poll(&wait, 1, 10000), 1);
	return sock_diag_read(diag, note, &n_seen);
}

/* The rest of the answer; in how many reads. */
static unsigned int read_all_of_it(void)
{
	unsigned int reads = 0;
	int done;

	do {
		done = read_once();
		reads++;
		assert_true(done >= 0);
	} while (!done);
	return reads;
}

static unsigned int list(void)
{
	n_seen = 0;
	assert_int_equal(sock_diag_ask(diag), 0);
	return read_all_of_it();
}

static bool same(const struct inet *a, const struct inet *b)
{
	return inet_equal_ip(a, b) && a->port == b->port;
}

/* How often the last list holds it. */
static unsigned int times(const struct inet *local, const struct inet *remote)
{
	unsigned int n = 0;

	for (size_t i = 0; i < n_seen; i++)
		n += same(&seen[i].local, local) && same(&seen[i].remote, remote);
	return n;
}

static unsigned int with_local_port(uint16_t port)
{
	unsigned int n = 0;

	for (size_t i = 0; i < n_seen; i++)
		n += seen[i].local.port == port;
	return n;
}

/* ---- sockets */

static struct inet inet_at(const char *text, uint16_t port)
{
	struct inet a = {0};

	assert_true(inet_parse(span_of(text), &a));
	a.port = port;
	return a;
}

static socklen_t to_sockaddr(const struct inet *a, struct sockaddr_in6 *out)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(a->port)};

	if (a->family == INET_V4) {
		memcpy(&v4.sin_addr, a->ip, 4);
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	*out = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
	memcpy(&out->sin6_addr, a->ip, 16);
	return sizeof(*out);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 at; /* IPv4 has its port at the same place */
	socklen_t n = sizeof(at);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	return ntohs(at.sin6_port);
}

/* Listens there, on a port of the kernel's choice; `deferred`: connections stay in SYN_RECV until
 * bytes come. */
static int listen_at(const char *text, bool deferred)
{
	struct inet a = inet_at(text, 0);
	int fd = socket(a.family == INET_V6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 to;
	int seconds = 60, no = 0;

	assert_true(fd >= 0);
	if (deferred)
		assert_int_equal(
		    setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds)), 0);
	if (a.family == INET_V6)
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&to, to_sockaddr(&a, &to)), 0);
	assert_int_equal(listen(fd, 1024), 0);
	return fd;
}

/* Connected from `text` to the same address's `port`. */
static int connect_at(const char *text, uint16_t port)
{
	struct inet a = inet_at(text, port);
	int fd = socket(a.family == INET_V6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 to;

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, to_sockaddr(&a, &to)), 0);
	return fd;
}

/* The ends of one connection, as they should be listed. */
struct flow {
	int listener, client, server;
	struct inet client_at, server_at;
};

/* Listens at one address, is reached by another one. */
static struct flow flow_between(const char *listen_text, const char *connect_text, bool deferred)
{
	struct flow f = {.listener = listen_at(listen_text, deferred), .server = -1};

	f.server_at = inet_at(connect_text, port_of(f.listener));
	f.client = connect_at(connect_text, f.server_at.port);
	f.client_at = inet_at(connect_text, port_of(f.client));
	if (!deferred) {
		f.server = accept4(f.listener, NULL, NULL, SOCK_CLOEXEC);
		assert_true(f.server >= 0);
	}
	return f;
}

/* Without TIME_WAIT. */
static void reset(int fd)
{
	struct linger now = {1, 0};

	if (fd < 0)
		return;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(fd);
}

static void flow_end(struct flow *f)
{
	reset(f->server);
	reset(f->client);
	close(f->listener);
}

static int state_of(int fd)
{
	struct tcp_info info = {0};
	socklen_t n = sizeof(info);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
	return info.tcpi_state;
}

/* The state in which /proc has the socket of those ports, 0: it has none. Another source than that
 * under test. */
static unsigned int proc_state(uint16_t local, uint16_t remote)
{
	static const char *const files[] = {"/proc/net/tcp", "/proc/net/tcp6"};
	unsigned int state = 0;

	for (size_t i = 0; i < 2; i++) {
		unsigned int l, r, s;
		char line[512];
		FILE *f = fopen(files[i], "r");

		assert_non_null(f);
		while (fgets(line, sizeof(line), f)) {
			if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%x %x", &l, &r, &s) == 3 &&
			    l == local && r == remote)
				state = s;
		}
		fclose(f);
	}
	return state;
}

/* The other machine's answer is not there at once: ACKs may wait. */
static void wait_for_state(int fd, int wanted)
{
	for (int i = 0; state_of(fd) != wanted; i++) {
		assert_true(i < 10000);
		poll(NULL, 0, 1);
	}
}

static void assert_listed(const struct flow *f, unsigned int client_times,
			  unsigned int server_times)
{
	list();
	assert_int_equal(times(&f->client_at, &f->server_at), client_times);
	assert_int_equal(times(&f->server_at, &f->client_at), server_times);
}

/* ---- the tests */

static void test_established(void **state)
{
	struct flow v4 = flow_between("127.0.0.1", "127.0.0.1", false);
	struct flow v6 = flow_between("::1", "::1", false);

	(void)state;
	assert_listed(&v4, 1, 1);
	assert_listed(&v6, 1, 1);
	/* The listeners are not. */
	assert_int_equal(proc_state(v4.server_at.port, 0), TCP_LISTEN);
	assert_int_equal(proc_state(v6.server_at.port, 0), TCP_LISTEN);
	assert_int_equal(with_local_port(v4.server_at.port), 1);
	assert_int_equal(with_local_port(v6.server_at.port), 1);
	flow_end(&v4);
	flow_end(&v6);
	assert_listed(&v4, 0, 0);
	assert_listed(&v6, 0, 0);
}

/* One that nobody accepted is a connection too. */
static void test_unaccepted(void **state)
{
	struct flow f = {.listener = listen_at("127.0.0.1", false), .server = -1};

	(void)state;
	f.server_at = inet_at("127.0.0.1", port_of(f.listener));
	f.client = connect_at("127.0.0.1", f.server_at.port);
	f.client_at = inet_at("127.0.0.1", port_of(f.client));
	assert_listed(&f, 1, 1);
	flow_end(&f);
}

static void test_dual_stack(void **state)
{
	struct flow f = flow_between("::", "127.0.0.1", false);

	(void)state;
	assert_int_equal(f.server_at.family, INET_V4);
	assert_listed(&f, 1, 1);
	flow_end(&f);
}

static void test_embryonic(void **state)
{
	static const char *const ways[][2] = {
	    {"127.0.0.1", "127.0.0.1"}, {"::1", "::1"}, {"::", "127.0.0.1"}};

	(void)state;
	for (size_t i = 0; i < array_size(ways); i++) {
		struct flow f = flow_between(ways[i][0], ways[i][1], true);

		assert_int_equal(proc_state(f.server_at.port, f.client_at.port), TCP_SYN_RECV);
		assert_listed(&f, 1, 1);
		flow_end(&f);
	}
}

/* A SYN to a host of the cable that is not there. */
static void test_syn_sent(void **state)
{
	struct inet nobody = inet_at("10.9.0.99", 80), local;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in6 to;

	(void)state;
	if (!own_namespace) {
		close(fd);
		skip();
	}
	assert_int_equal(connect(fd, (struct sockaddr *)&to, to_sockaddr(&nobody, &to)), -1);
	assert_int_equal(errno, EINPROGRESS);
	assert_int_equal(state_of(fd), TCP_SYN_SENT);
	local = inet_at(WIRE0_V4, port_of(fd));
	list();
	assert_int_equal(times(&local, &nobody), 1);
	close(fd);
}

/* The client ends its stream; then its socket is closed too, and the kernel goes on alone. */
static void test_half_closed(void **state)
{
	struct flow f = flow_between("127.0.0.1", "127.0.0.1", false);
	char byte;

	(void)state;
	assert_int_equal(shutdown(f.client, SHUT_WR), 0);
	assert_int_equal(read(f.server, &byte, 1), 0);
	assert_int_equal(state_of(f.server), TCP_CLOSE_WAIT);
	wait_for_state(f.client, TCP_FIN_WAIT2);
	assert_listed(&f, 1, 1);
	close(f.client);
	f.client = -1;
	assert_int_equal(proc_state(f.client_at.port, f.server_at.port), TCP_FIN_WAIT2);
	assert_listed(&f, 1, 1);
	flow_end(&f);
}

static void test_time_wait(void **state)
{
	struct flow v4 = flow_between("::", "127.0.0.1", false);
	struct flow v6 = flow_between("::1", "::1", false);
	struct flow *flows[] = {&v4, &v6};
	char byte;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct flow *f = flows[i];

		assert_int_equal(shutdown(f->client, SHUT_WR), 0);
		assert_int_equal(read(f->server, &byte, 1), 0);
		close(f->server);
		f->server = -1;
		assert_int_equal(read(f->client, &byte, 1), 0);
		close(f->client);
		f->client = -1;
		assert_int_equal(proc_state(f->client_at.port, f->server_at.port), TCP_TIME_WAIT);
		assert_listed(f, 0, 0);
		close(f->listener);
	}
}

/* ---- many */

static struct flow flows[MANY];

static bool may_open(rlim_t n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	if (limit.rlim_cur < n && limit.rlim_max >= n) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			return false;
	}
	return limit.rlim_cur >= n;
}

static bool open_many(void)
{
	int listener;

	if (!may_open(2 * MANY + 100)) {
		printf("# too few descriptors are allowed here\n");
		return false;
	}
	listener = listen_at("127.0.0.1", false);
	for (size_t i = 0; i < MANY; i++) {
		struct flow *f = &flows[i];

		f->server_at = inet_at("127.0.0.1", port_of(listener));
		f->client = connect_at("127.0.0.1", f->server_at.port);
		f->client_at = inet_at("127.0.0.1", port_of(f->client));
		f->server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		assert_true(f->server >= 0);
	}
	close(listener);
	return true;
}

static void close_many(void)
{
	for (size_t i = 0; i < MANY; i++) {
		reset(flows[i].server);
		reset(flows[i].client);
	}
}

/* Each of them is listed once, from both its ends. */
static void assert_many_listed(void)
{
	static uint8_t clients[65536], servers[65536]; /* by the client's port */
	uint16_t port = flows[0].server_at.port;

	memset(clients, 0, sizeof(clients));
	memset(servers, 0, sizeof(servers));
	for (size_t i = 0; i < n_seen; i++) {
		if (seen[i].remote.port == port)
			clients[seen[i].local.port]++;
		if (seen[i].local.port == port)
			servers[seen[i].remote.port]++;
	}
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(clients[flows[i].client_at.port], 1);
		assert_int_equal(servers[flows[i].client_at.port], 1);
	}
}

static void test_many(void **state)
{
	(void)state;
	if (!open_many())
		skip();
	/* No message has less than 72 bytes: a read that takes all of them would need 720 kB. */
	assert_true(list() >= 2 * MANY * 72 / 32768);
	assert_many_listed();
	close_many();
}

/* A question while another one is open, after 0, 1, 2 ... of its reads: only its own answer comes,
 * by the same descriptor. */
static void test_asked_anew(void **state)
{
	struct flow v6 = flow_between("::1", "::1", false);
	int fd = sock_diag_fd(diag);
	unsigned int whole;

	(void)state;
	if (!open_many()) {
		flow_end(&v6);
		skip();
	}
	whole = list();
	for (unsigned int before = 0; before < whole / 2; before += before < 3 ? 1 : whole / 9) {
		n_seen = 0;
		assert_int_equal(sock_diag_ask(diag), 0);
		for (unsigned int i = 0; i < before; i++)
			assert_int_equal(read_once(), 0);
		assert_true(before == 0 || n_seen > 0);
		list();
		assert_many_listed();
		assert_int_equal(sock_diag_fd(diag), fd);
	}
	/* Within the dump of IPv6. */
	n_seen = 0;
	assert_int_equal(sock_diag_ask(diag), 0);
	while (!times(&v6.client_at, &v6.server_at))
		assert_int_equal(read_once(), 0);
	list();
	assert_many_listed();
	/* Again and again. */
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(sock_diag_ask(diag), 0);
	list();
	assert_many_listed();
	close_many();
	flow_end(&v6);
}

static void test_no_question(void **state)
{
	struct pollfd wait = {.fd = sock_diag_fd(diag), .events = POLLIN};

	(void)state;
	assert_int_equal(sock_diag_read(diag, note, &n_seen), -EINVAL);
	list();
	assert_int_equal(sock_diag_read(diag, note, &n_seen), -EINVAL);
	assert_int_equal(poll(&wait, 1, 0), 0);
}

/* No answer yet (the dump is read away by another hand): it does not wait for one. */
static void test_does_not_wait(void **state)
{
	static char bytes[65536];

	(void)state;
	assert_int_equal(sock_diag_ask(diag), 0);
	assert_true(recv(sock_diag_fd(diag), bytes, sizeof(bytes), MSG_DONTWAIT) > 0);
	while (recv(sock_diag_fd(diag), bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	n_seen = 0;
	assert_int_equal(sock_diag_read(diag, note, &n_seen), 0);
	assert_int_equal(n_seen, 0);
}

/* The socket fails in the middle of a question: that one is over, the next one has another. */
static void test_failure(void **state)
{
	struct flow f = flow_between("127.0.0.1", "127.0.0.1", false);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(sock_diag_ask(diag), 0);
	assert_true(null >= 0 && dup2(null, sock_diag_fd(diag)) >= 0);
	assert_int_equal(sock_diag_read(diag, note, &n_seen), -ENOTSOCK);
	assert_int_equal(sock_diag_read(diag, note, &n_seen), -EINVAL);
	assert_listed(&f, 1, 1);
	/* And where it fails while asking. */
	assert_true(dup2(null, sock_diag_fd(diag)) >= 0);
	assert_int_equal(sock_diag_ask(diag), -ENOTSOCK);
	assert_int_equal(sock_diag_read(diag, note, &n_seen), -EINVAL);
	assert_listed(&f, 1, 1);
	/* None to be had. */
	assert_true(dup2(null, sock_diag_fd(diag)) >= 0);
	assert_int_equal(sock_diag_ask(diag), -ENOTSOCK);
	close(null);
	flow_end(&f);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_established), TEST(test_unaccepted),    TEST(test_dual_stack),
	    TEST(test_embryonic),   TEST(test_syn_sent),      TEST(test_half_closed),
	    TEST(test_time_wait),   TEST(test_many),          TEST(test_asked_anew),
	    TEST(test_no_question), TEST(test_does_not_wait), TEST(test_failure),
	};

	own_namespace = netns_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
