/* SPDX-License-Identifier: MIT */
/* See fake_world.h. */
#include "fake_world.h"

#include <stdio.h>
#include <stdlib.h>

static const char *get_env(void *user, const char *name)
{
	struct fake_world *w = user;

	for (size_t i = 0; i < array_size(w->env); i++) {
		if (w->env[i].set && strcmp(w->env[i].name, name) == 0)
			return w->env[i].value;
	}
	return NULL;
}

static void set_env(void *user, const char *name, const char *value)
{
	struct fake_world *w = user;
	size_t slot = array_size(w->env);

	for (size_t i = 0; i < array_size(w->env); i++) {
		if (!name || (w->env[i].set && strcmp(w->env[i].name, name) == 0))
			w->env[i].set = false;
		if (!w->env[i].set && slot == array_size(w->env))
			slot = i;
	}
	if (!name || !value || slot == array_size(w->env))
		return;
	w->env[slot].set = true;
	snprintf(w->env[slot].name, sizeof(w->env[slot].name), "%s", name);
	snprintf(w->env[slot].value, sizeof(w->env[slot].value), "%s", value);
}

static bool read_file(void *user, const char *path, struct arena *a, struct span *out,
		      const char **error)
{
	(void)user;
	*error = "No such file or directory";
	if (strcmp(path, "/503.http") != 0)
		return false;
	*error = "out of memory";
	*out = SPAN("HTTP/1.0 503 Service Unavailable\nConnection: close\n\nsorry\n");
	out->p = arena_copy(a, *out);
	return out->p != NULL;
}

static bool id_of(void *user, const char *name, long *id)
{
	(void)user;
	*id = 1000;
	return strcmp(name, "halb") == 0;
}

void fake_world_init(struct fake_world *w)
{
	*w = (struct fake_world){.world = {.get_env = get_env,
					   .set_env = set_env,
					   .read_file = read_file,
					   .user_id = id_of,
					   .group_id = id_of,
					   .hostname = "host",
					   .version = "2.6"}};
	w->world.user = w;
	set_env(w, "HOME", "/root");
	set_env(w, "EMPTY", "");
	set_env(w, "LIST", "one two  three");
	set_env(w, "FD", "5");
	set_env(w, "PORT", "8080");
}

void read_text(struct fake_world *w, const char *text, struct reading_result *out)
{
	struct config_file file = {.path = "f.cfg", .text = span_of(text)};
	struct buffer b;
	struct list *it;

	diags_init(&out->diags);
	out->model = config_read(&file, 1, &w->world, &out->diags);
	buffer_init(&b, 1 << 20);
	LIST_EACH(it, &out->diags.all)
		diag_print(&b, LIST_ENTRY(it, struct diag, link), 1);
	out->text = strdup(buffer_text(&b));
	buffer_fini(&b);
}

void read_free(struct reading_result *r)
{
	model_put(r->model);
	diags_fini(&r->diags);
	free(r->text);
}
