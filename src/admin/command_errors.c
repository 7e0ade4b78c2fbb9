/* SPDX-License-Identifier: MIT */
/* "show errors": the last refused request and response of each proxy, byte for byte. */
#include "admin/command.h"
#include "admin/stats_object.h"

#include "proxy/error_capture.h"

#include "net/log_sink.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_COLUMNS 70

static void add_date(struct buffer *out, int64_t wall_us)
{
	char date[32];
	size_t len = log_date_request(date, wall_us);

	buffer_printf(out, "[%.*s]", (int)len, date);
}

/* How many columns one byte takes, and what it looks like. */
static int shown_byte(char dst[8], unsigned char c)
{
	switch (c) {
	case '\r':
		return snprintf(dst, 8, "\\r");
	case '\n':
		return snprintf(dst, 8, "\\n");
	case '\t':
		return snprintf(dst, 8, "\\t");
	case '\\':
		return snprintf(dst, 8, "\\\\");
	default:
		return snprintf(dst, 8, c >= ' ' && c < 127 ? "%c" : "\\x%02X", c);
	}
}

/* A line for each line of the message, the offset in front; '+' where one goes on. */
static void dump_bytes(struct buffer *out, const char *bytes, size_t n)
{
	size_t at = 0;
	bool goes_on = false;

	while (at < n) {
		int columns = 0;
		bool ended = false;

		buffer_printf(out, "  %05zu%c ", at, goes_on ? '+' : ' ');
		while (at < n && columns < LINE_COLUMNS && !ended) {
			char text[8];

			columns += shown_byte(text, (unsigned char)bytes[at]);
			buffer_add_text(out, text);
			ended = bytes[at++] == '\n';
		}
		goes_on = !ended;
		buffer_add_char(out, '\n');
	}
}

/* "be (#3)", or "<NONE> (#-1)". */
static void add_proxy(struct buffer *out, struct program *p, const char *name, unsigned int side)
{
	const struct proxy *px = name ? program_find_proxy(p, span_of(name), side) : NULL;

	if (px)
		buffer_printf(out, "%s (#%u)", name, px->conf->id);
	else
		buffer_add_text(out, "<NONE> (#-1)");
}

static void add_server(struct buffer *out, struct program *p, const struct error_capture *e)
{
	struct proxy *px =
	    e->backend ? program_find_proxy(p, span_of(e->backend), PROXY_BACKEND) : NULL;
	const struct server *s = px && e->server ? proxy_find_server(px, span_of(e->server)) : NULL;

	if (s)
		buffer_printf(out, "%s (#%u)", e->server, s->conf->id);
	else
		buffer_add_text(out, "<NONE> (#-1)");
}

static void add_event(struct buffer *out, struct program *p, const struct error_capture *e,
		      bool response)
{
	char src[STATS_ADDRESS_BYTES];

	stats_address_text(src, &e->src);
	buffer_add_text(out, " \n");
	add_date(out, e->wall_us);
	buffer_add_text(out, response ? " backend " : " frontend ");
	add_proxy(out, p, response ? e->backend : e->frontend,
		  response ? PROXY_BACKEND : PROXY_FRONTEND);
	buffer_printf(out, ": invalid %s\n  %s ", response ? "response" : "request",
		      response ? "frontend" : "backend");
	add_proxy(out, p, response ? e->frontend : e->backend,
		  response ? PROXY_FRONTEND : PROXY_BACKEND);
	buffer_add_text(out, ", server ");
	add_server(out, p, e);
	buffer_printf(out, ", event #%u, src %s\n", e->number, src);
	buffer_printf(out, "  len %zu, error at position %zu: %s\n  \n", e->n, e->at,
		      e->fault ? e->fault : "unknown");
	dump_bytes(out, e->bytes, e->n);
}

static void add_last(struct command_call *c, struct proxy *px, bool response)
{
	struct error_capture *e = error_capture_get(px, response);

	if (e)
		add_event(c->out, c->program, e, response);
	free(e);
}

/* The proxy that is asked for, by name or id; NULL where there is none. */
static const struct proxy *asked_proxy(struct command_call *c, struct span word)
{
	uint64_t id;
	const struct proxy *px =
	    program_find_proxy(c->program, word, PROXY_FRONTEND | PROXY_BACKEND);

	if (px || !span_to_u64(word, UINT32_MAX, &id))
		return px;
	for (unsigned int i = 0; i < c->program->n_proxies; i++)
		if (c->program->proxies[i].conf->id == id)
			return &c->program->proxies[i];
	return NULL;
}

static bool is_direction(struct span word)
{
	return span_equal(word, SPAN("request")) || span_equal(word, SPAN("response"));
}

static enum command_result show_errors(struct command_call *c)
{
	struct span word = command_word(c, 0), direction = command_word(c, 1);
	const struct proxy *only = NULL;

	if (is_direction(word))
		direction = word;
	else if (word.len && !span_equal(word, SPAN("-1"))) {
		only = asked_proxy(c, word);
		if (!only) {
			buffer_add_text(c->out, "No such proxy.\n");
			return COMMAND_DONE;
		}
	}
	buffer_add_text(c->out, "Total events captured on ");
	add_date(c->out, c->worker->loop.wall_us);
	buffer_printf(c->out, " : %u\n", error_capture_count(c->program));
	for (unsigned int i = 0; i < c->program->n_proxies; i++) {
		struct proxy *px = &c->program->proxies[i];

		if (only && only != px)
			continue;
		if (!span_equal(direction, SPAN("response")))
			add_last(c, px, false);
		if (!span_equal(direction, SPAN("request")))
			add_last(c, px, true);
	}
	return COMMAND_DONE;
}

static const struct command command_show_errors = {.words = "show errors",
						   .args = "[<px>] [request|response]",
						   .help = "messages that were refused",
						   .level = BIND_LEVEL_OPERATOR,
						   .run = show_errors};
FAMILY_ADD(command, command_show_errors);
