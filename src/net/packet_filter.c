/* SPDX-License-Identifier: MIT */
/*
 * The table is written anew at every change, as one transaction of the kernel's: what an earlier
 * halb left there goes with it, and no packet slips through. By libnftables, whose words are nft's;
 * whether there is a table at all is asked of the kernel itself, as libnftables would load modules.
 */
#include "net/packet_filter.h"

#include "base/buffer.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TABLE "halb_vrrp"
#define MAX_TEXT_BYTES (1u << 20)

struct packet_filter {
	struct nft_ctx *nft;
	char why[160];
};

/* libnftables ends the program where it gets no socket: so we look first. */
static bool can_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

struct packet_filter *packet_filter_new(void)
{
	struct packet_filter *p;

	if (!can_open())
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (p->nft && nft_ctx_buffer_error(p->nft) == 0 && nft_ctx_buffer_output(p->nft) == 0)
		return p;
	packet_filter_free(p);
	return NULL;
}

void packet_filter_free(struct packet_filter *p)
{
	if (!p)
		return;
	if (p->nft)
		nft_ctx_free(p->nft);
	free(p);
}

/* ---- the words */

static bool is_link_local(const struct inet *a)
{
	return a->family == INET_V6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

enum kind { V4, V6, LINK_LOCAL, KINDS };

static enum kind kind_of(const struct packet_filter_address *a)
{
	if (a->address.family == INET_V4)
		return V4;
	return is_link_local(&a->address) ? LINK_LOCAL : V6;
}

static void put_set(struct buffer *b, enum kind kind, const struct packet_filter_address *list,
		    unsigned int n)
{
	static const char *const heads[KINDS] = {
	    [V4] = "set vips4 { type ipv4_addr;",
	    [V6] = "set vips6 { type ipv6_addr;",
	    [LINK_LOCAL] = "set vips_link_local { type ipv6_addr . iface_index;"};
	const char *before = " elements = {";
	char text[INET_TEXT_BYTES];

	buffer_printf(b, "%s", heads[kind]);
	for (unsigned int i = 0; i < n; i++) {
		if (kind_of(&list[i]) != kind)
			continue;
		buffer_printf(b, "%s %.*s", before, (int)inet_print(text, &list[i].address), text);
		if (kind == LINK_LOCAL)
			buffer_printf(b, " . %u", list[i].index);
		before = ",";
	}
	buffer_printf(b, "%s }\n", *before == ',' ? " };" : "");
}

static void put_chain(struct buffer *b, const char *hook, const char *which, const char *side)
{
	buffer_printf(b,
		      "chain %s { type filter hook %s priority -1; policy accept;\n"
		      "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept;\n"
		      "ip %s @vips4 drop;\nip6 %s @vips6 drop;\n"
		      "ip6 %s . %s @vips_link_local drop;\n}\n",
		      hook, hook, which, which, which, side);
}

/* "add" before "delete": there may be none. */
static void put_all(struct buffer *b, const struct packet_filter_address *list, unsigned int n)
{
	buffer_printf(b, "add table inet " TABLE "\ndelete table inet " TABLE "\n");
	if (n == 0)
		return;
	buffer_printf(b, "table inet " TABLE " {\n");
	for (enum kind kind = 0; kind < KINDS; kind++)
		put_set(b, kind, list, n);
	put_chain(b, "input", "daddr", "iif");
	put_chain(b, "output", "saddr", "oif");
	buffer_printf(b, "}\n");
}

/* Of the error's first line, what comes behind "Error: Could not process rule: ". */
static const char *first_error(struct packet_filter *p)
{
	static const char *const heads[] = {"Error: ", "Could not process rule: "};
	const char *text = nft_ctx_get_error_buffer(p->nft);

	for (unsigned int i = 0; text && i < array_size(heads); i++) {
		const char *at = strstr(text, heads[i]);

		text = at ? at + strlen(heads[i]) : text;
	}
	snprintf(p->why, sizeof(p->why), "%s", text && *text ? text : "nftables gives no reason");
	p->why[strcspn(p->why, "\n")] = '\0';
	return p->why;
}

const char *packet_filter_set(struct packet_filter *p, const struct packet_filter_address *list,
			      unsigned int n)
{
	struct buffer text;
	const char *why = NULL;

	buffer_init(&text, MAX_TEXT_BYTES);
	put_all(&text, list, n);
	if (text.failed)
		why = "out of memory";
	else if (nft_run_cmd_from_buffer(p->nft, buffer_text(&text)) != 0)
		why = first_error(p);
	buffer_fini(&text);
	return why;
}

/* ---- the question */

/* The kernel's own socket of that protocol is listed, where it speaks it already. */
static bool kernel_speaks_it(void)
{
	FILE *f = fopen("/proc/thread-self/net/netlink", "re");
	bool found = false;
	char line[256];
	unsigned int protocol, port;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%*s %u %u", &protocol, &port) == 2 &&
			protocol == NETLINK_NETFILTER && port == 0;
	if (f)
		fclose(f);
	return found;
}

static bool ask(struct mnl_socket *s)
{
	union {
		struct nlmsghdr head;
		char bytes[8192];
	} buf;
	struct nlmsghdr *h = mnl_nlmsg_put_header(&buf);
	struct nfgenmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	ssize_t n;

	h->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE;
	h->nlmsg_flags = NLM_F_REQUEST;
	h->nlmsg_seq = 1;
	m->nfgen_family = NFPROTO_INET;
	m->version = NFNETLINK_V0;
	mnl_attr_put_strz(h, NFTA_TABLE_NAME, TABLE);
	if (mnl_socket_sendto(s, h, h->nlmsg_len) < 0)
		return false;
	n = mnl_socket_recvfrom(s, &buf, sizeof(buf));
	return n >= (ssize_t)sizeof(buf.head) && buf.head.nlmsg_type != NLMSG_ERROR;
}

bool packet_filter_is_there(void)
{
	struct mnl_socket *s;
	bool found;

	if (!kernel_speaks_it())
		return false;
	s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!s)
		return false;
	found = mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) == 0 && ask(s);
	mnl_socket_close(s);
	return found;
}
