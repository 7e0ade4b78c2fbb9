/* SPDX-License-Identifier: MIT */
/* balance first: the order of picks as observed with haproxy 2.6. */
#include "unit/balance/farm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct farm_case observed[] = {
    {"1 1 1", "p4", "0000"},
    {"1:1 1:2 1", "h h h h h r0 h r1 r1 h h", "01122011"},
    {"1:1#30 1:1#20 1:1#10 1#40", "h h h h r1 h", "21031"},
    {"1 1 1", "d0 p2 u0 p2", "1100"},
    {"1 1 1b", "d0 d1 p2", "22"},
};

static void test_observed(void **state)
{
	(void)state;
	farm_check("first", &(struct balance){}, (struct hash_key_type){HASH_KEY_SDBM, false},
		   observed, array_size(observed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_observed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
