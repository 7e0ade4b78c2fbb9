/* SPDX-License-Identifier: MIT */
/*
 * "bind", the address of a "listen" line and "stats socket": the words behind the addresses are
 * parsed once into a pattern, then each address and each port of a range gets a copy of it.
 */
#include "config/section_bind.h"

#include "config/section_parts.h"

#define BIND_MAX_PER_LINE 65535

static unsigned int parse_name(struct config_reader *r, const struct node *line, unsigned int at,
			       void *target)
{
	struct model_bind *bind = target;

	if (!config_need_word(r, line, at, "name <name>"))
		return 0;
	bind->name = line->words[at].p;
	return at + 1;
}

static unsigned int parse_interface(struct config_reader *r, const struct node *line,
				    unsigned int at, void *target)
{
	struct model_bind *bind = target;

	if (!config_need_word(r, line, at, "interface <interface>"))
		return 0;
	if (line->words[at].len > 15) {
		config_alert(
		    r, line,
		    "interface name '%.*s' is longer than the 15 characters the system allows.",
		    SPAN_ARG(line->words[at]));
		return 0;
	}
	bind->interface = line->words[at].p;
	return at + 1;
}

static unsigned int parse_mss(struct config_reader *r, const struct node *line, unsigned int at,
			      void *target)
{
	struct model_bind *bind = target;
	struct span word = node_word(line, at);
	uint64_t value;

	if (!config_need_word(r, line, at, "mss <maxseg>"))
		return 0;
	/* A negative one (a size relative to the interface's) has no effect but on old kernels. */
	if (!span_to_u64(word.p[0] == '-' ? span_slice(word, 1, word.len) : word, 65535, &value) ||
	    value == 0) {
		config_alert(r, line, "'mss' expects a segment size from 1 to 65535, not '%.*s'.",
			     SPAN_ARG(word));
		return 0;
	}
	bind->mss = word.p[0] == '-' ? 0 : (unsigned int)value;
	return at + 1;
}

static unsigned int parse_nice(struct config_reader *r, const struct node *line, unsigned int at,
			       void *target)
{
	struct span word = node_word(line, at);
	bool minus = word.len > 0 && word.p[0] == '-';
	uint64_t value;

	(void)target;
	if (!config_need_word(r, line, at, "nice <nice>"))
		return 0;
	if (!span_to_u64(minus ? span_slice(word, 1, word.len) : word, 1024, &value)) {
		config_alert(r, line, "'nice' expects a value from -1024 to 1024, not '%.*s'.",
			     SPAN_ARG(word));
		return 0;
	}
	return at + 1;
}

static unsigned int parse_proto(struct config_reader *r, const struct node *line, unsigned int at,
				void *target)
{
	(void)target;
	if (!config_need_word(r, line, at, "proto h1"))
		return 0;
	if (node_word_is(line, at, "h1") || node_word_is(line, at, "none"))
		return at + 1;
	config_alert(r, line, "'proto %.*s' is not supported by halb yet, only 'proto h1' is.",
		     SPAN_ARG(line->words[at]));
	return 0;
}

static unsigned int parse_mode(struct config_reader *r, const struct node *line, unsigned int at,
			       void *target)
{
	struct model_bind *bind = target;
	struct span word = node_word(line, at);
	int mode = 0;

	if (!config_need_word(r, line, at, "mode <octal mode>"))
		return 0;
	for (size_t i = 0; i < word.len; i++) {
		if (word.p[i] < '0' || word.p[i] > '7' || mode > 0777) {
			config_alert(r, line,
				     "'mode' expects an octal mode such as 660, not '%.*s'.",
				     SPAN_ARG(word));
			return 0;
		}
		mode = mode * 8 + (word.p[i] - '0');
	}
	bind->unix_mode = mode;
	return at + 1;
}

static unsigned int parse_number(struct config_reader *r, const struct node *line, unsigned int at,
				 int *out)
{
	unsigned int value;

	if (!config_parse_uint(r, line, at, 0, INT32_MAX, &value))
		return 0;
	*out = (int)value;
	return at + 1;
}

static unsigned int parse_uid(struct config_reader *r, const struct node *line, unsigned int at,
			      void *target)
{
	return parse_number(r, line, at, &((struct model_bind *)target)->unix_uid);
}

static unsigned int parse_gid(struct config_reader *r, const struct node *line, unsigned int at,
			      void *target)
{
	return parse_number(r, line, at, &((struct model_bind *)target)->unix_gid);
}

static unsigned int parse_user(struct config_reader *r, const struct node *line, unsigned int at,
			       void *target)
{
	const struct config_world *w = r->world;
	long id;

	if (!config_need_word(r, line, at, "user <user>"))
		return 0;
	if (!w->user_id || !w->user_id(w->user, line->words[at].p, &id)) {
		config_alert(r, line,
			     "'user' : this system has no user '%s', use 'uid' with a number.",
			     line->words[at].p);
		return 0;
	}
	((struct model_bind *)target)->unix_uid = (int)id;
	return at + 1;
}

static unsigned int parse_group(struct config_reader *r, const struct node *line, unsigned int at,
				void *target)
{
	const struct config_world *w = r->world;
	long id;

	if (!config_need_word(r, line, at, "group <group>"))
		return 0;
	if (!w->group_id || !w->group_id(w->user, line->words[at].p, &id)) {
		config_alert(r, line,
			     "'group' : this system has no group '%s', use 'gid' with a number.",
			     line->words[at].p);
		return 0;
	}
	((struct model_bind *)target)->unix_gid = (int)id;
	return at + 1;
}

static unsigned int parse_level(struct config_reader *r, const struct node *line, unsigned int at,
				void *target)
{
	static const char *const levels[] = {"user", "operator", "admin"};
	int level = config_parse_choice(r, line, at, levels, array_size(levels));

	if (level < 0)
		return 0;
	((struct model_bind *)target)->level = (enum bind_level)level;
	return at + 1;
}

static unsigned int parse_expose_fd(struct config_reader *r, const struct node *line,
				    unsigned int at, void *target)
{
	static const char *const what[] = {"listeners"};

	if (config_parse_choice(r, line, at, what, array_size(what)) < 0)
		return 0;
	((struct model_bind *)target)->expose_fd_listeners = true;
	return at + 1;
}

#define LATER(word)                                                                                \
	{                                                                                          \
		.name = (word), .type = KEYWORD_LATER                                              \
	}
#define AT(member) offsetof(struct model_bind, member)

static const struct argument bind_arguments[] = {
    {"accept-proxy", KEYWORD_FLAG, AT(accept_proxy), 0, 0, NULL,
     "clients speak the PROXY protocol first"},
    {"backlog", KEYWORD_UINT, AT(backlog), 0, INT32_MAX, NULL,
     "connections that wait to be accepted"},
    {"defer-accept", KEYWORD_FLAG, AT(defer_accept), 0, 0, NULL,
     "accept when the client has sent data"},
    {"expose-fd", KEYWORD_PARSE, 0, 0, 0, parse_expose_fd,
     "listeners: a reload may fetch them here"},
    {"gid", KEYWORD_PARSE, 0, 0, 0, parse_gid, "NUMBER: group of the unix socket"},
    {"group", KEYWORD_PARSE, 0, 0, 0, parse_group, "NAME: group of the unix socket"},
    {"id", KEYWORD_UINT, AT(id), 1, INT32_MAX, NULL, "NUMBER: of the listener in statistics"},
    {"interface", KEYWORD_PARSE, 0, 0, 0, parse_interface,
     "NAME: only connections of this network interface"},
    {"level", KEYWORD_PARSE, 0, 0, 0, parse_level,
     "user|operator|admin: what the runtime API allows here"},
    {"maxconn", KEYWORD_UINT, AT(maxconn), 0, INT32_MAX, NULL, "connections at a time"},
    {"mode", KEYWORD_PARSE, 0, 0, 0, parse_mode, "OCTAL: mode of the unix socket"},
    {"mss", KEYWORD_PARSE, 0, 0, 0, parse_mss, "BYTES: largest TCP segment"},
    {"name", KEYWORD_PARSE, 0, 0, 0, parse_name, "NAME: of the listener in statistics"},
    {"nice", KEYWORD_PARSE, 0, 0, 0, parse_nice,
     "taken without effect: halb shares each turn of its loop evenly"},
    {"process", KEYWORD_IGNORED, 0, 0, 1, NULL, "taken without effect: all threads accept"},
    {"proto", KEYWORD_PARSE, 0, 0, 0, parse_proto, "NAME: forces the protocol; h1"},
    {"shards", KEYWORD_IGNORED, 0, 0, 1, NULL,
     "taken without effect: each thread has a socket already"},
    {"tcp-ut", KEYWORD_IGNORED, 0, 0, 1, NULL,
     "taken without effect: the timeouts of the proxy apply"},
    {"tfo", KEYWORD_IGNORED, 0, 0, 0, NULL,
     "taken without effect: clients fall back to the normal handshake"},
    {"thread", KEYWORD_IGNORED, 0, 0, 1, NULL, "taken without effect: all threads accept"},
    {"transparent", KEYWORD_FLAG, AT(transparent), 0, 0, NULL,
     "bind to an address that is not local"},
    {"uid", KEYWORD_PARSE, 0, 0, 0, parse_uid, "NUMBER: owner of the unix socket"},
    {"user", KEYWORD_PARSE, 0, 0, 0, parse_user, "NAME: owner of the unix socket"},
    {"v4v6", KEYWORD_FLAG, AT(v4v6), 0, 0, NULL, "an IPv6 address takes IPv4 clients too"},
    {"v6only", KEYWORD_FLAG, AT(v6only), 0, 0, NULL, "an IPv6 address takes IPv6 clients only"},
    LATER("accept-netscaler-cip"),
    LATER("allow-0rtt"),
    LATER("alpn"),
    LATER("ca-file"),
    LATER("ca-ignore-err"),
    LATER("ca-sign-file"),
    LATER("ca-sign-pass"),
    LATER("ca-verify-file"),
    LATER("ciphers"),
    LATER("ciphersuites"),
    LATER("crl-file"),
    LATER("crt"),
    LATER("crt-ignore-err"),
    LATER("crt-list"),
    LATER("curves"),
    LATER("ecdhe"),
    LATER("force-sslv3"),
    LATER("force-tlsv10"),
    LATER("force-tlsv11"),
    LATER("force-tlsv12"),
    LATER("force-tlsv13"),
    LATER("generate-certificates"),
    LATER("namespace"),
    LATER("no-alpn"),
    LATER("no-ca-names"),
    LATER("no-sslv3"),
    LATER("no-tls-tickets"),
    LATER("no-tlsv10"),
    LATER("no-tlsv11"),
    LATER("no-tlsv12"),
    LATER("no-tlsv13"),
    LATER("npn"),
    LATER("prefer-client-ciphers"),
    LATER("quic-cc-algo"),
    LATER("quic-force-retry"),
    LATER("severity-output"),
    LATER("ssl"),
    LATER("ssl-max-ver"),
    LATER("ssl-min-ver"),
    LATER("strict-sni"),
    LATER("tls-ticket-keys"),
    LATER("verify"),
};
ARGUMENTS_OF("bind", bind_arguments);

struct bind_list {
	struct config_reader *reader;
	const struct node *line;
	const struct model_bind *pattern;
	struct model_bind *first, **end;
	unsigned int n;
};

/* The address as written, with this port in place of the range. */
static const char *word_with_port(struct arena *a, struct span word, unsigned int port)
{
	size_t len = word.len;

	while (len > 0 && word.p[len - 1] != ':')
		len--;
	return arena_printf(a, "%.*s%u", (int)len, word.p, port);
}

static bool add_bind(struct bind_list *l, const struct address *address, struct span word,
		     unsigned int port, bool range)
{
	struct model_bind *bind = config_alloc(l->reader, l->line, sizeof(*bind));

	if (!bind)
		return false;
	*bind = *l->pattern;
	bind->address = *address;
	if (address->kind == ADDRESS_INET)
		bind->address.inet.port = (uint16_t)port;
	bind->word = range ? word_with_port(l->reader->arena, word, port)
			   : arena_copy(l->reader->arena, word);
	if (!bind->word) {
		config_alert(l->reader, l->line, "out of memory.");
		return false;
	}
	*l->end = bind;
	l->end = &bind->next;
	l->n++;
	return true;
}

static bool add_word(struct bind_list *l, struct span word)
{
	struct address address = {0};
	struct address_ports ports = {0};
	bool range;

	if (word.len == 0) {
		config_alert(l->reader, l->line,
			     "an address is empty, remove the comma beside it.");
		return false;
	}
	if (!config_parse_address(l->reader, l->line, word,
				  ADDRESS_ALLOW_RANGE | ADDRESS_ALLOW_NAME, &address, &ports))
		return false;
	if (address.kind != ADDRESS_INET)
		return add_bind(l, &address, word, 0, false);
	range = ports.last > ports.first;
	if (l->n + (ports.last - ports.first) >= BIND_MAX_PER_LINE) {
		config_alert(l->reader, l->line,
			     "more than %d listeners on one line, shorten the port range.",
			     BIND_MAX_PER_LINE);
		return false;
	}
	for (unsigned int port = ports.first; port <= ports.last; port++) {
		if (!add_bind(l, &address, word, port, range))
			return false;
	}
	return true;
}

static bool parse_arguments(struct config_reader *r, const struct node *line, unsigned int at,
			    const char *what, struct model_bind *pattern)
{
	while (at < line->n_words) {
		at = argument_apply(r, line, at, bind_arguments, array_size(bind_arguments),
				    pattern, what);
		if (at == 0)
			return false;
	}
	if (pattern->v4v6 && pattern->v6only) {
		config_alert(r, line, "'v4v6' and 'v6only' exclude each other, keep one of them.");
		return false;
	}
	return true;
}

bool config_parse_bind(struct config_reader *r, const struct node *line, unsigned int at,
		       bool stats_socket, struct model_bind **list)
{
	struct model_bind pattern = {.unix_mode = -1,
				     .unix_uid = -1,
				     .unix_gid = -1,
				     .level = BIND_LEVEL_OPERATOR,
				     .file = line->file,
				     .line = line->line};
	struct bind_list l = {.reader = r, .line = line, .pattern = &pattern};
	struct span rest = node_word(line, at);
	bool good;

	if (rest.len == 0) {
		config_alert(r, line, "'%s' expects an address, such as %s.",
			     stats_socket ? "stats socket" : "bind",
			     stats_socket ? "'/run/haproxy.sock'" : "'*:80' or '192.0.2.1:443'");
		return false;
	}
	good = parse_arguments(r, line, at + 1, stats_socket ? "stats socket" : "bind", &pattern);
	l.end = &l.first;
	while (rest.p)
		good = add_word(&l, span_split(&rest, ',')) && good;
	if (good && pattern.id && l.n > 1) {
		config_alert(r, line, "'id' can only be used with a single address and port.");
		good = false;
	}
	if (!good)
		return false;
	while (*list)
		list = &(*list)->next;
	*list = l.first;
	return true;
}

static void parse_bind(struct config_reader *r, const struct node *line, unsigned int at)
{
	(void)config_parse_bind(r, line, at, false, &r->proxy->binds);
}

KEYWORDS(section_bind, {"bind", IN_FRONTEND | IN_LISTEN, KEYWORD_PARSE, 0, 0, 0, parse_bind,
			"[ADDRESS]:PORT[-PORT],... WORDS: addresses to listen on"});
