/* SPDX-License-Identifier: MIT */
/* Pairs of other kinds (IPv6, unicast, virtual MAC, version 2), and what a standby does not do. */
#include "failover/failover.h"

#include "net/address.h"

#include "proto/bfd.h"

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

static struct pair_node a, b; /* ended after each test */

static struct inet parse(const char *text)
{
	struct inet out = {0};

	assert_true(inet_parse(span_of(text), &out));
	return out;
}

static void start_both(struct model_vrrp *for_a, struct model_vrrp *for_b)
{
	pair_start(&a, PAIR_A, for_a, SERVICE_NONE);
	pair_wait_state(&a, 0, VRRP_MASTER);
	pair_start(&b, PAIR_B, for_b, SERVICE_NONE);
	pair_wait_state(&b, 0, VRRP_BACKUP);
}

static bool heard_more(const struct failover_row *row, uint64_t than)
{
	return row->adverts_in > than;
}

static bool bfd_is_up(const struct failover_row *row, uint64_t up)
{
	return (row->bfd_state == BFD_UP) == (up != 0);
}

/* The pair agrees, and b takes over when a leaves. */
static void check_pair(const char *address)
{
	pair_wait_row(&b, 0, heard_more, 3);
	assert_int_equal(pair_row(&b, 0).state, VRRP_BACKUP);
	assert_int_equal(pair_row(&a, 0).transitions_to_master, 1);
	assert_true(pair_has(PAIR_A, address));
	assert_false(pair_has(PAIR_B, address));
	failover_leave(a.f);
	pair_wait_count(&a.left, 1);
	assert_true(pair_said(&b, "(VI_1) setting VIPs.") < pair_said(&a, "(VI_1) removing VIPs."));
	assert_true(pair_has(PAIR_B, address));
	pair_end(&a);
	pair_end(&b);
	assert_false(pair_has(PAIR_B, address));
}

static struct model_vrrp *model_v6(uint8_t priority)
{
	struct model_vrrp *m = pair_model(priority);
	struct model_vrrp_instance *i = m->instances;

	i->family = INET_V6;
	i->multicast = parse("ff02::12");
	i->addresses->address = parse(VIP6);
	i->addresses->prefix = 64;
	return m;
}

static void test_ipv6(void **state)
{
	(void)state;
	pair_required();
	start_both(model_v6(101), model_v6(100));
	pair_wait_row(&b, 0, bfd_is_up, 1);
	check_pair(VIP6);
}

static struct model_vrrp *model_unicast(uint8_t priority, const char *peer)
{
	struct model_vrrp *m = pair_model(priority);
	struct model_vrrp_peer *p = ARENA_NEW(&m->arena, struct model_vrrp_peer);

	assert_non_null(p);
	*p = (struct model_vrrp_peer){.address = parse(peer), .ttl_max = 255};
	m->instances->unicast_peers = p;
	m->instances->check_unicast_src = true;
	return m;
}

static void test_unicast(void **state)
{
	(void)state;
	pair_required();
	start_both(model_unicast(101, "192.168.50.12"), model_unicast(100, "192.168.50.11"));
	check_pair(PAIR_VIP);
}

static bool refused_source(const struct failover_row *row, uint64_t at_least)
{
	return row->refused[VRRP_BAD_SOURCE] >= at_least;
}

static void test_unicast_from_a_stranger(void **state)
{
	(void)state;
	pair_required();
	/* b believes that its peer is the stranger: a's adverts are not for its ears. */
	start_both(model_unicast(101, "192.168.50.12"), model_unicast(100, "192.168.50.13"));
	pair_wait_row(&b, 0, refused_source, 3);
	pair_wait_state(&b, 0, VRRP_MASTER);
	pair_end(&a);
	pair_end(&b);
}

static struct model_vrrp *model_v2(uint8_t priority, const char *password)
{
	struct model_vrrp *m = pair_model(priority);
	struct model_vrrp_instance *i = m->instances;

	i->version = 2;
	i->advert_us = 1000000;
	i->auth = VRRP_AUTH_PASS;
	memcpy(i->auth_pass, password, 4);
	return m;
}

static bool refused_password(const struct failover_row *row, uint64_t at_least)
{
	return row->refused[VRRP_BAD_AUTH] >= at_least;
}

static void test_version_2_passwords(void **state)
{
	struct model_vrrp *m = model_v2(100, "1234");

	(void)state;
	pair_required();
	start_both(model_v2(101, "1234"), model_v2(100, "5678"));
	pair_wait_row(&b, 0, refused_password, 2);
	assert_true(pair_said(&b, "(VI_1) received an invalid passwd!") > 0);
	failover_reload(b.f, m);
	model_vrrp_put(m);
	check_pair(PAIR_VIP);
}

static struct model_vrrp *model_vmac(uint8_t priority)
{
	struct model_vrrp *m = pair_model(priority);

	m->instances->use_vmac = true;
	return m;
}

static void test_virtual_mac(void **state)
{
	(void)state;
	pair_required();
	start_both(model_vmac(101), model_vmac(100));
	assert_true(pair_ip(PAIR_A, "link show dev vrrp.51 | grep -q 00:00:5e:00:01:33"));
	assert_true(pair_ip(PAIR_A, "address show dev vrrp.51 | grep -q " PAIR_VIP));
	check_pair(PAIR_VIP);
	assert_false(pair_ip(PAIR_A, "link show dev vrrp.51 2>/dev/null"));
}

/* ---- halb to halb */

static void test_preempts_at_once(void **state)
{
	struct model_vrrp *high = pair_model(102);

	(void)state;
	pair_required();
	start_both(pair_model(101), pair_model(100));
	pair_wait_row(&b, 0, bfd_is_up, 1);
	failover_reload(b.f, high);
	model_vrrp_put(high);
	pair_wait_state(&b, 0, VRRP_MASTER);
	pair_wait_owns(&a, 0, false);
	assert_string_equal(pair_row(&b, 0).cause, "the master's priority is lower");
	assert_int_equal(pair_said(&b, "(VI_1) Receive advertisement timeout"), 0);
	assert_true(pair_said(&b, "(VI_1) setting VIPs.") < pair_said(&a, "(VI_1) removing VIPs."));
	pair_end(&a);
	pair_end(&b);
}

static void test_preempt_delay_is_kept(void **state)
{
	struct model_vrrp *high = pair_model(102);

	(void)state;
	pair_required();
	high->instances->preempt_delay_ms = 600000;
	start_both(pair_model(101), pair_model(100));
	pair_wait_row(&b, 0, bfd_is_up, 1);
	failover_reload(b.f, high);
	model_vrrp_put(high);
	pair_wait_row(&b, 0, heard_more, pair_row(&b, 0).adverts_in + 8);
	assert_int_equal(pair_row(&b, 0).state, VRRP_BACKUP);
	pair_end(&a);
	pair_end(&b);
}

/* ---- the standby */

/* What a SYN from the stranger comes to: ECONNREFUSED where somebody has the address, EHOSTUNREACH
 * where nobody answers for it. */
static int knock(const char *address)
{
	struct inet to = parse(address);
	struct sockaddr_storage ss;
	struct pollfd p = {.events = POLLOUT};
	socklen_t len, size = sizeof(int);
	int error = 0;

	pair_go(PAIR_STRANGER);
	pair_ip(PAIR_STRANGER, "neigh flush dev eth1");
	to.port = 9;
	len = inet_to_sockaddr(&to, &ss);
	p.fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(p.fd >= 0);
	if (connect(p.fd, (const struct sockaddr *)&ss, len) < 0 && errno == EINPROGRESS)
		assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &error, &size), 0);
	close(p.fd);
	return error;
}

static bool can_bind(enum pair_place place, const char *address)
{
	struct inet at = parse(address);
	struct sockaddr_storage ss;
	socklen_t len;
	int fd, result;

	pair_go(place);
	at.port = 0;
	len = inet_to_sockaddr(&at, &ss);
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	result = bind(fd, (const struct sockaddr *)&ss, len);
	close(fd);
	return result == 0;
}

static bool has_local_route(enum pair_place place, const char *family, const char *address)
{
	char words[128];

	snprintf(words, sizeof(words), "%s route show table local proto 112 | grep -q '%s'", family,
		 address);
	return pair_ip(place, words);
}

static bool arp_is(enum pair_place place, int ignore, int announce)
{
	char words[160];

	snprintf(words, sizeof(words),
		 "-V >/dev/null; test \"$(cat /proc/sys/net/ipv4/conf/eth1/arp_ignore "
		 "/proc/sys/net/ipv4/conf/eth1/arp_announce | tr -d '\\n')\" = %d%d",
		 ignore, announce);
	return pair_ip(place, words);
}

static void test_standby_is_silent(void **state)
{
	(void)state;
	pair_required();
	pair_start(&a, PAIR_A, pair_model(101), SERVICE_UNKNOWN);
	pair_wait_state(&a, 0, VRRP_BACKUP);
	assert_true(has_local_route(PAIR_A, "-4", PAIR_VIP));
	assert_true(arp_is(PAIR_A, 1, 2));
	assert_true(can_bind(PAIR_A, PAIR_VIP));
	assert_int_equal(knock(PAIR_VIP), EHOSTUNREACH);
	failover_set_service(a.f, SERVICE_UP, "");
	pair_wait_state(&a, 0, VRRP_MASTER);
	assert_int_equal(knock(PAIR_VIP), ECONNREFUSED);
	pair_end(&a);
	assert_false(has_local_route(PAIR_A, "-4", PAIR_VIP));
	assert_true(arp_is(PAIR_A, 0, 0));
	assert_false(can_bind(PAIR_A, PAIR_VIP));
}

static void test_standby_is_silent_ipv6(void **state)
{
	(void)state;
	pair_required();
	assert_true(pair_ip(PAIR_STRANGER, "address replace fd00::13/64 dev eth1 nodad"));
	pair_start(&a, PAIR_A, model_v6(101), SERVICE_UNKNOWN);
	pair_wait_state(&a, 0, VRRP_BACKUP);
	assert_true(has_local_route(PAIR_A, "-6", VIP6));
	assert_int_equal(knock(VIP6), EHOSTUNREACH);
	failover_set_service(a.f, SERVICE_UP, "");
	pair_wait_state(&a, 0, VRRP_MASTER);
	assert_int_equal(knock(VIP6), ECONNREFUSED);
	pair_end(&a);
	assert_false(has_local_route(PAIR_A, "-6", VIP6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_ipv6, pair_clean),
	    cmocka_unit_test_teardown(test_unicast, pair_clean),
	    cmocka_unit_test_teardown(test_unicast_from_a_stranger, pair_clean),
	    cmocka_unit_test_teardown(test_version_2_passwords, pair_clean),
	    cmocka_unit_test_teardown(test_virtual_mac, pair_clean),
	    cmocka_unit_test_teardown(test_preempts_at_once, pair_clean),
	    cmocka_unit_test_teardown(test_preempt_delay_is_kept, pair_clean),
	    cmocka_unit_test_teardown(test_standby_is_silent, pair_clean),
	    cmocka_unit_test_teardown(test_standby_is_silent_ipv6, pair_clean),
	};

	return cmocka_run_group_tests(tests, pair_enter, NULL);
}
