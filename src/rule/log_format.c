/* SPDX-License-Identifier: MIT */
/*
 * Log formats: compiled once into a list of pieces (literal text or an alias, each perhaps with a
 * blank before it), written by one walk over them straight into the caller's buffer. A run of
 * blanks in the format is one blank in the line, and one beside an alias that writes nothing (%hr
 * without captures) is left out, as in haproxy. The aliases are in log_alias.c and
 * log_alias_text.c.
 */
#include "rule/log_format.h"

#include "rule/expr.h"
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

/* Up to eight bytes of text, then an alias or an expression. */
struct piece {
	char lead[LEAD_BYTES];
	union {
		/* the alias's, or one that writes nothing */
		char *(*write)(char *at, char *end, const struct log_record *r, unsigned int flags);
		const struct expr *expr; /* BLANK_EXPRESSION */
	};
	uint8_t lead_bytes, flags, traits;
	uint8_t blank; /* BLANK_*, only where aliases that may be empty are near: all other blanks
			  are text */
};

enum {
	BLANK_BEFORE = 1,     /* one before the lead, unless the line ends with one already */
	BLANK_IN_LEAD = 2,    /* the lead ends with a blank, which may be the one that others leave
				 out */
	BLANK_EXPRESSION = 4, /* no blank at all: an expression stands behind the lead */
};

struct log_format {
	bool needs_end, has_aliases, has_expressions, http;
	struct span literal;   /* all there is, without aliases and expressions; p NULL else */
	const char *http_only; /* the first alias that is not for mode tcp, or NULL */
	unsigned int n;
	struct piece pieces[];
};

/* ---- compiling ---- */

struct compiler {
	struct rule_compiler *k;
	struct span rest;
	struct log_format *format;
	unsigned int flags; /* those of %o */
	struct piece next;  /* its lead is being filled */
	bool unsure;        /* what was written last may be nothing: also at the start */
};

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
	p->flags = (uint8_t)(flags | (k->format->http ? LOG_BARE : 0));
	if (may_be_empty && p->lead_bytes && p->lead[p->lead_bytes - 1] == ' ')
		p->blank |= BLANK_IN_LEAD;
	k->format->pieces[k->format->n++] = *p;
	k->next = (struct piece){.write = write_nothing};
	k->unsure = may_be_empty && !k->format->http;
	if (!alias)
		return;
	k->format->has_aliases = true;
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
		return compiler_fail(k->k, "a '{' behind '%%' has no '}'");
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
			return compiler_fail(k->k,
					     "no such flag '%.*s', write a list of '+Q', '+X' and "
					     "'+E' (or with '-')",
					     SPAN_ARG(word));
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
		return compiler_fail(k->k,
				     "no such format variable '%%%.*s'. If you wanted to emit the "
				     "'%%' character verbatim, you need to use '%%%%'",
				     SPAN_ARG(name));
	end_piece(k, alias, flags);
	return true;
}

/* Behind the '['. */
static bool take_expression(struct compiler *k, unsigned int flags)
{
	struct span start = k->rest;
	struct expr *e = expr_compile_prefix(k->k, &k->rest);

	if (!e)
		return false;
	if (!span_starts_with(k->rest, SPAN("]")))
		return compiler_fail(k->k, "missing ']' after '%.*s'",
				     (int)(start.len - k->rest.len), start.p);
	(void)take(k);
	if (!expr_is_possible(k->k, e))
		return false;
	if (expr_needs(e) & NEEDS_END)
		k->format->needs_end = true;
	k->next.expr = e;
	k->next.flags = (uint8_t)flags;
	k->next.blank |= BLANK_EXPRESSION;
	k->format->pieces[k->format->n++] = k->next;
	k->next = (struct piece){.write = write_nothing};
	k->format->has_expressions = true;
	k->unsure = false;
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
	if (k->rest.len && k->rest.p[0] == '[') {
		(void)take(k);
		return take_expression(k, flags);
	}
	return take_name(k, flags);
}

/* All pieces are text. */
static bool keep_literal(struct compiler *k)
{
	struct log_format *f = k->format;
	char *p;
	size_t n = 0;

	if (f->has_aliases || f->has_expressions)
		return true;
	p = arena_bytes(k->k->arena, (size_t)f->n * LEAD_BYTES + 1);
	if (!p)
		return compiler_fail(k->k, "out of memory");
	for (unsigned int i = 0; i < f->n; i++) {
		memcpy(p + n, f->pieces[i].lead, f->pieces[i].lead_bytes);
		n += f->pieces[i].lead_bytes;
	}
	f->literal = span_make(p, n);
	return true;
}

struct log_format *log_format_compile(struct rule_compiler *compiler, struct span format,
				      enum log_format_use use)
{
	struct compiler k = {.k = compiler, .rest = format, .next = {.write = write_nothing}};

	if (format.len > MAX_FORMAT_BYTES) {
		compiler_fail(compiler, "the format is too long");
		return NULL;
	}
	k.format = compiler_alloc(compiler, sizeof(*k.format) +
						(format.len + 1) * sizeof(k.format->pieces[0]));
	if (!k.format)
		return NULL;
	k.format->http = use == LOG_FORMAT_HTTP;
	k.unsure = use == LOG_FORMAT_LINE;
	while (k.rest.len) {
		if (k.rest.p[0] == ' ' && !k.format->http) {
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
	return keep_literal(&k) ? k.format : NULL;
}

bool log_format_has_expressions(const struct log_format *f)
{
	return f->has_expressions;
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

/* Text of a rule: only what would end its line is encoded. */
static char *put_http(char *at, char *end, struct span s)
{
	size_t plain = 0;

	while (plain < s.len && s.p[plain] != '\r' && s.p[plain] != '\n')
		plain++;
	at = log_put(at, end, s.p, plain);
	for (size_t i = plain; i < s.len; i++) {
		char c = s.p[i];

		if (likely(c != '\r' && c != '\n')) {
			at = log_put_char(at, end, c);
			continue;
		}
		at = log_put_char(at, end, '%');
		at = log_put_char(at, end, '0');
		at = log_put_char(at, end, c == '\r' ? 'D' : 'A');
	}
	return at;
}

static char *write_expression(const struct log_format *f, const struct piece *p, char *at,
			      char *end, const struct log_record *r)
{
	const struct rule_context *ctx = r->context;
	struct value v = {.text = SPAN_NONE};
	size_t mark = ctx ? scratch_mark(ctx->scratch) : 0;

	at = log_put(at, end, p->lead, p->lead_bytes);
	if (!ctx || !expr_evaluate_as(p->expr, ctx, VALUE_STR, &v))
		v.text = SPAN("");
	at = f->http ? put_http(at, end, v.text) : log_put_strange(at, end, v.text, p->flags);
	if (ctx)
		scratch_release(ctx->scratch, mark);
	return at;
}

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
			if (p->blank & BLANK_EXPRESSION) {
				at = write_expression(f, p, at, end, r);
				continue;
			}
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

/* What is written stands in the first half of what is left of the scratch memory: expressions use
 * the rest. */
bool log_format_build(const struct log_format *f, const struct rule_context *ctx, struct span *out)
{
	struct scratch *s = ctx->scratch;
	size_t room = (s->cap - s->at) / 2, mark = scratch_mark(s);
	struct log_record r;
	char *p, *end;

	if (f->literal.p) {
		*out = f->literal;
		return true;
	}
	p = scratch_take(s, room);
	if (f->has_aliases) {
		memset(&r, 0, sizeof(r));
		if (ctx->world && ctx->world->fill_record)
			ctx->world->fill_record(ctx->owner, &r);
	}
	r.context = ctx;
	end = write_pieces(f, &r, p, p + room);
	*out = span_make(p, (size_t)(end - p));
	scratch_release(s, mark + out->len);
	return end < p + room;
}
