/* SPDX-License-Identifier: MIT */
/* Questions to all threads: see gather.h. */
#include "admin/gather.h"

#include <stdlib.h>

#define ANSWER_BYTES (256u << 20)

static void free_gather(struct gather *g)
{
	for (unsigned int i = 0; i < g->n_parts; i++)
		buffer_fini(&g->parts[i].text);
	buffer_fini(&g->head);
	list_remove(&g->link);
	free(g);
}

struct gather *gather_new(struct command_call *c,
			  void (*collect)(struct worker *w, const struct gather *g,
					  struct buffer *out))
{
	unsigned int n = c->program->n_threads;
	struct gather *g = calloc(1, sizeof(*g) + n * sizeof(g->parts[0]));

	if (!g) {
		buffer_add_text(c->out, "Out of memory.\n");
		return NULL;
	}
	g->session = c->session;
	g->program = c->program;
	g->asker = &c->worker->loop;
	g->collect = collect;
	g->n_parts = n;
	buffer_init(&g->head, 65536);
	for (unsigned int i = 0; i < n; i++) {
		g->parts[i].gather = g;
		buffer_init(&g->parts[i].text, GATHER_PART_BYTES);
	}
	list_init(&g->link);
	list_append(c->session->gathers, &g->link);
	return g;
}

static void answer(struct gather *g)
{
	struct command_session *s = g->session;
	struct buffer out;

	buffer_init(&out, ANSWER_BYTES);
	buffer_add_span(&out, buffer_span(&g->head));
	for (unsigned int i = 0; i < g->n_parts && !g->finish; i++)
		buffer_add_span(&out, buffer_span(&g->parts[i].text));
	if (g->finish)
		g->finish(g, &out);
	s->gather = NULL;
	s->answered(s, &out);
	buffer_fini(&out);
}

static void on_returned(struct mail *m, struct loop *receiver)
{
	struct gather *g = container_of(m, struct gather_part, mail)->gather;

	(void)receiver;
	if (--g->left)
		return;
	if (g->session)
		answer(g);
	free_gather(g);
}

static void on_asked(struct mail *m, struct loop *receiver)
{
	struct gather_part *part = container_of(m, struct gather_part, mail);
	struct loop *asker = part->gather->asker;

	part->gather->collect(worker_of(receiver), part->gather, &part->text);
	m->run = on_returned;
	loop_post(asker, m);
}

enum command_result gather_post(struct gather *g)
{
	unsigned int n = g->n_parts;

	g->left = n;
	g->session->gather = g;
	for (unsigned int i = 0; i < n; i++) {
		g->parts[i].mail.run = on_asked;
		loop_post(&g->program->workers[i].loop, &g->parts[i].mail);
	}
	return COMMAND_LATER;
}

void gather_forget(struct command_session *s)
{
	if (s->gather)
		s->gather->session = NULL;
	s->gather = NULL;
}

void gather_free_all(struct list *gathers)
{
	struct list *node, *tmp;

	LIST_EACH_SAFE(node, tmp, gathers)
		free_gather(LIST_ENTRY(node, struct gather, link));
}
