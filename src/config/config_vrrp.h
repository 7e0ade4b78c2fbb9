/* SPDX-License-Identifier: MIT */
/*
 * keepalived.conf to model: like config.h, for the other language. All errors are collected; an
 * unknown word is an error with the nearest word, a word of keepalived's that halb does not do says
 * what to write instead.
 */
#ifndef CONFIG_CONFIG_VRRP_H
#define CONFIG_CONFIG_VRRP_H

#include "config/config.h"
#include "config/model_vrrp.h"

struct config_include { /* "include PATTERN" in the file `from` */
	const char *pattern, *from;
	struct arena *arena; /* for paths and texts */
	void (*each)(void *reader, const struct config_file *file);
	void *reader;
	const char *error;
};

struct config_vrrp_world { /* what the reader asks its caller; user is handed back */
	void *user;
	/* Calls i->each with every file that i->pattern names (glob, relative to i->from), in
	 * order. False with i->error (the system's words) where none can be read. */
	bool (*include)(void *user, struct config_include *i);
	const char *(*get_env)(void *user, const char *name);
	bool (*has_interface)(void *user, const char *name);
	bool (*user_id)(void *user, const char *name, long *uid);
	const char *config_id; /* -i, or the host's name: what "@NAME line" and "@^NAME line"
				  compare */
	const char *hostname;
};

/* A model with one reference, or NULL where any alert was added. */
struct model_vrrp *config_read_vrrp(const struct config_file *file,
				    const struct config_vrrp_world *world,
				    struct diags *d) must_check;
/* The canonical dump of golden tests. */
void config_dump_vrrp(const struct model_vrrp *m, struct buffer *out);
/* "halb --list keepalived": each word with its blocks and one line of help. */
void config_list_vrrp(struct buffer *out);

struct config_pair_world { /* of the machine, for warnings */
	void *user;
	bool (*is_local)(void *user, const struct inet *address);
};
/* Both files against each other: a VIP that nothing binds, a bind that is neither local nor a VIP,
 * weights that can never move the VIP. Warnings. */
void config_audit_pair(const struct model *m, const struct model_vrrp *v,
		       const struct config_pair_world *world, struct diags *d);
/* The two nodes' files: same priority, different VRID, addresses, version, authentication. */
void config_audit_nodes(const struct model_vrrp *here, const struct model_vrrp *there,
			struct diags *d);
/* A frontend that listens on one of the VIPs (also by a wildcard): the service of the pair. */
bool config_binds_vip(const struct model_proxy *p, const struct model_vrrp *v);

#endif
