/* SPDX-License-Identifier: MIT */
/*
 * One address word, as bind, server, log and source lines have it, taken apart; variables are put
 * in first, also without quotes. Nothing is looked up or opened here: host names stay names
 * (net/address.h).
 *
 *     [stream+|dgram+][ipv4@|ipv6@|udp@|...]HOST[:PORT]     HOST: an address, a name, "*" or
 * nothing for all of them unix@PATH  /PATH  abns@NAME  fd@NUMBER PORT: 80, 8000-8010 (a range), +10
 * or -10 (relative to the port that the client came to)
 */
#include "config/keyword.h"

#include "config/lex_haproxy.h"

#define MAX_UNIX_PATH 107 /* sockaddr_un, with its NUL */
#define MAX_PORT 65535

struct address_parse {
	struct config_reader *r;
	const struct node *line;
	struct span word; /* as written */
	unsigned int allow;
	struct address address;
	struct address_ports ports;
};

struct prefix {
	const char *text;
	enum address_kind kind;
	enum inet_family family;
	bool datagram;
};

static bool fail(const struct address_parse *a, const char *what, struct span part)
{
	config_alert(a->r, a->line, "'%s' : %s: '%.*s' in '%.*s'", node_word(a->line, 0).p, what,
		     SPAN_ARG(part), SPAN_ARG(a->word));
	return false;
}

static bool parse_fd(struct address_parse *a, struct span text)
{
	uint64_t fd;

	if (!span_to_u64(text, INT32_MAX, &fd))
		return fail(
		    a,
		    "'fd@' expects the number of an open file descriptor (is its variable set ?)",
		    text);
	a->address.fd = (int)fd;
	return true;
}

static bool parse_path(struct address_parse *a, struct span text)
{
	if (!text.len)
		return fail(a, "a path is missing", text);
	if (text.len > MAX_UNIX_PATH)
		return fail(a, "socket path too long (maximum is 107 bytes)", text);
	a->address.path = text.p;
	return true;
}

static bool parse_port_number(struct address_parse *a, struct span text, unsigned int *port)
{
	uint64_t value;

	if (!span_to_u64(text, MAX_PORT, &value))
		return fail(a, "invalid port, a number up to 65535 is expected", text);
	*port = (unsigned int)value;
	return true;
}

/* What stands behind the colon. */
static bool parse_port(struct address_parse *a, struct span text)
{
	struct address_ports *p = &a->ports;
	struct span last = text, first;

	if (!text.len)
		return a->allow & ADDRESS_ALLOW_NO_PORT || fail(a, "missing port number", a->word);
	if (text.p[0] == '+' || text.p[0] == '-') {
		if (!(a->allow & ADDRESS_ALLOW_OFFSET))
			return fail(a, "port offsets are not permitted here", text);
		p->offset = true;
		p->sign = text.p[0] == '-' ? -1 : 1;
		text = last = span_slice(text, 1, text.len);
	}
	first = span_split(&last, '-');
	if (last.p && (p->offset || !(a->allow & ADDRESS_ALLOW_RANGE)))
		return fail(a, "port ranges are not permitted here", text);
	if (!parse_port_number(a, first, &p->first) ||
	    !parse_port_number(a, last.p ? last : first, &p->last))
		return false;
	if (p->last < p->first)
		return fail(a, "invalid port range, the second number is below the first", text);
	if (!p->first && !(a->allow & (ADDRESS_ALLOW_NO_PORT | ADDRESS_ALLOW_OFFSET)))
		return fail(a, "invalid port, it must be between 1 and 65535", text);
	p->given = true;
	return true;
}

/* Where the port begins: behind the last colon that is not inside brackets; text.len + 1 where
 * there is none. */
static size_t find_port(struct span text)
{
	size_t i = text.len;

	while (i > 0 && text.p[i - 1] != ':' && text.p[i - 1] != ']')
		i--;
	return i > 0 && text.p[i - 1] == ':' ? i : text.len + 1;
}

static bool is_host_name(struct span s)
{
	bool letter = false;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!alpha && !(c >= '0' && c <= '9') && c != '-' && c != '.')
			return false;
		letter |= alpha;
	}
	return letter && s.len <= 253 && s.p[0] != '-';
}

static bool parse_host(struct address_parse *a, struct span host, enum inet_family family)
{
	struct inet *inet = &a->address.inet;
	bool brackets = host.len > 1 && host.p[0] == '[' && host.p[host.len - 1] == ']';

	if (brackets)
		host = span_slice(host, 1, host.len - 2);
	if (!host.len || span_equal(host, SPAN("*"))) {
		inet->family = family == INET_V6 ? INET_V6 : INET_V4;
		return true;
	}
	if (inet_parse(host, inet)) {
		if (family != INET_NONE && inet->family != family)
			return fail(a,
				    family == INET_V4 ? "an IPv4 address is expected"
						      : "an IPv6 address is expected",
				    host);
		return true;
	}
	if (brackets || !is_host_name(host))
		return fail(a, "invalid address", host);
	if (!(a->allow & ADDRESS_ALLOW_NAME))
		return fail(a, "an IP address is expected, not a name", host);
	inet->family = (uint8_t)family;
	a->address.name = arena_copy(a->r->arena, host);
	return a->address.name || fail(a, "out of memory", host);
}

static bool parse_inet(struct address_parse *a, struct span text, enum inet_family family)
{
	struct inet whole;
	size_t port = find_port(text);

	/* "::1" alone is an address: haproxy would take the 1 for a port and find no address before
	 * it. */
	if (a->allow & ADDRESS_ALLOW_NO_PORT && port <= text.len && inet_parse(text, &whole) &&
	    !inet_parse(span_slice(text, 0, port - 1), &a->address.inet))
		port = text.len + 1;
	if (port > text.len && !(a->allow & ADDRESS_ALLOW_NO_PORT))
		return fail(a, "missing port number", text);
	if (port <= text.len && !parse_port(a, span_slice(text, port, text.len)))
		return false;
	if (!parse_host(a, span_slice(text, 0, port - 1), family))
		return false;
	a->address.inet.port = a->ports.offset ? 0 : (uint16_t)a->ports.first;
	return true;
}

static bool parse_form(struct address_parse *a, const struct prefix *form, struct span rest)
{
	a->address.kind = (uint8_t)form->kind;
	a->address.datagram |= form->datagram;
	switch (form->kind) {
	case ADDRESS_FD:
		return parse_fd(a, rest);
	case ADDRESS_UNIX:
	case ADDRESS_ABSTRACT:
		return parse_path(a, rest);
	case ADDRESS_INET:
		break;
	}
	return parse_inet(a, rest, form->family);
}

static const struct prefix prefixes[] = {
    {"ipv4@", ADDRESS_INET, INET_V4, false},   {"ipv6@", ADDRESS_INET, INET_V6, false},
    {"tcp@", ADDRESS_INET, INET_NONE, false},  {"tcp4@", ADDRESS_INET, INET_V4, false},
    {"tcp6@", ADDRESS_INET, INET_V6, false},   {"udp@", ADDRESS_INET, INET_NONE, true},
    {"udp4@", ADDRESS_INET, INET_V4, true},    {"udp6@", ADDRESS_INET, INET_V6, true},
    {"unix@", ADDRESS_UNIX, INET_NONE, false}, {"uxst@", ADDRESS_UNIX, INET_NONE, false},
    {"uxdg@", ADDRESS_UNIX, INET_NONE, true},  {"abns@", ADDRESS_ABSTRACT, INET_NONE, false},
    {"fd@", ADDRESS_FD, INET_NONE, false},
};
static const char *const later_prefixes[] = {"quic4@",  "quic6@",  "sockpair@", "rhttp@", "mptcp@",
					     "mptcp4@", "mptcp6@", "abnsz@",    "ring@"};

static bool parse_word(struct address_parse *a, struct span text)
{
	static const struct prefix bare_path = {"", ADDRESS_UNIX, INET_NONE, false};
	static const struct prefix bare_inet = {"", ADDRESS_INET, INET_NONE, false};

	if (span_starts_with(text, SPAN("stream+")) || span_starts_with(text, SPAN("dgram+"))) {
		a->address.datagram = text.p[0] == 'd';
		text = span_slice(text, a->address.datagram ? 6 : 7, text.len);
	}
	for (size_t i = 0; i < array_size(prefixes); i++) {
		struct span prefix = span_of(prefixes[i].text);

		if (span_starts_with(text, prefix))
			return parse_form(a, &prefixes[i], span_slice(text, prefix.len, text.len));
	}
	for (size_t i = 0; i < array_size(later_prefixes); i++) {
		if (span_starts_with(text, span_of(later_prefixes[i])))
			return fail(a, "this kind of address is known, but halb does not do it yet",
				    span_of(later_prefixes[i]));
	}
	if (span_find(text, '@') < text.len && text.p[0] != '/')
		return fail(a, "unknown address prefix; there are ipv4@ ipv6@ unix@ abns@ fd@ udp@",
			    span_slice(text, 0, span_find(text, '@') + 1));
	return parse_form(a, text.len && text.p[0] == '/' ? &bare_path : &bare_inet, text);
}

bool config_parse_address(struct config_reader *r, const struct node *line, struct span word,
			  unsigned int allow, struct address *out, struct address_ports *ports)
{
	struct address_parse a = {.r = r, .line = line, .word = word, .allow = allow};
	const char *error, *text = lex_expand(r->world, word, r->arena, &error);

	a.address.fd = -1;
	if (!text)
		return fail(&a, error, word);
	if (!text[0])
		return fail(&a, "an address is missing (is its variable set ?)", word);
	if (!parse_word(&a, span_of(text)))
		return false;
	*out = a.address;
	*ports = a.ports;
	return true;
}
