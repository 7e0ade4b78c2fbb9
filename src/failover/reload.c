/* SPDX-License-Identifier: MIT */
/*
 * A new model, in place. An instance that keeps its name, VRID, family and link is the same virtual
 * router: it goes on in its state, with other settings. Others leave, as at a stop, or begin.
 */
#include "failover/failover_priv.h"
#include "failover/group.h"
#include "failover/instance.h"
#include "failover/notify.h"
#include "failover/peer_watch.h"
#include "failover/standby.h"

#include <string.h>

static bool same_router(const struct model_vrrp_instance *a, const struct model_vrrp_instance *b)
{
	return strcmp(a->name, b->name) == 0 && a->vrid == b->vrid && a->family == b->family &&
	       a->version == b->version && strcmp(a->interface, b->interface) == 0 &&
	       a->use_vmac == b->use_vmac;
}

static struct instance *find(struct failover *f, const struct model_vrrp_instance *conf)
{
	struct list *node;

	LIST_EACH(node, &f->instances) {
		struct instance *i = LIST_ENTRY(node, struct instance, link);

		if (!i->removing && same_router(i->conf, conf))
			return i;
	}
	return NULL;
}

static bool is_named(const struct instance *i, const struct model_vrrp *model)
{
	const struct model_vrrp_instance *conf;

	for (conf = model->instances; conf; conf = conf->next)
		if (same_router(i->conf, conf))
			return true;
	return false;
}

static void remove_others(struct failover *f, const struct model_vrrp *model)
{
	struct list *node;

	LIST_EACH(node, &f->instances) {
		struct instance *i = LIST_ENTRY(node, struct instance, link);

		if (i->removing || is_named(i, model))
			continue;
		i->removing = true;
		i->group = NULL;
		instance_tell(i, VRRP_EVENT_STOP);
	}
}

static void add(struct failover *f, struct model_vrrp *model,
		const struct model_vrrp_instance *conf)
{
	struct instance *i = instance_new(f, model, conf);

	if (!i) {
		failover_log(f, LOG_LEVEL_ERR, "out of memory: %s is not there", conf->name);
		return;
	}
	list_append(&f->instances, &i->link);
	instance_bind(i);
	address_configure(i);
	address_clean(i);
}

/* Rows in the file's order; those that leave come last. */
static void number_rows(struct failover *f)
{
	unsigned int row = 0, pass;
	struct list *node;

	for (pass = 0; pass < 2; pass++) {
		LIST_EACH(node, &f->instances) {
			struct instance *i = LIST_ENTRY(node, struct instance, link);

			if (i->removing == (pass == 1))
				i->row = row++;
		}
	}
	if (f->page)
		atomic_store(&f->page->n_rows, row < STATUS_MAX_ROWS ? row : STATUS_MAX_ROWS);
}

/* The list in the file's order: each one found goes to the end. */
static void sort(struct failover *f)
{
	const struct model_vrrp_instance *conf;

	for (conf = f->model->instances; conf; conf = conf->next) {
		struct instance *i = find(f, conf);

		if (!i)
			continue;
		list_remove(&i->link);
		list_append(&f->instances, &i->link);
	}
}

void reload_apply(struct failover *f, struct model_vrrp *model)
{
	struct model_vrrp *old = f->model;
	const struct model_vrrp_instance *conf;

	if (f->leaving) {
		model_vrrp_put(model);
		return;
	}
	failover_log(f, LOG_LEVEL_INFO, "Reloading");
	remove_others(f, model);
	for (conf = model->instances; conf; conf = conf->next) {
		struct instance *i = find(f, conf);

		if (i)
			instance_reconfigure(i, model, conf);
		else
			add(f, model, conf);
	}
	f->model = model;
	sort(f);
	if (group_configure(f) != 0)
		failover_log(f, LOG_LEVEL_ERR, "out of memory: a sync group is not there");
	if (f->notify)
		notify_reload(f->notify, model);
	if (f->peers)
		peer_watch_reload(f->peers, model);
	failover_make_tracks(f);
	number_rows(f);
	standby_tidy(f, false);
	failover_update_filter(f);
	model_vrrp_put(old);
	failover_refresh(f);
}
