/* SPDX-License-Identifier: MIT */
/*
 * Plays a check against a scripted server. Shared by the tests of the check dialogue; every outcome
 * must be the same at every split of every answer.
 */
#ifndef TESTS_UNIT_PROTO_CHECK_PLAYER_H
#define TESTS_UNIT_PROTO_CHECK_PLAYER_H

#include "proto/check_dialogue.h"

#define MAX_SENDS 4

/* What a server answers: answers[0] right after the connection, answers[n] after the n-th thing
 * sent. */
struct server {
	struct span answers[MAX_SENDS + 1];
	bool open; /* does not close after the last answer */
};

struct outcome {
	enum check_status status;
	unsigned int http_status;
	char info[128];
	struct buffer sent; /* everything, on all connections */
};

/* One run, fed the first `split` bytes of each answer and then the rest, or all byte by byte. */
void play_run(struct check_run *r, const struct server *s, size_t split, bool by_byte,
	      struct outcome *o);
struct outcome play_split(const struct check_dialogue *d, const struct server *s, size_t split,
			  bool by_byte);
void expect(struct check_dialogue d, struct server s, enum check_status status, unsigned int code,
	    const char *info);
void expect_sent(struct check_dialogue d, struct server s, const char *sent);
/* Freed by check_regex_free. */
struct check_regex *regex(const char *pattern);

#define STEPS(...)                                                                                 \
	.steps = (const struct check_step[]){__VA_ARGS__},                                         \
	.n_steps = sizeof((const struct check_step[]){__VA_ARGS__}) / sizeof(struct check_step)
#define HTTP(...) ((struct check_dialogue){.http = true, STEPS(__VA_ARGS__)})
#define TCP(...) ((struct check_dialogue){STEPS(__VA_ARGS__)})
#define SEND(text)                                                                                 \
	{                                                                                          \
		.kind = CHECK_STEP_SEND, .data = SPAN(text)                                        \
	}
#define GET                                                                                        \
	{                                                                                          \
		.kind = CHECK_STEP_SEND_HTTP, .method = SPAN("GET")                                \
	}
#define EXPECT(...)                                                                                \
	{                                                                                          \
		.kind = CHECK_STEP_EXPECT, .min_recv = -1, __VA_ARGS__                             \
	}
#define EXPECT_HTTP(...)                                                                           \
	{                                                                                          \
		.kind = CHECK_STEP_EXPECT_HTTP, .min_recv = -1, __VA_ARGS__                        \
	}
#define STRING(text) .match = CHECK_MATCH_STRING, .pattern = SPAN(text)
#define GREETS(text) ((struct server){.answers = {SPAN(text)}})
#define GREETS_OPEN(text) ((struct server){.answers = {SPAN(text)}, .open = true})
#define ANSWERS(text) ((struct server){.answers = {[1] = SPAN(text)}})
#define ANSWERS_OPEN(text) ((struct server){.answers = {[1] = SPAN(text)}, .open = true})

#define OK_11 "HTTP/1.1 200 X\r\nContent-Length: 11\r\n\r\nhello world"
#define NO_HTTPCHK_RULE ((struct check_dialogue){.http = true})

#endif
