/* SPDX-License-Identifier: MIT */
/* What passes between the guardian's main thread and the failover thread. */
#include "app/pair.h"

#include "app/files.h"
#include "app/sd_notify.h"

#include "net/log_sink.h"
#include "net/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FACILITY_DAEMON 3
#define SYSLOG_PATH "/dev/log"

struct pair {
	struct failover *failover;
	struct failover_page *page;
	struct holdings_page *holdings;
	pid_t watcher;
	int bell;
	_Atomic bool left, recheck;
	struct log_sink syslog;
	bool console;
	const char *tag;
};

static void ring(struct pair *p)
{
	uint64_t one = 1;

	if (write(p->bell, &one, sizeof(one)) < 0)
		message_print(DIAG_WARNING, "cannot wake the guardian: %s", strerror(errno));
}

/* ---- hooks: in the failover thread */

static void on_log(void *user, enum log_level level, const char *text)
{
	struct pair *p = user;
	struct timespec ts;
	struct log_line line = {
	    .level = level, .tag = span_of(p->tag), .pid = (int)getpid(), .message = span_of(text)};

	clock_gettime(CLOCK_REALTIME, &ts);
	line.wall_us = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
	if (p->syslog.fd >= 0)
		log_sink_send(&p->syslog, &line);
	if (p->console)
		message_print(level <= LOG_LEVEL_ERR       ? DIAG_ALERT
			      : level <= LOG_LEVEL_WARNING ? DIAG_WARNING
							   : DIAG_NOTICE,
			      "%s", text);
}

static void on_holdings(void *user, const struct failover_holding *held, unsigned int n)
{
	struct pair *p = user;

	holdings_page_write(p->holdings, held, n);
}

static void on_recheck(void *user)
{
	struct pair *p = user;

	atomic_store(&p->recheck, true);
	ring(p);
}

static void on_left(void *user)
{
	struct pair *p = user;

	atomic_store(&p->left, true);
	ring(p);
}

/* ---- the guardian's side */

static void open_syslog(struct pair *p)
{
	struct address to = {.kind = ADDRESS_UNIX, .path = SYSLOG_PATH};

	p->syslog =
	    (struct log_sink){.fd = -1, .form = LOG_FORM_LOCAL, .facility = FACILITY_DAEMON};
	if (log_sink_open(&p->syslog, &to) != 0)
		p->syslog.fd = -1;
}

static struct failover *open_failover(struct pair *p, struct model_vrrp *v, const struct options *o,
				      bool has_proxy)
{
	struct failover_hooks hooks = {.user = p,
				       .log = on_log,
				       .recheck = has_proxy ? on_recheck : NULL,
				       .holdings = on_holdings,
				       .left = on_left};
	struct failover *f;
	struct diags d;

	diags_init(&d);
	f = failover_new(v, &hooks, p->page, has_proxy ? SERVICE_UNKNOWN : SERVICE_NONE, &d);
	diags_print(&d, o->quiet);
	diags_fini(&d);
	return f;
}

struct pair *pair_new(struct model_vrrp *v, const struct options *o, int bell, bool has_proxy)
{
	struct pair *p = calloc(1, sizeof(*p));

	if (!p) {
		message_print(DIAG_ALERT, "out of memory");
		return NULL;
	}
	p->bell = bell;
	p->tag = o->keepalived ? "Keepalived_vrrp" : "halb";
	p->console = !o->quiet && (!o->keepalived || o->log_console);
	p->holdings = holdings_page_new();
	p->page = failover_page_new();
	open_syslog(p);
	if (p->syslog.fd >= 0 && sd_stderr_is_journal())
		p->console = false; /* one line of each is enough */
	failover_page = p->page;
	failover_release_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->holdings && p->page && failover_release_fd >= 0)
		p->failover = open_failover(p, v, o, has_proxy);
	if (p->failover)
		return p;
	pair_free(p);
	return NULL;
}

static bool start_watcher(struct pair *p, int leash)
{
	p->watcher = watcher_start(p->holdings, leash);
	if (p->watcher > 0)
		return true;
	message_print(DIAG_ALERT, "cannot start the watcher: %s", strerror(-p->watcher));
	p->watcher = 0;
	return false;
}

bool pair_start(struct pair *p, int leash)
{
	int error;

	if (!start_watcher(p, leash))
		return false;
	error = failover_start(p->failover);
	if (error)
		message_print(DIAG_ALERT, "cannot start the failover thread: %s", strerror(-error));
	return error == 0;
}

void pair_leave_console(struct pair *p)
{
	p->console = false;
}

void pair_free(struct pair *p)
{
	if (!p)
		return;
	if (p->failover)
		failover_free(p->failover);
	if (p->watcher)
		process_end(p->watcher);
	if (p->syslog.fd >= 0)
		log_sink_close(&p->syslog);
	if (failover_release_fd >= 0)
		close(failover_release_fd);
	failover_release_fd = -1;
	failover_page = NULL;
	failover_page_free(p->page);
	holdings_page_free(p->holdings);
	free(p);
}

void pair_set_service(struct pair *p, enum service s, const char *why)
{
	failover_set_service(p->failover, s, why);
}

void pair_reload(struct pair *p, struct model_vrrp *v)
{
	failover_reload(p->failover, v);
}

void pair_leave(struct pair *p)
{
	failover_leave(p->failover);
}

bool pair_has_left(const struct pair *p)
{
	return atomic_load(&p->left);
}

unsigned int pair_held(const struct pair *p)
{
	return atomic_load(&p->page->held);
}

bool pair_wants_recheck(struct pair *p)
{
	return atomic_exchange(&p->recheck, false);
}

void pair_dump(struct pair *p, bool stats)
{
	failover_dump(p->failover, stats);
}

void pair_reap(struct pair *p, int leash)
{
	int status;

	if (!p->watcher || process_reap(p->watcher, &status) != p->watcher)
		return;
	if (WIFSTOPPED(status))
		process_end(p->watcher);
	message_print(DIAG_WARNING, "the watcher (%d) has died: there is a new one",
		      (int)p->watcher);
	start_watcher(p, leash);
}
