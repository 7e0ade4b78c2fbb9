/* SPDX-License-Identifier: MIT */
/*
 * The thread of the virtual routers: made and ended here, and told things by mail. What it does
 * with them is in router.c.
 */
#include "failover/failover.h"

#include "failover/group.h"
#include "failover/instance.h"
#include "failover/router.h"

#include "net/privilege.h"
#include "net/raw_socket.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define REALTIME_PRIORITY 10

enum request_kind {
	REQUEST_BEGIN,
	REQUEST_SERVICE,
	REQUEST_MODEL,
	REQUEST_RELEASE,
	REQUEST_LEAVE,
	REQUEST_DUMP_DATA,
	REQUEST_DUMP_STATS,
	REQUEST_QUIT
};

struct request {
	struct mail mail;
	struct failover *f;
	enum request_kind kind;
	enum service service;
	struct model_vrrp *model;
	char why[96];
};

void failover_log(const struct failover *f, enum log_level level, const char *fmt, ...)
{
	char line[640];
	va_list args;

	if (!f->hooks.log)
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	f->hooks.log(f->hooks.user, level, line);
}

/* ---- the thread */

int failover_rt_priority(const struct failover *f)
{
	int priority = f->model->global.rt_priority;

	return priority > 0 ? priority : REALTIME_PRIORITY;
}

static void be_realtime(struct failover *f)
{
	int priority = failover_rt_priority(f);
	char text[sizeof(f->page->realtime)] = "none";
	int error;

	switch (privilege_realtime(priority)) {
	case REALTIME_RR:
		snprintf(text, sizeof(text), "SCHED_RR %d", priority);
		break;
	case REALTIME_NICE:
		snprintf(text, sizeof(text), "nice -20");
		failover_log(f, LOG_LEVEL_WARNING,
			     "real-time priority is not allowed here: nice -20 instead");
		break;
	case REALTIME_NONE:
		failover_log(f, LOG_LEVEL_WARNING,
			     "neither real-time priority nor nice is allowed here: a busy machine "
			     "may look dead to its peer");
		break;
	}
	if (f->page)
		memcpy(f->page->realtime, text, sizeof(text));
	error = privilege_lock_memory();
	if (error)
		failover_log(f, LOG_LEVEL_WARNING, "memory cannot be locked: %s", strerror(-error));
}

static void *thread_main(void *arg)
{
	struct failover *f = arg;

	pthread_setname_np(pthread_self(), "halb-vrrp");
	be_realtime(f);
	if (f->page)
		atomic_store(&f->page->router_running, 1);
	loop_run(&f->loop);
	if (f->page)
		atomic_store(&f->page->router_running, 0);
	return NULL;
}

static void on_mail(struct mail *m, struct loop *receiver)
{
	struct request *r = container_of(m, struct request, mail);
	struct failover *f = r->f;

	switch (r->kind) {
	case REQUEST_BEGIN:
		router_begin(f);
		break;
	case REQUEST_SERVICE:
		router_set_service(f, r->service, r->why);
		break;
	case REQUEST_MODEL:
		reload_apply(f, r->model);
		break;
	case REQUEST_RELEASE:
		router_tell_all(f, VRRP_EVENT_RELEASE);
		break;
	case REQUEST_LEAVE:
		router_leave(f);
		break;
	case REQUEST_DUMP_DATA:
		dump_data(f);
		break;
	case REQUEST_DUMP_STATS:
		dump_stats(f);
		break;
	case REQUEST_QUIT:
		loop_stop(receiver);
		break;
	}
	free(r);
}

static struct request *request_new(struct failover *f, enum request_kind kind)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->mail.run = on_mail;
	r->f = f;
	r->kind = kind;
	return r;
}

static void ask(struct failover *f, enum request_kind kind)
{
	struct request *r = request_new(f, kind);

	if (r)
		loop_post(&f->loop, &r->mail);
}

void failover_set_service(struct failover *f, enum service s, const char *why)
{
	struct request *r = request_new(f, REQUEST_SERVICE);

	if (!r)
		return;
	r->service = s;
	snprintf(r->why, sizeof(r->why), "%s", why ? why : "");
	loop_post(&f->loop, &r->mail);
}

void failover_reload(struct failover *f, struct model_vrrp *model)
{
	struct request *r = request_new(f, REQUEST_MODEL);

	if (!r)
		return;
	r->model = model_vrrp_get(model);
	loop_post(&f->loop, &r->mail);
}

void failover_release(struct failover *f)
{
	ask(f, REQUEST_RELEASE);
}

void failover_leave(struct failover *f)
{
	ask(f, REQUEST_LEAVE);
}

void failover_dump(struct failover *f, bool stats)
{
	ask(f, stats ? REQUEST_DUMP_STATS : REQUEST_DUMP_DATA);
}

/* ---- made and ended */

static void init_lists(struct failover *f)
{
	list_init(&f->instances);
	list_init(&f->groups);
	list_init(&f->links);
	list_init(&f->receivers);
	list_init(&f->routes);
	list_init(&f->sysctls);
	router_init(f);
	f->frame_fd = -1;
	f->filter_may_stand = true;
}

static int make_instances(struct failover *f)
{
	const struct model_vrrp_instance *conf;
	unsigned int row = 0;

	for (conf = f->model->instances; conf; conf = conf->next) {
		struct instance *i = instance_new(f, f->model, conf);

		if (!i)
			return -ENOMEM;
		i->row = row++;
		list_append(&f->instances, &i->link);
	}
	if (f->page)
		atomic_store(&f->page->n_rows, row < STATUS_MAX_ROWS ? row : STATUS_MAX_ROWS);
	return group_configure(f);
}

static int make(struct failover *f, const char **what)
{
	uint64_t seed = 0;
	int error;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uint64_t)getpid();
	*what = "an event loop";
	error = loop_init(&f->loop, 0, seed);
	if (error)
		return error;
	*what = "a netlink socket";
	error = world_init(f);
	if (error)
		return error;
	*what = "a packet socket (VRRP needs CAP_NET_RAW and CAP_NET_ADMIN)";
	f->frame_fd = raw_frame_socket();
	if (f->frame_fd < 0)
		return f->frame_fd;
	*what = "memory for its instances";
	f->begin = request_new(f, REQUEST_BEGIN);
	f->quit = request_new(f, REQUEST_QUIT);
	if (!f->begin || !f->quit)
		return -ENOMEM;
	return make_instances(f);
}

struct failover *failover_new(struct model_vrrp *model, const struct failover_hooks *hooks,
			      struct failover_page *page, enum service service, struct diags *d)
{
	struct failover *f = calloc(1, sizeof(*f));
	const char *what = "memory";
	int error = -ENOMEM;

	if (f) {
		init_lists(f);
		f->hooks = *hooks;
		f->page = page;
		f->service = service;
		f->model = model_vrrp_get(model);
		error = make(f, &what);
	}
	if (!error)
		return f;
	diag_add(d, DIAG_ALERT, NULL, 0, "VRRP cannot have %s: %s.", what, strerror(-error));
	failover_free(f);
	return NULL;
}

int failover_start(struct failover *f)
{
	sigset_t all, before;
	int error;

	CHECK(!f->running && f->begin);
	router_watch_releases(f);
	loop_post(&f->loop, &f->begin->mail);
	f->begin = NULL;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&f->thread, NULL, thread_main, f);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	f->running = error == 0;
	return -error;
}

void failover_free(struct failover *f)
{
	if (!f)
		return;
	if (f->running) {
		loop_post(&f->loop, &f->quit->mail);
		f->quit = NULL;
		pthread_join(f->thread, NULL);
	}
	router_fini(f);
	if (f->frame_fd >= 0)
		close(f->frame_fd);
	world_fini(f);
	free(f->begin);
	free(f->quit);
	loop_fini(&f->loop);
	if (f->page)
		atomic_store(&f->page->n_rows, 0);
	model_vrrp_put(f->model);
	free(f);
}
