/* SPDX-License-Identifier: MIT */
/* Giving up privileges, each time in a child; what needs root is skipped for others. */
#include "net/privilege.h"

#include "net_helper.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *scratch;

static int in_child(int (*body)(void))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void test_names(void **state)
{
	uid_t uid = 99;
	gid_t gid = 99;

	(void)state;
	assert_int_equal(privilege_find_user("root", &uid, &gid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(gid, 0);
	gid = 99;
	assert_int_equal(privilege_find_group("root", &gid), 0);
	assert_int_equal(gid, 0);
	assert_int_equal(privilege_find_user("no such user", &uid, &gid), -ENOENT);
	assert_int_equal(privilege_find_group("no such group", &gid), -ENOENT);
	assert_int_equal(uid, 0);
}

static int drops_all(void)
{
	struct privilege p = {scratch, true, true, 65534, 65533};
	const char *what = NULL;
	struct stat st;

	if (privilege_drop(&p, &what))
		return 1;
	if (getuid() != 65534 || geteuid() != 65534 || getgid() != 65533 || getegid() != 65533)
		return 2;
	if (getgroups(0, NULL) > 1)
		return 3;
	if (stat("/proc", &st) == 0 || stat("/", &st) != 0)
		return 4;
	if (setuid(0) == 0 || setgid(0) == 0 || chroot("/") == 0)
		return 5;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 6;
	return prctl(PR_GET_DUMPABLE) == 1 ? 0 : 7;
}

static int drops_the_user_only(void)
{
	struct privilege p = {NULL, true, false, 65534, 0};
	const char *what = NULL;

	if (privilege_drop(&p, &what))
		return 1;
	return getuid() == 65534 && getgroups(0, NULL) == 0 && setuid(0) < 0 ? 0 : 2;
}

static int asks_for_a_missing_root(void)
{
	struct privilege p = {.chroot = "/no/such/place"};
	const char *what = NULL;

	if (privilege_drop(&p, &what) != -ENOENT)
		return 1;
	return what && strcmp(what, "chroot") == 0 ? 0 : 2;
}

static int drops_nothing(void)
{
	struct privilege p = {.chroot = NULL};
	const char *what = NULL;
	uid_t uid = getuid();

	return privilege_drop(&p, &what) == 0 && getuid() == uid ? 0 : 1;
}

/* A user who is not root cannot become another: it must fail, not go on as it is. */
static int fails_without_root(void)
{
	struct privilege p = {NULL, true, true, 65532, 65532};
	const char *what = NULL;

	if (getuid() == 0 && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
		return 1;
	return privilege_drop(&p, &what) == -EPERM && what ? 0 : 2;
}

static void test_drops(void **state)
{
	(void)state;
	assert_int_equal(in_child(drops_nothing), 0);
	assert_int_equal(in_child(fails_without_root), 0);
	if (getuid() != 0)
		skip();
	scratch = scratch_make();
	assert_int_equal(in_child(drops_all), 0);
	assert_int_equal(in_child(drops_the_user_only), 0);
	assert_int_equal(in_child(asks_for_a_missing_root), 0);
	scratch_remove(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_drops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
