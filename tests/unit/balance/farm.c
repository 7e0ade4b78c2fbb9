/* SPDX-License-Identifier: MIT */
/* The backend that the tests of balancing share; see farm.h. */
#include "unit/balance/farm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char *add_server(struct farm *f, char *at)
{
	unsigned int i = f->balance.n_servers++;
	struct balance_server *s = &f->servers[i];

	assert_true(i < FARM_SERVERS);
	f->list[i] = s;
	s->id = i + 1;
	s->usable = true;
	s->weight = (unsigned int)strtoul(at, &at, 10) * BALANCE_WEIGHT_SCALE;
	s->weight_start = s->weight;
	if (*at == 'b') {
		s->backup = true;
		at++;
	}
	if (*at == ':')
		atomic_store(&s->limit, (unsigned int)strtoul(at + 1, &at, 10));
	if (*at == '#')
		s->id = (unsigned int)strtoul(at + 1, &at, 10);
	return at;
}

struct farm *farm_new(const char *specification, const struct balance *options)
{
	struct farm *f = calloc(1, sizeof(*f));
	char *copy = strdup(specification), *at = copy;

	assert_non_null(f);
	assert_non_null(copy);
	f->balance.algorithm = options->algorithm;
	f->balance.all_backups = options->all_backups;
	f->balance.random_draws = options->random_draws;
	f->balance.hash_balance_factor = options->hash_balance_factor;
	f->balance.servers = f->list;
	while (*at) {
		at = add_server(f, at);
		while (*at == ' ')
			at++;
	}
	free(copy);
	assert_int_equal(balance_init(&f->balance), 0);
	return f;
}

void farm_free(struct farm *f)
{
	balance_fini(&f->balance);
	free(f);
}

void farm_load(struct farm *f, struct balance_server *s, int change)
{
	atomic_fetch_add(&s->served, (unsigned int)change);
	balance_load_changed(&f->balance, s);
}

struct balance_server *farm_pick(struct farm *f, const struct balance_query *q)
{
	struct balance_server *s = balance_pick(&f->balance, q);

	if (s) {
		farm_load(f, s, 1);
		farm_load(f, s, -1);
	}
	return s;
}

static char digit(const struct balance_server *s)
{
	return s ? "0123456789abcdefghijklmnopqrstuvwxyz"[s->index] : '-';
}

static char *play_picks(struct farm *f, char op, unsigned int n, char *out)
{
	for (unsigned int i = 0; i < n; i++) {
		struct balance_query q = {.avoid = f->avoid, .random = i, .keyless = op == 'k'};
		char key[16];

		snprintf(key, sizeof(key), "/k%u", i);
		q.hash = hash_key_bytes(f->hash, span_of(key));
		*out++ = digit(farm_pick(f, &q));
	}
	return out;
}

static void change(struct farm *f, char op, struct balance_server *s, unsigned int value)
{
	if (op == 'w')
		s->weight = value * BALANCE_WEIGHT_SCALE;
	else
		s->usable = op == 'u';
	assert_int_equal(balance_update(&f->balance), 0);
}

static char *play_word(struct farm *f, const char *word, char *out)
{
	struct balance_query q = {.hash = hash_key_bytes(f->hash, SPAN("/")), .avoid = f->avoid};
	unsigned int n = 0, value = 0;
	struct balance_server *s;

	sscanf(word + 1, "%u,%u", &n, &value);
	s = &f->servers[n % FARM_SERVERS];
	switch (*word) {
	case 'h':
		s = balance_pick(&f->balance, &q);
		if (s)
			farm_load(f, s, 1);
		*out++ = digit(s);
		return out;
	case 'r':
		farm_load(f, s, -1);
		return out;
	case 'a':
		f->avoid = word[1] == '-' ? NULL : s;
		return out;
	case 'n':
		atomic_store(&s->queued, value);
		balance_load_changed(&f->balance, s);
		return out;
	case 'd':
	case 'u':
	case 'w':
		change(f, *word, s, value);
		return out;
	default:
		return play_picks(f, *word, n, out);
	}
}

void farm_play(struct farm *f, const char *script, char result[FARM_RESULT])
{
	struct span rest = span_of(script);
	char *out = result;

	while (rest.p) {
		struct span word = span_split(&rest, ' ');
		char text[32];

		snprintf(text, sizeof(text), "%.*s", SPAN_ARG(word));
		out = play_word(f, text, out);
	}
	*out = '\0';
	assert_true(out < result + FARM_RESULT);
}

void farm_check(const char *algorithm, const struct balance *options, struct hash_key_type hash,
		const struct farm_case *cases, size_t n)
{
	struct balance b = *options;

	b.algorithm = balance_find(span_of(algorithm));
	assert_non_null(b.algorithm);
	for (size_t i = 0; i < n; i++) {
		struct farm *f = farm_new(cases[i].servers, &b);
		char result[FARM_RESULT];

		f->hash = hash;
		farm_play(f, cases[i].script, result);
		if (strcmp(result, cases[i].expected) != 0)
			fail_msg("%s %s: %s:\n got      %s\n expected %s", algorithm,
				 cases[i].servers, cases[i].script, result, cases[i].expected);
		farm_free(f);
	}
}
