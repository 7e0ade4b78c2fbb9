/* SPDX-License-Identifier: MIT */
/*
 * Where a failed CHECK ends. It may run in any state of the process, so it formats into the stack
 * and writes at once: no stdio buffer, no allocation.
 */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void check_failed(const char *file, int line, const char *what)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "%s:%d: CHECK failed: %s\n", file, line, what);

	if (n >= (int)sizeof(text)) {
		n = (int)sizeof(text) - 1;
		text[n - 1] = '\n';
	}
	if (n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0)
		abort();
	abort();
}
