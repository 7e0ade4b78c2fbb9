/* SPDX-License-Identifier: MIT */
/* The document of the statistics page: head, facts of the process, links, legend, all proxies. */
#include "admin/stats_html.h"

#include "proxy/worker.h"

#include "base/escape.h"

void stats_html_age(struct buffer *out, uint64_t s)
{
	if (s < 60)
		buffer_printf(out, "%us", (unsigned int)s);
	else if (s < 3600)
		buffer_printf(out, "%um%us", (unsigned int)(s / 60), (unsigned int)(s % 60));
	else if (s < 86400)
		buffer_printf(out, "%uh%um", (unsigned int)(s / 3600), (unsigned int)(s / 60 % 60));
	else
		buffer_printf(out, "%llud%uh", (unsigned long long)(s / 86400),
			      (unsigned int)(s / 3600 % 24));
}

void stats_html_number(struct buffer *out, uint64_t n)
{
	if (n >= 1000) {
		stats_html_number(out, n / 1000);
		buffer_printf(out, "&#8239;%03u", (unsigned int)(n % 1000));
	} else {
		buffer_printf(out, "%u", (unsigned int)n);
	}
}

void stats_html_link(struct buffer *out, const struct stats_page *page, const struct stats_query *q)
{
	struct buffer link;

	buffer_init(&link, 65536);
	stats_query_link(&link, q, page->conf->uri);
	escape_html(out, buffer_span(&link));
	buffer_fini(&link);
}

/* The name of this machine, where the page is to show it. */
static const char *node_name(const struct stats_page *page)
{
	const struct program *p = page->program;
	const char *global = p->model->global.node ? p->model->global.node : p->host;

	return page->conf->show_node ? (page->conf->node ? page->conf->node : global) : NULL;
}

static void head(struct buffer *out, const struct stats_page *page)
{
	const char *node = node_name(page), *text = page->conf->description;

	if (page->conf->show_description && !text)
		text = page->program->model->global.description;
	buffer_add_text(out, "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
			     "<meta name=viewport content=\"width=device-width,initial-scale=1\">"
			     "<meta name=robots content=noindex><link rel=icon href=\"data:,\">"
			     "<title>Statistics");
	if (node) {
		buffer_add_text(out, " of ");
		escape_html(out, span_of(node));
	}
	buffer_add_text(out, "</title><style>");
	buffer_add_text(out, stats_html_style);
	buffer_add_text(out, "</style></head><body>\n<h1>halb");
	if (!page->conf->hide_version && page->program->version) {
		buffer_add_text(out, " <small>");
		escape_html(out, span_of(page->program->version));
		buffer_add_text(out, "</small>");
	}
	buffer_add_text(out, "</h1><p class=sub>");
	if (node)
		escape_html(out, span_of(node));
	if (node && page->conf->show_description && text)
		buffer_add_text(out, ": ");
	if (page->conf->show_description && text)
		escape_html(out, span_of(text));
	buffer_add_text(out, "</p>\n");
}

static void fact(struct buffer *out, const char *name, uint64_t n)
{
	buffer_printf(out, "<div><dt>%s</dt><dd>", name);
	stats_html_number(out, n);
	buffer_add_text(out, "</dd></div>");
}

static void facts(struct buffer *out, const struct stats_page *page)
{
	struct program *p = page->program;
	struct counters sum;

	counters_sum(&p->totals, page->now_ms, &sum);
	buffer_printf(out, "<dl class=facts><div><dt>process</dt><dd>%d</dd></div>", p->pid);
	fact(out, "threads", p->n_threads);
	buffer_add_text(out, "<div><dt>up for</dt><dd>");
	stats_html_age(out, stats_seconds_since(p->start_ms, page->now_ms));
	buffer_add_text(out, "</dd></div>");
	fact(out, "connections now", atomic_load(&p->actconn));
	fact(out, "at most", atomic_load(&p->maxconn));
	fact(out, "so far", sum.connections);
	fact(out, "connections/s", sum.connection_rate.current);
	fact(out, "requests so far", sum.requests);
	fact(out, "requests/s", sum.request_rate.current);
	buffer_add_text(out, "</dl>\n");
	if (atomic_load(&p->stopping))
		buffer_add_text(out,
				"<p class=\"note bad\">This process is stopping: it serves its "
				"connections to their end and takes no new ones.</p>");
}

static void link_to(struct buffer *out, const struct stats_page *page, const struct stats_query *q,
		    const char *text)
{
	buffer_add_text(out, "<a href=\"");
	stats_html_link(out, page, q);
	buffer_printf(out, "\">%s</a>", text);
}

/* A GET form replaces the query of its target: what the uri has of it goes into a hidden field. */
static void scope_form(struct buffer *out, const struct stats_page *page)
{
	struct span query = page->conf->uri, path = span_split(&query, '?');

	buffer_add_text(out, "<form method=get action=\"");
	escape_html(out, path);
	buffer_add_text(out, "\">");
	if (query.p) {
		struct span value = query, name = span_split(&value, '=');

		buffer_add_text(out, "<input type=hidden name=\"");
		escape_html(out, name);
		buffer_add_text(out, "\" value=\"");
		escape_html(out, value.p ? value : SPAN(""));
		buffer_add_text(out, "\">");
	}
	buffer_add_text(out, "<input name=scope size=12 maxlength=60 placeholder=\"proxies with…\" "
			     "aria-label=\"only proxies with this in their name\" value=\"");
	escape_html(out, span_make(page->query.scope, page->query.scope_len));
	buffer_add_text(out, "\"><button>Show</button></form>");
}

static void links(struct buffer *out, const struct stats_page *page)
{
	struct stats_query q = page->query;

	buffer_add_text(out, "<nav>");
	link_to(out, page, &q, "Reload");
	q.hide_down = !page->query.hide_down;
	link_to(out, page, &q, q.hide_down ? "Hide servers that are down" : "Show all servers");
	q = page->query;
	if (page->conf->refresh_s) {
		q.no_refresh = !page->query.no_refresh;
		link_to(out, page, &q, q.no_refresh ? "Stop reloading" : "Reload by itself");
		if (q.no_refresh)
			buffer_printf(out, "<span>every %us</span>", page->conf->refresh_s);
	}
	q = page->query;
	q.no_refresh = true;
	q.form = PAGE_CSV;
	link_to(out, page, &q, "CSV");
	q.form = PAGE_JSON;
	link_to(out, page, &q, "JSON");
	scope_form(out, page);
	buffer_add_text(out, "</nav>\n");
}

static const struct note {
	const char code[5], *class, *text;
} notes[] = {
    {"DONE", "good", "Done."},
    {"NONE", "", "Nothing has changed."},
    {"PART", "bad", "Done in part: some of the servers are unknown."},
    {"ERRP", "bad", "Not done: the action, the backend or the servers are unknown."},
    {"DENY", "bad",
     "Refused: changes are not allowed to you here, or the form was not this page's own. Reload "
     "the "
     "page and try again."},
};

static void note(struct buffer *out, const struct stats_page *page)
{
	if (!page->query.status[0])
		return;
	for (unsigned int i = 0; i < array_size(notes); i++) {
		if (strcmp(page->query.status, notes[i].code) != 0)
			continue;
		buffer_printf(out, "<p class=\"note %s\" role=status>%s ", notes[i].class,
			      notes[i].text);
		link_to(out, page, &page->query, "Close");
		buffer_add_text(out, "</p>\n");
	}
}

static void legend(struct buffer *out)
{
	static const char *const texts[STATS_MOODS] = {[STATS_UP] = "up",
						       [STATS_GOING_DOWN] = "up, checks fail",
						       [STATS_GOING_UP] = "coming up",
						       [STATS_DOWN] = "down",
						       [STATS_DRAIN] = "drains: no new clients",
						       [STATS_MAINT] = "maintenance",
						       [STATS_NO_CHECK] = "not checked"};

	buffer_add_text(out, "<ul class=legend>");
	for (unsigned int i = 0; i < STATS_MOODS; i++)
		buffer_printf(out, "<li class=\"pill %s\">%s</li>", stats_html_mood(i), texts[i]);
	buffer_add_text(out, "<li class=\"pill bk\">dashed: backup</li></ul>\n");
}

void stats_html_write(struct buffer *out, const struct stats_page *page)
{
	struct stats_filter f = STATS_FILTER_ALL;
	unsigned int shown = 0;

	f.up_only = page->query.hide_down;
	f.part = span_make(page->query.scope, page->query.scope_len);
	f.scope = page->conf;
	f.self = page->self;
	head(out, page);
	facts(out, page);
	links(out, page);
	note(out, page);
	stats_html_vrrp(out, page->wall_us);
	legend(out);
	for (unsigned int i = 0; i < page->program->n_proxies; i++) {
		struct proxy *px = &page->program->proxies[i];

		if (!stats_proxy_wanted(px, &f))
			continue;
		stats_html_proxy(out, page, px, &f);
		shown++;
	}
	if (!shown)
		buffer_add_text(out, "<p class=note>No proxy matches.</p>");
	buffer_add_text(out, "</body></html>\n");
}
