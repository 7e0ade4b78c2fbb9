/* SPDX-License-Identifier: MIT */
/*
 * haproxy's lines to words. A line is scanned byte by byte into one buffer, words follow one
 * another in it with a NUL behind each; what a byte means depends on the kind of quote it stands
 * in. The reader (reader.c) calls lexer_next, `halb -cc` calls lexer_words. Variables are in
 * lex_environment.c, lines with a dot in lex_conditional.c.
 */
#include "config/lex_haproxy.h"

#include "base/format.h"

#include "config/lex_priv.h"

#define EXCERPT_COLUMNS 78

void lexer_init(struct lexer *l, const struct config_file *file, const struct config_world *world,
		struct arena *a, struct diags *d)
{
	*l = (struct lexer){.arena = a,
			    .diags = d,
			    .world = world,
			    .file = file->path,
			    .section = "",
			    .rest = file->text};
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The line without its indentation, and a caret below the byte `at`; a window of it where it is
 * long. */
static void report(struct lexer *l, struct span text, size_t at, const char *what)
{
	size_t start = 0, column;
	struct span shown;

	while (start < text.len && is_space(text.p[start]))
		start++;
	if (at < start)
		start = at;
	if (at - start > EXCERPT_COLUMNS - 10)
		start = at - (EXCERPT_COLUMNS - 10);
	shown = span_slice(text, start, EXCERPT_COLUMNS);
	column = at - start;
	diag_add(l->diags, DIAG_ALERT, l->file, l->line, "%s at position %zu:\n  %.*s\n  %*s", what,
		 at + 1, SPAN_ARG(shown), (int)column + 1, "^");
}

void scan_fail(struct scan *s, size_t at, const char *what)
{
	if (!s->error) {
		s->error = what;
		s->error_at = at;
	}
}

void scan_put(struct scan *s, char c)
{
	if (!s->in_word) {
		if (s->n_words == LEX_MAX_WORDS) {
			scan_fail(s, s->at,
				  "too many words: a line has at most 64; split it in two, from "
				  "the word");
			return;
		}
		s->starts[s->n_words++] = s->out.len;
		s->in_word = true;
	}
	buffer_add_char(&s->out, c);
}

void scan_end_word(struct scan *s)
{
	if (s->in_word)
		buffer_add_char(&s->out, '\0');
	s->in_word = false;
}

/* A quote begins a word, even where nothing stands between the two. */
static void begin_word(struct scan *s)
{
	scan_put(s, 'x');
	if (s->in_word)
		s->out.len--;
}

static void scan_hex(struct scan *s)
{
	int high = s->at + 2 < s->text.len ? format_hex_digit(s->text.p[s->at + 2]) : -1;
	int low = s->at + 3 < s->text.len ? format_hex_digit(s->text.p[s->at + 3]) : -1;

	if (high < 0 || low < 0) {
		scan_fail(s, s->at, "truncated or invalid hexadecimal sequence");
		return;
	}
	if (!high && !low) {
		scan_fail(s, s->at, "a NUL byte cannot be part of a word");
		return;
	}
	scan_put(s, (char)(high * 16 + low));
	s->at += 4;
}

/* At a backslash outside single quotes. */
static void scan_escape(struct scan *s)
{
	static const struct {
		char name, value;
		bool bare, quoted; /* where it is an escape: outside quotes, inside double quotes */
	} escapes[] = {
	    {' ', ' ', true, true},  {'\\', '\\', true, true}, {'#', '#', true, true},
	    {'"', '"', true, true},  {'\'', '\'', true, true}, {'$', '$', false, true},
	    {'n', '\n', true, true}, {'r', '\r', true, true},  {'t', '\t', true, true},
	};
	char next = s->at + 1 < s->text.len ? s->text.p[s->at + 1] : '\0';

	if (next == 'x') {
		scan_hex(s);
		return;
	}
	for (size_t i = 0; i < array_size(escapes); i++) {
		if (escapes[i].name == next && (s->quote ? escapes[i].quoted : escapes[i].bare)) {
			scan_put(s, escapes[i].value);
			s->at += 2;
			return;
		}
	}
	scan_put(s, '\\');
	s->at++;
}

static void scan_quote(struct scan *s, char c)
{
	if (s->quote) {
		s->quote = '\0';
	} else {
		s->quote = c;
		s->quote_at = s->at;
		begin_word(s);
	}
	s->at++;
}

/* One step; false at the end of the line's words. */
static bool scan_step(struct scan *s)
{
	char c = s->text.p[s->at];

	if (s->quote ? c == s->quote : c == '"' || c == '\'') {
		scan_quote(s, c);
	} else if (s->quote == '\'') {
		scan_put(s, c);
		s->at++;
	} else if (c == '\\') {
		scan_escape(s);
	} else if (s->quote) {
		if (c == '$') {
			scan_variable(s);
		} else {
			scan_put(s, c);
			s->at++;
		}
	} else if (is_space(c)) {
		scan_end_word(s);
		s->at++;
	} else if (c == '#') {
		return false;
	} else {
		scan_put(s, c);
		s->at++;
	}
	return true;
}

static void scan_line(struct scan *s)
{
	while (s->at < s->text.len && !s->error && scan_step(s))
		continue;
	scan_end_word(s);
	if (s->quote)
		scan_fail(s, s->quote_at, "unmatched quote");
	if (s->out.failed)
		scan_fail(s, 0, "line too long (or out of memory)");
}

/* The scanned words into the arena. */
static bool keep_words(struct lexer *l, const struct scan *s, struct node *line)
{
	char *text = arena_bytes(l->arena, s->out.len ? s->out.len : 1);

	line->file = l->file;
	line->line = l->line;
	line->n_words = s->n_words;
	line->words = arena_array(l->arena, s->n_words, sizeof(*line->words));
	if (!text || !line->words) {
		diag_add(l->diags, DIAG_ALERT, l->file, l->line, "out of memory");
		return false;
	}
	if (s->out.len)
		memcpy(text, s->out.p, s->out.len);
	for (unsigned int i = 0; i < s->n_words; i++) {
		size_t end = i + 1 < s->n_words ? s->starts[i + 1] : s->out.len;

		line->words[i] = span_make(text + s->starts[i], end - s->starts[i] - 1);
	}
	return true;
}

bool lexer_words(struct lexer *l, struct span text, struct node *line)
{
	struct scan s = {.lexer = l, .text = text};
	bool good;

	*line = (struct node){0};
	if (text.len > LEX_MAX_LINE_BYTES || (text.len && memchr(text.p, '\0', text.len))) {
		diag_add(l->diags, DIAG_ALERT, l->file, l->line, "%s",
			 text.len > LEX_MAX_LINE_BYTES ? "line too long, more than 65536 bytes"
						       : "a NUL byte: this is no text file");
		return false;
	}
	buffer_init(&s.out, LEX_MAX_LINE_BYTES);
	scan_line(&s);
	if (s.error)
		report(l, text, s.error_at, s.error);
	good = !s.error && keep_words(l, &s, line);
	buffer_fini(&s.out);
	return good;
}

bool lexer_next(struct lexer *l, struct node *line)
{
	while (l->rest.len) {
		size_t end = span_find(l->rest, '\n');
		struct span text = span_slice(l->rest, 0, end);

		l->line++;
		if (end == l->rest.len)
			diag_add(l->diags, DIAG_ALERT, l->file, l->line,
				 "Missing LF on last line, file might have been truncated at "
				 "position %zu. "
				 "End the last line with a line break",
				 end + 1);
		l->rest = span_slice(l->rest, end + 1, l->rest.len);
		if (lexer_words(l, text, line) && line->n_words > 0 &&
		    !conditional_line(&l->blocks, line, l->world, l->diags))
			return true;
	}
	conditional_end(&l->blocks, l->file, l->diags);
	return false;
}
