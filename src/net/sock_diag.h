/* SPDX-License-Identifier: MIT */
/*
 * The TCP connections of this machine, as the kernel lists them (sock_diag), read without blocking:
 * 64 k of them take many turns of a loop, not one long one.
 */
#ifndef NET_SOCK_DIAG_H
#define NET_SOCK_DIAG_H

#include "base/check.h"
#include "base/inet.h"

struct sock_diag;

struct sock_diag_socket { /* with ports; IPv4 over an IPv6 socket comes as IPv4 */
	struct inet local, remote;
	uint8_t state; /* TCP_* of netinet/tcp.h */
};

/* NULL with *error = -errno: no memory, or no such netlink here. */
struct sock_diag *sock_diag_new(int *error) must_check;
void sock_diag_free(struct sock_diag *d);
/* To be watched for reading while a question is open. The same for ever, but where a question
 * failed: asking again may bring another one. */
int sock_diag_fd(const struct sock_diag *d);
/* Asks for all connected sockets of both families: every state but LISTEN, CLOSE and TIME_WAIT,
 * embryonic ones (SYN_RECV) too. A former question that is still open is dropped. 0 or -errno. */
int sock_diag_ask(struct sock_diag *d) must_check;
/* Reads one buffer of the answer, and calls `each` for each socket in it. 1: that was all; 0: more
 * is to come; -errno: the question failed (-EINVAL: none is open). */
int sock_diag_read(struct sock_diag *d, void (*each)(void *user, const struct sock_diag_socket *s),
		   void *user) must_check;

#endif
