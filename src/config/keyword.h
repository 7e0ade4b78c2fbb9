/* SPDX-License-Identifier: MIT */
/*
 * Keywords as rows (DESIGN 7): a section file ends with its table; scalar settings need no
 * function. keyword_apply finds the row for a line, checks where it stands, and stores the value or
 * calls its parser.
 */
#ifndef CONFIG_KEYWORD_H
#define CONFIG_KEYWORD_H

#include "config/config.h"
#include "config/node.h"

#include "base/family.h"

enum { /* where a keyword may stand */
       IN_GLOBAL = 1,
       IN_DEFAULTS = 2,
       IN_FRONTEND = 4,
       IN_LISTEN = 8,
       IN_BACKEND = 16,
       IN_FRONT = IN_DEFAULTS | IN_FRONTEND | IN_LISTEN,
       IN_BACK = IN_DEFAULTS | IN_LISTEN | IN_BACKEND,
       IN_PROXY = IN_FRONT | IN_BACK,
       IN_USERLIST = 256,
       IN_HTTP_ERRORS = 512,
       /* Bits that stand with them in a row: */
       TAKES_NO = 64,      /* "no" and "default" may stand in front: parse looks at r->negated,
			      r->resetting */
       STRICT_PLACE = 128, /* in a frontend or backend where it has no effect it is an error, not a
			      warning */
};

enum keyword_type {
	KEYWORD_PARSE,    /* `parse` does it */
	KEYWORD_UINT,     /* unsigned int within min … max */
	KEYWORD_TIME,     /* uint32_t milliseconds */
	KEYWORD_TEXT,     /* const char *, one word */
	KEYWORD_FLAG,     /* bool, no argument */
	KEYWORD_OPTION,   /* a bit (`max` holds it) of unsigned int; takes "no" */
	KEYWORD_IGNORED,  /* accepted without effect: the help says why that is right */
	KEYWORD_LATER,    /* known, an error that says that halb does not do it yet */
	KEYWORD_OBSOLETE, /* an error that says what to write instead (help) */
};

struct config_reader {
	struct model *model;
	struct arena *arena; /* the model's */
	struct diags *diags;
	const struct config_world *world;
	unsigned int where;                            /* IN_* bit of the section at hand */
	struct model_proxy *proxy;                     /* the section's; NULL in global */
	struct model_proxy *first_defaults, *defaults; /* all named and unnamed ones; the one in
							  force */
	struct userlist *userlist;                     /* the section's */
	struct model_http_errors *http_errors;         /* the section's */
	bool negated;                                  /* "no" stood in front */
	bool resetting;                                /* "default" stood in front */
};

struct keyword {
	const char *name; /* one or two words: "maxconn", "timeout client", "option httplog" */
	unsigned int where;
	enum keyword_type type;
	size_t offset; /* into model_global or model_proxy */
	unsigned int min, max;
	/* The words after the name are node_word(line, at…). Adds its own diagnostics. */
	void (*parse)(struct config_reader *r, const struct node *line, unsigned int at);
	const char *help;
};

struct keyword_table {
	const struct keyword *rows;
	unsigned int n;
};

FAMILY_DECLARE(keyword_table, struct keyword_table);

/* Defines and registers a table: KEYWORDS(section_log, { "log", … }, …). */
#define KEYWORDS(id, ...)                                                                          \
	static const struct keyword id##_rows[] = {__VA_ARGS__};                                   \
	static const struct keyword_table id##_table = {id##_rows, array_size(id##_rows)};         \
	FAMILY_ADD(keyword_table, id##_table)

void keyword_apply(struct config_reader *r, const struct node *line);

/* For the words of a bind, server or default-server line: the same idea with the owner as target.
 * Returns the index behind the words it took, or 0 after a diagnostic. */
struct argument {
	const char *name;
	enum keyword_type type;
	size_t offset;
	unsigned int min, max;
	unsigned int (*parse)(struct config_reader *r, const struct node *line, unsigned int at,
			      void *target);
	const char *help;
};
struct argument_table { /* the manual page lists them: ARGUMENTS_OF("bind", bind_arguments) */
	const char *of; /* the keyword they stand behind */
	const struct argument *rows;
	unsigned int n;
};
FAMILY_DECLARE(argument_table, struct argument_table);
#define ARGUMENTS_OF(keyword, table)                                                               \
	static const struct argument_table table##_listed = {keyword, table, array_size(table)};   \
	FAMILY_ADD(argument_table, table##_listed)
unsigned int argument_apply(struct config_reader *r, const struct node *line, unsigned int at,
			    const struct argument *table, unsigned int n, void *target,
			    const char *what);

/* An alert or warning at this line. */
void config_alert(struct config_reader *r, const struct node *line, const char *fmt, ...)
    printf_like(3, 4);
void config_warn(struct config_reader *r, const struct node *line, const char *fmt, ...)
    printf_like(3, 4);
/* The nearest of the words a table holds, or NULL: "did you mean". */
const char *keyword_nearest(struct span word, unsigned int where);

/* Parses that several section files need; all false after a diagnostic. */
bool config_parse_uint(struct config_reader *r, const struct node *line, unsigned int at,
		       unsigned int min, unsigned int max, unsigned int *out);
bool config_parse_time(struct config_reader *r, const struct node *line, unsigned int at,
		       uint32_t *out_ms);
/* At most n words may stand behind the keyword. */
bool config_expect_end(struct config_reader *r, const struct node *line, unsigned int at);
/* One address word (`port_range`: gives first and last port). `allow`: which forms are right here.
 */
enum {
	ADDRESS_ALLOW_NO_PORT = 1,
	ADDRESS_ALLOW_RANGE = 2,
	ADDRESS_ALLOW_OFFSET = 4,
	ADDRESS_ALLOW_NAME = 8
};
struct address_ports {
	unsigned int first, last;
	bool given, offset; /* offset: a sign stood in front */
	int sign;
};
bool config_parse_address(struct config_reader *r, const struct node *line, struct span word,
			  unsigned int allow, struct address *out, struct address_ports *ports);

#endif
