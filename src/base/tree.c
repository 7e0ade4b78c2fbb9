/* SPDX-License-Identifier: MIT */
/*
 * A treap: a search tree by key that is at the same time a heap by a random priority, which keeps
 * it balanced without any bookkeeping. Parent pointers let a node be removed, and its neighbours be
 * found, without the tree or its key. Invariants: left <= node <= right in key order, equal keys in
 * order of insertion; a parent's priority >= its children's.
 */
#include "base/tree.h"

void tree_init(struct tree *t)
{
	*t = (struct tree){.root = NULL, .seed = 0x9e3779b9};
}

/* xorshift32 (Marsaglia): never 0. */
static uint32_t next_priority(struct tree *t)
{
	uint32_t x = t->seed;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	t->seed = x;
	return x;
}

/* Puts `child` (or NULL) in the place that `node` has below `parent`. */
static void replace_child(struct tree *t, struct tree_node *parent, const struct tree_node *node,
			  struct tree_node *child)
{
	if (!parent)
		t->root = child;
	else if (parent->left == node)
		parent->left = child;
	else
		parent->right = child;
	if (child)
		child->parent = parent;
}

/* Moves `node` above its parent; the order of keys stays. */
static void rotate_up(struct tree *t, struct tree_node *node)
{
	struct tree_node *parent = node->parent;
	struct tree_node *moved;

	replace_child(t, parent->parent, parent, node);
	if (parent->left == node) {
		moved = node->right;
		node->right = parent;
		parent->left = moved;
	} else {
		moved = node->left;
		node->left = parent;
		parent->right = moved;
	}
	if (moved)
		moved->parent = parent;
	parent->parent = node;
}

void tree_insert(struct tree *t, struct tree_node *node, uint64_t key)
{
	struct tree_node *parent = NULL, **place = &t->root;

	CHECK(!tree_contains(node));
	while (*place) {
		parent = *place;
		place = key < parent->key ? &parent->left : &parent->right;
	}
	*node = (struct tree_node){.parent = parent, .key = key, .priority = next_priority(t)};
	*place = node;
	while (node->parent && node->parent->priority < node->priority)
		rotate_up(t, node);
}

void tree_remove(struct tree *t, struct tree_node *node)
{
	if (!tree_contains(node))
		return;
	while (node->left && node->right) {
		if (node->left->priority > node->right->priority)
			rotate_up(t, node->left);
		else
			rotate_up(t, node->right);
	}
	replace_child(t, node->parent, node, node->left ? node->left : node->right);
	node->parent = node->left = node->right = NULL;
	node->priority = 0;
}

static struct tree_node *leftmost(struct tree_node *node)
{
	while (node && node->left)
		node = node->left;
	return node;
}

static struct tree_node *rightmost(struct tree_node *node)
{
	while (node && node->right)
		node = node->right;
	return node;
}

struct tree_node *tree_first(const struct tree *t)
{
	return leftmost(t->root);
}

struct tree_node *tree_last(const struct tree *t)
{
	return rightmost(t->root);
}

struct tree_node *tree_next(const struct tree_node *node)
{
	if (node->right)
		return leftmost(node->right);
	while (node->parent && node->parent->right == node)
		node = node->parent;
	return node->parent;
}

struct tree_node *tree_prev(const struct tree_node *node)
{
	if (node->left)
		return rightmost(node->left);
	while (node->parent && node->parent->left == node)
		node = node->parent;
	return node->parent;
}

struct tree_node *tree_lower_bound(const struct tree *t, uint64_t key)
{
	struct tree_node *node = t->root, *best = NULL;

	while (node) {
		if (node->key >= key) {
			best = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return best;
}
