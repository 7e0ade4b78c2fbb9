/* SPDX-License-Identifier: MIT */
/*
 * Objects of one size with a free list in front of malloc. Invariant: `used` objects are with
 * callers, `kept` are in the list. Under AddressSanitizer a kept object is poisoned, so that a use
 * after pool_put is caught as a use after free is.
 */
#include "base/pool.h"

#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_POISONS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define POOL_POISONS 1
#endif

#ifdef POOL_POISONS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

void pool_init(struct pool *p, const char *name, size_t size, unsigned int keep, unsigned int limit)
{
	if (size < sizeof(void *))
		size = sizeof(void *);
	*p = (struct pool){.name = name, .size = size, .keep = keep, .limit = limit};
}

static void *take_kept(struct pool *p)
{
	void *obj = p->free;

	ASAN_UNPOISON_MEMORY_REGION(obj, p->size);
	p->free = *(void **)obj;
	p->kept--;
	return obj;
}

void pool_fini(struct pool *p)
{
	CHECK(p->used == 0);
	while (p->free)
		free(take_kept(p));
}

void *pool_get(struct pool *p)
{
	void *obj = NULL;

	if (p->limit == 0 || p->used < p->limit)
		obj = p->free ? take_kept(p) : malloc(p->size);
	if (!obj) {
		p->failed++;
		return NULL;
	}
	p->used++;
	return obj;
}

void pool_put(struct pool *p, void *obj)
{
	if (!obj)
		return;
	CHECK(p->used > 0);
	p->used--;
	if (p->kept >= p->keep) {
		free(obj);
		return;
	}
	*(void **)obj = p->free;
	p->free = obj;
	p->kept++;
	ASAN_POISON_MEMORY_REGION(obj, p->size);
}
