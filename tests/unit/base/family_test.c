/* SPDX-License-Identifier: MIT */
/* Families: what is registered is found, an empty family is empty. */
#include "base/family.h"

#include "cmocka_all.h"

struct fruit {
	const char *name;
	char padding[37]; /* a size at which structs in a section would break */
};

FAMILY_DECLARE(test_fruit, struct fruit);
FAMILY_DECLARE(test_empty, struct fruit);

static const struct fruit apple = {.name = "apple"};
FAMILY_ADD(test_fruit, apple);
static const struct fruit pear = {.name = "pear"};
FAMILY_ADD(test_fruit, pear);
static const struct fruit plum = {.name = "plum"};
FAMILY_ADD(test_fruit, plum);

static void test_each(void **state)
{
	unsigned int apples = 0, pears = 0, plums = 0, all = 0;

	(void)state;
	FAMILY_EACH(test_fruit, it) {
		apples += *it == &apple;
		pears += *it == &pear;
		plums += *it == &plum;
		all++;
	}
	assert_int_equal(apples, 1);
	assert_int_equal(pears, 1);
	assert_int_equal(plums, 1);
	assert_int_equal(all, 3);
}

static void test_empty(void **state)
{
	unsigned int all = 0;

	(void)state;
	FAMILY_EACH(test_empty, it)
		all++;
	assert_int_equal(all, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each),
	    cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
