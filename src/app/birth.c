/* SPDX-License-Identifier: MIT */
/* The first moments of a worker, on both sides of the fork. */
#include "app/birth.h"

#include "app/files.h"
#include "app/run.h"
#include "app/wire.h"

#include "proto/bfd.h"

#include "base/span.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_TIMEOUT_MS 10000

/* A byte tells the guardian that it serves. */
static void tell_guardian(void *user)
{
	const int *fd = user;

	if (write(*fd, "R", 1) == 1)
		close(*fd);
}

static int socket_option(int fd, int level, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, option, &value, &len) == 0 ? value : -1;
}

/* Of BFD; a log's datagrams go out with the TTL of all others. */
static bool is_bfd(int fd, int family)
{
	int ttl = family == AF_INET ? socket_option(fd, IPPROTO_IP, IP_TTL)
				    : socket_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS);

	return (family == AF_INET || family == AF_INET6) && ttl == BFD_TTL;
}

static bool is_guardians_socket(int fd)
{
	int family = socket_option(fd, SOL_SOCKET, SO_DOMAIN);
	int type = socket_option(fd, SOL_SOCKET, SO_TYPE);

	return family == AF_NETLINK || family == AF_PACKET || type == SOCK_RAW ||
	       (type == SOCK_DGRAM && is_bfd(fd, family));
}

/* What the guardian and its failover thread have open for themselves: the worker must not be able
 * to speak VRRP, and must not keep BFD's port when its guardian has died. It has no such things of
 * its own yet. */
static bool is_guardians(int fd)
{
	static const char *const kinds[] = {"anon_inode:[eventpoll]", "anon_inode:[signalfd]",
					    "anon_inode:[pidfd]", "anon_inode:inotify"};
	char path[32], target[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	if (strncmp(target, "socket:", 7) == 0)
		return is_guardians_socket(fd);
	for (size_t i = 0; i < array_size(kinds); i++)
		if (strcmp(target, kinds[i]) == 0)
			return true;
	return false;
}

static void leave_guardians_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	uint64_t fd;

	if (!folder)
		return;
	/* cppcheck-suppress readdirCalled; the stream is ours alone */
	while ((entry = readdir(folder)))
		if (span_to_u64(span_of(entry->d_name), INT_MAX, &fd) && fd > STDERR_FILENO &&
		    (int)fd != dirfd(folder) && is_guardians((int)fd))
			close((int)fd);
	closedir(folder);
}

static _Noreturn void be_worker(const struct birth *b, struct heartbeat *h, int ready_fd)
{
	struct run_care care = {.on_ready = tell_guardian,
				.user = &ready_fd,
				.leash = b->leash[0],
				.detached = b->background,
				.confined = true};
	int status;

	/* else an address that is not wanted any more would stay open */
	if (b->leaving)
		run_free(b->leaving);
	if (b->passed)
		sockets_free(b->passed);
	close(b->leash[1]);
	leave_guardians_files();
	heartbeat_begin(h, b->bell);
	wire_begin(b->program);
	status = run_serve(b->program, &care);
	run_free(b->program);
	exit(status);
}

bool birth_worker(const struct birth *b, struct offspring *out)
{
	struct pollfd fd = {.events = POLLIN};
	struct heartbeat *h = heartbeat_new();
	int ready[2];
	char byte;
	pid_t pid;
	bool ok;

	if (!h || pipe(ready) != 0) {
		heartbeat_free(h);
		message_print(DIAG_ALERT, "a worker could not be started: %s", strerror(errno));
		return false;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		be_worker(b, h, ready[1]);
	}
	close(ready[1]);
	fd.fd = ready[0];
	ok = pid > 0 && poll(&fd, 1, READY_TIMEOUT_MS) == 1 && read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	if (ok) {
		message_print(DIAG_NOTICE, "New worker (%d) forked", (int)pid);
		*out = (struct offspring){pid, h};
		return true;
	}
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	heartbeat_free(h);
	message_print(DIAG_ALERT, "a worker could not be started");
	return false;
}
