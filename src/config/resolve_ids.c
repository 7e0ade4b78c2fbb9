/* SPDX-License-Identifier: MIT */
/*
 * Ids of proxies, servers and binds, as haproxy gives them: in order, each thing takes one number,
 * those that an "id" took are passed over. Statistics, consistent hashing and state files know
 * things by these numbers. Called by resolve.c.
 */
#include "config/section_core.h"

#include <stdlib.h>

struct numbered {
	unsigned int *id; /* 0: none yet */
	const char *kind, *name, *file;
	int line;
};

struct numbers {
	struct config_reader *r;
	struct numbered *v;
	unsigned int n;
	struct numbered **custom; /* those that have an id, by id and then in order */
	unsigned int n_custom;
};

static bool begin(struct numbers *numbers, struct config_reader *r, unsigned int n)
{
	*numbers = (struct numbers){.r = r,
				    .v = arena_array(r->arena, n, sizeof(struct numbered)),
				    .custom = arena_array(r->arena, n, sizeof(struct numbered *))};
	if (numbers->v && numbers->custom)
		return true;
	diag_add(r->diags, DIAG_ALERT, NULL, 0, "out of memory");
	return false;
}

static void add(struct numbers *numbers, struct numbered one)
{
	struct numbered *kept = &numbers->v[numbers->n++];

	*kept = one;
	if (*one.id)
		numbers->custom[numbers->n_custom++] = kept;
}

static int compare(const void *a, const void *b)
{
	const struct numbered *const *left = a, *const *right = b;

	if (*(*left)->id != *(*right)->id)
		return *(*left)->id < *(*right)->id ? -1 : 1;
	return (*left > *right) - (*left < *right);
}

static void check_custom(const struct numbers *numbers)
{
	for (unsigned int i = 1; i < numbers->n_custom; i++) {
		const struct numbered *one = numbers->custom[i], *other = numbers->custom[i - 1];

		if (*one->id == *other->id)
			diag_add(numbers->r->diags, DIAG_ALERT, one->file, one->line,
				 "%s %s reuses same custom id as %s %s (declared at %s:%d).",
				 one->kind, one->name, other->kind, other->name, other->file,
				 other->line);
	}
}

static void assign(const struct numbers *numbers, unsigned int next)
{
	unsigned int custom = 0;

	qsort(numbers->custom, numbers->n_custom, sizeof(struct numbered *), compare);
	check_custom(numbers);
	for (unsigned int i = 0; i < numbers->n; i++, next++) {
		if (*numbers->v[i].id)
			continue;
		for (; custom < numbers->n_custom && *numbers->custom[custom]->id <= next; custom++)
			next += *numbers->custom[custom]->id == next;
		*numbers->v[i].id = next;
	}
}

/* The number 1 is the runtime API's where there is a stats socket. */
void config_number_proxies(struct config_reader *r)
{
	struct numbers numbers;

	if (!begin(&numbers, r, r->model->n_proxies))
		return;
	for (struct model_proxy *p = r->model->proxies; p; p = p->next)
		add(&numbers,
		    (struct numbered){&p->id, config_proxy_kind(p), p->name, p->file, p->line});
	assign(&numbers, r->model->global.stats_sockets ? 2 : 1);
}

void config_number_parts(struct config_reader *r, const struct model_proxy *p)
{
	struct numbers numbers;
	unsigned int n = 0;

	for (const struct model_bind *b = p->binds; b; b = b->next)
		n++;
	if (!begin(&numbers, r, n))
		return;
	for (struct model_bind *b = p->binds; b; b = b->next)
		add(&numbers, (struct numbered){&b->id, "bind", b->word, b->file, b->line});
	assign(&numbers, 1);
	if (!begin(&numbers, r, p->n_servers))
		return;
	for (struct model_server *s = p->servers; s; s = s->next)
		add(&numbers, (struct numbered){&s->id, "server", s->name, s->file, s->line});
	assign(&numbers, 1);
}
