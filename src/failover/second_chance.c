/* SPDX-License-Identifier: MIT */
/*
 * The program's life, the links that it hangs on, and what it is told about each address. What it
 * is told is a lease, renewed a few times a second: with a dead or frozen guardian the program lets
 * everything pass.
 *
 *     owner, and a peer holds connections     what no socket here wants goes to the peer: what is
 * on the peer's list, or anything until that list is whole owner, and no peer holds anything all
 * stays here not owner, and a peer is                connections that begin, and unknown ones, go
 * to it
 */
#include "failover/second_chance.h"

#include "failover/peer_watch.h"
#include "failover/second_chance_code.h"
#include "failover/second_chance_priv.h"

#include "net/bpf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BEAT_MS 250
#define LEASE_NS 1500000000ull
#define SAY_MS 1000    /* states are repeated */
#define FRESH_MS 3500  /* three of them may be lost */
#define ORPHAN_MS 8000 /* so long workers are believed to serve after their guardian's death */
#define FIND_OWNER_MS 500

void chance_log(const struct chance *c, enum log_level level, const char *fmt, ...)
{
	char line[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	instance_log(c->instance, level, "%s", line);
}

/* ---- what the program is told */

static bool is_link_local(const struct inet *a)
{
	return a->family == INET_V6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

/* An address that connections can outlive (standby.c). */
static bool takes_part(const struct failover *f, const struct vip *v)
{
	return v->link && v->link->index && v->index && !v->native && !v->link->loopback &&
	       !is_link_local(&v->conf->address) &&
	       !(f->standby_off && v->conf->address.family == INET_V4);
}

static bool is_here(const struct chance *c, const struct vip *v)
{
	return v->link == c->port->on && takes_part(c->owner->f, v);
}

bool chance_has_address(const struct chance *c, const struct inet *a)
{
	const struct vips *vips = &c->instance->vips;

	for (unsigned int n = 0; n < vips->n; n++)
		if (is_here(c, &vips->all[n]) && inet_equal_ip(&vips->all[n].conf->address, a))
			return true;
	return false;
}

bool chance_peer_is_usable(const struct chance *c, const struct chance_peer *p)
{
	const struct failover *f = c->owner->f;
	struct peer_status s = {0};

	uint64_t silent_ms = f->loop.now_ms - p->heard_ms;

	if (!p->state.capable || !f->peers)
		return false;
	peer_watch_status(f->peers, &p->state.sender, &s);
	return s.known && ((s.state == BFD_UP && silent_ms <= FRESH_MS) ||
			   (s.orphaned && silent_ms <= ORPHAN_MS));
}

bool chance_peer_list_is_whole(const struct chance_peer *p)
{
	return p->state.offered && p->number == p->state.offered && p->missing == 0;
}

/* The peer that gets what no list names, NULL: none; and the mode. */
static const struct chance_peer *choose(const struct chance *c, uint8_t *mode)
{
	const struct chance_peer *best = NULL;

	*mode = CHANCE_OFF;
	for (unsigned int n = 0; n < c->n_peers; n++) {
		const struct chance_peer *p = &c->peers[n];
		bool wanted = p->state.owner || (c->owned && p->state.holding);
		uint8_t its = CHANCE_ANY;

		if (!wanted || !chance_peer_is_usable(c, p))
			continue;
		if (c->owned && !p->state.owner && chance_peer_list_is_whole(p))
			its = CHANCE_LISTED;
		if (best && (*mode == CHANCE_ANY && its == CHANCE_LISTED))
			continue;
		if (best && *mode == its && best->owner_ms >= p->owner_ms)
			continue;
		best = p;
		*mode = its;
	}
	return best;
}

static void fill_key(const struct chance *c, const struct vip *v, struct chance_vip_key *key)
{
	*key = (struct chance_vip_key){.link = c->port->index};
	chance_address_of(&v->conf->address, &key->address);
}

void chance_write(struct chance *c)
{
	struct second_chance *s = c->owner;
	struct chance_vip value = {.owner = c->owned};
	const struct chance_peer *peer = choose(c, &value.mode);

	if (s->off || !c->port->attached)
		return;
	value.valid_until_ns = s->f->loop.now_us * 1000 + LEASE_NS;
	memcpy(value.own_mac, c->port->on->mac, sizeof(value.own_mac));
	if (peer)
		memcpy(value.peer_mac, peer->mac, sizeof(value.peer_mac));
	for (unsigned int n = 0; n < c->instance->vips.n; n++) {
		const struct vip *v = &c->instance->vips.all[n];
		struct chance_vip_key key;
		int error;

		if (!is_here(c, v))
			continue;
		memset(value.virtual_mac, 0, sizeof(value.virtual_mac));
		if (v->index != v->link->index)
			memcpy(value.virtual_mac, v->mac, sizeof(value.virtual_mac));
		fill_key(c, v, &key);
		error = bpf_map_set(s->maps[CHANCE_VIPS], &key, &value);
		if (error && error != c->port->error)
			chance_log(c, LOG_LEVEL_WARNING, "second chance: an address more than %d",
				   CHANCE_MAX_VIPS);
		c->port->error = error;
	}
}

/* Addresses that have gone from the configuration, or from their link. */
static void remove_stale(struct second_chance *s)
{
	struct chance_vip_key key, next;
	const struct chance_vip_key *from = NULL;

	while (!s->off && bpf_map_next(s->maps[CHANCE_VIPS], from, &next) == 0) {
		struct chance_vip value;

		key = next;
		from = &key;
		if (bpf_map_get(s->maps[CHANCE_VIPS], &key, &value) != 0 ||
		    value.valid_until_ns > s->f->loop.now_us * 1000)
			continue;
		if (bpf_map_remove(s->maps[CHANCE_VIPS], &key) == 0)
			from = NULL;
	}
}

/* ---- looking */

static void say_all(struct second_chance *s)
{
	struct list *node;

	s->said_ms = s->f->loop.now_ms;
	LIST_EACH(node, &s->chances)
		chance_say_state(LIST_ENTRY(node, struct chance, link));
}

static void write_all(struct second_chance *s)
{
	struct list *node;

	LIST_EACH(node, &s->chances)
		chance_write(LIST_ENTRY(node, struct chance, link));
}

static bool needs_count(const struct second_chance *s)
{
	struct list *node;

	LIST_EACH(node, &s->chances) {
		if (!LIST_ENTRY(node, struct chance, link)->counted)
			return true;
	}
	return false;
}

static void on_refresh(struct task *t)
{
	struct second_chance *s = container_of(t, struct second_chance, refresh);
	struct list *node;

	LIST_EACH(node, &s->f->instances) {
		struct instance *i = LIST_ENTRY(node, struct instance, link);

		for (unsigned int n = 0; n < i->vips.n; n++)
			if (takes_part(s->f, &i->vips.all[n]))
				chance_use(s, i, i->vips.all[n].link);
	}
	chance_drop_unused(s);
	write_all(s);
	say_all(s);
	if (needs_count(s) && !s->asking)
		chance_count(s);
}

void second_chance_refresh(struct second_chance *s)
{
	if (s)
		task_queue(&s->f->loop, &s->refresh);
}

void second_chance_moved(struct instance *i)
{
	struct second_chance *s = i->owner->chance;
	struct list *node;
	bool gone = false;

	if (!s)
		return;
	LIST_EACH(node, &s->chances) {
		struct chance *c = LIST_ENTRY(node, struct chance, link);

		if (c->instance != i || c->owned == i->vips.owned)
			continue;
		c->owned = i->vips.owned;
		c->counted = c->owned;
		c->held = c->served = 0;
		c->moved_ms = s->f->loop.now_ms;
		c->offered = 0;
		chance_set_clear(&c->set);
		gone = gone || !c->owned;
		chance_write(c);
		chance_say_state(c);
	}
	if (gone)
		chance_count(s);
	chance_note_held(s);
}

void second_chance_forget(const struct instance *i)
{
	struct second_chance *s = i->owner->chance;
	struct list *node, *tmp;

	if (!s)
		return;
	LIST_EACH_SAFE(node, tmp, &s->chances) {
		struct chance *c = LIST_ENTRY(node, struct chance, link);

		if (c->instance == i)
			chance_free(c);
	}
	second_chance_refresh(s);
}

/* ---- the beat */

/* Packets of its clients still come here: by way of the new owner, who may need a moment to say
 * that it is one. */
static bool is_reached(const struct chance *c)
{
	bool just_now = c->owner->f->loop.now_ms - c->moved_ms < FIND_OWNER_MS;

	for (unsigned int n = 0; n < c->n_peers; n++)
		if ((just_now || c->peers[n].state.owner) && chance_peer_is_usable(c, &c->peers[n]))
			return true;
	return false;
}

void chance_note_held(const struct second_chance *s)
{
	struct failover_page *page = s->f->page;
	uint32_t held = 0;
	struct list *node;

	if (!page)
		return;
	LIST_EACH(node, &s->chances) {
		const struct chance *c = LIST_ENTRY(node, struct chance, link);

		if (!c->owned && is_reached(c))
			held += c->counted ? c->served : 1;
	}
	atomic_store(&page->held, held);
}

static void note_counters(const struct second_chance *s)
{
	uint64_t *values = s->f->page && !s->off ? calloc(bpf_cpus(), sizeof(*values)) : NULL;

	for (uint32_t key = 0; values && key < CHANCE_COUNTS; key++) {
		uint64_t sum = 0;

		if (bpf_map_get(s->maps[CHANCE_COUNTERS], &key, values) != 0)
			continue;
		for (unsigned int cpu = 0; cpu < bpf_cpus(); cpu++)
			sum += values[cpu];
		atomic_store(&s->f->page->chance[key], sum);
	}
	free(values);
}

static void on_beat(struct timer *t, uint64_t now_ms)
{
	struct second_chance *s = container_of(t, struct second_chance, beat);

	timer_set(&s->f->loop.wheel, t, now_ms + BEAT_MS);
	write_all(s);
	remove_stale(s);
	chance_sweep(s);
	chance_note_held(s);
	if (now_ms - s->said_ms < SAY_MS)
		return;
	say_all(s);
	note_counters(s);
}

/* ---- life */

static const char *load(struct second_chance *s)
{
	static const struct bpf_map_layout layouts[CHANCE_MAPS] = {
	    [CHANCE_VIPS] = {"halb_vips", BPF_MAP_TYPE_HASH, sizeof(struct chance_vip_key),
			     sizeof(struct chance_vip), CHANCE_MAX_VIPS, 0},
	    [CHANCE_HELD] = {"halb_held", BPF_MAP_TYPE_HASH, sizeof(struct chance_tuple),
			     sizeof(struct chance_holder), CHANCE_MAX_HELD, BPF_F_NO_PREALLOC},
	    [CHANCE_COUNTERS] = {"halb_counters", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint32_t),
				 sizeof(uint64_t), CHANCE_COUNTS, 0},
	    [CHANCE_LIMIT] = {"halb_limit", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint32_t),
			      sizeof(struct chance_limit), 1, 0},
	};
	char refusal[512] = "";

	for (unsigned int n = 0; n < CHANCE_MAPS; n++) {
		s->maps[n] = bpf_map_new(&layouts[n]);
		if (s->maps[n] < 0)
			return s->maps[n] == -EPERM ? "bpf is not permitted here"
						    : "the kernel has no such bpf maps";
	}
	s->program =
	    bpf_program_new(CHANCE_PROGRAM, second_chance_code, array_size(second_chance_code),
			    s->maps, CHANCE_MAPS, refusal, sizeof(refusal));
	if (s->program >= 0)
		return NULL;
	if (refusal[0])
		failover_log(s->f, LOG_LEVEL_WARNING, "second chance: %s", refusal);
	return s->program == -EPERM ? "bpf is not permitted here"
				    : "the kernel does not take the program";
}

static void unload(struct second_chance *s)
{
	if (s->program >= 0)
		close(s->program);
	for (unsigned int n = 0; n < CHANCE_MAPS; n++)
		if (s->maps[n] >= 0)
			close(s->maps[n]);
}

struct second_chance *second_chance_new(struct failover *f)
{
	struct second_chance *s = f->model->global.second_chance ? calloc(1, sizeof(*s)) : NULL;

	if (!s)
		return NULL;
	s->f = f;
	s->program = -1;
	for (unsigned int n = 0; n < CHANCE_MAPS; n++)
		s->maps[n] = -1;
	list_init(&s->ports);
	list_init(&s->chances);
	task_init(&s->refresh, on_refresh);
	task_init(&s->tell, chance_tell);
	timer_init(&s->beat, on_beat);
	pair_message_init();
	s->session = s->lists = (uint64_t)f->loop.wall_us;
	chance_held_init(s);
	s->off = load(s);
	if (s->off)
		failover_log(f, LOG_LEVEL_WARNING,
			     "no second chance here (%s): connections of the former owner are "
			     "reset when an address comes here",
			     s->off);
	timer_set(&f->loop.wheel, &s->beat, f->loop.now_ms + BEAT_MS);
	second_chance_refresh(s);
	return s;
}

void second_chance_free(struct second_chance *s)
{
	if (!s)
		return;
	task_cancel(&s->refresh);
	task_cancel(&s->tell);
	timer_stop(&s->f->loop.wheel, &s->beat);
	chance_drop_unused(s);
	chance_held_fini(s);
	unload(s);
	free(s);
}

/* ---- seeing */

void second_chance_status(const struct instance *i, struct second_chance_status *out)
{
	const struct second_chance *s = i->owner->chance;
	struct list *node;

	*out = (struct second_chance_status){.off = s ? s->off : "halb_second_chance is off"};
	if (!s)
		return;
	LIST_EACH(node, &s->chances) {
		const struct chance *c = LIST_ENTRY(node, struct chance, link);

		if (c->instance != i)
			continue;
		out->held_here += c->served;
		for (unsigned int n = 0; n < c->n_peers; n++)
			if (chance_peer_is_usable(c, &c->peers[n]))
				out->held_by_peer += c->peers[n].state.holding;
	}
}
