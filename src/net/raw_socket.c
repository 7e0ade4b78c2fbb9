/* SPDX-License-Identifier: MIT */
/*
 * Sockets below TCP, for the failover thread. What a receiver must judge by (TTL, the link, the
 * destination) comes as ancillary data, in one form for all of them.
 */
#include "net/raw_socket.h"

#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <unistd.h>

#define PROTOCOL_VRRP 112
#define TTL 255
#define TOS_CONTROL 0xc0     /* RFC 9568 gives none; "internetwork control", as keepalived's */
#define PRIORITY_CONTROL 7   /* TC_PRIO_CONTROL: the first band of the default queue */
#define FIRST_BFD_PORT 49152 /* of the sources, RFC 5881 section 4 */
#define BFD_PORTS 16384

static bool set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* The end of a way that failed: errno as a result. */
static int give_up(int fd)
{
	int error = -errno;

	close(fd);
	return error;
}

static int open_socket(int family, int type, int protocol, unsigned int index)
{
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -errno;
	if (index && !set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, (int)index))
		return give_up(fd);
	return fd;
}

static int family_of(uint8_t family)
{
	return family == INET_V6 ? AF_INET6 : AF_INET;
}

/* TTL, link and destination are told with each packet. */
static bool tell_all(int fd, uint8_t family)
{
	if (family == INET_V6)
		return set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
		       set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	return set(fd, IPPROTO_IP, IP_PKTINFO, 1) && set(fd, IPPROTO_IP, IP_RECVTTL, 1);
}

static bool join(int fd, unsigned int index, const struct inet *group)
{
	struct ip_mreqn v4 = {.imr_ifindex = (int)index};
	struct ipv6_mreq v6 = {.ipv6mr_interface = index};

	if (group->family == INET_V6) {
		memcpy(&v6.ipv6mr_multiaddr, group->ip, 16);
		return setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &v6, sizeof(v6)) == 0;
	}
	memcpy(&v4.imr_multiaddr, group->ip, 4);
	return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof(v4)) == 0;
}

/* Groups that other programs joined are not ours. */
static bool only_own_groups(int fd, uint8_t family)
{
	return family == INET_V6 ? set(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0)
				 : set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
}

int raw_vrrp_receiver(uint8_t family, unsigned int index, const struct inet *group)
{
	int fd = open_socket(family_of(family), SOCK_RAW, PROTOCOL_VRRP, index);

	if (fd < 0)
		return fd;
	if (!tell_all(fd, family) || !only_own_groups(fd, family) ||
	    (group && group->family && !join(fd, index, group)))
		return give_up(fd);
	return fd;
}

/* A raw socket gets a copy of each packet of its protocol; this one shall not. */
static bool receive_nothing(int fd)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {.len = 1, .filter = &nothing};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

static bool set_sending(int fd, uint8_t family, unsigned int index, uint8_t ttl)
{
	struct ip_mreqn link = {.imr_ifindex = (int)index};

	if (family == INET_V6)
		return set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl) &&
		       set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl) &&
		       set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0) &&
		       set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)index) &&
		       set(fd, IPPROTO_IPV6, IPV6_TCLASS, TOS_CONTROL) &&
		       set(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL);
	return set(fd, IPPROTO_IP, IP_TTL, ttl) && set(fd, IPPROTO_IP, IP_MULTICAST_TTL, ttl) &&
	       set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0) &&
	       (!index || setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &link, sizeof(link)) == 0) &&
	       set(fd, IPPROTO_IP, IP_TOS, TOS_CONTROL) &&
	       set(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL);
}

static socklen_t address_on(const struct inet *a, unsigned int index, struct sockaddr_storage *ss)
{
	socklen_t len = inet_to_sockaddr(a, ss);
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ss;

	/* Link-local addresses and groups mean nothing without their link. */
	if (a->family == INET_V6 &&
	    (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) || IN6_IS_ADDR_MULTICAST(&v6->sin6_addr)))
		v6->sin6_scope_id = index;
	return len;
}

/* Also to an address of the parent's where the link is a macvlan, or one that is still being
 * checked for duplicates. */
static bool bind_source(int fd, const struct inet *source, uint16_t port, unsigned int index)
{
	struct inet at = *source;
	struct sockaddr_storage ss;
	socklen_t len;

	at.port = port;
	len = address_on(&at, index, &ss);
	if (!set(fd, source->family == INET_V6 ? IPPROTO_IPV6 : IPPROTO_IP,
		 source->family == INET_V6 ? IPV6_FREEBIND : IP_FREEBIND, 1))
		return false;
	return bind(fd, (const struct sockaddr *)&ss, len) == 0;
}

int raw_vrrp_sender(uint8_t family, unsigned int index, const struct inet *source, uint8_t ttl)
{
	int fd = open_socket(family_of(family), SOCK_RAW, PROTOCOL_VRRP, index);

	if (fd < 0)
		return fd;
	if (!receive_nothing(fd) || !set_sending(fd, family, index, ttl ? ttl : TTL) ||
	    (source && source->family && !bind_source(fd, source, 0, index)))
		return give_up(fd);
	return fd;
}

int raw_send(int fd, const struct inet *to, unsigned int index, struct span bytes)
{
	struct sockaddr_storage ss;
	socklen_t len = address_on(to, index, &ss);
	ssize_t sent;

	if (!len)
		return -EINVAL;
	do {
		sent =
		    sendto(fd, bytes.p, bytes.len, MSG_NOSIGNAL, (const struct sockaddr *)&ss, len);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* ---- receiving */

static uint8_t clamp_ttl(const void *p)
{
	int ttl;

	memcpy(&ttl, p, sizeof(ttl));
	return ttl < 0 || ttl > 255 ? 0 : (uint8_t)ttl;
}

static void read_v4(const struct cmsghdr *c, struct raw_packet *out)
{
	struct in_pktinfo info;

	if (c->cmsg_type == IP_TTL && c->cmsg_len >= CMSG_LEN(sizeof(int)))
		out->ttl = clamp_ttl(CMSG_DATA(c));
	if (c->cmsg_type != IP_PKTINFO || c->cmsg_len < CMSG_LEN(sizeof(info)))
		return;
	memcpy(&info, CMSG_DATA(c), sizeof(info));
	out->index = (unsigned int)info.ipi_ifindex;
	out->destination.family = INET_V4;
	memcpy(out->destination.ip, &info.ipi_addr, 4);
}

static void read_v6(const struct cmsghdr *c, struct raw_packet *out)
{
	struct in6_pktinfo info;

	if (c->cmsg_type == IPV6_HOPLIMIT && c->cmsg_len >= CMSG_LEN(sizeof(int)))
		out->ttl = clamp_ttl(CMSG_DATA(c));
	if (c->cmsg_type != IPV6_PKTINFO || c->cmsg_len < CMSG_LEN(sizeof(info)))
		return;
	memcpy(&info, CMSG_DATA(c), sizeof(info));
	out->index = info.ipi6_ifindex;
	out->destination.family = INET_V6;
	memcpy(out->destination.ip, &info.ipi6_addr, 16);
}

/* What a UDP socket adds: the destination with its port. */
static bool read_original(const struct cmsghdr *c, struct raw_packet *out)
{
	struct sockaddr_storage ss = {0};
	size_t n = c->cmsg_len - CMSG_LEN(0);

	if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_ORIGDSTADDR) &&
	    !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_ORIGDSTADDR))
		return false;
	memcpy(&ss, CMSG_DATA(c), n < sizeof(ss) ? n : sizeof(ss));
	inet_from_sockaddr(&out->destination, &ss);
	return true;
}

static void read_ancillary(struct msghdr *msg, struct raw_packet *out)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		uint16_t port = out->destination.port;

		if (read_original(c, out))
			continue;
		if (c->cmsg_level == IPPROTO_IP)
			read_v4(c, out);
		if (c->cmsg_level == IPPROTO_IPV6)
			read_v6(c, out);
		out->destination.port = port;
	}
}

static void read_source(const struct sockaddr_storage *from, struct raw_packet *out)
{
	if (from->ss_family == AF_PACKET)
		out->index = (unsigned int)((const struct sockaddr_ll *)from)->sll_ifindex;
	else
		inet_from_sockaddr(&out->source, from);
}

int raw_receive(int fd, uint8_t *buf, size_t size, struct raw_packet *out)
{
	_Alignas(struct cmsghdr) char control[256];
	struct sockaddr_storage from = {0};
	struct iovec iov = {buf, size};
	struct msghdr msg = {.msg_name = &from,
			     .msg_namelen = sizeof(from),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t got;

	do {
		got = recvmsg(fd, &msg, MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	*out = (struct raw_packet){.bytes = span_make(buf, (size_t)got)};
	read_source(&from, out);
	read_ancillary(&msg, out);
	return 1;
}

/* ---- UDP */

static uint16_t free_port(unsigned int attempt)
{
	static _Atomic unsigned int next;

	/* Sessions of this process follow each other; those of another are passed over. */
	return (uint16_t)(FIRST_BFD_PORT +
			  (attempt ? ++next : next++ + (unsigned int)getpid() * 64) % BFD_PORTS);
}

static bool bind_udp(int fd, uint8_t family, const struct inet *address, uint16_t port,
		     unsigned int index)
{
	struct inet at = {.family = family};

	if (address && address->family)
		at = *address;
	if (port)
		return bind_source(fd, &at, port, index);
	for (unsigned int i = 0; i < BFD_PORTS; i++) {
		if (bind_source(fd, &at, free_port(i), index))
			return true;
		if (errno != EADDRINUSE)
			return false;
	}
	return false;
}

static bool tell_port(int fd, uint8_t family)
{
	return family == INET_V6 ? set(fd, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, 1) &&
				       set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)
				 : set(fd, IPPROTO_IP, IP_RECVORIGDSTADDR, 1);
}

int raw_udp(uint8_t family, const struct inet *address, uint16_t port, unsigned int index)
{
	int fd = open_socket(family_of(family), SOCK_DGRAM, 0, index);

	if (fd < 0)
		return fd;
	if (!tell_all(fd, family) || !tell_port(fd, family) ||
	    !set_sending(fd, family, index, TTL) || !bind_udp(fd, family, address, port, index))
		return give_up(fd);
	return fd;
}

/* ---- frames */

int raw_frame_socket(void)
{
	return open_socket(AF_PACKET, SOCK_RAW, 0, 0);
}

int raw_frame_send(int fd, unsigned int index, struct span frame)
{
	struct sockaddr_ll to = {
	    .sll_family = AF_PACKET, .sll_ifindex = (int)index, .sll_halen = 6};
	ssize_t sent;

	if (frame.len < sizeof(struct ether_header))
		return -EINVAL;
	memcpy(to.sll_addr, frame.p, 6);
	memcpy(&to.sll_protocol, frame.p + 12, 2);
	do {
		sent = sendto(fd, frame.p, frame.len, MSG_NOSIGNAL, (const struct sockaddr *)&to,
			      sizeof(to));
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

int raw_frame_listener(unsigned int index, uint16_t ethertype, const uint8_t group[6])
{
	struct sockaddr_ll at = {
	    .sll_family = AF_PACKET, .sll_protocol = htons(ethertype), .sll_ifindex = (int)index};
	struct packet_mreq join = {
	    .mr_ifindex = (int)index, .mr_type = PACKET_MR_MULTICAST, .mr_alen = 6};
	/* Nothing comes before it is bound to its link. */
	int fd = open_socket(AF_PACKET, SOCK_RAW, 0, 0);

	if (fd < 0)
		return fd;
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return give_up(fd);
	if (!group)
		return fd;
	memcpy(join.mr_address, group, 6);
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &join, sizeof(join)) < 0)
		return give_up(fd);
	return fd;
}
