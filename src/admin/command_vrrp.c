/* SPDX-License-Identifier: MIT */
/* Commands about the virtual IPs: they live in the guardian, which shows them on a shared page. */
#include "admin/command.h"

#include "failover/status.h"

#include "proto/bfd.h"

#include "base/escape.h"

static void text_chance(struct buffer *out, const struct failover_row *r)
{
	if (r->no_chance[0])
		buffer_printf(out, "  second chance: off (%s); connections still served here %u\n",
			      r->no_chance, r->held_here);
	else
		buffer_printf(out,
			      "  second chance: ready; connections that the peer still serves "
			      "%u, that are still served here %u\n",
			      r->held_by_peer, r->held_here);
}

static void text_row(struct buffer *out, const struct failover_row *r, int64_t now_us)
{
	buffer_printf(out, "%s: %s%s for %llds, VRID %u on %s, VRRPv%u, priority %u (%s)\n",
		      r->name, vrrp_state_name(r->state),
		      r->leaving ? " (handing over)"
		      : r->held  ? " (held: the service is not known to be well)"
				 : "",
		      (long long)((now_us - r->since_wall_us) / 1000000), r->vrid, r->interface,
		      r->vrrp_version, r->priority, r->sum);
	buffer_printf(out, "  addresses %s: %s\n", r->owns ? "here" : "not here", r->addresses);
	buffer_printf(out, "  last transition: %s; to MASTER %llu times, %llu transitions\n",
		      r->cause, (unsigned long long)r->transitions_to_master,
		      (unsigned long long)r->transitions);
	buffer_printf(
	    out,
	    "  adverts: in %llu, out %llu, priority zero in %llu, out %llu; announcements "
	    "%llu\n",
	    (unsigned long long)r->adverts_in, (unsigned long long)r->adverts_out,
	    (unsigned long long)r->priority_zero_in, (unsigned long long)r->priority_zero_out,
	    (unsigned long long)r->announcements);
	buffer_add_text(out, "  refused:");
	for (unsigned int i = VRRP_OK + 1; i < VRRP_VERDICTS; i++)
		if (r->refused[i])
			buffer_printf(out, " %s %llu", vrrp_verdict_name(i),
				      (unsigned long long)r->refused[i]);
	buffer_printf(out, "\n  master: %s\n", r->master[0] ? r->master : "not known");
	if (r->bfd_known)
		buffer_printf(out, "  BFD towards %s: %s, detection in %u ms, lost %llu times\n",
			      r->peer, bfd_state_name(r->bfd_state), r->bfd_detect_ms,
			      (unsigned long long)r->bfd_downs);
	text_chance(out, r);
}

static void json_text(struct buffer *out, const char *name, const char *value)
{
	buffer_printf(out, "\"%s\":\"", name);
	escape_json(out, span_of(value));
	buffer_add_text(out, "\",");
}

static void json_number(struct buffer *out, const char *name, uint64_t n)
{
	buffer_printf(out, "\"%s\":%llu,", name, (unsigned long long)n);
}

static void json_flag(struct buffer *out, const char *name, bool value)
{
	buffer_printf(out, "\"%s\":%s,", name, value ? "true" : "false");
}

static void json_row(struct buffer *out, const struct failover_row *r)
{
	buffer_add_char(out, '{');
	json_text(out, "name", r->name);
	json_text(out, "state", vrrp_state_name(r->state));
	json_text(out, "interface", r->interface);
	json_text(out, "group", r->group);
	json_text(out, "addresses", r->addresses);
	json_text(out, "priority_sum", r->sum);
	json_text(out, "cause", r->cause);
	json_text(out, "master", r->master);
	json_number(out, "vrid", r->vrid);
	json_number(out, "version", r->vrrp_version);
	json_number(out, "base_priority", r->base_priority);
	json_number(out, "priority", r->priority);
	json_flag(out, "owns", r->owns);
	json_flag(out, "leaving", r->leaving);
	json_flag(out, "held", r->held);
	json_number(out, "since_ms", (uint64_t)(r->since_wall_us / 1000));
	json_number(out, "transitions", r->transitions);
	json_number(out, "transitions_to_master", r->transitions_to_master);
	json_number(out, "adverts_in", r->adverts_in);
	json_number(out, "adverts_out", r->adverts_out);
	json_number(out, "priority_zero_in", r->priority_zero_in);
	json_number(out, "priority_zero_out", r->priority_zero_out);
	json_number(out, "announcements", r->announcements);
	if (r->bfd_known) {
		json_text(out, "bfd_peer", r->peer);
		json_text(out, "bfd_state", bfd_state_name(r->bfd_state));
		json_number(out, "bfd_detect_ms", r->bfd_detect_ms);
		json_number(out, "bfd_downs", r->bfd_downs);
	}
	json_flag(out, "second_chance", !r->no_chance[0]);
	json_text(out, "second_chance_off", r->no_chance);
	json_number(out, "held_here", r->held_here);
	json_number(out, "held_by_peer", r->held_by_peer);
	buffer_add_text(out, "\"refused\":{");
	for (unsigned int i = VRRP_OK + 1; i < VRRP_VERDICTS; i++)
		buffer_printf(out, "%s\"%s\":%llu", i > VRRP_OK + 1 ? "," : "",
			      vrrp_verdict_name(i), (unsigned long long)r->refused[i]);
	buffer_add_text(out, "}}");
}

static void text_totals(struct buffer *out)
{
	const _Atomic uint64_t *n = failover_page->chance;

	buffer_printf(out,
		      "handed over: packets of connections %llu, that begin one %llu, ICMP errors "
		      "%llu; refused by the limit %llu\n",
		      (unsigned long long)n[CHANCE_HANDED_OVER], (unsigned long long)n[CHANCE_SYNS],
		      (unsigned long long)n[CHANCE_ERRORS], (unsigned long long)n[CHANCE_LIMITED]);
	buffer_printf(out, "scheduling: %s\n", failover_page->realtime);
}

static enum command_result show_vrrp(struct command_call *c)
{
	bool json = command_word_is(c, 0, "json");
	struct failover_row row;

	if (!failover_page) {
		buffer_add_text(c->out, json ? "[]\n"
					     : "There is no virtual IP here: halb was started "
					       "without -k.\n");
		return COMMAND_DONE;
	}
	if (json)
		buffer_add_char(c->out, '[');
	for (unsigned int i = 0; failover_page_read(failover_page, i, &row); i++) {
		if (json && i > 0)
			buffer_add_char(c->out, ',');
		if (json)
			json_row(c->out, &row);
		else
			text_row(c->out, &row, c->worker->loop.wall_us);
	}
	if (json)
		buffer_add_text(c->out, "]\n");
	else
		text_totals(c->out);
	return COMMAND_DONE;
}

static const struct command command_show_vrrp = {.words = "show vrrp",
						 .args = "[json]",
						 .help = "the virtual IPs of this node",
						 .level = BIND_LEVEL_USER,
						 .run = show_vrrp};
FAMILY_ADD(command, command_show_vrrp);

static enum command_result release(struct command_call *c)
{
	if (!failover_ask_release())
		buffer_add_text(c->out, "There is no virtual IP here that could be released.\n");
	return COMMAND_DONE;
}

static const struct command command_release = {
    .words = "release",
    .args = "",
    .help = "hands the virtual IPs over to the peer; without one, they stay",
    .level = BIND_LEVEL_ADMIN,
    .run = release};
FAMILY_ADD(command, command_release);
