/* SPDX-License-Identifier: MIT */
/* The kernel program of the second chance under real traffic: connections that node B holds while A
 * owns the address, over IPv4 and IPv6. Skipped where namespaces or bpf(2) are forbidden. */
#include "chance_helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS 5
#define SMALL 100
#define BIG (8u << 20)

static const int families[2] = {AF_INET, AF_INET6};

struct connection {
	int client, server;
};

static struct connection connection_to(const struct chance_node *n, int family)
{
	struct connection c;

	c.client = chance_connect(family);
	if (c.client < 0)
		fail_msg("connect: %s", strerror(errno));
	c.server = chance_accept(n, family);
	assert_true(c.server >= 0);
	return c;
}

static void disconnect(struct connection c)
{
	close(c.client);
	close(c.server);
}

static void assert_works(struct connection c, size_t n)
{
	assert_true(chance_transfer(c.client, c.server, n));
	assert_true(chance_transfer(c.server, c.client, n));
}

/* The server's side goes first: the client reads the end, and no error. */
static void assert_ends_well(struct connection c)
{
	char byte;

	close(c.server);
	assert_int_equal(recv(c.client, &byte, 1, 0), 0);
	assert_int_equal(shutdown(c.client, SHUT_WR), 0);
	assert_int_equal(recv(c.client, &byte, 1, 0), 0);
	close(c.client);
}

/* B owns the address; then A, and the client's frames go there. */
static void b_owns(void)
{
	chance_tell_node(&chance_a, false, CHANCE_ANY);
	chance_tell_node(&chance_b, true, CHANCE_OFF);
	chance_aim(&chance_b);
}

static void a_owns(uint8_t mode)
{
	chance_tell_node(&chance_a, true, mode);
	chance_tell_node(&chance_b, false, CHANCE_OFF);
	chance_aim(&chance_a);
}

/* A connection that B holds while A owns. */
static struct connection moved(int family, uint8_t mode)
{
	struct connection c;

	b_owns();
	c = connection_to(&chance_b, family);
	assert_works(c, SMALL);
	a_owns(mode);
	return c;
}

static void test_move(void **state)
{
	(void)state;
	chance_begin();
	for (unsigned int f = 0; f < 2; f++) {
		struct connection held[CONNECTIONS], new;
		uint64_t before = chance_counted(&chance_a, CHANCE_HANDED_OVER);

		b_owns();
		for (unsigned int i = 0; i < CONNECTIONS; i++) {
			held[i] = connection_to(&chance_b, families[f]);
			assert_works(held[i], SMALL);
		}
		assert_int_equal(chance_counted(&chance_a, CHANCE_HANDED_OVER), before);
		a_owns(CHANCE_ANY);
		for (unsigned int i = 0; i < CONNECTIONS; i++)
			assert_works(held[i], SMALL);
		assert_true(chance_counted(&chance_a, CHANCE_HANDED_OVER) > before);
		new = connection_to(&chance_a, families[f]);
		assert_works(new, BIG);
		assert_works(held[0], BIG);
		/* and back: what A holds now is held there */
		b_owns();
		chance_tell_node(&chance_b, true, CHANCE_ANY);
		assert_works(new, SMALL);
		assert_works(held[0], SMALL);
		a_owns(CHANCE_ANY);
		for (unsigned int i = 0; i < CONNECTIONS; i++)
			assert_ends_well(held[i]);
		assert_ends_well(new);
	}
}

/* A's kernel answers what it does not know, and hands over nothing. */
static void assert_stays_with(uint8_t mode, int family)
{
	struct connection c = moved(family, CHANCE_ANY);
	uint64_t before;

	assert_works(c, SMALL);
	a_owns(mode);
	before = chance_counted(&chance_a, CHANCE_HANDED_OVER);
	assert_true(chance_is_reset(c.client));
	assert_int_equal(chance_counted(&chance_a, CHANCE_HANDED_OVER), before);
	disconnect(c);
}

static void test_modes(void **state)
{
	(void)state;
	chance_begin();
	for (unsigned int f = 0; f < 2; f++) {
		assert_stays_with(CHANCE_OFF, families[f]);
		assert_stays_with(CHANCE_LISTED, families[f]);
		assert_true(chance_counted(&chance_a, CHANCE_HANDED_OVER) > 0);
	}
}

static void test_listed(void **state)
{
	(void)state;
	chance_begin();
	for (unsigned int f = 0; f < 2; f++) {
		struct connection listed = moved(families[f], CHANCE_LISTED), other;

		chance_list(&chance_a, listed.client, chance_b.mac);
		assert_works(listed, BIG);
		other = moved(families[f], CHANCE_LISTED);
		assert_true(chance_is_reset(other.client));
		assert_works(listed, SMALL);
		disconnect(other);
		assert_ends_well(listed);
	}
}

/* The guardian is dead or frozen: the kernel answers as it would without us. */
static void test_lease_over(void **state)
{
	(void)state;
	chance_begin();
	for (unsigned int f = 0; f < 2; f++) {
		struct connection c = moved(families[f], CHANCE_ANY);
		struct chance_vip vip = chance_vip_of(&chance_a, true, CHANCE_ANY);
		uint64_t before;

		assert_works(c, SMALL);
		before = chance_counted(&chance_a, CHANCE_HANDED_OVER);
		vip.valid_until_ns = 1;
		chance_tell_vip(&chance_a, &vip);
		assert_true(chance_is_reset(c.client));
		assert_int_equal(chance_counted(&chance_a, CHANCE_HANDED_OVER), before);
		disconnect(c);
	}
}

/* A client that has not noticed the move begins a connection: the owner serves it, though each of
 * the client's packets goes by way of the other. */
static void test_begun_elsewhere(void **state)
{
	(void)state;
	chance_begin();
	for (unsigned int f = 0; f < 2; f++) {
		struct connection c;

		a_owns(CHANCE_OFF);
		chance_aim(&chance_b);
		c = connection_to(&chance_a, families[f]);
		assert_int_equal(chance_counted(&chance_b, CHANCE_SYNS), f + 1);
		assert_works(c, BIG);
		assert_ends_well(c);
		assert_true(chance_counted(&chance_b, CHANCE_HANDED_OVER) > 0);
		assert_int_equal(chance_counted(&chance_a, CHANCE_HANDED_OVER), 0);
	}
}

/* With cookies the listener alone knows of a connection until its first acknowledgement. */
static void test_syn_cookies(void **state)
{
	(void)state;
	chance_begin();
	chance_sysctl(PAIR_A, "ipv4/tcp_syncookies", "2");
	a_owns(CHANCE_ANY);
	for (unsigned int f = 0; f < 2; f++) {
		for (unsigned int i = 0; i < CONNECTIONS; i++) {
			struct connection c = connection_to(&chance_a, families[f]);

			assert_works(c, SMALL);
			disconnect(c);
		}
		/* and on the way through the other node */
		chance_aim(&chance_b);
		disconnect(connection_to(&chance_a, families[f]));
		chance_aim(&chance_a);
	}
}

/* ---- no frame goes round */

/* Both nodes believe the same; the client's frames go to A. */
static void agree(bool owner)
{
	chance_tell_node(&chance_a, owner, CHANCE_ANY);
	chance_tell_node(&chance_b, owner, CHANCE_ANY);
	chance_aim(&chance_a);
}

/* B's end of it vanishes without a word: nobody holds the connection any more. */
static void forget(struct connection *c)
{
	int on = 1;

	assert_int_equal(setsockopt(c->server, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)), 0);
	close(c->server);
	c->server = -1;
}

static void held_by_nobody(int family, bool owner)
{
	struct connection c = moved(family, CHANCE_ANY);
	uint64_t before = chance_counted(&chance_a, CHANCE_HANDED_OVER);

	agree(owner);
	forget(&c);
	assert_true(chance_is_reset(c.client));
	/* one packet, one hop, one answer */
	assert_int_equal(chance_counted(&chance_a, CHANCE_HANDED_OVER), before + 1);
	assert_int_equal(chance_counted(&chance_b, CHANCE_HANDED_OVER), 0);
	close(c.client);
}

static void test_both_own(void **state)
{
	(void)state;
	chance_begin();
	for (unsigned int f = 0; f < 2; f++) {
		struct connection c, held = moved(families[f], CHANCE_ANY);

		agree(true);
		c = connection_to(&chance_a, families[f]);
		assert_works(c, BIG);
		assert_works(held, BIG);
		assert_ends_well(c);
		assert_ends_well(held);
		held_by_nobody(families[f], true);
		assert_int_equal(chance_counted(&chance_a, CHANCE_SYNS), 0);
	}
}

static void test_neither_owns(void **state)
{
	(void)state;
	chance_begin();
	for (unsigned int f = 0; f < 2; f++) {
		struct connection c;

		agree(false);
		c = connection_to(&chance_b, families[f]);
		assert_works(c, BIG);
		assert_ends_well(c);
		held_by_nobody(families[f], false);
		assert_int_equal(chance_counted(&chance_a, CHANCE_SYNS), f + 1);
		assert_int_equal(chance_counted(&chance_b, CHANCE_SYNS), 0);
	}
}

/* ---- errors */

#define MARK "an error for both"

/* An ICMP error to the address: unreachable, its inside a mark for us. */
static void send_error(int family)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0a8320a)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = {{{0xfd, 0x50}}}};
	uint8_t error[8 + 60] = {0};
	uint32_t sum = 0;
	int fd;

	v6.sin6_addr.s6_addr[15] = 0x10;
	error[0] = family == AF_INET ? 3 : 1;
	error[8] = 0x45;
	memcpy(error + 8 + 40, MARK, sizeof(MARK));
	for (unsigned int i = 0; i < sizeof(error); i += 2)
		sum += (uint32_t)error[i] << 8 | error[i + 1];
	sum = ~((sum & 0xffff) + (sum >> 16));
	if (family == AF_INET) {
		error[2] = (uint8_t)(sum >> 8); /* IPv6: the kernel does that */
		error[3] = (uint8_t)sum;
	}
	pair_go(PAIR_STRANGER);
	fd = socket(family, SOCK_RAW | SOCK_CLOEXEC,
		    family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, error, sizeof(error), 0,
				family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
				family == AF_INET ? sizeof(v4) : sizeof(v6)),
			 sizeof(error));
	close(fd);
}

static int listen_to_errors(const struct chance_node *n, int family)
{
	const struct timeval t = {.tv_sec = 10};
	int fd;

	pair_go(n->place);
	fd = socket(family, SOCK_RAW | SOCK_CLOEXEC,
		    family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)), 0);
	return fd;
}

static void assert_error_comes(int fd)
{
	uint8_t packet[256];
	ssize_t got;

	do {
		got = recv(fd, packet, sizeof(packet), 0);
		if (got < 0)
			fail_msg("no error comes: %s", strerror(errno));
	} while (!memmem(packet, (size_t)got, MARK, sizeof(MARK)));
	close(fd);
}

static void test_errors(void **state)
{
	(void)state;
	chance_begin();
	a_owns(CHANCE_OFF);
	for (unsigned int f = 0; f < 2; f++) {
		int at_a = listen_to_errors(&chance_a, families[f]);
		int at_b = listen_to_errors(&chance_b, families[f]);

		send_error(families[f]);
		assert_error_comes(at_a);
		assert_error_comes(at_b);
		assert_int_equal(chance_counted(&chance_a, CHANCE_ERRORS), f + 1);
		assert_int_equal(chance_counted(&chance_b, CHANCE_ERRORS), 0);
	}
}

#define TEST(function) cmocka_unit_test_teardown(function, chance_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_move),       TEST(test_modes),           TEST(test_listed),
	    TEST(test_lease_over), TEST(test_begun_elsewhere), TEST(test_syn_cookies),
	    TEST(test_both_own),   TEST(test_neither_owns),    TEST(test_errors),
	};

	return cmocka_run_group_tests(tests, pair_enter, NULL);
}
