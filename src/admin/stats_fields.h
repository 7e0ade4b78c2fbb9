/* SPDX-License-Identifier: MIT */
/*
 * THE table of statistics: one row for each column of haproxy 2.6's "show stat", in its order. CSV,
 * typed and JSON output all come from it. A row tells of which objects it has a value and how to
 * get it; numbers that halb does not count yet (TLS, HTTP/2, compression) are 0 as with a haproxy
 * that does not use them.
 */
#ifndef ADMIN_STATS_FIELDS_H
#define ADMIN_STATS_FIELDS_H

#include "admin/stats_object.h"

enum stats_type { STATS_NONE, STATS_STR, STATS_U32, STATS_U64, STATS_S32 };

struct stats_value {
	enum stats_type type; /* STATS_NONE: empty */
	uint64_t number;
	int64_t signed_number;
	struct span text;
	char buffer[STATS_ADDRESS_BYTES + 32]; /* for a text that is made */
};

struct stats_field {
	const char *name;
	const char *tag;         /* origin, nature, scope: see stats_export.h */
	const char *backend_tag; /* where backends differ, else NULL */
	uint8_t where;           /* bits: STATS_ON_… */
	enum stats_type type;
	size_t counter; /* offset in struct counters, where `value` is NULL */
	void (*value)(const struct stats_object *o, struct stats_value *v);
};

enum {
	STATS_ON_F = 1 << STATS_FRONTEND,
	STATS_ON_B = 1 << STATS_BACKEND,
	STATS_ON_S = 1 << STATS_SERVER,
	STATS_ON_L = 1 << STATS_LISTENER,
	STATS_ON_HTTP = 1 << 4, /* in mode http only */
};

extern const struct stats_field stats_fields[];
extern const unsigned int stats_n_fields;

/* The value of one field of one object; v->text is good as long as v and o are. */
void stats_field_value(const struct stats_field *f, const struct stats_object *o,
		       struct stats_value *v);
const char *stats_field_tag(const struct stats_field *f, const struct stats_object *o);

/* Used by the page too. */
uint32_t stats_seconds_since(uint64_t then_ms, uint64_t now_ms);

#endif
