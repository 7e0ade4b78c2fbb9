/* SPDX-License-Identifier: MIT */
/*
 * From the words behind a keyword to its value: rows of lines (keyword_store) and rows of words
 * within a line (argument_apply), and the parses that section files share. Each mistake is one
 * diagnostic at the line.
 */
#include "config/keyword_priv.h"

#include "rule/condition.h"

#include "base/format.h"

void config_alert(struct config_reader *r, const struct node *line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	diag_vadd(r->diags, DIAG_ALERT, line->file, line->line, fmt, args);
	va_end(args);
}

void config_warn(struct config_reader *r, const struct node *line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	diag_vadd(r->diags, DIAG_WARNING, line->file, line->line, fmt, args);
	va_end(args);
}

/* How messages call what the word `at` is the value of: the keyword, or the word before. */
static const char *name_of_value(const struct config_reader *r, const struct node *line,
				 unsigned int at)
{
	struct keyword_match m = keyword_find(line, r->where);

	if (m.row && m.at == at)
		return m.row->name;
	return at > 0 ? node_word(line, at - 1).p : "";
}

bool config_parse_uint(struct config_reader *r, const struct node *line, unsigned int at,
		       unsigned int min, unsigned int max, unsigned int *out)
{
	const char *name = name_of_value(r, line, at);
	uint64_t value;

	if (!span_to_u64(node_word(line, at), UINT64_MAX, &value)) {
		config_alert(r, line, "'%s' expects an integer argument (got '%s').", name,
			     node_word(line, at).p);
		return false;
	}
	if (value < min || value > max) {
		config_alert(r, line, "'%s' expects a number between %u and %u (got '%s').", name,
			     min, max, node_word(line, at).p);
		return false;
	}
	*out = (unsigned int)value;
	return true;
}

/* The first character that cannot be part of a time. */
static const char *time_rest(struct span word)
{
	size_t i = 0;

	while (i < word.len && word.p[i] >= '0' && word.p[i] <= '9')
		i++;
	return word.p + (i < word.len ? i : 0);
}

bool config_parse_time(struct config_reader *r, const struct node *line, unsigned int at,
		       uint32_t *out_ms)
{
	const char *name = name_of_value(r, line, at);
	struct span word = node_word(line, at);

	if (!word.len) {
		config_alert(r, line,
			     "'%s' expects an integer value (in milliseconds), or one with a unit: "
			     "us, ms, s, m, h, d",
			     name);
		return false;
	}
	switch (format_parse_time(word, FORMAT_MS, out_ms)) {
	case FORMAT_OK:
	case FORMAT_UNDERFLOW:
		return true;
	case FORMAT_OVERFLOW:
		config_alert(r, line,
			     "timer overflow in argument '%s' to '%s' (maximum value is 2147483647 "
			     "ms or ~24.8 days)",
			     word.p, name);
		return false;
	case FORMAT_BAD:
		break;
	}
	config_alert(r, line,
		     "unexpected character '%c' in '%s' (got '%s'); a time is a number with a "
		     "unit: us, ms, s, m, h, d",
		     *time_rest(word), name, word.p);
	return false;
}

bool config_expect_end(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct keyword_match m = keyword_find(line, r->where);

	if (!node_word(line, at).len)
		return true;
	config_alert(r, line, "'%s' cannot handle unexpected argument '%s'.",
		     m.row ? m.row->name : node_word(line, 0).p, node_word(line, at).p);
	return false;
}

/* One word as text, which lives in the arena already. */
static bool parse_text(struct config_reader *r, const struct node *line, unsigned int at,
		       const char **out)
{
	if (!node_word(line, at).len) {
		config_alert(r, line, "'%s' expects one argument.", name_of_value(r, line, at));
		return false;
	}
	*out = line->words[at].p;
	return true;
}

static void set_bit(unsigned int *bits, unsigned int bit, bool on)
{
	*bits = on ? *bits | bit : *bits & ~bit;
}

struct value_row {
	enum keyword_type type;
	unsigned int min, max;
};

/* Scalars of both kinds of rows: how many words were taken, or -1 after a diagnostic. `place` is
 * the member of the target. */
static int store_scalar(struct config_reader *r, const struct node *line, unsigned int at,
			struct value_row row, void *place)
{
	bool on = !r->negated && !r->resetting;

	switch (row.type) {
	case KEYWORD_UINT:
		return config_parse_uint(r, line, at, row.min, row.max, place) ? 1 : -1;
	case KEYWORD_TIME:
		return config_parse_time(r, line, at, place) ? 1 : -1;
	case KEYWORD_TEXT:
		return parse_text(r, line, at, place) ? 1 : -1;
	case KEYWORD_FLAG:
		*(bool *)place = on;
		return 0;
	case KEYWORD_OPTION:
		set_bit(place, row.max, on);
		return 0;
	default:
		return -1;
	}
}

static void alert_later(struct config_reader *r, const struct node *line, const char *name)
{
	config_alert(r, line,
		     "'%s' is known, but halb does not do it yet. Remove it, or keep haproxy for "
		     "this file until it does",
		     name);
}

static void alert_obsolete(struct config_reader *r, const struct node *line, const char *name,
			   const char *help)
{
	config_alert(r, line, "'%s' is not supported any more; %s", name, help);
}

void keyword_store(struct config_reader *r, const struct node *line, const struct keyword_match *m)
{
	const struct keyword *row = m->row;
	char *target = r->where == IN_GLOBAL ? (char *)&r->model->global : (char *)r->proxy;
	int taken;

	switch (row->type) {
	case KEYWORD_PARSE:
		row->parse(r, line, m->at);
		return;
	case KEYWORD_IGNORED:
		return;
	case KEYWORD_LATER:
		alert_later(r, line, row->name);
		return;
	case KEYWORD_OBSOLETE:
		alert_obsolete(r, line, row->name, row->help);
		return;
	default:
		taken =
		    store_scalar(r, line, m->at, (struct value_row){row->type, row->min, row->max},
				 target + row->offset);
		if (taken >= 0)
			config_expect_end(r, line, m->at + (unsigned int)taken);
	}
}

static const struct argument *find_argument(struct span word, const struct argument *table,
					    unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (span_equal(word, span_of(table[i].name)))
			return &table[i];
	}
	return NULL;
}

static void alert_unknown_argument(struct config_reader *r, const struct node *line,
				   struct span word, const struct argument *table, unsigned int n)
{
	unsigned int best = word.len < 4 ? 2 : 3;
	const char *name = NULL;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int distance = format_word_distance(word, span_of(table[i].name));

		if (distance < best) {
			best = distance;
			name = table[i].name;
		}
	}
	config_alert(r, line, "'%s %s' unknown keyword '%s'%s%s%s", node_word(line, 0).p,
		     node_word(line, 1).p, word.p, name ? "; did you mean '" : ".",
		     name ? name : "", name ? "' maybe ?" : "");
}

/* Seven parameters: table and n are one array, and what names the target. */
/* NOLINTNEXTLINE(readability-function-size) */
unsigned int argument_apply(struct config_reader *r, const struct node *line, unsigned int at,
			    const struct argument *table, unsigned int n, void *target,
			    const char *what)
{
	const struct argument *row = find_argument(node_word(line, at), table, n);
	int taken;

	if (!row) {
		alert_unknown_argument(r, line, node_word(line, at), table, n);
		return 0;
	}
	switch (row->type) {
	case KEYWORD_PARSE:
		return row->parse(r, line, at + 1, target);
	case KEYWORD_IGNORED:
		return at + 1 + row->max;
	case KEYWORD_LATER:
		config_alert(r, line,
			     "'%s' : '%s' is known, but halb does not do it yet. Remove it, or "
			     "keep haproxy for this file",
			     what, row->name);
		return 0;
	case KEYWORD_OBSOLETE:
		alert_obsolete(r, line, row->name, row->help);
		return 0;
	default:
		taken =
		    store_scalar(r, line, at + 1, (struct value_row){row->type, row->min, row->max},
				 (char *)target + row->offset);
		return taken < 0 ? 0 : at + 1 + (unsigned int)taken;
	}
}
