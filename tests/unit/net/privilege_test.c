/* SPDX-License-Identifier: MIT */
/* Giving up privileges, each time in a child; what needs root is skipped for others. The cage of a
 * worker: what it lets through, refuses, and kills for, in each of its threads. */
#include "net/privilege.h"

#include "net_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

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
	struct privilege p = {scratch, true, true, 65534, 65533, false};
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
	struct privilege p = {NULL, true, false, 65534, 0, false};
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
	struct privilege p = {NULL, true, true, 65532, 65532, false};
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

/* ---- capabilities */

/* The number behind "Cap..." in /proc/self/status. */
static unsigned long long caps(const char *name)
{
	char line[128], *end;
	unsigned long long value = ~0ull;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtoull(line + strlen(name) + 1, &end, 16);
	if (f)
		fclose(f);
	return value;
}

static int has_none(void)
{
	return caps("CapInh") || caps("CapPrm") || caps("CapEff") || caps("CapAmb") ? 1
	       : caps("CapBnd")                                                     ? 2
										    : 0;
}

static int root_without_capabilities(void)
{
	struct privilege p = {.no_capabilities = true};
	const char *what = NULL;

	if (caps("CapEff") == 0 || privilege_drop(&p, &what))
		return 10;
	if (getuid() != 0 || chroot("/") == 0)
		return 11;
	return has_none();
}

static int other_without_capabilities(void)
{
	struct privilege p = {NULL, true, true, 65534, 65533, true};
	const char *what = NULL;

	return privilege_drop(&p, &what) ? 10 : has_none();
}

/* One who never had any: the bounding set stays, and means nothing. */
static int nobody_without_capabilities(void)
{
	struct privilege p = {.no_capabilities = true};
	const char *what = NULL;

	if (getuid() == 0 && (setgid(65534) || setuid(65534)))
		return 11;
	if (privilege_drop(&p, &what))
		return 10;
	return has_none() & 1;
}

static int keeps_two(void)
{
	const int kept[] = {CAP_NET_ADMIN, CAP_NET_RAW}, more[] = {CAP_CHOWN};
	const unsigned long long both = 1ull << CAP_NET_ADMIN | 1ull << CAP_NET_RAW;

	if (privilege_keep(kept, 2))
		return 10;
	if (caps("CapEff") != both || caps("CapPrm") != both || caps("CapBnd") != both)
		return 11;
	if (caps("CapInh") || caps("CapAmb"))
		return 12;
	if (privilege_keep(more, 1) != -EPERM || caps("CapEff") != both)
		return 13;
	if (privilege_keep(NULL, 0))
		return 14;
	return has_none() & 1;
}

static void test_capabilities(void **state)
{
	(void)state;
	assert_int_equal(in_child(nobody_without_capabilities), 0);
	if (getuid() != 0)
		skip();
	assert_int_equal(in_child(root_without_capabilities), 0);
	assert_int_equal(in_child(other_without_capabilities), 0);
	assert_int_equal(in_child(keeps_two), 0);
}

/* ---- the cage */

static int enter_cage(void)
{
	struct privilege p = {.no_capabilities = true};
	const char *what = NULL;

	return privilege_drop(&p, &what) || privilege_confine(&what);
}

static int cage_needs_no_new_privs(void)
{
	const char *what = NULL;

	return privilege_confine(&what) == -EPERM && strcmp(what, "no_new_privs") == 0 ? 0 : 1;
}

static int no_files(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/tmp/halb-net-cage"};
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char byte;

	if (fd < 0 || s < 0 || enter_cage())
		return 10;
	if (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 || errno != EPERM)
		return 11;
	if (unlink("/tmp/halb-net-cage") == 0 || mkdir("/tmp/halb-net-cage", 0700) == 0 ||
	    rename("/tmp/a", "/tmp/b") == 0)
		return 12;
	/* bind() is allowed, making its file is not */
	if (bind(s, (struct sockaddr *)&un, sizeof(un)) == 0)
		return 13;
	return read(fd, &byte, 1) == 0 && write(fd, "x", 1) == 1 ? 0 : 14;
}

/* What serves: sockets, epoll, memory, a descriptor passed on. */
static int serves(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN};
	socklen_t len = sizeof(at);
	int listener, client, server, epoll, waiting = 0;
	void *memory;
	char byte;

	if (enter_cage())
		return 10;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&at, len) || listen(listener, 8) ||
	    getsockname(listener, (struct sockaddr *)&at, &len))
		return 11;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) ||
	    connect(client, (struct sockaddr *)&at, len) ||
	    epoll_wait(epoll, &event, 1, 10000) != 1)
		return 12;
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (send(client, "x", 1, MSG_NOSIGNAL) != 1)
		return 13;
	if (recv(server, &byte, 1, MSG_PEEK) != 1 || ioctl(server, FIONREAD, &waiting) ||
	    waiting != 1)
		return 14;
	memory = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || mprotect(memory, 4096, PROT_READ) || munmap(memory, 65536))
		return 15;
	return eventfd(0, EFD_CLOEXEC) >= 0 && raise(0) == 0 ? 0 : 16;
}

/* Neither other kinds of sockets, nor new processes, nor new code. */
static int refuses(void)
{
	struct rlimit limit = {0, 0};
	void *memory;

	if (enter_cage())
		return 10;
	if (socket(AF_NETLINK, SOCK_RAW, 0) >= 0 || socket(AF_PACKET, SOCK_RAW, 0) >= 0)
		return 11;
	if (fork() >= 0 || errno != EPERM)
		return 12;
	memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory != MAP_FAILED)
		return 13;
	if (kill(getppid(), SIGSTOP) == 0 || setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return 14;
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && setuid(0) < 0 ? 0 : 15;
}

static int executes(void)
{
	if (enter_cage())
		return 10;
	execl("/bin/true", "true", (char *)NULL);
	return 11;
}

static int traces(void)
{
	return enter_cage() || ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? 10 : 11;
}

static int mounts(void)
{
	return enter_cage() || mount("none", "/tmp", "tmpfs", 0, NULL) ? 10 : 11;
}

static int unshares(void)
{
	return enter_cage() || unshare(CLONE_NEWUSER) ? 10 : 11;
}

static int aborts(void)
{
	if (enter_cage())
		return 10;
	abort();
}

/* ---- threads: one that runs already, and one that comes later */

static atomic_int caged;

static void *tries_to_open(void *result)
{
	while (!atomic_load(&caged))
		sched_yield();
	*(bool *)result = open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 && errno == EPERM;
	return NULL;
}

static int threads_are_caged(void)
{
	bool early = false, late = false;
	pthread_t threads[2];

	if (pthread_create(&threads[0], NULL, tries_to_open, &early) || enter_cage())
		return 10;
	atomic_store(&caged, 1);
	if (pthread_create(&threads[1], NULL, tries_to_open, &late))
		return 11;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	return early && late ? 0 : 12;
}

static void *executes_too(void *unused)
{
	while (!atomic_load(&caged))
		sched_yield();
	execl("/bin/true", "true", (char *)NULL);
	return unused;
}

static int thread_executes(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, executes_too, NULL) || enter_cage())
		return 10;
	atomic_store(&caged, 1);
	pthread_join(thread, NULL);
	return 11;
}

static void test_cage(void **state)
{
	(void)state;
	if (SANITIZED)
		skip();
	assert_int_equal(in_child(cage_needs_no_new_privs), 0);
	assert_int_equal(in_child(no_files), 0);
	assert_int_equal(in_child(serves), 0);
	assert_int_equal(in_child(refuses), 0);
	assert_int_equal(in_child(threads_are_caged), 0);
	assert_int_equal(in_child(executes), 128 + SIGSYS);
	assert_int_equal(in_child(traces), 128 + SIGSYS);
	assert_int_equal(in_child(mounts), 128 + SIGSYS);
	assert_int_equal(in_child(unshares), 128 + SIGSYS);
	assert_int_equal(in_child(thread_executes), 128 + SIGSYS);
	assert_int_equal(in_child(aborts), 128 + SIGABRT);
}

/* ---- what a guardian asks for */

static void *scheduling_of_a_thread(void *result)
{
	*(int *)result = sched_getscheduler(0) == SCHED_OTHER ? getpriority(PRIO_PROCESS, 0) : -99;
	return NULL;
}

static int realtime(void)
{
	enum realtime got = privilege_realtime(10);
	int policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, child = -1;
	struct sched_param p;
	pthread_t thread;

	if (sched_getparam(0, &p))
		return 10;
	if (got == REALTIME_RR && (policy != SCHED_RR || p.sched_priority != 10))
		return 11;
	if (got == REALTIME_NICE && (policy != SCHED_OTHER || getpriority(PRIO_PROCESS, 0) != -20))
		return 12;
	if (got == REALTIME_NONE && policy != SCHED_OTHER)
		return 13;
	if (pthread_create(&thread, NULL, scheduling_of_a_thread, &child))
		return 14;
	pthread_join(thread, NULL);
	return child == 0 ? 0 : 15;
}

/* Where it is refused, memory can be had as before. */
static int locks_memory(void)
{
	struct rlimit small = {1 << 20, 1 << 20};
	int error = privilege_lock_memory();
	void *p;

	if (getuid() == 0 && error)
		return 10;
	if (!error && munlockall())
		return 11;
	if (setrlimit(RLIMIT_MEMLOCK, &small) ||
	    (getuid() == 0 && (setgid(65534) || setuid(65534))))
		return 12;
	if (privilege_lock_memory() == 0)
		return 13;
	p = malloc(64 << 20);
	if (!p)
		return 14;
	memset(p, 1, 64 << 20);
	free(p);
	return 0;
}

static void test_guardian(void **state)
{
	(void)state;
	if (SANITIZED) /* their shadow memory has terabytes */
		skip();
	assert_int_equal(in_child(realtime), 0);
	assert_int_equal(in_child(locks_memory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),        cmocka_unit_test(test_drops),
	    cmocka_unit_test(test_capabilities), cmocka_unit_test(test_cage),
	    cmocka_unit_test(test_guardian),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
