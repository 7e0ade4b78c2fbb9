/* SPDX-License-Identifier: MIT */
/*
 * Variables of the environment in a configuration: $NAME, ${NAME}, ${NAME-default} and, in a line's
 * double quotes,
 * ${NAME[*]}, which makes a word of each word of the value. ${.FILE}, ${.LINE} and ${.SECTION} name
 * the place. The environment itself is the caller's: struct config_world answers.
 */
#include "config/lex_priv.h"

struct reference {
	struct span name, fallback; /* fallback.p NULL: none */
	bool split;
	size_t len; /* of the whole, with its dollar */
	const char *error;
	size_t error_at;
};

static bool is_name(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

static struct reference broken(struct reference r, size_t at, const char *error)
{
	r.error = error;
	r.error_at = at;
	return r;
}

static char char_at(struct span s, size_t at)
{
	return at < s.len ? s.p[at] : '\0';
}

/* What stands behind the name inside braces. */
static struct reference parse_braces(struct span text, size_t at, struct reference r)
{
	if (char_at(text, at) == '[') {
		if (!span_starts_with(span_slice(text, at, 3), SPAN("[*]")))
			return broken(
			    r, at,
			    "only '[*]' may follow an environment variable's name in brackets");
		r.split = true;
		at += 3;
	}
	if (char_at(text, at) == '-') {
		size_t len = span_find(span_slice(text, at, text.len), '}');

		r.fallback = span_slice(text, at + 1, len - 1);
		at += len;
	}
	if (char_at(text, at) != '}')
		return broken(r, 1, "unmatched brace in environment variable name");
	r.len = at + 1;
	return r;
}

/* `text` begins with a dollar. */
static struct reference parse_reference(struct span text)
{
	struct reference r = {0};
	bool braces = char_at(text, 1) == '{';
	size_t start = braces ? 2 : 1, at = start;

	if (braces && char_at(text, at) == '.')
		at++;
	if (!is_name(char_at(text, at), true))
		return broken(r, at, "forbidden first char in environment variable name");
	while (is_name(char_at(text, at), false))
		at++;
	r.name = span_slice(text, start, at - start);
	r.len = at;
	return braces ? parse_braces(text, at, r) : r;
}

/* The value as text; `place` holds the name or the number that is made. NULL: not set. */
static const char *value_of(const struct config_world *world, const struct lexer *l,
			    struct span name, char place[256])
{
	if (name.len >= 256)
		return NULL;
	if (l && span_equal(name, SPAN(".FILE")))
		return l->file;
	if (l && span_equal(name, SPAN(".SECTION")))
		return l->section;
	if (l && span_equal(name, SPAN(".LINE"))) {
		struct buffer number;

		buffer_init_fixed(&number, place, 256);
		buffer_add_i64(&number, l->line);
		return buffer_text(&number);
	}
	memcpy(place, name.p, name.len);
	place[name.len] = '\0';
	return world->get_env ? world->get_env(world->user, place) : NULL;
}

static void put_value(struct scan *s, struct span value, bool split)
{
	for (size_t i = 0; i < value.len; i++) {
		if (split && (value.p[i] == ' ' || value.p[i] == '\t'))
			scan_end_word(s);
		else
			scan_put(s, value.p[i]);
	}
}

void scan_variable(struct scan *s)
{
	struct reference r = parse_reference(span_slice(s->text, s->at, s->text.len));
	char place[256];
	const char *value;

	if (r.error) {
		scan_fail(s, s->at + r.error_at, r.error);
		return;
	}
	value = value_of(s->lexer->world, s->lexer, r.name, place);
	put_value(s, value ? span_of(value) : r.fallback, r.split);
	s->at += r.len;
}

const char *lex_expand(const struct config_world *world, struct span text, struct arena *a,
		       const char **error)
{
	struct buffer out;
	char place[256];
	const char *result = NULL;

	*error = "out of memory";
	buffer_init(&out, LEX_MAX_LINE_BYTES);
	for (size_t at = 0; at < text.len;) {
		struct reference r;
		const char *value;

		if (text.p[at] != '$') {
			buffer_add_char(&out, text.p[at++]);
			continue;
		}
		r = parse_reference(span_slice(text, at, text.len));
		if (r.error || r.split) {
			*error = r.error ? r.error : "'[*]' is not possible here";
			goto out;
		}
		value = value_of(world, NULL, r.name, place);
		buffer_add_span(&out, value ? span_of(value) : r.fallback);
		at += r.len;
	}
	if (!out.failed)
		result = arena_copy(a, buffer_span(&out));
out:
	buffer_fini(&out);
	return result;
}
