/* SPDX-License-Identifier: MIT */
/* Listening and connecting sockets: their options, unix sockets that replace stale ones, inherited
 * descriptors, failures. */
#include "net/address.h"

#include "net_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct socket_options plain = {.unix_mode = -1, .unix_uid = -1, .unix_gid = -1};

static struct address loopback(enum inet_family family)
{
	struct address a = {.kind = ADDRESS_INET};

	assert_true(inet_parse(family == INET_V4 ? SPAN("127.0.0.1") : SPAN("::1"), &a.inet));
	return a;
}

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static int listen_on(const struct address *a, const struct socket_options *o, bool share)
{
	const char *what = NULL;
	int fd = socket_listen(a, o, share, &what);

	if (fd < 0)
		print_message("%s: %s\n", what, strerror(-fd));
	assert_true(fd >= 0);
	return fd;
}

static void test_listens_on_inet(void **state)
{
	struct address a = loopback(INET_V4);
	int fd = listen_on(&a, &plain, false);
	const char *what = NULL;
	int second;

	(void)state;
	assert_int_equal(option(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	assert_int_equal(option(fd, SOL_SOCKET, SO_REUSEADDR), 1);
	assert_int_equal(option(fd, SOL_SOCKET, SO_REUSEPORT), 0);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	inet_of_socket_local(fd, &a.inet);
	second = socket_listen(&a, &plain, false, &what);
	assert_int_equal(second, -EADDRINUSE);
	assert_non_null(what);
	close(fd);
}

static void test_shares_a_port(void **state)
{
	struct address a = loopback(INET_V4);
	int second, fd = listen_on(&a, &plain, true);

	(void)state;
	inet_of_socket_local(fd, &a.inet);
	second = listen_on(&a, &plain, true);
	close(fd);
	close(second);
}

static void test_options(void **state)
{
	struct socket_options o = plain;
	struct address a = loopback(INET_V4);
	const char *what = NULL;
	int fd;

	(void)state;
	o.mss = 600;
	o.tcp_defer_accept = true;
	o.freebind = true;
	assert_true(inet_parse(SPAN("192.0.2.77"), &a.inet)); /* not ours: only freebind binds it */
	fd = listen_on(&a, &o, false);
	assert_true(option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT) > 0);
	close(fd);
	o.freebind = false;
	assert_int_equal(socket_listen(&a, &o, false, &what), -EADDRNOTAVAIL);
	assert_string_equal(what, "bind");
	a = loopback(INET_V4);
	o.interface = "no-such-device";
	assert_true(socket_listen(&a, &o, false, &what) < 0);
	assert_string_equal(what, "setsockopt(SO_BINDTODEVICE)");
}

static void test_v6only_and_both(void **state)
{
	struct address a = {.kind = ADDRESS_INET, .inet.family = INET_V6};
	struct socket_options o = plain;
	int fd;

	(void)state;
	o.v6only = true;
	fd = listen_on(&a, &o, false);
	assert_int_equal(option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	close(fd);
	o.v6only = false;
	o.v4v6 = true;
	fd = listen_on(&a, &o, false);
	assert_int_equal(option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
	close(fd);
}

static void test_unix_replaces_a_socket_and_nothing_else(void **state)
{
	const char *what = NULL, *dir = scratch_make();
	struct socket_options o = plain;
	struct address a = {.kind = ADDRESS_UNIX};
	struct sockaddr_storage ss;
	socklen_t len;
	struct stat st;
	char path[64];
	int first, second, client, fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/s", dir);
	a.path = path;
	o.unix_mode = 0600;
	o.unix_uid = (int)getuid();
	o.unix_gid = (int)getgid();
	first = listen_on(&a, &o, false);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	second = listen_on(&a, &o, false);
	close(first);
	assert_int_equal(address_to_sockaddr(&a, &ss, &len), 0);
	client = socket_for(&ss, false);
	assert_int_equal(connect(client, (struct sockaddr *)&ss, len), 0);
	close(client);
	close(second);
	unlink(path);

	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(socket_listen(&a, &o, false, &what), -EEXIST);
	unlink(path);
	assert_int_equal(rmdir(dir), 0); /* no temporary name is left */

	assert_int_equal(socket_listen(&a, &o, false, &what), -ENOENT);
	assert_string_equal(what, "bind");
}

static void test_abstract(void **state)
{
	struct address a = {.kind = ADDRESS_ABSTRACT};
	const char *what = NULL;
	char name[40];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "halb-socket-test-%d", (int)getpid());
	a.path = name;
	fd = listen_on(&a, &plain, false);
	assert_int_equal(socket_listen(&a, &plain, false, &what), -EADDRINUSE);
	close(fd);
}

static void test_inherited(void **state)
{
	struct sockaddr_in at;
	const char *what = NULL;
	struct address a = {.kind = ADDRESS_FD};
	int fds[2];

	(void)state;
	a.fd = listen_loopback(&at, true);
	assert_int_equal(socket_listen(&a, &plain, false, &what), a.fd);
	assert_true(fcntl(a.fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(option(a.fd, IPPROTO_TCP, TCP_NODELAY), 1);
	close(a.fd);
	assert_int_equal(socket_listen(&a, &plain, false, &what), -EBADF);
	tcp_pair(fds);
	a.fd = fds[0];
	assert_int_equal(socket_listen(&a, &plain, false, &what), -EINVAL);
	assert_string_equal(what, "not a listening socket");
	close(fds[0]);
	close(fds[1]);
}

static void test_datagram(void **state)
{
	struct address a = loopback(INET_V4);
	struct sockaddr_storage ss;
	socklen_t len;
	char byte;
	int fd, sender;

	(void)state;
	a.datagram = true;
	fd = listen_on(&a, &plain, false);
	inet_of_socket_local(fd, &a.inet);
	assert_int_equal(address_to_sockaddr(&a, &ss, &len), 0);
	sender = socket_for(&ss, true);
	assert_int_equal(sendto(sender, "x", 1, 0, (struct sockaddr *)&ss, len), 1);
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	close(sender);
	close(fd);
}

static void test_source_address(void **state)
{
	struct sockaddr_in at;
	struct sockaddr_storage ss = {0};
	struct inet source, local;
	int fd, listener = listen_loopback(&at, true);

	(void)state;
	memcpy(&ss, &at, sizeof(at));
	fd = socket_for(&ss, false);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	assert_true(inet_parse(SPAN("127.0.0.9"), &source));
	source.port = 0;
	assert_int_equal(socket_bind_source(fd, &source, NULL), 0);
	assert_true(connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 || errno == EINPROGRESS);
	inet_of_socket_local(fd, &local);
	assert_true(inet_equal_ip(&local, &source));
	close(fd);
	close(listener);

	fd = socket_for(&ss, false);
	assert_true(inet_parse(SPAN("192.0.2.77"), &source));
	assert_int_equal(socket_bind_source(fd, &source, NULL), -EADDRNOTAVAIL);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_listens_on_inet),
	    cmocka_unit_test(test_shares_a_port),
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_v6only_and_both),
	    cmocka_unit_test(test_unix_replaces_a_socket_and_nothing_else),
	    cmocka_unit_test(test_abstract),
	    cmocka_unit_test(test_inherited),
	    cmocka_unit_test(test_datagram),
	    cmocka_unit_test(test_source_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
