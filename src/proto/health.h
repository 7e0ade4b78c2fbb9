/* SPDX-License-Identifier: MIT */
/*
 * Is a server well: rise, fall and observe counting as haproxy does it, as a pure machine.
 * proxy/health_check.c feeds results and carries out what comes back.
 */
#ifndef PROTO_HEALTH_H
#define PROTO_HEALTH_H

#include "base/check.h"

#include <stdbool.h>
#include <stdint.h>

enum check_status { /* haproxy's words and descriptions are in health_status_name/_text */
		    CHECK_UNKNOWN, /* UNK */
		    CHECK_INI,     /* INI  initializing */
		    CHECK_SOCKERR, /* SOCKERR socket error */
		    CHECK_L4OK,
		    CHECK_L4TOUT,
		    CHECK_L4CON,
		    CHECK_L6OK,
		    CHECK_L6TOUT,
		    CHECK_L6RSP,
		    CHECK_L7OK,
		    CHECK_L7OKC, /* L7OKCOND: 404 with disable-on-404 */
		    CHECK_L7TOUT,
		    CHECK_L7RSP, /* invalid response */
		    CHECK_L7STS, /* response error: status, expectation */
		    CHECK_HANA,  /* health analyze: set by observe / on-error */
		    CHECK_STATUSES
};

const char *health_status_name(enum check_status s); /* "L7OK" */
const char *health_status_text(enum check_status s); /* "Layer7 check passed" */
bool health_status_passed(enum check_status s);
/* Log lines and stats show the code (an HTTP status, or 0) with these alone: L7OK, L7OKC, L7STS. */
bool health_status_has_code(enum check_status s);

struct health {
	int rise, fall;
	int value; /* 0 .. rise + fall - 1: >= rise is up, as haproxy shows it */
	/* observe: consecutive errors seen by traffic */
	int errors, error_limit;
};

enum health_change { HEALTH_SAME, HEALTH_TO_UP, HEALTH_TO_DOWN };

/* How a server starts: up, one failed check from DOWN as haproxy. */
void health_init(struct health *h, int rise, int fall, bool up);
static inline bool health_is_up(const struct health *h)
{
	return h->value >= h->rise;
}
enum health_change health_check_passed(struct health *h);
enum health_change health_check_failed(struct health *h);
/* Sets it to fully up or fully down at once (agent, CLI, mark-down). */
enum health_change health_force(struct health *h, bool up);

enum health_on_error { HEALTH_FASTINTER, HEALTH_FAIL_CHECK, HEALTH_SUDDEN_DEATH, HEALTH_MARK_DOWN };
/* Traffic met an error (observe layer4 / layer7). Past error_limit consecutive errors, acts as
 * on-error says: *change what became of the state; returns true where the limit was reached (the
 * next check should come at fastinter). */
bool health_observe_error(struct health *h, enum health_on_error mode, enum health_change *change);
void health_observe_good(struct health *h);

/* Milliseconds until the next check: inter when stable, fastinter while in transition, downinter
 * when fully down (0 = use inter). */
uint32_t health_next_interval_ms(const struct health *h, uint32_t inter, uint32_t fastinter,
				 uint32_t downinter);
/* The first number of "2/3" in stats and log lines: of `fall` while up (3/3 is fully up), of `rise`
 * while down (0/2 is fully down). */
int health_shown(const struct health *h);

#endif
