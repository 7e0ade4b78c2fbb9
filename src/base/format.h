/* SPDX-License-Identifier: MIT */
/*
 * Numbers in configuration files: times and sizes with haproxy's unit suffixes, and fast printing
 * of numbers for log lines.
 */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include "base/span.h"

enum format_unit { FORMAT_US, FORMAT_MS, FORMAT_S }; /* the unit of a bare number */

enum format_result { FORMAT_OK, FORMAT_BAD, FORMAT_OVERFLOW, FORMAT_UNDERFLOW };

/* A time: digits with an optional suffix us ms s m h d. The result is in milliseconds for FORMAT_MS
 * and FORMAT_S, in microseconds for FORMAT_US. A fraction of a unit of the result is rounded up, so
 * that FORMAT_UNDERFLOW never comes (haproxy 2.6 takes "1us" for 1 ms as well); FORMAT_OVERFLOW
 * past 2^31-1 units of the result. Suffixes are lower case; no digit, a sign or anything behind the
 * suffix is FORMAT_BAD (haproxy 2.6 only warns of "5sx" that it will be an error). *out is
 * untouched on failure. */
enum format_result format_parse_time(struct span s, enum format_unit unit, uint32_t *out);
/* A size: digits with an optional suffix k m g of either case (powers of 1024); FORMAT_OVERFLOW
 * past 64 bits. */
enum format_result format_parse_size(struct span s, uint64_t *out);

/* Writes decimal digits at `dst` (room for 20) and returns the number written; no NUL. */
size_t format_u64(char *dst, uint64_t v);
size_t format_i64(char *dst, int64_t v);
/* How far two words are apart, for "did you mean": 0 for equal words; a letter that differs, is
 * missing or has changed places with its neighbour costs 1. Words longer than 63 bytes count as
 * wholly different. */
unsigned int format_word_distance(struct span a, struct span b);

/* 0 to 15, or -1 where c is no hexadecimal digit. */
int format_hex_digit(char c);

#endif
