/* SPDX-License-Identifier: MIT */
/* Packets to filtered addresses are dropped, others are not, between two namespaces. */
#include "net/packet_filter.h"

#include "net/address.h"

#include "net_helper.h"
#include "netns_helper.h"

#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 20017

static struct packet_filter *filter; /* of machine 1 */

static struct inet parse(const char *text)
{
	struct inet a = {0};

	assert_true(inet_parse(span_of(text), &a));
	return a;
}

static unsigned int wire(int which)
{
	netns_go(which);
	return if_nametoindex(which ? "wire1" : "wire0");
}

static int begin(void **state)
{
	(void)state;
	netns_go(1);
	netns_ip("address add 10.9.0.3/24 dev wire1");
	netns_ip("address add fd09::2/64 dev wire1 nodad");
	filter = packet_filter_new();
	if (!filter)
		printf("# this kernel has no nftables\n");
	netns_go(0);
	netns_ip("address add fd09::1/64 dev wire0 nodad");
	return 0;
}

static int end(void **state)
{
	(void)state;
	packet_filter_free(filter);
	filter = NULL;
	netns_go(1);
	netns_ip("address delete 10.9.0.3/24 dev wire1");
	netns_ip("address delete fd09::2/64 dev wire1");
	netns_go(0);
	netns_ip("address delete fd09::1/64 dev wire0");
	return 0;
}

static void set(const struct packet_filter_address *list, unsigned int n)
{
	const char *why;

	netns_go(1);
	why = packet_filter_set(filter, list, n);
	if (why)
		fail_msg("%s", why);
}

static socklen_t fill(const char *address, unsigned int index, struct sockaddr_storage *ss)
{
	struct inet a = parse(address);
	socklen_t len;

	a.port = PORT;
	len = inet_to_sockaddr(&a, ss);
	if (a.family == INET_V6 && a.ip[0] == 0xfe)
		((struct sockaddr_in6 *)ss)->sin6_scope_id = index;
	return len;
}

static int receiver(const char *address)
{
	struct sockaddr_storage ss;
	socklen_t len = fill(address, wire(1), &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	return fd;
}

static void send_to(const char *address)
{
	struct sockaddr_storage ss;
	socklen_t len = fill(address, wire(0), &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&ss, len), 1);
	close(fd);
}

static bool came(int fd, int patience_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char byte;

	return poll(&p, 1, patience_ms) == 1 && recv(fd, &byte, 1, 0) == 1;
}

/* What was sent before something that has arrived is there, or never will be: the cable keeps the
 * order. The neighbour is found first, so that no packet waits for him. */
static bool arrives(const char *address)
{
	char words[96];
	int fd = receiver(address), other = receiver(WIRE1_V4);
	bool result;

	send_to(address);
	send_to(WIRE1_V4);
	assert_true(came(other, 10000));
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(words, sizeof(words), "neigh show to %s dev wire0 | grep -q lladdr",
			 address);
		if (netns_try_ip(words))
			break;
		poll(NULL, 0, 10);
	}
	while (came(fd, 0))
		continue;
	send_to(address);
	send_to(WIRE1_V4);
	assert_true(came(other, 10000));
	result = came(fd, 0);
	close(fd);
	close(other);
	return result;
}

#define required()                                                                                 \
	do {                                                                                       \
		if (!filter)                                                                       \
			skip();                                                                    \
	} while (0)

static void test_ipv4(void **state)
{
	const struct packet_filter_address one = {.address = parse("10.9.0.3")};

	(void)state;
	required();
	assert_true(arrives("10.9.0.3"));
	set(&one, 1);
	assert_false(arrives("10.9.0.3"));
	set(NULL, 0);
	assert_true(arrives("10.9.0.3"));
}

/* The neighbour is forgotten first: it must be found again through the filter. */
static void test_ipv6(void **state)
{
	const struct packet_filter_address one = {.address = parse("fd09::2")};

	(void)state;
	required();
	assert_true(arrives("fd09::2"));
	set(&one, 1);
	netns_go(0);
	netns_ip("neigh flush dev wire0");
	assert_false(arrives("fd09::2"));
	netns_go(0);
	netns_ip("neigh show to fd09::2 dev wire0 | grep -q lladdr");
	set(NULL, 0);
	assert_true(arrives("fd09::2"));
}

static void test_link_local_is_of_its_link(void **state)
{
	struct packet_filter_address one = {.address = parse(WIRE1_V6)};

	(void)state;
	required();
	one.index = wire(1) + 1;
	set(&one, 1);
	assert_true(arrives(WIRE1_V6));
	one.index = wire(1);
	set(&one, 1);
	assert_false(arrives(WIRE1_V6));
	set(NULL, 0);
}

/* Each call says all: what was before is gone. */
static void test_replaces(void **state)
{
	const struct packet_filter_address before[] = {{.address = parse("10.9.0.3")},
						       {.address = parse("fd09::2")},
						       {.address = parse("10.9.0.3")}};
	const struct packet_filter_address after = {.address = parse("fd09::2")};

	(void)state;
	required();
	set(before, 3);
	assert_false(arrives("10.9.0.3"));
	assert_false(arrives("fd09::2"));
	set(&after, 1);
	assert_true(arrives("10.9.0.3"));
	assert_false(arrives("fd09::2"));
	set(NULL, 0);
}

/* A table without its maker is found, and removed by the next one. */
static void test_is_there(void **state)
{
	const struct packet_filter_address one = {.address = parse("10.9.0.3")};

	(void)state;
	required();
	netns_go(1);
	assert_false(packet_filter_is_there());
	set(&one, 1);
	assert_true(packet_filter_is_there());
	packet_filter_free(filter);
	assert_true(packet_filter_is_there());
	assert_false(arrives("10.9.0.3"));
	netns_go(0);
	assert_false(packet_filter_is_there());
	netns_go(1);
	filter = packet_filter_new();
	assert_non_null(filter);
	set(NULL, 0);
	assert_false(packet_filter_is_there());
	set(NULL, 0);
	assert_true(arrives("10.9.0.3"));
}

int main(void)
{
	const struct CMUnitTest forbidden[] = {cmocka_unit_test(netns_forbidden)};
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ipv4),
	    cmocka_unit_test(test_ipv6),
	    cmocka_unit_test(test_link_local_is_of_its_link),
	    cmocka_unit_test(test_replaces),
	    cmocka_unit_test(test_is_there),
	};

	if (!netns_enter())
		return cmocka_run_group_tests(forbidden, NULL, NULL);
	return cmocka_run_group_tests(tests, begin, end);
}
