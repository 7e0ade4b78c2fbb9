/* SPDX-License-Identifier: MIT */
/*
 * A hierarchical timer wheel with millisecond ticks: setting, moving and stopping a timer is O(1).
 * `now` is always a parameter, so the same code runs under simulated time. One thread owns a wheel.
 *
 * A timer that is moved later is not re-sorted at once: it stays where it is and is put off when
 * its old slot comes (re-arming a connection's timeout for each request costs one store).
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include "base/list.h"

#include <stdint.h>

#define WHEEL_LEVELS 6
#define WHEEL_SLOTS 64

struct timer {
	struct list link;   /* its slot, or itself while stopped */
	uint64_t expire_ms; /* 0 while stopped */
	uint64_t slot_ms;   /* what it is filed under: <= expire_ms, or the wheel's now */
	void (*on_expire)(struct timer *t, uint64_t now_ms);
};

struct wheel {
	uint64_t now_ms; /* everything before is done */
	uint64_t occupied[WHEEL_LEVELS];
	struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
	unsigned int count;
};

void wheel_init(struct wheel *w, uint64_t now_ms);
void timer_init(struct timer *t, void (*on_expire)(struct timer *t, uint64_t now_ms));
/* (Re)arms; a time before w->now_ms stands for w->now_ms: it is due at the next wheel_advance.
 * expire_ms must not be 0. */
void timer_set(struct wheel *w, struct timer *t, uint64_t expire_ms);
/* Harmless where it is not set. */
void timer_stop(struct wheel *w, struct timer *t);
static inline int timer_is_set(const struct timer *t)
{
	return t->expire_ms != 0;
}
/* Calls on_expire of all that is due at now_ms, in order of expiry (ties in any order); a timer is
 * stopped before its call, which may set and stop any timer, and free its own. At most `budget`
 * calls; returns how many were made. A now_ms before an earlier one does nothing. on_expire gets
 * now_ms, which may be later than the expiry. */
unsigned int wheel_advance(struct wheel *w, uint64_t now_ms, unsigned int budget);
/* Milliseconds from now_ms until wheel_advance must next be called (may be early, never late), 0
 * where something is due, or `max_ms` where nothing is set or it is farther away. */
uint64_t wheel_next_ms(const struct wheel *w, uint64_t now_ms, uint64_t max_ms);

#endif
