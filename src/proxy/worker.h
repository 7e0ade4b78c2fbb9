/* SPDX-License-Identifier: MIT */
/* A thread of the proxy: its loop, pools, scratch memory and the connections it owns for life. */
#ifndef PROXY_WORKER_H
#define PROXY_WORKER_H

#include "proxy/proxy.h"

#include "rule/regex.h"
#include "rule/scratch.h"

#include "base/family.h"
#include "base/pool.h"

#define WORKER_ARENAS 64

struct worker {
	struct loop loop; /* loop.owner points back here */
	struct program *program;
	unsigned int thread;
	struct pool fronts, streams, backs;
	struct list sessions;               /* struct front: all client connections */
	struct list all_streams;            /* struct stream */
	struct counters *totals;            /* this thread's, in program->totals */
	struct timer janitor;               /* purges idle server connections, once a second */
	struct arena arenas[WORKER_ARENAS]; /* of streams that have gone, a block each, to be used
					       again */
	unsigned int n_arenas;
	char *scratch; /* heads are put together here: one of tune.bufsize bytes, and what rules add
			  to it */
	size_t scratch_bytes;
	struct scratch rule_scratch; /* for the evaluation of rules */
	struct regex_memory regex;
	struct header *headers; /* tune.http.maxhdr of them: parsing target */
	int32_t utc_offset_s;   /* of local time, for log lines */
	bool closing;           /* soft stop: no new connections here */
	struct mail stop_mail;
	_Atomic bool stop_asked;
	struct mail end_mail; /* at once */
	_Atomic bool end_asked;
	pthread_t pthread;
};

static inline struct worker *worker_of(const struct loop *l)
{
	return l->owner;
}

/* A part of the program that lives in the worker threads: admin/ registers its own, so that proxy/
 * need not know of it. */
struct worker_part {
	const char *name;
	void (*start)(struct worker *w);
	void (*stop)(struct worker *w); /* soft stop, and the end of the thread: may come twice */
};

FAMILY_DECLARE(worker_part, struct worker_part);

/* 0 or -errno. */
int worker_init(struct worker *w, struct program *p, unsigned int thread, uint64_t seed) must_check;
void worker_fini(struct worker *w);
/* Listeners, checks, janitor on; then the loop until the program stops. Runs in the worker's own
 * thread. */
void worker_run(struct worker *w);
/* A client's connection has gone: the last one of a stopping worker ends it. */
void worker_session_ended(struct worker *w);
/* From any thread: soft stop (no new connections; idle ones are answered once more, then closed),
 * or at once. */
void program_soft_stop(struct program *p);
void program_stop_now(struct program *p);

#endif
