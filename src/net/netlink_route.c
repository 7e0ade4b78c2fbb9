/* SPDX-License-Identifier: MIT */
/*
 * Virtual routes and rules: what a master adds beside its addresses. A route stands before others
 * to the same network and takes none of them away, as keepalived's does.
 */
#include "net/netlink_priv.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

static uint8_t route_family(const struct netlink_route *r)
{
	return r->family ? r->family : r->to.address.family ? r->to.address.family : INET_V4;
}

static void put_via(struct nlmsghdr *h, uint8_t family, const struct inet *via)
{
	struct {
		uint16_t family;
		uint8_t ip[16];
	} other = {.family = netlink_af(via->family)};

	if (via->family == family) {
		netlink_put_inet(h, RTA_GATEWAY, via);
		return;
	}
	/* An IPv4 network behind an IPv6 neighbour (RFC 8950). */
	memcpy(other.ip, via->ip, sizeof(other.ip));
	mnl_attr_put(h, RTA_VIA, sizeof(other.family) + (via->family == INET_V6 ? 16 : 4), &other);
}

static void put_mtu(struct nlmsghdr *h, uint32_t mtu)
{
	struct nlattr *metrics = mnl_attr_nest_start(h, RTA_METRICS);

	mnl_attr_put_u32(h, RTAX_MTU, mtu);
	mnl_attr_nest_end(h, metrics);
}

static void begin_route(struct netlink *n, uint16_t type, uint16_t flags,
			const struct netlink_route *r)
{
	struct nlmsghdr *h = netlink_begin(n, type, flags);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	uint32_t table = r->table ? r->table : RT_TABLE_MAIN;
	uint8_t family = route_family(r);

	m->rtm_family = netlink_af(family);
	m->rtm_dst_len = r->to.prefix;
	m->rtm_table = table < 256 ? (uint8_t)table : RT_TABLE_COMPAT;
	m->rtm_protocol = r->protocol;
	m->rtm_scope = r->scope;
	m->rtm_type = r->type ? r->type : RTN_UNICAST;
	mnl_attr_put_u32(h, RTA_TABLE, table);
	if (r->to.prefix)
		netlink_put_inet(h, RTA_DST, &r->to.address);
	if (r->via.family)
		put_via(h, family, &r->via);
	if (r->src.family)
		netlink_put_inet(h, RTA_PREFSRC, &r->src);
	if (r->index)
		mnl_attr_put_u32(h, RTA_OIF, r->index);
	if (r->metric)
		mnl_attr_put_u32(h, RTA_PRIORITY, r->metric);
	if (r->mtu && type == RTM_NEWROUTE)
		put_mtu(h, r->mtu);
}

int netlink_route_set(struct netlink *n, const struct netlink_route *r)
{
	int error;

	begin_route(n, RTM_NEWROUTE, NLM_F_CREATE, r);
	error = netlink_ask(n, NULL, NULL);
	return error == -EEXIST ? 0 : error;
}

int netlink_route_delete(struct netlink *n, const struct netlink_route *r)
{
	begin_route(n, RTM_DELROUTE, 0, r);
	return netlink_ask(n, NULL, NULL);
}

/* ---- all of one kind */

#define CLEAR_AT_ONCE 64

struct route_search {
	const struct netlink_route *like;
	unsigned int n;
	struct netlink_route found[CLEAR_AT_ONCE];
};

static uint32_t u32_of(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) >= 4 ? mnl_attr_get_u32(a) : 0;
}

static void read_destination(const struct nlattr *a, struct netlink_route *out)
{
	unsigned int len = mnl_attr_get_payload_len(a);

	out->to.address.family = out->family;
	if (len <= sizeof(out->to.address.ip))
		memcpy(out->to.address.ip, mnl_attr_get_payload(a), len);
}

static bool is_like(const struct netlink_route *r, const struct netlink_route *like)
{
	if (r->table != like->table || (like->metric && r->metric != like->metric))
		return false;
	return like->to.address.family == INET_NONE ||
	       (r->to.prefix == like->to.prefix &&
		inet_equal_ip(&r->to.address, &like->to.address));
}

/* What is needed to name it again. */
static int on_route(const struct nlmsghdr *h, void *user)
{
	struct route_search *s = user;
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct netlink_route r = {0};
	const struct nlattr *a;

	if (h->nlmsg_type != RTM_NEWROUTE || s->n >= CLEAR_AT_ONCE ||
	    mnl_nlmsg_get_payload_len(h) < sizeof(*m) || m->rtm_protocol != s->like->protocol)
		return MNL_CB_OK;
	r.family = m->rtm_family == AF_INET6 ? INET_V6 : INET_V4;
	r.type = m->rtm_type;
	r.scope = m->rtm_scope;
	r.protocol = m->rtm_protocol;
	r.to.prefix = m->rtm_dst_len;
	r.table = m->rtm_table;
	mnl_attr_for_each(a, h, sizeof(*m))
	{
		switch (mnl_attr_get_type(a)) {
		case RTA_DST:
			read_destination(a, &r);
			break;
		case RTA_TABLE:
			r.table = u32_of(a);
			break;
		case RTA_OIF:
			r.index = u32_of(a);
			break;
		case RTA_PRIORITY:
			r.metric = u32_of(a);
			break;
		default:
			break;
		}
	}
	if (is_like(&r, s->like))
		s->found[s->n++] = r;
	return MNL_CB_OK;
}

static void find_routes(struct netlink *n, uint8_t family, struct route_search *s)
{
	struct nlmsghdr *h = netlink_begin(n, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	int error;

	m->rtm_family = netlink_af(family);
	error = netlink_ask(n, on_route, s);
	(void)error; /* what was found counts */
}

unsigned int netlink_route_clear(struct netlink *n, const struct netlink_route *like)
{
	static const uint8_t families[] = {INET_V4, INET_V6};
	uint8_t only = like->to.address.family;
	unsigned int removed = 0, before, i, k;

	for (i = 0; i < array_size(families); i++) {
		do {
			struct route_search s = {.like = like};

			before = removed;
			if (only == INET_NONE || only == families[i])
				find_routes(n, families[i], &s);
			for (k = 0; k < s.n; k++)
				removed += netlink_route_delete(n, &s.found[k]) == 0;
		} while (removed > before);
	}
	return removed;
}

/* ---- rules */

static uint8_t rule_family(const struct netlink_rule *r)
{
	return r->family                ? r->family
	       : r->from.address.family ? r->from.address.family
	       : r->to.address.family   ? r->to.address.family
					: INET_V4;
}

static void begin_rule(struct netlink *n, uint16_t type, uint16_t flags,
		       const struct netlink_rule *r)
{
	struct nlmsghdr *h = netlink_begin(n, type, flags);
	struct fib_rule_hdr *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->family = netlink_af(rule_family(r));
	m->dst_len = r->to.address.family ? r->to.prefix : 0;
	m->src_len = r->from.address.family ? r->from.prefix : 0;
	m->tos = r->tos;
	m->table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_COMPAT;
	m->action = r->action;
	m->flags = r->inverted ? FIB_RULE_INVERT : 0;
	if (m->src_len)
		netlink_put_inet(h, FRA_SRC, &r->from.address);
	if (m->dst_len)
		netlink_put_inet(h, FRA_DST, &r->to.address);
	if (r->iif)
		mnl_attr_put_strz(h, FRA_IIFNAME, r->iif);
	if (r->oif)
		mnl_attr_put_strz(h, FRA_OIFNAME, r->oif);
	if (r->table)
		mnl_attr_put_u32(h, FRA_TABLE, r->table);
	if (r->priority)
		mnl_attr_put_u32(h, FRA_PRIORITY, r->priority);
	if (r->fwmark || r->fwmask)
		mnl_attr_put_u32(h, FRA_FWMARK, r->fwmark);
	if (r->fwmask)
		mnl_attr_put_u32(h, FRA_FWMASK, r->fwmask);
	mnl_attr_put_u8(h, FRA_PROTOCOL, NETLINK_HALB);
}

static bool names_fit(const struct netlink_rule *r)
{
	return (!r->iif || strlen(r->iif) < IF_NAMESIZE) &&
	       (!r->oif || strlen(r->oif) < IF_NAMESIZE);
}

int netlink_rule_set(struct netlink *n, const struct netlink_rule *r)
{
	int error;

	if (!names_fit(r))
		return -EINVAL;
	begin_rule(n, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, r);
	error = netlink_ask(n, NULL, NULL);
	return error == -EEXIST ? 0 : error;
}

int netlink_rule_delete(struct netlink *n, const struct netlink_rule *r)
{
	if (!names_fit(r))
		return -EINVAL;
	begin_rule(n, RTM_DELRULE, 0, r);
	return netlink_ask(n, NULL, NULL);
}
