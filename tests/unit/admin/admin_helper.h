/* SPDX-License-Identifier: MIT */
/*
 * Programs for the tests of admin/: made from a configuration's text, with worker threads that
 * never run by themselves (turns are made by hand), and a fake request for the statistics page.
 */
#ifndef TESTS_UNIT_ADMIN_ADMIN_HELPER_H
#define TESTS_UNIT_ADMIN_ADMIN_HELPER_H

#include "unit/base/cmocka_all.h"

#include "proxy/listener.h"
#include "proxy/server.h"
#include "proxy/service.h"
#include "proxy/worker.h"

#include "rule/context.h"

/* defaults with mode http and timeouts stand in front of it. Fails the test where it is wrong. */
struct program *helper_program(unsigned int n_threads, const char *config);
void helper_free(struct program *p);
/* One turn of each thread's loop, up to 1 ms each. */
void helper_turn(struct program *p);

/* A command's answer, as an admin or at that level; text lives until the next call. */
const char *helper_command(struct program *p, enum bind_level level, const char *line);

struct helper_request {
	struct message message;
	struct header headers[8];
	struct rule_context context;
	struct service_reply reply;
	char header_text[4096];
	char *body_text;
};

/* Answers a request for the page of the proxy: "GET /stats", fields as "Name: value" lines. */
void helper_page(struct helper_request *r, struct program *p, const char *proxy,
		 const char *request, const char *fields, const char *body);
void helper_page_free(struct helper_request *r);

#define ADMIN_CONFIG                                                                               \
	"frontend fe\n id 12\n bind unix@%s/fe name one\n option socket-stats\n default_backend "  \
	"be\n"                                                                                     \
	"backend be\n id 13\n cookie SRV insert\n option httpchk\n"                                \
	" server a 127.0.0.1:20001 weight 10 cookie ca check maxconn 5\n"                          \
	" server b 127.0.0.1:20002 backup\n server c 127.0.0.1:20003 disabled maxqueue 7\n"        \
	" server d [::1]:20004 track be/a\n"                                                       \
	"listen raw\n mode tcp\n bind unix@%s/raw\n server t 127.0.0.1:20005\n"
/* ADMIN_CONFIG with a folder of this test's own, and `more` behind it. */
struct program *helper_admin_program(const char *more);
const char *helper_folder(void);

#endif
