/* SPDX-License-Identifier: MIT */
/*
 * vrrp_sync_group: instances that change state together. Its members are resolved when all is read
 * (resolve_track.c), so that a group may stand above its instances.
 */
#include "config/section_vrrp.h"

const struct vrrp_group_read *vrrp_group_read(const struct model_vrrp_group *g)
{
	return container_of(g, const struct vrrp_group_read, group);
}

static void parse_sync_group(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_group **end = &r->model->groups;
	struct vrrp_group_read *g;

	if (!block_need_word(r, n, 1, "a name"))
		return;
	g = block_alloc(r, n, sizeof(*g));
	if (!g)
		return;
	for (; *end; end = &(*end)->next) {
		if (span_equal(span_of((*end)->name), n->words[1]))
			block_alert(r, n,
				    "vrrp_sync_group '%s' is there already, at %s:%d. Give this "
				    "one another name.",
				    n->words[1].p, (*end)->file, (*end)->line);
	}
	g->node = n;
	g->group.name = n->words[1].p;
	g->group.file = n->file;
	g->group.line = n->line;
	*end = &g->group;
	block_expect_end(r, n, 2);
	block_read(r, n->children, BLOCK_GROUP, &g->group);
}

static void parse_members(struct vrrp_reader *r, const struct node *n)
{
	struct vrrp_group_read *g = container_of(r->target, struct vrrp_group_read, group);

	if (g->members)
		block_alert(r, n, "vrrp_sync_group '%s' has two 'group' blocks; write one",
			    g->group.name);
	g->members = n->children;
}

static void parse_keeps_weights(struct vrrp_reader *r, const struct node *n)
{
	container_of(r->target, struct vrrp_group_read, group)->keeps_weights = true;
	block_expect_end(r, n, 1);
}

/* The old word for tracking by the group, with the weights of its members. */
static void parse_global_tracking(struct vrrp_reader *r, const struct node *n)
{
	((struct model_vrrp_group *)r->target)->global_tracking = true;
	parse_keeps_weights(r, n);
}

SETTINGS(section_group,
	 {"vrrp_sync_group", IN(TOP), SETTING_BLOCK, 0, 0, 0, parse_sync_group,
	  "NAME { }: instances that change state together"},
	 {"group", IN(GROUP), SETTING_BLOCK, 0, 0, 0, parse_members,
	  "{ INSTANCE ... }: its members"},
	 {"global_tracking", IN(GROUP), SETTING_PARSE, 0, 0, 0, parse_global_tracking,
	  "what a member tracks counts for all members"},
	 {"sync_group_tracking_weight", IN(GROUP), SETTING_PARSE, 0, 0, 0, parse_keeps_weights,
	  "members keep the weights of what they track"});
