/* SPDX-License-Identifier: MIT */
/* A small seeded random source (xoshiro256**), a value to be passed around: the same seed gives the
 * same run. Not for secrets. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t s[4];
};

void random_init(struct random *r, uint64_t seed);
uint64_t random_u64(struct random *r);
/* Uniform in [0, n), n > 0. */
uint32_t random_below(struct random *r, uint32_t n);

#endif
