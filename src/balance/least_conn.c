/* SPDX-License-Identifier: MIT */
/*
 * "balance leastconn": the server with the fewest requests for its weight; those of equal load take
 * turns, because a server whose load changed is sorted in behind its equals. The order is
 * haproxy's.
 *
 * The key of a server is (requests + 1) / weight, and 0 while it has none: an idle server comes
 * before all others whatever its weight. `position` is the weight it is sorted by. Active servers
 * and backups have a tree each. A pick is O(log n) and one step for each full server passed over.
 * Nothing is allocated after init.
 */
#include "balance/balance.h"
#include "balance/balance_priv.h"

#include <errno.h>

#define FULL_WEIGHT (256 * BALANCE_WEIGHT_SCALE)

struct least_conn {
	struct tree trees[2]; /* active servers, backups */
};

static uint64_t load_key(const struct balance_server *s)
{
	uint64_t n = balance_served(s);

	n += atomic_load_explicit(&s->queued, memory_order_relaxed);
	return n ? (n + 1) * FULL_WEIGHT / s->weight : 0;
}

/* Behind its equals. */
static void sort_in(struct least_conn *lc, struct balance_server *s)
{
	struct tree *t = &lc->trees[s->backup];

	tree_remove(t, &s->node);
	tree_insert(t, &s->node, load_key(s));
	s->position = s->weight;
}

static void least_conn_load_changed(struct balance *b, struct balance_server *s)
{
	if (tree_contains(&s->node) && s->node.key != load_key(s))
		sort_in(b->state, s);
}

static int least_conn_relayout(struct balance *b)
{
	struct least_conn *lc = b->state;

	for (unsigned int i = 0; i < b->n_servers; i++) {
		struct balance_server *s = b->servers[i];

		if (!balance_is_ready(b, s))
			tree_remove(&lc->trees[s->backup], &s->node);
		else if (!tree_contains(&s->node) || s->position != s->weight)
			sort_in(lc, s);
	}
	return 0;
}

static struct balance_server *least_conn_pick(struct balance *b, const struct balance_query *q)
{
	struct least_conn *lc = b->state;

	return balance_first_free(&lc->trees[b->on_backup], q->avoid);
}

static int least_conn_init(struct balance *b)
{
	struct least_conn *lc = ARENA_NEW(&b->memory, struct least_conn);

	if (!lc)
		return -ENOMEM;
	tree_init(&lc->trees[0]);
	tree_init(&lc->trees[1]);
	for (unsigned int i = 0; i < b->n_servers; i++)
		b->servers[i]->node = (struct tree_node){.priority = 0};
	b->state = lc;
	return 0;
}

static const struct balance_algorithm least_conn = {
    .name = "leastconn",
    .help = "the server with the fewest connections for its weight; equals take turns",
    .dynamic = true,
    .init = least_conn_init,
    .relayout = least_conn_relayout,
    .pick = least_conn_pick,
    .load_changed = least_conn_load_changed,
};
FAMILY_ADD(balance, least_conn);
