/* SPDX-License-Identifier: MIT */
/* Lists what there is of each family of rules, from the rows that do the work. */
#include "rule/help.h"

#include "rule/acl.h"
#include "rule/action.h"

#include <stdlib.h>

struct line {
	const char *name, *help;
};

struct lines {
	struct line *v;
	size_t n, cap;
};

static void add(struct lines *l, const char *name, const char *help)
{
	if (l->n < l->cap)
		l->v[l->n++] = (struct line){name, help};
}

static int compare(const void *a, const void *b)
{
	const struct line *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static void print(struct buffer *out, const char *family, struct lines *l)
{
	qsort(l->v, l->n, sizeof(*l->v), compare);
	for (size_t i = 0; i < l->n; i++)
		buffer_printf(out, "%-10s %-21s %s\n", family, l->v[i].name, l->v[i].help);
	l->n = 0;
}

void rule_list_families(struct buffer *out, struct arena *a)
{
	struct lines l = {.cap = 1024};

	l.v = arena_array(a, l.cap, sizeof(*l.v));
	if (!l.v)
		return;
	FAMILY_EACH(fetch, it)
		add(&l, (*it)->name, (*it)->help);
	print(out, "fetch", &l);
	FAMILY_EACH(converter, it)
		add(&l, (*it)->name, (*it)->help);
	print(out, "converter", &l);
	FAMILY_EACH(action, it)
		add(&l, (*it)->name, (*it)->help);
	print(out, "action", &l);
	FAMILY_EACH(acl_text, it)
		add(&l, (*it)->name, (*it)->text ? (*it)->help : "(not yet)");
	print(out, "acl", &l);
}
