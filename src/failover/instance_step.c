/* SPDX-License-Identifier: MIT */
/*
 * One event of an instance: the machine says what to do, and this does it, in the order of struct
 * vrrp_todo; then it is logged, told to scripts, shown, and the sync group follows.
 */
#include "failover/group.h"
#include "failover/instance.h"
#include "failover/notify.h"
#include "failover/second_chance.h"

#include "net/raw_socket.h"

#include <stdio.h>
#include <string.h>

/* ---- sending */

size_t instance_build(const struct instance *i, uint8_t priority, const struct inet *to,
		      uint8_t *dst)
{
	return vrrp_build(dst, &i->identity, priority, &i->source, to);
}

static int send_to(struct instance *i, uint8_t priority, const struct inet *to)
{
	uint8_t bytes[VRRP_MAX_BYTES];
	size_t n = instance_build(i, priority, to, bytes);

	return raw_send(i->send_fd, to, instance_send_index(i), span_make(bytes, n));
}

static void send_advert(struct instance *i, uint8_t priority)
{
	const struct model_vrrp_peer *p = i->conf->unicast_peers;
	int error = 0;

	if (i->send_fd < 0)
		return;
	if (!p)
		error = send_to(i, priority, &i->conf->multicast);
	for (; p; p = p->next) {
		int one = send_to(i, priority, &p->address);

		error = one ? one : error;
	}
	if (error && error != i->send_error)
		instance_log(i, LOG_LEVEL_ERR, "send advert error %d (%s)", -error,
			     strerror(-error));
	i->send_error = error;
	i->counters.adverts_out++;
	if (priority != 0) {
		i->zero_logged = false;
		return;
	}
	i->counters.zero_out++;
	if (!i->zero_logged)
		instance_log(i, LOG_LEVEL_INFO, "sent 0 priority");
	i->zero_logged = true;
}

/* ---- logging */

static void log_master_advert(const struct instance *i, const struct vrrp_event *e,
			      const struct vrrp_todo *todo, const char *from, uint8_t ours)
{
	if (todo->cause == VRRP_BECAUSE_HANDED_OVER)
		instance_log(i, LOG_LEVEL_INFO, "%s has taken over", from);
	else if (todo->cause == VRRP_BECAUSE_HIGHER_ADVERT && e->priority == ours)
		instance_log(i, LOG_LEVEL_INFO,
			     "Master received advert from %s with same priority %u but higher IP "
			     "address than ours",
			     from, e->priority);
	else if (todo->cause == VRRP_BECAUSE_HIGHER_ADVERT)
		instance_log(i, LOG_LEVEL_INFO,
			     "Master received advert from %s with higher priority %u, ours %u",
			     from, e->priority, ours);
	else if (todo->lost_to_lower)
		instance_log(i, LOG_LEVEL_INFO,
			     "Received advert from %s with lower priority %u, ours %u, forcing new "
			     "election",
			     from, e->priority, ours);
	else if (e->priority == 0 && todo->announce)
		instance_log(i, LOG_LEVEL_INFO, "Master received priority 0 message");
}

static void log_backup_advert(const struct instance *i, const struct vrrp_event *e,
			      const char *from)
{
	if (e->priority == 0)
		instance_log(i, LOG_LEVEL_INFO, "Backup received priority 0 advertisement");
	else if (i->machine.preempt_after_us)
		instance_log(i, LOG_LEVEL_INFO,
			     "received lower priority (%u) advert from %s - discarding",
			     e->priority, from);
}

static void log_advert(const struct instance *i, const struct vrrp_event *e,
		       const struct vrrp_todo *todo, enum vrrp_state before)
{
	char from[INET_TEXT_BYTES];

	from[inet_print(from, &e->source)] = '\0';
	if (before == VRRP_MASTER)
		log_master_advert(i, e, todo, from, i->machine.priority);
	else if (before == VRRP_BACKUP)
		log_backup_advert(i, e, from);
}

static void log_reason(const struct instance *i, const struct vrrp_event *e,
		       const struct vrrp_todo *todo, enum vrrp_state before)
{
	switch (e->kind) {
	case VRRP_EVENT_ADVERT:
		log_advert(i, e, todo, before);
		break;
	case VRRP_EVENT_TIMER:
		if (before == VRRP_BACKUP && todo->take)
			instance_log(i, LOG_LEVEL_INFO, "Receive advertisement timeout");
		else if (todo->cause == VRRP_BECAUSE_NOBODY_CAME)
			instance_log(i, LOG_LEVEL_INFO, "nobody has taken over");
		break;
	case VRRP_EVENT_PEER_DOWN:
		if (todo->take)
			instance_log(i, LOG_LEVEL_WARNING, "BFD has lost the master");
		break;
	case VRRP_EVENT_LAPSED:
		if (todo->changed)
			instance_log(i, LOG_LEVEL_ERR,
				     "was asleep for too long: the addresses have lapsed");
		break;
	case VRRP_EVENT_RELEASE:
	case VRRP_EVENT_HOLD:
		if (before == VRRP_MASTER && todo->send)
			instance_log(i, LOG_LEVEL_INFO, "handing over");
		break;
	default:
		break;
	}
}

static void log_state(const struct instance *i, enum vrrp_cause cause)
{
	if (i->machine.state == VRRP_INIT)
		return;
	instance_log(i, LOG_LEVEL_INFO, "Entering %s STATE%s", vrrp_state_name(i->machine.state),
		     cause == VRRP_BECAUSE_START ? " (init)" : "");
}

/* ---- the change of state */

static void tell_scripts(struct instance *i, const struct vrrp_todo *todo)
{
	static const enum notify_event events[] = {
	    [VRRP_INIT] = NOTIFY_STOP,
	    [VRRP_BACKUP] = NOTIFY_BACKUP,
	    [VRRP_MASTER] = NOTIFY_MASTER,
	    [VRRP_FAULT] = NOTIFY_FAULT,
	};
	enum notify_event e = events[i->machine.state];

	if (!i->owner->notify)
		return;
	if (todo->lost_to_lower)
		notify_instance(i->owner->notify, i->conf, NOTIFY_LOWER_PRIORITY,
				i->machine.priority);
	if (!todo->changed)
		return;
	if (e == NOTIFY_STOP && i->removing)
		e = NOTIFY_DELETED;
	notify_instance(i->owner->notify, i->conf, e, i->machine.priority);
}

static void note_change(struct instance *i, enum vrrp_state before, enum vrrp_cause cause)
{
	const char *detail = cause == VRRP_BECAUSE_FAULT ? i->fault_why : NULL;

	i->since_wall_us = i->owner->loop.wall_us;
	i->counters.transitions++;
	i->counters.to_master += i->machine.state == VRRP_MASTER;
	i->counters.from_master += before == VRRP_MASTER;
	i->group_ready = false;
	snprintf(i->cause, sizeof(i->cause), "%s%s%s", vrrp_cause_text(cause), detail ? ": " : "",
		 detail ? detail : "");
	log_state(i, cause);
}

static void drop(struct instance *i)
{
	instance_log(i, LOG_LEVEL_INFO, "removing VIPs.");
	announce_stop(i);
	address_drop(i);
	second_chance_moved(i);
}

static void act(struct instance *i, const struct vrrp_todo *todo)
{
	if (todo->take) {
		instance_log(i, LOG_LEVEL_INFO, "setting VIPs.");
		address_take(i);
		second_chance_moved(i);
	}
	if (todo->announce)
		announce_begin(i, todo->take ? ANNOUNCE_MASTER : ANNOUNCE_LOWER_PRIORITY);
	if (todo->send)
		send_advert(i, todo->send_priority);
	if (todo->drop)
		drop(i);
}

void instance_abandon(struct instance *i)
{
	if (!i->vips.owned)
		return;
	send_advert(i, 0);
	drop(i);
}

/* The millisecond in which the deadline is over. */
static void arm(struct instance *i)
{
	struct loop *l = &i->owner->loop;

	if (i->machine.deadline_us)
		timer_set(&l->wheel, &i->timer, (i->machine.deadline_us + 999) / 1000);
	else
		timer_stop(&l->wheel, &i->timer);
}

/* A member of a group whose master is silent waits for the others. */
static bool waits_for_group(struct instance *i, const struct vrrp_event *e)
{
	struct vrrp_machine *m = &i->machine;

	if (e->kind != VRRP_EVENT_TIMER || !i->group || m->state != VRRP_BACKUP || m->held ||
	    m->deadline_us == 0 || m->deadline_us > e->now_us)
		return false;
	i->group_ready = true;
	if (group_may_claim(i))
		return false;
	instance_log(i, LOG_LEVEL_INFO, "Receive advertisement timeout");
	m->deadline_us = e->now_us + vrrp_master_down_us(m);
	arm(i);
	return true;
}

static void perform(struct instance *i, const struct vrrp_event *e, const struct vrrp_todo *todo,
		    enum vrrp_state before)
{
	log_reason(i, e, todo, before);
	if (todo->changed)
		note_change(i, before, todo->cause);
	act(i, todo);
	arm(i);
	tell_scripts(i, todo);
	if (todo->ended)
		i->ended = true;
	status_write(i);
	if (todo->changed)
		group_follow(i);
	if (todo->ended || todo->drop)
		failover_leave_check(i->owner);
}

static void step(struct instance *i, const struct vrrp_event *event, enum vrrp_cause cause)
{
	enum vrrp_state before = i->machine.state;
	struct vrrp_event e = *event;
	struct vrrp_todo todo;

	e.now_us = i->owner->loop.now_us;
	if (waits_for_group(i, &e))
		return;
	todo = vrrp_step(&i->machine, &e);
	if (cause != VRRP_BECAUSE_NOTHING && todo.changed)
		todo.cause = cause;
	perform(i, &e, &todo, before);
}

void instance_event(struct instance *i, const struct vrrp_event *e)
{
	step(i, e, VRRP_BECAUSE_NOTHING);
}

void instance_tell(struct instance *i, enum vrrp_event_kind kind)
{
	const struct vrrp_event e = {.kind = kind};

	step(i, &e, VRRP_BECAUSE_NOTHING);
}

void instance_force_master(struct instance *i, enum vrrp_cause cause)
{
	const struct vrrp_event e = {.kind = VRRP_EVENT_FORCE_MASTER};

	step(i, &e, cause);
}
