/* SPDX-License-Identifier: MIT */
/*
 * Log formats: compiled once into a list of pieces (literal text or an alias, each perhaps with a
 * blank before it), written by one walk over them straight into the caller's buffer. A run of
 * blanks in the format is one blank in the line, and one beside an alias that writes nothing (%hr
 * without captures) is left out, as in haproxy. The aliases are in log_alias.c and
 * log_alias_text.c.
 */
#include "rule/log_format.h"

#include "rule/log_alias.h"

#include "base/format.h"

#define MAX_FORMAT_BYTES 65536

const char log_format_http[] = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc "
			       "%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs "
			       "%{+Q}r";
const char log_format_tcp[] =
    "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";
const char log_format_clf[] = "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR "
			      "%Tw %Tc %Tr %Ta %tsc %ac %fc %bc "
			      "%sc %rc %sq %bq %CC %CS %hrl %hsl";
const char log_format_default[] = "Connect from %ci:%cp to %fi:%fp (%f/%mode)";

#define LEAD_BYTES 8

/* Up to eight bytes of text, then an alias. */
struct piece {
	char lead[LEAD_BYTES];
	char *(*write)(char *at, char *end, const struct log_record *r,
		       unsigned int flags); /* the
					       alias's,
					       or
					       one
					       that
					       writes
					       nothing
					     */
	uint8_t lead_bytes, flags, traits;
	uint8_t blank; /* BLANK_*, only where aliases that may be empty are near: all other blanks
			  are text */
};

enum {
	BLANK_BEFORE = 1, /* one before the lead, unless the line ends with one already */
	BLANK_IN_LEAD = 2 /* the lead ends with a blank, which may be the one that others leave out
			   */
};

struct log_format {
	bool needs_end;
	const char *http_only; /* the first alias that is not for mode tcp, or NULL */
	unsigned int n;
	struct piece pieces[];
};

/* ---- compiling ---- */

struct compiler {
	struct span rest;
	struct arena *arena;
	const char **error;
	struct log_format *format;
	unsigned int flags; /* those of %o */
	struct piece next;  /* its lead is being filled */
	bool unsure;        /* what was written last may be nothing: also at the start */
};

static bool fail(struct compiler *k, const char *text)
{
	*k->error = text ? text : "out of memory";
	return false;
}

static char take(struct compiler *k)
{
	char c = k->rest.p[0];

	k->rest = span_slice(k->rest, 1, k->rest.len);
	return c;
}

static char *write_nothing(char *at, char *end, const struct log_record *r, unsigned int flags)
{
	(void)end, (void)r, (void)flags;
	return at;
}

static void end_piece(struct compiler *k, const struct log_alias *alias, unsigned int flags)
{
	struct piece *p = &k->next;
	bool may_be_empty = !alias || alias->traits & LOG_MAY_BE_EMPTY;

	p->write = alias ? alias->write : write_nothing;
	p->traits = alias ? (uint8_t)alias->traits : 0;
	p->flags = (uint8_t)flags;
	if (may_be_empty && p->lead_bytes && p->lead[p->lead_bytes - 1] == ' ')
		p->blank |= BLANK_IN_LEAD;
	k->format->pieces[k->format->n++] = *p;
	k->next = (struct piece){.write = write_nothing};
	k->unsure = may_be_empty;
	if (!alias)
		return;
	if (alias->traits & LOG_AT_END)
		k->format->needs_end = true;
	if (alias->traits & LOG_HTTP_ONLY && !k->format->http_only)
		k->format->http_only = alias->name;
}

static void add_char(struct compiler *k, char c)
{
	if (k->next.lead_bytes == LEAD_BYTES)
		end_piece(k, NULL, 0);
	k->next.lead[k->next.lead_bytes++] = c;
	k->unsure = false;
}

/* A run of blanks is one. */
static void take_blanks(struct compiler *k)
{
	while (k->rest.len && k->rest.p[0] == ' ')
		(void)take(k);
	if (k->unsure)
		k->next.blank |= BLANK_BEFORE;
	else
		add_char(k, ' ');
}

/* "+Q,-X" inside the braces. */
static bool take_flags(struct compiler *k, unsigned int *flags)
{
	size_t end = span_find(k->rest, '}');
	struct span list = span_slice(k->rest, 0, end);

	if (end == k->rest.len)
		return fail(k, "a '{' behind '%' has no '}'");
	k->rest = span_slice(k->rest, end + 1, k->rest.len);
	while (list.p) {
		struct span word = span_split(&list, ',');
		unsigned int bit = 0;

		if (word.len == 2 && word.p[1] == 'Q')
			bit = LOG_QUOTED;
		else if (word.len == 2 && word.p[1] == 'X')
			bit = LOG_HEX;
		else if (word.len == 2 && word.p[1] == 'E')
			bit = LOG_ESCAPED;
		if (word.len != 2 || (word.p[0] != '+' && word.p[0] != '-') ||
		    (!bit && word.p[1] != 'M'))
			return fail(k, arena_printf(k->arena,
						    "no such flag '%.*s', write a list of '+Q', "
						    "'+X' and '+E' (or with '-')",
						    SPAN_ARG(word)));
		*flags = word.p[0] == '+' ? *flags | bit : *flags & ~bit;
	}
	return true;
}

static const struct log_alias *find_alias(struct span name)
{
	FAMILY_EACH(log_alias, it) {
		if (span_equal(name, span_of((*it)->name)))
			return *it;
	}
	return NULL;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool take_name(struct compiler *k, unsigned int flags)
{
	struct span name = {k->rest.p, 0};
	const struct log_alias *alias;

	while (k->rest.len && is_letter(k->rest.p[0])) {
		(void)take(k);
		name.len++;
	}
	if (span_equal(name, SPAN("o"))) {
		k->flags = flags;
		return true;
	}
	alias = find_alias(name);
	if (!alias)
		return fail(k, arena_printf(k->arena,
					    "no such format variable '%%%.*s'. If you wanted to "
					    "emit the '%%' character verbatim, you "
					    "need to use '%%%%'",
					    SPAN_ARG(name)));
	end_piece(k, alias, flags);
	return true;
}

static bool take_alias(struct compiler *k)
{
	unsigned int flags = k->flags;

	(void)take(k);
	if (k->rest.len && k->rest.p[0] == '{') {
		(void)take(k);
		if (!take_flags(k, &flags))
			return false;
	}
	if (k->rest.len && k->rest.p[0] == '[')
		return fail(k, "an expression '%[...]' comes with the rule language, which halb "
			       "does not have yet; use the two-letter "
			       "variables such as %ci");
	return take_name(k, flags);
}

struct log_format *log_format_compile(struct span format, struct arena *a, const char **error)
{
	struct compiler k = {.rest = format, .arena = a, .error = error, .unsure = true};

	*error = NULL;
	if (format.len > MAX_FORMAT_BYTES) {
		*error = "the format is too long";
		return NULL;
	}
	k.format =
	    arena_alloc(a, sizeof(*k.format) + (format.len + 1) * sizeof(k.format->pieces[0]));
	if (!k.format) {
		*error = "out of memory";
		return NULL;
	}
	while (k.rest.len) {
		if (k.rest.p[0] == ' ') {
			take_blanks(&k);
		} else if (k.rest.p[0] != '%') {
			add_char(&k, take(&k));
		} else if (k.rest.len > 1 && k.rest.p[1] == '%') {
			(void)take(&k);
			add_char(&k, take(&k));
		} else if (!take_alias(&k)) {
			return NULL;
		}
	}
	if (k.next.lead_bytes || k.next.blank)
		end_piece(&k, NULL, 0);
	return k.format;
}

bool log_format_needs_end(const struct log_format *f)
{
	return f->needs_end;
}

const char *log_format_http_only(const struct log_format *f)
{
	return f->http_only;
}

/* ---- writing ---- */

/* A piece where the room is short: what does not fit is cut off. */
static char *write_tightly(const struct piece *p, char *at, char *end, const struct log_record *r)
{
	char text[LOG_ROOM];

	at = log_put(at, end, p->lead, p->lead_bytes);
	if (p->traits & LOG_ANY_LENGTH)
		return p->write(at, end, r, p->flags);
	return log_put(at, end, text,
		       (size_t)(p->write(text, text + sizeof(text), r, p->flags) - text));
}

/* Returns where the line ends: at `end` where it was cut, or just fits. */
static char *write_pieces(const struct log_format *f, const struct log_record *r, char *at,
			  char *end)
{
	const char *after_blank = at; /* where the line ended when it last ended with a blank, or
					 began */
	const char *tight = end - at > LEAD_BYTES + LOG_ROOM ? end - (LEAD_BYTES + LOG_ROOM) : at;

	for (const struct piece *p = f->pieces, *last = p + f->n; p != last; p++) {
		if (unlikely(p->blank)) {
			if (p->blank & BLANK_BEFORE && at != after_blank)
				after_blank = at = log_put_char(at, end, ' ');
			if (p->blank & BLANK_IN_LEAD)
				after_blank = at + p->lead_bytes;
		}
		if (unlikely(at >= tight)) {
			at = write_tightly(p, at, end, r);
			continue;
		}
		memcpy(at, p->lead, LEAD_BYTES);
		at = p->write(at + p->lead_bytes, end, r, p->flags);
	}
	return at;
}

/* More room in a buffer that is full; false where it is fixed or has reached its limit. */
static bool grow(struct buffer *out)
{
	size_t len = out->len, cap = out->cap;

	if (out->borrowed)
		return false;
	buffer_add_char(out, ' ');
	out->len = len;
	return out->cap > cap;
}

void log_format_write(const struct log_format *f, const struct log_record *r, struct buffer *out)
{
	size_t start = out->len;

	if (out->failed)
		return;
	do {
		if (out->p)
			out->len = (size_t)(write_pieces(f, r, out->p + start, out->p + out->cap) -
					    out->p);
	} while (out->len == out->cap && grow(out));
	/* A line that was cut is one all the same; one that found no room at all is none. */
	if (out->len > start)
		out->failed = false;
}
