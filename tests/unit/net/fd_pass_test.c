/* SPDX-License-Identifier: MIT */
/* Descriptors over a socket: many at once with their labels, senders that stop short, and that
 * failures leave none open. */
#include "net/fd_pass.h"

#include "net_helper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define MANY 300

static unsigned int open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

struct sending {
	int socket;
	struct passed_fd *v;
	unsigned int n;
	int result;
};

static void *send_in_thread(void *arg)
{
	struct sending *s = arg;

	s->result = fd_pass_send(s->socket, s->v, s->n);
	return NULL;
}

static void test_passes_many(void **state)
{
	struct passed_fd *out = calloc(MANY, sizeof(*out)), *in = calloc(MANY, sizeof(*in));
	struct sending s = {.v = out, .n = MANY};
	pthread_t thread;
	unsigned int i, before;
	int fds[2], pipe_fds[2];

	(void)state;
	before = open_descriptors();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	for (i = 0; i < MANY; i++) {
		out[i].fd = pipe_fds[1];
		snprintf(out[i].label, sizeof(out[i].label), "[::1]:%u", i);
	}
	s.socket = fds[0];
	assert_int_equal(pthread_create(&thread, NULL, send_in_thread, &s), 0);
	assert_int_equal(fd_pass_receive(fds[1], in, MANY), MANY);
	pthread_join(thread, NULL);
	assert_int_equal(s.result, 0);
	for (i = 0; i < MANY; i++) {
		char byte = (char)i, got;

		assert_string_equal(in[i].label, out[i].label);
		assert_true(fcntl(in[i].fd, F_GETFD) & FD_CLOEXEC);
		assert_int_equal(write(in[i].fd, &byte, 1), 1);
		read_all(pipe_fds[0], &got, 1);
		assert_int_equal(got, byte);
		close(in[i].fd);
	}
	/* None at all is fine too, and the stream is still in step. */
	assert_int_equal(fd_pass_send(fds[0], NULL, 0), 0);
	assert_int_equal(fd_pass_receive(fds[1], in, MANY), 0);
	close(fds[0]);
	close(fds[1]);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	assert_int_equal(open_descriptors(), before);
	free(out);
	free(in);
}

static void test_more_than_expected(void **state)
{
	struct passed_fd v[3] = {{0, "a"}, {0, "b"}, {0, "c"}}, in[2];
	unsigned int before = open_descriptors();
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(fd_pass_send(fds[0], v, 3), 0);
	assert_int_equal(fd_pass_receive(fds[1], in, 2), -E2BIG);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(open_descriptors(), before);
}

/* The sender dies before and in the middle of the first of two. */
static void test_sender_stops_short(void **state)
{
	static const uint32_t two = 2;
	struct passed_fd in[2];
	unsigned int before = open_descriptors(), step;

	(void)state;
	for (step = 0; step < 3; step++) {
		int fds[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
		if (step > 0)
			write_all(fds[0], &two, sizeof(two));
		if (step == 2)
			write_all(fds[0], "half a label", 12);
		close(fds[0]);
		assert_int_equal(fd_pass_receive(fds[1], in, 2), -ECONNRESET);
		close(fds[1]);
	}
	assert_int_equal(open_descriptors(), before);
}

static void test_one_of_two_arrives(void **state)
{
	struct passed_fd v[2] = {{.fd = 0, .label = "a"}, {.fd = -1, .label = "b"}}, in[2];
	unsigned int before = open_descriptors();
	int fds[2];

	(void)state;
	/* The second one comes without its descriptor. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(fd_pass_send(fds[0], v, 2), 0);
	assert_int_equal(fd_pass_receive(fds[1], in, 2), -EPROTO);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(open_descriptors(), before);
}

static void test_silent_sender(void **state)
{
	struct timeval soon = {.tv_usec = 20000};
	struct passed_fd in[1];
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
	assert_int_equal(fd_pass_receive(fds[1], in, 1), -ETIMEDOUT);
	close(fds[0]);
	assert_true(fd_pass_send(fds[1], NULL, 0) == -EPIPE);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_passes_many),        cmocka_unit_test(test_more_than_expected),
	    cmocka_unit_test(test_sender_stops_short), cmocka_unit_test(test_one_of_two_arrives),
	    cmocka_unit_test(test_silent_sender),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
