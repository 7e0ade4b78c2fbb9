/* SPDX-License-Identifier: MIT */
/*
 * The lines of the rule language: acl, http-request and its like, redirect, use-server, declare
 * capture. The words behind the keyword are compiled by rule/; here are the places they may stand
 * in, and their order.
 */
#include "config/section_rules.h"

#include "config/section_core.h"
#include "config/section_parts.h"
#include "config/section_userlist.h"

#include "rule/acl.h"
#include "rule/log_format.h"

/* ---- compiling ---- */

static bool new_capture(struct rule_compiler *k, unsigned int max_bytes, unsigned int *slot)
{
	struct model_proxy *p = k->owner;
	struct model_capture *c, **end = &p->request_captures;

	if (!(p->sides & PROXY_FRONTEND))
		return compiler_fail(k, "'capture ... len' needs a frontend; in a backend use 'id' "
					"and a slot of 'declare capture'");
	c = compiler_alloc(k, sizeof(*c));
	if (!c)
		return false;
	c->max_bytes = max_bytes;
	c->index = *slot = p->n_request_captures++;
	while (*end)
		end = &(*end)->next;
	*end = c;
	return true;
}

static bool read_file(void *user, const char *path, struct arena *a, struct span *out,
		      const char **error)
{
	const struct config_world *world = user;

	return world->read_file && world->read_file(world->user, path, a, out, error);
}

void config_rule_begin(struct config_reader *r, const struct node *line, unsigned int provided,
		       struct rule_compiler *k)
{
	*k = (struct rule_compiler){
	    .arena = r->arena,
	    .program = &r->model->rules,
	    .files = {(void *)(uintptr_t)r->world, read_file, config_read_response},
	    .acls = r->proxy->acls,
	    .owner = r->proxy,
	    .file = line->file,
	    .line = line->line,
	    .provided = provided,
	    .where = line->words[0].p,
	    .new_capture = new_capture,
	};
}

void config_rule_end(struct config_reader *r, const struct node *line, struct rule_compiler *k)
{
	r->proxy->acls = k->acls;
	if (k->warning && !k->error)
		config_warn(r, line, "%s.", k->warning);
}

bool config_parse_condition(struct config_reader *r, const struct node *line, unsigned int at,
			    struct condition **out)
{
	bool unless = node_word_is(line, at, "unless");
	struct rule_compiler k;
	struct condition *c;

	if (at >= line->n_words) {
		*out = NULL;
		return true;
	}
	if (!unless && !node_word_is(line, at, "if")) {
		config_alert(r, line,
			     "'%s' expects 'if' or 'unless' followed by a condition (got '%s').",
			     line->words[0].p, line->words[at].p);
		return false;
	}
	if (at + 1 == line->n_words) {
		config_alert(r, line, "'%s' expects a condition behind '%s'.", line->words[0].p,
			     line->words[at].p);
		return false;
	}
	config_rule_begin(r, line, NEEDS_HTTP_REQUEST | NEEDS_PAYLOAD | NEEDS_REQUEST_SEEN, &k);
	c = condition_compile(&k, line->words + at + 1, line->n_words - at - 1, unless);
	config_rule_end(r, line, &k);
	if (!c) {
		config_alert(r, line, "error detected while parsing a '%s' condition : %s",
			     line->words[0].p, k.error);
		return false;
	}
	*out = c;
	return true;
}

struct log_format *config_parse_format(struct config_reader *r, const struct node *line,
				       unsigned int at)
{
	struct rule_compiler k;
	struct log_format *f;

	config_rule_begin(r, line, NEEDS_HTTP_REQUEST | NEEDS_PAYLOAD | NEEDS_REQUEST_SEEN, &k);
	f = log_format_compile(&k, line->words[at], LOG_FORMAT_HTTP);
	config_rule_end(r, line, &k);
	if (!f)
		config_alert(r, line, "'%s' : %s", line->words[0].p, k.error);
	return f;
}

bool config_is_computed(struct span name)
{
	return span_find_span(name, SPAN("%[")) < name.len;
}

static void parse_acl(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct rule_compiler k;

	config_rule_begin(r, line, ~0u, &k);
	if (!acl_add(&k, line->words + at, line->n_words - at))
		config_alert(r, line, "error detected while parsing ACL '%s' : %s",
			     node_word(line, at).p, k.error);
	config_rule_end(r, line, &k);
}

/* ---- lists ---- */

/* The proxy's own lists: what it inherited is copied before the first rule is added. */
static struct model_rules *own_rules(struct config_reader *r, const struct node *line)
{
	struct model_rules *from = r->proxy->rules, *rules;

	if (from && from->owner == r->proxy)
		return from;
	rules = config_alloc(r, line, sizeof(*rules));
	if (!rules)
		return NULL;
	rules->owner = r->proxy;
	for (unsigned int set = 0; from && set < RULE_SETS; set++) {
		if (!rule_list_copy(&rules->lists[set], &from->lists[set], r->arena)) {
			config_alert(r, line, "out of memory.");
			return NULL;
		}
	}
	r->proxy->rules = rules;
	return rules;
}

static bool may_stand_here(struct config_reader *r, const struct node *line)
{
	if (r->where != IN_DEFAULTS || r->proxy->name)
		return true;
	config_alert(r, line,
		     "'%s' is not allowed in anonymous 'defaults' sections; give this one a name, "
		     "as in 'defaults web'",
		     line->words[0].p);
	return false;
}

/* Rules run in an order of their kinds, wherever they stand. */
static void warn_of_order(struct config_reader *r, const struct node *line,
			  const struct model_rules *rules, enum rule_set set)
{
	const char *later = NULL;

	if (set == RULES_HTTP_REQUEST && rules->lists[RULES_REDIRECT].first)
		later = "redirect";
	else if ((set == RULES_HTTP_REQUEST || set == RULES_REDIRECT) && r->proxy->use_backends)
		later = "use_backend";
	if (later)
		config_warn(r, line,
			    "a '%s' rule placed after a '%s' rule will still be processed before. "
			    "Move it up",
			    rule_set_name(set), later);
}

static void warn_of_last(struct config_reader *r, const struct node *line,
			 const struct rule_list *list, enum rule_set set)
{
	const struct rule *last = list->last;

	if (set != RULES_REDIRECT && last && last->action->traits & ACTION_FINAL &&
	    !last->condition)
		config_warn(r, line,
			    "previous '%s' action '%s' is final and has no condition attached, "
			    "further entries are NOOP.",
			    rule_set_name(set), last->action->name);
}

static void parse_rule(struct config_reader *r, const struct node *line, unsigned int at,
		       enum rule_set set)
{
	struct model_rules *rules = may_stand_here(r, line) ? own_rules(r, line) : NULL;
	struct rule_compiler k;
	struct rule *rule;

	if (!rules)
		return;
	if (at >= line->n_words) {
		config_alert(r, line, "'%s' expects an action behind it, such as '%s'.",
			     rule_set_name(set), "deny if { src 192.0.2.0/24 }");
		return;
	}
	config_rule_begin(r, line, rule_set_provides(set), &k);
	k.where = rule_set_name(set);
	rule = rule_compile(&k, set, line->words + at, line->n_words - at);
	config_rule_end(r, line, &k);
	if (!rule) {
		config_alert(r, line, "error detected in %s '%s' while parsing '%s%s%s' rule : %s",
			     r->where == IN_DEFAULTS ? "defaults" : config_proxy_kind(r->proxy),
			     r->proxy->name, rule_set_name(set), set == RULES_REDIRECT ? "" : " ",
			     set == RULES_REDIRECT ? "" : node_word(line, at).p, k.error);
		return;
	}
	warn_of_order(r, line, rules, set);
	warn_of_last(r, line, &rules->lists[set], set);
	rule_append(&rules->lists[set], rule);
}

static void parse_http_request(struct config_reader *r, const struct node *line, unsigned int at)
{
	parse_rule(r, line, at, RULES_HTTP_REQUEST);
}

static void parse_http_response(struct config_reader *r, const struct node *line, unsigned int at)
{
	parse_rule(r, line, at, RULES_HTTP_RESPONSE);
}

static void parse_http_after(struct config_reader *r, const struct node *line, unsigned int at)
{
	parse_rule(r, line, at, RULES_HTTP_AFTER);
}

/* The keyword is the action's name too. */
static void parse_redirect(struct config_reader *r, const struct node *line, unsigned int at)
{
	parse_rule(r, line, at - 1, RULES_REDIRECT);
}

static void parse_use_server(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct use_server *rule, **end = &r->proxy->use_servers;

	if (!config_need_word(r, line, at, "use-server <server> if <condition>"))
		return;
	rule = config_alloc(r, line, sizeof(*rule));
	if (!rule || !own_rules(r, line) ||
	    !config_parse_condition(r, line, at + 1, &rule->condition))
		return;
	if (!rule->condition) {
		config_alert(r, line,
			     "'use-server' expects 'if' or 'unless' followed by a "
			     "condition.");
		return;
	}
	rule->name = line->words[at].p;
	rule->file = line->file;
	rule->line = line->line;
	if (config_is_computed(line->words[at])) {
		rule->format = config_parse_format(r, line, at);
		if (!rule->format)
			return;
	}
	while (*end)
		end = &(*end)->next;
	*end = rule;
}

static void parse_declare_capture(struct config_reader *r, const struct node *line, unsigned int at)
{
	bool request = node_word_is(line, at, "request");
	struct model_capture *c, **end;
	unsigned int max_bytes;

	if ((!request && !node_word_is(line, at, "response")) ||
	    !node_word_is(line, at + 1, "len")) {
		config_alert(r, line,
			     "'declare capture' expects 'request' or 'response', then "
			     "'len' and a number of bytes.");
		return;
	}
	if (!config_parse_uint(r, line, at + 2, 1, 65535, &max_bytes) ||
	    !config_expect_end(r, line, at + 3))
		return;
	c = config_alloc(r, line, sizeof(*c));
	if (!c)
		return;
	end = request ? &r->proxy->request_captures : &r->proxy->response_captures;
	c->max_bytes = max_bytes;
	c->index = request ? r->proxy->n_request_captures++ : r->proxy->n_response_captures++;
	while (*end)
		end = &(*end)->next;
	*end = c;
}

bool config_take_http_rules(struct model_proxy *p, enum rule_set set)
{
	bool used = p->rules && p->rules->owner == p && p->rules->lists[set].first;

	if (used)
		p->rules->lists[set] = (struct rule_list){0};
	return used;
}

/* ---- names ---- */

static const struct model_proxy *find_proxy(const struct config_reader *r,
					    const struct rule_reference *ref)
{
	unsigned int side = ref->kind == REFERENCE_FRONTEND ? PROXY_FRONTEND : PROXY_BACKEND;

	if (!ref->proxy_name.p)
		return ref->owner;
	return model_find_proxy(r->model, ref->proxy_name, side);
}

static void resolve_capture(struct config_reader *r, const struct rule_reference *ref)
{
	const struct model_proxy *p = ref->owner;
	bool response = ref->kind == REFERENCE_RESPONSE_CAPTURE;

	/* in a backend the slots are those of whatever frontend a request comes from */
	if (p->sides & PROXY_FRONTEND &&
	    ref->slot >= (response ? p->n_response_captures : p->n_request_captures))
		diag_add(r->diags, DIAG_ALERT, ref->file, ref->line,
			 "Proxy '%s': unable to find capture id '%u' referenced by a capture rule. "
			 "Add 'declare capture %s len <bytes>'",
			 p->name, ref->slot, response ? "response" : "request");
}

static void resolve_name(struct config_reader *r, struct rule_reference *ref)
{
	const struct model_proxy *p = find_proxy(r, ref);

	ref->proxy = p;
	if (p && ref->kind == REFERENCE_SERVER)
		ref->server = model_find_server(p, ref->server_name);
	if (!p)
		diag_add(r->diags, DIAG_ALERT, ref->file, ref->line,
			 "unable to find %s '%.*s' that an expression refers to.",
			 ref->kind == REFERENCE_FRONTEND ? "frontend" : "backend",
			 SPAN_ARG(ref->proxy_name));
	else if (ref->kind == REFERENCE_SERVER && !ref->server)
		diag_add(r->diags, DIAG_ALERT, ref->file, ref->line,
			 "unable to find server '%.*s' in proxy '%s' that an expression refers to.",
			 SPAN_ARG(ref->server_name), p->name);
}

static void resolve_use_servers(struct config_reader *r, const struct model_proxy *p)
{
	for (struct use_server *u = p->use_servers; u; u = u->next) {
		if (u->format)
			continue;
		u->server = model_find_server(p, span_of(u->name));
		if (!u->server)
			diag_add(r->diags, DIAG_ALERT, u->file, u->line,
				 "%s '%s' : unable to find server '%s' referenced in a "
				 "'use-server' rule.",
				 config_proxy_kind(p), p->name, u->name);
	}
}

void config_resolve_rules(struct config_reader *r)
{
	config_resolve_groups(r);
	for (struct rule_reference *ref = r->model->rules.references; ref; ref = ref->next) {
		/* those of a defaults section are no proxy's */
		if (ref->kind == REFERENCE_REQUEST_CAPTURE ||
		    ref->kind == REFERENCE_RESPONSE_CAPTURE)
			resolve_capture(r, ref);
		else if (ref->kind == REFERENCE_USERLIST)
			config_resolve_userlist(r, ref);
		else if (ref->kind == REFERENCE_HTTP_ERRORS)
			config_resolve_http_errors(r, ref);
		else
			resolve_name(r, ref);
	}
	for (struct model_proxy *p = r->model->proxies; p; p = p->next) {
		config_resolve_replies(p);
		if (!p->disabled)
			resolve_use_servers(r, p);
	}
}

enum { NOT_DEFAULTS = IN_FRONTEND | IN_LISTEN | IN_BACKEND };

KEYWORDS(section_rules,
	 {"acl", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_acl,
	  "NAME EXPRESSION [FLAGS] [PATTERNS]: a test that conditions may name"},
	 {"declare capture", IN_FRONTEND | IN_LISTEN, KEYWORD_PARSE, 0, 0, 0, parse_declare_capture,
	  "request|response len N: a slot that the action 'capture' fills"},
	 {"http-request", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_http_request,
	  "ACTION ... [if CONDITION]: what is done with requests"},
	 {"http-response", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_http_response,
	  "ACTION ... [if CONDITION]: what is done with servers' responses"},
	 {"http-after-response", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_http_after,
	  "ACTION ... [if CONDITION]: what is done with all responses"},
	 {"redirect", NOT_DEFAULTS, KEYWORD_PARSE, 0, 0, 0, parse_redirect,
	  "location|prefix|scheme TO [code N] ... [if CONDITION]"},
	 {"use-server", IN_LISTEN | IN_BACKEND, KEYWORD_PARSE, 0, 0, 0, parse_use_server,
	  "NAME if CONDITION: the server that such requests go to"});
