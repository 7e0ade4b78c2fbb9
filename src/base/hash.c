/* SPDX-License-Identifier: MIT */
/*
 * The hash functions that decide which server a client reaches. Their values are part of the
 * contract with haproxy.cfg (a change would move every client), so the unit test pins values
 * observed on a running haproxy 2.6.
 */
#include "base/hash.h"

#include <xxhash.h>

#define CRC32_POLYNOMIAL UINT32_C(0xedb88320) /* IEEE 802.3, reflected */

/* h = c + h * 65599 */
uint32_t hash_sdbm(struct span s)
{
	uint32_t h = 0;

	for (size_t i = 0; i < s.len; i++)
		h = h * 65599 + (unsigned char)s.p[i];
	return h;
}

/* h = c + h * 33, from 5381 */
uint32_t hash_djb2(struct span s)
{
	uint32_t h = 5381;

	for (size_t i = 0; i < s.len; i++)
		h = h * 33 + (unsigned char)s.p[i];
	return h;
}

static uint32_t rotate_left(uint32_t x, unsigned int n)
{
	n &= 31;
	return x << n | x >> (-n & 31);
}

/* Two words, each byte inverted into both; then they change places, rotated by amounts that the
 * state itself gives. */
uint32_t hash_wt6(struct span s)
{
	uint32_t a = 0xa53c965a, b = 0x5ca6953a;
	unsigned int turn_a = 18, turn_b = 6;

	for (size_t i = 0; i < s.len; i++) {
		uint32_t c = (unsigned char)s.p[i];
		uint32_t next_a = rotate_left(~(b + c), turn_b);
		uint32_t next_b = rotate_left(~(a ^ c), turn_a);
		uint32_t mixed = (next_a >> 16 ^ next_b) & 0xffff;

		a = next_a;
		b = next_b;
		turn_b = mixed & 31;
		turn_a = mixed >> 11;
	}
	return a ^ b;
}

uint32_t hash_crc32(struct span s)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < s.len; i++) {
		crc ^= (unsigned char)s.p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32_POLYNOMIAL : 0);
	}
	return ~crc;
}

uint32_t hash_none(struct span s)
{
	uint32_t h = 0;

	for (size_t i = 0; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		h = h * 10 + (uint32_t)(s.p[i] - '0');
	return h;
}

/* Bob Jenkins' full avalanche in six shifts (burtleburtle.net/bob/hash/integer.html, public
 * domain); haproxy's values have the two low bits added to the two high ones on top of it. */
uint32_t hash_avalanche(uint32_t h)
{
	h = (h + 0x7ed55d16) + (h << 12);
	h = (h ^ 0xc761c23c) ^ (h >> 19);
	h = (h + 0x165667b1) + (h << 5);
	h = (h + 0xd3a2646c) ^ (h << 9);
	h = (h + 0xfd7046c5) + (h << 3);
	h = (h ^ 0xb55a4f09) ^ (h >> 16);
	return h + (h << 30) + (h << 31);
}

uint64_t hash_bytes(struct span s, uint64_t seed)
{
	return XXH3_64bits_withSeed(s.p, s.len, seed);
}
