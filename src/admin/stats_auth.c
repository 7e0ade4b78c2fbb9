/* SPDX-License-Identifier: MIT */
/* Passwords and the origin of posts: see stats_auth.h. */
#include "admin/stats_auth.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/random.h>

#define MAX_CREDENTIALS 512

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648 section 4; the length, or -1. dst has room for 3/4 of the text. */
static long base64_decode(char *dst, struct span s)
{
	unsigned int bits = 0, n_bits = 0;
	long n = 0;

	while (s.len && s.p[s.len - 1] == '=')
		s.len--;
	for (size_t i = 0; i < s.len; i++) {
		int v = base64_value(s.p[i]);

		if (v < 0)
			return -1;
		bits = bits << 6 | (unsigned int)v;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			dst[n++] = (char)(bits >> n_bits & 0xff);
		}
	}
	return s.len % 4 == 1 ? -1 : n;
}

/* Takes as long whatever differs; only the length of `got` shows. */
static bool same(struct span got, struct span wanted)
{
	volatile unsigned char differs = (unsigned char)(got.len != wanted.len);

	for (size_t i = 0; i < got.len; i++)
		differs |= (unsigned char)(got.p[i] ^ (wanted.len ? wanted.p[i % wanted.len] : 1));
	return differs == 0;
}

/* "name:password" of the only Authorization field, in `text`. */
static struct span credentials(const struct message *request, char text[MAX_CREDENTIALS])
{
	unsigned int at = 0;
	const struct header *h = header_next(&request->headers, HEADER_AUTHORIZATION, &at);
	struct span value;
	long n;

	if (!h || header_next(&request->headers, HEADER_AUTHORIZATION, &at))
		return SPAN_NONE;
	if (!span_starts_with_nocase(h->value, SPAN("basic ")))
		return SPAN_NONE;
	value = span_trim(span_slice(h->value, 6, h->value.len));
	if (value.len / 4 * 3 + 3 > MAX_CREDENTIALS)
		return SPAN_NONE;
	n = base64_decode(text, value);
	return n < 0 ? SPAN_NONE : span_make(text, (size_t)n);
}

bool stats_auth_passes(const struct model_user *users, const struct message *request)
{
	char text[MAX_CREDENTIALS];
	struct span got;
	bool passes = false;

	if (!users)
		return true;
	got = credentials(request, text);
	if (!got.p)
		return false;
	for (; users; users = users->next)
		passes |= same(got, users->name_and_password);
	return passes;
}

/* "https://host:port/path" → "host:port". */
static struct span authority_of(struct span url)
{
	size_t at = span_find_span(url, SPAN("://"));
	struct span rest = span_slice(url, at + 3, url.len);

	return at == url.len ? SPAN_NONE : span_split(&rest, '/');
}

/* The value of a field that may come once: 0 none, 1 there, -1 more than once. */
static int only(const struct message *m, enum header_token token, struct span *value)
{
	unsigned int at = 0;
	const struct header *h = header_next(&m->headers, token, &at);

	if (!h)
		return 0;
	*value = h->value;
	return header_next(&m->headers, token, &at) ? -1 : 1;
}

static bool from_here(const struct message *m)
{
	struct span host, site, from;
	int n;

	if (only(m, HEADER_HOST, &host) != 1)
		return false;
	n = only(m, HEADER_SEC_FETCH_SITE, &site);
	if (n < 0 || (n > 0 && !span_equal_nocase(site, SPAN("same-origin"))))
		return false;
	n = only(m, HEADER_ORIGIN, &from);
	if (n == 0)
		n = only(m, HEADER_REFERER, &from);
	if (n == 0) /* no browser leaves both out of a form it posts from another site */
		return true;
	return n > 0 && span_equal_nocase(authority_of(from), host);
}

bool stats_post_is_own(const struct message *request, struct span token)
{
	const char *own = stats_token();

	return own && from_here(request) && same(token, span_make(own, STATS_TOKEN_BYTES));
}

static char token_text[STATS_TOKEN_BYTES + 1];

static void make_token(void)
{
	unsigned char bytes[STATS_TOKEN_BYTES / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(token_text + 2 * i, 3, "%02x", bytes[i]);
}

const char *stats_token(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_token);
	return *token_text ? token_text : NULL;
}
