/* SPDX-License-Identifier: MIT */
/* The parts of the configuration model that only HTTP proxies have: cookies, forwardfor, captures,
 * replies, statistics. Included by model_parts.h. */
#ifndef CONFIG_MODEL_HTTP_H
#define CONFIG_MODEL_HTTP_H

#include "base/inet.h"

struct condition; /* rule/condition.h */
struct model_proxy;
struct reply;
struct rule_reference;

enum cookie_mode { COOKIE_PASSIVE, COOKIE_REWRITE, COOKIE_INSERT, COOKIE_PREFIX };

struct model_cookie {
	struct span name;
	enum cookie_mode mode;
	bool indirect, nocache, postonly, preserve, httponly, secure;
	uint32_t maxidle_s, maxlife_s;
	struct {
		const char **v;
		unsigned int n;
	} domains, attributes; /* "domain", "attr" */
};

struct model_forwarded { /* option forwardfor / originalto */
	bool on, if_none;
	struct inet_net except; /* address.family INET_NONE: none */
	struct span header;     /* "X-Forwarded-For" / "X-Original-To" by default */
};

struct model_capture {
	struct model_capture *next;
	struct span name; /* p NULL: a slot that rules fill */
	unsigned int max_bytes, index;
};

enum reply_kind {
	REPLY_200,
	REPLY_400,
	REPLY_401,
	REPLY_403,
	REPLY_404,
	REPLY_405,
	REPLY_407,
	REPLY_408,
	REPLY_410,
	REPLY_413,
	REPLY_425,
	REPLY_429,
	REPLY_500,
	REPLY_501,
	REPLY_502,
	REPLY_503,
	REPLY_504,
	REPLY_KINDS
};

struct model_reply {          /* what stands in for a built-in answer */
	struct span raw;      /* errorfile: the whole response, checked; p NULL for errorloc */
	struct span location; /* errorloc */
	unsigned int code;    /* errorloc: 302 or 303 */
	struct reply *reply;  /* http-error; rule/reply.h */
	/* While the files are read, "errorfiles": the section, and what counts where it has no such
	 * status. */
	struct rule_reference *errors;
	struct model_reply *otherwise;
};

struct model_http_errors { /* a section "http-errors" */
	struct model_http_errors *next;
	struct span name;
	struct model_reply *replies[REPLY_KINDS];
};

struct model_user {
	struct model_user *next;
	struct span name_and_password; /* "admin:admin" */
};

struct model_stats {
	bool enabled, hide_version, show_legends, show_node, show_modules;
	const char *node, *description; /* NULL: the global one */
	bool show_description;
	struct span uri, realm; /* "/haproxy?stats", "HAProxy Statistics" by default */
	struct model_user *users;
	uint32_t refresh_s;
	struct model_scope {
		struct model_scope *next;
		struct span name; /* "." : this proxy */
	} * scopes;
	bool admin;                        /* stats admin if … */
	struct condition *admin_condition; /* NULL with admin: always */
	const struct model_proxy *owner;   /* whose lines these are: a proxy with lines of its own
					      inherits none, as with haproxy */
};

/* 200 for REPLY_200 and so on; and back (REPLY_KINDS when there is no such reply). */
unsigned int reply_status(enum reply_kind k);
enum reply_kind reply_of_status(unsigned int status);

#endif
