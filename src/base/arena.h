/* SPDX-License-Identifier: MIT */
/*
 * An arena: memory handed out piece by piece and freed at once. A configuration generation has one,
 * a request has one. Blocks come from malloc; nothing is ever returned singly. Not thread-safe.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/check.h"
#include "base/span.h"

#include <stdarg.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	char *at, *end;             /* free bytes of the newest block */
	size_t block_bytes;         /* size of a normal block */
	size_t used_bytes, max_bytes;
};

/* `block_bytes`: how much is asked from malloc at once (a larger request gets a block of its own);
 * `max_bytes`: limit of all blocks together (their headers too), 0 for none. Allocates nothing yet.
 */
void arena_init(struct arena *a, size_t block_bytes, size_t max_bytes);
/* Frees everything; the arena may be used again. */
void arena_fini(struct arena *a);
/* Forgets everything handed out but keeps the oldest block for reuse. */
void arena_reset(struct arena *a);

/* Zeroed memory aligned to 16, or NULL when malloc fails or max_bytes is reached. n = 0 gives a
 * valid unique pointer. */
void *arena_alloc(struct arena *a, size_t n) must_check;
/* The same for an array; NULL also where count * size overflows. */
void *arena_array(struct arena *a, size_t count, size_t size) must_check;
/* As arena_alloc, but not zeroed and not aligned: for bytes and text. */
char *arena_bytes(struct arena *a, size_t n) must_check;
/* As arena_alloc, but not zeroed: for arrays that are filled at once. */
void *arena_raw(struct arena *a, size_t n) must_check;
/* Copies with a terminating NUL; NULL when out of memory. */
char *arena_copy(struct arena *a, struct span s) must_check;
char *arena_strdup(struct arena *a, const char *text) must_check;
char *arena_printf(struct arena *a, const char *fmt, ...) must_check printf_like(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list args) must_check printf_like(2, 0);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
