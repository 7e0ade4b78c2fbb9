/* SPDX-License-Identifier: MIT */
/*
 * Processes and the system around them; called by app/ at start and by the guardian.
 *
 *     halb -D:   parent ── waits ──> exits 0 when the child is ready, else with the child's status
 *                child  ── setsid, start ... process_daemon_ready
 */
#include "net/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int daemon_fd = -1; /* the child's end of the pipe to its waiting parent */

static _Noreturn void wait_for_child(int fd, pid_t child)
{
	char byte;
	ssize_t n;
	int status = 0;

	do {
		n = read(fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(0);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 1);
}

int process_daemonize(void)
{
	int fds[2], error;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		error = -errno;
		close(fds[0]);
		close(fds[1]);
		return error;
	}
	if (pid > 0) {
		close(fds[1]);
		wait_for_child(fds[0], pid);
	}
	close(fds[0]);
	daemon_fd = fds[1];
	setsid();
	return 0;
}

void process_detach_stdio(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; fd >= 0 && i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

void process_daemon_ready(void)
{
	if (daemon_fd < 0)
		return;
	process_detach_stdio();
	/* It fails only where the parent is gone: nobody waits then. */
	while (write(daemon_fd, "", 1) < 0 && errno == EINTR)
		;
	close(daemon_fd);
	daemon_fd = -1;
}

int process_pidfile_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	struct stat st;
	int error = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		error = -errno;
	else if (!S_ISREG(st.st_mode))
		error = -EINVAL;
	if (!error)
		return fd;
	close(fd);
	return error;
}

int process_pidfile_write(int fd, const pid_t *pids, unsigned int n)
{
	unsigned int i;

	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	for (i = 0; i < n; i++)
		if (dprintf(fd, "%d\n", (int)pids[i]) < 0)
			return -errno;
	return 0;
}

int process_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;
	int fd, error = 0;

	if (n == 0)
		return 0;
	if (n >= sizeof(un.sun_path) || (path[0] != '/' && path[0] != '@'))
		return -EINVAL;
	memcpy(un.sun_path, path, n);
	if (path[0] == '@')
		un.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&un,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		error = -errno;
	close(fd);
	return error;
}

int process_limit_files(unsigned long n)
{
	struct rlimit limit, wanted;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	if (limit.rlim_cur >= n)
		return 0;
	wanted = (struct rlimit){n, limit.rlim_max < n ? n : limit.rlim_max};
	if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
		return 0;
	return -errno;
}

unsigned long process_file_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 0 : limit.rlim_cur;
}

unsigned int process_cpus(void)
{
	cpu_set_t set;
	int n = 0;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	return n > 0 ? (unsigned int)n : 1;
}

int process_signal_fd(const sigset_t *set)
{
	int error = pthread_sigmask(SIG_BLOCK, set, NULL);
	int fd;

	if (error)
		return -error;
	fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int process_signal_next(int fd, pid_t *from)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (from)
		*from = (pid_t)info.ssi_pid;
	return (int)info.ssi_signo;
}

void *process_share_memory(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	return memory;
}

void process_unshare_memory(void *memory, size_t bytes)
{
	if (memory)
		munmap(memory, bytes);
}

void process_end(pid_t child)
{
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

pid_t process_reap(pid_t child, int *status)
{
	pid_t pid = waitpid(child, status, WNOHANG | WUNTRACED);

	return pid < 0 ? -errno : pid;
}

int process_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */

	return fd < 0 ? -errno : fd;
}
