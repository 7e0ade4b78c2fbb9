/* SPDX-License-Identifier: MIT */
/*
 * Rise, fall and observe counting, and the words of check results. `value` counts as haproxy's
 * health does: 0 is fully down, rise - 1 is one good check from up, rise is one bad check from
 * down, rise + fall - 1 is fully up. Crossing the border goes all the way to the far end, so that a
 * server must earn each change anew.
 */
#include "proto/health.h"

static const struct {
	const char *name, *text;
	bool passed, has_code;
} statuses[CHECK_STATUSES] = {
    [CHECK_UNKNOWN] = {"UNK", "Unknown", false, false},
    [CHECK_INI] = {"INI", "Initializing", false, false},
    [CHECK_SOCKERR] = {"SOCKERR", "Socket error", false, false},
    [CHECK_L4OK] = {"L4OK", "Layer4 check passed", true, false},
    [CHECK_L4TOUT] = {"L4TOUT", "Layer4 timeout", false, false},
    [CHECK_L4CON] = {"L4CON", "Layer4 connection problem", false, false},
    [CHECK_L6OK] = {"L6OK", "Layer6 check passed", true, false},
    [CHECK_L6TOUT] = {"L6TOUT", "Layer6 timeout", false, false},
    [CHECK_L6RSP] = {"L6RSP", "Layer6 invalid response", false, false},
    [CHECK_L7OK] = {"L7OK", "Layer7 check passed", true, true},
    [CHECK_L7OKC] = {"L7OKC", "Layer7 check conditionally passed", true, true},
    [CHECK_L7TOUT] = {"L7TOUT", "Layer7 timeout", false, false},
    [CHECK_L7RSP] = {"L7RSP", "Layer7 invalid response", false, false},
    [CHECK_L7STS] = {"L7STS", "Layer7 wrong status", false, true},
    [CHECK_HANA] = {"HANA", "Health analyze", false, false},
};

const char *health_status_name(enum check_status s)
{
	CHECK((unsigned int)s < CHECK_STATUSES);
	return statuses[s].name;
}

const char *health_status_text(enum check_status s)
{
	CHECK((unsigned int)s < CHECK_STATUSES);
	return statuses[s].text;
}

bool health_status_passed(enum check_status s)
{
	CHECK((unsigned int)s < CHECK_STATUSES);
	return statuses[s].passed;
}

bool health_status_has_code(enum check_status s)
{
	CHECK((unsigned int)s < CHECK_STATUSES);
	return statuses[s].has_code;
}

static int highest(const struct health *h)
{
	return h->rise + h->fall - 1;
}

void health_init(struct health *h, int rise, int fall, bool up)
{
	CHECK(rise > 0 && fall > 0);
	*h = (struct health){.rise = rise, .fall = fall, .value = up ? rise : 0};
}

enum health_change health_check_passed(struct health *h)
{
	if (health_is_up(h)) {
		h->value = highest(h);
		return HEALTH_SAME;
	}
	if (++h->value < h->rise)
		return HEALTH_SAME;
	h->value = highest(h);
	return HEALTH_TO_UP;
}

enum health_change health_check_failed(struct health *h)
{
	if (h->value > h->rise) {
		h->value--;
		return HEALTH_SAME;
	}
	return health_force(h, false);
}

enum health_change health_force(struct health *h, bool up)
{
	bool was_up = health_is_up(h);

	h->value = up ? highest(h) : 0;
	if (was_up == up)
		return HEALTH_SAME;
	return up ? HEALTH_TO_UP : HEALTH_TO_DOWN;
}

bool health_observe_error(struct health *h, enum health_on_error mode, enum health_change *change)
{
	*change = HEALTH_SAME;
	if (++h->errors < h->error_limit)
		return false;
	h->errors = 0;
	switch (mode) {
	case HEALTH_FASTINTER:
		break;
	case HEALTH_FAIL_CHECK:
		*change = health_check_failed(h);
		break;
	case HEALTH_SUDDEN_DEATH:
		/* One failed check away from the last one that is forgiven. */
		if (h->value > h->rise + 1)
			h->value = h->rise + 1;
		*change = health_check_failed(h);
		break;
	case HEALTH_MARK_DOWN:
		*change = health_force(h, false);
		break;
	}
	return true;
}

void health_observe_good(struct health *h)
{
	h->errors = 0;
}

uint32_t health_next_interval_ms(const struct health *h, uint32_t inter, uint32_t fastinter,
				 uint32_t downinter)
{
	if (h->value == highest(h))
		return inter;
	if (h->value == 0)
		return downinter ? downinter : inter;
	return fastinter ? fastinter : inter;
}

int health_shown(const struct health *h)
{
	return health_is_up(h) ? h->value - h->rise + 1 : h->value;
}
