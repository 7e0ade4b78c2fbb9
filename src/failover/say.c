/* SPDX-License-Identifier: MIT */
/* Log lines of the failover folder. A listener without a log function hears nothing. */
#include "failover/say.h"

#include <stdarg.h>
#include <stdio.h>

void say(const struct say *s, enum log_level level, const char *format, ...)
{
	char line[SAY_MAX_BYTES];
	va_list args;

	if (!s->log)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	s->log(s->user, level, line);
}
