/* SPDX-License-Identifier: MIT */
/*
 * Whole configuration files: any bytes give a model or an alert, never both and never neither; what
 * is good can be dumped. Files named in it hold an HTTP response or what is left of the input.
 */
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct span input;

static const char *get_env(void *user, const char *name)
{
	(void)user;
	return name[0] == 'A' ? "127.0.0.1 80" : NULL;
}

static void set_env(void *user, const char *name, const char *value)
{
	(void)user;
	(void)name;
	(void)value;
}

static bool read_file(void *user, const char *path, struct arena *a, struct span *out,
		      const char **error)
{
	(void)user;
	(void)a;
	*error = "none";
	*out = path[0] == 'i' ? input : SPAN("HTTP/1.0 503 Sorry\r\nA: b\r\n\r\nsorry\n");
	return path[0] != 'n';
}

static bool id_of(void *user, const char *name, long *id)
{
	(void)user;
	*id = 5;
	return name[0] != 'n';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct config_world world = {.get_env = get_env,
				     .set_env = set_env,
				     .read_file = read_file,
				     .user_id = id_of,
				     .group_id = id_of,
				     .hostname = "h",
				     .version = "2.6"};
	struct config_file file = {.path = "f", .text = span_make(data, n)};
	struct buffer out;
	struct diags diags;
	struct model *m;

	input = file.text;
	diags_init(&diags);
	m = config_read(&file, 1, &world, &diags);
	CHECK((m != NULL) == (diags.alerts == 0));
	if (m && m->arena.used_bytes < (1u << 20)) {
		buffer_init(&out, 16u << 20);
		config_dump(m, &out);
		buffer_fini(&out);
	}
	model_put(m);
	diags_fini(&diags);
	return 0;
}
