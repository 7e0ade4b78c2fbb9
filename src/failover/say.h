/* SPDX-License-Identifier: MIT */
/* One line of text for whoever keeps the log, formatted: what tracking, notifying and peer watching
 * say. */
#ifndef FAILOVER_SAY_H
#define FAILOVER_SAY_H

#include "base/check.h"
#include "base/log.h"

#define SAY_MAX_BYTES 512 /* longer lines are cut */

struct say {
	void (*log)(void *user, enum log_level level, const char *line);
	void *user;
};

void say(const struct say *s, enum log_level level, const char *format, ...) printf_like(3, 4);

#endif
