/* SPDX-License-Identifier: MIT */
/* Reads keepalived.conf and what it includes; the reader itself may not touch the system. */
#include "app/vrrp_file.h"

#include "app/files.h"

#include "net/address.h"

#include <errno.h>
#include <glob.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool has_interface(void *user, const char *name)
{
	(void)user;
	return if_nametoindex(name) != 0;
}

/* "include conf.d" + "*.conf" is meant from the folder of the file that says it. */
static const char *whole_pattern(const char *pattern, const char *from, struct arena *a)
{
	const char *slash = strrchr(from, '/');

	if (pattern[0] == '/' || !slash)
		return pattern;
	return arena_printf(a, "%.*s/%s", (int)(slash - from), from, pattern);
}

static bool include(void *user, struct config_include *i)
{
	const char *whole = whole_pattern(i->pattern, i->from, i->arena);
	glob_t found;
	bool ok = true;

	(void)user;
	i->error = "no such file";
	if (!whole || glob(whole, GLOB_BRACE, NULL, &found) != 0)
		return false;
	for (size_t n = 0; n < found.gl_pathc && ok; n++) {
		struct config_file file = {.path = arena_strdup(i->arena, found.gl_pathv[n])};

		ok = file.path && files_read(file.path, i->arena, &file.text, &i->error);
		if (ok)
			i->each(i->reader, &file);
	}
	globfree(&found);
	return ok;
}

static void make_world(struct config_vrrp_world *w, const struct options *o, char hostname[256])
{
	if (gethostname(hostname, 255) != 0)
		snprintf(hostname, 256, "localhost");
	*w = (struct config_vrrp_world){.include = include,
					.get_env = files_get_env,
					.has_interface = has_interface,
					.user_id = files_user_id,
					.hostname = hostname,
					.config_id = o->config_id ? o->config_id : hostname};
}

struct model_vrrp *vrrp_file_load(const char *path, const struct options *o)
{
	struct config_file file = {.path = path};
	struct config_vrrp_world world;
	struct model_vrrp *v = NULL;
	const char *error = "";
	char hostname[256];
	struct arena arena;
	struct diags d;

	diags_init(&d);
	arena_init(&arena, 4096, 0);
	make_world(&world, o, hostname);
	if (files_read(path, &arena, &file.text, &error))
		v = config_read_vrrp(&file, &world, &d);
	else
		diag_add(&d, DIAG_ALERT, NULL, 0, "Could not open configuration file %s : %s", path,
			 error);
	diags_print(&d, o->quiet);
	if (v && o->zero_warning && d.warnings) {
		message_print(DIAG_ALERT, "config : warnings count as errors (-dW). Aborting.");
		model_vrrp_put(v);
		v = NULL;
	}
	if (!v)
		message_print(DIAG_ALERT, "config : Error(s) found in configuration file : %s",
			      path);
	arena_fini(&arena);
	diags_fini(&d);
	return v;
}

bool vrrp_file_compare(const struct model_vrrp *here, const struct options *o)
{
	struct model_vrrp *there = vrrp_file_load(o->peer_vrrp_file, o);
	struct diags d;
	bool ok;

	if (!there)
		return false;
	diags_init(&d);
	config_audit_nodes(here, there, &d);
	diags_print(&d, o->quiet);
	ok = !d.alerts && (!o->zero_warning || !d.warnings);
	diags_fini(&d);
	model_vrrp_put(there);
	return ok;
}

static bool is_local(void *user, const struct inet *address)
{
	struct ifaddrs *all, *a;
	bool found = false;

	(void)user;
	if (getifaddrs(&all) != 0)
		return true;
	for (a = all; a && !found; a = a->ifa_next) {
		struct inet local;

		if (!a->ifa_addr ||
		    (a->ifa_addr->sa_family != AF_INET && a->ifa_addr->sa_family != AF_INET6))
			continue;
		inet_from_sockaddr(&local, (const struct sockaddr_storage *)a->ifa_addr);
		found = inet_equal_ip(&local, address);
	}
	freeifaddrs(all);
	/* All of 127.0.0.0/8 is. */
	return found || (address->family == INET_V4 && address->ip[0] == 127);
}

bool vrrp_file_audit(const struct model *m, const struct model_vrrp *v, const struct options *o)
{
	struct config_pair_world world = {.is_local = is_local};
	struct diags d;
	bool ok;

	diags_init(&d);
	config_audit_pair(m, v, &world, &d);
	diags_print(&d, o->quiet);
	ok = !o->zero_warning || !d.warnings;
	diags_fini(&d);
	return ok;
}
