/* SPDX-License-Identifier: MIT */
/*
 * keepalived's data files, with its words, for tools that read them: what is configured and how it
 * stands (USR1), and the counters (USR2). Each is written aside and renamed.
 */
#include "failover/group.h"
#include "failover/instance.h"

#include "base/buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_BYTES (4 * 1024 * 1024)

static void write_file(const struct failover *f, const char *path, struct buffer *b)
{
	char aside[64];
	bool ok;
	int fd;

	snprintf(aside, sizeof(aside), "%s.XXXXXX", path);
	fd = mkstemp(aside);
	if (fd < 0) {
		failover_log(f, LOG_LEVEL_ERR, "cannot write %s: %s", path, strerror(errno));
		return;
	}
	ok = !b->failed && write(fd, b->p, b->len) == (ssize_t)b->len &&
	     fchmod(fd, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH) == 0;
	close(fd);
	if (ok && rename(aside, path) == 0)
		return;
	failover_log(f, LOG_LEVEL_ERR, "cannot write %s", path);
	unlink(aside);
}

static void add_address(struct buffer *b, const struct inet *a)
{
	char text[INET_TEXT_BYTES];

	buffer_add(b, text, inet_print(text, a));
}

/* "1795566159.857202 (Wed Nov 25 00:22:39.857202 2026)" */
static void add_time(struct buffer *b, const char *name, int64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / 1000000);
	unsigned int us = (unsigned int)(wall_us % 1000000);
	char day[32], year[8];
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		return;
	strftime(day, sizeof(day), "%a %b %e %H:%M:%S", &tm);
	strftime(year, sizeof(year), "%Y", &tm);
	buffer_printf(b, "   %s = %lld.%06u (%s.%06u %s)\n", name, (long long)seconds, us, day, us,
		      year);
}

static const char *enabled(bool on)
{
	return on ? "enabled" : "disabled";
}

static const char *truth(bool on)
{
	return on ? "true" : "false";
}

static void add_interval(struct buffer *b, uint64_t us)
{
	if (us % 1000000 == 0)
		buffer_printf(b, "   Advert interval = %u sec\n", (unsigned int)(us / 1000000));
	else
		buffer_printf(b, "   Advert interval = %u milli-sec\n", (unsigned int)(us / 1000));
}

static void add_garp(struct buffer *b, const struct model_garp *g)
{
	buffer_printf(b,
		      "   Gratuitous ARP delay = %u\n"
		      "   Gratuitous ARP repeat = %u\n"
		      "   Gratuitous ARP refresh = %u\n"
		      "   Gratuitous ARP refresh repeat = %u\n"
		      "   Gratuitous ARP lower priority delay = %u\n"
		      "   Gratuitous ARP lower priority repeat = %u\n",
		      g->master_delay_ms / 1000, g->master_repeat, g->master_refresh_ms / 1000,
		      g->master_refresh_repeat, g->lower_prio_delay_ms / 1000,
		      g->lower_prio_repeat);
}

static void add_state(struct buffer *b, const struct instance *i)
{
	const struct model_vrrp_instance *c = i->conf;

	buffer_printf(b, "   State = %s\n   Wantstate = %s\n", vrrp_state_name(i->machine.state),
		      c->start_master ? "MASTER" : "BACKUP");
	buffer_printf(b, "   Number of interface and track script faults = %d\n",
		      i->fault_why != NULL);
	add_time(b, "Last transition", i->since_wall_us);
	if (i->cause[0])
		buffer_printf(b, "   Last cause = %s\n", i->cause);
	buffer_printf(b, "   Master down timer = %llu usecs\n",
		      (unsigned long long)vrrp_master_down_us(&i->machine));
	if (c->use_vmac)
		buffer_printf(b, "   Use VMAC, is_up = %s, xmit_base = %s\n",
			      truth(i->vmac_index != 0), truth(c->vmac_xmit_base));
	buffer_printf(b, "   Interface = %s\n", c->interface);
}

static void add_from(struct buffer *b, const struct instance *i)
{
	const struct model_vrrp_peer *p = i->conf->unicast_peers;

	buffer_add_text(b, "   Using src_ip = ");
	add_address(b, &i->source);
	buffer_add_text(b, p ? "\n   Unicast peers :\n" : "\n   Multicast address ");
	if (!p) {
		add_address(b, &i->conf->multicast);
		buffer_add_char(b, '\n');
	}
	for (; p; p = p->next) {
		buffer_add_text(b, "     ");
		add_address(b, &p->address);
		buffer_add_char(b, '\n');
	}
}

static void add_settings(struct buffer *b, const struct instance *i)
{
	const struct model_vrrp_instance *c = i->conf;

	buffer_printf(b, "   Down timer adverts = %u\n", c->down_timer_adverts);
	buffer_printf(b, "   Send advert after receive lower priority advert = %s\n",
		      truth(!c->lower_prio_no_advert));
	buffer_printf(b, "   Send advert after receive higher priority advert = %s\n",
		      truth(c->higher_prio_send_advert));
	buffer_printf(b,
		      "   Virtual Router ID = %u\n   Priority = %u\n   Effective priority = %u\n"
		      "   Total priority = %d\n",
		      c->vrid, c->priority, i->machine.priority, c->priority + i->sum.delta);
	add_interval(b, c->advert_us);
	buffer_printf(b, "   Accept = %s\n   Preempt = %s\n", enabled(c->accept),
		      enabled(!c->nopreempt));
	if (c->preempt_delay_ms)
		buffer_printf(b, "   Preempt delay = %u secs\n", c->preempt_delay_ms / 1000);
	buffer_printf(b, "   Promote_secondaries = %s\n", enabled(c->promote_secondaries));
	if (c->version == 2)
		buffer_printf(b, "   Authentication type = %s\n",
			      c->auth == VRRP_AUTH_PASS ? "SIMPLE_PASSWORD" : "none");
}

static void add_addresses(struct buffer *b, const struct instance *i)
{
	unsigned int n;

	buffer_printf(b, "   Virtual IP (%u):\n", i->vips.n);
	for (n = 0; n < i->vips.n; n++) {
		const struct vip *v = &i->vips.all[n];

		buffer_add_text(b, "     ");
		add_address(b, &v->conf->address);
		if (v->conf->prefix != (v->conf->address.family == INET_V4 ? 32 : 128))
			buffer_printf(b, "/%u", v->conf->prefix);
		buffer_printf(b, " dev %s%s%s%s\n", v->link ? v->link->name : "?",
			      v->conf->label ? " label " : "", v->conf->label ? v->conf->label : "",
			      v->set ? " set" : "");
	}
}

static void add_instance(struct buffer *b, const struct instance *i)
{
	buffer_printf(b, " VRRP Instance = %s\n   VRRP Version = %u\n", i->conf->name,
		      i->conf->version);
	if (i->conf->group)
		buffer_printf(b, "   Sync group = %s\n", i->conf->group->name);
	add_state(b, i);
	add_from(b, i);
	add_garp(b, &i->conf->garp);
	add_settings(b, i);
	add_addresses(b, i);
}

static void add_group(struct buffer *b, const struct group *g)
{
	unsigned int n;

	buffer_printf(b, " VRRP Sync Group = %s, %s\n   VRRP member instances :\n", g->conf->name,
		      vrrp_state_name(g->state));
	for (n = 0; n < g->conf->n_members; n++)
		buffer_printf(b, "     %s\n", g->conf->members[n]->name);
}

void dump_data(struct failover *f)
{
	struct buffer b;
	struct list *node;

	buffer_init(&b, MAX_BYTES);
	failover_log(f, LOG_LEVEL_INFO, "Printing VRRP data for process(%d) on signal", getpid());
	buffer_add_text(&b, "------< VRRP Topology >------\n");
	LIST_EACH(node, &f->instances) {
		add_instance(&b, LIST_ENTRY(node, struct instance, link));
	}
	if (!list_empty(&f->groups))
		buffer_add_text(&b, "------< VRRP Sync groups >------\n");
	LIST_EACH(node, &f->groups) {
		add_group(&b, LIST_ENTRY(node, struct group, link));
	}
	write_file(f, "/tmp/keepalived.data", &b);
	buffer_fini(&b);
}

/* ---- counters */

static void add_counter(struct buffer *b, const char *name, uint64_t value)
{
	buffer_printf(b, "    %s: %llu\n", name, (unsigned long long)value);
}

static void add_counters(struct buffer *b, const struct instance *i)
{
	const struct instance_counters *c = &i->counters;

	buffer_printf(b, "VRRP Instance: %s\n  Advertisements:\n", i->conf->name);
	add_counter(b, "Received", c->adverts_in);
	add_counter(b, "Sent", c->adverts_out);
	buffer_printf(b, "  Became master: %llu\n  Released master: %llu\n  Packet Errors:\n",
		      (unsigned long long)c->to_master, (unsigned long long)c->from_master);
	add_counter(b, "Length", c->refused[VRRP_BAD_LENGTH]);
	add_counter(b, "TTL", c->refused[VRRP_BAD_TTL]);
	add_counter(b, "Invalid Type", c->refused[VRRP_BAD_TYPE]);
	add_counter(b, "Advertisement Interval", c->refused[VRRP_BAD_INTERVAL]);
	add_counter(b, "Address List", c->refused[VRRP_BAD_ADDRESSES]);
	buffer_add_text(b, "  Authentication Errors:\n");
	add_counter(b, "Invalid Type", 0);
	add_counter(b, "Type Mismatch", c->refused[VRRP_BAD_AUTH_TYPE]);
	add_counter(b, "Failure", c->refused[VRRP_BAD_AUTH]);
	buffer_add_text(b, "  Priority Zero:\n");
	add_counter(b, "Received", c->zero_in);
	add_counter(b, "Sent", c->zero_out);
}

void dump_stats(struct failover *f)
{
	struct buffer b;
	struct list *node;

	buffer_init(&b, MAX_BYTES);
	failover_log(f, LOG_LEVEL_INFO, "Printing VRRP stats for process(%d) on signal", getpid());
	LIST_EACH(node, &f->instances) {
		add_counters(&b, LIST_ENTRY(node, struct instance, link));
	}
	write_file(f, "/tmp/keepalived.stats", &b);
	buffer_fini(&b);
}
