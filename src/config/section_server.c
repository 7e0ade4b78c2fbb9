/* SPDX-License-Identifier: MIT */
/*
 * "server", "default-server" and "server-template". All three take the same words, which write into
 * a model_server: of "default-server" into the proxy's pattern (inherited through its defaults
 * section), of the others into a copy of that pattern.
 */
#include "config/section_server.h"

#include "config/section_parts.h"

#define SERVER_TEMPLATE_MAX 65535

void config_server_init(struct model_server *s)
{
	*s = (struct model_server){
	    .weight = 1,
	    .inter = 2000,
	    .rise = 2,
	    .fall = 3,
	    .error_limit = 10,
	    .on_error = HEALTH_FAIL_CHECK,
	    .pool_max_conn = -1,
	    .pool_purge_delay = 5000,
	    .max_reuse = -1,
	};
}

#define AT(member) offsetof(struct model_server, member)

/* Words that only switch something on or off. Others, that undo what halb does not do, are not
 * listed. */
static const struct server_switch {
	const char *name;
	size_t offset;
	bool value;
} switches[] = {
    {"enabled", AT(disabled), false},
    {"no-backup", AT(backup), false},
    {"no-check", AT(check), false},
    {"no-check-send-proxy", AT(check_send_proxy), false},
};

static unsigned int parse_switch(struct config_reader *r, const struct node *line, unsigned int at,
				 void *target)
{
	(void)r;
	for (unsigned int i = 0; i < array_size(switches); i++) {
		if (node_word_is(line, at - 1, switches[i].name))
			*(bool *)((char *)target + switches[i].offset) = switches[i].value;
	}
	return at;
}

static unsigned int parse_send_proxy(struct config_reader *r, const struct node *line,
				     unsigned int at, void *target)
{
	struct model_server *s = target;

	(void)r;
	if (node_word_is(line, at - 1, "send-proxy"))
		s->send_proxy = 1;
	else if (node_word_is(line, at - 1, "send-proxy-v2"))
		s->send_proxy = 2;
	else
		s->send_proxy = 0;
	return at;
}

static unsigned int parse_addr(struct config_reader *r, const struct node *line, unsigned int at,
			       void *target)
{
	struct model_server *s = target;
	struct address_ports ports = {0};

	if (!config_need_word(r, line, at, "addr <address>"))
		return 0;
	if (!config_parse_address(r, line, line->words[at],
				  ADDRESS_ALLOW_NO_PORT | ADDRESS_ALLOW_NAME, &s->check_address,
				  &ports))
		return 0;
	if (ports.given)
		s->check_port = (uint16_t)ports.first;
	return at + 1;
}

static unsigned int parse_port(struct config_reader *r, const struct node *line, unsigned int at,
			       void *target)
{
	unsigned int port;

	if (!config_parse_uint(r, line, at, 1, 65535, &port))
		return 0;
	((struct model_server *)target)->check_port = (uint16_t)port;
	return at + 1;
}

static unsigned int parse_observe(struct config_reader *r, const struct node *line, unsigned int at,
				  void *target)
{
	static const char *const layers[] = {"none", "layer4", "layer7"};
	int layer = config_parse_choice(r, line, at, layers, array_size(layers));

	if (layer < 0)
		return 0;
	if (layer == OBSERVE_LAYER7 && r->proxy->mode != MODE_HTTP) {
		config_alert(r, line,
			     "'observe layer7' needs 'mode http', put it above this line or use "
			     "'observe layer4'.");
		return 0;
	}
	((struct model_server *)target)->observe = (enum observe_layer)layer;
	return at + 1;
}

static unsigned int parse_on_error(struct config_reader *r, const struct node *line,
				   unsigned int at, void *target)
{
	static const char *const modes[] = {"fastinter", "fail-check", "sudden-death", "mark-down"};
	int mode = config_parse_choice(r, line, at, modes, array_size(modes));

	if (mode < 0)
		return 0;
	((struct model_server *)target)->on_error = (enum health_on_error)mode;
	return at + 1;
}

static unsigned int parse_on_marked_down(struct config_reader *r, const struct node *line,
					 unsigned int at, void *target)
{
	static const char *const actions[] = {"shutdown-sessions"};

	if (config_parse_choice(r, line, at, actions, array_size(actions)) < 0)
		return 0;
	((struct model_server *)target)->on_marked_down_shutdown = true;
	return at + 1;
}

static unsigned int parse_on_marked_up(struct config_reader *r, const struct node *line,
				       unsigned int at, void *target)
{
	static const char *const actions[] = {"shutdown-backup-sessions"};

	if (config_parse_choice(r, line, at, actions, array_size(actions)) < 0)
		return 0;
	((struct model_server *)target)->on_marked_up_shutdown_backup = true;
	return at + 1;
}

static unsigned int parse_cookie(struct config_reader *r, const struct node *line, unsigned int at,
				 void *target)
{
	if (!config_need_word(r, line, at, "cookie <value>"))
		return 0;
	((struct model_server *)target)->cookie = line->words[at];
	return at + 1;
}

/* -1 or a number: pool-max-conn and max-reuse. */
static bool parse_limit(struct config_reader *r, const struct node *line, unsigned int at, int *out)
{
	unsigned int value;

	if (node_word_is(line, at, "-1")) {
		*out = -1;
		return true;
	}
	if (!config_parse_uint(r, line, at, 0, INT32_MAX, &value))
		return false;
	*out = (int)value;
	return true;
}

static unsigned int parse_pool_max_conn(struct config_reader *r, const struct node *line,
					unsigned int at, void *target)
{
	return parse_limit(r, line, at, &((struct model_server *)target)->pool_max_conn) ? at + 1
											 : 0;
}

static unsigned int parse_max_reuse(struct config_reader *r, const struct node *line,
				    unsigned int at, void *target)
{
	return parse_limit(r, line, at, &((struct model_server *)target)->max_reuse) ? at + 1 : 0;
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

static unsigned int parse_init_addr(struct config_reader *r, const struct node *line,
				    unsigned int at, void *target)
{
	struct span rest = node_word(line, at);
	bool none = false;

	if (!config_need_word(r, line, at, "init-addr last,libc,none"))
		return 0;
	while (rest.p) {
		struct span word = span_split(&rest, ',');
		struct inet ip;

		if (span_equal(word, SPAN("none"))) {
			none = true;
		} else if (inet_parse(word, &ip)) {
			config_alert(r, line,
				     "'init-addr' with an address is not supported by halb yet, "
				     "use 'last', 'libc' or 'none'.");
			return 0;
		} else if (!span_equal(word, SPAN("last")) && !span_equal(word, SPAN("libc"))) {
			config_alert(r, line,
				     "'init-addr' does not know '%.*s', write a list of 'last', "
				     "'libc' and 'none'.",
				     SPAN_ARG(word));
			return 0;
		}
	}
	((struct model_server *)target)->init_addr_none = none;
	return at + 1;
}

static unsigned int parse_source(struct config_reader *r, const struct node *line, unsigned int at,
				 void *target)
{
	struct model_server *s = target;
	struct address address = {0};
	struct address_ports ports = {0};

	if (!config_need_word(r, line, at, "source <address>[:<port>]"))
		return 0;
	if (!config_parse_address(r, line, line->words[at], ADDRESS_ALLOW_NO_PORT, &address,
				  &ports))
		return 0;
	if (address.kind != ADDRESS_INET) {
		config_alert(r, line, "'source' expects an IP address, not '%.*s'.",
			     SPAN_ARG(line->words[at]));
		return 0;
	}
	s->source = address.inet;
	at++;
	if (node_word_is(line, at, "usesrc")) {
		config_alert(r, line,
			     "'usesrc' (transparent proxying) is not supported by halb yet.");
		return 0;
	}
	if (!node_word_is(line, at, "interface"))
		return at;
	if (!config_need_word(r, line, at + 1, "interface <name>"))
		return 0;
	s->source_interface = line->words[at + 1].p;
	return at + 2;
}

static unsigned int refuse_id(struct config_reader *r, const struct node *line, unsigned int at,
			      void *target)
{
	struct model_server *s = target;

	if (!node_word_is(line, 0, "server")) {
		config_alert(r, line, "'id' is of one server only, it cannot stand in '%.*s'.",
			     SPAN_ARG(node_word(line, 0)));
		return 0;
	}
	return config_parse_uint(r, line, at, 1, INT32_MAX, &s->id) ? at + 1 : 0;
}

#define LATER(word)                                                                                \
	{                                                                                          \
		.name = (word), .type = KEYWORD_LATER                                              \
	}

static const struct argument server_arguments[] = {
    {"addr", KEYWORD_PARSE, 0, 0, 0, parse_addr, "ADDRESS: where checks go"},
    {"backup", KEYWORD_FLAG, AT(backup), 0, 0, NULL, "used only when no other server is left"},
    {"check", KEYWORD_FLAG, AT(check), 0, 0, NULL, "health checks on"},
    {"check-send-proxy", KEYWORD_FLAG, AT(check_send_proxy), 0, 0, NULL, "PROXY header on checks"},
    {"cookie", KEYWORD_PARSE, 0, 0, 0, parse_cookie,
     "VALUE: names this server in the persistence cookie"},
    {"disabled", KEYWORD_FLAG, AT(disabled), 0, 0, NULL, "starts in maintenance"},
    {"downinter", KEYWORD_TIME, AT(downinter), 0, 0, NULL, "time between checks while down"},
    {"enabled", KEYWORD_PARSE, 0, 0, 0, parse_switch, "undoes 'disabled' of default-server"},
    {"error-limit", KEYWORD_UINT, AT(error_limit), 1, INT32_MAX, NULL,
     "errors that 'observe' takes before 'on-error'"},
    {"fall", KEYWORD_UINT, AT(fall), 1, INT32_MAX, NULL, "failed checks until down"},
    {"fastinter", KEYWORD_TIME, AT(fastinter), 0, 0, NULL,
     "time between checks while going up or down"},
    {"id", KEYWORD_PARSE, 0, 0, 0, refuse_id, "NUMBER: of the server in statistics"},
    {"init-addr", KEYWORD_PARSE, 0, 0, 0, parse_init_addr,
     "METHODS: how the address is found at start; last, libc, none"},
    {"inter", KEYWORD_TIME, AT(inter), 0, 0, NULL, "time between checks"},
    {"max-reuse", KEYWORD_PARSE, 0, 0, 0, parse_max_reuse,
     "NUMBER: requests on one connection, -1 for no limit"},
    {"maxconn", KEYWORD_UINT, AT(maxconn), 0, INT32_MAX, NULL,
     "requests at a time, 0 for no limit"},
    {"maxqueue", KEYWORD_UINT, AT(maxqueue), 0, INT32_MAX, NULL,
     "requests that may wait for this server"},
    {"minconn", KEYWORD_UINT, AT(minconn), 0, INT32_MAX, NULL, "as maxconn, at low load"},
    {"no-agent-check", KEYWORD_PARSE, 0, 0, 0, parse_switch, "as it is"},
    {"no-backup", KEYWORD_PARSE, 0, 0, 0, parse_switch, "undoes 'backup' of default-server"},
    {"no-check", KEYWORD_PARSE, 0, 0, 0, parse_switch, "undoes 'check' of default-server"},
    {"no-check-send-proxy", KEYWORD_PARSE, 0, 0, 0, parse_switch,
     "undoes 'check-send-proxy' of default-server"},
    {"no-check-ssl", KEYWORD_PARSE, 0, 0, 0, parse_switch, "as it is"},
    {"no-send-proxy", KEYWORD_PARSE, 0, 0, 0, parse_send_proxy,
     "undoes 'send-proxy' of default-server"},
    {"no-send-proxy-v2", KEYWORD_PARSE, 0, 0, 0, parse_send_proxy,
     "undoes 'send-proxy-v2' of default-server"},
    {"no-send-proxy-v2-ssl", KEYWORD_PARSE, 0, 0, 0, parse_switch, "as it is"},
    {"no-send-proxy-v2-ssl-cn", KEYWORD_PARSE, 0, 0, 0, parse_switch, "as it is"},
    {"no-ssl", KEYWORD_PARSE, 0, 0, 0, parse_switch, "as it is"},
    {"no-tfo", KEYWORD_PARSE, 0, 0, 0, parse_switch, "as it is"},
    {"no-verifyhost", KEYWORD_PARSE, 0, 0, 0, parse_switch, "as it is"},
    {"observe", KEYWORD_PARSE, 0, 0, 0, parse_observe, "layer4|layer7: traffic counts as checks"},
    {"on-error", KEYWORD_PARSE, 0, 0, 0, parse_on_error,
     "ACTION: what 'observe' does past error-limit"},
    {"on-marked-down", KEYWORD_PARSE, 0, 0, 0, parse_on_marked_down,
     "shutdown-sessions: cut its connections when down"},
    {"on-marked-up", KEYWORD_PARSE, 0, 0, 0, parse_on_marked_up,
     "shutdown-backup-sessions: cut those of backups when up"},
    {"pool-low-conn", KEYWORD_IGNORED, 0, 0, 1, NULL,
     "taken without effect: threads keep idle connections apart"},
    {"pool-max-conn", KEYWORD_PARSE, 0, 0, 0, parse_pool_max_conn,
     "NUMBER: idle connections kept, -1 for no limit"},
    {"pool-purge-delay", KEYWORD_TIME, AT(pool_purge_delay), 0, 0, NULL,
     "time between closing idle connections"},
    {"port", KEYWORD_PARSE, 0, 0, 0, parse_port, "PORT: where checks go"},
    {"proto", KEYWORD_PARSE, 0, 0, 0, parse_proto, "NAME: forces the protocol; h1"},
    {"redir", KEYWORD_TEXT, AT(redir), 0, 0, NULL, "PREFIX: GET and HEAD are redirected there"},
    {"rise", KEYWORD_UINT, AT(rise), 1, INT32_MAX, NULL, "passed checks until up"},
    {"send-proxy", KEYWORD_PARSE, 0, 0, 0, parse_send_proxy, "PROXY header version 1"},
    {"send-proxy-v2", KEYWORD_PARSE, 0, 0, 0, parse_send_proxy, "PROXY header version 2"},
    {"slowstart", KEYWORD_TIME, AT(slowstart), 0, 0, NULL,
     "time to the full weight after coming up"},
    {"source", KEYWORD_PARSE, 0, 0, 0, parse_source,
     "ADDRESS[:PORT] [interface NAME]: where connections come from"},
    {"stick", KEYWORD_PARSE, 0, 0, 0, parse_switch, "as it is"},
    {"tcp-ut", KEYWORD_IGNORED, 0, 0, 1, NULL,
     "taken without effect: the timeouts of the proxy apply"},
    {"tfo", KEYWORD_IGNORED, 0, 0, 0, NULL, "taken without effect: the normal handshake is used"},
    {"track", KEYWORD_TEXT, AT(track_name), 0, 0, NULL,
     "[BACKEND/]SERVER: whose state is taken over"},
    {"weight", KEYWORD_UINT, AT(weight), 0, 256, NULL, "share of the load"},
    LATER("agent-addr"),
    LATER("agent-check"),
    LATER("agent-inter"),
    LATER("agent-port"),
    LATER("agent-send"),
    LATER("allow-0rtt"),
    LATER("alpn"),
    LATER("ca-file"),
    LATER("check-alpn"),
    LATER("check-proto"),
    LATER("check-sni"),
    LATER("check-ssl"),
    LATER("check-via-socks4"),
    LATER("ciphers"),
    LATER("ciphersuites"),
    LATER("crl-file"),
    LATER("crt"),
    LATER("curves"),
    LATER("force-sslv3"),
    LATER("force-tlsv10"),
    LATER("force-tlsv11"),
    LATER("force-tlsv12"),
    LATER("force-tlsv13"),
    LATER("guid"),
    LATER("hash-key"),
    LATER("log-bufsize"),
    LATER("log-proto"),
    LATER("namespace"),
    LATER("no-ssl-reuse"),
    LATER("no-sslv3"),
    LATER("no-tls-tickets"),
    LATER("no-tlsv10"),
    LATER("no-tlsv11"),
    LATER("no-tlsv12"),
    LATER("no-tlsv13"),
    LATER("non-stick"),
    LATER("npn"),
    LATER("pool-conn-name"),
    LATER("proxy-v2-options"),
    LATER("resolve-net"),
    LATER("resolve-opts"),
    LATER("resolve-prefer"),
    LATER("resolvers"),
    LATER("send-proxy-v2-ssl"),
    LATER("send-proxy-v2-ssl-cn"),
    LATER("set-proxy-v2-tlv-fmt"),
    LATER("shard"),
    LATER("sigalgs"),
    LATER("sni"),
    LATER("socks4"),
    LATER("ssl"),
    LATER("ssl-max-ver"),
    LATER("ssl-min-ver"),
    LATER("ssl-reuse"),
    LATER("tls-tickets"),
    LATER("verify"),
    LATER("verifyhost"),
    LATER("ws"),
};
ARGUMENTS_OF("server", server_arguments);

static bool parse_arguments(struct config_reader *r, const struct node *line, unsigned int at,
			    struct model_server *s)
{
	struct span keyword = node_word(line, 0);

	while (at < line->n_words) {
		at = argument_apply(r, line, at, server_arguments, array_size(server_arguments), s,
				    keyword.p);
		if (at == 0)
			return false;
	}
	if (s->inter == 0) {
		config_alert(r, line, "'inter' expects a time above 0.");
		return false;
	}
	if (s->check && s->track_name) {
		config_alert(r, line,
			     "'check' and 'track' exclude each other, keep one of them ('no-check' "
			     "undoes an inherited one).");
		return false;
	}
	if (s->minconn > s->maxconn)
		s->maxconn = s->minconn;
	return true;
}

static bool parse_address(struct config_reader *r, const struct node *line, unsigned int at,
			  struct model_server *s)
{
	struct address_ports ports = {0};
	unsigned int allow = ADDRESS_ALLOW_NO_PORT | ADDRESS_ALLOW_OFFSET | ADDRESS_ALLOW_NAME;

	if (at >= line->n_words) {
		config_alert(r, line,
			     "'%.*s' expects <name> and <addr>[:<port>], as in 'server web1 "
			     "192.0.2.1:80 check'.",
			     SPAN_ARG(node_word(line, 0)));
		return false;
	}
	if (!config_parse_address(r, line, line->words[at], allow, &s->address, &ports))
		return false;
	s->port_from_client = false;
	s->port_offset = 0;
	if (s->address.kind == ADDRESS_INET && (ports.offset || !ports.given || ports.first == 0)) {
		s->port_from_client = true;
		s->port_offset =
		    ports.offset ? (ports.sign < 0 ? -(int)ports.first : (int)ports.first) : 0;
		s->address.inet.port = 0;
	}
	return true;
}

static bool check_name(struct config_reader *r, const struct node *line, struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		bool letter =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!letter && (c == '\0' || !strchr("_-.:", c))) {
			config_alert(r, line,
				     "character '%c' is not permitted in server name '%.*s', use "
				     "letters, digits, '-', '_', '.' and ':'.",
				     c, SPAN_ARG(name));
			return false;
		}
	}
	return name.len > 0;
}

static struct model_server **servers_end(struct model_proxy *p)
{
	struct model_server **end = &p->servers;

	while (*end)
		end = &(*end)->next;
	return end;
}

static void append_server(struct model_proxy *p, struct model_server ***end, struct model_server *s)
{
	s->next = NULL;
	s->index = p->n_servers++;
	**end = s;
	*end = &s->next;
}

static struct model_server *new_server(struct config_reader *r, const struct node *line)
{
	struct model_server *s = config_alloc(r, line, sizeof(*s));

	if (!s)
		return NULL;
	*s = r->proxy->default_server;
	s->file = line->file;
	s->line = line->line;
	s->id = 0;
	return s;
}

static void parse_server(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_server **end = servers_end(r->proxy);
	struct model_server *s = new_server(r, line);
	bool good;

	if (!s)
		return;
	s->name = node_word(line, at).p;
	good = parse_address(r, line, at + 1, s);
	good = check_name(r, line, node_word(line, at)) && good;
	if (at + 2 <= line->n_words)
		good = parse_arguments(r, line, at + 2, s) && good;
	if (good)
		append_server(r->proxy, &end, s);
}

/* "3" is 1 to 3, "2-5" is what it says. */
static bool parse_template_range(struct config_reader *r, const struct node *line, struct span word,
				 unsigned int *first, unsigned int *last)
{
	struct span rest = word;
	struct span a = span_split(&rest, '-');
	uint64_t low = 1, high = 0;
	bool good = rest.p ? span_to_u64(a, INT32_MAX, &low) && span_to_u64(rest, INT32_MAX, &high)
			   : span_to_u64(a, INT32_MAX, &high);

	if (!good || high < low || high - low >= SERVER_TEMPLATE_MAX) {
		config_alert(r, line,
			     "'server-template' expects a number or a range of at most %d servers, "
			     "such as '3' or '1-3', not '%.*s'.",
			     SERVER_TEMPLATE_MAX, SPAN_ARG(word));
		return false;
	}
	*first = (unsigned int)low;
	*last = (unsigned int)high;
	return true;
}

static void parse_server_template(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_server **end = servers_end(r->proxy);
	struct model_server *pattern = new_server(r, line);
	unsigned int first = 0, last = 0;
	bool good;

	if (!pattern)
		return;
	if (line->n_words < at + 3) {
		config_alert(
		    r, line,
		    "'server-template' expects <prefix> <number or range> <host>[:<port>].");
		return;
	}
	good = check_name(r, line, line->words[at]);
	good = parse_template_range(r, line, line->words[at + 1], &first, &last) && good;
	good = parse_address(r, line, at + 2, pattern) && good;
	good = parse_arguments(r, line, at + 3, pattern) && good;
	for (unsigned int i = first; good && i <= last; i++) {
		struct model_server *s = config_alloc(r, line, sizeof(*s));

		if (!s)
			return;
		*s = *pattern;
		s->name = arena_printf(r->arena, "%.*s%u", SPAN_ARG(line->words[at]), i);
		if (!s->name) {
			config_alert(r, line, "out of memory.");
			return;
		}
		append_server(r->proxy, &end, s);
	}
}

static void parse_default_server(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_server s = r->proxy->default_server;

	if (at >= line->n_words) {
		config_alert(
		    r, line,
		    "'default-server' expects words of servers, such as 'inter 1s fall 2'.");
		return;
	}
	if (parse_arguments(r, line, at, &s))
		r->proxy->default_server = s;
}

KEYWORDS(section_server,
	 {"default-server", IN_BACK | STRICT_PLACE, KEYWORD_PARSE, 0, 0, 0, parse_default_server,
	  "WORDS: what the servers below start from"},
	 {"server", IN_LISTEN | IN_BACKEND | STRICT_PLACE, KEYWORD_PARSE, 0, 0, 0, parse_server,
	  "NAME ADDRESS[:PORT] WORDS: one server"},
	 {"server-template", IN_LISTEN | IN_BACKEND | STRICT_PLACE, KEYWORD_PARSE, 0, 0, 0,
	  parse_server_template, "PREFIX N HOST[:PORT] WORDS: several servers of one host name"});
