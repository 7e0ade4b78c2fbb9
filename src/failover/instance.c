/* SPDX-License-Identifier: MIT */
/*
 * An instance's life: made from its conf, bound to its link, started, changed, freed. Called by
 * failover.c; what happens in between is in instance_step.c and instance_receive.c.
 */
#include "failover/instance.h"

#include "failover/group.h"
#include "failover/notify.h"
#include "failover/peer_watch.h"
#include "failover/second_chance.h"
#include "failover/standby.h"

#include "net/raw_socket.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWNER 255

void instance_log(const struct instance *i, enum log_level level, const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	failover_log(i->owner, level, "(%s) %s", i->conf->name, line);
}

/* ---- from the conf */

static void fill_settings(const struct instance *i, struct vrrp_settings *out)
{
	const struct model_vrrp_instance *c = i->conf;

	*out = (struct vrrp_settings){
	    .version = c->version,
	    .priority = c->priority,
	    .nopreempt = c->nopreempt,
	    .start_master = c->start_master,
	    .preempt_delay_us = (uint64_t)c->preempt_delay_ms * 1000,
	    .advert_us = c->advert_us,
	    .down_adverts = c->down_timer_adverts,
	    .source = i->source,
	    .lower_prio_no_advert = c->lower_prio_no_advert,
	    .higher_prio_send_advert = c->higher_prio_send_advert,
	};
}

static void configure_machine(struct instance *i)
{
	struct vrrp_settings s;

	fill_settings(i, &s);
	vrrp_machine_configure(&i->machine, &s);
}

/* What is advertised. False when out of memory: the old one stays. */
static bool fill_identity(struct instance *i)
{
	const struct model_vrrp_instance *c = i->conf;
	const struct model_vrrp_address *a;
	struct inet *list = calloc(c->n_addresses + 1, sizeof(*list));
	unsigned int n = 0;

	if (!list)
		return false;
	for (a = c->addresses; a; a = a->next)
		if (a->address.family == c->family && n < c->n_addresses)
			list[n++] = a->address;
	free(i->advertised);
	i->advertised = list;
	i->identity = (struct vrrp_identity){
	    .version = c->version,
	    .vrid = c->vrid,
	    .family = c->family,
	    .password = c->version == 2 && c->auth == VRRP_AUTH_PASS,
	    .advert_us = c->advert_us,
	    .addresses = list,
	    .n_addresses = n,
	    .any_addresses = c->skip_check_adv_addr,
	    .ttl_min = 255,
	    .ttl_max = 255,
	};
	memcpy(i->identity.auth_pass, c->auth_pass, sizeof(i->identity.auth_pass));
	return true;
}

static void on_timer(struct timer *t, uint64_t now_ms)
{
	struct instance *i = container_of(t, struct instance, timer);

	(void)now_ms;
	if (address_lapsed(i))
		instance_tell(i, VRRP_EVENT_LAPSED);
	else
		instance_tell(i, VRRP_EVENT_TIMER);
}

struct instance *instance_new(struct failover *f, struct model_vrrp *model,
			      const struct model_vrrp_instance *conf)
{
	struct instance *i = calloc(1, sizeof(*i));
	struct vrrp_settings s;

	if (!i)
		return NULL;
	i->owner = f;
	i->conf = conf;
	i->send_fd = -1;
	i->since_wall_us = f->loop.wall_us;
	list_init(&i->link);
	timer_init(&i->timer, on_timer);
	announce_init(i);
	address_init(i);
	i->base = link_get(f, conf->interface);
	if (!i->base || !fill_identity(i)) {
		free(i);
		return NULL;
	}
	i->model = model_vrrp_get(model);
	fill_settings(i, &s);
	vrrp_machine_init(&i->machine, &s);
	return i;
}

static void unbind(struct instance *i)
{
	receiver_put(i->receiver);
	i->receiver = NULL;
	if (i->send_fd >= 0)
		close(i->send_fd);
	i->send_fd = -1;
	i->bound_index = 0;
	i->source = (struct inet){0};
	if (i->base->index == 0)
		i->vmac_index = 0; /* it goes with its parent */
}

void instance_free(struct instance *i)
{
	second_chance_forget(i);
	announce_stop(i);
	address_drop(i);
	timer_stop(&i->owner->loop.wheel, &i->timer);
	unbind(i);
	if (i->vmac_index && netlink_link_delete(i->owner->netlink, i->vmac_index) == 0)
		instance_log(i, LOG_LEVEL_INFO, "Success removing VMAC interface");
	address_fini(i);
	list_remove(&i->link);
	free(i->advertised);
	model_vrrp_put(i->model);
	free(i);
}

/* ---- the link */

unsigned int instance_send_index(const struct instance *i)
{
	/* Our link-local address is the base's: what it sends goes out there. */
	bool base = i->conf->vmac_xmit_base || i->conf->family == INET_V6;

	return i->vmac_index && !base ? i->vmac_index : i->base->index;
}

static bool make_macvlan(struct instance *i)
{
	const uint8_t mac[6] = {0, 0, 0x5e, 0, i->conf->family == INET_V6 ? 2 : 1, i->conf->vrid};
	unsigned int before = i->vmac_index;
	char name[IF_NAMESIZE];
	int error;

	if (!i->conf->use_vmac)
		return true;
	if (i->conf->vmac_name)
		snprintf(name, sizeof(name), "%s", i->conf->vmac_name);
	else
		snprintf(name, sizeof(name), "vrrp%s.%u", i->conf->family == INET_V6 ? "6" : "",
			 i->conf->vrid);
	if (!i->owner->standby_off)
		standby_silence(i->owner, i->base->name); /* and undone at the end */
	error = netlink_macvlan_add(i->owner->netlink, name, i->base->index, mac, &i->vmac_index);
	if (error) {
		i->vmac_index = 0;
		instance_log(i, LOG_LEVEL_ERR, "cannot make VMAC interface %s: %s", name,
			     strerror(-error));
		return false;
	}
	if (i->vmac_index != before)
		instance_log(i, LOG_LEVEL_INFO, "Success creating VMAC interface %s", name);
	return true;
}

static bool find_source(struct instance *i)
{
	bool configured = i->conf->source.family != INET_NONE;
	struct inet found = i->conf->source;

	i->source_missing =
	    configured && i->conf->track_src_ip && !link_has_address(i->owner, i->base, &found);
	if (!configured && !link_find_source(i->owner, i->base, i->conf->family, &found))
		return false;
	i->source = found;
	configure_machine(i);
	return true;
}

static int open_sockets(struct instance *i)
{
	const struct model_vrrp_instance *c = i->conf;
	const struct inet none = {0};
	struct receiver *old = i->receiver;
	unsigned int in = i->base->index;
	int error;

	/* A neighbour with the same virtual MAC is heard on the macvlan alone. */
	if (i->vmac_index && !c->unicast_peers)
		in = i->vmac_index;
	i->receiver = NULL;
	error = receiver_get(i->owner, c->family, in, c->unicast_peers ? &none : &c->multicast,
			     &i->receiver);
	receiver_put(old);
	if (error)
		return error;
	if (i->send_fd >= 0)
		close(i->send_fd);
	i->send_fd = raw_vrrp_sender(c->family, instance_send_index(i), &i->source,
				     c->unicast_peers ? c->unicast_ttl : 255);
	return i->send_fd < 0 ? i->send_fd : 0;
}

static void watch_peers(struct instance *i)
{
	const struct model_vrrp_peer *p;

	if (!i->owner->peers)
		return;
	peer_watch_listen(i->owner->peers, &i->source, i->base->index);
	for (p = i->conf->unicast_peers; p; p = p->next)
		peer_watch_add(i->owner->peers, &p->address, &i->source, i->base->index);
}

void instance_bind(struct instance *i)
{
	int error;

	unbind(i);
	if (i->base->index == 0)
		return;
	if (i->conf->promote_secondaries)
		standby_promote(i->owner, i->base->name);
	if (!make_macvlan(i) || !find_source(i))
		return;
	error = open_sockets(i);
	if (error) {
		instance_log(i, LOG_LEVEL_ERR, "cannot open a socket on %s: %s", i->base->name,
			     strerror(-error));
		unbind(i);
		return;
	}
	i->bound_index = i->base->index;
	watch_peers(i);
}

/* ---- what the world says */

static const char *own_fault(const struct instance *i)
{
	if (i->base->index == 0)
		return "the interface does not exist";
	if (!i->base->up && !i->conf->dont_track_primary)
		return "the interface is down";
	if (i->bound_index == 0)
		return i->source.family == INET_NONE ? "the interface has no address to send from"
						     : "no socket";
	if (i->source_missing)
		return "the source address is not on the interface";
	return i->sum.fault ? i->sum.text : NULL;
}

static uint8_t effective_priority(const struct instance *i)
{
	int sum = i->conf->priority + i->sum.delta;

	if (i->owner->service == SERVICE_DOWN)
		return 1;
	if (i->conf->priority == OWNER)
		return OWNER;
	return (uint8_t)(sum < 1 ? 1 : sum > 254 ? 254 : sum);
}

static void update_priority(struct instance *i)
{
	struct vrrp_event e = {.kind = VRRP_EVENT_PRIORITY, .priority = effective_priority(i)};
	uint8_t before = i->machine.priority;

	if (e.priority == before)
		return;
	instance_log(i, LOG_LEVEL_INFO, "Changing effective priority from %u to %u", before,
		     e.priority);
	instance_event(i, &e);
	if (i->owner->notify && i->started)
		notify_instance(i->owner->notify, i->conf, NOTIFY_PRIORITY, e.priority);
}

static void update_hold(struct instance *i)
{
	bool hold = i->waits_recheck || i->owner->service == SERVICE_UNKNOWN;

	if (hold == i->machine.held)
		return;
	instance_tell(i, hold ? VRRP_EVENT_HOLD : VRRP_EVENT_UNHOLD);
}

static void start(struct instance *i, bool fault)
{
	if (i->sum.pending && !fault)
		return; /* the first run of a script decides */
	i->started = true;
	i->fault = fault;
	instance_tell(i, fault ? VRRP_EVENT_FAULT : VRRP_EVENT_START);
}

static void update_fault(struct instance *i)
{
	bool fault = i->fault_why || (i->group && i->group->faulty);

	if (!i->started) {
		if (i->owner->started)
			start(i, fault);
		return;
	}
	if (fault == i->fault)
		return;
	i->fault = fault;
	instance_tell(i, fault ? VRRP_EVENT_FAULT : VRRP_EVENT_CLEAR);
}

void instance_look(struct instance *i)
{
	const char *before = i->fault_why;

	i->sum = (struct track_sum){0};
	if (i->owner->tracks)
		tracks_sum(i->owner->tracks, i->conf, &i->sum);
	i->fault_why = own_fault(i);
	if (i->fault_why && !before)
		instance_log(i, LOG_LEVEL_WARNING, "fault: %s", i->fault_why);
}

void instance_follow(struct instance *i)
{
	/* Held and lowered before it may claim, raised and freed after. */
	update_priority(i);
	update_hold(i);
	update_fault(i);
	status_write(i);
}

void instance_reconfigure(struct instance *i, struct model_vrrp *model,
			  const struct model_vrrp_instance *conf)
{
	struct model_vrrp *old = i->model;
	struct receiver *keep = i->receiver; /* no leaving and joining in between */

	i->model = model_vrrp_get(model);
	i->conf = conf;
	if (!fill_identity(i))
		instance_log(i, LOG_LEVEL_ERR, "out of memory");
	if (keep)
		keep->users++;
	configure_machine(i);
	instance_bind(i);
	receiver_put(keep);
	if (address_configure(i))
		announce_begin(i, ANNOUNCE_MASTER);
	model_vrrp_put(old);
}
