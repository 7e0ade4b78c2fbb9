/* SPDX-License-Identifier: MIT */
/* The end of a stream: its line in the log, its share of the counters, and what becomes of the
 * client's connection. */
#include "proxy/step_log.h"

#include "proxy/back.h"
#include "proxy/front.h"
#include "proxy/listener.h"
#include "proxy/rules.h"
#include "proxy/steps.h"

#define LOG_LINE_BYTES 8192

/* Milliseconds between two moments, -1 where the later one was not reached. */
static int64_t between(uint64_t from_us, uint64_t to_us)
{
	if (!to_us)
		return -1;
	return to_us > from_us ? (int64_t)((to_us - from_us) / 1000) : 0;
}

static void fill_times(const struct stream *s, struct log_record *r)
{
	uint64_t now = s->worker->loop.now_us;

	r->ti = (int64_t)s->idle_ms;
	r->tr_request = stream_is_http(s) ? between(s->start_us, s->head_us) : -1;
	r->tw = between(s->head_us, s->queue_us);
	r->tc = s->queue_us ? between(s->queue_us, s->connect_us) : -1;
	r->tr = s->connect_us ? between(s->connect_us, s->response_us) : -1;
	r->ta = between(s->start_us, now);
	r->tt = between(s->front_connection->accept_us, now);
	r->td = s->response_us ? between(s->response_us, now) : -1;
}

/* "GET /path HTTP/1.1" as it came, cut to tune.http.logurilen. */
static struct span request_line(const struct stream *s)
{
	const struct message *m = &s->front.message;
	struct span method = m->method_text, target = m->target;
	size_t len;

	if (!method.p)
		return SPAN_NONE;
	if (unlikely(s->rules && s->rules->method.p)) {
		method = s->rules->method;
		target = s->rules->target;
	}
	len = (size_t)(target.p + target.len - method.p) + sizeof(" HTTP/1.1") - 1;
	return span_slice(span_make(method.p, len), 0,
			  s->worker->program->model->global.tune.http_logurilen - 1);
}

static struct span server_name(const struct stream *s)
{
	if (s->pseudo_server)
		return span_of(s->pseudo_server);
	return s->server && s->attempts ? span_of(s->server->conf->name) : SPAN_NONE;
}

static void fill_names(const struct stream *s, struct log_record *r)
{
	const struct proxy *be = s->be ? s->be : s->fe;

	r->frontend = span_of(s->fe->conf->name);
	r->backend = span_of(be->conf->name);
	r->server_name = server_name(s);
	r->request_line = request_line(s);
	r->method = s->front.message.method_text;
	r->uri = s->front.message.target;
	if (unlikely(s->rules && s->rules->method.p)) {
		r->method = s->rules->method;
		r->uri = s->rules->target;
	}
	r->version = s->front.message.version == HTTP_1_0 ? SPAN("HTTP/1.0") : SPAN("HTTP/1.1");
	r->hostname = s->fe->logs.hostname;
	r->pid = s->worker->program->pid;
}

/* The size of the answer as haproxy's logs have it: the head in its own form, as the server sent
 * it, and the body without chunk framing. */
static int64_t bytes_shown(const struct stream *s)
{
	if (s->answered_here || !stream_is_http(s) || !s->front.head_sent)
		return (int64_t)s->front.bytes_out + (s->front.bytes_out ? s->shown_extra : 0);
	return s->shown_extra + (int64_t)s->back.body_bytes;
}

static void fill_counts(const struct stream *s, struct log_record *r)
{
	r->actconn = atomic_load_explicit(&s->worker->program->actconn, memory_order_relaxed);
	r->feconn = atomic_load_explicit(&s->fe->fe_connections, memory_order_relaxed);
	r->beconn = s->be ? atomic_load_explicit(&s->be->be_connections, memory_order_relaxed) : 0;
	r->srvconn = s->server && s->attempts
			 ? atomic_load_explicit(&s->server->lb.served, memory_order_relaxed)
			 : 0;
	r->retries = s->be ? s->be->conf->retries - s->retries_left : 0;
	r->redispatched = s->redispatched;
	r->srv_queue = s->srv_queue;
	r->backend_queue = s->backend_queue;
	r->bytes_to_client = bytes_shown(s);
	r->bytes_to_server = (int64_t)s->back.bytes_out;
}

/* Without a request there are none; without an answer its are empty. */
static void fill_captures(struct stream *s, struct log_record *r)
{
	const struct model_proxy *conf = s->fe->conf;

	if (!s->front.message.method_text.p)
		return;
	r->request_captures = s->request_captures;
	r->response_captures = s->response_captures;
	if (!s->response_captures && conf->n_response_captures)
		r->response_captures =
		    arena_array(&s->arena, conf->n_response_captures, sizeof(struct span));
	r->n_request_captures = r->request_captures ? conf->n_request_captures : 0;
	r->n_response_captures = r->response_captures ? conf->n_response_captures : 0;
}

void step_log_fill(struct stream *s, struct log_record *r)
{
	const struct front *f = s->front_connection;

	memset(r, 0, sizeof(*r));
	r->client = f->src;
	r->client_local = f->dst;
	if (s->server)
		r->server = s->server->address;
	r->accept_us = f->accept_wall_us;
	r->request_us = s->start_wall_us;
	fill_times(s, r);
	fill_names(s, r);
	fill_counts(s, r);
	r->status = s->status ? (int)s->status : -1;
	r->request_cookie = s->capture_cookie_request;
	r->response_cookie = s->capture_cookie_response;
	memcpy(r->termination, (char[4]){s->cause, s->state, s->cookie_in, s->cookie_out}, 4);
	fill_captures(s, r);
	if (unlikely(s->fe->conf->unique_id_format != NULL))
		r->unique_id = rules_unique_id(s);
	r->tcp = !stream_is_http(s);
	r->utc_offset_s = s->worker->utc_offset_s;
	r->log_counter = s->fe->log_counter;
	r->request_counter = s->id;
}

static bool is_normal(const struct stream *s)
{
	return s->cause == '-' && (s->status < 500 || !stream_is_http(s)) && !s->redispatched &&
	       (!s->be || s->retries_left == s->be->conf->retries);
}

/* "option dontlognull" in mode tcp: the client sent nothing, and nothing else was wrong. */
static bool is_null(const struct stream *s)
{
	return !stream_is_http(s) && (s->fe->conf->options & OPTION_DONTLOGNULL) &&
	       s->front.body_bytes == 0 && (s->cause == ENDED_NORMALLY || s->cause == BY_CLIENT);
}

static enum log_level level_of(const struct stream *s, bool normal)
{
	if (unlikely(s->rules && s->rules->log_level >= 0))
		return (enum log_level)s->rules->log_level;
	return !normal && (s->fe->conf->options & OPTION_LOG_SEPARATE_ERRORS) ? LOG_LEVEL_ERR
									      : LOG_LEVEL_INFO;
}

static void write_line(struct stream *s, bool unfinished)
{
	const struct model_proxy *conf = s->fe->conf;
	bool normal = is_normal(s);
	char bytes[LOG_LINE_BYTES];
	struct rule_context ctx;
	struct log_record r;
	struct buffer line;

	if (s->logged || s->fe->logs.n == 0 || !conf->log_format ||
	    (normal && (conf->options & OPTION_DONTLOG_NORMAL)) || is_null(s))
		return;
	if (unlikely(s->rules && s->rules->log_level == LOG_LEVEL_SILENT))
		return;
	s->logged = true;
	atomic_fetch_add_explicit(&s->fe->log_counter, 1, memory_order_relaxed);
	step_log_fill(s, &r);
	r.unfinished = unfinished;
	if (log_format_has_expressions(conf->log_format)) {
		stream_fill_context(s, &ctx);
		r.context = &ctx;
	}
	buffer_init_fixed(&line, bytes, sizeof(bytes));
	log_format_write(conf->log_format, &r, &line);
	proxy_log_line(s->worker->program, s->fe, level_of(s, normal), buffer_span(&line),
		       s->worker->loop.wall_us);
}

void step_log_soon(struct stream *s)
{
	if (s->fe->conf->options & OPTION_LOGASAP)
		write_line(s, true);
}

static void count_times(struct stream *s)
{
	unsigned int thread = s->worker->thread;
	int64_t tw = between(s->head_us, s->queue_us);
	int64_t tc = s->queue_us ? between(s->queue_us, s->connect_us) : -1;
	int64_t tr = s->connect_us ? between(s->connect_us, s->response_us) : -1;
	int64_t ta = between(s->start_us, s->worker->loop.now_us);

	counters_add_times(&s->be->be.thread[thread], tw, tc, tr, ta);
	if (s->server && s->attempts)
		counters_add_times(&s->server->counters.thread[thread], tw, tc, tr, ta);
}

static void count(struct stream *s)
{
	unsigned int thread = s->worker->thread;
	struct counters *fe = &s->fe->fe.thread[thread];
	struct counters *listener = &s->front_connection->listener->counters.thread[thread];
	struct counters *be = s->be ? &s->be->be.thread[thread] : NULL;
	struct counters *srv =
	    s->server && s->attempts ? &s->server->counters.thread[thread] : NULL;
	uint64_t in = s->bytes_in, out = s->front.bytes_out;

	fe->bytes_in += in;
	fe->bytes_out += out;
	listener->bytes_in += in;
	listener->bytes_out += out;
	if (be) {
		be->bytes_in += in;
		be->bytes_out += out;
	}
	if (srv) {
		srv->bytes_in += in;
		srv->bytes_out += out;
	}
	if (!stream_is_http(s) || !s->status)
		return;
	counters_add_status(fe, s->status);
	if (be)
		counters_add_status(be, s->status);
}

enum step_result step_log(struct stream *s)
{
	s->bytes_in = s->front.parser.at + s->front.body_bytes;
	if (stream_is_http(s) && !s->front.message.method_text.p)
		s->front.bytes_out = 0; /* as haproxy: nothing is counted where there was no request
					 */
	if (s->counts_backend)
		atomic_fetch_sub_explicit(&s->be->be_connections, 1, memory_order_relaxed);
	write_line(s, false);
	count(s);
	if (s->counts_backend)
		count_times(s);
	s->worker->totals->requests++;
	rate_count(&s->worker->totals->request_rate, s->worker->loop.now_ms);
	return STEP_NEXT;
}

/* What the client has sent beyond its request is the next one's. False when out of memory. */
static bool keep_pipelined(struct stream *s)
{
	struct front *f = s->front_connection;
	struct endpoint *e = &s->front;

	endpoint_keep(e);
	if (!e->at_hand.len)
		return !e->error;
	f->pipelined = e->kept;
	f->pipelined_from = (uint32_t)(e->at_hand.p - e->kept);
	f->pipelined_bytes = (uint32_t)e->at_hand.len;
	e->kept = NULL;
	return true;
}

enum step_result step_finish(struct stream *s)
{
	struct front *f = s->front_connection;
	enum front_end end = FRONT_KEEP;

	if (s->front.error || s->client_expired || s->killed)
		end = FRONT_CLOSE;
	else if (!stream_is_http(s) || f->ended)
		end = s->front.at_hand.len && !s->close_client ? FRONT_KEEP : FRONT_CLOSE;
	else if (s->front.phase != PHASE_DONE || (s->close_client && s->front.at_hand.len))
		end = FRONT_LINGER; /* the client is still sending: a RST would take the answer from
				       it */
	else if (s->close_client)
		end = FRONT_CLOSE;
	if (s->back_connection || s->holds_slot)
		back_release(s, false);
	if (end == FRONT_KEEP && !keep_pipelined(s))
		end = FRONT_CLOSE;
	stream_free(s);
	front_request_done(f, end);
	return STEP_GONE;
}
