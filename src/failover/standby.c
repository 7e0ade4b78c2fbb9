/* SPDX-License-Identifier: MIT */
/*
 * Local routes and sysctls of virtual addresses. What was written is remembered with what stood
 * there before. Where the sysctls cannot be written (a read-only /proc in a container) nothing of
 * this is done: a local route alone would make this node answer ARP for an address it does not own.
 */
#include "failover/standby.h"

#include "failover/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct standby_route {
	struct list link;
	struct inet address;
};

struct standby_sysctl {
	struct list link;
	char path[96];
	char before[16];
};

/* The value without its line end; false where it cannot be read. */
static bool read_value(const char *path, char *dst, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, dst, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	dst[n] = '\0';
	dst[strcspn(dst, "\n")] = '\0';
	return true;
}

static bool write_value(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	close(fd);
	return ok;
}

static bool remember(struct failover *f, const char *path, const char *before)
{
	struct standby_sysctl *s;
	struct list *node;

	LIST_EACH(node, &f->sysctls) {
		if (strcmp(LIST_ENTRY(node, struct standby_sysctl, link)->path, path) == 0)
			return true;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return false;
	snprintf(s->path, sizeof(s->path), "%s", path);
	snprintf(s->before, sizeof(s->before), "%s", before);
	list_append(&f->sysctls, &s->link);
	return true;
}

static bool set_sysctl(struct failover *f, const char *link, const char *name, const char *value)
{
	char path[96], before[16];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/%s", link, name);
	if (!read_value(path, before, sizeof(before)))
		return false;
	if (strcmp(before, value) == 0)
		return true;
	return remember(f, path, before) && write_value(path, value);
}

bool standby_silence(struct failover *f, const char *link)
{
	if (set_sysctl(f, link, "arp_ignore", "1") && set_sysctl(f, link, "arp_announce", "2"))
		return true;
	f->standby_off = true;
	failover_log(
	    f, LOG_LEVEL_WARNING,
	    "arp_ignore and arp_announce of %s cannot be set: connections will not outlive "
	    "a move of their address",
	    link);
	return false;
}

void standby_promote(struct failover *f, const char *link)
{
	if (!set_sysctl(f, link, "promote_secondaries", "1"))
		failover_log(f, LOG_LEVEL_WARNING, "promote_secondaries of %s cannot be set: %s",
			     link, strerror(errno));
}

/* ---- routes */

static void fill_route(struct failover *f, const struct inet *a, struct netlink_route *out)
{
	struct link *lo = link_get(f, "lo");

	*out = (struct netlink_route){
	    .family = a->family,
	    .type = RTN_LOCAL,
	    .scope = RT_SCOPE_HOST,
	    .protocol = NETLINK_HALB,
	    .to = {.address = *a, .prefix = a->family == INET_V4 ? 32 : 128},
	    .index = lo ? lo->index : 0,
	    .table = RT_TABLE_LOCAL,
	    .metric = standby_metric(getpid()),
	};
}

static struct standby_route *find_route(struct failover *f, const struct inet *a)
{
	struct list *node;

	LIST_EACH(node, &f->routes) {
		struct standby_route *r = LIST_ENTRY(node, struct standby_route, link);

		if (inet_equal_ip(&r->address, a))
			return r;
	}
	return NULL;
}

/* Of a guardian that was killed, and its watcher too. */
static void remove_former(struct failover *f, const struct netlink_route *route)
{
	struct netlink_route like = *route;

	like.metric = 0;
	netlink_route_clear(f->netlink, &like);
}

static void add_route(struct failover *f, const struct inet *a)
{
	struct standby_route *r;
	struct netlink_route route;
	char text[INET_TEXT_BYTES];
	int error;

	if (find_route(f, a))
		return;
	fill_route(f, a, &route);
	remove_former(f, &route);
	error = netlink_route_set(f->netlink, &route);
	if (error) {
		text[inet_print(text, a)] = '\0';
		failover_log(f, LOG_LEVEL_WARNING, "cannot add a local route for %s: %s", text,
			     strerror(-error));
		return;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return;
	r->address = *a;
	list_append(&f->routes, &r->link);
}

static bool is_link_local(const struct inet *a)
{
	return a->family == INET_V6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

void standby_prepare(struct failover *f, const struct vip *v)
{
	if (f->standby_off || v->index == 0 || v->native || v->link->loopback ||
	    is_link_local(&v->conf->address))
		return;
	if (v->conf->address.family == INET_V4 && !standby_silence(f, v->link->name))
		return;
	add_route(f, &v->conf->address);
}

/* ---- undoing */

static bool is_needed(const struct failover *f, const struct inet *a)
{
	struct list *node;
	unsigned int n;

	LIST_EACH(node, &f->instances) {
		const struct instance *i = LIST_ENTRY(node, struct instance, link);

		for (n = 0; n < i->vips.n; n++)
			if (inet_equal_ip(&i->vips.all[n].conf->address, a))
				return true;
	}
	return false;
}

static void restore_sysctls(struct failover *f)
{
	struct list *node, *tmp;

	LIST_EACH_SAFE(node, tmp, &f->sysctls) {
		struct standby_sysctl *s = LIST_ENTRY(node, struct standby_sysctl, link);

		if (!write_value(s->path, s->before) && access(s->path, F_OK) == 0)
			failover_log(f, LOG_LEVEL_WARNING, "cannot write %s back", s->path);
		list_remove(node);
		free(s);
	}
}

void standby_tidy(struct failover *f, bool all)
{
	struct list *node, *tmp;
	struct netlink_route route;

	LIST_EACH_SAFE(node, tmp, &f->routes) {
		struct standby_route *r = LIST_ENTRY(node, struct standby_route, link);
		int error;

		if (!all && is_needed(f, &r->address))
			continue;
		fill_route(f, &r->address, &route);
		error = netlink_route_delete(f->netlink, &route);
		if (error && error != -ESRCH)
			failover_log(f, LOG_LEVEL_WARNING, "cannot remove a local route: %s",
				     strerror(-error));
		list_remove(node);
		free(r);
	}
	if (all)
		restore_sysctls(f);
}
