/* SPDX-License-Identifier: MIT */
/*
 * Commands of the file, ready to run. The user is the command's own, else script_user, else
 * keepalived_script where there is such a user, else ours.
 */
#include "failover/runnable.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_USER "keepalived_script"
#define ENTRY_BYTES 16384 /* of the user and group files; a larger group counts as missing */

/* A copy of the words with `path` in front, in one block. */
static const char **copy_words(const char *path, const char *const *words)
{
	size_t n = 0, i, bytes = strlen(path) + 1;
	const char **argv;
	char *at;

	for (n = 1; words[n]; n++)
		bytes += strlen(words[n]) + 1;
	argv = malloc((n + 1) * sizeof(*argv) + bytes);
	if (!argv)
		return NULL;
	at = (char *)(argv + n + 1);
	for (i = 0; i < n; i++) {
		const char *word = i == 0 ? path : words[i];
		size_t length = strlen(word) + 1;

		memcpy(at, word, length);
		argv[i] = at;
		at += length;
	}
	argv[n] = NULL;
	return argv;
}

static bool look_up_user(const char *name, uid_t *uid, gid_t *gid)
{
	char buf[ENTRY_BYTES];
	struct passwd entry, *found = NULL;

	if (getpwnam_r(name, &entry, buf, sizeof(buf), &found) != 0 || !found)
		return false;
	*uid = found->pw_uid;
	*gid = found->pw_gid;
	return true;
}

static bool look_up_group(const char *name, gid_t *gid)
{
	char buf[ENTRY_BYTES];
	struct group entry, *found = NULL;

	if (getgrnam_r(name, &entry, buf, sizeof(buf), &found) != 0 || !found)
		return false;
	*gid = found->gr_gid;
	return true;
}

/* False where the file names a user or group that there is not. */
static bool look_up_ids(struct runnable *r, const struct model_command *c,
			const struct model_vrrp_global *global)
{
	const char *user = c->user ? c->user : global->script_user;
	const char *group = c->user ? c->group : global->script_group;

	r->uid = geteuid();
	r->gid = getegid();
	if (!look_up_user(user ? user : DEFAULT_USER, &r->uid, &r->gid))
		return !user;
	if (user && group && !look_up_group(group, &r->gid))
		return false;
	r->set_ids = r->uid != geteuid() || r->gid != getegid();
	return true;
}

/* The program's full path. */
static bool find_program(const char *name, char path[PATH_MAX], const struct say *log)
{
	if (strchr(name, '/')) {
		size_t length = strlen(name) + 1;

		if (length > PATH_MAX)
			return false;
		memcpy(path, name, length);
	} else if (spawn_find(name, path, PATH_MAX)) {
		say(log, LOG_LEVEL_WARNING,
		    "WARNING - script `%s` resolved by path search to `%s`. Please specify full "
		    "path.",
		    name, path);
	} else {
		errno = ENOENT;
		memcpy(path, "", 1);
	}
	if (path[0] && access(path, X_OK) == 0)
		return true;
	say(log, LOG_LEVEL_WARNING, "Script %s cannot be accessed - %s", name, strerror(errno));
	return false;
}

/* What root runs must not be changeable by others. */
static bool is_allowed(const char *path, const struct runnable *r,
		       const struct model_vrrp_global *global, const struct say *log)
{
	const char *why = "";

	if (r->uid != 0 || spawn_path_is_secure(path, &why))
		return true;
	if (global->enable_script_security) {
		say(log, LOG_LEVEL_WARNING,
		    "Unsafe permissions found for script '%s' - disabling. (%s)", path, why);
		return false;
	}
	say(log, LOG_LEVEL_WARNING,
	    "SECURITY VIOLATION - scripts are being executed but script_security not enabled: "
	    "%s (%s)",
	    path, why);
	return true;
}

void runnable_init(struct runnable *r, const struct model_command *c,
		   const struct model_vrrp_global *global, const struct say *log)
{
	char path[PATH_MAX];

	*r = (struct runnable){.state = RUNNABLE_NONE};
	if (!c->argv || !c->argv[0])
		return;
	r->state = RUNNABLE_MISSING;
	if (!look_up_ids(r, c, global)) {
		say(log, LOG_LEVEL_WARNING,
		    "Script %s is not run: there is no user %s or no group %s", c->argv[0],
		    c->user ? c->user : global->script_user, c->group ? c->group : "of its own");
		return;
	}
	if (!find_program(c->argv[0], path, log))
		return;
	if (!is_allowed(path, r, global, log)) {
		r->state = RUNNABLE_INSECURE;
		return;
	}
	r->argv = copy_words(path, c->argv);
	if (r->argv)
		r->state = RUNNABLE_OK;
}

void runnable_fini(struct runnable *r)
{
	free(r->argv);
	*r = (struct runnable){.state = RUNNABLE_NONE};
}

int runnable_start(const struct runnable *r, const char *const *extra, struct spawned *out)
{
	struct spawn s = {
	    .argv = r->argv,
	    .extra = extra,
	    .set_ids = r->set_ids,
	    .uid = r->uid,
	    .gid = r->gid,
	};

	return spawn_start(&s, out);
}

int runnable_end(struct spawned *s)
{
	int status = -1;

	if (spawn_reap(s, &status) < 0)
		status = -1;
	if (s->pidfd >= 0)
		close(s->pidfd);
	s->pidfd = -1;
	return status;
}
