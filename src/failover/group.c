/* SPDX-License-Identifier: MIT */
/*
 * Sync groups. A member that gives way to another node takes the others with it as a planned
 * hand-over: they go when their new master is heard, so no address is without a node meanwhile.
 */
#include "failover/group.h"

#include "failover/instance.h"
#include "failover/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_member(const struct group *g, const struct instance *i)
{
	return i->group == g && !i->removing;
}

static enum vrrp_state state_of_old(const struct list *old, const char *name)
{
	const struct list *node;

	LIST_EACH(node, old) {
		const struct group *g = LIST_ENTRY(node, struct group, link);

		if (strcmp(g->conf->name, name) == 0)
			return g->state;
	}
	return VRRP_INIT;
}

static void free_list(struct list *groups)
{
	struct list *node, *tmp;

	LIST_EACH_SAFE(node, tmp, groups) {
		list_remove(node);
		free(LIST_ENTRY(node, struct group, link));
	}
}

static void point_members(struct failover *f)
{
	struct list *node, *g;

	LIST_EACH(node, &f->instances) {
		struct instance *i = LIST_ENTRY(node, struct instance, link);

		i->group = NULL;
		LIST_EACH(g, &f->groups) {
			if (!i->removing &&
			    LIST_ENTRY(g, struct group, link)->conf == i->conf->group)
				i->group = LIST_ENTRY(g, struct group, link);
		}
	}
}

int group_configure(struct failover *f)
{
	const struct model_vrrp_group *conf;
	struct list old;
	int error = 0;

	list_init(&old);
	if (!list_empty(&f->groups)) {
		list_insert_after(&f->groups, &old);
		list_remove(&f->groups);
	}
	for (conf = f->model->groups; conf; conf = conf->next) {
		struct group *g = calloc(1, sizeof(*g));

		if (!g) {
			error = -ENOMEM;
			break;
		}
		g->conf = conf;
		g->state = state_of_old(&old, conf->name);
		list_append(&f->groups, &g->link);
	}
	free_list(&old);
	point_members(f);
	return error;
}

void group_free_all(struct failover *f)
{
	free_list(&f->groups);
}

bool group_may_claim(const struct instance *i)
{
	struct list *node;

	if (!i->group)
		return true;
	LIST_EACH(node, &i->owner->instances) {
		const struct instance *m = LIST_ENTRY(node, struct instance, link);

		if (m == i || !is_member(i->group, m) || m->machine.state == VRRP_MASTER)
			continue;
		if (m->machine.state != VRRP_BACKUP || !m->group_ready)
			return false;
	}
	return true;
}

static void say(const struct instance *i, enum vrrp_state state)
{
	failover_log(i->owner, LOG_LEVEL_INFO, "VRRP_Group(%s) Syncing instances to %s state",
		     i->group->conf->name, vrrp_state_name(state));
}

static void tell_members(struct instance *i)
{
	struct list *node;

	LIST_EACH(node, &i->owner->instances) {
		struct instance *m = LIST_ENTRY(node, struct instance, link);

		if (m == i || !is_member(i->group, m))
			continue;
		if (i->machine.state == VRRP_MASTER && m->machine.state == VRRP_BACKUP)
			instance_force_master(m, VRRP_BECAUSE_GROUP);
		else if (i->machine.state == VRRP_BACKUP && m->machine.state == VRRP_MASTER)
			instance_tell(m, VRRP_EVENT_FORCE_BACKUP);
	}
}

static void change(struct instance *i)
{
	static const enum notify_event events[] = {
	    [VRRP_INIT] = NOTIFY_STOP,
	    [VRRP_BACKUP] = NOTIFY_BACKUP,
	    [VRRP_MASTER] = NOTIFY_MASTER,
	    [VRRP_FAULT] = NOTIFY_FAULT,
	};
	struct group *g = i->group;
	enum vrrp_state before = g->state;

	g->state = i->machine.state;
	if (before != VRRP_INIT && g->state != VRRP_INIT)
		say(i, g->state);
	g->following = true;
	tell_members(i);
	g->following = false;
	if (i->owner->notify)
		notify_group(i->owner->notify, g->conf, events[g->state]);
}

void group_follow(struct instance *i)
{
	struct group *g = i->group;

	if (g && !g->following && is_member(g, i) && g->state != i->machine.state)
		change(i);
}

void group_update_faults(struct failover *f)
{
	struct list *node;

	LIST_EACH(node, &f->groups) {
		LIST_ENTRY(node, struct group, link)->faulty = false;
	}
	LIST_EACH(node, &f->instances) {
		const struct instance *i = LIST_ENTRY(node, struct instance, link);

		if (i->group && !i->removing && i->fault_why)
			i->group->faulty = true;
	}
}
