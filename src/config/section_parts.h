/* SPDX-License-Identifier: MIT */
/*
 * What the section files of servers, checks, balance and logs offer to the reader: the values a
 * proxy starts with, and what is completed once all files are read. Nothing a proxy inherits from
 * its defaults section is ever changed in place: lists are copied when a line adds to them.
 */
#ifndef CONFIG_SECTION_PARTS_H
#define CONFIG_SECTION_PARTS_H

#include "config/keyword.h"

/* For a defaults section that inherits from nothing, and for a proxy without defaults:
 * default_server, balance, check. */
void config_parts_init(struct model_proxy *p);

/* For each frontend, backend and listen, after the last file: "log global" becomes the global logs,
 * the log format, the balance algorithm and the check dialogue are completed (config_finish_log,
 * _balance and _check in one). False after a diagnostic. */
bool config_parts_finish(struct config_reader *r, struct model_proxy *p);

/* Zeroed memory of the model, or NULL after a diagnostic. */
void *config_alloc(struct config_reader *r, const struct node *line, size_t n) must_check;
/* True where word `at` is there; else a diagnostic that shows `usage` ("name <name>"). */
bool config_need_word(struct config_reader *r, const struct node *line, unsigned int at,
		      const char *usage);
/* One of the `n` names (their index), or -1 after a diagnostic that lists them. */
int config_parse_choice(struct config_reader *r, const struct node *line, unsigned int at,
			const char *const *names, unsigned int n);

/* A regular expression that lives as long as the model, or NULL after a diagnostic. */
struct check_regex *config_compile_regex(struct config_reader *r, const struct node *line,
					 struct span pattern);
/* What the model's arena does not hold: model_put calls this before the arena goes. */
void config_parts_free(struct model *m);

bool config_finish_log(struct config_reader *r, struct model_proxy *p);
bool config_finish_balance(struct config_reader *r, struct model_proxy *p);
bool config_finish_check(struct config_reader *r, struct model_proxy *p);

#endif
