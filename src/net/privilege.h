/* SPDX-License-Identifier: MIT */
/* Giving up privileges: chroot, user, groups, no way back. */
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
};

/* User and group names to numbers; -ENOENT when there is none. */
int privilege_find_user(const char *name, uid_t *uid, gid_t *gid) must_check;
int privilege_find_group(const char *name, gid_t *gid) must_check;
/* In that order: chroot + chdir, setgroups, setgid, setuid, no_new_privs, dumpable kept as it was;
 * verified afterwards. 0 or -errno with *what the call that failed. */
int privilege_drop(const struct privilege *p, const char **what) must_check;

#endif
