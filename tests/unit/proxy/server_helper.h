/* SPDX-License-Identifier: MIT */
/* What the tests of servers share: check results, and the state that stats show. */
#ifndef UNIT_PROXY_SERVER_HELPER_H
#define UNIT_PROXY_SERVER_HELPER_H

#include "program_helper.h"

enum { EMERG = 0, ALERT = 1, NOTICE = 5 };

/* One check result of each kind; the server's own thread would bring them. */
static inline void refused(struct program *p, struct server *s)
{
	server_check_result(s, loop_of(p), CHECK_L4CON, 0, "Connection refused", 0);
}

static inline void passed(struct program *p, struct server *s)
{
	server_check_result(s, loop_of(p), CHECK_L4OK, 0, "", 0);
}

static inline void go_down(struct program *p, struct server *s)
{
	while (s->state != SERVER_STOPPED)
		refused(p, s);
}

static inline void go_up(struct program *p, struct server *s)
{
	while (s->state == SERVER_STOPPED)
		passed(p, s);
}

static inline void status_is(const struct server *s, const char *text)
{
	char dst[64];

	assert_string_equal(server_status_text(s, dst), text);
}

#endif
