/* SPDX-License-Identifier: MIT */
/*
 * Configuration files to model. The caller gives the files' bytes and answers what the reader may
 * not find out by itself (environment, other files, names); all errors of all files are collected.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "config/model.h"

#include "base/diag.h"

struct config_file {
	const char *path;
	struct span text;
};

struct config_world { /* what the sans-IO reader asks its caller; user is handed back */
	void *user;
	const char *(*get_env)(void *user, const char *name);             /* NULL: not set */
	void (*set_env)(void *user, const char *name, const char *value); /* setenv, presetenv;
									     value NULL: unset; name
									     NULL: unset all */
	/* The whole file (errorfile, later maps) into the arena; NULL with *error the system's
	 * words. */
	bool (*read_file)(void *user, const char *path, struct arena *a, struct span *out,
			  const char **error);
	bool (*user_id)(void *user, const char *name, long *uid);
	bool (*group_id)(void *user, const char *name, long *gid);
	const char *hostname, *version; /* for .if version_atleast and the like: the haproxy version
					   we stand for, "2.6" */
	unsigned int maxconn, proxy_maxconn; /* of the command line, which wins: of the process, of
						proxies without one; 0: not given */
};

/* A model with one reference, or NULL where any alert was added to `d` (or memory ran out, which is
 * an alert too). */
struct model *config_read(const struct config_file *files, unsigned int n_files,
			  const struct config_world *world, struct diags *d) must_check;
/* -cc: 1 true, 0 false, -1 malformed (a diagnostic says where). */
int config_eval_condition(struct span expression, const struct config_world *world,
			  struct diags *d);
/* The canonical dump that golden tests compare: every setting that differs from its default,
 * sorted, one a line. */
void config_dump(const struct model *m, struct buffer *out);
/* -dKcfg, "halb --list keyword": name, sections, one-line help of every keyword, with "(not yet)"
 * where it is known only. */
void config_list_keywords(struct buffer *out);

#endif
