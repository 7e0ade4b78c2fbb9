/* SPDX-License-Identifier: MIT */
/*
 * Adverts that an instance hears: verified, counted, given to the machine. What is refused changes
 * nothing; it is logged once an interval for each reason.
 */
#include "failover/group.h"
#include "failover/instance.h"
#include "failover/peer_watch.h"

#include <string.h>

#define OWNER 255

static const struct model_vrrp_peer *find_peer(const struct instance *i, const struct inet *source)
{
	const struct model_vrrp_peer *p;

	for (p = i->conf->unicast_peers; p; p = p->next)
		if (inet_equal_ip(&p->address, source))
			return p;
	return NULL;
}

/* What is expected of this sender. False: it is none of the peers, and must be one. */
static bool identity_for(const struct instance *i, const struct vrrp_origin *origin,
			 struct vrrp_identity *out)
{
	const struct model_vrrp_peer *p;

	*out = i->identity;
	if (!i->conf->unicast_peers)
		return true;
	p = find_peer(i, &origin->source);
	out->ttl_min = p && p->ttl_min ? p->ttl_min : i->conf->unicast_ttl_min;
	out->ttl_max = p ? p->ttl_max : 255;
	return p || !i->conf->check_unicast_src;
}

static void log_refused(struct instance *i, const struct inet *source, enum vrrp_verdict v)
{
	uint64_t now = i->owner->loop.now_us;
	char from[INET_TEXT_BYTES];

	if (i->refused_logged_us[v] && now - i->refused_logged_us[v] < i->conf->advert_us)
		return;
	i->refused_logged_us[v] = now;
	from[inet_print(from, source)] = '\0';
	if (v == VRRP_BAD_AUTH)
		instance_log(i, LOG_LEVEL_WARNING, "received an invalid passwd! (from %s)", from);
	else
		instance_log(i, LOG_LEVEL_WARNING, "refused an advert from %s: %s", from,
			     vrrp_verdict_text(v));
}

static void refuse(struct instance *i, const struct inet *source, enum vrrp_verdict v)
{
	i->counters.refused[v]++;
	log_refused(i, source, v);
	status_write(i);
}

static bool bfd_is_up(const struct instance *i, const struct inet *peer)
{
	struct peer_status s = {0};

	if (!i->owner->peers)
		return false;
	peer_watch_status(i->owner->peers, peer, &s);
	return s.known && s.state == BFD_UP;
}

/* A halb that says a lower priority than ours hands over to us at once: it goes on serving until
 * it hears us, so there is nothing to wait for. */
static bool may_preempt_now(const struct instance *i, const struct vrrp_advert *a)
{
	const struct vrrp_machine *m = &i->machine;

	if (m->state != VRRP_BACKUP || m->held || m->yielded || a->priority == 0 ||
	    a->priority >= m->priority)
		return false;
	if (m->conf.nopreempt && m->priority != OWNER)
		return false;
	return m->preempt_after_us && i->owner->loop.now_us >= m->preempt_after_us &&
	       bfd_is_up(i, &a->source);
}

static void accept_advert(struct instance *i, const struct vrrp_advert *a)
{
	struct vrrp_event e = {
	    .kind = VRRP_EVENT_ADVERT,
	    .priority = a->priority,
	    .source = a->source,
	    .advert_us = a->advert_us,
	};

	i->counters.adverts_in++;
	i->counters.zero_in += a->priority == 0;
	i->last_heard = a->source;
	if (i->owner->peers)
		peer_watch_add(i->owner->peers, &a->source, &i->source, i->base->index);
	if (a->priority >= i->machine.priority)
		i->group_ready = false;
	instance_event(i, &e);
	if (!may_preempt_now(i, a))
		return;
	i->group_ready = true;
	if (group_may_claim(i))
		instance_force_master(i, VRRP_BECAUSE_PREEMPT);
}

void instance_receive(struct instance *i, const struct vrrp_origin *origin, struct span message)
{
	struct vrrp_identity expected;
	struct vrrp_advert advert;
	enum vrrp_verdict v;

	if (inet_equal_ip(&origin->source, &i->source))
		return; /* our own, come back */
	if (address_lapsed(i))
		instance_tell(i, VRRP_EVENT_LAPSED);
	if (!identity_for(i, origin, &expected))
		v = VRRP_BAD_SOURCE;
	else
		v = vrrp_parse(&expected, origin, message, &advert);
	if (v == VRRP_OK)
		accept_advert(i, &advert);
	else
		refuse(i, &origin->source, v);
}
