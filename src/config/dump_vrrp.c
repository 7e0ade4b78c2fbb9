/* SPDX-License-Identifier: MIT */
/*
 * The canonical dump of a keepalived model, for golden tests and people: each thing with what it
 * came to be, one a line, in the order of the file; settings that are as without the file are left
 * out, except those that an instance always has.
 */
#include "config/dump_priv.h"
#include "config/section_vrrp.h"

#include <limits.h>

struct place {
	struct buffer *out;
	const char *kind, *name;
};

static void begin(const struct place *at, const char *word)
{
	buffer_add_text(at->out, at->kind);
	if (at->name) {
		buffer_add_char(at->out, ' ');
		dump_word(at->out, span_of(at->name));
	}
	if (word)
		buffer_printf(at->out, " %s", word);
}

static void end(const struct place *at)
{
	buffer_add_char(at->out, '\n');
}

/* A number that is not `plain`. */
static void put_number(const struct place *at, const char *word, int64_t value, int64_t plain)
{
	if (value == plain)
		return;
	begin(at, word);
	buffer_add_char(at->out, ' ');
	buffer_add_i64(at->out, value);
	end(at);
}

static void put_text(const struct place *at, const char *word, const char *text)
{
	if (!text)
		return;
	begin(at, word);
	buffer_add_char(at->out, ' ');
	dump_word(at->out, span_of(text));
	end(at);
}

static void put_flag(const struct place *at, const char *word, bool on)
{
	if (!on)
		return;
	begin(at, word);
	end(at);
}

static void add_inet(struct buffer *out, const struct inet *a)
{
	char text[INET_TEXT_BYTES];

	buffer_add(out, text, inet_print(text, a));
}

static void put_inet(const struct place *at, const char *word, const struct inet *a)
{
	if (a->family == INET_NONE)
		return;
	begin(at, word);
	buffer_add_char(at->out, ' ');
	add_inet(at->out, a);
	end(at);
}

/* For the rest of a line: " WORD VALUE" where there is one. */
static void add_inet_word(struct buffer *out, const char *word, const struct inet *a)
{
	if (a->family == INET_NONE)
		return;
	buffer_printf(out, " %s ", word);
	add_inet(out, a);
}

static void add_text_word(struct buffer *out, const char *word, const char *text)
{
	if (text)
		buffer_printf(out, " %s %s", word, text);
}

static void add_number_word(struct buffer *out, const char *word, uint32_t value, uint32_t plain)
{
	if (value != plain)
		buffer_printf(out, " %s %u", word, value);
}

static void add_flag_word(struct buffer *out, const char *word, bool on)
{
	if (on)
		buffer_printf(out, " %s", word);
}

static void put_command(const struct place *at, const char *word, const struct model_command *c)
{
	if (!c->argv)
		return;
	begin(at, word);
	for (const char *const *arg = c->argv; *arg; arg++) {
		buffer_add_char(at->out, ' ');
		dump_word(at->out, span_of(*arg));
	}
	add_text_word(at->out, "user", c->user);
	add_text_word(at->out, "group", c->group);
	end(at);
}

static void dump_notify(const struct place *at, const struct model_notify *n)
{
	put_command(at, "notify_master", &n->master);
	put_command(at, "notify_backup", &n->backup);
	put_command(at, "notify_fault", &n->fault);
	put_command(at, "notify_stop", &n->stop);
	put_command(at, "notify_deleted", &n->deleted);
	put_command(at, "notify", &n->all);
	put_command(at, "notify_master_rx_lower_pri", &n->master_rx_lower_prio);
}

static void dump_addresses(const struct place *at, const char *word,
			   const struct model_vrrp_address *list)
{
	for (const struct model_vrrp_address *a = list; a; a = a->next) {
		begin(at, word);
		buffer_add_char(at->out, ' ');
		add_inet(at->out, &a->address);
		buffer_printf(at->out, "/%u", a->prefix);
		add_text_word(at->out, "dev", a->dev);
		add_number_word(at->out, "scope", a->scope, 0);
		add_text_word(at->out, "label", a->label);
		add_inet_word(at->out, "peer", &a->peer);
		add_inet_word(at->out, "brd", &a->broadcast);
		add_flag_word(at->out, "no_track", a->no_track);
		add_flag_word(at->out, "home", a->home);
		add_flag_word(at->out, "-nodad", a->nodad);
		add_flag_word(at->out, "noprefixroute", a->noprefixroute);
		add_flag_word(at->out, "mngtmpaddr", a->mngtmpaddr);
		add_flag_word(at->out, "deprecated", a->deprecated);
		end(at);
	}
}

static void add_net_word(struct buffer *out, const char *word, const struct inet_net *net)
{
	if (net->address.family == INET_NONE)
		return;
	add_inet_word(out, word, &net->address);
	buffer_printf(out, "/%u", net->prefix);
}

static void dump_routes(const struct place *at, const struct model_vrrp_route *list)
{
	for (const struct model_vrrp_route *m = list; m; m = m->next) {
		begin(at, "route");
		add_number_word(at->out, "type", m->type, 1);
		add_net_word(at->out, "to", &m->to);
		add_inet_word(at->out, "via", &m->via);
		add_inet_word(at->out, "src", &m->src);
		add_text_word(at->out, "dev", m->dev);
		add_number_word(at->out, "table", m->table, 254);
		add_number_word(at->out, "metric", m->metric, 0);
		if (m->scope_set)
			buffer_printf(at->out, " scope %u", m->scope);
		add_number_word(at->out, "protocol", m->protocol, 18);
		add_number_word(at->out, "mtu", m->mtu, 0);
		add_flag_word(at->out, "no_track", m->no_track);
		end(at);
	}
}

static void dump_rules(const struct place *at, const struct model_vrrp_rule *list)
{
	for (const struct model_vrrp_rule *m = list; m; m = m->next) {
		begin(at, "rule");
		add_flag_word(at->out, "inet6", m->family == INET_V6);
		add_flag_word(at->out, "not", m->inverted);
		add_net_word(at->out, "from", &m->from);
		add_net_word(at->out, "to", &m->to);
		add_text_word(at->out, "iif", m->iif);
		add_text_word(at->out, "oif", m->oif);
		add_number_word(at->out, "tos", m->tos, 0);
		if (m->fwmask)
			buffer_printf(at->out, " fwmark %u/%u", m->fwmark, m->fwmask);
		add_number_word(at->out, "action", m->action, 1);
		add_number_word(at->out, "table", m->table, 0);
		add_number_word(at->out, "preference", m->priority, 0);
		add_flag_word(at->out, "no_track", m->no_track);
		end(at);
	}
}

static void dump_track(const struct place *at, enum vrrp_track_kind kind,
		       const struct model_vrrp_track *list)
{
	for (const struct model_vrrp_track *t = list; t; t = t->next) {
		begin(at, vrrp_track_words[kind]);
		buffer_add_char(at->out, ' ');
		dump_word(at->out, span_of(t->name));
		if (t->weight)
			buffer_printf(at->out, " weight %d", t->weight);
		add_flag_word(at->out, "reverse", t->reverse);
		end(at);
	}
}

static void dump_garp(const struct place *at, const struct model_garp *g)
{
	put_number(at, "garp_master_delay_ms", g->master_delay_ms, 5000);
	put_number(at, "garp_master_repeat", g->master_repeat, 5);
	put_number(at, "garp_lower_prio_delay_ms", g->lower_prio_delay_ms, 5000);
	put_number(at, "garp_lower_prio_repeat", g->lower_prio_repeat, 5);
	put_number(at, "garp_master_refresh_ms", g->master_refresh_ms, 0);
	put_number(at, "garp_master_refresh_repeat", g->master_refresh_repeat, 1);
	put_number(at, "garp_interval_us", g->interval_us, 0);
	put_number(at, "gna_interval_us", g->gna_interval_us, 0);
	put_number(at, "garp_extra_if_ms", g->extra_if, 0);
}

static void dump_sending(const struct place *at, const struct model_vrrp_instance *v)
{
	static const struct inet group4 = {.family = INET_V4, .ip = {224, 0, 0, 18}},
				 group6 = {.family = INET_V6, .ip = {0xff, 2, [15] = 0x12}};

	put_inet(at, "source", &v->source);
	if (!inet_equal_ip(&v->multicast, v->family == INET_V6 ? &group6 : &group4))
		put_inet(at, "multicast", &v->multicast);
	for (const struct model_vrrp_peer *p = v->unicast_peers; p; p = p->next) {
		begin(at, NULL);
		add_inet_word(at->out, "unicast_peer", &p->address);
		add_number_word(at->out, "min_ttl", p->ttl_min, 0);
		add_number_word(at->out, "max_ttl", p->ttl_max, 255);
		end(at);
	}
	put_number(at, "unicast_ttl", v->unicast_ttl, 255);
	put_flag(at, "check_unicast_src", v->check_unicast_src);
	if (v->auth == VRRP_AUTH_PASS) {
		begin(at, "auth_pass ");
		dump_word(at->out, span_make(v->auth_pass, strnlen(v->auth_pass, 8)));
		end(at);
	}
}

static void dump_flags(const struct place *at, const struct model_vrrp_instance *v)
{
	put_flag(at, "state MASTER", v->start_master);
	put_flag(at, "nopreempt", v->nopreempt);
	put_flag(at, "no_accept", !v->accept);
	put_flag(at, "dont_track_primary", v->dont_track_primary);
	put_flag(at, "track_src_ip", v->track_src_ip);
	put_flag(at, "strict_mode", v->strict);
	put_flag(at, "skip_check_adv_addr", v->skip_check_adv_addr);
	put_flag(at, "lower_prio_no_advert", v->lower_prio_no_advert);
	put_flag(at, "higher_prio_send_advert", v->higher_prio_send_advert);
	put_flag(at, "native_ipv6", v->native_ipv6);
	put_flag(at, "promote_secondaries", v->promote_secondaries);
	put_flag(at, "use_vmac", v->use_vmac);
	put_text(at, "vmac_name", v->vmac_name);
	put_flag(at, "vmac_xmit_base", v->vmac_xmit_base);
}

static void dump_instance(struct buffer *out, const struct model_vrrp_instance *v)
{
	struct place at = {out, "vrrp_instance", v->name};

	put_text(&at, "interface", v->interface);
	put_number(&at, "virtual_router_id", v->vrid, 0);
	put_number(&at, "version", v->version, 0);
	put_number(&at, "priority", v->priority, 0);
	put_flag(&at, "IPv6", v->family == INET_V6);
	dump_flags(&at, v);
	put_number(&at, "preempt_delay_ms", v->preempt_delay_ms, 0);
	put_number(&at, "advert_us", (int64_t)v->advert_us, 1000000);
	put_number(&at, "down_timer_adverts", v->down_timer_adverts, 3);
	dump_sending(&at, v);
	put_text(&at, "vrrp_sync_group", v->group ? v->group->name : NULL);
	dump_addresses(&at, "address", v->addresses);
	dump_addresses(&at, "excluded", v->excluded);
	dump_routes(&at, v->routes);
	dump_rules(&at, v->rules);
	dump_track(&at, TRACK_INTERFACE, v->track_interfaces);
	dump_track(&at, TRACK_SCRIPT, v->track_scripts);
	dump_track(&at, TRACK_FILE, v->track_files);
	dump_track(&at, TRACK_PROCESS, v->track_processes);
	dump_track(&at, TRACK_BFD, v->track_bfds);
	dump_garp(&at, &v->garp);
	dump_notify(&at, &v->notify);
	put_number(&at, "debug", v->debug, 0);
}

static void dump_group(struct buffer *out, const struct model_vrrp_group *g)
{
	struct place at = {out, "vrrp_sync_group", g->name};

	for (unsigned int i = 0; i < g->n_members; i++)
		put_text(&at, "member", g->members[i]->name);
	put_flag(&at, "global_tracking", g->global_tracking);
	dump_track(&at, TRACK_INTERFACE, g->track_interfaces);
	dump_track(&at, TRACK_SCRIPT, g->track_scripts);
	dump_track(&at, TRACK_FILE, g->track_files);
	dump_track(&at, TRACK_PROCESS, g->track_processes);
	dump_track(&at, TRACK_BFD, g->track_bfds);
	dump_notify(&at, &g->notify);
}

static void dump_script(struct buffer *out, const struct model_vrrp_script *s)
{
	struct place at = {out, "vrrp_script", s->name};

	put_command(&at, "script", &s->command);
	put_flag(&at, "asks_service", s->asks_service);
	put_number(&at, "interval_ms", s->interval_ms, 1000);
	put_number(&at, "timeout_ms", s->timeout_ms, 0);
	put_number(&at, "weight", s->weight, 0);
	put_flag(&at, "reverse", s->weight_reverse);
	put_number(&at, "rise", s->rise, 1);
	put_number(&at, "fall", s->fall, 1);
	put_flag(&at, "init_fail", s->init_fail);
}

static void dump_file(struct buffer *out, const struct model_vrrp_file *f)
{
	struct place at = {out, "track_file", f->name};

	put_text(&at, "file", f->path);
	put_number(&at, "weight", f->weight, 1);
	put_flag(&at, "reverse", f->weight_reverse);
	put_flag(&at, "init", f->init);
	put_number(&at, "init_value", f->init_value, 0);
	put_flag(&at, "overwrite", f->overwrite);
}

static void dump_process(struct buffer *out, const struct model_vrrp_process *p)
{
	struct place at = {out, "vrrp_track_process", p->name};

	put_text(&at, "process", p->process);
	put_text(&at, "parameters", p->parameters);
	put_flag(&at, "full_command", p->full_command);
	put_flag(&at, "asks_service", p->asks_service);
	put_number(&at, "quorum", p->quorum, 1);
	put_number(&at, "quorum_max", p->quorum_max, UINT_MAX);
	put_number(&at, "fork_delay_ms", p->fork_delay_ms, 0);
	put_number(&at, "terminate_delay_ms", p->terminate_delay_ms, 0);
	put_number(&at, "weight", p->weight, 1);
	put_flag(&at, "reverse", p->weight_reverse);
}

static void dump_bfd(struct buffer *out, const struct model_vrrp_bfd *b)
{
	struct place at = {out, "bfd_instance", b->name};

	put_inet(&at, "neighbor_ip", &b->neighbor);
	put_inet(&at, "source_ip", &b->source);
	put_number(&at, "min_tx_ms", b->min_tx_ms, 10);
	put_number(&at, "min_rx_ms", b->min_rx_ms, 10);
	put_number(&at, "idle_tx_ms", b->idle_tx_ms, 1000);
	put_number(&at, "multiplier", b->multiplier, 5);
	put_flag(&at, "passive", b->passive);
	put_number(&at, "ttl", b->ttl, 255);
	put_number(&at, "max_hops", b->max_hops, 0);
	put_number(&at, "weight", b->weight, 0);
	put_flag(&at, "reverse", b->weight_reverse);
}

static void dump_global(struct buffer *out, const struct model_vrrp_global *g)
{
	struct place at = {out, "global_defs", NULL};

	put_text(&at, "router_id", g->router_id);
	put_number(&at, "vrrp_version", g->version, 2);
	put_number(&at, "vrrp_startup_delay_ms", g->startup_delay_ms, 0);
	put_text(&at, "script_user", g->script_user);
	put_text(&at, "script_group", g->script_group);
	put_flag(&at, "enable_script_security", g->enable_script_security);
	put_text(&at, "notify_fifo", g->notify_fifo);
	put_text(&at, "notify_fifo_script", g->notify_fifo_script);
	put_text(&at, "vrrp_notify_fifo", g->vrrp_notify_fifo);
	put_text(&at, "vrrp_notify_fifo_script", g->vrrp_notify_fifo_script);
	put_flag(&at, "vrrp_notify_priority_changes", g->notify_priority_changes);
	put_number(&at, "vrrp_priority", g->priority, 0);
	put_number(&at, "vrrp_rt_priority", g->rt_priority, 0);
	put_flag(&at, "vrrp_no_swap", g->no_swap);
	put_number(&at, "halb_bfd_interval", g->bfd_interval_ms, 100);
	put_number(&at, "halb_bfd_multiplier", g->bfd_multiplier, 3);
	put_number(&at, "halb_vip_lease", g->lease_ms, 2000);
	put_flag(&at, "halb_service_health off", !g->service_health);
	put_flag(&at, "halb_second_chance off", !g->second_chance);
}

void config_dump_vrrp(const struct model_vrrp *m, struct buffer *out)
{
	dump_global(out, &m->global);
	for (const struct model_vrrp_script *s = m->scripts; s; s = s->next)
		dump_script(out, s);
	for (const struct model_vrrp_file *f = m->files; f; f = f->next)
		dump_file(out, f);
	for (const struct model_vrrp_process *p = m->processes; p; p = p->next)
		dump_process(out, p);
	for (const struct model_vrrp_bfd *b = m->bfds; b; b = b->next)
		dump_bfd(out, b);
	for (const struct model_vrrp_instance *v = m->instances; v; v = v->next)
		dump_instance(out, v);
	for (const struct model_vrrp_group *g = m->groups; g; g = g->next)
		dump_group(out, g);
}
