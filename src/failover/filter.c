/* SPDX-License-Identifier: MIT */
/*
 * no_accept: packets to the virtual addresses of an instance are dropped, unless it is their owner
 * (priority 255). The filter stands as long as the instance is there, not only while it is master:
 * so a take-over does not wait for it, no packet comes before it, and the local route of a backup
 * (standby.h) is not a way around it. On a backup nothing else comes for these addresses.
 */
#include "failover/instance.h"
#include "failover/keeper.h"

#include <stdlib.h>

#define OWNER 255

static bool is_filtered(const struct instance *i)
{
	return !i->conf->accept && i->conf->priority != OWNER;
}

static unsigned int count(const struct failover *f)
{
	struct list *node;
	unsigned int n = 0;

	LIST_EACH(node, &f->instances) {
		const struct instance *i = LIST_ENTRY(node, struct instance, link);

		n += is_filtered(i) ? i->vips.n : 0;
	}
	return n;
}

static unsigned int collect(const struct failover *f, struct packet_filter_address *out)
{
	struct list *node;
	unsigned int n = 0, k;

	LIST_EACH(node, &f->instances) {
		const struct instance *i = LIST_ENTRY(node, struct instance, link);

		for (k = 0; is_filtered(i) && k < i->vips.n; k++)
			out[n++] = (struct packet_filter_address){i->vips.all[k].conf->address,
								  i->vips.all[k].index};
	}
	return n;
}

void failover_update_filter(struct failover *f)
{
	struct packet_filter_address *list = NULL;
	unsigned int n = count(f);

	if (n == 0 && !f->filter_may_stand)
		return;
	f->filter_may_stand = n > 0;
	if (!f->keeper && (n > 0 || packet_filter_is_there()))
		f->keeper = keeper_new(f);
	if (n > 0)
		list = calloc(n, sizeof(*list));
	if (n > 0 && (!list || !f->keeper)) {
		failover_log(f, LOG_LEVEL_ERR, "no_accept does not work: no memory or no thread");
		free(list);
		return;
	}
	if (f->keeper)
		keeper_filter(f->keeper, list, list ? collect(f, list) : 0);
}
