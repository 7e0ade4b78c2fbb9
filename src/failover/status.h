/* SPDX-License-Identifier: MIT */
/*
 * What the failover thread shows to other processes (the worker's runtime API and stats page): a
 * page of shared memory, written by that thread alone, read at any time.
 */
#ifndef FAILOVER_STATUS_H
#define FAILOVER_STATUS_H

#include "failover/second_chance_map.h"

#include "proto/vrrp_machine.h"
#include "proto/vrrp_packet.h"

#include <stdatomic.h>

#define STATUS_MAX_ROWS 128

struct failover_row {             /* of an instance */
	_Atomic uint32_t version; /* odd while it is being written */
	char name[64], interface[16], group[64];
	char addresses[256];          /* "192.168.50.10/32 …" */
	char sum[160];                /* what makes the priority: "101 base +2 chk_haproxy" */
	char cause[96];               /* of the last transition */
	char master[INET_TEXT_BYTES]; /* who is master, "" when not known */
	uint8_t state, vrid, vrrp_version, base_priority, priority; /* enum vrrp_state */
	bool leaving, held, owns; /* owns: the addresses are on the interface */
	int64_t since_wall_us;    /* of the last transition */
	uint64_t transitions_to_master, transitions;
	uint64_t adverts_in, adverts_out, priority_zero_in, priority_zero_out;
	uint64_t refused[VRRP_VERDICTS];
	uint64_t announcements;     /* gratuitous ARP, unsolicited NA */
	char peer[INET_TEXT_BYTES]; /* the BFD peer that matters: the master's, or the only one's */
	uint8_t bfd_state;          /* enum bfd_state */
	bool bfd_known;
	uint32_t bfd_detect_ms;
	uint64_t bfd_downs;
	char no_chance[48]; /* why packets of others' connections are not handed over, "": they are
			     */
	uint32_t held_here, held_by_peer; /* connections whose address is on the other side */
};

struct failover_page {
	_Atomic uint32_t n_rows, router_running; /* running: the thread is there */
	_Atomic uint64_t release_asked; /* by "vrrp release": counts up; see failover_wake */
	_Atomic uint64_t chance[CHANCE_COUNTS]; /* packets handed over, by kind */
	_Atomic uint32_t held; /* connections of all rows whose address is elsewhere */
	char realtime[32];     /* "SCHED_RR 10", "nice -20", "none" */
	struct failover_row rows[STATUS_MAX_ROWS];
};

/* Shared with children that are forked later; NULL when out of memory. */
struct failover_page *failover_page_new(void) must_check;
void failover_page_free(struct failover_page *p);
/* A consistent copy of row i. False where there is none. */
bool failover_page_read(const struct failover_page *p, unsigned int i, struct failover_row *out);
/* The writer's frame: between begin and end the row may be changed. */
struct failover_row *failover_row_begin(struct failover_page *p, unsigned int i);
void failover_row_end(struct failover_row *row);

/* The page of this process (set by app/ before a worker is forked), NULL where there is no VRRP. */
extern struct failover_page *failover_page;
/* Asks the failover thread, from the worker: all instances hand over. False where nobody can. */
bool failover_ask_release(void);
extern int failover_release_fd; /* eventfd shared with the guardian, -1: none */

#endif
