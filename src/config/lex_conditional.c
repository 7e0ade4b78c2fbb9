/* SPDX-License-Identifier: MIT */
/*
 * Blocks of lines that are read under a condition, and lines that only say something. The lexer
 * asks for each line whether it is to be read. Conditions inside a branch that is passed over are
 * not looked at. What a condition may say: condition_text.c.
 */
#include "config/lex_conditional.h"

#include "base/format.h"

struct macro {
	struct conditional *c;
	const struct node *line;
	const struct config_world *world;
	struct diags *d;
};

static void alert(const struct macro *m, const char *fmt, const char *word)
{
	diag_add(m->d, DIAG_ALERT, m->line->file, m->line->line, fmt, word);
}

static bool is_read(const struct conditional *c)
{
	return !c->depth || (c->level[c->depth - 1].outer && c->level[c->depth - 1].now);
}

/* Evaluates the words behind .if or .elif; what is malformed is false. */
static bool evaluate(const struct macro *m)
{
	const char *name = m->line->words[0].p;
	struct condition_error error;
	int result = condition_words_hold(m->line, 1, m->world, &error);

	if (result < 0)
		diag_add(m->d, DIAG_ALERT, m->line->file, m->line->line,
			 "%s in '%s' at position %zu:\n  %s %s\n  %*s", error.text, name,
			 error.at + 1, name, error.expression,
			 (int)(m->line->words[0].len + 2 + error.at), "^");
	return result > 0;
}

static void on_if(const struct macro *m)
{
	struct conditional *c = m->c;
	bool outer = is_read(c);

	if (c->depth == CONDITIONAL_MAX_DEPTH) {
		alert(m, "too many nested '%s' blocks, at most 64", ".if");
		return;
	}
	c->depth++;
	c->level[c->depth - 1].outer = outer;
	c->level[c->depth - 1].now = outer && evaluate(m);
	c->level[c->depth - 1].taken = c->level[c->depth - 1].now;
	c->level[c->depth - 1].has_else = false;
	c->level[c->depth - 1].line = m->line->line;
}

static bool has_if(const struct macro *m)
{
	if (!m->c->depth)
		alert(m, "lone '%s' with no matching '.if'.", m->line->words[0].p);
	return m->c->depth > 0;
}

static void on_elif(const struct macro *m)
{
	unsigned int i = m->c->depth - 1;

	if (!has_if(m))
		return;
	if (m->c->level[i].has_else)
		alert(m, "'%s' after '.else' is not permitted.", ".elif");
	m->c->level[i].now = m->c->level[i].outer && !m->c->level[i].taken &&
			     !m->c->level[i].has_else && evaluate(m);
	m->c->level[i].taken |= m->c->level[i].now;
}

static void no_arguments(const struct macro *m)
{
	if (m->line->n_words > 1)
		alert(m, "Unexpected argument '%s' behind '.else' or '.endif', which take none.",
		      m->line->words[1].p);
}

static void on_else(const struct macro *m)
{
	unsigned int i = m->c->depth - 1;

	if (!has_if(m))
		return;
	if (m->c->level[i].has_else)
		alert(m, "'%s' after '.else' is not permitted.", ".else");
	no_arguments(m);
	m->c->level[i].now = m->c->level[i].outer && !m->c->level[i].taken;
	m->c->level[i].taken = m->c->level[i].has_else = true;
}

static void on_endif(const struct macro *m)
{
	if (!has_if(m))
		return;
	no_arguments(m);
	m->c->depth--;
}

static void say(const struct macro *m, enum diag_level level)
{
	if (!is_read(m->c))
		return;
	if (m->line->n_words > 2)
		diag_add(m->d, DIAG_ALERT, m->line->file, m->line->line,
			 "Unexpected argument '%s' for '%s'. Use quotes if the message should "
			 "contain spaces.",
			 m->line->words[2].p, m->line->words[0].p);
	else
		diag_add(m->d, level, m->line->file, m->line->line, "'%s'.",
			 node_word(m->line, 1).p);
}

static void on_diag(const struct macro *m)
{
	say(m, DIAG_DIAG);
}

static void on_notice(const struct macro *m)
{
	say(m, DIAG_NOTICE);
}

static void on_warning(const struct macro *m)
{
	say(m, DIAG_WARNING);
}

static void on_alert(const struct macro *m)
{
	say(m, DIAG_ALERT);
}

static const struct {
	const char *name;
	void (*run)(const struct macro *m);
} macros[] = {
    {".if", on_if},     {".elif", on_elif},     {".else", on_else},       {".endif", on_endif},
    {".diag", on_diag}, {".notice", on_notice}, {".warning", on_warning}, {".alert", on_alert},
};

static void on_unknown(const struct macro *m)
{
	for (size_t i = 0; i < array_size(macros); i++) {
		if (format_word_distance(m->line->words[0], span_of(macros[i].name)) <= 2) {
			diag_add(m->d, DIAG_ALERT, m->line->file, m->line->line,
				 "unknown directive '%s'; did you mean '%s' maybe ?",
				 m->line->words[0].p, macros[i].name);
			return;
		}
	}
	alert(m, "unknown directive '%s'.", m->line->words[0].p);
}

bool conditional_line(struct conditional *c, const struct node *line,
		      const struct config_world *world, struct diags *d)
{
	struct macro m = {c, line, world, d};

	if (line->words[0].len == 0 || line->words[0].p[0] != '.')
		return !is_read(c);
	for (size_t i = 0; i < array_size(macros); i++) {
		if (node_word_is(line, 0, macros[i].name)) {
			macros[i].run(&m);
			return true;
		}
	}
	if (is_read(c))
		on_unknown(&m);
	return true;
}

void conditional_end(struct conditional *c, const char *file, struct diags *d)
{
	while (c->depth) {
		c->depth--;
		diag_add(d, DIAG_ALERT, file, c->level[c->depth].line,
			 "non-terminated '.if' block. Add an '.endif' line");
	}
}
