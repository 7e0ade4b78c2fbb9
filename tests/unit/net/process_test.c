/* SPDX-License-Identifier: MIT */
/* Daemon mode, pid files, readiness, limits, signals as descriptors, pidfds. What changes the
 * process runs in a child. */
#include "net/process.h"

#include "net_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The exit status of a child that runs `body`. */
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

static int report_fd;

/* In the child of a child: the daemon. */
static int daemon_that_gets_ready(void)
{
	pid_t parent = getpid();
	char line[2];

	if (process_daemonize())
		return 99;
	if (getpid() == parent || getsid(0) != getpid())
		return 98;
	process_daemon_ready();
	process_daemon_ready();                      /* harmless */
	line[0] = read(0, line, 1) == 0 ? 'y' : 'n'; /* /dev/null */
	return write(report_fd, line, 1) == 1 ? 0 : 97;
}

static void test_daemon_gets_ready(void **state)
{
	int fds[2];
	char byte = 0;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	report_fd = fds[1];
	assert_int_equal(in_child(daemon_that_gets_ready), 0);
	read_all(fds[0], &byte, 1);
	assert_int_equal(byte, 'y');
	close(fds[0]);
	close(fds[1]);
}

static int daemon_that_fails(void)
{
	if (process_daemonize())
		return 99;
	return 7;
}

static int daemon_that_ends_well_unready(void)
{
	if (process_daemonize())
		return 99;
	return 0;
}

static int daemon_that_is_killed(void)
{
	if (process_daemonize())
		return 99;
	kill(getpid(), SIGKILL);
	return 0;
}

static void test_daemon_that_fails_is_told_to_the_caller(void **state)
{
	(void)state;
	assert_int_equal(in_child(daemon_that_fails), 7);
	assert_int_equal(in_child(daemon_that_ends_well_unready), 1);
	assert_int_equal(in_child(daemon_that_is_killed), 1);
}

static void test_pidfile(void **state)
{
	const char *dir = scratch_make();
	const pid_t many[3] = {123456, 2, 3}, one[1] = {4};
	char path[64], other[64], got[64] = {0};
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/pid", dir);
	snprintf(other, sizeof(other), "%s/link", dir);
	fd = process_pidfile_open(path);
	assert_true(fd >= 0);
	assert_int_equal(process_pidfile_write(fd, many, 3), 0);
	assert_int_equal(process_pidfile_write(fd, one, 1), 0);
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, got, sizeof(got)), 2);
	assert_string_equal(got, "4\n");
	close(fd);
	assert_int_equal(symlink(path, other), 0);
	assert_int_equal(process_pidfile_open(other), -ELOOP);
	unlink(other);
	assert_int_equal(mkfifo(other, 0600), 0);
	assert_true(process_pidfile_open(other) < 0); /* and it does not hang */
	assert_int_equal(process_pidfile_open("/nowhere/pid"), -ENOENT);
	scratch_remove(dir);
}

static void notifies(struct sockaddr_un *at, socklen_t len, const char *variable)
{
	char got[64] = {0};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)at, len), 0);
	setenv("NOTIFY_SOCKET", variable, 1);
	assert_int_equal(process_notify("READY=1"), 0);
	assert_int_equal(recv(fd, got, sizeof(got), 0), 7);
	assert_string_equal(got, "READY=1");
	close(fd);
	assert_true(process_notify("READY=1") < 0);
	unsetenv("NOTIFY_SOCKET");
}

static void test_notify(void **state)
{
	const char *dir = scratch_make();
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char name[64];

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(process_notify("READY=1"), 0);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/notify", dir);
	notifies(&at, sizeof(at), at.sun_path);
	memset(at.sun_path, 0, sizeof(at.sun_path));
	snprintf(name, sizeof(name), "@halb-notify-%d", (int)getpid());
	memcpy(at.sun_path + 1, name + 1, strlen(name) - 1);
	notifies(&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name)), name);
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(process_notify("READY=1"), -EINVAL);
	unsetenv("NOTIFY_SOCKET");
	scratch_remove(dir);
}

static int raises_the_limit(void)
{
	struct rlimit limit = {64, 128};

	if (setrlimit(RLIMIT_NOFILE, &limit) || process_file_limit() != 64)
		return 1;
	if (process_limit_files(32) || process_file_limit() != 64)
		return 2;
	if (process_limit_files(100) || process_file_limit() != 100)
		return 3;
	return 0;
}

static void test_limits(void **state)
{
	(void)state;
	assert_int_equal(in_child(raises_the_limit), 0);
	assert_true(process_cpus() >= 1);
}

static int takes_signals(void)
{
	struct pollfd p = {.events = POLLIN};
	pid_t from = 0;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	fd = process_signal_fd(&set);
	if (fd < 0 || process_signal_next(fd, &from) != 0)
		return 1;
	kill(getpid(), SIGTERM);
	p.fd = fd;
	if (poll(&p, 1, 10000) != 1 || process_signal_next(fd, &from) != SIGTERM ||
	    from != getpid())
		return 2;
	return process_signal_next(fd, NULL) == 0 ? 0 : 3;
}

static void test_signals(void **state)
{
	(void)state;
	assert_int_equal(in_child(takes_signals), 0);
}

static void test_pidfd(void **state)
{
	struct pollfd p = {.events = POLLIN};
	int go[2];
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		_exit(read(go[0], &byte, 1) == 0 ? 0 : 1);
	}
	p.fd = process_pidfd(pid);
	assert_true(p.fd >= 0);
	assert_true(fcntl(p.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(poll(&p, 1, 0), 0);
	close(go[1]);
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(process_pidfd(pid), -ESRCH);
	close(p.fd);
	close(go[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_daemon_gets_ready),
	    cmocka_unit_test(test_daemon_that_fails_is_told_to_the_caller),
	    cmocka_unit_test(test_pidfile),
	    cmocka_unit_test(test_notify),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_signals),
	    cmocka_unit_test(test_pidfd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
