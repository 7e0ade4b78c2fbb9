/* SPDX-License-Identifier: MIT */
/*
 * What all algorithms have in common: finding one by name, and who takes part. The algorithms read
 * `in_use`, `on_backup` and the sums, which balance_update computes anew each time: a change of
 * state is rare, and one loop is easier to trust than bookkeeping.
 */
#include "balance/balance.h"

#include "balance/balance_priv.h"

#include <errno.h>

const struct balance_algorithm *balance_find(struct span name)
{
	FAMILY_EACH(balance, it) {
		if (span_equal(name, span_of((*it)->name)))
			return *it;
	}
	return NULL;
}

static bool is_ready(const struct balance_server *s)
{
	return s->usable && s->weight > 0;
}

static void count_servers(struct balance *b)
{
	b->n_active = b->n_backup = 0;
	b->weight_active = b->weight_backup = 0;
	for (unsigned int i = 0; i < b->n_servers; i++) {
		const struct balance_server *s = b->servers[i];

		if (!is_ready(s))
			continue;
		if (s->backup) {
			b->n_backup++;
			b->weight_backup += s->weight;
		} else {
			b->n_active++;
			b->weight_active += s->weight;
		}
	}
	b->on_backup = b->n_active == 0 && b->n_backup > 0;
}

static void choose_who_takes_part(struct balance *b)
{
	bool first_only = b->on_backup && !b->all_backups;
	bool found = false;

	for (unsigned int i = 0; i < b->n_servers; i++) {
		struct balance_server *s = b->servers[i];

		s->in_use = is_ready(s) && s->backup == b->on_backup && !(first_only && found);
		found = found || s->in_use;
	}
}

int balance_update(struct balance *b)
{
	count_servers(b);
	choose_who_takes_part(b);
	return b->algorithm->relayout(b);
}

int balance_init(struct balance *b)
{
	int err;

	CHECK(b->algorithm);
	for (unsigned int i = 0; i < b->n_servers; i++)
		b->servers[i]->index = i;
	arena_init(&b->memory, 0, 0);
	err = b->algorithm->init(b);
	if (!err)
		err = balance_update(b);
	if (err)
		balance_fini(b);
	return err;
}

void balance_fini(struct balance *b)
{
	if (b->algorithm->fini && b->state)
		b->algorithm->fini(b);
	b->state = NULL;
	arena_fini(&b->memory);
}

struct balance_server *balance_pick(struct balance *b, const struct balance_query *q)
{
	if (b->n_active == 0 && b->n_backup == 0)
		return NULL;
	return b->algorithm->pick(b, q);
}

void balance_load_changed(struct balance *b, struct balance_server *s)
{
	if (b->hash_balance_factor) {
		/* `counted` is what the sum holds of this server: threads that race leave an error
		 * of one that the next change repairs, never a drift. */
		unsigned int now = balance_served(s);
		unsigned int before =
		    atomic_exchange_explicit(&s->counted, now, memory_order_relaxed);

		atomic_fetch_add_explicit(&b->served, now - before, memory_order_relaxed);
	}
	if (b->algorithm->load_changed)
		b->algorithm->load_changed(b, s);
}

bool balance_within_factor(const struct balance *b, const struct balance_server *s,
			   unsigned int before)
{
	uint64_t served = atomic_load_explicit(&b->served, memory_order_relaxed);
	uint64_t slots = ((served + 1) * b->hash_balance_factor + 99) / 100;
	uint64_t total = b->weight_active;
	uint64_t share, rest;

	if (b->on_backup)
		total = b->all_backups ? b->weight_backup : s->weight;
	if (total == 0)
		return true;
	/* Whole slots per unit of weight, and the remainder cut where the sum of the weights passes
	 * a unit: the shares of all servers add up to `slots` exactly. */
	share = slots / total * s->weight;
	rest = slots % total;
	share += (before + (uint64_t)s->weight) * rest / total - before * rest / total;
	return balance_served(s) < (share ? share : 1);
}

struct balance_server *balance_first_free(const struct tree *servers,
					  const struct balance_server *avoid)
{
	struct balance_server *avoided = NULL;
	struct tree_node *node = tree_first(servers);

	for (; node; node = tree_next(node)) {
		struct balance_server *s = container_of(node, struct balance_server, node);

		if (balance_is_full(s))
			continue;
		if (s != avoid)
			return s;
		avoided = s;
	}
	return avoided;
}
