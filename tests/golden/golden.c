/* SPDX-License-Identifier: MIT */
/*
 * Reads the configuration files named on the command line and prints what is wrong with them, and
 * the dump of the model where it is good. A file FILE.kcfg or FILE.conf is keepalived's: it gets a
 * dump of its own, and beside other files is held against them; a second one is the other node's.
 * tests/golden/run compares all that with what a case expects. The world is a fixed one: an
 * environment of its own, the users "halb" and "root", the interfaces lo, eth0 and eth1, the local
 * address 192.168.50.11, the machine "hap1", files below the current folder.
 */
#include "config/config_vrrp.h"

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

static bool has_interface(void *user, const char *name)
{
	(void)user;
	return strcmp(name, "eth0") == 0 || strcmp(name, "eth1") == 0 || strcmp(name, "lo") == 0;
}

static bool is_local(void *user, const struct inet *address)
{
	struct inet local;

	(void)user;
	return inet_parse(SPAN("192.168.50.11"), &local) && inet_equal_ip(&local, address);
}

/* One file by its name; "none*" matches nothing. */
static bool include(void *user, struct config_include *i)
{
	struct config_file file = {.path = i->pattern};

	if (!read_file(user, i->pattern, i->arena, &file.text, &i->error))
		return false;
	i->each(i->reader, &file);
	return true;
}

struct golden {
	struct config_file files[16];
	unsigned int n;
	struct model *model;
	struct model_vrrp *vrrp[2];
	unsigned int n_vrrp;
	struct diags d;
	struct buffer out;
	bool failed;
};

static bool is_keepalived(const char *path)
{
	return span_ends_with(span_of(path), SPAN(".kcfg")) ||
	       span_ends_with(span_of(path), SPAN(".conf"));
}

static void read_keepalived(struct golden *g, const struct config_file *file)
{
	struct config_vrrp_world world = {.include = include,
					  .get_env = get_env,
					  .has_interface = has_interface,
					  .user_id = id_of,
					  .config_id = "hap1",
					  .hostname = "hap1"};

	if (g->n_vrrp == array_size(g->vrrp))
		return;
	g->vrrp[g->n_vrrp] = config_read_vrrp(file, &world, &g->d);
	g->failed |= !g->vrrp[g->n_vrrp++];
}

static void read_all(struct golden *g)
{
	struct config_world world = {.get_env = get_env,
				     .set_env = set_env,
				     .read_file = read_file,
				     .user_id = id_of,
				     .group_id = id_of,
				     .hostname = "host",
				     .version = "2.6"};
	struct config_pair_world pair = {.is_local = is_local};
	struct config_file others[array_size(g->files)];
	unsigned int n = 0;

	for (unsigned int i = 0; i < g->n; i++) {
		if (is_keepalived(g->files[i].path))
			read_keepalived(g, &g->files[i]);
		else
			others[n++] = g->files[i];
	}
	if (n) {
		g->model = config_read(others, n, &world, &g->d);
		g->failed |= !g->model;
	}
	if (g->model && g->vrrp[0])
		config_audit_pair(g->model, g->vrrp[0], &pair, &g->d);
	if (g->vrrp[0] && g->vrrp[1])
		config_audit_nodes(g->vrrp[0], g->vrrp[1], &g->d);
}

static void print_all(struct golden *g)
{
	struct list *it;

	LIST_EACH(it, &g->d.all)
		diag_print(&g->out, LIST_ENTRY(it, struct diag, link), 1);
	if (g->model && !g->n_vrrp)
		config_dump(g->model, &g->out);
	if (g->vrrp[0] && !g->model && !g->vrrp[1])
		config_dump_vrrp(g->vrrp[0], &g->out);
	fputs(buffer_text(&g->out), stdout);
}

int main(int argc, char **argv)
{
	struct golden g = {0};
	struct arena arena;
	const char *error;

	arena_init(&arena, 4096, 0);
	buffer_init(&g.out, MAX_OUTPUT_BYTES);
	diags_init(&g.d);
	for (; (int)g.n + 1 < argc && g.n < array_size(g.files); g.n++) {
		g.files[g.n].path = argv[g.n + 1];
		if (!read_file(NULL, argv[g.n + 1], &arena, &g.files[g.n].text, &error)) {
			fprintf(stderr, "%s: %s\n", argv[g.n + 1], error);
			return 2;
		}
	}
	read_all(&g);
	print_all(&g);
	model_put(g.model);
	model_vrrp_put(g.vrrp[0]);
	model_vrrp_put(g.vrrp[1]);
	diags_fini(&g.d);
	buffer_fini(&g.out);
	arena_fini(&arena);
	return g.failed;
}
