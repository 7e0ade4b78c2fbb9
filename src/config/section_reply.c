/* SPDX-License-Identifier: MIT */
/*
 * Answers of one's own making: "errorfile" (a whole HTTP response, checked here so that no broken
 * one is ever sent) and "errorloc" (a redirection). A later line for the same status replaces an
 * earlier one; tables are per proxy, their entries are never changed.
 */
#include "config/section_core.h"
#include "config/section_parts.h"
#include "config/section_rules.h"

#include "proto/h1_parse.h"

#define MAX_REPLY_BYTES 16384
#define MAX_HEADERS 100

/* The status word at `at` as the kind of reply; false after a diagnostic. */
static bool parse_status(struct config_reader *r, const struct node *line, unsigned int at,
			 const char *second, enum reply_kind *kind)
{
	uint64_t status = 0;

	if (!node_word(line, at).len || !node_word(line, at + 1).len) {
		config_alert(r, line, "%s : expects <status_code> and <%s> as arguments.",
			     line->words[0].p, second);
		return false;
	}
	if (span_to_u64(line->words[at], 599, &status))
		*kind = reply_of_status((unsigned int)status);
	if (status == 0 || *kind == REPLY_KINDS) {
		config_alert(r, line,
			     "%s : status code '%s' not handled; there are 200 400 401 403 404 405 "
			     "407 408 410 413 425 429 500 501 502 "
			     "503 504.",
			     line->words[0].p, line->words[at].p);
		return false;
	}
	return config_expect_end(r, line, at + 2);
}

static struct model_reply *new_reply(struct config_reader *r, const struct node *line,
				     enum reply_kind kind)
{
	struct model_reply *reply = config_alloc(r, line, sizeof(*reply));

	if (reply)
		r->proxy->replies[kind] = reply;
	return reply;
}

/* The end of the head: behind the first empty line, or 0. */
static size_t head_length(struct span text)
{
	size_t at = 0;

	while (at < text.len) {
		size_t len = span_find(span_slice(text, at, text.len), '\n');
		bool empty = len == 0 || (len == 1 && text.p[at] == '\r');

		at += len + 1;
		if (empty && at <= text.len)
			return at;
	}
	return 0;
}

/* The response with each line of its head ending in CRLF, as people's editors may not have left it.
 * NULL when out of memory. */
static char *normalise(struct arena *a, struct span text, size_t head, struct span *out)
{
	char *copy = arena_bytes(a, text.len + head + 1);
	size_t n = 0;

	if (!copy)
		return NULL;
	for (size_t i = 0; i < head; i++) {
		if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r'))
			copy[n++] = '\r';
		copy[n++] = text.p[i];
	}
	memcpy(copy + n, text.p + head, text.len - head);
	*out = span_make(copy, n + text.len - head);
	return copy;
}

/* What is wrong with a response, or NULL. */
static const char *find_fault(struct span raw, struct arena *a)
{
	struct h1_options options = {.max_bytes = MAX_REPLY_BYTES, .max_headers = MAX_HEADERS};
	struct h1_parser parser = {0};
	struct message m = {0};
	size_t body;

	m.headers.v = arena_array(a, MAX_HEADERS, sizeof(struct header));
	m.headers.cap = MAX_HEADERS;
	if (!m.headers.v)
		return "out of memory";
	switch (h1_parse_response(&parser, raw, &options, HTTP_GET, &m)) {
	case PARSE_OK:
		break;
	case PARSE_MORE:
		return "the head is not complete, an empty line is missing";
	case PARSE_BAD:
		return h1_fault_text((enum h1_fault)parser.fault);
	}
	body = raw.len - parser.at;
	if (m.framing == BODY_CHUNKED)
		return "chunk-encoded payload not supported; remove Transfer-Encoding and the "
		       "chunk sizes";
	if (m.framing == BODY_LENGTH && m.content_length != body)
		return "payload size does not match the announced content-length; correct it or "
		       "remove the field";
	return NULL;
}

/* The file's text as a response that may be sent. NULL, or what is wrong with it. */
static const char *to_response(struct arena *a, struct span text, struct span *out)
{
	size_t head = head_length(text);
	const char *fault;
	struct span raw;

	if (text.len == 0) { /* haproxy's way to send nothing */
		*out = SPAN("");
		return NULL;
	}
	if (!head)
		return "unable to parse headers: no empty line behind them";
	if (!normalise(a, text, head, &raw))
		return "out of memory";
	fault = find_fault(raw, a);
	if (!fault)
		*out = raw;
	return fault;
}

static bool read_file(const struct config_world *world, const char *path, struct arena *a,
		      struct span *out, const char **error)
{
	*error = "no access to files";
	return world->read_file && world->read_file(world->user, path, a, out, error);
}

bool config_read_response(void *user, const char *path, struct arena *a, struct span *out,
			  const char **error)
{
	struct span text;

	if (!read_file(user, path, a, &text, error))
		return false;
	*error = text.len > MAX_REPLY_BYTES ? "it is larger than 16384 bytes"
					    : to_response(a, text, out);
	return !*error;
}

static void parse_errorfile(struct config_reader *r, const struct node *line, unsigned int at)
{
	const char *error = NULL, *path = node_word(line, at + 1).p;
	enum reply_kind kind = REPLY_KINDS;
	struct model_reply *reply;
	struct span text, raw;

	if (!parse_status(r, line, at, "file", &kind))
		return;
	if (!read_file(r->world, path, r->arena, &text, &error)) {
		config_alert(r, line, "errorfile : error opening file '%s' (%s).", path, error);
		return;
	}
	if (text.len > MAX_REPLY_BYTES) {
		config_warn(r, line,
			    "custom error message file '%s' larger than %d bytes. Truncating.",
			    path, MAX_REPLY_BYTES);
		text.len = MAX_REPLY_BYTES;
	}
	error = to_response(r->arena, text, &raw);
	if (error) {
		config_alert(r, line, "errorfile : '%s': %s", path, error);
		return;
	}
	reply = new_reply(r, line, kind);
	if (reply)
		reply->raw = raw;
}

static void parse_location(struct config_reader *r, const struct node *line, unsigned int at,
			   unsigned int code)
{
	enum reply_kind kind = REPLY_KINDS;
	struct model_reply *reply;

	if (!parse_status(r, line, at, "url", &kind))
		return;
	reply = new_reply(r, line, kind);
	if (reply) {
		reply->location = line->words[at + 1];
		reply->code = code;
	}
}

static void parse_errorloc302(struct config_reader *r, const struct node *line, unsigned int at)
{
	parse_location(r, line, at, 302);
}

static void parse_errorloc303(struct config_reader *r, const struct node *line, unsigned int at)
{
	parse_location(r, line, at, 303);
}

KEYWORDS(section_reply,
	 {"errorfile", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_errorfile,
	  "STATUS FILE: the whole response from a file"},
	 {"errorloc", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_errorloc302,
	  "STATUS URL: a 302 to there instead"},
	 {"errorloc302", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_errorloc302,
	  "STATUS URL: a 302 to there instead"},
	 {"errorloc303", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_errorloc303,
	  "STATUS URL: a 303 to there instead"});
