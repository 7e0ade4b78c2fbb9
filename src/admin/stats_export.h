/* SPDX-License-Identifier: MIT */
/*
 * Statistics as CSV, as typed lines and as JSON, in haproxy's forms. A tag is three letters: origin
 * (M metric, S status, K key, C config, P product), nature (A age, a average, C counter, D
 * duration, G gauge, L limit, M maximum, N name, O output, R rate), scope (P process, S service).
 */
#ifndef ADMIN_STATS_EXPORT_H
#define ADMIN_STATS_EXPORT_H

#include "admin/stats_fields.h"

enum stats_export_form { STATS_CSV, STATS_TYPED, STATS_JSON };

/* All that the filter lets through. */
void stats_export(struct buffer *out, struct program *p, uint64_t now_ms,
		  const struct stats_filter *f, enum stats_export_form form);

/* Pieces, which "show info" uses too. */
/* ":MGP:u32:12\n" */
void stats_export_typed(struct buffer *out, const char *tag, const struct stats_value *v);
/* "field":{…},"processNum":1,"tags":{…},"value":{…}} */
void stats_export_json(struct buffer *out, unsigned int position, const char *name, const char *tag,
		       const struct stats_value *v);

#endif
