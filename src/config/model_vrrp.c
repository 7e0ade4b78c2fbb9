/* SPDX-License-Identifier: MIT */
/*
 * The life of a keepalived model: made by config_read_vrrp, held by the guardian's parts by
 * reference, freed at once with its arena when the last one lets go.
 */
#include "config/model_vrrp.h"

#define BLOCK_BYTES 16384
#define MAX_BYTES (256u << 20)

struct model_vrrp *model_vrrp_new(void)
{
	struct arena arena;
	struct model_vrrp *m;

	arena_init(&arena, BLOCK_BYTES, MAX_BYTES);
	m = ARENA_NEW(&arena, struct model_vrrp);
	if (!m)
		return NULL;
	m->arena = arena;
	atomic_init(&m->refs, 1);
	return m;
}

struct model_vrrp *model_vrrp_get(struct model_vrrp *m)
{
	atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
	return m;
}

void model_vrrp_put(struct model_vrrp *m)
{
	struct arena arena;

	if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) > 1)
		return;
	arena = m->arena; /* the model itself lives in it */
	arena_fini(&arena);
}

static bool has_address(const struct model_vrrp_address *list, const struct inet *address)
{
	for (; list; list = list->next) {
		if (inet_equal_ip(&list->address, address))
			return true;
	}
	return false;
}

bool model_vrrp_has_address(const struct model_vrrp *m, const struct inet *address)
{
	for (const struct model_vrrp_instance *v = m->instances; v; v = v->next) {
		if (has_address(v->addresses, address) || has_address(v->excluded, address))
			return true;
	}
	return false;
}
