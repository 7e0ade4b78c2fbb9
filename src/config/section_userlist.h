/* SPDX-License-Identifier: MIT */
/* Sections "userlist": beginning one, and what is done with them once all files are read. */
#ifndef CONFIG_SECTION_USERLIST_H
#define CONFIG_SECTION_USERLIST_H

#include "config/keyword.h"

#include "rule/userlist.h"

/* False after a diagnostic: the section's lines are not to be looked at. */
bool config_begin_userlist(struct config_reader *r, const struct node *line);
/* Names of users in groups and of groups at users become memberships. */
void config_resolve_groups(struct config_reader *r);
/* The list that an expression names. */
void config_resolve_userlist(struct config_reader *r, struct rule_reference *ref);

#endif
