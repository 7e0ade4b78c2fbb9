/* SPDX-License-Identifier: MIT */
/* Converters of text: case, pieces, joining, comparing, replacing. */
#include "rule/expr.h"

#include "rule/regex.h"

enum { BY_FIELD, BY_WORD };
enum { UPPER, LOWER };
enum { TRIM_LEFT, TRIM_RIGHT };

static bool change_case(const struct convert_call *c)
{
	char *p = scratch_take(c->ctx->scratch, c->v->text.len);
	char first = c->converter->variant == LOWER ? 'A' : 'a';

	if (!p)
		return false;
	for (size_t i = 0; i < c->v->text.len; i++) {
		char byte = c->v->text.p[i];

		p[i] = (unsigned char)(byte - first) < 26 ? (char)(byte ^ 0x20) : byte;
	}
	c->v->text.p = p;
	return true;
}

CONVERTER(lower, "lower", NO_ARGUMENTS, VALUE_STR, VALUE_STR, LOWER, change_case, NULL,
	  "letters in lower case");
CONVERTER(upper, "upper", NO_ARGUMENTS, VALUE_STR, VALUE_STR, UPPER, change_case, NULL,
	  "letters in upper case");

static bool measure(const struct convert_call *c)
{
	*c->v = value_of_int((int64_t)c->v->text.len);
	return true;
}

CONVERTER(length, "length", NO_ARGUMENTS, VALUE_STR, VALUE_INT, 0, measure, NULL,
	  "how many bytes it has");

static bool reverse(const struct convert_call *c)
{
	struct span s = c->v->text;
	char *p = scratch_take(c->ctx->scratch, s.len);

	if (!p)
		return false;
	for (size_t i = 0; i < s.len; i++)
		p[i] = s.p[s.len - 1 - i];
	c->v->text.p = p;
	return true;
}

CONVERTER(reverse, "reverse", NO_ARGUMENTS, VALUE_STR, VALUE_STR, 0, reverse, NULL,
	  "its bytes backwards");

static bool check_offset(struct rule_compiler *k, struct argument_value *args)
{
	return (args[0].number >= 0 && (!args[1].type || args[1].number >= 0)) ||
	       compiler_fail(k, "'bytes' expects an offset and a length that are not negative");
}

static bool cut(const struct convert_call *c)
{
	size_t offset = (size_t)c->args[0].number;

	if (offset >= c->v->text.len)
		return false;
	c->v->text = span_slice(c->v->text, offset,
				c->args[1].type ? (size_t)c->args[1].number : c->v->text.len);
	return true;
}

CONVERTER(bytes, "bytes", ARGUMENTS(1, ARGUMENT_INT, ARGUMENT_INT), VALUE_BIN, VALUE_BIN, 0, cut,
	  check_offset, "(OFFSET[,LENGTH]): a part of it");

static bool trim(const struct convert_call *c)
{
	struct span *s = &c->v->text, set = c->args[0].text;

	if (c->converter->variant == TRIM_LEFT) {
		while (s->len && span_find(set, s->p[0]) < set.len)
			*s = span_slice(*s, 1, s->len);
	} else {
		while (s->len && span_find(set, s->p[s->len - 1]) < set.len)
			s->len--;
	}
	return true;
}

CONVERTER(ltrim, "ltrim", ARGUMENTS(1, ARGUMENT_STR), VALUE_STR, VALUE_STR, TRIM_LEFT, trim, NULL,
	  "(CHARACTERS): without those at its beginning");
CONVERTER(rtrim, "rtrim", ARGUMENTS(1, ARGUMENT_STR), VALUE_STR, VALUE_STR, TRIM_RIGHT, trim, NULL,
	  "(CHARACTERS): without those at its end");

/* ---- field and word ---- */

static bool check_part(struct rule_compiler *k, struct argument_value *args)
{
	if (args[0].number == 0)
		return compiler_fail(k, "pieces are counted from 1, or from -1 at the end");
	if (args[1].text.len == 0)
		return compiler_fail(k, "a set of delimiters is missing");
	if (args[2].type && args[2].number < 0)
		return compiler_fail(k, "the number of pieces is not negative");
	args[2].number = args[2].type ? args[2].number : 1;
	return true;
}

static bool is_in(struct span set, char c)
{
	for (size_t i = 0; i < set.len; i++) {
		if (set.p[i] == c)
			return true;
	}
	return false;
}

/* Pieces `first` to `first + count - 1` from the left; count 0: to the end. `words`: delimiters
 * side by side are one, and those at the ends none. p NULL where there are not so many. */
struct cutter {
	struct span set;
	bool words;
	uint64_t count;
};

static struct span cut_left(const struct cutter *k, struct span s, uint64_t first)
{
	size_t at = 0, start = 0, end = 0;
	uint64_t n = 0;

	for (;;) {
		while (k->words && at < s.len && is_in(k->set, s.p[at]))
			at++;
		if (k->words && at == s.len)
			break;
		if (++n == first)
			start = at;
		while (at < s.len && !is_in(k->set, s.p[at]))
			at++;
		end = at;
		if (n >= first && k->count && n - first + 1 == k->count)
			break;
		if (at++ == s.len)
			break;
	}
	if (n < first)
		return SPAN_NONE;
	return span_slice(s, start, (k->count ? end : s.len) - start);
}

/* The same from the right: piece 1 is the last. */
static struct span cut_right(const struct cutter *k, struct span s, uint64_t first)
{
	size_t at = s.len, start = 0, end = 0;
	uint64_t n = 0;

	for (;;) {
		while (k->words && at && is_in(k->set, s.p[at - 1]))
			at--;
		if (k->words && at == 0)
			break;
		if (++n == first)
			end = at;
		while (at && !is_in(k->set, s.p[at - 1]))
			at--;
		start = at;
		if (n >= first && k->count && n - first + 1 == k->count)
			break;
		if (at-- == 0)
			break;
	}
	if (n < first)
		return SPAN_NONE;
	return k->count ? span_slice(s, start, end - start) : span_slice(s, 0, end);
}

static bool take_part(const struct convert_call *c)
{
	struct cutter k = {c->args[1].text, c->converter->variant == BY_WORD,
			   (uint64_t)c->args[2].number};
	int64_t first = c->args[0].number;
	struct span s = first > 0 ? cut_left(&k, c->v->text, (uint64_t)first)
				  : cut_right(&k, c->v->text, (uint64_t)-first);

	/* a word that is not there is empty, a field is none */
	if (!s.p && !k.words)
		return false;
	c->v->text = s.p ? s : SPAN("");
	return true;
}

#define PART ARGUMENTS(2, ARGUMENT_INT, ARGUMENT_STR, ARGUMENT_INT)

CONVERTER(field, "field", PART, VALUE_STR, VALUE_STR, BY_FIELD, take_part, check_part,
	  "(N,DELIMITERS[,COUNT]): the Nth field, from the end where N is negative");
CONVERTER(word, "word", PART, VALUE_STR, VALUE_STR, BY_WORD, take_part, check_part,
	  "(N,DELIMITERS[,COUNT]): the Nth word, from the end where N is negative");

/* ---- joining and comparing ---- */

static bool check_concat(struct rule_compiler *k, struct argument_value *args)
{
	const char *error = NULL;

	if (args[1].text.len == 0) {
		args[1].type = ARGUMENT_NONE;
		return true;
	}
	args[1].type = ARGUMENT_VAR;
	return variable_find(&k->program->variables, k->arena, args[1].text, &args[1].variable,
			     &error) ||
	       compiler_fail(k, "%s", error);
}

static bool concat(const struct convert_call *c)
{
	struct span middle = SPAN(""), all;
	struct buffer b;

	if (c->args[1].type && !argument_text(c->ctx, &c->args[1], &middle))
		middle = SPAN("");
	scratch_open(c->ctx->scratch, &b);
	buffer_add_span(&b, c->v->text);
	buffer_add_span(&b, c->args[0].text);
	buffer_add_span(&b, middle);
	buffer_add_span(&b, c->args[2].text);
	if (!scratch_close(c->ctx->scratch, &b, &all))
		return false;
	c->v->text = all;
	return true;
}

CONVERTER(concat, "concat", ARGUMENTS(0, ARGUMENT_STR, ARGUMENT_STR, ARGUMENT_STR), VALUE_STR,
	  VALUE_STR, 0, concat, check_concat, "([START],[VARIABLE],[END]): those three behind it");

static bool compare(const struct convert_call *c)
{
	struct span a = c->v->text, b;
	size_t common;
	int order;

	if (!argument_text(c->ctx, &c->args[0], &b))
		return false;
	common = a.len < b.len ? a.len : b.len;
	order = common ? memcmp(a.p, b.p, common) : 0;
	if (order == 0)
		order = (a.len > b.len) - (a.len < b.len);
	*c->v = value_of_int(order);
	return true;
}

CONVERTER(strcmp, "strcmp", ARGUMENTS(1, ARGUMENT_VAR), VALUE_STR, VALUE_INT, 0, compare, NULL,
	  "(VARIABLE): below, equal to or above 0, as strcmp");

/* In a time that does not depend on where they differ. */
static bool compare_secure(const struct convert_call *c)
{
	struct span a = c->v->text, b;
	unsigned char differ = 0;

	if (!argument_text(c->ctx, &c->args[0], &b))
		return false;
	for (size_t i = 0; a.len == b.len && i < a.len; i++)
		differ |= (unsigned char)(a.p[i] ^ b.p[i]);
	*c->v = value_of_bool(a.len == b.len && differ == 0);
	return true;
}

CONVERTER(secure_memcmp, "secure_memcmp", ARGUMENTS(1, ARGUMENT_VAR), VALUE_BIN, VALUE_BOOL, 0,
	  compare_secure, NULL, "(VARIABLE): equal, told in constant time");

/* ---- replacing ---- */

static bool check_regsub(struct rule_compiler *k, struct argument_value *args)
{
	struct span flags = args[2].text;
	const char *error = NULL;
	bool nocase = false;

	args[2].number = 0;
	for (size_t i = 0; i < flags.len; i++) {
		if (flags.p[i] == 'i')
			nocase = true;
		else if (flags.p[i] == 'g')
			args[2].number = true;
		else
			return compiler_fail(k, "'regsub' knows the flags 'i' and 'g', not '%.*s'",
					     SPAN_ARG(flags));
	}
	args[0].compiled =
	    regex_compile(&k->program->regexes, k->arena, args[0].text, nocase, &error);
	return args[0].compiled || compiler_fail(k, "%s", error);
}

static bool replace(const struct convert_call *c)
{
	struct span in = c->v->text, out;
	struct regex_match m;
	struct buffer b;
	size_t at = 0;

	scratch_open(c->ctx->scratch, &b);
	while (at <= in.len &&
	       regex_find(c->args[0].compiled, c->ctx->scratch->regex, in, at, &m)) {
		size_t from = (size_t)(m.group[0].p - in.p), to = from + m.group[0].len;

		buffer_add_span(&b, span_slice(in, at, from - at));
		regex_expand(&b, c->args[1].text, &m);
		at = to;
		if (!c->args[2].number)
			break;
		if (m.group[0].len == 0) {
			buffer_add_span(&b, span_slice(in, at, 1));
			at++;
		}
	}
	buffer_add_span(&b, at < in.len ? span_slice(in, at, in.len) : SPAN(""));
	if (!scratch_close(c->ctx->scratch, &b, &out))
		return false;
	c->v->text = out;
	return true;
}

CONVERTER(regsub, "regsub", ARGUMENTS(2, ARGUMENT_STR, ARGUMENT_STR, ARGUMENT_STR), VALUE_STR,
	  VALUE_STR, 0, replace, check_regsub,
	  "(REGEX,TEXT[,FLAGS]): what matches replaced; flags i: of any case, g: all of them");
