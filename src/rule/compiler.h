/* SPDX-License-Identifier: MIT */
/*
 * What compiling rules needs and leaves behind, handed to every compile function: memory, the ACLs
 * and variables that exist, names to be resolved later, and the first error, in words that name the
 * cure. config/ fills it in for each proxy.
 */
#ifndef RULE_COMPILER_H
#define RULE_COMPILER_H

#include "rule/regex.h"
#include "rule/variables.h"

struct acl;
struct userlist;

enum rule_needs { /* what an expression looks at; and what is there where a rule stands */
		  NEEDS_HTTP_REQUEST = 1,
		  NEEDS_HTTP_RESPONSE = 2,
		  NEEDS_PAYLOAD = 4,      /* bytes of mode tcp */
		  NEEDS_BACKEND = 8,      /* that has been chosen */
		  NEEDS_SERVER = 16,      /* the connection to it */
		  NEEDS_END = 32,         /* logs only */
		  NEEDS_REQUEST_SEEN = 64 /* what is kept of a request until the end: captures */
};

enum reference_kind {
	REFERENCE_FRONTEND,
	REFERENCE_BACKEND,
	REFERENCE_SERVER,
	REFERENCE_REQUEST_CAPTURE,
	REFERENCE_RESPONSE_CAPTURE,
	REFERENCE_USERLIST,    /* proxy_name: its name, proxy: struct userlist */
	REFERENCE_HTTP_ERRORS, /* proxy_name: its name, slot: the status, proxy: what config/ has */
};

/* A proxy or server that is named in an expression; whoever knows them all fills in `proxy` and
 * `server` before the rules run. */
struct rule_reference {
	struct rule_reference *next;
	enum reference_kind kind;
	struct span proxy_name, server_name; /* proxy_name p NULL: the one the rule stands in */
	const void *owner;                   /* rule_compiler.owner */
	const void *proxy, *server;
	unsigned int slot; /* of a capture; a status, 0: any */
	const char *file;
	int line;
};

/* What all proxies of a configuration share. */
struct rule_program {
	struct regex_list regexes;
	struct variable_names variables;
	struct rule_reference *references;
	struct userlist *userlists;
};

struct rule_files { /* answers of the caller; each may be NULL */
	void *user;
	/* The whole file into the arena; false with *error. */
	bool (*read)(void *user, const char *path, struct arena *a, struct span *out,
		     const char **error);
	/* An HTTP response from a file, checked. */
	bool (*read_response)(void *user, const char *path, struct arena *a, struct span *out,
			      const char **error);
};

struct rule_compiler {
	struct arena *arena;
	struct rule_program *program;
	struct rule_files files;
	struct acl *acls; /* named ones of the proxy */
	void *owner;      /* the proxy, for who made the compiler */
	const char *file;
	int line;
	unsigned int provided; /* enum rule_needs: what is there where the rule stands */
	const char *where;     /* "http-request rule", for messages */
	/* A new slot of captures of the request; false after compiler_fail. NULL: not here. */
	bool (*new_capture)(struct rule_compiler *k, unsigned int max_bytes, unsigned int *slot);
	const char *error;   /* the first one; NULL: none */
	const char *warning; /* the last one */
};

/* Notes the first error; false for the caller to return. */
bool compiler_fail(struct rule_compiler *k, const char *fmt, ...) printf_like(2, 3);
/* Zeroed memory, or NULL after compiler_fail. */
void *compiler_alloc(struct rule_compiler *k, size_t n) must_check;
/* "; did you mean 'x' maybe ?", or "": offer each name, then take the text. */
struct compiler_nearest {
	struct span word;
	unsigned int best;
	const char *name;
};
struct compiler_nearest compiler_nearest_to(struct span word);
void compiler_offer(struct compiler_nearest *near, const char *name);
const char *compiler_did_you_mean(struct rule_compiler *k, const struct compiler_nearest *near);
/* "HTTP response headers" for the first bit that is needed and not there; NULL: all is there. */
const char *compiler_missing(const struct rule_compiler *k, unsigned int needs);

#endif
