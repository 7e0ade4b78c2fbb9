/* SPDX-License-Identifier: MIT */
/*
 * "hash-type consistent": each server has as many points on a ring of 2^32 places as its effective
 * weight; a key goes to the server of the point nearest to its hash, before or behind it. So only
 * the keys of a server that comes or goes move. Points follow from the server's id and their number
 * alone, as with haproxy: the same ids give the same places on every machine.
 *
 * A point's tree key is its place, then the server's index. Active servers and backups have a ring
 * each. A key belongs to its server even while that one is full (the request waits for it); passed
 * over are only a server to avoid and, with hash-balance-factor, those beyond their share of load.
 * `position` of a server is the sum of the configured weights of those of its kind before it.
 */
#include "balance/balance.h"
#include "balance/balance_priv.h"

#include "base/hash.h"

#include <errno.h>

#define POINTS_PER_ID (256 * BALANCE_WEIGHT_SCALE) /* numbers set aside for one server's points */

struct ring {
	struct arena memory; /* holds the points of all servers */
	struct tree trees[2];
	unsigned int *room; /* by index of the server: points it has memory for */
	/* Where the last request without a key went, and on which ring: the next one goes behind.
	 */
	const struct tree *last_tree; /* NULL: the next one starts at the first point */
	uint64_t last;
};

static uint64_t point_key(const struct balance_server *s, unsigned int number)
{
	uint32_t place = hash_avalanche((uint32_t)(s->id * POINTS_PER_ID + number));

	return (uint64_t)place << 32 | s->index;
}

static uint32_t place_of(const struct tree_node *point)
{
	return (uint32_t)(point->key >> 32);
}

static struct balance_server *server_of(const struct balance *b, const struct tree_node *point)
{
	return b->servers[point->key & UINT32_MAX];
}

/* Gives the server its first n points, and takes away those beyond. */
static void set_points(struct ring *r, struct balance_server *s, unsigned int n)
{
	struct tree *t = &r->trees[s->backup];

	while (s->n_points > n)
		tree_remove(t, &s->points[--s->n_points]);
	for (; s->n_points < n; s->n_points++)
		tree_insert(t, &s->points[s->n_points], point_key(s, s->n_points));
}

static unsigned int points_wanted(const struct balance *b, const struct balance_server *s)
{
	return balance_is_ready(b, s) ? s->weight : 0;
}

/* Room for the heaviest of what a server has, wants now and was configured for. */
static unsigned int room_wanted(const struct balance *b, const struct balance_server *s)
{
	const struct ring *r = b->state;
	unsigned int n = r->room[s->index];

	if (n < s->weight_start)
		n = s->weight_start;
	if (n < points_wanted(b, s))
		n = points_wanted(b, s);
	return n;
}

static bool must_grow(const struct balance *b, const struct balance_server *s)
{
	const struct ring *r = b->state;

	return room_wanted(b, s) > r->room[s->index];
}

static bool has_room(const struct balance *b)
{
	for (unsigned int i = 0; i < b->n_servers; i++) {
		if (must_grow(b, b->servers[i]))
			return false;
	}
	return true;
}

/* Where the last point has gone (or goes, because its server needs new memory), the next one
 * counts as visited in its stead, as with haproxy. */
static void keep_last(const struct balance *b, const struct tree *t)
{
	struct ring *r = b->state;
	struct tree_node *point = r->last_tree == t ? tree_lower_bound(t, r->last) : NULL;

	while (point && must_grow(b, server_of(b, point)))
		point = tree_next(point);
	r->last_tree = point ? t : NULL;
	r->last = point ? point->key : 0;
}

/* Moves all servers' points to larger memory, taking them off the ring. A weight seldom grows past
 * what was configured, so this may cost a whole new ring. */
static int make_room(struct balance *b)
{
	struct ring *r = b->state;
	struct arena memory;
	struct tree_node *points;
	size_t total = 0;

	for (unsigned int i = 0; i < b->n_servers; i++)
		total += room_wanted(b, b->servers[i]);
	arena_init(&memory, 0, 0);
	points = arena_array(&memory, total, sizeof(*points));
	if (!points)
		return -ENOMEM;
	keep_last(b, &r->trees[b->on_backup]);
	for (unsigned int i = 0; i < b->n_servers; i++) {
		struct balance_server *s = b->servers[i];

		r->room[i] = room_wanted(b, s);
		s->points = points;
		s->n_points = 0;
		points += r->room[i];
	}
	tree_init(&r->trees[0]);
	tree_init(&r->trees[1]);
	arena_fini(&r->memory);
	r->memory = memory;
	return 0;
}

static int hash_ring_relayout(struct balance *b)
{
	struct ring *r = b->state;

	if (!has_room(b) && make_room(b))
		return -ENOMEM;
	for (unsigned int i = 0; i < b->n_servers; i++) {
		struct balance_server *s = b->servers[i];

		set_points(r, s, points_wanted(b, s));
	}
	keep_last(b, &r->trees[b->on_backup]);
	return 0;
}

/* The first point at or behind `key`, going round. */
static struct tree_node *point_from(const struct tree *t, uint64_t key)
{
	struct tree_node *point = tree_lower_bound(t, key);

	return point ? point : tree_first(t);
}

static struct tree_node *point_after(const struct tree *t, const struct tree_node *point)
{
	struct tree_node *next = tree_next(point);

	return next ? next : tree_first(t);
}

/* The point nearest to the hash, either way round; the one before it where both are as near. */
static struct tree_node *nearest_point(const struct tree *t, uint32_t hash)
{
	struct tree_node *next = point_from(t, (uint64_t)hash << 32);
	struct tree_node *prev = tree_prev(next);

	if (!prev)
		prev = tree_last(t);
	return (uint32_t)(hash - place_of(prev)) <= (uint32_t)(place_of(next) - hash) ? prev : next;
}

static bool is_eligible(const struct balance *b, const struct balance_server *s)
{
	if (!b->hash_balance_factor)
		return true;
	return balance_within_factor(b, s,
				     b->all_backups || !s->backup ? (unsigned int)s->position : 0);
}

/* Where the request has no key: the owners of the ring's points in turn, free ones only. */
static struct balance_server *next_on_ring(struct balance *b, const struct balance_query *q)
{
	struct ring *r = b->state;
	const struct tree *t = &r->trees[b->on_backup];
	struct balance_server *avoided = NULL;
	struct tree_node *point = point_from(t, r->last_tree ? r->last + 1 : 0), *start = point;

	if (!point)
		return NULL;
	do {
		struct balance_server *s = server_of(b, point);

		if (s->in_use && !balance_is_full(s)) {
			if (s != q->avoid) {
				r->last_tree = t;
				r->last = point->key;
				return s;
			}
			avoided = s;
		}
		point = point_after(t, point);
	} while (point != start);
	return avoided;
}

static struct balance_server *hash_ring_pick(struct balance *b, const struct balance_query *q)
{
	struct ring *r = b->state;
	const struct tree *t = &r->trees[b->on_backup];
	struct balance_server *second = NULL, *last = NULL;
	struct tree_node *point, *start;

	if (q->keyless)
		return next_on_ring(b, q);
	if (!tree_first(t))
		return NULL;
	point = start = nearest_point(t, q->hash);
	do {
		struct balance_server *s = server_of(b, point);

		if (s->in_use && s != q->avoid) {
			if (is_eligible(b, s))
				return s;
			second = second ? second : s;
		} else if (s->in_use) {
			last = s;
		}
		point = point_after(t, point);
	} while (point != start);
	return second ? second : last;
}

static int hash_ring_init(struct balance *b)
{
	struct ring *r = ARENA_NEW(&b->memory, struct ring);
	unsigned int before[2] = {0, 0};

	if (!r)
		return -ENOMEM;
	r->room = arena_array(&b->memory, b->n_servers, sizeof(r->room[0]));
	if (!r->room)
		return -ENOMEM;
	arena_init(&r->memory, 0, 0);
	tree_init(&r->trees[0]);
	tree_init(&r->trees[1]);
	for (unsigned int i = 0; i < b->n_servers; i++) {
		struct balance_server *s = b->servers[i];

		s->points = NULL;
		s->n_points = 0;
		s->position = before[s->backup];
		before[s->backup] += s->weight_start;
	}
	b->state = r;
	return 0;
}

static void hash_ring_fini(struct balance *b)
{
	struct ring *r = b->state;

	arena_fini(&r->memory);
}

static const struct balance_algorithm hash_ring = {
    .name = "hash-ring",
    .help = "hash-type consistent: the server nearest to a key's hash on a ring",
    .needs_hash = true,
    .dynamic = true,
    .init = hash_ring_init,
    .fini = hash_ring_fini,
    .relayout = hash_ring_relayout,
    .pick = hash_ring_pick,
};
FAMILY_ADD(balance, hash_ring);
