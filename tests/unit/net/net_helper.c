/* SPDX-License-Identifier: MIT */
/* Implements net_helper.h for the tests of this folder. */
#include "net_helper.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void turn_until(struct loop *l, const unsigned int *what, unsigned int at_least)
{
	uint64_t end_ms;

	loop_turn(l, 0);
	for (end_ms = l->now_ms + 10000; *what < at_least; loop_turn(l, 100))
		if (l->now_ms > end_ms)
			fail_msg("waited in vain: %u of %u", *what, at_least);
}

void turn_idle(struct loop *l, unsigned int turns)
{
	while (turns--)
		loop_turn(l, 0);
}

int listen_loopback(struct sockaddr_in *at, bool blocking)
{
	socklen_t len = sizeof(*at);
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0);

	assert_true(fd >= 0);
	*at =
	    (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
	assert_int_equal(listen(fd, 1024), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

int connect_loopback(const struct sockaddr_in *at)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)at, sizeof(*at)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), 0);
	return fd;
}

void tcp_pair(int fds[2])
{
	struct sockaddr_in at;
	int listener = listen_loopback(&at, true);

	fds[1] = connect_loopback(&at);
	fds[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fds[0] >= 0);
	close(listener);
}

void unix_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
}

void write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t done = send(fd, at, n, MSG_NOSIGNAL);

		assert_true(done > 0);
		at += done;
		n -= (size_t)done;
	}
}

void read_all(int fd, void *p, size_t n)
{
	char *at = p;

	while (n > 0) {
		ssize_t done = read(fd, at, n);

		assert_true(done > 0);
		at += done;
		n -= (size_t)done;
	}
}

const char *scratch_make(void)
{
	static char dir[32];

	snprintf(dir, sizeof(dir), "/tmp/halb-net-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return dir;
}

void scratch_remove(const char *dir)
{
	char path[512];
	struct dirent *entry;
	DIR *d = opendir(dir);

	assert_non_null(d);
	while ((entry = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	closedir(d);
	assert_int_equal(rmdir(dir), 0);
}
