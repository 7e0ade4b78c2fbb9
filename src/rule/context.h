/* SPDX-License-Identifier: MIT */
/*
 * What an expression may see of the running program. proxy/ fills it in from a stream; a test fills
 * it with a fake. rule/ knows nothing else of the world.
 */
#ifndef RULE_CONTEXT_H
#define RULE_CONTEXT_H

#include "proto/message.h"

#include "base/inet.h"

struct rule_context {
	const struct message *request;  /* NULL before it is there, and in mode tcp */
	const struct message *response; /* NULL before it is there */
	struct inet src, dst;
};

#endif
