/* SPDX-License-Identifier: MIT */
/*
 * Reads the configuration files named on the command line and prints what is wrong with them, and
 * the dump of the model where it is good. tests/golden/run compares that with what a case expects.
 * The world is a fixed one: an environment of its own, the users "halb" and "root", files below the
 * current folder.
 */
#include "config/config.h"

#include <stdio.h>

#define MAX_FILE_BYTES (1 << 20)
#define MAX_OUTPUT_BYTES (1 << 22)

static struct {
	char name[64], value[256]; /* name "": free */
} environment[16] = {
    {"HOME", "/root"}, {"EMPTY", ""}, {"PORT", "8080"}, {"LIST", "one two three"}, {"FD", "5"}};

static const char *get_env(void *user, const char *name)
{
	(void)user;
	for (size_t i = 0; i < array_size(environment); i++) {
		if (strcmp(environment[i].name, name) == 0)
			return environment[i].value;
	}
	return NULL;
}

static void set_env(void *user, const char *name, const char *value)
{
	size_t slot = array_size(environment);

	(void)user;
	for (size_t i = 0; i < array_size(environment); i++) {
		if (!name || strcmp(environment[i].name, name) == 0)
			environment[i].name[0] = '\0';
		if (!environment[i].name[0] && slot == array_size(environment))
			slot = i;
	}
	if (!name || !value || slot == array_size(environment))
		return;
	snprintf(environment[slot].name, sizeof(environment[slot].name), "%s", name);
	snprintf(environment[slot].value, sizeof(environment[slot].value), "%s", value);
}

static bool read_file(void *user, const char *path, struct arena *a, struct span *out,
		      const char **error)
{
	FILE *f = fopen(path, "r");
	char *text = arena_bytes(a, MAX_FILE_BYTES);

	(void)user;
	*error = "No such file or directory";
	if (!f || !text)
		return false;
	*out = span_make(text, fread(text, 1, MAX_FILE_BYTES, f));
	fclose(f);
	return true;
}

static bool id_of(void *user, const char *name, long *id)
{
	(void)user;
	*id = strcmp(name, "root") == 0 ? 0 : 1000;
	return *id == 0 || strcmp(name, "halb") == 0;
}

int main(int argc, char **argv)
{
	struct config_world world = {.get_env = get_env,
				     .set_env = set_env,
				     .read_file = read_file,
				     .user_id = id_of,
				     .group_id = id_of,
				     .hostname = "host",
				     .version = "2.6"};
	struct config_file files[16];
	struct arena arena;
	struct buffer out;
	struct diags d;
	struct list *it;
	struct model *m;
	const char *error;
	unsigned int n = 0;

	arena_init(&arena, 4096, 0);
	buffer_init(&out, MAX_OUTPUT_BYTES);
	diags_init(&d);
	for (; (int)n + 1 < argc && n < array_size(files); n++) {
		files[n].path = argv[n + 1];
		if (!read_file(NULL, argv[n + 1], &arena, &files[n].text, &error)) {
			fprintf(stderr, "%s: %s\n", argv[n + 1], error);
			return 2;
		}
	}
	m = config_read(files, n, &world, &d);
	LIST_EACH(it, &d.all)
		diag_print(&out, LIST_ENTRY(it, struct diag, link), 1);
	if (m)
		config_dump(m, &out);
	fputs(buffer_text(&out), stdout);
	model_put(m);
	diags_fini(&d);
	buffer_fini(&out);
	arena_fini(&arena);
	return m ? 0 : 1;
}
