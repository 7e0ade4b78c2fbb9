/* SPDX-License-Identifier: MIT */
/*
 * What can be said once all files are read: names become pointers, proxies, servers and binds
 * without an id get theirs as haproxy counts them, limits that depend on other proxies are
 * computed, each proxy is completed. Called once by config_read; proxies that are disabled are left
 * alone. Warnings about a whole proxy are in audit_proxy.c.
 */
#include "config/section_core.h"
#include "config/section_parts.h"
#include "config/section_rules.h"

#include "base/format.h"

#include <stdlib.h>

#define MAX_LISTED 10

const char *config_proxy_kind(const struct model_proxy *p)
{
	if (p->is_listen)
		return "proxy";
	return p->sides & PROXY_FRONTEND ? "frontend" : "backend";
}

static void check_names(struct config_reader *r)
{
	for (const struct model_proxy *p = r->model->proxies; p; p = p->next) {
		const struct model_proxy *other =
		    model_find_proxy(r->model, span_of(p->name), p->sides);

		if (other != p)
			diag_add(r->diags, DIAG_ALERT, p->file, p->line,
				 "%s '%s' has the same name as %s '%s' declared at %s:%d.",
				 config_proxy_kind(p), p->name, config_proxy_kind(other),
				 other->name, other->file, other->line);
	}
}

static int compare_servers(const void *a, const void *b)
{
	const struct model_server *const *left = a, *const *right = b;
	int order = strcmp((*left)->name, (*right)->name);

	return order ? order
		     : ((*left)->index > (*right)->index) - ((*left)->index < (*right)->index);
}

static void check_server_names(struct config_reader *r, const struct model_proxy *p)
{
	const struct model_server **sorted =
	    arena_array(r->arena, p->n_servers, sizeof(struct model_server *));
	unsigned int n = 0;

	if (!sorted) {
		diag_add(r->diags, DIAG_ALERT, NULL, 0, "out of memory");
		return;
	}
	for (const struct model_server *s = p->servers; s; s = s->next)
		sorted[n++] = s;
	qsort(sorted, n, sizeof(struct model_server *), compare_servers);
	for (unsigned int i = 1; i < n; i++) {
		if (strcmp(sorted[i]->name, sorted[i - 1]->name) == 0)
			diag_add(r->diags, DIAG_ALERT, sorted[i]->file, sorted[i]->line,
				 "%s '%s', another server named '%s' was already defined at line "
				 "%d, please use distinct names.",
				 config_proxy_kind(p), p->name, sorted[i]->name,
				 sorted[i - 1]->line);
	}
}

/* "; did you mean 'x' maybe ?" or " (backends that exist: …)". */
static void list_backends(const struct model *m, struct span wanted, struct buffer *b)
{
	unsigned int best = wanted.len < 4 ? 2 : 3, n = 0;
	const char *nearest = NULL;

	for (const struct model_proxy *p = m->proxies; p; p = p->next) {
		unsigned int distance = format_word_distance(wanted, span_of(p->name));

		if (p->sides & PROXY_BACKEND && distance < best) {
			best = distance;
			nearest = p->name;
		}
	}
	if (nearest)
		buffer_printf(b, "; did you mean '%s' maybe ?", nearest);
	for (const struct model_proxy *p = m->proxies; p && !nearest; p = p->next) {
		if (!(p->sides & PROXY_BACKEND) || n == MAX_LISTED)
			continue;
		buffer_printf(b, "%s'%s'", n++ ? ", " : " (backends that exist: ", p->name);
	}
	if (n)
		buffer_add_char(b, ')');
	else if (!nearest)
		buffer_printf(b, ". Add a 'backend %.*s' section", SPAN_ARG(wanted));
}

struct reference {
	const struct model_proxy *from;
	const char *name, *keyword, *as; /* `as`: how messages call the reference */
	const char *file;
	int line;
};

static bool modes_fit(struct config_reader *r, const struct reference *ref,
		      const struct model_proxy *to)
{
	static const char *const modes[] = {[MODE_TCP] = "tcp", [MODE_HTTP] = "http"};

	if (ref->from->mode == to->mode)
		return true;
	diag_add(r->diags, DIAG_ALERT, ref->file, ref->line,
		 "%s %s '%s' (%s:%d) tries to use incompatible %s backend '%s' (%s:%d) %s (see "
		 "'mode').%s",
		 modes[ref->from->mode], config_proxy_kind(ref->from), ref->from->name,
		 ref->from->file, ref->from->line, modes[to->mode], to->name, to->file, to->line,
		 ref->as,
		 to->mode == MODE_HTTP ? " halb does not upgrade connections from tcp to http yet: "
					 "write 'mode http' in both"
				       : "");
	return false;
}

static struct model_proxy *find_backend(struct config_reader *r, const struct reference *ref)
{
	struct model_proxy *to = model_find_proxy(r->model, span_of(ref->name), PROXY_BACKEND);
	struct buffer cure;

	if (!to) {
		buffer_init(&cure, 4096);
		list_backends(r->model, span_of(ref->name), &cure);
		diag_add(r->diags, DIAG_ALERT, ref->file, ref->line,
			 "Proxy '%s': unable to find required %s: '%s'%s", ref->from->name,
			 ref->keyword, ref->name, buffer_text(&cure));
		buffer_fini(&cure);
		return NULL;
	}
	if (to == ref->from) {
		diag_add(r->diags, DIAG_ALERT, ref->file, ref->line,
			 "Proxy '%s': loop detected for %s: '%s'.", ref->from->name, ref->keyword,
			 ref->name);
		return NULL;
	}
	return modes_fit(r, ref, to) ? to : NULL;
}

static void resolve_backends(struct config_reader *r, struct model_proxy *p)
{
	if (!(p->sides & PROXY_FRONTEND))
		return;
	if (p->default_backend_name) {
		struct reference ref = {p,
					p->default_backend_name,
					"default_backend",
					"as its default backend",
					p->default_backend_file,
					p->default_backend_line};

		p->default_backend = find_backend(r, &ref);
	}
	for (struct use_backend *u = p->use_backends; u; u = u->next) {
		struct reference ref = {p,       u->name, "use_backend", "in a 'use_backend' rule",
					u->file, u->line};

		if (!u->format)
			u->backend = find_backend(r, &ref);
	}
}

static void find_tracked(struct config_reader *r, struct model_proxy *p, struct model_server *s)
{
	struct span name = span_of(s->track_name), backend = span_split(&name, '/');

	s->track_proxy = p;
	if (name.p)
		s->track_proxy = model_find_proxy(r->model, backend, PROXY_BACKEND);
	else
		name = backend;
	if (!s->track_proxy) {
		diag_add(r->diags, DIAG_ALERT, s->file, s->line,
			 "'server %s/%s' : unable to find required proxy '%.*s' for tracking.",
			 p->name, s->name, SPAN_ARG(backend));
		return;
	}
	s->track = model_find_server(s->track_proxy, name);
	if (!s->track)
		diag_add(r->diags, DIAG_ALERT, s->file, s->line,
			 "'server %s/%s' : unable to find required server '%.*s' for tracking.",
			 p->name, s->name, SPAN_ARG(name));
}

/* The end of a chain must have checks of its own; a chain that comes back to its start would never
 * end. */
static void check_chain(struct config_reader *r, const struct model_proxy *p,
			const struct model_server *s)
{
	const struct model_server *slow = s, *fast = s;

	while (fast->track && fast->track->track) {
		slow = slow->track;
		fast = fast->track->track;
		if (slow != fast)
			continue;
		diag_add(r->diags, DIAG_ALERT, s->file, s->line,
			 "'server %s/%s' : unable to track %s as it belongs to a tracking chain "
			 "looping back. Track a server with 'check'",
			 p->name, s->name, s->track_name);
		return;
	}
	while (fast->track)
		fast = fast->track;
	if (!fast->check && !fast->track_name)
		diag_add(r->diags, DIAG_ALERT, s->file, s->line,
			 "'server %s/%s' : unable to use %s for tracking as it does not have any "
			 "check nor agent enabled. Add 'check' to it",
			 p->name, s->name, fast->name);
}

static void resolve_tracking(struct config_reader *r)
{
	for (struct model_proxy *p = r->model->proxies; p; p = p->next) {
		for (struct model_server *s = p->servers; s; s = s->next) {
			if (s->track_name)
				find_tracked(r, p, s);
		}
	}
	for (const struct model_proxy *p = r->model->proxies; p; p = p->next) {
		for (const struct model_server *s = p->servers; s; s = s->next) {
			if (s->track)
				check_chain(r, p, s);
		}
	}
}

void config_resolve(struct config_reader *r, bool clean)
{
	unsigned int alerts = r->diags->alerts;

	check_names(r);
	config_number_proxies(r);
	for (struct model_proxy *p = r->model->proxies; p; p = p->next) {
		check_server_names(r, p);
		if (!p->disabled)
			resolve_backends(r, p);
	}
	resolve_tracking(r);
	config_resolve_rules(r);
	for (struct model_proxy *p = r->model->proxies; p; p = p->next) {
		config_number_parts(r, p);
		(void)config_parts_finish(r, p);
	}
	if (clean && r->diags->alerts == alerts)
		config_audit(r);
}
