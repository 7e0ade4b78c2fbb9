/* SPDX-License-Identifier: MIT */
/*
 * What the section files of keepalived's language offer each other and the reader: the values
 * things start with, what a statement said that is resolved only when all is read, shared parses.
 */
#ifndef CONFIG_SECTION_VRRP_H
#define CONFIG_SECTION_VRRP_H

#include "config/block.h"

/* What the model does not keep: each hangs around its part of the model, so that resolve_vrrp.c
 * finds it again (container_of). */
struct vrrp_instance_read {
	struct model_vrrp_instance instance;
	const struct node *node;
	bool priority_set, accept_set, no_peer_is_fault, unicast, version_set, strict_set;
};
struct vrrp_group_read {
	struct model_vrrp_group group;
	const struct node *node, *members; /* members: statements of names */
	bool keeps_weights;                /* sync_group_tracking_weight */
};
struct vrrp_track_read {
	struct model_vrrp_track track;
	const struct node *node;
	bool weight_set, reverse_set;
};

enum vrrp_track_kind {
	TRACK_INTERFACE,
	TRACK_SCRIPT,
	TRACK_FILE,
	TRACK_PROCESS,
	TRACK_BFD,
	TRACK_KINDS
};
/* The statement's name and list in an instance or group, by kind. */
extern const char *const vrrp_track_words[TRACK_KINDS];

#define VRRP_UNSET UINT32_MAX /* a garp value that another one decides */

void vrrp_globals_init(struct vrrp_globals *g);

/* "COMMAND [USER [GROUP]]" from word `at` on; the command's word is split as keepalived does: at
 * blanks, with quotes and backslashes. False after an alert. */
bool vrrp_parse_command(struct vrrp_reader *r, const struct node *n, unsigned int at,
			struct model_command *out);
/* "USER [GROUP]" from word `at` on. */
bool vrrp_parse_user(struct vrrp_reader *r, const struct node *n, unsigned int at,
		     const char **user, const char **group);
/* The command only asks whether haproxy or halb runs. */
bool vrrp_asks_service(const char *const *argv);
/* "haproxy", "halb", or a path to one of them. */
bool vrrp_is_service(struct span word);

/* "weight W [reverse|noreverse]" from word `at` on: how many words it took, 0 after an alert. */
unsigned int vrrp_parse_weight(struct vrrp_reader *r, const struct node *n, unsigned int at,
			       long limit, int *weight, bool *reverse);
/* The lists of a row with SETTING_BLOCK: the row's offset is that of the list. */
void vrrp_parse_addresses(struct vrrp_reader *r, const struct node *n);
void vrrp_parse_routes(struct vrrp_reader *r, const struct node *n);
void vrrp_parse_rules(struct vrrp_reader *r, const struct node *n);

struct vrrp_instance_read *vrrp_instance_read(struct model_vrrp_instance *v);
const struct vrrp_group_read *vrrp_group_read(const struct model_vrrp_group *g);
const struct vrrp_track_read *vrrp_track_read(const struct model_vrrp_track *t);

/* Once all is read: names to pointers, values that depend on others, what cannot be. Where all was
 * `clean` so far, without alerts, instances are compared too. */
void vrrp_resolve(struct vrrp_reader *r, bool clean);
/* Its part about names: members of groups, tracked things. */
void vrrp_resolve_names(struct vrrp_reader *r);
#endif
