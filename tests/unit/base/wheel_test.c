/* SPDX-License-Identifier: MIT */
/*
 * The timer wheel: single timers at every distance, what callbacks may do, and a long random run
 * against a plain array of expiries, with small steps, large jumps of time and small budgets.
 */
#include "base/wheel.h"

#include "base/random.h"
#include "cmocka_all.h"

#include <stdlib.h>

#define MANY 64
#define NO_BUDGET 1000000u

struct item {
	struct timer timer;
	uint64_t due_ms; /* the model: 0 where it must not fire */
	unsigned int fired;
};

static struct item *item_of(struct timer *t)
{
	return container_of(t, struct item, timer);
}

static void count_call(struct timer *t, uint64_t now_ms)
{
	(void)now_ms;
	assert_false(timer_is_set(t));
	item_of(t)->fired++;
}

/* Drives the wheel as the loop does, by wheel_next_ms alone, up to `until`; returns when the timer
 * fired. No call of wheel_advance may be late. */
static uint64_t run_until_fired(struct wheel *w, struct item *item, uint64_t until)
{
	uint64_t now = w->now_ms;
	int turns = 0;

	while (!item->fired && now <= until) {
		now += wheel_next_ms(w, now, UINT64_MAX - now);
		wheel_advance(w, now, NO_BUDGET);
		assert_true(++turns < 40);
	}
	return now;
}

static void test_every_distance(void **state)
{
	static const uint64_t starts[] = {1,          63,         64,
					  4095,       1000003,    (UINT64_C(1) << 36) - 1,
					  1ull << 36, 1ull << 52, (UINT64_C(63) << 30) + 12345};

	(void)state;
	for (size_t s = 0; s < array_size(starts); s++) {
		for (unsigned int bit = 0; bit < 48; bit++) {
			for (int extra = -1; extra <= 1; extra++) {
				uint64_t due = starts[s] + (UINT64_C(1) << bit) + (uint64_t)extra;
				struct item item = {.fired = 0};
				struct wheel w;

				wheel_init(&w, starts[s]);
				timer_init(&item.timer, count_call);
				timer_set(&w, &item.timer, due);
				if (due > starts[s]) {
					wheel_advance(&w, due - 1, NO_BUDGET);
					assert_int_equal(item.fired, 0);
					wheel_advance(&w, due, NO_BUDGET);
					assert_int_equal(item.fired, 1);
				}
			}
		}
	}
}

static void test_next_ms_leads_there(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 40; bit++) {
		uint64_t start = 777777, due = start + (UINT64_C(1) << bit) + 5;
		struct item item = {.fired = 0};
		struct wheel w;

		wheel_init(&w, start);
		timer_init(&item.timer, count_call);
		timer_set(&w, &item.timer, due);
		assert_true(run_until_fired(&w, &item, due) == due);
		assert_int_equal(item.fired, 1);
		assert_int_equal(w.count, 0);
		assert_true(wheel_next_ms(&w, due, 1234) == 1234);
	}
}

static void test_next_ms(void **state)
{
	struct item item = {.fired = 0};
	struct wheel w;

	(void)state;
	wheel_init(&w, 1000);
	timer_init(&item.timer, count_call);
	assert_int_equal(wheel_next_ms(&w, 1000, 60000), 60000);
	timer_set(&w, &item.timer, 1010);
	assert_int_equal(wheel_next_ms(&w, 1000, 60000), 10);
	assert_int_equal(wheel_next_ms(&w, 1004, 60000), 6);
	assert_int_equal(wheel_next_ms(&w, 1000, 3), 3);
	assert_int_equal(wheel_next_ms(&w, 1010, 60000), 0);
	assert_int_equal(wheel_next_ms(&w, 5000, 60000), 0);
	timer_stop(&w, &item.timer);
	assert_int_equal(wheel_next_ms(&w, 1000, 60000), 60000);
}

static void test_past_is_due_at_once(void **state)
{
	struct item item = {.fired = 0};
	struct wheel w;

	(void)state;
	wheel_init(&w, 1000);
	timer_init(&item.timer, count_call);
	timer_set(&w, &item.timer, 5);
	assert_int_equal(wheel_next_ms(&w, 1000, 60000), 0);
	assert_int_equal(wheel_advance(&w, 999, NO_BUDGET), 0); /* time does not go back */
	assert_int_equal(w.now_ms, 1000);
	assert_int_equal(wheel_advance(&w, 1000, NO_BUDGET), 1);
	timer_set(&w, &item.timer, 1000);
	assert_int_equal(wheel_advance(&w, 1000, NO_BUDGET), 1);
	assert_int_equal(item.fired, 2);
}

static void test_moving(void **state)
{
	struct item item = {.fired = 0};
	struct wheel w;

	(void)state;
	wheel_init(&w, 1000);
	timer_init(&item.timer, count_call);
	timer_stop(&w, &item.timer);
	/* later, again and again: never early */
	for (uint64_t now = 1000; now < 20000; now += 10) {
		timer_set(&w, &item.timer, now + 500);
		assert_int_equal(wheel_advance(&w, now, NO_BUDGET), 0);
	}
	assert_int_equal(w.count, 1);
	/* earlier */
	timer_set(&w, &item.timer, 19999);
	assert_int_equal(wheel_advance(&w, 19998, NO_BUDGET), 0);
	assert_int_equal(wheel_advance(&w, 19999, NO_BUDGET), 1);
	assert_int_equal(w.count, 0);
	timer_set(&w, &item.timer, 30000);
	timer_stop(&w, &item.timer);
	timer_stop(&w, &item.timer);
	assert_int_equal(wheel_advance(&w, 40000, NO_BUDGET), 0);
	assert_int_equal(w.count, 0);
}

/* ---- callbacks that set, stop and free */

static struct wheel shared;
static struct item *victim, *follower;

static void stop_victim(struct timer *t, uint64_t now_ms)
{
	(void)t;
	timer_stop(&shared, &victim->timer);
	timer_set(&shared, &follower->timer, now_ms);
}

static void free_self(struct timer *t, uint64_t now_ms)
{
	(void)now_ms;
	free(item_of(t));
}

static void set_again(struct timer *t, uint64_t now_ms)
{
	item_of(t)->fired++;
	timer_set(&shared, t, now_ms + 7);
}

static void test_callbacks_may_do_anything(void **state)
{
	struct item *self = malloc(sizeof(*self));
	struct item killer = {.fired = 0}, dead = {.fired = 0}, born = {.fired = 0};

	(void)state;
	assert_non_null(self);
	wheel_init(&shared, 1);
	victim = &dead;
	follower = &born;
	timer_init(&self->timer, free_self);
	timer_init(&killer.timer, stop_victim);
	timer_init(&dead.timer, count_call);
	timer_init(&born.timer, count_call);
	timer_set(&shared, &self->timer, 100);
	timer_set(&shared, &killer.timer, 100);
	timer_set(&shared, &dead.timer, 100);
	assert_int_equal(wheel_advance(&shared, 100, NO_BUDGET), 3);
	assert_int_equal(dead.fired, 0);
	assert_int_equal(born.fired, 1);
	assert_int_equal(shared.count, 0);
}

static void test_periodic(void **state)
{
	struct item item = {.fired = 0};

	(void)state;
	wheel_init(&shared, 1000);
	timer_init(&item.timer, set_again);
	timer_set(&shared, &item.timer, 1007);
	for (uint64_t now = 1000; now <= 8000; now++)
		wheel_advance(&shared, now, NO_BUDGET);
	assert_int_equal(item.fired, 1000);
	timer_stop(&shared, &item.timer);
}

static void set_at_once(struct timer *t, uint64_t now_ms)
{
	timer_set(&shared, t, now_ms);
}

static void test_budget_ends_an_endless_timer(void **state)
{
	struct item item = {.fired = 0};

	(void)state;
	wheel_init(&shared, 1000);
	timer_init(&item.timer, set_at_once);
	timer_set(&shared, &item.timer, 1000);
	assert_int_equal(wheel_advance(&shared, 1000, 10), 10);
	assert_int_equal(wheel_advance(&shared, 1000, 0), 0);
	assert_int_equal(wheel_next_ms(&shared, 1000, 100), 0);
	timer_stop(&shared, &item.timer);
}

/* ---- the random run */

static struct item items[MANY];
static struct random source;
static uint64_t last_due_ms;
static bool busy_callbacks;

static void model_set(struct item *item, uint64_t expire_ms)
{
	timer_set(&shared, &item->timer, expire_ms);
	item->due_ms = expire_ms > shared.now_ms ? expire_ms : shared.now_ms;
}

static void model_stop(struct item *item)
{
	timer_stop(&shared, &item->timer);
	item->due_ms = 0;
}

static uint64_t random_distance(void)
{
	return random_u64(&source) >> (64 - random_below(&source, 42) - 1);
}

static void check_call(struct timer *t, uint64_t now_ms)
{
	struct item *item = item_of(t);

	assert_true(item->due_ms != 0);
	assert_true(item->due_ms <= now_ms);
	assert_true(item->due_ms >= last_due_ms); /* in order */
	for (unsigned int i = 0; i < MANY; i++)
		assert_true(items[i].due_ms == 0 || items[i].due_ms >= item->due_ms);
	last_due_ms = item->due_ms;
	item->due_ms = 0;
	if (!busy_callbacks)
		return;
	if (random_below(&source, 3) == 0)
		model_set(item, now_ms + random_distance());
	if (random_below(&source, 5) == 0)
		model_stop(&items[random_below(&source, MANY)]);
}

static uint64_t first_due(void)
{
	uint64_t first = UINT64_MAX;

	for (unsigned int i = 0; i < MANY; i++) {
		assert_int_equal(items[i].due_ms != 0, timer_is_set(&items[i].timer) != 0);
		if (items[i].due_ms && items[i].due_ms < first)
			first = items[i].due_ms;
	}
	return first;
}

static void check_wheel(uint64_t now)
{
	uint64_t first = first_due(), wait = wheel_next_ms(&shared, now, UINT64_MAX / 2);
	unsigned int set = 0;

	for (unsigned int i = 0; i < MANY; i++)
		set += items[i].due_ms != 0;
	assert_int_equal(shared.count, set);
	if (first == UINT64_MAX)
		assert_true(wait == UINT64_MAX / 2);
	else
		assert_true(wait <= (first > now ? first - now : 0));
	for (unsigned int level = 0; level < WHEEL_LEVELS; level++) {
		for (unsigned int slot = 0; slot < WHEEL_SLOTS; slot++)
			assert_int_equal(shared.occupied[level] >> slot & 1,
					 !list_empty(&shared.slots[level][slot]));
	}
}

static void advance(uint64_t now)
{
	unsigned int budget = random_below(&source, 4) ? NO_BUDGET : random_below(&source, 5);
	unsigned int done;

	last_due_ms = 0;
	done = wheel_advance(&shared, now, budget);
	assert_true(done <= budget);
	if (done < budget)
		assert_true(first_due() > now || budget == 0);
}

static void random_run(uint64_t seed, uint64_t start)
{
	uint64_t now = start;

	random_init(&source, seed);
	wheel_init(&shared, start);
	for (unsigned int i = 0; i < MANY; i++) {
		timer_init(&items[i].timer, check_call);
		items[i].due_ms = 0;
	}
	for (int i = 0; i < 20000; i++) {
		struct item *item = &items[random_below(&source, MANY)];

		busy_callbacks = random_below(&source, 2) == 0;
		switch (random_below(&source, 8)) {
		case 0:
			model_stop(item);
			break;
		case 1:
			now += random_below(&source, 3);
			advance(now);
			break;
		case 2:
			now += random_distance() >> random_below(&source, 30);
			advance(now);
			break;
		case 3: /* exactly to, or just before, what comes next */
			if (first_due() != UINT64_MAX && first_due() > now)
				now = first_due() - random_below(&source, 2);
			advance(now);
			break;
		case 4: /* the past */
			model_set(item, 1 + now - random_below(&source, 100));
			break;
		default:
			model_set(item, now + random_distance());
		}
		check_wheel(now);
	}
	for (unsigned int i = 0; i < MANY; i++)
		model_stop(&items[i]);
}

static void test_random_operations(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		random_run(seed, 1000);
		random_run(seed, (UINT64_C(1) << 36) - 1000);
		random_run(seed, UINT64_C(1791234567890));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_distance),
	    cmocka_unit_test(test_next_ms_leads_there),
	    cmocka_unit_test(test_next_ms),
	    cmocka_unit_test(test_past_is_due_at_once),
	    cmocka_unit_test(test_moving),
	    cmocka_unit_test(test_callbacks_may_do_anything),
	    cmocka_unit_test(test_periodic),
	    cmocka_unit_test(test_budget_ends_an_endless_timer),
	    cmocka_unit_test(test_random_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
