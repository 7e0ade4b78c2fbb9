/* SPDX-License-Identifier: MIT */
/* The master process: one loop over its signals; everything it does follows from one of them. */
#include "app/master.h"

#include "app/files.h"
#include "app/pidfile.h"
#include "app/run.h"
#include "app/sockets.h"

#include "net/process.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_WORKERS 256
#define READY_TIMEOUT_MS 10000
#define RESPAWN_WINDOW_S                                                                           \
	10 /* more than RESPAWN_LIMIT deaths within it, and the master gives up                    \
	    */
#define RESPAWN_LIMIT 10

struct master {
	const struct options *options;
	struct program *program;   /* the current generation: the master's copy, whose sockets it
				      holds */
	struct program *leaving;   /* the former generation, while a worker of its successor is made
				    */
	struct socket_list passed; /* copies of its sockets */
	pid_t worker;              /* of the current generation, 0: none */
	pid_t old[MAX_WORKERS];    /* those that finish their connections */
	unsigned int n_old;
	bool stopping, background;
	int exit_status;
	unsigned int reloads, deaths;
	uint64_t first_death_s;
};

struct birth {  /* of a worker */
	int fd; /* a byte here tells the master that it serves */
	bool background;
};

static void tell_parent(void *user)
{
	struct birth *b = user;

	if (b->background)
		process_detach_stdio();
	if (write(b->fd, "R", 1) == 1)
		close(b->fd);
}

static void drop_program(struct program *p)
{
	struct model *model = p->model;

	run_free(p);
	model_put(model);
}

static _Noreturn void be_worker(struct master *m, int ready_fd)
{
	struct birth birth = {.fd = ready_fd, .background = m->background};
	int status;

	/* else an address that is not wanted any more would stay open */
	if (m->leaving)
		drop_program(m->leaving);
	sockets_free(&m->passed);
	status = run_serve(m->program, tell_parent, &birth);
	drop_program(m->program);
	exit(status);
}

/* Starts a worker on the current program's sockets and waits until it serves. Its pid, or -1. */
static pid_t start_worker(struct master *m)
{
	struct pollfd fd = {.events = POLLIN};
	int ready[2];
	char byte;
	pid_t pid;
	bool ok;

	if (pipe(ready) != 0)
		return -1;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		be_worker(m, ready[1]);
	}
	close(ready[1]);
	fd.fd = ready[0];
	ok = pid > 0 && poll(&fd, 1, READY_TIMEOUT_MS) == 1 && read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	if (ok) {
		message_print(DIAG_NOTICE, "New worker (%d) forked", (int)pid);
		return pid;
	}
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	message_print(DIAG_ALERT, "a worker could not be started");
	return -1;
}

static void signal_old(const struct master *m, int signal)
{
	for (unsigned int i = 0; i < m->n_old; i++)
		kill(m->old[i], signal);
}

static void retire_worker(struct master *m)
{
	if (!m->worker)
		return;
	kill(m->worker, SIGUSR1);
	if (m->n_old < MAX_WORKERS)
		m->old[m->n_old++] = m->worker;
	m->worker = 0;
}

/* New files: a new program on the old sockets where they are still wanted, and a worker for it;
 * then the old worker finishes. */
static void reload(struct master *m)
{
	struct program *old = m->program, *new = NULL;
	struct model *model;
	pid_t pid;

	process_notify("RELOADING=1");
	message_print(DIAG_NOTICE, "Reloading HAProxy");
	model = files_load(m->options);
	sockets_of_program(&m->passed, old);
	if (model && run_set_limits(model, m->options))
		new = run_prepare(model, m->options, m->passed.v, m->passed.n);
	if (!new) {
		message_print(DIAG_WARNING,
			      "Failed to load the new configuration: going on with the old one.");
		model_put(model);
		sockets_free(&m->passed);
		process_notify("READY=1\nSTATUS=Reload failed, the old configuration is in force.");
		return;
	}
	m->program = new;
	m->leaving = old;
	pid = start_worker(m);
	m->leaving = NULL;
	if (pid < 0) {
		m->program = old;
		drop_program(new);
	} else {
		retire_worker(m);
		m->worker = pid;
		m->reloads++;
		drop_program(old);
	}
	sockets_free(&m->passed);
	process_notify("READY=1\nSTATUS=Ready.");
}

static void stop_all(struct master *m, int signal, int status)
{
	m->stopping = true;
	m->exit_status = status;
	if (m->worker)
		kill(m->worker, signal);
	signal_old(m, signal);
}

static uint64_t seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec;
}

/* A dead worker is replaced at once on the same sockets; one that dies again and again is a fault
 * that a restart does not cure. */
static void replace_worker(struct master *m, int status)
{
	uint64_t now = seconds();

	message_print(DIAG_ALERT, "Current worker (%d) exited with code %d (%s)", (int)m->worker,
		      WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
		      WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "Exit");
	m->worker = 0;
	if (now - m->first_death_s > RESPAWN_WINDOW_S) {
		m->first_death_s = now;
		m->deaths = 0;
	}
	if (++m->deaths <= RESPAWN_LIMIT) {
		pid_t pid = start_worker(m);

		m->worker = pid > 0 ? pid : 0;
	}
	if (!m->worker) {
		message_print(DIAG_ALERT, "workers do not live: giving up");
		stop_all(m, SIGTERM, 1);
	}
}

static void forget_old(struct master *m, pid_t pid)
{
	for (unsigned int i = 0; i < m->n_old; i++)
		if (m->old[i] == pid)
			m->old[i] = m->old[--m->n_old];
}

static void reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != m->worker) {
			forget_old(m, pid);
			message_print(
			    DIAG_WARNING, "Former worker (%d) exited with code %d", (int)pid,
			    WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
		} else if (m->stopping) {
			m->worker = 0;
		} else {
			replace_worker(m, status);
		}
	}
}

static void on_signal(struct master *m, int signal)
{
	switch (signal) {
	case SIGUSR2:
	case SIGHUP:
		if (!m->stopping)
			reload(m);
		break;
	case SIGUSR1:
		process_notify("STOPPING=1");
		stop_all(m, SIGUSR1, 0);
		break;
	case SIGTERM:
	case SIGINT:
		process_notify("STOPPING=1");
		stop_all(m, signal, 128 + signal);
		break;
	case SIGCHLD:
		reap(m);
		break;
	default:
		break;
	}
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

static void loop(struct master *m, int signals)
{
	while (!m->stopping || m->worker || m->n_old) {
		struct pollfd fd = {.fd = signals, .events = POLLIN};
		int signal;

		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			break;
		while ((signal = process_signal_next(signals, NULL)) > 0)
			on_signal(m, signal);
	}
}

static bool start(struct master *m, struct pidfile *pidfile)
{
	struct model *model = files_load(m->options);
	struct socket_list inherited;

	if (!model)
		return false;
	if (!run_set_limits(model, m->options) || !sockets_take_over(&inherited, m->options))
		return false;
	m->program = run_prepare(model, m->options, inherited.v, inherited.n);
	sockets_free(&inherited);
	if (!m->program || !pidfile_open(pidfile, m->options, model))
		return false;
	m->background = (m->options->daemon || model->global.daemon) && !m->options->foreground;
	if (m->background)
		program_leave_console(m->program);
	return !m->background || process_daemonize() == 0;
}

int master_run(const struct options *o)
{
	struct master m = {.options = o, .exit_status = 1};
	struct pidfile pidfile = {.fd = -1};
	int signals;

	if (!start(&m, &pidfile))
		return 1;
	signals = watch_signals();
	if (signals < 0)
		return 1;
	m.worker = start_worker(&m);
	if (m.worker < 0)
		return 1;
	pidfile_write(&pidfile);
	message_print(DIAG_NOTICE, "Loading success.");
	process_notify("READY=1\nSTATUS=Ready.");
	process_daemon_ready();
	sockets_signal_old(o);
	loop(&m, signals);
	drop_program(m.program);
	close(signals);
	pidfile_remove(&pidfile);
	return m.exit_status;
}
