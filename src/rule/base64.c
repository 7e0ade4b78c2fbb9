/* SPDX-License-Identifier: MIT */
/* Base64 both ways. Strict: no blanks, no bytes outside the alphabet, right padding. */
#include "rule/base64.h"

static const char alphabets[2][65] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

bool base64_encode(struct scratch *s, struct span in, bool url, struct span *out)
{
	char *p = scratch_take(s, (in.len + 2) / 3 * 4);
	size_t n = 0;

	if (!p)
		return false;
	for (size_t i = 0; i < in.len; i += 3) {
		size_t left = in.len - i;
		uint32_t bits = (uint32_t)(unsigned char)in.p[i] << 16;

		if (left > 1)
			bits |= (uint32_t)(unsigned char)in.p[i + 1] << 8;
		if (left > 2)
			bits |= (unsigned char)in.p[i + 2];
		for (unsigned int j = 0; j < 4; j++) {
			if (j <= left)
				p[n++] = alphabets[url][bits >> (18 - 6 * j) & 63];
			else if (!url)
				p[n++] = '=';
		}
	}
	*out = span_make(p, n);
	return true;
}

static int digit_of(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	return c == (url ? '_' : '/') ? 63 : -1;
}

/* The text without its padding; false where that is wrong. */
static bool strip_padding(struct span *in, bool url)
{
	size_t padding = 0;

	while (in->len && in->p[in->len - 1] == '=' && padding < 2) {
		in->len--;
		padding++;
	}
	if (in->len % 4 == 1)
		return false;
	return (in->len + padding) % 4 == 0 || (url && padding == 0);
}

bool base64_decode(struct scratch *s, struct span in, bool url, struct span *out)
{
	char *p = scratch_take(s, in.len / 4 * 3 + 3);
	uint32_t bits = 0;
	size_t n = 0;

	if (!p || !strip_padding(&in, url))
		return false;
	for (size_t i = 0; i < in.len; i++) {
		int digit = digit_of(in.p[i], url);

		if (digit < 0)
			return false;
		bits = bits << 6 | (unsigned int)digit;
		if (i % 4)
			p[n++] = (char)(bits >> (6 - i % 4 * 2));
	}
	*out = span_make(p, n);
	return true;
}
