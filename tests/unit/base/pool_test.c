/* SPDX-License-Identifier: MIT */
/* LINK: -Wl,--wrap=malloc -Wl,--wrap=realloc -Wl,--wrap=free */
/* Pools: reuse, how many are kept, the limit, failing allocations, objects left behind. */
#include "base/pool.h"

#include "cmocka_all.h"
#include "fail_alloc.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_reuse(void **state)
{
	struct pool p;
	void *first, *second;

	(void)state;
	alloc_reset(0);
	pool_init(&p, "things", 40, 8, 0);
	first = pool_get(&p);
	second = pool_get(&p);
	assert_non_null(first);
	assert_non_null(second);
	assert_ptr_not_equal(first, second);
	assert_int_equal((uintptr_t)first % 16, 0);
	memset(first, 0xff, 40);
	memset(second, 0xff, 40);
	assert_int_equal(p.used, 2);
	pool_put(&p, first);
	assert_int_equal(p.used, 1);
	assert_int_equal(p.kept, 1);
	assert_ptr_equal(pool_get(&p), first);
	memset(first, 0xff, 40);
	assert_int_equal(p.kept, 0);
	assert_int_equal(alloc_calls, 2);
	pool_put(&p, NULL);
	pool_put(&p, first);
	pool_put(&p, second);
	pool_fini(&p);
	assert_int_equal(alloc_live, 0);
	assert_int_equal(p.kept, 0);
}

static void test_keep(void **state)
{
	struct pool p;
	void *objects[10];

	(void)state;
	alloc_reset(0);
	pool_init(&p, "things", 1, 3, 0); /* smaller than the link of the list */
	for (int i = 0; i < 10; i++) {
		objects[i] = pool_get(&p);
		assert_non_null(objects[i]);
	}
	for (int i = 0; i < 10; i++)
		pool_put(&p, objects[i]);
	assert_int_equal(p.used, 0);
	assert_int_equal(p.kept, 3);
	assert_int_equal(alloc_live, 3);
	pool_fini(&p);
	assert_int_equal(alloc_live, 0);
}

static void test_keep_none(void **state)
{
	struct pool p;
	void *obj;

	(void)state;
	alloc_reset(0);
	pool_init(&p, "things", 16, 0, 0);
	obj = pool_get(&p);
	pool_put(&p, obj);
	assert_int_equal(alloc_live, 0);
	pool_fini(&p);
}

static void test_limit(void **state)
{
	struct pool p;
	void *a, *b;

	(void)state;
	pool_init(&p, "things", 16, 8, 2);
	a = pool_get(&p);
	b = pool_get(&p);
	assert_null(pool_get(&p));
	assert_null(pool_get(&p));
	assert_int_equal(p.failed, 2);
	assert_int_equal(p.used, 2);
	pool_put(&p, a);
	a = pool_get(&p);
	assert_non_null(a);
	pool_put(&p, a);
	pool_put(&p, b);
	pool_fini(&p);
}

static void test_nth_allocation_fails(void **state)
{
	(void)state;
	for (unsigned int n = 1; n <= 3; n++) {
		struct pool p;
		void *objects[3];

		alloc_reset(n);
		pool_init(&p, "things", 16, 8, 0);
		for (unsigned int i = 0; i < 3; i++) {
			objects[i] = pool_get(&p);
			assert_int_equal(objects[i] == NULL, i + 1 == n);
		}
		assert_int_equal(p.failed, 1);
		assert_int_equal(p.used, 2);
		for (unsigned int i = 0; i < 3; i++)
			pool_put(&p, objects[i]);
		pool_fini(&p);
		assert_int_equal(alloc_live, 0);
	}
}

static void test_fini_checks_that_none_is_in_use(void **state)
{
	struct pool p;
	void *obj;
	pid_t pid;
	int status;

	(void)state;
	pool_init(&p, "things", 16, 8, 0);
	obj = pool_get(&p);
	assert_non_null(obj);
	pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		pool_fini(&p);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	pool_put(&p, obj);
	pool_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reuse),
	    cmocka_unit_test(test_keep),
	    cmocka_unit_test(test_keep_none),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_nth_allocation_fails),
	    cmocka_unit_test(test_fini_checks_that_none_is_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
