/* SPDX-License-Identifier: MIT */
/*
 * From a model to a program: proxies with their servers, locks, queues, counters and log targets.
 * All is made here before any thread runs, and freed when all have ended; listening sockets are
 * listener.c's.
 */
#include "proxy/proxy.h"

#include "proxy/error_capture.h"
#include "proxy/health_check.h"
#include "proxy/proxy_log.h"
#include "proxy/rules.h"
#include "proxy/server_priv.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void out_of_memory(struct diags *d, const struct model_proxy *conf)
{
	diag_add(d, DIAG_ALERT, conf->file, conf->line, "out of memory for proxy '%s'.",
		 conf->name);
}

static int init_balance(struct proxy *px)
{
	const struct model_balance *conf = &px->conf->balance;
	struct balance *b = &px->balance;

	b->servers = calloc(px->n_servers ? px->n_servers : 1, sizeof(struct balance_server *));
	if (!b->servers)
		return -1;
	b->algorithm = conf->algorithm;
	b->n_servers = px->n_servers;
	b->all_backups = (px->conf->options & OPTION_ALLBACKUPS) != 0;
	b->random_draws = conf->random_draws;
	b->hash_balance_factor = conf->hash_balance_factor;
	for (unsigned int i = 0; i < px->n_servers; i++)
		b->servers[i] = &px->servers[i].lb;
	return balance_init(b) == 0 ? 0 : -1;
}

/* All servers are tried, so that all names that do not resolve are told at once. */
static int init_servers(struct proxy *px, struct diags *d)
{
	int failed = 0;

	px->servers = calloc((size_t)px->conf->n_servers + 1, sizeof(*px->servers));
	if (!px->servers) {
		out_of_memory(d, px->conf);
		return -1;
	}
	for (const struct model_server *s = px->conf->servers; s; s = s->next) {
		failed |= server_init(&px->servers[px->n_servers++], px, s, d);
	}
	return failed;
}

static int init_backend(struct proxy *px, struct diags *d)
{
	queue_init(&px->queue, NULL, NULL, 0);
	if (init_servers(px, d) != 0)
		return -1;
	if (init_balance(px) != 0) {
		out_of_memory(d, px->conf);
		return -1;
	}
	return 0;
}

static int init_proxy(struct program *p, struct proxy *px, const struct model_proxy *conf,
		      struct diags *d)
{
	const struct model_global *g = &p->model->global;

	px->conf = conf;
	px->program = p;
	px->last_change_ms = p->start_ms;
	px->up = true;
	px->fe_maxconn = conf->maxconn;
	px->logs.tag = span_of(conf->log_tag ? conf->log_tag : g->log_tag);
	px->logs.hostname = p->logs.hostname;
	CHECK(pthread_spin_init(&px->lock, PTHREAD_PROCESS_PRIVATE) == 0);
	if (counter_set_init(&px->fe, p->n_threads) != 0 ||
	    counter_set_init(&px->be, p->n_threads) != 0) {
		out_of_memory(d, conf);
		return -1;
	}
	if (log_outs_open(&px->logs, conf->logs, conf->name, d) != 0)
		return -1;
	if (conf->sides & PROXY_BACKEND)
		return init_backend(px, d);
	return 0;
}

static void fini_proxy(struct proxy *px)
{
	if (!px->program)
		return;
	if (px->balance.servers && px->balance.algorithm)
		balance_fini(&px->balance);
	free(px->balance.servers);
	for (unsigned int i = 0; i < px->n_servers; i++)
		server_fini(&px->servers[i]);
	free(px->servers);
	log_outs_close(&px->logs);
	error_capture_free_all(px);
	counter_set_fini(&px->fe);
	counter_set_fini(&px->be);
	pthread_spin_destroy(&px->lock);
}

static int init_proxies(struct program *p, struct diags *d)
{
	int failed = 0;

	for (const struct model_proxy *conf = p->model->proxies; conf; conf = conf->next) {
		CHECK(conf->index < p->n_proxies);
		failed |= init_proxy(p, &p->proxies[conf->index], conf, d);
	}
	if (failed == 0 && servers_link_tracked(p) != 0) {
		diag_add(d, DIAG_ALERT, NULL, 0, "out of memory for servers that track others.");
		failed = -1;
	}
	return failed;
}

static void take_start_time(struct program *p)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	p->start_wall_us = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	p->start_ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int init_program(struct program *p, struct diags *d)
{
	const struct model_global *g = &p->model->global;

	console_open(p);
	p->logs.tag = span_of(g->log_tag);
	p->logs.hostname = log_host_name(p, g);
	p->maxconn = g->maxconn;
	p->n_proxies = p->model->n_proxies;
	p->variables.n = p->model->rules.variables.n[VAR_PROC];
	p->variables.v = calloc((size_t)p->variables.n + 1, sizeof(*p->variables.v));
	p->proxies = calloc(p->n_proxies ? p->n_proxies : 1, sizeof(*p->proxies));
	if (!p->proxies || !p->variables.v || counter_set_init(&p->totals, p->n_threads) != 0) {
		diag_add(d, DIAG_ALERT, NULL, 0, "out of memory for %u proxies.", p->n_proxies);
		return -1;
	}
	if (log_outs_open(&p->logs, g->logs, "global", d) != 0)
		return -1;
	return init_proxies(p, d);
}

struct program *program_new(struct model *m, unsigned int n_threads, struct diags *d)
{
	struct program *p = calloc(1, sizeof(*p));

	CHECK(n_threads > 0 && n_threads <= MAX_THREADS);
	if (!p) {
		diag_add(d, DIAG_ALERT, NULL, 0, "out of memory.");
		return NULL;
	}
	p->model = model_get(m);
	p->n_threads = n_threads;
	p->name = "haproxy";
	p->version = HALB_VERSION;
	p->pid = (int)getpid();
	CHECK(pthread_spin_init(&p->variables_lock, PTHREAD_PROCESS_PRIVATE) == 0);
	take_start_time(p);
	if (init_program(p, d) == 0)
		return p;
	program_free(p);
	return NULL;
}

void program_free(struct program *p)
{
	if (!p)
		return;
	health_checks_fini(p);
	for (unsigned int i = 0; p->proxies && i < p->n_proxies; i++)
		fini_proxy(&p->proxies[i]);
	free(p->proxies);
	log_outs_close(&p->logs);
	counter_set_fini(&p->totals);
	rules_free_variables(&p->variables);
	pthread_spin_destroy(&p->variables_lock);
	model_put(p->model);
	free(p);
}

struct proxy *program_find_proxy(struct program *p, struct span name, unsigned int sides)
{
	for (unsigned int i = 0; i < p->n_proxies; i++) {
		const struct model_proxy *conf = p->proxies[i].conf;

		if ((conf->sides & sides) && span_equal(span_of(conf->name), name))
			return &p->proxies[i];
	}
	return NULL;
}

struct server *proxy_find_server(struct proxy *px, struct span name)
{
	for (unsigned int i = 0; i < px->n_servers; i++) {
		if (span_equal(span_of(px->servers[i].conf->name), name))
			return &px->servers[i];
	}
	return NULL;
}
