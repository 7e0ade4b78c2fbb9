/* SPDX-License-Identifier: MIT */
/*
 * haproxy's hash functions for "balance" and "hash-type", so that the same client goes to the same
 * server as with haproxy. The algorithms are public: sdbm, djb2 (x33), Bob Jenkins' one-at-a-time
 * variant "wt6", IEEE CRC-32, and the 32-bit full avalanche mixer. Each gives the same values as
 * haproxy's on little-endian machines.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/span.h"

uint32_t hash_sdbm(struct span s);
uint32_t hash_djb2(struct span s);
uint32_t hash_wt6(struct span s);
uint32_t hash_crc32(struct span s);
/* No hash: the number that the leading digits spell, modulo 2^32 (hash-type … none; haproxy 2.6
 * does not have it yet). */
uint32_t hash_none(struct span s);
/* Spreads a weak 32-bit hash over all bits. */
uint32_t hash_avalanche(uint32_t h);
/* For our own tables: fast, seeded, 64 bits. */
uint64_t hash_bytes(struct span s, uint64_t seed);

#endif
