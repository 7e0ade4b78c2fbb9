/* SPDX-License-Identifier: MIT */
/*
 * The addresses of an instance: each line of virtual_ipaddress and virtual_ipaddress_excluded, in
 * the words of `ip address add`. That all addresses of an instance are of one family is checked
 * when it is complete (resolve_vrrp.c).
 */
#include "config/section_vrrp.h"

#include "config/vrrp_scope.h"

struct address_reader {
	struct vrrp_reader *r;
	const struct node *n;
	struct model_vrrp_address *a;
	bool preferred_set;
};

/* A word behind the address: what it does with the word at `at`, if it takes one. */
struct address_word {
	const char *name;
	bool takes_one;
	size_t flag; /* of a bool; or parse */
	bool (*parse)(struct address_reader *c, unsigned int at);
};

static bool parse_scope(struct address_reader *c, unsigned int at)
{
	return vrrp_parse_scope(c->r, c->n, at, &c->a->scope);
}

static bool parse_dev(struct address_reader *c, unsigned int at)
{
	c->a->dev = c->n->words[at].p;
	return true;
}

static bool parse_label(struct address_reader *c, unsigned int at)
{
	struct span label = c->n->words[at];

	if (label.len > 15) {
		block_alert(c->r, c->n,
			    "label '%s' is longer than 15 characters, the most the kernel takes",
			    label.p);
		return false;
	}
	c->a->label = label.p;
	return true;
}

/* The address's net with all host bits 1 ("+") or 0 ("-"). */
static void fill_host_bits(struct model_vrrp_address *a, bool ones)
{
	a->broadcast = a->address;
	for (unsigned int bit = a->prefix; bit < 32; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		if (ones)
			a->broadcast.ip[bit / 8] |= mask;
		else
			a->broadcast.ip[bit / 8] &= (uint8_t)~mask;
	}
}

static bool parse_broadcast(struct address_reader *c, unsigned int at)
{
	bool ones = node_word_is(c->n, at, "+");

	if (c->a->address.family != INET_V4) {
		block_alert(c->r, c->n, "'%s' : IPv6 has no broadcast address; remove '%s'",
			    c->n->words[0].p, c->n->words[at - 1].p);
		return false;
	}
	if (ones || node_word_is(c->n, at, "-")) {
		fill_host_bits(c->a, ones);
		return true;
	}
	return block_parse_inet(c->r, c->n, at, &c->a->broadcast);
}

static bool parse_peer(struct address_reader *c, unsigned int at)
{
	struct inet_net peer;

	if (!inet_parse_net(c->n->words[at], &peer) ||
	    peer.address.family != c->a->address.family) {
		block_alert(c->r, c->n, "'peer' expects an address of the same family (got '%s')",
			    c->n->words[at].p);
		return false;
	}
	c->a->peer = peer.address;
	if (span_find(c->n->words[at], '/') < c->n->words[at].len)
		c->a->prefix = peer.prefix;
	return true;
}

static bool parse_preferred(struct address_reader *c, unsigned int at)
{
	c->preferred_set = true;
	c->a->deprecated = node_word_is(c->n, at, "0");
	if (c->a->deprecated || node_word_is(c->n, at, "forever"))
		return true;
	block_alert(c->r, c->n,
		    "'preferred_lft' expects 0 or forever (got '%s'): halb keeps the address as "
		    "long as it is master",
		    c->n->words[at].p);
	return false;
}

static bool refuse_vmac(struct address_reader *c, unsigned int at)
{
	(void)at;
	block_alert(c->r, c->n, "'use_vmac' is for whole instances: make one for this interface");
	return false;
}

static bool refuse_group(struct address_reader *c, unsigned int at)
{
	(void)at;
	block_alert(c->r, c->n, "'track_group' is for static addresses; remove it");
	return false;
}

static bool pass(struct address_reader *c, unsigned int at)
{
	block_warn(c->r, c->n, "'%s' has no effect on a virtual address", c->n->words[at - 1].p);
	return true;
}

#define FLAG(member) offsetof(struct model_vrrp_address, member), NULL

static const struct address_word address_words[] = {
    {"dev", true, 0, parse_dev},
    {"scope", true, 0, parse_scope},
    {"label", true, 0, parse_label},
    {"brd", true, 0, parse_broadcast},
    {"broadcast", true, 0, parse_broadcast},
    {"peer", true, 0, parse_peer},
    {"preferred_lft", true, 0, parse_preferred},
    {"track_group", true, 0, refuse_group},
    {"use_vmac", false, 0, refuse_vmac},
    {"autojoin", false, 0, pass},
    {"no_track", false, FLAG(no_track)},
    {"home", false, FLAG(home)},
    {"-nodad", false, FLAG(nodad)},
    {"nodad", false, FLAG(nodad)},
    {"noprefixroute", false, FLAG(noprefixroute)},
    {"mngtmpaddr", false, FLAG(mngtmpaddr)},
};

static const struct address_word *find_word(struct address_reader *c, unsigned int at)
{
	struct block_nearest near = block_nearest_to(c->n->words[at]);
	struct inet another;

	for (size_t i = 0; i < array_size(address_words); i++) {
		if (node_word_is(c->n, at, address_words[i].name))
			return &address_words[i];
		block_nearest_offer(&near, address_words[i].name);
	}
	if (inet_parse(span_split(&(struct span){c->n->words[at].p, c->n->words[at].len}, '/'),
		       &another))
		block_alert(c->r, c->n, "'%s' : one address a line; write '%s' on the next",
			    c->n->words[0].p, c->n->words[at].p);
	else
		block_alert(c->r, c->n, "'%s' : unknown word '%s' behind an address%s%s%s",
			    c->n->words[0].p, c->n->words[at].p,
			    near.name ? "; did you mean '" : ".", near.name ? near.name : "",
			    near.name ? "' maybe ?" : "");
	return NULL;
}

/* The words behind the address; false after an alert. */
static bool parse_words(struct address_reader *c)
{
	for (unsigned int at = 1; at < c->n->n_words; at++) {
		const struct address_word *word = find_word(c, at);

		if (!word)
			return false;
		if (word->takes_one && at + 1 >= c->n->n_words) {
			block_alert(c->r, c->n, "'%s' : '%s' expects a word behind it",
				    c->n->words[0].p, word->name);
			return false;
		}
		at += word->takes_one;
		if (!word->parse)
			*(bool *)(void *)((char *)c->a + word->flag) = true;
		else if (!word->parse(c, word->takes_one ? at : at + 1))
			return false;
	}
	return true;
}

static bool parse_address(struct vrrp_reader *r, const struct node *n, struct model_vrrp_address *a)
{
	struct address_reader c = {.r = r, .n = n, .a = a};
	struct inet_net net;

	if (n->is_block || !inet_parse_net(n->words[0], &net)) {
		block_alert(r, n,
			    "'%s' is no address: write 192.0.2.1, 192.0.2.1/24 or 2001:db8::1/64, "
			    "one a line",
			    n->words[0].p);
		return false;
	}
	a->address = net.address;
	a->prefix = net.prefix;
	a->file = n->file;
	a->line = n->line;
	if (!parse_words(&c))
		return false;
	if (a->label && a->address.family != INET_V4)
		block_warn(r, n, "'%s' : IPv6 addresses have no label; it has no effect",
			   n->words[0].p);
	if (!c.preferred_set)
		a->deprecated = a->address.family == INET_V6 && a->prefix == 128;
	return true;
}

void vrrp_parse_addresses(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_instance *v = r->target;
	bool excluded = node_word_is(n, 0, "virtual_ipaddress_excluded");
	struct model_vrrp_address **end = excluded ? &v->excluded : &v->addresses;

	while (*end)
		end = &(*end)->next;
	for (const struct node *line = n->children; line; line = line->next) {
		struct model_vrrp_address *a = block_alloc(r, line, sizeof(*a));

		if (!a || !parse_address(r, line, a))
			continue;
		*end = a;
		end = &a->next;
		if (!excluded)
			v->n_addresses++;
	}
}
