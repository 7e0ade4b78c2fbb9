/* SPDX-License-Identifier: MIT */
/*
 * The words that pace gratuitous ARP and unsolicited neighbour advertisements: in global_defs for
 * all instances, in an instance for itself, in garp_group for what is on an interface.
 */
#include "config/section_vrrp.h"

static struct model_garp *garp_of(struct vrrp_reader *r)
{
	if (r->block == BLOCK_GLOBAL)
		return &((struct vrrp_globals *)r->target)->each.garp;
	return &((struct model_vrrp_instance *)r->target)->garp;
}

/* [all] SECONDS. Without "all" keepalived means macvlans that use_vmac_addr made, of which there
 * are none here. */
static void parse_extra_if(struct vrrp_reader *r, const struct node *n)
{
	bool all = node_word_is(n, 1, "all");
	unsigned int at = all ? 2 : 1;
	uint64_t ms;

	if (!block_parse_decimal(r, n, at, (struct block_range){1000, 0, 86400000}, &ms))
		return;
	if (!all && ms)
		block_warn(r, n,
			   "'%s' without 'all' is for the interfaces of use_vmac_addr, which halb "
			   "does not make: it has no effect. Write '%s all SECONDS', for addresses "
			   "with 'dev'.",
			   n->words[0].p, n->words[0].p);
	garp_of(r)->extra_if = all ? (unsigned int)ms : 0;
	block_expect_end(r, n, at + 1);
}

static void parse_min_garp(struct vrrp_reader *r, const struct node *n)
{
	struct model_garp *garp = garp_of(r);
	bool on = true;

	if (n->n_words > 1 && !block_parse_bool(r, n, 1, &on))
		return;
	block_expect_end(r, n, 2);
	if (!on)
		return;
	garp->master_repeat = 1;
	garp->master_delay_ms = 0;
	garp->lower_prio_repeat = 1;
	garp->lower_prio_delay_ms = 0;
}

static void parse_group(struct vrrp_reader *r, const struct node *n)
{
	struct vrrp_garp_group *g = block_alloc(r, n, sizeof(*g));

	if (!g)
		return;
	g->interval_us = g->gna_interval_us = VRRP_UNSET;
	g->next = r->garp_groups;
	r->garp_groups = g;
	block_read(r, n->children, BLOCK_GARP, g);
	if (!g->interface && !g->interfaces)
		block_alert(r, n, "garp_group expects 'interface NAME' or 'interfaces { }'");
}

static void parse_interface(struct vrrp_reader *r, const struct node *n)
{
	if (block_need_word(r, n, 1, "an interface"))
		((struct vrrp_garp_group *)r->target)->interface = n;
}

static void parse_interfaces(struct vrrp_reader *r, const struct node *n)
{
	((struct vrrp_garp_group *)r->target)->interfaces = n->children;
}

#define EACH(member) offsetof(struct vrrp_globals, each.garp.member)
#define OWN(member) offsetof(struct model_vrrp_instance, garp.member)
#define GARP(member) offsetof(struct vrrp_garp_group, member)
#define DAY_MS 86400000
#define HOUR_MS 3600000

SETTINGS(section_garp,
	 {"vrrp_garp_master_delay", IN(GLOBAL), SETTING_MS, EACH(master_delay_ms), 0, HOUR_MS, NULL,
	  "seconds to the second round after becoming master, 0: none"},
	 {"vrrp_garp_master_repeat", IN(GLOBAL), SETTING_UINT, EACH(master_repeat), 0, 1000, NULL,
	  "how many are sent in a round"},
	 {"vrrp_garp_lower_prio_delay", IN(GLOBAL), SETTING_MS, EACH(lower_prio_delay_ms), 0,
	  HOUR_MS, NULL, "the delay, after an advert of lower priority"},
	 {"vrrp_garp_lower_prio_repeat", IN(GLOBAL), SETTING_UINT, EACH(lower_prio_repeat), 0, 1000,
	  NULL, "how many, after an advert of lower priority"},
	 {"vrrp_garp_master_refresh", IN(GLOBAL), SETTING_MS, EACH(master_refresh_ms), 0, DAY_MS,
	  NULL, "seconds between rounds while master, 0: none"},
	 {"vrrp_garp_master_refresh_repeat", IN(GLOBAL), SETTING_UINT, EACH(master_refresh_repeat),
	  0, 1000, NULL, "how many in these rounds"},
	 {"vrrp_garp_interval", IN(GLOBAL), SETTING_US, EACH(interval_us), 0, 1000000, NULL,
	  "seconds between two ARP messages"},
	 {"vrrp_gna_interval", IN(GLOBAL), SETTING_US, EACH(gna_interval_us), 0, 1000000, NULL,
	  "seconds between two neighbour advertisements"},
	 {"vrrp_garp_extra_if", IN(GLOBAL), SETTING_PARSE, 0, 0, 0, parse_extra_if,
	  "all SECONDS: one message for each address on another interface"},
	 {"vrrp_min_garp", IN(GLOBAL), SETTING_PARSE, 0, 0, 0, parse_min_garp,
	  "one message, no second round"},
	 {"garp_master_delay", IN(INSTANCE), SETTING_MS, OWN(master_delay_ms), 0, HOUR_MS, NULL,
	  "seconds to the second round after becoming master, 0: none"},
	 {"garp_master_repeat", IN(INSTANCE), SETTING_UINT, OWN(master_repeat), 0, 1000, NULL,
	  "how many are sent in a round"},
	 {"garp_lower_prio_delay", IN(INSTANCE), SETTING_MS, OWN(lower_prio_delay_ms), 0, HOUR_MS,
	  NULL, "the delay, after an advert of lower priority"},
	 {"garp_lower_prio_repeat", IN(INSTANCE), SETTING_UINT, OWN(lower_prio_repeat), 0, 1000,
	  NULL, "how many, after an advert of lower priority"},
	 {"garp_master_refresh", IN(INSTANCE), SETTING_MS, OWN(master_refresh_ms), 0, DAY_MS, NULL,
	  "seconds between rounds while master, 0: none"},
	 {"garp_master_refresh_repeat", IN(INSTANCE), SETTING_UINT, OWN(master_refresh_repeat), 0,
	  1000, NULL, "how many in these rounds"},
	 {"garp_extra_if", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_extra_if,
	  "all SECONDS: one message for each address on another interface"},
	 {"garp_group", IN(TOP), SETTING_BLOCK, 0, 0, 0, parse_group,
	  "{ }: pacing of what is sent on some interfaces"},
	 {"garp_interval", IN(GARP), SETTING_US, GARP(interval_us), 0, 1000000, NULL,
	  "seconds between two ARP messages"},
	 {"gna_interval", IN(GARP), SETTING_US, GARP(gna_interval_us), 0, 1000000, NULL,
	  "seconds between two neighbour advertisements"},
	 {"interface", IN(GARP), SETTING_PARSE, 0, 0, 0, parse_interface,
	  "NAME: the one the group is for"},
	 {"interfaces", IN(GARP), SETTING_BLOCK, 0, 0, 0, parse_interfaces,
	  "{ NAME ... }: several"});
