/* SPDX-License-Identifier: MIT */
/* LINK: -Wl,--wrap=server_kill_streams */
/* From configuration to program: names, defaults of the run time, what does not resolve, and which
 * log line goes where. */
#include "program_helper.h"

#include <stdio.h>
#include <unistd.h>

void __wrap_server_kill_streams(struct server *s);
void __wrap_server_kill_streams(struct server *s)
{
	(void)s;
}

#define DEFAULTS                                                                                   \
	"defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n"

static void finding_things(void **state)
{
	struct program *p =
	    program_of(2, "frontend f\n bind 127.0.0.1:20001\n default_backend b\nbackend b\n "
			  "server s 127.0.0.1:1\n"
			  " server t 127.0.0.1:2\nlisten l\n bind 127.0.0.1:20002\n maxconn 7\n");
	struct proxy *b = program_find_proxy(p, SPAN("b"), PROXY_BACKEND);

	(void)state;
	assert_int_equal(p->n_proxies, 3);
	assert_non_null(b);
	assert_ptr_equal(b, &p->proxies[b->conf->index]);
	assert_null(program_find_proxy(p, SPAN("b"), PROXY_FRONTEND));
	assert_null(program_find_proxy(p, SPAN("x"), PROXY_FRONTEND | PROXY_BACKEND));
	assert_non_null(program_find_proxy(p, SPAN("l"), PROXY_BACKEND));
	assert_int_equal(program_find_proxy(p, SPAN("l"), PROXY_FRONTEND)->fe_maxconn, 7);
	assert_string_equal(proxy_find_server(b, SPAN("t"))->conf->name, "t");
	assert_null(proxy_find_server(b, SPAN("u")));
	assert_int_equal(b->balance.n_active, 2);
	assert_int_equal(b->be.n_threads, 2);
	assert_true(program_find_proxy(p, SPAN("l"), PROXY_BACKEND)->up);
	program_end(p);
}

static void names_are_looked_up(void **state)
{
	char text[4096];
	struct program *p =
	    program_try(DEFAULTS "backend b\n server s1 localhost:80\n", text, sizeof(text));
	struct server *s;

	(void)state;
	assert_non_null(p);
	s = server_of(p, "b", "s1");
	assert_int_equal(s->address.port, 80);
	assert_true(s->address.family == INET_V4 || s->address.family == INET_V6);
	assert_int_equal(s->state, SERVER_RUNNING);
	program_free(p);
}

static void names_that_do_not_resolve(void **state)
{
	char text[4096], status[64];
	struct inet address = {.family = INET_V4, .port = 80, .ip = {127, 0, 0, 1}};
	struct program *p = program_try(
	    DEFAULTS "backend b\n server s1 no-such-name.invalid:80\n server s2 127.0.0.1:1\n"
		     " server s3 neither-this.invalid:80\n",
	    text, sizeof(text));
	struct server *s;

	(void)state;
	assert_null(p);
	assert_non_null(strstr(
	    text,
	    "[ALERT]    (1) : config : [test.cfg:7] : 'server b/s1' : could not resolve address "
	    "'no-such-name.invalid'.\n"));
	assert_non_null(strstr(
	    text,
	    "[test.cfg:9] : 'server b/s3' : could not resolve address 'neither-this.invalid'.\n"));
	p = program_try(DEFAULTS
			"backend b\n server s1 no-such-name.invalid:80 init-addr libc,none\n",
			text, sizeof(text));
	assert_non_null(p);
	assert_non_null(strstr(
	    text,
	    "[WARNING]  (1) : config : [test.cfg:7] : 'server b/s1' : could not resolve address "
	    "'no-such-name.invalid', disabling server.\n"));
	s = server_of(p, "b", "s1");
	assert_string_equal(server_status_text(s, status), "MAINT (resolution)");
	assert_false(s->proxy->up);
	/* an address by the runtime API brings it in */
	assert_null(server_set_address(s, &address, true));
	assert_int_equal(s->state, SERVER_RUNNING);
	assert_true(s->proxy->up);
	program_free(p);
}

static void levels_of_log_lines(void **state)
{
	struct program *p = program_of(1, "backend b\n no log\nbackend c\n");
	struct proxy *b = program_find_proxy(p, SPAN("b"), PROXY_BACKEND),
		     *c = program_find_proxy(p, SPAN("c"), PROXY_BACKEND);
	struct model_log *conf;

	(void)state;
	proxy_log(p, b, LOG_LEVEL_NOTICE, "not heard");
	expect_no_log();
	proxy_log(p, NULL, LOG_LEVEL_ERR, "global %d", 1);
	expect_log(LOG_LEVEL_ERR, "global 1");
	assert_int_equal(c->logs.n, 1);
	conf = (struct model_log *)c->logs.v[0].conf;
	conf->max_level = LOG_LEVEL_NOTICE;
	conf->min_level = LOG_LEVEL_ERR;
	proxy_log(p, c, LOG_LEVEL_INFO, "too small");
	expect_no_log();
	proxy_log(p, c, LOG_LEVEL_NOTICE, "just heard");
	expect_log(LOG_LEVEL_NOTICE, "just heard");
	proxy_log(p, c, LOG_LEVEL_EMERG, "shown as an error");
	expect_log(LOG_LEVEL_ERR, "shown as an error");
	program_end(p);
}

static void sampled_log_lines(void **state)
{
	struct program *p = program_of(1, "backend b\n");
	struct proxy *b = program_find_proxy(p, SPAN("b"), PROXY_BACKEND);
	struct model_log *conf = (struct model_log *)b->logs.v[0].conf;
	struct model_log_range ranges[] = {{1, 1}, {3, 4}};

	(void)state;
	conf->sample_of = 5;
	conf->sample_ranges = ranges;
	conf->n_sample_ranges = 2;
	for (int i = 1; i <= 10; i++)
		proxy_log(p, b, LOG_LEVEL_INFO, "%d", i);
	expect_log(LOG_LEVEL_INFO, "1");
	expect_log(LOG_LEVEL_INFO, "3");
	expect_log(LOG_LEVEL_INFO, "4");
	expect_log(LOG_LEVEL_INFO, "6");
	expect_log(LOG_LEVEL_INFO, "8");
	expect_log(LOG_LEVEL_INFO, "9");
	expect_no_log();
	conf->sample_of = 0;
	program_end(p);
}

static void long_messages_are_cut(void **state)
{
	struct program *p = program_of(1, "backend b\n");
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	proxy_log(p, NULL, LOG_LEVEL_INFO, "%s", text);
	assert_int_equal(drop_logs(), 1);
	program_end(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finding_things),
	    cmocka_unit_test(names_are_looked_up),
	    cmocka_unit_test(names_that_do_not_resolve),
	    cmocka_unit_test(levels_of_log_lines),
	    cmocka_unit_test(sampled_log_lines),
	    cmocka_unit_test(long_messages_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
