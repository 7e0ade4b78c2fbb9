/* SPDX-License-Identifier: MIT */
/*
 * What the netlink_*.c files share: one request at a time in a buffer of the socket's own, the
 * kernel's answer, and the reading of links and addresses.
 */
#ifndef NET_NETLINK_PRIV_H
#define NET_NETLINK_PRIV_H

#include "net/netlink.h"

#include <libmnl/libmnl.h>
#include <sys/socket.h>

#define NETLINK_ANSWER_BYTES 32768 /* the kernel fills no more at once */

/* A request is begun in the socket's buffer, filled with mnl_attr_put_*, and asked. Room for 8 kB:
 * the greatest of ours has 300 bytes. */
struct nlmsghdr *netlink_begin(struct netlink *n, uint16_t type, uint16_t flags);
/* Sends what was begun (an answer, a dump or an acknowledgement is waited for); `each` gets the
 * messages of the answer. 0, or -errno; -EINTR: a dump that changed meanwhile. */
int netlink_ask(struct netlink *n, mnl_cb_t each, void *user) must_check;
/* One datagram of the kernel's (others are passed over): its length, 0 when none waits (flags
 * MSG_DONTWAIT), or -errno. */
ssize_t netlink_receive(int fd, void *buf, size_t size, int flags) must_check;

/* False where the message is of another kind (of a bridge's port, say). */
bool netlink_read_link(const struct nlmsghdr *h, struct netlink_link *out) must_check;
/* flags: IFA_F_* */
bool netlink_read_address(const struct nlmsghdr *h, struct netlink_address *out,
			  uint32_t *flags) must_check;

static inline uint8_t netlink_af(uint8_t family)
{
	return family == INET_V6 ? AF_INET6 : AF_INET;
}

void netlink_put_inet(struct nlmsghdr *h, uint16_t type, const struct inet *a);

#endif
