/* SPDX-License-Identifier: MIT */
/*
 * One rule of http-check or tcp-check, from its words to a step. Called by section_check.c; all
 * fill in *step (whole) and return false after a diagnostic. `at` is the first word behind
 * "connect", "send", ...
 */
#ifndef CONFIG_SECTION_CHECK_H
#define CONFIG_SECTION_CHECK_H

#include "config/keyword.h"

bool check_rule_parse_connect(struct config_reader *r, const struct node *line, unsigned int at,
			      struct check_step *step);
bool check_rule_parse_http_send(struct config_reader *r, const struct node *line, unsigned int at,
				struct check_step *step);
bool check_rule_parse_tcp_send(struct config_reader *r, const struct node *line, unsigned int at,
			       bool binary, struct check_step *step);
bool check_rule_parse_expect(struct config_reader *r, const struct node *line, unsigned int at,
			     bool http, struct check_step *step);
/* The version word of "option httpchk": "HTTP/1.1", perhaps with "\r\nName: value" behind it, and a
 * body. */
bool check_rule_split_version(struct config_reader *r, const struct node *line, struct span word,
			      struct check_step *step);

#endif
