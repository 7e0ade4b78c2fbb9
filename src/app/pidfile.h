/* SPDX-License-Identifier: MIT */
/* "-p FILE" and "pidfile": opened while we may, written when we serve. */
#ifndef APP_PIDFILE_H
#define APP_PIDFILE_H

#include "app/options.h"

#include "config/model.h"

struct pidfile {
	int fd; /* -1: none */
	const char *path;
};

/* False after a message. The command line wins over the file (m NULL: there is none); only daemons
 * and masters, and whoever asks by -p, write one. */
bool pidfile_open(struct pidfile *p, const struct options *o, const struct model *m);
void pidfile_write(struct pidfile *p);
/* `from_disk`: the file goes too, as keepalived's does. */
void pidfile_remove(struct pidfile *p, bool from_disk);

#endif
