/* SPDX-License-Identifier: MIT */
/* THE table of "show info": one row for each line of haproxy 2.6's, in its order. */
#ifndef ADMIN_INFO_FIELDS_H
#define ADMIN_INFO_FIELDS_H

#include "admin/stats_export.h"

struct worker;

enum info_form { INFO_PLAIN, INFO_TYPED, INFO_JSON };

struct info_source {
	struct program *program;
	struct worker *worker; /* the thread that asks */
	struct counters totals;
	uint64_t now_ms;
};

struct info_field {
	const char *name; /* NULL: a position that haproxy 2.6 leaves empty as built by Debian */
	const char *tag;
	const char *help;
	enum stats_type type;
	void (*value)(const struct info_source *s, struct stats_value *v); /* NULL: 0 */
};

extern const struct info_field info_fields[];
extern const unsigned int info_n_fields;

/* `help`: each line of the plain and typed form ends with what it means. */
void info_export(struct buffer *out, struct worker *w, enum info_form form, bool help);

#endif
