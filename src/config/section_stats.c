/* SPDX-License-Identifier: MIT */
/*
 * The statistics page of a proxy: all "stats ..." words of defaults, frontend, listen and backend
 * sections. Each of them turns the page on. As with haproxy, a proxy with one "stats" line of its
 * own takes none from its defaults section.
 */
#include "config/section_parts.h"
#include "config/section_rules.h"

#include "base/format.h"

/* This proxy's own settings, begun anew at its first line. NULL after a diagnostic. */
static struct model_stats *own_stats(struct config_reader *r, const struct node *line)
{
	struct model_stats *s = r->proxy->stats;

	if (s && s->owner == r->proxy)
		return s;
	s = config_alloc(r, line, sizeof(*s));
	if (!s)
		return NULL;
	s->enabled = true;
	s->uri = SPAN("/haproxy?stats");
	s->realm = SPAN("HAProxy Statistics");
	s->owner = r->proxy;
	r->proxy->stats = s;
	return s;
}

/* The same for words that stand alone. */
static struct model_stats *own_stats_alone(struct config_reader *r, const struct node *line,
					   unsigned int at)
{
	return config_expect_end(r, line, at) ? own_stats(r, line) : NULL;
}

/* The same for words with one value, which is then line->words[at]. */
static struct model_stats *own_stats_value(struct config_reader *r, const struct node *line,
					   unsigned int at, const char *usage)
{
	return config_need_word(r, line, at, usage) && config_expect_end(r, line, at + 1)
		   ? own_stats(r, line)
		   : NULL;
}

static void parse_enable(struct config_reader *r, const struct node *line, unsigned int at)
{
	(void)own_stats_alone(r, line, at);
}

static void parse_uri(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_stats *s = own_stats_value(r, line, at, "stats uri /haproxy?stats");

	if (s)
		s->uri = line->words[at];
}

static void parse_realm(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_stats *s = own_stats_value(r, line, at, "stats realm <realm>");

	if (s)
		s->realm = line->words[at];
}

static void parse_auth(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_stats *s = own_stats_value(r, line, at, "stats auth <user>:<password>");
	struct model_user *user;

	if (!s)
		return;
	if (span_find(line->words[at], ':') == line->words[at].len)
		config_warn(r, line, "'stats auth %s' has no password, write '%s:<password>'.",
			    line->words[at].p, line->words[at].p);
	user = config_alloc(r, line, sizeof(*user));
	if (!user)
		return;
	user->name_and_password = line->words[at];
	user->next = s->users;
	s->users = user;
}

static void parse_hide_version(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_stats *s = own_stats_alone(r, line, at);

	if (s)
		s->hide_version = true;
}

static void parse_refresh(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_stats *s = own_stats_value(r, line, at, "stats refresh 10s");
	uint32_t ms;

	if (!s)
		return;
	if (format_parse_time(line->words[at], FORMAT_S, &ms) != FORMAT_OK) {
		config_alert(r, line, "'stats refresh' expects a time such as '10s', not '%s'.",
			     line->words[at].p);
		return;
	}
	s->refresh_s = ms / 1000 + (ms % 1000 != 0);
}

static void parse_scope(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_stats *s =
	    own_stats_value(r, line, at, "stats scope <proxy>, or '.' for this one");
	struct model_scope *scope;

	if (!s)
		return;
	scope = config_alloc(r, line, sizeof(*scope));
	if (!scope)
		return;
	scope->name = line->words[at];
	scope->next = s->scopes;
	s->scopes = scope;
}

static void parse_show_node(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_stats *s = own_stats_alone(r, line, at + 1);
	struct span name = node_word(line, at);

	if (!s)
		return;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr("-_.", c)))) {
			config_alert(r, line,
				     "'stats show-node' : '%s' has a character other than letters, "
				     "digits, '-', '_' and '.'.",
				     name.p);
			return;
		}
	}
	s->show_node = true;
	s->node = name.len ? name.p : NULL;
}

/* The text may be several words. */
static void parse_show_desc(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_stats *s = own_stats(r, line);
	char *text = NULL;

	if (!s)
		return;
	s->show_description = true;
	for (unsigned int i = at; i < line->n_words; i++) {
		text = arena_printf(r->arena, "%s%s%s", text ? text : "", text ? " " : "",
				    line->words[i].p);
		if (!text) {
			config_alert(r, line, "out of memory.");
			return;
		}
	}
	s->description = text;
}

static void parse_show_legends(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_stats *s = own_stats_alone(r, line, at);

	if (s)
		s->show_legends = true;
}

static void parse_show_modules(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_stats *s = own_stats_alone(r, line, at);

	if (s)
		s->show_modules = true;
}

static void parse_admin(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_stats *s = own_stats(r, line);
	struct condition *condition;

	if (!s)
		return;
	if (!node_word_is(line, at, "if") && !node_word_is(line, at, "unless")) {
		config_alert(r, line,
			     "'stats admin' requires either 'if' or 'unless' followed by a "
			     "condition, such as 'if TRUE'.");
		return;
	}
	if (!config_parse_condition(r, line, at, &condition))
		return;
	if (s->admin) {
		config_alert(r, line,
			     "there is a 'stats admin' line already, join both conditions in one "
			     "line with 'or'.");
		return;
	}
	s->admin = true;
	s->admin_condition = condition;
}

#define ROW(word, function, text)                                                                  \
	{                                                                                          \
		(word), IN_PROXY, KEYWORD_PARSE, 0, 0, 0, (function), (text)                       \
	}

KEYWORDS(
    section_stats,
    ROW("stats admin", parse_admin,
	"if|unless CONDITION: the page may change servers' states where it holds"),
    ROW("stats auth", parse_auth, "USER:PASSWORD: who may see the page"),
    ROW("stats enable", parse_enable, "the page with its defaults"),
    ROW("stats hide-version", parse_hide_version, "no version on the page"),
    ROW("stats realm", parse_realm, "TEXT: what the browser shows when it asks for the password"),
    ROW("stats refresh", parse_refresh, "TIME: the page loads itself again after so long"),
    ROW("stats scope", parse_scope, "NAME: only this proxy is shown; several lines for several"),
    ROW("stats show-desc", parse_show_desc, "[TEXT]: shows the global description, or this text"),
    ROW("stats show-legends", parse_show_legends, "addresses and more as tool tips"),
    ROW("stats show-modules", parse_show_modules, "columns of modules"),
    ROW("stats show-node", parse_show_node, "[NAME]: shows the node's name, or this one"),
    ROW("stats uri", parse_uri, "URI: where the page is, /haproxy?stats unless set"));
