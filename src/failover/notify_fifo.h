/* SPDX-License-Identifier: MIT */
/*
 * A fifo that gets a line for each event, and the script that reads it. Used by notify.c alone.
 * Writing never blocks: what does not fit waits, in order.
 */
#ifndef FAILOVER_NOTIFY_FIFO_H
#define FAILOVER_NOTIFY_FIFO_H

#include "failover/runnable.h"

#include "net/loop.h"

#define NOTIFY_MAX_WAITING 1024 /* lines of a fifo, scripts of an owner; then the oldest goes */

struct notify_fifo {
	struct loop *loop;
	const struct say *log;
	char *path, *script_text; /* as in the file; NULL: no fifo, no script */
	struct io io;             /* fd -1: could not be opened */
	struct list waiting;
	unsigned int n_waiting;
	bool overflowed; /* said */
	struct runnable script;
	bool running;
	struct spawned child;
	struct io script_io;
};

/* Makes the fifo where it is missing, opens it, starts the script with its name. `path` NULL:
 * nothing. */
void notify_fifo_open(struct notify_fifo *f, struct loop *l, const struct say *log,
		      const struct model_vrrp_global *global, const char *path, const char *script);
/* The script gets SIGTERM. What still waits is lost; it had 64 kB in the fifo itself. */
void notify_fifo_close(struct notify_fifo *f);
void notify_fifo_write(struct notify_fifo *f, struct span line);

#endif
