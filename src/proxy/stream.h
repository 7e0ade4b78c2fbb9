/* SPDX-License-Identifier: MIT */
/*
 * A stream: one request and its answer, or one TCP connection, from a client to a server and back.
 * steps.h is the table of what happens; stream.c the engine; every event sets what it knows and
 * calls stream_run.
 */
#ifndef PROXY_STREAM_H
#define PROXY_STREAM_H

#include "proxy/endpoint.h"
#include "proxy/server.h"
#include "proxy/worker.h"

#include "proto/h1_write.h"

#include "rule/context.h"

struct front;
struct back;
struct service;
struct stream;

enum step_result {
	STEP_NEXT, /* go on with the next step */
	STEP_GOTO, /* s->step was set */
	STEP_WAIT, /* an event will run the stream again */
	STEP_GONE, /* the stream does not exist any more */
};

struct step {
	const char *name;
	enum step_result (*run)(struct stream *s);
};

/* Who ended it, and in which state: the first two letters of haproxy's termination code. */
enum termination_cause {
	ENDED_NORMALLY = '-',
	BY_CLIENT = 'C',
	BY_SERVER = 'S',
	BY_PROXY = 'P',
	BY_LOCAL = 'L',
	BY_RESOURCE = 'R',
	BY_INTERNAL = 'I',
	BY_DOWN = 'D',
	BY_UP = 'U',
	BY_KILL = 'K',
	BY_CLIENT_TIMEOUT = 'c',
	BY_SERVER_TIMEOUT = 's'
};

struct stream {
	struct list link; /* worker->all_streams */
	struct worker *worker;
	struct front *front_connection;
	struct back *back_connection;
	struct endpoint front, back;
	const struct step *steps;
	unsigned int step;
	bool running;
	uint32_t id;

	struct proxy *fe, *be;      /* be NULL until picked */
	struct server *server;      /* the one it holds a slot of, or that served it */
	const struct server *avoid; /* failed last */
	bool holds_slot, counts_backend;
	struct waiter waiter; /* in a queue */
	bool slot_granted;    /* the waiter's mail has come */
	bool queued_at_server;
	struct timer timer; /* of the server's side: connect, queue, server, tunnel, retry pause */
	bool timer_expired, client_expired, connected, connect_failed, killed;

	/* server attempts */
	struct server *wanted; /* the one a cookie names, or that must be tried again; NULL: any */
	unsigned int retries_left, attempts;
	uint64_t deadline_ms;    /* when the timeout that runs is really over, 0: never */
	bool pausing;            /* before another try on the same server */
	uint8_t back_field;      /* enum h1_connection: what servers are told */
	bool te_trailers;        /* the client takes trailers */
	bool private_connection; /* authenticated by connection (NTLM): for this client alone */
	bool redispatched, reused, request_sent, probed;
	uint8_t interims;
	bool persisted;  /* a cookie chose the server */
	bool replayable; /* all of the request's body that was sent is in `replay` */
	struct buffer replay;
	uint64_t patience_ms; /* how long it waits before it has the server probed */

	/* answer made here */
	const struct service *service; /* NULL: none */
	struct proxy *service_proxy;   /* whose settings it has */
	struct buffer body;            /* request body for a service */
	struct buffer answer;          /* the rest of a long answer made here */
	size_t answer_sent;
	bool answered_here, close_client;

	/* cookies and captures */
	struct span capture_cookie_request, capture_cookie_response;
	struct span *request_captures, *response_captures;
	uint64_t cookie_first_s;    /* maxlife: when the client's cookie was first set */
	char cookie_in, cookie_out; /* third and fourth letters of the termination code */

	struct stream_rules *rules; /* rules.h; NULL until a rule needs it */

	/* for the log */
	char cause, state;
	bool logged, is_first_request;
	unsigned int status;
	int shown_extra;   /* for the log: what it shows of a server's head, or how many bytes more
			      than it has of an answer made   here; see step_log.c */
	uint64_t bytes_in; /* from the client: heads and bodies */
	uint32_t srv_queue, backend_queue;
	const char *pseudo_server; /* "<STATS>", … */
	int64_t start_wall_us;     /* first byte of the request */
	uint64_t start_us, head_us, queue_us, connect_us, response_us; /* loop time in microseconds,
									  0: not reached */
	uint64_t idle_ms;
	struct arena arena;
};

/* For an HTTP request (the client's bytes come with endpoint_receive) or a new TCP connection. NULL
 * when out of memory. */
struct stream *stream_new(struct front *f) must_check;
/* Runs steps until one waits or the stream is gone: do not touch it afterwards. */
void stream_run(struct stream *s);
/* Gives everything back. The client's connection stays with its front. */
void stream_free(struct stream *s);
/* What rules see of the stream now; their scratch memory is the worker's, empty. */
void stream_fill_context(struct stream *s, struct rule_context *ctx);
static inline bool stream_is_http(const struct stream *s)
{
	return s->fe->conf->mode == MODE_HTTP;
}
/* The first cause and state that are set stay. */
void stream_note(struct stream *s, enum termination_cause cause, char state);
static inline struct loop *stream_loop(const struct stream *s)
{
	return &s->worker->loop;
}
static inline void stream_arm(struct stream *s, uint32_t ms)
{
	s->timer_expired = false;
	if (ms)
		timer_set(&s->worker->loop.wheel, &s->timer, s->worker->loop.now_ms + ms);
	else
		timer_stop(&s->worker->loop.wheel, &s->timer);
}

#endif
