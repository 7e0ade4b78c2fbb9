/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says of links and addresses, and what follows for the instances there: sockets
 * are made anew, a fault comes or goes, an address is put back.
 */
#include "failover/failover_priv.h"
#include "failover/instance.h"
#include "failover/track.h"

#include <errno.h>
#include <string.h>

#define RECHECK_MAX_MS 10000 /* then what was known of the service counts again */

/* ---- the service after a cut */

static void on_recheck_over(struct timer *t, uint64_t now_ms)
{
	struct failover *f = container_of(t, struct failover, recheck);
	struct list *node;

	(void)now_ms;
	LIST_EACH(node, &f->instances) {
		LIST_ENTRY(node, struct instance, link)->waits_recheck = false;
	}
	failover_refresh(f);
}

/* A link is back: what was known of the servers behind it may be old. */
static void wait_for_recheck(struct failover *f, struct instance *i)
{
	if (f->service == SERVICE_NONE || !f->hooks.recheck || !i->started)
		return;
	i->waits_recheck = true;
	if (timer_is_set(&f->recheck))
		return;
	timer_set(&f->loop.wheel, &f->recheck, f->loop.now_ms + RECHECK_MAX_MS);
	f->hooks.recheck(f->hooks.user);
}

/* ---- links */

static void adapt(struct failover *f, const struct link *changed, bool came_up)
{
	struct list *node;

	LIST_EACH(node, &f->instances) {
		struct instance *i = LIST_ENTRY(node, struct instance, link);

		if (i->base != changed) {
			address_relink(i);
			continue;
		}
		if (i->bound_index != i->base->index || i->base->index == 0)
			instance_bind(i);
		address_relink(i);
		if (came_up && !i->conf->dont_track_primary)
			wait_for_recheck(f, i);
	}
}

static void compare(struct failover *f, struct link *l, const struct link *before)
{
	if (l->index == before->index && l->up == before->up &&
	    memcmp(l->mac, before->mac, sizeof(l->mac)) == 0)
		return;
	if (l->up != before->up)
		failover_log(f, LOG_LEVEL_INFO, "Netlink reports %s %s", l->name,
			     l->up ? "up" : "down");
	if (l->index == 0 && before->index != 0)
		failover_log(f, LOG_LEVEL_INFO, "Interface %s deleted", l->name);
	adapt(f, l, l->up && !before->up);
	if (l->index != before->index)
		failover_update_filter(f);
	failover_refresh(f);
}

static void on_link(void *user, const struct netlink_link *now)
{
	struct failover *f = user;
	struct list *node;

	if (f->tracks)
		tracks_set_link(f->tracks, now->name, now->up && now->running && !now->gone);
	LIST_EACH(node, &f->links) {
		struct link *l = LIST_ENTRY(node, struct link, link);
		struct link before = *l;

		if (link_update(l, now))
			compare(f, l, &before);
	}
}

/* ---- addresses */

static bool lost_source(const struct instance *i, const struct netlink_address *a)
{
	return a->gone && i->bound_index && inet_equal_ip(&a->address, &i->source) &&
	       a->index == i->base->index;
}

static bool may_be_source(const struct instance *i, const struct netlink_address *a)
{
	return !a->gone && !a->tentative && !i->bound_index && i->base->index &&
	       a->index == i->base->index && a->address.family == i->conf->family;
}

/* track_src_ip: an address that is configured must be there. */
static bool is_tracked_source(const struct instance *i, const struct netlink_address *a)
{
	return i->conf->track_src_ip && i->bound_index && a->index == i->base->index &&
	       inet_equal_ip(&a->address, &i->conf->source);
}

static void on_address(void *user, const struct netlink_address *a)
{
	struct failover *f = user;
	struct list *node;
	bool changed = false;

	LIST_EACH(node, &f->instances) {
		struct instance *i = LIST_ENTRY(node, struct instance, link);

		address_seen(i, a);
		if (is_tracked_source(i, a)) {
			i->source_missing = !link_has_address(f, i->base, &i->conf->source);
			changed = true;
		}
		if (!lost_source(i, a) && !may_be_source(i, a))
			continue;
		instance_bind(i);
		changed = true;
	}
	if (changed)
		failover_refresh(f);
}

static void on_lost(void *user)
{
	struct failover *f = user;
	struct list *node;

	failover_log(f, LOG_LEVEL_WARNING, "netlink messages were lost: looking at all links");
	LIST_EACH(node, &f->links) {
		struct link *l = LIST_ENTRY(node, struct link, link);
		struct link before = *l;

		link_look_up(f, l);
		if (f->tracks)
			tracks_set_link(f->tracks, l->name, l->up);
		compare(f, l, &before);
	}
	LIST_EACH(node, &f->instances) {
		address_renew(LIST_ENTRY(node, struct instance, link));
	}
}

static void on_ready(struct io *io)
{
	netlink_monitor_read(container_of(io, struct failover, monitor_io)->monitor);
}

int world_init(struct failover *f)
{
	static const struct io_handler handler = {.name = "netlink", .on_ready = on_ready};
	const struct netlink_watcher watcher = {
	    .on_link = on_link, .on_address = on_address, .on_lost = on_lost, .user = f};

	timer_init(&f->recheck, on_recheck_over);
	f->netlink = netlink_new();
	f->monitor = netlink_monitor_new(&watcher);
	if (!f->netlink || !f->monitor)
		return -EPERM;
	io_init(&f->monitor_io, &f->loop, netlink_monitor_fd(f->monitor), &handler);
	return io_watch(&f->monitor_io);
}

void world_fini(struct failover *f)
{
	if (f->monitor && f->monitor_io.loop)
		io_detach(&f->monitor_io);
	netlink_monitor_free(f->monitor);
	link_free_all(f);
	netlink_free(f->netlink);
}
