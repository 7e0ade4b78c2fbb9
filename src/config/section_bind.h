/* SPDX-License-Identifier: MIT */
/*
 * A listening address and its words, wherever they stand: "bind ...", "listen NAME ADDRESS ...",
 * and "stats socket ..." in global.
 */
#ifndef CONFIG_SECTION_BIND_H
#define CONFIG_SECTION_BIND_H

#include "config/keyword.h"

/* Word `at` of the line holds the addresses (a list with commas, ports may be ranges), words
 * follow. Appends one model_bind per address and port to *list. False after a diagnostic; *list is
 * then as it was. */
bool config_parse_bind(struct config_reader *r, const struct node *line, unsigned int at,
		       bool stats_socket, struct model_bind **list);

#endif
