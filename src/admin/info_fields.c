/* SPDX-License-Identifier: MIT */
/* What "show info" tells of the process: see info_fields.h. */
#include "admin/info_fields.h"

#include "proxy/listener.h"
#include "proxy/worker.h"

#include "net/process.h"

#include <malloc.h>
#include <stdio.h>

static void name(const struct info_source *s, struct stats_value *v)
{
	v->text = strcmp(s->program->name, "haproxy") == 0 ? SPAN("HAProxy") : SPAN("halb");
}

static void version(const struct info_source *s, struct stats_value *v)
{
	v->text = span_of(s->program->version ? s->program->version : "?");
}

static void release_date(const struct info_source *s, struct stats_value *v)
{
	(void)s;
	v->text = SPAN("-");
}

static void threads(const struct info_source *s, struct stats_value *v)
{
	v->number = s->program->n_threads;
}

static void one(const struct info_source *s, struct stats_value *v)
{
	(void)s;
	v->number = 1;
}

static void pid(const struct info_source *s, struct stats_value *v)
{
	v->number = (uint64_t)s->program->pid;
}

static void uptime(const struct info_source *s, struct stats_value *v)
{
	uint32_t up = stats_seconds_since(s->program->start_ms, s->now_ms);
	int len = snprintf(v->buffer, sizeof(v->buffer), "%ud %uh%02um%02us", up / 86400,
			   up / 3600 % 24, up / 60 % 60, up % 60);

	v->text = span_make(v->buffer, (size_t)len);
}

static void uptime_seconds(const struct info_source *s, struct stats_value *v)
{
	v->number = stats_seconds_since(s->program->start_ms, s->now_ms);
}

static void memory_allocated(const struct info_source *s, struct stats_value *v)
{
	struct mallinfo2 m = mallinfo2();

	(void)s;
	v->number = m.arena + m.hblkhd;
}

static void memory_used(const struct info_source *s, struct stats_value *v)
{
	struct mallinfo2 m = mallinfo2();

	(void)s;
	v->number = m.uordblks + m.hblkhd;
}

static void memory_allocated_mb(const struct info_source *s, struct stats_value *v)
{
	memory_allocated(s, v);
	v->number >>= 20;
}

static void memory_used_mb(const struct info_source *s, struct stats_value *v)
{
	memory_used(s, v);
	v->number >>= 20;
}

static void files(const struct info_source *s, struct stats_value *v)
{
	(void)s;
	v->number = process_file_limit();
}

static void maxconn(const struct info_source *s, struct stats_value *v)
{
	v->number = atomic_load(&s->program->maxconn);
}

static void hard_maxconn(const struct info_source *s, struct stats_value *v)
{
	v->number = s->program->model->global.maxconn;
}

static void connections_now(const struct info_source *s, struct stats_value *v)
{
	v->number = atomic_load(&s->program->actconn);
}

static void connections(const struct info_source *s, struct stats_value *v)
{
	v->number = s->totals.connections;
}

static void requests(const struct info_source *s, struct stats_value *v)
{
	v->number = s->totals.requests;
}

static void connection_rate(const struct info_source *s, struct stats_value *v)
{
	v->number = s->totals.connection_rate.current;
}

static void connection_rate_limit(const struct info_source *s, struct stats_value *v)
{
	v->number = s->program->model->global.maxconnrate;
}

static void connection_rate_max(const struct info_source *s, struct stats_value *v)
{
	v->number = atomic_load(&s->program->totals.connection_rate_max);
}

static void session_rate(const struct info_source *s, struct stats_value *v)
{
	v->number = s->totals.session_rate.current;
}

static void session_rate_max(const struct info_source *s, struct stats_value *v)
{
	v->number = atomic_load(&s->program->totals.session_rate_max);
}

static void timers(const struct info_source *s, struct stats_value *v)
{
	v->number = s->worker->loop.wheel.count;
}

static void idle_percent(const struct info_source *s, struct stats_value *v)
{
	uint64_t idle = s->worker->loop.idle_us, all = idle + s->worker->loop.busy_us;

	v->number = all ? idle * 100 / all : 100;
}

static void node(const struct info_source *s, struct stats_value *v)
{
	const struct model_global *g = &s->program->model->global;

	v->text = span_of(g->node ? g->node : "");
	if (!g->node)
		v->text = span_of(s->program->host);
}

static void description(const struct info_source *s, struct stats_value *v)
{
	const char *text = s->program->model->global.description;

	v->text = span_of(text ? text : "");
}

static void stopping(const struct info_source *s, struct stats_value *v)
{
	v->number = atomic_load(&s->program->stopping);
}

static void listeners(const struct info_source *s, struct stats_value *v)
{
	v->number = 0;
	for (unsigned int i = 0; i < s->program->n_proxies; i++)
		v->number += s->program->proxies[i].n_listeners;
	for (const struct model_bind *b = s->program->model->global.stats_sockets; b; b = b->next)
		v->number++;
}

static void jobs(const struct info_source *s, struct stats_value *v)
{
	listeners(s, v);
	v->number += atomic_load(&s->program->actconn);
}

static uint64_t dropped_of(const struct log_outs *logs)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < logs->n; i++)
		n += atomic_load(&logs->v[i].sink.dropped);
	return n;
}

static void dropped_logs(const struct info_source *s, struct stats_value *v)
{
	v->number = dropped_of(&s->program->logs);
	for (unsigned int i = 0; i < s->program->n_proxies; i++)
		v->number += dropped_of(&s->program->proxies[i].logs);
}

static void bytes_out(const struct info_source *s, struct stats_value *v)
{
	v->number = s->totals.bytes_out;
}

static void start_time(const struct info_source *s, struct stats_value *v)
{
	v->number = (uint64_t)(s->program->start_wall_us / 1000000);
}

static void tainted(const struct info_source *s, struct stats_value *v)
{
	(void)s;
	v->text = SPAN("0");
}

#define STR(name, tag, fn, help)                                                                   \
	{                                                                                          \
		name, tag, help, STATS_STR, fn                                                     \
	}
#define U32(name, tag, fn, help)                                                                   \
	{                                                                                          \
		name, tag, help, STATS_U32, fn                                                     \
	}
#define U64(name, tag, fn, help)                                                                   \
	{                                                                                          \
		name, tag, help, STATS_U64, fn                                                     \
	}
#define NO_TLS "there is no TLS yet"
#define EMPTY                                                                                      \
	{                                                                                          \
		0                                                                                  \
	}

const struct info_field info_fields[] = {
    STR("Name", "POS", name, "the program"),
    STR("Version", "POS", version, "its version"),
    STR("Release_date", "POS", release_date, "not known"),
    U32("Nbthread", "CGS", threads, "threads that serve"),
    U32("Nbproc", "CGS", one, "always 1"),
    U32("Process_num", "KGP", one, "always 1"),
    U32("Pid", "SGP", pid, "process id"),
    STR("Uptime", "MDP", uptime, "since the process started"),
    U32("Uptime_sec", "MDP", uptime_seconds, "the same in seconds"),
    U32("Memmax_MB", "CLP", NULL, "limit of memory, 0 for none"),
    U32("PoolAlloc_MB", "MGP", memory_allocated_mb, "memory got from the system"),
    U32("PoolUsed_MB", "MGP", memory_used_mb, "of it, in use"),
    U32("PoolFailed", "MCP", NULL, "objects that could not be had"),
    U32("Ulimit-n", "CLP", files, "open files allowed"),
    U32("Maxsock", "CLP", files, "sockets allowed"),
    U32("Maxconn", "CLP", maxconn, "client connections allowed now"),
    U32("Hard_maxconn", "CLP", hard_maxconn, "client connections allowed by the files"),
    U32("CurrConns", "MGP", connections_now, "client connections now"),
    U32("CumConns", "MCP", connections, "client connections so far"),
    U32("CumReq", "MCP", requests, "requests so far"),
    U32("MaxSslConns", "MMP", NULL, NO_TLS),
    U32("CurrSslConns", "MGP", NULL, NO_TLS),
    U32("CumSslConns", "MCP", NULL, NO_TLS),
    U32("Maxpipes", "CLP", NULL, "pipes allowed"),
    U32("PipesUsed", "MGP", NULL, "pipes in use"),
    U32("PipesFree", "MGP", NULL, "pipes kept"),
    U32("ConnRate", "MRP", connection_rate, "client connections in the last second"),
    U32("ConnRateLimit", "CLP", connection_rate_limit, "limit of ConnRate, 0 for none"),
    U32("MaxConnRate", "MMP", connection_rate_max, "highest ConnRate"),
    U32("SessRate", "MRP", session_rate, "sessions in the last second"),
    U32("SessRateLimit", "CLP", NULL, "limit of SessRate, 0 for none"),
    U32("MaxSessRate", "MRP", session_rate_max, "highest SessRate"),
    U32("SslRate", "MRP", NULL, NO_TLS),
    U32("SslRateLimit", "CLP", NULL, NO_TLS),
    U32("MaxSslRate", "MMP", NULL, NO_TLS),
    U32("SslFrontendKeyRate", "MGP", NULL, NO_TLS),
    U32("SslFrontendMaxKeyRate", "MMP", NULL, NO_TLS),
    U32("SslFrontendSessionReuse_pct", "MGP", NULL, NO_TLS),
    U32("SslBackendKeyRate", "MRP", NULL, NO_TLS),
    U32("SslBackendMaxKeyRate", "MMP", NULL, NO_TLS),
    U32("SslCacheLookups", "MCP", NULL, NO_TLS),
    U32("SslCacheMisses", "MCP", NULL, NO_TLS),
    U32("CompressBpsIn", "MRP", NULL, "there is no compression"),
    U32("CompressBpsOut", "MRP", NULL, "there is no compression"),
    U32("CompressBpsRateLim", "CLP", NULL, "there is no compression"),
    EMPTY,
    EMPTY,
    U32("Tasks", "MGP", timers, "timers that run in this thread"),
    U32("Run_queue", "MGP", NULL, "tasks that wait for their turn"),
    U32("Idle_pct", "MaP", idle_percent, "percent of the time this thread waited"),
    STR("node", "COS", node, "global's node"),
    STR("description", "COS", description, "global's description"),
    U32("Stopping", "MGP", stopping, "1 while the process is about to end"),
    U32("Jobs", "MGP", jobs, "client connections and listeners"),
    U32("Unstoppable Jobs", "MGP", NULL, "always 0"),
    U32("Listeners", "MGP", listeners, "listening sockets"),
    U32("ActivePeers", "MGP", NULL, "there are no peers"),
    U32("ConnectedPeers", "MGP", NULL, "there are no peers"),
    U32("DroppedLogs", "MGP", dropped_logs, "log lines that nobody took"),
    U32("BusyPolling", "MGP", NULL, "threads always sleep when idle"),
    U32("FailedResolutions", "MGP", NULL, "names are looked up at start only"),
    U64("TotalBytesOut", "MGP", bytes_out, "bytes sent so far"),
    U64("TotalSplicdedBytesOut", "MGP", NULL, "of them, spliced"),
    U64("BytesOutRate", "MRP", NULL, "not measured"),
    U32("DebugCommandsIssued", "MGP", NULL, "there are no debug commands"),
    U32("CumRecvLogs", "MCP", NULL, "no logs are received"),
    STR("Build info", "POS", version, "its version"),
    U32("Memmax_bytes", "CLP", NULL, "limit of memory, 0 for none"),
    U64("PoolAlloc_bytes", "MGP", memory_allocated, "memory got from the system"),
    U64("PoolUsed_bytes", "MGP", memory_used, "of it, in use"),
    U32("Start_time_sec", "MDP", start_time, "when it started, in seconds since 1970"),
    STR("Tainted", "SGP", tainted, "always 0"),
};

const unsigned int info_n_fields = array_size(info_fields);

static void add_one(struct buffer *out, unsigned int position, const struct stats_value *v,
		    enum info_form form)
{
	const struct info_field *f = &info_fields[position];

	switch (form) {
	case INFO_PLAIN:
		buffer_printf(out, "%s: ", f->name);
		if (v->type == STATS_STR)
			buffer_add_span(out, v->text);
		else
			buffer_add_u64(out, v->number);
		buffer_add_char(out, '\n');
		break;
	case INFO_TYPED:
		buffer_printf(out, "%u.%s.1", position, f->name);
		stats_export_typed(out, f->tag, v);
		break;
	case INFO_JSON:
		buffer_add_text(out, position ? ",{" : "[{");
		stats_export_json(out, position, f->name, f->tag, v);
		break;
	}
}

void info_export(struct buffer *out, struct worker *w, enum info_form form, bool help)
{
	struct info_source s = {.program = w->program, .worker = w, .now_ms = w->loop.now_ms};

	counters_sum(&s.program->totals, s.now_ms, &s.totals);
	for (unsigned int i = 0; i < info_n_fields; i++) {
		const struct info_field *f = &info_fields[i];
		struct stats_value v = {.type = f->type};

		if (f->value)
			f->value(&s, &v);
		if (!f->name || (f->value == description && v.text.len == 0))
			continue; /* as haproxy: shown where it is set */
		add_one(out, i, &v, form);
		if (help && form != INFO_JSON && !out->failed) {
			out->len--;
			buffer_printf(out, ":\"%s\"\n", f->help);
		}
	}
	if (form == INFO_JSON)
		buffer_add_text(out, "]\n");
}
