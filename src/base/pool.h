/* SPDX-License-Identifier: MIT */
/*
 * A pool of objects of one size: a free list in front of malloc, owned by one thread. Freed objects
 * are kept for reuse up to `keep`; `limit` bounds how many may be in use at once (out of memory
 * sheds one connection, never the process).
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/check.h"

#include <stddef.h>

struct pool {
	const char *name; /* shown by "show pools" */
	void *free;       /* list through the first word of each object */
	size_t size;
	unsigned int used, kept, keep, limit; /* limit 0: none */
	unsigned int failed;                  /* how often pool_get had to say no */
};

void pool_init(struct pool *p, const char *name, size_t size, unsigned int keep,
	       unsigned int limit);
/* Frees the kept objects; CHECKs that none is in use. */
void pool_fini(struct pool *p);
/* An object with undefined content, aligned to 16, or NULL (counted in `failed`). */
void *pool_get(struct pool *p) must_check;
/* obj NULL is fine. */
void pool_put(struct pool *p, void *obj);

#endif
