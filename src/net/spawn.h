/* SPDX-License-Identifier: MIT */
/*
 * Running a user's script or program: from any thread, also one with real-time priority and locked
 * memory (vfork: no page table is copied), watched by its pidfd.
 */
#ifndef NET_SPAWN_H
#define NET_SPAWN_H

#include "base/check.h"

#include <stdbool.h>
#include <sys/types.h>

struct spawn {
	const char *const *argv;  /* argv[0] is a path, or a name to be looked for in PATH */
	const char *const *extra; /* more arguments behind them, NULL-ended; NULL: none */
	bool set_ids; /* run as uid and gid, no other groups, no capabilities (uid 0: root's) */
	uid_t uid;
	gid_t gid;
};

struct spawned {
	pid_t pid;
	int pidfd; /* readable when it has ended; the caller's */
};

/* Standard streams lead to /dev/null, signals are as new, no descriptor of ours, normal scheduling,
 * a process group of its own. 0, or -errno of what failed, the execve too. */
int spawn_start(const struct spawn *s, struct spawned *out) must_check;
/* After its pidfd became readable: its wait status, reaped; pid becomes 0, the pidfd stays open.
 * -EAGAIN while it runs, -ECHILD where somebody else's waitpid(-1) took it. */
int spawn_reap(struct spawned *s, int *status) must_check;
/* To the whole group. */
void spawn_signal(const struct spawned *s, int signal);
/* script security (keepalived.conf(5), enable_script_security): true where nobody but root can
 * write to the program or a folder of its path; *why says what is wrong. `path` absolute. */
bool spawn_path_is_secure(const char *path, const char **why);
/* The full path of a program named without '/': false where PATH has none. */
bool spawn_find(const char *name, char *dst, size_t size);

#endif
