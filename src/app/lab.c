/* SPDX-License-Identifier: MIT */
/* Finds halb-lab and becomes it: $HALB_LAB, else the one that belongs to this binary, in a folder
 * above it: lab/ of a source tree, or lib/halb/lab/ where halb is installed. Called by main. The
 * lab runs the halb that called it, unless $HALB names another. */
#include "app/lab.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEVELS 4 /* PREFIX/sbin/halb; build/halb, build/NAME/halb, build/NAME/VARIANT/halb */

static bool find_beside(const char *binary, char path[PATH_MAX])
{
	static const char *const places[] = {"/lab/halb-lab", "/lib/halb/lab/halb-lab"};

	for (int i = 0; i < LEVELS * 2; i++) {
		const char *slash = binary + strlen(binary);

		for (int level = i / 2; slash && level >= 0; level--)
			slash = memrchr(binary, '/', (size_t)(slash - binary));
		if (slash &&
		    snprintf(path, PATH_MAX, "%.*s%s", (int)(slash - binary), binary,
			     places[i % 2]) < PATH_MAX &&
		    access(path, X_OK) == 0)
			return true;
	}
	return false;
}

int lab_run(int argc, char **argv)
{
	char binary[PATH_MAX], path[PATH_MAX];
	const char *wish = getenv("HALB_LAB");
	ssize_t n = readlink("/proc/self/exe", binary, sizeof(binary) - 1);
	char **words = calloc((size_t)argc + 2, sizeof(*words));

	if (!words)
		return 1;
	binary[n > 0 ? n : 0] = '\0';
	if (n > 0)
		setenv("HALB", binary, 0);
	if (wish && wish[0]) {
		snprintf(path, sizeof(path), "%s", wish);
	} else if (!find_beside(binary, path)) {
		fprintf(stderr,
			"halb: the lab is not there: neither lab/halb-lab nor "
			"lib/halb/lab/halb-lab in a folder above %s. 'make install' installs it; "
			"HALB_LAB may name another place.\n",
			binary);
		free(words);
		return 1;
	}
	words[0] = path;
	memcpy(words + 1, argv, (size_t)argc * sizeof(*words));
	execv(path, words);
	fprintf(stderr, "halb: cannot run %s: %s. It needs /usr/bin/python3.\n", path,
		strerror(errno));
	free(words);
	return 1;
}
