/* SPDX-License-Identifier: MIT */
/*
 * Users, their passwords and groups ("userlist"), and what a client says of itself in an
 * Authorization field (RFC 7617, RFC 6750). The one place where passwords are checked: http_auth
 * and the statistics page call it.
 */
#ifndef RULE_USERLIST_H
#define RULE_USERLIST_H

#include "rule/compiler.h"

struct user_group {
	struct user_group *next;
	struct span name;
};

struct user {
	struct user *next;
	struct span name, password; /* password p NULL: none, it never passes */
	bool plain;                 /* the password is as typed, else a crypt(3) hash */
	struct user_group *groups;
};

struct userlist {
	struct userlist *next;
	struct span name;
	struct user *users;
};

struct credentials {
	struct span scheme;         /* "Basic" */
	struct span token;          /* what stands behind it */
	struct span whole;          /* Basic: "user:password"; p NULL where it is not that */
	struct span user, password; /* its parts */
};

/* Those of the only Authorization field; false where there is none, or more than one. */
bool credentials_read(const struct message *request, struct scratch *s,
		      struct credentials *out) must_check;
/* Takes as long whatever differs; only the length of `got` shows. */
bool password_same(struct span got, struct span wanted);
/* Whether crypt(3) knows this kind of hash. */
bool password_hash_is_known(struct span hash);

struct userlist *userlist_find(struct userlist *lists, struct span name);
struct user *userlist_find_user(struct userlist *list, struct span name);
/* The user that the client is, by name and password; NULL where it is none. */
const struct user *userlist_check(const struct userlist *list, const struct rule_context *ctx);

#endif
