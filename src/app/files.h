/* SPDX-License-Identifier: MIT */
/* The configuration's files, and what its reader asks of the system. */
#ifndef APP_FILES_H
#define APP_FILES_H

#include "app/options.h"

#include "config/config.h"

#define CONFIG_FILE_MAX_BYTES (64u << 20)

/* Reads all files of the command line, in order (of folders: *.cfg, sorted), and makes the model.
 * NULL where it cannot: diagnostics say why and have been printed. Warnings are printed too (unless
 * -q); with zero warnings wanted they count as errors. */
struct model *files_load(const struct options *o) must_check;
/* A whole file into the arena; false with *error the system's words. */
bool files_read(const char *path, struct arena *a, struct span *out, const char **error);
/* Answers for the readers of both languages; user is not used. */
const char *files_get_env(void *user, const char *name);
bool files_user_id(void *user, const char *name, long *uid);
/* -cc: 0 true, 1 false, 2 malformed. */
int files_eval_condition(const struct options *o);
void diags_print(const struct diags *d, bool quiet);
/* One line in the same form: "[ALERT]    (PID) : TEXT". */
void message_print(enum diag_level level, const char *fmt, ...) printf_like(2, 3);

#endif
