/* SPDX-License-Identifier: MIT */
/*
 * Intrusive doubly linked lists. A head and a free-standing node point to themselves, so that
 * removing twice is harmless.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define LIST_ENTRY(node, type, member) container_of(node, type, member)

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_insert_after(struct list *at, struct list *node)
{
	node->next = at->next;
	node->prev = at;
	at->next->prev = node;
	at->next = node;
}

static inline void list_append(struct list *head, struct list *node)
{
	list_insert_after(head->prev, node);
}

static inline void list_prepend(struct list *head, struct list *node)
{
	list_insert_after(head, node);
}

static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* The first node, removed, or NULL. */
static inline struct list *list_pop(struct list *head)
{
	struct list *node = head->next;

	if (node == head)
		return NULL;
	list_remove(node);
	return node;
}

/* Walks while nodes other than the next may be removed: `node` and `tmp` are struct list pointers.
 */
#define LIST_EACH_SAFE(node, tmp, head)                                                            \
	for (node = (head)->next, tmp = node->next; node != (head); node = tmp, tmp = node->next)
#define LIST_EACH(node, head) for (node = (head)->next; node != (head); node = node->next)

#endif
