/* SPDX-License-Identifier: MIT */
/*
 * Reading as a whole: several files, inheritance without sharing, references, ids, limits, and
 * memory that runs out at any point.
 */
/* LINK: -Wl,--wrap=malloc -Wl,--wrap=realloc -Wl,--wrap=free */
#include "fake_world.h"

#include "unit/base/cmocka_all.h"
#include "unit/base/fail_alloc.h"

#include <string.h>

static const char whole[] = "global\n"
			    " log 127.0.0.1 local0\n"
			    " maxconn 100\n"
			    " stats socket /tmp/s level admin\n"
			    "defaults\n"
			    " log global\n"
			    " mode http\n"
			    " option httplog\n"
			    " timeout client 1s\n"
			    " timeout server 1s\n"
			    " timeout connect 1s\n"
			    " errorfile 503 /503.http\n"
			    " default-server inter 3s\n"
			    "frontend f\n"
			    " bind *:80-82\n"
			    " redirect location /x if METH_GET\n"
			    " use_backend b if METH_POST\n"
			    " default_backend c\n"
			    "backend b\n"
			    " cookie A insert\n"
			    " option httpchk GET /\n"
			    " http-check expect rstring ^ok$\n"
			    " balance hdr(Host)\n"
			    " stats enable\n"
			    " server a 127.0.0.1:1 check cookie a\n"
			    " server b \"127.0.0.1:$PORT\" track a\n"
			    "backend c from defaults1\n"
			    " log 127.0.0.2 local1\n";

/* The name of the defaults section is put in, since it must exist. */
static const char *text_of_whole(char *copy, size_t size)
{
	const char *at = strstr(whole, "defaults\n");

	snprintf(copy, size, "%.*sdefaults defaults1\n%s", (int)(at - whole), whole,
		 at + strlen("defaults\n"));
	return copy;
}

static void test_whole(void **state)
{
	struct reading_result r;
	struct fake_world w;
	char text[2048];
	struct model_proxy *f, *b, *c;

	(void)state;
	fake_world_init(&w);
	read_text(&w, text_of_whole(text, sizeof(text)), &r);
	assert_string_equal(r.text, "");
	f = model_find_proxy(r.model, SPAN("f"), PROXY_FRONTEND);
	b = model_find_proxy(r.model, SPAN("b"), PROXY_BACKEND);
	c = model_find_proxy(r.model, SPAN("c"), PROXY_BACKEND);
	assert_non_null(f);
	assert_null(model_find_proxy(r.model, SPAN("f"), PROXY_BACKEND));
	assert_ptr_equal(f->default_backend, c);
	assert_ptr_equal(f->use_backends->backend, b);
	assert_non_null(f->use_backends->condition);
	assert_int_equal(f->maxconn, 100);
	assert_int_equal(b->fullconn, 10);
	assert_int_equal(f->id, 2); /* 1 is the stats socket's */
	assert_int_equal(c->id, 4);
	assert_int_equal(f->binds->next->next->id, 3);
	assert_int_equal(b->servers->inter, 3000);
	assert_ptr_equal(b->servers->next->track, b->servers);
	assert_int_equal(b->servers->next->address.inet.port, 8080);
	assert_non_null(b->replies[REPLY_503]);
	assert_ptr_equal(f->replies[REPLY_503], b->replies[REPLY_503]);
	assert_int_equal(r.model->n_proxies, 3);
	/* a line in one proxy does not show in another that shares its defaults */
	assert_non_null(c->logs->next);
	assert_null(b->logs->next);
	assert_null(f->logs->next);
	read_free(&r);
}

static void test_several_files(void **state)
{
	struct config_file files[] = {
	    {"a.cfg", SPAN("global\n maxconn 5\ndefaults\n timeout client 1s\n")},
	    {"b.cfg", SPAN(" bind :1\nfrontend f\n bind :80\n")},
	    {"c.cfg", SPAN("global\n nbthread 2\n")},
	};
	struct fake_world w;
	struct diags d;
	struct model *m;

	(void)state;
	fake_world_init(&w);
	diags_init(&d);
	assert_null(config_read(files, 3, &w.world, &d)); /* each file begins outside of all
							     sections */
	assert_int_equal(d.alerts, 1);
	assert_string_equal(LIST_ENTRY(d.all.next, struct diag, link)->file, "b.cfg");
	diags_fini(&d);
	diags_init(&d);
	files[1].text = span_slice(files[1].text, strlen(" bind :1\n"), 100);
	m = config_read(files, 3, &w.world, &d);
	assert_non_null(m);
	assert_int_equal(m->global.maxconn, 5);
	assert_int_equal(m->global.nbthread, 2);
	assert_int_equal(m->proxies->timeout.client, 1000);
	assert_string_equal(m->proxies->file, "b.cfg");
	model_put(m);
	diags_fini(&d);
}

static void test_references_keep_the_model(void **state)
{
	struct reading_result r;
	struct fake_world w;

	(void)state;
	fake_world_init(&w);
	read_text(&w, "global\n maxconn 7\n", &r);
	assert_ptr_equal(model_get(r.model), r.model);
	model_put(r.model);
	assert_int_equal(r.model->global.maxconn, 7);
	read_free(&r);
	model_put(NULL);
}

/* One thing for each mistake, all of them, and no more. */
static void test_all_mistakes_are_told(void **state)
{
	struct reading_result r;
	struct fake_world w;

	(void)state;
	fake_world_init(&w);
	read_text(&w,
		  "global\n maxcon 7\nfrontend f\n bind 1.2.3.400:80\n default_backend nope\n mode "
		  "\"htt\n"
		  "backend\n server a b c d\nbackend x\n server a 127.0.0.1:1 chek\n",
		  &r);
	assert_null(r.model);
	assert_int_equal(r.diags.alerts, 6);
	assert_non_null(strstr(r.text, "parsing [f.cfg:2] : unknown keyword 'maxcon' in 'global' "
				       "section; did you mean 'maxconn' maybe ?"));
	assert_non_null(
	    strstr(r.text, "parsing [f.cfg:4] : 'bind' : invalid address: '1.2.3.400'"));
	assert_non_null(strstr(r.text, "parsing [f.cfg:5] : Proxy 'f': unable to find required "
				       "default_backend: 'nope' (backends that exist: 'x')"));
	assert_non_null(strstr(r.text, "did you mean 'check' maybe ?"));
	read_free(&r);
}

static void test_memory_runs_out(void **state)
{
	struct fake_world w;
	char text[2048];
	struct config_file file = {"f.cfg", span_of(text_of_whole(text, sizeof(text)))};
	struct diags d;
	struct model *m = NULL;
	unsigned int tries;

	(void)state;
	for (tries = 1; tries < 1000 && !m; tries++) {
		fake_world_init(&w);
		diags_init(&d);
		alloc_reset(tries);
		m = config_read(&file, 1, &w.world, &d);
		assert_int_equal(d.alerts == 0, m != NULL);
		model_put(alloc_fail_at ? NULL : m);
		if (!alloc_fail_at)
			m = NULL;
		diags_fini(&d);
		if (!m)
			assert_int_equal(alloc_live, 0);
	}
	assert_non_null(m); /* the failure came after the last allocation */
	assert_true(tries > 10);
	model_put(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole),
	    cmocka_unit_test(test_several_files),
	    cmocka_unit_test(test_references_keep_the_model),
	    cmocka_unit_test(test_all_mistakes_are_told),
	    cmocka_unit_test(test_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
