/* SPDX-License-Identifier: MIT */
/*
 * The rules of frontends and backends on the streams that pass: which lists run when, and what
 * becomes of their verdicts. What expressions see of a stream is rule_world.c's.
 */
#ifndef PROXY_RULES_H
#define PROXY_RULES_H

#include "proxy/stream.h"

#include "rule/action.h"

/* What rules keep of a stream; made when one needs it, in the stream's arena. */
struct stream_rules {
	struct variable_set variables[VAR_SCOPES]; /* txn, req, res */
	struct span method, target; /* as they came, once a rule has changed one; else p NULL */
	const struct rule *last;    /* the final rule that ended an evaluation */
	struct span unique_id;      /* p NULL: not made yet */
	int log_level;              /* enum log_level, or one of these: */
	struct rule_answer tarpit;  /* to be sent when the time is up */
	bool is_tarpit;
};

enum { LOG_LEVEL_AS_IT_IS = -2, LOG_LEVEL_SILENT = -1 };

/* NULL when out of memory. */
struct stream_rules *stream_rules(struct stream *s);

/* http-request rules, the statistics page, redirect rules, in this order. STEP_NEXT where the
 * request goes on, else what the step returns. */
enum step_result rules_run_on_request(struct stream *s, struct proxy *px);
static inline enum step_result rules_on_request(struct stream *s, struct proxy *px)
{
	if (likely(px->conf->rules == NULL && px->conf->stats == NULL))
		return STEP_NEXT;
	return rules_run_on_request(s, px);
}
/* The backend or the frontend has rules: the quick answer of most requests. */
static inline bool rules_any(const struct stream *s)
{
	return s->fe->conf->rules != NULL || (s->be && s->be->conf->rules != NULL);
}
/* Of backend and frontend. */
enum step_result rules_http_response(struct stream *s);
/* The response that is about to be sent. False where it cannot be made as they want. */
bool rules_after_response(struct stream *s, struct message *m);
/* The server that a use-server rule names and that may serve; `otherwise` where there is none. */
struct server *rules_use_server(struct stream *s, struct server *otherwise);
/* The stream's unique id, made when first asked for; p NULL where the frontend has no format for
 * one, or out of memory. */
struct span rules_unique_id(struct stream *s);
void rules_free_variables(struct variable_set *set);

#endif
