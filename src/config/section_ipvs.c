/* SPDX-License-Identifier: MIT */
/*
 * keepalived's other half, IPVS: each block is one error that shows the lines of haproxy.cfg that
 * do the same, made from what the block says; what stands in the block is not looked at further.
 */
#include "config/section_vrrp.h"

#define MAX_TEXT 8192

static const struct node *find_child(const struct node *n, const char *word)
{
	for (const struct node *c = n->children; c; c = c->next) {
		if (node_word_is(c, 0, word))
			return c;
	}
	return NULL;
}

static struct span setting_of(const struct node *n, const char *word, const char *other)
{
	const struct node *c = find_child(n, word);

	if (!c)
		c = find_child(n, other);
	return c ? node_word(c, 1) : SPAN("");
}

/* haproxy's word for an IPVS scheduler. */
static const char *balance_of(struct span scheduler)
{
	static const struct {
		const char *ipvs, *haproxy;
	} names[] = {
	    {"wrr", "roundrobin"}, {"rr", "roundrobin"}, {"lc", "leastconn"}, {"wlc", "leastconn"},
	    {"sed", "leastconn"},  {"nq", "leastconn"},  {"sh", "source"},    {"mh", "source"},
	    {"lblc", "source"},    {"lblcr", "source"},
	};

	for (size_t i = 0; i < array_size(names); i++) {
		if (span_equal(scheduler, span_of(names[i].ipvs)))
			return names[i].haproxy;
	}
	return "roundrobin";
}

static bool checks_http(const struct node *n)
{
	for (const struct node *c = n->children; c; c = c->next) {
		if (node_word_is(c, 0, "HTTP_GET") || node_word_is(c, 0, "SSL_GET") ||
		    checks_http(c))
			return true;
	}
	return false;
}

static void add_address(struct buffer *out, struct span address, struct span port)
{
	bool v6 = span_find(address, ':') < address.len;

	buffer_printf(out, v6 ? "[%.*s]:%.*s" : "%.*s:%.*s", SPAN_ARG(address),
		      port.len ? (int)port.len : 2, port.len ? port.p : "80");
}

static void add_servers(struct buffer *out, const struct node *n)
{
	unsigned int number = 0;

	for (const struct node *c = n->children; c; c = c->next) {
		bool sorry = node_word_is(c, 0, "sorry_server");
		struct span weight = setting_of(c, "weight", "weight");

		if (!sorry && !node_word_is(c, 0, "real_server"))
			continue;
		buffer_printf(out, "\n    server s%u ", ++number);
		add_address(out, node_word(c, 1), node_word(c, 2));
		buffer_add_text(out, " check");
		if (weight.len)
			buffer_printf(out, " weight %.*s", SPAN_ARG(weight));
		if (sorry)
			buffer_add_text(out, " backup");
	}
	if (!number)
		buffer_add_text(out, "\n    server s1 ADDRESS:PORT check");
}

static void parse_virtual_server(struct vrrp_reader *r, const struct node *n)
{
	struct inet address;
	struct buffer out;
	bool http = checks_http(n);

	buffer_init(&out, MAX_TEXT);
	buffer_printf(&out, "\nlisten service-%d\n    bind ", n->line);
	if (inet_parse(node_word(n, 1), &address))
		add_address(&out, node_word(n, 1), node_word(n, 2));
	else
		buffer_add_text(&out, "ADDRESS:PORT");
	buffer_printf(&out, "\n    mode %s\n    balance %s", http ? "http" : "tcp",
		      balance_of(setting_of(n, "lb_algo", "lvs_sched")));
	if (http)
		buffer_add_text(&out, "\n    option httpchk");
	add_servers(&out, n);
	block_alert(r, n,
		    "'virtual_server' is for IPVS, which halb replaces by its own proxy. Remove "
		    "the block, and write in haproxy.cfg:%s",
		    out.failed ? " a 'listen' section with 'bind' and 'server' lines"
			       : buffer_text(&out));
	buffer_fini(&out);
}

#define WORD(name, help)                                                                           \
	{                                                                                          \
		name, IN(TOP), SETTING_INSTEAD, 0, 0, 0, NULL, help                                \
	}

SETTINGS(section_ipvs,
	 {"virtual_server", IN(TOP), SETTING_PARSE, 0, 0, 0, parse_virtual_server,
	  "an error: write 'listen' sections in haproxy.cfg"},
	 WORD("virtual_server_group", "write its addresses as 'bind' lines of one 'listen' section "
				      "in haproxy.cfg, and its servers as 'server' lines there"),
	 WORD("real_server", "it stands in a virtual_server; write a 'server' line in a 'listen' "
			     "or 'backend' section of haproxy.cfg"),
	 WORD("sorry_server", "write a 'server' line with the word 'backup' in haproxy.cfg"),
	 WORD("SSL", "write 'check-ssl' with 'crt' and 'ca-file' on the 'server' lines of "
		     "haproxy.cfg"));
