/* SPDX-License-Identifier: MIT */
/*
 * "balance roundrobin": each server in turn by its weight, which may change at any time. The order
 * of picks is haproxy's. Time is counted in slots, one per pick. A turn has as many slots as the
 * weights add up to; a server is due every (turn / weight) slots, and the remainders of that
 * division are carried along, so that over a turn each server gets its exact share.
 *     due     servers with a slot left in this turn, in the order of these slots
 *     fresh   servers not yet seen in this turn, heaviest first: they fill slots nobody is due at
 *     later   servers whose next slot lies beyond this turn: they are fresh in the next one
 * Active servers and backups have a group each. A pick costs O(log n), and as much again for each
 * full server passed over. Nothing is allocated after init.
 */
#include "balance/balance.h"
#include "balance/balance_priv.h"

#include <errno.h>

struct seat {
	struct tree *in;              /* NULL: takes no part */
	unsigned int weight;          /* in force in its group */
	unsigned int remainder;       /* carried from the division, in 1/weight of a slot */
	int64_t last, next;           /* slots: had, due */
	struct balance_server *aside; /* the next one of those a pick passed over */
};

struct group {
	struct tree due;
	struct tree waiting[2];
	struct tree *fresh, *later; /* the two of `waiting`, changing places at each turn */
	int64_t slot;               /* now */
	int64_t turn;               /* length of this turn */
	int64_t total;              /* sum of the weights: length of the next turn */
};

struct round_robin {
	struct group groups[2]; /* active servers, backups */
	struct seat *seats;     /* by index of the server */
};

static struct seat *seat_of(struct round_robin *rr, const struct balance_server *s)
{
	return &rr->seats[s->index];
}

static struct balance_server *server_at(struct tree_node *node)
{
	return node ? container_of(node, struct balance_server, node) : NULL;
}

static void leave(struct round_robin *rr, struct balance_server *s)
{
	struct seat *seat = seat_of(rr, s);

	if (seat->in)
		tree_remove(seat->in, &s->node);
	seat->in = NULL;
}

static void wait_in(struct round_robin *rr, struct tree *t, struct balance_server *s)
{
	struct seat *seat = seat_of(rr, s);

	tree_insert(t, &s->node, UINT32_MAX - seat->weight);
	seat->in = t;
}

/* Among servers due at one slot goes first who is farther behind: the least (remainder - weight),
 * in whole user weights as haproxy compares them. The remainder of a server back with a far lower
 * weight may exceed that weight: then it comes a slot or more later, here as there. */
static uint64_t due_key(const struct seat *seat)
{
	uint64_t behind = BALANCE_WEIGHT_SCALE * 256 + seat->remainder - seat->weight;

	return (uint64_t)seat->next * 256 + behind / BALANCE_WEIGHT_SCALE;
}

/* Sorts in a server that is in no tree by its `next` slot. */
static void enter(struct round_robin *rr, struct group *g, struct balance_server *s)
{
	struct seat *seat = seat_of(rr, s);

	if (seat->next >= 2 * g->turn || seat->next >= g->turn + g->total) {
		seat->next -= g->turn;
		wait_in(rr, g->later, s);
		return;
	}
	tree_insert(&g->due, &s->node, due_key(seat));
	seat->in = &g->due;
}

static void start_turn(struct group *g)
{
	struct tree *fresh = g->later;

	g->later = g->fresh;
	g->fresh = fresh;
	g->turn = g->slot = g->total;
}

/* Who should have this slot: one that is due, else a fresh one, else the one due soonest. */
static struct balance_server *next_in_turn(struct round_robin *rr, struct group *g)
{
	struct balance_server *due = server_at(tree_first(&g->due));
	struct balance_server *fresh;

	if (due && seat_of(rr, due)->next <= g->slot)
		return due;
	fresh = server_at(tree_first(g->fresh));
	if (!fresh)
		return due;
	seat_of(rr, fresh)->next = 0;
	seat_of(rr, fresh)->remainder = 0;
	return fresh;
}

/* The server has had its slot (or was passed over at it). */
static void advance(struct group *g, struct seat *seat)
{
	if (seat->next == 0)
		seat->next = g->slot;
	seat->last = seat->next;
	seat->next += g->total / seat->weight;
	seat->remainder += (unsigned int)(g->total % seat->weight);
	if (seat->remainder >= seat->weight) {
		seat->remainder -= seat->weight;
		seat->next++;
	}
}

struct draw {
	const struct balance_server *avoid;
	struct balance_server *aside; /* those passed over, the latest first */
	bool new_turn;                /* a new turn had to be started */
};

/* Takes servers out of their trees until one fits. */
static struct balance_server *draw_server(struct round_robin *rr, struct group *g, struct draw *d)
{
	struct balance_server *avoided = NULL, *s;

	for (;;) {
		s = next_in_turn(rr, g);
		if (!s && d->new_turn)
			return avoided;
		if (!s) {
			start_turn(g);
			d->new_turn = true;
			continue;
		}
		advance(g, seat_of(rr, s));
		leave(rr, s);
		g->slot++;
		if (!balance_is_full(s)) {
			if (s != d->avoid)
				return s;
			avoided = s;
		}
		seat_of(rr, s)->aside = d->aside;
		d->aside = s;
	}
}

/* Those passed over go back where their next slot is; but where a new turn began meanwhile they are
 * fresh in it, or they would miss a whole turn. */
static void return_aside(struct round_robin *rr, struct group *g, const struct draw *d,
			 const struct balance_server *picked)
{
	for (struct balance_server *s = d->aside; s; s = seat_of(rr, s)->aside) {
		if (s == picked)
			continue;
		if (d->new_turn)
			wait_in(rr, g->fresh, s);
		else
			enter(rr, g, s);
	}
}

static struct balance_server *round_robin_pick(struct balance *b, const struct balance_query *q)
{
	struct round_robin *rr = b->state;
	struct group *g = &rr->groups[b->on_backup];
	struct draw d = {.avoid = q->avoid};
	struct balance_server *picked;

	if (g->turn == 0)
		g->turn = g->slot = g->total;
	picked = draw_server(rr, g, &d);
	if (picked)
		enter(rr, g, picked);
	return_aside(rr, g, &d, picked);
	return picked;
}

/* A server (back) in the group waits for about its share of the turn: many that come up at once
 * are not all picked at once. */
static void come_up(struct round_robin *rr, struct group *g, struct balance_server *s)
{
	struct seat *seat = seat_of(rr, s);

	seat->weight = s->weight;
	g->total += seat->weight;
	seat->next = g->slot + (g->total + g->turn - g->slot) / seat->weight;
	enter(rr, g, s);
}

static void go_down(struct round_robin *rr, struct group *g, struct balance_server *s)
{
	g->total -= seat_of(rr, s)->weight;
	leave(rr, s);
}

/* A heavier server moves forward in its turn, a lighter one keeps the slot it was promised. */
static void change_weight(struct round_robin *rr, struct group *g, struct balance_server *s)
{
	struct seat *seat = seat_of(rr, s);
	struct tree *in = seat->in;
	int64_t promised, step;

	leave(rr, s);
	g->total += (int64_t)s->weight - seat->weight;
	seat->weight = s->weight;
	if (in == g->fresh) {
		wait_in(rr, in, s);
		return;
	}
	promised = in == g->later ? seat->next + g->turn : seat->next;
	step = g->total / seat->weight;
	seat->next = seat->last + step;
	seat->remainder = 0;
	if (seat->next > promised)
		seat->next = promised;
	if (seat->next < g->slot + 2)
		seat->next = g->slot + step;
	enter(rr, g, s);
}

static int round_robin_relayout(struct balance *b)
{
	struct round_robin *rr = b->state;

	for (unsigned int i = 0; i < b->n_servers; i++) {
		struct balance_server *s = b->servers[i];
		struct seat *seat = seat_of(rr, s);
		struct group *g = &rr->groups[s->backup];
		bool ready = balance_is_ready(b, s);

		if (!ready && seat->in)
			go_down(rr, g, s);
		else if (ready && !seat->in)
			come_up(rr, g, s);
		else if (ready && seat->weight != s->weight)
			change_weight(rr, g, s);
	}
	return 0;
}

/* Those that are up at the start are all fresh: the first picks take each of them once. */
static int round_robin_init(struct balance *b)
{
	struct round_robin *rr = ARENA_NEW(&b->memory, struct round_robin);

	if (!rr)
		return -ENOMEM;
	rr->seats = arena_array(&b->memory, b->n_servers, sizeof(rr->seats[0]));
	if (!rr->seats)
		return -ENOMEM;
	for (unsigned int i = 0; i < 2; i++) {
		struct group *g = &rr->groups[i];

		tree_init(&g->due);
		tree_init(&g->waiting[0]);
		tree_init(&g->waiting[1]);
		g->fresh = &g->waiting[0];
		g->later = &g->waiting[1];
	}
	for (unsigned int i = 0; i < b->n_servers; i++) {
		struct balance_server *s = b->servers[i];
		struct group *g = &rr->groups[s->backup];

		s->node = (struct tree_node){.priority = 0};
		if (!s->usable || s->weight == 0)
			continue;
		rr->seats[i].weight = s->weight;
		g->total += s->weight;
		g->turn = g->slot = g->total;
		wait_in(rr, g->fresh, s);
	}
	b->state = rr;
	return 0;
}

static const struct balance_algorithm round_robin = {
    .name = "roundrobin",
    .help = "each server in turn, by weight; weights may change at any time",
    .dynamic = true,
    .init = round_robin_init,
    .relayout = round_robin_relayout,
    .pick = round_robin_pick,
};
FAMILY_ADD(balance, round_robin);
