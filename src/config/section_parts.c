/* SPDX-License-Identifier: MIT */
/*
 * Small helpers of the section files, the values that a proxy starts with, and the completion of a
 * proxy once all files are read. Called by the reader, by resolve.c and by the section files.
 */
#include "config/section_parts.h"

#include "config/section_server.h"

void *config_alloc(struct config_reader *r, const struct node *line, size_t n)
{
	void *p = arena_alloc(r->arena, n);

	if (!p)
		config_alert(r, line, "out of memory.");
	return p;
}

bool config_need_word(struct config_reader *r, const struct node *line, unsigned int at,
		      const char *usage)
{
	if (at < line->n_words && line->words[at].len > 0)
		return true;
	config_alert(r, line, "'%.*s' expects a value, write '%s'.",
		     SPAN_ARG(node_word(line, at - 1)), usage);
	return false;
}

int config_parse_choice(struct config_reader *r, const struct node *line, unsigned int at,
			const char *const *names, unsigned int n)
{
	struct buffer all;
	char text[400];

	for (unsigned int i = 0; i < n; i++) {
		if (node_word_is(line, at, names[i]))
			return (int)i;
	}
	buffer_init_fixed(&all, text, sizeof(text));
	for (unsigned int i = 0; i < n; i++)
		buffer_printf(&all, "%s'%s'", i == 0 ? "" : i + 1 < n ? ", " : " or ", names[i]);
	if (at < line->n_words)
		config_alert(r, line, "'%.*s' does not know '%.*s', write %s.",
			     SPAN_ARG(node_word(line, at - 1)), SPAN_ARG(node_word(line, at)),
			     buffer_text(&all));
	else
		config_alert(r, line, "'%.*s' expects %s.", SPAN_ARG(node_word(line, at - 1)),
			     buffer_text(&all));
	return -1;
}

struct check_regex *config_compile_regex(struct config_reader *r, const struct node *line,
					 struct span pattern)
{
	struct model_regex *keep = config_alloc(r, line, sizeof(*keep));
	const char *error;

	if (!keep)
		return NULL;
	keep->regex = check_regex_compile(pattern, r->arena, &error);
	if (!keep->regex) {
		config_alert(r, line, "'%.*s' is not a regular expression : %s.", SPAN_ARG(pattern),
			     error);
		return NULL;
	}
	keep->next = r->model->regexes;
	r->model->regexes = keep;
	return keep->regex;
}

void config_parts_free(struct model *m)
{
	for (struct model_regex *it = m->regexes; it; it = it->next)
		check_regex_free(it->regex);
	m->regexes = NULL;
	regex_free_all(&m->rules.regexes);
}

void config_parts_init(struct model_proxy *p)
{
	config_server_init(&p->default_server);
	p->balance.random_draws = 2;
	p->balance.method = "roundrobin";
	p->balance.algorithm = balance_find(SPAN("roundrobin"));
}

bool config_parts_finish(struct config_reader *r, struct model_proxy *p)
{
	bool good = config_finish_log(r, p);

	if (p->sides & PROXY_BACKEND) {
		good = config_finish_balance(r, p) && good;
		good = config_finish_check(r, p) && good;
	}
	return good;
}
