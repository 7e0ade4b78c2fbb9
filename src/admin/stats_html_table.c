/* SPDX-License-Identifier: MIT */
/* A proxy on the statistics page: one row for each object, cells from the table of fields. */
#include "admin/server_action.h"
#include "admin/stats_html.h"

#include "base/escape.h"

#include <stdio.h>

enum cell_form { CELL_NUMBER, CELL_BYTES, CELL_AGE };

static const struct column {
	const char *group, *label, *field;
	enum cell_form form;
} columns[] = {
    {"Weight", "now", "weight", CELL_NUMBER},
    {"Weight", "active", "act", CELL_NUMBER},
    {"Weight", "backup", "bck", CELL_NUMBER},
    {"Queue", "now", "qcur", CELL_NUMBER},
    {"Queue", "max", "qmax", CELL_NUMBER},
    {"Queue", "limit", "qlimit", CELL_NUMBER},
    {"Sessions/s", "now", "rate", CELL_NUMBER},
    {"Sessions/s", "max", "rate_max", CELL_NUMBER},
    {"Sessions/s", "limit", "rate_lim", CELL_NUMBER},
    {"Sessions", "now", "scur", CELL_NUMBER},
    {"Sessions", "max", "smax", CELL_NUMBER},
    {"Sessions", "limit", "slim", CELL_NUMBER},
    {"Sessions", "total", "stot", CELL_NUMBER},
    {"Sessions", "balanced", "lbtot", CELL_NUMBER},
    {"Sessions", "last", "lastsess", CELL_AGE},
    {"Bytes", "in", "bin", CELL_BYTES},
    {"Bytes", "out", "bout", CELL_BYTES},
    {"Denied", "req.", "dreq", CELL_NUMBER},
    {"Denied", "resp.", "dresp", CELL_NUMBER},
    {"Errors", "req.", "ereq", CELL_NUMBER},
    {"Errors", "conn.", "econ", CELL_NUMBER},
    {"Errors", "resp.", "eresp", CELL_NUMBER},
    {"Warnings", "retries", "wretr", CELL_NUMBER},
    {"Warnings", "moved", "wredis", CELL_NUMBER},
    {"Checks", "failed", "chkfail", CELL_NUMBER},
    {"Checks", "downs", "chkdown", CELL_NUMBER},
    {"Checks", "downtime", "downtime", CELL_AGE},
    {"Slow start", "%", "throttle", CELL_NUMBER},
};

#define COLUMNS array_size(columns)

struct table {
	struct buffer *out;
	const struct stats_page *page;
	const struct stats_field *fields[COLUMNS];
	bool forms; /* servers get a box to tick */
};

static void find_fields(struct table *t)
{
	for (unsigned int i = 0; i < COLUMNS; i++)
		for (unsigned int j = 0; j < stats_n_fields; j++)
			if (strcmp(columns[i].field, stats_fields[j].name) == 0)
				t->fields[i] = &stats_fields[j];
}

static void head(const struct table *t)
{
	buffer_add_text(t->out, "<div class=scroll><table><thead><tr>");
	buffer_add_text(t->out, "<th class=t rowspan=2>Name</th><th class=t rowspan=2>Status</th>"
				"<th class=t rowspan=2>Last check</th>");
	for (unsigned int i = 0, n; i < COLUMNS; i += n) {
		for (n = 1; i + n < COLUMNS && columns[i + n].group == columns[i].group;)
			n++;
		buffer_printf(t->out, "<th class=g colspan=%u>%s</th>", n, columns[i].group);
	}
	buffer_add_text(t->out, "</tr><tr>");
	for (unsigned int i = 0; i < COLUMNS; i++)
		buffer_printf(t->out, "<th>%s</th>", columns[i].label);
	buffer_add_text(t->out, "</tr></thead><tbody>\n");
}

static void add_bytes(struct buffer *out, uint64_t n)
{
	static const char units[] = "kMGTPE";
	double v = (double)n;
	unsigned int u = 0;

	if (n < 1000) {
		buffer_printf(out, "%u B", (unsigned int)n);
		return;
	}
	for (v /= 1000; v >= 999.5 && u < 5; v /= 1000)
		u++;
	buffer_printf(out, v < 9.95 ? "%.1f %cB" : "%.0f %cB", v, units[u]);
}

static void add_value(struct buffer *out, const struct stats_value *v, enum cell_form form)
{
	uint64_t n = v->type == STATS_S32 ? (uint64_t)v->signed_number : v->number;

	if (form == CELL_BYTES)
		add_bytes(out, n);
	else if (form == CELL_AGE)
		stats_html_age(out, n);
	else
		stats_html_number(out, n);
}

/* What the total is made of, as a tool tip. */
static void total_title(const struct table *t, const struct stats_object *o)
{
	buffer_printf(t->out, " title=\"requests %llu", (unsigned long long)o->sum.requests);
	for (unsigned int k = 1; k <= 5; k++)
		buffer_printf(t->out, ", %uxx %llu", k, (unsigned long long)o->sum.responses[k]);
	buffer_printf(t->out, ", other %llu\"", (unsigned long long)o->sum.responses[0]);
}

static void cell(const struct table *t, unsigned int i, const struct stats_object *o)
{
	const struct column *c = &columns[i];
	struct stats_value v = {.type = STATS_NONE};

	if (t->fields[i])
		stats_field_value(t->fields[i], o, &v);
	if (v.type == STATS_NONE || (v.type == STATS_S32 && v.signed_number < 0)) {
		buffer_add_text(t->out, "<td class=e></td>");
		return;
	}
	buffer_printf(t->out, "<td%s data-l=\"%s %s\"",
		      v.type != STATS_S32 && v.number == 0 ? " class=z" : "", c->group, c->label);
	if (c->form == CELL_BYTES)
		buffer_printf(t->out, " title=\"%llu\"", (unsigned long long)v.number);
	if (strcmp(c->field, "stot") == 0 && o->proxy->conf->mode == MODE_HTTP &&
	    o->kind != STATS_LISTENER)
		total_title(t, o);
	buffer_add_char(t->out, '>');
	add_value(t->out, &v, c->form);
	buffer_add_text(t->out, "</td>");
}

/* A field's text in small print behind a word. */
static void legend(const struct table *t, const struct stats_object *o, const char *field,
		   const char *word)
{
	for (unsigned int j = 0; j < stats_n_fields; j++) {
		struct stats_value v;

		if (strcmp(field, stats_fields[j].name) != 0)
			continue;
		stats_field_value(&stats_fields[j], o, &v);
		if (v.type != STATS_STR || !v.text.len)
			return;
		buffer_printf(t->out, "<small>%s", word);
		escape_html(t->out, v.text);
		buffer_add_text(t->out, "</small>");
	}
}

/* The name; of servers with a box to tick. */
static void shown_name(const struct table *t, const struct stats_object *o)
{
	bool box = t->forms && o->kind == STATS_SERVER;

	if (box) {
		buffer_add_text(t->out, "<label><input type=checkbox name=s value=\"");
		escape_html(t->out, o->name);
		buffer_add_text(t->out, "\"> ");
	}
	buffer_add_text(t->out, "<b>");
	if (o->kind == STATS_FRONTEND || o->kind == STATS_BACKEND)
		buffer_add_text(t->out, o->kind == STATS_FRONTEND ? "Frontend" : "Backend");
	else
		escape_html(t->out, o->name);
	buffer_add_text(t->out, box ? "</b></label>" : "</b>");
}

static void name_cell(const struct table *t, const struct stats_object *o)
{
	buffer_add_text(t->out, "<td class=\"t name\">");
	shown_name(t, o);
	if (o->kind == STATS_LISTENER)
		buffer_add_text(t->out, "<small>listener</small>");
	if (o->kind == STATS_SERVER && o->backup)
		buffer_add_text(t->out, "<small>backup</small>");
	if (t->page->conf->show_legends) {
		legend(t, o, "addr", "");
		legend(t, o, "cookie", "cookie ");
		legend(t, o, "algo", "balance ");
		if (o->kind == STATS_SERVER || o->kind == STATS_LISTENER)
			buffer_printf(t->out, "<small>id %u</small>", o->id);
	}
	legend(t, o, "tracked", "follows ");
	buffer_add_text(t->out, "</td>");
}

static void status_cell(const struct table *t, const struct stats_object *o)
{
	buffer_printf(t->out, "<td class=\"t\" data-l=Status><span class=\"pill %s\">",
		      stats_html_mood(o->mood));
	escape_html(t->out, span_of(o->status));
	buffer_add_text(t->out, "</span>");
	if (o->kind == STATS_SERVER || o->kind == STATS_BACKEND) {
		buffer_add_text(t->out, "<small>for ");
		stats_html_age(t->out, stats_seconds_since(o->last_change_ms, o->now_ms));
		buffer_add_text(t->out, "</small>");
	}
	if (o->kind == STATS_SERVER && o->reason && o->mood != STATS_UP) {
		buffer_add_text(t->out, "<small>");
		escape_html(t->out, span_of(o->reason));
		buffer_add_text(t->out, "</small>");
	}
	buffer_add_text(t->out, "</td>");
}

static void check_cell(const struct table *t, const struct stats_object *o)
{
	const struct stats_check *k = &o->check;

	if (o->kind != STATS_SERVER || !k->exists) {
		buffer_add_text(t->out, "<td class=\"t e\"></td>");
		return;
	}
	buffer_add_text(t->out, "<td class=\"t w\" data-l=\"Last check\">");
	buffer_add_text(t->out, health_status_name(k->status));
	if (k->code && health_status_has_code(k->status))
		buffer_printf(t->out, "/%u", k->code);
	if (k->status > CHECK_INI)
		buffer_printf(t->out, " in %llums", (unsigned long long)k->duration_ms);
	if (!k->enabled)
		buffer_add_text(t->out, " (checks are off)");
	buffer_add_text(t->out, "<small>");
	buffer_add_text(t->out, health_status_text(k->status));
	if (k->info[0]) {
		buffer_add_text(t->out, ": ");
		escape_html(t->out, span_of(k->info));
	}
	buffer_add_text(t->out, "</small></td>");
}

static void row(const struct stats_object *o, void *user)
{
	static const char *const classes[] = {"fe", "sum", "srv", "lis"};
	const struct table *t = user;

	buffer_printf(t->out, "<tr class=\"%s%s\">", classes[o->kind], o->backup ? " bk" : "");
	name_cell(t, o);
	status_cell(t, o);
	check_cell(t, o);
	for (unsigned int i = 0; i < COLUMNS; i++)
		cell(t, i, o);
	buffer_add_text(t->out, "</tr>\n");
}

static void title(const struct table *t, const struct proxy *px)
{
	const struct model_proxy *conf = px->conf;

	buffer_add_text(t->out, "<section class=px id=\"px-");
	escape_url(t->out, span_of(conf->name));
	buffer_add_text(t->out, "\"><header><h2>");
	escape_html(t->out, span_of(conf->name));
	buffer_printf(t->out, "</h2><span>%s, mode %s, id %u</span>",
		      conf->is_listen                ? "listen"
		      : conf->sides & PROXY_FRONTEND ? "frontend"
						     : "backend",
		      conf->mode == MODE_HTTP ? "http" : "tcp", conf->id);
	if (conf->description) {
		buffer_add_text(t->out, "<span>");
		escape_html(t->out, span_of(conf->description));
		buffer_add_text(t->out, "</span>");
	}
	buffer_add_text(t->out, "</header>");
}

static void actions(const struct table *t, const struct proxy *px)
{
	buffer_printf(t->out,
		      "<div class=act><input type=hidden name=b value=\"#%u\">"
		      "<input type=hidden name=t value=\"%s\"><label>Ticked servers: "
		      "<select name=action><option value=\"\">choose…</option>",
		      px->conf->id, t->page->token);
	for (unsigned int i = 0; i < server_n_action_names; i++)
		buffer_printf(t->out, "<option value=\"%s\">%s</option>",
			      server_action_names[i].word, server_action_names[i].text);
	buffer_add_text(t->out, "</select></label> <button>Apply</button></div></form>");
}

void stats_html_proxy(struct buffer *out, const struct stats_page *page, struct proxy *px,
		      const struct stats_filter *f)
{
	struct table t = {.out = out, .page = page};

	t.forms = page->may_act && page->token && px->n_servers > 0;
	find_fields(&t);
	title(&t, px);
	if (t.forms) {
		buffer_add_text(out, "<form method=post action=\"");
		stats_html_link(out, page, &page->query);
		buffer_add_text(out, "\">");
	}
	head(&t);
	stats_each_of_proxy(px, page->now_ms, f, row, &t);
	buffer_add_text(out, "</tbody></table></div>");
	if (t.forms)
		actions(&t, px);
	buffer_add_text(out, "</section>\n");
}
