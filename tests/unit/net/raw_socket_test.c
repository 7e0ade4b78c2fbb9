/* SPDX-License-Identifier: MIT */
/* Adverts, BFD packets and frames over a cable between two namespaces. */
#include "net/raw_socket.h"

#include "net/netlink.h"

#include "net_helper.h"
#include "netns_helper.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static const uint8_t advert[] = {0x21, 0x33, 0x65, 0x01, 0x00, 0x01, 0x87, 0x17, 0xc0, 0xa8,
				 0x32, 0x0a, 0,    0,    0,    0,    0,    0,    0,    0};

static struct inet address(const char *text)
{
	struct inet a = {0};

	assert_true(inet_parse(span_of(text), &a));
	return a;
}

static struct netlink_link link_named(const char *name)
{
	struct netlink *n = netlink_new();
	struct netlink_link l;

	assert_non_null(n);
	assert_int_equal(netlink_link_by_name(n, name, &l), 0);
	netlink_free(n);
	return l;
}

static void assert_address(const struct inet *a, const char *text)
{
	char print[INET_TEXT_BYTES];

	print[inet_print(print, a)] = '\0';
	assert_string_equal(print, text);
}

static void receive(int fd, uint8_t *buf, size_t size, struct raw_packet *p)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&wait, 1, 10000), 1);
	assert_int_equal(raw_receive(fd, buf, size, p), 1);
}

static struct span advert_span(void)
{
	return span_make(advert, sizeof(advert));
}

/* From wire0 to wire1; returns what came. */
static struct raw_packet send_advert(const char *from, const char *to, const char *group,
				     uint8_t ttl, uint8_t *buf, size_t size)
{
	struct inet source = address(from), target = address(to), joined = {0};
	uint8_t family = source.family;
	unsigned int index0, index1;
	struct raw_packet p;
	int in, out;

	if (group)
		joined = address(group);
	index0 = link_named("wire0").index;
	out = raw_vrrp_sender(family, index0, &source, ttl);
	assert_true(out >= 0);
	netns_go(1);
	index1 = link_named("wire1").index;
	in = raw_vrrp_receiver(family, index1, &joined);
	assert_true(in >= 0);
	assert_int_equal(raw_receive(in, buf, size, &p), 0);
	assert_int_equal(raw_send(out, &target, index0, advert_span()), 0);
	receive(in, buf, size, &p);
	assert_int_equal(p.index, index1);
	assert_address(&p.source, from);
	assert_address(&p.destination, to);
	assert_int_equal(raw_receive(in, buf, size, &(struct raw_packet){0}), 0);
	close(in);
	close(out);
	netns_go(0);
	return p;
}

static void test_v4_multicast(void **state)
{
	const struct iphdr *ip;
	struct raw_packet p;
	uint8_t buf[512];

	(void)state;
	p = send_advert(WIRE0_V4, "224.0.0.18", "224.0.0.18", 0, buf, sizeof(buf));
	assert_int_equal(p.ttl, 255);
	ip = (const struct iphdr *)buf;
	assert_int_equal(p.bytes.len, 20 + sizeof(advert));
	assert_int_equal(ip->protocol, 112);
	assert_int_equal(ip->tos, 0xc0);
	assert_int_equal(ip->ttl, 255);
	assert_memory_equal(buf + 20, advert, sizeof(advert));
}

static void test_v4_unicast(void **state)
{
	struct raw_packet p;
	uint8_t buf[512];

	(void)state;
	p = send_advert(WIRE0_V4, WIRE1_V4, NULL, 64, buf, sizeof(buf));
	assert_int_equal(p.ttl, 64);
	assert_memory_equal(buf + 20, advert, sizeof(advert));
}

static void test_v6(void **state)
{
	struct raw_packet p;
	uint8_t buf[512];

	(void)state;
	p = send_advert(WIRE0_V6, "ff02::12", "ff02::12", 0, buf, sizeof(buf));
	assert_int_equal(p.ttl, 255);
	assert_int_equal(p.bytes.len, sizeof(advert));
	assert_memory_equal(buf, advert, sizeof(advert));
	p = send_advert(WIRE0_V6, WIRE1_V6, NULL, 3, buf, sizeof(buf));
	assert_int_equal(p.ttl, 3);
}

/* A sender does not hear itself, nor anything else; other links' groups do not come either. */
static void test_no_loop(void **state)
{
	struct inet source = address(WIRE0_V4), group = address("224.0.0.18");
	struct netlink_link wire, lo;
	struct raw_packet p;
	uint8_t buf[512];
	int in, elsewhere, out;

	(void)state;
	wire = link_named("wire0");
	lo = link_named("lo");
	in = raw_vrrp_receiver(INET_V4, wire.index, &group);
	elsewhere = raw_vrrp_receiver(INET_V4, lo.index, &group);
	out = raw_vrrp_sender(INET_V4, wire.index, &source, 0);
	assert_true(in >= 0 && elsewhere >= 0 && out >= 0);
	assert_int_equal(raw_send(out, &group, wire.index, advert_span()), 0);
	assert_int_equal(raw_receive(in, buf, sizeof(buf), &p), 0);
	assert_int_equal(raw_receive(elsewhere, buf, sizeof(buf), &p), 0);
	assert_int_equal(raw_receive(out, buf, sizeof(buf), &p), 0);
	close(in);
	close(elsewhere);
	close(out);
}

static void test_errors(void **state)
{
	struct inet group = address("224.0.0.18"), none = {0};
	int fd;

	(void)state;
	assert_int_equal(raw_vrrp_receiver(INET_V4, 4711, &group), -ENODEV);
	fd = raw_vrrp_sender(INET_V4, link_named("wire0").index, &none, 0);
	assert_true(fd >= 0);
	assert_int_equal(raw_send(fd, &none, 0, advert_span()), -EINVAL);
	netns_ip("link set wire0 down");
	assert_true(raw_send(fd, &group, link_named("wire0").index, advert_span()) < 0);
	netns_ip("link set wire0 up");
	/* taken away while the link was down */
	netns_ip("address replace " WIRE0_V6 "/64 dev wire0 nodad");
	close(fd);
}

static void bfd_between(const char *from, const char *to)
{
	struct inet source = address(from), target = address(to), any = {0};
	unsigned int index0 = link_named("wire0").index;
	int out = raw_udp(source.family, &source, 0, index0), second, in;
	struct raw_packet p;
	uint8_t buf[64];
	uint16_t port;

	assert_true(out >= 0);
	second = raw_udp(source.family, &source, 0, index0);
	assert_true(second >= 0);
	netns_go(1);
	in = raw_udp(source.family, &any, 3784, link_named("wire1").index);
	assert_true(in >= 0);
	assert_int_equal(raw_udp(source.family, &any, 3784, link_named("wire1").index),
			 -EADDRINUSE);
	target.port = 3784;
	assert_int_equal(raw_send(out, &target, index0, SPAN("bfd")), 0);
	receive(in, buf, sizeof(buf), &p);
	assert_true(span_equal(p.bytes, SPAN("bfd")));
	assert_int_equal(p.ttl, 255);
	assert_int_equal(p.index, link_named("wire1").index);
	assert_address(&p.source, from);
	assert_address(&p.destination, to);
	assert_int_equal(p.destination.port, 3784);
	assert_true(p.source.port >= 49152);
	port = p.source.port;
	assert_int_equal(raw_send(second, &target, index0, SPAN("other")), 0);
	receive(in, buf, sizeof(buf), &p);
	assert_int_not_equal(p.source.port, port);
	close(in);
	close(out);
	close(second);
	netns_go(0);
}

static void test_bfd(void **state)
{
	(void)state;
	bfd_between(WIRE0_V4, WIRE1_V4);
	bfd_between(WIRE0_V6, WIRE1_V6);
}

static void test_frames(void **state)
{
	uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0,
			     0,    0,    0,    1,    0x08, 0x06, 0, 1};
	uint8_t other[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
	unsigned int index0, index1;
	struct raw_packet p;
	uint8_t buf[128];
	int in, out;

	(void)state;
	index0 = link_named("wire0").index;
	out = raw_frame_socket();
	assert_true(out >= 0);
	netns_go(1);
	index1 = link_named("wire1").index;
	in = raw_frame_listener(index1, 0x0806, NULL);
	assert_true(in >= 0);
	assert_int_equal(raw_frame_send(out, index0, span_make(other, sizeof(other))), 0);
	assert_int_equal(raw_frame_send(out, index0, span_make(frame, sizeof(frame))), 0);
	receive(in, buf, sizeof(buf), &p);
	assert_int_equal(p.bytes.len, sizeof(frame));
	assert_memory_equal(buf, frame, sizeof(frame));
	assert_int_equal(p.index, index1);
	assert_int_equal(p.source.family, INET_NONE);
	assert_int_equal(raw_frame_send(out, index0, SPAN("short")), -EINVAL);
	assert_int_equal(raw_frame_send(out, 4711, span_make(frame, sizeof(frame))), -ENXIO);
	close(in);
	close(out);
	netns_go(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_v4_multicast), cmocka_unit_test(test_v4_unicast),
	    cmocka_unit_test(test_v6),           cmocka_unit_test(test_no_loop),
	    cmocka_unit_test(test_bfd),          cmocka_unit_test(test_frames),
	    cmocka_unit_test(test_errors),
	};
	const struct CMUnitTest forbidden[] = {cmocka_unit_test(netns_forbidden)};

	if (!netns_enter())
		return cmocka_run_group_tests(forbidden, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
