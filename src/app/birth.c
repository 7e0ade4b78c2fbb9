/* SPDX-License-Identifier: MIT */
/* The first moments of a worker, on both sides of the fork. */
#include "app/birth.h"

#include "app/files.h"
#include "app/run.h"
#include "app/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
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

/* What the guardian and its failover thread have open is not the worker's: it must not be able to
 * speak VRRP, nor hold BFD's port when its guardian has died. */
static void close_guardians(const struct birth *b, int ready_fd)
{
	const int mine[] = {b->bell, b->leash[0], ready_fd, failover_release_fd};

	if (!sockets_close_others(b->program, mine, array_size(mine)))
		message_print(DIAG_WARNING,
			      "the worker keeps its guardian's sockets: out of memory");
}

static _Noreturn void be_worker(const struct birth *b, struct heartbeat *h, int ready_fd)
{
	struct run_care care = {.on_ready = tell_guardian,
				.user = &ready_fd,
				.leash = b->leash[0],
				.leash_ms = b->leash_ms,
				.detached = b->background,
				.confined = true};
	int status;

	/* else an address that is not wanted any more would stay open */
	if (b->leaving)
		run_free(b->leaving);
	if (b->passed)
		sockets_free(b->passed);
	close_guardians(b, ready_fd);
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
