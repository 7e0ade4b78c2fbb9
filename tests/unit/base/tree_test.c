/* SPDX-License-Identifier: MIT */
/* The tree against a sorted array under random operations, its invariants after each, its depth. */
#include "base/tree.h"

#include "base/random.h"
#include "cmocka_all.h"

#include <stdlib.h>

#define MANY 200

struct item {
	struct tree_node node;
	unsigned int order; /* when it was inserted */
};

/* What the tree should hold, in order. */
struct model {
	struct item *sorted[MANY];
	unsigned int count;
};

static void model_insert(struct model *m, struct item *item)
{
	unsigned int at = m->count++;

	for (; at > 0 && m->sorted[at - 1]->node.key > item->node.key; at--)
		m->sorted[at] = m->sorted[at - 1];
	m->sorted[at] = item;
}

static void model_remove(struct model *m, const struct item *item)
{
	unsigned int at = 0;

	while (m->sorted[at] != item)
		at++;
	m->count--;
	for (; at < m->count; at++)
		m->sorted[at] = m->sorted[at + 1];
}

static unsigned int check_subtree(const struct tree_node *node)
{
	unsigned int left, right;

	if (!node)
		return 0;
	assert_true(node->priority != 0);
	if (node->left) {
		assert_ptr_equal(node->left->parent, node);
		assert_true(node->left->priority <= node->priority);
	}
	if (node->right) {
		assert_ptr_equal(node->right->parent, node);
		assert_true(node->right->priority <= node->priority);
	}
	left = check_subtree(node->left);
	right = check_subtree(node->right);
	return 1 + (left > right ? left : right);
}

static struct tree_node *model_node(const struct model *m, unsigned int at)
{
	return at < m->count ? &m->sorted[at]->node : NULL;
}

static void compare(const struct tree *t, const struct model *m, uint64_t probe)
{
	struct tree_node *node = tree_first(t);
	unsigned int at = 0;

	check_subtree(t->root);
	for (unsigned int i = 0; i < m->count; i++, node = tree_next(node))
		assert_ptr_equal(node, &m->sorted[i]->node);
	assert_null(node);
	node = tree_last(t);
	for (unsigned int i = m->count; i-- > 0; node = tree_prev(node))
		assert_ptr_equal(node, &m->sorted[i]->node);
	assert_null(node);
	while (at < m->count && m->sorted[at]->node.key < probe)
		at++;
	assert_ptr_equal(tree_lower_bound(t, probe), model_node(m, at));
}

static void random_run(uint64_t seed, uint32_t keys)
{
	static struct item items[MANY];
	struct model m = {.count = 0};
	struct random r;
	struct tree t;

	random_init(&r, seed);
	tree_init(&t);
	memset(items, 0, sizeof(items));
	for (int i = 0; i < 3000; i++) {
		struct item *item = &items[random_below(&r, MANY)];

		if (tree_contains(&item->node)) {
			model_remove(&m, item);
			tree_remove(&t, &item->node);
			tree_remove(&t, &item->node);
			assert_false(tree_contains(&item->node));
		} else {
			tree_insert(&t, &item->node, random_below(&r, keys));
			model_insert(&m, item);
		}
		compare(&t, &m, random_below(&r, keys + 1));
	}
}

static void test_random_operations(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		random_run(seed, 10); /* many equal keys */
		random_run(seed, 100000);
	}
}

static void test_empty(void **state)
{
	struct tree_node node = {.key = 0};
	struct tree t;

	(void)state;
	tree_init(&t);
	assert_null(tree_first(&t));
	assert_null(tree_last(&t));
	assert_null(tree_lower_bound(&t, 0));
	assert_false(tree_contains(&node));
	tree_remove(&t, &node);
	tree_insert(&t, &node, UINT64_MAX);
	assert_ptr_equal(tree_lower_bound(&t, UINT64_MAX), &node);
	assert_ptr_equal(tree_first(&t), tree_last(&t));
	assert_null(tree_next(&node));
	assert_null(tree_prev(&node));
	tree_remove(&t, &node);
	assert_null(t.root);
}

static void test_equal_keys_keep_their_order(void **state)
{
	struct item items[50];
	struct tree_node *node;
	struct tree t;
	unsigned int wanted = 0;

	(void)state;
	memset(items, 0, sizeof(items));
	tree_init(&t);
	for (unsigned int i = 0; i < 50; i++) {
		items[i].order = i;
		tree_insert(&t, &items[i].node, 5);
	}
	node = tree_lower_bound(&t, 5);
	for (; node; node = tree_next(node))
		assert_int_equal(container_of(node, struct item, node)->order, wanted++);
	assert_int_equal(wanted, 50);
}

/* Sorted insertion is the worst case of a tree without balance. */
static void test_stays_shallow(void **state)
{
	const unsigned int n = 20000;
	struct item *items = calloc(n, sizeof(*items));
	struct tree t;

	(void)state;
	assert_non_null(items);
	tree_init(&t);
	for (unsigned int i = 0; i < n; i++)
		tree_insert(&t, &items[i].node, i);
	assert_in_range(check_subtree(t.root), 15, 60);
	for (unsigned int i = 0; i < n; i += 2)
		tree_remove(&t, &items[i].node);
	assert_in_range(check_subtree(t.root), 14, 60);
	free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random_operations),
	    cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_equal_keys_keep_their_order),
	    cmocka_unit_test(test_stays_shallow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
