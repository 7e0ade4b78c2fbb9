/* SPDX-License-Identifier: MIT */
/* What the reader starts sections with, and what it does once all files are read. */
#ifndef CONFIG_SECTION_CORE_H
#define CONFIG_SECTION_CORE_H

#include "config/keyword.h"

/* haproxy's values for what no file sets. */
void config_global_init(struct model_global *g);
void config_proxy_init(struct model_proxy *p);

/* Finds what names stand for (backends, servers that are tracked), numbers what has no id,
 * completes each proxy. Where the files are `clean`, without alerts, warns of what is missing and
 * computes the limits that depend on other proxies. */
void config_resolve(struct config_reader *r, bool clean);

/* The steps of config_resolve that have files of their own: ids, and warnings about whole proxies
 * with limits that depend on others. */
void config_number_proxies(struct config_reader *r);
void config_number_parts(struct config_reader *r, const struct model_proxy *p);
void config_audit(struct config_reader *r);
/* "frontend", "backend", or "proxy" for a listen section. */
const char *config_proxy_kind(const struct model_proxy *p);

/* The words from `at` on as one text with blanks between; NULL after a diagnostic. */
const char *config_parse_rest(struct config_reader *r, const struct node *line, unsigned int at);

#endif
