/* SPDX-License-Identifier: MIT */
/* The virtual IPs on the statistics page: one row for each instance of this node. */
#include "admin/stats_html.h"

#include "failover/status.h"

#include "proto/bfd.h"

#include "base/escape.h"

#include <stdio.h>

static enum stats_mood mood(const struct failover_row *r)
{
	switch (r->state) {
	case VRRP_MASTER:
		return r->leaving ? STATS_GOING_DOWN : STATS_UP;
	case VRRP_BACKUP:
		return r->held ? STATS_MAINT : STATS_DRAIN;
	case VRRP_FAULT:
		return STATS_DOWN;
	default:
		return STATS_NO_CHECK;
	}
}

static void text_cell(struct buffer *out, const char *label, const char *text, const char *more)
{
	buffer_printf(out, "<td class=\"t w\" data-l=\"%s\">", label);
	escape_html(out, span_of(text));
	if (more && more[0]) {
		buffer_add_text(out, "<small>");
		escape_html(out, span_of(more));
		buffer_add_text(out, "</small>");
	}
	buffer_add_text(out, "</td>");
}

static void number_cell(struct buffer *out, const char *label, uint64_t n)
{
	buffer_printf(out, "<td data-l=\"%s\">", label);
	stats_html_number(out, n);
	buffer_add_text(out, "</td>");
}

/* Connections that the other node holds, and those here while the addresses are there. */
static void chance_cell(struct buffer *out, const struct failover_row *r)
{
	buffer_add_text(out, "<td data-l=\"Handed to the peer\">");
	if (r->no_chance[0])
		buffer_add_text(out, "off");
	else
		stats_html_number(out, r->held_by_peer);
	buffer_add_text(out, "<small>");
	if (r->no_chance[0])
		escape_html(out, span_of(r->no_chance));
	if (r->held_here)
		buffer_printf(out, " still here: %u", r->held_here);
	buffer_add_text(out, "</small></td>");
}

static uint64_t refused(const struct failover_row *r)
{
	uint64_t sum = 0;

	for (unsigned int i = VRRP_OK + 1; i < VRRP_VERDICTS; i++)
		sum += r->refused[i];
	return sum;
}

static void row(struct buffer *out, const struct failover_row *r, int64_t wall_us)
{
	char place[64];

	buffer_add_text(out, "<tr>");
	snprintf(place, sizeof(place), "VRID %u on %s", r->vrid, r->interface);
	text_cell(out, "Instance", r->name, place);
	buffer_printf(out, "<td class=t data-l=State><span class=\"pill %s\">%s</span><small>for ",
		      stats_html_mood(mood(r)), vrrp_state_name(r->state));
	stats_html_age(
	    out, wall_us > r->since_wall_us ? (uint64_t)(wall_us - r->since_wall_us) / 1000000 : 0);
	buffer_add_text(out, "</small></td>");
	text_cell(out, "Addresses", r->addresses, r->owns ? "here" : "not here");
	buffer_printf(out, "<td data-l=Priority>%u<small>", r->priority);
	escape_html(out, span_of(r->sum));
	buffer_add_text(out, "</small></td>");
	text_cell(out, "Last transition", r->cause, r->master[0] ? r->master : NULL);
	text_cell(out, "BFD", r->bfd_known ? bfd_state_name(r->bfd_state) : "-",
		  r->bfd_known ? r->peer : NULL);
	chance_cell(out, r);
	number_cell(out, "Adverts in", r->adverts_in);
	number_cell(out, "out", r->adverts_out);
	number_cell(out, "refused", refused(r));
	number_cell(out, "times MASTER", r->transitions_to_master);
	buffer_add_text(out, "</tr>\n");
}

void stats_html_vrrp(struct buffer *out, int64_t wall_us)
{
	struct failover_row r;

	if (!failover_page)
		return;
	buffer_add_text(
	    out, "<section class=px><header><h2>Virtual IPs</h2><span>VRRP on this "
		 "node</span></header><div class=scroll><table><thead><tr>"
		 "<th class=t>Instance</th><th class=t>State</th><th class=t>Addresses</th>"
		 "<th>Priority</th><th class=t>Last transition, master</th><th class=t>BFD</th>"
		 "<th>Handed to the peer</th><th>Adverts "
		 "in</th><th>out</th><th>refused</th><th>times MASTER</th>"
		 "</tr></thead><tbody>\n");
	for (unsigned int i = 0; failover_page_read(failover_page, i, &r); i++)
		row(out, &r, wall_us);
	buffer_add_text(out, "</tbody></table></div></section>\n");
}
