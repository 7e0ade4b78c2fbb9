/* SPDX-License-Identifier: MIT */
/*
 * The conditions of .if lines and of `halb -cc`: what holds before anything runs. A small recursive
 * parser that evaluates as it goes; both sides of && and || are always read, so that a mistake
 * shows whatever the values are. A new predicate is a row.
 *
 *     or := and { "||" and }     and := term { "&&" term }
 *     term := "!" term | "(" or ")" | number | predicate [ "(" word { "," word } ")" ]
 */
#include "config/lex_haproxy.h"

#include "base/format.h"

#include <stdio.h>

#define MAX_NESTING 64
#define MAX_ARGUMENTS 2

struct parse {
	struct span text;
	size_t at;
	unsigned int nesting;
	const struct config_world *world;
	struct condition_error *error;
};

struct arguments {
	struct span v[MAX_ARGUMENTS];
	unsigned int n;
};

struct predicate {
	const char *name;
	unsigned int n; /* arguments */
	bool (*holds)(const struct arguments *a, const struct config_world *world);
	const char *help;
};

/* What this build can do, by haproxy's names. */
static const char *const features[] = {
    "EPOLL", "THREAD", "ACCEPT4", "CPU_AFFINITY", "CRYPT_H", "GETADDRINFO", "LINUX_SPLICE",
    "PRCTL", "RT",     "SYSTEMD", "TFO",          "POLL",    "IGNORELOG"};
/* What is enabled at run time, by haproxy's names. */
static const char *const enabled[] = {"EPOLL", "SPLICE", "REUSEPORT"};

static bool listed(struct span word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (span_equal(word, span_of(list[i])))
			return true;
	}
	return false;
}

static bool holds_defined(const struct arguments *a, const struct config_world *world)
{
	char name[256];

	if (!world->get_env || !a->v[0].len || a->v[0].len >= sizeof(name))
		return false;
	memcpy(name, a->v[0].p, a->v[0].len);
	name[a->v[0].len] = '\0';
	return world->get_env(world->user, name) != NULL;
}

static bool holds_feature(const struct arguments *a, const struct config_world *world)
{
	(void)world;
	return listed(a->v[0], features, array_size(features));
}

static bool holds_enabled(const struct arguments *a, const struct config_world *world)
{
	(void)world;
	return listed(a->v[0], enabled, array_size(enabled));
}

static bool holds_streq(const struct arguments *a, const struct config_world *world)
{
	(void)world;
	return span_equal(a->v[0], a->v[1]);
}

static bool holds_strneq(const struct arguments *a, const struct config_world *world)
{
	return !holds_streq(a, world);
}

static bool holds_strstr(const struct arguments *a, const struct config_world *world)
{
	(void)world;
	return !a->v[1].len || span_find_span(a->v[0], a->v[1]) < a->v[0].len;
}

/* Cuts the digits off the front; at most 4095. */
static uint64_t take_number(struct span *text)
{
	uint64_t value = 0;
	size_t len = 0;

	while (len < text->len && text->p[len] >= '0' && text->p[len] <= '9')
		len++;
	if (len && !span_to_u64(span_slice(*text, 0, len), 4095, &value))
		value = 4095;
	*text = span_slice(*text, len, text->len);
	return value;
}

/* A version as one number that compares as versions do: 2.6-dev3 < 2.6 < 2.6.1 < 2.7-dev0. */
static uint64_t version_rank(struct span version)
{
	uint64_t part[3] = {0};
	bool released = true;

	for (unsigned int i = 0; i < array_size(part); i++) {
		part[i] = take_number(&version);
		if (!span_starts_with(version, SPAN(".")))
			break;
		version = span_slice(version, 1, version.len);
	}
	if (span_starts_with(version, SPAN("-dev"))) {
		version = span_slice(version, 4, version.len);
		released = false;
		part[2] = take_number(&version);
	}
	return part[0] << 25 | part[1] << 13 | (uint64_t)released << 12 | part[2];
}

static bool holds_version_atleast(const struct arguments *a, const struct config_world *world)
{
	return version_rank(span_of(world->version)) >= version_rank(a->v[0]);
}

static bool holds_version_before(const struct arguments *a, const struct config_world *world)
{
	return !holds_version_atleast(a, world);
}

static bool holds_never(const struct arguments *a, const struct config_world *world)
{
	(void)a;
	(void)world;
	return false;
}

static const struct predicate predicates[] = {
    {"defined", 1, holds_defined, "the environment has a variable of that name"},
    {"feature", 1, holds_feature, "this build can do it (halb -vv)"},
    {"enabled", 1, holds_enabled, "it is in use at run time"},
    {"streq", 2, holds_streq, "two words are equal"},
    {"strneq", 2, holds_strneq, "two words differ"},
    {"strstr", 2, holds_strstr, "the first word contains the second"},
    {"version_atleast", 1, holds_version_atleast,
     "the haproxy version that halb stands for is that or newer"},
    {"version_before", 1, holds_version_before,
     "the haproxy version that halb stands for is older"},
    {"openssl_version_atleast", 1, holds_never, "false without TLS"},
    {"openssl_version_before", 1, holds_never, "false without TLS"},
    {"ssllib_name_startswith", 1, holds_never, "false without TLS"},
};

static int fail(struct parse *p, size_t at, const char *before, struct span word, const char *after)
{
	if (!p->error->text[0]) {
		size_t len = word.len < 120 ? word.len : 120;

		p->error->at = at;
		snprintf(p->error->text, sizeof(p->error->text), "%s'%.*s'%s", before, (int)len,
			 word.len ? word.p : "", after);
	}
	return -1;
}

static struct span rest(const struct parse *p)
{
	return span_slice(p->text, p->at, p->text.len);
}

static void skip_blanks(struct parse *p)
{
	while (p->at < p->text.len && (p->text.p[p->at] == ' ' || p->text.p[p->at] == '\t'))
		p->at++;
}

static int unparsable(struct parse *p, struct span word)
{
	unsigned int best = 3;
	const char *nearest = NULL;
	char cure[80] = "";

	for (size_t i = 0; i < array_size(predicates); i++) {
		unsigned int distance = format_word_distance(word, span_of(predicates[i].name));

		if (distance < best) {
			best = distance;
			nearest = predicates[i].name;
		}
	}
	if (nearest)
		snprintf(cure, sizeof(cure), "; did you mean '%s' maybe ?", nearest);
	return fail(p, p->at, "unparsable conditional expression ", rest(p), cure);
}

/* Behind a predicate's name. 0 or -1. */
static int parse_arguments(struct parse *p, const struct predicate *which, struct arguments *a)
{
	struct span list = rest(p);
	size_t end = span_find(list, ')');

	if (list.len && list.p[0] == '(') {
		if (end == list.len)
			return fail(p, p->text.len,
				    "expected ')' behind the arguments of predicate ",
				    span_of(which->name), "");
		p->at += end + 1;
		list = span_slice(list, 1, end - 1);
		while (list.p) {
			if (a->n == which->n)
				return fail(p, p->at - 1, "too many arguments for predicate ",
					    span_of(which->name), "");
			a->v[a->n++] = span_split(&list, ',');
		}
	}
	if (a->n < which->n && which->n > 1)
		return fail(p, p->at, "missing arguments of predicate ", span_of(which->name),
			    ", which takes 2 with a comma between");
	return 0;
}

static int parse_predicate(struct parse *p)
{
	size_t len = 0;
	struct span text = rest(p), word;

	while (len < text.len && ((text.p[len] >= 'a' && text.p[len] <= 'z') || text.p[len] == '_'))
		len++;
	word = span_slice(text, 0, len);
	for (size_t i = 0; i < array_size(predicates); i++) {
		struct arguments a = {0};

		if (!span_equal(word, span_of(predicates[i].name)))
			continue;
		p->at += len;
		if (parse_arguments(p, &predicates[i], &a) < 0)
			return -1;
		return predicates[i].holds(&a, p->world);
	}
	return unparsable(p, word);
}

static int parse_number(struct parse *p)
{
	bool any = false;

	if (p->text.p[p->at] == '-')
		p->at++;
	for (; p->at < p->text.len && p->text.p[p->at] >= '0' && p->text.p[p->at] <= '9'; p->at++)
		any |= p->text.p[p->at] != '0';
	return any;
}

static int parse_or(struct parse *p);

static int parse_group(struct parse *p)
{
	size_t start = p->at++;
	int value = parse_or(p);

	skip_blanks(p);
	if (value < 0)
		return -1;
	if (p->at == p->text.len || p->text.p[p->at] != ')')
		return fail(p, p->at, "expected ')' after conditional expression ",
			    span_slice(p->text, start, p->text.len), "");
	p->at++;
	return value;
}

static int parse_term(struct parse *p)
{
	bool negate = false;
	int value;
	char c;

	for (skip_blanks(p); p->at < p->text.len && p->text.p[p->at] == '!'; skip_blanks(p)) {
		negate = !negate;
		p->at++;
	}
	if (p->at == p->text.len)
		return fail(p, p->at, "unparsable conditional sub-expression ", p->text,
			    ": something is missing at its end");
	c = p->text.p[p->at];
	if (c == '(') {
		if (++p->nesting > MAX_NESTING)
			return fail(p, p->at, "too many nested ", SPAN("("), ", at most 64");
		value = parse_group(p);
		p->nesting--;
	} else if ((c >= '0' && c <= '9') || c == '-') {
		value = parse_number(p);
	} else {
		value = parse_predicate(p);
	}
	return value < 0 ? -1 : value != negate;
}

static bool take(struct parse *p, struct span sign)
{
	skip_blanks(p);
	if (!span_starts_with(rest(p), sign))
		return false;
	p->at += sign.len;
	return true;
}

static int parse_and(struct parse *p)
{
	int value = parse_term(p);

	while (value >= 0 && take(p, SPAN("&&"))) {
		int right = parse_term(p);

		value = right < 0 ? -1 : value & right;
	}
	return value;
}

static int parse_or(struct parse *p)
{
	int value = parse_and(p);

	while (value >= 0 && take(p, SPAN("||"))) {
		int right = parse_and(p);

		value = right < 0 ? -1 : value | right;
	}
	return value;
}

static int condition_text_holds(struct span text, const struct config_world *world,
				struct condition_error *error)
{
	struct parse p = {.text = text, .world = world, .error = error};
	int value;

	error->at = 0;
	error->text[0] = '\0';
	if (!text.len)
		return 0;
	value = parse_or(&p);
	skip_blanks(&p);
	if (value >= 0 && p.at < text.len)
		return fail(&p, p.at, "unexpected character ", span_slice(text, p.at, 1),
			    " at the end of conditional expression");
	return value;
}

int condition_words_hold(const struct node *line, unsigned int from,
			 const struct config_world *world, struct condition_error *error)
{
	struct buffer b;

	buffer_init_fixed(&b, error->expression, sizeof(error->expression));
	for (unsigned int i = from; i < line->n_words; i++) {
		if (i > from)
			buffer_add_char(&b, ' ');
		buffer_add_span(&b, line->words[i]);
	}
	buffer_text(&b);
	if (b.failed) {
		error->at = 0;
		snprintf(error->text, sizeof(error->text), "the condition is too long");
		error->expression[0] = '\0';
		return -1;
	}
	return condition_text_holds(buffer_span(&b), world, error);
}

int config_eval_condition(struct span expression, const struct config_world *world, struct diags *d)
{
	struct config_file file = {.text = expression};
	struct condition_error error;
	struct lexer lexer;
	struct arena arena;
	struct node line;
	int value = -1;

	arena_init(&arena, 4096, 0);
	lexer_init(&lexer, &file, world, &arena, d);
	if (lexer_words(&lexer, expression, &line)) {
		value = condition_words_hold(&line, 0, world, &error);
		if (value < 0)
			diag_add(d, DIAG_ALERT, NULL, 0, "Failed to evaluate condition: %s",
				 error.text);
	}
	arena_fini(&arena);
	return value;
}
