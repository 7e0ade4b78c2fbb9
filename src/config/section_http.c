/* SPDX-License-Identifier: MIT */
/*
 * What HTTP proxies know besides: connection modes, forwardfor and originalto, reuse of server
 * connections, captures and HTTP's own options. Replies from files are in
 * section_reply.c.
 */
#include "config/section_core.h"
#include "config/section_parts.h"

#define AT(member) offsetof(struct model_proxy, member)

static void set_connection_mode(struct config_reader *r, const struct node *line, unsigned int at,
				enum connection_mode mode)
{
	if (!r->negated && !r->resetting)
		r->proxy->connection_mode = mode;
	else if (r->proxy->connection_mode == mode)
		r->proxy->connection_mode = HTTP_KEEP_ALIVE;
	config_expect_end(r, line, at);
}

static void parse_keep_alive(struct config_reader *r, const struct node *line, unsigned int at)
{
	set_connection_mode(r, line, at, HTTP_KEEP_ALIVE);
}

static void parse_server_close(struct config_reader *r, const struct node *line, unsigned int at)
{
	set_connection_mode(r, line, at, HTTP_SERVER_CLOSE);
}

static void parse_close(struct config_reader *r, const struct node *line, unsigned int at)
{
	set_connection_mode(r, line, at, HTTP_CLOSE);
}

static void parse_reuse(struct config_reader *r, const struct node *line, unsigned int at)
{
	static const char *const modes[] = {[REUSE_NEVER] = "never",
					    [REUSE_SAFE] = "safe",
					    [REUSE_AGGRESSIVE] = "aggressive",
					    [REUSE_ALWAYS] = "always"};

	for (unsigned int i = 0; i < array_size(modes); i++) {
		if (node_word_is(line, at, modes[i])) {
			r->proxy->reuse = (enum reuse_mode)i;
			config_expect_end(r, line, at + 1);
			return;
		}
	}
	config_alert(
	    r, line,
	    "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always' (got '%s').",
	    node_word(line, at).p);
}

/* One of "except NET", "header NAME", "if-none" at *at, which moves behind it. False after a
 * diagnostic. */
static bool parse_forwarded_word(struct config_reader *r, const struct node *line, unsigned int *at,
				 struct model_forwarded *f)
{
	struct span word = node_word(line, *at), value = node_word(line, *at + 1);

	if (span_equal(word, SPAN("except"))) {
		if (!inet_parse_net(value, &f->except)) {
			config_alert(
			    r, line,
			    "'%s %s except' expects <address>[/mask] as argument (got '%s').",
			    line->words[0].p, line->words[1].p, value.p);
			return false;
		}
		*at += 2;
	} else if (span_equal(word, SPAN("header"))) {
		if (!value.len) {
			config_alert(r, line, "'%s %s header' expects <header_name> as argument.",
				     line->words[0].p, line->words[1].p);
			return false;
		}
		f->header = value;
		*at += 2;
	} else if (span_equal(word, SPAN("if-none")) && node_word_is(line, 1, "forwardfor")) {
		f->if_none = true;
		*at += 1;
	} else {
		config_alert(
		    r, line,
		    "'%s %s' only supports optional values: 'except', 'header'%s (got '%s').",
		    line->words[0].p, line->words[1].p,
		    node_word_is(line, 1, "forwardfor") ? " and 'if-none'" : "", word.p);
		return false;
	}
	return true;
}

static void parse_forwarded(struct config_reader *r, const struct node *line, unsigned int at,
			    struct model_forwarded *out)
{
	bool forwardfor = out == &r->proxy->forwardfor;
	struct model_forwarded f = {
	    .on = true, .header = forwardfor ? SPAN("X-Forwarded-For") : SPAN("X-Original-To")};

	while (at < line->n_words) {
		if (!parse_forwarded_word(r, line, &at, &f))
			return;
	}
	*out = f;
}

static void parse_forwardfor(struct config_reader *r, const struct node *line, unsigned int at)
{
	parse_forwarded(r, line, at, &r->proxy->forwardfor);
}

static void parse_originalto(struct config_reader *r, const struct node *line, unsigned int at)
{
	parse_forwarded(r, line, at, &r->proxy->originalto);
}

static void parse_monitor_uri(struct config_reader *r, const struct node *line, unsigned int at)
{
	if (!node_word(line, at).len)
		config_alert(r, line, "'monitor-uri' expects an URI.");
	else if (config_expect_end(r, line, at + 1))
		r->proxy->monitor_uri = line->words[at];
}

/* "NAME len N" from word `at` on. */
static bool parse_name_and_length(struct config_reader *r, const struct node *line, unsigned int at,
				  const char *usage, unsigned int *max_bytes)
{
	if (!node_word(line, at).len || !node_word_is(line, at + 1, "len") ||
	    !node_word(line, at + 2).len) {
		config_alert(r, line, "'%s %s' expects %s.", line->words[0].p, line->words[1].p,
			     usage);
		return false;
	}
	return config_parse_uint(r, line, at + 2, 1, 65535, max_bytes) &&
	       config_expect_end(r, line, at + 3);
}

static void parse_capture(struct config_reader *r, const struct node *line, unsigned int at,
			  struct model_capture **list, unsigned int *n)
{
	struct model_capture *c;
	unsigned int max_bytes;

	if (!node_word_is(line, at, "header")) {
		config_alert(r, line, "'%s %s' expects 'header' <header_name> 'len' <len>.",
			     line->words[0].p, line->words[1].p);
		return;
	}
	if (!parse_name_and_length(r, line, at + 1, "'header' <header_name> 'len' <len>",
				   &max_bytes))
		return;
	c = config_alloc(r, line, sizeof(*c));
	if (!c)
		return;
	c->name = line->words[at + 1];
	c->max_bytes = max_bytes;
	c->index = (*n)++;
	while (*list)
		list = &(*list)->next;
	*list = c;
}

static void parse_capture_request(struct config_reader *r, const struct node *line, unsigned int at)
{
	parse_capture(r, line, at, &r->proxy->request_captures, &r->proxy->n_request_captures);
}

static void parse_capture_response(struct config_reader *r, const struct node *line,
				   unsigned int at)
{
	parse_capture(r, line, at, &r->proxy->response_captures, &r->proxy->n_response_captures);
}

static void parse_capture_cookie(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_proxy *p = r->proxy;
	struct span name = node_word(line, at);

	if (!parse_name_and_length(r, line, at, "<cookie_name> 'len' <len>",
				   &p->capture_cookie_bytes))
		return;
	p->capture_cookie_prefix = name.len > 1 && name.p[name.len - 1] == '*';
	p->capture_cookie = span_slice(name, 0, name.len - p->capture_cookie_prefix);
}

#define OPTION(name, where, bit, help)                                                             \
	{                                                                                          \
		"option " name, where, KEYWORD_OPTION, AT(options), 0, bit, NULL, help             \
	}
#define IGNORED(name, where, why)                                                                  \
	{                                                                                          \
		"option " name, where, KEYWORD_IGNORED, 0, 0, 0, NULL, "no effect: " why           \
	}

KEYWORDS(section_http,
	 {"capture cookie", IN_FRONTEND | IN_LISTEN, KEYWORD_PARSE, 0, 0, 0, parse_capture_cookie,
	  "NAME len N: a cookie into the log"},
	 {"capture request", IN_FRONTEND | IN_LISTEN, KEYWORD_PARSE, 0, 0, 0, parse_capture_request,
	  "header NAME len N: a request field into the log"},
	 {"capture response", IN_FRONTEND | IN_LISTEN, KEYWORD_PARSE, 0, 0, 0,
	  parse_capture_response, "header NAME len N: a response field into the log"},
	 {"http-reuse", IN_BACK, KEYWORD_PARSE, 0, 0, 0, parse_reuse,
	  "MODE: who may use an idle server connection: never, safe (default), aggressive, always"},
	 {"monitor-uri", IN_FRONT, KEYWORD_PARSE, 0, 0, 0, parse_monitor_uri,
	  "URI: a request for it is answered 200 at once"},
	 {"option forwardfor", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_forwardfor,
	  "[except NET] [header NAME] [if-none]: adds X-Forwarded-For with the client's address"},
	 {"option originalto", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_originalto,
	  "[except NET] [header NAME] [if-none]: adds X-Original-To with the address it came to"},
	 {"option http-keep-alive", IN_PROXY | TAKES_NO, KEYWORD_PARSE, 0, 0, 0, parse_keep_alive,
	  "connections stay open (default)"},
	 {"option http-server-close", IN_PROXY | TAKES_NO, KEYWORD_PARSE, 0, 0, 0,
	  parse_server_close, "the server's connection is closed after each response"},
	 {"option httpclose", IN_PROXY | TAKES_NO, KEYWORD_PARSE, 0, 0, 0, parse_close,
	  "both connections are closed after each response"},
	 {"option forceclose", IN_PROXY, KEYWORD_OBSOLETE, 0, 0, 0, NULL,
	  "write 'option httpclose'"},
	 {"option http-tunnel", IN_PROXY, KEYWORD_OBSOLETE, 0, 0, 0, NULL,
	  "remove it: keep-alive does what it did, and better"},
	 OPTION("accept-invalid-http-request", IN_FRONT, OPTION_UNSAFE_REQUEST,
		"old name of accept-unsafe-violations-in-http-request"),
	 OPTION("accept-invalid-http-response", IN_BACK, OPTION_UNSAFE_RESPONSE,
		"old name of accept-unsafe-violations-in-http-response"),
	 OPTION("accept-unsafe-violations-in-http-request", IN_FRONT, OPTION_UNSAFE_REQUEST,
		"requests are checked less strictly"),
	 OPTION("accept-unsafe-violations-in-http-response", IN_BACK, OPTION_UNSAFE_RESPONSE,
		"responses are checked less strictly"),
	 OPTION("http-ignore-probes", IN_FRONT, OPTION_HTTP_IGNORE_PROBES,
		"connections without a request are closed without an answer"),
	 OPTION("http-no-delay", IN_PROXY, OPTION_HTTP_NO_DELAY, "each piece is sent at once"),
	 OPTION("http-pretend-keepalive", IN_BACK, OPTION_HTTP_PRETEND_KEEPALIVE,
		"servers are not told that the connection ends"),
	 OPTION("idle-close-on-response", IN_FRONT, OPTION_IDLE_CLOSE_ON_RESPONSE,
		"a soft stop lets idle clients ask once more"),
	 IGNORED("disable-h2-upgrade", IN_FRONT, "HTTP/2 is not there yet"));
