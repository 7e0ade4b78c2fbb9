/* SPDX-License-Identifier: MIT */
/*
 * A line of keepalived.conf, expanded already, to statements: words with quotes and escapes, and
 * braces, which open and close blocks wherever they stand outside quotes. Called by klex_expand for
 * each line.
 */
#include "config/lex_keepalived_priv.h"

#include "base/format.h"

struct words {
	struct klex *lexer;
	struct span text;
	size_t at;
	struct buffer out; /* the words, a NUL behind each */
	unsigned int n;
	size_t starts[KLEX_MAX_WORDS];
	bool broken; /* reported already */
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void fail(struct words *w, const char *what)
{
	if (!w->broken)
		klex_alert(w->lexer, "%s in '%.*s'", what,
			   (int)(w->text.len > 200 ? 200 : w->text.len), w->text.p);
	w->broken = true;
}

/* Up to three octal digits or any number of hexadecimal ones (\x41) at s. */
static unsigned int read_digits(struct span s, unsigned int shift, size_t *taken)
{
	size_t most = shift == 3 ? 3 : s.len, i = 0;
	unsigned int value = 0;

	for (; i < most && i < s.len; i++) {
		int digit = format_hex_digit(s.p[i]);

		if (digit < 0 || digit >> shift)
			break;
		value = (value << shift | (unsigned int)digit) & 0xffff;
	}
	*taken = i;
	return value;
}

static void put(struct words *w, unsigned int c)
{
	if (!c || c > 255)
		fail(w, "an escape that stands for no byte (1 to 255)");
	else
		buffer_add_char(&w->out, (char)c);
}

/* At a backslash with a character behind it. */
static void take_escape(struct words *w)
{
	static const char names[] = "abEfnrtv", values[] = "\a\b\x1b\f\n\r\t\v";
	struct span rest = span_slice(w->text, w->at + 1, w->text.len);
	char c = rest.p[0];
	const char *name = strchr(names, c);
	unsigned int value;
	size_t taken;

	if (c == 'x' && rest.len > 1 && format_hex_digit(rest.p[1]) >= 0) {
		value = read_digits(span_slice(rest, 1, rest.len), 4, &taken);
		taken++;
	} else if (c >= '0' && c <= '7') {
		value = read_digits(rest, 3, &taken);
	} else if (c == 'c' && rest.len > 1) {
		value = (unsigned int)rest.p[1] & 0x1f;
		taken = 2;
	} else {
		value = (unsigned char)(name ? values[name - names] : c);
		taken = 1;
	}
	put(w, value);
	w->at += 1 + taken;
}

/* "${NAME}" of a variable that is not defined stays text: its braces open no block. */
static bool take_dollar_braces(struct words *w)
{
	struct span rest = span_slice(w->text, w->at, w->text.len);
	size_t n = rest.len > 2 ? klex_name_length(span_slice(rest, 2, rest.len)) : 0;

	if (!n || rest.p[0] != '$' || rest.p[1] != '{' || rest.len < n + 3 || rest.p[n + 2] != '}')
		return false;
	buffer_add_span(&w->out, span_slice(rest, 0, n + 3));
	w->at += n + 3;
	return true;
}

static bool ends_word(char c)
{
	return is_blank(c) || c == '{' || c == '}';
}

static void take_word(struct words *w)
{
	char quote = '\0';

	if (w->n == KLEX_MAX_WORDS) {
		fail(w, "too many words (at most 256): write them on several lines,");
		w->at = w->text.len;
		return;
	}
	w->starts[w->n++] = w->out.len;
	while (w->at < w->text.len && !w->broken) {
		char c = w->text.p[w->at], was = quote;

		if (!quote && ends_word(c))
			break;
		if (take_dollar_braces(w))
			continue;
		if (span_starts_with(span_slice(w->text, w->at, 10), SPAN("${_RANDOM"))) {
			fail(w, "${_RANDOM}: a file must read the same each time; write a number");
			break;
		}
		if (c == '\\' && w->at + 1 < w->text.len) {
			take_escape(w);
			continue;
		}
		w->at += klex_step(w->text, w->at, &quote);
		if (quote == was)
			buffer_add_char(&w->out, c);
	}
	if (quote)
		fail(w, "a quote that is not closed");
	buffer_add_char(&w->out, '\0');
}

/* The words so far as a statement at the end of the block at hand; NULL when out of memory. */
static struct node *add_statement(struct words *w)
{
	struct klex *l = w->lexer;
	struct node *n = ARENA_NEW(l->arena, struct node);
	struct span *words = arena_array(l->arena, w->n, sizeof(*words));
	char *text = arena_bytes(l->arena, w->out.len);

	if (!n || !words || !text || w->out.failed) {
		klex_stop(l, "out of memory");
		return NULL;
	}
	memcpy(text, w->out.p, w->out.len);
	for (unsigned int i = 0; i < w->n; i++) {
		size_t end = i + 1 < w->n ? w->starts[i + 1] : w->out.len;

		words[i] = span_make(text + w->starts[i], end - w->starts[i] - 1);
	}
	*n = (struct node){.file = l->file, .line = l->line, .n_words = w->n, .words = words};
	*l->open[l->depth].end = n;
	l->open[l->depth].end = &n->next;
	return n;
}

static bool take_include(struct klex *l, const struct node *n)
{
	static const char *const names[] = {"include",  "includer", "includem",
					    "includew", "includeb", "includea"};

	for (size_t i = 0; i < array_size(names); i++) {
		if (!node_word_is(n, 0, names[i]))
			continue;
		if (n->n_words != 2)
			klex_alert(l, "'%s' wants one word, the file or pattern", names[i]);
		else
			klex_include(l, n->words[1].p, i > 0);
		return true;
	}
	return false;
}

/* At the end of a line or at a brace. */
static void end_statement(struct words *w)
{
	struct klex *l = w->lexer;
	struct node **place = l->open[l->depth].end, *n = NULL;

	if (!w->n)
		return;
	if (!w->broken && !l->too_deep)
		n = add_statement(w);
	if (n && take_include(l, n)) {
		/* Its own node goes, what it brought stays. */
		*place = n->next;
		if (l->open[l->depth].end == &n->next)
			l->open[l->depth].end = place;
		n = NULL;
	}
	l->last = n;
	w->n = 0;
	buffer_clear(&w->out);
}

static void open_block(struct words *w)
{
	struct klex *l = w->lexer;
	struct node *n;

	end_statement(w);
	n = l->last;
	l->last = NULL;
	if (l->too_deep || l->depth == KLEX_MAX_DEPTH) {
		if (!l->too_deep++)
			klex_alert(l, "braces more than %d deep: a '}' is missing above",
				   KLEX_MAX_DEPTH);
		return;
	}
	if (!n) {
		klex_alert(l, "a '{' with no word before it: write what the block is, or remove "
			      "both braces");
		l->too_deep++;
		return;
	}
	n->is_block = true;
	l->open[++l->depth] = (struct klex_open){n, &n->children};
}

static void close_block(struct words *w)
{
	struct klex *l = w->lexer;

	end_statement(w);
	l->last = NULL;
	if (l->too_deep)
		l->too_deep--;
	else if (l->depth > l->file_depth)
		l->depth--;
	else
		klex_alert(l, "a '}' too many: no block is open here. Remove it.");
}

void klex_emit(struct klex *l, struct span text)
{
	struct words w = {.lexer = l, .text = text};

	if (++l->n_lines > KLEX_MAX_LINES) {
		klex_stop(l, "more than %d lines, after all definitions are put in",
			  KLEX_MAX_LINES);
		return;
	}
	buffer_init(&w.out, 2 * KLEX_MAX_LINE_BYTES);
	while (w.at < text.len && !l->stopped) {
		char c = text.p[w.at];

		if (c == '{' || c == '}') {
			w.at++;
			(c == '{' ? open_block : close_block)(&w);
		} else if (is_blank(c)) {
			w.at++;
		} else {
			take_word(&w);
		}
	}
	end_statement(&w);
	buffer_fini(&w.out);
}
