/* SPDX-License-Identifier: MIT */
/*
 * What an instance does to its machine beside holding addresses: no_accept drops packets to them,
 * track_src_ip watches an address, promote_secondaries sets a sysctl, garp_extra_if announces on
 * other links; and what the watcher takes away of it.
 */
#include "failover/failover.h"

#include "net/address.h"
#include "net/packet_filter.h"

#include "pair_helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VIP6 "fd00::10"
#define TRIES 1000

static struct pair_node a;

static struct inet parse(const char *text)
{
	struct inet out = {0};

	assert_true(inet_parse(span_of(text), &out));
	return out;
}

static void filter_required(void)
{
	struct packet_filter *p;

	pair_required();
	pair_go(PAIR_A);
	p = packet_filter_new();
	if (!p)
		skip();
	packet_filter_free(p);
}

static void wait_filter(bool there)
{
	pair_go(PAIR_A);
	for (unsigned int i = 0; i < TRIES; i++) {
		if (packet_filter_is_there() == there)
			return;
		poll(NULL, 0, 10);
	}
	fail_msg("the packet filter is %s", there ? "not there" : "still there");
}

/* ---- is a packet taken */

/* A connection that is not there yet. */
static int begin(const char *address)
{
	struct inet to = parse(address);
	struct sockaddr_storage ss;
	socklen_t len;
	int fd;

	to.port = 9;
	len = inet_to_sockaddr(&to, &ss);
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&ss, len), -1);
	assert_int_equal(errno, EINPROGRESS);
	return fd;
}

/* Refused: somebody has answered. */
static bool is_refused(int fd, int patience_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int error = 0;

	if (poll(&p, 1, patience_ms) != 1)
		return false;
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), 0);
	return error == ECONNREFUSED;
}

static bool is_found(const char *address)
{
	char words[96];

	snprintf(words, sizeof(words), "neigh show to %s dev eth1 | grep -q lladdr", address);
	return pair_ip(PAIR_STRANGER, words);
}

/* The stranger finds the address's machine anew, and asks there; then another address of the same
 * machine, `known`, whose answer comes behind the one that we wait for. */
static bool is_answered(const char *address, const char *known)
{
	bool answered;
	int first, second;

	assert_true(pair_ip(PAIR_STRANGER, "neigh flush dev eth1"));
	first = begin(address);
	for (unsigned int i = 0; i < TRIES && !is_found(address); i++)
		poll(NULL, 0, 10);
	assert_true(is_found(address));
	second = begin(known);
	assert_true(is_refused(second, 10000));
	answered = is_refused(first, 0);
	close(first);
	close(second);
	return answered;
}

static struct model_vrrp *model(const char *address, bool accept)
{
	struct model_vrrp *m = pair_model(100);
	struct model_vrrp_instance *i = m->instances;

	i->accept = accept;
	i->addresses->address = parse(address);
	if (i->addresses->address.family == INET_V4)
		return m;
	i->family = INET_V6;
	i->multicast = parse("ff02::12");
	i->addresses->prefix = 64;
	return m;
}

static void reload(struct model_vrrp *m)
{
	failover_reload(a.f, m);
	model_vrrp_put(m);
}

/* With no_accept, then accept, then no_accept again, which ends with halb. */
static void check_accept(const char *vip, const char *known)
{
	pair_start(&a, PAIR_A, model(vip, false), SERVICE_NONE);
	pair_wait_state(&a, 0, VRRP_MASTER);
	wait_filter(true);
	assert_false(is_answered(vip, known));
	reload(model(vip, true));
	wait_filter(false);
	assert_true(is_answered(vip, known));
	assert_int_equal(pair_row(&a, 0).transitions_to_master, 1);
	reload(model(vip, false));
	wait_filter(true);
	assert_false(is_answered(vip, known));
	pair_end(&a);
	pair_go(PAIR_A);
	assert_false(packet_filter_is_there());
}

static void test_no_accept(void **state)
{
	(void)state;
	filter_required();
	check_accept(PAIR_VIP, "192.168.50.11");
}

static void test_no_accept_ipv6(void **state)
{
	(void)state;
	filter_required();
	assert_true(pair_ip(PAIR_STRANGER, "address replace fd00::13/64 dev eth1 nodad"));
	assert_true(pair_ip(PAIR_A, "address replace fd00::11/64 dev eth1 nodad"));
	check_accept(VIP6, "fd00::11");
	assert_true(pair_ip(PAIR_A, "address delete fd00::11/64 dev eth1"));
}

static void test_owner_takes_its_packets(void **state)
{
	struct model_vrrp *m = model(PAIR_VIP, false);

	(void)state;
	filter_required();
	m->instances->priority = 255;
	m->instances->start_master = true;
	pair_start(&a, PAIR_A, m, SERVICE_NONE);
	pair_wait_state(&a, 0, VRRP_MASTER);
	assert_true(is_answered(PAIR_VIP, "192.168.50.11"));
	pair_go(PAIR_A);
	assert_false(packet_filter_is_there());
	pair_end(&a);
}

static void leave_filter(void)
{
	const struct packet_filter_address stale = {.address = parse(PAIR_VIP)};
	struct packet_filter *p;

	pair_go(PAIR_A);
	p = packet_filter_new();
	assert_non_null(p);
	assert_null(packet_filter_set(p, &stale, 1));
	packet_filter_free(p);
	assert_true(packet_filter_is_there());
}

/* Left by a halb that was killed; the one that starts accepts. */
static void test_stale_filter_is_removed(void **state)
{
	(void)state;
	filter_required();
	leave_filter();
	pair_start(&a, PAIR_A, model(PAIR_VIP, true), SERVICE_NONE);
	wait_filter(false);
	pair_wait_state(&a, 0, VRRP_MASTER);
	assert_true(is_answered(PAIR_VIP, "192.168.50.11"));
	pair_end(&a);
}

static void test_watcher_cleans_up(void **state)
{
	const char *const routes = "route show table local proto 112 | grep -q " PAIR_VIP;

	(void)state;
	filter_required();
	pair_start(&a, PAIR_A, model(PAIR_VIP, true), SERVICE_UNKNOWN);
	pair_wait_state(&a, 0, VRRP_BACKUP);
	leave_filter();
	assert_true(pair_ip(PAIR_A, routes));
	assert_true(pair_ip(PAIR_A, "-6 route add local fd00::77 dev lo table local proto 112"));
	assert_true(pair_ip(PAIR_A, "route add 10.77.0.0/24 dev inner1 proto 112"));
	assert_int_equal(holdings_give_away(NULL, 0, 0, -1, 0), 0);
	assert_false(packet_filter_is_there());
	assert_false(pair_ip(PAIR_A, routes));
	assert_false(pair_ip(PAIR_A, "-6 route show table local | grep -q fd00::77"));
	/* Of another table; and the kernel's own. */
	assert_true(pair_ip(PAIR_A, "route show proto 112 | grep -q 10.77.0.0"));
	assert_true(pair_ip(PAIR_A, "route show table local | grep -q 192.168.50.11"));
	assert_true(pair_ip(PAIR_A, "route delete 10.77.0.0/24 dev inner1"));
	pair_end(&a);
}

/* ---- the rest */

static void test_source_is_tracked(void **state)
{
	struct model_vrrp *m = pair_model(100);

	(void)state;
	pair_required();
	m->instances->source = parse("192.168.50.77");
	m->instances->track_src_ip = true;
	pair_start(&a, PAIR_A, m, SERVICE_NONE);
	pair_wait_state(&a, 0, VRRP_FAULT);
	assert_true(pair_ip(PAIR_A, "address add 192.168.50.77/24 dev inner1"));
	assert_true(pair_ip(PAIR_A, "address add 192.168.50.78/24 dev eth1"));
	assert_true(pair_ip(PAIR_A, "address add 192.168.50.77/24 dev eth1"));
	pair_wait_state(&a, 0, VRRP_MASTER);
	assert_true(pair_ip(PAIR_A, "address delete 192.168.50.77/24 dev eth1"));
	pair_wait_state(&a, 0, VRRP_FAULT);
	assert_string_equal(pair_row(&a, 0).cause,
			    "fault: the source address is not on the interface");
	assert_false(pair_has(PAIR_A, PAIR_VIP));
	m = pair_model(100);
	m->instances->source = parse("192.168.50.77");
	reload(m);
	pair_wait_state(&a, 0, VRRP_MASTER);
	pair_end(&a);
	assert_true(pair_ip(PAIR_A, "address delete 192.168.50.77/24 dev inner1"));
	assert_true(pair_ip(PAIR_A, "address delete 192.168.50.78/24 dev eth1"));
}

static bool promotes(const char *link)
{
	char words[128];

	snprintf(words, sizeof(words),
		 "-V >/dev/null; grep -q 1 /proc/sys/net/ipv4/conf/%s/promote_secondaries", link);
	return pair_ip(PAIR_A, words);
}

static void test_secondaries_are_promoted(void **state)
{
	struct model_vrrp *m = pair_model(100);

	(void)state;
	pair_required();
	m->instances->promote_secondaries = true;
	assert_false(promotes("eth1"));
	pair_start(&a, PAIR_A, m, SERVICE_NONE);
	pair_wait_state(&a, 0, VRRP_MASTER);
	assert_true(promotes("eth1"));
	assert_false(promotes("inner1"));
	pair_end(&a);
	assert_false(promotes("eth1"));
}

static bool announced(const struct failover_row *row, uint64_t at_least)
{
	return row->announcements >= at_least;
}

static bool advertised(const struct failover_row *row, uint64_t at_least)
{
	return row->adverts_out >= at_least;
}

/* One address on another link than the instance's: only that one is said again. */
static void test_other_links_are_told(void **state)
{
	struct model_vrrp *m = pair_model(100), *changed = pair_model(100);
	struct model_vrrp_address *other = ARENA_NEW(&changed->arena, struct model_vrrp_address);
	const struct model_garp garp = {.master_repeat = 1, .extra_if = 20};

	(void)state;
	pair_required();
	assert_non_null(other);
	*other = (struct model_vrrp_address){
	    .address = parse("192.168.60.10"), .prefix = 24, .dev = "inner1"};
	m->instances->garp = changed->instances->garp = garp;
	changed->instances->addresses->next = other;
	changed->instances->n_addresses = 2;
	pair_start(&a, PAIR_A, m, SERVICE_NONE);
	pair_wait_row(&a, 0, advertised, 5);
	assert_int_equal(pair_row(&a, 0).announcements, 1);
	reload(changed);
	pair_wait_row(&a, 0, announced, 8);
	pair_end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_no_accept, pair_clean),
	    cmocka_unit_test_teardown(test_no_accept_ipv6, pair_clean),
	    cmocka_unit_test_teardown(test_owner_takes_its_packets, pair_clean),
	    cmocka_unit_test_teardown(test_stale_filter_is_removed, pair_clean),
	    cmocka_unit_test_teardown(test_watcher_cleans_up, pair_clean),
	    cmocka_unit_test_teardown(test_source_is_tracked, pair_clean),
	    cmocka_unit_test_teardown(test_secondaries_are_promoted, pair_clean),
	    cmocka_unit_test_teardown(test_other_links_are_told, pair_clean),
	};

	return cmocka_run_group_tests(tests, pair_enter, NULL);
}
