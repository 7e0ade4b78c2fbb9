/* SPDX-License-Identifier: MIT */
/* Connecting and accepting: success and refusal, closing from within, threads that share a
 * listener, and descriptors running out. */
#include "net_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

static struct loop loop;

static int start(void **state)
{
	(void)state;
	return loop_init(&loop, 0, 1);
}

static int stop(void **state)
{
	(void)state;
	loop_fini(&loop);
	return 0;
}

/* ---- connecting */

struct client {
	struct io io;
	unsigned int connected, datas, sents;
	int error;
	bool closes;
};
static unsigned int closed;

static void on_connected(struct io *io, int error)
{
	struct client *c = container_of(io, struct client, io);

	c->connected++;
	c->error = error;
	if (c->closes) {
		io_close(io);
		free(c);
		closed++;
	}
}

static void on_data(struct io *io, char *bytes, ssize_t n)
{
	(void)bytes;
	(void)n;
	container_of(io, struct client, io)->datas++;
}

static void on_sent(struct io *io, int error)
{
	struct client *c = container_of(io, struct client, io);

	c->sents++;
	c->error = error;
}

static const struct io_handler client_handler = {
    .on_connected = on_connected, .on_data = on_data, .on_sent = on_sent};

static struct client *client_new(int family)
{
	struct client *c = calloc(1, sizeof(*c));
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_non_null(c);
	assert_true(fd >= 0);
	io_init(&c->io, &loop, fd, &client_handler);
	return c;
}

static void client_free(struct client *c)
{
	io_close(&c->io);
	free(c);
}

static void test_connects_and_talks(void **state)
{
	struct iovec iov = {"hi", 2};
	struct sockaddr_in at;
	int error = 0, peer, listener = listen_loopback(&at, true);
	struct client *c = client_new(AF_INET);
	char text[2];

	(void)state;
	assert_int_equal(io_connect(&c->io, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(c->connected, 0);
	turn_until(&loop, &c->connected, 1);
	assert_int_equal(c->error, 0);
	peer = accept(listener, NULL, NULL);
	assert_int_equal(io_send(&c->io, &iov, 1, false, &error), IO_DONE);
	read_all(peer, text, 2);
	io_recv(&c->io);
	turn_idle(&loop, 2);
	assert_int_equal(c->datas, 0);
	write_all(peer, "x", 1);
	turn_until(&loop, &c->datas, 1);
	assert_int_equal(c->connected, 1);
	client_free(c);
	close(peer);
	close(listener);
}

static void test_refused(void **state)
{
	struct sockaddr_in at;
	struct client *c = client_new(AF_INET);

	(void)state;
	close(listen_loopback(&at, true));
	assert_int_equal(io_connect(&c->io, (struct sockaddr *)&at, sizeof(at)), 0);
	turn_until(&loop, &c->connected, 1);
	assert_int_equal(c->error, -ECONNREFUSED);
	client_free(c);
}

/* An owner that asks for bytes before the connection stands gets them afterwards, and no error in
 * between. */
static void test_recv_asked_while_connecting(void **state)
{
	struct sockaddr_in at;
	int peer, listener = listen_loopback(&at, true);
	struct client *c = client_new(AF_INET);

	(void)state;
	assert_int_equal(io_connect(&c->io, (struct sockaddr *)&at, sizeof(at)), 0);
	io_recv(&c->io);
	turn_until(&loop, &c->connected, 1);
	turn_idle(&loop, 2);
	assert_int_equal(c->datas, 0);
	peer = accept(listener, NULL, NULL);
	write_all(peer, "x", 1);
	turn_until(&loop, &c->datas, 1);
	client_free(c);
	close(peer);
	close(listener);
}

static void test_closes_in_on_connected(void **state)
{
	struct sockaddr_in at;
	int peer, listener = listen_loopback(&at, true);
	struct client *c = client_new(AF_INET);
	char byte;

	(void)state;
	closed = 0;
	c->closes = true;
	assert_int_equal(io_connect(&c->io, (struct sockaddr *)&at, sizeof(at)), 0);
	peer = accept(listener, NULL, NULL);
	write_all(peer, "x", 1);
	io_recv(&c->io);
	turn_until(&loop, &closed, 1);
	turn_idle(&loop, 2);
	assert_true(recv(peer, &byte, 1, 0) <= 0);
	close(peer);
	close(listener);
}

static void test_close_while_connecting(void **state)
{
	struct sockaddr_in at;
	int listener = listen_loopback(&at, true);
	struct client *c = client_new(AF_INET);

	(void)state;
	assert_int_equal(io_connect(&c->io, (struct sockaddr *)&at, sizeof(at)), 0);
	client_free(c);
	turn_idle(&loop, 3);
	close(listener);
}

static void test_unix_connect(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int peer, listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(at);
	struct client *c = client_new(AF_UNIX);

	(void)state;
	/* A free abstract name. */
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(io_connect(&c->io, (struct sockaddr *)&at, len), 0);
	assert_int_equal(c->connected, 0);
	turn_until(&loop, &c->connected, 1);
	assert_int_equal(c->error, 0);
	peer = accept(listener, NULL, NULL);
	io_recv(&c->io);
	write_all(peer, "x", 1);
	turn_until(&loop, &c->datas, 1);
	client_free(c);
	close(peer);
	close(listener);

	c = client_new(AF_UNIX);
	assert_int_equal(io_connect(&c->io, (struct sockaddr *)&at, len), -ECONNREFUSED);
	turn_idle(&loop, 2);
	assert_int_equal(c->connected, 0);
	client_free(c);
}

/* ---- accepting */

struct acceptor {
	struct io io;
	unsigned int accepted, stop_after;
	bool frees;
	int family;
};

static void on_accept(struct io *io, int fd, const struct sockaddr_storage *peer)
{
	struct acceptor *a = container_of(io, struct acceptor, io);

	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	a->family = peer->ss_family;
	close(fd);
	if (++a->accepted != a->stop_after)
		return;
	if (a->frees) {
		io_close(io);
		free(a);
		closed++;
	} else {
		io_accept_stop(io);
	}
}

static const struct io_handler acceptor_handler = {.on_accept = on_accept};

static struct acceptor *acceptor_new(struct loop *l, int fd)
{
	struct acceptor *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	io_init(&a->io, l, fd, &acceptor_handler);
	return a;
}

static void test_accepts_at_most_a_batch_a_turn(void **state)
{
	struct sockaddr_in at;
	struct acceptor *a = acceptor_new(&loop, listen_loopback(&at, false));
	int fds[10], i;

	(void)state;
	for (i = 0; i < 10; i++)
		fds[i] = connect_loopback(&at);
	assert_int_equal(io_accept_start(&a->io, 4), 0);
	assert_int_equal(a->accepted, 0);
	loop_turn(&loop, 0);
	assert_int_equal(a->accepted, 4);
	loop_turn(&loop, 0);
	assert_int_equal(a->accepted, 8);
	turn_until(&loop, &a->accepted, 10);
	assert_int_equal(a->family, AF_INET);
	io_close(&a->io);
	free(a);
	for (i = 0; i < 10; i++)
		close(fds[i]);
}

static void test_stops_within_on_accept(void **state)
{
	struct sockaddr_in at;
	int fds[4], i;
	struct acceptor *a = acceptor_new(&loop, listen_loopback(&at, false));

	(void)state;
	for (i = 0; i < 4; i++)
		fds[i] = connect_loopback(&at);
	a->stop_after = 2;
	assert_int_equal(io_accept_start(&a->io, 16), 0);
	turn_idle(&loop, 3);
	assert_int_equal(a->accepted, 2);
	io_accept_stop(&a->io);
	/* And on again. */
	assert_int_equal(io_accept_start(&a->io, 16), 0);
	turn_until(&loop, &a->accepted, 4);
	io_close(&a->io);
	free(a);
	for (i = 0; i < 4; i++)
		close(fds[i]);
}

static void test_closes_within_on_accept(void **state)
{
	struct sockaddr_in at;
	int fds[4], i;
	struct acceptor *a = acceptor_new(&loop, listen_loopback(&at, false));

	(void)state;
	closed = 0;
	for (i = 0; i < 4; i++)
		fds[i] = connect_loopback(&at);
	a->stop_after = 2;
	a->frees = true;
	assert_int_equal(io_accept_start(&a->io, 16), 0);
	turn_until(&loop, &closed, 1);
	turn_idle(&loop, 3);
	for (i = 0; i < 4; i++)
		close(fds[i]);
}

/* Without descriptors accepting pauses; it must neither spin nor stay away. */
static void test_pauses_without_descriptors(void **state)
{
	struct rlimit old, none;
	struct sockaddr_in at;
	int client, lowest;
	struct acceptor *a = acceptor_new(&loop, listen_loopback(&at, false));
	uint64_t turns;

	(void)state;
	client = connect_loopback(&at);
	assert_int_equal(io_accept_start(&a->io, 16), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	lowest = dup(0);
	close(lowest);
	none = (struct rlimit){(rlim_t)lowest, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	turns = loop.turns;
	loop_turn(&loop, 1000);
	loop_turn(&loop, 50);
	loop_turn(&loop, 1000);
	loop_turn(&loop, 1000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(a->accepted, 0);
	assert_true(loop.turns - turns <= 4);
	turn_until(&loop, &a->accepted, 1);
	assert_int_equal(a->accepted, 1);
	io_close(&a->io);
	free(a);
	close(client);
}

static void test_close_while_paused(void **state)
{
	struct rlimit old, none;
	struct sockaddr_in at;
	int client, lowest;
	struct acceptor *a = acceptor_new(&loop, listen_loopback(&at, false));

	(void)state;
	client = connect_loopback(&at);
	assert_int_equal(io_accept_start(&a->io, 16), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	lowest = dup(0);
	close(lowest);
	none = (struct rlimit){(rlim_t)lowest, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	loop_turn(&loop, 1000);
	assert_int_equal(loop.wheel.count, 1);
	io_close(&a->io);
	free(a);
	assert_int_equal(loop.wheel.count, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	turn_idle(&loop, 2);
	close(client);
}

/* ---- two threads at one listener */

#define SHARED_CONNECTIONS 400

static atomic_uint shared_accepted;
static struct worker {
	pthread_t thread;
	struct loop loop;
	struct io io;
	int listener;
	struct mail halt;
} workers[2];

static void on_shared_accept(struct io *io, int fd, const struct sockaddr_storage *peer)
{
	(void)io;
	(void)peer;
	atomic_fetch_add(&shared_accepted, 1);
	close(fd);
}

static void *work(void *arg)
{
	static const struct io_handler shared_handler = {.on_accept = on_shared_accept};
	struct worker *w = arg;

	io_init(&w->io, &w->loop, w->listener, &shared_handler);
	if (io_accept_start(&w->io, 2) == 0)
		loop_run(&w->loop);
	io_accept_stop(&w->io);
	return NULL;
}

static void halt(struct mail *m, struct loop *receiver)
{
	(void)m;
	loop_stop(receiver);
}

static void test_two_threads_share_a_listener(void **state)
{
	struct sockaddr_in at;
	int i, listener = listen_loopback(&at, false);
	char byte;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(loop_init(&workers[i].loop, (unsigned int)i, 1), 0);
		workers[i].listener = listener;
		workers[i].halt.run = halt;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (i = 0; i < SHARED_CONNECTIONS; i++) {
		int fd = connect_loopback(&at);

		assert_int_equal(recv(fd, &byte, 1, 0), 0); /* accepted, and closed */
		close(fd);
	}
	for (i = 0; i < 2; i++)
		loop_post(&workers[i].loop, &workers[i].halt);
	for (i = 0; i < 2; i++) {
		pthread_join(workers[i].thread, NULL);
		loop_fini(&workers[i].loop);
	}
	assert_int_equal(atomic_load(&shared_accepted), SHARED_CONNECTIONS);
	close(listener);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
	    TEST(test_connects_and_talks),
	    TEST(test_refused),
	    TEST(test_recv_asked_while_connecting),
	    TEST(test_closes_in_on_connected),
	    TEST(test_close_while_connecting),
	    TEST(test_unix_connect),
	    TEST(test_accepts_at_most_a_batch_a_turn),
	    TEST(test_stops_within_on_accept),
	    TEST(test_closes_within_on_accept),
	    TEST(test_pauses_without_descriptors),
	    TEST(test_close_while_paused),
	    TEST(test_two_threads_share_a_listener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
