/* SPDX-License-Identifier: MIT */
/* A small world for the tests of rules: messages, memory, variables, and a program that has one
 * frontend, one backend and one server. */
#ifndef TESTS_UNIT_RULE_FAKE_H
#define TESTS_UNIT_RULE_FAKE_H

#include "rule/action.h"
#include "rule/expr.h"

#include "proto/h1_parse.h"

struct fake {
	struct arena arena;
	struct rule_program program;
	struct rule_compiler k;
	struct rule_context ctx;
	struct message request, response;
	struct scratch scratch;
	struct regex_memory regex;
	struct random random;
	struct rule_answer answer;
	struct variable_set variables[VAR_SCOPES];
	struct variable_cell cells[VAR_SCOPES][16];
	struct span captures[4];
	struct inet dst;
	int log_level;
	unsigned int locked, kept; /* how often */
	char memory[16384];
};

/* Both messages are there; `provided` is everything. */
void fake_init(struct fake *f);
void fake_fini(struct fake *f);
/* "GET / HTTP/1.1\nHost: h\n": lines ended by "\n". */
void fake_request(struct fake *f, const char *head);
void fake_response(struct fake *f, const char *head);
/* The words of a text, split at blanks; at most 64. */
unsigned int fake_words(const char *text, struct span words[64]);
/* The value as text, "(none)" without one; fails the test where it does not compile. */
const char *fake_evaluate(struct fake *f, const char *expression);
/* The error, which must be there. */
const char *fake_error(struct fake *f, const char *expression);

#endif
