/* SPDX-License-Identifier: MIT */
/*
 * The kernel's process events (netlink's connector, CN_PROC): forks, execs, new names and ends of
 * all processes. Only root in the first namespaces gets them; the kernel says whether it agrees.
 */
#include "failover/track_priv.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES (1024 * 1024) /* of the socket: a burst of forks */
#define TURN_MESSAGES 512

static void note_event(struct tracks *t, const struct proc_event *e)
{
	switch (e->what) {
	case PROC_EVENT_NONE:
		if (e->event_data.ack.err == 0)
			t->connected = true;
		break;
	case PROC_EVENT_FORK: /* of a process, not a thread */
		if (e->event_data.fork.child_pid == e->event_data.fork.child_tgid)
			track_process_forked(t, e->event_data.fork.parent_tgid,
					     e->event_data.fork.child_pid);
		break;
	case PROC_EVENT_EXEC:
		track_process_renamed(t, e->event_data.exec.process_tgid);
		break;
	case PROC_EVENT_COMM:
		if (e->event_data.comm.process_pid == e->event_data.comm.process_tgid)
			track_process_renamed(t, e->event_data.comm.process_pid);
		break;
	case PROC_EVENT_EXIT:
		if (e->event_data.exit.process_pid == e->event_data.exit.process_tgid)
			track_process_ended(t, e->event_data.exit.process_pid);
		break;
	default:
		break;
	}
}

static void note_datagram(struct tracks *t, const char *bytes, size_t n)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)bytes;
	const struct cn_msg *m;
	struct proc_event e = {.what = PROC_EVENT_NONE};
	size_t size;

	if (n < NLMSG_LENGTH(sizeof(*m)) || h->nlmsg_len > n)
		return;
	m = NLMSG_DATA(h);
	size = n - NLMSG_LENGTH(sizeof(*m));
	if (m->id.idx != CN_IDX_PROC || m->id.val != CN_VAL_PROC)
		return;
	memcpy(&e, m->data, size < sizeof(e) ? size : sizeof(e));
	note_event(t, &e);
}

static void on_ready(struct io *io)
{
	struct tracks *t = container_of(io, struct tracks, connector);
	char buf[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	unsigned int i;

	for (i = 0; i < TURN_MESSAGES; i++) {
		struct sockaddr_nl from = {.nl_family = AF_UNSPEC};
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(io->fd, buf, sizeof(buf), MSG_DONTWAIT,
				     (struct sockaddr *)&from, &size);

		if (n < 0) {
			if (errno == ENOBUFS)
				track_process_scan(t);
			return;
		}
		if (from.nl_pid == 0)
			note_datagram(t, buf, (size_t)n);
	}
}

static const struct io_handler connector_handler = {.name = "track_process", .on_ready = on_ready};

static int subscribe(int fd)
{
	const uint32_t op = PROC_CN_MCAST_LISTEN;
	const struct cn_msg m = {.id = {CN_IDX_PROC, CN_VAL_PROC}, .len = sizeof(op)};
	const struct nlmsghdr h = {.nlmsg_len = NLMSG_LENGTH(sizeof(m) + sizeof(op)),
				   .nlmsg_type = NLMSG_DONE};
	char ask[NLMSG_LENGTH(sizeof(m) + sizeof(op))];
	struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
	int bytes = RECEIVE_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		return -errno;
	memcpy(ask, &h, sizeof(h));
	memcpy(ask + NLMSG_HDRLEN, &m, sizeof(m));
	memcpy(ask + NLMSG_HDRLEN + sizeof(m), &op, sizeof(op));
	return send(fd, ask, sizeof(ask), 0) < 0 ? -errno : 0;
}

void track_connector_start(struct tracks *t)
{
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_CONNECTOR);

	if (fd < 0)
		return;
	if (subscribe(fd) < 0) {
		close(fd);
		return;
	}
	io_init(&t->connector, t->loop, fd, &connector_handler);
	if (io_watch(&t->connector) < 0)
		io_close(&t->connector);
}

void track_connector_stop(struct tracks *t)
{
	if (t->connector.fd >= 0)
		io_close(&t->connector);
	t->connected = false;
}
