/* SPDX-License-Identifier: MIT */
/* What dump.c and dump_parts.c share: rows that say how a member of a model's struct is printed. */
#ifndef CONFIG_DUMP_PRIV_H
#define CONFIG_DUMP_PRIV_H

#include "config/config.h"

enum dump_type {
	DUMP_UINT,
	DUMP_U16,
	DUMP_INT,
	DUMP_LONG,
	DUMP_TEXT, /* const char * */
	DUMP_FLAG, /* bool */
	DUMP_SPAN,
	DUMP_ENUM,  /* of `names` */
	DUMP_OCTAL, /* int */
	DUMP_BITS,  /* unsigned int; `names`: of bit 0 and so on */
	DUMP_INET,
	DUMP_NET,
	DUMP_ADDRESS,
	DUMP_PROXY, /* struct model_proxy *: its name */
};

struct dump_row {
	const char *name;
	enum dump_type type;
	size_t offset;
	const char *const *names;
	unsigned int n_names;
};

/* A line "PREFIX NAME VALUE" for each row whose member differs from that of `plain`, the struct
 * with all defaults. */
struct dump_place {
	struct buffer *out;
	const char *prefix; /* "backend web server a" */
};
void dump_rows(const struct dump_place *at, const struct dump_row *rows, unsigned int n,
	       const void *object, const void *plain);
/* A word, in quotes where it holds blanks or other things that would not read back as one word. */
void dump_word(struct buffer *out, struct span word);
void dump_address(struct buffer *out, const struct address *a);
/* The lists that hang on a proxy and on global. `prefix`: "backend web". */
void dump_logs(const struct dump_place *at, const struct model_log *logs);
void dump_binds(const struct dump_place *at, const struct model_bind *binds, const char *keyword);
void dump_parts(const struct dump_place *at, const struct model_proxy *p);
void dump_servers(const struct dump_place *at, const struct model_proxy *p);

#endif
