/* SPDX-License-Identifier: MIT */
/*
 * What the end of an attempt means. A table says for each kind how it is answered and counted;
 * whether it may be repeated is decided in one place: nothing of an answer has reached the client,
 * all of the request that was sent can be sent again, and either the server never saw it or the
 * method may be repeated (RFC 9110 section 9.2.2).
 */
#include "proxy/attempt.h"

#include "proxy/back.h"
#include "proxy/front.h"
#include "proxy/health_check.h"
#include "proxy/reply.h"
#include "proxy/steps.h"

#define RETRY_PAUSE_MS 1000   /* before the same server is tried again, as haproxy */
#define PATIENCE_FIRST_MS 100 /* of silence before a server is probed */
#define PATIENCE_NEXT_MS 50   /* then the probe's outcome is looked for this often */
#define PATIENCE_LIMIT_MS 2000

static const struct attempt_row {
	enum reply_kind reply;
	enum termination_cause cause;
	char state;
	unsigned int retry_on; /* the retry-on word that allows it for every method */
	bool untouched;        /* the server cannot have acted on the request */
	bool counts_response_error;
	enum observe_layer observe;
	const char *text;
} rows[ATTEMPTS] = {
    [ATTEMPT_REFUSED] = {REPLY_503, BY_SERVER, 'C', RETRY_CONN_FAILURE, true, false, OBSERVE_LAYER4,
			 "Connection refused"},
    [ATTEMPT_CONNECT_TIMEOUT] = {REPLY_503, BY_SERVER_TIMEOUT, 'C', RETRY_CONN_FAILURE, true, false,
				 OBSERVE_LAYER4, "Connection timed out"},
    [ATTEMPT_NO_SOCKET] = {REPLY_503, BY_RESOURCE, 'C', RETRY_CONN_FAILURE, true, false,
			   OBSERVE_NONE, NULL},
    [ATTEMPT_SEND_FAILED] = {REPLY_502, BY_SERVER, 'H', RETRY_EMPTY_RESPONSE, false, true,
			     OBSERVE_LAYER7, "Write error"},
    [ATTEMPT_EMPTY] = {REPLY_502, BY_SERVER, 'H', RETRY_EMPTY_RESPONSE, false, true, OBSERVE_LAYER7,
		       "Close from server (http)"},
    [ATTEMPT_JUNK] = {REPLY_502, BY_PROXY, 'H', RETRY_JUNK_RESPONSE, false, true, OBSERVE_LAYER7,
		      "Invalid response"},
    [ATTEMPT_SILENT] = {REPLY_504, BY_SERVER_TIMEOUT, 'H', RETRY_RESPONSE_TIMEOUT, false, true,
			OBSERVE_LAYER7, "Response timeout"},
    [ATTEMPT_STATUS] = {REPLY_502, BY_SERVER, 'H', RETRY_STATUS, false, false, OBSERVE_NONE, NULL},
    [ATTEMPT_SUSPECT] = {REPLY_504, BY_SERVER_TIMEOUT, 'H', 0, false, false, OBSERVE_NONE, NULL},
    [ATTEMPT_KILLED] = {REPLY_503, BY_DOWN, 'H', 0, false, false, OBSERVE_NONE, NULL},
    [ATTEMPT_NO_MEMORY] = {REPLY_500, BY_RESOURCE, 'H', 0, false, false, OBSERVE_NONE, NULL},
};

static bool connecting(enum attempt_end end)
{
	return end == ATTEMPT_REFUSED || end == ATTEMPT_CONNECT_TIMEOUT || end == ATTEMPT_NO_SOCKET;
}

/* Where the request may be sent once more without harm. */
static bool repeatable(const struct stream *s)
{
	return stream_is_http(s) && s->replayable &&
	       http_method_idempotent(s->front.message.method);
}

static bool may_retry(const struct stream *s, enum attempt_end end)
{
	const struct attempt_row *row = &rows[end];
	unsigned int retry_on = s->be->conf->retry_on;

	if (s->front.head_sent || s->front.error || end == ATTEMPT_NO_MEMORY)
		return false;
	if (!s->replayable)
		return false;
	if (s->reused && (end == ATTEMPT_EMPTY || end == ATTEMPT_SEND_FAILED) && s->attempts < 8)
		return repeatable(s) || end == ATTEMPT_SEND_FAILED; /* not counted: see retry */
	if (s->retries_left == 0)
		return false;
	if (row->untouched)
		return true;
	if (row->retry_on & retry_on)
		return true;
	if (end == ATTEMPT_EMPTY || end == ATTEMPT_SEND_FAILED || end == ATTEMPT_SUSPECT ||
	    end == ATTEMPT_KILLED)
		return repeatable(s);
	return false;
}

static bool other_server_usable(const struct stream *s)
{
	const struct proxy *be = s->be;

	for (unsigned int i = 0; i < be->n_servers; i++)
		if (&be->servers[i] != s->server && server_usable(&be->servers[i]) &&
		    !atomic_load_explicit(&be->servers[i].suspect, memory_order_relaxed))
			return true;
	return false;
}

/* Only "option redispatch" lets a request leave the server that was picked for it. */
static bool may_leave(const struct stream *s)
{
	return (s->be->conf->options & OPTION_REDISPATCH) != 0 && other_server_usable(s);
}

/* As haproxy: errors are those that a client gets to see, retries are counted as such. */
static void count_failure(struct stream *s, enum attempt_end end)
{
	unsigned int thread = s->worker->thread;
	struct counters *be = &s->be->be.thread[thread], *srv = &s->server->counters.thread[thread];

	if (connecting(end)) {
		be->failed_connects++;
		srv->failed_connects++;
	} else if (rows[end].counts_response_error) {
		be->failed_responses++;
		srv->failed_responses++;
	}
}

/* The server's health hears of it in any case; an idle connection that was closed says nothing
 * about it. */
static void tell_health(struct stream *s, enum attempt_end end)
{
	const struct attempt_row *row = &rows[end];

	if (row->observe != OBSERVE_NONE && !(s->reused && end == ATTEMPT_EMPTY))
		server_traffic_error(s->server, stream_loop(s), row->observe, row->text);
}

/* Back to picking a server. An idle connection that had died is nobody's fault. The failed one is
 * avoided where that is allowed; else it is tried again after a pause. */
static enum step_result retry(struct stream *s, enum attempt_end end)
{
	unsigned int thread = s->worker->thread;
	bool free_of_charge = s->reused && !connecting(end);
	bool leave = may_leave(s) && !free_of_charge;

	if (!free_of_charge)
		s->retries_left--;
	if (leave) {
		s->avoid = s->server;
		s->wanted = NULL;
		s->redispatched = true;
		s->be->be.thread[thread].redispatches++;
		s->server->counters.thread[thread].redispatches++;
	} else {
		s->wanted = s->server;
		s->be->be.thread[thread].retries++;
		s->server->counters.thread[thread].retries++;
	}
	back_release(s, false);
	endpoint_fini(&s->back);
	endpoint_init(&s->back, s, s->front.codec);
	s->request_sent = false;
	s->connected = s->connect_failed = s->timer_expired = s->killed = false;
	front_arm(s->front_connection, 0);
	s->connect_us = 0;
	s->pausing = !leave && connecting(end);
	if (s->pausing) {
		uint32_t connect = s->be->conf->timeout.connect;

		stream_arm(s, connect && connect < RETRY_PAUSE_MS ? connect : RETRY_PAUSE_MS);
	} else {
		stream_arm(s, 0);
	}
	s->step = STEP_PICK_SERVER;
	return STEP_GOTO;
}

enum step_result attempt_failed(struct stream *s, enum attempt_end end)
{
	const struct attempt_row *row = &rows[end];

	tell_health(s, end);
	if (may_retry(s, end))
		return retry(s, end);
	count_failure(s, end);
	stream_note(s, row->cause, row->state);
	return reply_error(s, row->reply);
}

bool attempt_wants_other_answer(const struct stream *s, unsigned int status)
{
	const struct model_proxy *conf = s->be->conf;
	unsigned int bit = status - 100;

	if (!(conf->retry_on & RETRY_STATUS) || status < 100 || status > 599)
		return false;
	return (conf->retry_status[bit / 64] >> (bit % 64) & 1) && may_retry(s, ATTEMPT_STATUS);
}

/* True where another server could take the request over should this one hang. */
static bool watched(const struct stream *s)
{
	return s->server->check && repeatable(s) && s->retries_left > 0 && may_leave(s);
}

static void arm(struct stream *s)
{
	uint64_t now = stream_loop(s)->now_ms, wait = UINT32_MAX;

	if (s->deadline_ms)
		wait = s->deadline_ms > now ? s->deadline_ms - now : 1;
	if (watched(s) && s->patience_ms < wait)
		wait = s->patience_ms;
	stream_arm(s, wait == UINT32_MAX ? 0 : (uint32_t)wait);
}

static void start(struct stream *s, uint32_t timeout_ms)
{
	s->deadline_ms = timeout_ms ? stream_loop(s)->now_ms + timeout_ms : 0;
	s->patience_ms = PATIENCE_FIRST_MS;
	s->probed = false;
	arm(s);
}

void attempt_start_waiting(struct stream *s)
{
	start(s, s->be->conf->timeout.server);
}

void attempt_start_connecting(struct stream *s)
{
	start(s, s->be->conf->timeout.connect);
}

bool attempt_time_is_up(struct stream *s)
{
	uint64_t now = stream_loop(s)->now_ms;

	if (s->deadline_ms && now >= s->deadline_ms)
		return true;
	s->timer_expired = false;
	if (now - atomic_load_explicit(&s->server->answered_ms, memory_order_relaxed) >=
	    PATIENCE_FIRST_MS)
		health_check_probe(s->server);
	s->patience_ms = !s->probed ? PATIENCE_NEXT_MS : s->patience_ms * 2;
	if (s->patience_ms > PATIENCE_LIMIT_MS)
		s->patience_ms = PATIENCE_LIMIT_MS;
	s->probed = true;
	arm(s);
	return false;
}

bool attempt_should_move(const struct stream *s)
{
	const struct server *srv = s->server;

	if (!s->probed)
		return false;
	if (!atomic_load_explicit(&srv->suspect, memory_order_relaxed) &&
	    atomic_load_explicit(&srv->state, memory_order_relaxed) != SERVER_STOPPED)
		return false;
	return watched(s);
}
