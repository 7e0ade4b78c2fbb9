/* SPDX-License-Identifier: MIT */
/* Implements netns_helper.h: unshare(2), and iproute2 for what is not under test. */
#include "netns_helper.h"

#include "net_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int machines[2] = {-1, -1};

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/* An ordinary user is root in a user namespace of his own. */
static bool become_root(void)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (unshare(CLONE_NEWUSER) < 0)
		return false;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return write_file("/proc/self/gid_map", map);
}

bool netns_try_ip(const char *words)
{
	char command[256];

	snprintf(command, sizeof(command), "ip %s", words);
	return system(command) == 0;
}

void netns_ip(const char *words)
{
	if (!netns_try_ip(words))
		fail_msg("ip %s", words);
}

void netns_go(int which)
{
	assert_int_equal(setns(machines[which], CLONE_NEWNET), 0);
}

static bool make_machines(void)
{
	for (int i = 1; i >= 0; i--) {
		if (unshare(CLONE_NEWNET) < 0)
			return false;
		machines[i] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (machines[i] < 0)
			return false;
	}
	return true;
}

/* Where we are: the end of the cable, its addresses. */
static bool wire_up(const char *wire, const char *v4, const char *v6)
{
	char words[96];

	if (!netns_try_ip("link set lo up"))
		return false;
	snprintf(words, sizeof(words), "address add %s/24 dev %s", v4, wire);
	if (!netns_try_ip(words))
		return false;
	snprintf(words, sizeof(words), "link set %s addrgenmode none up", wire);
	if (!netns_try_ip(words))
		return false;
	snprintf(words, sizeof(words), "address add %s/64 dev %s nodad", v6, wire);
	return netns_try_ip(words);
}

static bool lay_cable(void)
{
	char move[96];

	snprintf(move, sizeof(move), "link set wire1 netns /proc/%d/fd/%d", (int)getpid(),
		 machines[1]);
	if (!netns_try_ip("link add wire0 type veth peer name wire1") || !netns_try_ip(move) ||
	    !wire_up("wire0", WIRE0_V4, WIRE0_V6))
		return false;
	return setns(machines[1], CLONE_NEWNET) == 0 && wire_up("wire1", WIRE1_V4, WIRE1_V6) &&
	       setns(machines[0], CLONE_NEWNET) == 0;
}

bool netns_enter(void)
{
	if ((getuid() != 0 && !become_root()) || !make_machines()) {
		printf("# network namespaces are forbidden here: %s\n", strerror(errno));
		return false;
	}
	if (lay_cable())
		return true;
	printf("# iproute2 is missing, or there are no veth links here\n");
	return false;
}

void netns_forbidden(void **state)
{
	(void)state;
	skip();
}
