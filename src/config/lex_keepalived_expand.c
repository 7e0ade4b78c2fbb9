/* SPDX-License-Identifier: MIT */
/*
 * From a line of keepalived.conf to the lines it stands for: conditions (@NAME), definitions
 * ($A=…), their use, ~SEQ and ~LST. Each of those may bring the others, so a line is looked at
 * again after every step, until nothing is left to do; nesting, bytes and lines are bounded.
 */
#include "config/lex_keepalived_priv.h"

#include "base/format.h"

#include <stdio.h>

static void expand(struct klex *l, struct span text);

static bool is_name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

size_t klex_name_length(struct span text)
{
	size_t n = 0;

	while (n < text.len && is_name_char(text.p[n], n == 0))
		n++;
	return n;
}

size_t klex_define_length(struct span text)
{
	size_t n;

	if (text.len < 3 || text.p[0] != '$')
		return 0;
	n = klex_name_length(span_slice(text, 1, text.len));
	return n && n + 1 < text.len && text.p[n + 1] == '=' ? n + 2 : 0;
}

bool klex_condition(const struct klex *l, struct span *text)
{
	bool negated = text->len > 1 && text->p[1] == '^', same;
	struct span name;
	size_t end = 0;

	if (!text->len || text->p[0] != '@')
		return true;
	while (end < text->len && !is_blank(text->p[end]))
		end++;
	name = span_slice(*text, negated ? 2 : 1, end - (negated ? 2 : 1));
	*text = span_trim(span_slice(*text, end, text->len));
	same = l->world->config_id && span_equal(name, span_of(l->world->config_id));
	return same != negated;
}

static struct klex_define *find_define(const struct klex *l, struct span name)
{
	for (struct klex_define *d = l->defines; d; d = d->next) {
		if (span_equal(d->name, name))
			return d;
	}
	return NULL;
}

/* Bytes of an expansion, or NULL where there have been too many. */
static char *take_bytes(struct klex *l, struct arena *from, size_t n)
{
	char *p = NULL;

	l->expanded_bytes += n;
	if (l->expanded_bytes <= KLEX_MAX_EXPANSION_BYTES)
		p = arena_bytes(from, n ? n : 1);
	if (!p)
		klex_stop(l, "definitions expand past %u MB: does one use itself?",
			  KLEX_MAX_EXPANSION_BYTES >> 20);
	return p;
}

static bool set_define(struct klex *l, struct span name, struct span value)
{
	struct klex_define *d = find_define(l, name);
	char *p = take_bytes(l, &l->values, name.len + value.len);

	if (!p)
		return false;
	memcpy(p, name.p, name.len);
	if (value.len)
		memcpy(p + name.len, value.p, value.len);
	if (!d) {
		d = ARENA_NEW(&l->values, struct klex_define);
		if (!d) {
			klex_stop(l, "out of memory");
			return false;
		}
		d->next = l->defines;
		l->defines = d;
	}
	d->name = span_make(p, name.len);
	d->value = span_make(p + name.len, value.len);
	return true;
}

static void define(struct klex *l, struct span text, size_t head)
{
	struct span name = span_slice(text, 1, head - 2);
	struct span value = span_trim(span_slice(text, head, text.len));

	if (name.p[0] == '_')
		klex_alert(l,
			   "'$%.*s=': names that begin with '_' are keepalived's own; take "
			   "another one",
			   SPAN_ARG(name));
	else
		set_define(l, name, span_trim(value));
}

/* The folder of the file at hand. */
static struct span folder(const struct klex *l)
{
	const char *slash = strrchr(l->file, '/');

	if (!slash)
		return SPAN(".");
	return span_make(l->file, slash == l->file ? 1 : (size_t)(slash - l->file));
}

static bool predefined(const struct klex *l, struct span name, struct span *value)
{
	if (span_equal(name, SPAN("_PWD")))
		*value = folder(l);
	else if (span_equal(name, SPAN("_INSTANCE")))
		*value = span_of(l->world->config_id ? l->world->config_id : "");
	else if (span_equal(name, SPAN("_HASH")))
		*value = SPAN("#");
	else if (span_equal(name, SPAN("_BANG")))
		*value = SPAN("!");
	else
		return false;
	return true;
}

/* The variable that begins at `at`, if it is defined: how many bytes it takes, 0: none. */
static size_t find_use(const struct klex *l, struct span text, size_t at, struct span *value)
{
	struct span rest = span_slice(text, at + 1, text.len), name;
	bool braces = rest.len && rest.p[0] == '{';
	const struct klex_define *d;
	size_t n;

	if (braces)
		rest = span_slice(rest, 1, rest.len);
	n = klex_name_length(rest);
	name = span_slice(rest, 0, n);
	if (!n ||
	    (braces ? n == rest.len || rest.p[n] != '}' : n < rest.len && !is_blank(rest.p[n])))
		return 0;
	d = find_define(l, name);
	if (d)
		*value = d->value;
	else if (!predefined(l, name, value))
		return 0;
	return 1 + n + (braces ? 2 : 0);
}

/* Puts the first defined variable from *at on in; false where there is none. */
static bool substitute(struct klex *l, struct span *text, size_t *at)
{
	for (; *at < text->len; (*at)++) {
		struct span value;
		size_t taken, n;
		char *p;

		if (text->p[*at] == '\\') {
			(*at)++;
			continue;
		}
		taken = text->p[*at] == '$' ? find_use(l, *text, *at, &value) : 0;
		if (!taken)
			continue;
		n = text->len - taken + value.len;
		p = take_bytes(l, &l->scratch, n);
		if (!p || l->stopped)
			return false;
		memcpy(p, text->p, *at);
		if (value.len)
			memcpy(p + *at, value.p, value.len);
		memcpy(p + *at + value.len, text->p + *at + taken, text->len - *at - taken);
		*text = span_make(p, n);
		return true;
	}
	return false;
}

/* Puts all variables in. False past a limit. */
static bool substitute_all(struct klex *l, struct span *text)
{
	size_t at = 0;

	for (unsigned int i = 0; substitute(l, text, &at); i++) {
		if (i == 1000 || text->len > KLEX_MAX_LINE_BYTES) {
			klex_stop(l, "definitions expand without end: does one use itself?");
			return false;
		}
	}
	return !l->stopped;
}

/* "12", "-3", "0x1f". */
static bool parse_number(struct span s, int64_t *out)
{
	bool negative = s.len && s.p[0] == '-';
	uint64_t value = 0;

	if (negative)
		s = span_slice(s, 1, s.len);
	if (span_starts_with_nocase(s, SPAN("0x"))) {
		if (s.len == 2 || s.len > 10)
			return false;
		for (size_t i = 2; i < s.len; i++) {
			int digit = format_hex_digit(s.p[i]);

			if (digit < 0)
				return false;
			value = value << 4 | (unsigned int)digit;
		}
	} else if (!span_to_u64(s, INT32_MAX, &value)) {
		return false;
	}
	*out = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

/* The next argument, up to a comma outside braces. */
static struct span next_argument(struct span *rest)
{
	struct span whole = *rest;
	unsigned int braces = 0;
	size_t i = 0;

	for (; i < whole.len && (braces || whole.p[i] != ','); i++)
		braces += whole.p[i] == '{' ? 1 : whole.p[i] == '}' && braces ? UINT32_MAX : 0;
	*rest = i < whole.len ? span_slice(whole, i + 1, whole.len) : SPAN_NONE;
	return span_trim(span_slice(whole, 0, i));
}

static void set_number(struct klex *l, struct span name, int64_t value, bool hex)
{
	char text[24];
	int n = snprintf(text, sizeof(text), hex ? "%s%llx" : "%s%llu", value < 0 ? "-" : "",
			 (unsigned long long)(value < 0 ? -value : value));

	set_define(l, name, span_make(text, (size_t)n));
}

/* ~SEQ(var, [start, [step,]] end) */
static void sequence(struct klex *l, struct span arguments, struct span line, bool hex)
{
	struct span name = next_argument(&arguments);
	int64_t v[3], start, step, end;
	unsigned int n = 0;

	while (arguments.p && n < 3 && parse_number(next_argument(&arguments), &v[n]))
		n++;
	if (!n || arguments.p || !name.len || klex_name_length(name) != name.len ||
	    (n == 3 && !v[1])) {
		klex_alert(l, "~SEQ wants (NAME, [START, [STEP,]] END), numbers with a step that "
			      "is not 0");
		return;
	}
	end = v[n - 1];
	start = n > 1 ? v[0] : end < 0 ? -1 : 1;
	step = n == 3 ? v[1] : end < start ? -1 : 1;
	for (int64_t i = start; step > 0 ? i <= end : i >= end; i += step) {
		if (l->stopped)
			return;
		set_number(l, name, i, hex);
		expand(l, line);
	}
}

/* "{a, b}" without its braces; anything else stays as it is. */
static struct span inside_braces(struct span s)
{
	if (s.len >= 2 && s.p[0] == '{' && s.p[s.len - 1] == '}')
		return span_slice(s, 1, s.len - 2);
	return s;
}

static bool set_names(struct klex *l, struct span names, struct span values)
{
	bool several = names.len && names.p[0] == '{';

	names = inside_braces(names);
	if (several)
		values = inside_braces(values);
	while (names.p) {
		struct span name = several ? next_argument(&names) : names;
		struct span value = several && values.p ? next_argument(&values) : values;

		if (!name.len || klex_name_length(name) != name.len)
			return false;
		set_define(l, name, value);
		if (!several)
			break;
	}
	return true;
}

/* ~LST(var, a, b), ~LST({var, other}, {a, b}, {c, d}) */
static void list(struct klex *l, struct span arguments, struct span line)
{
	struct span names = next_argument(&arguments);

	if (!arguments.p)
		klex_alert(l, "~LST wants (NAME, VALUE, ...)");
	while (arguments.p && !l->stopped) {
		if (!set_names(l, names, next_argument(&arguments))) {
			klex_alert(l, "~LST wants (NAME, VALUE, ...), a name of letters, digits "
				      "and '_'");
			return;
		}
		expand(l, line);
	}
}

/* "~SEQ(…) line" and "~LST(…) line"; false where the text is neither. */
static bool repeat(struct klex *l, struct span text)
{
	bool hex = span_starts_with(text, SPAN("~SEQx("));
	bool seq = hex || span_starts_with(text, SPAN("~SEQ("));
	size_t from = hex ? 6 : 5, end = span_find(text, ')');
	struct span arguments;

	if (!seq && !span_starts_with(text, SPAN("~LST(")))
		return false;
	if (end == text.len) {
		klex_alert(l, "'%.4s(' without its ')'", text.p);
		return true;
	}
	arguments = span_slice(text, from, end - from);
	text = span_slice(text, end + 1, text.len);
	if (!substitute_all(l, &arguments))
		return true;
	if (seq)
		sequence(l, arguments, text, hex);
	else
		list(l, arguments, text);
	return true;
}

/* Each line of a value of several. */
static void expand_each(struct klex *l, struct span text)
{
	while (text.p && !l->stopped)
		expand(l, span_split(&text, '\n'));
}

static void expand_line(struct klex *l, struct span text)
{
	size_t at, head;

	for (unsigned int i = 0; !l->stopped; i++) {
		text = span_trim(text);
		if (!klex_condition(l, &text))
			return;
		head = klex_define_length(text);
		if (head) {
			define(l, text, head);
			return;
		}
		if (repeat(l, text))
			return;
		if (i == 1000 || text.len > KLEX_MAX_LINE_BYTES) {
			klex_stop(l, "definitions expand without end: does one use itself?");
			return;
		}
		at = 0;
		if (!substitute(l, &text, &at))
			break;
		if (span_find(text, '\n') < text.len) {
			expand_each(l, text);
			return;
		}
	}
	if (text.len && !l->stopped)
		klex_emit(l, text);
}

static void expand(struct klex *l, struct span text)
{
	if (l->nesting == KLEX_MAX_NESTING) {
		klex_stop(l, "definitions nest more than %d deep: does one use itself?",
			  KLEX_MAX_NESTING);
		return;
	}
	l->nesting++;
	expand_line(l, text);
	l->nesting--;
}

void klex_expand(struct klex *l, struct span text)
{
	expand(l, text);
}
