/* SPDX-License-Identifier: MIT */
/*
 * The shared page: one writer (the failover thread), any reader. A row's version is odd while the
 * row is written; a reader that saw it change reads again.
 */
#include "failover/instance.h"
#include "failover/peer_watch.h"
#include "failover/second_chance.h"

#include "net/process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define READ_TRIES 1000

struct failover_page *failover_page;
int failover_release_fd = -1;

struct failover_page *failover_page_new(void)
{
	return process_share_memory(sizeof(struct failover_page));
}

void failover_page_free(struct failover_page *p)
{
	process_unshare_memory(p, sizeof(*p));
}

/* The version once all that was read before has been read: an exchange that changes nothing, since
 * a load would not hold earlier reads back. */
static uint32_t version_after(const struct failover_row *row)
{
	return atomic_fetch_add_explicit((_Atomic uint32_t *)(uintptr_t)&row->version, 0,
					 memory_order_acq_rel);
}

bool failover_page_read(const struct failover_page *p, unsigned int i, struct failover_row *out)
{
	const struct failover_row *row = &p->rows[i];
	unsigned int tries;

	if (i >= STATUS_MAX_ROWS || i >= atomic_load(&p->n_rows))
		return false;
	for (tries = 0; tries < READ_TRIES; tries++) {
		uint32_t before = atomic_load_explicit(&row->version, memory_order_acquire);

		if (before & 1)
			continue;
		memcpy(out, row, sizeof(*out));
		if (version_after(row) == before)
			return true;
	}
	return false; /* its writer died within */
}

struct failover_row *failover_row_begin(struct failover_page *p, unsigned int i)
{
	struct failover_row *row = &p->rows[i];

	atomic_fetch_or_explicit(&row->version, 1, memory_order_acq_rel);
	return row;
}

void failover_row_end(struct failover_row *row)
{
	uint32_t version = atomic_load_explicit(&row->version, memory_order_relaxed);

	atomic_store_explicit(&row->version, version + 1, memory_order_release);
}

bool failover_ask_release(void)
{
	const uint64_t one = 1;

	if (!failover_page || failover_release_fd < 0 ||
	    !atomic_load(&failover_page->router_running))
		return false;
	atomic_fetch_add(&failover_page->release_asked, 1);
	return write(failover_release_fd, &one, sizeof(one)) == sizeof(one);
}

/* ---- an instance's row */

static void copy(char *dst, size_t size, const char *src)
{
	snprintf(dst, size, "%s", src ? src : "");
}

static void list_addresses(const struct instance *i, char *dst, size_t size)
{
	char text[INET_TEXT_BYTES];
	size_t at = 0;
	unsigned int n;

	dst[0] = '\0';
	for (n = 0; n < i->vips.n && at < size; n++) {
		const struct model_vrrp_address *a = i->vips.all[n].conf;
		int written;

		text[inet_print(text, &a->address)] = '\0';
		written = snprintf(dst + at, size - at, "%s%s/%u", n ? " " : "", text, a->prefix);
		at += written > 0 ? (size_t)written : 0;
	}
}

static void write_sum(const struct instance *i, char *dst, size_t size)
{
	bool down = i->owner->service == SERVICE_DOWN;

	snprintf(dst, size, "%u base%s%.100s%s", i->conf->priority, i->sum.text[0] ? " " : "",
		 i->sum.text, down ? "; 1: the service is down" : "");
}

/* The master's, or the only other node's. */
static void write_peer(const struct instance *i, struct failover_row *row)
{
	const struct model_vrrp_peer *only = i->conf->unicast_peers;
	struct inet peer = i->machine.master;
	struct peer_farewell first;
	struct peer_status s = {0};

	if (peer.family == INET_NONE)
		peer = only ? only->address : i->last_heard;
	/* A master that never heard another one's advert knows its peer by BFD alone. */
	if (peer.family == INET_NONE && i->owner->peers &&
	    peer_watch_farewells(i->owner->peers, &first, 1) == 1)
		peer = first.peer;
	row->peer[inet_print(row->peer, &peer)] = '\0';
	if (i->owner->peers && peer.family != INET_NONE)
		peer_watch_status(i->owner->peers, &peer, &s);
	row->bfd_known = s.known;
	row->bfd_state = (uint8_t)s.state;
	row->bfd_detect_ms = s.detect_ms;
	row->bfd_downs = s.downs;
}

static void write_master(const struct instance *i, struct failover_row *row)
{
	const struct inet *master =
	    i->machine.state == VRRP_MASTER ? &i->source : &i->machine.master;

	row->master[inet_print(row->master, master)] = '\0';
}

static void write_chance(const struct instance *i, struct failover_row *row)
{
	struct second_chance_status s;

	second_chance_status(i, &s);
	copy(row->no_chance, sizeof(row->no_chance), s.off);
	row->held_here = s.held_here;
	row->held_by_peer = s.held_by_peer;
}

void status_write(struct instance *i)
{
	const struct instance_counters *c = &i->counters;
	struct failover_row *row;

	if (!i->owner->page || i->row >= STATUS_MAX_ROWS)
		return;
	row = failover_row_begin(i->owner->page, i->row);
	copy(row->name, sizeof(row->name), i->conf->name);
	copy(row->interface, sizeof(row->interface), i->conf->interface);
	copy(row->group, sizeof(row->group), i->conf->group ? i->conf->group->name : NULL);
	list_addresses(i, row->addresses, sizeof(row->addresses));
	write_sum(i, row->sum, sizeof(row->sum));
	copy(row->cause, sizeof(row->cause), i->cause);
	write_master(i, row);
	write_peer(i, row);
	write_chance(i, row);
	row->state = (uint8_t)i->machine.state;
	row->vrid = i->conf->vrid;
	row->vrrp_version = i->conf->version;
	row->base_priority = i->conf->priority;
	row->priority = i->machine.priority;
	row->leaving = i->machine.leaving;
	row->held = i->machine.held;
	row->owns = i->vips.owned;
	row->since_wall_us = i->since_wall_us;
	row->transitions_to_master = c->to_master;
	row->transitions = c->transitions;
	row->adverts_in = c->adverts_in;
	row->adverts_out = c->adverts_out;
	row->priority_zero_in = c->zero_in;
	row->priority_zero_out = c->zero_out;
	memcpy(row->refused, c->refused, sizeof(row->refused));
	row->announcements = i->announcer.sent;
	failover_row_end(row);
}
