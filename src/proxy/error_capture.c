/* SPDX-License-Identifier: MIT */
/* Copies of refused messages: made where they are refused, swapped in under the proxy's lock,
 * copied out under it. */
#include "proxy/error_capture.h"

#include "proxy/front.h"

#include <stdlib.h>

static struct error_capture *make(struct stream *s, const struct endpoint *e)
{
	struct span bytes = e->partial ? span_make(e->partial, e->partial_bytes) : e->at_hand;
	size_t limit = s->worker->program->model->global.tune.bufsize;
	size_t n = bytes.len < limit ? bytes.len : limit;
	struct error_capture *c = malloc(sizeof(*c) + n);

	if (!c)
		return NULL;
	*c = (struct error_capture){
	    .number = atomic_fetch_add(&s->worker->program->errors_captured, 1),
	    .wall_us = s->worker->loop.wall_us,
	    .src = s->front_connection->src,
	    .frontend = s->fe->conf->name,
	    .backend = s->be ? s->be->conf->name : NULL,
	    .server = s->server ? s->server->conf->name : NULL,
	    .fault = h1_fault_text((enum h1_fault)e->parser.fault),
	    .at = e->parser.fault_offset,
	    .n = n,
	};
	if (n)
		memcpy(c->bytes, bytes.p, n);
	return c;
}

static void swap(struct proxy *px, struct error_capture **place, struct error_capture *c)
{
	struct error_capture *old;

	if (!c)
		return;
	pthread_spin_lock(&px->lock);
	old = *place;
	*place = c;
	pthread_spin_unlock(&px->lock);
	free(old);
}

void error_capture_request(struct stream *s)
{
	swap(s->fe, &s->fe->bad_request, make(s, &s->front));
}

void error_capture_response(struct stream *s)
{
	swap(s->be, &s->be->bad_response, make(s, &s->back));
}

struct error_capture *error_capture_get(struct proxy *px, bool response)
{
	struct error_capture **place = response ? &px->bad_response : &px->bad_request, *copy;
	size_t n = 0;

	pthread_spin_lock(&px->lock);
	n = *place ? sizeof(**place) + (*place)->n : 0;
	pthread_spin_unlock(&px->lock);
	copy = n ? malloc(n) : NULL;
	if (!copy)
		return NULL;
	pthread_spin_lock(&px->lock);
	if (sizeof(**place) + (*place)->n < n)
		n = sizeof(**place) + (*place)->n;
	memcpy(copy, *place, n);
	copy->n = n - sizeof(*copy);
	pthread_spin_unlock(&px->lock);
	return copy;
}

unsigned int error_capture_count(const struct program *p)
{
	return atomic_load(&p->errors_captured);
}

void error_capture_free_all(struct proxy *px)
{
	free(px->bad_request);
	free(px->bad_response);
}
