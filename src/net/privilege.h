/* SPDX-License-Identifier: MIT */
/* Giving up privileges, no way back: chroot, user, groups, capabilities, system calls, files; and
 * asking for what a guardian needs: real-time priority, locked memory. */
#ifndef NET_PRIVILEGE_H
#define NET_PRIVILEGE_H

#include "base/check.h"

#include <stdbool.h>

#include <sys/types.h>

struct privilege {
	const char *chroot; /* NULL: stay */
	bool set_user, set_group;
	uid_t uid;
	gid_t gid;
	bool no_capabilities; /* drop all, whoever we are: effective, permitted, inheritable,
				 bounding, ambient */
};

/* User and group names to numbers; -ENOENT when there is none. */
int privilege_find_user(const char *name, uid_t *uid, gid_t *gid) must_check;
int privilege_find_group(const char *name, gid_t *gid) must_check;
/* In that order: chroot + chdir, setgroups, setgid, setuid, capabilities, no_new_privs, dumpable
 * kept as it was; verified afterwards. 0 or -errno with *what the call that failed. */
int privilege_drop(const struct privilege *p, const char **what) must_check;

/* Landlock (no file can be opened any more; unix sockets and open descriptors work), for the
 * calling thread and those it starts later; and seccomp for all threads (what a serving worker
 * calls is allowed, other calls fail with EPERM, and execve, ptrace, mount and the like end the
 * process). So call it before the threads start. no_new_privs must be set. 0 or -errno with *what;
 * -ENOSYS where the kernel has neither. Not in sanitizer builds (0). */
int privilege_confine(const char **what) must_check;
/* Only these stay, of the caller (a watcher keeps CAP_NET_ADMIN and CAP_NET_RAW). */
int privilege_keep(const int *capabilities, unsigned int n) must_check;

/* The calling thread: SCHED_RR at `priority` (children are normal again), else nice -20, else
 * nothing; which of them it is. */
enum realtime { REALTIME_RR, REALTIME_NICE, REALTIME_NONE };
enum realtime privilege_realtime(int priority);
/* All memory, now and later. 0 or -errno. */
int privilege_lock_memory(void) must_check;

#endif
