/* SPDX-License-Identifier: MIT */
/*
 * keepalived.conf: from files to joined lines without comments, which klex_expand and klex_emit
 * make statements of. Called by the reader (reader_vrrp.c). Blocks may not reach over the end of a
 * file.
 */
#include "config/lex_keepalived.h"

#include "config/lex_keepalived_priv.h"

#define SCRATCH_BLOCK_BYTES 16384

static void check_alerts(struct klex *l)
{
	if (l->stopped || l->diags->alerts - l->first_alerts < KLEX_MAX_ALERTS)
		return;
	l->stopped = true;
	diag_add(l->diags, DIAG_ALERT, l->file, l->line,
		 "%d errors: the rest is not looked at. Correct the first ones, then test again.",
		 KLEX_MAX_ALERTS);
}

void klex_alert(struct klex *l, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	diag_vadd(l->diags, DIAG_ALERT, l->file, l->line, fmt, args);
	va_end(args);
	check_alerts(l);
}

void klex_stop(struct klex *l, const char *fmt, ...)
{
	va_list args;

	if (l->stopped)
		return;
	l->stopped = true;
	va_start(args, fmt);
	diag_vadd(l->diags, DIAG_ALERT, l->file, l->line, fmt, args);
	va_end(args);
}

size_t klex_step(struct span text, size_t at, char *quote)
{
	char c = text.p[at];

	if (c == '\\' && at + 1 < text.len)
		return 2;
	if (*quote && c == *quote)
		*quote = '\0';
	else if (!*quote && (c == '"' || c == '\''))
		*quote = c;
	return 1;
}

/* Without indentation, comment and what is blank before it. */
static struct span strip(struct span text)
{
	char quote = '\0';
	size_t at = 0;

	while (at < text.len && (quote || (text.p[at] != '#' && text.p[at] != '!')))
		at += klex_step(text, at, &quote);
	text = span_slice(text, 0, at);
	while (text.len && (text.p[text.len - 1] == '\r' || text.p[text.len - 1] == '\f'))
		text.len--;
	return span_trim(text);
}

static bool next_line(struct klex *l, struct span *rest, struct span *line)
{
	size_t end;

	if (!rest->len)
		return false;
	end = span_find(*rest, '\n');
	*line = strip(span_slice(*rest, 0, end));
	*rest = span_slice(*rest, end + 1, rest->len);
	l->line++;
	return true;
}

/* A backslash at the end of the line, that is itself not escaped: taken off. */
static bool take_continuation(struct span *line)
{
	size_t n = 0;

	while (n < line->len && line->p[line->len - 1 - n] == '\\')
		n++;
	if (n % 2 == 0)
		return false;
	line->len--;
	*line = span_trim(*line);
	return true;
}

/* A definition keeps its line breaks, any other line is one line. */
static char separator_of(const struct klex *l, struct span line)
{
	(void)klex_condition(l, &line);
	return klex_define_length(line) ? '\n' : ' ';
}

/* The line and those that continue it, in `joined`; blank lines between do not count, as in
 * keepalived. The number of the line is that of the last one. */
static void join_lines(struct klex *l, struct span *rest, struct span line, struct buffer *joined)
{
	char separator = separator_of(l, line);
	bool goes_on = take_continuation(&line);

	buffer_clear(joined);
	buffer_add_span(joined, line);
	while (goes_on && next_line(l, rest, &line)) {
		if (!line.len)
			continue;
		goes_on = take_continuation(&line);
		buffer_add_char(joined, separator);
		buffer_add_span(joined, line);
	}
}

static void read_lines(struct klex *l, struct span text)
{
	struct buffer joined;
	struct span line;

	buffer_init(&joined, KLEX_MAX_LINE_BYTES);
	while (!l->stopped && next_line(l, &text, &line)) {
		int first = l->line, last;

		if (!line.len)
			continue;
		join_lines(l, &text, line, &joined);
		last = l->line;
		l->line = first;
		if (joined.failed)
			klex_alert(l, "line too long, more than %d bytes", KLEX_MAX_LINE_BYTES);
		else if (memchr(joined.p, '\0', joined.len))
			klex_stop(l, "a NUL byte: this is no text file");
		else
			klex_expand(l, buffer_span(&joined));
		arena_reset(&l->scratch);
		l->line = last;
	}
	buffer_fini(&joined);
}

/* Blocks that this file began and did not end. */
static void close_blocks(struct klex *l)
{
	for (; l->depth > l->file_depth; l->depth--) {
		const struct node *n = l->open[l->depth].node;

		if (!l->stopped)
			diag_add(l->diags, DIAG_ALERT, n->file, n->line,
				 "the block of '%s' that begins here has no end: a '}' is missing",
				 n->words[0].p);
	}
	l->last = NULL;
}

static void read_file(struct klex *l, const struct config_file *file)
{
	const char *outer = l->file;
	int outer_line = l->line;
	unsigned int outer_depth = l->file_depth;

	l->file = arena_strdup(l->arena, file->path);
	l->line = 0;
	l->file_depth = l->depth;
	l->last = NULL;
	if (l->file)
		read_lines(l, file->text);
	else
		klex_stop(l, "out of memory");
	close_blocks(l);
	l->file = outer;
	l->line = outer_line;
	l->file_depth = outer_depth;
}

static void include_one(void *reader, const struct config_file *file)
{
	struct klex *l = reader;
	struct arena scratch = l->scratch; /* of the line that includes */

	if (l->stopped)
		return;
	if (l->n_includes == KLEX_MAX_INCLUDES) {
		klex_stop(l,
			  "files include each other more than %d deep: does '%s' include itself?",
			  KLEX_MAX_INCLUDES, file->path);
		return;
	}
	l->n_includes++;
	arena_init(&l->scratch, SCRATCH_BLOCK_BYTES, KLEX_MAX_EXPANSION_BYTES);
	read_file(l, file);
	arena_fini(&l->scratch);
	l->scratch = scratch;
	l->n_includes--;
}

void klex_include(struct klex *l, const char *pattern, bool checked)
{
	struct config_include include = {.pattern = pattern,
					 .from = l->file,
					 .arena = l->arena,
					 .each = include_one,
					 .reader = l,
					 .error = "no file matches"};

	if (!l->world->include) {
		klex_alert(l, "'include %s': other files cannot be read here", pattern);
		return;
	}
	if (l->world->include(l->world->user, &include))
		return;
	diag_add(l->diags, checked ? DIAG_ALERT : DIAG_WARNING, l->file, l->line,
		 "cannot include '%s' : %s. Correct the name or remove the line.", pattern,
		 include.error);
	check_alerts(l);
}

struct node *lex_keepalived(const struct config_file *file, const struct config_vrrp_world *world,
			    struct arena *a, struct diags *d)
{
	struct klex l = {.arena = a, .diags = d, .world = world, .first_alerts = d->alerts};
	struct node *first = NULL;

	l.open[0].end = &first;
	arena_init(&l.scratch, SCRATCH_BLOCK_BYTES, KLEX_MAX_EXPANSION_BYTES);
	arena_init(&l.values, SCRATCH_BLOCK_BYTES, KLEX_MAX_EXPANSION_BYTES);
	read_file(&l, file);
	arena_fini(&l.scratch);
	arena_fini(&l.values);
	return l.stopped ? NULL : first;
}
