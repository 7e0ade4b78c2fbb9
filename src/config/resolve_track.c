/* SPDX-License-Identifier: MIT */
/*
 * Names in keepalived.conf to what they stand for: tracked scripts, files, processes and BFD
 * sessions, with the weights these bring, and the members of sync groups. A name that is not there
 * is an alert with the nearest one. Called once all is read.
 */
#include "config/section_vrrp.h"

/* ---- tracked things */

/* The weight of a line without one is that of the thing. */
static void take_weight(struct model_vrrp_track *t, int weight, bool reverse)
{
	const struct vrrp_track_read *read = vrrp_track_read(t);

	if (read->weight_set)
		return;
	t->weight = weight;
	t->reverse = reverse != read->reverse_set;
}

/* Each true where the name is known; offers all names to `near`. */
static bool find_script(struct vrrp_reader *r, struct model_vrrp_track *t,
			struct block_nearest *near)
{
	for (struct model_vrrp_script *s = r->model->scripts; s; s = s->next) {
		block_nearest_offer(near, s->name);
		if (strcmp(s->name, t->name) != 0)
			continue;
		t->script = s;
		take_weight(t, s->weight, s->weight_reverse);
		return true;
	}
	return false;
}

static bool find_file(struct vrrp_reader *r, struct model_vrrp_track *t, struct block_nearest *near)
{
	for (struct model_vrrp_file *f = r->model->files; f; f = f->next) {
		block_nearest_offer(near, f->name);
		if (strcmp(f->name, t->name) != 0)
			continue;
		t->file = f;
		take_weight(t, f->weight, f->weight_reverse);
		return true;
	}
	return false;
}

static bool find_process(struct vrrp_reader *r, struct model_vrrp_track *t,
			 struct block_nearest *near)
{
	for (struct model_vrrp_process *p = r->model->processes; p; p = p->next) {
		block_nearest_offer(near, p->name);
		if (strcmp(p->name, t->name) != 0)
			continue;
		t->process = p;
		take_weight(t, p->weight, p->weight_reverse);
		return true;
	}
	return false;
}

static bool find_bfd(struct vrrp_reader *r, struct model_vrrp_track *t, struct block_nearest *near)
{
	for (struct model_vrrp_bfd *b = r->model->bfds; b; b = b->next) {
		block_nearest_offer(near, b->name);
		if (strcmp(b->name, t->name) != 0)
			continue;
		t->bfd = b;
		take_weight(t, b->weight, b->weight_reverse);
		return true;
	}
	return false;
}

/* An interface may come later: a warning only. */
static bool find_interface(struct vrrp_reader *r, struct model_vrrp_track *t,
			   struct block_nearest *near)
{
	(void)near;
	if (r->world->has_interface && !r->world->has_interface(r->world->user, t->name))
		block_warn(r, vrrp_track_read(t)->node,
			   "tracked interface '%s' does not exist: a fault until it does", t->name);
	return true;
}

static const struct {
	bool (*find)(struct vrrp_reader *r, struct model_vrrp_track *t, struct block_nearest *near);
	const char *block;
} kinds[TRACK_KINDS] = {
    [TRACK_INTERFACE] = {find_interface, ""},
    [TRACK_SCRIPT] = {find_script, "vrrp_script"},
    [TRACK_FILE] = {find_file, "track_file"},
    [TRACK_PROCESS] = {find_process, "vrrp_track_process"},
    [TRACK_BFD] = {find_bfd, "bfd_instance"},
};

static void resolve_list(struct vrrp_reader *r, struct model_vrrp_track *list,
			 enum vrrp_track_kind kind)
{
	for (struct model_vrrp_track *t = list; t; t = t->next) {
		struct block_nearest near = block_nearest_to(span_of(t->name));

		if (r->diags->alerts >= r->max_alerts)
			return;
		if (!kinds[kind].find(r, t, &near))
			block_alert(r, vrrp_track_read(t)->node, "there is no %s '%s'%s%s%s",
				    kinds[kind].block, t->name, near.name ? "; did you mean '" : "",
				    near.name ? near.name : "", near.name ? "' maybe ?" : "");
	}
}

/* A member's weights would let the members' priorities part: a failure is a fault, as in
 * keepalived. */
static void drop_weights(struct vrrp_reader *r, struct model_vrrp_track *list,
			 const struct model_vrrp_instance *v, const char *why)
{
	for (struct model_vrrp_track *t = list; t; t = t->next) {
		if (!t->weight)
			continue;
		block_warn(
		    r, vrrp_track_read(t)->node,
		    "(%s) tracking '%s' with weight %d %s: weight 0 is taken, a failure is a "
		    "fault",
		    v->name, t->name, t->weight, why);
		t->weight = 0;
	}
}

static void drop_all_weights(struct vrrp_reader *r, struct model_vrrp_instance *v, const char *why)
{
	drop_weights(r, v->track_interfaces, v, why);
	drop_weights(r, v->track_scripts, v, why);
	drop_weights(r, v->track_files, v, why);
	drop_weights(r, v->track_processes, v, why);
	drop_weights(r, v->track_bfds, v, why);
}

/* ---- sync groups */

static struct model_vrrp_instance *find_instance(struct vrrp_reader *r, struct span name,
						 struct block_nearest *near)
{
	for (struct model_vrrp_instance *v = r->model->instances; v; v = v->next) {
		block_nearest_offer(near, v->name);
		if (span_equal(span_of(v->name), name))
			return v;
	}
	return NULL;
}

static void add_member(struct vrrp_reader *r, struct model_vrrp_group *g, const struct node *n,
		       struct span name)
{
	struct block_nearest near = block_nearest_to(name);
	struct model_vrrp_instance *v = find_instance(r, name, &near);

	if (!v)
		block_alert(r, n, "vrrp_sync_group '%s' : there is no vrrp_instance '%s'%s%s%s",
			    g->name, name.p, near.name ? "; did you mean '" : "",
			    near.name ? near.name : "", near.name ? "' maybe ?" : "");
	else if (v->group == g)
		block_warn(r, n, "vrrp_sync_group '%s' names '%s' twice", g->name, v->name);
	else if (v->group)
		block_alert(r, n,
			    "vrrp_instance '%s' is in the vrrp_sync_group '%s' already; an "
			    "instance is in one group",
			    v->name, v->group->name);
	if (!v || v->group)
		return;
	v->group = g;
	g->members[g->n_members++] = v;
}

static void resolve_group(struct vrrp_reader *r, struct model_vrrp_group *g)
{
	const struct vrrp_group_read *read = vrrp_group_read(g);
	size_t n = 0;

	for (const struct node *line = read->members; line; line = line->next)
		n += line->n_words;
	g->members = block_alloc(r, read->node, (n + 1) * sizeof(struct model_vrrp_instance *));
	if (!g->members)
		return;
	for (const struct node *line = read->members; line; line = line->next) {
		for (unsigned int i = 0; i < line->n_words && r->diags->alerts < r->max_alerts; i++)
			add_member(r, g, line, line->words[i]);
	}
	if (!n)
		block_alert(r, read->node,
			    "vrrp_sync_group '%s' has no members: write 'group { INSTANCE ... }'",
			    g->name);
	else if (n == 1)
		block_warn(r, read->node,
			   "vrrp_sync_group '%s' has one member only, so it synchronises nothing",
			   g->name);
}

void vrrp_resolve_names(struct vrrp_reader *r)
{
	for (struct model_vrrp_group *g = r->model->groups; g; g = g->next) {
		resolve_group(r, g);
		resolve_list(r, g->track_interfaces, TRACK_INTERFACE);
		resolve_list(r, g->track_scripts, TRACK_SCRIPT);
		resolve_list(r, g->track_files, TRACK_FILE);
		resolve_list(r, g->track_processes, TRACK_PROCESS);
		resolve_list(r, g->track_bfds, TRACK_BFD);
	}
	for (struct model_vrrp_instance *v = r->model->instances; v; v = v->next) {
		resolve_list(r, v->track_interfaces, TRACK_INTERFACE);
		resolve_list(r, v->track_scripts, TRACK_SCRIPT);
		resolve_list(r, v->track_files, TRACK_FILE);
		resolve_list(r, v->track_processes, TRACK_PROCESS);
		resolve_list(r, v->track_bfds, TRACK_BFD);
		if (v->group && !vrrp_group_read(v->group)->keeps_weights)
			drop_all_weights(r, v, "in a sync group could part its members");
		else if (v->priority == 255)
			drop_all_weights(r, v, "cannot change the priority 255 of an owner");
	}
}
