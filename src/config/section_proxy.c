/* SPDX-License-Identifier: MIT */
/*
 * What proxies of both modes know: mode, timeouts, limits, where requests go, and the options
 * without arguments. Scalars are rows whose sections follow haproxy's matrix of keywords. HTTP's
 * own words are in section_http.c.
 */
#include "config/section_core.h"
#include "config/section_parts.h"
#include "config/section_rules.h"

#include <limits.h>

#define AT(member) offsetof(struct model_proxy, member)

void config_proxy_init(struct model_proxy *p)
{
	p->mode = MODE_TCP;
	p->retries = 3;
	p->retry_on = RETRY_CONN_FAILURE;
	p->reuse = REUSE_SAFE;
	p->connection_mode = HTTP_KEEP_ALIVE;
	p->max_keep_alive_queue = UINT_MAX;
}

static void parse_mode(struct config_reader *r, const struct node *line, unsigned int at)
{
	if (node_word_is(line, at, "http"))
		r->proxy->mode = MODE_HTTP;
	else if (node_word_is(line, at, "tcp"))
		r->proxy->mode = MODE_TCP;
	else if (node_word_is(line, at, "health"))
		config_alert(r, line,
			     "mode 'health' doesn't exist anymore. Please use 'mode http' with "
			     "'monitor-uri' instead.");
	else
		config_alert(r, line, "unknown proxy mode '%s'; there are 'http' and 'tcp'.",
			     node_word(line, at).p);
	config_expect_end(r, line, at + 1);
}

static void parse_id(struct config_reader *r, const struct node *line, unsigned int at)
{
	if (config_parse_uint(r, line, at, 1, INT_MAX, &r->proxy->id))
		config_expect_end(r, line, at + 1);
}

static void parse_disabled(struct config_reader *r, const struct node *line, unsigned int at)
{
	r->proxy->disabled = true;
	config_expect_end(r, line, at);
}

static void parse_enabled(struct config_reader *r, const struct node *line, unsigned int at)
{
	r->proxy->disabled = false;
	config_expect_end(r, line, at);
}

static void parse_description(struct config_reader *r, const struct node *line, unsigned int at)
{
	const char *text = config_parse_rest(r, line, at);

	if (text)
		r->proxy->description = text;
}

static void parse_default_backend(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct span name = node_word(line, at);

	if (!name.len)
		config_alert(r, line, "'default_backend' expects a backend name.");
	if (!name.len || !config_expect_end(r, line, at + 1))
		return;
	if (config_is_computed(name)) {
		config_alert(r, line,
			     "'default_backend' needs a name as it is; write 'use_backend %s' for "
			     "one that is computed.",
			     name.p);
		return;
	}
	r->proxy->default_backend_name = name.p;
	r->proxy->default_backend_file = line->file;
	r->proxy->default_backend_line = line->line;
}

static void parse_use_backend(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct span name = node_word(line, at);
	struct use_backend *rule, **end = &r->proxy->use_backends;

	if (!name.len || node_word_is(line, at, "if") || node_word_is(line, at, "unless")) {
		config_alert(r, line, "'use_backend' expects a backend name.");
		return;
	}
	rule = config_alloc(r, line, sizeof(*rule));
	if (!rule || !config_parse_condition(r, line, at + 1, &rule->condition))
		return;
	rule->name = name.p;
	rule->file = line->file;
	rule->line = line->line;
	if (config_is_computed(name)) {
		rule->format = config_parse_format(r, line, at);
		if (!rule->format)
			return;
	}
	while (*end)
		end = &(*end)->next;
	*end = rule;
}

static void parse_retry_status(struct config_reader *r, const struct node *line, struct span word)
{
	static const unsigned int statuses[] = {401, 403, 404, 408, 425, 500, 501, 502, 503, 504};
	uint64_t status = 0;

	if (span_to_u64(word, 599, &status)) {
		for (size_t i = 0; i < array_size(statuses); i++) {
			if (statuses[i] != status)
				continue;
			r->proxy->retry_on |= RETRY_STATUS;
			r->proxy->retry_status[(status - 100) / 64] |= (uint64_t)1
								       << (status - 100) % 64;
			return;
		}
	}
	config_alert(r, line,
		     "'retry-on': unknown keyword '%s'; there are none, conn-failure, "
		     "empty-response, junk-response, "
		     "response-timeout, 0rtt-rejected, all-retryable-errors, and the statuses 401 "
		     "403 404 408 425 500 501 502 503 504",
		     word.p);
}

static void parse_retry_on(struct config_reader *r, const struct node *line, unsigned int at)
{
	static const struct {
		const char *name;
		unsigned int bits;
	} events[] = {
	    {"none", 0},
	    {"conn-failure", RETRY_CONN_FAILURE},
	    {"empty-response", RETRY_EMPTY_RESPONSE},
	    {"junk-response", RETRY_JUNK_RESPONSE},
	    {"response-timeout", RETRY_RESPONSE_TIMEOUT},
	    {"0rtt-rejected", RETRY_0RTT_REJECTED},
	    {"all-retryable-errors", RETRY_CONN_FAILURE | RETRY_EMPTY_RESPONSE |
					 RETRY_JUNK_RESPONSE | RETRY_RESPONSE_TIMEOUT |
					 RETRY_0RTT_REJECTED},
	};

	if (!node_word(line, at).len)
		config_alert(r, line,
			     "'retry-on' needs at least one keyword to specify when to retry");
	r->proxy->retry_on = 0;
	memset(r->proxy->retry_status, 0, sizeof(r->proxy->retry_status));
	for (unsigned int i = at; i < line->n_words; i++) {
		size_t e = 0;

		while (e < array_size(events) && !node_word_is(line, i, events[e].name))
			e++;
		if (e == array_size(events))
			parse_retry_status(r, line, line->words[i]);
		else
			r->proxy->retry_on |= events[e].bits;
		if (e == 0 && line->n_words > at + 1)
			config_alert(
			    r, line,
			    "'retry-on' 'none' is only usable alone; remove it or the other words");
	}
}

/* "option redispatch [INTERVAL]": 1 each retry, N every Nth, -N or nothing: the last. */
static void parse_redispatch(struct config_reader *r, const struct node *line, unsigned int at)
{
	bool from_end = node_word(line, at).len > 1 && line->words[at].p[0] == '-';
	uint64_t every = 0;

	if (r->negated || r->resetting) {
		r->proxy->options &= ~(unsigned int)OPTION_REDISPATCH;
		return;
	}
	r->proxy->options |= OPTION_REDISPATCH;
	r->proxy->redispatch_every = 0;
	if (!node_word(line, at).len)
		return;
	if (!span_to_u64(span_slice(line->words[at], from_end, line->words[at].len), INT_MAX,
			 &every)) {
		config_alert(r, line,
			     "invalid number of retries '%s' specified for option 'redispatch'; "
			     "write 1 for each retry",
			     line->words[at].p);
		return;
	}
	if (from_end && every > 1)
		config_warn(r, line,
			    "'option redispatch %s': halb redispatches at the last retry only",
			    line->words[at].p);
	r->proxy->redispatch_every = from_end ? 0 : (unsigned int)every;
	config_expect_end(r, line, at + 1);
}

static void parse_tcpka(struct config_reader *r, const struct node *line, unsigned int at)
{
	if (r->proxy->sides != PROXY_BACKEND)
		r->proxy->options |= OPTION_CLITCPKA;
	if (r->proxy->sides != PROXY_FRONTEND)
		r->proxy->options |= OPTION_SRVTCPKA;
	config_expect_end(r, line, at);
}

static void parse_source(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct address address;
	struct address_ports ports;

	if (!config_need_word(r, line, at, "source <addr>[:<port>] [interface <name>]") ||
	    !config_parse_address(r, line, line->words[at], ADDRESS_ALLOW_NO_PORT, &address,
				  &ports))
		return;
	if (address.kind != ADDRESS_INET || address.name) {
		config_alert(r, line, "'source' expects an IP address (got '%s').",
			     line->words[at].p);
		return;
	}
	r->proxy->source = address.inet;
	at++;
	if (node_word_is(line, at, "usesrc")) {
		config_alert(r, line, "'usesrc' is known, but halb does not do it yet. Remove it");
		return;
	}
	if (node_word_is(line, at, "interface")) {
		if (!config_need_word(r, line, at + 1, "interface <name>"))
			return;
		r->proxy->source_interface = line->words[at + 1].p;
		at += 2;
	}
	config_expect_end(r, line, at);
}

static void parse_max_keep_alive_queue(struct config_reader *r, const struct node *line,
				       unsigned int at)
{
	if (node_word_is(line, at, "-1"))
		r->proxy->max_keep_alive_queue = UINT_MAX;
	else if (!config_parse_uint(r, line, at, 0, INT_MAX, &r->proxy->max_keep_alive_queue))
		return;
	config_expect_end(r, line, at + 1);
}

static void parse_server_state(struct config_reader *r, const struct node *line, unsigned int at)
{
	if (!node_word_is(line, at, "none"))
		config_alert(
		    r, line,
		    "'load-server-state-from-file %s' is known, but halb only does 'none' yet: %s",
		    node_word(line, at).p,
		    "states survive a reload without a file. Remove the line");
}

#define TIMEOUT(name, where, member, help)                                                         \
	{                                                                                          \
		"timeout " name, where, KEYWORD_TIME, AT(timeout.member), 0, 0, NULL, help         \
	}
#define OPTION(name, where, bit, help)                                                             \
	{                                                                                          \
		"option " name, where, KEYWORD_OPTION, AT(options), 0, bit, NULL, help             \
	}
#define IGNORED(name, where, why)                                                                  \
	{                                                                                          \
		name, where, KEYWORD_IGNORED, 0, 0, 0, NULL, "no effect: " why                     \
	}
#define OBSOLETE(name, instead)                                                                    \
	{                                                                                          \
		name, IN_PROXY, KEYWORD_OBSOLETE, 0, 0, 0, NULL, "write " instead                  \
	}

enum { NOT_DEFAULTS = IN_FRONTEND | IN_LISTEN | IN_BACKEND };

KEYWORDS(
    section_proxy,
    {"backlog", IN_FRONT, KEYWORD_UINT, AT(backlog), 0, INT_MAX, NULL,
     "connections that may wait to be accepted"},
    {"default_backend", IN_FRONT, KEYWORD_PARSE, 0, 0, 0, parse_default_backend,
     "NAME: where requests go that no use_backend takes"},
    {"description", NOT_DEFAULTS, KEYWORD_PARSE, 0, 0, 0, parse_description,
     "TEXT: shown on the statistics page"},
    {"disabled", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_disabled, "the proxy does not run"},
    {"enabled", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_enabled, "undoes 'disabled' of defaults"},
    {"fullconn", IN_BACK, KEYWORD_UINT, AT(fullconn), 0, INT_MAX, NULL,
     "load at which servers reach maxconn (see minconn)"},
    {"id", NOT_DEFAULTS, KEYWORD_PARSE, 0, 0, 0, parse_id, "NUMBER: of the proxy in statistics"},
    {"load-server-state-from-file", IN_BACK, KEYWORD_PARSE, 0, 0, 0, parse_server_state, "none"},
    {"max-keep-alive-queue", IN_BACK, KEYWORD_PARSE, 0, 0, 0, parse_max_keep_alive_queue,
     "taken without effect: a queue never holds a keep-alive client to its server"},
    {"maxconn", IN_FRONT, KEYWORD_UINT, AT(maxconn), 0, INT_MAX, NULL,
     "client connections at a time"},
    {"mode", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_mode, "http|tcp: what is forwarded"},
    {"option redispatch", IN_BACK | TAKES_NO, KEYWORD_PARSE, 0, 0, 0, parse_redispatch,
     "a retry may go to another server"},
    {"option tcpka", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_tcpka,
     "the kernel probes idle connections, both sides"},
    {"rate-limit sessions", IN_FRONT, KEYWORD_UINT, AT(rate_limit_sessions), 0, INT_MAX, NULL,
     "NUMBER: new sessions per second"},
    {"retries", IN_BACK, KEYWORD_UINT, AT(retries), 0, INT_MAX, NULL,
     "further attempts after a failed connection"},
    {"retry-on", IN_BACK | STRICT_PLACE, KEYWORD_PARSE, 0, 0, 0, parse_retry_on,
     "EVENTS: what is repeated on another connection"},
    {"source", IN_BACK, KEYWORD_PARSE, 0, 0, 0, parse_source,
     "ADDRESS[:PORT] [interface NAME]: where connections to servers come from"},
    {"use_backend", IN_FRONTEND | IN_LISTEN, KEYWORD_PARSE, 0, 0, 0, parse_use_backend,
     "NAME [if CONDITION]: where requests go"});

KEYWORDS(section_proxy_timeouts,
	 TIMEOUT("check", IN_BACK, check, "longest wait for a check's answer once connected"),
	 TIMEOUT("client", IN_FRONT, client, "longest silence of a client"),
	 TIMEOUT("client-fin", IN_FRONT, client_fin,
		 "longest silence of a client once one side is closed"),
	 TIMEOUT("connect", IN_BACK, connect, "longest wait for a connection to a server"),
	 TIMEOUT("http-keep-alive", IN_PROXY, http_keep_alive,
		 "longest wait for a client's next request"),
	 TIMEOUT("http-request", IN_PROXY, http_request, "longest wait for a whole request head"),
	 TIMEOUT("queue", IN_BACK, queue, "longest wait for a free server"),
	 TIMEOUT("server", IN_BACK, server, "longest silence of a server"),
	 TIMEOUT("server-fin", IN_BACK, server_fin,
		 "longest silence of a server once one side is closed"),
	 TIMEOUT("tarpit", IN_PROXY, tarpit, "how long a tarpitted request is held"),
	 TIMEOUT("tunnel", IN_BACK, tunnel, "longest silence of a tunnel (WebSocket, CONNECT)"));

KEYWORDS(
    section_proxy_options,
    OPTION("abortonclose", IN_BACK, OPTION_ABORTONCLOSE,
	   "a client that leaves gives up its request"),
    OPTION("allbackups", IN_BACK, OPTION_ALLBACKUPS,
	   "all backup servers share the load, not only the first"),
    OPTION("clitcpka", IN_FRONT, OPTION_CLITCPKA, "the kernel probes idle client connections"),
    OPTION("contstats", IN_FRONT, OPTION_CONTSTATS, "counters grow while a request runs"),
    OPTION("dontlog-normal", IN_FRONT, OPTION_DONTLOG_NORMAL, "only errors are logged"),
    OPTION("dontlognull", IN_FRONT, OPTION_DONTLOGNULL,
	   "connections without a byte are not logged"),
    OPTION("log-health-checks", IN_BACK, OPTION_LOG_HEALTH_CHECKS,
	   "changes of check results are logged"),
    OPTION("log-separate-errors", IN_FRONT, OPTION_LOG_SEPARATE_ERRORS,
	   "errors are logged at level err"),
    OPTION("logasap", IN_FRONT, OPTION_LOGASAP,
	   "logged when the response begins, not when it ends"),
    OPTION("nolinger", IN_PROXY, OPTION_NOLINGER, "connections are reset, not closed"),
    OPTION("persist", IN_BACK, OPTION_PERSIST, "a cookie's server is used even when it is down"),
    OPTION("prefer-last-server", IN_BACK, OPTION_PREFER_LAST_SERVER,
	   "a client's next request goes to the same server"),
    OPTION("socket-stats", IN_FRONT, OPTION_SOCKET_STATS, "counters of each listening address"),
    OPTION("srvtcpka", IN_BACK, OPTION_SRVTCPKA, "the kernel probes idle server connections"),
    OPTION("tcp-smart-connect", IN_BACK, OPTION_TCP_SMART_CONNECT,
	   "connections begin with data where it is there"),
    IGNORED("option independent-streams", IN_PROXY, "each direction has its own timer"),
    IGNORED("option splice-auto", IN_PROXY, "halb splices where it helps"),
    IGNORED("option splice-request", IN_PROXY, "halb splices where it helps"),
    IGNORED("option splice-response", IN_PROXY, "halb splices where it helps"),
    IGNORED("option tcp-smart-accept", IN_FRONT, "the kernel delays acknowledgements by itself"),
    IGNORED("clitcpka-cnt", IN_FRONT, "the kernel's settings apply"),
    IGNORED("clitcpka-idle", IN_FRONT, "the kernel's settings apply"),
    IGNORED("clitcpka-intvl", IN_FRONT, "the kernel's settings apply"),
    IGNORED("srvtcpka-cnt", IN_BACK, "the kernel's settings apply"),
    IGNORED("srvtcpka-idle", IN_BACK, "the kernel's settings apply"),
    IGNORED("srvtcpka-intvl", IN_BACK, "the kernel's settings apply"),
    IGNORED("bind-process", IN_PROXY, "there is one process"),
    IGNORED("server-state-file-name", IN_BACK, "states survive a reload without a file"),
    OBSOLETE("clitimeout", "'timeout client'"), OBSOLETE("contimeout", "'timeout connect'"),
    OBSOLETE("srvtimeout", "'timeout server'"), OBSOLETE("redispatch", "'option redispatch'"),
    OBSOLETE("grace", "'hard-stop-after' in global"));
