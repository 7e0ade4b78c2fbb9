/* SPDX-License-Identifier: MIT */
/* The rules of a proxy in the configuration model: lists of actions, and which backend or server a
 * request goes to. Included by model.h. */
#ifndef CONFIG_MODEL_RULES_H
#define CONFIG_MODEL_RULES_H

#include "rule/action.h"

struct log_format;
struct model_proxy;
struct model_server;

struct use_backend {
	struct use_backend *next;
	const char *name;
	struct log_format *format;   /* the name is computed; NULL: it is as written */
	struct model_proxy *backend; /* resolved */
	struct condition *condition; /* NULL: always */
	const char *file;
	int line;
};

struct use_server {
	struct use_server *next;
	const char *name;
	struct log_format *format;   /* the name is computed; NULL: it is as written */
	struct model_server *server; /* resolved */
	struct condition *condition;
	const char *file;
	int line;
};

struct model_rules {
	const struct model_proxy *owner; /* another proxy copies before it adds */
	struct rule_list lists[RULE_SETS];
};

#endif
