/* SPDX-License-Identifier: MIT */
/*
 * Diagnostics: what is wrong with a file, where, and what to write instead. A reader adds them as
 * it goes on (all errors of a file are reported, not the first only); the caller prints them in
 * haproxy's form:
 *
 *     [ALERT] (PID) : config : parsing [FILE:LINE]: MESSAGE
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include "base/arena.h"
#include "base/list.h"

enum diag_level { DIAG_DIAG, DIAG_NOTICE, DIAG_WARNING, DIAG_ALERT };

struct diag {
	struct list link;
	enum diag_level level;
	const char *file; /* NULL: concerns no single line */
	int line;         /* 0: none */
	const char *text;
};

struct diags {
	struct arena arena; /* owns all texts */
	struct list all;    /* struct diag, in order */
	unsigned int alerts, warnings;
};

void diags_init(struct diags *d);
void diags_fini(struct diags *d);
/* Out of memory is counted as an alert even where its text is lost. `file` is copied. */
void diag_add(struct diags *d, enum diag_level level, const char *file, int line, const char *fmt,
	      ...) printf_like(5, 6);
void diag_vadd(struct diags *d, enum diag_level level, const char *file, int line, const char *fmt,
	       va_list args) printf_like(5, 0);

struct buffer;
/* Appends one diagnostic as a line: "[ALERT]    (PID) : config : parsing [FILE:LINE] : TEXT\n" (the
 * level is padded to 10 columns as haproxy does). */
void diag_print(struct buffer *out, const struct diag *d, int pid);

#endif
