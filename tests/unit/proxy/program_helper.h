/* SPDX-License-Identifier: MIT */
/* A running program made of a configuration text, for the tests of proxy/: its threads' loops, and
 * the log lines it sends. */
#ifndef TESTS_PROGRAM_HELPER_H
#define TESTS_PROGRAM_HELPER_H

#include "proxy/health_check.h"
#include "proxy/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The configuration is printf text; "global" has a log line of rfc3164 to the test already. The
 * console is off. */
struct program *program_of(unsigned int n_threads, const char *fmt, ...) printf_like(2, 3);
void program_end(struct program *p);
/* NULL, and the diagnostics one a line in text. */
struct program *program_try(const char *config, char *text, size_t size);

/* The next log line: level and message. Fails where none is there. */
void expect_log(unsigned int level, const char *message);
void expect_no_log(void);
/* Takes the lines that wait; how many. */
unsigned int drop_logs(void);

struct server *server_of(struct program *p, const char *backend, const char *name);
struct loop *loop_of(struct program *p);

/* A server on the loopback that lives in the loop. */
enum mock_mode { MOCK_200, MOCK_404, MOCK_500, MOCK_JUNK, MOCK_SILENT, MOCK_CLOSE };
struct mock {
	struct io listener;
	struct list clients;
	enum mock_mode mode;
	uint16_t port;
	unsigned int connections, requests;
	char last[1024]; /* what the last request looked like */
};
/* A port that nobody listens on. */
uint16_t free_port(void);
void mock_start(struct mock *m, struct loop *l, uint16_t port);
void mock_stop(struct mock *m);

/* Turns the first thread's loop until cond holds; fails after 10 seconds. */
#define turn_while(p, cond)                                                                        \
	do {                                                                                       \
		uint64_t end_ = loop_of(p)->now_ms + 10000;                                        \
		while (cond) {                                                                     \
			loop_turn(loop_of(p), 20);                                                 \
			if (loop_of(p)->now_ms > end_)                                             \
				fail_msg("waited in vain while " #cond);                           \
		}                                                                                  \
	} while (0)

#endif
