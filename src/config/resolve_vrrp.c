/* SPDX-License-Identifier: MIT */
/*
 * What is known only when all of keepalived.conf is read: an instance's family and version, values
 * that follow from others, what contradicts itself, and instances that get in each other's way.
 * Where keepalived corrects a value with a warning, so does this. Called by reader_vrrp.c.
 */
#include "config/section_vrrp.h"

#define OWNER 255
#define MAX_ADDRESSES 2048 /* of an instance */
#define MAX_INSTANCES 1024

static const struct node *node_of(struct model_vrrp_instance *v)
{
	return vrrp_instance_read(v)->node;
}

/* ---- one instance */

static void choose_priority(struct vrrp_reader *r, struct model_vrrp_instance *v)
{
	if (!vrrp_instance_read(v)->priority_set) {
		v->priority = v->start_master ? OWNER : 100;
		if (v->start_master)
			block_warn(r, node_of(v),
				   "(%s) 'state MASTER' without 'priority' means 255, the owner of "
				   "the addresses, as in keepalived. Write a priority.",
				   v->name);
	}
	if (v->priority == OWNER) {
		if (v->nopreempt)
			block_warn(r, node_of(v),
				   "(%s) 'nopreempt' has no effect with priority 255", v->name);
		v->nopreempt = false;
		v->start_master = true;
	}
	if (v->start_master && v->nopreempt) {
		block_warn(r, node_of(v),
			   "(%s) 'nopreempt' has no effect with 'state MASTER'; write 'state "
			   "BACKUP'",
			   v->name);
		v->nopreempt = false;
	}
	if (v->start_master && v->preempt_delay_ms) {
		block_warn(r, node_of(v),
			   "(%s) 'preempt_delay' has no effect with 'state MASTER'; write 'state "
			   "BACKUP'",
			   v->name);
		v->preempt_delay_ms = 0;
	}
}

static void choose_family(struct model_vrrp_instance *v)
{
	if (v->addresses)
		v->family = v->addresses->address.family;
	else if (v->unicast_peers)
		v->family = v->unicast_peers->address.family;
	else if (v->source.family != INET_NONE)
		v->family = v->source.family;
	else
		v->family = v->native_ipv6 ? INET_V6 : INET_V4;
}

static const char *family_name(uint8_t family)
{
	return family == INET_V6 ? "IPv6" : "IPv4";
}

static void check_families(struct vrrp_reader *r, struct model_vrrp_instance *v)
{
	const char *family = family_name(v->family);

	for (const struct model_vrrp_address *a = v->addresses; a; a = a->next) {
		if (a->address.family != v->family)
			diag_add(r->diags, DIAG_ALERT, a->file, a->line,
				 "(%s) addresses of two families in virtual_ipaddress: the first "
				 "is %s. Move this one to virtual_ipaddress_excluded, or to an "
				 "instance of its own.",
				 v->name, family);
	}
	if (v->source.family != INET_NONE && v->source.family != v->family)
		block_alert(r, node_of(v),
			    "(%s) the source address of adverts must be %s, as its "
			    "virtual addresses are",
			    v->name, family);
	for (const struct model_vrrp_peer *p = v->unicast_peers; p; p = p->next) {
		if (p->address.family != v->family)
			block_alert(r, node_of(v),
				    "(%s) addresses in unicast_peer must be %s, as its virtual "
				    "addresses are",
				    v->name, family);
	}
	if (v->multicast.family == INET_NONE)
		v->multicast = v->family == INET_V6 ? r->globals.multicast6 : r->globals.multicast4;
	else if (v->multicast.family != v->family)
		block_alert(r, node_of(v), "(%s) 'mcast_dst_ip' must be %s", v->name, family);
}

static void choose_version(struct vrrp_reader *r, struct model_vrrp_instance *v)
{
	if (v->family == INET_V6 && v->version == 2) {
		if (vrrp_instance_read(v)->version_set)
			block_warn(r, node_of(v),
				   "(%s) VRRP version 2 has no IPv6: version 3 is taken", v->name);
		v->version = 3;
	}
	if (v->version == 2 && v->advert_us % 1000000) {
		v->advert_us =
		    v->advert_us < 1500000 ? 1000000 : (v->advert_us + 500000) / 1000000 * 1000000;
		block_warn(r, node_of(v),
			   "(%s) VRRP version 2 has whole seconds in 'advert_int': %u is taken. "
			   "Write 'version 3' on both nodes for less.",
			   v->name, (unsigned int)(v->advert_us / 1000000));
	}
	if (v->version == 3 && v->advert_us > 40950000)
		block_alert(r, node_of(v),
			    "(%s) VRRP version 3 has at most 40.95 seconds in 'advert_int'",
			    v->name);
	else if (v->version == 3)
		v->advert_us = (v->advert_us + 9999) / 10000 * 10000;
}

static void check_authentication(struct vrrp_reader *r, struct model_vrrp_instance *v)
{
	bool password = v->auth_pass[0] != '\0';

	if (v->auth == VRRP_AUTH_AH || (v->auth == VRRP_AUTH_NONE && !password))
		return;
	if (v->version == 3)
		block_warn(r, node_of(v),
			   "(%s) VRRP version 3 has no authentication: it has no effect. Remove "
			   "the block.",
			   v->name);
	else if (v->strict)
		block_warn(r, node_of(v),
			   "(%s) strict mode has no authentication: it has no effect. Remove the "
			   "block.",
			   v->name);
	else if (v->auth == VRRP_AUTH_PASS && password)
		return;
	else
		block_alert(r, node_of(v),
			    "(%s) 'authentication' expects both 'auth_type PASS' "
			    "and 'auth_pass WORD'",
			    v->name);
	v->auth = VRRP_AUTH_NONE;
	memset(v->auth_pass, 0, sizeof(v->auth_pass));
}

static void check_unicast(struct vrrp_reader *r, struct model_vrrp_instance *v)
{
	const struct vrrp_instance_read *read = vrrp_instance_read(v);

	if (v->unicast_peers || !read->unicast)
		return;
	if (read->no_peer_is_fault)
		block_alert(r, node_of(v), "(%s) there is no address in unicast_peer", v->name);
	else
		block_warn(r, node_of(v),
			   "(%s) unicast without a peer: adverts go to the multicast group. Write "
			   "unicast_peer { ADDRESS }, or mcast_src_ip.",
			   v->name);
}

static void check_strict(struct vrrp_reader *r, struct model_vrrp_instance *v)
{
	struct vrrp_instance_read *read = vrrp_instance_read(v);

	if (!v->strict)
		return;
	if (!read->accept_set)
		v->accept = v->priority == OWNER;
	if (v->unicast_peers)
		block_alert(r, node_of(v),
			    "(%s) strict mode has no unicast_peer: remove one of "
			    "the two",
			    v->name);
	if (!v->addresses)
		block_alert(r, node_of(v), "(%s) strict mode wants an address in virtual_ipaddress",
			    v->name);
	if (v->start_master != (v->priority == OWNER)) {
		block_warn(r, node_of(v),
			   "(%s) strict mode has 'state MASTER' with priority 255 only: it starts "
			   "as backup",
			   v->name);
		v->start_master = false;
	}
	v->preempt_delay_ms = 0;
	v->lower_prio_no_advert = true;
	v->higher_prio_send_advert = false;
	v->garp.lower_prio_repeat = 0;
}

static void fill_garp(struct vrrp_reader *r, struct model_vrrp_instance *v)
{
	struct model_garp *garp = &v->garp;

	if (garp->lower_prio_delay_ms == VRRP_UNSET)
		garp->lower_prio_delay_ms = garp->master_delay_ms;
	if (garp->lower_prio_repeat == VRRP_UNSET)
		garp->lower_prio_repeat = garp->master_repeat;
	for (const struct vrrp_garp_group *g = r->garp_groups; g; g = g->next) {
		bool mine = g->interface && node_word_is(g->interface, 1, v->interface);

		for (const struct node *n = g->interfaces; n && !mine; n = n->next)
			mine = node_word_is(n, 0, v->interface);
		if (mine && g->interval_us != VRRP_UNSET)
			garp->interval_us = g->interval_us;
		if (mine && g->gna_interval_us != VRRP_UNSET)
			garp->gna_interval_us = g->gna_interval_us;
	}
}

static void warn_interface(struct vrrp_reader *r, const char *file, int line, const char *name)
{
	if (name && r->world->has_interface && !r->world->has_interface(r->world->user, name))
		diag_add(r->diags, DIAG_WARNING, file, line,
			 "interface '%s' does not exist (yet): a fault until it does", name);
}

/* Addresses that are there twice count once. */
static void drop_duplicates(struct vrrp_reader *r, struct model_vrrp_instance *v,
			    struct model_vrrp_address *seen, struct model_vrrp_address **list)
{
	while (*list) {
		const struct model_vrrp_address *a = *list, *other = seen;

		while (other && other != a && !inet_equal_ip(&other->address, &a->address))
			other = other->next;
		if (!other || other == a) {
			list = &(*list)->next;
			continue;
		}
		diag_add(r->diags, DIAG_WARNING, a->file, a->line,
			 "(%s) this address is there twice, first on line %d: this line has no "
			 "effect",
			 v->name, other->line);
		*list = a->next;
	}
}

static unsigned int count_addresses(const struct model_vrrp_address *list)
{
	unsigned int n = 0;

	for (; list; list = list->next)
		n++;
	return n;
}

static void check_addresses(struct vrrp_reader *r, struct model_vrrp_instance *v)
{
	unsigned int n = 0;

	if (count_addresses(v->addresses) + count_addresses(v->excluded) > MAX_ADDRESSES) {
		block_alert(r, node_of(v), "(%s) more than %d addresses", v->name, MAX_ADDRESSES);
		return;
	}
	drop_duplicates(r, v, v->addresses, &v->addresses);
	drop_duplicates(r, v, v->addresses, &v->excluded);
	drop_duplicates(r, v, v->excluded, &v->excluded);
	for (const struct model_vrrp_address *a = v->addresses; a; a = a->next) {
		n++;
		warn_interface(r, a->file, a->line, a->dev);
	}
	v->n_addresses = n;
	if (n > 255)
		block_alert(r, node_of(v),
			    "(%s) an advert has room for 255 addresses: move others "
			    "to virtual_ipaddress_excluded",
			    v->name);
	for (const struct model_vrrp_address *a = v->excluded; a; a = a->next)
		warn_interface(r, a->file, a->line, a->dev);
	if (v->addresses)
		return;
	if (v->version == 3)
		block_alert(r, node_of(v), "(%s) there is no address in virtual_ipaddress",
			    v->name);
	else
		block_warn(r, node_of(v),
			   "(%s) there is no address in virtual_ipaddress: nothing moves", v->name);
}

static void finish_instance(struct vrrp_reader *r, struct model_vrrp_instance *v)
{
	if (!v->interface)
		v->interface = r->globals.default_interface;
	if (!v->interface && !block_has(node_of(v), "interface"))
		block_alert(r, node_of(v), "vrrp_instance '%s' expects a line 'interface NAME'",
			    v->name);
	if (!v->vrid && !block_has(node_of(v), "virtual_router_id"))
		block_alert(r, node_of(v),
			    "vrrp_instance '%s' expects a line 'virtual_router_id N', 1 to 255",
			    v->name);
	if (v->use_vmac && v->unicast_peers && !v->vmac_xmit_base)
		block_alert(r, node_of(v),
			    "(%s) 'use_vmac' with unicast_peer wants 'vmac_xmit_base' too",
			    v->name);
	if (v->interface && strcmp(v->interface, "lo") == 0)
		block_alert(r, node_of(v),
			    "(%s) 'interface lo': no other node is there, and adverts cannot be "
			    "sent. Name the interface towards the other node; addresses may be on "
			    "lo ('dev lo').",
			    v->name);
	warn_interface(r, v->file, v->line, v->interface);
	choose_priority(r, v);
	choose_family(v);
	check_families(r, v);
	choose_version(r, v);
	check_authentication(r, v);
	check_unicast(r, v);
	check_addresses(r, v);
	check_strict(r, v);
	if (v->interface)
		fill_garp(r, v);
}

/* ---- instances and each other */

static bool peers_overlap(const struct model_vrrp_instance *a, const struct model_vrrp_instance *b)
{
	for (const struct model_vrrp_peer *p = a->unicast_peers; p; p = p->next) {
		for (const struct model_vrrp_peer *q = b->unicast_peers; q; q = q->next) {
			if (inet_equal_ip(&p->address, &q->address))
				return true;
		}
	}
	return false;
}

/* The adverts of one would be taken for the other's. */
static bool collide(const struct model_vrrp_instance *a, const struct model_vrrp_instance *b)
{
	if (a->vrid != b->vrid || a->family != b->family || strcmp(a->interface, b->interface) != 0)
		return false;
	if (a->unicast_peers && b->unicast_peers)
		return peers_overlap(a, b);
	if (a->unicast_peers || b->unicast_peers)
		return false;
	return inet_equal_ip(&a->multicast, &b->multicast);
}

static const struct model_vrrp_address *find_address(const struct model_vrrp_instance *v,
						     const struct inet *address)
{
	for (const struct model_vrrp_address *a = v->addresses; a; a = a->next) {
		if (inet_equal_ip(&a->address, address))
			return a;
	}
	for (const struct model_vrrp_address *a = v->excluded; a; a = a->next) {
		if (inet_equal_ip(&a->address, address))
			return a;
	}
	return NULL;
}

static void warn_shared(struct vrrp_reader *r, const struct model_vrrp_address *list,
			const struct model_vrrp_instance *v,
			const struct model_vrrp_instance *other)
{
	for (const struct model_vrrp_address *a = list; a; a = a->next) {
		const struct model_vrrp_address *same = find_address(other, &a->address);

		if (same)
			diag_add(r->diags, DIAG_WARNING, a->file, a->line,
				 "(%s) the vrrp_instance '%s' has this address too, on line %d: "
				 "two masters may then hold it. Leave one.",
				 v->name, other->name, same->line);
	}
}

static void compare_instances(struct vrrp_reader *r)
{
	for (struct model_vrrp_instance *v = r->model->instances; v; v = v->next) {
		for (struct model_vrrp_instance *o = r->model->instances; o != v; o = o->next) {
			if (r->diags->alerts >= r->max_alerts)
				return;
			if (collide(v, o))
				block_alert(r, node_of(v),
					    "(%s) the vrrp_instance '%s' has virtual_router_id %u "
					    "on interface '%s' too, with %s. Give this one another "
					    "number, on all nodes.",
					    v->name, o->name, v->vrid, v->interface,
					    family_name(v->family));
			warn_shared(r, v->addresses, v, o);
			warn_shared(r, v->excluded, v, o);
		}
	}
}

void vrrp_resolve(struct vrrp_reader *r, bool clean)
{
	unsigned int alerts = r->diags->alerts;

	if (r->model->n_instances > MAX_INSTANCES)
		block_alert(r, node_of(r->model->instances), "more than %d vrrp_instance blocks",
			    MAX_INSTANCES);
	for (struct model_vrrp_instance *v = r->model->instances; v; v = v->next) {
		if (r->diags->alerts >= r->max_alerts)
			return;
		finish_instance(r, v);
	}
	vrrp_resolve_names(r);
	if (clean && r->diags->alerts == alerts)
		compare_instances(r);
	if (clean && !r->model->instances)
		diag_add(r->diags, DIAG_WARNING, NULL, 0,
			 "there is no vrrp_instance: no address is held");
}
