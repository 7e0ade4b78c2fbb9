/* SPDX-License-Identifier: MIT */
/*
 * What an expression may see of the running program, and what an action may change. proxy/ fills it
 * in from a stream; a test fills it with a fake. rule/ knows nothing else of the world.
 */
#ifndef RULE_CONTEXT_H
#define RULE_CONTEXT_H

#include "rule/scratch.h"
#include "rule/variables.h"

#include "proto/message.h"

#include "base/inet.h"
#include "base/random.h"

struct log_record;
struct rule_answer;
struct rule_reference;

/* Names and numbers of the running program. */
enum rule_name {
	RULE_FE_NAME,
	RULE_BE_NAME,
	RULE_SRV_NAME,
	RULE_SO_NAME,
	RULE_HOSTNAME,
	RULE_UNIQUE_ID,
	RULE_LAST_RULE_FILE,
	RULE_FE_DEFBE,
	RULE_CAPTURED_METHOD, /* as they came */
	RULE_CAPTURED_URI,
	RULE_CAPTURED_VERSION,
	RULE_CAPTURED_RESPONSE_VERSION,
};
enum rule_number {
	RULE_FE_ID,
	RULE_BE_ID,
	RULE_SRV_ID,
	RULE_SO_ID,
	RULE_FE_CONN, /* from here on perhaps of a proxy or server that is named */
	RULE_FE_SESS_RATE,
	RULE_FE_REQ_RATE,
	RULE_BE_CONN,
	RULE_BE_CONN_FREE,
	RULE_BE_SESS_RATE,
	RULE_NBSRV,
	RULE_QUEUE,
	RULE_AVG_QUEUE,
	RULE_CONNSLOTS,
	RULE_SRV_CONN,
	RULE_SRV_CONN_FREE,
	RULE_SRV_IS_UP,
	RULE_SRV_QUEUE,
	RULE_SRV_SESS_RATE,
	RULE_SRV_WEIGHT,
	RULE_SRV_IWEIGHT,
	RULE_SRV_UWEIGHT,
	RULE_ACT_CONN,
	RULE_PID,
	RULE_THREAD,
	RULE_N_THREADS,
	RULE_UPTIME_S,
	RULE_FIRST_REQUEST, /* of its connection: 0 or 1 */
	RULE_REUSED,        /* the server's connection */
	RULE_RETRIES,
	RULE_LAST_RULE_LINE,
	RULE_STOPPING,
};

struct rule_world { /* functions get `owner`; each may be NULL: nothing is known */
	const struct inet *(*destination)(void *owner);
	const struct inet *(*server_end)(void *owner);          /* NULL before there is one */
	struct span (*name)(void *owner, enum rule_name which); /* p NULL: there is none */
	/* `of` NULL: the stream's own. */
	bool (*number)(void *owner, enum rule_number which, const struct rule_reference *of,
		       int64_t *out);
	/* A slot of "capture request|response header"; p NULL where nothing is. */
	struct span (*capture)(void *owner, bool response, unsigned int slot);
	/* Cut to the slot's length and kept. */
	void (*set_capture)(void *owner, bool response, unsigned int slot, struct span value);
	/* The variables of a scope, made when first asked for; NULL when out of memory. `lock`:
	 * VAR_PROC is shared by threads. */
	struct variable_set *(*variables)(void *owner, enum variable_scope scope);
	void (*lock)(void *owner, bool locked);
	void (*fill_record)(void *owner, struct log_record *r);
	/* Before the first change of method or target: the log shows what came. */
	void (*keep_start_line)(void *owner);
	void (*set_log_level)(void *owner, int level); /* -1: silent */
};

struct rule_context {
	struct message *request;  /* NULL before it is there, and in mode tcp */
	struct message *response; /* NULL before it is there */
	struct inet src;
	const struct rule_world *world; /* NULL: nothing is known */
	void *owner;
	struct scratch *scratch;
	struct arena *arena;   /* lives as long as the messages: what actions put into them */
	struct random *random; /* NULL: rand() and uuid() have no value */
	int64_t wall_us;
	int utc_offset_s;           /* of local time */
	struct span payload;        /* mode tcp: what has been received so far */
	bool payload_ended;         /* there will not be more */
	bool lenient;               /* "strict-mode off" */
	struct rule_answer *answer; /* what a final action wants to be sent */
};

static inline struct span rule_name(const struct rule_context *ctx, enum rule_name which)
{
	return ctx->world && ctx->world->name ? ctx->world->name(ctx->owner, which) : SPAN_NONE;
}

static inline bool rule_number(const struct rule_context *ctx, enum rule_number which,
			       const struct rule_reference *of, int64_t *out)
{
	return ctx->world && ctx->world->number && ctx->world->number(ctx->owner, which, of, out);
}

static inline const struct inet *rule_destination(const struct rule_context *ctx)
{
	return ctx->world && ctx->world->destination ? ctx->world->destination(ctx->owner) : NULL;
}

#endif
