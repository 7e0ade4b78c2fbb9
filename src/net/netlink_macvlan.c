/* SPDX-License-Identifier: MIT */
/*
 * Links for virtual MACs (RFC 9568 section 7.3). Frames to 00:00:5e:00:01:XX reach the macvlan,
 * all others its parent; the kernel's defaults would let each answer ARP for the other's addresses.
 *
 *     client ── who has VIP? ──┬── parent   arp_ignore 1: not mine
 *                              └── macvlan  "VIP is at 00:00:5e:00:01:33"
 */
#include "net/netlink_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <unistd.h>

struct devconf { /* of an interface: net.ipv4.conf.IF.* */
	uint16_t name;
	uint32_t value;
};

static struct nlmsghdr *begin_link(struct netlink *n, uint16_t type, uint16_t flags,
				   unsigned int index)
{
	struct nlmsghdr *h = netlink_begin(n, type, flags);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)index;
	return h;
}

int netlink_link_delete(struct netlink *n, unsigned int index)
{
	if (!index)
		return -ENODEV;
	begin_link(n, RTM_DELLINK, 0, index);
	return netlink_ask(n, NULL, NULL);
}

/* By netlink and not by files: /proc/sys is read-only in many a container. */
static int set_devconf(struct netlink *n, unsigned int index, const struct devconf *v,
		       unsigned int count)
{
	struct nlmsghdr *h = begin_link(n, RTM_SETLINK, 0, index);
	struct nlattr *spec = mnl_attr_nest_start(h, IFLA_AF_SPEC);
	struct nlattr *inet = mnl_attr_nest_start(h, AF_INET);
	struct nlattr *conf = mnl_attr_nest_start(h, IFLA_INET_CONF);

	for (unsigned int i = 0; i < count; i++)
		mnl_attr_put_u32(h, v[i].name, v[i].value);
	mnl_attr_nest_end(h, conf);
	mnl_attr_nest_end(h, inet);
	mnl_attr_nest_end(h, spec);
	return netlink_ask(n, NULL, NULL);
}

/* No link-local address of its own making, and no solicitations of routers. */
static int set_no_addresses(struct netlink *n, unsigned int index)
{
	struct nlmsghdr *h = begin_link(n, RTM_SETLINK, 0, index);
	struct nlattr *spec = mnl_attr_nest_start(h, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(h, AF_INET6);

	mnl_attr_put_u8(h, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(h, inet6);
	mnl_attr_nest_end(h, spec);
	return netlink_ask(n, NULL, NULL);
}

/* "/proc/sys/net/ipv4/conf/eth1/arp_ignore" */
static int open_sysctl(const char *family, const char *link, const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, link, name);
	return open(path, flags | O_CLOEXEC);
}

/* What netlink does not offer. Best effort: the file may be missing (no IPv6) or read-only. */
static void forbid(const char *link, const char *name)
{
	int fd = open_sysctl("ipv6", link, name, O_WRONLY);

	if (fd < 0)
		return;
	while (write(fd, "0", 1) < 0 && errno == EINTR)
		;
	close(fd);
}

/* All that are read here have one digit. 0 where it cannot be told. */
static uint32_t read_devconf(const char *link, const char *name)
{
	char value = '0';
	int fd = open_sysctl("ipv4", link, name, O_RDONLY);

	if (fd < 0)
		return 0;
	if (read(fd, &value, 1) != 1 || value < '0' || value > '9')
		value = '0';
	close(fd);
	return (uint32_t)(value - '0');
}

static uint32_t at_least(uint32_t value, const char *link, const char *name)
{
	uint32_t now = read_devconf(link, name);

	return now > value ? now : value;
}

/* The parent answers for its own addresses only, and never says "the VIP is at my own MAC" when it
 * asks for a neighbour. */
static int configure_parent(struct netlink *n, unsigned int index)
{
	struct netlink_link parent;
	int error = netlink_link_by_index(n, index, &parent);
	struct devconf conf[2];

	if (error)
		return error;
	conf[0] = (struct devconf){IPV4_DEVCONF_ARP_IGNORE, at_least(1, parent.name, "arp_ignore")};
	conf[1] =
	    (struct devconf){IPV4_DEVCONF_ARP_ANNOUNCE, at_least(2, parent.name, "arp_announce")};
	return set_devconf(n, index, conf, array_size(conf));
}

static int configure(struct netlink *n, const struct netlink_link *l)
{
	/* The reply to a client leaves by the parent, where its network is: a strict reverse path
	 * filter would refuse its packets here. The greater of ours and that of "all" counts, and
	 * 2 is the looser one. */
	const struct devconf own[] = {
	    {IPV4_DEVCONF_RP_FILTER, read_devconf("all", "rp_filter") ? 2 : 0},
	    {IPV4_DEVCONF_ARP_IGNORE, 1},
	    {IPV4_DEVCONF_ARP_ANNOUNCE, 2},
	    {IPV4_DEVCONF_ARPFILTER, 0},
	    /* one VIP taken away must not take the others of its network with it */
	    {IPV4_DEVCONF_PROMOTE_SECONDARIES, 1},
	};
	int error = set_devconf(n, l->index, own, array_size(own));

	if (!error)
		error = configure_parent(n, l->master);
	if (error)
		return error;
	error = set_no_addresses(n, l->index);
	forbid(l->name, "accept_ra");
	forbid(l->name, "autoconf");
	return error == -EAFNOSUPPORT ? 0 : error;
}

static int create(struct netlink *n, const char *name, unsigned int parent, const uint8_t mac[6])
{
	struct nlmsghdr *h = begin_link(n, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info, *data;

	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	mnl_attr_put_u32(h, IFLA_LINK, parent);
	mnl_attr_put(h, IFLA_ADDRESS, 6, mac);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "macvlan");
	data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	mnl_attr_put_u32(h, IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	return netlink_ask(n, NULL, NULL);
}

static int set_up(struct netlink *n, unsigned int index)
{
	struct ifinfomsg *info = mnl_nlmsg_get_payload(begin_link(n, RTM_SETLINK, 0, index));

	info->ifi_flags = IFF_UP;
	info->ifi_change = IFF_UP;
	return netlink_ask(n, NULL, NULL);
}

int netlink_macvlan_add(struct netlink *n, const char *name, unsigned int parent,
			const uint8_t mac[6], unsigned int *out)
{
	struct netlink_link l;
	bool found;
	int error;

	if (strlen(name) >= IF_NAMESIZE)
		return -EINVAL;
	found = netlink_link_by_name(n, name, &l) == 0;
	/* Some other link of that name is not ours to change. */
	if (found && (l.master != parent || memcmp(l.mac, mac, sizeof(l.mac)) != 0))
		return -EEXIST;
	error = found ? 0 : create(n, name, parent, mac);
	if (!error && !found)
		error = netlink_link_by_name(n, name, &l);
	if (error)
		return error;
	error = configure(n, &l);
	if (!error)
		error = set_up(n, l.index);
	if (!error)
		*out = l.index;
	else if (!found && netlink_link_delete(n, l.index) == -ENODEV)
		return -ENODEV; /* it went with its parent */
	return error;
}
