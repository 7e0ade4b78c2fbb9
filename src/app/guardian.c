/* SPDX-License-Identifier: MIT */
/*
 * One loop over signals, the bell (a worker or the failover thread has news) and, ten times a
 * second, the worker's heartbeat. Everything follows from one of them.
 *
 *     stop: pair_leave → (the peer has taken the addresses) → the workers finish what they hold →
 *           the end
 */
#include "app/guardian.h"

#include "app/files.h"
#include "app/guardian_priv.h"
#include "app/run.h"
#include "app/sd_notify.h"
#include "app/wire.h"

#include "net/process.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESPAWN_WINDOW_MS 10000
#define RESPAWN_LIMIT                                                                              \
	10              /* more deaths within the window are a fault that a restart does not cure */
#define RETRY_MS 1000   /* with a virtual IP, which has been given away, we go on trying */
#define ASSUME_MS 10000 /* so long a replaced worker's service counts as the former one's */
#define LEAVE_PATIENCE_MS 5000
#define DRAIN_MAX_MS 30000 /* where the configuration has no hard-stop-after */

/* ---- the service, as the failover thread is told */

static void tell_service(struct guardian *g)
{
	enum service now = g->worker.pid ? wire_service(g->worker.heartbeat) : SERVICE_DOWN;
	bool assumed = now == SERVICE_UNKNOWN && heartbeat_clock_ms() < g->assume_until_ms;

	if (!g->pair || !g->program || assumed || now == g->told)
		return;
	g->told = now;
	pair_set_service(g->pair, now,
			 g->worker.pid ? wire_service_text(now) : "the proxy does not live");
}

static void recheck(struct guardian *g)
{
	if (!g->worker.pid)
		return;
	g->assume_until_ms = 0;
	wire_recheck(g->worker.heartbeat);
	tell_service(g);
}

/* ---- workers */

/* Guardian and watcher gone: the virtual IP leads here until its lease is over, and the kernel may
 * be a second late. */
static unsigned int alone_ms(const struct guardian *g)
{
	const struct model_vrrp *v = g->program->vrrp;

	return g->pair && v ? v->global.lease_ms + 1000 : 0;
}

static bool new_worker(struct guardian *g)
{
	struct birth b = {.program = g->program,
			  .leaving = g->leaving,
			  .passed = &g->passed,
			  .bell = g->bell,
			  .leash = {g->leash[0], g->leash[1]},
			  .leash_ms = alone_ms(g),
			  .background = g->background};
	struct offspring born;

	if (!birth_worker(&b, &born))
		return false;
	g->worker = born;
	/* A worker that has just replaced another one need not prove anything for a moment. */
	g->assume_until_ms = g->told == SERVICE_UP ? heartbeat_clock_ms() + ASSUME_MS : 0;
	return true;
}

static void forget_worker(struct guardian *g)
{
	heartbeat_free(g->worker.heartbeat);
	g->worker = (struct offspring){0};
}

/* It is not the current worker any more, and is reaped when it ends. */
static void remember_former(struct guardian *g, pid_t pid)
{
	if (g->n_old < GUARDIAN_MAX_OLD)
		g->old[g->n_old++] = pid;
}

/* It goes on with what it has; its heartbeat does not matter any more. */
static void retire(struct guardian *g, int signal)
{
	kill(g->worker.pid, signal);
	remember_former(g, g->worker.pid);
	forget_worker(g);
}

static void signal_workers(const struct guardian *g, int signal)
{
	if (signal != SIGUSR1)
		signal = RUN_STOP_SIGNAL;
	if (g->worker.pid)
		kill(g->worker.pid, signal);
	for (unsigned int i = 0; i < g->n_old; i++)
		kill(g->old[i], signal);
}

static void stop_workers(struct guardian *g, int signal, int status)
{
	g->stopping = true;
	g->exit_status = status;
	signal_workers(g, signal);
}

static bool may_respawn(struct guardian *g)
{
	uint64_t now = heartbeat_clock_ms();

	if (now - g->first_death_ms > RESPAWN_WINDOW_MS) {
		g->first_death_ms = now;
		g->deaths = 0;
	}
	return ++g->deaths <= RESPAWN_LIMIT;
}

/* A new worker at once, on the same sockets; where that does not help, the virtual IP goes, and it
 * is tried again later; without one there is nothing left to do. */
static void replace_worker(struct guardian *g)
{
	g->retry_at_ms = 0;
	if (may_respawn(g) && new_worker(g))
		return;
	if (g->pair) {
		g->retry_at_ms = heartbeat_clock_ms() + RETRY_MS;
		tell_service(g);
		return;
	}
	message_print(DIAG_ALERT, "workers do not live: giving up");
	stop_workers(g, SIGTERM, 1);
}

static int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Frozen, or lost in itself: its successor serves first, then its connections are ended, so that
 * clients ask again. */
static void replace_ill(struct guardian *g, const char *complaint)
{
	struct offspring ill = g->worker;

	message_print(DIAG_ALERT, "Current worker (%d) is not well: %s. It is replaced.",
		      (int)ill.pid, complaint);
	if (g->stopping) {
		kill(ill.pid, SIGKILL);
		return;
	}
	g->worker = (struct offspring){0};
	replace_worker(g);
	kill(ill.pid, SIGKILL);
	heartbeat_free(ill.heartbeat);
	remember_former(g, ill.pid);
}

static void reap_current(struct guardian *g)
{
	int status;

	if (!g->worker.pid || process_reap(g->worker.pid, &status) != g->worker.pid)
		return;
	if (WIFSTOPPED(status)) {
		replace_ill(g, "it is stopped");
		return;
	}
	if (!g->stopping)
		message_print(DIAG_ALERT, "Current worker (%d) exited with code %d (%s)",
			      (int)g->worker.pid, exit_code(status),
			      WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "Exit");
	forget_worker(g);
	if (!g->stopping)
		replace_worker(g);
}

static void reap(struct guardian *g)
{
	int status;

	reap_current(g);
	for (unsigned int i = 0; i < g->n_old;) {
		pid_t pid = process_reap(g->old[i], &status);

		if (pid == 0 || (pid > 0 && WIFSTOPPED(status))) {
			i++;
			continue;
		}
		if (pid > 0)
			message_print(DIAG_WARNING, "Former worker (%d) exited with code %d",
				      (int)pid, exit_code(status));
		g->old[i] = g->old[--g->n_old];
	}
	if (g->pair)
		pair_reap(g->pair, g->leash[1]);
}

/* A crashed worker whose memory is still being torn down counts as dead already. */
static void look_at_worker(struct guardian *g)
{
	const char *complaint;

	if (!g->worker.pid)
		return;
	if (atomic_load(&g->worker.heartbeat->dying)) {
		message_print(DIAG_ALERT, "Current worker (%d) has crashed", (int)g->worker.pid);
		remember_former(g, g->worker.pid);
		forget_worker(g);
		if (!g->stopping)
			replace_worker(g);
		return;
	}
	complaint = heartbeat_complaint(g->worker.heartbeat, g->worker.pid, heartbeat_clock_ms());
	if (complaint)
		replace_ill(g, complaint);
}

/* ---- reload */

static void reload_failed(struct guardian *g)
{
	message_print(DIAG_WARNING,
		      "Failed to load the new configuration: going on with the old one.");
	sockets_free(&g->passed);
	sd_notify_ready("the last reload failed, the old configuration is in force");
}

/* A new program on the old sockets where they are still wanted, and a worker for it; then the old
 * worker finishes. False: everything is as it was. */
static bool reload_program(struct guardian *g, struct model *model, struct model_vrrp *vrrp)
{
	struct program *old = g->program;
	struct offspring former = g->worker;
	struct program *new = NULL;
	bool born;

	sockets_of_program(&g->passed, old);
	if (run_set_limits(model, g->options))
		new = run_prepare(model, vrrp, g->options, g->passed.v, g->passed.n);
	if (!new)
		return false;
	g->program = new;
	g->leaving = old;
	born = new_worker(g);
	g->leaving = NULL;
	sockets_free(&g->passed);
	if (!born) {
		g->program = old;
		run_free(new);
		return false;
	}
	if (former.pid) {
		struct offspring current = g->worker;

		g->worker = former;
		retire(g, SIGUSR1);
		g->worker = current;
	}
	run_free(old);
	return true;
}

static void reload(struct guardian *g)
{
	struct files files;

	sd_notify_reloading();
	message_print(DIAG_NOTICE, "Reloading HAProxy");
	if (!guardian_load(&files, g->options) ||
	    (files.model && !reload_program(g, files.model, files.vrrp))) {
		guardian_unload(&files);
		reload_failed(g);
		return;
	}
	if (g->pair)
		pair_reload(g->pair, files.vrrp);
	guardian_unload(&files);
	sd_notify_ready(NULL);
}

/* ---- the end */

/* 0: no limit. */
static uint64_t drain_max_ms(const struct guardian *g)
{
	uint32_t hard_stop = g->program ? g->program->model->global.hard_stop_after : 0;

	if (hard_stop || g->then_signal == SIGUSR1)
		return hard_stop;
	return DRAIN_MAX_MS;
}

/* The peer has the addresses. What is connected to them here lives on, by way of the peer (second
 * chance): the workers take nothing new and finish; then comes the signal that was meant. */
static void finish_leaving(struct guardian *g)
{
	uint64_t limit_ms = drain_max_ms(g);

	if (pair_held(g->pair) == 0) {
		stop_workers(g, g->then_signal, g->then_status);
		return;
	}
	message_print(DIAG_NOTICE,
		      "Connections to addresses that have moved are served to their end%s; a "
		      "second signal ends them",
		      limit_ms ? ", within hard-stop-after or 30 seconds" : "");
	g->drain_until_ms = limit_ms ? heartbeat_clock_ms() + limit_ms : UINT64_MAX;
	g->drain_signal = g->then_signal;
	stop_workers(g, SIGUSR1, g->then_status);
}

static void on_drain_clock(struct guardian *g, uint64_t now)
{
	unsigned int held = pair_held(g->pair);

	if (held > 0 && now < g->drain_until_ms)
		return;
	if (held > 0)
		message_print(DIAG_WARNING, "%u connections are ended", held);
	g->drain_until_ms = 0;
	signal_workers(g, g->drain_signal);
}

/* First the addresses, while the workers go on serving; a second signal does not wait. */
static void stop(struct guardian *g, int signal, int status)
{
	sd_notify_stopping(LEAVE_PATIENCE_MS + drain_max_ms(g));
	g->drain_until_ms = 0;
	if (!g->pair || g->leave_until_ms || pair_has_left(g->pair)) {
		stop_workers(g, signal, status);
		return;
	}
	g->leave_until_ms = heartbeat_clock_ms() + LEAVE_PATIENCE_MS;
	g->then_signal = signal;
	g->then_status = status;
	pair_leave(g->pair);
}

/* For the service manager. */
static const char *proxy_words(const struct guardian *g)
{
	if (!g->program)
		return NULL;
	if (g->stopping || g->leave_until_ms)
		return "stopping";
	return g->pair || !g->worker.pid ? wire_service_text(g->told) : "the proxy serves";
}

static void on_clock(struct guardian *g)
{
	uint64_t now = heartbeat_clock_ms();

	if (now >= g->looked_ms + HEARTBEAT_MS) {
		g->looked_ms = now;
		look_at_worker(g);
		tell_service(g);
	}
	sd_notify_turn(now, proxy_words(g));
	if (g->retry_at_ms && now >= g->retry_at_ms && !g->stopping)
		replace_worker(g);
	if (g->leave_until_ms && !g->stopping &&
	    (now >= g->leave_until_ms || pair_has_left(g->pair)))
		finish_leaving(g);
	if (g->drain_until_ms)
		on_drain_clock(g, now);
}

static void on_signal(struct guardian *g, int signal)
{
	switch (signal) {
	case SIGHUP:
		if (!g->stopping)
			reload(g);
		break;
	case SIGUSR2:
		if (g->options->keepalived)
			pair_dump(g->pair, true);
		else if (!g->stopping)
			reload(g);
		break;
	case SIGUSR1:
		if (g->options->keepalived)
			pair_dump(g->pair, false);
		else
			stop(g, SIGUSR1, 0);
		break;
	case SIGTERM:
	case SIGINT:
		stop(g, signal, g->program ? 128 + signal : 0);
		break;
	case SIGCHLD:
		reap(g);
		break;
	default:
		break;
	}
}

static void on_bell(struct guardian *g)
{
	uint64_t rings;

	if (read(g->bell, &rings, sizeof(rings)) != sizeof(rings))
		return;
	if (g->pair && pair_wants_recheck(g->pair))
		recheck(g);
	g->looked_ms = 0;
}

/* A connection that its worker has closed may still have bytes on the way: the kernel sends them
 * while the peer hands its packets to us. */
static bool goes_on(const struct guardian *g)
{
	return !g->stopping || g->worker.pid || g->n_old || g->drain_until_ms;
}

void guardian_loop(struct guardian *g)
{
	while (goes_on(g)) {
		bool ticking =
		    g->worker.pid || g->retry_at_ms || g->leave_until_ms || g->drain_until_ms;
		struct pollfd fds[2] = {{.fd = g->signals, .events = POLLIN},
					{.fd = g->bell, .events = POLLIN}};
		int signal;

		if (poll(fds, 2, ticking ? HEARTBEAT_MS : sd_notify_pause_ms()) < 0 &&
		    errno != EINTR)
			break;
		while ((signal = process_signal_next(g->signals, NULL)) > 0)
			on_signal(g, signal);
		if (fds[1].revents)
			on_bell(g);
		on_clock(g);
	}
}

bool guardian_first_worker(struct guardian *g)
{
	return new_worker(g);
}
