/* SPDX-License-Identifier: MIT */
/*
 * Who guards the guardian: a small process, asleep until the guardian dies; then it gives the
 * virtual IPs away (priority 0, wait for the next master, delete), and lets the workers go.
 */
#ifndef APP_WATCHER_H
#define APP_WATCHER_H

#include "failover/holding.h"

#include <stdatomic.h>
#include <sys/types.h>

struct holdings_page {            /* shared; written by the failover thread */
	_Atomic uint32_t version; /* odd while it is written */
	uint32_t n;
	struct failover_holding v[HOLDING_MAX];
};

struct holdings_page *holdings_page_new(void) must_check;
void holdings_page_free(struct holdings_page *p);
void holdings_page_write(struct holdings_page *p, const struct failover_holding *v, unsigned int n);

/* Forks it; it keeps `leash` open while it works. Its pid, or -errno. */
pid_t watcher_start(const struct holdings_page *page, int leash) must_check;

#endif
