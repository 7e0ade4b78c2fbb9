/* SPDX-License-Identifier: MIT */
/*
 * The virtual router's state machine: vrrp_step hands the event to the function of the state, which
 * is one switch over all events and returns what to do.
 *
 *   INIT --START--> BACKUP --timer--> MASTER --higher advert--> BACKUP
 *                                     MASTER --RELEASE, HOLD, STOP--> leaving --taker heard-->
 * BACKUP
 *
 * Invariants: a backup has a running timer, unless it is held and hears no master; a master has
 * one always; INIT and FAULT have none. `leaving` and `stopping` are a master's alone.
 */
#include "proto/vrrp_machine.h"

#include <string.h>

#define SECOND_US UINT64_C(1000000)
#define LEAVE_MORE_US (SECOND_US / 5) /* what a taker may need beyond its skew time */
#define LEAVE_TWICE_US (SECOND_US / 50)
#define OWNER 255

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

uint64_t vrrp_skew_us(const struct vrrp_machine *m)
{
	uint64_t unit = m->conf.version == 2 ? SECOND_US : m->master_advert_us;

	return (256U - m->priority) * unit / 256;
}

uint64_t vrrp_master_down_us(const struct vrrp_machine *m)
{
	return m->conf.down_adverts * m->master_advert_us + vrrp_skew_us(m);
}

/* A backup that knows no master yet. */
static void listen(struct vrrp_machine *m, uint64_t now)
{
	m->state = VRRP_BACKUP;
	m->leaving = m->stopping = m->yielded = m->forced = m->late = false;
	m->timer_cause = VRRP_BECAUSE_TIMEOUT;
	m->preempt_after_us = 0;
	m->master = (struct inet){0};
	m->master_priority = 0;
	m->master_advert_us = m->conf.advert_us;
	m->deadline_us = now + vrrp_master_down_us(m);
}

/* Version 3 takes the interval from its master. */
static void learn_interval(struct vrrp_machine *m, const struct vrrp_event *e)
{
	bool learns = m->conf.version != 2 && e->advert_us > 0;

	m->master_advert_us = learns ? e->advert_us : m->conf.advert_us;
}

static void follow(struct vrrp_machine *m, const struct vrrp_event *e)
{
	bool another = m->master.family != INET_NONE && !inet_equal_ip(&m->master, &e->source);
	uint64_t floor_us = another && m->timer_cause == VRRP_BECAUSE_TIMEOUT ? m->deadline_us : 0;

	m->late = false;
	m->timer_cause = VRRP_BECAUSE_TIMEOUT;
	m->master = e->source;
	m->master_priority = e->priority;
	learn_interval(m, e);
	/* The last word of one who gave way to a slower master leaves that one its time. */
	m->deadline_us = later(e->now_us + vrrp_master_down_us(m), floor_us);
}

static struct vrrp_todo become_master(struct vrrp_machine *m, uint64_t now, enum vrrp_cause cause)
{
	listen(m, now); /* forgets what a backup knows */
	m->state = VRRP_MASTER;
	m->deadline_us = now + m->conf.advert_us;
	return (struct vrrp_todo){.take = true,
				  .announce = true,
				  .send = true,
				  .changed = true,
				  .send_priority = m->priority,
				  .cause = cause};
}

static struct vrrp_todo end(struct vrrp_machine *m, enum vrrp_cause cause)
{
	struct vrrp_todo todo = {.changed = m->state != VRRP_INIT, .ended = true, .cause = cause};

	m->state = VRRP_INIT;
	m->leaving = m->stopping = false;
	m->deadline_us = 0;
	return todo;
}

/* A master is none any more: a backup, or gone if it was stopping. */
static struct vrrp_todo step_down(struct vrrp_machine *m, uint64_t now, enum vrrp_cause cause)
{
	struct vrrp_todo todo = {.changed = true, .cause = cause};

	if (m->stopping)
		todo = end(m, cause);
	else
		listen(m, now);
	todo.drop = true;
	return todo;
}

static struct vrrp_todo start(struct vrrp_machine *m, uint64_t now, enum vrrp_cause cause)
{
	if (m->priority == OWNER && !m->held)
		return become_master(m, now, VRRP_BECAUSE_OWNER);
	listen(m, now);
	return (struct vrrp_todo){.changed = true, .cause = cause};
}

static struct vrrp_todo fail(struct vrrp_machine *m)
{
	m->state = VRRP_FAULT;
	m->deadline_us = 0;
	return (struct vrrp_todo){.changed = true, .cause = VRRP_BECAUSE_FAULT};
}

/* ---- INIT, FAULT */

static struct vrrp_todo step_init(struct vrrp_machine *m, const struct vrrp_event *e)
{
	switch (e->kind) {
	case VRRP_EVENT_START:
		return start(m, e->now_us, VRRP_BECAUSE_START);
	case VRRP_EVENT_STOP:
		return end(m, VRRP_BECAUSE_STOPPED);
	case VRRP_EVENT_FAULT:
		return fail(m);
	case VRRP_EVENT_TIMER:
	case VRRP_EVENT_ADVERT:
	case VRRP_EVENT_PRIORITY:
	case VRRP_EVENT_CLEAR:
	case VRRP_EVENT_RELEASE:
	case VRRP_EVENT_HOLD:
	case VRRP_EVENT_UNHOLD:
	case VRRP_EVENT_PEER_DOWN:
	case VRRP_EVENT_LAPSED:
	case VRRP_EVENT_FORCE_MASTER:
	case VRRP_EVENT_FORCE_BACKUP:
		break;
	}
	return (struct vrrp_todo){0};
}

static struct vrrp_todo step_fault(struct vrrp_machine *m, const struct vrrp_event *e)
{
	switch (e->kind) {
	case VRRP_EVENT_CLEAR:
		return start(m, e->now_us, VRRP_BECAUSE_CLEARED);
	case VRRP_EVENT_STOP:
		return end(m, VRRP_BECAUSE_STOPPED);
	case VRRP_EVENT_START:
	case VRRP_EVENT_FAULT:
	case VRRP_EVENT_TIMER:
	case VRRP_EVENT_ADVERT:
	case VRRP_EVENT_PRIORITY:
	case VRRP_EVENT_RELEASE:
	case VRRP_EVENT_HOLD:
	case VRRP_EVENT_UNHOLD:
	case VRRP_EVENT_PEER_DOWN:
	case VRRP_EVENT_LAPSED:
	case VRRP_EVENT_FORCE_MASTER:
	case VRRP_EVENT_FORCE_BACKUP:
		break;
	}
	return (struct vrrp_todo){0};
}

/* ---- BACKUP */

/* Nobody is heard; one who is held has only this to learn from it. */
static void lose_master(struct vrrp_machine *m)
{
	m->master = (struct inet){0};
	m->master_priority = 0;
	m->master_advert_us = m->conf.advert_us;
	m->deadline_us = 0;
}

static struct vrrp_todo backup_timer(struct vrrp_machine *m, uint64_t now)
{
	if (m->deadline_us == 0 || now < m->deadline_us)
		return (struct vrrp_todo){0};
	/* We were asleep, not the master: the adverts that wait in the socket come first. Once
	 * only, or a machine that is always late would never claim. */
	if (!m->late && now - m->deadline_us > m->master_advert_us) {
		m->late = true;
		m->deadline_us = now + m->master_advert_us + vrrp_skew_us(m);
		return (struct vrrp_todo){0};
	}
	if (!m->held)
		return become_master(m, now, m->timer_cause);
	lose_master(m);
	return (struct vrrp_todo){0};
}

/* Brings the claim forward, never back: what is repeated must not delay it. */
static void hurry(struct vrrp_machine *m, uint64_t when, enum vrrp_cause cause)
{
	if (m->deadline_us == 0 || when >= m->deadline_us)
		return;
	m->deadline_us = when;
	m->timer_cause = cause;
}

/* Is this advert one that we would rather preempt than follow? Starts the preempt delay. */
static bool backup_preempts(struct vrrp_machine *m, const struct vrrp_event *e)
{
	bool never = m->held || m->yielded || (m->conf.nopreempt && m->priority != OWNER);

	if (never || e->priority >= m->priority) {
		m->preempt_after_us = 0;
		return false;
	}
	if (m->preempt_after_us == 0)
		m->preempt_after_us = e->now_us + m->conf.preempt_delay_us;
	return e->now_us >= m->preempt_after_us;
}

/* One whom we preempt is heard: is it the master? Not while a higher one is heard in time. */
static bool is_master_now(const struct vrrp_machine *m, uint64_t now)
{
	bool missed = now + vrrp_master_down_us(m) > m->deadline_us + m->master_advert_us;

	return m->master_priority < m->priority || missed;
}

static void backup_advert(struct vrrp_machine *m, const struct vrrp_event *e)
{
	bool of_master = m->master.family == INET_NONE || inet_equal_ip(&m->master, &e->source);

	if (e->priority == 0) {
		if (!of_master)
			return;
		learn_interval(m, e); /* the skew time is part of the leaver's, who waits for us */
		hurry(m, e->now_us + vrrp_skew_us(m), VRRP_BECAUSE_MASTER_LEFT);
		return;
	}
	if (!backup_preempts(m, e)) {
		follow(m, e);
		return;
	}
	/* Not followed: the timer runs out. */
	if (of_master || is_master_now(m, e->now_us)) {
		m->master = e->source;
		m->master_priority = e->priority;
	}
	if (m->timer_cause == VRRP_BECAUSE_TIMEOUT)
		m->timer_cause = VRRP_BECAUSE_PREEMPT;
}

static struct vrrp_todo backup_peer_down(struct vrrp_machine *m, const struct vrrp_event *e)
{
	if (m->master.family == INET_NONE || !inet_equal_ip(&m->master, &e->source))
		return (struct vrrp_todo){0};
	if (m->held) {
		lose_master(m);
		return (struct vrrp_todo){0};
	}
	if (e->delay_us == 0)
		return become_master(m, e->now_us, VRRP_BECAUSE_PEER_DOWN);
	hurry(m, e->now_us + e->delay_us, VRRP_BECAUSE_PEER_DOWN);
	return (struct vrrp_todo){0};
}

static struct vrrp_todo backup_unhold(struct vrrp_machine *m, uint64_t now)
{
	if (m->priority == OWNER)
		return become_master(m, now, VRRP_BECAUSE_OWNER);
	if (m->deadline_us == 0) {
		/* Long enough listened; the skew time lets the highest of several go first. */
		listen(m, now);
		m->deadline_us = now + vrrp_skew_us(m);
	}
	m->yielded = false;
	return (struct vrrp_todo){0};
}

static struct vrrp_todo step_backup(struct vrrp_machine *m, const struct vrrp_event *e)
{
	switch (e->kind) {
	case VRRP_EVENT_TIMER:
		return backup_timer(m, e->now_us);
	case VRRP_EVENT_ADVERT:
		backup_advert(m, e);
		break;
	case VRRP_EVENT_PEER_DOWN:
		return backup_peer_down(m, e);
	case VRRP_EVENT_UNHOLD:
		return backup_unhold(m, e->now_us);
	case VRRP_EVENT_STOP:
		return end(m, VRRP_BECAUSE_STOPPED);
	case VRRP_EVENT_FAULT:
		return fail(m);
	case VRRP_EVENT_FORCE_MASTER:
		if (!m->held)
			return become_master(m, e->now_us, VRRP_BECAUSE_GROUP);
		break;
	case VRRP_EVENT_PRIORITY:
		m->yielded = false;
		break;
	case VRRP_EVENT_START:
	case VRRP_EVENT_CLEAR:
	case VRRP_EVENT_RELEASE:
	case VRRP_EVENT_HOLD:
	case VRRP_EVENT_LAPSED:
	case VRRP_EVENT_FORCE_BACKUP:
		break;
	}
	return (struct vrrp_todo){0};
}

/* ---- MASTER */

static struct vrrp_todo send(struct vrrp_machine *m, uint64_t now, enum vrrp_cause cause)
{
	m->deadline_us = now + m->conf.advert_us;
	return (struct vrrp_todo){.send = true, .send_priority = m->priority, .cause = cause};
}

static struct vrrp_todo send_leaving(struct vrrp_machine *m, uint64_t next)
{
	m->deadline_us = earlier(next, m->leave_until_us);
	return (struct vrrp_todo){.send = true, .send_priority = 0};
}

static struct vrrp_todo leave(struct vrrp_machine *m, uint64_t now)
{
	/* A taker's skew time is below one second (version 2), or below our interval. */
	uint64_t skew_us = m->conf.advert_us > SECOND_US ? m->conf.advert_us : SECOND_US;

	m->leaving = true;
	m->leave_until_us = now + skew_us + LEAVE_MORE_US;
	/* Said twice, soon: against one lost packet, or an older advert that arrives after it. Not
	 * more often: keepalived starts its skew time anew each time. */
	return send_leaving(m, now + earlier(LEAVE_TWICE_US, m->conf.advert_us));
}

static struct vrrp_todo master_timer(struct vrrp_machine *m, uint64_t now)
{
	if (now < m->deadline_us)
		return (struct vrrp_todo){0};
	if (!m->leaving)
		return send(m, now, VRRP_BECAUSE_NOTHING);
	if (now < m->leave_until_us)
		return send_leaving(m, now + m->conf.advert_us);
	if (m->stopping)
		return step_down(m, now, VRRP_BECAUSE_NOBODY_CAME);
	if (m->held)
		return step_down(m, now, VRRP_BECAUSE_HELD);
	if (m->forced)
		return step_down(m, now, VRRP_BECAUSE_GROUP);
	m->leaving = m->yielded = false;
	return send(m, now, VRRP_BECAUSE_NOBODY_CAME);
}

/* Is the advert's sender the one of two masters that stays? The greater address breaks ties. */
static bool outranks(const struct vrrp_machine *m, const struct vrrp_event *e)
{
	size_t bytes = e->source.family == INET_V4 ? 4 : 16;

	if (e->priority != m->priority)
		return e->priority > m->priority;
	return memcmp(e->source.ip, m->conf.source.ip, bytes) > 0;
}

/* A leaving master gives way to whoever takes over. Both answered for the addresses a while: the
 * last advert makes the new master announce itself again. */
static struct vrrp_todo master_handed_over(struct vrrp_machine *m, const struct vrrp_event *e)
{
	bool released = m->yielded;
	struct vrrp_todo todo = step_down(m, e->now_us, VRRP_BECAUSE_HANDED_OVER);

	todo.send = true;
	todo.send_priority = 0;
	if (m->state == VRRP_BACKUP) {
		follow(m, e);
		m->yielded = released;
	}
	return todo;
}

static struct vrrp_todo master_advert(struct vrrp_machine *m, const struct vrrp_event *e)
{
	struct vrrp_todo todo;

	if (m->leaving && e->priority > 0)
		return master_handed_over(m, e);
	if (m->leaving)
		return (struct vrrp_todo){0};
	if (e->priority > 0 && outranks(m, e)) {
		todo = step_down(m, e->now_us, VRRP_BECAUSE_HIGHER_ADVERT);
		follow(m, e);
		/* Tells the winner that there were two, so that it announces itself again. */
		todo.send = true;
		todo.send_priority = m->priority;
		return todo;
	}
	if (e->priority == 0 || !m->conf.lower_prio_no_advert)
		todo = send(m, e->now_us, VRRP_BECAUSE_NOTHING);
	else
		todo = (struct vrrp_todo){0};
	todo.announce = true;
	todo.lost_to_lower = e->priority > 0;
	return todo;
}

static struct vrrp_todo master_stop(struct vrrp_machine *m, uint64_t now)
{
	if (m->stopping)
		return (struct vrrp_todo){0};
	m->stopping = true;
	return leave(m, now);
}

static struct vrrp_todo master_fault(struct vrrp_machine *m, uint64_t now)
{
	bool stopping = m->stopping;
	struct vrrp_todo todo = step_down(m, now, VRRP_BECAUSE_FAULT);

	if (!stopping)
		todo.changed = fail(m).changed;
	todo.send = true;
	todo.send_priority = 0;
	return todo;
}

static struct vrrp_todo master_leave(struct vrrp_machine *m, const struct vrrp_event *e)
{
	m->yielded |= e->kind == VRRP_EVENT_RELEASE;
	m->forced |= e->kind == VRRP_EVENT_FORCE_BACKUP;
	if (m->leaving)
		return (struct vrrp_todo){0};
	return leave(m, e->now_us);
}

static struct vrrp_todo step_master(struct vrrp_machine *m, const struct vrrp_event *e)
{
	switch (e->kind) {
	case VRRP_EVENT_TIMER:
		return master_timer(m, e->now_us);
	case VRRP_EVENT_ADVERT:
		return master_advert(m, e);
	case VRRP_EVENT_STOP:
		return master_stop(m, e->now_us);
	case VRRP_EVENT_RELEASE:
	case VRRP_EVENT_HOLD:
	case VRRP_EVENT_FORCE_BACKUP:
		return master_leave(m, e);
	case VRRP_EVENT_FAULT:
		return master_fault(m, e->now_us);
	case VRRP_EVENT_FORCE_MASTER:
		m->forced = false;
		break;
	case VRRP_EVENT_LAPSED:
		return step_down(m, e->now_us, VRRP_BECAUSE_LAPSED);
	case VRRP_EVENT_PRIORITY: /* peers learn early that it fell */
		if (e->priority < m->priority && !m->leaving) {
			m->priority = e->priority;
			return send(m, e->now_us, VRRP_BECAUSE_NOTHING);
		}
		break;
	case VRRP_EVENT_START:
	case VRRP_EVENT_CLEAR:
	case VRRP_EVENT_UNHOLD: /* a hand-over that is under way goes on */
	case VRRP_EVENT_PEER_DOWN:
		break;
	}
	return (struct vrrp_todo){0};
}

/* ---- all */

static struct vrrp_todo step_state(struct vrrp_machine *m, const struct vrrp_event *e)
{
	switch (m->state) {
	case VRRP_INIT:
		return step_init(m, e);
	case VRRP_BACKUP:
		return step_backup(m, e);
	case VRRP_MASTER:
		return step_master(m, e);
	case VRRP_FAULT:
		return step_fault(m, e);
	}
	check_failed(__FILE__, __LINE__, "a state");
}

struct vrrp_todo vrrp_step(struct vrrp_machine *m, const struct vrrp_event *e)
{
	struct vrrp_todo todo;

	/* Our own advert, come back by a loop in the network. */
	if (e->kind == VRRP_EVENT_ADVERT && inet_equal_ip(&e->source, &m->conf.source))
		return (struct vrrp_todo){0};
	if (e->kind == VRRP_EVENT_HOLD || e->kind == VRRP_EVENT_UNHOLD)
		m->held = e->kind == VRRP_EVENT_HOLD;
	todo = step_state(m, e);
	if (e->kind == VRRP_EVENT_PRIORITY)
		m->priority = e->priority;
	return todo;
}

void vrrp_machine_configure(struct vrrp_machine *m, const struct vrrp_settings *conf)
{
	CHECK(conf->version == 2 || conf->version == 3);
	CHECK(conf->priority > 0 && conf->advert_us > 0 && conf->down_adverts > 0);
	if (m->master_advert_us == m->conf.advert_us || conf->version == 2)
		m->master_advert_us = conf->advert_us;
	m->conf = *conf;
}

void vrrp_machine_init(struct vrrp_machine *m, const struct vrrp_settings *conf)
{
	*m = (struct vrrp_machine){.state = VRRP_INIT, .priority = conf->priority};
	vrrp_machine_configure(m, conf);
}

const char *vrrp_state_name(enum vrrp_state s)
{
	static const char *const names[] = {"INIT", "BACKUP", "MASTER", "FAULT"};

	CHECK((unsigned int)s < array_size(names));
	return names[s];
}

const char *vrrp_cause_text(enum vrrp_cause c)
{
	static const char *const texts[VRRP_CAUSES] = {
	    [VRRP_BECAUSE_NOTHING] = "nothing out of turn",
	    [VRRP_BECAUSE_START] = "start",
	    [VRRP_BECAUSE_TIMEOUT] = "no advert in time",
	    [VRRP_BECAUSE_MASTER_LEFT] = "the master said that it leaves",
	    [VRRP_BECAUSE_PEER_DOWN] = "BFD lost the master",
	    [VRRP_BECAUSE_OWNER] = "owner of the addresses",
	    [VRRP_BECAUSE_PREEMPT] = "the master's priority is lower",
	    [VRRP_BECAUSE_HIGHER_ADVERT] = "a master of higher priority was heard",
	    [VRRP_BECAUSE_HANDED_OVER] = "handed over",
	    [VRRP_BECAUSE_NOBODY_CAME] = "nobody took over",
	    [VRRP_BECAUSE_FAULT] = "fault",
	    [VRRP_BECAUSE_CLEARED] = "the fault is gone",
	    [VRRP_BECAUSE_HELD] = "the service is not well",
	    [VRRP_BECAUSE_LAPSED] = "the addresses lapsed",
	    [VRRP_BECAUSE_GROUP] = "the sync group",
	    [VRRP_BECAUSE_STOPPED] = "stop",
	};

	CHECK((unsigned int)c < array_size(texts));
	return texts[c];
}
