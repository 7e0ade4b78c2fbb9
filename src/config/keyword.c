/* SPDX-License-Identifier: MIT */
/*
 * From a line to the row of its keyword: the reader calls keyword_apply for each line of a section.
 * The tables of all section files are searched; a row that stands here is preferred to one for
 * another section, one that works to one that is known only, and two words to one. What is wrong is
 * said with its cure: the place it belongs to, or the nearest word.
 */
#include "config/keyword.h"

#include "config/keyword_priv.h"

#include "rule/help.h"

#include "base/format.h"

#include <stdlib.h>

#define KEYWORD_EACH(table, row)                                                                   \
	FAMILY_EACH(keyword_table, table)                                                          \
		for (const struct keyword *row = (*table)->rows;                                   \
		     row < (*table)->rows + (*table)->n; row++)

enum { IN_ANY = IN_GLOBAL | IN_PROXY | IN_USERLIST | IN_HTTP_ERRORS };

static const struct {
	unsigned int where;
	const char *name;
} sections[] = {
    {IN_GLOBAL, "global"},           {IN_DEFAULTS, "defaults"}, {IN_FRONTEND, "frontend"},
    {IN_LISTEN, "listen"},           {IN_BACKEND, "backend"},   {IN_USERLIST, "userlist"},
    {IN_HTTP_ERRORS, "http-errors"},
};

static const char *section_name(unsigned int where)
{
	for (size_t i = 0; i < array_size(sections); i++) {
		if (sections[i].where == where)
			return sections[i].name;
	}
	return "unknown";
}

/* "'frontend', 'listen' or 'backend'" for a row's sections. */
static void list_sections(struct buffer *b, unsigned int where)
{
	for (size_t i = 0; i < array_size(sections); i++) {
		if (!(where & sections[i].where))
			continue;
		where &= ~sections[i].where;
		buffer_printf(b, "'%s'%s", sections[i].name,
			      !(where & IN_ANY)                ? ""
			      : (where & (where - 1) & IN_ANY) ? ", "
							       : " or ");
	}
}

/* How many words of a line the row's name stands for: 0 where it is another's. */
static unsigned int name_words(const char *name, struct span first, struct span second)
{
	struct span rest, word;

	if (!first.len || name[0] != first.p[0])
		return 0;
	rest = span_of(name);
	word = span_split(&rest, ' ');
	if (!span_equal(word, first))
		return 0;
	if (!rest.p)
		return 1;
	return span_equal(rest, second) ? 2 : 0;
}

struct keyword_match keyword_find(const struct node *line, unsigned int where)
{
	struct keyword_match best = {0};
	unsigned int best_score = 0;

	best.first = node_word_is(line, 0, "no") || node_word_is(line, 0, "default");
	KEYWORD_EACH(table, row)
	{
		unsigned int words = name_words(row->name, node_word(line, best.first),
						node_word(line, best.first + 1));
		unsigned int score = words;

		if (!words)
			continue;
		if (row->where & where)
			score += 16;
		if (row->type != KEYWORD_LATER)
			score += 8;
		if (row->where & IN_PROXY && where & IN_PROXY)
			score += 4;
		if (score > best_score) {
			best_score = score;
			best.row = row;
			best.at = best.first + words;
		}
	}
	return best;
}

/* The row whose name is nearest to the word, among those that begin with `prefix`; NULL where none
 * is near. */
static const char *nearest(struct span word, struct span prefix, unsigned int where)
{
	unsigned int best = word.len < 4 ? 1 : (unsigned int)(word.len / 3), distance;
	const char *name = NULL;

	best = (best > 4 ? 4 : best) + 1;
	KEYWORD_EACH(table, row)
	{
		struct span candidate = span_of(row->name);

		if (!(row->where & where) || !span_starts_with(candidate, prefix))
			continue;
		candidate = span_slice(candidate, prefix.len, candidate.len);
		if (candidate.len >= word.len + best || word.len >= candidate.len + best)
			continue;
		distance = format_word_distance(word, candidate);
		if (distance < best) {
			best = distance;
			name = candidate.p;
		}
	}
	return name;
}

const char *keyword_nearest(struct span word, unsigned int where)
{
	return nearest(word, SPAN(""), where);
}

/* The words that may follow `prefix` here; false where there are none. */
static bool list_family(struct buffer *b, struct span prefix, unsigned int where)
{
	bool any = false;

	KEYWORD_EACH(table, row)
	{
		if (!(row->where & where) || !span_starts_with(span_of(row->name), prefix) ||
		    row->type == KEYWORD_LATER)
			continue;
		buffer_printf(b, "%s'%s'", any ? ", " : "", row->name + prefix.len);
		any = true;
	}
	return any;
}

static void did_you_mean(struct buffer *b, const char *name)
{
	if (name)
		buffer_printf(b, "; did you mean '%s' maybe ?", name);
}

/* "option", "timeout", …: the first word is right, the second is not. False where it is no such
 * word. */
static bool explain_family(struct config_reader *r, const struct node *line, unsigned int first,
			   struct buffer *b)
{
	struct span word = node_word(line, first), second = node_word(line, first + 1);
	char prefix_text[64], list_text[1024];
	struct buffer prefix, list;

	if (word.len > 40)
		return false;
	buffer_init_fixed(&prefix, prefix_text, sizeof(prefix_text));
	buffer_init_fixed(&list, list_text, sizeof(list_text));
	buffer_printf(&prefix, "%.*s ", SPAN_ARG(word));
	if (!list_family(&list, buffer_span(&prefix), r->where))
		return false;
	if (span_equal(word, SPAN("option")) && !second.len)
		buffer_add_text(b, "'option' expects an option name.");
	else if (span_equal(word, SPAN("option")))
		buffer_printf(b, "unknown option '%s'", second.p);
	else
		buffer_printf(b, "'%s' expects one of %s (got '%s')", word.p, buffer_text(&list),
			      second.p);
	if (second.len)
		did_you_mean(b, nearest(second, buffer_span(&prefix), r->where));
	return true;
}

static void alert_unknown(struct config_reader *r, const struct node *line, unsigned int first)
{
	struct span word = node_word(line, first);
	const char *cure;
	struct buffer b;

	buffer_init(&b, 8192);
	if (!explain_family(r, line, first, &b)) {
		buffer_printf(&b, "unknown keyword '%s' in '%s' section", word.p,
			      section_name(r->where));
		cure = keyword_nearest(word, r->where);
		did_you_mean(&b, cure ? cure : keyword_nearest(word, IN_ANY));
	}
	config_alert(r, line, "%s", buffer_text(&b));
	buffer_fini(&b);
}

/* It stands in a proxy that lacks the side it is for. */
static void tell_wrong_side(struct config_reader *r, const struct node *line,
			    const struct keyword *row)
{
	static const struct {
		const char *word, *instead;
	} other_side[] = {{"maxconn", "fullconn"}, {"fullconn", "maxconn"}};
	bool wants_front = (row->where & IN_FRONTEND) != 0;
	const char *kind = section_name(r->where), *instead = NULL;
	const char *side = wants_front ? "frontend" : "backend";

	if (row->where & STRICT_PLACE) {
		config_alert(r, line, "'%s' not allowed because %s '%s' has no %s capability.",
			     row->name, kind, r->proxy->name, side);
		return;
	}
	for (size_t i = 0; i < array_size(other_side); i++) {
		if (strcmp(row->name, other_side[i].word) == 0)
			instead = other_side[i].instead;
	}
	config_warn(r, line, "'%s' ignored because %s '%s' has no %s capability.%s%s%s", row->name,
		    kind, r->proxy->name, side, instead ? " Maybe you want '" : "",
		    instead ? instead : "", instead ? "' instead ?" : "");
}

static void tell_wrong_place(struct config_reader *r, const struct node *line,
			     const struct keyword *row)
{
	struct buffer b;

	if (r->where == IN_DEFAULTS && row->where & IN_PROXY) {
		config_alert(r, line, "'%s' not allowed in 'defaults' section.", row->name);
	} else if (r->where & IN_PROXY && row->where & IN_PROXY) {
		tell_wrong_side(r, line, row);
	} else {
		buffer_init(&b, 256);
		list_sections(&b, row->where);
		config_alert(r, line,
			     "unknown keyword '%s' in '%s' section; it belongs into a %s section",
			     row->name, section_name(r->where), buffer_text(&b));
		buffer_fini(&b);
	}
}

static bool may_be_negated(struct config_reader *r, const struct node *line,
			   const struct keyword *row)
{
	if (row->type == KEYWORD_OPTION || row->type == KEYWORD_IGNORED || row->where & TAKES_NO)
		return true;
	if (span_starts_with(span_of(row->name), SPAN("option ")))
		config_alert(r, line,
			     "negation/default is not supported for option '%s'. Remove the word "
			     "'%s' and what follows, or %s",
			     row->name + strlen("option "), line->words[0].p,
			     "the line that sets it");
	else
		config_alert(r, line,
			     "negation/default currently supported only for options and log. "
			     "Remove the line that sets '%s'",
			     row->name);
	return false;
}

void keyword_apply(struct config_reader *r, const struct node *line)
{
	struct keyword_match m = keyword_find(line, r->where);

	r->negated = node_word_is(line, 0, "no");
	r->resetting = node_word_is(line, 0, "default");
	if (!m.row)
		alert_unknown(r, line, m.first);
	else if (!(m.row->where & r->where))
		tell_wrong_place(r, line, m.row);
	else if (!m.first || may_be_negated(r, line, m.row))
		keyword_store(r, line, &m);
	r->negated = r->resetting = false;
}

static int compare_rows(const void *a, const void *b)
{
	const struct keyword *const *left = a, *const *right = b;
	int order = strcmp((*left)->name, (*right)->name);

	return order ? order
		     : ((*left)->where > (*right)->where) - ((*left)->where < (*right)->where);
}

static void list_row(struct buffer *out, const struct keyword *row)
{
	const char *separator = "";

	buffer_printf(out, "%-32s ", row->name);
	for (size_t i = 0; i < array_size(sections); i++) {
		if (row->where & sections[i].where) {
			buffer_printf(out, "%s%s", separator, sections[i].name);
			separator = ",";
		}
	}
	buffer_printf(out, "  %s%s\n", row->help ? row->help : "",
		      row->type == KEYWORD_LATER ? " (not yet)" : "");
}

void config_list_keywords(struct buffer *out)
{
	const struct keyword **rows;
	struct arena arena;
	size_t n = 0;

	KEYWORD_EACH(table, row)
	n++;
	arena_init(&arena, 65536, 0);
	rows = arena_array(&arena, n, sizeof(struct keyword *));
	if (!rows)
		return;
	n = 0;
	KEYWORD_EACH(table, row)
	rows[n++] = row;
	qsort(rows, n, sizeof(const struct keyword *), compare_rows);
	for (size_t i = 0; i < n; i++)
		list_row(out, rows[i]);
	rule_list_families(out, &arena);
	arena_fini(&arena);
}
