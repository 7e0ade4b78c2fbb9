/* SPDX-License-Identifier: MIT */
/*
 * Whole keepalived.conf files: any bytes give a model or an alert, never both and never neither;
 * what is good can be dumped and held against itself. An include gives what is left of the input.
 */
#include "config/config_vrrp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct span input;

static bool include(void *user, struct config_include *i)
{
	struct config_file file = {.path = i->pattern, .text = span_slice(input, 16, input.len)};

	(void)user;
	i->error = "none";
	if (i->pattern[0] == 'n')
		return false;
	i->each(i->reader, &file);
	return true;
}

static const char *get_env(void *user, const char *name)
{
	(void)user;
	(void)name;
	return NULL;
}

static bool has_interface(void *user, const char *name)
{
	(void)user;
	return name[0] == 'e';
}

static bool user_id(void *user, const char *name, long *uid)
{
	(void)user;
	*uid = 5;
	return name[0] != 'n';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct config_vrrp_world world = {.include = include,
					  .get_env = get_env,
					  .has_interface = has_interface,
					  .user_id = user_id,
					  .config_id = "h",
					  .hostname = "h"};
	struct config_file file = {.path = "d/f", .text = span_make(data, n)};
	struct model_vrrp *m;
	struct diags diags;
	struct buffer out;

	input = file.text;
	diags_init(&diags);
	m = config_read_vrrp(&file, &world, &diags);
	CHECK((m != NULL) == (diags.alerts == 0));
	if (m) {
		config_audit_nodes(m, m, &diags);
		buffer_init(&out, 16u << 20);
		config_dump_vrrp(m, &out);
		buffer_fini(&out);
	}
	model_vrrp_put(m);
	diags_fini(&diags);
	return 0;
}
