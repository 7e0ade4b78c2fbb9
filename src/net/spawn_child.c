/* SPDX-License-Identifier: MIT */
/*
 * Becoming another program. This runs in the parent's memory while the parent's thread waits: it
 * writes only to its own stack and to the error, calls the kernel without glibc's wrappers where
 * those keep state of threads, and no instrumentation looks on.
 */
#include "net/spawn_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UNSEEN __attribute__((no_sanitize("address", "thread", "undefined")))
#define SIGNAL_BYTES 8 /* of the kernel's signal set */
#define LAST_SIGNAL 64
#define USUAL_NICE 20 /* as getpriority() tells nice 0 */

struct kernel_sigaction {
	void *handler;
	unsigned long flags;
	void *restorer;
	unsigned long mask[2]; /* at least as large as any kernel reads */
};

/* As new: also those that we ignore (SIGPIPE), which would survive the execve. */
UNSEEN static void reset_signals(void)
{
	struct kernel_sigaction usual = {.handler = NULL};
	unsigned long none[2] = {0};

	for (long i = 1; i <= LAST_SIGNAL; i++)
		syscall(SYS_rt_sigaction, i, &usual, NULL, SIGNAL_BYTES);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, SIGNAL_BYTES);
}

UNSEEN static void reset_scheduling(void)
{
	struct sched_param usual = {0};

	if (syscall(SYS_sched_getscheduler, 0) != SCHED_OTHER)
		syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &usual);
	if (syscall(SYS_getpriority, PRIO_PROCESS, 0) > USUAL_NICE)
		syscall(SYS_setpriority, PRIO_PROCESS, 0, 0);
}

/* Kernels before 5.9 lack close_range; all of ours are close-on-exec anyway. */
UNSEEN static bool reset_descriptors(void)
{
	long fd = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR, 0);

	if (fd < 0)
		return false;
	for (long i = 0; i < 3; i++)
		if (fd != i && syscall(SYS_dup3, fd, i, 0) < 0)
			return false;
	syscall(SYS_close_range, 3, ~0u, 0);
	return true;
}

/* The order matters: groups and user need the capabilities that go last. */
UNSEEN static bool set_ids(const struct spawn_child *c)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	/* Where we are nobody special and stay who we are, the groups are our own too. */
	if (syscall(SYS_setgroups, 0, NULL) < 0 &&
	    (syscall(SYS_geteuid) != (long)c->uid || syscall(SYS_getegid) != (long)c->gid))
		return false;
	if (syscall(SYS_setresgid, c->gid, c->gid, c->gid) < 0 ||
	    syscall(SYS_setresuid, c->uid, c->uid, c->uid) < 0)
		return false;
	/* Root's programs get root's at the execve, whatever is dropped here. */
	if (c->uid == 0)
		return true;
	syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, none) == 0;
}

UNSEEN int spawn_child_run(void *spawn_child)
{
	struct spawn_child *c = spawn_child;

	reset_signals();
	reset_scheduling();
	syscall(SYS_setsid);
	if (reset_descriptors() && (!c->set_ids || set_ids(c)))
		syscall(SYS_execve, c->path, c->argv, c->environment);
	c->error = errno;
	syscall(SYS_exit_group, 127);
	return 127;
}
