/* SPDX-License-Identifier: MIT */
/* What the files of the check dialogue share: check_dialogue.c, check_expect.c and check_request.c.
 */
#ifndef PROTO_CHECK_DIALOGUE_PRIV_H
#define PROTO_CHECK_DIALOGUE_PRIV_H

#include "proto/check_dialogue.h"

/* The request of a CHECK_STEP_SEND_HTTP step, into r->to_send; sets r->method. */
void check_request_write(struct check_run *r, const struct check_step *s);

enum check_judgement {
	CHECK_JUDGED_GOOD,   /* on to the next step */
	CHECK_JUDGED_WAIT,   /* more bytes are needed */
	CHECK_JUDGED_FAILED, /* r->status and r->info say why */
	CHECK_JUDGED_DONE,   /* r->status is the verdict of the whole check, whatever steps are left
			      */
};

/* What was received so far, against the expect step r->current. */
enum check_judgement check_expect_judge(struct check_run *r);

/* Appends to r->info what fits. Bytes of a peer go through check_info_add_foreign, which shows
 * other than printable ASCII as '?'. */
void check_info_add(struct check_run *r, struct span text);
void check_info_add_foreign(struct check_run *r, struct span bytes);
void check_info_add_number(struct check_run *r, uint64_t n);
/* The number that "at step N" shows. */
unsigned int check_step_number(const struct check_run *r);

#endif
