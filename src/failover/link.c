/* SPDX-License-Identifier: MIT */
/*
 * The links of the configuration: looked up once, then kept up to date by the netlink monitor
 * (failover.c hands its messages on).
 */
#include "failover/link.h"

#include "failover/address.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Is the machine a router there: what neighbour advertisements say. */
static bool forwards_ipv6(const char *name)
{
	char path[80], value = '0';
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/forwarding", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, &value, 1) != 1)
		value = '0';
	close(fd);
	return value == '1';
}

static void fill(struct link *l, const struct netlink_link *now)
{
	l->index = now->gone ? 0 : now->index;
	l->up = !now->gone && now->up && now->running;
	l->loopback = now->loopback;
	memcpy(l->mac, now->mac, sizeof(l->mac));
	if (!now->gone)
		l->router = forwards_ipv6(l->name);
}

void link_look_up(struct failover *f, struct link *l)
{
	struct netlink_link now;

	if (netlink_link_by_name(f->netlink, l->name, &now) == 0)
		fill(l, &now);
	else
		fill(l, &(struct netlink_link){.gone = true});
}

struct link *link_get(struct failover *f, const char *name)
{
	struct list *node;
	struct link *l;

	LIST_EACH(node, &f->links) {
		l = LIST_ENTRY(node, struct link, link);
		if (strcmp(l->name, name) == 0)
			return l;
	}
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	snprintf(l->name, sizeof(l->name), "%s", name);
	link_look_up(f, l);
	list_append(&f->links, &l->link);
	return l;
}

/* A link that was given another name is gone for those who named the old one. */
static bool renamed(const struct link *l, const struct netlink_link *now)
{
	return l->index != 0 && l->index == now->index && strcmp(l->name, now->name) != 0;
}

bool link_update(struct link *l, const struct netlink_link *now)
{
	if (renamed(l, now)) {
		l->index = 0;
		l->up = false;
		return true;
	}
	if (strcmp(l->name, now->name) != 0 || (now->gone && l->index != now->index))
		return false;
	fill(l, now);
	return true;
}

void link_free_all(struct failover *f)
{
	struct list *node, *tmp;

	LIST_EACH_SAFE(node, tmp, &f->links) {
		list_remove(node);
		free(LIST_ENTRY(node, struct link, link));
	}
}

struct source_search {
	const struct failover *f;
	const struct link *l;
	uint8_t family;
	struct inet found;
};

static bool is_link_local(const struct inet *a)
{
	return a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

static void consider(void *user, const struct netlink_address *a)
{
	struct source_search *s = user;

	if (a->index != s->l->index || a->address.family != s->family)
		return;
	/* The kernel lists IPv4 addresses from the oldest on, IPv6 ones from the newest. */
	if (s->found.family == INET_V4)
		return;
	if (a->protocol == NETLINK_HALB || a->tentative || address_is_virtual(s->f, &a->address))
		return;
	if (s->family == INET_V6 && !is_link_local(&a->address))
		return;
	s->found = a->address;
}

bool link_find_source(struct failover *f, const struct link *l, uint8_t family, struct inet *out)
{
	struct source_search s = {.f = f, .l = l, .family = family};

	if (l->index == 0 || netlink_address_each(f->netlink, consider, &s) != 0 ||
	    s.found.family == INET_NONE)
		return false;
	*out = s.found;
	return true;
}

struct address_search {
	unsigned int index;
	const struct inet *address;
	bool found;
};

static void compare(void *user, const struct netlink_address *a)
{
	struct address_search *s = user;

	if (a->index == s->index && !a->tentative && inet_equal_ip(&a->address, s->address))
		s->found = true;
}

bool link_has_address(struct failover *f, const struct link *l, const struct inet *address)
{
	struct address_search s = {.index = l->index, .address = address};

	return netlink_address_each(f->netlink, compare, &s) == 0 && s.found;
}
