/* SPDX-License-Identifier: MIT */
/*
 * Lets the nth allocation fail, for the tests of base that say
 * LINK: -Wl,--wrap=malloc -Wl,--wrap=realloc -Wl,--wrap=free. It also counts what is not freed.
 */
#ifndef TESTS_UNIT_BASE_FAIL_ALLOC_H
#define TESTS_UNIT_BASE_FAIL_ALLOC_H

#include <stddef.h>

void *__real_malloc(size_t n);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);

static unsigned int alloc_fail_at; /* 1: the next one fails; 0: none */
static unsigned int alloc_calls;
static int alloc_live;
static size_t alloc_last_size;

static int alloc_fails(size_t n)
{
	alloc_calls++;
	alloc_last_size = n;
	return alloc_fail_at && --alloc_fail_at == 0;
}

void *__wrap_malloc(size_t n)
{
	if (alloc_fails(n))
		return NULL;
	alloc_live++;
	return __real_malloc(n);
}

void *__wrap_realloc(void *p, size_t n)
{
	if (alloc_fails(n))
		return NULL;
	alloc_live += p == NULL;
	return __real_realloc(p, n);
}

void __wrap_free(void *p)
{
	alloc_live -= p != NULL;
	__real_free(p);
}

static void alloc_reset(unsigned int fail_at)
{
	alloc_fail_at = fail_at;
	alloc_calls = 0;
	alloc_live = 0;
}

#endif
