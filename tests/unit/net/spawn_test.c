/* SPDX-License-Identifier: MIT */
/* Programs that end, fail, are killed, run as others; what they inherit; and secure paths. */
#include "net/spawn.h"

#include "net_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *dir; /* a scratch folder that everybody can write to */

static const char *in_dir(const char *name)
{
	static char paths[4][128];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static int await_end(struct spawned *s)
{
	struct pollfd wait = {.fd = s->pidfd, .events = POLLIN};
	int status = -1;

	assert_int_equal(poll(&wait, 1, 10000), 1);
	assert_int_equal(spawn_reap(s, &status), 0);
	assert_int_equal(spawn_reap(s, &status), -ECHILD);
	close(s->pidfd);
	return status;
}

static int run(const struct spawn *what)
{
	struct spawned s;

	assert_int_equal(spawn_start(what, &s), 0);
	assert_true(s.pid > 0 && s.pidfd >= 0);
	return await_end(&s);
}

/* A line of shell, with the file "out" as its $0; what it wrote there. */
static const char *shell(const char *line, const struct spawn *like)
{
	const char *argv[] = {"/bin/sh", "-c", line, in_dir("out"), NULL};
	static char text[8192];
	struct spawn s = like ? *like : (struct spawn){0};
	size_t n;
	FILE *f;

	s.argv = argv;
	unlink(in_dir("out"));
	assert_int_equal(run(&s), 0);
	f = fopen(in_dir("out"), "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static void test_exit_codes(void **state)
{
	const char *good[] = {"true", NULL}, *bad[] = {"/bin/sh", "-c", "exit 42", NULL};
	int status;

	(void)state;
	assert_int_equal(run(&(struct spawn){.argv = good}), 0);
	status = run(&(struct spawn){.argv = bad});
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

static void test_arguments(void **state)
{
	const char *argv[] = {"/bin/sh",     "-c",  "printf '%s,' \"$@\" >$0",
			      in_dir("out"), "one", NULL};
	const char *extra[] = {"INSTANCE", "VI 1", "MASTER", "101", NULL};
	char text[64] = "";
	int fd;

	(void)state;
	assert_int_equal(run(&(struct spawn){.argv = argv, .extra = extra}), 0);
	fd = open(in_dir("out"), O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_string_equal(text, "one,INSTANCE,VI 1,MASTER,101,");
}

static void test_not_started(void **state)
{
	const char *missing[] = {"/no/such/program", NULL}, *lost[] = {"no-such-program", NULL};
	const char *folder[] = {"/usr", NULL}, *text[] = {in_dir("text"), NULL};
	struct spawned s = {.pid = 4711, .pidfd = 4711};
	int fd, status;

	(void)state;
	assert_int_equal(spawn_start(&(struct spawn){.argv = missing}, &s), -ENOENT);
	assert_int_equal(spawn_start(&(struct spawn){.argv = lost}, &s), -ENOENT);
	assert_int_equal(spawn_start(&(struct spawn){.argv = folder}, &s), -EACCES);
	fd = open(text[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	assert_int_equal(write(fd, "nothing\n", 8), 8);
	close(fd);
	assert_int_equal(spawn_start(&(struct spawn){.argv = text}, &s), -ENOEXEC);
	assert_int_equal(s.pid, 4711);
	/* and none of them is left behind */
	assert_true(waitpid(-1, &status, WNOHANG) < 0 && errno == ECHILD);
}

static void test_killed(void **state)
{
	/* the shell's own child belongs to the group */
	const char *argv[] = {"/bin/sh", "-c", "sleep 1000 & echo $! >$0.new; mv $0.new $0; wait",
			      in_dir("child"), NULL};
	struct spawned s;
	char text[32] = "";
	int status, fd;

	(void)state;
	assert_int_equal(spawn_start(&(struct spawn){.argv = argv}, &s), 0);
	assert_int_equal(spawn_reap(&s, &status), -EAGAIN);
	assert_int_equal(getpgid(s.pid), s.pid);
	while ((fd = open(argv[3], O_RDONLY | O_CLOEXEC)) < 0)
		sched_yield();
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	spawn_signal(&s, SIGKILL);
	status = await_end(&s);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	spawn_signal(&s, SIGKILL); /* nobody there: nothing */
	/* its orphan goes too; a zombie of init's is as good as gone */
	while (kill((pid_t)strtol(text, NULL, 10), 0) == 0) {
		char path[64], stat[256] = "";
		int n;

		snprintf(path, sizeof(path), "/proc/%ld/stat", strtol(text, NULL, 10));
		n = open(path, O_RDONLY | O_CLOEXEC);
		if (n < 0)
			break;
		if (read(n, stat, sizeof(stat) - 1) < 0)
			stat[0] = '\0';
		close(n);
		if (strstr(stat, ") Z"))
			break;
		sched_yield();
	}
}

/* Neither descriptors, nor signals, nor a terminal. */
static void test_clean_slate(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	int leaky[2];
	const char *text;
	sigset_t set;

	(void)state;
	assert_int_equal(pipe(leaky), 0); /* not close-on-exec */
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGUSR2, &ignore, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	text =
	    shell("(grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status; ls -l /proc/self/fd) >$0", NULL);
	assert_non_null(strstr(text, "SigBlk:\t0000000000000000"));
	assert_non_null(strstr(text, "SigIgn:\t0000000000000000"));
	assert_non_null(strstr(text, "0 -> /dev/null"));
	assert_non_null(strstr(text, "1 -> "));
	assert_non_null(strstr(text, "2 -> /dev/null"));
	assert_null(strstr(text, "pipe:"));
	assert_null(strstr(text, "pidfd"));
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	assert_true(sigismember(&set, SIGTERM));
	sigemptyset(&set);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	close(leaky[0]);
	close(leaky[1]);
}

/* A real-time thread's, or a preferred one's, programs are ordinary ones. */
static void test_scheduling(void **state)
{
	struct sched_param rr = {.sched_priority = 1}, usual = {0};

	(void)state;
	if (sched_setscheduler(0, SCHED_RR, &rr) != 0 && setpriority(PRIO_PROCESS, 0, -5) != 0)
		skip();
	/* fields 18 and 19: priority and nice; 41: policy, SCHED_OTHER is 0 */
	assert_string_equal(shell("cut -d' ' -f18,19,41 /proc/self/stat >$0", NULL), "20 0 0\n");
	assert_int_equal(sched_setscheduler(0, SCHED_OTHER, &usual), 0);
	setpriority(PRIO_PROCESS, 0, 0);
}

static void test_other_user(void **state)
{
	const struct spawn other = {.set_ids = true, .uid = 65534, .gid = 65533};
	const struct spawn same = {.set_ids = true, .uid = getuid(), .gid = getgid()};
	const char *root_only[] = {in_dir("root-only"), NULL};
	struct spawn s = other;
	struct spawned none;
	const char *text;
	int fd;

	(void)state;
	assert_non_null(shell("id -u >$0", &same));
	if (getuid() != 0)
		skip();
	text = shell("(id -u; id -g; id -G; grep Cap /proc/self/status) >$0", &other);
	assert_ptr_equal(strstr(text, "65534\n65533\n65533\n"), text);
	assert_non_null(strstr(text, "CapPrm:\t0000000000000000"));
	assert_non_null(strstr(text, "CapEff:\t0000000000000000"));
	assert_non_null(strstr(text, "CapInh:\t0000000000000000"));
	assert_non_null(strstr(text, "CapAmb:\t0000000000000000"));
	/* this thread and all others are who they were */
	assert_int_equal(getuid(), 0);
	fd = open(root_only[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	assert_true(fd >= 0);
	close(fd);
	s.argv = root_only;
	assert_int_equal(spawn_start(&s, &none), -EACCES);
}

static void *many(void *result)
{
	const char *argv[] = {"/bin/true", NULL}, *wrong[] = {"/no/such/program", NULL};
	intptr_t bad = 0;

	for (unsigned int i = 0; i < 50; i++) {
		struct pollfd wait = {.events = POLLIN};
		struct spawned s;
		int status = -1;

		if (spawn_start(&(struct spawn){.argv = wrong}, &s) != -ENOENT ||
		    spawn_start(&(struct spawn){.argv = argv}, &s) != 0) {
			bad++;
			continue;
		}
		wait.fd = s.pidfd;
		if (poll(&wait, 1, 10000) != 1 || spawn_reap(&s, &status) != 0 || status != 0)
			bad++;
		close(s.pidfd);
	}
	*(intptr_t *)result = bad;
	return NULL;
}

static unsigned int open_descriptors(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_threads(void **state)
{
	unsigned int before = open_descriptors();
	pthread_t threads[4];
	intptr_t bad[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, many, &bad[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(bad[i], 0);
	}
	assert_int_equal(open_descriptors(), before);
}

static void test_find(void **state)
{
	char path[128], *before = strdup(getenv("PATH"));
	const char *tool = in_dir("tool");
	int fd;

	(void)state;
	assert_true(spawn_find("sh", path, sizeof(path)));
	assert_int_equal(access(path, X_OK), 0);
	assert_false(spawn_find("sh", path, 3));
	assert_false(spawn_find("", path, sizeof(path)));
	fd = open(tool, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	close(fd);
	snprintf(path, sizeof(path), "/nowhere::%s", dir);
	setenv("PATH", path, 1);
	assert_false(spawn_find("tool", path, sizeof(path))); /* cannot be run */
	assert_int_equal(chmod(tool, 0755), 0);
	assert_true(spawn_find("tool", path, sizeof(path)));
	assert_string_equal(path, tool);
	assert_false(spawn_find("sh", path, sizeof(path)));
	unsetenv("PATH");
	assert_true(spawn_find("sh", path, sizeof(path)));
	setenv("PATH", before, 1);
	free(before);
}

static bool insecure(const char *path, const char *because)
{
	const char *why = "";

	return !spawn_path_is_secure(path, &why) && strstr(why, because);
}

static void test_path_security(void **state)
{
	const char *why = NULL, *loop = in_dir("loop");

	(void)state;
	assert_true(spawn_path_is_secure("/bin/sh", &why));
	assert_true(spawn_path_is_secure("/usr/bin/../bin/./env", &why));
	assert_null(why);
	assert_true(insecure("bin/sh", "absolute"));
	assert_true(insecure("/no/such/program", "No such file"));
	assert_true(insecure("/usr/bin", "not a file"));
	/* /tmp, in its path, is everybody's */
	assert_true(insecure(in_dir("tool"), "everybody"));
	assert_int_equal(symlink(loop, loop), 0);
	assert_true(insecure(loop, "everybody"));
}

/* In a folder that is root's alone. */
static void test_path_security_of_root(void **state)
{
	char base[] = "/root/halb-net-XXXXXX", path[64], link[64];
	const char *why = NULL;
	int fd;

	(void)state;
	if (getuid() != 0 || !mkdtemp(base))
		skip();
	snprintf(path, sizeof(path), "%s/tool", base);
	snprintf(link, sizeof(link), "%s/link", base);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	close(fd);
	assert_true(spawn_path_is_secure(path, &why));
	assert_int_equal(symlink("tool", link), 0);
	assert_true(spawn_path_is_secure(link, &why));
	assert_int_equal(chmod(path, 0757), 0);
	assert_true(insecure(path, "everybody"));
	assert_true(insecure(link, "everybody"));
	assert_int_equal(chmod(path, 0775), 0);
	assert_true(spawn_path_is_secure(path, &why)); /* root's group */
	assert_int_equal(chown(path, 0, 65533), 0);
	assert_true(insecure(path, "group"));
	assert_int_equal(chmod(path, 0755), 0);
	assert_true(spawn_path_is_secure(path, &why));
	assert_int_equal(chown(path, 65534, 0), 0);
	assert_true(insecure(link, "owns"));
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(chmod(base, 0777), 0);
	assert_true(insecure(path, "everybody"));
	assert_int_equal(chmod(base, 0700), 0);
	/* a link that leads out, and one that leads nowhere else than to itself */
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink(in_dir("tool"), link), 0);
	assert_true(insecure(link, "everybody"));
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("link", link), 0);
	assert_true(insecure(link, "symbolic links"));
	unlink(link);
	unlink(path);
	rmdir(base);
}

static int make_dir(void **state)
{
	(void)state;
	dir = scratch_make();
	return chmod(dir, 0777);
}

static int remove_dir(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_exit_codes),
	    cmocka_unit_test(test_arguments),
	    cmocka_unit_test(test_not_started),
	    cmocka_unit_test(test_killed),
	    cmocka_unit_test(test_clean_slate),
	    cmocka_unit_test(test_scheduling),
	    cmocka_unit_test(test_other_user),
	    cmocka_unit_test(test_threads),
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_path_security),
	    cmocka_unit_test(test_path_security_of_root),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
