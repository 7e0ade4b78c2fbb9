/* SPDX-License-Identifier: MIT */
/* Credentials and passwords: see userlist.h. Called by fetch_auth.c, admin/ and config/. */
#include "rule/userlist.h"

#include "rule/base64.h"
#include "rule/context.h"

#include <crypt.h>

#define MAX_PASSWORD 512

bool password_same(struct span got, struct span wanted)
{
	volatile unsigned char differs = (unsigned char)(got.len != wanted.len);

	for (size_t i = 0; i < got.len; i++) {
		char c = wanted.len ? wanted.p[i % wanted.len] : (char)~got.p[i];

		differs = (unsigned char)(differs | (got.p[i] ^ c));
	}
	return differs == 0;
}

/* The hash of a password after the example of another hash; false where crypt(3) does not know its
 * kind. */
static bool hash(const char *password, struct span like, struct crypt_data *d, struct span *out)
{
	char setting[MAX_PASSWORD];
	const char *text;

	if (like.len >= sizeof(setting))
		return false;
	memcpy(setting, like.p, like.len);
	setting[like.len] = '\0';
	memset(d, 0, sizeof(*d));
	text = crypt_r(password, setting, d);
	if (!text || text[0] == '*')
		return false;
	*out = span_of(text);
	return true;
}

bool password_hash_is_known(struct span like)
{
	struct crypt_data d;
	struct span out;

	return hash("", like, &d, &out);
}

static bool password_passes(const struct user *u, struct span password)
{
	char text[MAX_PASSWORD];
	struct crypt_data d;
	struct span out;

	if (!u->password.p || password.len >= sizeof(text))
		return false;
	if (u->plain)
		return password_same(password, u->password);
	if (memchr(password.p, '\0', password.len))
		return false;
	memcpy(text, password.p, password.len);
	text[password.len] = '\0';
	return hash(text, u->password, &d, &out) && password_same(out, u->password);
}

bool credentials_read(const struct message *request, struct scratch *s, struct credentials *out)
{
	unsigned int at = 0;
	const struct header *h = header_next(&request->headers, HEADER_AUTHORIZATION, &at);
	struct credentials c = {0};
	struct span rest;

	if (!h || header_next(&request->headers, HEADER_AUTHORIZATION, &at))
		return false;
	rest = span_trim(h->value);
	c.scheme = span_split(&rest, ' ');
	if (!rest.p)
		return false;
	c.token = span_trim(rest);
	if (span_equal_nocase(c.scheme, SPAN("basic"))) {
		size_t colon;

		if (!base64_decode(s, c.token, false, &c.whole))
			return false;
		colon = span_find(c.whole, ':');
		if (colon < c.whole.len) {
			c.user = span_slice(c.whole, 0, colon);
			c.password = span_slice(c.whole, colon + 1, c.whole.len);
		}
	}
	*out = c;
	return true;
}

struct userlist *userlist_find(struct userlist *lists, struct span name)
{
	while (lists && !span_equal(lists->name, name))
		lists = lists->next;
	return lists;
}

struct user *userlist_find_user(struct userlist *list, struct span name)
{
	struct user *u = list->users;

	while (u && !span_equal(u->name, name))
		u = u->next;
	return u;
}

const struct user *userlist_check(const struct userlist *list, const struct rule_context *ctx)
{
	struct credentials c;

	if (!ctx->request || !credentials_read(ctx->request, ctx->scratch, &c) || !c.user.p)
		return NULL;
	for (const struct user *u = list->users; u; u = u->next) {
		if (span_equal(u->name, c.user))
			return password_passes(u, c.password) ? u : NULL;
	}
	return NULL;
}
