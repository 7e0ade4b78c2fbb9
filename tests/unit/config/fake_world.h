/* SPDX-License-Identifier: MIT */
/*
 * A world for configuration tests: a small environment of its own, one file, one user, one socket;
 * and a reading of a text with what came of it.
 */
#ifndef TESTS_UNIT_CONFIG_FAKE_WORLD_H
#define TESTS_UNIT_CONFIG_FAKE_WORLD_H

#include "config/config.h"

struct fake_world {
	struct config_world world;
	struct {
		char name[32], value[64];
		bool set;
	} env[16];
};

/* HOME=/root, EMPTY=, LIST="one two  three", FD=5, PORT=8080. */
void fake_world_init(struct fake_world *w);

struct reading_result {
	struct model *model;
	struct diags diags;
	char *text; /* all diagnostics as they are printed, PID 1 */
};

void read_text(struct fake_world *w, const char *text, struct reading_result *out);
void read_free(struct reading_result *r);

#endif
