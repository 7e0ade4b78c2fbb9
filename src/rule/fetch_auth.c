/* SPDX-License-Identifier: MIT */
/* Fetches of who the client says it is, and whether that is true. */
#include "rule/expr.h"
#include "rule/userlist.h"

static bool fetch_auth(const struct fetch_call *c)
{
	const struct userlist *list = c->args[0].reference->proxy;

	*c->out = value_of_bool(list && userlist_check(list, c->ctx));
	return true;
}

FETCH(http_auth, "http_auth", ARGUMENTS(1, ARGUMENT_USERLIST), VALUE_BOOL, NEEDS_HTTP_REQUEST, 0, 0,
      fetch_auth, NULL, "(USERLIST): user and password are in the list");

/* In a condition its values are the user's groups, elsewhere it is the user's name. */
static bool fetch_group(const struct fetch_call *c)
{
	const struct userlist *list = c->args[0].reference->proxy;
	const struct user *u = list ? userlist_check(list, c->ctx) : NULL;
	const struct user_group *g = u ? u->groups : NULL;

	if (!u)
		return false;
	if (!c->walk) {
		*c->out = value_of_text(u->name);
		return true;
	}
	for (unsigned int i = 0; g && i < c->walk->at; i++)
		g = g->next;
	if (!g)
		return false;
	*c->out = value_of_text(g->name);
	c->walk->at++;
	c->walk->more = g->next != NULL;
	return true;
}

FETCH(http_auth_group, "http_auth_group", ARGUMENTS(1, ARGUMENT_USERLIST), VALUE_STR,
      NEEDS_HTTP_REQUEST, 0, 0, fetch_group, NULL,
      "(USERLIST): the user, if the password is right; in a condition: the user's groups");

enum part { PART_TYPE, PART_USER, PART_PASSWORD };

static bool fetch_part(const struct fetch_call *c)
{
	struct credentials found;
	struct span s;

	if (!c->ctx->request || !credentials_read(c->ctx->request, c->ctx->scratch, &found))
		return false;
	s = c->fetch->variant == PART_TYPE   ? found.scheme
	    : c->fetch->variant == PART_USER ? found.user
					     : found.password;
	*c->out = value_of_text(s);
	return s.p != NULL;
}

FETCH(http_auth_type, "http_auth_type", NO_ARGUMENTS, VALUE_STR, NEEDS_HTTP_REQUEST, 0, PART_TYPE,
      fetch_part, NULL, "scheme of the Authorization field: \"Basic\"");
FETCH(http_auth_user, "http_auth_user", NO_ARGUMENTS, VALUE_STR, NEEDS_HTTP_REQUEST, 0, PART_USER,
      fetch_part, NULL, "user that the client gives");
FETCH(http_auth_pass, "http_auth_pass", NO_ARGUMENTS, VALUE_STR, NEEDS_HTTP_REQUEST, 0,
      PART_PASSWORD, fetch_part, NULL, "password that the client gives");

/* The token of Authorization, or of the field that is named. */
static bool fetch_bearer(const struct fetch_call *c)
{
	const struct message *m = c->ctx->request;
	unsigned int at = 0;
	const struct header *h;
	struct span rest;

	if (!m)
		return false;
	h = header_next_named(&m->headers,
			      c->args[0].type ? c->args[0].text : SPAN("authorization"), &at);
	if (!h)
		return false;
	rest = span_trim(h->value);
	if (!span_equal_nocase(span_split(&rest, ' '), SPAN("bearer")) || !rest.p)
		return false;
	*c->out = value_of_text(span_trim(rest));
	return true;
}

FETCH(http_auth_bearer, "http_auth_bearer", ARGUMENTS(0, ARGUMENT_STR), VALUE_STR,
      NEEDS_HTTP_REQUEST, 0, 0, fetch_bearer, NULL,
      "[(FIELD)]: the token behind \"Bearer\" in Authorization");
