/* SPDX-License-Identifier: MIT */
/*
 * Giving up privileges for good; called once at start, by the thread that is still alone. A user
 * other than root keeps no capability, and no_new_privs closes the way back by set-uid programs.
 * And the little that a guardian asks for beyond what others get.
 */
#include "net/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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

static struct __user_cap_header_struct cap_header = {.version = _LINUX_CAPABILITY_VERSION_3};

/* The bounding set: what a program that is executed later could still get. Where we may not change
 * it, no_new_privs says the same. */
static void limit_bounding(uint64_t keep)
{
	for (unsigned int i = 0; i < 64; i++)
		if (!(keep >> i & 1) && prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
}

static bool set_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct header = cap_header;
	struct __user_cap_data_struct data[2] = {
	    {.effective = (uint32_t)keep, .permitted = (uint32_t)keep},
	    {.effective = (uint32_t)(keep >> 32), .permitted = (uint32_t)(keep >> 32)},
	};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, data) == 0;
}

static bool has_no_capabilities(void)
{
	struct __user_cap_header_struct header = cap_header;
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &header, d) < 0)
		return false;
	return !(d[0].effective | d[0].permitted | d[0].inheritable | d[1].effective |
		 d[1].permitted | d[1].inheritable);
}

int privilege_keep(const int *capabilities, unsigned int n)
{
	uint64_t keep = 0;

	for (unsigned int i = 0; i < n; i++)
		keep |= UINT64_C(1) << capabilities[i];
	limit_bounding(keep);
	return set_capabilities(keep) ? 0 : -errno;
}

static const char *change_all(const struct privilege *p)
{
	const char *failed = p->chroot ? change_root(p->chroot) : NULL;

	/* The bounding set must go before the user: changing it needs a capability. */
	if (!failed && p->no_capabilities)
		limit_bounding(0);
	return failed ? failed : change_ids(p);
}

int privilege_drop(const struct privilege *p, const char **what)
{
	int dumpable = prctl(PR_GET_DUMPABLE);
	const char *failed = change_all(p);

	if (!failed && p->no_capabilities && !(set_capabilities(0) && has_no_capabilities()))
		failed = "capset";
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

/* Its threads and children begin as usual: only this one must never wait for a processor. */
enum realtime privilege_realtime(int priority)
{
	struct sched_param rr = {.sched_priority = priority}, usual = {0};

	/* sched_setscheduler(2) with 0 and setpriority(2) with 0 mean this thread. */
	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &rr) == 0)
		return REALTIME_RR;
	if (sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &usual) == 0 &&
	    setpriority(PRIO_PROCESS, 0, -20) == 0)
		return REALTIME_NICE;
	return REALTIME_NONE;
}

/* Where the limit binds us, locking what comes later would make allocations fail one day. */
static bool lock_is_unlimited(void)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
	void *more;

	if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0)
		return true;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return true;
	more = mmap(NULL, limit.rlim_cur, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (more == MAP_FAILED)
		return false;
	munmap(more, limit.rlim_cur);
	return true;
}

int privilege_lock_memory(void)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		return -errno;
	if (lock_is_unlimited())
		return 0;
	munlockall();
	return -EPERM;
}
