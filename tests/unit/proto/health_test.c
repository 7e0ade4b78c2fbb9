/* SPDX-License-Identifier: MIT */
/* Rise, fall and observe: every value against every event, and sequences seen with haproxy 2.6. */
#include "proto/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_names(void **state)
{
	static const char *const names[CHECK_STATUSES] = {
	    "UNK",   "INI",  "SOCKERR", "L4OK",   "L4TOUT", "L4CON", "L6OK", "L6TOUT",
	    "L6RSP", "L7OK", "L7OKC",   "L7TOUT", "L7RSP",  "L7STS", "HANA",
	};
	int passed = 0, coded = 0;

	(void)state;
	for (int s = 0; s < CHECK_STATUSES; s++) {
		assert_string_equal(health_status_name((enum check_status)s), names[s]);
		assert_true(strlen(health_status_text((enum check_status)s)) > 0);
		passed += health_status_passed((enum check_status)s);
		coded += health_status_has_code((enum check_status)s);
	}
	assert_int_equal(passed, 4);
	assert_int_equal(coded, 3);
	assert_string_equal(health_status_text(CHECK_L4OK), "Layer4 check passed");
	assert_string_equal(health_status_text(CHECK_L4CON), "Layer4 connection problem");
	assert_string_equal(health_status_text(CHECK_L7STS), "Layer7 wrong status");
	assert_string_equal(health_status_text(CHECK_L7OKC), "Layer7 check conditionally passed");
	assert_true(health_status_passed(CHECK_L7OKC));
	assert_false(health_status_passed(CHECK_UNKNOWN));
}

static void test_start(void **state)
{
	struct health h;

	(void)state;
	health_init(&h, 2, 3, true);
	assert_true(health_is_up(&h));
	assert_int_equal(health_shown(&h), 1); /* "UP 1/3" */
	assert_int_equal(health_check_failed(&h), HEALTH_TO_DOWN);
	assert_int_equal(h.value, 0);
	health_init(&h, 2, 3, true);
	assert_int_equal(health_check_passed(&h), HEALTH_SAME);
	assert_int_equal(health_shown(&h), 3); /* "UP", 3/3 in the log */
	health_init(&h, 2, 3, false);
	assert_false(health_is_up(&h));
	assert_int_equal(health_shown(&h), 0);
}

/* The log lines that haproxy wrote for these results, rise 2 fall 3. */
static void test_sequence(void **state)
{
	static const struct {
		bool passed, up;
		int shown;
		enum health_change change;
	} steps[] = {
	    {true, true, 3, HEALTH_SAME},   {false, true, 2, HEALTH_SAME},
	    {true, true, 3, HEALTH_SAME},   {false, true, 2, HEALTH_SAME},
	    {false, true, 1, HEALTH_SAME},  {false, false, 0, HEALTH_TO_DOWN},
	    {false, false, 0, HEALTH_SAME}, {true, false, 1, HEALTH_SAME},
	    {false, false, 0, HEALTH_SAME}, {true, false, 1, HEALTH_SAME},
	    {true, true, 3, HEALTH_TO_UP},  {true, true, 3, HEALTH_SAME},
	};
	struct health h;

	(void)state;
	health_init(&h, 2, 3, true);
	for (size_t i = 0; i < array_size(steps); i++) {
		enum health_change change =
		    steps[i].passed ? health_check_passed(&h) : health_check_failed(&h);

		assert_int_equal(change, steps[i].change);
		assert_int_equal(health_is_up(&h), steps[i].up);
		assert_int_equal(health_shown(&h), steps[i].shown);
	}
}

typedef enum health_change event(struct health *h);

static enum health_change force_up(struct health *h)
{
	return health_force(h, true);
}

static enum health_change force_down(struct health *h)
{
	return health_force(h, false);
}

/* From every value of every rise and fall: the value stays in range, the change tells the truth,
 * and up goes to the top, down to 0. */
static void test_every_value_and_event(void **state)
{
	static event *const events[] = {health_check_passed, health_check_failed, force_up,
					force_down};

	(void)state;
	for (int rise = 1; rise <= 4; rise++) {
		for (int fall = 1; fall <= 4; fall++) {
			for (int start = 0; start < rise + fall; start++) {
				for (size_t e = 0; e < array_size(events); e++) {
					struct health h = {
					    .rise = rise, .fall = fall, .value = start};
					bool was = health_is_up(&h);
					enum health_change change = events[e](&h);
					bool is = health_is_up(&h);

					assert_in_range(h.value, 0, rise + fall - 1);
					assert_int_equal(change, was == is ? HEALTH_SAME
								 : is      ? HEALTH_TO_UP
									   : HEALTH_TO_DOWN);
					if (change == HEALTH_TO_UP)
						assert_int_equal(h.value, rise + fall - 1);
					if (change == HEALTH_TO_DOWN)
						assert_int_equal(h.value, 0);
					if (e == 1 && was)
						assert_int_equal(is, start > rise);
					if (e == 0 && !was)
						assert_int_equal(is, start + 1 >= rise);
				}
			}
		}
	}
}

static void test_fall_takes_fall_checks(void **state)
{
	(void)state;
	for (int rise = 1; rise <= 5; rise++) {
		for (int fall = 1; fall <= 5; fall++) {
			struct health h;
			int n = 0;

			health_init(&h, rise, fall, true);
			assert_int_equal(health_force(&h, true), HEALTH_SAME);
			do
				n++;
			while (health_check_failed(&h) == HEALTH_SAME);
			assert_int_equal(n, fall);
			n = 0;
			do
				n++;
			while (health_check_passed(&h) == HEALTH_SAME);
			assert_int_equal(n, rise);
		}
	}
}

static struct health observed(int limit)
{
	struct health h;

	health_init(&h, 2, 3, true);
	h.error_limit = limit;
	assert_int_equal(health_check_passed(&h), HEALTH_SAME);
	return h;
}

/* error-limit 3: what `errors` errors in a row bring, as the stats of haproxy showed it. */
static void observe_gives(enum health_on_error mode, int errors, int value, enum health_change last)
{
	struct health h = observed(3);
	enum health_change change = HEALTH_SAME;

	for (int i = 1; i <= errors; i++)
		assert_int_equal(health_observe_error(&h, mode, &change), i % 3 == 0);
	assert_int_equal(h.value, value);
	assert_int_equal(change, last);
}

static void test_observe(void **state)
{
	(void)state;
	observe_gives(HEALTH_FASTINTER, 7, 4, HEALTH_SAME);
	observe_gives(HEALTH_FAIL_CHECK, 2, 4, HEALTH_SAME);
	observe_gives(HEALTH_FAIL_CHECK, 3, 3, HEALTH_SAME);
	observe_gives(HEALTH_FAIL_CHECK, 6, 2, HEALTH_SAME);
	observe_gives(HEALTH_FAIL_CHECK, 9, 0, HEALTH_TO_DOWN);
	observe_gives(HEALTH_SUDDEN_DEATH, 3, 2, HEALTH_SAME); /* "UP 1/3" */
	observe_gives(HEALTH_SUDDEN_DEATH, 6, 0, HEALTH_TO_DOWN);
	observe_gives(HEALTH_MARK_DOWN, 2, 4, HEALTH_SAME);
	observe_gives(HEALTH_MARK_DOWN, 3, 0, HEALTH_TO_DOWN);
}

static void test_observe_counts_in_a_row(void **state)
{
	struct health h = observed(2);
	enum health_change change;

	(void)state;
	assert_false(health_observe_error(&h, HEALTH_MARK_DOWN, &change));
	health_observe_good(&h);
	assert_false(health_observe_error(&h, HEALTH_MARK_DOWN, &change));
	assert_true(health_observe_error(&h, HEALTH_MARK_DOWN, &change));
	assert_int_equal(change, HEALTH_TO_DOWN);
	assert_false(health_observe_error(&h, HEALTH_MARK_DOWN, &change));
	assert_true(health_observe_error(&h, HEALTH_MARK_DOWN, &change));
	assert_int_equal(change, HEALTH_SAME);
}

static void test_intervals(void **state)
{
	struct health h = {.rise = 2, .fall = 3};

	(void)state;
	for (h.value = 0; h.value <= 4; h.value++) {
		uint32_t expected = h.value == 0 ? 9000 : h.value == 4 ? 2000 : 500;

		assert_int_equal(health_next_interval_ms(&h, 2000, 500, 9000), expected);
		assert_int_equal(health_next_interval_ms(&h, 2000, 0, 0), 2000);
	}
	/* With fall 1 a server that has just started is fully up. */
	health_init(&h, 2, 1, true);
	assert_int_equal(health_next_interval_ms(&h, 2000, 500, 9000), 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_start),
	    cmocka_unit_test(test_sequence),
	    cmocka_unit_test(test_every_value_and_event),
	    cmocka_unit_test(test_fall_takes_fall_checks),
	    cmocka_unit_test(test_observe),
	    cmocka_unit_test(test_observe_counts_in_a_row),
	    cmocka_unit_test(test_intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
