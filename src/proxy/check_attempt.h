/* SPDX-License-Identifier: MIT */
/*
 * One run of a check's dialogue against a server: connects, sends, reads, within its deadlines.
 * Health checks and probes are both this; who starts it decides when and what the outcome means.
 */
#ifndef PROXY_CHECK_ATTEMPT_H
#define PROXY_CHECK_ATTEMPT_H

#include "proxy/server.h"

#include "net/connection.h"

struct check_attempt {
	struct server *server;
	struct loop *loop;
	/* It is over: the connection is closed, `run` has status, http_status and info. May start
	 * the attempt again. */
	void (*done)(struct check_attempt *a);
	struct check_run run;
	struct connection connection;
	struct timer deadline;
	uint32_t connect_ms, answer_ms; /* time to connect; answer_ms 0: connect_ms is for all of it
					 */
	bool running, open, linger;
	bool send_proxy;     /* a PROXY header goes out first */
	bool header_pending; /* ... and is on its way */
	bool no_resources;   /* could not be made for want of descriptors or memory: says nothing of
				the server */
	uint64_t started_ms;
	struct inet target; /* "addr" of the server line, INET_NONE: the server's own address */
	char host[64], state[512]; /* what run.host_default and run.send_state show */
};

void check_attempt_init(struct check_attempt *a, struct server *s, struct loop *l,
			void (*done)(struct check_attempt *a));
void check_attempt_fini(struct check_attempt *a);
/* `done` may come from within. */
void check_attempt_start(struct check_attempt *a, uint32_t connect_ms, uint32_t answer_ms);
/* Breaks it off; `done` does not come. Harmless where none runs. */
void check_attempt_stop(struct check_attempt *a);
uint64_t check_attempt_duration_ms(const struct check_attempt *a);

#endif
