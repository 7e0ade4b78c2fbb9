/* SPDX-License-Identifier: MIT */
/*
 * Rules: an action with a condition, in ordered lists that are run until one is final. Actions are
 * a family: a new one is a struct in an action_*.c file. What a final action wants to be sent is in
 * the context's answer; proxy/ sends it.
 */
#ifndef RULE_ACTION_H
#define RULE_ACTION_H

#include "rule/condition.h"

#include "base/family.h"

enum rule_set {
	RULES_TCP_CONNECTION,
	RULES_TCP_SESSION,
	RULES_TCP_CONTENT,
	RULES_TCP_RESPONSE,
	RULES_HTTP_REQUEST,
	RULES_HTTP_RESPONSE,
	RULES_HTTP_AFTER,
	RULES_REDIRECT, /* the keyword "redirect" */
	RULE_SETS
};

#define IN_SET(set) (1u << (RULES_##set))
#define IN_HTTP (IN_SET(HTTP_REQUEST) | IN_SET(HTTP_RESPONSE) | IN_SET(HTTP_AFTER))
#define IN_TCP                                                                                     \
	(IN_SET(TCP_CONNECTION) | IN_SET(TCP_SESSION) | IN_SET(TCP_CONTENT) | IN_SET(TCP_RESPONSE))

enum rule_verdict {
	RULE_NEXT,   /* go on with the next rule */
	RULE_ALLOW,  /* no more rules of this list */
	RULE_DENY,   /* the answer says why not */
	RULE_ANSWER, /* the answer instead of the server's */
	RULE_TARPIT, /* the same as RULE_DENY, later */
	RULE_REJECT, /* the connection is closed */
	RULE_SILENT, /* ... without the client being told */
	RULE_FAILED, /* out of memory, or not possible: an internal error */
	RULE_WAIT,   /* tcp: more bytes must come first */
};

struct rule_answer {
	unsigned int status;
	bool plain; /* what the proxy says to this status: errorfiles, built-in words */
	const struct rule_reference *errors; /* with `plain`: a section that may say it */
	struct span raw;                     /* a whole response; p NULL: none */
	struct span headers;                 /* lines with CRLF; with `plain` too */
	struct span body;
};

struct action_parse {
	struct rule_compiler *k;
	const struct span *words; /* up to "if", "unless" or the end */
	unsigned int n, at;       /* at: behind the action's name */
	struct span parameter;    /* what the name has in parentheses: "set-var(txn.a)" */
	enum rule_set set;
	const struct action *action;
};

struct rule {
	struct rule *next;
	const struct action *action;
	void *data; /* what the action's parse made */
	struct condition *condition;
	const struct span *words; /* as written, for dumps */
	unsigned int n_words;
	const char *file;
	int line;
};

enum {                                /* action.traits */
       ACTION_PARAMETER = 1,          /* has a parameter in parentheses */
       ACTION_FINAL = 2,              /* no rule behind it is reached */
       ACTION_CHANGES_START_LINE = 4, /* of the request */
       ACTION_REWRITES = 8,           /* where it fails, "strict-mode off" goes on */
};

struct action {
	const char *name;
	unsigned int sets; /* IN_SET bits */
	unsigned int traits;
	/* Makes the rule's data; moves p->at behind what it took. False after compiler_fail. NULL:
	 * there is nothing to parse. */
	bool (*parse)(struct action_parse *p, void **data);
	enum rule_verdict (*run)(struct rule_context *ctx, const void *data);
	const char *help;
};

FAMILY_DECLARE(action, struct action);

#define ACTION(id, ...)                                                                            \
	static const struct action row_##id = {__VA_ARGS__};                                       \
	FAMILY_ADD(action, row_##id)

struct rule_list {
	struct rule *first, *last;
	unsigned int traits; /* of all its actions */
};

/* "http-request" and its like. */
const char *rule_set_name(enum rule_set set);
/* What is there where such a rule stands (enum rule_needs). */
unsigned int rule_set_provides(enum rule_set set);
/* "set-header X y if { … }": NULL after compiler_fail. The words must last. */
struct rule *rule_compile(struct rule_compiler *k, enum rule_set set, const struct span *words,
			  unsigned int n) must_check;
void rule_append(struct rule_list *list, struct rule *r);
/* A copy of each rule, so that one list may grow and the other not. False when out of memory. */
bool rule_list_copy(struct rule_list *to, const struct rule_list *from, struct arena *a) must_check;
/* The first verdict that is not RULE_NEXT; *by (may be NULL) is the rule it came from. */
enum rule_verdict rules_run(const struct rule_list *list, struct rule_context *ctx,
			    const struct rule **by);

/* For parse functions. */
static inline struct span action_word(const struct action_parse *p, unsigned int at)
{
	return at < p->n ? p->words[at] : SPAN("");
}
/* True where `n` words are left; else compiler_fail with `usage`. */
bool action_expect(struct action_parse *p, unsigned int n, const char *usage) must_check;

#endif
