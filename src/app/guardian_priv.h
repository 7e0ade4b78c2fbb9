/* SPDX-License-Identifier: MIT */
/* What guardian_start.c (the order of start and end) and guardian.c (what happens between) share.
 */
#ifndef APP_GUARDIAN_PRIV_H
#define APP_GUARDIAN_PRIV_H

#include "app/birth.h"
#include "app/guardian.h"
#include "app/pair.h"

#define GUARDIAN_MAX_OLD 256

struct files { /* either may be NULL where no such file was asked for */
	struct model *model;
	struct model_vrrp *vrrp;
};

struct guardian {
	const struct options *options;
	struct program *program;   /* our copy, whose sockets we hold; NULL: only -k */
	struct program *leaving;   /* the former generation, while its successor's worker is made */
	struct socket_list passed; /* copies of its sockets */
	struct pair *pair;         /* NULL: without -k */
	struct offspring worker;   /* of the current generation, pid 0: none */
	pid_t old[GUARDIAN_MAX_OLD]; /* those that finish their connections */
	unsigned int n_old;
	int signals, bell, leash[2];
	bool stopping, background;
	int exit_status;
	unsigned int deaths;
	uint64_t first_death_ms, looked_ms, retry_at_ms;
	enum service told;        /* the failover thread, last */
	uint64_t assume_until_ms; /* the current worker is as well as the former one was */
	uint64_t leave_until_ms;  /* the addresses are being handed over; then: */
	int then_signal, then_status;
	uint64_t drain_until_ms; /* the addresses have gone, their connections have not; then: */
	int drain_signal;
};

/* Reads and checks what the command line names. False after diagnostics. */
bool guardian_load(struct files *f, const struct options *o) must_check;
void guardian_unload(struct files *f);

bool guardian_first_worker(struct guardian *g) must_check;
void guardian_loop(struct guardian *g);

#endif
