/* SPDX-License-Identifier: MIT */
/*
 * The life of a model, and finding things in it. Made by config_read (reader.c); streams and the
 * boot hold references, the last one frees everything at once.
 */
#include "config/model.h"

#include "config/section_parts.h"

#include <stdatomic.h>

#define BLOCK_BYTES 32768
#define MAX_BYTES (256u << 20)

struct model *model_new(void)
{
	struct arena arena;
	struct model *m;

	arena_init(&arena, BLOCK_BYTES, MAX_BYTES);
	m = ARENA_NEW(&arena, struct model);
	if (!m)
		return NULL;
	m->arena = arena;
	atomic_init(&m->refs, 1);
	return m;
}

struct model *model_get(struct model *m)
{
	atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
	return m;
}

void model_put(struct model *m)
{
	struct arena arena;

	if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) > 1)
		return;
	config_parts_free(m);
	arena = m->arena; /* the model itself lives in it */
	arena_fini(&arena);
}

struct model_proxy *model_find_proxy(const struct model *m, struct span name, unsigned int sides)
{
	for (struct model_proxy *p = m->proxies; p; p = p->next) {
		if (p->sides & sides && span_equal(span_of(p->name), name))
			return p;
	}
	return NULL;
}

struct model_server *model_find_server(const struct model_proxy *p, struct span name)
{
	for (struct model_server *s = p->servers; s; s = s->next) {
		if (span_equal(span_of(s->name), name))
			return s;
	}
	return NULL;
}

static const unsigned int statuses[REPLY_KINDS] = {
    [REPLY_200] = 200, [REPLY_400] = 400, [REPLY_401] = 401, [REPLY_403] = 403, [REPLY_404] = 404,
    [REPLY_405] = 405, [REPLY_407] = 407, [REPLY_408] = 408, [REPLY_410] = 410, [REPLY_413] = 413,
    [REPLY_425] = 425, [REPLY_429] = 429, [REPLY_500] = 500, [REPLY_501] = 501, [REPLY_502] = 502,
    [REPLY_503] = 503, [REPLY_504] = 504,
};

unsigned int reply_status(enum reply_kind k)
{
	return k < REPLY_KINDS ? statuses[k] : 0;
}

enum reply_kind reply_of_status(unsigned int status)
{
	unsigned int k = 0;

	while (k < REPLY_KINDS && statuses[k] != status)
		k++;
	return (enum reply_kind)k;
}
