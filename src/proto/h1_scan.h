/* SPDX-License-Identifier: MIT */
/*
 * The byte classes of HTTP/1 and the scans over them, 16 bytes at a time where the machine has SSE2
 * (every x86-64), byte by byte elsewhere. For the h1_*.c files only. A scan stops at the first byte
 * that is not plain: whether that byte ends the token, is a rarer allowed one or a fault, its
 * caller decides.
 */
#ifndef PROTO_H1_SCAN_H
#define PROTO_H1_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* RFC 9110 section 5.6.2: tchar, one bit for each of the 128 ASCII codes. */
static inline bool h1_is_token(char c)
{
	static const uint32_t bits[8] = {0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff};
	unsigned char u = (unsigned char)c;

	return bits[u >> 5] >> (u & 31) & 1;
}

/* RFC 9110 section 5.5: what a field value may hold: blanks, visible characters, obs-text. */
static inline bool h1_is_value(char c)
{
	return ((unsigned char)c >= ' ' && c != 0x7f) || c == '\t';
}

static inline bool h1_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* What each scan runs over: letters and '-'; visible ASCII and the space; visible ASCII but '#';
 * letters, digits, '-' and '.'. */
static inline bool h1_plain_name(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26 || c == '-';
}

static inline bool h1_plain_value(char c)
{
	return c >= ' ' && c < 0x7f;
}

static inline bool h1_plain_target(char c)
{
	return c > ' ' && c < 0x7f && c != '#';
}

static inline bool h1_plain_host(char c)
{
	return h1_plain_name(c) || (c >= '0' && c <= '9') || c == '.';
}

#ifdef __SSE2__
/* Masks with a bit for each byte that is plain. A range [low, low + n) is moved to the lowest
 * signed numbers, where one comparison finds it. */
static inline __m128i h1_in_range(__m128i v, char low, int n)
{
	return _mm_cmplt_epi8(_mm_add_epi8(v, _mm_set1_epi8((char)(-128 - low))),
			      _mm_set1_epi8((char)(-128 + n)));
}

static inline unsigned int h1_name_mask(__m128i v)
{
	__m128i letter = h1_in_range(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 26);
	__m128i plain = _mm_or_si128(letter, _mm_cmpeq_epi8(v, _mm_set1_epi8('-')));

	return (unsigned int)_mm_movemask_epi8(plain);
}

/* 0x20..0x7e are the signed numbers that stay above 0x20 when one is added. */
static inline unsigned int h1_value_mask(__m128i v)
{
	__m128i next = _mm_add_epi8(v, _mm_set1_epi8(1));

	return (unsigned int)_mm_movemask_epi8(_mm_cmpgt_epi8(next, _mm_set1_epi8(' ')));
}

static inline unsigned int h1_target_mask(__m128i v)
{
	__m128i visible = _mm_cmpgt_epi8(_mm_add_epi8(v, _mm_set1_epi8(1)), _mm_set1_epi8('!'));
	__m128i hash = _mm_cmpeq_epi8(v, _mm_set1_epi8('#'));

	return (unsigned int)_mm_movemask_epi8(_mm_andnot_si128(hash, visible));
}

static inline unsigned int h1_host_mask(__m128i v)
{
	__m128i letter = h1_in_range(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 26);
	__m128i digit = h1_in_range(v, '0', 10);
	__m128i mark = h1_in_range(v, '-', 2);
	__m128i plain = _mm_or_si128(_mm_or_si128(letter, digit), mark);

	return (unsigned int)_mm_movemask_epi8(plain);
}

#define H1_LOAD(p) _mm_loadu_si128((const __m128i *)(const void *)(p))

/* Where the first byte that is not plain stands, of a mask that is not full. */
static inline size_t h1_first_stop(unsigned int mask)
{
	return (unsigned int)__builtin_ctz(~mask);
}

/* Fewer than 16 bytes are left: they are looked at through the last 16 of all, where there are so
 * many. Nothing past `end` is read. Its own function, to keep the loops of the callers small. */
#define H1_SCAN_TAIL(kind)                                                                         \
	static __attribute__((noinline, unused))                                                   \
	size_t h1_tail_##kind(const char *p, size_t at, size_t end)                                \
	{                                                                                          \
		unsigned int mask;                                                                 \
                                                                                                   \
		if (end < 16)                                                                      \
			return h1_scan_bytes_##kind(p, at, end);                                   \
		mask = h1_##kind##_mask(H1_LOAD(p + end - 16)) >> (16 - (end - at));               \
		at += h1_first_stop(mask);                                                         \
		return at < end ? at : end;                                                        \
	}
#define H1_SCAN_WIDE(kind)                                                                         \
	for (; at + 16 <= end; at += 16) {                                                         \
		unsigned int mask = h1_##kind##_mask(H1_LOAD(p + at));                             \
                                                                                                   \
		if (mask != 0xffff)                                                                \
			return at + h1_first_stop(mask);                                           \
	}
#else
#define H1_SCAN_TAIL(kind)                                                                         \
	static inline size_t h1_tail_##kind(const char *p, size_t at, size_t end)                  \
	{                                                                                          \
		return h1_scan_bytes_##kind(p, at, end);                                           \
	}
#define H1_SCAN_WIDE(kind)
#endif

#define H1_SCAN(kind)                                                                              \
	static inline size_t h1_scan_bytes_##kind(const char *p, size_t at, size_t end)            \
	{                                                                                          \
		while (at < end && h1_plain_##kind(p[at]))                                         \
			at++;                                                                      \
		return at;                                                                         \
	}                                                                                          \
	H1_SCAN_TAIL(kind)                                                                         \
	static inline size_t h1_scan_##kind(const char *p, size_t at, size_t end)                  \
	{                                                                                          \
		H1_SCAN_WIDE(kind)                                                                 \
		return h1_tail_##kind(p, at, end);                                                 \
	}

/* Each h1_scan_KIND: the index of the first byte of p[at, end) that is not plain, or `end`; at <=
 * end. */
H1_SCAN(name)
H1_SCAN(value)
H1_SCAN(target)
H1_SCAN(host)

/* The first byte from `at` that no value may hold, or `end`. */
static inline size_t h1_value_end(const char *p, size_t at, size_t end)
{
	at = h1_scan_value(p, at, end);
	while (at < end && h1_is_value(p[at]))
		at = h1_scan_value(p, at + 1, end);
	return at;
}

/* The first byte from `at` that no token may hold, or `end`. */
static inline size_t h1_token_end(const char *p, size_t at, size_t end)
{
	at = h1_scan_name(p, at, end);
	while (at < end && h1_is_token(p[at]))
		at = h1_scan_name(p, at + 1, end);
	return at;
}

#endif
