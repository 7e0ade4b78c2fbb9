/* SPDX-License-Identifier: MIT */
/*
 * Which health check a backend's servers get: "option httpchk" and "http-check ...", "option
 * tcp-check" and "tcp-check ...". The rules are kept as they are written, those of HTTP and of TCP
 * apart as haproxy does; config_finish_check makes the dialogue of those that the option in force
 * uses. The words of single rules are in section_check_rule.c.
 */
#include "config/section_check.h"

#include "config/section_parts.h"

/* Appends a step to a copy of the rules: what was inherited stays as it is, and is left behind at a
 * proxy's first rule. */
static void append_step(struct config_reader *r, const struct node *line,
			struct model_check_rules *rules, struct check_step *step)
{
	struct check_step *v;

	if (rules->owner != r->proxy)
		*rules = (struct model_check_rules){.owner = r->proxy};
	v = config_alloc(r, line, (rules->n + 1) * sizeof(*v));
	if (!v)
		return;
	if (rules->n)
		memcpy(v, rules->v, rules->n * sizeof(*v));
	if (!step->comment.p)
		step->comment = rules->comment;
	step->number = ++rules->lines;
	v[rules->n++] = *step;
	rules->v = v;
	rules->comment = SPAN_NONE;
}

static void add_comment(struct config_reader *r, const struct node *line, unsigned int at,
			struct model_check_rules *rules)
{
	if (!config_need_word(r, line, at, "comment <text>") || !config_expect_end(r, line, at + 1))
		return;
	if (rules->owner != r->proxy)
		*rules = (struct model_check_rules){.owner = r->proxy};
	rules->comment = line->words[at];
	rules->lines++;
}

static bool has_connect(const struct config_reader *r, const struct model_check_rules *rules)
{
	for (unsigned int i = 0; rules->owner == r->proxy && i < rules->n; i++) {
		if (rules->v[i].kind == CHECK_STEP_CONNECT)
			return true;
	}
	return false;
}

static void add_connect(struct config_reader *r, const struct node *line, unsigned int at,
			struct model_check_rules *rules)
{
	struct check_step step;

	if (!check_rule_parse_connect(r, line, at, &step))
		return;
	if (rules->owner == r->proxy && rules->n > 0 && !has_connect(r, rules)) {
		config_alert(r, line,
			     "'%.*s connect' : the first step must be a 'connect' where any step "
			     "is, put one above the others.",
			     SPAN_ARG(node_word(line, 0)));
		return;
	}
	append_step(r, line, rules, &step);
}

/* ---- http-check ---- */

static void parse_http_connect(struct config_reader *r, const struct node *line, unsigned int at)
{
	add_connect(r, line, at, &r->proxy->check.http_rules);
}

static void parse_http_send(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct check_step step;

	if (check_rule_parse_http_send(r, line, at, &step))
		append_step(r, line, &r->proxy->check.http_rules, &step);
}

static void parse_http_expect(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct check_step step;

	if (check_rule_parse_expect(r, line, at, true, &step))
		append_step(r, line, &r->proxy->check.http_rules, &step);
}

static void parse_http_comment(struct config_reader *r, const struct node *line, unsigned int at)
{
	add_comment(r, line, at, &r->proxy->check.http_rules);
}

static void parse_send_state(struct config_reader *r, const struct node *line, unsigned int at)
{
	if (config_expect_end(r, line, at))
		r->proxy->check.send_state = true;
}

static void parse_disable_on_404(struct config_reader *r, const struct node *line, unsigned int at)
{
	if (config_expect_end(r, line, at))
		r->proxy->check.disable_on_404 = true;
}

/* Words of http-check and tcp-check that are not there yet. */
static bool is_later(struct span word)
{
	static const char *const later[] = {"send-binary-lf", "send-lf", "set-var", "set-var-fmt",
					    "unset-var"};
	struct span name = span_slice(word, 0, span_find(word, '('));

	for (unsigned int i = 0; i < array_size(later); i++) {
		if (span_equal(name, span_of(later[i])))
			return true;
	}
	return false;
}

/* "http-check" and "tcp-check" with another word than those that have a row. */
static void parse_other(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct span word = node_word(line, at);
	bool http = node_word_is(line, 0, "http-check");
	const char *nearest;
	char text[64];
	struct buffer b;

	if (is_later(word)) {
		config_alert(r, line,
			     "'%s %s' is known, but halb does not do it yet. Remove it, or keep "
			     "haproxy for this file until it does",
			     line->words[0].p, word.p);
		return;
	}
	buffer_init_fixed(&b, text, sizeof(text));
	buffer_printf(&b, "%s %s", line->words[0].p, word.p);
	nearest = b.failed ? NULL : keyword_nearest(buffer_span(&b), r->where);
	if (nearest && !strchr(nearest, ' '))
		nearest = NULL;
	config_alert(r, line,
		     "'%s' supports %s'comment', 'connect', %s and 'expect'%s%s%s (got '%s').",
		     line->words[0].p, http ? "'send-state', 'disable-on-404', " : "",
		     http ? "'send'" : "'send', 'send-binary'", nearest ? "; did you mean '" : "",
		     nearest ? nearest : "", nearest ? "' maybe ?" : "", word.p);
}

/* "option httpchk [[METHOD] URI [VERSION]]": the version may carry fields and a body behind it, the
 * old way. */
static void parse_httpchk(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct check_step *step = config_alloc(r, line, sizeof(*step));
	unsigned int n = line->n_words > at ? line->n_words - at : 0;

	if (!step || !config_expect_end(r, line, at + 3))
		return;
	step->kind = CHECK_STEP_SEND_HTTP;
	step->min_recv = -1;
	if (n == 1)
		step->uri = line->words[at];
	if (n >= 2) {
		step->method = line->words[at];
		step->uri = line->words[at + 1];
	}
	if (n == 3 && !check_rule_split_version(r, line, line->words[at + 2], step))
		return;
	r->proxy->check.httpchk_send = step;
	r->proxy->check.kind = CHECK_KIND_HTTP;
}

/* ---- tcp-check ---- */

static void parse_tcp_connect(struct config_reader *r, const struct node *line, unsigned int at)
{
	add_connect(r, line, at, &r->proxy->check.tcp_rules);
}

static void parse_tcp_send(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct check_step step;

	if (check_rule_parse_tcp_send(r, line, at, false, &step))
		append_step(r, line, &r->proxy->check.tcp_rules, &step);
}

static void parse_tcp_send_binary(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct check_step step;

	if (check_rule_parse_tcp_send(r, line, at, true, &step))
		append_step(r, line, &r->proxy->check.tcp_rules, &step);
}

static void parse_tcp_expect(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct check_step step;

	if (check_rule_parse_expect(r, line, at, false, &step))
		append_step(r, line, &r->proxy->check.tcp_rules, &step);
}

static void parse_tcp_comment(struct config_reader *r, const struct node *line, unsigned int at)
{
	add_comment(r, line, at, &r->proxy->check.tcp_rules);
}

static void parse_tcp_check(struct config_reader *r, const struct node *line, unsigned int at)
{
	if (config_expect_end(r, line, at))
		r->proxy->check.kind = CHECK_KIND_TCP_SCRIPT;
}

/* ---- the dialogue ---- */

/* What the rule says goes before what the option says. */
static void merge_send(struct check_step *step, const struct check_step *option)
{
	if (!step->method.len)
		step->method = option->method;
	if (!step->uri.len)
		step->uri = option->uri;
	if (!step->version.len)
		step->version = option->version;
	if (!step->n_headers) {
		step->headers = option->headers;
		step->n_headers = option->n_headers;
	}
	if (!step->body.p)
		step->body = option->body;
}

/* The HTTP rules with the request of "option httpchk" in its place: joined to the first request, or
 * before all but a connect. */
static unsigned int lay_http_steps(const struct model_check *c, struct check_step *out)
{
	const struct model_check_rules *rules = &c->http_rules;
	unsigned int from = 0, n = 0;

	if (rules->n && rules->v[0].kind == CHECK_STEP_CONNECT)
		out[n++] = rules->v[from++];
	out[n] = *c->httpchk_send;
	if (from < rules->n && rules->v[from].kind == CHECK_STEP_SEND_HTTP) {
		out[n] = rules->v[from++];
		merge_send(&out[n], c->httpchk_send);
	}
	n++;
	while (from < rules->n)
		out[n++] = rules->v[from++];
	for (unsigned int i = 0; i < n; i++) {
		if (out[i].kind == CHECK_STEP_SEND_HTTP)
			out[i].send_state = c->send_state;
	}
	return n;
}

/* Where each connection of the check goes: true where a rule names all ports. */
static bool rules_name_ports(const struct check_dialogue *d)
{
	bool any = false;

	for (unsigned int i = 0; i < d->n_steps; i++) {
		if (d->steps[i].kind != CHECK_STEP_CONNECT)
			continue;
		if (!d->steps[i].port)
			return false;
		any = true;
	}
	return any;
}

static bool servers_have_ports(struct config_reader *r, const struct model_proxy *p)
{
	bool good = true;

	for (const struct model_server *s = p->servers; s; s = s->next) {
		if (!s->check || !s->port_from_client || s->check_port ||
		    rules_name_ports(&p->check.dialogue))
			continue;
		diag_add(r->diags, DIAG_ALERT, s->file, s->line,
			 "backend '%s': server '%s' has neither service port nor check port nor a "
			 "'connect' rule with a port, "
			 "add 'port <port>' to its line.",
			 p->name, s->name);
		good = false;
	}
	return good;
}

bool config_finish_check(struct config_reader *r, struct model_proxy *p)
{
	struct model_check *c = &p->check;
	struct check_step *steps;

	c->log_health_checks = (p->options & OPTION_LOG_HEALTH_CHECKS) != 0;
	c->dialogue = (struct check_dialogue){.http = c->kind == CHECK_KIND_HTTP,
					      .disable_on_404 = c->disable_on_404};
	if (c->kind == CHECK_KIND_HTTP) {
		steps = arena_array(r->arena, c->http_rules.n + 1, sizeof(*steps));
		if (!steps) {
			diag_add(r->diags, DIAG_ALERT, p->file, p->line, "out of memory.");
			return false;
		}
		c->dialogue.n_steps = lay_http_steps(c, steps);
		c->dialogue.steps = steps;
	} else if (c->kind == CHECK_KIND_TCP_SCRIPT) {
		c->dialogue.steps = c->tcp_rules.v;
		c->dialogue.n_steps = c->tcp_rules.n;
	}
	return servers_have_ports(r, p);
}

#define ROW(word, function, text)                                                                  \
	{                                                                                          \
		(word), IN_BACK, KEYWORD_PARSE, 0, 0, 0, (function), (text)                        \
	}

KEYWORDS(section_check, ROW("http-check", parse_other, "rules of 'option httpchk'"),
	 ROW("tcp-check", parse_other, "rules of 'option tcp-check'"),
	 ROW("http-check comment", parse_http_comment,
	     "TEXT: for the message when the next rule fails"),
	 ROW("http-check connect", parse_http_connect, "WORDS: opens a connection"),
	 ROW("http-check disable-on-404", parse_disable_on_404,
	     "a 404 means: no new clients, but those it has"),
	 ROW("http-check expect", parse_http_expect, "WORDS: what a good answer is"),
	 ROW("http-check send", parse_http_send, "WORDS: the request"),
	 ROW("http-check send-state", parse_send_state, "tells the server its state in a header"),
	 ROW("option httpchk", parse_httpchk, "[[METHOD] URI [VERSION]]: checks by HTTP"),
	 ROW("option tcp-check", parse_tcp_check, "checks by the tcp-check rules"),
	 ROW("tcp-check comment", parse_tcp_comment,
	     "TEXT: for the message when the next rule fails"),
	 ROW("tcp-check connect", parse_tcp_connect, "WORDS: opens a connection"),
	 ROW("tcp-check expect", parse_tcp_expect, "WORDS: what a good answer is"),
	 ROW("tcp-check send", parse_tcp_send, "TEXT: sends it"),
	 ROW("tcp-check send-binary", parse_tcp_send_binary, "HEX: sends these bytes"));
