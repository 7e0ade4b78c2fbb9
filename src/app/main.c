/* SPDX-License-Identifier: MIT */
/* halb: what is asked for on the command line, and who does it. */
#include "app/clean.h"
#include "app/ctl.h"
#include "app/files.h"
#include "app/guardian.h"
#include "app/lab.h"
#include "app/options.h"
#include "app/pidfile.h"
#include "app/run.h"
#include "app/sockets.h"

#include "config/config_vrrp.h"

#include "net/process.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define KEEPALIVED_EXIT_CONFIG_TEST 5 /* what keepalived -t answers, as observed */

static int list_keywords(void)
{
	struct buffer b;

	buffer_init(&b, 1u << 20);
	config_list_keywords(&b);
	config_list_vrrp(&b);
	fwrite(b.p, 1, b.len, stdout);
	buffer_fini(&b);
	return 0;
}

static int check(const struct options *o)
{
	if (!guardian_check(o))
		return o->keepalived ? KEEPALIVED_EXIT_CONFIG_TEST : 1;
	if (!o->quiet && !o->keepalived)
		printf("Configuration file is valid\n");
	return 0;
}

struct ready {
	const struct options *options;
	struct pidfile *pidfile;
};

static void on_ready(void *user)
{
	struct ready *r = user;

	pidfile_write(r->pidfile);
	process_notify("READY=1");
	process_daemon_ready();
	sockets_signal_old(r->options);
}

/* "-D" and "daemon": true in the process that goes on. */
static bool go_to_background(struct program *p, const struct options *o)
{
	if ((!o->daemon && !p->model->global.daemon) || o->foreground)
		return true;
	program_leave_console(p);
	return process_daemonize() == 0;
}

/* Without a master: this process serves. */
static int serve(const struct options *o, struct model *m)
{
	struct pidfile pidfile = {.fd = -1};
	struct ready ready = {.options = o, .pidfile = &pidfile};
	struct run_care care = {.on_ready = on_ready, .user = &ready, .leash = -1};
	struct socket_list inherited;
	struct program *p;
	int status = 1;

	if (!run_set_limits(m, o) || !sockets_take_over(&inherited, o))
		return 1;
	p = run_prepare(m, NULL, o, inherited.v, inherited.n);
	if (p && pidfile_open(&pidfile, o, m) && go_to_background(p, o))
		status = run_serve(p, &care);
	if (p)
		run_free(p);
	sockets_free(&inherited);
	pidfile_remove(&pidfile, false);
	return status;
}

static int run(const struct options *o)
{
	struct model *m;
	int status;

	if (o->master || o->vrrp_file)
		return guardian_run(o);
	m = files_load(o);
	if (!m)
		return 1;
	if (m->global.master_worker) {
		model_put(m);
		return guardian_run(o);
	}
	status = serve(o, m);
	model_put(m);
	return status;
}

int main(int argc, char **argv)
{
	struct options o;
	int status;

	if (argc > 1 && strcmp(argv[1], "ctl") == 0)
		return ctl_run(argc - 2, argv + 2);
	if (argc > 1 && strcmp(argv[1], "lab") == 0)
		return lab_run(argc - 2, argv + 2);
	if (options_parse(&o, argc, argv, &status) == OPTIONS_EXIT)
		return status;
	if (o.list_keywords)
		return list_keywords();
	if (o.clean)
		return clean_run();
	if (o.condition)
		return files_eval_condition(&o);
	if (o.chdir && chdir(o.chdir) != 0) {
		message_print(DIAG_ALERT, "cannot change to the folder %s: %s", o.chdir,
			      strerror(errno));
		return 1;
	}
	if (o.n_files == 0 && !o.vrrp_file) {
		message_print(DIAG_ALERT,
			      "no configuration file: give one with -f or -k (see %s -h)",
			      o.program);
		return 1;
	}
	if (o.peer_vrrp_file && !o.check) {
		message_print(DIAG_ALERT,
			      "two keepalived files: a second -k is for -c alone, which compares "
			      "them. This node's file is enough.");
		return 1;
	}
	if (o.master_socket) {
		message_print(DIAG_ALERT,
			      "-S %s: the master's own runtime API is not supported by halb yet; "
			      "the workers' is: "
			      "'stats socket' in global.",
			      o.master_socket);
		return 1;
	}
	return o.check ? check(&o) : run(&o);
}
