/* SPDX-License-Identifier: MIT */
/*
 * rtnetlink over libmnl: links, addresses, routes, rules, macvlans. Requests wait for the kernel's
 * answer (microseconds); one more socket reports what changes. Errors are -errno.
 */
#ifndef NET_NETLINK_H
#define NET_NETLINK_H

#include "base/check.h"
#include "base/inet.h"

#include <net/if.h>

struct netlink; /* a socket for requests */

struct netlink *netlink_new(void) must_check;
void netlink_free(struct netlink *n);

struct netlink_link {
	unsigned int index, master; /* master: of the macvlan's or bridge's, 0: none */
	char name[IF_NAMESIZE];
	uint8_t mac[6];
	bool up, running; /* IFF_UP; and a carrier too (operational state) */
	bool loopback, gone;
	uint32_t mtu;
};

struct netlink_address {
	struct inet address, peer; /* peer: INET_NONE where it is the address itself */
	uint8_t prefix, scope;     /* RT_SCOPE_* */
	unsigned int index;        /* of the link */
	const char *label;         /* NULL: none */
	struct inet broadcast;     /* INET_NONE: none */
	uint32_t valid_ms;         /* its lease, rounded up to seconds; 0: for ever */
	uint8_t protocol;          /* IFA_PROTO where the kernel knows it: NETLINK_HALB */
	bool nodad, noprefixroute, home, mngtmpaddr, tentative, gone;
};
#define NETLINK_HALB 112 /* the tag of our addresses and routes */

int netlink_link_by_name(struct netlink *n, const char *name, struct netlink_link *out) must_check;
int netlink_link_by_index(struct netlink *n, unsigned int index,
			  struct netlink_link *out) must_check;
/* Adds, or replaces (a lease is renewed so). A lone IPv6 address (/128) is deprecated from the
 * beginning, as keepalived's: it is never chosen as a source. */
int netlink_address_set(struct netlink *n, const struct netlink_address *a) must_check;
int netlink_address_delete(struct netlink *n, const struct netlink_address *a) must_check;
/* All addresses of the machine; some come twice where the list changes meanwhile. The entry's texts
 * live until the callback returns. */
int netlink_address_each(struct netlink *n,
			 void (*each)(void *user, const struct netlink_address *a),
			 void *user) must_check;
/* The first address of a family that can be a source on a link: IPv4 primary, IPv6 link-local.
 * -ENOENT: none (yet). */
int netlink_address_primary(struct netlink *n, unsigned int index, uint8_t family,
			    struct inet *out) must_check;

struct netlink_route {
	uint8_t family, type, scope, protocol; /* RTN_*, RT_SCOPE_*, RTPROT_* */
	struct inet_net to;
	struct inet via, src; /* INET_NONE: none */
	unsigned int index;   /* of the link, 0: none */
	uint32_t table, metric, mtu;
};
/* Before others to the same network, which stay; 0 too where it is there already. Rules likewise.
 */
int netlink_route_set(struct netlink *n, const struct netlink_route *r) must_check;
int netlink_route_delete(struct netlink *n, const struct netlink_route *r) must_check;
/* Removes all routes like this one: of its table, with its protocol, and where they are set its
 * metric and its destination; both families without one. How many. */
unsigned int netlink_route_clear(struct netlink *n, const struct netlink_route *like);

struct netlink_rule {
	uint8_t family, action, tos; /* FR_ACT_* */
	struct inet_net from, to;    /* family INET_NONE: any */
	const char *iif, *oif;       /* NULL: any */
	uint32_t table, priority, fwmark, fwmask;
	bool inverted;
};
int netlink_rule_set(struct netlink *n, const struct netlink_rule *r) must_check;
int netlink_rule_delete(struct netlink *n, const struct netlink_rule *r) must_check;

/* A macvlan in private mode on `parent` with that MAC, up, not answering ARP for the parent's
 * addresses, nor the parent for its own (virtual MAC, RFC 9568 section 7.3): the parent's
 * arp_ignore and arp_announce are raised for that, and stay so. No IPv6 address of its own: the
 * caller sets a link-local one. Its index in *out. An existing one is taken over; another link of
 * that name: -EEXIST. */
int netlink_macvlan_add(struct netlink *n, const char *name, unsigned int parent,
			const uint8_t mac[6], unsigned int *out) must_check;
int netlink_link_delete(struct netlink *n, unsigned int index) must_check;

/* What changes: a descriptor for io_watch, and its reader. */
struct netlink_monitor;
struct netlink_watcher {
	void (*on_link)(void *user, const struct netlink_link *l); /* gone: deleted */
	void (*on_address)(void *user, const struct netlink_address *a);
	void (*on_lost)(void *user); /* messages were lost: look again */
	void *user;
};
struct netlink_monitor *netlink_monitor_new(const struct netlink_watcher *w) must_check;
int netlink_monitor_fd(const struct netlink_monitor *m);
/* Reads all that waits, without blocking. */
void netlink_monitor_read(struct netlink_monitor *m);
void netlink_monitor_free(struct netlink_monitor *m);

#endif
