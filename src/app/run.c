/* SPDX-License-Identifier: MIT */
/*
 * The life of a serving process. The main thread only waits for signals; worker threads serve.
 * Order matters: sockets are open before privileges go, privileges are gone before a byte of a
 * client is read.
 */
#include "app/run.h"

#include "app/files.h"

#include "admin/admin.h"

#include "config/model_vrrp.h"

#include "net/privilege.h"
#include "net/process.h"

#include "proxy/health_check.h"
#include "proxy/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define RESERVED_FILES 100 /* logs, checks, the runtime API, epoll */

static unsigned int thread_count(const struct model *m)
{
	unsigned int n = m->global.nbthread ? m->global.nbthread : process_cpus();

	return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
}

bool run_set_limits(struct model *m, const struct options *o)
{
	struct rlimit memory = {.rlim_cur = (rlim_t)o->memory_mb << 20,
				.rlim_max = (rlim_t)o->memory_mb << 20};
	unsigned long limit;

	if (o->memory_mb && setrlimit(RLIMIT_AS, &memory) != 0)
		message_print(DIAG_WARNING, "cannot limit the memory to %u MB: %s", o->memory_mb,
			      strerror(errno));
	if (m->global.ulimit_n && process_limit_files(m->global.ulimit_n) != 0)
		message_print(DIAG_WARNING,
			      "cannot raise the limit of open files to ulimit-n %u: start as root, "
			      "or lower it",
			      m->global.ulimit_n);
	if (m->global.maxconn && process_limit_files(2ul * m->global.maxconn + RESERVED_FILES) != 0)
		message_print(DIAG_WARNING,
			      "maxconn %u needs %lu open files and only %lu are allowed: raise "
			      "'ulimit -n', or lower maxconn",
			      m->global.maxconn, 2ul * m->global.maxconn + RESERVED_FILES,
			      process_file_limit());
	if (m->global.maxconn)
		return true;
	limit = process_file_limit();
	limit = limit > 3ul * RESERVED_FILES ? (limit - RESERVED_FILES) / 2 : RESERVED_FILES;
	return model_fill_limits(m, (unsigned int)limit, o->proxy_maxconn);
}

static bool make_workers(struct program *p)
{
	uint64_t seed = (uint64_t)p->start_wall_us ^ (uint64_t)p->pid << 32;

	p->workers = calloc(p->n_threads, sizeof(*p->workers));
	if (!p->workers)
		return false;
	for (unsigned int i = 0; i < p->n_threads; i++)
		if (worker_init(&p->workers[i], p, i, seed + i) != 0)
			return false;
	return health_checks_init(p) == 0;
}

struct program *run_prepare(struct model *m, struct model_vrrp *vrrp, const struct options *o,
			    struct inherited_socket *inherited, unsigned int n)
{
	struct program *p;
	struct diags d;
	bool ok;

	diags_init(&d);
	p = program_new(m, thread_count(m), &d);
	ok = p != NULL;
	if (p) {
		p->vrrp = vrrp ? model_vrrp_get(vrrp) : NULL;
		ok = listeners_open(p, inherited, n, &d) == 0;
		ok = admin_open(p, inherited, n, &d) == 0 && ok;
	}
	diags_print(&d, o->quiet);
	diags_fini(&d);
	if (ok)
		return p;
	if (p)
		run_free(p);
	return NULL;
}

void run_free(struct program *p)
{
	struct model_vrrp *vrrp = p->vrrp;

	admin_close(p);
	listeners_close(p);
	program_free(p);
	if (vrrp)
		model_vrrp_put(vrrp);
}

static bool drop_privileges(const struct model_global *g, bool confined)
{
	struct privilege want = {.chroot = g->chroot, .no_capabilities = confined};
	const char *what = "";
	int error;

	if (g->user) {
		gid_t ignored;

		want.set_user = privilege_find_user(g->user, &want.uid, &ignored) == 0;
	}
	if (g->uid >= 0) {
		want.set_user = true;
		want.uid = (uid_t)g->uid;
	}
	if (g->group)
		want.set_group = privilege_find_group(g->group, &want.gid) == 0;
	if (g->gid >= 0) {
		want.set_group = true;
		want.gid = (gid_t)g->gid;
	}
	error = privilege_drop(&want, &what);
	if (error)
		message_print(
		    DIAG_ALERT,
		    "cannot %s: %s. Start as root, or remove user, group and chroot from global.",
		    what, strerror(-error));
	return error == 0;
}

/* Where the kernel cannot, that is said, and we serve. */
static void confine(void)
{
	const char *what = "";
	int error = privilege_confine(&what);

	if (error)
		message_print(DIAG_WARNING, "the worker is less confined than it should be: %s: %s",
			      what, strerror(-error));
}

struct serving {
	struct program *program;
	int done;               /* eventfd: a worker has ended */
	int leash;              /* of struct run_care */
	bool stopping, stopped; /* softly, and at once */
	uint64_t stopping_since_ms;
	unsigned int leash_ms; /* of struct run_care */
	uint64_t let_go_ms;    /* the guardian has gone, and so it stops softly then; 0: it lives */
	bool guarded;          /* there was a guardian at the beginning */
	bool hurried;          /* it shall not stop softly then, but at once */
};

struct worker_start {
	struct worker *worker;
	int done;
};

static void *worker_thread(void *arg)
{
	struct worker_start start = *(struct worker_start *)arg;
	uint64_t one = 1;

	free(arg);
	worker_run(start.worker);
	if (write(start.done, &one, sizeof(one)) < 0)
		message_print(DIAG_ALERT, "cannot tell that a thread has ended: %s",
			      strerror(errno));
	return NULL;
}

static bool start_threads(struct program *p, int done)
{
	for (unsigned int i = 0; i < p->n_threads; i++) {
		struct worker_start *start = malloc(sizeof(*start));
		int error;

		if (!start)
			return false;
		*start = (struct worker_start){&p->workers[i], done};
		error = pthread_create(&p->workers[i].pthread, NULL, worker_thread, start);
		if (error) {
			message_print(DIAG_ALERT, "cannot start thread %u: %s", i, strerror(error));
			return false;
		}
	}
	return true;
}

static uint64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void soft_stop(struct serving *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	s->stopping_since_ms = clock_ms();
	message_print(DIAG_WARNING, "Stopping: no new connections, %u to be served to their end.",
		      atomic_load(&s->program->actconn));
	program_soft_stop(s->program);
}

/* A service manager (1) and a terminal (0: the kernel) signal a guardian and all below it at once.
 * The guardian stops us when the virtual IPs have gone (RUN_STOP_SIGNAL); without it, they have
 * when its leash lets us go. */
static void on_stop_signal(struct serving *s, pid_t from)
{
	bool to_all = s->guarded && from <= 1;

	if (to_all && !s->let_go_ms)
		return;
	if (to_all && !s->stopping)
		s->hurried = true;
	else
		program_stop_now(s->program);
}

static void on_signal(struct serving *s, int signal, pid_t from)
{
	switch (signal) {
	case SIGUSR1:
		soft_stop(s);
		break;
	case SIGTERM:
	case SIGINT:
		on_stop_signal(s, from);
		break;
	default: /* HUP, QUIT, USR2: for masters; here they must not kill */
		if (signal == RUN_STOP_SIGNAL)
			program_stop_now(s->program);
		break;
	}
}

/* How long poll may wait: until hard-stop-after is over, or the time without a guardian, or for
 * ever (-1). */
static int patience_ms(const struct serving *s)
{
	uint32_t hard_stop = s->program->model->global.hard_stop_after;
	uint64_t passed, now;

	if (s->let_go_ms && !s->stopping) {
		now = clock_ms();
		return now < s->let_go_ms ? (int)(s->let_go_ms - now) : 0;
	}
	if (!s->stopping || !hard_stop || s->stopped)
		return -1;
	passed = clock_ms() - s->stopping_since_ms;
	return passed < hard_stop ? (int)(hard_stop - passed) : 0;
}

static void on_patience_over(struct serving *s)
{
	if (!s->stopping && !s->hurried) {
		soft_stop(s);
		return;
	}
	s->stopping = s->stopped = true;
	program_stop_now(s->program);
}

/* Until all threads have ended. */
static void wait_for_end(struct serving *s, int signals)
{
	unsigned int ended = 0;

	while (ended < s->program->n_threads) {
		struct pollfd fds[3] = {{.fd = signals, .events = POLLIN},
					{.fd = s->done, .events = POLLIN},
					{.fd = s->leash, .events = POLLIN}};
		int n = poll(fds, 3, patience_ms(s));
		uint64_t count;
		int signal;
		pid_t from;

		if (n == 0)
			on_patience_over(s);
		if (fds[2].revents) { /* before the signals: they may come because of it */
			s->leash = -1;
			s->let_go_ms = clock_ms() + s->leash_ms;
		}
		while ((signal = process_signal_next(signals, &from)) > 0)
			on_signal(s, signal, from);
		if (fds[1].revents && read(s->done, &count, sizeof(count)) == sizeof(count))
			ended += (unsigned int)count;
	}
}

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (const int *v = (const int[]){SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGQUIT,
					  SIGTTIN, SIGTTOU, 0};
	     *v; v++)
		sigaddset(&set, *v);
	sigaddset(&set, RUN_STOP_SIGNAL);
	signal(SIGPIPE, SIG_IGN);
	return process_signal_fd(&set);
}

static void finish(struct program *p)
{
	for (unsigned int i = 0; i < p->n_threads; i++)
		pthread_join(p->workers[i].pthread, NULL);
	health_checks_fini(p);
	for (unsigned int i = 0; i < p->n_threads; i++)
		worker_fini(&p->workers[i]);
	free(p->workers);
	p->workers = NULL;
}

int run_serve(struct program *p, const struct run_care *care)
{
	struct serving s = {.program = p,
			    .leash = care->leash,
			    .leash_ms = care->leash_ms,
			    .guarded = care->leash >= 0};
	int signals = block_signals();

	p->pid = (int)getpid();
	s.done = eventfd(0, EFD_CLOEXEC);
	if (signals < 0 || s.done < 0 || !make_workers(p)) {
		message_print(DIAG_ALERT, "cannot start: %s", strerror(errno ? errno : ENOMEM));
		return 1;
	}
	if (!drop_privileges(&p->model->global, care->confined))
		return 1;
	if (care->detached)
		process_detach_stdio();
	if (care->confined)
		confine();
	if (!start_threads(p, s.done))
		return 1;
	if (care->on_ready)
		care->on_ready(care->user);
	wait_for_end(&s, signals);
	finish(p);
	close(s.done);
	close(signals);
	return 0;
}
