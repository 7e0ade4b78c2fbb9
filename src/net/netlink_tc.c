/* SPDX-License-Identifier: MIT */
/*
 * Our filter at a link's ingress, told from others by priority and handle. It is put in place and
 * replaced in one step: no packet passes without it between two programs.
 *
 *     link ─ clsact ┬ ingress: ours (priority 112), others'
 *                   └ egress:  others'
 */
#include "net/netlink_tc.h"
#include "net/netlink_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#define DISCIPLINE "clsact"
#define DISCIPLINE_HANDLE TC_H_MAKE(TC_H_CLSACT, 0)
#define INGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
#define EGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)
#define OUR_HANDLE NETLINK_HALB /* tc gives out 1, 2 ... */

static struct nlmsghdr *begin_tc(struct netlink *n, uint16_t type, uint16_t flags,
				 const struct tcmsg *what)
{
	struct nlmsghdr *h = netlink_begin(n, type, flags);
	struct tcmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	*m = *what;
	m->tcm_family = AF_UNSPEC;
	return h;
}

static int ask_discipline(struct netlink *n, uint16_t type, uint16_t flags, unsigned int index)
{
	struct tcmsg clsact = {
	    .tcm_ifindex = (int)index, .tcm_parent = TC_H_CLSACT, .tcm_handle = DISCIPLINE_HANDLE};
	struct nlmsghdr *h = begin_tc(n, type, flags, &clsact);

	mnl_attr_put_strz(h, TCA_KIND, DISCIPLINE);
	return netlink_ask(n, NULL, NULL);
}

static struct nlmsghdr *begin_filter(struct netlink *n, uint16_t type, uint16_t flags,
				     unsigned int index)
{
	struct tcmsg ours = {.tcm_ifindex = (int)index,
			     .tcm_parent = INGRESS,
			     .tcm_handle = OUR_HANDLE,
			     .tcm_info = TC_H_MAKE(NETLINK_TC_PRIORITY << 16, htons(ETH_P_ALL))};
	struct nlmsghdr *h = begin_tc(n, type, flags, &ours);

	mnl_attr_put_strz(h, TCA_KIND, "bpf");
	return h;
}

int netlink_tc_attach(struct netlink *n, unsigned int index, int program, const char *name)
{
	struct nlmsghdr *h;
	struct nlattr *options;
	int added, error, undone;

	/* -EEXIST too where it is "ingress", clsact's elder: our filter fits there as well. */
	added = ask_discipline(n, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, index);
	if (added < 0 && added != -EEXIST)
		return added;
	h = begin_filter(n, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_REPLACE, index);
	options = mnl_attr_nest_start(h, TCA_OPTIONS);
	mnl_attr_put_u32(h, TCA_BPF_FD, (uint32_t)program);
	mnl_attr_put_strz(h, TCA_BPF_NAME, name);
	mnl_attr_put_u32(h, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(h, options);
	error = netlink_ask(n, NULL, NULL);
	if (error && added == 0) {
		undone = ask_discipline(n, RTM_DELQDISC, 0, index);
		(void)undone; /* an empty clsact does no harm */
	}
	return error;
}

/* ---- removing */

static int on_filter(const struct nlmsghdr *h, void *user)
{
	bool *found = user;

	*found |= h->nlmsg_type == RTM_NEWTFILTER;
	return MNL_CB_OK;
}

/* Whether any filter hangs there, in the doubt yes. */
static bool has_filters(struct netlink *n, unsigned int index, uint32_t parent)
{
	struct tcmsg all = {.tcm_ifindex = (int)index, .tcm_parent = parent};
	bool found = false;

	begin_tc(n, RTM_GETTFILTER, NLM_F_DUMP, &all);
	return netlink_ask(n, on_filter, &found) < 0 || found;
}

/* What the kernel says where there is no filter, no discipline, another discipline, no link. */
static int absent_is_well(int error)
{
	return error == -ENOENT || error == -EINVAL || error == -ENODEV ? 0 : error;
}

int netlink_tc_detach(struct netlink *n, unsigned int index)
{
	int error;

	begin_filter(n, RTM_DELTFILTER, 0, index);
	error = absent_is_well(netlink_ask(n, NULL, NULL));
	if (error || has_filters(n, index, INGRESS) || has_filters(n, index, EGRESS))
		return error;
	return absent_is_well(ask_discipline(n, RTM_DELQDISC, 0, index));
}
