/* SPDX-License-Identifier: MIT */
/* Two failover threads on a link: elections, hand-overs, faults, splits, groups, forged adverts. */
#include "failover/failover.h"

#include "net/netlink.h"
#include "net/raw_socket.h"

#include "proto/bfd.h"

#include "pair_helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct pair_node a, b; /* ended after each test */

static void start_pair(void)
{
	pair_start(&a, PAIR_A, pair_model(101), SERVICE_NONE);
	pair_start(&b, PAIR_B, pair_model(100), SERVICE_NONE);
	pair_wait_state(&a, 0, VRRP_MASTER);
	pair_wait_state(&b, 0, VRRP_BACKUP);
	pair_wait_owns(&b, 0, false);
}

static void end_pair(void)
{
	pair_end(&a);
	pair_end(&b);
	assert_false(pair_has(PAIR_A, PAIR_VIP));
	assert_false(pair_has(PAIR_B, PAIR_VIP));
}

static bool bfd_is_up(const struct failover_row *row, uint64_t up)
{
	return (row->bfd_state == BFD_UP) == (up != 0);
}

static bool heard_more(const struct failover_row *row, uint64_t than)
{
	return row->adverts_in > than;
}

static void test_election(void **state)
{
	(void)state;
	pair_required();
	start_pair();
	assert_true(pair_has(PAIR_A, PAIR_VIP));
	assert_false(pair_has(PAIR_B, PAIR_VIP));
	assert_string_equal(pair_row(&b, 0).master, "192.168.50.11");
	assert_true(pair_said(&a, "(VI_1) Entering BACKUP STATE (init)") > 0);
	assert_true(pair_said(&a, "(VI_1) Receive advertisement timeout") > 0);
	assert_true(pair_said(&a, "(VI_1) setting VIPs.") > 0);
	end_pair();
	assert_true(pair_said(&a, "(VI_1) sent 0 priority") > 0);
	assert_true(pair_said(&a, "(VI_1) removing VIPs.") > 0);
}

static void test_release_makes_before_it_breaks(void **state)
{
	(void)state;
	pair_required();
	start_pair();
	pair_forget();
	failover_release(a.f);
	pair_wait_state(&b, 0, VRRP_MASTER);
	pair_wait_owns(&a, 0, false);
	assert_true(pair_said(&a, "(VI_1) sent 0 priority") <
		    pair_said(&b, "(VI_1) setting VIPs."));
	assert_true(pair_said(&b, "(VI_1) setting VIPs.") < pair_said(&a, "(VI_1) removing VIPs."));
	assert_true(pair_said(&a, "(VI_1) 192.168.50.12 has taken over") > 0);
	assert_true(pair_has(PAIR_B, PAIR_VIP));
	assert_false(pair_has(PAIR_A, PAIR_VIP));
	/* Whoever was released does not take it back. */
	pair_wait_row(&a, 0, heard_more, pair_row(&a, 0).adverts_in + 6);
	assert_int_equal(pair_row(&a, 0).state, VRRP_BACKUP);
	end_pair();
}

static void test_leave_waits_for_the_taker(void **state)
{
	(void)state;
	pair_required();
	start_pair();
	pair_wait_count(&a.held, 1);
	pair_forget();
	failover_leave(a.f);
	pair_wait_count(&a.left, 1);
	assert_true(pair_said(&b, "(VI_1) setting VIPs.") < pair_said(&a, "(VI_1) removing VIPs."));
	assert_int_equal(pair_row(&b, 0).state, VRRP_MASTER);
	assert_false(pair_has(PAIR_A, PAIR_VIP));
	pair_wait_count(&a.held, 0);
	end_pair();
}

static void test_lone_node_leaves(void **state)
{
	(void)state;
	pair_required();
	pair_start(&a, PAIR_A, pair_model(101), SERVICE_NONE);
	pair_wait_state(&a, 0, VRRP_MASTER);
	failover_leave(a.f);
	pair_wait_count(&a.left, 1);
	assert_false(pair_has(PAIR_A, PAIR_VIP));
	pair_end(&a);
}

static void test_lost_peer_is_seen_by_bfd(void **state)
{
	(void)state;
	pair_required();
	start_pair();
	pair_wait_row(&b, 0, bfd_is_up, 1);
	pair_forget();
	pair_cut(PAIR_A, true);
	pair_wait_state(&b, 0, VRRP_MASTER);
	assert_true(pair_said(&b, "BFD: 192.168.50.11 is not heard any more") > 0);
	assert_string_equal(pair_row(&b, 0).cause, "BFD lost the master");
	pair_cut(PAIR_A, false);
	pair_wait_state(&b, 0, VRRP_BACKUP);
	end_pair();
}

static bool announced_more(const struct failover_row *row, uint64_t than)
{
	return row->announcements > than;
}

static void test_rejoin_announces(void **state)
{
	uint64_t before;

	(void)state;
	pair_required();
	start_pair();
	pair_cut(PAIR_A, true);
	pair_wait_state(&b, 0, VRRP_MASTER);
	/* Both bursts of the beginning are over. */
	pair_wait_row(&a, 0, announced_more, 9);
	before = pair_row(&a, 0).announcements;
	pair_cut(PAIR_A, false);
	pair_wait_state(&b, 0, VRRP_BACKUP);
	pair_wait_row(&a, 0, announced_more, before + 4);
	assert_int_equal(pair_row(&a, 0).state, VRRP_MASTER);
	pair_wait_owns(&b, 0, false);
	end_pair();
}

static void test_link_down_is_a_fault(void **state)
{
	(void)state;
	pair_required();
	start_pair();
	assert_true(pair_ip(PAIR_A, "link set eth1 down"));
	pair_wait_state(&a, 0, VRRP_FAULT);
	pair_wait_state(&b, 0, VRRP_MASTER);
	assert_true(pair_said(&a, "(VI_1) Entering FAULT STATE") > 0);
	assert_true(pair_ip(PAIR_A, "link set eth1 up"));
	pair_wait_state(&a, 0, VRRP_MASTER);
	pair_wait_state(&b, 0, VRRP_BACKUP);
	end_pair();
}

static void test_link_that_comes_later(void **state)
{
	struct model_vrrp *m = pair_model(101);

	(void)state;
	pair_required();
	m->instances->interface = "late0";
	pair_start(&a, PAIR_A, m, SERVICE_NONE);
	pair_wait_state(&a, 0, VRRP_FAULT);
	assert_true(pair_ip(PAIR_A, "link add late0 type veth peer name late1"));
	assert_true(pair_ip(PAIR_A, "address add 192.168.70.1/24 dev late0"));
	assert_true(pair_ip(PAIR_A, "link set late1 up"));
	assert_true(pair_ip(PAIR_A, "link set late0 up"));
	pair_wait_state(&a, 0, VRRP_MASTER);
	assert_true(pair_has(PAIR_A, PAIR_VIP));
	assert_true(pair_ip(PAIR_A, "link del late0"));
	pair_wait_state(&a, 0, VRRP_FAULT);
	pair_end(&a);
}

static void test_removed_address_comes_back(void **state)
{
	(void)state;
	pair_required();
	start_pair();
	assert_true(pair_ip(PAIR_A, "address del " PAIR_VIP "/24 dev eth1"));
	pair_wait_said(&a, "removed from eth1: putting it back");
	assert_true(pair_has(PAIR_A, PAIR_VIP));
	assert_int_equal(pair_row(&a, 0).state, VRRP_MASTER);
	end_pair();
}

static void test_stale_address_is_removed(void **state)
{
	(void)state;
	pair_required();
	assert_true(pair_ip(PAIR_A, "address add " PAIR_VIP "/24 dev eth1"));
	pair_start(&a, PAIR_A, pair_model(101), SERVICE_UNKNOWN);
	pair_wait_said(&a, "(VI_1) removing stale " PAIR_VIP "/24 from eth1");
	pair_wait_state(&a, 0, VRRP_BACKUP);
	assert_false(pair_has(PAIR_A, PAIR_VIP));
	pair_end(&a);
}

static void test_owner_keeps_its_own_address(void **state)
{
	struct model_vrrp *m = pair_model(255);

	(void)state;
	pair_required();
	m->instances->addresses->address.ip[3] = 11;
	pair_start(&a, PAIR_A, m, SERVICE_NONE);
	pair_wait_state(&a, 0, VRRP_MASTER);
	assert_string_equal(pair_row(&a, 0).cause, "owner of the addresses");
	pair_end(&a);
	assert_true(pair_has(PAIR_A, "192.168.50.11"));
}

static void test_service(void **state)
{
	(void)state;
	pair_required();
	pair_start(&a, PAIR_A, pair_model(101), SERVICE_UNKNOWN);
	pair_start(&b, PAIR_B, pair_model(100), SERVICE_UP);
	pair_wait_state(&b, 0, VRRP_MASTER);
	pair_wait_row(&a, 0, heard_more, 5);
	assert_int_equal(pair_row(&a, 0).state, VRRP_BACKUP);
	assert_true(pair_row(&a, 0).held);
	failover_set_service(a.f, SERVICE_UP, "a server is up");
	pair_wait_state(&a, 0, VRRP_MASTER);
	pair_wait_state(&b, 0, VRRP_BACKUP);
	pair_forget();
	failover_set_service(a.f, SERVICE_DOWN, "no server is up");
	pair_wait_state(&b, 0, VRRP_MASTER);
	pair_wait_owns(&a, 0, false);
	assert_true(pair_said(&a, "(VI_1) Changing effective priority from 101 to 1") > 0);
	assert_true(pair_said(&b, "(VI_1) setting VIPs.") < pair_said(&a, "(VI_1) removing VIPs."));
	failover_set_service(a.f, SERVICE_UP, "");
	pair_wait_state(&a, 0, VRRP_MASTER);
	end_pair();
}

static void test_both_down_still_answer(void **state)
{
	(void)state;
	pair_required();
	pair_start(&a, PAIR_A, pair_model(101), SERVICE_DOWN);
	pair_wait_state(&a, 0, VRRP_MASTER);
	assert_int_equal(pair_row(&a, 0).priority, 1);
	pair_start(&b, PAIR_B, pair_model(100), SERVICE_DOWN);
	pair_wait_row(&b, 0, heard_more, 6);
	assert_int_equal(pair_row(&b, 0).state, VRRP_BACKUP);
	pair_end(&a);
	pair_wait_state(&b, 0, VRRP_MASTER);
	pair_end(&b);
}

static void test_recheck_after_a_cut(void **state)
{
	(void)state;
	pair_required();
	pair_start(&a, PAIR_A, pair_model(101), SERVICE_UP);
	pair_start(&b, PAIR_B, pair_model(100), SERVICE_UP);
	pair_wait_state(&a, 0, VRRP_MASTER);
	assert_true(pair_ip(PAIR_A, "link set eth1 down"));
	pair_wait_state(&b, 0, VRRP_MASTER);
	assert_true(pair_ip(PAIR_A, "link set eth1 up"));
	pair_wait_count(&a.rechecks, 1);
	pair_wait_state(&a, 0, VRRP_BACKUP);
	pair_wait_row(&a, 0, heard_more, pair_row(&a, 0).adverts_in + 6);
	assert_int_equal(pair_row(&a, 0).state, VRRP_BACKUP);
	failover_set_service(a.f, SERVICE_UP, "checked again");
	pair_wait_state(&a, 0, VRRP_MASTER);
	end_pair();
}

static void test_reload_changes_in_place(void **state)
{
	struct model_vrrp *m;

	(void)state;
	pair_required();
	start_pair();
	m = pair_model(101);
	m->instances->addresses->next = ARENA_NEW(&m->arena, struct model_vrrp_address);
	assert_non_null(m->instances->addresses->next);
	*m->instances->addresses->next = *m->instances->addresses;
	m->instances->addresses->next->next = NULL;
	m->instances->addresses->next->address.ip[3] = 20;
	m->instances->n_addresses = 2;
	m->instances->skip_check_adv_addr = true;
	failover_reload(a.f, m);
	model_vrrp_put(m);
	pair_wait_said(&a, "queueing gratuitous ARPs on eth1 for 192.168.50.20");
	assert_true(pair_has(PAIR_A, "192.168.50.20"));
	assert_int_equal(pair_row(&a, 0).transitions_to_master, 1);
	m = pair_model(90);
	failover_reload(a.f, m);
	model_vrrp_put(m);
	pair_wait_state(&b, 0, VRRP_MASTER);
	pair_wait_state(&a, 0, VRRP_BACKUP);
	assert_false(pair_has(PAIR_A, "192.168.50.20"));
	end_pair();
}

static void test_reload_removes_an_instance(void **state)
{
	struct model_vrrp *two = pair_model(101), *one = pair_model(101);

	(void)state;
	pair_required();
	pair_add_instance(two, "VI_2", "eth1", 52, "192.168.50.30");
	pair_start(&a, PAIR_A, two, SERVICE_NONE);
	pair_wait_state(&a, 1, VRRP_MASTER);
	assert_true(pair_has(PAIR_A, "192.168.50.30"));
	failover_reload(a.f, one);
	pair_wait_said(&a, "(VI_2) removing VIPs.");
	assert_false(pair_has(PAIR_A, "192.168.50.30"));
	assert_int_equal(pair_row(&a, 0).transitions, 2);
	two = pair_model(101);
	pair_add_instance(two, "VI_2", "eth1", 52, "192.168.50.30");
	failover_reload(a.f, two);
	pair_wait_state(&a, 1, VRRP_MASTER);
	model_vrrp_put(one);
	model_vrrp_put(two);
	pair_end(&a);
}

static struct model_vrrp *group_model(uint8_t priority)
{
	struct model_vrrp *m = pair_model(priority);
	struct model_vrrp_group *g = ARENA_NEW(&m->arena, struct model_vrrp_group);
	struct model_vrrp_instance *second;

	second = pair_add_instance(m, "VI_2", "inner1", 52, "192.168.60.30");
	second->priority = priority;
	assert_non_null(g);
	g->name = "G1";
	g->members = arena_array(&m->arena, 2, sizeof(*g->members));
	assert_non_null(g->members);
	g->members[0] = m->instances;
	g->members[1] = second;
	g->n_members = 2;
	m->groups = g;
	m->instances->group = second->group = g;
	return m;
}

static void test_group_is_one(void **state)
{
	(void)state;
	pair_required();
	pair_start(&a, PAIR_A, group_model(101), SERVICE_NONE);
	pair_wait_state(&a, 0, VRRP_MASTER);
	pair_wait_state(&a, 1, VRRP_MASTER);
	pair_start(&b, PAIR_B, group_model(100), SERVICE_NONE);
	/* Nobody is heard on the inner link, but VI_1's master is: the group waits. */
	pair_wait_row(&b, 0, heard_more, 12);
	assert_int_equal(pair_row(&b, 1).state, VRRP_BACKUP);
	assert_true(pair_ip(PAIR_A, "link set inner1 down"));
	pair_wait_state(&a, 1, VRRP_FAULT);
	pair_wait_state(&a, 0, VRRP_FAULT);
	assert_true(pair_said(&a, "VRRP_Group(G1) Syncing instances to FAULT state") > 0);
	pair_wait_state(&b, 0, VRRP_MASTER);
	pair_wait_state(&b, 1, VRRP_MASTER);
	assert_true(pair_said(&b, "VRRP_Group(G1) Syncing instances to MASTER state") > 0);
	assert_true(pair_ip(PAIR_A, "link set inner1 up"));
	pair_wait_state(&a, 0, VRRP_MASTER);
	pair_wait_state(&a, 1, VRRP_MASTER);
	pair_wait_state(&b, 1, VRRP_BACKUP);
	end_pair();
}

/* ---- forged adverts, from the stranger */

struct forger {
	int fd;
	struct inet group, source;
	unsigned int index;
	struct vrrp_identity id;
};

static void forger_open(struct forger *f, uint8_t ttl)
{
	struct netlink *n;
	struct netlink_link link;

	pair_go(PAIR_STRANGER);
	n = netlink_new();
	assert_non_null(n);
	assert_int_equal(netlink_link_by_name(n, "eth1", &link), 0);
	netlink_free(n);
	f->index = link.index;
	assert_true(inet_parse(SPAN("224.0.0.18"), &f->group));
	assert_true(inet_parse(SPAN("192.168.50.13"), &f->source));
	f->fd = raw_vrrp_sender(INET_V4, f->index, &f->source, ttl);
	assert_true(f->fd >= 0);
}

static void forge(struct forger *f, const struct vrrp_identity *id, uint8_t priority, int flip)
{
	uint8_t bytes[VRRP_MAX_BYTES];
	size_t n = vrrp_build(bytes, id, priority, &f->source, &f->group);

	if (flip >= 0)
		bytes[flip] ^= 0x01;
	assert_int_equal(raw_send(f->fd, &f->group, f->index, span_make(bytes, n)), 0);
}

static bool refused_at_least(const struct failover_row *row, uint64_t n)
{
	unsigned int v;
	uint64_t sum = 0;

	for (v = 0; v < VRRP_VERDICTS; v++)
		sum += row->refused[v];
	return sum >= n;
}

static void test_forged_adverts_change_nothing(void **state)
{
	struct inet vip, other;
	struct vrrp_identity good = {.version = 3,
				     .vrid = PAIR_VRID,
				     .family = INET_V4,
				     .advert_us = 100000,
				     .addresses = &vip,
				     .n_addresses = 1,
				     .ttl_min = 255,
				     .ttl_max = 255};
	struct vrrp_identity bad_list = good, bad_version = good;
	struct forger f, near;
	unsigned int k;

	(void)state;
	pair_required();
	assert_true(inet_parse(SPAN(PAIR_VIP), &vip));
	assert_true(inet_parse(SPAN("192.168.50.99"), &other));
	bad_list.addresses = &other;
	bad_version.version = 2;
	bad_version.advert_us = 1000000;
	start_pair();
	forger_open(&f, 255);
	forger_open(&near, 254);
	for (k = 0; k < 50; k++) {
		forge(&near, &good, 254, -1);
		forge(&f, &good, 254, 6); /* the checksum */
		forge(&f, &bad_list, 254, -1);
		forge(&f, &bad_version, 254, -1);
	}
	pair_wait_row(&a, 0, refused_at_least, 200);
	pair_wait_row(&b, 0, refused_at_least, 200);
	assert_int_equal(pair_row(&a, 0).state, VRRP_MASTER);
	assert_int_equal(pair_row(&b, 0).state, VRRP_BACKUP);
	assert_int_equal(pair_row(&a, 0).transitions_to_master, 1);
	assert_int_equal(pair_row(&a, 0).refused[VRRP_BAD_TTL], 50);
	assert_int_equal(pair_row(&a, 0).refused[VRRP_BAD_CHECKSUM], 50);
	assert_int_equal(pair_row(&a, 0).refused[VRRP_BAD_ADDRESSES], 50);
	assert_int_equal(pair_row(&a, 0).refused[VRRP_BAD_VERSION], 50);
	/* The same from the right mould is believed: the test can fail. */
	forge(&f, &good, 254, -1);
	pair_wait_state(&a, 0, VRRP_BACKUP);
	close(f.fd);
	close(near.fd);
	end_pair();
}

/* ---- the watcher's work */

static void test_watcher_gives_away(void **state)
{
	struct failover_holding held[8];

	(void)state;
	pair_required();
	start_pair();
	pair_wait_count(&a.held, 1);
	memcpy(held, a.holdings, sizeof(held));
	pair_end(&a);
	pair_wait_state(&b, 0, VRRP_MASTER);
	/* A guardian that died: its address is still there. */
	assert_true(pair_ip(PAIR_A, "address add " PAIR_VIP "/24 dev eth1"));
	pair_go(PAIR_A);
	assert_int_equal(holdings_give_away(held, 1, 10000, -1, 0), 1);
	assert_false(pair_has(PAIR_A, PAIR_VIP));
	assert_int_equal(pair_row(&b, 0).priority_zero_in >= 1, 1);
	pair_end(&b);
}

/* Nobody serves: the address goes though no master is heard, and what comes for it is dropped. */
static void test_watcher_of_the_dead(void **state)
{
	static const char *const route = "route show table local " PAIR_VIP " | grep -q metric";
	struct failover_holding held[8];
	int serving[2];

	(void)state;
	pair_required();
	start_pair();
	pair_wait_count(&a.held, 1);
	memcpy(held, a.holdings, sizeof(held));
	pair_end(&a);
	pair_end(&b);
	assert_true(pair_ip(PAIR_A, "address add " PAIR_VIP "/24 dev eth1"));
	assert_true(pair_ip(PAIR_A, "route add local " PAIR_VIP
				    "/32 dev lo table local protocol 112 metric 1000"));
	assert_true(pair_ip(PAIR_A, route));
	assert_int_equal(pipe(serving), 0);
	close(serving[0]);
	assert_int_equal(holdings_give_away(held, 1, 1000000, serving[1], 1000), 1);
	close(serving[1]);
	assert_false(pair_has(PAIR_A, PAIR_VIP));
	assert_false(pair_ip(PAIR_A, route));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_election, pair_clean),
	    cmocka_unit_test_teardown(test_release_makes_before_it_breaks, pair_clean),
	    cmocka_unit_test_teardown(test_leave_waits_for_the_taker, pair_clean),
	    cmocka_unit_test_teardown(test_lone_node_leaves, pair_clean),
	    cmocka_unit_test_teardown(test_lost_peer_is_seen_by_bfd, pair_clean),
	    cmocka_unit_test_teardown(test_rejoin_announces, pair_clean),
	    cmocka_unit_test_teardown(test_link_down_is_a_fault, pair_clean),
	    cmocka_unit_test_teardown(test_link_that_comes_later, pair_clean),
	    cmocka_unit_test_teardown(test_removed_address_comes_back, pair_clean),
	    cmocka_unit_test_teardown(test_stale_address_is_removed, pair_clean),
	    cmocka_unit_test_teardown(test_owner_keeps_its_own_address, pair_clean),
	    cmocka_unit_test_teardown(test_service, pair_clean),
	    cmocka_unit_test_teardown(test_both_down_still_answer, pair_clean),
	    cmocka_unit_test_teardown(test_recheck_after_a_cut, pair_clean),
	    cmocka_unit_test_teardown(test_reload_changes_in_place, pair_clean),
	    cmocka_unit_test_teardown(test_reload_removes_an_instance, pair_clean),
	    cmocka_unit_test_teardown(test_group_is_one, pair_clean),
	    cmocka_unit_test_teardown(test_forged_adverts_change_nothing, pair_clean),
	    cmocka_unit_test_teardown(test_watcher_gives_away, pair_clean),
	    cmocka_unit_test_teardown(test_watcher_of_the_dead, pair_clean),
	};

	return cmocka_run_group_tests(tests, pair_enter, NULL);
}
