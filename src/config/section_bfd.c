/* SPDX-License-Identifier: MIT */
/*
 * bfd_instance: a neighbour whose loss is noticed by BFD (RFC 5880), for track_bfd. Intervals are
 * milliseconds in the file, with a fraction; the model's are whole ones, rounded up.
 */
#include "config/section_vrrp.h"

static void parse_bfd(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_bfd **end = &r->model->bfds, *b;

	if (!block_need_word(r, n, 1, "a name"))
		return;
	b = block_alloc(r, n, sizeof(*b));
	if (!b)
		return;
	for (; *end; end = &(*end)->next) {
		if (span_equal(span_of((*end)->name), n->words[1]))
			block_alert(r, n,
				    "bfd_instance '%s' is there already, at %s:%d. Give this one "
				    "another name.",
				    n->words[1].p, (*end)->file, (*end)->line);
	}
	*b = (struct model_vrrp_bfd){.name = n->words[1].p,
				     .file = n->file,
				     .line = n->line,
				     .min_tx_ms = 10,
				     .min_rx_ms = 10,
				     .idle_tx_ms = 1000,
				     .multiplier = 5,
				     .ttl = 255};
	*end = b;
	block_expect_end(r, n, 2);
	block_read(r, n->children, BLOCK_BFD, b);
	if (!block_has(n, "neighbor_ip") && !block_has(n, "neighbour_ip"))
		block_alert(r, n, "bfd_instance '%s' expects a line 'neighbor_ip ADDRESS'",
			    b->name);
	else if (b->source.family != INET_NONE && b->neighbor.family != INET_NONE &&
		 b->source.family != b->neighbor.family)
		block_alert(r, n,
			    "bfd_instance '%s' : source_ip and neighbor_ip are of two families",
			    b->name);
}

static void parse_ip(struct vrrp_reader *r, const struct node *n)
{
	struct inet *place = (void *)((char *)r->target + r->row->offset);

	if (block_parse_inet(r, n, 1, place))
		block_expect_end(r, n, 2);
}

/* Milliseconds. */
static void parse_interval(struct vrrp_reader *r, const struct node *n)
{
	uint32_t *place = (void *)((char *)r->target + r->row->offset);
	struct block_range range = {1, (uint64_t)r->row->min, (uint64_t)r->row->max};
	uint64_t ms;

	if (!block_parse_decimal(r, n, 1, range, &ms))
		return;
	*place = (uint32_t)ms;
	block_expect_end(r, n, 2);
}

static void parse_weight(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_bfd *b = r->target;
	unsigned int taken = vrrp_parse_weight(r, n, 0, 253, &b->weight, &b->weight_reverse);

	if (taken)
		block_expect_end(r, n, taken);
}

#define BFD(member) offsetof(struct model_vrrp_bfd, member)

SETTINGS(section_bfd,
	 {"bfd_instance", IN(TOP), SETTING_BLOCK, 0, 0, 0, parse_bfd,
	  "NAME { }: a neighbour that BFD watches"},
	 {"neighbor_ip", IN(BFD), SETTING_PARSE, BFD(neighbor), 0, 0, parse_ip,
	  "ADDRESS: of the neighbour"},
	 {"neighbour_ip", IN(BFD), SETTING_PARSE, BFD(neighbor), 0, 0, parse_ip,
	  "ADDRESS: the same"},
	 {"source_ip", IN(BFD), SETTING_PARSE, BFD(source), 0, 0, parse_ip, "ADDRESS: own one"},
	 {"min_rx", IN(BFD), SETTING_PARSE, BFD(min_rx_ms), 1, 10000, parse_interval,
	  "MS: between packets it can take"},
	 {"min_tx", IN(BFD), SETTING_PARSE, BFD(min_tx_ms), 1, 10000, parse_interval,
	  "MS: between packets it wants to send"},
	 {"idle_tx", IN(BFD), SETTING_PARSE, BFD(idle_tx_ms), 1000, 10000, parse_interval,
	  "MS: the same while the session is down"},
	 {"multiplier", IN(BFD), SETTING_UINT, BFD(multiplier), 1, 255, NULL,
	  "packets that may be missing before it is down"},
	 {"passive", IN(BFD), SETTING_ON, BFD(passive), 0, 0, NULL, "the neighbour speaks first"},
	 {"ttl", IN(BFD), SETTING_U8, BFD(ttl), 1, 255, NULL, "of IPv4 packets sent"},
	 {"hoplimit", IN(BFD), SETTING_U8, BFD(ttl), 1, 255, NULL, "of IPv6 packets sent"},
	 {"max_hops", IN(BFD), SETTING_U8, BFD(max_hops), 0, 255, NULL,
	  "how many hops a packet may have come; 255: any"},
	 {"weight", IN(BFD), SETTING_PARSE, 0, 0, 0, parse_weight,
	  "-253 to 253 [reverse]: for track_bfd lines without one"},
	 {"vrrp", IN(BFD), SETTING_SILENT, 0, 0, 0, NULL, "VRRP hears of it anyway"},
	 {"checker", IN(BFD), SETTING_IGNORED, 0, 0, 0, NULL,
	  "servers have checks of their own: write 'check' on their lines in haproxy.cfg"});
