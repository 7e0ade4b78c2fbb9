/* SPDX-License-Identifier: MIT */
/* The pid file. */
#include "app/pidfile.h"

#include "app/files.h"

#include "net/process.h"

#include <errno.h>
#include <unistd.h>

bool pidfile_open(struct pidfile *p, const struct options *o, const struct model *m)
{
	bool background = m && !o->foreground &&
			  (o->daemon || m->global.daemon || o->master || m->global.master_worker);

	p->path = o->pidfile ? o->pidfile : background ? m->global.pidfile : NULL;
	if (!p->path)
		return true;
	p->fd = process_pidfile_open(p->path);
	if (p->fd >= 0)
		return true;
	message_print(DIAG_ALERT, "cannot create the pid file %s: %s", p->path, strerror(-p->fd));
	return false;
}

void pidfile_write(struct pidfile *p)
{
	pid_t pid = getpid();

	if (p->fd >= 0 && process_pidfile_write(p->fd, &pid, 1) != 0)
		message_print(DIAG_WARNING, "cannot write the pid file %s: %s", p->path,
			      strerror(errno));
}

void pidfile_remove(struct pidfile *p, bool from_disk)
{
	if (p->fd < 0)
		return;
	if (from_disk && unlink(p->path) != 0)
		message_print(DIAG_WARNING, "cannot remove the pid file %s: %s", p->path,
			      strerror(errno));
	close(p->fd);
	p->fd = -1;
}
