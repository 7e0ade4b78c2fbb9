/* SPDX-License-Identifier: MIT */
/*
 * The socket for requests, and links and addresses. A request and its answer are one step:
 * rtnetlink does its work within sendmsg(), so the answer waits when that returns. Called by
 * failover/ from one thread for each socket.
 */
#include "net/netlink_priv.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <time.h>

#define DUMP_ATTEMPTS 5 /* of a list that changes while it is read */

struct netlink {
	struct mnl_socket *socket;
	uint32_t sequence;
	struct nlmsghdr *request; /* in request_bytes */
	_Alignas(NLMSG_ALIGNTO) char request_bytes[8192];
	_Alignas(NLMSG_ALIGNTO) char answer[NETLINK_ANSWER_BYTES];
};

struct netlink *netlink_new(void)
{
	struct netlink *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!n->socket || mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		netlink_free(n);
		return NULL;
	}
	/* Answers of earlier requests are told apart by their number, from wherever it begins. */
	n->sequence = (uint32_t)time(NULL);
	return n;
}

void netlink_free(struct netlink *n)
{
	if (!n)
		return;
	if (n->socket)
		mnl_socket_close(n->socket);
	free(n);
}

struct nlmsghdr *netlink_begin(struct netlink *n, uint16_t type, uint16_t flags)
{
	n->request = mnl_nlmsg_put_header(n->request_bytes);
	n->request->nlmsg_type = type;
	/* A dump ends by itself; all else is acknowledged. */
	n->request->nlmsg_flags =
	    NLM_F_REQUEST | flags | ((flags & NLM_F_DUMP) == NLM_F_DUMP ? 0 : NLM_F_ACK);
	n->request->nlmsg_seq = ++n->sequence;
	return n->request;
}

ssize_t netlink_receive(int fd, void *buf, size_t size, int flags)
{
	for (;;) {
		struct sockaddr_nl from = {0};
		struct iovec iov = {buf, size};
		struct msghdr msg = {.msg_name = &from,
				     .msg_namelen = sizeof(from),
				     .msg_iov = &iov,
				     .msg_iovlen = 1};
		ssize_t got = recvmsg(fd, &msg, flags);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (msg.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		if (got > 0 && msg.msg_namelen == sizeof(from) && from.nl_pid == 0)
			return got;
	}
}

int netlink_ask(struct netlink *n, mnl_cb_t each, void *user)
{
	unsigned int port = mnl_socket_get_portid(n->socket);
	const struct nlmsghdr *first = (const struct nlmsghdr *)n->answer;

	if (mnl_socket_sendto(n->socket, n->request, n->request->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t got =
		    netlink_receive(mnl_socket_get_fd(n->socket), n->answer, sizeof(n->answer), 0);
		int more;

		if (got < 0)
			return (int)got;
		/* What is left of a dump that was given up. */
		if ((size_t)got < sizeof(*first) || first->nlmsg_seq != n->sequence)
			continue;
		more = mnl_cb_run(n->answer, (size_t)got, n->sequence, port, each, user);
		if (more < 0)
			return -errno;
		if (more == MNL_CB_STOP)
			return 0;
	}
}

/* ---- links */

static bool is_stacked(const struct nlattr *info)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, info) if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
	{
		const char *kind = mnl_attr_get_str(a);

		return strcmp(kind, "macvlan") == 0 || strcmp(kind, "macvtap") == 0 ||
		       strcmp(kind, "vlan") == 0 || strcmp(kind, "ipvlan") == 0;
	}
	return false;
}

static void read_text(const struct nlattr *a, char *dst, size_t size)
{
	size_t n = strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));

	if (n >= size)
		n = size - 1;
	memcpy(dst, mnl_attr_get_payload(a), n);
	dst[n] = '\0';
}

bool netlink_read_link(const struct nlmsghdr *h, struct netlink_link *out)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	unsigned int lower = 0, master = 0;
	bool stacked = false;

	/* A bridge tells of its ports in this way too. */
	if (mnl_nlmsg_get_payload_len(h) < sizeof(*info) || info->ifi_family != AF_UNSPEC)
		return false;
	*out = (struct netlink_link){
	    .index = (unsigned int)info->ifi_index,
	    .up = info->ifi_flags & IFF_UP,
	    .running = (info->ifi_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING),
	    .loopback = info->ifi_flags & IFF_LOOPBACK,
	    .gone = h->nlmsg_type == RTM_DELLINK,
	};
	mnl_attr_for_each(a, h, sizeof(*info))
	{
		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME:
			read_text(a, out->name, sizeof(out->name));
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(a) == sizeof(out->mac))
				memcpy(out->mac, mnl_attr_get_payload(a), sizeof(out->mac));
			break;
		case IFLA_MTU:
			out->mtu = mnl_attr_get_u32(a);
			break;
		case IFLA_MASTER:
			master = mnl_attr_get_u32(a);
			break;
		case IFLA_LINK:
			lower = mnl_attr_get_u32(a);
			break;
		case IFLA_LINKINFO:
			stacked = is_stacked(a);
			break;
		default:
			break;
		}
	}
	/* Other kinds say something else with it: a veth names its peer, in another namespace. */
	out->master = master ? master : stacked ? lower : 0;
	return true;
}

static int on_link(const struct nlmsghdr *h, void *user)
{
	struct netlink_link *out = user;
	struct netlink_link link;

	if (h->nlmsg_type == RTM_NEWLINK && netlink_read_link(h, &link))
		*out = link;
	return MNL_CB_OK;
}

static int get_link(struct netlink *n, unsigned int index, const char *name,
		    struct netlink_link *out)
{
	struct nlmsghdr *h = netlink_begin(n, RTM_GETLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));
	struct netlink_link found = {0};
	int error;

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)index;
	if (name)
		mnl_attr_put_strz(h, IFLA_IFNAME, name);
	mnl_attr_put_u32(h, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	error = netlink_ask(n, on_link, &found);
	if (!error && found.index == 0)
		error = -ENODEV;
	if (!error)
		*out = found;
	return error;
}

int netlink_link_by_name(struct netlink *n, const char *name, struct netlink_link *out)
{
	if (!name[0] || strlen(name) >= IF_NAMESIZE)
		return -ENODEV;
	return get_link(n, 0, name, out);
}

int netlink_link_by_index(struct netlink *n, unsigned int index, struct netlink_link *out)
{
	return index ? get_link(n, index, NULL, out) : -ENODEV;
}

/* ---- addresses */

void netlink_put_inet(struct nlmsghdr *h, uint16_t type, const struct inet *a)
{
	mnl_attr_put(h, type, a->family == INET_V6 ? 16 : 4, a->ip);
}

/* The lease: renewed before its end, or the kernel takes the address away by itself. */
static void put_lease(struct nlmsghdr *h, const struct netlink_address *a)
{
	uint32_t seconds =
	    a->valid_ms ? a->valid_ms / 1000 + (a->valid_ms % 1000 != 0) : UINT32_MAX;
	struct ifa_cacheinfo lease = {.ifa_prefered = seconds, .ifa_valid = seconds};

	if (a->address.family == INET_V6 && a->prefix == 128)
		lease.ifa_prefered = 0;
	mnl_attr_put(h, IFA_CACHEINFO, sizeof(lease), &lease);
}

static uint32_t address_flags(const struct netlink_address *a)
{
	return (a->nodad ? IFA_F_NODAD : 0) | (a->noprefixroute ? IFA_F_NOPREFIXROUTE : 0) |
	       (a->home ? IFA_F_HOMEADDRESS : 0) | (a->mngtmpaddr ? IFA_F_MANAGETEMPADDR : 0);
}

static struct nlmsghdr *begin_address(struct netlink *n, uint16_t type, uint16_t flags,
				      const struct netlink_address *a)
{
	struct nlmsghdr *h = netlink_begin(n, type, flags);
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifa_family = netlink_af(a->address.family);
	m->ifa_prefixlen = a->prefix;
	m->ifa_scope = a->scope;
	m->ifa_index = a->index;
	netlink_put_inet(h, IFA_LOCAL, &a->address);
	netlink_put_inet(h, IFA_ADDRESS, a->peer.family ? &a->peer : &a->address);
	if (a->label && a->address.family == INET_V4)
		mnl_attr_put_strz(h, IFA_LABEL, a->label);
	return h;
}

static bool is_internet(const struct inet *a)
{
	return a->family == INET_V4 || a->family == INET_V6;
}

int netlink_address_set(struct netlink *n, const struct netlink_address *a)
{
	struct nlmsghdr *h;

	if (!is_internet(&a->address) || (a->label && strlen(a->label) >= IF_NAMESIZE))
		return -EINVAL;
	h = begin_address(n, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, a);
	if (a->broadcast.family == INET_V4)
		netlink_put_inet(h, IFA_BROADCAST, &a->broadcast);
	mnl_attr_put_u32(h, IFA_FLAGS, address_flags(a));
	put_lease(h, a);
	if (a->protocol)
		mnl_attr_put_u8(h, IFA_PROTO, a->protocol);
	return netlink_ask(n, NULL, NULL);
}

int netlink_address_delete(struct netlink *n, const struct netlink_address *a)
{
	if (!is_internet(&a->address) || (a->label && strlen(a->label) >= IF_NAMESIZE))
		return -EINVAL;
	begin_address(n, RTM_DELADDR, 0, a);
	return netlink_ask(n, NULL, NULL);
}

static struct inet read_inet(const struct nlattr *a, uint8_t family)
{
	struct inet out = {.family = family};
	size_t n = family == INET_V6 ? 16 : 4;

	if (mnl_attr_get_payload_len(a) != n)
		return (struct inet){0};
	memcpy(out.ip, mnl_attr_get_payload(a), n);
	return out;
}

static uint32_t read_lease(const struct nlattr *a)
{
	struct ifa_cacheinfo lease;

	if (mnl_attr_get_payload_len(a) < sizeof(lease))
		return 0;
	memcpy(&lease, mnl_attr_get_payload(a), sizeof(lease));
	if (lease.ifa_valid == UINT32_MAX)
		return 0;
	if (lease.ifa_valid == 0)
		return 1; /* 0 would be "for ever" */
	return lease.ifa_valid > UINT32_MAX / 1000 ? UINT32_MAX : lease.ifa_valid * 1000;
}

static void read_address_attribute(const struct nlattr *a, uint8_t family,
				   struct netlink_address *out, struct inet *local, uint32_t *flags)
{
	switch (mnl_attr_get_type(a)) {
	case IFA_LOCAL:
		*local = read_inet(a, family);
		break;
	case IFA_ADDRESS:
		out->peer = read_inet(a, family);
		break;
	case IFA_LABEL:
		if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) == 0)
			out->label = mnl_attr_get_str(a);
		break;
	case IFA_BROADCAST:
		out->broadcast = read_inet(a, family);
		break;
	case IFA_CACHEINFO:
		out->valid_ms = read_lease(a);
		break;
	case IFA_FLAGS:
		*flags = mnl_attr_get_u32(a);
		break;
	case IFA_PROTO:
		out->protocol = mnl_attr_get_u8(a);
		break;
	default:
		break;
	}
}

bool netlink_read_address(const struct nlmsghdr *h, struct netlink_address *out, uint32_t *flags)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	struct inet local = {0};
	const struct nlattr *a;
	uint8_t family;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) ||
	    (m->ifa_family != AF_INET && m->ifa_family != AF_INET6))
		return false;
	family = m->ifa_family == AF_INET6 ? INET_V6 : INET_V4;
	*out = (struct netlink_address){.prefix = m->ifa_prefixlen,
					.scope = m->ifa_scope,
					.index = m->ifa_index,
					.gone = h->nlmsg_type == RTM_DELADDR};
	*flags = m->ifa_flags;
	mnl_attr_for_each(a, h, sizeof(*m)) read_address_attribute(a, family, out, &local, flags);
	/* Without a peer IPv4 says it twice, IPv6 only as IFA_ADDRESS. */
	out->address = local.family ? local : out->peer;
	if (inet_equal_ip(&out->address, &out->peer))
		out->peer = (struct inet){0};
	out->nodad = *flags & IFA_F_NODAD;
	out->noprefixroute = *flags & IFA_F_NOPREFIXROUTE;
	out->home = *flags & IFA_F_HOMEADDRESS;
	out->mngtmpaddr = *flags & IFA_F_MANAGETEMPADDR;
	out->tentative = *flags & IFA_F_TENTATIVE;
	return out->address.family != INET_NONE;
}

/* A whole list, again from its beginning where it changed meanwhile. */
static int dump_addresses(struct netlink *n, mnl_cb_t each, void *user)
{
	int error = -EINTR;

	for (unsigned int i = 0; i < DUMP_ATTEMPTS && error == -EINTR; i++) {
		struct nlmsghdr *h = netlink_begin(n, RTM_GETADDR, NLM_F_DUMP);
		struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

		m->ifa_family = AF_UNSPEC;
		error = netlink_ask(n, each, user);
	}
	return error;
}

struct address_reader {
	void (*each)(void *user, const struct netlink_address *a);
	void *user;
};

static int on_address(const struct nlmsghdr *h, void *user)
{
	struct address_reader *r = user;
	struct netlink_address a;
	uint32_t flags;

	if (h->nlmsg_type == RTM_NEWADDR && netlink_read_address(h, &a, &flags))
		r->each(r->user, &a);
	return MNL_CB_OK;
}

int netlink_address_each(struct netlink *n,
			 void (*each)(void *user, const struct netlink_address *a), void *user)
{
	struct address_reader r = {each, user};

	return dump_addresses(n, on_address, &r);
}

struct primary_search {
	unsigned int index;
	uint8_t family;
	struct inet found;
};

static int on_primary(const struct nlmsghdr *h, void *user)
{
	struct primary_search *s = user;
	struct netlink_address a;
	uint32_t flags;

	if (h->nlmsg_type != RTM_NEWADDR || !netlink_read_address(h, &a, &flags) ||
	    a.index != s->index || a.address.family != s->family || a.protocol == NETLINK_HALB)
		return MNL_CB_OK;
	/* The kernel lists IPv4 addresses from the oldest on, IPv6 ones from the newest. */
	if (a.address.family == INET_V4 && !(flags & IFA_F_SECONDARY) && !s->found.family)
		s->found = a.address;
	if (a.address.family == INET_V6 && a.scope == RT_SCOPE_LINK &&
	    !(flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
		s->found = a.address;
	return MNL_CB_OK;
}

int netlink_address_primary(struct netlink *n, unsigned int index, uint8_t family, struct inet *out)
{
	struct primary_search s = {.index = index, .family = family};
	int error = dump_addresses(n, on_primary, &s);

	if (!error && s.found.family == INET_NONE)
		error = -ENOENT;
	if (!error)
		*out = s.found;
	return error;
}
