/* SPDX-License-Identifier: MIT */
/* The child's side of spawn.c, between clone and execve, in its parent's memory. */
#ifndef NET_SPAWN_CHILD_H
#define NET_SPAWN_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct spawn_child {
	const char *path;
	char **argv, **environment;
	bool set_ids;
	uid_t uid;
	gid_t gid;
	volatile int error; /* out: errno of the step that failed; 0: the program runs */
};

/* For clone(): becomes the program, or ends with 127. */
int spawn_child_run(void *spawn_child);

#endif
