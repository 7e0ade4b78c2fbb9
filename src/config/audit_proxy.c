/* SPDX-License-Identifier: MIT */
/*
 * What is doubtful about a whole proxy, said as haproxy says it; what mode tcp cannot do is taken
 * out of the model with a warning. Also the limits that depend on other proxies. Called by
 * resolve.c for a configuration without errors.
 */
#include "config/section_core.h"
#include "config/section_rules.h"

static void warn(struct config_reader *r, const struct model_proxy *p, const char *before,
		 const char *after)
{
	diag_add(r->diags, DIAG_WARNING, p->file, p->line, "%s %s '%s' %s", before,
		 config_proxy_kind(p), p->name, after);
}

static void warn_timeouts(struct config_reader *r, const struct model_proxy *p)
{
	const struct model_timeouts *t = &p->timeout;
	bool front = p->sides & PROXY_FRONTEND && !t->client;
	bool back = p->sides & PROXY_BACKEND && p->servers &&
		    (!t->connect || (!t->server && (p->mode == MODE_HTTP || !t->tunnel)));

	if (!front && !back)
		return;
	diag_add(r->diags, DIAG_WARNING, p->file, p->line,
		 "missing timeouts for %s '%s'.\n"
		 "   | While not properly invalid, silent peers will hold their connections for "
		 "ever with such a\n"
		 "   | configuration. To fix this, please ensure that all following timeouts are "
		 "set to a\n"
		 "   | non-zero value: 'client', 'connect', 'server'.",
		 config_proxy_kind(p), p->name);
}

static bool takes_stats(struct model_proxy *p)
{
	bool used = p->stats && p->stats->enabled;

	p->stats = NULL;
	return used;
}

static bool takes_redirects(struct model_proxy *p)
{
	return config_take_http_rules(p, RULES_REDIRECT);
}

static bool takes_requests(struct model_proxy *p)
{
	return config_take_http_rules(p, RULES_HTTP_REQUEST);
}

static bool takes_responses(struct model_proxy *p)
{
	return config_take_http_rules(p, RULES_HTTP_RESPONSE);
}

static bool takes_after_responses(struct model_proxy *p)
{
	return config_take_http_rules(p, RULES_HTTP_AFTER);
}

static bool takes_forwardfor(struct model_proxy *p)
{
	bool used = p->forwardfor.on;

	p->forwardfor.on = false;
	return used;
}

static bool takes_originalto(struct model_proxy *p)
{
	bool used = p->originalto.on;

	p->originalto.on = false;
	return used;
}

static bool takes_cookie(struct model_proxy *p)
{
	bool used = p->cookie && p->sides & PROXY_BACKEND;

	p->cookie = NULL;
	return used;
}

static bool takes_monitor_uri(struct model_proxy *p)
{
	bool used = p->monitor_uri.p && p->sides & PROXY_FRONTEND;

	p->monitor_uri = SPAN_NONE;
	return used;
}

/* Each takes its words out of the proxy: true where they were there. */
static const struct {
	bool (*take)(struct model_proxy *p);
	const char *before, *after;
} http_only[] = {
    {takes_stats, "'stats' statement ignored for",
     "as it requires HTTP mode. Write 'mode http' or remove it."},
    {takes_requests, "'http-request' rules ignored for",
     "as they require HTTP mode. Write 'mode http' or remove them."},
    {takes_responses, "'http-response' rules ignored for",
     "as they require HTTP mode. Write 'mode http' or remove them."},
    {takes_after_responses, "'http-after-response' rules ignored for",
     "as they require HTTP mode. Write 'mode http' or remove them."},
    {takes_redirects, "'redirect' rules ignored for",
     "as they require HTTP mode. Write 'mode http' or remove them."},
    {takes_forwardfor, "'option forwardfor' ignored for",
     "as it requires HTTP mode. Write 'mode http' or remove it."},
    {takes_originalto, "'option originalto' ignored for",
     "as it requires HTTP mode. Write 'mode http' or remove it."},
    {takes_cookie, "cookie will be ignored for", "(needs 'mode http')."},
    {takes_monitor_uri, "monitor-uri will be ignored for", "(needs 'mode http')."},
};

static void drop_http_words(struct config_reader *r, struct model_proxy *p)
{
	for (size_t i = 0; i < array_size(http_only); i++) {
		if (http_only[i].take(p))
			warn(r, p, http_only[i].before, http_only[i].after);
	}
}

/* A server's cookie value that no cookie of the backend carries. */
static void warn_server_cookies(struct config_reader *r, const struct model_proxy *p)
{
	for (const struct model_server *s = p->servers; s; s = s->next) {
		if (s->cookie.p && p->mode != MODE_HTTP)
			diag_add(
			    r->diags, DIAG_WARNING, s->file, s->line,
			    "%s '%s' : ignoring cookie for server '%s' as HTTP mode is disabled.",
			    config_proxy_kind(p), p->name, s->name);
	}
}

/* Rules of the proxy's own, not of its defaults, that its kind of check does not look at. */
static void warn_idle_check_rules(struct config_reader *r, const struct model_proxy *p)
{
	const struct model_check *c = &p->check;

	if (c->kind != CHECK_KIND_HTTP && c->http_rules.n && c->http_rules.owner == p)
		diag_add(r->diags, DIAG_WARNING, p->file, p->line,
			 "%s '%s' uses http-check rules without 'option httpchk', so the rules are "
			 "ignored.",
			 config_proxy_kind(p), p->name);
	if (c->kind != CHECK_KIND_TCP_SCRIPT && c->tcp_rules.n && c->tcp_rules.owner == p)
		diag_add(r->diags, DIAG_WARNING, p->file, p->line,
			 "%s '%s' uses tcp-check rules without 'option tcp-check', so the rules "
			 "are ignored.",
			 config_proxy_kind(p), p->name);
}

static void audit_proxy(struct config_reader *r, struct model_proxy *p)
{
	if (p->sides & PROXY_FRONTEND && !p->binds)
		diag_add(r->diags, DIAG_WARNING, p->file, p->line,
			 "%s '%s' has no 'bind' directive. Please declare it as a backend if this "
			 "was intended.",
			 config_proxy_kind(p), p->name);
	warn_timeouts(r, p);
	warn_server_cookies(r, p);
	warn_idle_check_rules(r, p);
	if (p->mode != MODE_HTTP)
		drop_http_words(r, p);
}

#define UNKNOWN UINT64_MAX /* one of them takes the process's limit, and that is automatic */

static void add_share(struct model_proxy *backend, const struct model_proxy *frontend,
		      uint64_t *sums)
{
	if (!backend || sums[backend->index] == UNKNOWN)
		return;
	sums[backend->index] =
	    frontend->maxconn ? sums[backend->index] + frontend->maxconn : UNKNOWN;
}

/* What each backend's frontends may bring, each counted once. */
static void sum_frontends(const struct model *m, uint64_t *sums)
{
	for (struct model_proxy *p = m->proxies; p; p = p->next) {
		if (p->disabled || !(p->sides & PROXY_FRONTEND))
			continue;
		if (p->sides & PROXY_BACKEND)
			add_share(p, p, sums);
		if (p->default_backend != p)
			add_share(p->default_backend, p, sums);
		for (const struct use_backend *u = p->use_backends; u; u = u->next) {
			const struct use_backend *seen = p->use_backends;

			while (seen != u && seen->backend != u->backend)
				seen = seen->next;
			if (seen == u && u->backend != p && u->backend != p->default_backend)
				add_share(u->backend, p, sums);
		}
	}
}

bool model_fill_limits(struct model *m, unsigned int maxconn, unsigned int proxy_maxconn)
{
	uint64_t *sums = arena_array(&m->arena, (size_t)m->n_proxies + 1, sizeof(*sums));

	if (!sums)
		return false;
	m->global.maxconn = maxconn;
	for (struct model_proxy *p = m->proxies; p; p = p->next) {
		if (p->sides & PROXY_FRONTEND && !p->maxconn)
			p->maxconn = proxy_maxconn ? proxy_maxconn : maxconn;
	}
	sum_frontends(m, sums);
	for (struct model_proxy *p = m->proxies; p; p = p->next) {
		if (p->sides & PROXY_BACKEND && !p->fullconn)
			p->fullconn =
			    sums[p->index] < 10 ? 1 : (unsigned int)((sums[p->index] + 9) / 10);
	}
	return true;
}

void config_audit(struct config_reader *r)
{
	struct model *m = r->model;
	unsigned int maxconn = r->world->maxconn ? r->world->maxconn : m->global.maxconn;

	for (struct model_proxy *p = m->proxies; p; p = p->next) {
		if (!p->disabled)
			audit_proxy(r, p);
	}
	if (!model_fill_limits(m, maxconn, r->world->proxy_maxconn))
		diag_add(r->diags, DIAG_ALERT, NULL, 0,
			 "out of memory for the limits of %u proxies.", m->n_proxies);
}
