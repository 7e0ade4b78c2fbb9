/* SPDX-License-Identifier: MIT */
/*
 * Descriptors from process to process. On the wire: the number of descriptors in 4 bytes, then for
 * each one its label of FD_PASS_LABEL_BYTES bytes, the descriptor attached to it. Guardian and
 * worker, old and new process use it.
 */
#include "net/fd_pass.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* All of it, with a descriptor (or none: -1) attached to the first byte. */
static int send_all(int socket, const char *p, size_t n, int fd)
{
	union control control;

	while (n > 0) {
		struct iovec iov = {(char *)p, n};
		struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
		ssize_t done;

		if (fd >= 0) {
			struct cmsghdr *c;

			memset(&control, 0, sizeof(control));
			msg.msg_control = control.bytes;
			msg.msg_controllen = sizeof(control.bytes);
			c = CMSG_FIRSTHDR(&msg);
			c->cmsg_level = SOL_SOCKET;
			c->cmsg_type = SCM_RIGHTS;
			c->cmsg_len = CMSG_LEN(sizeof(fd));
			memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		}
		done = sendmsg(socket, &msg, MSG_NOSIGNAL);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		fd = -1;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int fd_pass_send(int socket, const struct passed_fd *v, unsigned int n)
{
	uint32_t count = n;
	unsigned int i;
	int error = send_all(socket, (const char *)&count, sizeof(count), -1);

	for (i = 0; i < n && !error; i++)
		error = send_all(socket, v[i].label, sizeof(v[i].label), v[i].fd);
	return error;
}

/* The descriptor that came with a message; -1 where there is none. A second one is not ours to
 * expect: the space has room for one, and the kernel drops the others. */
static int attached_fd(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len >= CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* Exactly n bytes; *fd becomes the descriptor that came with them, or stays -1. */
static int receive_all(int socket, char *p, size_t n, int *fd)
{
	union control control;

	while (n > 0) {
		struct iovec iov = {p, n};
		struct msghdr msg = {.msg_iov = &iov,
				     .msg_iovlen = 1,
				     .msg_control = control.bytes,
				     .msg_controllen = sizeof(control.bytes)};
		ssize_t done = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
		int came;

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		came = attached_fd(&msg);
		if (came >= 0) {
			if (*fd >= 0)
				close(*fd);
			*fd = came;
		}
		if (done == 0)
			return -ECONNRESET;
		if (msg.msg_flags & MSG_CTRUNC)
			return -EPROTO;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int receive_one(int socket, struct passed_fd *v)
{
	int error;

	v->fd = -1;
	error = receive_all(socket, v->label, sizeof(v->label), &v->fd);
	if (!error && v->fd < 0)
		error = -EPROTO;
	if (error && v->fd >= 0)
		close(v->fd);
	v->label[sizeof(v->label) - 1] = '\0';
	return error;
}

int fd_pass_receive(int socket, struct passed_fd *v, unsigned int max)
{
	uint32_t count;
	unsigned int i;
	int unexpected = -1;
	int error = receive_all(socket, (char *)&count, sizeof(count), &unexpected);

	if (unexpected >= 0) {
		close(unexpected);
		error = error ? error : -EPROTO;
	}
	if (!error && count > max)
		error = -E2BIG;
	for (i = 0; !error && i < count; i++)
		error = receive_one(socket, &v[i]);
	if (!error)
		return (int)count;
	/* The last one is closed already where receiving it failed. */
	while (i > 1)
		close(v[--i - 1].fd);
	return error;
}
