/* SPDX-License-Identifier: MIT */
/*
 * Which server, waiting for a slot there, and the connection to it. All picks happen under the
 * backend's lock, so that round robin is exact whichever threads ask.
 */
#include "proxy/attempt.h"
#include "proxy/back.h"
#include "proxy/front.h"
#include "proxy/pump.h"
#include "proxy/reply.h"
#include "proxy/steps.h"

#include <errno.h>

/* The key that "balance uri|url_param|hdr" hashes; p NULL where the request has none. */
static struct span hash_key(const struct stream *s, const struct model_balance *b)
{
	const struct message *m = &s->front.message;
	const struct header *h;
	unsigned int at = 0;

	switch (b->key) {
	case KEY_URI:
		return hash_key_uri(&b->uri, m->target);
	case KEY_URL_PARAM:
		return hash_key_url_param(m->target, b->name);
	case KEY_HDR:
		h = header_next_named(&m->headers, b->name, &at);
		return h ? hash_key_hdr(h->value, b->use_domain_only) : SPAN_NONE;
	default:
		return SPAN_NONE;
	}
}

static void make_hash(const struct stream *s, const struct model_balance *b,
		      struct balance_query *q)
{
	const struct inet *src = &s->front_connection->src;
	struct span key;

	if (b->key == KEY_NONE)
		return;
	if (b->key == KEY_SOURCE) {
		q->keyless = src->family != INET_V4 && src->family != INET_V6;
		q->hash = hash_key_address(b->hash, src->ip, src->family == INET_V6 ? 16 : 4);
		return;
	}
	key = hash_key(s, b);
	q->keyless = !key.p;
	if (key.p)
		q->hash = hash_key_bytes(b->hash, key);
}

/* Under the lock. */
static struct server *balance(struct stream *s)
{
	struct proxy *be = s->be;
	struct balance_query q = {.avoid = s->avoid ? &s->avoid->lb : NULL,
				  .random = random_u64(&s->worker->loop.random)};
	struct balance_server *found;

	make_hash(s, &be->conf->balance, &q);
	found = balance_pick(&be->balance, &q);
	return found ? container_of(found, struct server, lb) : NULL;
}

/* Whoever waits for it already comes first. */
static bool has_room(const struct server *srv)
{
	unsigned int limit = atomic_load_explicit(&srv->lb.limit, memory_order_relaxed);

	return !limit || (atomic_load_explicit(&srv->lb.served, memory_order_relaxed) < limit &&
			  srv->queue.length == 0);
}

/* Under the lock. */
static void take_slot(struct stream *s, struct server *srv)
{
	uint32_t served = atomic_fetch_add_explicit(&srv->lb.served, 1, memory_order_relaxed) + 1;

	s->server = srv;
	s->holds_slot = true;
	balance_load_changed(&srv->proxy->balance, &srv->lb);
	counter_max(&srv->counters.sessions_max, served);
	atomic_fetch_add_explicit(&s->be->be_served, 1, memory_order_relaxed);
}

static void on_grant(struct mail *m, struct loop *receiver)
{
	struct stream *s = container_of(m, struct stream, waiter.mail);

	(void)receiver;
	s->slot_granted = true;
	stream_run(s);
}

/* Under the lock. False where the queue is full. */
static bool enqueue(struct stream *s, struct server *srv)
{
	static const struct queue_priority normal = {0};
	struct proxy *be = s->be;
	struct queue *q = srv ? &srv->queue : &be->queue;

	s->waiter = (struct waiter){.loop = stream_loop(s)};
	s->waiter.mail.run = on_grant;
	queue_entry_init(&s->waiter.entry);
	if (queue_join(q, &s->waiter.entry, &normal, stream_loop(s)->now_ms) == QUEUE_FULL)
		return false;
	s->queued_at_server = srv != NULL;
	if (srv)
		balance_load_changed(&be->balance, &srv->lb);
	counter_max(srv ? &srv->counters.queue_max : &be->be.queue_max, q->length);
	atomic_fetch_add_explicit(&be->be_queued, 1, memory_order_relaxed);
	return true;
}

enum pick { PICK_SERVER, PICK_QUEUED, PICK_NONE };

/* It has been chosen: there, or in its queue. PICK_NONE where that is full. */
static enum pick go_to(struct stream *s, struct server *srv)
{
	if (!has_room(srv))
		return enqueue(s, srv) ? PICK_QUEUED : PICK_NONE;
	take_slot(s, srv);
	return PICK_SERVER;
}

/* A server that a cookie or a retry wants; any other one where it cannot serve. */
static enum pick pick_wanted(struct stream *s)
{
	struct server *srv = s->wanted;

	if (!server_may_persist(srv) || (srv->admin & SERVER_MAINT_ANY))
		return PICK_NONE;
	return go_to(s, srv);
}

/* It goes elsewhere than a cookie or an attempt before wanted. */
static void note_redispatch(struct stream *s)
{
	unsigned int thread = s->worker->thread;

	if (s->persisted && s->attempts == 0) {
		s->wanted->counters.thread[thread].redispatches++;
		s->be->be.thread[thread].redispatches++;
	}
	s->redispatched |= s->attempts > 0;
	s->wanted = NULL;
}

/* "option prefer-last-server": the one whose connection is at hand. */
static struct server *last_server(const struct stream *s)
{
	struct server *srv = s->front_connection->last_server;

	if (!srv || srv->proxy != s->be || !(s->be->conf->options & OPTION_PREFER_LAST_SERVER) ||
	    srv == s->avoid)
		return NULL;
	return server_usable(srv) && has_room(srv) ? srv : NULL;
}

/* Under the lock. */
static enum pick pick(struct stream *s)
{
	struct proxy *be = s->be;
	struct server *srv;
	enum pick r;

	if (s->wanted) {
		r = pick_wanted(s);
		if (r != PICK_NONE)
			return r;
		note_redispatch(s);
	}
	proxy_update_limits(be);
	/* those who wait already come first */
	srv = be->queue.length ? NULL : last_server(s);
	if (!srv && !be->queue.length)
		srv = balance(s);
	if (srv) {
		srv->counters.thread[s->worker->thread].lb_total++;
		be->be.thread[s->worker->thread].lb_total++;
		return go_to(s, srv); /* a hash gives its server even when that is full */
	}
	if (be->balance.n_active + be->balance.n_backup == 0)
		return PICK_NONE;
	return enqueue(s, NULL) ? PICK_QUEUED : PICK_NONE;
}

static enum step_result no_server(struct stream *s)
{
	s->be->be.thread[s->worker->thread].failed_connects++;
	stream_note(s, BY_SERVER, 'C');
	return reply_error(s, REPLY_503);
}

static bool client_left(const struct stream *s)
{
	return s->front.error || s->client_expired ||
	       (s->front.ended && stream_is_http(s) &&
		(s->be->conf->options & OPTION_ABORTONCLOSE));
}

static enum step_result abort_client(struct stream *s, char state)
{
	unsigned int thread = s->worker->thread;

	stream_note(s, s->client_expired ? BY_CLIENT_TIMEOUT : BY_CLIENT, state);
	s->fe->fe.thread[thread].client_aborts++;
	s->be->be.thread[thread].client_aborts++;
	return reply_abort(s);
}

enum step_result step_pick_server(struct stream *s)
{
	enum pick r;

	if (s->pausing && !s->timer_expired && !client_left(s))
		return STEP_WAIT;
	if (client_left(s))
		return abort_client(s, s->attempts ? 'C' : 'Q');
	s->pausing = false;
	s->slot_granted = false;
	pthread_spin_lock(&s->be->lock);
	r = pick(s);
	pthread_spin_unlock(&s->be->lock);
	if (r == PICK_NONE)
		return no_server(s);
	if (r == PICK_QUEUED) {
		uint32_t queue = s->be->conf->timeout.queue;

		stream_arm(s, queue ? queue : s->be->conf->timeout.connect);
		endpoint_want(&s->front); /* to learn when the client goes away */
		return STEP_NEXT;
	}
	s->slot_granted = true;
	return STEP_NEXT;
}

/* For the log: its place in the queue, counted as haproxy does. */
static void note_position(struct stream *s)
{
	if (s->queued_at_server)
		s->srv_queue += 1 + s->waiter.entry.position;
	else
		s->backend_queue += 1 + s->waiter.entry.position;
}

bool step_leave_queue(struct stream *s)
{
	struct queue *q;

	if (!s->waiter.loop)
		return true; /* it has never waited */
	pthread_spin_lock(&s->be->lock);
	q = s->waiter.entry.queue;
	queue_leave(&s->waiter.entry);
	if (q && q->server)
		balance_load_changed(&s->be->balance, q->server);
	if (q)
		atomic_fetch_sub_explicit(&s->be->be_queued, 1, memory_order_relaxed);
	pthread_spin_unlock(&s->be->lock);
	if (q)
		note_position(s);
	return q != NULL;
}

/* A slot came by mail: take over what the giver prepared. */
static void accept_grant(struct stream *s)
{
	if (!s->waiter.granted)
		return;
	s->server = s->waiter.granted;
	s->holds_slot = true;
	s->waiter.granted = NULL;
	note_position(s);
}

enum step_result step_wait_queue(struct stream *s)
{
	if (s->slot_granted) {
		accept_grant(s);
		stream_arm(s, 0);
		if (!s->queue_us)
			s->queue_us = s->worker->loop.now_us;
		return client_left(s) ? abort_client(s, 'Q') : STEP_NEXT;
	}
	if (!s->timer_expired && !client_left(s) && !s->killed)
		return STEP_WAIT;
	if (!step_leave_queue(s))
		return STEP_WAIT;
	s->queue_us = s->worker->loop.now_us;
	if (client_left(s))
		return abort_client(s, 'Q');
	if (s->killed) { /* its server went down: any other will do */
		s->killed = false;
		s->wanted = NULL;
		s->redispatched = true;
		s->step = STEP_PICK_SERVER;
		return STEP_GOTO;
	}
	s->be->be.thread[s->worker->thread].failed_connects++;
	stream_note(s, BY_SERVER_TIMEOUT, 'Q');
	return reply_error(s, REPLY_503);
}

/* "redir PREFIX": the client fetches it there itself. */
static enum step_result send_away(struct stream *s)
{
	const char *headers =
	    arena_printf(&s->arena, "cache-control: no-cache\r\nlocation: %s%.*s\r\n",
			 s->server->conf->redir, SPAN_ARG(s->front.message.target));

	stream_note(s, BY_LOCAL, 'R');
	return headers ? reply_send(s, 302, span_of(headers), SPAN_NONE)
		       : reply_error(s, REPLY_500);
}

static bool goes_away(const struct stream *s)
{
	enum http_method m = s->front.message.method;

	return s->server->conf->redir && stream_is_http(s) && (m == HTTP_GET || m == HTTP_HEAD);
}

/* Errors of connecting that say nothing of the server. */
static bool ours(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS ||
	       error == -EADDRNOTAVAIL || error == -EADDRINUSE || error == -EPERM;
}

static void count_attempt(struct stream *s)
{
	struct counter_set *set = &s->server->counters;
	struct counters *c = &set->thread[s->worker->thread];
	uint64_t now = s->worker->loop.now_ms;

	s->attempts++;
	c->sessions++;
	c->last_session_ms = now;
	rate_count(&c->session_rate, now);
	counter_max(&set->session_rate_max, rate_per_second(&c->session_rate, now));
}

static enum step_result begin_connect(struct stream *s)
{
	int error;

	if (goes_away(s))
		return send_away(s);
	count_attempt(s);
	if (stream_is_http(s) && back_reuse(s))
		return STEP_NEXT;
	s->connected = s->connect_failed = false;
	error = back_connect(s);
	if (error)
		return attempt_failed(s, ours(error) ? ATTEMPT_NO_SOCKET : ATTEMPT_REFUSED);
	attempt_start_connecting(s);
	return STEP_WAIT;
}

static enum step_result connected(struct stream *s)
{
	s->connect_us = s->worker->loop.now_us;
	stream_arm(s, 0);
	if (!s->reused && s->server->conf->send_proxy && back_send_proxy_header(s) != 0)
		return attempt_failed(s, ATTEMPT_SEND_FAILED);
	if (!s->reused)
		server_traffic_good(s->server, OBSERVE_LAYER4);
	return STEP_NEXT;
}

enum step_result step_connect(struct stream *s)
{
	if (!s->back_connection) {
		enum step_result r = begin_connect(s);

		if (r != STEP_NEXT)
			return r;
	}
	if (s->connected)
		return connected(s);
	if (s->connect_failed)
		return attempt_failed(s, ATTEMPT_REFUSED);
	if (client_left(s))
		return abort_client(s, 'C');
	if (s->killed) {
		s->killed = false;
		return attempt_failed(s, ATTEMPT_REFUSED);
	}
	if (s->timer_expired && attempt_time_is_up(s))
		return attempt_failed(s, ATTEMPT_CONNECT_TIMEOUT);
	if (attempt_should_move(s))
		return attempt_failed(s, ATTEMPT_SUSPECT);
	return STEP_WAIT;
}

/* What there is of the body goes out with the head: on another attempt, what the last server got.
 */
static enum take_result first_piece(struct stream *s, struct span *piece)
{
	if (!s->replay.len)
		return pump_take_request(s, piece);
	*piece = buffer_span(&s->replay);
	return s->front.phase == PHASE_DONE ? TAKE_LAST : TAKE_PIECE;
}

enum step_result step_send_head(struct stream *s)
{
	struct span piece;
	enum take_result r = first_piece(s, &piece);
	int error;

	if (r == TAKE_BAD) {
		s->fe->fe.thread[s->worker->thread].bad_requests++;
		stream_note(s, BY_CLIENT, 'D');
		return reply_error(s, REPLY_400);
	}
	s->back.connection_field = s->back_field;
	s->back.te_trailers = s->te_trailers;
	s->back.write_http_1_0 = s->front.message.version == HTTP_1_0;
	if (r == TAKE_LAST && s->front.chunked.trailers &&
	    h1_chunked_trailers(&s->front.chunked, &s->back.trailers, &s->arena) != 0)
		return reply_error(s, REPLY_500);
	if (s->back.codec->send_head(&s->back, &s->front.message, piece, r == TAKE_LAST, &error) ==
	    IO_FAILED) {
		endpoint_send_failed(&s->back, error);
		return attempt_failed(s, ATTEMPT_SEND_FAILED);
	}
	s->server->counters.thread[s->worker->thread].requests++;
	if (s->front.phase != PHASE_DONE)
		front_arm(s->front_connection, s->fe->conf->timeout.client);
	if (s->front.message.expect_continue)
		endpoint_want(&s->front);
	return STEP_NEXT;
}
