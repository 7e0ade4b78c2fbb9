/* SPDX-License-Identifier: MIT */
/*
 * A question is two dumps, of IPv4's sockets and of IPv6's, one after the other: a netlink socket
 * has but one dump at a time, and the kernel fills its next buffer when the last one is read. So a
 * question that is dropped is read to the end of its dump, unheard, before the next one begins: the
 * descriptor stays the same, and watched. Called by failover/ from one thread.
 */
#include "net/sock_diag.h"

#include "net/netlink_priv.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ALL_STATES ((1U << (TCP_CLOSING + 1)) - 2) /* 1 << TCP_ESTABLISHED and so on */
#define CONNECTED (ALL_STATES & ~(1U << TCP_LISTEN | 1U << TCP_CLOSE | 1U << TCP_TIME_WAIT))

struct sock_diag {
	struct mnl_socket *socket;
	uint32_t sequence;
	uint8_t family; /* AF_INET, AF_INET6: of the dump that is read; 0: no question is open */
	bool dropped;   /* nobody wants the rest of that dump */
	bool broken;    /* stuck in a dump, perhaps: another socket for the next question */
	_Alignas(NLMSG_ALIGNTO) char bytes[NETLINK_ANSWER_BYTES];
};

static int open_socket(struct mnl_socket **out)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int error = -errno;

	if (!s)
		return error;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		error = -errno;
		mnl_socket_close(s);
		return error;
	}
	*out = s;
	return 0;
}

struct sock_diag *sock_diag_new(int *error)
{
	struct sock_diag *d = calloc(1, sizeof(*d));
	int failed = d ? open_socket(&d->socket) : -ENOMEM;

	if (failed) {
		free(d);
		*error = failed;
		return NULL;
	}
	d->sequence = (uint32_t)time(NULL);
	return d;
}

void sock_diag_free(struct sock_diag *d)
{
	if (!d)
		return;
	mnl_socket_close(d->socket);
	free(d);
}

int sock_diag_fd(const struct sock_diag *d)
{
	return mnl_socket_get_fd(d->socket);
}

static int replace_socket(struct sock_diag *d)
{
	struct mnl_socket *fresh = NULL;
	int error = open_socket(&fresh);

	if (error)
		return error;
	mnl_socket_close(d->socket);
	d->socket = fresh;
	d->broken = false;
	return 0;
}

/* The question is over; what the kernel had to say to it may still come. */
static int give_up(struct sock_diag *d, int error)
{
	d->family = 0;
	d->dropped = false;
	d->broken = true;
	return error;
}

static int begin_dump(struct sock_diag *d, uint8_t family)
{
	char bytes[NLMSG_SPACE(sizeof(struct inet_diag_req_v2))] = {0};
	struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);
	struct inet_diag_req_v2 *request;

	h->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = ++d->sequence;
	request = mnl_nlmsg_put_extra_header(h, sizeof(*request));
	request->sdiag_family = family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = CONNECTED;
	if (mnl_socket_sendto(d->socket, h, h->nlmsg_len) < 0)
		return give_up(d, -errno);
	d->family = family;
	d->dropped = false;
	return 0;
}

int sock_diag_ask(struct sock_diag *d)
{
	int error = d->broken ? replace_socket(d) : 0;

	if (error)
		return error;
	if (d->family) {
		d->dropped = true;
		return 0;
	}
	return begin_dump(d, AF_INET);
}

/* ---- reading */

struct reader {
	void (*each)(void *user, const struct sock_diag_socket *s);
	void *user;
};

static struct inet read_inet(uint8_t family, const void *ip, uint16_t port)
{
	struct inet out = {.family = INET_V6, .port = ntohs(port)};
	struct in6_addr v6;

	memcpy(&v6, ip, sizeof(v6));
	if (family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&v6)) {
		memcpy(out.ip, &v6, 16);
		return out;
	}
	out.family = INET_V4;
	memcpy(out.ip, v6.s6_addr + (family == AF_INET6 ? 12 : 0), 4);
	return out;
}

static int on_socket(const struct nlmsghdr *h, void *user)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);
	const struct reader *r = user;
	struct sock_diag_socket s;

	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || mnl_nlmsg_get_payload_len(h) < sizeof(*m) ||
	    (m->idiag_family != AF_INET && m->idiag_family != AF_INET6))
		return MNL_CB_OK;
	s.local = read_inet(m->idiag_family, m->id.idiag_src, m->id.idiag_sport);
	s.remote = read_inet(m->idiag_family, m->id.idiag_dst, m->id.idiag_dport);
	s.state = m->idiag_state;
	r->each(r->user, &s);
	return MNL_CB_OK;
}

/* An error ends a dump, and so does NLMSG_DONE, which may carry one too: libmnl 1.0.4 does not
 * look, and a kernel without tcp_diag would have no connections. */
static int on_end(const struct nlmsghdr *h, void *user)
{
	int error = -EBADMSG;

	(void)user;
	if (mnl_nlmsg_get_payload_len(h) >= sizeof(error))
		memcpy(&error, mnl_nlmsg_get_payload(h), sizeof(error));
	if (error >= 0)
		return MNL_CB_STOP;
	errno = -error;
	return MNL_CB_ERROR;
}

/* 1: the dump is at its end; 0: it is not; or -errno. */
static int run(const struct sock_diag *d, size_t n, struct reader *r)
{
	mnl_cb_t control[] = {[NLMSG_ERROR] = on_end, [NLMSG_DONE] = on_end};
	int more = mnl_cb_run2(d->bytes, n, d->sequence, mnl_socket_get_portid(d->socket),
			       d->dropped ? NULL : on_socket, r, control, array_size(control));

	if (more < 0)
		return -errno;
	return more == MNL_CB_STOP;
}

int sock_diag_read(struct sock_diag *d, void (*each)(void *user, const struct sock_diag_socket *s),
		   void *user)
{
	struct reader r = {each, user};
	ssize_t got;
	int ended;

	if (!d->family)
		return -EINVAL;
	got = netlink_receive(sock_diag_fd(d), d->bytes, sizeof(d->bytes), MSG_DONTWAIT);
	if (got == 0)
		return 0;
	ended = got < 0 ? (int)got : run(d, (size_t)got, &r);
	if (ended < 0)
		return give_up(d, ended);
	if (!ended)
		return 0;
	if (d->dropped)
		return begin_dump(d, AF_INET);
	if (d->family == AF_INET)
		return begin_dump(d, AF_INET6);
	d->family = 0;
	return 1;
}
