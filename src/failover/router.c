/* SPDX-License-Identifier: MIT */
/*
 * What the failover thread does when it is told something (failover.c has the mails), and the place
 * where its parts are tied together: instances, groups, tracking, BFD, scripts.
 */
#include "failover/router.h"

#include "failover/group.h"
#include "failover/instance.h"
#include "failover/keeper.h"
#include "failover/notify.h"
#include "failover/peer_watch.h"
#include "failover/second_chance.h"
#include "failover/standby.h"

#include <unistd.h>

#define SCRIPTS_MAX_MS 1000 /* at the end, for those that still run */
#define SCRIPTS_LOOK_MS 20

/* ---- what tracking, BFD and scripts call */

static void on_helper_log(void *user, enum log_level level, const char *line)
{
	failover_log(user, level, "%s", line);
}

static void on_tracks_changed(void *user)
{
	failover_refresh(user);
}

static bool on_link_asked(void *user, const char *name)
{
	const struct link *l = link_get(user, name);

	return l && l->up;
}

void failover_make_tracks(struct failover *f)
{
	struct tracks *old = f->tracks;
	const struct tracks_hooks hooks = {
	    .user = f,
	    .changed = on_tracks_changed,
	    .log = on_helper_log,
	    .link_is_up = on_link_asked,
	    .no_service = f->service == SERVICE_NONE,
	    .previous = old,
	};

	f->tracks = tracks_new(&f->loop, f->model, &hooks);
	tracks_free(old);
	if (!f->tracks)
		failover_log(f, LOG_LEVEL_ERR, "out of memory: nothing is tracked");
	else if (f->service != SERVICE_NONE)
		tracks_set_service(f->tracks, f->service == SERVICE_UP);
}

static void on_peer_down(void *user, const struct inet *peer, unsigned int others)
{
	struct failover *f = user;
	char text[INET_TEXT_BYTES];
	struct list *node;

	text[inet_print(text, peer)] = '\0';
	failover_log(f, LOG_LEVEL_WARNING, "BFD: %s is not heard any more", text);
	LIST_EACH(node, &f->instances) {
		struct instance *i = LIST_ENTRY(node, struct instance, link);
		struct vrrp_event e = {.kind = VRRP_EVENT_PEER_DOWN, .source = *peer};

		/* The highest of several backups goes first. */
		e.delay_us = others ? vrrp_skew_us(&i->machine) / 8 : 0;
		instance_event(i, &e);
	}
}

static void on_bfd_changed(void *user, const struct model_vrrp_bfd *bfd, bool up)
{
	struct failover *f = user;

	if (f->tracks)
		tracks_set_bfd(f->tracks, bfd, up);
}

static void on_farewells(void *user)
{
	struct failover *f = user;

	failover_holdings_changed(f);
	second_chance_refresh(f->chance);
}

static void make_helpers(struct failover *f)
{
	const struct peer_watch_hooks peer_hooks = {
	    .user = f,
	    .down = on_peer_down,
	    .bfd_changed = on_bfd_changed,
	    .log = on_helper_log,
	    .farewells = on_farewells,
	};

	f->notify = notify_new(&f->loop, f->model, on_helper_log, f);
	failover_make_tracks(f);
	f->peers = peer_watch_new(&f->loop, f->model, &peer_hooks);
	if (!f->notify || !f->peers)
		failover_log(f, LOG_LEVEL_ERR, "out of memory: no notify scripts or no BFD");
}

/* ---- in the thread */

void failover_refresh(struct failover *f)
{
	struct list *node, *tmp;

	if (f->leaving)
		return;
	LIST_EACH(node, &f->instances) {
		struct instance *i = LIST_ENTRY(node, struct instance, link);

		if (!i->removing)
			instance_look(i);
	}
	group_update_faults(f);
	LIST_EACH_SAFE(node, tmp, &f->instances) {
		struct instance *i = LIST_ENTRY(node, struct instance, link);

		if (!i->removing)
			instance_follow(i);
	}
}

void router_tell_all(struct failover *f, enum vrrp_event_kind kind)
{
	struct list *node;

	LIST_EACH(node, &f->instances) {
		instance_tell(LIST_ENTRY(node, struct instance, link), kind);
	}
}

void router_set_service(struct failover *f, enum service s, const char *why)
{
	static const char *const names[] = {"not there", "not known yet", "up", "down"};
	bool changed = s != f->service;
	struct list *node;

	f->service = s;
	timer_stop(&f->loop.wheel, &f->recheck);
	LIST_EACH(node, &f->instances) {
		LIST_ENTRY(node, struct instance, link)->waits_recheck = false;
	}
	if (changed) {
		failover_log(f, s == SERVICE_DOWN ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE,
			     "The service is %s%s%s", names[s], why[0] ? ": " : "", why);
		if (f->tracks)
			tracks_set_service(f->tracks, s == SERVICE_UP);
		if (s == SERVICE_DOWN && !f->leaving)
			router_tell_all(f, VRRP_EVENT_RELEASE);
	}
	failover_refresh(f);
}

void router_begin(struct failover *f)
{
	uint32_t delay_ms = f->model->global.startup_delay_ms;
	struct list *node;

	make_helpers(f);
	f->keeper = f->model->global.lease_ms ? keeper_new(f) : NULL;
	f->chance = second_chance_new(f);
	LIST_EACH(node, &f->instances) {
		struct instance *i = LIST_ENTRY(node, struct instance, link);

		instance_bind(i);
		address_configure(i);
		address_clean(i);
	}
	failover_update_filter(f);
	if (delay_ms)
		failover_log(f, LOG_LEVEL_INFO, "Delaying startup for %u.%03u seconds",
			     delay_ms / 1000, delay_ms % 1000);
	timer_set(&f->loop.wheel, &f->startup, f->loop.now_ms + delay_ms);
	failover_refresh(f);
}

static void on_startup(struct timer *t, uint64_t now_ms)
{
	struct failover *f = container_of(t, struct failover, startup);

	(void)now_ms;
	f->started = true;
	failover_refresh(f);
}

void router_leave(struct failover *f)
{
	if (f->leaving)
		return;
	f->leaving = true;
	timer_stop(&f->loop.wheel, &f->startup);
	router_tell_all(f, VRRP_EVENT_STOP);
	failover_leave_check(f);
}

void failover_leave_check(struct failover *f)
{
	struct list *node;

	LIST_EACH(node, &f->instances) {
		const struct instance *i = LIST_ENTRY(node, struct instance, link);

		if (i->removing && i->ended)
			task_queue(&f->loop, &f->reap);
	}
	if (f->leaving && !f->left && !timer_is_set(&f->leave))
		timer_set(&f->loop.wheel, &f->leave, f->loop.now_ms);
}

static void on_leave(struct timer *t, uint64_t now_ms)
{
	struct failover *f = container_of(t, struct failover, leave);
	struct list *node;

	LIST_EACH(node, &f->instances) {
		const struct instance *i = LIST_ENTRY(node, struct instance, link);

		if (!i->ended || i->vips.owned)
			return;
	}
	if (f->left_until_us == 0)
		f->left_until_us = f->loop.now_us + SCRIPTS_MAX_MS * 1000;
	if (f->notify && notify_busy(f->notify) && f->loop.now_us < f->left_until_us) {
		timer_set(&f->loop.wheel, t, now_ms + SCRIPTS_LOOK_MS);
		return;
	}
	f->left = true;
	if (f->hooks.left)
		f->hooks.left(f->hooks.user);
}

static void on_reap(struct task *t)
{
	struct failover *f = container_of(t, struct failover, reap);
	struct list *node, *tmp;

	LIST_EACH_SAFE(node, tmp, &f->instances) {
		struct instance *i = LIST_ENTRY(node, struct instance, link);

		if (i->removing && i->ended)
			instance_free(i);
	}
	standby_tidy(f, false);
	failover_update_filter(f);
}

void failover_holdings_changed(struct failover *f)
{
	task_queue(&f->loop, &f->holdings);
}

static void on_holdings(struct task *t)
{
	struct failover *f = container_of(t, struct failover, holdings);

	if (f->hooks.holdings)
		f->hooks.holdings(f->hooks.user, f->held, holdings_collect(f));
}

static void on_release_asked(struct io *io)
{
	struct failover *f = container_of(io, struct failover, release_io);
	uint64_t count, asked = atomic_load(&f->page->release_asked);

	while (read(io->fd, &count, sizeof(count)) == sizeof(count))
		continue;
	if (asked == f->release_seen)
		return;
	f->release_seen = asked;
	router_tell_all(f, VRRP_EVENT_RELEASE);
}

void router_watch_releases(struct failover *f)
{
	static const struct io_handler handler = {.name = "release", .on_ready = on_release_asked};
	int fd;

	if (!f->page || f->page != failover_page || failover_release_fd < 0)
		return;
	fd = dup(failover_release_fd);
	if (fd < 0)
		return;
	f->release_seen = atomic_load(&f->page->release_asked);
	io_init(&f->release_io, &f->loop, fd, &handler);
	if (io_watch(&f->release_io) != 0)
		io_close(&f->release_io);
}

void router_init(struct failover *f)
{
	timer_init(&f->startup, on_startup);
	timer_init(&f->leave, on_leave);
	task_init(&f->reap, on_reap);
	task_init(&f->holdings, on_holdings);
}

void router_fini(struct failover *f)
{
	struct list *node, *tmp;

	LIST_EACH_SAFE(node, tmp, &f->instances) {
		struct instance *i = LIST_ENTRY(node, struct instance, link);

		instance_abandon(i);
		instance_free(i);
	}
	second_chance_free(f->chance);
	keeper_free(f->keeper);
	on_holdings(&f->holdings);
	group_free_all(f);
	standby_tidy(f, true);
	peer_watch_free(f->peers);
	tracks_free(f->tracks);
	notify_free(f->notify);
	if (f->release_io.loop)
		io_close(&f->release_io);
	task_cancel(&f->reap);
	task_cancel(&f->holdings);
}
