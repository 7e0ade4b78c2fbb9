/* SPDX-License-Identifier: MIT */
/* Reads and carries out the page's form: see stats_form.h. */
#include "admin/stats_form.h"

#include "base/escape.h"

#define MAX_SERVERS 4096

static struct span decode(struct stats_form *f, struct span s, struct arena *a)
{
	char *text = arena_bytes(a, s.len + 1);
	long n = text ? escape_url_decode(text, s, true) : -1;

	if (n < 0) {
		f->broken = true;
		return SPAN("");
	}
	return span_make(text, (size_t)n);
}

static unsigned int count_pairs(struct span body)
{
	unsigned int n = 0;

	while (body.p && n < MAX_SERVERS) {
		(void)span_split(&body, '&');
		n++;
	}
	return n;
}

void stats_form_parse(struct stats_form *f, struct span body, struct arena *a)
{
	unsigned int room = count_pairs(body);

	memset(f, 0, sizeof(*f));
	f->servers = arena_array(a, room + 1, sizeof(*f->servers));
	if (!f->servers) {
		f->broken = true;
		return;
	}
	while (body.p && !f->broken) {
		struct span value = span_split(&body, '&'), name = span_split(&value, '=');

		if (!value.p)
			continue;
		value = decode(f, value, a);
		if (span_equal(name, SPAN("s")) && f->n_servers < room)
			f->servers[f->n_servers++] = value;
		else if (span_equal(name, SPAN("action")))
			f->action = value;
		else if (span_equal(name, SPAN("b")))
			f->backend = value;
		else if (span_equal(name, SPAN("t")))
			f->token = value;
	}
}

static enum server_action find_action(struct span word)
{
	for (unsigned int i = 0; i < server_n_action_names; i++)
		if (span_equal(word, span_of(server_action_names[i].word)))
			return server_action_names[i].action;
	return ACTION_NONE;
}

/* "#3" or a name. */
static struct proxy *find_backend(struct program *p, struct span word)
{
	uint64_t id;

	if (word.len < 2 || word.p[0] != '#')
		return program_find_proxy(p, word, PROXY_BACKEND);
	if (!span_to_u64(span_slice(word, 1, word.len), UINT32_MAX, &id))
		return NULL;
	for (unsigned int i = 0; i < p->n_proxies; i++)
		if (p->proxies[i].conf->id == id && (p->proxies[i].conf->sides & PROXY_BACKEND))
			return &p->proxies[i];
	return NULL;
}

const char *stats_form_run(const struct stats_form *f, struct program *p, struct loop *l)
{
	enum server_action action = find_action(f->action);
	unsigned int known = 0, changed = 0;
	struct proxy *px;

	if (f->broken)
		return "ERRP";
	if (f->n_servers == 0 || !f->action.len || !f->backend.len)
		return "NONE";
	px = find_backend(p, f->backend);
	if (!px || action == ACTION_NONE)
		return "ERRP";
	for (unsigned int i = 0; i < f->n_servers; i++) {
		struct server *s = proxy_find_server(px, f->servers[i]);

		if (!s)
			continue;
		known++;
		changed += server_act(s, l, action);
	}
	if (known < f->n_servers)
		return known ? "PART" : "ERRP";
	return changed ? "DONE" : "NONE";
}
