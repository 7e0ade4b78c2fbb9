/* SPDX-License-Identifier: MIT */
/* Targets of the statistics page: see stats_query.h. */
#include "admin/stats_query.h"

#include "base/escape.h"

static void set_scope(struct stats_query *q, struct span value)
{
	char text[3 * sizeof(q->scope)];
	long n;

	if (value.len > sizeof(text))
		return;
	n = escape_url_decode(text, value, true);
	if (n < 0 || (size_t)n > sizeof(q->scope))
		return;
	memcpy(q->scope, text, (size_t)n);
	q->scope_len = (size_t)n;
}

/* Codes are four capital letters; anything else is none. */
static void set_status(struct stats_query *q, struct span value)
{
	if (value.len != 4)
		return;
	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] < 'A' || value.p[i] > 'Z')
			return;
	memcpy(q->status, value.p, value.len);
}

static void take_word(struct stats_query *q, struct span word)
{
	struct span value = word, name = span_split(&value, '=');

	if (span_equal(word, SPAN("up")))
		q->hide_down = true;
	else if (span_equal(word, SPAN("norefresh")))
		q->no_refresh = true;
	else if (span_equal(word, SPAN("csv")))
		q->form = PAGE_CSV;
	else if (span_equal(word, SPAN("json")))
		q->form = PAGE_JSON;
	else if (span_equal(name, SPAN("st")) && value.p)
		set_status(q, value);
	else if (span_equal(name, SPAN("scope")) && value.p)
		set_scope(q, value);
}

bool stats_query_parse(struct stats_query *q, struct span target, struct span uri)
{
	size_t from = uri.len;

	memset(q, 0, sizeof(*q));
	if (!span_starts_with(target, uri))
		return false;
	for (size_t i = uri.len; i <= target.len; i++) {
		if (i < target.len && !strchr(";?&", target.p[i]))
			continue;
		take_word(q, span_slice(target, from, i - from));
		from = i + 1;
	}
	return true;
}

void stats_query_link(struct buffer *out, const struct stats_query *q, struct span uri)
{
	buffer_add_span(out, uri);
	if (q->form != PAGE_HTML)
		buffer_add_text(out, q->form == PAGE_CSV ? ";csv" : ";json");
	if (q->hide_down)
		buffer_add_text(out, ";up");
	if (q->no_refresh)
		buffer_add_text(out, ";norefresh");
	if (q->scope_len) {
		buffer_add_text(out, "?scope=");
		escape_url(out, span_make(q->scope, q->scope_len));
	}
}
