/* SPDX-License-Identifier: MIT */
/*
 * Taking and dropping what an instance owns: addresses first, then routes, then rules; dropped in
 * the opposite order. An address is asked for with a lifetime and renewed at a quarter of it; one
 * that somebody else removes is put back.
 */
#include "failover/address.h"

#include "failover/instance.h"
#include "failover/keeper.h"
#include "failover/second_chance.h"
#include "failover/standby.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OWNER 255
#define LEASE_PARTS 4 /* renewed so many times in its life */

static const char *text_of(const struct inet *a, char *text)
{
	text[inet_print(text, a)] = '\0';
	return text;
}

static uint32_t lease_ms(const struct instance *i)
{
	return i->model->global.lease_ms;
}

/* How it is asked of the kernel. */
static void fill(const struct instance *i, const struct vip *v, struct netlink_address *out)
{
	const struct model_vrrp_address *c = v->conf;

	*out = (struct netlink_address){
	    .address = c->address,
	    .peer = c->peer,
	    .broadcast = c->broadcast,
	    .prefix = c->prefix,
	    .scope = c->scope,
	    .index = v->index,
	    .label = c->label,
	    .valid_ms = lease_ms(i),
	    .protocol = NETLINK_HALB,
	    /* Both nodes hold it for a moment while it moves: no duplicate detection. */
	    .nodad = c->nodad || c->address.family == INET_V6,
	    .noprefixroute = c->noprefixroute,
	    .home = c->home,
	    .mngtmpaddr = c->mngtmpaddr,
	};
}

static bool same_vip(const struct vip *v, const struct vip *w)
{
	return v->index == w->index && v->conf->prefix == w->conf->prefix &&
	       inet_equal_ip(&v->conf->address, &w->conf->address);
}

/* Another instance owns it (one took the place of one that leaves): not ours to remove. */
static bool owned_elsewhere(const struct instance *i, const struct vip *v)
{
	struct list *node;
	unsigned int n;

	LIST_EACH(node, &i->owner->instances) {
		const struct instance *other = LIST_ENTRY(node, struct instance, link);

		for (n = 0; other != i && other->vips.owned && n < other->vips.n; n++)
			if (same_vip(v, &other->vips.all[n]))
				return true;
	}
	return false;
}

static void put(struct instance *i, struct vip *v)
{
	struct netlink_address a;
	char text[INET_TEXT_BYTES];
	int error;

	if (v->index == 0 || v->native)
		return;
	fill(i, v, &a);
	error = netlink_address_set(i->owner->netlink, &a);
	if (error && v->set)
		return; /* said already, or its link is going */
	if (error)
		instance_log(i, LOG_LEVEL_ERR, "cannot add %s/%u to %s: %s",
			     text_of(&a.address, text), a.prefix, v->link->name, strerror(-error));
	v->set = error == 0;
}

static void take_off(struct instance *i, struct vip *v)
{
	struct netlink_address a;
	char text[INET_TEXT_BYTES];
	int error;

	if (!v->set || v->native)
		return;
	v->set = false;
	if (owned_elsewhere(i, v))
		return;
	fill(i, v, &a);
	error = netlink_address_delete(i->owner->netlink, &a);
	if (error && error != -EADDRNOTAVAIL && error != -ENODEV)
		instance_log(i, LOG_LEVEL_ERR, "cannot remove %s/%u from %s: %s",
			     text_of(&a.address, text), a.prefix, v->link->name, strerror(-error));
}

/* ---- routes and rules */

static bool fill_route(struct instance *i, const struct model_vrrp_route *c,
		       struct netlink_route *out)
{
	struct link *l = c->dev ? link_get(i->owner, c->dev) : NULL;

	if (c->dev && (!l || l->index == 0))
		return false;
	*out = (struct netlink_route){
	    .family = c->family,
	    .type = c->type,
	    .scope = c->scope,
	    .protocol = c->protocol,
	    .to = c->to,
	    .via = c->via,
	    .src = c->src,
	    .index = l ? l->index : 0,
	    .table = c->table,
	    .metric = c->metric,
	    .mtu = c->mtu,
	};
	return true;
}

static void set_routes(struct instance *i, bool add)
{
	const struct model_vrrp_route *c;
	struct netlink_route r;
	int error;

	if (i->conf->routes)
		instance_log(i, LOG_LEVEL_INFO, "%s Virtual Routes", add ? "setting" : "removing");
	for (c = i->conf->routes; c; c = c->next) {
		if (!fill_route(i, c, &r))
			continue;
		error = add ? netlink_route_set(i->owner->netlink, &r)
			    : netlink_route_delete(i->owner->netlink, &r);
		if (error && (add || (error != -ESRCH && error != -ENODEV)))
			instance_log(i, LOG_LEVEL_ERR, "cannot %s the route of %s:%d: %s",
				     add ? "add" : "remove", c->file, c->line, strerror(-error));
	}
}

static void set_rules(struct instance *i, bool add)
{
	const struct model_vrrp_rule *c;
	int error;

	if (i->conf->rules)
		instance_log(i, LOG_LEVEL_INFO, "%s Virtual Rules", add ? "setting" : "removing");
	for (c = i->conf->rules; c; c = c->next) {
		struct netlink_rule r = {
		    .family = c->family,
		    .action = c->action,
		    .tos = c->tos,
		    .from = c->from,
		    .to = c->to,
		    .iif = c->iif,
		    .oif = c->oif,
		    .table = c->table,
		    .priority = c->priority,
		    .fwmark = c->fwmark,
		    .fwmask = c->fwmask,
		    .inverted = c->inverted,
		};

		error = add ? netlink_rule_set(i->owner->netlink, &r)
			    : netlink_rule_delete(i->owner->netlink, &r);
		if (error && (add || error != -ENOENT))
			instance_log(i, LOG_LEVEL_ERR, "cannot %s the rule of %s:%d: %s",
				     add ? "add" : "remove", c->file, c->line, strerror(-error));
	}
}

/* ---- the lease */

bool address_lapsed(const struct instance *i)
{
	uint64_t now = i->owner->loop.now_us;

	return i->vips.owned && lease_ms(i) && now > i->vips.renewed_us &&
	       now - i->vips.renewed_us >= (uint64_t)lease_ms(i) * 1000;
}

static void arm_lease(struct instance *i)
{
	struct loop *l = &i->owner->loop;

	i->vips.renewed_us = l->now_us;
	if (lease_ms(i))
		timer_set(&l->wheel, &i->vips.lease, l->now_ms + lease_ms(i) / LEASE_PARTS);
}

static void put_all(struct instance *i)
{
	unsigned int n;

	for (n = 0; n < i->vips.n; n++)
		put(i, &i->vips.all[n]);
}

/* By the thread that may wait for the kernel. */
static void renew_all(struct instance *i)
{
	struct netlink_address list[HOLDING_MAX];
	unsigned int n, count = 0;

	for (n = 0; n < i->vips.n && count < HOLDING_MAX; n++)
		if (i->vips.all[n].set)
			fill(i, &i->vips.all[n], &list[count++]);
	keeper_renew(i->owner->keeper, i, list, count);
}

static void stop_renewing(struct instance *i)
{
	timer_stop(&i->owner->loop.wheel, &i->vips.lease);
	if (i->owner->keeper)
		keeper_forget(i->owner->keeper, i);
}

void address_renew(struct instance *i)
{
	if (!i->vips.owned)
		return;
	if (address_lapsed(i)) {
		instance_tell(i, VRRP_EVENT_LAPSED);
		return;
	}
	put_all(i);
	arm_lease(i);
}

static void on_lease(struct timer *t, uint64_t now_ms)
{
	struct vips *vips = container_of(t, struct vips, lease);
	struct instance *i = container_of(vips, struct instance, vips);

	(void)now_ms;
	if (!i->owner->keeper || !vips->owned || address_lapsed(i)) {
		address_renew(i);
		return;
	}
	renew_all(i);
	arm_lease(i);
}

/* ---- the list */

void address_init(struct instance *i)
{
	i->vips = (struct vips){0};
	timer_init(&i->vips.lease, on_lease);
}

void address_fini(struct instance *i)
{
	stop_renewing(i);
	free(i->vips.all);
	i->vips.all = NULL;
	i->vips.n = 0;
}

static void place(const struct instance *i, struct vip *v)
{
	bool on_macvlan = i->vmac_index && !v->conf->dev;

	if (!v->link)
		return;
	v->index = on_macvlan ? i->vmac_index : v->link->index;
	memcpy(v->mac, v->link->mac, sizeof(v->mac));
	if (on_macvlan) {
		const uint8_t mac[6] = {
		    0, 0, 0x5e, 0, i->conf->family == INET_V6 ? 2 : 1, i->conf->vrid};

		memcpy(v->mac, mac, sizeof(mac));
	}
}

static void append(struct instance *i, struct vips *to, const struct model_vrrp_address *list)
{
	for (; list; list = list->next) {
		struct vip *v = &to->all[to->n++];

		v->conf = list;
		v->link = link_get(i->owner, list->dev ? list->dev : i->conf->interface);
		place(i, v);
	}
}

static struct vip *find(struct vips *in, const struct vip *like)
{
	unsigned int n;

	for (n = 0; n < in->n; n++)
		if (same_vip(&in->all[n], like))
			return &in->all[n];
	return NULL;
}

static unsigned int count(const struct model_vrrp_address *list)
{
	unsigned int n = 0;

	for (; list; list = list->next)
		n++;
	return n;
}

bool address_configure(struct instance *i)
{
	struct vips old = i->vips, now = {0};
	bool added = false;
	unsigned int n;

	now.all =
	    calloc(count(i->conf->addresses) + count(i->conf->excluded) + 1, sizeof(*now.all));
	if (!now.all)
		return false;
	if (i->owner->keeper)
		keeper_forget(i->owner->keeper, i); /* its texts are the old model's */
	append(i, &now, i->conf->addresses);
	append(i, &now, i->conf->excluded);
	for (n = 0; n < now.n; n++) {
		struct vip *was = find(&old, &now.all[n]);

		if (was) {
			now.all[n].set = was->set;
			now.all[n].native = was->native;
			was->set = false;
		}
	}
	for (n = 0; n < old.n; n++)
		take_off(i, &old.all[n]);
	i->vips.all = now.all;
	i->vips.n = now.n;
	free(old.all);
	for (n = 0; n < now.n; n++) {
		standby_prepare(i->owner, &now.all[n]);
		if (!i->vips.owned || now.all[n].set)
			continue;
		put(i, &now.all[n]);
		added = true;
	}
	second_chance_refresh(i->owner->chance);
	return added;
}

void address_relink(struct instance *i)
{
	unsigned int n;

	for (n = 0; n < i->vips.n; n++) {
		struct vip *v = &i->vips.all[n];
		unsigned int before = v->index;

		place(i, v);
		if (v->index == before)
			continue;
		v->set = false; /* it went with its link */
		standby_prepare(i->owner, v);
		second_chance_refresh(i->owner->chance);
		if (i->vips.owned)
			put(i, v);
	}
}

void address_take(struct instance *i)
{
	i->vips.owned = true;
	put_all(i);
	arm_lease(i);
	set_routes(i, true);
	set_rules(i, true);
	failover_holdings_changed(i->owner);
}

void address_drop(struct instance *i)
{
	unsigned int n;

	if (!i->vips.owned)
		return;
	i->vips.owned = false;
	stop_renewing(i);
	set_rules(i, false);
	set_routes(i, false);
	for (n = i->vips.n; n-- > 0;)
		take_off(i, &i->vips.all[n]);
	failover_holdings_changed(i->owner);
}

/* ---- what others do */

static bool is_at(const struct vip *v, const struct netlink_address *a)
{
	return v->index == a->index && v->conf->prefix == a->prefix &&
	       inet_equal_ip(&v->conf->address, &a->address);
}

static void clean_one(void *user, const struct netlink_address *a)
{
	struct instance *i = user;
	unsigned int n;

	for (n = 0; n < i->vips.n; n++) {
		struct vip *v = &i->vips.all[n];

		if (!is_at(v, a))
			continue;
		if (i->conf->priority == OWNER && a->protocol != NETLINK_HALB)
			v->native = true;
		else
			v->set = !owned_elsewhere(i, v);
	}
}

void address_clean(struct instance *i)
{
	char text[INET_TEXT_BYTES];
	unsigned int n;

	if (netlink_address_each(i->owner->netlink, clean_one, i) != 0)
		return;
	for (n = 0; n < i->vips.n; n++) {
		struct vip *v = &i->vips.all[n];

		if (!v->set)
			continue;
		instance_log(i, LOG_LEVEL_NOTICE, "removing stale %s/%u from %s",
			     text_of(&v->conf->address, text), v->conf->prefix, v->link->name);
		take_off(i, v);
	}
}

struct presence {
	const struct vip *v;
	bool found;
};

static void look_for(void *user, const struct netlink_address *a)
{
	struct presence *p = user;

	if (is_at(p->v, a))
		p->found = true;
}

/* A removal may be told of late, when the address is there again. */
static bool is_present(const struct instance *i, const struct vip *v)
{
	struct presence p = {.v = v};

	return netlink_address_each(i->owner->netlink, look_for, &p) == 0 && p.found;
}

void address_seen(struct instance *i, const struct netlink_address *a)
{
	char text[INET_TEXT_BYTES];
	bool restored = false;
	unsigned int n;

	if (!a->gone || !i->vips.owned)
		return;
	if (address_lapsed(i)) {
		instance_tell(i, VRRP_EVENT_LAPSED);
		return;
	}
	for (n = 0; n < i->vips.n; n++) {
		struct vip *v = &i->vips.all[n];

		if (!v->set || !is_at(v, a) || is_present(i, v))
			continue;
		instance_log(i, LOG_LEVEL_WARNING,
			     "Netlink reflector reports IP %s removed from %s: putting it back",
			     text_of(&a->address, text), v->link->name);
		put(i, v);
		restored = true;
	}
	if (restored)
		announce_begin(i, ANNOUNCE_MASTER);
}

bool address_is_virtual(const struct failover *f, const struct inet *a)
{
	struct list *node;
	unsigned int n;

	LIST_EACH(node, &f->instances) {
		const struct instance *i = LIST_ENTRY(node, struct instance, link);

		for (n = 0; n < i->vips.n; n++)
			if (i->vips.all[n].set && inet_equal_ip(&i->vips.all[n].conf->address, a))
				return true;
	}
	return false;
}
