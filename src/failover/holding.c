/* SPDX-License-Identifier: MIT */
/*
 * The addresses that are held, written down for the watcher; and the watcher's work, which uses
 * nothing of the guardian but that list: say priority 0, wait until another master is heard,
 * remove.
 */
#include "failover/holding.h"

#include "failover/instance.h"

#include "net/netlink_tc.h"
#include "net/packet_filter.h"
#include "net/raw_socket.h"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_FAREWELLS 64
#define WORKERS_MS 8000 /* so long their connections live on after their guardian */
#define MAX_ROUTERS 64  /* virtual routers that are waited for; others are removed at once */

/* ---- collecting, in the failover thread */

/* The destination of the n-th holding's priority 0: each unicast peer is told by one of them. */
static bool destination(const struct instance *i, unsigned int n, struct inet *out)
{
	const struct model_vrrp_peer *p = i->conf->unicast_peers;
	unsigned int k;

	if (!p) {
		*out = i->conf->multicast;
		return n == 0;
	}
	for (k = 0; p && k < n; k++)
		p = p->next;
	if (!p)
		return false;
	*out = p->address;
	return true;
}

static void write_advert(const struct instance *i, unsigned int nth, struct failover_holding *h)
{
	uint8_t bytes[VRRP_MAX_BYTES];
	size_t n;

	if (i->send_fd < 0 || !destination(i, nth, &h->destination))
		return;
	n = instance_build(i, 0, &h->destination, bytes);
	if (n > sizeof(h->advert))
		return;
	memcpy(h->advert, bytes, n);
	h->n = (uint16_t)n;
}

static void collect_one(const struct instance *i, const struct vip *v, unsigned int nth,
			struct failover_holding *h)
{
	*h = (struct failover_holding){
	    .address = v->conf->address,
	    .prefix = v->conf->prefix,
	    .index = v->index,
	    .vrid = i->conf->vrid,
	    .source = i->source,
	    .send_index = instance_send_index(i),
	    .family = i->conf->family,
	    .ttl = i->conf->unicast_peers ? i->conf->unicast_ttl : 255,
	};
	write_advert(i, nth, h);
}

/* Each holding carries one; where there are more of them, they have holdings of their own. */
static unsigned int add_farewells(struct failover *f, unsigned int n)
{
	struct peer_farewell all[MAX_FAREWELLS];
	unsigned int count = 0, k;

	if (n > 0 && f->peers)
		count = peer_watch_farewells(f->peers, all, MAX_FAREWELLS);
	for (k = 0; k < count && k < HOLDING_MAX; k++) {
		if (k >= n)
			f->held[n++] = (struct failover_holding){0};
		f->held[k].farewell = all[k];
	}
	return n;
}

unsigned int holdings_collect(struct failover *f)
{
	struct list *node;
	unsigned int n = 0;

	LIST_EACH(node, &f->instances) {
		const struct instance *i = LIST_ENTRY(node, struct instance, link);
		unsigned int k, nth = 0;

		for (k = 0; i->vips.owned && k < i->vips.n && n < HOLDING_MAX; k++)
			if (i->vips.all[k].set)
				collect_one(i, &i->vips.all[k], nth++, &f->held[n++]);
	}
	return add_farewells(f, n);
}

/* ---- giving away, in the watcher */

struct router { /* a virtual router that was held */
	const struct failover_holding *of;
	int fd;
	bool gone; /* another master was heard, or it cannot be waited for */
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void say_zero(const struct failover_holding *h)
{
	int fd, error;

	if (h->n == 0)
		return;
	fd = raw_vrrp_sender(h->family, h->send_index, &h->source, h->ttl);
	if (fd < 0)
		return;
	error = raw_send(fd, &h->destination, h->send_index, span_make(h->advert, h->n));
	(void)error; /* where nobody can be told, the wait ends by itself */
	close(fd);
}

static void say_farewell(const struct peer_farewell *w)
{
	int fd, error;

	if (w->peer.family == INET_NONE)
		return;
	fd = raw_udp(w->peer.family, &w->own, 0, w->index);
	if (fd < 0)
		return;
	error = raw_send(fd, &w->peer, w->index, span_make(w->bytes, sizeof(w->bytes)));
	(void)error; /* the peer will miss us all the same, only later */
	close(fd);
}

static bool same_router(const struct failover_holding *a, const struct failover_holding *b)
{
	return a->vrid == b->vrid && a->family == b->family && a->send_index == b->send_index;
}

static bool is_multicast(const struct inet *a)
{
	return a->family == INET_V4 ? (a->ip[0] & 0xf0) == 0xe0 : a->ip[0] == 0xff;
}

static unsigned int listen_for(struct router *routers, const struct failover_holding *held,
			       unsigned int n)
{
	const struct inet none = {0};
	unsigned int count = 0, k, r;

	for (k = 0; k < n && count < MAX_ROUTERS; k++) {
		for (r = 0; r < count && !same_router(routers[r].of, &held[k]); r++)
			continue;
		if (r < count || held[k].n == 0)
			continue;
		routers[count] = (struct router){.of = &held[k]};
		routers[count].fd = raw_vrrp_receiver(
		    held[k].family, held[k].send_index,
		    is_multicast(&held[k].destination) ? &held[k].destination : &none);
		routers[count].gone = routers[count].fd < 0;
		count++;
	}
	return count;
}

/* An advert of this router with a priority, from another node. The password is not known here: a
 * forged one makes us go a moment early, no more. */
static bool is_taker(const struct router *r, const struct raw_packet *p)
{
	struct vrrp_origin origin = {.source = p->source, .ttl = p->ttl};
	struct span message = p->bytes;

	if (r->of->family == INET_V4 && !vrrp_unwrap_ipv4(p->bytes, &origin, &message))
		return false;
	return vrrp_peek_vrid(message) == r->of->vrid && message.len >= 8 && message.p[2] != 0 &&
	       !inet_equal_ip(&origin.source, &r->of->source);
}

static void read_one(struct router *r)
{
	uint8_t buf[VRRP_MAX_BYTES + 64 + 1];
	struct raw_packet packet;
	unsigned int n;

	for (n = 0; n < 64 && !r->gone; n++) {
		if (raw_receive(r->fd, buf, sizeof(buf), &packet) != 1)
			return;
		r->gone = is_taker(r, &packet);
	}
}

static unsigned int remove_of(struct netlink *netlink, const struct failover_holding *held,
			      unsigned int n, const struct failover_holding *router)
{
	unsigned int k, removed = 0;

	for (k = 0; k < n; k++) {
		const struct netlink_address a = {
		    .address = held[k].address, .prefix = held[k].prefix, .index = held[k].index};

		if (a.address.family != INET_NONE && (!router || same_router(&held[k], router)))
			removed += netlink_address_delete(netlink, &a) == 0;
	}
	return removed;
}

/* How many are waited for. */
static unsigned int wait_for_takers(struct router *routers, unsigned int n_routers, int serving,
				    int patience)
{
	struct pollfd fds[MAX_ROUTERS + 1];
	unsigned int r, n = 0, waiting[MAX_ROUTERS];

	for (r = 0; r < n_routers; r++) {
		if (routers[r].gone)
			continue;
		fds[n] = (struct pollfd){.fd = routers[r].fd, .events = POLLIN};
		waiting[n++] = r;
	}
	fds[n] = (struct pollfd){.fd = serving};
	if (n == 0 || poll(fds, n + 1, patience) <= 0)
		return n;
	if (fds[n].revents & POLLERR)
		return 0;
	for (r = 0; r < n; r++)
		if (fds[r].revents)
			read_one(&routers[waiting[r]]);
	return n;
}

/* At first, both: another guardian may start at any moment now and make its own. */

/* It stands on a backup too, and outlives an address: who adds one by hand would not be reached. */
static void remove_filter(void)
{
	struct packet_filter *p = packet_filter_is_there() ? packet_filter_new() : NULL;
	const char *why = p ? packet_filter_set(p, NULL, 0) : NULL;

	(void)why; /* nobody is left who could be told */
	packet_filter_free(p);
}

/* The program of second_chance.c lets everything pass by now or soon: nobody renews its lease. */
static void remove_programs(struct netlink *netlink)
{
	struct if_nameindex *links = if_nameindex();
	int error;

	for (struct if_nameindex *l = links; l && l->if_index; l++) {
		error = netlink_tc_detach(netlink, l->if_index);
		(void)error; /* nobody is left who could be told */
	}
	if (links)
		if_freenameindex(links);
}

/* Without them this node reaches the addresses where they are now (one that it still holds has a
 * route of the kernel's own). arp_ignore and arp_announce stay as they are: only the guardian knew
 * what stood there before, and they keep no packet from anybody. */
static void remove_routes(struct netlink *netlink, uint32_t metric)
{
	const struct netlink_route like = {
	    .table = RT_TABLE_LOCAL, .protocol = NETLINK_HALB, .metric = metric};

	netlink_route_clear(netlink, &like);
}

/* The worker serves what it has, handed to it by the new master. */
static void wait_for_workers(int serving)
{
	struct pollfd fd = {.fd = serving};

	(void)!poll(&fd, serving >= 0, serving >= 0 ? WORKERS_MS : 0);
}

unsigned int holdings_give_away(const struct failover_holding *held, unsigned int n,
				unsigned int patience_ms, int serving, uint32_t metric)
{
	struct netlink *netlink = netlink_new();
	struct router routers[MAX_ROUTERS];
	uint64_t end = now_ms() + patience_ms, now;
	bool removed[MAX_ROUTERS] = {false};
	unsigned int n_routers, k, count = 0;

	if (!netlink)
		return 0;
	n_routers = listen_for(routers, held, n);
	for (k = 0; k < n; k++) {
		say_farewell(&held[k].farewell);
		say_zero(&held[k]);
	}
	remove_filter();
	remove_programs(netlink);
	for (now = now_ms(); now < end; now = now_ms()) {
		if (wait_for_takers(routers, n_routers, serving, (int)(end - now)) == 0)
			break;
		for (k = 0; k < n_routers; k++) {
			if (!routers[k].gone || removed[k])
				continue;
			removed[k] = true;
			count += remove_of(netlink, held, n, routers[k].of);
		}
	}
	count += remove_of(netlink, held, n, NULL);
	for (k = 0; k < n_routers; k++)
		if (routers[k].fd >= 0)
			close(routers[k].fd);
	wait_for_workers(serving);
	remove_routes(netlink, metric);
	netlink_free(netlink);
	return count;
}
