/* SPDX-License-Identifier: MIT */
/* Compiling and building the answers of rules; called by action_flow.c. */
#include "rule/reply.h"

#include "rule/log_format.h"

#define MAX_FIELDS 32
#define MAX_STATUS 599

enum payload { PAYLOAD_NONE, PAYLOAD_PLAIN, PAYLOAD_RAW, PAYLOAD_TEXT, PAYLOAD_FORMAT };

struct reply {
	unsigned int status;
	enum payload payload;
	struct span content_type; /* p NULL: none */
	struct span text;         /* PAYLOAD_TEXT, PAYLOAD_RAW */
	struct log_format *format;
	struct rule_reference *errors; /* PAYLOAD_PLAIN: "errorfiles"; NULL: none */
	unsigned int n_fields;
	struct reply_field {
		struct span name;
		struct log_format *value;
	} fields[MAX_FIELDS];
};

struct parse {
	struct action_parse *p;
	struct reply *r;
	struct span value; /* the word behind the keyword */
	bool has_status;   /* by "status", not by "deny_status" */
};

static bool parse_status(struct parse *x)
{
	uint64_t n;

	if (!span_to_u64(x->value, MAX_STATUS, &n) || n < 200)
		return compiler_fail(x->p->k,
				     "'%s' expects a status from 200 to 599 behind 'status', not "
				     "'%.*s'",
				     x->p->action->name, SPAN_ARG(x->value));
	x->r->status = (unsigned int)n;
	x->has_status = span_equal(x->p->words[x->p->at], SPAN("status"));
	return true;
}

static bool parse_content_type(struct parse *x)
{
	x->r->content_type = x->value;
	return true;
}

static bool set_payload(struct parse *x, enum payload payload)
{
	if (x->r->payload != PAYLOAD_NONE)
		return compiler_fail(
		    x->p->k,
		    "'%s' has one payload only: remove one of 'string', "
		    "'lf-string', 'file', 'lf-file', 'errorfile', 'errorfiles' and "
		    "'default-errorfiles'",
		    x->p->action->name);
	x->r->payload = payload;
	return true;
}

static bool parse_string(struct parse *x)
{
	x->r->text = x->value;
	return set_payload(x, PAYLOAD_TEXT);
}

static bool parse_format(struct parse *x)
{
	x->r->format = log_format_compile(x->p->k, x->value, LOG_FORMAT_HTTP);
	return x->r->format && set_payload(x, PAYLOAD_FORMAT);
}

static bool read_file(struct parse *x, struct span *out, bool response)
{
	struct rule_compiler *k = x->p->k;
	const struct rule_files *f = &k->files;
	const char *error = "no access to files", *path = arena_copy(k->arena, x->value);
	bool (*read)(void *, const char *, struct arena *, struct span *, const char **) =
	    response ? f->read_response : f->read;

	return (path && read && read(f->user, path, k->arena, out, &error)) ||
	       compiler_fail(k, "cannot use the file '%.*s': %s", SPAN_ARG(x->value), error);
}

static bool parse_file(struct parse *x)
{
	return read_file(x, &x->r->text, false) && set_payload(x, PAYLOAD_TEXT);
}

static bool parse_format_file(struct parse *x)
{
	struct span text = SPAN_NONE;

	if (!read_file(x, &text, false))
		return false;
	x->value = text;
	return parse_format(x);
}

static bool parse_errorfile(struct parse *x)
{
	return read_file(x, &x->r->text, true) && set_payload(x, PAYLOAD_RAW);
}

static bool parse_errorfiles(struct parse *x)
{
	struct rule_compiler *k = x->p->k;
	struct rule_reference *ref = compiler_alloc(k, sizeof(*ref));

	if (!ref || !set_payload(x, PAYLOAD_PLAIN))
		return false;
	*ref = (struct rule_reference){.next = k->program->references,
				       .kind = REFERENCE_HTTP_ERRORS,
				       .proxy_name = x->value,
				       .owner = k->owner,
				       .file = k->file,
				       .line = k->line};
	k->program->references = x->r->errors = ref;
	return true;
}

static bool parse_default_errorfiles(struct parse *x)
{
	return set_payload(x, PAYLOAD_PLAIN);
}

static bool parse_field(struct parse *x)
{
	struct reply *r = x->r;
	struct reply_field *f = &r->fields[r->n_fields];
	struct span value = action_word(x->p, x->p->at + 2);

	if (r->n_fields == MAX_FIELDS)
		return compiler_fail(x->p->k, "too many 'hdr', at most %d", MAX_FIELDS);
	if (!value.len)
		return compiler_fail(x->p->k, "'hdr' expects a name and a value");
	if (span_equal_nocase(x->value, SPAN("content-length")) ||
	    span_equal_nocase(x->value, SPAN("transfer-encoding")) ||
	    span_equal_nocase(x->value, SPAN("connection"))) {
		x->p->k->warning = "hdr of Content-Length, Transfer-Encoding and Connection is "
				   "ignored: halb writes them itself";
		return true;
	}
	if (!header_name_is_good(x->value))
		return compiler_fail(x->p->k, "'%.*s' is not the name of a header field",
				     SPAN_ARG(x->value));
	f->name = x->value;
	f->value = log_format_compile(x->p->k, value, LOG_FORMAT_HTTP);
	r->n_fields++;
	return f->value != NULL;
}

static const struct {
	const char *name;
	unsigned int words; /* behind it */
	bool (*parse)(struct parse *x);
} words[] = {
    {"status", 1, parse_status},
    {"deny_status", 1, parse_status},
    {"content-type", 1, parse_content_type},
    {"hdr", 2, parse_field},
    {"string", 1, parse_string},
    {"lf-string", 1, parse_format},
    {"file", 1, parse_file},
    {"lf-file", 1, parse_format_file},
    {"errorfile", 1, parse_errorfile},
    {"errorfiles", 1, parse_errorfiles},
    {"default-errorfiles", 0, parse_default_errorfiles},
};

static bool parse_word(struct parse *x)
{
	struct action_parse *p = x->p;
	struct compiler_nearest near = compiler_nearest_to(p->words[p->at]);

	for (size_t i = 0; i < array_size(words); i++) {
		if (!span_equal(p->words[p->at], span_of(words[i].name))) {
			compiler_offer(&near, words[i].name);
			continue;
		}
		if (p->n - p->at <= words[i].words)
			return compiler_fail(p->k, "'%s' expects a value behind '%s'",
					     p->action->name, words[i].name);
		x->value = action_word(p, p->at + 1);
		if (!words[i].parse(x))
			return false;
		p->at += 1 + words[i].words;
		return true;
	}
	return compiler_fail(p->k, "'%s' does not know '%.*s'%s", p->action->name,
			     SPAN_ARG(p->words[p->at]),
			     near.name ? compiler_did_you_mean(p->k, &near)
				       : "; there are status, content-type, hdr, string, "
					 "lf-string, file, lf-file, errorfile, errorfiles and "
					 "default-errorfiles");
}

static bool check(struct action_parse *p, const struct reply *r)
{
	bool formatted = r->payload == PAYLOAD_FORMAT || r->payload == PAYLOAD_TEXT;

	if (formatted && !r->content_type.p)
		return compiler_fail(p->k, "a content type must be defined with a payload; write "
					   "'content-type text/plain' for plain text");
	if (!formatted && r->content_type.p)
		p->k->warning = "content-type is ignored, as there is no payload";
	return true;
}

struct reply *reply_compile(struct action_parse *p, struct reply_defaults defaults)
{
	struct reply *r = compiler_alloc(p->k, sizeof(*r));
	struct parse x = {.p = p, .r = r};

	if (!r)
		return NULL;
	r->status = defaults.status;
	while (p->at < p->n) {
		if (!parse_word(&x))
			return NULL;
	}
	/* as haproxy: "deny status 429" has no body, "deny deny_status 429" the proxy's words */
	if (r->payload == PAYLOAD_NONE && defaults.plain && !r->n_fields && !x.has_status)
		r->payload = PAYLOAD_PLAIN;
	if (r->errors)
		r->errors->slot = r->status;
	return check(p, r) ? r : NULL;
}

unsigned int reply_status_code(const struct reply *r)
{
	return r->status;
}

static void add_line(struct buffer *b, struct span name, struct span value)
{
	buffer_add_span(b, name);
	buffer_add_text(b, ": ");
	buffer_add_span(b, value);
	buffer_add_text(b, "\r\n");
}

bool reply_build(const struct reply *r, const struct rule_context *ctx, struct rule_answer *out)
{
	struct span values[MAX_FIELDS];
	struct buffer b;

	*out = (struct rule_answer){
	    .status = r->status, .plain = r->payload == PAYLOAD_PLAIN, .errors = r->errors};
	if (r->payload == PAYLOAD_RAW)
		out->raw = r->text;
	else if (r->payload == PAYLOAD_TEXT)
		out->body = r->text;
	else if (r->payload == PAYLOAD_FORMAT && !log_format_build(r->format, ctx, &out->body))
		return false;
	for (unsigned int i = 0; i < r->n_fields; i++) {
		if (!log_format_build(r->fields[i].value, ctx, &values[i]))
			return false;
	}
	scratch_open(ctx->scratch, &b);
	for (unsigned int i = 0; i < r->n_fields; i++) {
		if (values[i].len) /* as haproxy: a field without a value is left out */
			add_line(&b, r->fields[i].name, values[i]);
	}
	if (r->content_type.p && out->body.len)
		add_line(&b, SPAN("content-type"), r->content_type);
	return scratch_close(ctx->scratch, &b, &out->headers);
}
