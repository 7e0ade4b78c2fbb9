/* SPDX-License-Identifier: MIT */
/*
 * Changes of messages by rules. What is put in lives in the context's arena; nothing that could end
 * its line early gets in, and a target and its Host field stay of one mind.
 */
#ifndef RULE_EDIT_H
#define RULE_EDIT_H

#include "rule/context.h"
#include "rule/log_format.h"

/* The text of a format, kept as long as the messages. False where that is not possible. */
bool edit_build(struct rule_context *ctx, const struct log_format *f, struct span *out) must_check;
/* Scratch memory's bytes copied into the arena. */
bool edit_keep(struct rule_context *ctx, struct span *s) must_check;
/* False where it has a NUL, CR or LF. */
bool edit_is_one_line(struct span s);
/* Adds a field. */
bool edit_add_field(struct rule_context *ctx, struct message *m, struct span name,
		    struct span value) must_check;
/* After a Host field was changed: an absolute target follows. */
bool edit_host_changed(struct rule_context *ctx) must_check;
/* The request's target; an absolute one makes the Host field follow. */
bool edit_set_target(struct rule_context *ctx, struct span target) must_check;
bool edit_set_method(struct rule_context *ctx, struct span method) must_check;
bool edit_set_status(struct rule_context *ctx, unsigned int status, struct span reason) must_check;

#endif
