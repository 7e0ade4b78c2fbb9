/* SPDX-License-Identifier: MIT */
/*
 * What the guardian tells the service manager that started it (sd_notify(3), one datagram each):
 * ready, reloading, stopping, that it lives (the unit's WatchdogSec=), and one line for `systemctl
 * status`. Without $NOTIFY_SOCKET nothing happens.
 */
#ifndef APP_SD_NOTIFY_H
#define APP_SD_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Serving, with this remark in the line from now on; NULL: none. */
void sd_notify_ready(const char *remark);
void sd_notify_reloading(void);
/* The end has begun and may take so long: the manager waits for it. */
void sd_notify_stopping(uint64_t patience_ms);
/* To be called at least every sd_notify_pause_ms: the guardian's loop turns. `proxy`: what the
 * worker does, NULL: there is none and shall be none. */
void sd_notify_turn(uint64_t now_ms, const char *proxy);
/* -1: nobody waits for a word of ours. */
int sd_notify_pause_ms(void);
/* Standard error leads into the journal, where lines for syslog come too. */
bool sd_stderr_is_journal(void);

#endif
