/* SPDX-License-Identifier: MIT */
/*
 * The socket that tells what changes: links, and addresses of both families. The kernel drops
 * messages rather than wait for a slow reader; the watcher is told, and looks again.
 */
#include "net/netlink_priv.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#define RECEIVE_BYTES (1 << 20)

struct netlink_monitor {
	struct mnl_socket *socket;
	struct netlink_watcher watcher;
	_Alignas(NLMSG_ALIGNTO) char bytes[NETLINK_ANSWER_BYTES];
};

struct netlink_monitor *netlink_monitor_new(const struct netlink_watcher *w)
{
	struct netlink_monitor *m = calloc(1, sizeof(*m));
	int size = RECEIVE_BYTES, fd;

	if (!m)
		return NULL;
	m->watcher = *w;
	m->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!m->socket ||
	    mnl_socket_bind(m->socket, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
			    MNL_SOCKET_AUTOPID) < 0) {
		netlink_monitor_free(m);
		return NULL;
	}
	fd = mnl_socket_get_fd(m->socket);
	/* The default holds some hundred messages; it stays where more is not allowed. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return m;
}

int netlink_monitor_fd(const struct netlink_monitor *m)
{
	return mnl_socket_get_fd(m->socket);
}

static int on_message(const struct nlmsghdr *h, void *user)
{
	const struct netlink_watcher *w = user;
	struct netlink_address a;
	struct netlink_link l;
	uint32_t flags;

	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (netlink_read_link(h, &l))
			w->on_link(w->user, &l);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (netlink_read_address(h, &a, &flags))
			w->on_address(w->user, &a);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

void netlink_monitor_read(struct netlink_monitor *m)
{
	for (;;) {
		ssize_t got = netlink_receive(netlink_monitor_fd(m), m->bytes, sizeof(m->bytes),
					      MSG_DONTWAIT);

		if (got == 0)
			return;
		if (got < 0) {
			m->watcher.on_lost(m->watcher.user);
			if (got != -ENOBUFS && got != -EMSGSIZE)
				return;
			continue;
		}
		if (mnl_cb_run(m->bytes, (size_t)got, 0, 0, on_message, &m->watcher) < 0)
			m->watcher.on_lost(m->watcher.user);
	}
}

void netlink_monitor_free(struct netlink_monitor *m)
{
	if (!m)
		return;
	if (m->socket)
		mnl_socket_close(m->socket);
	free(m);
}
