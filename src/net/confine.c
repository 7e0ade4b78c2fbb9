/* SPDX-License-Identifier: MIT */
/*
 * The worker's cage (declared in privilege.h): what strangers' bytes could make of a serving
 * thread. Landlock forbids every file to the calling thread and those that it starts later, seccomp
 * all threads what serving does not call. Called once, with no_new_privs, before the threads start.
 *
 *     serving needs it        goes through, sometimes with certain arguments only
 *     an honest mistake       EPERM, and the caller deals with it
 *     no program of ours      the process ends, and the guardian says so
 */
#include "net/privilege.h"

#include <errno.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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

/* ---- landlock: the header may be older than the kernel */

#define FS_ABI1 ((UINT64_C(1) << 13) - 1)
#define FS_REFER (UINT64_C(1) << 13)     /* 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)  /* 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* 5 */
#define RESTRICT_ALL_THREADS (1u << 3)   /* 8: LANDLOCK_RESTRICT_SELF_TSYNC */

static uint64_t all_rights(long abi)
{
	return FS_ABI1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
	       (abi >= 5 ? FS_IOCTL_DEV : 0);
}

/* Every right is handled, and no rule grants one. */
static int forbid_files(const char **what)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr rules = {.handled_access_fs = all_rights(abi)};
	unsigned int flags = abi >= 8 ? RESTRICT_ALL_THREADS : 0;
	int error = 0, fd;

	if (abi < 1)
		return -ENOSYS;
	*what = "landlock";
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules.handled_access_fs), 0);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_landlock_restrict_self, fd, flags) < 0)
		error = -errno;
	close(fd);
	return error;
}

/* ---- seccomp */

static const char *const allowed[] = {
    /* bytes in and out */
    "read", "write", "readv", "writev", "pread64", "pwrite64", "recvfrom", "sendto", "recvmsg",
    "sendmsg", "recvmmsg", "sendmmsg", "splice", "tee", "vmsplice", "sendfile",
    /* sockets and descriptors */
    "accept", "accept4", "connect", "bind", "listen", "shutdown", "socketpair", "getsockname",
    "getpeername", "getsockopt", "setsockopt", "close", "close_range", "dup", "dup2", "dup3",
    "fcntl", "pipe", "pipe2", "lseek", "ftruncate", "fstat", "newfstatat", "statx",
    /* waiting */
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll",
    "select", "pselect6", "eventfd2", "signalfd4", "timerfd_create", "timerfd_settime",
    "timerfd_gettime", "io_uring_setup", "io_uring_enter", "io_uring_register", "futex",
    "futex_waitv", "nanosleep", "clock_nanosleep", "restart_syscall", "pause",
    /* memory; mmap and mprotect: below */
    "brk", "munmap", "mremap", "madvise", "mlock", "mlock2", "munlock",
    /* threads and signals */
    "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "membarrier", "exit",
    "exit_group", "sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getparam",
    "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min", "getcpu",
    "getpriority", "setpriority", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending",
    "rt_sigtimedwait", "rt_sigsuspend", "sigaltstack",
    /* who, when, how much */
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid",
    "getresgid", "getgroups", "getpgrp", "getpgid", "getsid", "clock_gettime", "clock_getres",
    "gettimeofday", "time", "times", "getrandom", "getrusage", "getrlimit", "uname", "sysinfo"};

/* Nobody calls these by mistake. */
static const char *const deadly[] = {"execve",
				     "execveat",
				     "ptrace",
				     "process_vm_readv",
				     "process_vm_writev",
				     "kcmp",
				     "mount",
				     "umount2",
				     "pivot_root",
				     "chroot",
				     "move_mount",
				     "open_tree",
				     "fsopen",
				     "fsconfig",
				     "fsmount",
				     "fspick",
				     "mount_setattr",
				     "unshare",
				     "setns",
				     "init_module",
				     "finit_module",
				     "delete_module",
				     "kexec_load",
				     "kexec_file_load",
				     "bpf",
				     "perf_event_open",
				     "userfaultfd",
				     "open_by_handle_at",
				     "name_to_handle_at",
				     "reboot",
				     "swapon",
				     "swapoff",
				     "acct",
				     "quotactl",
				     "syslog",
				     "iopl",
				     "ioperm",
				     "modify_ldt",
				     "keyctl",
				     "add_key",
				     "request_key",
				     "settimeofday",
				     "clock_settime",
				     "adjtimex",
				     "clock_adjtime",
				     "sethostname",
				     "setdomainname",
				     "personality",
				     "vhangup",
				     "pidfd_getfd",
				     "mknod",
				     "mknodat",
				     "lookup_dcookie",
				     "nfsservctl"};

struct with_argument { /* allowed where (argument & mask) == value */
	const char *name;
	unsigned int argument;
	uint64_t mask, value;
};

#define ANY UINT64_C(0xffffffff)
#define NEW_THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static const struct with_argument conditions[] = {
    {"socket", 0, ANY, AF_UNIX},
    {"socket", 0, ANY, AF_INET},
    {"socket", 0, ANY, AF_INET6},
    {"clone", 0, NEW_THREAD, NEW_THREAD},
    {"mmap", 2, PROT_EXEC, 0},
    {"mprotect", 2, PROT_EXEC, 0},
    {"ioctl", 1, ANY, FIONREAD},
    {"ioctl", 1, ANY, TIOCOUTQ},
    {"ioctl", 1, ANY, FIONBIO},
    {"ioctl", 1, ANY, TCGETS},
    {"prlimit64", 2, UINT64_MAX, 0}, /* asking, not setting */
    {"prctl", 0, ANY, PR_SET_NAME},
    {"prctl", 0, ANY, PR_GET_NAME},
    {"prctl", 0, ANY, PR_SET_DUMPABLE},
    {"prctl", 0, ANY, PR_GET_DUMPABLE},
    {"prctl", 0, ANY, PR_GET_NO_NEW_PRIVS},
    {"prctl", 0, ANY, 0x53564d41}, /* PR_SET_VMA: malloc names its memory */
    /* what a new process tells the old one: finish, stop, give and take back the sockets */
    {"kill", 1, ANY, SIGUSR1},
    {"kill", 1, ANY, SIGTERM},
    {"kill", 1, ANY, SIGTTIN},
    {"kill", 1, ANY, SIGTTOU},
};

/* A name that this kernel's headers or this machine do not know needs no rule. */
static int add_rules(scmp_filter_ctx filter, uint32_t action, const char *const *names,
		     unsigned int n)
{
	int error = 0;

	for (unsigned int i = 0; i < n && !error; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);

		if (number != __NR_SCMP_ERROR)
			error = seccomp_rule_add(filter, action, number, 0);
	}
	return error;
}

static int add_condition(scmp_filter_ctx filter, const struct with_argument *c)
{
	int number = seccomp_syscall_resolve_name(c->name);
	struct scmp_arg_cmp compare = {
	    .arg = c->argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = c->mask, .datum_b = c->value};

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &compare);
}

static int fill(scmp_filter_ctx filter)
{
	/* raise() and abort(): to threads of this process */
	struct with_argument to_self = {"tgkill", 0, ANY, (uint64_t)getpid()};
	int error = add_rules(filter, SCMP_ACT_ALLOW, allowed, array_size(allowed));

	if (!error)
		error = add_rules(filter, SCMP_ACT_KILL_PROCESS, deadly, array_size(deadly));
	for (unsigned int i = 0; i < array_size(conditions) && !error; i++)
		error = add_condition(filter, &conditions[i]);
	if (!error)
		error = add_condition(filter, &to_self);
	/* Its arguments are in memory, where no filter can look; glibc then takes clone. */
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return error;
}

static int forbid_calls(const char **what)
{
	scmp_filter_ctx filter;
	int error;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		return -ENOSYS;
	*what = "seccomp";
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return -ENOMEM;
	error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!error)
		error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* A tree instead of a list of comparisons; where the library is too old, the list. */
	if (!error)
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	/* Kernels before 5.16 would slow all of our code down: a mitigation for interpreters. */
	if (!error)
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	if (!error)
		error = fill(filter);
	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

int privilege_confine(const char **what)
{
	int files, calls;

	if (SANITIZED)
		return 0;
	*what = "no_new_privs";
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return -EPERM;
	files = forbid_files(what);
	if (files && files != -ENOSYS)
		return files;
	calls = forbid_calls(what);
	if (calls && calls != -ENOSYS)
		return calls;
	*what = "landlock, seccomp";
	return files && calls ? -ENOSYS : 0;
}
