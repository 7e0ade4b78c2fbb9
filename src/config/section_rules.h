/* SPDX-License-Identifier: MIT */
/*
 * What the section files need of rules: compiling conditions, formats and lines with the ACLs of
 * the proxy at hand, and what is done with rules once all files are read.
 */
#ifndef CONFIG_SECTION_RULES_H
#define CONFIG_SECTION_RULES_H

#include "config/keyword.h"

/* Ready to compile what stands in this line; `provided`: enum rule_needs of what is there. */
void config_rule_begin(struct config_reader *r, const struct node *line, unsigned int provided,
		       struct rule_compiler *k);
/* Keeps the proxy's ACLs, and warns where there is something to warn of. */
void config_rule_end(struct config_reader *r, const struct node *line, struct rule_compiler *k);

/* "if COND" / "unless COND" from word `at` on, over the client's request; *out NULL when the line
 * ends there. False after a diagnostic. */
bool config_parse_condition(struct config_reader *r, const struct node *line, unsigned int at,
			    struct condition **out);
/* A format of a rule's kind, NULL after a diagnostic. */
struct log_format *config_parse_format(struct config_reader *r, const struct node *line,
				       unsigned int at);
/* True where a name holds an expression. */
bool config_is_computed(struct span name);

/* Begins a section "http-errors"; false after a diagnostic: its lines are not to be looked at. */
bool config_begin_http_errors(struct config_reader *r, const struct node *line);
/* The section that a rule or "errorfiles" names; then what each proxy answers with. */
void config_resolve_http_errors(struct config_reader *r, struct rule_reference *ref);
void config_resolve_replies(struct model_proxy *p);
/* Names in rules become pointers. */
void config_resolve_rules(struct config_reader *r);
/* True where the proxy has such rules of its own; they are taken from it. */
bool config_take_http_rules(struct model_proxy *p, enum rule_set set);
/* An HTTP response from a file, checked: errorfile's. `user` is the struct config_world. */
bool config_read_response(void *user, const char *path, struct arena *a, struct span *out,
			  const char **error);

#endif
