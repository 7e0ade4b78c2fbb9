/* SPDX-License-Identifier: MIT */
/*
 * A worker thread: what it owns, its turn of the janitor, and its end. It stops by itself when the
 * program is stopping and its last client has gone.
 */
#include "proxy/worker.h"

#include "proxy/back.h"
#include "proxy/front.h"
#include "proxy/health_check.h"
#include "proxy/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define MIN_SCRATCH_BYTES (32 * 1024)
#define JANITOR_MS 1000
#define KEEP_FRONTS 4096
#define KEEP_STREAMS 1024
#define KEEP_BACKS 4096

/* Daylight saving begins and ends while we run. */
static void read_utc_offset(struct worker *w)
{
	time_t now = (time_t)(w->loop.wall_us / 1000000);
	struct tm tm;

	if (localtime_r(&now, &tm))
		w->utc_offset_s = (int32_t)tm.tm_gmtoff;
}

static void on_janitor(struct timer *t, uint64_t now_ms)
{
	struct worker *w = container_of(t, struct worker, janitor);

	back_purge(w, now_ms);
	read_utc_offset(w);
	timer_set(&w->loop.wheel, t, now_ms + JANITOR_MS);
}

int worker_init(struct worker *w, struct program *p, unsigned int thread, uint64_t seed)
{
	int error;

	memset(w, 0, sizeof(*w));
	error = loop_init(&w->loop, thread, seed);
	if (error)
		return error;
	w->loop.owner = w;
	w->program = p;
	w->thread = thread;
	read_utc_offset(w);
	w->totals = &p->totals.thread[thread];
	list_init(&w->sessions);
	list_init(&w->all_streams);
	pool_init(&w->fronts, "front", sizeof(struct front), KEEP_FRONTS, 0);
	pool_init(&w->streams, "stream", sizeof(struct stream), KEEP_STREAMS, 0);
	pool_init(&w->backs, "back", sizeof(struct back), KEEP_BACKS, 0);
	timer_init(&w->janitor, on_janitor);
	w->scratch_bytes = 2 * (size_t)p->model->global.tune.bufsize + MIN_SCRATCH_BYTES;
	w->scratch = malloc(w->scratch_bytes);
	w->headers = calloc(p->model->global.tune.http_maxhdr, sizeof(*w->headers));
	w->rule_scratch.cap = 4 * (size_t)p->model->global.tune.bufsize + MIN_SCRATCH_BYTES;
	w->rule_scratch.p = malloc(w->rule_scratch.cap);
	w->rule_scratch.regex = &w->regex;
	if (w->scratch && w->headers && w->rule_scratch.p && regex_memory_init(&w->regex))
		return 0;
	worker_fini(w);
	return -ENOMEM;
}

/* At once: what clients and servers have in flight is cut. */
static void close_all(struct worker *w)
{
	struct list *node, *tmp;

	LIST_EACH_SAFE(node, tmp, &w->sessions) {
		struct front *f = LIST_ENTRY(node, struct front, link);

		if (f->stream) {
			back_release(f->stream, false);
			stream_free(f->stream);
		}
		front_close(f);
	}
	back_close_all_idle(w);
}

void worker_fini(struct worker *w)
{
	close_all(w);
	timer_stop(&w->loop.wheel, &w->janitor);
	while (w->n_arenas)
		arena_fini(&w->arenas[--w->n_arenas]);
	pool_fini(&w->fronts);
	pool_fini(&w->streams);
	pool_fini(&w->backs);
	loop_fini(&w->loop);
	free(w->scratch);
	free(w->headers);
	free(w->rule_scratch.p);
	regex_memory_fini(&w->regex);
}

void worker_run(struct worker *w)
{
	listeners_start(w);
	health_checks_start(w);
	FAMILY_EACH(worker_part, it)
		(*it)->start(w);
	timer_set(&w->loop.wheel, &w->janitor, w->loop.now_ms + JANITOR_MS);
	loop_run(&w->loop);
	FAMILY_EACH(worker_part, it)
		(*it)->stop(w);
	health_checks_stop(w);
	listeners_stop(w);
}

void worker_session_ended(struct worker *w)
{
	if (w->closing && list_empty(&w->sessions))
		loop_stop(&w->loop);
}

static void on_soft_stop(struct mail *m, struct loop *receiver)
{
	struct worker *w = worker_of(receiver);

	(void)m;
	w->closing = true;
	listeners_retire(w);
	FAMILY_EACH(worker_part, it)
		(*it)->stop(w);
	worker_session_ended(w);
}

void program_soft_stop(struct program *p)
{
	atomic_store(&p->stopping, true);
	for (unsigned int i = 0; i < p->n_threads; i++) {
		struct worker *w = &p->workers[i];

		if (atomic_exchange(&w->stop_asked, true))
			continue;
		w->stop_mail.run = on_soft_stop;
		loop_post(&w->loop, &w->stop_mail);
	}
}

static void on_stop_now(struct mail *m, struct loop *receiver)
{
	(void)m;
	loop_stop(receiver);
}

void program_stop_now(struct program *p)
{
	atomic_store(&p->stopping, true);
	for (unsigned int i = 0; i < p->n_threads; i++) {
		struct worker *w = &p->workers[i];

		if (atomic_exchange(&w->end_asked, true))
			continue;
		w->end_mail.run = on_stop_now;
		loop_post(&w->loop, &w->end_mail);
	}
}

struct kill_mail {
	struct mail mail;
	const struct server *server;
};

static void on_kill(struct mail *m, struct loop *receiver)
{
	struct kill_mail *k = container_of(m, struct kill_mail, mail);
	struct worker *w = worker_of(receiver);
	struct list *node, *tmp;

	LIST_EACH_SAFE(node, tmp, &w->all_streams) {
		struct stream *s = LIST_ENTRY(node, struct stream, link);

		if (s->server == k->server && (s->back_connection || s->holds_slot)) {
			s->killed = true;
			stream_run(s);
		}
	}
	free(k);
}

void server_kill_streams(struct server *srv)
{
	struct program *p = srv->proxy->program;

	for (unsigned int i = 0; i < p->n_threads; i++) {
		struct kill_mail *k = malloc(sizeof(*k));

		if (!k)
			return;
		k->server = srv;
		k->mail.run = on_kill;
		loop_post(&p->workers[i].loop, &k->mail);
	}
}
