/* SPDX-License-Identifier: MIT */
/*
 * Values of statistics and the table that names them: see stats_fields.h. Each function gets an
 * object of a kind that its row lists; what does not apply to this very object sets STATS_NONE.
 */
#include "admin/stats_fields.h"

#include "proxy/health_check.h"
#include "proxy/listener.h"

#include <stdio.h>

static uint32_t load(const _Atomic uint32_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static uint32_t load_counter(const _Atomic unsigned int *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

/* The counters of an object, for its highest values. */
static const struct counter_set *set_of(const struct stats_object *o)
{
	switch (o->kind) {
	case STATS_FRONTEND:
		return &o->proxy->fe;
	case STATS_BACKEND:
		return &o->proxy->be;
	case STATS_SERVER:
		return &o->server->counters;
	case STATS_LISTENER:
		break;
	}
	return &o->listener->counters;
}

static void none(struct stats_value *v)
{
	v->type = STATS_NONE;
}

static void number_or_none(struct stats_value *v, bool known, uint64_t number)
{
	v->number = number;
	if (!known)
		none(v);
}

static uint32_t average(uint64_t sum, uint64_t events)
{
	return events ? (uint32_t)((sum + events - 1) / events) : 0;
}

uint32_t stats_seconds_since(uint64_t then_ms, uint64_t now_ms)
{
	return now_ms > then_ms ? (uint32_t)((now_ms - then_ms) / 1000) : 0;
}

static void zero(const struct stats_object *o, struct stats_value *v)
{
	(void)o;
	v->number = 0;
}

static void separator(const struct stats_object *o, struct stats_value *v)
{
	(void)o;
	v->text = SPAN("-");
}

/* ---- who it is */
static void proxy_name(const struct stats_object *o, struct stats_value *v)
{
	v->text = span_of(o->proxy->conf->name);
}

static void object_name(const struct stats_object *o, struct stats_value *v)
{
	v->text = o->name;
}

static void process(const struct stats_object *o, struct stats_value *v)
{
	(void)o;
	v->number = 1;
}

static void proxy_id(const struct stats_object *o, struct stats_value *v)
{
	v->number = o->proxy->conf->id;
}

static void object_id(const struct stats_object *o, struct stats_value *v)
{
	v->number = o->id;
}

static void type(const struct stats_object *o, struct stats_value *v)
{
	v->number = o->kind;
}

static void mode(const struct stats_object *o, struct stats_value *v)
{
	v->text = o->proxy->conf->mode == MODE_HTTP ? SPAN("http") : SPAN("tcp");
}

static void algorithm(const struct stats_object *o, struct stats_value *v)
{
	v->text = span_of(o->proxy->conf->balance.method);
}

static void address(const struct stats_object *o, struct stats_value *v)
{
	const struct address *a = o->kind == STATS_LISTENER ? &o->listener->conf->address : NULL;

	if (a && a->kind != ADDRESS_INET)
		v->text = SPAN("unix");
	else
		v->text =
		    span_make(v->buffer, stats_address_text(v->buffer, a ? &a->inet : &o->address));
}

static void cookie(const struct stats_object *o, struct stats_value *v)
{
	const struct model_cookie *c = o->proxy->conf->cookie;

	v->text = o->kind == STATS_SERVER ? o->server->conf->cookie : c ? c->name : SPAN_NONE;
	if (!v->text.p)
		none(v);
}

static void tracked(const struct stats_object *o, struct stats_value *v)
{
	const struct model_server *s = o->server->conf;
	int len;

	if (!s->track) {
		none(v);
		return;
	}
	len = snprintf(v->buffer, sizeof(v->buffer), "%s/%s", s->track_proxy->name, s->track->name);
	if (len >= (int)sizeof(v->buffer))
		len = (int)sizeof(v->buffer) - 1;
	v->text = span_make(v->buffer, (size_t)len);
}

/* ---- sessions, queues, rates */
static void queue_now(const struct stats_object *o, struct stats_value *v)
{
	v->number = o->queued;
}

static void queue_max(const struct stats_object *o, struct stats_value *v)
{
	v->number = load(&set_of(o)->queue_max);
}

static void queue_limit(const struct stats_object *o, struct stats_value *v)
{
	number_or_none(v, o->server->conf->maxqueue, o->server->conf->maxqueue);
}

static void sessions_now(const struct stats_object *o, struct stats_value *v)
{
	switch (o->kind) {
	case STATS_FRONTEND:
		v->number = load(&o->proxy->fe_connections);
		break;
	case STATS_BACKEND:
		v->number = load(&o->proxy->be_connections);
		break;
	case STATS_SERVER:
		v->number = load_counter(&o->server->lb.served);
		break;
	case STATS_LISTENER:
		v->number = load(&o->listener->connections);
		break;
	}
}

static void sessions_max(const struct stats_object *o, struct stats_value *v)
{
	v->number = load(&set_of(o)->sessions_max);
}

static void sessions_limit(const struct stats_object *o, struct stats_value *v)
{
	const struct model_proxy *px = o->proxy->conf;

	switch (o->kind) {
	case STATS_FRONTEND:
		v->number = load(&o->proxy->fe_maxconn);
		break;
	case STATS_BACKEND:
		v->number = px->fullconn;
		break;
	case STATS_SERVER:
		number_or_none(v, o->maxconn, o->maxconn);
		break;
	case STATS_LISTENER:
		v->number = o->listener->conf->maxconn;
		break;
	}
}

static void session_rate(const struct stats_object *o, struct stats_value *v)
{
	v->number = o->sum.session_rate.current;
}

static void session_rate_max(const struct stats_object *o, struct stats_value *v)
{
	v->number = load(&set_of(o)->session_rate_max);
}

static void rate_limit(const struct stats_object *o, struct stats_value *v)
{
	v->number = o->proxy->conf->rate_limit_sessions;
}

static void connection_rate(const struct stats_object *o, struct stats_value *v)
{
	v->number = o->sum.connection_rate.current;
}

static void connection_rate_max(const struct stats_object *o, struct stats_value *v)
{
	v->number = load(&set_of(o)->connection_rate_max);
}

static void request_rate(const struct stats_object *o, struct stats_value *v)
{
	v->number = o->sum.request_rate.current;
}

static void request_rate_max(const struct stats_object *o, struct stats_value *v)
{
	v->number = load(&set_of(o)->request_rate_max);
}

static void requests(const struct stats_object *o, struct stats_value *v)
{
	number_or_none(v, o->kind == STATS_FRONTEND || o->proxy->conf->mode == MODE_HTTP,
		       o->sum.requests);
}

static void last_session(const struct stats_object *o, struct stats_value *v)
{
	uint64_t then = o->sum.last_session_ms;

	v->signed_number = then ? (int64_t)stats_seconds_since(then, o->now_ms) : -1;
}

/* ---- state and weight */
static void status(const struct stats_object *o, struct stats_value *v)
{
	v->text = span_of(o->status);
}

static void weight(const struct stats_object *o, struct stats_value *v)
{
	v->number = o->weight;
}

static void user_weight(const struct stats_object *o, struct stats_value *v)
{
	v->number = o->kind == STATS_SERVER ? o->user_weight : o->weight;
}

static void active(const struct stats_object *o, struct stats_value *v)
{
	v->number = o->kind == STATS_SERVER ? !o->backup : o->n_active;
}

static void backup(const struct stats_object *o, struct stats_value *v)
{
	v->number = o->kind == STATS_SERVER ? o->backup : o->n_backup;
}

static void last_change(const struct stats_object *o, struct stats_value *v)
{
	v->number = stats_seconds_since(o->last_change_ms, o->now_ms);
}

static void downtime(const struct stats_object *o, struct stats_value *v)
{
	bool known = o->kind == STATS_SERVER ? o->check.exists : o->proxy->n_servers > 0;

	number_or_none(v, known, o->down_ms / 1000);
}

static uint32_t throttle_percent(const struct stats_object *o)
{
	uint32_t full = o->user_weight;

	if (o->state != SERVER_STARTING || full == 0)
		return 100;
	return o->weight >= full ? 100 : o->weight * 100 / full;
}

static void throttle(const struct stats_object *o, struct stats_value *v)
{
	number_or_none(v, o->state == SERVER_STARTING, throttle_percent(o));
}

/* ---- checks */
static void checks_failed(const struct stats_object *o, struct stats_value *v)
{
	number_or_none(v, o->check.exists, o->sum.failed_checks);
}

static void checks_down(const struct stats_object *o, struct stats_value *v)
{
	number_or_none(v, o->kind == STATS_BACKEND || o->check.exists, o->sum.down_transitions);
}

static void check_status(const struct stats_object *o, struct stats_value *v)
{
	v->text = span_of(health_status_name(o->check.status));
	if (!o->check.exists)
		none(v);
}

static void check_code(const struct stats_object *o, struct stats_value *v)
{
	number_or_none(v,
		       o->check.exists && o->check.code && health_status_has_code(o->check.status),
		       o->check.code);
}

static void check_duration(const struct stats_object *o, struct stats_value *v)
{
	number_or_none(v, o->check.exists && o->check.status > CHECK_INI, o->check.duration_ms);
}

static void check_description(const struct stats_object *o, struct stats_value *v)
{
	v->text = span_of(health_status_text(o->check.status));
	if (!o->check.exists)
		none(v);
}

static void last_check(const struct stats_object *o, struct stats_value *v)
{
	v->text = span_of(o->check.info);
	if (!o->check.exists)
		none(v);
}

static void check_rise(const struct stats_object *o, struct stats_value *v)
{
	number_or_none(v, o->check.exists, (uint64_t)o->health.rise);
}

static void check_fall(const struct stats_object *o, struct stats_value *v)
{
	number_or_none(v, o->check.exists, (uint64_t)o->health.fall);
}

static void check_health(const struct stats_object *o, struct stats_value *v)
{
	number_or_none(v, o->check.exists, (uint64_t)o->health.value);
}

/* ---- connections to servers, times */
static void idle_now(const struct stats_object *o, struct stats_value *v)
{
	v->number = load(&o->server->idle_total);
}

static void used_now(const struct stats_object *o, struct stats_value *v)
{
	v->number = load(&o->server->used_total);
}

static void idle_limit(const struct stats_object *o, struct stats_value *v)
{
	int limit = o->server->conf->pool_max_conn;

	number_or_none(v, limit >= 0, (uint64_t)limit);
}

#define TIME(what)                                                                                 \
	static void what##_time(const struct stats_object *o, struct stats_value *v)               \
	{                                                                                          \
		v->number = average(o->sum.what##_time, o->sum.timed);                             \
	}                                                                                          \
	static void what##_time_max(const struct stats_object *o, struct stats_value *v)           \
	{                                                                                          \
		v->number = o->sum.what##_time_max;                                                \
	}

TIME(queue)
TIME(connect)
TIME(response)
TIME(total)

/* ---- HTTP/1, as haproxy's multiplexer counts it: of the clients' side and of the servers' side */
static void h1_value(const struct stats_object *o, struct stats_value *v, uint64_t front,
		     uint64_t back)
{
	v->number = o->proxy->conf->mode != MODE_HTTP ? 0
		    : o->kind == STATS_FRONTEND       ? front
						      : back;
}

static void h1_connections_now(const struct stats_object *o, struct stats_value *v)
{
	uint64_t back = 0;

	for (unsigned int i = 0; i < o->proxy->n_servers; i++)
		back +=
		    load(&o->proxy->servers[i].idle_total) + load(&o->proxy->servers[i].used_total);
	h1_value(o, v, load(&o->proxy->fe_connections), back);
}

static void h1_streams_now(const struct stats_object *o, struct stats_value *v)
{
	h1_value(o, v, load(&o->proxy->fe_connections), load(&o->proxy->be_served));
}

static void h1_connections(const struct stats_object *o, struct stats_value *v)
{
	h1_value(o, v, o->sum.connections, o->sum.connects);
}

static void h1_streams(const struct stats_object *o, struct stats_value *v)
{
	h1_value(o, v, o->sum.requests, o->sum.connects + o->sum.reuses);
}

static void h1_bytes_in(const struct stats_object *o, struct stats_value *v)
{
	h1_value(o, v, o->sum.bytes_in, o->sum.bytes_out);
}

static void h1_bytes_out(const struct stats_object *o, struct stats_value *v)
{
	h1_value(o, v, o->sum.bytes_out, o->sum.bytes_in);
}

/* ---- the table */
#define F STATS_ON_F
#define B STATS_ON_B
#define S STATS_ON_S
#define L STATS_ON_L
#define HTTP STATS_ON_HTTP
#define COUNTER(name, where, member)                                                               \
	{                                                                                          \
		name, "MCP", NULL, where, STATS_U64, offsetof(struct counters, member), NULL       \
	}

const struct stats_field stats_fields[] = {
    {"pxname", "KNS", NULL, F | B | S | L, STATS_STR, 0, proxy_name},
    {"svname", "KNS", NULL, F | B | S | L, STATS_STR, 0, object_name},
    {"qcur", "MGP", NULL, B | S, STATS_U32, 0, queue_now},
    {"qmax", "MMP", NULL, B | S, STATS_U32, 0, queue_max},
    {"scur", "MGP", NULL, F | B | S | L, STATS_U32, 0, sessions_now},
    {"smax", "MMP", NULL, F | B | S | L, STATS_U32, 0, sessions_max},
    {"slim", "CLP", NULL, F | B | S | L, STATS_U32, 0, sessions_limit},
    COUNTER("stot", F | B | S | L, sessions),
    COUNTER("bin", F | B | S | L, bytes_in),
    COUNTER("bout", F | B | S | L, bytes_out),
    COUNTER("dreq", F | B | L, denied_requests),
    COUNTER("dresp", F | B | S | L, denied_responses),
    COUNTER("ereq", F | L, bad_requests),
    COUNTER("econ", B | S, failed_connects),
    COUNTER("eresp", B | S, failed_responses),
    COUNTER("wretr", B | S, retries),
    COUNTER("wredis", B | S, redispatches),
    {"status", "SGP", NULL, F | B | S | L, STATS_STR, 0, status},
    {"weight", "MaP", NULL, B | S, STATS_U32, 0, weight},
    {"act", "SGP", "MGP", B | S, STATS_U32, 0, active},
    {"bck", "SGP", "MGP", B | S, STATS_U32, 0, backup},
    {"chkfail", "MCP", NULL, S, STATS_U64, 0, checks_failed},
    {"chkdown", "MCP", NULL, B | S, STATS_U64, 0, checks_down},
    {"lastchg", "MAP", NULL, B | S, STATS_U32, 0, last_change},
    {"downtime", "MCP", NULL, B | S, STATS_U32, 0, downtime},
    {"qlimit", "CLP", NULL, S, STATS_U32, 0, queue_limit},
    {"pid", "KGP", NULL, F | B | S | L, STATS_U32, 0, process},
    {"iid", "KGS", NULL, F | B | S | L, STATS_U32, 0, proxy_id},
    {"sid", "KGS", NULL, F | B | S | L, STATS_U32, 0, object_id},
    {"throttle", "MaP", NULL, S, STATS_U32, 0, throttle},
    COUNTER("lbtot", B | S, lb_total),
    {"tracked", "CNS", NULL, S, STATS_STR, 0, tracked},
    {"type", "CGS", NULL, F | B | S | L, STATS_U32, 0, type},
    {"rate", "MRP", "MGP", F | B | S, STATS_U32, 0, session_rate},
    {"rate_lim", "CLP", NULL, F, STATS_U32, 0, rate_limit},
    {"rate_max", "MMP", "MGP", F | B | S, STATS_U32, 0, session_rate_max},
    {"check_status", "MOP", NULL, S, STATS_STR, 0, check_status},
    {"check_code", "MOP", NULL, S, STATS_U32, 0, check_code},
    {"check_duration", "MDP", NULL, S, STATS_U64, 0, check_duration},
    COUNTER("hrsp_1xx", F | B | S | HTTP, responses[1]),
    COUNTER("hrsp_2xx", F | B | S | HTTP, responses[2]),
    COUNTER("hrsp_3xx", F | B | S | HTTP, responses[3]),
    COUNTER("hrsp_4xx", F | B | S | HTTP, responses[4]),
    COUNTER("hrsp_5xx", F | B | S | HTTP, responses[5]),
    COUNTER("hrsp_other", F | B | S | HTTP, responses[0]),
    {"hanafail", "MCP", NULL, 0, STATS_NONE, 0, NULL},
    {"req_rate", "MRP", NULL, F, STATS_U32, 0, request_rate},
    {"req_rate_max", "MMP", NULL, F, STATS_U32, 0, request_rate_max},
    {"req_tot", "MCP", NULL, F | B | S, STATS_U64, 0, requests},
    COUNTER("cli_abrt", B | S, client_aborts),
    COUNTER("srv_abrt", B | S, server_aborts),
    {"comp_in", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"comp_out", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"comp_byp", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"comp_rsp", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"lastsess", "MAP", NULL, B | S, STATS_S32, 0, last_session},
    {"last_chk", "MOP", NULL, S, STATS_STR, 0, last_check},
    {"last_agt", "MCP", NULL, 0, STATS_NONE, 0, NULL},
    {"qtime", "MaP", NULL, B | S, STATS_U32, 0, queue_time},
    {"ctime", "MaP", NULL, B | S, STATS_U32, 0, connect_time},
    {"rtime", "MaP", NULL, B | S, STATS_U32, 0, response_time},
    {"ttime", "MaP", NULL, B | S, STATS_U32, 0, total_time},
    {"agent_status", "MCP", NULL, 0, STATS_NONE, 0, NULL},
    {"agent_code", "MCP", NULL, 0, STATS_NONE, 0, NULL},
    {"agent_duration", "MCP", NULL, 0, STATS_NONE, 0, NULL},
    {"check_desc", "MOP", NULL, S, STATS_STR, 0, check_description},
    {"agent_desc", "MCP", NULL, 0, STATS_NONE, 0, NULL},
    {"check_rise", "CGS", NULL, S, STATS_U32, 0, check_rise},
    {"check_fall", "CGS", NULL, S, STATS_U32, 0, check_fall},
    {"check_health", "CGS", NULL, S, STATS_U32, 0, check_health},
    {"agent_rise", "MCP", NULL, 0, STATS_NONE, 0, NULL},
    {"agent_fall", "MCP", NULL, 0, STATS_NONE, 0, NULL},
    {"agent_health", "MCP", NULL, 0, STATS_NONE, 0, NULL},
    {"addr", "CGS", NULL, S | L, STATS_STR, 0, address},
    {"cookie", "CNS", NULL, B | S, STATS_STR, 0, cookie},
    {"mode", "CGS", NULL, F | B | S | L, STATS_STR, 0, mode},
    {"algo", "CGS", NULL, B, STATS_STR, 0, algorithm},
    {"conn_rate", "MRP", NULL, F, STATS_U32, 0, connection_rate},
    {"conn_rate_max", "MMP", NULL, F, STATS_U32, 0, connection_rate_max},
    COUNTER("conn_tot", F, connections),
    COUNTER("intercepted", F | HTTP, intercepted),
    {"dcon", "MCP", NULL, F | L, STATS_U64, 0, zero},
    {"dses", "MCP", NULL, F | L, STATS_U64, 0, zero},
    COUNTER("wrew", F | B | S | L, failed_header_rewriting),
    COUNTER("connect", B | S, connects),
    COUNTER("reuse", B | S, reuses),
    {"cache_lookups", "MCP", NULL, F | B | HTTP, STATS_U64, 0, zero},
    {"cache_hits", "MCP", NULL, F | B | HTTP, STATS_U64, 0, zero},
    {"srv_icur", "MGP", NULL, S, STATS_U32, 0, idle_now},
    {"src_ilim", "CLP", NULL, S, STATS_U32, 0, idle_limit},
    {"qtime_max", "MMP", NULL, B | S, STATS_U32, 0, queue_time_max},
    {"ctime_max", "MMP", NULL, B | S, STATS_U32, 0, connect_time_max},
    {"rtime_max", "MMP", NULL, B | S, STATS_U32, 0, response_time_max},
    {"ttime_max", "MMP", NULL, B | S, STATS_U32, 0, total_time_max},
    COUNTER("eint", F | B | S | L, internal_errors),
    {"idle_conn_cur", "MGP", NULL, S, STATS_U32, 0, idle_now},
    {"safe_conn_cur", "MGP", NULL, S, STATS_U32, 0, zero},
    {"used_conn_cur", "MGP", NULL, S, STATS_U32, 0, used_now},
    {"need_conn_est", "MGP", NULL, S, STATS_U32, 0, used_now},
    {"uweight", "MaP", NULL, B | S, STATS_U32, 0, user_weight},
    {"agg_server_status", "MGP", NULL, B, STATS_U32, 0, zero},
    {"agg_server_check_status", "MGP", NULL, B, STATS_U32, 0, zero},
    {"agg_check_status", "MGP", NULL, B, STATS_U32, 0, zero},
    {"-", "", NULL, F | B | S | L, STATS_STR, 0, separator},
    {"ssl_sess", "MCP", NULL, F | B | S | L, STATS_U64, 0, zero},
    {"ssl_reused_sess", "MCP", NULL, F | B | S | L, STATS_U64, 0, zero},
    {"ssl_failed_handshake", "MCP", NULL, F | B | S | L, STATS_U64, 0, zero},
    {"h2_headers_rcvd", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"h2_data_rcvd", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"h2_settings_rcvd", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"h2_rst_stream_rcvd", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"h2_goaway_rcvd", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"h2_detected_conn_protocol_errors", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"h2_detected_strm_protocol_errors", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"h2_rst_stream_resp", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"h2_goaway_resp", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"h2_open_connections", "MGP", NULL, F | B, STATS_U64, 0, zero},
    {"h2_backend_open_streams", "MGP", NULL, F | B, STATS_U64, 0, zero},
    {"h2_total_connections", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"h2_backend_total_streams", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"h1_open_connections", "MGP", NULL, F | B, STATS_U64, 0, h1_connections_now},
    {"h1_open_streams", "MGP", NULL, F | B, STATS_U64, 0, h1_streams_now},
    {"h1_total_connections", "MCP", NULL, F | B, STATS_U64, 0, h1_connections},
    {"h1_total_streams", "MCP", NULL, F | B, STATS_U64, 0, h1_streams},
    {"h1_bytes_in", "MCP", NULL, F | B, STATS_U64, 0, h1_bytes_in},
    {"h1_bytes_out", "MCP", NULL, F | B, STATS_U64, 0, h1_bytes_out},
    {"h1_spliced_bytes_in", "MCP", NULL, F | B, STATS_U64, 0, zero},
    {"h1_spliced_bytes_out", "MCP", NULL, F | B, STATS_U64, 0, zero},
};

const unsigned int stats_n_fields = array_size(stats_fields);

const char *stats_field_tag(const struct stats_field *f, const struct stats_object *o)
{
	return o->kind == STATS_BACKEND && f->backend_tag ? f->backend_tag : f->tag;
}

void stats_field_value(const struct stats_field *f, const struct stats_object *o,
		       struct stats_value *v)
{
	v->type = STATS_NONE;
	if (!(f->where & (1 << o->kind)))
		return;
	if ((f->where & STATS_ON_HTTP) && o->proxy->conf->mode != MODE_HTTP)
		return;
	v->type = f->type;
	if (f->value)
		f->value(o, v);
	else
		memcpy(&v->number, (const char *)&o->sum + f->counter, sizeof(v->number));
}
