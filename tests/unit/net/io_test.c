/* SPDX-License-Identifier: MIT */
/*
 * Receiving, sending and closing streams: over TCP and unix sockets, with small buffers, ends,
 * resets, and closings from within every callback. The ios live on the heap, so that ASan sees a
 * callback that comes after io_close.
 */
#include "net_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MANY 1500 /* more than the ready ring holds */

static struct loop loop;

/* An io that notes what comes, and does what the test wants it to. */
struct seen {
	struct io io;
	unsigned int datas, bytes, ends, errors, sents, readies;
	int last_error;
	bool again;           /* asks for more */
	bool closes;          /* closes and frees itself at the next callback */
	struct seen **victim; /* is closed and freed too, and forgotten */
	char text[64];
};

static void drop(struct seen **s)
{
	if (!*s)
		return;
	io_close(&(*s)->io);
	free(*s);
	*s = NULL;
}

static unsigned int closed_self;

/* True where nothing of `s` is left. */
static bool act(struct seen *s)
{
	if (s->victim)
		drop(s->victim);
	if (!s->closes)
		return false;
	io_close(&s->io);
	free(s);
	closed_self++;
	return true;
}

static void on_data(struct io *io, char *bytes, ssize_t n)
{
	struct seen *s = container_of(io, struct seen, io);

	s->datas++;
	if (n > 0) {
		s->bytes += (unsigned int)n;
		memcpy(s->text, bytes, (size_t)n < sizeof(s->text) ? (size_t)n : sizeof(s->text));
		memset(bytes - LOOP_HEADROOM, 'h', LOOP_HEADROOM);
		bytes[n - 1] = 'w';
	} else if (n == 0) {
		s->ends++;
	} else {
		s->errors++;
		s->last_error = (int)n;
	}
	if (!act(s) && s->again && n > 0)
		io_recv(io);
}

static void on_sent(struct io *io, int error)
{
	struct seen *s = container_of(io, struct seen, io);

	s->sents++;
	s->last_error = error;
	act(s);
}

static void on_ready(struct io *io)
{
	struct seen *s = container_of(io, struct seen, io);

	s->readies++;
	act(s);
}

static const struct io_handler handler = {
    .name = "seen", .on_data = on_data, .on_sent = on_sent, .on_ready = on_ready};

static struct seen *seen_new(int fd)
{
	struct seen *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	io_init(&s->io, &loop, fd, &handler);
	return s;
}

static int start(void **state)
{
	(void)state;
	closed_self = 0;
	return loop_init(&loop, 0, 1);
}

static int stop(void **state)
{
	(void)state;
	loop_fini(&loop);
	return 0;
}

static enum io_result send_bytes(struct seen *s, const void *p, size_t n, int *error)
{
	struct iovec iov = {(void *)p, n};

	return io_send(&s->io, &iov, 1, false, error);
}

/* ---- receiving */

static void receives_text(void (*pair)(int fds[2]))
{
	struct seen *s;
	int fds[2];

	pair(fds);
	s = seen_new(fds[0]);
	io_recv(&s->io);
	turn_idle(&loop, 2);
	assert_int_equal(s->datas, 0);
	assert_true(io_recv_wanted(&s->io));
	write_all(fds[1], "hello", 5);
	turn_until(&loop, &s->datas, 1);
	assert_memory_equal(s->text, "hello", 5);
	assert_false(io_recv_wanted(&s->io));

	/* One io_recv, one on_data. */
	write_all(fds[1], "you", 3);
	turn_idle(&loop, 3);
	assert_int_equal(s->datas, 1);
	assert_true(io_readable(&s->io));
	io_recv(&s->io);
	assert_int_equal(s->datas, 1);
	loop_turn(&loop, 0);
	assert_int_equal(s->datas, 2);
	assert_memory_equal(s->text, "you", 3);
	assert_false(io_readable(&s->io));
	close(fds[1]);
	io_recv(&s->io);
	turn_until(&loop, &s->ends, 1);
	drop(&s);
}

static void test_receives_tcp(void **state)
{
	(void)state;
	receives_text(tcp_pair);
}

static void test_receives_unix(void **state)
{
	(void)state;
	receives_text(unix_pair);
}

static void test_first_read_is_tried_at_once(void **state)
{
	struct seen *s;
	int fds[2];

	(void)state;
	tcp_pair(fds);
	write_all(fds[1], "x", 1);
	s = seen_new(fds[0]);
	io_recv(&s->io);
	loop_turn(&loop, 0);
	assert_int_equal(s->bytes, 1);
	drop(&s);
	close(fds[1]);
}

/* The FIN may come with the bytes, just after them, or later: it must be seen always. */
static void test_end_after_data_is_never_lost(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 600; i++) {
		struct seen *s;
		int fds[2];

		if (i % 2)
			tcp_pair(fds);
		else
			unix_pair(fds);
		s = seen_new(fds[0]);
		s->again = i % 3 != 0;
		if (i % 5 < 3)
			io_recv(&s->io);
		if (i % 7 < 3)
			turn_idle(&loop, 1);
		write_all(fds[1], "bye", 3);
		if (i % 4 == 0)
			turn_idle(&loop, 1);
		close(fds[1]);
		if (i % 5 >= 3)
			io_recv(&s->io);
		turn_until(&loop, &s->datas, 1);
		if (!s->again)
			io_recv(&s->io);
		turn_until(&loop, &s->ends, 1);
		assert_int_equal(s->bytes, 3);
		/* Whoever asks once more hears it once more. */
		io_recv(&s->io);
		turn_until(&loop, &s->ends, 2);
		drop(&s);
	}
}

static void test_reset_is_an_error(void **state)
{
	struct linger now = {1, 0};
	struct seen *s;
	int fds[2];

	(void)state;
	tcp_pair(fds);
	s = seen_new(fds[0]);
	io_recv(&s->io);
	turn_idle(&loop, 1);
	setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fds[1]);
	turn_until(&loop, &s->errors, 1);
	assert_int_equal(s->last_error, -ECONNRESET);
	drop(&s);
}

static void test_io_reset_resets(void **state)
{
	struct seen *s;
	char byte;
	int fds[2];

	(void)state;
	tcp_pair(fds);
	s = seen_new(fds[0]);
	io_reset(&s->io);
	assert_int_equal(s->io.fd, -1);
	assert_int_equal(recv(fds[1], &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(fds[1]);
	drop(&s);
}

static void test_recv_cancel(void **state)
{
	struct seen *s;
	int fds[2];

	(void)state;
	tcp_pair(fds);
	s = seen_new(fds[0]);
	io_recv(&s->io);
	turn_idle(&loop, 1);
	io_recv_cancel(&s->io);
	write_all(fds[1], "x", 1);
	turn_idle(&loop, 3);
	assert_int_equal(s->datas, 0);
	io_recv(&s->io);
	turn_until(&loop, &s->datas, 1);
	drop(&s);
	close(fds[1]);
}

static void *flood(void *arg)
{
	static char zeros[65536];
	int fd = *(int *)arg;

	while (send(fd, zeros, sizeof(zeros), MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

/* A peer that never stops sending must not keep the turn for itself. */
static void test_flood_leaves_the_turn(void **state)
{
	struct seen *s;
	pthread_t thread;
	unsigned int i;
	int fds[2];

	(void)state;
	unix_pair(fds);
	s = seen_new(fds[0]);
	s->again = true;
	io_recv(&s->io);
	assert_int_equal(pthread_create(&thread, NULL, flood, &fds[1]), 0);
	for (i = 0; i < 200; i++) {
		unsigned int before = s->datas;

		loop_turn(&loop, 1000);
		assert_true(s->datas - before <= 4);
	}
	assert_true(s->datas > 10);
	drop(&s);
	pthread_join(thread, NULL);
	close(fds[1]);
}

static void test_more_ready_than_the_ring_holds(void **state)
{
	struct seen **s = calloc(MANY, sizeof(*s));
	int(*fds)[2] = calloc(MANY, sizeof(*fds));
	unsigned int i, total = 0, ms;

	(void)state;
	/* One half is registered and known to be readable, the other is new: all go into the ring
	 * at once. */
	for (i = 0; i < MANY; i++) {
		unix_pair(fds[i]);
		s[i] = seen_new(fds[i][0]);
		if (i % 2) {
			io_recv(&s[i]->io);
			turn_idle(&loop, 1);
			io_recv_cancel(&s[i]->io);
		}
		write_all(fds[i][1], "x", 1);
	}
	turn_idle(&loop, 8);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(io_readable(&s[i]->io), i % 2);
		io_recv(&s[i]->io);
	}
	for (ms = 0; ms < 10000 && total < MANY; ms++) {
		loop_turn(&loop, 1);
		for (i = total = 0; i < MANY; i++)
			total += s[i]->datas;
	}
	assert_int_equal(total, MANY);
	for (i = 0; i < MANY; i++)
		assert_int_equal(s[i]->bytes, 1);
	for (i = 0; i < MANY; i++) {
		drop(&s[i]);
		close(fds[i][1]);
	}
	free(s);
	free(fds);
}

/* ---- sending */

static char *pattern(size_t n)
{
	char *p = malloc(n);
	size_t i;

	assert_non_null(p);
	for (i = 0; i < n; i++)
		p[i] = (char)(i * 7 + i / 251);
	return p;
}

static void small_buffers(int fd)
{
	int bytes = 1;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

static void sends_in_parts(void (*pair)(int fds[2]))
{
	const size_t bytes = 300000;
	char *out = pattern(bytes), *in = malloc(bytes);
	struct iovec iov[4] = {{out, 1}, {out + 1, 0}, {out + 1, 99999}, {out + 100000, 200000}};
	size_t got = 0;
	struct seen *s;
	int fds[2], error = 0;
	char byte;

	pair(fds);
	small_buffers(fds[0]);
	s = seen_new(fds[0]);
	assert_int_equal(io_send(&s->io, iov, 4, false, &error), IO_PENDING);
	assert_true(io_send_pending(&s->io));
	assert_true(io_pending_bytes(&s->io) > 0 && io_pending_bytes(&s->io) < bytes);
	memset(out, 0, bytes); /* it is free for reuse */
	turn_idle(&loop, 3);
	assert_int_equal(s->sents, 0);
	io_shutdown_write(&s->io);
	while (got < bytes) {
		ssize_t n = recv(fds[1], in + got, 10000, MSG_DONTWAIT);

		assert_true(n > 0 || errno == EAGAIN);
		if (n > 0)
			got += (size_t)n;
		loop_turn(&loop, 1);
	}
	turn_until(&loop, &s->sents, 1);
	assert_int_equal(s->last_error, 0);
	assert_false(io_send_pending(&s->io));
	free(out);
	out = pattern(bytes);
	assert_memory_equal(in, out, bytes);
	assert_int_equal(recv(fds[1], &byte, 1, 0), 0); /* shut down after all of it */
	drop(&s);
	close(fds[1]);
	free(out);
	free(in);
}

static void test_sends_in_parts_tcp(void **state)
{
	(void)state;
	sends_in_parts(tcp_pair);
}

static void test_sends_in_parts_unix(void **state)
{
	(void)state;
	sends_in_parts(unix_pair);
}

static void test_small_send_is_done_at_once(void **state)
{
	struct iovec iov[3] = {{"a", 1}, {"", 0}, {"bc", 2}};
	struct seen *s;
	char text[3];
	int fds[2], error = 0;

	(void)state;
	tcp_pair(fds);
	s = seen_new(fds[0]);
	assert_int_equal(io_send(&s->io, iov, 3, false, &error), IO_DONE);
	read_all(fds[1], text, 3);
	assert_memory_equal(text, "abc", 3);
	assert_int_equal(io_send(&s->io, iov + 1, 1, false, &error), IO_DONE);
	assert_int_equal(io_send(&s->io, iov, 1, true, &error), IO_DONE);
	assert_int_equal(io_send(&s->io, iov + 2, 1, false, &error), IO_DONE);
	read_all(fds[1], text, 3);
	assert_memory_equal(text, "abc", 3);
	turn_idle(&loop, 2);
	assert_int_equal(s->sents, 0);
	drop(&s);
	close(fds[1]);
}

static void test_send_to_nobody_fails(void **state)
{
	struct seen *s;
	int fds[2], error = 0;

	(void)state;
	unix_pair(fds);
	close(fds[1]);
	s = seen_new(fds[0]);
	assert_int_equal(send_bytes(s, "x", 1, &error), IO_FAILED);
	assert_int_equal(error, -EPIPE);
	assert_true(s->io.fd >= 0);
	drop(&s);
}

static void test_too_much_at_once_fails(void **state)
{
	struct iovec iov = {NULL, IO_SEND_MAX_BYTES + 1};
	struct seen *s;
	int fds[2], error = 0;

	(void)state;
	unix_pair(fds);
	s = seen_new(fds[0]);
	assert_int_equal(io_send(&s->io, &iov, 1, false, &error), IO_FAILED);
	assert_int_equal(error, -EMSGSIZE);
	drop(&s);
	close(fds[1]);
}

/* Fills the socket so that something is pending. */
static void make_pending(struct seen *s)
{
	char *p = pattern(1000000);
	int error = 0;

	small_buffers(s->io.fd);
	assert_int_equal(send_bytes(s, p, 1000000, &error), IO_PENDING);
	free(p);
}

static void test_pending_fails_when_the_peer_goes(void **state)
{
	struct linger now = {1, 0};
	struct seen *s;
	int fds[2];

	(void)state;
	tcp_pair(fds);
	s = seen_new(fds[0]);
	make_pending(s);
	setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fds[1]);
	turn_until(&loop, &s->sents, 1);
	assert_true(s->last_error < 0);
	assert_false(io_send_pending(&s->io));
	drop(&s);
}

static void test_close_drops_what_is_pending(void **state)
{
	struct seen *s;
	int fds[2];

	(void)state;
	tcp_pair(fds);
	s = seen_new(fds[0]);
	make_pending(s);
	drop(&s);
	close(fds[1]);
	turn_idle(&loop, 3);
}

static void test_receives_while_sending_is_pending(void **state)
{
	struct seen *s;
	int fds[2];

	(void)state;
	tcp_pair(fds);
	s = seen_new(fds[0]);
	make_pending(s);
	io_recv(&s->io);
	write_all(fds[1], "now", 3);
	turn_until(&loop, &s->datas, 1);
	assert_true(io_send_pending(&s->io));
	drop(&s);
	close(fds[1]);
}

/* ---- closing from within */

static void test_closes_itself_in_on_data(void **state)
{
	struct seen *s;
	int fds[2];

	(void)state;
	tcp_pair(fds);
	s = seen_new(fds[0]);
	s->closes = true;
	io_recv(&s->io);
	write_all(fds[1], "x", 1);
	turn_until(&loop, &closed_self, 1);
	turn_idle(&loop, 2);
	close(fds[1]);
}

/* One event says both that there is room and that there are bytes: on_sent closes, on_data must not
 * come any more. */
static void test_closes_itself_in_on_sent_with_data_waiting(void **state)
{
	const size_t bytes = 300000; /* more than the socket takes, less than twice as much */
	char *p = pattern(bytes);
	struct seen *s;
	size_t first;
	int fds[2], error = 0;

	(void)state;
	unix_pair(fds);
	s = seen_new(fds[0]);
	assert_int_equal(send_bytes(s, p, bytes, &error), IO_PENDING);
	first = bytes - io_pending_bytes(&s->io);
	assert_true(io_pending_bytes(&s->io) < first);
	io_recv(&s->io);
	turn_idle(&loop, 2);
	assert_int_equal(s->sents, 0);
	s->closes = true;
	read_all(fds[1], p, first);
	write_all(fds[1], "x", 1);
	turn_until(&loop, &closed_self, 1);
	turn_idle(&loop, 2);
	assert_int_equal(closed_self, 1);
	close(fds[1]);
	free(p);
}

/* All are readable in the same wait; the first one served closes all the others. */
static void test_closes_others_whose_events_are_fetched(void **state)
{
	enum { GROUP = 32 };
	struct seen *s[GROUP];
	unsigned int i, left = 0;
	int fds[GROUP][2];

	(void)state;
	for (i = 0; i < GROUP; i++) {
		tcp_pair(fds[i]);
		s[i] = seen_new(fds[i][0]);
		io_recv(&s[i]->io);
	}
	turn_idle(&loop, 2);
	for (i = 0; i < GROUP; i++)
		s[i]->victim = &s[(i + 1) % GROUP];
	for (i = 0; i < GROUP; i++)
		write_all(fds[i][1], "x", 1);
	turn_idle(&loop, 3);
	for (i = 0; i < GROUP; i++)
		if (s[i]) {
			/* Who is left was served, and those it closed were not. */
			assert_int_equal(s[i]->datas, 1);
			left++;
		}
	assert_int_equal(left, GROUP / 2);
	for (i = 0; i < GROUP; i++) {
		drop(&s[i]);
		close(fds[i][1]);
	}
}

/* The memory of a closed io serves a new one within the same callback. */
static struct seen *reborn;
static int reborn_fd;

static void on_data_reuse(struct io *io, char *bytes, ssize_t n)
{
	struct seen *s = container_of(io, struct seen, io);

	(void)bytes;
	(void)n;
	io_close(io);
	io_init(io, &loop, reborn_fd, &handler);
	io_recv(io);
	reborn = s;
}

static void test_io_is_reused_in_its_own_callback(void **state)
{
	static const struct io_handler reuse = {.on_data = on_data_reuse};
	struct seen *s;
	int a[2], b[2];

	(void)state;
	tcp_pair(a);
	tcp_pair(b);
	reborn = NULL;
	reborn_fd = b[0];
	s = seen_new(a[0]);
	s->io.on = &reuse;
	io_recv(&s->io);
	write_all(a[1], "x", 1);
	while (!reborn)
		loop_turn(&loop, 100);
	assert_int_equal(s->datas, 0);
	write_all(b[1], "yz", 2);
	turn_until(&loop, &s->datas, 1);
	assert_int_equal(s->bytes, 2);
	drop(&s);
	close(a[1]);
	close(b[1]);
}

static void test_close_is_harmless_twice_and_detach_gives_the_descriptor(void **state)
{
	struct seen *s;
	int fds[2];

	(void)state;
	tcp_pair(fds);
	s = seen_new(fds[0]);
	io_recv(&s->io);
	turn_idle(&loop, 1);
	write_all(fds[1], "x", 1);
	assert_int_equal(io_detach(&s->io), fds[0]);
	turn_idle(&loop, 2);
	assert_int_equal(s->datas, 0);
	io_close(&s->io);
	io_reset(&s->io);
	assert_int_equal(io_detach(&s->io), -1);
	/* It can be taken over anew. */
	io_init(&s->io, &loop, fds[0], &handler);
	io_recv(&s->io);
	turn_until(&loop, &s->datas, 1);
	drop(&s);
	close(fds[1]);
}

/* Another process (or a duplicate) holds the socket: closing must end the events all the same. */
static void test_close_of_a_shared_socket(void **state)
{
	struct seen *s;
	int fds[2], copy;

	(void)state;
	tcp_pair(fds);
	copy = dup(fds[0]);
	s = seen_new(fds[0]);
	io_recv(&s->io);
	turn_idle(&loop, 1);
	drop(&s);
	write_all(fds[1], "x", 1);
	turn_idle(&loop, 3);
	close(copy);
	close(fds[1]);
}

/* ---- other descriptors */

static void test_pipes(void **state)
{
	struct seen *in, *out;
	int fds[2], error = 0;

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	in = seen_new(fds[0]);
	out = seen_new(fds[1]);
	io_recv(&in->io);
	turn_idle(&loop, 1);
	assert_int_equal(send_bytes(out, "piped", 5, &error), IO_DONE);
	turn_until(&loop, &in->datas, 1);
	assert_memory_equal(in->text, "piped", 5);
	make_pending(out);
	in->again = true;
	io_recv(&in->io);
	turn_until(&loop, &out->sents, 1);
	turn_until(&loop, &in->bytes, 1000005);
	drop(&out);
	turn_until(&loop, &in->ends, 1);
	drop(&in);
}

static void test_watch(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct seen *s = seen_new(fd);
	uint64_t value = 1;

	(void)state;
	assert_int_equal(io_watch(&s->io), 0);
	turn_idle(&loop, 2);
	assert_int_equal(s->readies, 0);
	assert_int_equal(write(fd, &value, sizeof(value)), sizeof(value));
	turn_idle(&loop, 2);
	assert_int_equal(s->readies, 2); /* as long as it is readable */
	assert_int_equal(read(fd, &value, sizeof(value)), sizeof(value));
	turn_idle(&loop, 2);
	assert_int_equal(s->readies, 2);
	assert_int_equal(write(fd, &value, sizeof(value)), sizeof(value));
	s->closes = true;
	turn_until(&loop, &closed_self, 1);
	turn_idle(&loop, 2);
}

static void test_what_cannot_be_watched_is_an_error(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct seen *s = seen_new(fd);

	(void)state;
	assert_int_equal(io_watch(&s->io), -EPERM);
	turn_idle(&loop, 1);
	drop(&s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
	    TEST(test_receives_tcp),
	    TEST(test_receives_unix),
	    TEST(test_first_read_is_tried_at_once),
	    TEST(test_end_after_data_is_never_lost),
	    TEST(test_reset_is_an_error),
	    TEST(test_io_reset_resets),
	    TEST(test_recv_cancel),
	    TEST(test_flood_leaves_the_turn),
	    TEST(test_more_ready_than_the_ring_holds),
	    TEST(test_sends_in_parts_tcp),
	    TEST(test_sends_in_parts_unix),
	    TEST(test_small_send_is_done_at_once),
	    TEST(test_send_to_nobody_fails),
	    TEST(test_too_much_at_once_fails),
	    TEST(test_pending_fails_when_the_peer_goes),
	    TEST(test_close_drops_what_is_pending),
	    TEST(test_receives_while_sending_is_pending),
	    TEST(test_closes_itself_in_on_data),
	    TEST(test_closes_itself_in_on_sent_with_data_waiting),
	    TEST(test_closes_others_whose_events_are_fetched),
	    TEST(test_io_is_reused_in_its_own_callback),
	    TEST(test_close_is_harmless_twice_and_detach_gives_the_descriptor),
	    TEST(test_close_of_a_shared_socket),
	    TEST(test_pipes),
	    TEST(test_watch),
	    TEST(test_what_cannot_be_watched_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
