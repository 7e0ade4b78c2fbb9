/* SPDX-License-Identifier: MIT */
/*
 * Starting a program without copying anything: the child borrows our memory on a stack of its own,
 * and the calling thread waits, until the execve (CLONE_VM | CLONE_VFORK). So the child may write
 * nothing that is not its own, and calls the kernel directly: glibc's setuid() would ask "all
 * threads", which are the parent's.
 */
#include "net/spawn.h"

#include "net/spawn_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES 65536
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PATH_BYTES 4096

bool spawn_find(const char *name, char *dst, size_t size)
{
	const char *at = getenv("PATH");
	struct stat st;

	if (!name[0])
		return false;
	for (at = at && at[0] ? at : DEFAULT_PATH; at; at = *at ? at + 1 : NULL) {
		size_t n = strcspn(at, ":");
		int written = snprintf(dst, size, "%.*s/%s", (int)n, at, name);

		/* An empty part would be the working directory: not for us. */
		if (n > 0 && written > 0 && (size_t)written < size && access(dst, X_OK) == 0 &&
		    stat(dst, &st) == 0 && S_ISREG(st.st_mode))
			return true;
		at += n;
	}
	return false;
}

static size_t count(const char *const *words)
{
	size_t n = 0;

	while (words && words[n])
		n++;
	return n;
}

/* Both lists behind each other. The child execs with it; free() it. */
static char **join(const struct spawn *s)
{
	size_t n = count(s->argv), more = count(s->extra);
	char **argv = malloc((n + more + 1) * sizeof(*argv));

	if (!argv)
		return NULL;
	memcpy(argv, s->argv, n * sizeof(*argv));
	if (more)
		memcpy(argv + n, s->extra, more * sizeof(*argv));
	argv[n + more] = NULL;
	return argv;
}

/* glibc's other name for clone(): TSan takes the first one for a fork. */
int __clone(int (*run)(void *), void *stack, int flags, void *argument, ...);

/* pid or -errno. Signals stay blocked until the child has its own handlers: none, that is. */
static pid_t start_child(struct spawn_child *child, int *pidfd)
{
	int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
	sigset_t all, before;
	char *stack;
	pid_t pid;

	stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return -errno;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = __clone(spawn_child_run, stack + STACK_BYTES, flags, child, pidfd);
	if (pid < 0)
		pid = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	munmap(stack, STACK_BYTES);
	return pid;
}

static int reap(pid_t pid, int options, int *status)
{
	pid_t ended;

	do {
		ended = waitpid(pid, status, options);
	} while (ended < 0 && errno == EINTR);
	return ended < 0 ? -errno : ended == 0 ? -EAGAIN : 0;
}

int spawn_start(const struct spawn *s, struct spawned *out)
{
	struct spawn_child child = {
	    .path = s->argv[0], .set_ids = s->set_ids, .uid = s->uid, .gid = s->gid};
	char found[PATH_BYTES];
	struct spawned started = {.pidfd = -1};
	int status;

	if (!strchr(s->argv[0], '/')) {
		if (!spawn_find(s->argv[0], found, sizeof(found)))
			return -ENOENT;
		child.path = found;
	}
	child.argv = join(s);
	if (!child.argv)
		return -ENOMEM;
	child.environment = environ;
	started.pid = start_child(&child, &started.pidfd);
	free(child.argv);
	if (started.pid < 0)
		return started.pid;
	if (!child.error) {
		*out = started;
		return 0;
	}
	/* It never became the program: it has ended already. */
	close(started.pidfd);
	reap(started.pid, 0, &status);
	return -child.error;
}

int spawn_reap(struct spawned *s, int *status)
{
	int error = s->pid > 0 ? reap(s->pid, WNOHANG, status) : -ECHILD;

	/* The number may soon be another's. */
	if (error != -EAGAIN)
		s->pid = 0;
	return error;
}

void spawn_signal(const struct spawned *s, int signal)
{
	if (s->pid > 0)
		kill(-s->pid, signal);
}
