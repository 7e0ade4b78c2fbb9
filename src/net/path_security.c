/* SPDX-License-Identifier: MIT */
/*
 * script security (declared in spawn.h): a path is walked from the root on, through its symbolic
 * links too, and everything on the way must be root's alone. Who may write to a folder may put
 * another program in the place of the one that was checked, so a sticky folder does not pass.
 */
#include "net/spawn.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MAX_LINKS 40 /* as the kernel follows */

struct walk {
	char at[PATH_MAX];   /* what has been checked, without a slash at its end; "" is the root */
	char rest[PATH_MAX]; /* what is to come */
	unsigned int links;
	mode_t mode; /* of what `at` is */
};

/* The mode's group bits are the mask of an access list, where there is one. */
static bool has_access_list(const char *path)
{
	return lgetxattr(path, "system.posix_acl_access", NULL, 0) > 0;
}

static const char *check_one(const char *path, mode_t *mode)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return strerror(errno);
	*mode = st.st_mode;
	if (st.st_uid != 0)
		return "somebody else than root owns it, or a folder of its path";
	if (S_ISLNK(st.st_mode))
		return NULL;
	if (st.st_mode & S_IWOTH)
		return "everybody can write to it, or to a folder of its path";
	if ((st.st_mode & S_IWGRP) && (st.st_gid != 0 || has_access_list(path)))
		return "a group can write to it, or to a folder of its path";
	return NULL;
}

static void strip_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
}

/* The link at w->at leads elsewhere: what it says comes before the rest. */
static const char *follow(struct walk *w)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t n = readlink(w->at, target, sizeof(target) - 1);
	int written;

	if (n < 0)
		return strerror(errno);
	target[n] = '\0';
	written = snprintf(joined, sizeof(joined), "%s/%s", target, w->rest);
	if (++w->links > MAX_LINKS || written < 0 || (size_t)written >= sizeof(joined))
		return strerror(ELOOP);
	if (target[0] == '/')
		w->at[0] = '\0';
	else
		strip_last(w->at);
	memcpy(w->rest, joined, (size_t)written + 1);
	return NULL;
}

/* One name further. */
static const char *step(struct walk *w)
{
	size_t n = strcspn(w->rest, "/"), length = strlen(w->at);
	const char *after = w->rest + n + (w->rest[n] == '/');
	char name[PATH_MAX];
	const char *wrong;

	memcpy(name, w->rest, n);
	name[n] = '\0';
	memmove(w->rest, after, strlen(after) + 1);
	if (n == 0 || strcmp(name, ".") == 0)
		return NULL;
	if (strcmp(name, "..") == 0) {
		strip_last(w->at);
		w->mode = S_IFDIR;
		return NULL;
	}
	if (length + n + 2 > sizeof(w->at))
		return strerror(ENAMETOOLONG);
	w->at[length] = '/';
	memcpy(w->at + length + 1, name, n + 1);
	wrong = check_one(w->at, &w->mode);
	return wrong || !S_ISLNK(w->mode) ? wrong : follow(w);
}

bool spawn_path_is_secure(const char *path, const char **why)
{
	struct walk w = {.links = 0};
	size_t n = strlen(path);
	const char *wrong = NULL;

	if (path[0] != '/' || n >= sizeof(w.rest))
		wrong = "it is not an absolute path";
	if (!wrong) {
		memcpy(w.rest, path, n + 1);
		wrong = check_one("/", &w.mode);
	}
	while (!wrong && w.rest[0])
		wrong = step(&w);
	if (!wrong && !S_ISREG(w.mode))
		wrong = "it is not a file";
	if (wrong)
		*why = wrong;
	return !wrong;
}
