/* SPDX-License-Identifier: MIT */
/*
 * Memory that is freed at once. Blocks hang in a list, newest first; what is handed out comes from
 * the newest. A request too large for a normal block gets a block of its own, filed behind the
 * newest so that the free bytes of that one stay in use. Invariant: at <= end, both inside blocks
 * (or all three NULL); used_bytes is the sum of what malloc gave.
 */
#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>

#define ALIGNMENT ((size_t)16)

struct arena_block {
	struct arena_block *next; /* the next older one */
	size_t size;              /* with this header */
	_Alignas(16) char data[];
};

void arena_init(struct arena *a, size_t block_bytes, size_t max_bytes)
{
	if (block_bytes < 2 * sizeof(struct arena_block))
		block_bytes = 2 * sizeof(struct arena_block);
	*a = (struct arena){.block_bytes = block_bytes, .max_bytes = max_bytes};
}

static void free_blocks(struct arena_block *block)
{
	while (block) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
}

void arena_fini(struct arena *a)
{
	free_blocks(a->blocks);
	arena_init(a, a->block_bytes, a->max_bytes);
}

void arena_reset(struct arena *a)
{
	struct arena_block *oldest = a->blocks;

	if (!oldest)
		return;
	while (oldest->next) {
		struct arena_block *next = oldest->next;

		free(oldest);
		oldest = next;
	}
	a->blocks = oldest;
	a->used_bytes = oldest->size;
	a->at = oldest->data;
	a->end = (char *)oldest + oldest->size;
}

static bool within_limit(const struct arena *a, size_t size)
{
	if (a->max_bytes == 0)
		return true;
	return a->used_bytes <= a->max_bytes && size <= a->max_bytes - a->used_bytes;
}

static struct arena_block *block_new(struct arena *a, size_t size)
{
	struct arena_block *block = within_limit(a, size) ? malloc(size) : NULL;

	if (!block)
		return NULL;
	block->size = size;
	a->used_bytes += size;
	return block;
}

/* n bytes from a new block: they begin aligned. */
static char *take_from_new_block(struct arena *a, size_t n)
{
	struct arena_block *block;
	size_t need = sizeof(*block) + n, size;

	if (need < n)
		return NULL;
	if (need > a->block_bytes && a->blocks) {
		block = block_new(a, need);
		if (!block)
			return NULL;
		block->next = a->blocks->next;
		a->blocks->next = block;
		return block->data;
	}
	/* Close to the limit a block of the exact size may still fit. */
	size = need < a->block_bytes && within_limit(a, a->block_bytes) ? a->block_bytes : need;
	block = block_new(a, size);
	if (!block)
		return NULL;
	block->next = a->blocks;
	a->blocks = block;
	a->at = block->data + n;
	a->end = (char *)block + block->size;
	return block->data;
}

void *arena_raw(struct arena *a, size_t n)
{
	size_t pad = (size_t)(-(uintptr_t)a->at & (ALIGNMENT - 1));
	size_t room = (size_t)(a->end - a->at);
	char *p;

	if (n == 0)
		n = 1;
	if (pad > room || n > room - pad)
		return take_from_new_block(a, n);
	p = a->at + pad;
	a->at = p + n;
	return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	void *p = arena_raw(a, n);

	return p ? memset(p, 0, n ? n : 1) : NULL;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		return NULL;
	return arena_alloc(a, n);
}

char *arena_bytes(struct arena *a, size_t n)
{
	char *p = a->at;

	if (n == 0)
		n = 1;
	if (n > (size_t)(a->end - a->at))
		return take_from_new_block(a, n);
	a->at += n;
	return p;
}

char *arena_copy(struct arena *a, struct span s)
{
	char *p = s.len == SIZE_MAX ? NULL : arena_bytes(a, s.len + 1);

	if (!p)
		return NULL;
	if (s.len)
		memcpy(p, s.p, s.len);
	p[s.len] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return arena_copy(a, span_of(text));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;
	char *p;

	va_start(args, fmt);
	p = arena_vprintf(a, fmt, args);
	va_end(args);
	return p;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list args)
{
	size_t room = (size_t)(a->end - a->at);
	va_list again;
	char *p;
	int n;

	va_copy(again, args);
	n = vsnprintf(a->at, room, fmt, again);
	va_end(again);
	if (n < 0)
		return NULL;
	p = arena_bytes(a, (size_t)n + 1);
	if (p && (size_t)n >= room)
		vsnprintf(p, (size_t)n + 1, fmt, args);
	return p;
}
