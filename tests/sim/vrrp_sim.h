/* SPDX-License-Identifier: MIT */
/*
 * The world of vrrp_sim: nodes with their machines, a link, a queue of what happens, and what the
 * properties have to remember. vrrp_sim.c runs it, vrrp_checks.c watches it.
 */
#ifndef TESTS_SIM_VRRP_SIM_H
#define TESTS_SIM_VRRP_SIM_H

#include "base/random.h"
#include "proto/vrrp_machine.h"

#define MS UINT64_C(1000)
#define S (1000 * MS)
#define NODES 3
#define QUEUE 1024
#define SOCKET 64 /* adverts that wait for a paused node */
#define TRACE_LINES 60
#define TRACE_BYTES 120

enum action { DELIVER, EVENT, WAKE, BOOT, TROUBLE };

struct happening {
	uint64_t at, order;
	enum action action;
	int node;
	struct vrrp_event event;
};

struct node {
	struct vrrp_machine m;
	struct vrrp_settings conf;
	bool waking;                   /* the timer, while adverts wait in the socket */
	bool running, owns, bfd, mute; /* mute: what it sends in this step is lost */
	uint64_t slow_us;              /* its timers come so late */
	uint64_t paused_since, paused_until;
	bool was_master;  /* leaving: long enough before, for all to have heard of it */
	uint64_t quit_at; /* was owner, and is none now but for a hand-over */
	uint64_t told_at; /* heard its master's farewell */
	uint64_t woke_at;
	uint64_t stands_since;   /* in this state, leaving or not, with this priority, awake */
	uint64_t eligible_since; /* 0: may not claim now */
	uint64_t owes_since;     /* left of two owners: has to announce itself; 0: has not */
	int n_waiting;
	uint64_t cut_until[NODES], loss_until[NODES]; /* of what it sends to the other */
};

struct sim {
	struct random random;
	uint64_t now, order, trouble_until;
	uint64_t disturbed_until; /* the link is healthy since */
	uint64_t link_until;      /* the same without pauses */
	uint64_t alarm_at;        /* BFD's last word about the master that a node follows */
	uint64_t broke_at;        /* the last crash or fault */
	uint64_t two_since, none_since;
	uint64_t advert_us, skew_us, down_us; /* the greatest of all nodes */
	uint64_t delay_us, slack_us, lease_us, bfd_us;
	bool duplicates;
	uint64_t late_us; /* one is always late: so much longer takes it to claim */
	int n;
	struct node nodes[NODES];
	struct vrrp_event waiting[NODES][SOCKET]; /* for paused nodes */
	struct happening queue[QUEUE];            /* a heap, the earliest first */
	int queued;
	const char *failure; /* NULL: none yet */
	uint64_t events;
	bool tracing;
	char trace[TRACE_LINES][TRACE_BYTES];
	unsigned int traced;
};

static inline uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline bool is_paused(const struct sim *sim, const struct node *n)
{
	return n->paused_until > sim->now;
}

/* A line of the trace, kept while a failed seed is run again. */
printf_like(2, 3) void sim_note(struct sim *sim, const char *format, ...);

/* ---- vrrp_checks.c */

/* Time has come to sim->now; nothing has changed since the last event. */
void check_time(struct sim *sim);
/* `before` became `n` by the event, whose todo has been done but for what it sends. */
void check_step(struct sim *sim, struct node *n, const struct node *before,
		const struct vrrp_event *e, const struct vrrp_todo *todo);
/* Something may have changed: who owns, who may claim, since when. */
void check_account(struct sim *sim);
/* The world was calm for long. */
void check_settled(struct sim *sim);

#endif
