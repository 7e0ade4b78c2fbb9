/* SPDX-License-Identifier: MIT */
/*
 * The wait queues of a backend and its servers: a tree each. A key holds class and due time; equal
 * keys stay in order of arrival within a queue, and the arrival number decides between two queues.
 */
#include "balance/queue.h"

#include "balance/balance.h"

#define TIME_BITS 52

void queue_init(struct queue *q, struct balance_server *server, struct queue *backend,
		unsigned int max)
{
	*q = (struct queue){.server = server, .backend = backend, .max = max};
	tree_init(&q->waiting);
}

void queue_entry_init(struct queue_entry *e)
{
	*e = (struct queue_entry){.queue = NULL};
}

/* x, cut to -limit .. limit, as a number from 0 up. */
static uint64_t above_limit(int x, int limit)
{
	if (x > limit)
		x = limit;
	if (x < -limit)
		x = -limit;
	return (uint64_t)((int64_t)x + limit);
}

static uint64_t make_key(const struct queue_priority *priority, uint64_t now_ms)
{
	uint64_t class = above_limit(priority->class, QUEUE_CLASS_MAX);
	uint64_t due = now_ms + above_limit(priority->offset_ms, QUEUE_OFFSET_MAX_MS);

	return class << TIME_BITS | (due & ((UINT64_C(1) << TIME_BITS) - 1));
}

static void set_length(struct queue *q, unsigned int length)
{
	q->length = length;
	if (q->server)
		atomic_store_explicit(&q->server->queued, length, memory_order_relaxed);
}

enum queue_result queue_join(struct queue *q, struct queue_entry *e,
			     const struct queue_priority *priority, uint64_t now_ms)
{
	struct queue *numbered = q->backend ? q->backend : q;

	CHECK(!e->queue);
	if (q->max && q->length >= q->max)
		return QUEUE_FULL;
	e->queue = q;
	e->arrival = numbered->arrivals++;
	e->served = q->served;
	e->position = 0;
	tree_insert(&q->waiting, &e->node, make_key(priority, now_ms));
	set_length(q, q->length + 1);
	return QUEUE_JOINED;
}

void queue_leave(struct queue_entry *e)
{
	struct queue *q = e->queue;

	if (!q)
		return;
	tree_remove(&q->waiting, &e->node);
	set_length(q, q->length - 1);
	e->position = (unsigned int)(q->served - e->served);
	e->queue = NULL;
}

static struct queue_entry *first_of(const struct queue *q)
{
	struct tree_node *node = q ? tree_first(&q->waiting) : NULL;

	return node ? container_of(node, struct queue_entry, node) : NULL;
}

static bool goes_before(const struct queue_entry *a, const struct queue_entry *b)
{
	if (a->node.key != b->node.key)
		return a->node.key < b->node.key;
	return a->arrival < b->arrival;
}

struct queue_entry *queue_next(struct queue *own, struct queue *backend)
{
	struct queue_entry *e = first_of(own), *other = first_of(backend);
	struct queue *q;

	if (!e || (other && goes_before(other, e)))
		e = other;
	if (!e)
		return NULL;
	q = e->queue;
	queue_leave(e);
	q->served++;
	return e;
}

struct queue_entry *queue_evict(struct queue *q)
{
	struct queue_entry *e = first_of(q);

	if (e)
		queue_leave(e);
	return e;
}

unsigned int queue_server_limit(const struct queue_limit *l, unsigned int load,
				unsigned int warm_percent)
{
	uint64_t limit = l->maxconn > l->minconn ? l->maxconn : l->minconn;

	if (!limit)
		return 0;
	if (l->minconn && l->minconn < limit && load < l->fullconn) {
		limit = load * limit / l->fullconn;
		if (limit < l->minconn)
			limit = l->minconn;
	}
	if (warm_percent < 100)
		limit = limit * warm_percent / 100;
	return limit ? (unsigned int)limit : 1;
}
