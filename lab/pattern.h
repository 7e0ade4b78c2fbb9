/* SPDX-License-Identifier: MIT */
/*
 * The bytes that probe.c and origin.c send each other: each depends on its place and on the number
 * of the exchange (the field X-Pattern), so that a byte lost, doubled, changed or of somebody
 * else's exchange is seen.
 */
#ifndef LAB_PATTERN_H
#define LAB_PATTERN_H

#include <stddef.h>
#include <stdint.h>

static inline unsigned char pattern_byte(uint64_t number, uint64_t place)
{
	uint64_t word = (place / 8 + 1) * 0x9e3779b97f4a7c15u ^ number * 0xd1342543de82ef95u;

	word ^= word >> 29;
	return (unsigned char)(word * 0xbf58476d1ce4e5b9u >> 8 * (place % 8));
}

static inline void pattern_fill(char *dst, size_t n, uint64_t number, uint64_t place)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = (char)pattern_byte(number, place + i);
}

/* How many of n bytes are right, from the first on. */
static inline size_t pattern_right(const char *src, size_t n, uint64_t number, uint64_t place)
{
	size_t i = 0;

	while (i < n && (unsigned char)src[i] == pattern_byte(number, place + i))
		i++;
	return i;
}

#endif
