/* SPDX-License-Identifier: MIT */
/*
 * Asks all threads for something that only they may look at (their streams, pools, times), without
 * a lock: each thread writes into a buffer of its own when the mail reaches it, the last answer
 * brings all of them back to the thread that asked.
 */
#ifndef ADMIN_GATHER_H
#define ADMIN_GATHER_H

#include "admin/command.h"

struct gather;

struct gather_part {
	struct mail mail;
	struct gather *gather;
	struct buffer text; /* what this thread has to tell: text or raw numbers */
};

struct gather {
	struct list link;                /* session->gathers */
	struct command_session *session; /* NULL: it has gone */
	struct program *program;
	struct loop *asker;
	void (*collect)(struct worker *w, const struct gather *g, struct buffer *out);
	/* In the asker's thread: parts to the answer; NULL: one behind the other. */
	void (*finish)(const struct gather *g, struct buffer *out);
	/* for `collect`, set by the command before gather_post */
	uint64_t number;
	bool flag;
	struct buffer head; /* goes in front of the answer */
	unsigned int left;
	unsigned int n_parts;
	struct gather_part parts[]; /* one for each thread */
};

#define GATHER_PART_BYTES (64u << 20)

/* For this call: NULL when out of memory (then it was answered). */
struct gather *gather_new(struct command_call *c,
			  void (*collect)(struct worker *w, const struct gather *g,
					  struct buffer *out)) must_check;
/* Off to the threads; COMMAND_LATER. */
enum command_result gather_post(struct gather *g);
/* The session ends: its answer is for nobody. */
void gather_forget(struct command_session *s);
/* All threads have ended: those that were under way. */
void gather_free_all(struct list *gathers);

#endif
