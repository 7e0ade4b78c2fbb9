/* SPDX-License-Identifier: MIT */
/* Addresses with leases, routes, rules, macvlans and what the monitor tells, in namespaces. */
#include "net/netlink.h"

#include "net_helper.h"
#include "netns_helper.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct netlink *nl;

static int begin(void **state)
{
	(void)state;
	nl = netlink_new();
	assert_non_null(nl);
	return 0;
}

static int end(void **state)
{
	(void)state;
	netlink_free(nl);
	nl = NULL;
	return 0;
}

static struct inet address(const char *text)
{
	struct inet a = {0};

	assert_true(inet_parse(span_of(text), &a));
	return a;
}

static struct netlink_link link_named(const char *name)
{
	struct netlink_link l;

	assert_int_equal(netlink_link_by_name(nl, name, &l), 0);
	return l;
}

/* What `ip WORDS` prints holds `wanted` (or not). */
static bool ip_prints(const char *words, const char *wanted)
{
	char command[128], text[4096];
	size_t n;
	FILE *f;

	snprintf(command, sizeof(command), "ip %s", words);
	f = popen(command, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	pclose(f);
	return strstr(text, wanted) != NULL;
}

static void assert_ip(const char *words, const char *wanted)
{
	if (!ip_prints(words, wanted))
		fail_msg("`ip %s` does not print: %s", words, wanted);
}

static void assert_not_ip(const char *words, const char *unwanted)
{
	if (ip_prints(words, unwanted))
		fail_msg("`ip %s` prints: %s", words, unwanted);
}

/* ---- links */

static void test_links(void **state)
{
	struct netlink_link l, again;

	(void)state;
	l = link_named("wire0");
	assert_string_equal(l.name, "wire0");
	assert_true(l.index > 0 && l.up && l.running && !l.loopback && !l.gone);
	assert_int_equal(l.mtu, 1500);
	assert_int_equal(l.master, 0);
	assert_int_equal(netlink_link_by_index(nl, l.index, &again), 0);
	assert_memory_equal(&l, &again, sizeof(l));
	assert_true(link_named("lo").loopback);
	assert_int_equal(netlink_link_by_name(nl, "nosuch0", &l), -ENODEV);
	assert_int_equal(netlink_link_by_name(nl, "", &l), -ENODEV);
	assert_int_equal(netlink_link_by_name(nl, "a-name-that-is-too-long", &l), -ENODEV);
	assert_int_equal(netlink_link_by_index(nl, 4711, &l), -ENODEV);
	assert_int_equal(netlink_link_by_index(nl, 0, &l), -ENODEV);
	assert_string_equal(l.name, "wire0");
}

static void test_link_state(void **state)
{
	(void)state;
	netns_ip("link add bridge0 type bridge");
	netns_ip("link add left0 type veth peer name right0");
	netns_ip("link set left0 up master bridge0");
	/* the other end is down: no carrier */
	assert_true(link_named("left0").up);
	assert_false(link_named("left0").running);
	assert_int_equal(link_named("left0").master, link_named("bridge0").index);
	assert_false(link_named("right0").up);
	assert_int_equal(netlink_link_delete(nl, link_named("left0").index), 0);
	assert_int_equal(netlink_link_delete(nl, link_named("bridge0").index), 0);
	assert_int_equal(netlink_link_delete(nl, 4711), -ENODEV);
	assert_int_equal(netlink_link_delete(nl, 0), -ENODEV);
}

/* ---- addresses */

struct search {
	struct inet address;
	struct netlink_address found;
	char label[IF_NAMESIZE];
	unsigned int n;
};

static void on_each(void *user, const struct netlink_address *a)
{
	struct search *s = user;

	if (!inet_equal_ip(&a->address, &s->address))
		return;
	s->n++;
	s->found = *a;
	snprintf(s->label, sizeof(s->label), "%s", a->label ? a->label : "");
	s->found.label = s->label;
}

static unsigned int find(const char *text, struct search *s)
{
	*s = (struct search){.address = address(text)};
	assert_int_equal(netlink_address_each(nl, on_each, s), 0);
	return s->n;
}

static void test_address_v4(void **state)
{
	struct netlink_address a = {.address = address("192.168.50.10"),
				    .prefix = 32,
				    .index = link_named("wire0").index,
				    .protocol = NETLINK_HALB};
	struct search s;

	(void)state;
	assert_int_equal(netlink_address_delete(nl, &a), -EADDRNOTAVAIL);
	assert_int_equal(netlink_address_set(nl, &a), 0);
	assert_ip("address show dev wire0", "inet 192.168.50.10/32 scope global");
	assert_int_equal(find("192.168.50.10", &s), 1);
	assert_int_equal(s.found.prefix, 32);
	assert_int_equal(s.found.index, a.index);
	assert_int_equal(s.found.scope, 0);
	assert_int_equal(s.found.valid_ms, 0);
	assert_int_equal(s.found.peer.family, INET_NONE);
	assert_int_equal(s.found.broadcast.family, INET_NONE);
	assert_string_equal(s.label, "wire0");
	/* the tag is newer than some kernels: 5.18 */
	assert_true(s.found.protocol == NETLINK_HALB || s.found.protocol == 0);
	assert_int_equal(netlink_address_set(nl, &a), 0);
	assert_int_equal(find("192.168.50.10", &s), 1);
	assert_int_equal(netlink_address_delete(nl, &a), 0);
	assert_int_equal(find("192.168.50.10", &s), 0);
}

static void test_address_words(void **state)
{
	struct netlink_address a = {.address = address("10.7.0.1"),
				    .prefix = 24,
				    .scope = 253,
				    .index = link_named("wire0").index,
				    .label = "wire0:vip",
				    .broadcast = address("10.7.0.255"),
				    .noprefixroute = true};
	struct netlink_address peer = {.address = address("10.8.0.1"),
				       .peer = address("10.8.0.2"),
				       .prefix = 32,
				       .index = a.index};
	struct search s;

	(void)state;
	assert_int_equal(netlink_address_set(nl, &a), 0);
	assert_int_equal(netlink_address_set(nl, &peer), 0);
	assert_ip("address show dev wire0", "inet 10.7.0.1/24 brd 10.7.0.255 scope link");
	assert_ip("address show dev wire0", "wire0:vip");
	assert_ip("address show dev wire0", "inet 10.8.0.1 peer 10.8.0.2/32");
	assert_not_ip("route show", "10.7.0.0/24");
	assert_int_equal(find("10.7.0.1", &s), 1);
	assert_string_equal(s.label, "wire0:vip");
	assert_true(inet_equal_ip(&s.found.broadcast, &a.broadcast));
	assert_true(s.found.noprefixroute);
	assert_int_equal(s.found.scope, 253);
	assert_int_equal(find("10.8.0.1", &s), 1);
	assert_true(inet_equal_ip(&s.found.peer, &peer.peer));
	assert_int_equal(netlink_address_delete(nl, &a), 0);
	assert_int_equal(netlink_address_delete(nl, &peer), 0);
}

static void test_address_v6(void **state)
{
	struct netlink_address a = {.address = address("fd00::10"),
				    .prefix = 64,
				    .index = link_named("wire0").index,
				    .protocol = NETLINK_HALB,
				    .nodad = true};
	struct netlink_address lone = a;
	struct search s;

	(void)state;
	lone.address = address("fd00::11");
	lone.prefix = 128;
	assert_int_equal(netlink_address_set(nl, &a), 0);
	assert_int_equal(netlink_address_set(nl, &lone), 0);
	assert_int_equal(netlink_address_set(nl, &a), 0);
	assert_int_equal(find("fd00::10", &s), 1);
	assert_true(s.found.nodad && !s.found.tentative);
	assert_int_equal(s.found.prefix, 64);
	assert_int_equal(s.found.valid_ms, 0);
	assert_not_ip("address show dev wire0 to fd00::10", "deprecated");
	/* a lone address is never a source by itself, as keepalived has it */
	assert_ip("address show dev wire0 to fd00::11", "deprecated");
	assert_int_equal(netlink_address_delete(nl, &a), 0);
	assert_int_equal(netlink_address_delete(nl, &lone), 0);
	assert_int_equal(find("fd00::10", &s), 0);
	assert_int_equal(netlink_address_delete(nl, &a), -EADDRNOTAVAIL);
}

static void test_address_refused(void **state)
{
	struct netlink_address a = {.address = address("10.7.0.1"), .prefix = 24, .index = 4711};
	struct netlink_address none = {.prefix = 24, .index = link_named("wire0").index};

	(void)state;
	assert_int_equal(netlink_address_set(nl, &a), -ENODEV);
	assert_int_equal(netlink_address_set(nl, &none), -EINVAL);
	assert_int_equal(netlink_address_delete(nl, &none), -EINVAL);
	a.index = none.index;
	a.label = "a-label-that-is-too-long";
	assert_int_equal(netlink_address_set(nl, &a), -EINVAL);
}

static void test_primary(void **state)
{
	unsigned int index = link_named("wire0").index;
	struct netlink_address vip = {.address = address("fe80::99"),
				      .prefix = 128,
				      .scope = 253,
				      .index = index,
				      .nodad = true,
				      .protocol = NETLINK_HALB};
	struct inet found = {0}, wanted = address(WIRE0_V4);
	struct search s;

	(void)state;
	assert_int_equal(netlink_address_primary(nl, index, INET_V4, &found), 0);
	assert_true(inet_equal_ip(&found, &wanted));
	assert_int_equal(netlink_address_set(nl, &vip), 0);
	wanted = address(WIRE0_V6);
	assert_int_equal(netlink_address_primary(nl, index, INET_V6, &found), 0);
	assert_true(inet_equal_ip(&found, &wanted));
	assert_int_equal(netlink_address_delete(nl, &vip), 0);
	assert_int_equal(netlink_address_primary(nl, 4711, INET_V4, &found), -ENOENT);
	assert_int_equal(find(WIRE0_V4, &s), 1);
}

/* ---- the monitor */

struct seen {
	const char *watch; /* only of this link, NULL: of all */
	struct netlink_link link;
	struct netlink_address address;
	unsigned int links, addresses, lost;
};

static void on_link(void *user, const struct netlink_link *l)
{
	struct seen *s = user;

	if (s->watch && strcmp(l->name, s->watch) != 0)
		return;
	s->link = *l;
	s->links++;
}

static void on_address(void *user, const struct netlink_address *a)
{
	struct seen *s = user;

	s->address = *a;
	s->address.label = NULL;
	s->addresses++;
}

static void on_lost(void *user)
{
	struct seen *s = user;

	s->lost++;
}

static struct netlink_monitor *monitor(struct seen *s)
{
	struct netlink_watcher w = {on_link, on_address, on_lost, s};
	struct netlink_monitor *m;

	*s = (struct seen){0};
	m = netlink_monitor_new(&w);
	assert_non_null(m);
	return m;
}

/* Reads until what is asked for has been told. */
static void await(struct netlink_monitor *m, const unsigned int *what, unsigned int at_least)
{
	struct pollfd wait = {.fd = netlink_monitor_fd(m), .events = POLLIN};

	while (*what < at_least) {
		assert_int_equal(poll(&wait, 1, 10000), 1);
		netlink_monitor_read(m);
	}
}

static void await_link(struct netlink_monitor *m, const struct seen *s, bool up, bool running)
{
	while (!s->links || s->link.up != up || s->link.running != running)
		await(m, &s->links, s->links + 1);
}

static void test_monitor_links(void **state)
{
	struct netlink_monitor *m;
	unsigned int index;
	struct seen s;

	(void)state;
	netns_ip("link add left0 type veth peer name right0");
	netns_ip("link set right0 up");
	index = link_named("left0").index;
	m = monitor(&s);
	netlink_monitor_read(m); /* nothing, and it does not wait */
	assert_int_equal(s.links + s.addresses + s.lost, 0);
	s.watch = "left0";
	netns_ip("link set left0 up");
	await_link(m, &s, true, true);
	assert_int_equal(s.link.index, index);
	/* the cable is pulled at its other end */
	netns_ip("link set right0 down");
	await_link(m, &s, true, false);
	netns_ip("link set right0 up");
	await_link(m, &s, true, true);
	netns_ip("link set left0 down");
	await_link(m, &s, false, false);
	assert_false(s.link.gone);
	netns_ip("link delete left0");
	while (!s.link.gone)
		await(m, &s.links, s.links + 1);
	netlink_monitor_free(m);
}

/* A port that leaves its bridge is not gone. */
static void test_monitor_bridge(void **state)
{
	struct netlink_monitor *m;
	unsigned int index;
	struct seen s;

	(void)state;
	netns_ip("link add bridge0 type bridge");
	netns_ip("link add left0 type veth peer name right0");
	netns_ip("link set left0 master bridge0");
	index = link_named("left0").index;
	m = monitor(&s);
	netns_ip("link set left0 nomaster");
	netns_ip("link set bridge0 up");
	while (strcmp(s.link.name, "bridge0") != 0) {
		await(m, &s.links, s.links + 1);
		assert_false(s.link.gone && s.link.index == index);
	}
	netns_ip("link delete left0");
	netns_ip("link delete bridge0");
	netlink_monitor_free(m);
}

static void test_monitor_addresses(void **state)
{
	struct netlink_address a = {
	    .address = address("192.168.50.10"), .prefix = 32, .index = link_named("wire0").index};
	struct netlink_monitor *m;
	struct seen s;

	(void)state;
	m = monitor(&s);
	assert_int_equal(netlink_address_set(nl, &a), 0);
	await(m, &s.addresses, 1);
	assert_true(inet_equal_ip(&s.address.address, &a.address));
	assert_false(s.address.gone);
	/* by somebody else */
	netns_ip("address delete 192.168.50.10/32 dev wire0");
	await(m, &s.addresses, 2);
	assert_true(inet_equal_ip(&s.address.address, &a.address));
	assert_true(s.address.gone);
	assert_int_equal(s.address.index, a.index);
	netlink_monitor_free(m);
}

/* Renewed, it stays; without, the kernel takes it away by itself and says so. */
static void lease(const char *text, uint8_t prefix)
{
	struct netlink_address a = {.address = address(text),
				    .prefix = prefix,
				    .index = link_named("wire0").index,
				    .nodad = true};
	struct netlink_monitor *m;
	struct seen seen;
	struct search s;

	a.valid_ms = 60000;
	assert_int_equal(netlink_address_set(nl, &a), 0);
	assert_int_equal(find(text, &s), 1);
	assert_in_range(s.found.valid_ms, 1, 60000);
	a.valid_ms = 90001;
	assert_int_equal(netlink_address_set(nl, &a), 0);
	assert_int_equal(find(text, &s), 1);
	assert_in_range(s.found.valid_ms, 60001, 91000);
	m = monitor(&seen);
	a.valid_ms = 1;
	assert_int_equal(netlink_address_set(nl, &a), 0);
	while (!seen.address.gone)
		await(m, &seen.addresses, seen.addresses + 1);
	assert_true(inet_equal_ip(&seen.address.address, &a.address));
	assert_int_equal(find(text, &s), 0);
	netlink_monitor_free(m);
}

static void test_leases(void **state)
{
	(void)state;
	lease("192.168.50.10", 32);
	lease("192.168.50.11", 24);
	lease("fd00::10", 64);
	lease("fd00::11", 128);
}

/* More than the socket holds: told that something is missing, then all is as before. */
static void test_monitor_lost(void **state)
{
	struct netlink_address a = {
	    .address = address("10.6.0.1"), .prefix = 32, .index = link_named("wire0").index};
	struct netlink_monitor *m;
	struct seen s;
	int small = 1;

	(void)state;
	m = monitor(&s);
	assert_int_equal(
	    setsockopt(netlink_monitor_fd(m), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (unsigned int i = 0; i < 50; i++) {
		a.address.ip[3] = (uint8_t)i;
		assert_int_equal(netlink_address_set(nl, &a), 0);
	}
	netlink_monitor_read(m);
	assert_true(s.lost > 0);
	s.addresses = 0;
	assert_int_equal(netlink_address_delete(nl, &a), 0);
	await(m, &s.addresses, 1);
	assert_true(s.address.gone);
	netns_ip("address flush dev wire0 to 10.6.0.0/24");
	netlink_monitor_free(m);
}

/* ---- routes and rules */

static struct inet_net net_of(const char *text)
{
	struct inet_net n = {0};

	assert_true(inet_parse_net(span_of(text), &n));
	return n;
}

static void test_routes(void **state)
{
	struct netlink_route r = {.family = INET_V4,
				  .type = 1,
				  .protocol = NETLINK_HALB,
				  .to = net_of("10.20.0.0/16"),
				  .via = address(WIRE1_V4),
				  .src = address(WIRE0_V4),
				  .index = link_named("wire0").index,
				  .metric = 7,
				  .mtu = 1400};
	struct netlink_route none = {
	    .family = INET_V4, .type = 6, .to = net_of("10.21.0.0/16"), .table = 1000};
	struct netlink_route standard = {.family = INET_V4, .via = address(WIRE1_V4)};

	(void)state;
	assert_int_equal(netlink_route_delete(nl, &r), -ESRCH);
	assert_int_equal(netlink_route_set(nl, &r), 0);
	assert_int_equal(netlink_route_set(nl, &r), 0);
	assert_ip("route show", "10.20.0.0/16 via 10.9.0.2 dev wire0 proto 112 src 10.9.0.1 "
				"metric 7 mtu 1400");
	assert_int_equal(netlink_route_delete(nl, &r), 0);
	assert_not_ip("route show", "10.20.0.0/16");
	assert_int_equal(netlink_route_set(nl, &none), 0);
	assert_ip("route show table 1000", "blackhole 10.21.0.0/16");
	assert_int_equal(netlink_route_delete(nl, &none), 0);
	/* another's default route stays, and ours goes first */
	netns_ip("route add default via 10.9.0.77");
	assert_int_equal(netlink_route_set(nl, &standard), 0);
	assert_ip("route get 1.2.3.4", "via 10.9.0.2");
	assert_int_equal(netlink_route_delete(nl, &standard), 0);
	assert_ip("route get 1.2.3.4", "via 10.9.0.77");
	netns_ip("route delete default");
}

static void test_routes_v6(void **state)
{
	struct netlink_route r = {.family = INET_V6,
				  .type = 1,
				  .protocol = 18,
				  .to = net_of("fd20::/32"),
				  .via = address(WIRE1_V6),
				  .index = link_named("wire0").index};
	struct netlink_route mixed = {.family = INET_V4,
				      .to = net_of("10.22.0.0/16"),
				      .via = address(WIRE1_V6),
				      .index = r.index};

	(void)state;
	assert_int_equal(netlink_route_set(nl, &r), 0);
	assert_int_equal(netlink_route_set(nl, &r), 0);
	assert_ip("-6 route show", "fd20::/32 via fe80::2 dev wire0");
	assert_int_equal(netlink_route_delete(nl, &r), 0);
	assert_not_ip("-6 route show", "fd20::/32");
	assert_int_equal(netlink_route_set(nl, &mixed), 0);
	assert_ip("route show", "10.22.0.0/16 via inet6 fe80::2");
	assert_int_equal(netlink_route_delete(nl, &mixed), 0);
}

static void test_rules(void **state)
{
	struct netlink_rule r = {.family = INET_V4,
				 .action = 1,
				 .from = net_of("10.30.0.0/16"),
				 .iif = "wire0",
				 .table = 1000,
				 .priority = 500,
				 .fwmark = 3,
				 .fwmask = 0xff};
	struct netlink_rule v6 = {.action = 7, .to = net_of("fd30::/32"), .inverted = true};

	(void)state;
	assert_int_equal(netlink_rule_delete(nl, &r), -ENOENT);
	assert_int_equal(netlink_rule_set(nl, &r), 0);
	assert_int_equal(netlink_rule_set(nl, &r), 0);
	assert_ip("rule show", "500:	from 10.30.0.0/16 fwmark 0x3/0xff iif wire0 lookup 1000");
	assert_int_equal(netlink_rule_delete(nl, &r), 0);
	assert_not_ip("rule show", "10.30.0.0/16");
	assert_int_equal(netlink_rule_set(nl, &v6), 0);
	assert_ip("-6 rule show", "not from all to fd30::/32 unreachable");
	assert_int_equal(netlink_rule_delete(nl, &v6), 0);
	assert_not_ip("-6 rule show", "fd30::/32");
	r.iif = "a-name-that-is-too-long";
	assert_int_equal(netlink_rule_set(nl, &r), -EINVAL);
	assert_int_equal(netlink_rule_delete(nl, &r), -EINVAL);
}

/* ---- virtual MACs */

static const uint8_t vmac[6] = {0, 0, 0x5e, 0, 1, 0x33};

static void assert_devconf(const char *name, char value)
{
	char path[128], now = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s", name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fread(&now, 1, 1, f), 1);
	fclose(f);
	assert_int_equal(now, value);
}

static void test_macvlan(void **state)
{
	const uint8_t other[6] = {0, 0, 0x5e, 0, 1, 0x34};
	unsigned int parent = link_named("wire0").index, index = 0, again = 0;
	struct netlink_link l;

	(void)state;
	assert_int_equal(netlink_macvlan_add(nl, "vrrp.51", 4711, vmac, &index), -ENODEV);
	assert_int_equal(netlink_macvlan_add(nl, "vrrp.51", parent, vmac, &index), 0);
	l = link_named("vrrp.51");
	assert_int_equal(l.index, index);
	assert_int_equal(l.master, parent);
	assert_memory_equal(l.mac, vmac, sizeof(vmac));
	assert_true(l.up && l.running);
	assert_ip("-d link show vrrp.51", "macvlan mode private");
	assert_ip("-d link show vrrp.51", "addrgenmode none");
	assert_devconf("vrrp.51/arp_ignore", '1');
	assert_devconf("vrrp.51/arp_announce", '2');
	assert_devconf("vrrp.51/rp_filter", '0');
	assert_devconf("vrrp.51/promote_secondaries", '1');
	assert_devconf("wire0/arp_ignore", '1');
	assert_devconf("wire0/arp_announce", '2');
	assert_int_equal(netlink_macvlan_add(nl, "vrrp.51", parent, vmac, &again), 0);
	assert_int_equal(again, index);
	/* what is there and not ours stays as it is */
	assert_int_equal(netlink_macvlan_add(nl, "vrrp.51", parent, other, &again), -EEXIST);
	assert_int_equal(netlink_macvlan_add(nl, "lo", parent, vmac, &again), -EEXIST);
	assert_int_equal(netlink_link_delete(nl, index), 0);
	assert_int_equal(netlink_link_by_index(nl, index, &l), -ENODEV);
}

/* The neighbour learns the virtual MAC, whoever it asks for, and a reply comes. */
static void test_macvlan_answers(void **state)
{
	struct netlink_address vip = {.address = address("10.9.0.10"), .prefix = 32};
	unsigned int index;

	(void)state;
	assert_int_equal(
	    netlink_macvlan_add(nl, "vrrp.51", link_named("wire0").index, vmac, &index), 0);
	vip.index = index;
	assert_int_equal(netlink_address_set(nl, &vip), 0);
	netns_go(1);
	netns_ip("neighbour flush dev wire1");
	/* a UDP packet to a closed port: ARP first, then "connection refused" comes back */
	for (int i = 9; i <= 10; i++) {
		char to[16];
		struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(9)};
		struct pollfd wait = {.events = POLLIN};
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		snprintf(to, sizeof(to), i == 9 ? WIRE0_V4 : "10.9.0.10");
		memcpy(&at.sin_addr, address(to).ip, 4);
		assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
		assert_int_equal(send(fd, "x", 1, 0), 1);
		wait.fd = fd;
		assert_int_equal(poll(&wait, 1, 10000), 1);
		assert_true(recv(fd, to, 1, 0) < 0 && errno == ECONNREFUSED);
		close(fd);
	}
	assert_ip("neighbour show 10.9.0.10", "lladdr 00:00:5e:00:01:33");
	assert_not_ip("neighbour show " WIRE0_V4, "lladdr 00:00:5e:00:01:33");
	netns_go(0);
	assert_int_equal(netlink_link_delete(nl, index), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_links),           TEST(test_link_state),
	    TEST(test_address_v4),      TEST(test_address_words),
	    TEST(test_address_v6),      TEST(test_address_refused),
	    TEST(test_primary),         TEST(test_monitor_links),
	    TEST(test_monitor_bridge),  TEST(test_monitor_addresses),
	    TEST(test_monitor_lost),    TEST(test_leases),
	    TEST(test_routes),          TEST(test_routes_v6),
	    TEST(test_rules),           TEST(test_macvlan),
	    TEST(test_macvlan_answers),
	};
	const struct CMUnitTest forbidden[] = {cmocka_unit_test(netns_forbidden)};

	if (!netns_enter())
		return cmocka_run_group_tests(forbidden, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
