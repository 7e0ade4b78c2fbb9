/* SPDX-License-Identifier: MIT */
/*
 * "balance random": draws a few servers by weight and takes the least loaded of them, for its
 * weight. The candidates stand in an array with the running sum of their weights, so a draw is a
 * binary search; hash-balance-factor bounds the load as it does on the ring.
 */
#include "balance/balance.h"
#include "balance/balance_priv.h"

#include <errno.h>

#define DEFAULT_DRAWS 2

struct candidate {
	struct balance_server *server;
	unsigned int before; /* sum of the weights of those in front of it */
};

struct random_state {
	struct candidate *candidates; /* room for all servers */
	unsigned int n;
	unsigned int total; /* of weights */
};

static int random_relayout(struct balance *b)
{
	struct random_state *r = b->state;

	r->n = r->total = 0;
	for (unsigned int i = 0; i < b->n_servers; i++) {
		struct balance_server *s = b->servers[i];

		if (!s->in_use)
			continue;
		r->candidates[r->n++] = (struct candidate){s, r->total};
		r->total += s->weight;
	}
	return 0;
}

/* The last candidate with before <= x. */
static unsigned int find_candidate(const struct random_state *r, unsigned int x)
{
	unsigned int low = 0, high = r->n;

	while (high - low > 1) {
		unsigned int middle = low + (high - low) / 2;

		if (r->candidates[middle].before <= x)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The one at `at`, or the next one behind it that has a free slot, and is within the factor if
 * there is one at all; NULL where only `avoid` is free, or nobody. */
static struct balance_server *free_from(const struct balance *b, unsigned int at,
					const struct balance_server *avoid)
{
	const struct random_state *r = b->state;
	struct balance_server *beyond = NULL;

	for (unsigned int i = 0; i < r->n; i++) {
		const struct candidate *c = &r->candidates[at];

		at = at + 1 < r->n ? at + 1 : 0;
		if (c->server == avoid || balance_is_full(c->server))
			continue;
		if (!b->hash_balance_factor || balance_within_factor(b, c->server, c->before))
			return c->server;
		if (!beyond)
			beyond = c->server;
	}
	return beyond;
}

static bool is_less_loaded(const struct balance_server *a, const struct balance_server *b)
{
	return (uint64_t)balance_served(a) * b->weight < (uint64_t)balance_served(b) * a->weight;
}

static struct balance_server *random_pick(struct balance *b, const struct balance_query *q)
{
	const struct random_state *r = b->state;
	unsigned int draws = b->random_draws ? b->random_draws : DEFAULT_DRAWS;
	struct balance_server *best = NULL;
	struct random source;

	if (r->n == 0)
		return NULL;
	random_init(&source, q->random);
	for (unsigned int i = 0; i < draws; i++) {
		unsigned int at = find_candidate(r, random_below(&source, r->total));
		struct balance_server *s = free_from(b, at, q->avoid);

		if (!s)
			break;
		if (!best || is_less_loaded(s, best))
			best = s;
	}
	if (!best && q->avoid && q->avoid->in_use && !balance_is_full(q->avoid))
		best = b->servers[q->avoid->index];
	return best;
}

static int random_state_init(struct balance *b)
{
	struct random_state *r = ARENA_NEW(&b->memory, struct random_state);

	if (!r)
		return -ENOMEM;
	r->candidates = arena_array(&b->memory, b->n_servers, sizeof(r->candidates[0]));
	if (!r->candidates)
		return -ENOMEM;
	b->state = r;
	return 0;
}

static const struct balance_algorithm random_algorithm = {
    .name = "random",
    .help = "the least loaded of a few drawn at random, by weight",
    .dynamic = true,
    .init = random_state_init,
    .relayout = random_relayout,
    .pick = random_pick,
};
FAMILY_ADD(balance, random_algorithm);
