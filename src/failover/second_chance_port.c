/* SPDX-License-Identifier: MIT */
/*
 * The links that the program hangs on, and the addresses of each instance on each of them: made
 * when they are used first, gone when a round of looking has not used them.
 */
#include "failover/second_chance_priv.h"

#include "net/netlink_tc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- links */

static struct chance_port *find_port(const struct second_chance *s, const struct link *l)
{
	struct list *node;

	LIST_EACH(node, &s->ports) {
		struct chance_port *p = LIST_ENTRY(node, struct chance_port, link);

		if (p->on == l)
			return p;
	}
	return NULL;
}

static void port_leave(struct chance_port *p)
{
	int error = 0;

	if (p->io.loop)
		io_close(&p->io);
	p->io.loop = NULL;
	if (p->attached && p->on->index == p->index)
		error = netlink_tc_detach(p->owner->f->netlink, p->index);
	if (error && error != -ENODEV)
		failover_log(p->owner->f, LOG_LEVEL_WARNING, "second chance: cannot leave %s: %s",
			     p->on->name, strerror(-error));
	p->attached = false;
	p->index = 0;
}

static void port_join(struct chance_port *p)
{
	struct second_chance *s = p->owner;
	int error;

	if (p->index == p->on->index)
		return;
	port_leave(p);
	p->index = p->on->index;
	error = chance_port_listen(p);
	if (!error && !s->off) {
		error = netlink_tc_attach(s->f->netlink, p->index, s->program, CHANCE_PROGRAM);
		p->attached = error == 0;
	}
	if (error)
		failover_log(s->f, LOG_LEVEL_WARNING, "second chance: nothing on %s: %s",
			     p->on->name, strerror(-error));
}

static struct chance_port *port_of(struct second_chance *s, struct link *l)
{
	struct chance_port *p = find_port(s, l);

	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			return NULL;
		p->owner = s;
		p->on = l;
		list_append(&s->ports, &p->link);
	}
	p->used = true;
	port_join(p);
	return p;
}

/* ---- the addresses of an instance on a port */

static struct chance *find(const struct second_chance *s, const struct instance *i,
			   const struct chance_port *p)
{
	struct list *node;

	LIST_EACH(node, &s->chances) {
		struct chance *c = LIST_ENTRY(node, struct chance, link);

		if (c->instance == i && c->port == p)
			return c;
	}
	return NULL;
}

void chance_free(struct chance *c)
{
	chance_peers_clear(c);
	chance_set_clear(&c->set);
	list_remove(&c->link);
	free(c);
}

void chance_use(struct second_chance *s, struct instance *i, struct link *l)
{
	struct chance_port *p = port_of(s, l);
	struct chance *c = p ? find(s, i, p) : NULL;

	if (p && !c) {
		c = calloc(1, sizeof(*c));
		if (!c)
			return;
		c->owner = s;
		c->instance = i;
		c->port = p;
		c->owned = i->vips.owned;
		c->counted = c->owned; /* workers of a former guardian may hold some */
		list_append(&s->chances, &c->link);
	}
	if (c)
		c->used = true;
}

void chance_drop_unused(struct second_chance *s)
{
	struct list *node, *tmp;

	LIST_EACH_SAFE(node, tmp, &s->chances) {
		struct chance *c = LIST_ENTRY(node, struct chance, link);

		if (!c->used)
			chance_free(c);
		else
			c->used = false;
	}
	LIST_EACH_SAFE(node, tmp, &s->ports) {
		struct chance_port *p = LIST_ENTRY(node, struct chance_port, link);

		if (!p->used) {
			port_leave(p);
			list_remove(&p->link);
			free(p);
			continue;
		}
		p->used = false;
	}
}
