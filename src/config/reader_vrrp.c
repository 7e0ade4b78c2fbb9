/* SPDX-License-Identifier: MIT */
/*
 * From keepalived.conf to the model: the lexer's tree, the rows of the section files (block.c), and
 * at the end names and whatever depends on several lines (resolve_vrrp.c). global_defs comes first
 * wherever it stands, as instances start with what it says. All mistakes are reported.
 */
#include "config/section_vrrp.h"

#include "config/lex_keepalived.h"

/* The statements with those of global_defs in front. */
static struct node *globals_first(struct node *first)
{
	struct node *globals = NULL, *others = NULL;
	struct node **globals_end = &globals, **others_end = &others;

	for (struct node *n = first; n; n = n->next) {
		struct node ***end = node_word_is(n, 0, "global_defs") ? &globals_end : &others_end;

		**end = n;
		*end = &n->next;
	}
	*others_end = NULL;
	*globals_end = others;
	return globals;
}

struct model_vrrp *config_read_vrrp(const struct config_file *file,
				    const struct config_vrrp_world *world, struct diags *d)
{
	unsigned int alerts = d->alerts;
	struct vrrp_reader r = {.diags = d, .world = world, .model = model_vrrp_new()};
	struct node *first;

	if (!r.model) {
		diag_add(d, DIAG_ALERT, NULL, 0, "out of memory");
		return NULL;
	}
	r.arena = &r.model->arena;
	r.max_alerts = alerts + CONFIG_VRRP_MAX_ALERTS;
	vrrp_globals_init(&r.globals);
	first = lex_keepalived(file, world, r.arena, d);
	block_read(&r, globals_first(first), BLOCK_TOP, NULL);
	r.model->global = r.globals.global;
	vrrp_resolve(&r, d->alerts == alerts);
	if (d->alerts == alerts)
		return r.model;
	model_vrrp_put(r.model);
	return NULL;
}
