/* SPDX-License-Identifier: MIT */
/*
 * Numbers as people write them in configuration files, and fast decimal printing. Called by the
 * config readers, log lines and the exports. Pure functions.
 */
#include "base/format.h"

#define TIME_MAX 2147483647u /* in units of the result */
#define WORD_MAX 63          /* longer words are not compared letter by letter */

/* Leading digits of *s, which is moved behind them. Saturates at UINT64_MAX. False where there is
 * no digit. */
static bool take_digits(struct span *s, uint64_t *value)
{
	uint64_t v = 0;
	size_t n = 0;

	for (; n < s->len && s->p[n] >= '0' && s->p[n] <= '9'; n++) {
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s->p[n] - '0'), &v))
			v = UINT64_MAX;
	}
	if (n == 0)
		return false;
	*s = (struct span){s->p + n, s->len - n};
	*value = v;
	return true;
}

/* Microseconds in the unit that `suffix` names, or 0. */
static uint64_t unit_us(struct span suffix, enum format_unit bare)
{
	static const struct {
		struct span name;
		uint64_t us;
	} units[] = {
	    {{"us", 2}, 1},
	    {{"ms", 2}, 1000},
	    {{"s", 1}, 1000000},
	    {{"m", 1}, UINT64_C(60) * 1000000},
	    {{"h", 1}, UINT64_C(3600) * 1000000},
	    {{"d", 1}, UINT64_C(86400) * 1000000},
	};

	if (suffix.len == 0)
		return bare == FORMAT_US ? 1 : bare == FORMAT_MS ? 1000 : 1000000;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (span_equal(suffix, units[i].name))
			return units[i].us;
	}
	return 0;
}

enum format_result format_parse_time(struct span s, enum format_unit unit, uint32_t *out)
{
	uint64_t step = unit == FORMAT_US ? 1 : 1000;
	uint64_t value, us;

	if (!take_digits(&s, &value))
		return FORMAT_BAD;
	us = unit_us(s, unit);
	if (us == 0)
		return FORMAT_BAD;
	if (__builtin_mul_overflow(value, us, &value))
		return FORMAT_OVERFLOW;
	value = value / step + (value % step != 0);
	if (value > TIME_MAX)
		return FORMAT_OVERFLOW;
	*out = (uint32_t)value;
	return FORMAT_OK;
}

enum format_result format_parse_size(struct span s, uint64_t *out)
{
	unsigned int shift = 0;
	uint64_t value;

	if (!take_digits(&s, &value))
		return FORMAT_BAD;
	if (s.len > 1)
		return FORMAT_BAD;
	if (s.len == 1) {
		switch (s.p[0] | 0x20) {
		case 'k':
			shift = 10;
			break;
		case 'm':
			shift = 20;
			break;
		case 'g':
			shift = 30;
			break;
		default:
			return FORMAT_BAD;
		}
	}
	if (value == UINT64_MAX || value > UINT64_MAX >> shift)
		return FORMAT_OVERFLOW;
	*out = value << shift;
	return FORMAT_OK;
}

size_t format_u64(char *dst, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	if (v < 10) {
		*dst = (char)('0' + v);
		return 1;
	}
	if (v < 1000) {
		unsigned int small = (unsigned int)v, n = small >= 100;

		if (n)
			dst[0] = (char)('0' + small / 100);
		dst[n] = (char)('0' + small / 10 % 10);
		dst[n + 1] = (char)('0' + small % 10);
		return n + 2;
	}
	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	memcpy(dst, digits + at, sizeof(digits) - at);
	return sizeof(digits) - at;
}

size_t format_i64(char *dst, int64_t v)
{
	if (v >= 0)
		return format_u64(dst, (uint64_t)v);
	*dst = '-';
	return 1 + format_u64(dst + 1, -(uint64_t)v);
}

static unsigned int min2(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* One row at a time of the table of distances between prefixes; the row before the last is needed
 * for swapped letters. */
unsigned int format_word_distance(struct span a, struct span b)
{
	unsigned int rows[3][WORD_MAX + 1];
	unsigned int *older = rows[0], *old = rows[1], *row = rows[2];

	if (span_equal(a, b))
		return 0;
	if (a.len > WORD_MAX || b.len > WORD_MAX)
		return (unsigned int)(a.len > b.len ? a.len : b.len);
	for (unsigned int j = 0; j <= b.len; j++)
		row[j] = j;
	for (unsigned int i = 1; i <= a.len; i++) {
		unsigned int *spare = older;

		older = old;
		old = row;
		row = spare;
		row[0] = i;
		for (unsigned int j = 1; j <= b.len; j++) {
			row[j] = min2(old[j - 1] + (a.p[i - 1] != b.p[j - 1]),
				      min2(old[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
				row[j] = min2(row[j], older[j - 2] + 1);
		}
	}
	return row[b.len];
}

int format_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
