/* SPDX-License-Identifier: MIT */
/* What a server is before any line says more: used by the reader (config_parts_init) and
 * "default-server". */
#ifndef CONFIG_SECTION_SERVER_H
#define CONFIG_SECTION_SERVER_H

#include "config/model_parts.h"

/* haproxy 2.6's defaults: weight 1, inter 2 s, rise 2, fall 3, error-limit 10, ... */
void config_server_init(struct model_server *s);

#endif
