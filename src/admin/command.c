/* SPDX-License-Identifier: MIT */
/* Finds the command that is meant, or says which there are: see command.h. */
#include "admin/command.h"

#include "base/format.h"

#include <stdlib.h>

#define MAX_COMMANDS 128

struct span command_word(const struct command_call *c, unsigned int i)
{
	return c->at + i < c->n_words ? c->words[c->at + i] : SPAN("");
}

bool command_word_is(const struct command_call *c, unsigned int i, const char *word)
{
	return span_equal(command_word(c, i), span_of(word));
}

/* How many words the command has, all of them those of the call; 0: another command. */
static unsigned int matches(const struct command *cmd, const struct span *words, unsigned int n)
{
	struct span rest = span_of(cmd->words);
	unsigned int i = 0;

	while (rest.p) {
		struct span word = span_split(&rest, ' ');

		if (i >= n || !span_equal(word, words[i]))
			return 0;
		i++;
	}
	return i;
}

static const struct command *find(const struct span *words, unsigned int n, unsigned int *length)
{
	const struct command *best = NULL;

	*length = 0;
	FAMILY_EACH(command, it) {
		unsigned int m = matches(*it, words, n);

		if (m > *length) {
			*length = m;
			best = *it;
		}
	}
	return best;
}

/* The words that were given are the beginning of the command's: "sh st" for "show stat" too. */
static bool begins_so(const struct command *cmd, const struct span *words, unsigned int n)
{
	struct span rest = span_of(cmd->words);

	for (unsigned int i = 0; i < n && rest.p; i++)
		if (!span_starts_with_nocase(span_split(&rest, ' '), words[i]))
			return false;
	return true;
}

/* A mistyped one: every word it has is nearly there. */
static bool resembles(const struct command *cmd, const struct span *words, unsigned int n)
{
	struct span rest = span_of(cmd->words);
	bool near_all = n > 0;

	for (unsigned int i = 0; i < n && rest.p && near_all; i++) {
		struct span word = span_split(&rest, ' ');

		near_all = span_starts_with_nocase(word, words[i]) ||
			   format_word_distance(word, words[i]) <= (word.len > 4 ? 2 : 1);
	}
	return near_all;
}

static int by_words(const void *a, const void *b)
{
	const struct command *const *x = a, *const *y = b;

	if ((*x)->always != (*y)->always)
		return (*x)->always - (*y)->always;
	return strcmp((*x)->words, (*y)->words);
}

static void print(struct buffer *out, const struct command *cmd)
{
	char left[80];
	struct buffer b;

	buffer_init_fixed(&b, left, sizeof(left));
	buffer_printf(&b, "%s%s%s", cmd->words, *cmd->args ? " " : "", cmd->args);
	buffer_printf(out, "  %-40s: %s\n", buffer_text(&b), cmd->help);
}

typedef bool chooses(const struct command *cmd, const struct span *words, unsigned int n);

/* Lists those that are chosen, and the general ones; returns how many were chosen. */
static unsigned int list_chosen(struct buffer *out, enum bind_level level, chooses *choose,
				const struct span *words, unsigned int n)
{
	const struct command *v[MAX_COMMANDS];
	unsigned int count = 0, chosen = 0;

	FAMILY_EACH(command, it) {
		bool wanted = choose(*it, words, n);

		if (!(*it)->help || (*it)->level > level || count == MAX_COMMANDS)
			continue;
		chosen += wanted;
		if (wanted || (*it)->always)
			v[count++] = *it;
	}
	qsort(v, count, sizeof(const struct command *), by_words);
	for (unsigned int i = 0; i < count; i++)
		print(out, v[i]);
	return chosen;
}

void command_list(struct buffer *out, enum bind_level level, const struct span *words,
		  unsigned int n)
{
	buffer_add_text(out, "The following commands are valid at this level:\n");
	list_chosen(out, level, begins_so, words, n);
}

/* haproxy's words that halb does not do. */
static const char *const later_words[] = {"abort ssl",
					  "add acl",
					  "add map",
					  "add server",
					  "add ssl",
					  "clear acl",
					  "clear map",
					  "clear table",
					  "commit acl",
					  "commit map",
					  "commit ssl",
					  "debug",
					  "del acl",
					  "del map",
					  "del server",
					  "del ssl",
					  "disable dynamic-cookie",
					  "enable dynamic-cookie",
					  "get acl",
					  "get map",
					  "get var",
					  "new ssl",
					  "prepare acl",
					  "prepare map",
					  "set anon",
					  "set dynamic-cookie-key",
					  "set map",
					  "set profiling",
					  "set rate-limit",
					  "set severity-output",
					  "set ssl",
					  "set table",
					  "set var",
					  "show acl",
					  "show cache",
					  "show events",
					  "show fd",
					  "show libs",
					  "show map",
					  "show peers",
					  "show profiling",
					  "show resolvers",
					  "show schema",
					  "show ssl",
					  "show startup-logs",
					  "show table",
					  "show tasks",
					  "show tls-keys",
					  "show trace",
					  "shutdown session",
					  "trace"};

static bool is_later(const struct command_call *c)
{
	for (unsigned int i = 0; i < array_size(later_words); i++) {
		struct command cmd = {.words = later_words[i]};

		if (matches(&cmd, c->words, c->n_words))
			return true;
	}
	return false;
}

static void unknown(struct command_call *c)
{
	struct buffer list;

	if (c->n_words == 0) {
		buffer_add_text(c->out, "Unknown command. Please enter one of the following "
					"commands only:\n");
		list_chosen(c->out, c->session->level, begins_so, NULL, 0);
		return;
	}
	if (is_later(c)) {
		buffer_printf(c->out,
			      "'%.*s%s%.*s' is a command of haproxy that halb does not do "
			      "yet.\n",
			      SPAN_ARG(c->words[0]), c->n_words > 1 ? " " : "",
			      SPAN_ARG(c->n_words > 1 ? c->words[1] : SPAN("")));
		return;
	}
	buffer_init(&list, 65536);
	if (list_chosen(&list, c->session->level, begins_so, c->words, c->n_words) == 0) {
		buffer_clear(&list);
		list_chosen(&list, c->session->level, resembles, c->words, c->n_words);
	}
	buffer_add_text(c->out, "Unknown command, but maybe one of the following ones is a better "
				"match:\n");
	buffer_add_span(c->out, buffer_span(&list));
	buffer_fini(&list);
}

enum command_result command_run(struct command_call *c)
{
	unsigned int length;
	const struct command *cmd = find(c->words, c->n_words, &length);

	if (!cmd) {
		unknown(c);
		return COMMAND_DONE;
	}
	if (cmd->level > c->session->level) {
		buffer_add_text(c->out, "Permission denied\n");
		return COMMAND_DONE;
	}
	c->at = length;
	return cmd->run(c);
}

/* "#3": by id. */
static struct proxy *find_by_id(struct program *p, struct span word, unsigned int sides)
{
	uint64_t id;

	if (word.len < 2 || word.p[0] != '#' ||
	    !span_to_u64(span_slice(word, 1, word.len), UINT32_MAX, &id))
		return NULL;
	for (unsigned int i = 0; i < p->n_proxies; i++)
		if (p->proxies[i].conf->id == id && (p->proxies[i].conf->sides & sides))
			return &p->proxies[i];
	return NULL;
}

static struct server *server_by_id(struct proxy *px, struct span word)
{
	uint64_t id;

	if (word.len < 2 || word.p[0] != '#' ||
	    !span_to_u64(span_slice(word, 1, word.len), UINT32_MAX, &id))
		return NULL;
	for (unsigned int i = 0; i < px->n_servers; i++)
		if (px->servers[i].conf->id == id)
			return &px->servers[i];
	return NULL;
}

struct server *command_server(const struct command_call *c, struct span word)
{
	struct span name = word, backend = span_split(&name, '/');
	struct proxy *px;
	struct server *s = NULL;

	if (!name.p || !backend.len || !name.len) {
		buffer_add_text(c->out, "Require 'backend/server'.\n");
		return NULL;
	}
	px = program_find_proxy(c->program, backend, PROXY_BACKEND);
	if (!px)
		px = find_by_id(c->program, backend, PROXY_BACKEND);
	if (!px) {
		buffer_add_text(c->out, "No such backend.\n");
		return NULL;
	}
	s = proxy_find_server(px, name);
	if (!s)
		s = server_by_id(px, name);
	if (!s)
		buffer_add_text(c->out, "No such server.\n");
	return s;
}

struct proxy *command_frontend(const struct command_call *c, unsigned int i)
{
	struct span word = command_word(c, i);
	struct proxy *px;

	if (!word.len) {
		buffer_add_text(c->out, "A frontend name is expected.\n");
		return NULL;
	}
	px = program_find_proxy(c->program, word, PROXY_FRONTEND);
	if (!px)
		px = find_by_id(c->program, word, PROXY_FRONTEND);
	if (!px)
		buffer_add_text(c->out, "No such frontend.\n");
	return px;
}
