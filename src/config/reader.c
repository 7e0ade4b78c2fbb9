/* SPDX-License-Identifier: MIT */
/*
 * From files to the model: config_read takes the lines of each file in turn, begins sections, hands
 * other lines to their keyword's row (keyword.c), and resolves names at the end (resolve.c). It
 * goes on after a mistake, so that all of them are reported. A new section is a row.
 */
#include "config/keyword_priv.h"
#include "config/lex_haproxy.h"
#include "config/section_bind.h"
#include "config/section_core.h"
#include "config/section_parts.h"
#include "config/section_rules.h"
#include "config/section_userlist.h"

#include "base/format.h"

struct reading {
	struct config_reader r;
	struct lexer lexer;
	bool skipping; /* in a section that is not known, not there yet or has no good first line */
	struct model_proxy **end; /* of the model's proxies */
	const struct node *line;
};

struct section {
	const char *name;
	unsigned int where; /* IN_* bit, 0: not there yet */
	unsigned int sides;
	void (*begin)(struct reading *g, const struct section *s);
};

static void alert_unexpected(struct reading *g, unsigned int at)
{
	config_alert(&g->r, g->line, "'%s' cannot handle unexpected argument '%s'.",
		     g->line->words[0].p, g->line->words[at].p);
}

static void begin_global(struct reading *g, const struct section *s)
{
	(void)s;
	if (g->line->n_words > 1)
		alert_unexpected(g, 1);
	g->r.proxy = NULL;
}

static void begin_later(struct reading *g, const struct section *s)
{
	config_alert(&g->r, g->line,
		     "section '%s' is known, but halb does not do it yet. Remove it, or keep "
		     "haproxy for this file",
		     s->name);
	g->skipping = true;
}

static void begin_userlist(struct reading *g, const struct section *s)
{
	(void)s;
	g->r.proxy = NULL;
	g->skipping = !config_begin_userlist(&g->r, g->line);
}

static void begin_http_errors(struct reading *g, const struct section *s)
{
	(void)s;
	g->r.proxy = NULL;
	g->skipping = !config_begin_http_errors(&g->r, g->line);
}

static bool name_is_good(struct reading *g, struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		bool letter =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!letter && !strchr("_-.:", c)) {
			config_alert(&g->r, g->line,
				     "character '%c' is not permitted in '%s' name '%s'; use "
				     "letters, digits, '-', '_', '.' and ':'.",
				     c, g->line->words[0].p, name.p);
			return false;
		}
	}
	return true;
}

/* The defaults section behind "from"; NULL after a diagnostic. */
static struct model_proxy *find_defaults(struct reading *g, struct span name)
{
	struct model_proxy *found = NULL;

	for (struct model_proxy *p = g->r.first_defaults; p; p = p->next) {
		if (!p->name || !span_equal(span_of(p->name), name))
			continue;
		if (found) {
			config_alert(&g->r, g->line,
				     "ambiguous defaults section name '%s' referenced: it exists "
				     "at %s:%d and at %s:%d.",
				     name.p, p->file, p->line, found->file, found->line);
			return NULL;
		}
		found = p;
	}
	if (!found)
		config_alert(&g->r, g->line,
			     "defaults section '%s' not found for '%s'; it must stand above, as "
			     "'defaults %s'",
			     name.p, g->line->words[0].p, name.p);
	return found;
}

/* A proxy that starts with what `from` says, or with haproxy's values. NULL when out of memory. */
static struct model_proxy *new_proxy(struct reading *g, const struct model_proxy *from,
				     const char *name)
{
	struct model_proxy *p = ARENA_NEW(g->r.arena, struct model_proxy);

	if (!p) {
		config_alert(&g->r, g->line, "out of memory");
		g->skipping = true;
		return NULL;
	}
	if (from) {
		*p = *from;
		p->acls = NULL;
	} else {
		config_proxy_init(p);
		config_parts_init(p);
	}
	p->next = NULL;
	p->name = name;
	p->file = g->line->file;
	p->line = g->line->line;
	return p;
}

/* "from NAME" at word `at`: false after a diagnostic. */
static bool parse_from(struct reading *g, unsigned int at, const struct model_proxy **from)
{
	if (!node_word_is(g->line, at, "from"))
		return true;
	if (!node_word(g->line, at + 1).len) {
		config_alert(&g->r, g->line,
			     "'%s' expects the name of a defaults section behind 'from'.",
			     g->line->words[0].p);
		return false;
	}
	*from = find_defaults(g, g->line->words[at + 1]);
	return *from != NULL;
}

static void begin_defaults(struct reading *g, const struct section *s)
{
	bool named = g->line->n_words > 1 && !node_word_is(g->line, 1, "from");
	unsigned int at = named ? 2 : 1;
	const struct model_proxy *from = NULL;
	struct model_proxy *p;

	(void)s;
	if (named)
		name_is_good(g, g->line->words[1]);
	parse_from(g, at, &from);
	if (node_word_is(g->line, at, "from"))
		at += 2;
	if (g->line->n_words > at)
		alert_unexpected(g, at);
	p = new_proxy(g, from, named ? g->line->words[1].p : NULL);
	if (!p)
		return;
	p->next = g->r.first_defaults;
	g->r.first_defaults = g->r.defaults = g->r.proxy = p;
}

/* An address behind the name, as haproxy 1.x took it. */
static void parse_inline_bind(struct reading *g, const struct section *s)
{
	if (!(s->sides & PROXY_FRONTEND)) {
		alert_unexpected(g, 2);
		return;
	}
	config_warn(&g->r, g->line,
		    "please use the 'bind' keyword for listening addresses: 'bind %s' on a line of "
		    "its own.",
		    g->line->words[2].p);
	(void)config_parse_bind(&g->r, g->line, 2, false, &g->r.proxy->binds);
}

static void begin_proxy(struct reading *g, const struct section *s)
{
	const struct model_proxy *from = g->r.defaults;
	struct span name = node_word(g->line, 1);
	struct model_proxy *p;

	if (!name.len) {
		config_alert(&g->r, g->line, "'%s' expects an <id> argument, its name", s->name);
		g->skipping = true;
		return;
	}
	name_is_good(g, name);
	parse_from(g, 2, &from);
	p = new_proxy(g, from, name.p);
	if (!p)
		return;
	p->sides = s->sides;
	p->is_listen = s->where == IN_LISTEN;
	p->index = g->r.model->n_proxies++;
	*g->end = g->r.proxy = p;
	g->end = &p->next;
	if (g->line->n_words > 2 && !node_word_is(g->line, 2, "from"))
		parse_inline_bind(g, s);
	else if (g->line->n_words > 4)
		alert_unexpected(g, 4);
}

static const struct section section_rows[] = {
    {"global", IN_GLOBAL, 0, begin_global},
    {"defaults", IN_DEFAULTS, 0, begin_defaults},
    {"frontend", IN_FRONTEND, PROXY_FRONTEND, begin_proxy},
    {"backend", IN_BACKEND, PROXY_BACKEND, begin_proxy},
    {"listen", IN_LISTEN, PROXY_FRONTEND | PROXY_BACKEND, begin_proxy},
    {"acme", 0, 0, begin_later},
    {"cache", 0, 0, begin_later},
    {"crt-store", 0, 0, begin_later},
    {"fcgi-app", 0, 0, begin_later},
    {"http-errors", IN_HTTP_ERRORS, 0, begin_http_errors},
    {"log-forward", 0, 0, begin_later},
    {"log-profile", 0, 0, begin_later},
    {"mailers", 0, 0, begin_later},
    {"peers", 0, 0, begin_later},
    {"program", 0, 0, begin_later},
    {"resolvers", 0, 0, begin_later},
    {"ring", 0, 0, begin_later},
    {"traces", 0, 0, begin_later},
    {"userlist", IN_USERLIST, 0, begin_userlist},
};

static const struct section *find_section(struct span word)
{
	for (size_t i = 0; i < array_size(section_rows); i++) {
		if (span_equal(word, span_of(section_rows[i].name)))
			return &section_rows[i];
	}
	return NULL;
}

static const struct section *nearest_section(struct span word)
{
	unsigned int best = word.len < 5 ? 2 : 3;
	const struct section *nearest = NULL;

	for (size_t i = 0; i < array_size(section_rows); i++) {
		unsigned int distance = format_word_distance(word, span_of(section_rows[i].name));

		if (distance < best) {
			best = distance;
			nearest = &section_rows[i];
		}
	}
	return nearest;
}

static void begin_section(struct reading *g, const struct section *s)
{
	g->skipping = false;
	g->r.where = s->where;
	g->lexer.section = s->name;
	s->begin(g, s);
}

static void alert_out_of_section(struct reading *g)
{
	const struct section *near = nearest_section(g->line->words[0]);

	config_alert(&g->r, g->line, "unknown keyword '%s' out of section%s%s%s",
		     g->line->words[0].p, near ? "; did you mean '" : ".", near ? near->name : "",
		     near ? "' maybe ?" : "");
	g->skipping = near != NULL;
}

/* A word that no section knows, but close to the name of one: what follows belongs to that, not to
 * the section above. */
static bool is_misspelt_section(struct reading *g)
{
	struct span word = g->line->words[0];
	struct keyword_match m = keyword_find(g->line, g->r.where);
	const struct section *near = m.row ? NULL : nearest_section(word);
	const char *keyword;

	if (!near)
		return false;
	keyword = keyword_nearest(word, g->r.where);
	if (keyword && format_word_distance(word, span_of(keyword)) <
			   format_word_distance(word, span_of(near->name)))
		return false;
	config_alert(&g->r, g->line,
		     "unknown section '%s'; did you mean '%s' maybe ? Its lines are not looked at",
		     word.p, near->name);
	g->skipping = true;
	return true;
}

/* An empty word ends the line, as the value of a variable that is not set does. */
static void cut_at_empty_word(struct reading *g, struct node *line)
{
	unsigned int i = 1;

	while (i < line->n_words && line->words[i].len)
		i++;
	for (unsigned int j = i; j < line->n_words; j++) {
		if (line->words[j].len) {
			config_warn(&g->r, line,
				    "argument number %u is empty and marks the end of the argument "
				    "list; all subsequent arguments will "
				    "be ignored, from '%s' on",
				    i, line->words[j].p);
			break;
		}
	}
	line->n_words = i;
}

static void read_line(struct reading *g, struct node *line)
{
	const struct section *s = find_section(line->words[0]);

	g->line = line;
	if (!s && g->skipping)
		return;
	cut_at_empty_word(g, line);
	if (s)
		begin_section(g, s);
	else if (!g->r.where)
		alert_out_of_section(g);
	else if (!is_misspelt_section(g))
		keyword_apply(&g->r, line);
}

static void read_file(struct reading *g, const struct config_file *file)
{
	struct config_file kept = *file;
	struct node line;

	kept.path = arena_strdup(g->r.arena, file->path);
	if (!kept.path) {
		diag_add(g->r.diags, DIAG_ALERT, NULL, 0, "out of memory");
		return;
	}
	g->r.where = 0;
	g->r.proxy = NULL;
	g->skipping = false;
	lexer_init(&g->lexer, &kept, g->r.world, g->r.arena, g->r.diags);
	while (lexer_next(&g->lexer, &line))
		read_line(g, &line);
}

struct model *config_read(const struct config_file *files, unsigned int n_files,
			  const struct config_world *world, struct diags *d)
{
	unsigned int alerts = d->alerts;
	struct reading g = {0};

	g.r.model = model_new();
	if (!g.r.model) {
		diag_add(d, DIAG_ALERT, NULL, 0, "out of memory");
		return NULL;
	}
	g.r.arena = &g.r.model->arena;
	g.r.diags = d;
	g.r.world = world;
	g.end = &g.r.model->proxies;
	config_global_init(&g.r.model->global);
	for (unsigned int i = 0; i < n_files; i++)
		read_file(&g, &files[i]);
	config_resolve(&g.r, d->alerts == alerts);
	if (d->alerts == alerts)
		return g.r.model;
	model_put(g.r.model);
	return NULL;
}
