/* SPDX-License-Identifier: MIT */
/*
 * The statistics page as HTML: stats_html.c writes the document, stats_html_table.c a proxy's
 * table, stats_html_style.c its looks. It works without scripts and loads nothing. All that comes
 * from files, clients or servers is escaped.
 */
#ifndef ADMIN_STATS_HTML_H
#define ADMIN_STATS_HTML_H

#include "admin/stats_fields.h"
#include "admin/stats_query.h"

struct stats_page {
	struct program *program;
	struct worker *worker;    /* the thread that answers */
	const struct proxy *self; /* whose page it is */
	const struct model_stats *conf;
	struct stats_query query;
	bool may_act;      /* forms are shown */
	const char *token; /* NULL: no forms */
	uint64_t now_ms;
	int64_t wall_us;
};

void stats_html_write(struct buffer *out, const struct stats_page *page);
void stats_html_proxy(struct buffer *out, const struct stats_page *page, struct proxy *px,
		      const struct stats_filter *f);

/* The virtual IPs, where there are any. */
void stats_html_vrrp(struct buffer *out, int64_t wall_us);

extern const char stats_html_style[];
/* Class of a state, as the style knows it. */
const char *stats_html_mood(enum stats_mood m);

/* "3d4h", "5m12s". */
void stats_html_age(struct buffer *out, uint64_t seconds);
/* "12 345", the blanks thin. */
void stats_html_number(struct buffer *out, uint64_t n);
/* The link to a variant of the page, as the value of an attribute. */
void stats_html_link(struct buffer *out, const struct stats_page *page,
		     const struct stats_query *q);

#endif
