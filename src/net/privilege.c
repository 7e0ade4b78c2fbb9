/* SPDX-License-Identifier: MIT */
/*
 * Giving up privileges for good; called once at start, by the thread that is still alone. A user
 * other than root keeps no capability, and no_new_privs closes the way back by set-uid programs.
 */
#include "net/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

#define TEXT_BYTES 16384 /* of a line of the user or group database */

int privilege_find_user(const char *name, uid_t *uid, gid_t *gid)
{
	char text[TEXT_BYTES];
	struct passwd entry, *found = NULL;

	if (getpwnam_r(name, &entry, text, sizeof(text), &found) || !found)
		return -ENOENT;
	*uid = found->pw_uid;
	*gid = found->pw_gid;
	return 0;
}

int privilege_find_group(const char *name, gid_t *gid)
{
	char text[TEXT_BYTES];
	struct group entry, *found = NULL;

	if (getgrnam_r(name, &entry, text, sizeof(text), &found) || !found)
		return -ENOENT;
	*gid = found->gr_gid;
	return 0;
}

static const char *change_root(const char *path)
{
	if (chroot(path) < 0)
		return "chroot";
	return chdir("/") < 0 ? "chdir" : NULL;
}

static const char *change_ids(const struct privilege *p)
{
	/* Only root may, and only root has groups that others should not get. */
	if ((p->set_user || p->set_group) && geteuid() == 0 &&
	    setgroups(p->set_group ? 1 : 0, p->set_group ? &p->gid : NULL) < 0)
		return "setgroups";
	if (p->set_group && setresgid(p->gid, p->gid, p->gid) < 0)
		return "setgid";
	if (p->set_user && setresuid(p->uid, p->uid, p->uid) < 0)
		return "setuid";
	return NULL;
}

/* What the kernel says now, and that there is no way back. */
static const char *verify(const struct privilege *p)
{
	uid_t uid, euid, suid;
	gid_t gid, egid, sgid;

	errno = EPERM;
	if (p->set_group && (getresgid(&gid, &egid, &sgid) < 0 || gid != p->gid || egid != p->gid ||
			     sgid != p->gid))
		return "setgid (verified)";
	if (!p->set_user)
		return NULL;
	if (getresuid(&uid, &euid, &suid) < 0 || uid != p->uid || euid != p->uid || suid != p->uid)
		return "setuid (verified)";
	if (p->uid != 0 && setuid(0) == 0)
		return "setuid (verified)";
	return NULL;
}

int privilege_drop(const struct privilege *p, const char **what)
{
	int dumpable = prctl(PR_GET_DUMPABLE);
	const char *failed = p->chroot ? change_root(p->chroot) : NULL;

	if (!failed)
		failed = change_ids(p);
	if (!failed && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		failed = "no_new_privs";
	/* Changing the user clears it: neither core dumps nor debuggers would work. 2 cannot be
	 * set, and is what is left anyway. */
	if (!failed && dumpable == 1 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		failed = "dumpable";
	if (!failed)
		failed = verify(p);
	if (!failed)
		return 0;
	*what = failed;
	return -errno;
}
