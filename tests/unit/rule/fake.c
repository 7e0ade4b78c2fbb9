/* SPDX-License-Identifier: MIT */
/* The fake world of the tests of rules. */
#include "unit/rule/fake.h"

#include "rule/log_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct inet *destination(void *owner)
{
	struct fake *f = owner;

	return &f->dst;
}

static struct span name(void *owner, enum rule_name which)
{
	(void)owner;
	switch (which) {
	case RULE_FE_NAME:
		return SPAN("front");
	case RULE_BE_NAME:
		return SPAN("back");
	case RULE_SRV_NAME:
		return SPAN("s1");
	default:
		return SPAN_NONE;
	}
}

static bool number(void *owner, enum rule_number which, const struct rule_reference *of,
		   int64_t *out)
{
	(void)owner;
	*out = (int64_t)which * 10 + (of != NULL);
	return true;
}

static struct span capture(void *owner, bool response, unsigned int slot)
{
	struct fake *f = owner;

	return response || slot >= array_size(f->captures) ? SPAN_NONE : f->captures[slot];
}

static void set_capture(void *owner, bool response, unsigned int slot, struct span value)
{
	struct fake *f = owner;
	char *copy = arena_copy(&f->arena, value);

	assert_false(response);
	assert_true(slot < array_size(f->captures) && copy);
	f->captures[slot] = span_of(copy);
}

static struct variable_set *variables(void *owner, enum variable_scope scope)
{
	struct fake *f = owner;

	return scope == VAR_RES ? NULL : &f->variables[scope];
}

static void lock(void *owner, bool locked)
{
	struct fake *f = owner;

	assert_int_equal(f->locked % 2, !locked);
	f->locked++;
}

static void fill_record(void *owner, struct log_record *r)
{
	(void)owner;
	r->frontend = SPAN("front");
	r->pid = 77;
}

static void keep_start_line(void *owner)
{
	struct fake *f = owner;

	f->kept++;
}

static void set_log_level(void *owner, int level)
{
	struct fake *f = owner;

	f->log_level = level;
}

static const struct rule_world world = {
    .destination = destination,
    .name = name,
    .number = number,
    .capture = capture,
    .set_capture = set_capture,
    .variables = variables,
    .lock = lock,
    .fill_record = fill_record,
    .keep_start_line = keep_start_line,
    .set_log_level = set_log_level,
};

static bool new_capture(struct rule_compiler *k, unsigned int max_bytes, unsigned int *slot)
{
	(void)k;
	*slot = max_bytes % 4;
	return true;
}

void fake_init(struct fake *f)
{
	memset(f, 0, sizeof(*f));
	arena_init(&f->arena, 4096, 0);
	random_init(&f->random, 1);
	assert_true(regex_memory_init(&f->regex));
	f->scratch = (struct scratch){f->memory, 0, sizeof(f->memory), &f->regex};
	f->k = (struct rule_compiler){.arena = &f->arena,
				      .program = &f->program,
				      .provided = ~0u,
				      .where = "test",
				      .new_capture = new_capture};
	for (unsigned int i = 0; i < VAR_SCOPES; i++)
		f->variables[i] = (struct variable_set){f->cells[i], array_size(f->cells[i])};
	assert_true(inet_parse(SPAN("192.0.2.80"), &f->dst));
	f->dst.port = 80;
	f->ctx = (struct rule_context){.request = &f->request,
				       .response = &f->response,
				       .world = &world,
				       .owner = f,
				       .scratch = &f->scratch,
				       .arena = &f->arena,
				       .random = &f->random,
				       .wall_us = 1500000000123456,
				       .answer = &f->answer,
				       .payload_ended = true};
	assert_true(inet_parse(SPAN("192.0.2.1"), &f->ctx.src));
	f->ctx.src.port = 1234;
	fake_request(f, "GET /a/b?x=1 HTTP/1.1\nHost: example.com\n");
	fake_response(f, "HTTP/1.1 200 OK\nServer: origin\nContent-Length: 0\n");
}

void fake_fini(struct fake *f)
{
	regex_free_all(&f->program.regexes);
	regex_memory_fini(&f->regex);
	for (unsigned int i = 0; i < VAR_SCOPES; i++)
		variable_set_fini(&f->variables[i]);
	arena_fini(&f->arena);
}

static struct span to_head(struct fake *f, const char *text)
{
	char *p = arena_bytes(&f->arena, strlen(text) * 2 + 3);
	size_t n = 0;

	assert_non_null(p);
	for (; *text; text++) {
		if (*text == '\n')
			p[n++] = '\r';
		p[n++] = *text;
	}
	memcpy(p + n, "\r\n", 2);
	return span_make(p, n + 2);
}

static struct message empty_message(struct fake *f)
{
	struct message m = {0};

	m.headers.v = arena_array(&f->arena, 64, sizeof(struct header));
	m.headers.cap = 64;
	assert_non_null(m.headers.v);
	return m;
}

static const struct h1_options options = {.max_bytes = 65536, .max_headers = 64};

void fake_request(struct fake *f, const char *head)
{
	struct h1_parser p = {0};

	f->request = empty_message(f);
	assert_int_equal(h1_parse_request(&p, to_head(f, head), &options, &f->request), PARSE_OK);
}

void fake_response(struct fake *f, const char *head)
{
	struct h1_parser p = {0};

	f->response = empty_message(f);
	f->response.is_response = true;
	assert_int_equal(h1_parse_response(&p, to_head(f, head), &options, HTTP_GET, &f->response),
			 PARSE_OK);
}

unsigned int fake_words(const char *text, struct span words[64])
{
	struct span rest = span_of(text);
	unsigned int n = 0;

	while (rest.p && n < 64) {
		struct span word = span_split(&rest, ' ');

		if (word.len)
			words[n++] = word;
	}
	return n;
}

const char *fake_evaluate(struct fake *f, const char *expression)
{
	struct expr *e;
	struct value v;
	char *text;

	f->k.error = NULL;
	e = expr_compile(&f->k, span_of(expression));
	if (!e)
		fail_msg("%s: %s", expression, f->k.error);
	scratch_release(&f->scratch, 0);
	if (!expr_evaluate_as(e, &f->ctx, VALUE_STR, &v))
		return "(none)";
	text = arena_copy(&f->arena, v.text);
	assert_non_null(text);
	return text;
}

const char *fake_error(struct fake *f, const char *expression)
{
	f->k.error = NULL;
	if (expr_compile(&f->k, span_of(expression)))
		fail_msg("%s compiles", expression);
	assert_non_null(f->k.error);
	return f->k.error;
}
