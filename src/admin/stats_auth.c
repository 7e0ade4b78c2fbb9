/* SPDX-License-Identifier: MIT */
/* Passwords and the origin of posts: see stats_auth.h. */
#include "admin/stats_auth.h"

#include "rule/userlist.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/random.h>

#define MAX_CREDENTIALS 512

bool stats_auth_passes(const struct model_user *users, const struct message *request)
{
	char text[MAX_CREDENTIALS];
	struct scratch scratch = {.p = text, .cap = sizeof(text)};
	struct credentials got;
	bool passes = false;

	if (!users)
		return true;
	if (!credentials_read(request, &scratch, &got) || !got.whole.p)
		return false;
	for (; users; users = users->next)
		passes |= password_same(got.whole, users->name_and_password);
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

	return own && from_here(request) && password_same(token, span_make(own, STATS_TOKEN_BYTES));
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
