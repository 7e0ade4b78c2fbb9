/* SPDX-License-Identifier: MIT */
/* Address words to sockaddrs and back, and look-ups. */
#include "net/address.h"

#include "net_helper.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct inet inet_from(const char *text, uint16_t port)
{
	struct inet a;

	assert_true(inet_parse(span_of(text), &a));
	a.port = port;
	return a;
}

static void test_inet_there_and_back(void **state)
{
	static const char *const texts[] = {"127.0.0.1", "0.0.0.0", "192.0.2.255",
					    "::",        "::1",     "2001:db8::ffff:1"};
	unsigned int i;

	(void)state;
	for (i = 0; i < array_size(texts); i++) {
		struct address a = {.kind = ADDRESS_INET, .inet = inet_from(texts[i], 8080)};
		struct sockaddr_storage ss;
		struct inet back;
		socklen_t len = 0;

		assert_int_equal(address_to_sockaddr(&a, &ss, &len), 0);
		assert_int_equal(len, a.inet.family == INET_V4 ? sizeof(struct sockaddr_in)
							       : sizeof(struct sockaddr_in6));
		inet_from_sockaddr(&back, &ss);
		assert_true(inet_equal_ip(&back, &a.inet));
		assert_int_equal(back.port, 8080);
	}
}

static void test_unix_and_abstract(void **state)
{
	struct address a = {.kind = ADDRESS_UNIX, .path = "/run/x"};
	struct sockaddr_storage ss;
	struct sockaddr_un *un = (struct sockaddr_un *)&ss;
	struct inet inet;
	socklen_t len;
	char path[sizeof(un->sun_path) + 1];

	(void)state;
	assert_int_equal(address_to_sockaddr(&a, &ss, &len), 0);
	assert_string_equal(un->sun_path, "/run/x");
	assert_int_equal(len, sizeof(sa_family_t) + 7);
	inet_from_sockaddr(&inet, &ss);
	assert_int_equal(inet.family, INET_UNIX);

	a.kind = ADDRESS_ABSTRACT;
	a.path = "x";
	assert_int_equal(address_to_sockaddr(&a, &ss, &len), 0);
	assert_int_equal(len, sizeof(*un)); /* as haproxy's */
	assert_memory_equal(un->sun_path, "\0x\0", 3);

	memset(path, 'p', sizeof(path));
	path[sizeof(un->sun_path)] = '\0';
	a.path = path;
	assert_int_equal(address_to_sockaddr(&a, &ss, &len), -EINVAL);
	a.kind = ADDRESS_UNIX;
	assert_int_equal(address_to_sockaddr(&a, &ss, &len), -EINVAL);
	path[sizeof(un->sun_path) - 1] = '\0';
	assert_int_equal(address_to_sockaddr(&a, &ss, &len), 0);
	a.path = "";
	assert_int_equal(address_to_sockaddr(&a, &ss, &len), -EINVAL);
}

static void test_what_is_no_sockaddr(void **state)
{
	struct address named = {.kind = ADDRESS_INET, .name = "localhost"};
	struct address fd = {.kind = ADDRESS_FD, .fd = 3};
	struct sockaddr_storage ss;
	struct inet none = {.family = INET_NONE};
	socklen_t len;

	(void)state;
	assert_int_equal(address_to_sockaddr(&named, &ss, &len), -EINVAL);
	assert_int_equal(address_to_sockaddr(&fd, &ss, &len), -EINVAL);
	assert_int_equal(inet_to_sockaddr(&none, &ss), 0);
}

static void test_of_sockets(void **state)
{
	struct inet local, peer;
	int fds[2];

	(void)state;
	tcp_pair(fds);
	inet_of_socket_local(fds[0], &local);
	inet_of_socket_peer(fds[1], &peer);
	assert_int_equal(local.family, INET_V4);
	assert_true(inet_equal_ip(&local, &peer));
	assert_int_equal(local.port, peer.port);
	assert_int_not_equal(local.port, 0);
	close(fds[0]);
	close(fds[1]);
	inet_of_socket_local(fds[0], &local);
	assert_int_equal(local.family, INET_NONE);
	unix_pair(fds);
	inet_of_socket_peer(fds[0], &peer);
	assert_int_equal(peer.family, INET_UNIX);
	close(fds[0]);
	close(fds[1]);
}

static void test_look_up(void **state)
{
	struct inet wanted = inet_from("127.0.0.1", 0), found = {.port = 99};

	(void)state;
	assert_int_equal(address_look_up("localhost", INET_NONE, &found), 0);
	assert_true(inet_equal_ip(&found, &wanted));
	assert_int_equal(found.port, 99);
	assert_int_equal(address_look_up("no such name", INET_NONE, &found), -ENOENT);
	assert_true(inet_equal_ip(&found, &wanted));
	assert_int_equal(address_look_up("::1", INET_V4, &found), -ENOENT);
	assert_int_equal(address_look_up("::1", INET_V6, &found), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_inet_there_and_back),
	    cmocka_unit_test(test_unix_and_abstract),
	    cmocka_unit_test(test_what_is_no_sockaddr),
	    cmocka_unit_test(test_of_sockets),
	    cmocka_unit_test(test_look_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
