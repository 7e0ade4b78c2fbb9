/* SPDX-License-Identifier: MIT */
/*
 * Answers that rules make: "status 403 content-type text/plain lf-string ... hdr X y". deny,
 * tarpit, return and http-error share the words; proxy/ sends what comes of them.
 */
#ifndef RULE_REPLY_H
#define RULE_REPLY_H

#include "rule/action.h"

struct reply;

struct reply_defaults {
	unsigned int status;
	bool plain; /* without a payload: what the proxy says to that status, not an empty body */
};

/* From p->at to the end of the action's words. NULL after compiler_fail. */
struct reply *reply_compile(struct action_parse *p, struct reply_defaults defaults) must_check;
unsigned int reply_status_code(const struct reply *r);
/* Into scratch memory. False where it does not fit. */
bool reply_build(const struct reply *r, const struct rule_context *ctx,
		 struct rule_answer *out) must_check;

#endif
