/* SPDX-License-Identifier: MIT */
/* Descriptors between processes over a unix stream socket (SCM_RIGHTS), with a label each. */
#ifndef NET_FD_PASS_H
#define NET_FD_PASS_H

#include "base/check.h"

#define FD_PASS_LABEL_BYTES 256

struct passed_fd {
	int fd;
	char label[FD_PASS_LABEL_BYTES]; /* for a listener: its address word */
};

/* Blocking with the socket's timeouts. 0 or -errno. */
int fd_pass_send(int socket, const struct passed_fd *v, unsigned int n) must_check;
/* Receives up to `max`; the number, or -errno (then none are left open). */
int fd_pass_receive(int socket, struct passed_fd *v, unsigned int max) must_check;

#endif
