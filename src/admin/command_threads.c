/* SPDX-License-Identifier: MIT */
/* What each thread alone knows: its streams, pools, idle connections and times; by way of gather.h.
 */
#include "admin/gather.h"
#include "admin/stats_object.h"

#include "proxy/back.h"
#include "proxy/front.h"
#include "proxy/listener.h"
#include "proxy/steps.h"

#include "net/log_sink.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- "show sess" */
static const char *proto(const struct inet *a)
{
	return a->family == INET_V4 ? "tcpv4" : a->family == INET_V6 ? "tcpv6" : "unix_stream";
}

static const char *address(char dst[STATS_ADDRESS_BYTES], const struct inet *a)
{
	stats_address_text(dst, a);
	return dst;
}

static uint64_t age_seconds(const struct stream *s)
{
	uint64_t now = s->worker->loop.now_us;

	return now > s->start_us ? (now - s->start_us) / 1000000 : 0;
}

static void session_line(const struct stream *s, struct buffer *out)
{
	char src[STATS_ADDRESS_BYTES];
	const struct front *f = s->front_connection;

	buffer_printf(out, "%p: proto=%s src=%s fe=%s be=%s srv=%s ts=%02x epoch=0 age=%llus ",
		      (const void *)s, proto(&f->src), address(src, &f->src), s->fe->conf->name,
		      s->be ? s->be->conf->name : "<NONE>",
		      s->server ? s->server->conf->name : "<none>", s->worker->thread,
		      (unsigned long long)age_seconds(s));
	buffer_printf(out,
		      "calls=0 rate=0 cpu=0 lat=0 rq[i=%zu] rp[i=%zu] scf=[fd=%d] scb=[fd=%d] ",
		      s->front.at_hand.len, s->back.at_hand.len, f->connection.io.fd,
		      s->back_connection ? s->back_connection->connection.io.fd : -1);
	buffer_printf(out, "step=%s rc=%u\n", s->steps[s->step].name, s->attempts);
}

static const char *mode_name(const struct proxy *px)
{
	return px->conf->mode == MODE_HTTP ? "http" : "tcp";
}

static void session_details(const struct stream *s, struct buffer *out)
{
	char src[STATS_ADDRESS_BYTES], date[32];
	size_t date_len = log_date_request(date, s->start_wall_us);
	const struct front *f = s->front_connection;

	buffer_printf(out, "%p: [%.*s] id=%u proto=%s source=%s\n", (const void *)s, (int)date_len,
		      date, s->id, proto(&f->src), address(src, &f->src));
	buffer_printf(out, "  step=%s, thread=%u, attempts=%u, retries_left=%u, age=%llus\n",
		      s->steps[s->step].name, s->worker->thread, s->attempts, s->retries_left,
		      (unsigned long long)age_seconds(s));
	buffer_printf(out, "  frontend=%s (id=%u mode=%s), listener=%s\n", s->fe->conf->name,
		      s->fe->conf->id, mode_name(s->fe), f->listener->conf->word);
	if (s->be)
		buffer_printf(out, "  backend=%s (id=%u mode=%s)\n", s->be->conf->name,
			      s->be->conf->id, mode_name(s->be));
	else
		buffer_add_text(out, "  backend=<NONE> (id=-1 mode=-)\n");
	if (s->server)
		buffer_printf(out, "  server=%s (id=%u)%s\n", s->server->conf->name,
			      s->server->conf->id, s->reused ? " on a reused connection" : "");
	else
		buffer_add_text(out, "  server=<NONE> (id=-1)\n");
	buffer_printf(out, "  req: kept=%zu sent=%llu, res: kept=%zu sent=%llu\n",
		      s->front.at_hand.len, (unsigned long long)s->back.bytes_out,
		      s->back.at_hand.len, (unsigned long long)s->front.bytes_out);
}

/* g->flag: with details; g->number: this one only, 0 for all. */
static void collect_sessions(struct worker *w, const struct gather *g, struct buffer *out)
{
	struct list *node;

	LIST_EACH(node, &w->all_streams) {
		const struct stream *s = LIST_ENTRY(node, struct stream, link);

		if (g->number && g->number != (uint64_t)(uintptr_t)s)
			continue;
		if (g->flag)
			session_details(s, out);
		else
			session_line(s, out);
	}
}

static void finish_one_session(const struct gather *g, struct buffer *out)
{
	size_t before = out->len;

	for (unsigned int i = 0; i < g->n_parts; i++)
		buffer_add_span(out, buffer_span(&g->parts[i].text));
	if (out->len == before)
		buffer_add_text(out, "Session not found.\n");
}

/* The connection that asks is one of them, as with haproxy. */
static void own_line(const struct command_call *c, struct buffer *out)
{
	buffer_printf(out,
		      "%p: proto=%s src=%s fe=GLOBAL be=<NONE> srv=<none> ts=%02x epoch=0 age=0s "
		      "calls=1 rate=0 cpu=0 lat=0 rq[i=0] rp[i=0] scf=[fd=%d] scb=[fd=-1] step=cli "
		      "rc=0\n",
		      (const void *)c->session, *c->session->word == '/' ? "unix_stream" : "tcp",
		      *c->session->word == '/' ? "unix:1" : c->session->word, c->worker->thread,
		      c->session->socket);
}

static enum command_result show_sess(struct command_call *c)
{
	struct gather *g = gather_new(c, collect_sessions);
	struct span word = command_word(c, 0);
	char text[32];

	if (!g)
		return COMMAND_DONE;
	g->flag = span_equal(word, SPAN("all"));
	if (span_starts_with(word, SPAN("0x")) && word.len < sizeof(text)) {
		snprintf(text, sizeof(text), "%.*s", SPAN_ARG(word));
		g->number = strtoull(text, NULL, 16);
		g->flag = true;
		g->finish = finish_one_session;
	} else if (c->session->word) {
		own_line(c, &g->head);
	}
	return gather_post(g);
}

static const struct command command_show_sess = {.words = "show sess",
						 .args = "[<id>|all]",
						 .help = "requests and connections under way",
						 .level = BIND_LEVEL_OPERATOR,
						 .run = show_sess};
FAMILY_ADD(command, command_show_sess);

/* ---- "show pools": each thread has three */
#define POOLS 3

struct pool_use {
	const char *name;
	uint64_t size, used, kept, failed;
};

static void collect_pools(struct worker *w, const struct gather *g, struct buffer *out)
{
	const struct pool *const pools[POOLS] = {&w->fronts, &w->streams, &w->backs};

	(void)g;
	for (unsigned int i = 0; i < POOLS; i++) {
		const struct pool *p = pools[i];
		struct pool_use u = {p->name, p->size, p->used, p->kept, p->failed};

		buffer_add(out, &u, sizeof(u));
	}
}

/* The raw values of one thread; false where they could not be had. */
static bool raw(const struct gather *g, unsigned int thread, void *dst, size_t bytes)
{
	const struct buffer *b = &g->parts[thread].text;

	if (b->len != bytes)
		return false;
	memcpy(dst, b->p, bytes);
	return true;
}

static void finish_pools(const struct gather *g, struct buffer *out)
{
	struct pool_use sum[POOLS] = {0}, one[POOLS];
	uint64_t allocated = 0, used = 0;

	for (unsigned int i = 0; i < g->n_parts; i++) {
		if (!raw(g, i, one, sizeof(one)))
			continue;
		for (unsigned int j = 0; j < POOLS; j++) {
			sum[j].name = one[j].name;
			sum[j].size = one[j].size;
			sum[j].used += one[j].used;
			sum[j].kept += one[j].kept;
			sum[j].failed += one[j].failed;
		}
	}
	buffer_add_text(out, "Dumping pools usage.\n");
	for (unsigned int j = 0; j < POOLS && sum[j].name; j++) {
		uint64_t objects = sum[j].used + sum[j].kept, bytes = objects * sum[j].size;

		allocated += bytes;
		used += sum[j].used * sum[j].size;
		buffer_printf(
		    out, "  - Pool %s (%llu bytes) : %llu allocated (%llu bytes), %llu used, ",
		    sum[j].name, (unsigned long long)sum[j].size, (unsigned long long)objects,
		    (unsigned long long)bytes, (unsigned long long)sum[j].used);
		buffer_printf(out, "%llu failures\n", (unsigned long long)sum[j].failed);
	}
	buffer_printf(out, "Total: %d pools, %llu bytes allocated, %llu used.\n", POOLS,
		      (unsigned long long)allocated, (unsigned long long)used);
}

static enum command_result show_pools(struct command_call *c)
{
	struct gather *g = gather_new(c, collect_pools);

	if (!g)
		return COMMAND_DONE;
	g->finish = finish_pools;
	return gather_post(g);
}

static const struct command command_show_pools = {.words = "show pools",
						  .args = "",
						  .help = "memory of connections and streams",
						  .run = show_pools};
FAMILY_ADD(command, command_show_pools);

/* ---- "show activity", "show threads" */
struct activity {
	uint64_t turns, idle_us, busy_us, timers, clients, streams;
};

static uint64_t count(const struct list *l)
{
	const struct list *node;
	uint64_t n = 0;

	LIST_EACH(node, l)
		n++;
	return n;
}

static void collect_activity(struct worker *w, const struct gather *g, struct buffer *out)
{
	struct activity a = {.turns = w->loop.turns,
			     .idle_us = w->loop.idle_us,
			     .busy_us = w->loop.busy_us,
			     .timers = w->loop.wheel.count,
			     .clients = count(&w->sessions),
			     .streams = count(&w->all_streams)};

	(void)g;
	buffer_add(out, &a, sizeof(a));
}

static void finish_activity(const struct gather *g, struct buffer *out)
{
	static const char *const names[] = {"loops",  "poll_us", "busy_us",
					    "timers", "clients", "streams"};
	uint64_t values[array_size(names)];

	for (unsigned int k = 0; k < array_size(names); k++) {
		uint64_t sum = 0;

		for (unsigned int i = 0; i < g->n_parts; i++)
			sum += raw(g, i, values, sizeof(values)) ? values[k] : 0;
		buffer_printf(out, "%s: %llu [", names[k], (unsigned long long)sum);
		for (unsigned int i = 0; i < g->n_parts; i++)
			buffer_printf(out, " %llu",
				      raw(g, i, values, sizeof(values))
					  ? (unsigned long long)values[k]
					  : 0ull);
		buffer_add_text(out, " ]\n");
	}
}

static enum command_result show_activity(struct command_call *c)
{
	struct gather *g = gather_new(c, collect_activity);

	if (!g)
		return COMMAND_DONE;
	buffer_printf(&g->head, "thread_id: %u (1..%u)\ndate_now: %llu.%06llu\n",
		      c->worker->thread + 1, c->program->n_threads,
		      (unsigned long long)(c->worker->loop.wall_us / 1000000),
		      (unsigned long long)(c->worker->loop.wall_us % 1000000));
	g->finish = finish_activity;
	return gather_post(g);
}

static const struct command command_show_activity = {.words = "show activity",
						     .args = "",
						     .help = "turns, times and load of each thread",
						     .run = show_activity};
FAMILY_ADD(command, command_show_activity);

static void finish_threads(const struct gather *g, struct buffer *out)
{
	for (unsigned int i = 0; i < g->n_parts; i++) {
		struct activity a;

		if (!raw(g, i, &a, sizeof(a)))
			continue;
		buffer_printf(out,
			      "%c Thread %u : loops=%llu clients=%llu streams=%llu timers=%llu ",
			      g->asker->thread == i ? '*' : ' ', i + 1, (unsigned long long)a.turns,
			      (unsigned long long)a.clients, (unsigned long long)a.streams,
			      (unsigned long long)a.timers);
		buffer_printf(out, "busy=%llums idle=%llums\n",
			      (unsigned long long)a.busy_us / 1000,
			      (unsigned long long)a.idle_us / 1000);
	}
}

static enum command_result show_threads(struct command_call *c)
{
	struct gather *g = gather_new(c, collect_activity);

	if (!g)
		return COMMAND_DONE;
	g->finish = finish_threads;
	return gather_post(g);
}

static const struct command command_show_threads = {
    .words = "show threads", .args = "", .help = "what each thread has to do", .run = show_threads};
FAMILY_ADD(command, command_show_threads);

/* ---- "show servers conn" */
struct thread_pool { /* of one server in one thread */
	uint32_t idle, need;
};

static void collect_idle(struct worker *w, const struct gather *g, struct buffer *out)
{
	for (unsigned int i = 0; i < g->program->n_proxies; i++) {
		const struct proxy *px = &g->program->proxies[i];

		for (unsigned int j = 0; j < px->n_servers; j++) {
			const struct server_pool *p = &px->servers[j].pool[w->thread];
			struct thread_pool t = {p->n_idle, p->need};

			buffer_add(out, &t, sizeof(t));
		}
	}
}

static struct thread_pool thread_pool(const struct gather *g, unsigned int thread, size_t server)
{
	const struct buffer *b = &g->parts[thread].text;
	struct thread_pool t = {0};

	if ((server + 1) * sizeof(t) <= b->len)
		memcpy(&t, b->p + server * sizeof(t), sizeof(t));
	return t;
}

static void server_connections(const struct gather *g, struct server *s, size_t number,
			       struct buffer *out)
{
	char text[INET_TEXT_BYTES] = "-";
	size_t len = 1;
	struct inet a;
	struct sockaddr_storage ignored;
	uint32_t need = 0, used = atomic_load(&s->used_total), idle = atomic_load(&s->idle_total);

	(void)server_get_address(s, &ignored, &a);
	if (a.family == INET_V4 || a.family == INET_V6)
		len = inet_print(text, &a);
	for (unsigned int i = 0; i < g->n_parts; i++)
		need += thread_pool(g, i, number).need;
	buffer_printf(out, "%s/%s %u/%u %.*s %u - %u %u %u %u %u 0 %d %u", s->proxy->conf->name,
		      s->conf->name, s->proxy->conf->id, s->conf->id, (int)len, text, a.port,
		      s->conf->pool_purge_delay, used, need > used ? need : used, need, idle,
		      s->conf->pool_max_conn, idle);
	for (unsigned int i = 0; i < g->n_parts; i++)
		buffer_printf(out, " %u", thread_pool(g, i, number).idle);
	buffer_add_char(out, '\n');
}

/* g->number: index of the backend + 1, 0 for all. */
static void finish_idle(const struct gather *g, struct buffer *out)
{
	size_t number = 0;

	buffer_printf(
	    out,
	    "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est "
	    "unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[%u]\n",
	    g->n_parts);
	for (unsigned int i = 0; i < g->program->n_proxies; i++) {
		const struct proxy *px = &g->program->proxies[i];

		for (unsigned int j = 0; j < px->n_servers; j++, number++)
			if (g->number == 0 || g->number == i + 1)
				server_connections(g, &px->servers[j], number, out);
	}
}

static enum command_result show_servers_conn(struct command_call *c)
{
	struct span word = command_word(c, 0);
	const struct proxy *px = NULL;
	struct gather *g;

	if (word.len) {
		px = program_find_proxy(c->program, word, PROXY_BACKEND);
		if (!px) {
			buffer_add_text(c->out, "Can't find backend.\n");
			return COMMAND_DONE;
		}
	}
	g = gather_new(c, collect_idle);
	if (!g)
		return COMMAND_DONE;
	g->number = px ? (uint64_t)px->conf->index + 1 : 0;
	g->finish = finish_idle;
	return gather_post(g);
}

static const struct command command_show_servers_conn = {.words = "show servers conn",
							 .args = "[<backend>]",
							 .help = "connections to servers",
							 .run = show_servers_conn};
FAMILY_ADD(command, command_show_servers_conn);
