/* SPDX-License-Identifier: MIT */
/*
 * The statistics page as a service of the proxy: who may see it, what is asked for, and the forms
 * that come back. Registered by its name "stats"; step_serve calls it in any thread.
 *
 *     target → query → password → GET: page, CSV, JSON
 *                               → POST: own form? allowed? → act → 303 back, with what became of it
 */
#include "admin/stats_auth.h"
#include "admin/stats_export.h"
#include "admin/stats_form.h"
#include "admin/stats_html.h"

#include "proxy/service.h"

#include "rule/condition.h"

#define HTML_HEADERS                                                                               \
	"Content-Type: text/html; charset=utf-8\r\n"                                               \
	"Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; "  \
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'\r\n"                          \
	"X-Frame-Options: DENY\r\n"                                                                \
	"Referrer-Policy: same-origin\r\n"

static void add_common(struct service_reply *r)
{
	buffer_add_text(&r->headers,
			"Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n");
}

static void plain(struct service_reply *r, unsigned int status, const char *text)
{
	r->status = status;
	add_common(r);
	buffer_add_text(&r->headers, "Content-Type: text/plain; charset=utf-8\r\n");
	buffer_add_text(&r->body, text);
}

/* As a quoted string (RFC 9110 section 5.6.4); what cannot stand there becomes a blank. */
static void ask_password(const struct model_stats *conf, struct service_reply *r)
{
	plain(r, 401, "This page wants a name and a password.\n");
	buffer_add_text(&r->headers, "WWW-Authenticate: Basic realm=\"");
	for (size_t i = 0; i < conf->realm.len; i++) {
		char c = conf->realm.p[i];

		if (c == '"' || c == '\\')
			buffer_add_char(&r->headers, '\\');
		buffer_add_char(&r->headers, (unsigned char)c < ' ' || c == 127 ? ' ' : c);
	}
	buffer_add_text(&r->headers, "\"\r\n");
}

static bool may_act(const struct service_request *q)
{
	const struct model_stats *conf = q->proxy->conf->stats;

	return conf->admin && condition_holds(conf->admin_condition, q->context);
}

static void answer_post(const struct service_request *q, struct stats_query *query,
			struct service_reply *r)
{
	struct stats_form form;
	struct arena a;
	const char *status = "DENY";

	arena_init(&a, 16384, 0);
	stats_form_parse(&form, q->body, &a);
	if (may_act(q) && stats_post_is_own(q->request, form.token))
		status = stats_form_run(&form, q->worker->program, &q->worker->loop);
	arena_fini(&a);
	plain(r, 303, "");
	buffer_add_text(&r->headers, "Location: ");
	query->form = PAGE_HTML;
	if (query->scope_len) { /* ";st=" stands in front of "?scope=" */
		struct stats_query rest = *query;

		rest.scope_len = 0;
		stats_query_link(&r->headers, &rest, q->proxy->conf->stats->uri);
		buffer_printf(&r->headers, ";st=%s", status);
		rest = (struct stats_query){.scope_len = query->scope_len};
		memcpy(rest.scope, query->scope, query->scope_len);
		stats_query_link(&r->headers, &rest, SPAN(""));
	} else {
		stats_query_link(&r->headers, query, q->proxy->conf->stats->uri);
		buffer_printf(&r->headers, ";st=%s", status);
	}
	buffer_add_text(&r->headers, "\r\n");
}

static void answer_data(const struct service_request *q, const struct stats_query *query,
			struct service_reply *r)
{
	struct stats_filter f = STATS_FILTER_ALL;
	bool csv = query->form == PAGE_CSV;

	f.up_only = query->hide_down;
	f.part = span_make(query->scope, query->scope_len);
	f.scope = q->proxy->conf->stats;
	f.self = q->proxy;
	buffer_add_text(&r->headers, csv ? "Content-Type: text/plain; charset=utf-8\r\n"
					 : "Content-Type: application/json\r\n");
	stats_export(&r->body, q->worker->program, q->worker->loop.now_ms, &f,
		     csv ? STATS_CSV : STATS_JSON);
}

static void answer_get(const struct service_request *q, const struct stats_query *query,
		       struct service_reply *r)
{
	const struct model_stats *conf = q->proxy->conf->stats;
	struct stats_page page = {.program = q->worker->program,
				  .self = q->proxy,
				  .conf = conf,
				  .query = *query,
				  .may_act = may_act(q),
				  .token = stats_token(),
				  .now_ms = q->worker->loop.now_ms,
				  .wall_us = q->worker->loop.wall_us};

	add_common(r);
	if (conf->refresh_s && !query->no_refresh)
		buffer_printf(&r->headers, "Refresh: %u\r\n", conf->refresh_s);
	if (query->form != PAGE_HTML) {
		answer_data(q, query, r);
		return;
	}
	buffer_add_text(&r->headers, HTML_HEADERS);
	stats_html_write(&r->body, &page);
}

static void answer(const struct service_request *q, struct service_reply *r)
{
	const struct model_stats *conf = q->proxy->conf->stats;
	struct stats_query query;

	r->status = 200;
	if (!stats_query_parse(&query, q->request->target, conf->uri)) {
		plain(r, 404, "There is no such page.\n");
	} else if (!stats_auth_passes(conf->users, q->request)) {
		ask_password(conf, r);
	} else if (q->request->method == HTTP_POST) {
		answer_post(q, &query, r);
	} else if (q->request->method == HTTP_GET || q->request->method == HTTP_HEAD) {
		answer_get(q, &query, r);
	} else {
		plain(r, 405, "Only GET, HEAD and POST are known here.\n");
		buffer_add_text(&r->headers, "Allow: GET, HEAD, POST\r\n");
	}
}

static const struct service stats_service = {
    .name = "stats", .help = "the statistics page", .pseudo_server = "<STATS>", .answer = answer};
FAMILY_ADD(service, stats_service);
