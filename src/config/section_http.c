/* SPDX-License-Identifier: MIT */
/*
 * What HTTP proxies know besides: connection modes, forwardfor and originalto, reuse of server
 * connections, captures, redirects and HTTP's own options. Replies from files are in
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

struct redirect_parse {
	struct config_reader *r;
	const struct node *line;
	unsigned int at;
	struct model_redirect *rule;
	bool has_kind;
};

static bool redirect_fail(const struct redirect_parse *p, const char *what, const char *word)
{
	config_alert(p->r, p->line,
		     "error detected in proxy '%s' while parsing redirect rule : %s '%s'.",
		     p->r->proxy->name, what, word);
	return false;
}

static bool redirect_kind(struct redirect_parse *p, enum redirect_kind kind)
{
	p->rule->kind = kind;
	p->rule->to = node_word(p->line, p->at + 1);
	p->has_kind = true;
	if (span_find_span(p->rule->to, SPAN("%[")) < p->rule->to.len)
		return redirect_fail(p, "expressions are known, but halb does not do them yet, in",
				     p->rule->to.p);
	return true;
}

static bool redirect_location(struct redirect_parse *p)
{
	return redirect_kind(p, REDIRECT_LOCATION);
}

static bool redirect_prefix(struct redirect_parse *p)
{
	return redirect_kind(p, REDIRECT_PREFIX);
}

static bool redirect_scheme(struct redirect_parse *p)
{
	return redirect_kind(p, REDIRECT_SCHEME);
}

static bool redirect_code(struct redirect_parse *p)
{
	static const unsigned int codes[] = {301, 302, 303, 307, 308};
	uint64_t code = 0;

	if (span_to_u64(node_word(p->line, p->at + 1), 599, &code)) {
		for (size_t i = 0; i < array_size(codes); i++) {
			if (codes[i] == code) {
				p->rule->code = (unsigned int)code;
				return true;
			}
		}
	}
	return redirect_fail(p, "'code' must be one of 301, 302, 303, 307 or 308, not",
			     node_word(p->line, p->at + 1).p);
}

static bool redirect_set_cookie(struct redirect_parse *p)
{
	struct span word = node_word(p->line, p->at + 1);
	char *text = arena_printf(p->r->arena, "%s; path=/;", word.p);

	if (!text)
		return redirect_fail(p, "out of memory for", word.p);
	p->rule->set_cookie = span_of(text);
	return true;
}

static bool redirect_clear_cookie(struct redirect_parse *p)
{
	struct span word = node_word(p->line, p->at + 1);
	bool equals = span_find(word, '=') < word.len;
	char *text =
	    arena_printf(p->r->arena, "%s%s; path=/; Max-Age=0;", word.p, equals ? "" : "=");

	if (!text)
		return redirect_fail(p, "out of memory for", word.p);
	p->rule->set_cookie = span_of(text);
	return true;
}

static bool redirect_drop_query(struct redirect_parse *p)
{
	p->rule->drop_query = true;
	return true;
}

static bool redirect_append_slash(struct redirect_parse *p)
{
	p->rule->append_slash = true;
	return true;
}

static bool redirect_ignore_empty(struct redirect_parse *p)
{
	p->rule->ignore_empty = true;
	return true;
}

static const struct {
	const char *name;
	bool value; /* takes the next word */
	bool (*parse)(struct redirect_parse *p);
} redirect_words[] = {
    {"location", true, redirect_location},
    {"prefix", true, redirect_prefix},
    {"scheme", true, redirect_scheme},
    {"code", true, redirect_code},
    {"set-cookie", true, redirect_set_cookie},
    {"clear-cookie", true, redirect_clear_cookie},
    {"drop-query", false, redirect_drop_query},
    {"append-slash", false, redirect_append_slash},
    {"ignore-empty", false, redirect_ignore_empty},
};

/* The word at p->at, and its value; p->at moves behind. */
static bool redirect_word(struct redirect_parse *p)
{
	for (size_t i = 0; i < array_size(redirect_words); i++) {
		if (!node_word_is(p->line, p->at, redirect_words[i].name))
			continue;
		if (redirect_words[i].value && !node_word(p->line, p->at + 1).len)
			return redirect_fail(p, "missing argument for", redirect_words[i].name);
		if (!redirect_words[i].parse(p))
			return false;
		p->at += redirect_words[i].value ? 2 : 1;
		return true;
	}
	return redirect_fail(p,
			     "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', "
			     "'clear-cookie', 'drop-query', "
			     "'ignore-empty' or 'append-slash', not",
			     p->line->words[p->at].p);
}

static void parse_redirect(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_redirect **end = &r->proxy->redirects;
	struct redirect_parse p = {.r = r, .line = line, .at = at};

	p.rule = config_alloc(r, line, sizeof(*p.rule));
	if (!p.rule)
		return;
	*p.rule = (struct model_redirect){.code = 302, .file = line->file, .line = line->line};
	while (p.at < line->n_words && !node_word_is(line, p.at, "if") &&
	       !node_word_is(line, p.at, "unless")) {
		if (!redirect_word(&p))
			return;
	}
	if (!p.has_kind) {
		redirect_fail(
		    &p, "redirection type expected ('prefix', 'location', or 'scheme') behind",
		    "redirect");
		return;
	}
	if (!config_parse_condition(r, line, p.at, &p.rule->condition))
		return;
	if (r->proxy->use_backends)
		config_warn(r, line,
			    "a 'redirect' rule placed after a 'use_backend' rule will still be "
			    "processed before. Move it up");
	while (*end)
		end = &(*end)->next;
	*end = p.rule;
}

#define OPTION(name, where, bit, help)                                                             \
	{                                                                                          \
		"option " name, where, KEYWORD_OPTION, AT(options), 0, bit, NULL, help             \
	}
#define IGNORED(name, where, why)                                                                  \
	{                                                                                          \
		"option " name, where, KEYWORD_IGNORED, 0, 0, 0, NULL, "no effect: " why           \
	}

enum { NOT_DEFAULTS = IN_FRONTEND | IN_LISTEN | IN_BACKEND };

KEYWORDS(section_http,
	 {"capture cookie", IN_FRONTEND | IN_LISTEN, KEYWORD_PARSE, 0, 0, 0, parse_capture_cookie,
	  "NAME len N: a cookie into the log"},
	 {"capture request", IN_FRONTEND | IN_LISTEN, KEYWORD_PARSE, 0, 0, 0, parse_capture_request,
	  "header NAME len N: a request field into the log"},
	 {"capture response", IN_FRONTEND | IN_LISTEN, KEYWORD_PARSE, 0, 0, 0,
	  parse_capture_response, "header NAME len N: a response field into the log"},
	 {"http-reuse", IN_BACK, KEYWORD_PARSE, 0, 0, 0, parse_reuse,
	  "who may use an idle server connection: safe by default"},
	 {"monitor-uri", IN_FRONT, KEYWORD_PARSE, 0, 0, 0, parse_monitor_uri,
	  "a request for it is answered 200 at once"},
	 {"redirect", NOT_DEFAULTS, KEYWORD_PARSE, 0, 0, 0, parse_redirect,
	  "location|prefix|scheme TO [code N] ... [if CONDITION]"},
	 {"option forwardfor", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_forwardfor,
	  "adds X-Forwarded-For with the client's address"},
	 {"option originalto", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_originalto,
	  "adds X-Original-To with the address it came to"},
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
