/* SPDX-License-Identifier: MIT */
/* What the algorithm files share among themselves; not for callers of balance.h. */
#ifndef BALANCE_BALANCE_PRIV_H
#define BALANCE_BALANCE_PRIV_H

#include "balance/balance.h"

static inline unsigned int balance_served(const struct balance_server *s)
{
	return atomic_load_explicit(&s->served, memory_order_relaxed);
}

/* At its limit, or others already wait for it. */
static inline bool balance_is_full(const struct balance_server *s)
{
	unsigned int limit = atomic_load_explicit(&s->limit, memory_order_relaxed);

	if (!limit)
		return false;
	return balance_served(s) >= limit ||
	       atomic_load_explicit(&s->queued, memory_order_relaxed) > 0;
}

/* The first server of a tree that has room, the one to avoid only where there is no other; or NULL.
 */
struct balance_server *balance_first_free(const struct tree *servers,
					  const struct balance_server *avoid);

/* Belongs among the active servers or the backups of an algorithm that keeps both ready. Backups
 * keep their order while they do not take part; where only the first one counts, the others stay
 * out. */
static inline bool balance_is_ready(const struct balance *b, const struct balance_server *s)
{
	return s->usable && s->weight > 0 && (!s->backup || b->all_backups || s->in_use);
}

/* hash-balance-factor: whether one more request keeps `s` within factor percent of its share of the
 * backend's load. `before` is the sum of the weights of the servers of its kind that stand before
 * it. */
bool balance_within_factor(const struct balance *b, const struct balance_server *s,
			   unsigned int before);

#endif
