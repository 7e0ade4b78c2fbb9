/* SPDX-License-Identifier: MIT */
/* Implements admin_helper.h. */
#include "unit/admin/admin_helper.h"

#include "admin/command.h"

#include "config/config.h"

#include "proxy/health_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *no_env(void *user, const char *name)
{
	(void)user;
	(void)name;
	return NULL;
}

static bool no_file(void *user, const char *path, struct arena *a, struct span *out,
		    const char **error)
{
	(void)user;
	(void)path;
	(void)a;
	(void)out;
	*error = "not in tests";
	return false;
}

static bool no_id(void *user, const char *name, long *id)
{
	(void)user;
	(void)name;
	(void)id;
	return false;
}

static const struct config_world world = {.get_env = no_env,
					  .read_file = no_file,
					  .user_id = no_id,
					  .group_id = no_id,
					  .hostname = "test",
					  .version = "2.6"};

static void fail_with(const struct diags *d)
{
	struct buffer b;
	struct list *node;

	buffer_init(&b, 65536);
	LIST_EACH(node, &d->all)
		diag_print(&b, LIST_ENTRY(node, struct diag, link), 1);
	fail_msg("%s", buffer_text(&b));
}

struct program *helper_program(unsigned int n_threads, const char *config)
{
	static const char head[] = "defaults\n mode http\n timeout connect 1s\n timeout client 1s\n"
				   " timeout server 1s\n";
	struct buffer text;
	struct config_file file = {.path = "test.cfg"};
	struct diags d;
	struct model *m;
	struct program *p = NULL;

	buffer_init(&text, 1 << 20);
	buffer_printf(&text, "%s%s", head, config);
	file.text = buffer_span(&text);
	diags_init(&d);
	m = config_read(&file, 1, &world, &d);
	if (m)
		p = program_new(m, n_threads, &d);
	if (!p || listeners_open(p, NULL, 0, &d) != 0)
		fail_with(&d);
	diags_fini(&d);
	buffer_fini(&text);
	model_put(m);
	p->console.fd = -1;
	p->workers = calloc(n_threads, sizeof(*p->workers));
	assert_non_null(p->workers);
	for (unsigned int i = 0; i < n_threads; i++)
		assert_int_equal(worker_init(&p->workers[i], p, i, i + 1), 0);
	assert_int_equal(health_checks_init(p), 0);
	return p;
}

void helper_free(struct program *p)
{
	health_checks_fini(p);
	for (unsigned int i = 0; i < p->n_threads; i++)
		worker_fini(&p->workers[i]);
	free(p->workers);
	p->workers = NULL;
	listeners_close(p);
	program_free(p);
}

void helper_turn(struct program *p)
{
	for (unsigned int i = 0; i < p->n_threads; i++)
		loop_turn(&p->workers[i].loop, 1);
}

static char folder[64];

static void remove_folder(void)
{
	static const char *const names[] = {"fe", "raw", "st", "cli", "user"};
	char path[128];

	for (unsigned int i = 0; i < array_size(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

const char *helper_folder(void)
{
	if (!*folder) {
		snprintf(folder, sizeof(folder), "/tmp/halb-admin-XXXXXX");
		assert_non_null(mkdtemp(folder));
		atexit(remove_folder);
	}
	return folder;
}

struct program *helper_admin_program(const char *more)
{
	struct buffer b;
	struct program *p;

	buffer_init(&b, 65536);
	buffer_printf(&b, ADMIN_CONFIG "%s", helper_folder(), helper_folder(), more);
	p = helper_program(1, buffer_text(&b));
	buffer_fini(&b);
	return p;
}

static void on_answered(struct command_session *s, const struct buffer *out)
{
	(void)s;
	(void)out;
}

const char *helper_command(struct program *p, enum bind_level level, const char *line)
{
	static struct buffer out;
	static char text[4096];
	struct list gathers;
	struct command_session session = {
	    .level = level, .socket = -1, .gathers = &gathers, .answered = on_answered};
	struct command_call call = {
	    .program = p, .worker = &p->workers[0], .session = &session, .out = &out};
	struct command_line l = {.text = text, .len = strlen(line)};

	list_init(&gathers);
	assert_true(l.len < sizeof(text));
	memcpy(text, line, l.len + 1);
	if (out.max_bytes == 0)
		buffer_init(&out, 1 << 22);
	buffer_clear(&out);
	call.n_words = (unsigned int)command_line_split(&l, call.words);
	assert_int_equal(command_run(&call), COMMAND_DONE);
	return buffer_text(&out);
}

void helper_page(struct helper_request *r, struct program *p, const char *proxy,
		 const char *request, const char *fields, const char *body)
{
	struct span rest = span_of(request), lines;
	struct proxy *px = program_find_proxy(p, span_of(proxy), PROXY_FRONTEND);
	struct service_request q = {.worker = &p->workers[0],
				    .proxy = px,
				    .request = &r->message,
				    .context = &r->context,
				    .body = span_of(body)};

	memset(r, 0, sizeof(*r));
	r->message.method_text = span_split(&rest, ' ');
	r->message.method = http_method_of(r->message.method_text);
	r->message.target = rest;
	r->message.headers = (struct header_list){.v = r->headers, .cap = array_size(r->headers)};
	r->context.request = &r->message;
	snprintf(r->header_text, sizeof(r->header_text), "%s", fields);
	lines = span_of(r->header_text);
	while (lines.p) {
		struct span value = span_split(&lines, '\n'), name = span_split(&value, ':');
		struct header *h = &r->headers[r->message.headers.n];

		if (!value.p)
			continue;
		assert_true(r->message.headers.n++ < array_size(r->headers));
		*h = (struct header){
		    .name = name, .value = span_trim(value), .token = header_token(name)};
	}
	r->reply.status = 200;
	buffer_init(&r->reply.headers, 16384);
	buffer_init(&r->reply.body, SERVICE_MAX_REPLY);
	service_find("stats")->answer(&q, &r->reply);
	assert_false(r->reply.headers.failed || r->reply.body.failed);
	(void)buffer_text(&r->reply.headers);
	r->body_text = (char *)(uintptr_t)buffer_text(&r->reply.body);
}

void helper_page_free(struct helper_request *r)
{
	buffer_fini(&r->reply.headers);
	buffer_fini(&r->reply.body);
}
