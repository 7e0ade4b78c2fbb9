/* SPDX-License-Identifier: MIT */
/* Lists: order, removal (also twice, and while walking). */
#include "base/list.h"

#include "cmocka_all.h"

struct item {
	int value;
	struct list link;
};

static void fill(struct list *head, struct item *items, int n)
{
	list_init(head);
	for (int i = 0; i < n; i++) {
		items[i].value = i;
		list_append(head, &items[i].link);
	}
}

static int value_of(struct list *node)
{
	return LIST_ENTRY(node, struct item, link)->value;
}

static void test_order(void **state)
{
	struct item items[4], first = {.value = -1};
	struct list head, *node;
	int wanted = -1;

	(void)state;
	fill(&head, items, 4);
	list_prepend(&head, &first.link);
	LIST_EACH(node, &head)
		assert_int_equal(value_of(node), wanted++);
	assert_int_equal(wanted, 4);
	for (wanted = -1; wanted < 4; wanted++)
		assert_int_equal(value_of(list_pop(&head)), wanted);
	assert_null(list_pop(&head));
	assert_true(list_empty(&head));
}

static void test_remove(void **state)
{
	struct item items[3];
	struct list head;

	(void)state;
	fill(&head, items, 3);
	list_remove(&items[1].link);
	list_remove(&items[1].link);
	assert_true(list_empty(&items[1].link));
	list_insert_after(&items[2].link, &items[1].link);
	assert_int_equal(value_of(list_pop(&head)), 0);
	assert_int_equal(value_of(list_pop(&head)), 2);
	assert_int_equal(value_of(list_pop(&head)), 1);
}

static void test_remove_while_walking(void **state)
{
	struct item items[6];
	struct list head, *node, *tmp;
	int wanted = 1;

	(void)state;
	fill(&head, items, 6);
	LIST_EACH_SAFE(node, tmp, &head) {
		if (value_of(node) % 2 == 0)
			list_remove(node);
	}
	LIST_EACH(node, &head) {
		assert_int_equal(value_of(node), wanted);
		wanted += 2;
	}
	assert_int_equal(wanted, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_remove),
	    cmocka_unit_test(test_remove_while_walking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
