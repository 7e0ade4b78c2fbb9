/* SPDX-License-Identifier: MIT */
/*
 * The state machine of one virtual router (RFC 9568 section 6.4, RFC 3768 section 6.4), pure: an
 * event goes in, what to do comes out. The driver (failover/instance.c) sends, takes and drops; it
 * delivers VRRP_EVENT_TIMER when `deadline_us` has come, after the adverts that wait in the socket:
 * else a short pause looks like a silent master. Time is monotonic microseconds.
 *
 * Beyond the RFC, for pairs that must not lose a request:
 *   leaving   a master that goes says so (priority 0, repeated each interval) and keeps its
 *             addresses until the next master is heard, or until nobody came: make before break
 *   held      a node whose service is not known to be well does not claim; it listens
 *   peer down BFD says that the master has gone: its backup takes over at once
 */
#ifndef PROTO_VRRP_MACHINE_H
#define PROTO_VRRP_MACHINE_H

#include "base/check.h"
#include "base/inet.h"

enum vrrp_state { VRRP_INIT, VRRP_BACKUP, VRRP_MASTER, VRRP_FAULT };

/* Why the state changed, or an advert was sent out of turn. */
enum vrrp_cause {
	VRRP_BECAUSE_NOTHING,
	VRRP_BECAUSE_START,
	VRRP_BECAUSE_TIMEOUT,     /* no advert within Master_Down_Interval */
	VRRP_BECAUSE_MASTER_LEFT, /* priority 0, and skew is over */
	VRRP_BECAUSE_PEER_DOWN,
	VRRP_BECAUSE_OWNER,
	VRRP_BECAUSE_PREEMPT, /* we heard a lower priority until the timer ran out */
	VRRP_BECAUSE_HIGHER_ADVERT,
	VRRP_BECAUSE_HANDED_OVER, /* leaving, and the next master was heard */
	VRRP_BECAUSE_NOBODY_CAME, /* leaving, in vain: still master (or stopped) */
	VRRP_BECAUSE_FAULT,
	VRRP_BECAUSE_CLEARED,
	VRRP_BECAUSE_HELD,
	VRRP_BECAUSE_LAPSED,
	VRRP_BECAUSE_GROUP,
	VRRP_BECAUSE_STOPPED,
	VRRP_CAUSES
};

struct vrrp_settings {
	uint8_t version, priority;    /* base priority; 255: the owner of the addresses */
	bool nopreempt, start_master; /* start_master: no effect, as with keepalived below 255 */
	uint64_t preempt_delay_us;    /* from the first advert of a lower priority on */
	uint64_t advert_us;
	unsigned int down_adverts;    /* 3: Master_Down_Interval is so many intervals + skew */
	struct inet source;           /* our primary address: breaks ties, the greater one wins */
	bool lower_prio_no_advert;    /* a master that hears a lower one does not answer at once */
	bool higher_prio_send_advert; /* no effect: a master that gives way always sends one more */
};

struct vrrp_machine {
	struct vrrp_settings conf;
	enum vrrp_state state;
	uint8_t priority;       /* effective: settings' plus weights; what is advertised */
	bool leaving, stopping; /* stopping: leaving for good */
	bool held;
	bool yielded; /* leaves by RELEASE; then, does not preempt who took over */
	bool forced;  /* leaves by FORCE_BACKUP: goes also if nobody came */
	bool late;    /* the timer came too late and was set anew: not twice in a row */
	enum vrrp_cause timer_cause; /* a backup's: why it claims when the timer runs out */
	uint64_t deadline_us;        /* of the running timer; 0: none */
	uint64_t leave_until_us;     /* leaving: nobody came by then */
	uint64_t preempt_after_us;   /* no preemption before; 0: no lower priority heard yet */
	uint64_t master_advert_us;   /* of the master that is heard (v3 learns it) */
	struct inet master; /* whose adverts we follow, or wait to preempt; INET_NONE: none heard */
	uint8_t master_priority;
};

enum vrrp_event_kind {
	VRRP_EVENT_START, /* the interface is up, nothing tracked is down */
	VRRP_EVENT_STOP,  /* leave for good: `ended` comes with a todo, at once or later */
	VRRP_EVENT_TIMER,
	VRRP_EVENT_ADVERT,       /* a verified one */
	VRRP_EVENT_PRIORITY,     /* the effective priority is now `priority` */
	VRRP_EVENT_FAULT,        /* interface down, a weightless tracked thing failed: at once */
	VRRP_EVENT_CLEAR,        /* the fault is gone */
	VRRP_EVENT_RELEASE,      /* a planned hand-over: leave, and be a backup afterwards */
	VRRP_EVENT_HOLD,         /* do not claim; a master leaves as with RELEASE. In every state */
	VRRP_EVENT_UNHOLD,       /* who hears no master then claims after the skew time */
	VRRP_EVENT_PEER_DOWN,    /* BFD lost `source`; delay_us: wait so long (several backups) */
	VRRP_EVENT_LAPSED,       /* the kernel took our addresses away while we slept */
	VRRP_EVENT_FORCE_MASTER, /* the sync group follows a member; not while held */
	VRRP_EVENT_FORCE_BACKUP, /* a master leaves as with RELEASE, and does not resume */
};

struct vrrp_event {
	enum vrrp_event_kind kind;
	uint64_t now_us;
	uint8_t priority;   /* ADVERT, PRIORITY */
	struct inet source; /* ADVERT, PEER_DOWN */
	uint64_t advert_us; /* ADVERT: its interval */
	uint64_t delay_us;  /* PEER_DOWN */
};

struct vrrp_todo {          /* in this order */
	bool take;          /* add the addresses */
	bool announce;      /* gratuitous ARP, unsolicited NA: now, and paced */
	bool send;          /* an advert with send_priority */
	bool drop;          /* remove the addresses, after the advert is out */
	bool changed;       /* of state: log, notify */
	bool lost_to_lower; /* a master heard a lower priority: notify_master_rx_lower_pri */
	bool ended;         /* STOP is complete */
	uint8_t send_priority;
	enum vrrp_cause cause;
};

void vrrp_machine_init(struct vrrp_machine *m, const struct vrrp_settings *conf);
struct vrrp_todo vrrp_step(struct vrrp_machine *m, const struct vrrp_event *e) must_check;
/* New settings at run time (reload): timers go on, a VRRP_EVENT_PRIORITY follows. */
void vrrp_machine_configure(struct vrrp_machine *m, const struct vrrp_settings *conf);
uint64_t vrrp_skew_us(const struct vrrp_machine *m);
uint64_t vrrp_master_down_us(const struct vrrp_machine *m);
const char *vrrp_state_name(enum vrrp_state s); /* "MASTER": static */
const char *vrrp_cause_text(enum vrrp_cause c); /* "no advert in time": static */

#endif
