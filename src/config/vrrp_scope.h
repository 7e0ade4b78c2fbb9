/* SPDX-License-Identifier: MIT */
/* Names of rtnetlink's numbers, for addresses and routes: scopes, tables, protocols. */
#ifndef CONFIG_VRRP_SCOPE_H
#define CONFIG_VRRP_SCOPE_H

#include "config/section_vrrp.h"

/* All false after an alert. A number is taken too. */
bool vrrp_parse_scope(struct vrrp_reader *r, const struct node *n, unsigned int at, uint8_t *out);
bool vrrp_parse_table(struct vrrp_reader *r, const struct node *n, unsigned int at, uint32_t *out);
bool vrrp_parse_protocol(struct vrrp_reader *r, const struct node *n, unsigned int at,
			 uint8_t *out);

#endif
