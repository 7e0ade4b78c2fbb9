/* SPDX-License-Identifier: MIT */
/*
 * xoshiro256** by Blackman and Vigna (prng.di.unimi.it, public domain), seeded through splitmix64
 * as its authors advise. Used by balancing, by jitter and by the simulations; never for secrets.
 */
#include "base/random.h"

#include "base/check.h"

static uint64_t rotate_left(uint64_t x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

void random_init(struct random *r, uint64_t seed)
{
	for (unsigned int i = 0; i < array_size(r->s); i++) {
		uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		r->s[i] = z ^ z >> 31;
	}
}

uint64_t random_u64(struct random *r)
{
	uint64_t result = rotate_left(r->s[1] * 5, 7) * 9;
	uint64_t t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = rotate_left(r->s[3], 45);
	return result;
}

/* Lemire's multiplication: the few low products that would favour some results are drawn again. */
uint32_t random_below(struct random *r, uint32_t n)
{
	uint64_t product = (random_u64(r) >> 32) * n;

	CHECK(n > 0);
	if ((uint32_t)product < n) {
		uint32_t unfair = (uint32_t)-n % n;

		while ((uint32_t)product < unfair)
			product = (random_u64(r) >> 32) * n;
	}
	return (uint32_t)(product >> 32);
}
