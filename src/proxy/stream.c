/* SPDX-License-Identifier: MIT */
/*
 * The engine of the steps, and a stream's birth and end. Events note what they know in the stream
 * and call stream_run; steps look at it. Bytes that the loop lent and no step took are copied
 * before stream_run returns, so that steps never care whose they are.
 */
#include "proxy/stream.h"

#include "proxy/back.h"
#include "proxy/front.h"
#include "proxy/listener.h"
#include "proxy/steps.h"

#define ARENA_BLOCK_BYTES 8192

static void on_timer(struct timer *t, uint64_t now_ms)
{
	struct stream *s = container_of(t, struct stream, timer);

	(void)now_ms;
	s->timer_expired = true;
	stream_run(s);
}

struct stream *stream_new(struct front *f)
{
	struct loop *l = f->connection.io.loop;
	struct worker *w = worker_of(l);
	struct stream *s = pool_get(&w->streams);

	if (!s)
		return NULL;
	memset(s, 0, offsetof(struct stream, arena));
	s->worker = w;
	s->front_connection = f;
	s->fe = f->listener->proxy;
	s->steps = stream_is_http(s) ? steps_http : steps_tcp;
	s->front.codec = s->back.codec = stream_is_http(s) ? &codec_h1 : &codec_raw;
	s->front.stream = s->back.stream = s;
	s->front.connection = &f->connection;
	timer_init(&s->timer, on_timer);
	s->cause = s->state = s->cookie_in = s->cookie_out = '-';
	s->replayable = true;
	s->start_us = l->now_us;
	s->start_wall_us = l->wall_us;
	s->is_first_request = f->requests == 0;
	if (!stream_is_http(s))
		s->head_us = s->start_us = f->accept_us;
	s->id = atomic_fetch_add_explicit(&w->program->next_stream_id, 1, memory_order_relaxed);
	if (w->n_arenas)
		s->arena = w->arenas[--w->n_arenas];
	else
		arena_init(&s->arena, ARENA_BLOCK_BYTES, 0);
	list_append(&w->all_streams, &s->link);
	f->stream = s;
	return s;
}

void stream_free(struct stream *s)
{
	struct worker *w = s->worker;

	CHECK(!s->back_connection && !s->holds_slot);
	step_leave_queue(s);
	timer_stop(&w->loop.wheel, &s->timer);
	endpoint_fini(&s->front);
	endpoint_fini(&s->back);
	buffer_fini(&s->replay);
	buffer_fini(&s->body);
	buffer_fini(&s->answer);
	if (w->n_arenas < WORKER_ARENAS) {
		arena_reset(&s->arena);
		w->arenas[w->n_arenas++] = s->arena;
	} else {
		arena_fini(&s->arena);
	}
	list_remove(&s->link);
	s->front_connection->stream = NULL;
	pool_put(&w->streams, s);
}

void stream_run(struct stream *s)
{
	enum step_result r;

	if (s->running)
		return;
	s->running = true;
	do {
		r = s->steps[s->step].run(s);
		if (r == STEP_NEXT)
			s->step++;
	} while (r == STEP_NEXT || r == STEP_GOTO);
	if (r == STEP_GONE)
		return;
	s->running = false;
	endpoint_keep(&s->front);
	endpoint_keep(&s->back);
}

void stream_note(struct stream *s, enum termination_cause cause, char state)
{
	if (s->cause != '-')
		return;
	s->cause = (char)cause;
	s->state = state;
}
