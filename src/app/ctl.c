/* SPDX-License-Identifier: MIT */
/* A client of the runtime API that needs no socat. */
#include "app/ctl.h"

#include "net/address.h"

#include "base/buffer.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define COMMAND_MAX_BYTES 65536
#define ANSWER_S 10

int ctl_connect(const char *path, unsigned int patience_s)
{
	struct address a = {.kind = ADDRESS_UNIX, .path = path};
	struct sockaddr_storage to;
	socklen_t len;
	struct timeval patience = {.tv_sec = patience_s};
	int fd, error = address_to_sockaddr(&a, &to, &len);

	if (error)
		return error;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, len) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static int print_answer(int fd)
{
	char chunk[16384];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		fwrite(chunk, 1, (size_t)n, stdout);
	if (n < 0)
		fprintf(stderr, "halb: the answer does not come: %s\n", strerror(errno));
	return n < 0 ? 1 : 0;
}

/* The first of the usual places where somebody answers. fd or -errno. */
static int connect_usual(void)
{
	static const char *const places[] = {CTL_SOCKET, "/run/halb/admin.sock",
					     "/run/haproxy/admin.sock"};
	int fd = -ENOENT;

	for (size_t i = 0; fd < 0 && i < array_size(places); i++)
		fd = ctl_connect(places[i], ANSWER_S);
	return fd;
}

int ctl_run(int argc, char **argv)
{
	const char *path = NULL;
	struct buffer command;
	int first = 0, fd, status = 1;

	if (argc > 1 && strcmp(argv[0], "-s") == 0) {
		path = argv[1];
		first = 2;
	}
	if (first >= argc) {
		fputs("Usage: halb ctl [-s SOCKET] COMMAND…   (for example: halb ctl show vrrp)\n",
		      stderr);
		return 1;
	}
	buffer_init(&command, COMMAND_MAX_BYTES);
	for (int i = first; i < argc; i++)
		buffer_printf(&command, "%s%c", argv[i], i + 1 < argc ? ' ' : '\n');
	fd = path ? ctl_connect(path, ANSWER_S) : connect_usual();
	if (fd < 0)
		fprintf(stderr,
			"halb: no answer at %s: %s. Does halb run, with -k or with a 'stats "
			"socket'? Name that one with -s.\n",
			path ? path : CTL_SOCKET " nor at another usual place", strerror(-fd));
	else if (write(fd, command.p, command.len) == (ssize_t)command.len)
		status = print_answer(fd);
	if (fd >= 0)
		close(fd);
	buffer_fini(&command);
	return status;
}
