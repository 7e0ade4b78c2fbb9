/* SPDX-License-Identifier: MIT */
/*
 * Six wheels of 64 slots. A slot of level L spans 64^L ms; together they reach 2.2 years ahead.
 *
 *     level 0  |.|.|x|.|  ...  1 ms a slot: the timers in it expire exactly then
 *     level 1  |.|.|.|x|  ...  64 ms a slot: when `now` enters it, its timers move to level 0
 *
 * A timer is filed at the level of the highest 6-bit digit in which slot_ms differs from now_ms.
 * Hence, at each level, only the slots ahead of now's own are occupied, and whatever a lower level
 * holds expires before all that a higher one holds; the next slot to look at is the first bit of
 * the lowest occupied level. Only the top level wraps around: a timer farther away than it reaches
 * waits in its last slot and is filed again from there.
 */
#include "base/wheel.h"

#define DIGIT_BITS 6
#define TOP (WHEEL_LEVELS - 1)

void wheel_init(struct wheel *w, uint64_t now_ms)
{
	w->now_ms = now_ms;
	w->count = 0;
	for (unsigned int level = 0; level < WHEEL_LEVELS; level++) {
		w->occupied[level] = 0;
		for (unsigned int slot = 0; slot < WHEEL_SLOTS; slot++)
			list_init(&w->slots[level][slot]);
	}
}

void timer_init(struct timer *t, void (*on_expire)(struct timer *t, uint64_t now_ms))
{
	list_init(&t->link);
	t->expire_ms = t->slot_ms = 0;
	t->on_expire = on_expire;
}

static unsigned int digit(uint64_t ms, unsigned int level)
{
	return (unsigned int)(ms >> (DIGIT_BITS * level)) & (WHEEL_SLOTS - 1);
}

static unsigned int level_of(uint64_t now_ms, uint64_t slot_ms)
{
	uint64_t differs = now_ms ^ slot_ms;
	unsigned int level = 0;

	if (differs)
		level = (63u - (unsigned int)__builtin_clzll(differs)) / DIGIT_BITS;
	return level < TOP ? level : TOP;
}

static void file_timer(struct wheel *w, struct timer *t)
{
	const uint64_t farthest = (w->now_ms >> (DIGIT_BITS * TOP)) + WHEEL_SLOTS - 1;
	unsigned int level, slot;

	t->slot_ms = t->expire_ms > w->now_ms ? t->expire_ms : w->now_ms;
	if (t->slot_ms >> (DIGIT_BITS * TOP) > farthest)
		t->slot_ms = farthest << (DIGIT_BITS * TOP);
	level = level_of(w->now_ms, t->slot_ms);
	slot = digit(t->slot_ms, level);
	list_append(&w->slots[level][slot], &t->link);
	w->occupied[level] |= UINT64_C(1) << slot;
}

static void unfile_timer(struct wheel *w, struct timer *t)
{
	/* The last one of a slot: what stands on both sides of it is the head. */
	if (t->link.next == t->link.prev) {
		unsigned int at = (unsigned int)(t->link.next - &w->slots[0][0]);

		w->occupied[at / WHEEL_SLOTS] &= ~(UINT64_C(1) << at % WHEEL_SLOTS);
	}
	list_remove(&t->link);
}

void timer_set(struct wheel *w, struct timer *t, uint64_t expire_ms)
{
	CHECK(expire_ms != 0);
	if (timer_is_set(t)) {
		t->expire_ms = expire_ms;
		if (expire_ms >= t->slot_ms)
			return;
		unfile_timer(w, t);
	} else {
		t->expire_ms = expire_ms;
		w->count++;
	}
	file_timer(w, t);
}

void timer_stop(struct wheel *w, struct timer *t)
{
	if (!timer_is_set(t))
		return;
	unfile_timer(w, t);
	t->expire_ms = 0;
	w->count--;
}

/* When the first occupied slot begins; false where nothing is set. */
static bool next_slot(const struct wheel *w, unsigned int *level, uint64_t *start_ms)
{
	for (unsigned int l = 0; l < WHEEL_LEVELS; l++) {
		unsigned int own = digit(w->now_ms, l), shift = DIGIT_BITS * l;
		uint64_t ahead = w->occupied[l] >> own | w->occupied[l] << (-own & 63);

		if (!ahead)
			continue;
		*level = l;
		*start_ms = ((w->now_ms >> shift) + (unsigned int)__builtin_ctzll(ahead)) << shift;
		return true;
	}
	return false;
}

/* `now` has come to the begin of this slot: its timers go to lower levels, those moved meanwhile
 * wherever they belong. */
static void refile_slot(struct wheel *w, unsigned int level)
{
	struct list *head = &w->slots[level][digit(w->now_ms, level)];
	struct list *node, *tmp;

	LIST_EACH_SAFE(node, tmp, head) {
		struct timer *t = LIST_ENTRY(node, struct timer, link);

		unfile_timer(w, t);
		file_timer(w, t);
	}
}

/* The first timer of the 1 ms slot of `now`, stopped; or NULL where it had been put off, and is now
 * filed later. */
static struct timer *take_due(struct wheel *w)
{
	struct list *head = &w->slots[0][digit(w->now_ms, 0)];
	struct timer *t = LIST_ENTRY(head->next, struct timer, link);

	unfile_timer(w, t);
	if (t->expire_ms > w->now_ms) {
		file_timer(w, t);
		return NULL;
	}
	t->expire_ms = 0;
	w->count--;
	return t;
}

unsigned int wheel_advance(struct wheel *w, uint64_t now_ms, unsigned int budget)
{
	unsigned int done = 0, level;
	uint64_t start_ms;

	if (now_ms < w->now_ms)
		return 0;
	while (done < budget) {
		struct timer *t;

		if (!next_slot(w, &level, &start_ms) || start_ms > now_ms) {
			w->now_ms = now_ms;
			break;
		}
		w->now_ms = start_ms;
		if (level > 0) {
			refile_slot(w, level);
			continue;
		}
		t = take_due(w);
		if (!t)
			continue;
		t->on_expire(t, now_ms);
		done++;
	}
	return done;
}

uint64_t wheel_next_ms(const struct wheel *w, uint64_t now_ms, uint64_t max_ms)
{
	unsigned int level;
	uint64_t start_ms;

	if (!next_slot(w, &level, &start_ms))
		return max_ms;
	if (start_ms <= now_ms)
		return 0;
	return start_ms - now_ms < max_ms ? start_ms - now_ms : max_ms;
}
