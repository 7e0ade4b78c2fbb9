/* SPDX-License-Identifier: MIT */
/*
 * Ids of proxies, servers and binds, as haproxy gives them: in order, each thing takes one number,
 * those that an "id" took are passed over. Statistics, consistent hashing and state files know
 * things by these numbers. Called by resolve.c.
 */
#include "config/section_core.h"

struct numbered {
	unsigned int *id; /* 0: none yet */
	const char *kind, *name, *file;
	int line;
};

struct numbers {
	struct config_reader *r;
	struct numbered *v;
	unsigned int n;
	unsigned int highest; /* of the custom ids */
};

static bool begin(struct numbers *numbers, struct config_reader *r, unsigned int n)
{
	*numbers = (struct numbers){.r = r, .v = arena_array(r->arena, n, sizeof(struct numbered))};
	if (!numbers->v)
		diag_add(r->diags, DIAG_ALERT, NULL, 0, "out of memory");
	return numbers->v != NULL;
}

static void add(struct numbers *numbers, struct numbered one)
{
	if (*one.id > numbers->highest)
		numbers->highest = *one.id;
	numbers->v[numbers->n++] = one;
}

/* The first one before `end` that has the id; `end` where there is none. */
static unsigned int find(const struct numbers *numbers, unsigned int id, unsigned int end)
{
	unsigned int i = 0;

	while (i < end && *numbers->v[i].id != id)
		i++;
	return i;
}

static void check_custom(const struct numbers *numbers)
{
	for (unsigned int i = 0; i < numbers->n && numbers->highest; i++) {
		const struct numbered *one = &numbers->v[i], *other;
		unsigned int at = *one->id ? find(numbers, *one->id, i) : i;

		if (at == i)
			continue;
		other = &numbers->v[at];
		diag_add(numbers->r->diags, DIAG_ALERT, one->file, one->line,
			 "%s %s reuses same custom id as %s %s (declared at %s:%d).", one->kind,
			 one->name, other->kind, other->name, other->file, other->line);
	}
}

static void assign(const struct numbers *numbers, unsigned int next)
{
	check_custom(numbers);
	for (unsigned int i = 0; i < numbers->n; i++, next++) {
		if (*numbers->v[i].id)
			continue;
		while (next <= numbers->highest && find(numbers, next, numbers->n) < numbers->n)
			next++;
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
