/* SPDX-License-Identifier: MIT */
/*
 * The lines of virtual_routes and virtual_rules, in the words of `ip route add` and `ip rule add`,
 * as far as the model holds them; a word of those commands that it does not hold is an error.
 */
#include "config/section_vrrp.h"

#include "config/vrrp_scope.h"

enum { TABLE_MAIN = 254, TYPE_UNICAST = 1, PROTOCOL_KEEPALIVED = 18, ACTION_TABLE = 1 };

struct line_reader {
	struct vrrp_reader *r;
	const struct node *n;
	unsigned int at; /* the word at hand */
	uint8_t family;  /* what the addresses so far say */
	struct model_vrrp_route *route;
	struct model_vrrp_rule *rule;
};

struct line_word {
	const char *name;
	bool takes_one; /* `at` is then at that one */
	bool (*parse)(struct line_reader *c);
};

static bool fail(struct line_reader *c, const char *what)
{
	block_alert(c->r, c->n, "'%s' : %s (got '%s')", c->n->words[0].p, what,
		    node_word(c->n, c->at).p);
	return false;
}

/* One family for all addresses of a line. */
static bool join_family(struct line_reader *c, uint8_t family)
{
	if (c->family != INET_NONE && c->family != family)
		return fail(c, "addresses of one line are of one family");
	c->family = family;
	return true;
}

static bool take_net(struct line_reader *c, struct inet_net *out)
{
	if (node_word_is(c->n, c->at, "default") || node_word_is(c->n, c->at, "any") ||
	    node_word_is(c->n, c->at, "all")) {
		*out = (struct inet_net){0};
		return true;
	}
	if (!inet_parse_net(node_word(c->n, c->at), out))
		return fail(c, "expects a network, 192.0.2.0/24 or 2001:db8::/64");
	return join_family(c, out->address.family);
}

static bool take_inet(struct line_reader *c, struct inet *out)
{
	return block_parse_inet(c->r, c->n, c->at, out) && join_family(c, out->family);
}

static bool take_u32(struct line_reader *c, uint32_t *out)
{
	long value;

	if (!block_parse_int(c->r, c->n, c->at, 0, UINT32_MAX, &value))
		return false;
	*out = (uint32_t)value;
	return true;
}

static bool inet4(struct line_reader *c)
{
	return join_family(c, INET_V4);
}

static bool inet6(struct line_reader *c)
{
	return join_family(c, INET_V6);
}

static bool refuse(struct line_reader *c)
{
	block_alert(c->r, c->n,
		    "'%s' : halb does not do '%s'. Leave it out, or add this line with ip(8) in a "
		    "notify_master script",
		    c->n->words[0].p, c->n->words[c->at].p);
	return false;
}

static bool refuse_group(struct line_reader *c)
{
	return fail(c, "'track_group' is for static routes and rules; remove it");
}

/* ---- routes */

static bool route_to(struct line_reader *c)
{
	return take_net(c, &c->route->to);
}

static bool route_via(struct line_reader *c)
{
	return take_inet(c, &c->route->via);
}

static bool route_src(struct line_reader *c)
{
	return take_inet(c, &c->route->src);
}

static bool route_dev(struct line_reader *c)
{
	c->route->dev = c->n->words[c->at].p;
	return true;
}

static bool route_table(struct line_reader *c)
{
	return vrrp_parse_table(c->r, c->n, c->at, &c->route->table);
}

static bool route_metric(struct line_reader *c)
{
	return take_u32(c, &c->route->metric);
}

static bool route_mtu(struct line_reader *c)
{
	if (node_word_is(c->n, c->at, "lock"))
		return fail(c, "halb sets no locked mtu; leave 'lock' out");
	return take_u32(c, &c->route->mtu);
}

static bool route_scope(struct line_reader *c)
{
	c->route->scope_set = true;
	return vrrp_parse_scope(c->r, c->n, c->at, &c->route->scope);
}

static bool route_protocol(struct line_reader *c)
{
	return vrrp_parse_protocol(c->r, c->n, c->at, &c->route->protocol);
}

static bool route_no_track(struct line_reader *c)
{
	c->route->no_track = true;
	return true;
}

static bool route_unicast(struct line_reader *c)
{
	c->route->type = TYPE_UNICAST;
	return true;
}

static bool route_blackhole(struct line_reader *c)
{
	c->route->type = 6;
	return true;
}

static bool route_unreachable(struct line_reader *c)
{
	c->route->type = 7;
	return true;
}

static bool route_prohibit(struct line_reader *c)
{
	c->route->type = 8;
	return true;
}

static const struct line_word route_words[] = {
    {"to", true, route_to},
    {"via", true, route_via},
    {"gw", true, route_via},
    {"src", true, route_src},
    {"dev", true, route_dev},
    {"oif", true, route_dev},
    {"table", true, route_table},
    {"metric", true, route_metric},
    {"priority", true, route_metric},
    {"preference", true, route_metric},
    {"mtu", true, route_mtu},
    {"scope", true, route_scope},
    {"proto", true, route_protocol},
    {"protocol", true, route_protocol},
    {"no_track", false, route_no_track},
    {"unicast", false, route_unicast},
    {"blackhole", false, route_blackhole},
    {"unreachable", false, route_unreachable},
    {"prohibit", false, route_prohibit},
    {"inet", false, inet4},
    {"inet6", false, inet6},
    {"track_group", false, refuse_group},
    {"or", false, refuse},
    {"nexthop", false, refuse},
    {"tos", false, refuse},
    {"dsfield", false, refuse},
    {"onlink", false, refuse},
    {"weight", false, refuse},
    {"hoplimit", false, refuse},
    {"advmss", false, refuse},
    {"rtt", false, refuse},
    {"rttvar", false, refuse},
    {"reordering", false, refuse},
    {"window", false, refuse},
    {"cwnd", false, refuse},
    {"ssthresh", false, refuse},
    {"realms", false, refuse},
    {"rto_min", false, refuse},
    {"initcwnd", false, refuse},
    {"initrwnd", false, refuse},
    {"quickack", false, refuse},
    {"congctl", false, refuse},
    {"pref", false, refuse},
    {"features", false, refuse},
    {"append", false, refuse},
    {"vrf", false, refuse},
    {"encap", false, refuse},
    {"ttl-propagate", false, refuse},
    {"fastopen_no_cookie", false, refuse},
    {"throw", false, refuse},
    {"local", false, refuse},
    {"broadcast", false, refuse},
    {"anycast", false, refuse},
    {"multicast", false, refuse},
    {"nat", false, refuse},
};

/* ---- rules */

static bool rule_from(struct line_reader *c)
{
	return take_net(c, &c->rule->from);
}

static bool rule_to(struct line_reader *c)
{
	return take_net(c, &c->rule->to);
}

static bool rule_iif(struct line_reader *c)
{
	c->rule->iif = c->n->words[c->at].p;
	return true;
}

static bool rule_oif(struct line_reader *c)
{
	c->rule->oif = c->n->words[c->at].p;
	return true;
}

static bool rule_table(struct line_reader *c)
{
	c->rule->action = ACTION_TABLE;
	return vrrp_parse_table(c->r, c->n, c->at, &c->rule->table);
}

static bool rule_priority(struct line_reader *c)
{
	return take_u32(c, &c->rule->priority);
}

static bool rule_tos(struct line_reader *c)
{
	long value;

	if (!block_parse_int(c->r, c->n, c->at, 0, 255, &value))
		return false;
	c->rule->tos = (uint8_t)value;
	return true;
}

/* MARK[/MASK] */
static bool rule_fwmark(struct line_reader *c)
{
	struct span rest = c->n->words[c->at];
	struct span mark = span_split(&rest, '/');
	uint64_t value, mask = UINT32_MAX;

	if (!span_to_u64(mark, UINT32_MAX, &value) ||
	    (rest.p && !span_to_u64(rest, UINT32_MAX, &mask)))
		return fail(c, "'fwmark' expects MARK or MARK/MASK in decimal");
	c->rule->fwmark = (uint32_t)value;
	c->rule->fwmask = (uint32_t)mask;
	return true;
}

static bool rule_not(struct line_reader *c)
{
	c->rule->inverted = true;
	return true;
}

static bool rule_no_track(struct line_reader *c)
{
	c->rule->no_track = true;
	return true;
}

static bool rule_blackhole(struct line_reader *c)
{
	c->rule->action = 6;
	return true;
}

static bool rule_unreachable(struct line_reader *c)
{
	c->rule->action = 7;
	return true;
}

static bool rule_prohibit(struct line_reader *c)
{
	c->rule->action = 8;
	return true;
}

static const struct line_word rule_words[] = {
    {"from", true, rule_from},
    {"to", true, rule_to},
    {"iif", true, rule_iif},
    {"dev", true, rule_iif},
    {"oif", true, rule_oif},
    {"table", true, rule_table},
    {"lookup", true, rule_table},
    {"priority", true, rule_priority},
    {"preference", true, rule_priority},
    {"pref", true, rule_priority},
    {"order", true, rule_priority},
    {"tos", true, rule_tos},
    {"dsfield", true, rule_tos},
    {"fwmark", true, rule_fwmark},
    {"not", false, rule_not},
    {"no_track", false, rule_no_track},
    {"blackhole", false, rule_blackhole},
    {"unreachable", false, rule_unreachable},
    {"prohibit", false, rule_prohibit},
    {"inet", false, inet4},
    {"inet6", false, inet6},
    {"track_group", false, refuse_group},
    {"realms", false, refuse},
    {"goto", false, refuse},
    {"nop", false, refuse},
    {"uidrange", false, refuse},
    {"l3mdev", false, refuse},
    {"protocol", false, refuse},
    {"ip_proto", false, refuse},
    {"ipproto", false, refuse},
    {"sport", false, refuse},
    {"dport", false, refuse},
    {"tun_id", false, refuse},
    {"suppress_prefixlength", false, refuse},
    {"suppress_ifgroup", false, refuse},
};

static const struct line_word *find_word(struct line_reader *c, const struct line_word *words,
					 size_t n)
{
	struct block_nearest near = block_nearest_to(c->n->words[c->at]);

	for (size_t i = 0; i < n; i++) {
		if (node_word_is(c->n, c->at, words[i].name))
			return &words[i];
		block_nearest_offer(&near, words[i].name);
	}
	block_alert(c->r, c->n, "'%s' : unknown word '%s'%s%s%s", c->n->words[0].p,
		    c->n->words[c->at].p, near.name ? "; did you mean '" : ".",
		    near.name ? near.name : "", near.name ? "' maybe ?" : "");
	return NULL;
}

/* keepalived takes a route's destination without "to" too. */
static bool is_bare_net(const struct line_reader *c)
{
	struct inet_net net;

	return c->route &&
	       (node_word_is(c->n, c->at, "default") || inet_parse_net(c->n->words[c->at], &net));
}

static bool parse_words(struct line_reader *c, const struct line_word *words, size_t n)
{
	for (; c->at < c->n->n_words; c->at++) {
		const struct line_word *word;

		if (is_bare_net(c)) {
			if (!route_to(c))
				return false;
			continue;
		}
		word = find_word(c, words, n);
		if (!word)
			return false;
		if (word->takes_one && ++c->at >= c->n->n_words)
			return fail(c, "the last word expects a value behind it");
		if (!word->parse(c))
			return false;
	}
	return true;
}

static bool parse_route(struct vrrp_reader *r, const struct node *n, struct model_vrrp_route *m)
{
	struct line_reader c = {.r = r, .n = n, .route = m};

	m->table = TABLE_MAIN;
	m->type = TYPE_UNICAST;
	m->protocol = PROTOCOL_KEEPALIVED;
	if (!parse_words(&c, route_words, array_size(route_words)))
		return false;
	m->family = c.family == INET_NONE ? INET_V4 : c.family;
	m->to.address.family = m->family;
	return true;
}

static bool parse_rule(struct vrrp_reader *r, const struct node *n, struct model_vrrp_rule *m)
{
	struct line_reader c = {.r = r, .n = n, .rule = m};

	if (!parse_words(&c, rule_words, array_size(rule_words)))
		return false;
	m->family = c.family == INET_NONE ? INET_V4 : c.family;
	if (!m->action) {
		block_alert(r, n,
			    "'%s' : a rule expects 'table N', 'blackhole', 'unreachable' or "
			    "'prohibit'",
			    n->words[0].p);
		return false;
	}
	if (!m->priority)
		block_warn(r, n,
			   "'%s' : a rule without 'preference' gets a place among the others that "
			   "depends on the order of events. Write one.",
			   n->words[0].p);
	return true;
}

void vrrp_parse_routes(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_route **end = &((struct model_vrrp_instance *)r->target)->routes;

	while (*end)
		end = &(*end)->next;
	for (const struct node *line = n->children; line; line = line->next) {
		struct model_vrrp_route *m = block_alloc(r, line, sizeof(*m));

		if (!m || !parse_route(r, line, m))
			continue;
		m->file = line->file;
		m->line = line->line;
		*end = m;
		end = &m->next;
	}
}

void vrrp_parse_rules(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_rule **end = &((struct model_vrrp_instance *)r->target)->rules;

	while (*end)
		end = &(*end)->next;
	for (const struct node *line = n->children; line; line = line->next) {
		struct model_vrrp_rule *m = block_alloc(r, line, sizeof(*m));

		if (!m || !parse_rule(r, line, m))
			continue;
		m->file = line->file;
		m->line = line->line;
		*end = m;
		end = &m->next;
	}
}
