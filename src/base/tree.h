/* SPDX-License-Identifier: MIT */
/*
 * An intrusive ordered tree (balanced; insert, remove and look-up in O(log n)) keyed by 64-bit
 * numbers. Equal keys keep their order of insertion. Used where the next larger key matters: least
 * connections, the hash ring, table expiry.
 */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree_node {
	struct tree_node *parent, *left, *right;
	uint64_t key;
	uint32_t priority; /* balance; 0 while not in a tree */
};

struct tree {
	struct tree_node *root;
	uint32_t seed; /* state of the private balance sequence */
};

void tree_init(struct tree *t);
void tree_insert(struct tree *t, struct tree_node *node, uint64_t key);
/* Harmless where the node is not in a tree. */
void tree_remove(struct tree *t, struct tree_node *node);
static inline bool tree_contains(const struct tree_node *node)
{
	return node->priority != 0;
}
/* All return NULL where there is none. */
struct tree_node *tree_first(const struct tree *t);
struct tree_node *tree_last(const struct tree *t);
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_prev(const struct tree_node *node);
/* The first node with key >= `key`. */
struct tree_node *tree_lower_bound(const struct tree *t, uint64_t key);

#endif
