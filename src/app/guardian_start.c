/* SPDX-License-Identifier: MIT */
/*
 * The order of the start, and of the end: files, sockets, the failover's own sockets, background,
 * pid file, worker, watcher, failover thread. The virtual IP comes last: it is claimed only where
 * somebody serves.
 */
#include "app/guardian_priv.h"

#include "app/files.h"
#include "app/pidfile.h"
#include "app/run.h"
#include "app/sd_notify.h"
#include "app/vrrp_file.h"

#include "net/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define DUMP_MAX_BYTES (1u << 20)

bool guardian_load(struct files *f, const struct options *o)
{
	*f = (struct files){NULL, NULL};
	if (o->n_files && !(f->model = files_load(o)))
		return false;
	if (o->vrrp_file && !(f->vrrp = vrrp_file_load(o->vrrp_file, o))) {
		guardian_unload(f);
		return false;
	}
	if (f->model && f->vrrp && !vrrp_file_audit(f->model, f->vrrp, o)) {
		guardian_unload(f);
		return false;
	}
	return true;
}

void guardian_unload(struct files *f)
{
	if (f->model)
		model_put(f->model);
	if (f->vrrp)
		model_vrrp_put(f->vrrp);
	*f = (struct files){NULL, NULL};
}

static void print_dump(const struct model_vrrp *v)
{
	struct buffer b;

	buffer_init(&b, DUMP_MAX_BYTES);
	config_dump_vrrp(v, &b);
	fwrite(b.p, 1, b.len, stdout);
	buffer_fini(&b);
}

bool guardian_check(const struct options *o)
{
	struct files f;
	bool ok;

	if (!guardian_load(&f, o))
		return false;
	if (o->dump && f.vrrp)
		print_dump(f.vrrp);
	ok = !o->peer_vrrp_file || vrrp_file_compare(f.vrrp, o);
	guardian_unload(&f);
	return ok;
}

static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (const int *v =
		 (const int[]){SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGCHLD, SIGQUIT, 0};
	     *v; v++)
		sigaddset(&set, *v);
	signal(SIGPIPE, SIG_IGN);
	return process_signal_fd(&set);
}

static bool prepare_program(struct guardian *g, const struct files *f)
{
	struct socket_list inherited;

	if (!f->model)
		return true;
	if (!run_set_limits(f->model, g->options) || !sockets_take_over(&inherited, g->options))
		return false;
	g->program = run_prepare(f->model, f->vrrp, g->options, inherited.v, inherited.n);
	sockets_free(&inherited);
	return g->program != NULL;
}

static bool prepare(struct guardian *g, const struct files *f)
{
	g->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (g->bell < 0 || pipe2(g->leash, O_CLOEXEC) != 0) {
		message_print(DIAG_ALERT, "cannot start: %s", strerror(errno));
		return false;
	}
	if (!prepare_program(g, f))
		return false;
	if (f->vrrp)
		g->pair = pair_new(f->vrrp, g->options, g->bell, g->program != NULL);
	return !f->vrrp || g->pair;
}

static bool go_to_background(struct guardian *g, const struct files *f)
{
	bool daemon = g->options->daemon || (f->model && f->model->global.daemon);
	bool watched = g->options->master == MASTER_NOTIFY; /* whoever started us waits for us */

	g->background = daemon && !g->options->foreground && !watched;
	if (!g->background)
		return true;
	if (g->program)
		program_leave_console(g->program);
	if (g->pair)
		pair_leave_console(g->pair);
	return process_daemonize() == 0;
}

static bool start(struct guardian *g, const struct files *f, struct pidfile *pidfile)
{
	g->signals = watch_signals(); /* none may kill us once somebody sees our sockets */
	if (g->signals < 0 || !prepare(g, f) || !pidfile_open(pidfile, g->options, f->model) ||
	    !go_to_background(g, f))
		return false;
	pidfile_write(pidfile); /* whoever sees us serve finds our pid */
	if (g->program && !guardian_first_worker(g))
		return false;
	return !g->pair || pair_start(g->pair, g->leash[1]);
}

static void end(struct guardian *g)
{
	pair_free(g->pair);
	if (g->program)
		run_free(g->program);
	if (g->signals >= 0)
		close(g->signals);
	if (g->bell >= 0)
		close(g->bell);
	for (int i = 0; i < 2; i++)
		if (g->leash[i] >= 0)
			close(g->leash[i]);
}

int guardian_run(const struct options *o)
{
	struct guardian g = {.options = o, .exit_status = 1, .told = SERVICE_UNKNOWN};
	struct pidfile pidfile = {.fd = -1};
	struct files files;
	bool started;

	g.signals = g.bell = g.leash[0] = g.leash[1] = -1;
	if (!guardian_load(&files, o))
		return 1;
	started = start(&g, &files, &pidfile);
	guardian_unload(&files);
	if (started) {
		if (g.program)
			message_print(DIAG_NOTICE, "Loading success.");
		sd_notify_ready(NULL);
		process_daemon_ready();
		sockets_signal_old(o);
		guardian_loop(&g);
	} else if (g.worker.pid) {
		process_end(g.worker.pid);
	}
	end(&g);
	pidfile_remove(&pidfile, o->keepalived);
	return g.exit_status;
}
