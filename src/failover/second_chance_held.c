/* SPDX-License-Identifier: MIT */
/*
 * Which connections are still here although their address has gone: the kernel is asked (sock_diag)
 * when it goes, and again and again until there are none. All that were ever seen make the list
 * that the new owner gets: the address being elsewhere, hardly any can come.
 */
#include "failover/second_chance.h"
#include "failover/second_chance_priv.h"

#include "base/hash.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 100 /* for a few connections; for many, longer: */
#define PER_MS 50    /* so many a millisecond: counting costs a few percent of a CPU at most */
#define SLOTS_AT_FIRST 256

/* ---- the set */

static uint64_t hash_of(const struct pair_tuple *t)
{
	uint8_t bytes[2 * (16 + 2)];

	memcpy(bytes, t->client.ip, 16);
	memcpy(bytes + 16, t->address.ip, 16);
	memcpy(bytes + 32, &t->client.port, 2);
	memcpy(bytes + 34, &t->address.port, 2);
	return hash_bytes(span_make(bytes, sizeof(bytes)), 0);
}

static bool same_end(const struct inet *a, const struct inet *b)
{
	return a->port == b->port && inet_equal_ip(a, b);
}

static uint32_t *find_slot(const struct chance_set *set, const struct pair_tuple *t)
{
	uint32_t mask = set->n_slots - 1, at = (uint32_t)hash_of(t) & mask;

	for (; set->slots[at]; at = (at + 1) & mask) {
		const struct pair_tuple *u = &set->tuples[set->slots[at] - 1];

		if (same_end(&u->client, &t->client) && same_end(&u->address, &t->address))
			break;
	}
	return &set->slots[at];
}

static bool grow(struct chance_set *set)
{
	uint32_t n_slots = set->n_slots ? 2 * set->n_slots : SLOTS_AT_FIRST;
	struct pair_tuple *tuples = realloc(set->tuples, n_slots / 2 * sizeof(*tuples));
	uint32_t *slots = calloc(n_slots, sizeof(*slots));

	if (tuples)
		set->tuples = tuples;
	if (!tuples || !slots) {
		free(slots);
		return false;
	}
	free(set->slots);
	set->slots = slots;
	set->n_slots = n_slots;
	set->room = n_slots / 2;
	for (uint32_t n = 0; n < set->n; n++)
		*find_slot(set, &set->tuples[n]) = n + 1;
	return true;
}

/* False where there is no room. */
static bool add(struct chance_set *set, const struct pair_tuple *t)
{
	uint32_t *slot;

	if (set->n >= set->room && (set->n >= CHANCE_MAX_HELD || !grow(set)))
		return false;
	slot = find_slot(set, t);
	if (*slot)
		return true;
	set->tuples[set->n++] = *t;
	*slot = set->n;
	return true;
}

void chance_set_clear(struct chance_set *set)
{
	free(set->tuples);
	free(set->slots);
	*set = (struct chance_set){0};
}

/* ---- asking */

/* A connection of this machine with itself goes nowhere. */
static void on_connection(void *user, const struct sock_diag_socket *socket)
{
	const struct second_chance *s = user;
	const struct pair_tuple t = {.client = socket->remote, .address = socket->local};
	const struct inet *local = &socket->local;
	struct list *node;

	if (inet_equal_ip(local, &socket->remote))
		return;
	LIST_EACH(node, &s->chances) {
		struct chance *c = LIST_ENTRY(node, struct chance, link);

		if (c->owned || !chance_has_address(c, local))
			continue;
		c->counting++;
		c->counting_idle += socket->state == TCP_FIN_WAIT2;
		if (local->family != c->instance->conf->family || !add(&c->set, &t))
			c->unlisted = true;
	}
}

static void say_count(const struct chance *c, uint32_t before, bool first)
{
	if (first && c->served)
		chance_log(c, LOG_LEVEL_INFO, "still serves %u connections", c->served);
	else if (before && !c->served)
		chance_log(c, LOG_LEVEL_INFO, "serves no connection any more");
}

static void take_count(struct chance *c)
{
	uint32_t before = c->held, served_before = c->served;
	bool first = !c->counted;

	c->held = c->counting;
	c->served = c->held - c->counting_idle;
	c->counted = true;
	say_count(c, served_before, first);
	if (c->held == 0 || c->unlisted) {
		c->offered = 0;
	} else if (!c->offered || c->offered_n != c->set.n) {
		c->offered = ++c->owner->lists;
		c->offered_n = c->set.n;
	}
	if (c->held == 0)
		chance_set_clear(&c->set);
	if (first || c->held != before)
		chance_say_state(c);
}

/* Until all have gone; longer pauses where there are many. */
static void ask_again(struct second_chance *s)
{
	struct list *node;
	uint32_t most = 0, pause;

	LIST_EACH(node, &s->chances) {
		const struct chance *c = LIST_ENTRY(node, struct chance, link);

		if (!c->owned && c->held > most)
			most = c->held;
	}
	pause = most / PER_MS > AGAIN_MS ? most / PER_MS : AGAIN_MS;
	if (most)
		timer_set(&s->f->loop.wheel, &s->count, s->f->loop.now_ms + pause);
}

static void finish(struct second_chance *s, bool known)
{
	struct list *node;

	s->asking = false;
	LIST_EACH(node, &s->chances) {
		struct chance *c = LIST_ENTRY(node, struct chance, link);

		if (!c->owned && known)
			take_count(c);
		status_write(c->instance);
	}
	chance_note_held(s);
	task_queue(&s->f->loop, &s->tell);
	ask_again(s);
}

static void on_answer(struct io *io)
{
	struct second_chance *s = container_of(io, struct second_chance, diag_io);
	int result = sock_diag_read(s->diag, on_connection, s);

	if (result == 0 || !s->asking)
		return;
	if (result < 0)
		failover_log(s->f, LOG_LEVEL_WARNING,
			     "second chance: connections cannot be counted: %s", strerror(-result));
	finish(s, result > 0);
}

/* A new descriptor may take the place of one whose question failed. */
static bool watch_answers(struct second_chance *s)
{
	static const struct io_handler handler = {.name = "sock_diag", .on_ready = on_answer};

	if (s->diag_io.loop && s->diag_io.fd == sock_diag_fd(s->diag))
		return true;
	if (s->diag_io.loop)
		io_detach(&s->diag_io);
	io_init(&s->diag_io, &s->f->loop, sock_diag_fd(s->diag), &handler);
	return io_watch(&s->diag_io) == 0;
}

void chance_count(struct second_chance *s)
{
	struct list *node;

	LIST_EACH(node, &s->chances) {
		struct chance *c = LIST_ENTRY(node, struct chance, link);

		c->counting = c->counting_idle = 0;
		c->unlisted = false;
	}
	timer_stop(&s->f->loop.wheel, &s->count);
	s->asking = s->diag && sock_diag_ask(s->diag) == 0 && watch_answers(s);
	if (s->diag && !s->asking)
		timer_set(&s->f->loop.wheel, &s->count, s->f->loop.now_ms + AGAIN_MS);
}

static void on_count(struct timer *t, uint64_t now_ms)
{
	(void)now_ms;
	chance_count(container_of(t, struct second_chance, count));
}

void chance_held_init(struct second_chance *s)
{
	int error = 0;

	timer_init(&s->count, on_count);
	s->diag = sock_diag_new(&error);
	if (!s->diag)
		failover_log(s->f, LOG_LEVEL_WARNING,
			     "second chance: connections cannot be counted here: %s",
			     strerror(-error));
}

void chance_held_fini(struct second_chance *s)
{
	timer_stop(&s->f->loop.wheel, &s->count);
	if (s->diag_io.loop)
		io_detach(&s->diag_io);
	sock_diag_free(s->diag);
}
