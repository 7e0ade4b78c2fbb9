/* SPDX-License-Identifier: MIT */
/* What the tests of tracking, notifying and peer watching share: a scratch folder, scripts in it,
 * the log as text, and turning a loop until something is so. */
#ifndef TESTS_WATCH_HELPER_H
#define TESTS_WATCH_HELPER_H

#include "net/loop.h"

#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

extern char watch_dir[]; /* of this test: made by watch_start, removed by watch_stop */
extern char watch_log[65536];
extern struct loop watch_loop;

int watch_start(void **state);
int watch_stop(void **state);
/* A hook: adds the line to watch_log. */
void watch_on_log(void *user, enum log_level level, const char *line);
/* Turns until `is_so`; fails the test where that does not come within 20 seconds. */
void watch_until(bool (*is_so)(const void *what), const void *what);
/* Turns until the log has `text`. */
void watch_until_said(const char *text);
/* How often the log has `text`. */
unsigned int watch_said(const char *text);
/* A path in the scratch folder, static until eight calls later. */
const char *watch_path(const char *name);
void watch_write(const char *name, const char *text);
/* A program of /bin/sh. */
const char *watch_script(const char *name, const char *body);
/* A file's text, "" where there is none; static until the next call. */
const char *watch_read(const char *name);

#endif
