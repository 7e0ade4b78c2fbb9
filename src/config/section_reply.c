/* SPDX-License-Identifier: MIT */
/*
 * Answers of one's own making: "errorfile" (a whole HTTP response, checked here so that no broken
 * one is ever sent), "errorloc" (a redirection), "http-error" (an answer as rules make them), and
 * sections "http-errors" with "errorfiles" that refers to them. A later line for the same status
 * replaces an earlier one; tables are per proxy, their entries are never changed.
 */
#include "config/section_core.h"
#include "config/section_parts.h"
#include "config/section_rules.h"

#include "rule/reply.h"

#include "proto/h1_parse.h"

#define MAX_REPLY_BYTES 16384
#define MAX_HEADERS 100

/* The word as the kind of reply; false after a diagnostic. */
static bool parse_kind(struct config_reader *r, const struct node *line, struct span word,
		       enum reply_kind *kind)
{
	uint64_t status = 0;

	if (span_to_u64(word, 599, &status))
		*kind = reply_of_status((unsigned int)status);
	if (status != 0 && *kind != REPLY_KINDS)
		return true;
	config_alert(r, line,
		     "%s : status code '%.*s' not handled; there are 200 400 401 403 404 405 "
		     "407 408 410 413 425 429 500 501 502 "
		     "503 504.",
		     line->words[0].p, SPAN_ARG(word));
	return false;
}

/* The status word at `at`, one word behind it; false after a diagnostic. */
static bool parse_status(struct config_reader *r, const struct node *line, unsigned int at,
			 const char *second, enum reply_kind *kind)
{
	if (!node_word(line, at).len || !node_word(line, at + 1).len) {
		config_alert(r, line, "%s : expects <status_code> and <%s> as arguments.",
			     line->words[0].p, second);
		return false;
	}
	return parse_kind(r, line, line->words[at], kind) && config_expect_end(r, line, at + 2);
}

static struct model_reply *new_reply(struct config_reader *r, const struct node *line,
				     enum reply_kind kind)
{
	struct model_reply *reply = config_alloc(r, line, sizeof(*reply));

	if (reply && r->where == IN_HTTP_ERRORS)
		r->http_errors->replies[kind] = reply;
	else if (reply)
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

/* ---- http-error ---- */

/* The words are those of "return", but for the status, which must be there. */
static struct reply *compile_reply(struct config_reader *r, const struct node *line,
				   unsigned int at)
{
	static const struct action named = {.name = "http-error"};
	struct rule_compiler k;
	struct action_parse p = {.k = &k,
				 .words = line->words,
				 .n = line->n_words,
				 .at = at,
				 .set = RULES_HTTP_REQUEST,
				 .action = &named};
	struct reply *reply;

	config_rule_begin(
	    r, line, NEEDS_HTTP_REQUEST | NEEDS_REQUEST_SEEN | NEEDS_BACKEND | NEEDS_SERVER, &k);
	reply = reply_compile(&p, (struct reply_defaults){0, false});
	config_rule_end(r, line, &k);
	if (!reply)
		config_alert(r, line, "'http-error' : %s.", k.error);
	return reply;
}

static void parse_http_error(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct reply *compiled = compile_reply(r, line, at);
	enum reply_kind kind = REPLY_KINDS;
	struct model_reply *reply;
	char status[16];
	struct buffer b;

	if (!compiled)
		return;
	if (!reply_status_code(compiled)) {
		config_alert(r, line,
			     "'http-error' expects 'status' and a status code, as in "
			     "'http-error status 503 content-type text/plain string busy'.");
		return;
	}
	buffer_init_fixed(&b, status, sizeof(status));
	buffer_add_u64(&b, reply_status_code(compiled));
	if (!parse_kind(r, line, buffer_span(&b), &kind))
		return;
	reply = new_reply(r, line, kind);
	if (reply)
		reply->reply = compiled;
}

/* ---- http-errors ---- */

static struct model_http_errors *find_errors(const struct model *m, struct span name)
{
	struct model_http_errors *e = m->http_errors;

	while (e && !span_equal(e->name, name))
		e = e->next;
	return e;
}

bool config_begin_http_errors(struct config_reader *r, const struct node *line)
{
	struct model_http_errors *e;

	if (!config_need_word(r, line, 1, "http-errors <name>") || !config_expect_end(r, line, 2))
		return false;
	if (find_errors(r->model, line->words[1])) {
		config_alert(r, line,
			     "http-errors section '%s' is there already; give this one "
			     "another name.",
			     line->words[1].p);
		return false;
	}
	e = config_alloc(r, line, sizeof(*e));
	if (!e)
		return false;
	e->name = line->words[1];
	e->next = r->model->http_errors;
	r->model->http_errors = r->http_errors = e;
	return true;
}

static struct rule_reference *refer(struct config_reader *r, const struct node *line,
				    struct span name)
{
	struct rule_reference *ref = config_alloc(r, line, sizeof(*ref));

	if (!ref)
		return NULL;
	*ref = (struct rule_reference){.next = r->model->rules.references,
				       .kind = REFERENCE_HTTP_ERRORS,
				       .proxy_name = name,
				       .owner = r->proxy,
				       .file = line->file,
				       .line = line->line};
	r->model->rules.references = ref;
	return ref;
}

static void take_from_errors(struct config_reader *r, const struct node *line,
			     struct rule_reference *ref, enum reply_kind kind)
{
	struct model_reply *otherwise = r->proxy->replies[kind];
	struct model_reply *reply = new_reply(r, line, kind);

	if (!reply)
		return;
	reply->errors = ref;
	reply->otherwise = otherwise;
}

static void parse_errorfiles(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct rule_reference *ref;

	if (!config_need_word(r, line, at, "errorfiles <http-errors section> [<status> ...]"))
		return;
	ref = refer(r, line, line->words[at]);
	if (!ref)
		return;
	for (unsigned int kind = 0; at + 1 == line->n_words && kind < REPLY_KINDS; kind++)
		take_from_errors(r, line, ref, (enum reply_kind)kind);
	for (unsigned int i = at + 1; i < line->n_words; i++) {
		enum reply_kind kind = REPLY_KINDS;

		ref = i == at + 1 ? ref : refer(r, line, line->words[at]);
		if (!ref || !parse_kind(r, line, line->words[i], &kind))
			return;
		ref->slot = reply_status(kind);
		take_from_errors(r, line, ref, kind);
	}
}

void config_resolve_http_errors(struct config_reader *r, struct rule_reference *ref)
{
	const struct model_http_errors *e = find_errors(r->model, ref->proxy_name);
	enum reply_kind kind = reply_of_status(ref->slot);

	ref->proxy = e;
	if (!e)
		diag_add(r->diags, DIAG_ALERT, ref->file, ref->line,
			 "unable to find the http-errors section '%.*s'; add 'http-errors %.*s' "
			 "with lines 'errorfile <status> <file>'.",
			 SPAN_ARG(ref->proxy_name), SPAN_ARG(ref->proxy_name));
	else if (ref->slot && (kind == REPLY_KINDS || !e->replies[kind]))
		diag_add(r->diags, DIAG_WARNING, ref->file, ref->line,
			 "status code %u is not declared in the http-errors section '%.*s'; the "
			 "default answer is sent. Add 'errorfile %u <file>' there.",
			 ref->slot, SPAN_ARG(ref->proxy_name), ref->slot);
}

void config_resolve_replies(struct model_proxy *p)
{
	for (unsigned int kind = 0; kind < REPLY_KINDS; kind++) {
		struct model_reply *reply = p->replies[kind];

		while (reply && reply->errors) {
			const struct model_http_errors *e = reply->errors->proxy;

			reply = e && e->replies[kind] ? e->replies[kind] : reply->otherwise;
		}
		p->replies[kind] = reply;
	}
}

KEYWORDS(section_reply,
	 {"errorfiles", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_errorfiles,
	  "NAME [STATUS ...]: the error files of a section http-errors"},
	 {"http-error", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_http_error,
	  "status N [content-type T] [string S] ...: the answer with this status"},
	 {"errorfile", IN_PROXY | IN_HTTP_ERRORS, KEYWORD_PARSE, 0, 0, 0, parse_errorfile,
	  "STATUS FILE: the whole response from a file"},
	 {"errorloc", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_errorloc302,
	  "STATUS URL: a 302 to there instead"},
	 {"errorloc302", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_errorloc302,
	  "STATUS URL: a 302 to there instead"},
	 {"errorloc303", IN_PROXY, KEYWORD_PARSE, 0, 0, 0, parse_errorloc303,
	  "STATUS URL: a 303 to there instead"});
