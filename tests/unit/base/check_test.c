/* SPDX-License-Identifier: MIT */
/* CHECK: silent where it holds; where it fails it says where and aborts. */
#include "base/check.h"

#include "cmocka_all.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs check_failed in a child; fills `said` with its standard error and returns its wait status.
 */
static int fail_in_child(const char *what, char *said, size_t size)
{
	int pipe_fds[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		dup2(pipe_fds[1], STDERR_FILENO);
		check_failed("dir/file.c", 42, what);
	}
	close(pipe_fds[1]);
	while ((n = read(pipe_fds[0], said + len, size - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	close(pipe_fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_says_where_and_aborts(void **state)
{
	char said[2000];
	int status = fail_in_child("a == b", said, sizeof(said));

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_string_equal(said, "dir/file.c:42: CHECK failed: a == b\n");
}

static void test_long_text_is_cut(void **state)
{
	char what[1500], said[2000];
	int status;

	(void)state;
	memset(what, 'w', sizeof(what));
	what[sizeof(what) - 1] = '\0';
	status = fail_in_child(what, said, sizeof(said));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(strlen(said), 511);
	assert_int_equal(said[510], '\n');
}

static void test_holds(void **state)
{
	int calls = 0;

	(void)state;
	CHECK(++calls == 1);
	assert_int_equal(calls, 1); /* once, and never compiled out */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_says_where_and_aborts),
	    cmocka_unit_test(test_long_text_is_cut),
	    cmocka_unit_test(test_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
