/* SPDX-License-Identifier: MIT */
#include "watch_helper.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 20

char watch_dir[64];
char watch_log[65536];
struct loop watch_loop;

int watch_start(void **state)
{
	(void)state;
	watch_log[0] = '\0';
	snprintf(watch_dir, sizeof(watch_dir), "/tmp/halb-watch-XXXXXX");
	if (!mkdtemp(watch_dir) || chmod(watch_dir, 0755) < 0)
		return -1;
	return loop_init(&watch_loop, 0, 1);
}

int watch_stop(void **state)
{
	char command[128];

	(void)state;
	loop_fini(&watch_loop);
	snprintf(command, sizeof(command), "rm -rf %s", watch_dir);
	return system(command);
}

void watch_on_log(void *user, enum log_level level, const char *line)
{
	size_t used = strlen(watch_log);

	(void)user;
	(void)level;
	snprintf(watch_log + used, sizeof(watch_log) - used, "%s\n", line);
}

void watch_until(bool (*is_so)(const void *what), const void *what)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (!is_so(what)) {
		if (time(NULL) > end)
			fail_msg("nothing came; the log:\n%s", watch_log);
		loop_turn(&watch_loop, 50);
	}
}

static bool is_said(const void *what)
{
	return strstr(watch_log, what) != NULL;
}

void watch_until_said(const char *text)
{
	watch_until(is_said, text);
}

unsigned int watch_said(const char *text)
{
	const char *at = watch_log;
	unsigned int n = 0;

	while ((at = strstr(at, text))) {
		at += strlen(text);
		n++;
	}
	return n;
}

const char *watch_path(const char *name)
{
	static char paths[8][192];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", watch_dir, name);
	return path;
}

void watch_write(const char *name, const char *text)
{
	FILE *f = fopen(watch_path(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

const char *watch_script(const char *name, const char *body)
{
	char text[1024];

	snprintf(text, sizeof(text), "#!/bin/sh\ncd %s\n%s\n", watch_dir, body);
	watch_write(name, text);
	assert_int_equal(chmod(watch_path(name), 0755), 0);
	return watch_path(name);
}

const char *watch_read(const char *name)
{
	static char text[65536];
	FILE *f = fopen(watch_path(name), "r");
	size_t n = 0;

	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	return text;
}
