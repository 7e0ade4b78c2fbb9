/* SPDX-License-Identifier: MIT */
/*
 * The layout of the static map. Each server has earned (place * weight / total) places by a given
 * place, in whole numbers, and has had some; the place goes to the first server, in the order of
 * the configuration, among those that are owed most. So the first place is always the first
 * server's, and equal weights simply alternate.
 *
 * Only the whole numbers matter, so each server is looked at just when it earns its next place:
 * two trees make that O(places * log servers).
 */
#include "balance/server_map.h"

#include "balance/balance_priv.h"

#include <errno.h>

/* A server while the map is laid. */
struct claim {
	struct balance_server *server;
	struct tree_node earns; /* by the place at which it earns its next one */
	struct tree_node owed;  /* by what it is owed, most first, then by order */
	unsigned int weight;    /* its number of places */
	unsigned int earned, had;
};

struct layout {
	struct claim *claims;
	unsigned int n;
	unsigned int total; /* of weights */
	struct tree earns, owed;
};

static unsigned int common_divisor(const struct balance *b)
{
	unsigned int divisor = 0;

	for (unsigned int i = 0; i < b->n_servers; i++) {
		unsigned int x = b->servers[i]->weight_start;

		while (x) {
			unsigned int rest = divisor % x;

			divisor = x;
			x = rest;
		}
	}
	return divisor ? divisor : 1;
}

/* A server is owed -1 (had one in advance) to +2 places. */
static uint64_t owed_key(const struct claim *c, unsigned int order)
{
	return (uint64_t)(UINT16_MAX + c->had - c->earned) << 32 | order;
}

/* The place at which it has earned one more. */
static uint64_t next_earned(const struct layout *l, const struct claim *c)
{
	return (((uint64_t)c->earned + 1) * l->total + c->weight - 1) / c->weight;
}

static bool collect_claims(struct layout *l, const struct balance *b, struct arena *scratch)
{
	unsigned int divisor = common_divisor(b);

	*l = (struct layout){.claims = arena_array(scratch, b->n_servers, sizeof(l->claims[0]))};
	if (!l->claims)
		return false;
	for (unsigned int i = 0; i < b->n_servers; i++) {
		struct balance_server *s = b->servers[i];
		unsigned int weight = s->weight_start ? s->weight_start : s->weight;
		struct claim *c = &l->claims[l->n];

		if (!s->in_use)
			continue;
		c->server = s;
		c->weight = weight / divisor ? weight / divisor : 1;
		l->total += c->weight;
		l->n++;
	}
	return true;
}

static void earn(struct layout *l, uint64_t place)
{
	struct tree_node *node;

	while ((node = tree_first(&l->earns)) && node->key <= place) {
		struct claim *c = container_of(node, struct claim, earns);

		c->earned++;
		tree_remove(&l->earns, &c->earns);
		tree_insert(&l->earns, &c->earns, next_earned(l, c));
		tree_remove(&l->owed, &c->owed);
		tree_insert(&l->owed, &c->owed, owed_key(c, (unsigned int)(c - l->claims)));
	}
}

static void lay(struct layout *l, struct balance_server **places)
{
	tree_init(&l->earns);
	tree_init(&l->owed);
	for (unsigned int i = 0; i < l->n; i++) {
		struct claim *c = &l->claims[i];

		tree_insert(&l->earns, &c->earns, next_earned(l, c));
		tree_insert(&l->owed, &c->owed, owed_key(c, i));
	}
	for (unsigned int place = 0; place < l->total; place++) {
		struct claim *c;

		earn(l, (uint64_t)place + 1);
		c = container_of(tree_first(&l->owed), struct claim, owed);
		places[place] = c->server;
		c->had++;
		tree_remove(&l->owed, &c->owed);
		tree_insert(&l->owed, &c->owed, owed_key(c, (unsigned int)(c - l->claims)));
	}
}

int server_map_relayout(struct balance *b)
{
	struct server_map *m = b->state;
	struct server_map new = {.cursor = m->cursor};
	struct arena scratch;
	struct layout l;
	int err = -ENOMEM;

	arena_init(&scratch, 0, 0);
	arena_init(&new.memory, 0, 0);
	if (!collect_claims(&l, b, &scratch))
		goto out;
	new.n = l.total;
	new.places = arena_array(&new.memory, new.n, sizeof(struct balance_server *));
	if (!new.places)
		goto out;
	lay(&l, new.places);
	arena_fini(&m->memory);
	*m = new;
	err = 0;
out:
	arena_fini(&scratch);
	return err;
}

int server_map_init(struct balance *b)
{
	struct server_map *m = ARENA_NEW(&b->memory, struct server_map);

	if (!m)
		return -ENOMEM;
	arena_init(&m->memory, 0, 0);
	b->state = m;
	return 0;
}

void server_map_fini(struct balance *b)
{
	struct server_map *m = b->state;

	arena_fini(&m->memory);
}

struct balance_server *server_map_next(struct balance *b, const struct balance_query *q)
{
	struct server_map *m = b->state;
	struct balance_server *avoided = NULL;
	unsigned int at = m->cursor < m->n ? m->cursor : 0;

	for (unsigned int i = 0; i < m->n; i++) {
		struct balance_server *s = m->places[at];

		at++;
		if (s->in_use && !balance_is_full(s)) {
			if (s != q->avoid) {
				m->cursor = at;
				return s;
			}
			avoided = s;
		}
		at = at < m->n ? at : 0;
	}
	return avoided;
}
