/* SPDX-License-Identifier: MIT */
/*
 * The words of vrrp_instance: who takes part, when it is master, how it sends. Its addresses,
 * tracked things and scripts are in files of their own. An instance starts with what global_defs
 * says (struct vrrp_globals), and is completed by resolve_vrrp.c.
 */
#include "config/section_vrrp.h"

#include "base/format.h"

void vrrp_globals_init(struct vrrp_globals *g)
{
	*g = (struct vrrp_globals){
	    .global = {.version = 2,
		       .bfd_interval_ms = 100,
		       .bfd_multiplier = 3,
		       .lease_ms = 2000,
		       .second_chance = true,
		       .service_health = true},
	    .each = {.version = 2,
		     .advert_us = 1000000,
		     .down_timer_adverts = 3,
		     .accept = true,
		     .unicast_ttl = 255,
		     .garp = {.master_delay_ms = 5000,
			      .master_repeat = 5,
			      .lower_prio_delay_ms = VRRP_UNSET,
			      .lower_prio_repeat = VRRP_UNSET,
			      .master_refresh_repeat = 1}},
	    .multicast4 = {.family = INET_V4, .ip = {224, 0, 0, 18}},
	    .multicast6 = {.family = INET_V6, .ip = {0xff, 0x02, [15] = 0x12}},
	};
}

static struct vrrp_instance_read *read_of(struct vrrp_reader *r)
{
	return vrrp_instance_read(r->target);
}

struct vrrp_instance_read *vrrp_instance_read(struct model_vrrp_instance *v)
{
	return container_of(v, struct vrrp_instance_read, instance);
}

static void parse_instance(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_instance **end = &r->model->instances;
	struct vrrp_instance_read *v;

	if (!block_need_word(r, n, 1, "a name"))
		return;
	v = block_alloc(r, n, sizeof(*v));
	if (!v)
		return;
	for (; *end; end = &(*end)->next) {
		if (span_equal(span_of((*end)->name), n->words[1]))
			block_alert(r, n,
				    "vrrp_instance '%s' is there already, at %s:%d. Give this one "
				    "another name.",
				    n->words[1].p, (*end)->file, (*end)->line);
	}
	v->node = n;
	v->instance = r->globals.each;
	v->instance.name = n->words[1].p;
	v->instance.file = n->file;
	v->instance.line = n->line;
	v->instance.index = r->model->n_instances++;
	*end = &v->instance;
	block_expect_end(r, n, 2);
	block_read(r, n->children, BLOCK_INSTANCE, &v->instance);
}

static void parse_state(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_instance *v = r->target;

	if (node_word_is(n, 1, "MASTER"))
		v->start_master = true;
	else if (node_word_is(n, 1, "BACKUP"))
		v->start_master = false;
	else
		block_alert(r, n, "'state' expects MASTER or BACKUP (got '%s')", node_word(n, 1).p);
	block_expect_end(r, n, 2);
}

static void parse_priority(struct vrrp_reader *r, const struct node *n)
{
	struct vrrp_instance_read *v = read_of(r);
	long value;

	if (!block_parse_int(r, n, 1, 1, 255, &value))
		return;
	v->instance.priority = (uint8_t)value;
	v->priority_set = true;
	block_expect_end(r, n, 2);
}

static void parse_version(struct vrrp_reader *r, const struct node *n)
{
	struct vrrp_instance_read *v = read_of(r);
	long value;

	if (!block_parse_int(r, n, 1, 2, 3, &value))
		return;
	v->instance.version = (uint8_t)value;
	v->version_set = true;
	block_expect_end(r, n, 2);
}

static void parse_advert_int(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_instance *v = r->target;
	uint64_t value;

	if (!block_parse_decimal(r, n, 1, (struct block_range){1000000, 10000, 255000000}, &value))
		return;
	v->advert_us = value;
	block_expect_end(r, n, 2);
}

static void parse_accept(struct vrrp_reader *r, const struct node *n)
{
	struct vrrp_instance_read *v = read_of(r);

	v->instance.accept = node_word_is(n, 0, "accept");
	v->accept_set = true;
	block_expect_end(r, n, 1);
}

/* [NAME] [MAC] */
static void parse_use_vmac(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_instance *v = r->target;
	unsigned int at = 1;

	v->use_vmac = true;
	if (at < n->n_words && span_find(n->words[at], ':') == n->words[at].len) {
		if (n->words[at].len > 15)
			block_alert(r, n,
				    "'use_vmac' : the interface name '%s' is longer than 15 "
				    "characters",
				    n->words[at].p);
		v->vmac_name = n->words[at++].p;
	}
	if (at < n->n_words)
		block_alert(r, n,
			    "'use_vmac' takes the MAC address that the RFC gives the virtual "
			    "router, not '%s': remove it",
			    n->words[at].p);
}

static void parse_source(struct vrrp_reader *r, const struct node *n)
{
	struct vrrp_instance_read *v = read_of(r);

	if (!block_parse_inet(r, n, 1, &v->instance.source))
		return;
	v->unicast |= node_word_is(n, 0, "unicast_src_ip");
	block_expect_end(r, n, 2);
}

static bool is_multicast(const struct inet *a)
{
	return a->family == INET_V4 ? (a->ip[0] & 0xf0) == 0xe0
				    : a->ip[0] == 0xff && (a->ip[1] & 0xf) == 2;
}

static void parse_mcast_dst(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_instance *v = r->target;
	struct inet a;

	if (!block_parse_inet(r, n, 1, &a))
		return;
	if (is_multicast(&a))
		v->multicast = a;
	else
		block_alert(r, n,
			    "'mcast_dst_ip' expects a multicast address, 224.0.0.0/4 or "
			    "ff02::/16 (got '%s')",
			    n->words[1].p);
	block_expect_end(r, n, 2);
}

/* ADDRESS [min_ttl N] [max_ttl N] */
static void parse_peer(struct vrrp_reader *r, const struct node *n, struct model_vrrp_instance *v)
{
	struct model_vrrp_peer **end = &v->unicast_peers;
	struct model_vrrp_peer *peer = block_alloc(r, n, sizeof(*peer));

	if (!peer || !block_parse_inet(r, n, 0, &peer->address))
		return;
	peer->ttl_max = 255;
	for (unsigned int at = 1; at < n->n_words; at += 2) {
		bool min = node_word_is(n, at, "min_ttl");
		long value;

		if (!min && !node_word_is(n, at, "max_ttl")) {
			block_alert(r, n,
				    "unicast_peer '%s' : unknown word '%s'; there are "
				    "min_ttl and max_ttl. One peer a line.",
				    n->words[0].p, n->words[at].p);
			return;
		}
		if (!block_parse_int(r, n, at + 1, 0, 255, &value))
			return;
		*(min ? &peer->ttl_min : &peer->ttl_max) = (uint8_t)value;
		v->check_unicast_src = true;
	}
	while (*end) {
		if (inet_equal_ip(&(*end)->address, &peer->address)) {
			block_alert(r, n, "unicast_peer '%s' is there twice", n->words[0].p);
			return;
		}
		end = &(*end)->next;
	}
	*end = peer;
}

static void parse_peers(struct vrrp_reader *r, const struct node *n)
{
	read_of(r)->unicast = true;
	for (const struct node *line = n->children; line; line = line->next)
		parse_peer(r, line, r->target);
}

static void parse_no_peer(struct vrrp_reader *r, const struct node *n)
{
	read_of(r)->no_peer_is_fault = true;
	block_expect_end(r, n, 1);
}

static void parse_old_checksum(struct vrrp_reader *r, const struct node *n)
{
	if (!node_word_is(n, 1, "never"))
		block_alert(r, n,
			    "'old_unicast_checksum' : halb sends and takes the RFC's "
			    "checksum only. Remove the line, and update keepalived on the "
			    "peer (1.3.6 or later).");
}

static void parse_strict(struct vrrp_reader *r, const struct node *n)
{
	struct vrrp_instance_read *v = read_of(r);

	v->instance.strict = true;
	if (n->n_words > 1)
		block_parse_bool(r, n, 1, &v->instance.strict);
	block_expect_end(r, n, 2);
}

static void parse_authentication(struct vrrp_reader *r, const struct node *n)
{
	block_read(r, n->children, BLOCK_AUTHENTICATION, r->target);
}

static void parse_auth_type(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_instance *v = r->target;

	block_expect_end(r, n, 2);
	if (node_word_is(n, 1, "PASS")) {
		v->auth = VRRP_AUTH_PASS;
		return;
	}
	v->auth = VRRP_AUTH_AH; /* never in a model: alerted of here */
	if (node_word_is(n, 1, "AH"))
		block_alert(r, n,
			    "'auth_type AH' is in no RFC of today, and halb does not do it: write "
			    "'auth_type PASS' on both nodes, or remove the authentication block");
	else
		block_alert(r, n, "'auth_type' expects PASS (got '%s')", node_word(n, 1).p);
}

static void parse_auth_pass(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_instance *v = r->target;
	struct span pass = node_word(n, 1);

	if (!block_need_word(r, n, 1, "a password of at most 8 characters"))
		return;
	if (pass.len > sizeof(v->auth_pass)) {
		block_warn(r, n,
			   "'auth_pass %s' : only the first 8 characters count, '%.8s'. Write "
			   "just these.",
			   pass.p, pass.p);
		pass.len = sizeof(v->auth_pass);
	}
	memset(v->auth_pass, 0, sizeof(v->auth_pass));
	memcpy(v->auth_pass, pass.p, pass.len);
	block_expect_end(r, n, 2);
}

#define INSTANCE(member) offsetof(struct model_vrrp_instance, member)

SETTINGS(
    section_vrrp,
    {"vrrp_instance", IN(TOP), SETTING_BLOCK, 0, 0, 0, parse_instance,
     "NAME { }: a virtual router and its addresses"},
    {"state", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_state,
     "MASTER|BACKUP: what it is at start"},
    {"interface", IN(INSTANCE), SETTING_TEXT, INSTANCE(interface), 0, 0, NULL,
     "where adverts go, and addresses without 'dev'"},
    {"vrf", IN(INSTANCE), SETTING_INSTEAD, 0, 0, 0, NULL,
     "name the interface with 'interface', and start halb in the VRF (ip vrf exec)"},
    {"use_vmac", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_use_vmac,
     "[NAME]: the addresses have the virtual router's MAC address"},
    {"use_vmac_addr", IN(INSTANCE), SETTING_INSTEAD, 0, 0, 0, NULL,
     "make an instance of its own, with use_vmac, for each interface"},
    {"vmac_xmit_base", IN(INSTANCE), SETTING_ON, INSTANCE(vmac_xmit_base), 0, 0, NULL,
     "adverts go over the interface itself, with use_vmac too"},
    {"use_ipvlan", IN(INSTANCE), SETTING_INSTEAD, 0, 0, 0, NULL,
     "write 'use_vmac', or make the ipvlan interface beforehand and name it with 'interface'"},
    {"native_ipv6", IN(INSTANCE), SETTING_ON, INSTANCE(native_ipv6), 0, 0, NULL,
     "IPv6, without addresses that say so"},
    {"dont_track_primary", IN(INSTANCE), SETTING_ON, INSTANCE(dont_track_primary), 0, 0, NULL,
     "faults of its own interface do not count"},
    {"mcast_src_ip", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_source, "source of its adverts"},
    {"unicast_src_ip", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_source,
     "ADDRESS: source of its adverts to peers"},
    {"mcast_dst_ip", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_mcast_dst,
     "ADDRESS: multicast group of its own"},
    {"track_src_ip", IN(INSTANCE), SETTING_ON, INSTANCE(track_src_ip), 0, 0, NULL,
     "a fault while the source address is missing"},
    {"version", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_version, "2|3: of VRRP"},
    {"check_unicast_src", IN(INSTANCE), SETTING_ON, INSTANCE(check_unicast_src), 0, 0, NULL,
     "adverts only from unicast_peer addresses"},
    {"unicast_peer", IN(INSTANCE), SETTING_BLOCK, 0, 0, 0, parse_peers,
     "{ ADDRESS [min_ttl N] [max_ttl N] ... }: adverts to these, not to the group"},
    {"unicast_fault_no_peer", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_no_peer,
     "a unicast instance without peers is an error"},
    {"unicast_ttl", IN(INSTANCE), SETTING_U8, INSTANCE(unicast_ttl), 0, 255, NULL,
     "of adverts to peers"},
    {"old_unicast_checksum", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_old_checksum,
     "only 'never': the RFC's checksum"},
    {"down_timer_adverts", IN(INSTANCE), SETTING_UINT, INSTANCE(down_timer_adverts), 1, 100, NULL,
     "adverts that may be missing before a backup takes over"},
    {"lower_prio_no_advert", IN(INSTANCE), SETTING_BOOL, INSTANCE(lower_prio_no_advert), 0, 0, NULL,
     "a master does not answer an advert of lower priority"},
    {"higher_prio_send_advert", IN(INSTANCE), SETTING_BOOL, INSTANCE(higher_prio_send_advert), 0, 0,
     NULL, "a master sends once more before it yields to a higher one"},
    {"virtual_router_id", IN(INSTANCE), SETTING_U8, INSTANCE(vrid), 1, 255, NULL,
     "the same on all nodes, one for each instance of an interface"},
    {"priority", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_priority,
     "NUMBER: 1 to 254, the highest is master; 255: owner of the addresses; 100 unless set"},
    {"advert_int", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_advert_int,
     "SECONDS: between adverts, 1 unless set; version 3: 0.01 to 40.95"},
    {"authentication", IN(INSTANCE), SETTING_BLOCK, 0, 0, 0, parse_authentication,
     "{ auth_type PASS, auth_pass WORD }: version 2 only"},
    {"auth_type", IN(AUTHENTICATION), SETTING_PARSE, 0, 0, 0, parse_auth_type, "PASS"},
    {"auth_pass", IN(AUTHENTICATION), SETTING_PARSE, 0, 0, 0, parse_auth_pass,
     "TEXT: at most 8 characters, the same on all nodes"},
    {"virtual_ipaddress", IN(INSTANCE), SETTING_BLOCK, INSTANCE(addresses), 0, 0,
     vrrp_parse_addresses,
     "{ ADDRESS[/BITS] [dev D] [scope S] [label L] ... }: what the master "
     "holds, one family"},
    {"virtual_ipaddress_excluded", IN(INSTANCE), SETTING_BLOCK, INSTANCE(excluded), 0, 0,
     vrrp_parse_addresses, "the same, of any family, not named in adverts"},
    {"virtual_routes", IN(INSTANCE), SETTING_BLOCK, INSTANCE(routes), 0, 0, vrrp_parse_routes,
     "routes of the master"},
    {"virtual_rules", IN(INSTANCE), SETTING_BLOCK, INSTANCE(rules), 0, 0, vrrp_parse_rules,
     "routing rules of the master"},
    {"promote_secondaries", IN(INSTANCE), SETTING_ON, INSTANCE(promote_secondaries), 0, 0, NULL,
     "other addresses of a net stay when its first one goes"},
    {"accept", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_accept,
     "packets to the addresses are taken (as without the word)"},
    {"no_accept", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_accept,
     "packets to the addresses are dropped: they are only routed over"},
    {"nopreempt", IN(INSTANCE), SETTING_ON, INSTANCE(nopreempt), 0, 0, NULL,
     "a lower master keeps the addresses"},
    {"preempt", IN(INSTANCE), SETTING_OFF, INSTANCE(nopreempt), 0, 0, NULL,
     "a lower master is replaced (as without the word)"},
    {"preempt_delay", IN(INSTANCE), SETTING_MS, INSTANCE(preempt_delay_ms), 0, 1000000, NULL,
     "seconds before a lower master is replaced"},
    {"skip_check_adv_addr", IN(INSTANCE), SETTING_BOOL, INSTANCE(skip_check_adv_addr), 0, 0, NULL,
     "addresses in adverts of the same master are not compared again"},
    {"strict_mode", IN(INSTANCE), SETTING_PARSE, 0, 0, 0, parse_strict, "only what the RFC has"},
    {"debug", IN(INSTANCE), SETTING_UINT, INSTANCE(debug), 0, 4, NULL, "level of its log lines"},
    {"kernel_rx_buf_size", IN(INSTANCE), SETTING_SILENT, 0, 0, 0, NULL,
     "halb sizes its sockets itself"},
    {"linkbeat_use_polling", IN(INSTANCE), SETTING_IGNORED, 0, 0, 0, NULL,
     "the kernel tells of links that go down; remove the line"},
    {"smtp_alert", IN(INSTANCE) | IN(GROUP), SETTING_IGNORED, 0, 0, 0, NULL,
     "it sends no mail; write a notify script that does"},
    {"lvs_sync_daemon_interface", IN(INSTANCE), SETTING_IGNORED, 0, 0, 0, NULL,
     "it has no IPVS connections to synchronise; remove the line"});
