/* SPDX-License-Identifier: MIT */
/*
 * How a backend chooses a server ("balance", "hash-type", "hash-balance-factor") and how a client
 * stays on one ("cookie"). The algorithm is looked up at the end (config_finish_balance), when the
 * hash type is known as well.
 */
#include "config/section_parts.h"

#include "base/format.h"

static void set_method(struct model_balance *b, const char *method, enum balance_key key)
{
	b->method = method;
	b->key = key;
}

/* "random" or "random(<draws>)". */
static void parse_balance_random(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct span word = line->words[at];
	uint64_t draws = 2;

	if (word.len > 6 &&
	    (word.p[word.len - 1] != ')' ||
	     !span_to_u64(span_slice(word, 7, word.len - 8), 10000, &draws) || draws == 0)) {
		config_alert(r, line,
			     "'balance random' expects a number of draws from 1 on, such as "
			     "'random(2)', not '%s'.",
			     word.p);
		return;
	}
	if (!config_expect_end(r, line, at + 1))
		return;
	set_method(&r->proxy->balance, "random", KEY_NONE);
	r->proxy->balance.random_draws = (unsigned int)draws;
}

static void parse_balance_uri(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct hash_key_uri o = {0};

	for (at++; at < line->n_words; at++) {
		if (node_word_is(line, at, "whole")) {
			o.whole = true;
		} else if (node_word_is(line, at, "path-only")) {
			o.path_only = true;
		} else if (node_word_is(line, at, "len")) {
			if (!config_parse_uint(r, line, ++at, 1, INT32_MAX, &o.len))
				return;
		} else if (node_word_is(line, at, "depth")) {
			if (!config_parse_uint(r, line, ++at, 1, INT32_MAX, &o.depth))
				return;
		} else {
			config_alert(r, line,
				     "'balance uri' does not know '%s', write 'len <n>', 'depth "
				     "<n>', 'whole' or 'path-only'.",
				     line->words[at].p);
			return;
		}
	}
	set_method(&r->proxy->balance, "uri", KEY_URI);
	r->proxy->balance.uri = o;
}

static void parse_balance_url_param(struct config_reader *r, const struct node *line,
				    unsigned int at)
{
	if (!config_need_word(r, line, at + 1, "balance url_param <name>"))
		return;
	if (node_word_is(line, at + 2, "check_post")) {
		config_alert(
		    r, line,
		    "'check_post' of 'balance url_param' is not supported by halb yet, remove it.");
		return;
	}
	if (!config_expect_end(r, line, at + 2))
		return;
	set_method(&r->proxy->balance, "url_param", KEY_URL_PARAM);
	r->proxy->balance.name = line->words[at + 1];
}

/* "hdr(<name>) [use_domain_only]". */
static void parse_balance_hdr(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct span word = line->words[at];
	bool domain_only = node_word_is(line, at + 1, "use_domain_only");

	if (word.len < 6 || word.p[word.len - 1] != ')') {
		config_alert(
		    r, line,
		    "'balance hdr' expects the name of a header, such as 'hdr(Host)', not '%s'.",
		    word.p);
		return;
	}
	if (!config_expect_end(r, line, at + 1 + domain_only))
		return;
	set_method(&r->proxy->balance, "hdr", KEY_HDR);
	r->proxy->balance.name = span_slice(word, 4, word.len - 5);
	r->proxy->balance.use_domain_only = domain_only;
}

static const struct balance_method {
	const char *name; /* the word, or what stands before its "(" */
	bool takes_parenthesis;
	enum balance_key key;
	void (*parse)(struct config_reader *r, const struct node *line,
		      unsigned int at); /* NULL:
					   no
					   arguments
					 */
	bool later;
} methods[] = {
    {"roundrobin", false, KEY_NONE, NULL, false},
    {"static-rr", false, KEY_NONE, NULL, false},
    {"leastconn", false, KEY_NONE, NULL, false},
    {"first", false, KEY_NONE, NULL, false},
    {"random", true, KEY_NONE, parse_balance_random, false},
    {"source", false, KEY_SOURCE, NULL, false},
    {"uri", false, KEY_URI, parse_balance_uri, false},
    {"url_param", false, KEY_URL_PARAM, parse_balance_url_param, false},
    {"hdr", true, KEY_HDR, parse_balance_hdr, false},
    {"rdp-cookie", true, KEY_NONE, NULL, true},
    {"hash", false, KEY_NONE, NULL, true},
    {"log-hash", false, KEY_NONE, NULL, true},
    {"log-sticky", false, KEY_NONE, NULL, true},
    {"sticky", false, KEY_NONE, NULL, true},
};

static const struct balance_method *find_method(struct span word)
{
	struct span name = span_slice(word, 0, span_find(word, '('));

	for (unsigned int i = 0; i < array_size(methods); i++) {
		if (span_equal(methods[i].takes_parenthesis ? name : word,
			       span_of(methods[i].name)))
			return &methods[i];
	}
	return NULL;
}

static const char *nearest_method(struct span word)
{
	const char *nearest = NULL;
	unsigned int best = 3;

	for (unsigned int i = 0; i < array_size(methods); i++) {
		unsigned int distance = format_word_distance(word, span_of(methods[i].name));

		if (distance < best) {
			best = distance;
			nearest = methods[i].name;
		}
	}
	return nearest;
}

static void parse_balance(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct span word = node_word(line, at);
	const struct balance_method *m = find_method(word);
	const char *nearest;

	if (!config_need_word(r, line, at, "balance roundrobin"))
		return;
	if (m && m->later) {
		config_alert(r, line,
			     "'balance %s' is not supported by halb yet, use 'source', 'uri', "
			     "'url_param' or 'hdr(name)'.",
			     m->name);
	} else if (m && m->parse) {
		m->parse(r, line, at);
	} else if (m) {
		if (config_expect_end(r, line, at + 1))
			set_method(&r->proxy->balance, m->name, m->key);
	} else {
		nearest = nearest_method(word);
		if (nearest)
			config_alert(r, line,
				     "'balance' does not know '%s'; did you mean '%s' maybe ?",
				     word.p, nearest);
		else
			config_alert(
			    r, line,
			    "'balance' does not know '%s', it supports 'roundrobin', 'static-rr', "
			    "'leastconn', "
			    "'first', 'random', 'source', 'uri', 'url_param' and 'hdr(name)'.",
			    word.p);
	}
}

static void parse_hash_type(struct config_reader *r, const struct node *line, unsigned int at)
{
	static const char *const types[] = {"map-based", "consistent"};
	static const char *const functions[] = {"sdbm", "djb2", "wt6", "crc32", "none"};
	struct model_balance *b = &r->proxy->balance;
	int type = config_parse_choice(r, line, at, types, array_size(types));
	int function = 0;
	bool avalanche = type == BALANCE_HASH_CONSISTENT; /* without more words */

	if (type < 0)
		return;
	if (at + 1 < line->n_words) {
		function = config_parse_choice(r, line, at + 1, functions, array_size(functions));
		avalanche = node_word_is(line, at + 2, "avalanche");
		if (function < 0)
			return;
		if (at + 2 < line->n_words && !avalanche) {
			config_alert(r, line,
				     "'hash-type' only supports 'avalanche' behind the hash "
				     "function, not '%s'.",
				     line->words[at + 2].p);
			return;
		}
	}
	if (!config_expect_end(r, line, at + 3))
		return;
	b->hash_type = (enum balance_hash_type)type;
	b->hash.function = (enum hash_key_function)function;
	b->hash.avalanche = avalanche;
}

static void parse_hash_balance_factor(struct config_reader *r, const struct node *line,
				      unsigned int at)
{
	unsigned int factor;

	if (!config_parse_uint(r, line, at, 0, 65535, &factor) ||
	    !config_expect_end(r, line, at + 1))
		return;
	if (factor != 0 && factor <= 100) {
		config_alert(r, line,
			     "'hash-balance-factor' must be 0 or greater than 100, such as 150.");
		return;
	}
	r->proxy->balance.hash_balance_factor = factor;
}

bool config_finish_balance(struct config_reader *r, struct model_proxy *p)
{
	struct model_balance *b = &p->balance;
	const char *name = b->method;

	if (b->key > KEY_SOURCE && p->mode != MODE_HTTP) {
		diag_add(r->diags, DIAG_WARNING, p->file, p->line,
			 "Layer 7 hash not possible for backend '%s' (needs 'mode http'). Falling "
			 "back to round robin.",
			 p->name);
		set_method(b, "roundrobin", KEY_NONE);
		name = b->method;
	}
	if (b->key != KEY_NONE)
		name = b->hash_type == BALANCE_HASH_CONSISTENT ? "hash-ring" : "hash-map";
	b->algorithm = balance_find(span_of(name));
	if (b->algorithm)
		return true;
	diag_add(r->diags, DIAG_ALERT, p->file, p->line,
		 "backend '%s' : 'balance %s' is not in this program.", p->name, name);
	return false;
}

/* ---- cookie ---- */

static bool append_text(struct config_reader *r, const struct node *line, const char ***v,
			unsigned int *n, const char *text)
{
	const char **all = config_alloc(r, line, (*n + 1) * sizeof(*all));

	if (!all)
		return false;
	for (unsigned int i = 0; i < *n; i++)
		all[i] = (*v)[i];
	all[(*n)++] = text;
	*v = all;
	return true;
}

static unsigned int parse_domain(struct config_reader *r, const struct node *line, unsigned int at,
				 void *target)
{
	struct model_cookie *c = target;

	if (!config_need_word(r, line, at, "domain <domain>"))
		return 0;
	if (!memchr(line->words[at].p, '.', line->words[at].len))
		config_warn(r, line,
			    "domain '%s' contains no embedded dots: browsers will not keep the "
			    "cookie (RFC 6265).",
			    line->words[at].p);
	return append_text(r, line, &c->domains.v, &c->domains.n, line->words[at].p) ? at + 1 : 0;
}

static unsigned int parse_attr(struct config_reader *r, const struct node *line, unsigned int at,
			       void *target)
{
	struct model_cookie *c = target;

	if (!config_need_word(r, line, at, "attr \"SameSite=Strict\""))
		return 0;
	for (const char *p = line->words[at].p; *p; p++) {
		if (*p == ';' || (unsigned char)*p < 0x20 || *p == 0x7f) {
			config_alert(r, line,
				     "'attr' : '%s' has a ';' or a control character, write one "
				     "attribute per 'attr'.",
				     line->words[at].p);
			return 0;
		}
	}
	return append_text(r, line, &c->attributes.v, &c->attributes.n, line->words[at].p) ? at + 1
											   : 0;
}

static bool parse_seconds(struct config_reader *r, const struct node *line, unsigned int at,
			  uint32_t *seconds)
{
	uint32_t ms;

	if (!config_need_word(r, line, at,
			      node_word_is(line, at - 1, "maxidle") ? "maxidle 30m" : "maxlife 8h"))
		return false;
	if (format_parse_time(line->words[at], FORMAT_S, &ms) != FORMAT_OK) {
		config_alert(r, line, "'%s' expects a time such as '30m', not '%s'.",
			     line->words[at - 1].p, line->words[at].p);
		return false;
	}
	*seconds = ms / 1000;
	return true;
}

static unsigned int parse_maxidle(struct config_reader *r, const struct node *line, unsigned int at,
				  void *target)
{
	return parse_seconds(r, line, at, &((struct model_cookie *)target)->maxidle_s) ? at + 1 : 0;
}

static unsigned int parse_maxlife(struct config_reader *r, const struct node *line, unsigned int at,
				  void *target)
{
	return parse_seconds(r, line, at, &((struct model_cookie *)target)->maxlife_s) ? at + 1 : 0;
}

static unsigned int parse_cookie_mode(struct config_reader *r, const struct node *line,
				      unsigned int at, void *target)
{
	static const char *const modes[] = {
	    [COOKIE_REWRITE] = "rewrite", [COOKIE_INSERT] = "insert", [COOKIE_PREFIX] = "prefix"};
	struct model_cookie *c = target;

	for (unsigned int i = COOKIE_REWRITE; i < array_size(modes); i++) {
		if (!node_word_is(line, at - 1, modes[i]) || c->mode == (enum cookie_mode)i)
			continue;
		if (c->mode != COOKIE_PASSIVE) {
			config_alert(r, line,
				     "cookie 'rewrite', 'insert' and 'prefix' modes are "
				     "incompatible, keep one of them.");
			return 0;
		}
		c->mode = (enum cookie_mode)i;
	}
	return at;
}

#define AT(member) offsetof(struct model_cookie, member)

static const struct argument cookie_arguments[] = {
    {"attr", KEYWORD_PARSE, 0, 0, 0, parse_attr, "TEXT: one more attribute of the cookie"},
    {"domain", KEYWORD_PARSE, 0, 0, 0, parse_domain, "NAME: domain of the cookie"},
    {"dynamic", KEYWORD_LATER, 0, 0, 0, NULL, "values made of servers' addresses"},
    {"httponly", KEYWORD_FLAG, AT(httponly), 0, 0, NULL, "hidden from scripts"},
    {"indirect", KEYWORD_FLAG, AT(indirect), 0, 0, NULL, "the server does not see it"},
    {"insert", KEYWORD_PARSE, 0, 0, 0, parse_cookie_mode, "halb sets it"},
    {"maxidle", KEYWORD_PARSE, 0, 0, 0, parse_maxidle,
     "TIME: not honoured after so long without a request"},
    {"maxlife", KEYWORD_PARSE, 0, 0, 0, parse_maxlife,
     "TIME: not honoured so long after it was set"},
    {"nocache", KEYWORD_FLAG, AT(nocache), 0, 0, NULL, "answers that set it are not cached"},
    {"postonly", KEYWORD_FLAG, AT(postonly), 0, 0, NULL, "set in answers to POST only"},
    {"prefix", KEYWORD_PARSE, 0, 0, 0, parse_cookie_mode, "the server's cookie gets a prefix"},
    {"preserve", KEYWORD_FLAG, AT(preserve), 0, 0, NULL, "one that the server sets goes through"},
    {"rewrite", KEYWORD_PARSE, 0, 0, 0, parse_cookie_mode,
     "the value of the server's cookie is replaced"},
    {"secure", KEYWORD_FLAG, AT(secure), 0, 0, NULL, "over TLS only"},
};
ARGUMENTS_OF("cookie", cookie_arguments);

static bool check_cookie(struct config_reader *r, const struct node *line,
			 const struct model_cookie *c)
{
	if (c->mode == COOKIE_REWRITE && c->indirect) {
		config_alert(r, line,
			     "cookie 'rewrite' and 'indirect' modes are incompatible, use 'insert "
			     "indirect'.");
		return false;
	}
	if (c->preserve && c->mode != COOKIE_INSERT && !c->indirect) {
		config_alert(r, line,
			     "cookie 'preserve' requires at least 'insert' or 'indirect'.");
		return false;
	}
	return true;
}

static void parse_cookie(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_cookie *c;

	if (!config_need_word(r, line, at, "cookie <name> insert indirect nocache"))
		return;
	c = config_alloc(r, line, sizeof(*c));
	if (!c)
		return;
	c->name = line->words[at++];
	while (at < line->n_words) {
		at = argument_apply(r, line, at, cookie_arguments, array_size(cookie_arguments), c,
				    "cookie");
		if (at == 0)
			return;
	}
	if (check_cookie(r, line, c))
		r->proxy->cookie = c;
}

KEYWORDS(section_balance,
	 {"balance", IN_BACK, KEYWORD_PARSE, 0, 0, 0, parse_balance,
	  "ALGORITHM: which server comes next: roundrobin, static-rr, leastconn, first, random, "
	  "source, uri, "
	  "url_param, hdr"},
	 {"cookie", IN_BACK, KEYWORD_PARSE, 0, 0, 0, parse_cookie,
	  "NAME WORDS: clients stay on a server by a cookie"},
	 {"dynamic-cookie-key", IN_BACK, KEYWORD_LATER, 0, 0, 0, NULL,
	  "key of 'cookie ... dynamic'"},
	 {"hash-balance-factor", IN_BACK, KEYWORD_PARSE, 0, 0, 0, parse_hash_balance_factor,
	  "PERCENT: of the average load, past which a hashed request goes to another server"},
	 {"hash-type", IN_BACK, KEYWORD_PARSE, 0, 0, 0, parse_hash_type,
	  "METHOD [FUNCTION [MODIFIER]]: map-based or consistent; a hash function; avalanche"});
