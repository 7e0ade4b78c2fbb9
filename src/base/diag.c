/* SPDX-License-Identifier: MIT */
/*
 * The list of what is wrong with the configuration. Filled by the readers and by the audit, printed
 * by the caller. Memory is bounded: past the limit an entry is lost but still counted, so that a
 * broken file can never pass for a good one.
 */
#include "base/diag.h"

#include "base/buffer.h"

#define BLOCK_BYTES 4096
#define MAX_BYTES (4u << 20)

void diags_init(struct diags *d)
{
	arena_init(&d->arena, BLOCK_BYTES, MAX_BYTES);
	list_init(&d->all);
	d->alerts = d->warnings = 0;
}

void diags_fini(struct diags *d)
{
	arena_fini(&d->arena);
	list_init(&d->all);
	d->alerts = d->warnings = 0;
}

void diag_add(struct diags *d, enum diag_level level, const char *file, int line, const char *fmt,
	      ...)
{
	va_list args;

	va_start(args, fmt);
	diag_vadd(d, level, file, line, fmt, args);
	va_end(args);
}

/* Diagnostics of one file come in a row: they share one copy of its name. False when out of memory.
 */
static bool copy_file_name(struct diags *d, struct diag *diag, const char *file)
{
	if (!file)
		return true;
	if (!list_empty(&d->all)) {
		const char *last = LIST_ENTRY(d->all.prev, struct diag, link)->file;

		if (last && strcmp(last, file) == 0) {
			diag->file = last;
			return true;
		}
	}
	diag->file = arena_strdup(&d->arena, file);
	return diag->file != NULL;
}

void diag_vadd(struct diags *d, enum diag_level level, const char *file, int line, const char *fmt,
	       va_list args)
{
	struct diag *diag = ARENA_NEW(&d->arena, struct diag);
	const char *text = diag ? arena_vprintf(&d->arena, fmt, args) : NULL;

	if (!text || !copy_file_name(d, diag, file)) {
		d->alerts++;
		return;
	}
	diag->level = level;
	diag->line = line;
	diag->text = text;
	list_append(&d->all, &diag->link);
	if (level == DIAG_ALERT)
		d->alerts++;
	else if (level == DIAG_WARNING)
		d->warnings++;
}

void diag_print(struct buffer *out, const struct diag *d, int pid)
{
	static const char *const labels[] = {
	    [DIAG_DIAG] = "[DIAG]",
	    [DIAG_NOTICE] = "[NOTICE]",
	    [DIAG_WARNING] = "[WARNING]",
	    [DIAG_ALERT] = "[ALERT]",
	};

	buffer_printf(out, "%-10s (%d) : config : ", labels[d->level], pid);
	if (d->file && d->line)
		buffer_printf(out, "parsing [%s:%d] : ", d->file, d->line);
	else if (d->file)
		buffer_printf(out, "parsing [%s] : ", d->file);
	buffer_add_text(out, d->text);
	buffer_add_char(out, '\n');
}
