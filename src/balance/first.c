/* SPDX-License-Identifier: MIT */
/*
 * "balance first": the server with the lowest id that has a free slot, so that as few servers as
 * possible are in use. Weights say only whether a server takes part. A pick takes one step for each
 * full server passed over: which ones are full changes outside the lock, without a word to us.
 */
#include "balance/balance.h"
#include "balance/balance_priv.h"

#include <errno.h>

static int first_relayout(struct balance *b)
{
	struct tree *by_id = b->state;

	for (unsigned int i = 0; i < b->n_servers; i++) {
		struct balance_server *s = b->servers[i];

		if (!s->in_use)
			tree_remove(by_id, &s->node);
		else if (!tree_contains(&s->node))
			tree_insert(by_id, &s->node, s->id);
	}
	return 0;
}

static struct balance_server *first_pick(struct balance *b, const struct balance_query *q)
{
	return balance_first_free(b->state, q->avoid);
}

static int first_init(struct balance *b)
{
	struct tree *by_id = ARENA_NEW(&b->memory, struct tree);

	if (!by_id)
		return -ENOMEM;
	tree_init(by_id);
	for (unsigned int i = 0; i < b->n_servers; i++)
		b->servers[i]->node = (struct tree_node){.priority = 0};
	b->state = by_id;
	return 0;
}

static const struct balance_algorithm first = {
    .name = "first",
    .help = "the first server by id that has a free slot",
    .dynamic = true,
    .init = first_init,
    .relayout = first_relayout,
    .pick = first_pick,
};
FAMILY_ADD(balance, first);
