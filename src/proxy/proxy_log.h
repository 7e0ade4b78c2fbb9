/* SPDX-License-Identifier: MIT */
/* Opening and closing what proxy_log, proxy_log_line and program_console (proxy.h) write to: for
 * program.c alone. */
#ifndef PROXY_PROXY_LOG_H
#define PROXY_PROXY_LOG_H

#include "proxy/proxy.h"

/* Standard error, unless the configuration says quiet. */
void console_open(struct program *p);
/* 0, or -1 after diagnostics (memory is counted without one). What was opened is closed by
 * log_outs_close. */
int log_outs_open(struct log_outs *outs, const struct model_log *logs, const char *owner,
		  struct diags *d) must_check;
void log_outs_close(struct log_outs *outs);
/* Sets p->host; returns what log-send-hostname sends, or none. */
struct span log_host_name(struct program *p, const struct model_global *g);

#endif
