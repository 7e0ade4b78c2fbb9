/* SPDX-License-Identifier: MIT */
/* Finding commands, levels, and what commands answer and change. */
#include "admin/command.h"

#include "unit/admin/admin_helper.h"

#include "proxy/error_capture.h"
#include "proxy/health_check.h"

#include <stdlib.h>

#define ADMIN BIND_LEVEL_ADMIN

static void expect(struct program *p, const char *line, const char *answer)
{
	assert_string_equal(helper_command(p, ADMIN, line), answer);
}

static void expect_part(struct program *p, enum bind_level level, const char *line,
			const char *part)
{
	const char *answer = helper_command(p, level, line);

	if (!strstr(answer, part))
		fail_msg("'%s' answered '%s', without '%s'", line, answer, part);
}

static void expect_without(struct program *p, enum bind_level level, const char *line,
			   const char *part)
{
	assert_null(strstr(helper_command(p, level, line), part));
}

static struct server *server(struct program *p, const char *name)
{
	return proxy_find_server(program_find_proxy(p, SPAN("be"), PROXY_BACKEND), span_of(name));
}

static void test_unknown(void **state)
{
	struct program *p = helper_admin_program("");

	(void)state;
	expect_part(p, ADMIN, "",
		    "Unknown command. Please enter one of the following commands only:\n");
	expect_part(p, ADMIN, "", "\n  show stat ");
	expect_part(p, ADMIN, "show",
		    "Unknown command, but maybe one of the following ones is a better "
		    "match:\n");
	expect_part(p, ADMIN, "show", "\n  show servers state [<backend>]");
	expect_without(p, ADMIN, "show", "\n  set ");
	expect_part(p, ADMIN, "sho sta", "\n  show stat ");
	expect_part(p, ADMIN, "shwo stat", "\n  show stat ");
	expect_part(p, ADMIN, "show statx", "\n  show stat ");
	expect_part(p, ADMIN, "xyzzy", "better match:\n  help [<command>]");
	expect_part(p, ADMIN, "show table x", "halb does not do yet");
	expect_part(p, ADMIN, "add map x y", "halb does not do yet");
	helper_free(p);
}

static void test_help(void **state)
{
	struct program *p = helper_admin_program("");

	(void)state;
	expect_part(p, ADMIN, "help", "The following commands are valid at this level:\n");
	expect_part(p, ADMIN, "help", "\n  set server <bk>/<srv> [opts]            : ");
	expect_part(p, ADMIN, "help", "\n  help [<command>]                        : ");
	expect_without(p, BIND_LEVEL_USER, "help", "set server");
	expect_without(p, ADMIN, "help", "_getsocks");
	expect_without(p, ADMIN, "help get", "show stat");
	helper_free(p);
}

static void test_levels(void **state)
{
	static const char *const denied_user[] = {
	    "show sess", "show errors",       "show env",           "clear counters",
	    "operator",  "set weight be/a 1", "disable frontend fe"};
	static const char *const denied_operator[] = {"clear counters all",
						      "set weight be/a 1",
						      "set server be/a state maint",
						      "disable server be/a",
						      "set maxconn global 1",
						      "shutdown sessions server be/a",
						      "_getsocks"};
	struct program *p = helper_admin_program("");

	(void)state;
	for (unsigned int i = 0; i < array_size(denied_user); i++)
		assert_string_equal(helper_command(p, BIND_LEVEL_USER, denied_user[i]),
				    "Permission denied\n");
	for (unsigned int i = 0; i < array_size(denied_operator); i++)
		assert_string_equal(helper_command(p, BIND_LEVEL_OPERATOR, denied_operator[i]),
				    "Permission denied\n");
	assert_string_equal(helper_command(p, BIND_LEVEL_USER, "get weight be/a"),
			    "10 (initial 10)\n");
	assert_string_equal(helper_command(p, BIND_LEVEL_OPERATOR, "clear counters"), "");
	assert_string_equal(helper_command(p, BIND_LEVEL_USER, "show cli level"), "user\n");
	expect(p, "_getsocks", "Permission denied\n"); /* no socket to send them on */
	assert_int_equal(server(p, "a")->admin, 0);
	helper_free(p);
}

static void test_names(void **state)
{
	struct program *p = helper_admin_program("");

	(void)state;
	expect(p, "get weight", "Require 'backend/server'.\n");
	expect(p, "get weight be", "Require 'backend/server'.\n");
	expect(p, "get weight be/", "Require 'backend/server'.\n");
	expect(p, "get weight nope/a", "No such backend.\n");
	expect(p, "get weight fe/a", "No such backend.\n");
	expect(p, "get weight be/nope", "No such server.\n");
	expect(p, "get weight #13/#1", "10 (initial 10)\n");
	expect(p, "get weight #13/#99", "No such server.\n");
	expect(p, "get weight #99/#1", "No such backend.\n");
	expect(p, "disable frontend", "A frontend name is expected.\n");
	expect(p, "disable frontend be", "No such frontend.\n");
	expect(p, "show servers state nope", "Can't find backend.\n");
	expect(p, "show stat nope 1 1", "No such proxy.\n");
	helper_free(p);
}

static void test_weight(void **state)
{
	struct program *p = helper_admin_program("");

	(void)state;
	expect(p, "set weight be/a 50%", "");
	expect(p, "get weight be/a", "5 (initial 10)\n");
	expect(p, "set server be/a weight 20", "");
	expect(p, "get weight be/a", "20 (initial 10)\n");
	expect(p, "set weight be/a 300",
	       "Absolute weight can only be between 0 and 256 inclusive.\n");
	expect(p, "set weight be/a x", "Empty weight string empty or preceded by garbage\n");
	expect(p, "set weight be/a", "Require <weight> or <weight%>.\n");
	expect(p, "get weight be/a", "20 (initial 10)\n");
	helper_free(p);
}

static void test_states(void **state)
{
	struct program *p = helper_admin_program("");
	struct server *a = server(p, "a");

	(void)state;
	expect(p, "set server be/a state maint", "");
	assert_int_equal(a->admin, SERVER_MAINT);
	expect(p, "set server be/a state drain", "");
	assert_int_equal(a->admin, SERVER_DRAIN);
	expect(p, "set server be/a state ready", "");
	assert_int_equal(a->admin, 0);
	expect(p, "set server be/a state",
	       "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n");
	expect(p, "disable server be/a", "");
	assert_int_equal(a->admin, SERVER_MAINT);
	expect(p, "enable server be/a", "");
	assert_int_equal(a->admin, 0);
	expect(p, "enable server be/c", ""); /* "disabled" in the file */
	assert_int_equal(server(p, "c")->admin, 0);
	expect(p, "set server be/a health down", "");
	assert_int_equal(a->state, SERVER_STOPPED);
	expect(p, "set server be/a health up", "");
	assert_int_equal(a->state, SERVER_RUNNING);
	expect(p, "set server be/d health down", "cannot change health on a tracking server.\n");
	expect(p, "set server be/a agent up", "agent checks are not enabled on this server.\n");
	expect_part(p, ADMIN, "set server be/a",
		    "usage: set server <backend>/<server> addr | agent |");
	expect_part(p, ADMIN, "set server be/a colour red", "usage: set server");
	helper_free(p);
}

static void test_health_checks(void **state)
{
	struct program *p = helper_admin_program("");
	struct server *a = server(p, "a");

	(void)state;
	expect(p, "disable health be/a", "");
	assert_false(a->check->enabled);
	expect(p, "enable health be/a", "");
	assert_true(a->check->enabled);
	expect(p, "enable health be/b",
	       "Health check was not configured on this server, cannot enable.\n");
	expect(p, "disable health be/b", "");
	helper_free(p);
}

static void test_address(void **state)
{
	static const char by[] = " by 'stats socket command'\n";
	struct program *p = helper_admin_program("");
	char wanted[256];

	(void)state;
	snprintf(wanted, sizeof(wanted), "IP changed from '127.0.0.1' to '127.0.0.9'%s", by);
	expect(p, "set server be/a addr 127.0.0.9", wanted);
	assert_int_equal(server(p, "a")->address.port, 20001);
	snprintf(wanted, sizeof(wanted),
		 "no need to change the addr, port changed from '20001' to '80'%s", by);
	expect(p, "set server be/a addr 127.0.0.9 port 80", wanted);
	assert_int_equal(server(p, "a")->address.port, 80);
	snprintf(wanted, sizeof(wanted), "Invalid addr 'x'%s", by);
	expect(p, "set server be/a addr x", wanted);
	expect_part(p, ADMIN, "set server be/a addr ::1 port 99999",
		    "problem converting port '99999'");
	expect_part(p, ADMIN, "set server be/a addr", "requires an address");
	assert_int_equal(server(p, "a")->address.family, INET_V4);
	helper_free(p);
}

static void test_limits(void **state)
{
	struct program *p = helper_admin_program("global\n maxconn 100\n");
	struct proxy *fe = program_find_proxy(p, SPAN("fe"), PROXY_FRONTEND);

	(void)state;
	expect(p, "set maxconn server be/a 7", "");
	assert_int_equal(server(p, "a")->maxconn, 7);
	expect(p, "set maxconn server be/a", "Require <maxconn>.\n");
	expect(p, "set maxconn server be/a -1", "maxconn string empty or preceded by garbage\n");
	expect(p, "set maxconn frontend fe 50", "");
	assert_int_equal(fe->fe_maxconn, 50);
	expect(p, "set maxconn frontend fe", "Integer value expected.\n");
	expect(p, "set maxconn global 40", "");
	assert_int_equal(p->maxconn, 40);
	expect(p, "set maxconn global 101", "Value out of range.\n");
	expect(p, "set maxconn global 0", "");
	assert_int_equal(p->maxconn, 100);
	expect(p, "set maxconn global", "Expects an integer value.\n");
	helper_free(p);
}

static void test_frontends(void **state)
{
	struct program *p = helper_admin_program("");

	(void)state;
	expect(p, "disable frontend fe", "");
	expect(p, "disable frontend fe", "All sockets are already disabled.\n");
	expect_part(p, ADMIN, "show stat fe 1 -1", ",PAUSED,");
	expect(p, "enable frontend fe", "");
	expect(p, "enable frontend fe", "All sockets are already enabled.\n");
	expect_part(p, ADMIN, "show stat fe 1 -1", ",OPEN,");
	expect(p, "shutdown frontend raw", "");
	expect(p, "enable frontend raw", "Frontend was previously shut down, cannot enable.\n");
	expect(p, "disable frontend raw", "Frontend was previously shut down, cannot disable.\n");
	expect(p, "shutdown frontend raw", "Frontend was already shut down.\n");
	expect_part(p, ADMIN, "show stat raw 1 -1", ",STOP,");
	helper_free(p);
}

static void test_counters(void **state)
{
	struct program *p = helper_admin_program("");
	struct server *a = server(p, "a");

	(void)state;
	a->counters.thread[0].sessions = 5;
	a->counters.sessions_max = 4;
	expect(p, "clear counters", "");
	assert_int_equal(a->counters.thread[0].sessions, 5);
	assert_int_equal(a->counters.sessions_max, 0);
	expect(p, "clear counters all", "");
	assert_int_equal(a->counters.thread[0].sessions, 0);
	helper_free(p);
}

static void test_server_states(void **state)
{
	struct program *p = helper_admin_program("");
	const char *answer = helper_command(p, BIND_LEVEL_USER, "show servers state be");

	(void)state;
	assert_memory_equal(answer, "1\n# be_id be_name srv_id srv_name srv_addr ", 43);
	assert_non_null(strstr(answer, "\n13 be 1 a 127.0.0.1 2 0 10 10 "));
	assert_non_null(strstr(answer, " 1 0 2 6 0 0 0 - 20001 - 0 0 - - 0\n"));
	assert_non_null(strstr(answer, "\n13 be 3 c 127.0.0.1 0 5 1 1 "));
	assert_null(strstr(answer, " raw "));
	helper_free(p);
}

static struct error_capture *capture(unsigned int number, const char *bytes, size_t n)
{
	struct error_capture *e = calloc(1, sizeof(*e) + n);

	assert_non_null(e);
	e->number = number;
	e->frontend = "fe";
	e->fault = "a blank in a name";
	e->at = 5;
	e->n = n;
	memcpy(e->bytes, bytes, n);
	return e;
}

static void test_errors(void **state)
{
	static const char bytes[] = "GET /\t\x1b HTTP/1.1\r\nHo st: x\r\n\r\n";
	struct program *p = helper_admin_program("");
	struct proxy *fe = program_find_proxy(p, SPAN("fe"), PROXY_FRONTEND);
	struct proxy *be = program_find_proxy(p, SPAN("be"), PROXY_BACKEND);
	char filler[200];

	(void)state;
	expect_part(p, ADMIN, "show errors", "] : 0\n");
	memset(filler, 'x', sizeof(filler));
	fe->bad_request = capture(7, bytes, sizeof(bytes) - 1);
	be->bad_response = capture(8, filler, sizeof(filler));
	be->bad_response->backend = "be";
	be->bad_response->server = "a";
	expect_part(p, ADMIN, "show errors",
		    "] frontend fe (#12): invalid request\n  backend <NONE> (#-1), server <NONE> "
		    "(#-1), event #7, src ");
	expect_part(p, ADMIN, "show errors",
		    "error at position 5: a blank in a name\n  \n"
		    "  00000  GET /\\t\\x1B HTTP/1.1\\r\\n\n  00018  Ho st: x\\r\\n\n"
		    "  00028  \\r\\n\n");
	expect_part(
	    p, ADMIN, "show errors be",
	    "] backend be (#13): invalid response\n  frontend fe (#12), server a (#1), event "
	    "#8, src ");
	expect_part(p, ADMIN, "show errors be", "x\n  00070+ x");
	expect_without(p, ADMIN, "show errors be", "invalid request");
	expect_without(p, ADMIN, "show errors request", "invalid response");
	expect(p, "show errors nope", "No such proxy.\n");
	helper_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_unknown),       cmocka_unit_test(test_help),
	    cmocka_unit_test(test_levels),        cmocka_unit_test(test_names),
	    cmocka_unit_test(test_weight),        cmocka_unit_test(test_states),
	    cmocka_unit_test(test_health_checks), cmocka_unit_test(test_address),
	    cmocka_unit_test(test_limits),        cmocka_unit_test(test_frontends),
	    cmocka_unit_test(test_counters),      cmocka_unit_test(test_server_states),
	    cmocka_unit_test(test_errors)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
