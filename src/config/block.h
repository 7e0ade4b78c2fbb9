/* SPDX-License-Identifier: MIT */
/*
 * keepalived's words as rows, in the spirit of keyword.h: a section file ends with the table of its
 * words, each with the blocks it may stand in; block_read applies them to a block's statements.
 * Values go into the block's target, or to the row's parser. Each mistake is one diagnostic.
 */
#ifndef CONFIG_BLOCK_H
#define CONFIG_BLOCK_H

#include "config/config_vrrp.h"
#include "config/node.h"

#include "base/family.h"

enum vrrp_block {
	BLOCK_TOP,            /* target: none */
	BLOCK_GLOBAL,         /* struct vrrp_globals */
	BLOCK_INSTANCE,       /* struct model_vrrp_instance */
	BLOCK_AUTHENTICATION, /* the instance */
	BLOCK_GROUP,          /* struct model_vrrp_group */
	BLOCK_SCRIPT,         /* struct model_vrrp_script */
	BLOCK_FILE,           /* struct model_vrrp_file */
	BLOCK_PROCESS,        /* struct model_vrrp_process */
	BLOCK_BFD,            /* struct model_vrrp_bfd */
	BLOCK_GARP,           /* struct vrrp_garp_group */
	BLOCKS
};
#define CONFIG_VRRP_MAX_ALERTS 500 /* then the rest is not looked at */
#define IN(block) (1u << (BLOCK_##block))

enum setting_type {
	SETTING_PARSE,   /* `parse` does it */
	SETTING_BLOCK,   /* the same, and braces must follow */
	SETTING_UINT,    /* unsigned int within min … max */
	SETTING_U8,      /* uint8_t */
	SETTING_INT,     /* int */
	SETTING_MS,      /* seconds with a fraction as uint32_t milliseconds; min … max in ms */
	SETTING_US,      /* the same as uint32_t microseconds; min … max in µs */
	SETTING_TEXT,    /* const char *, one word */
	SETTING_ON,      /* bool becomes true; no word */
	SETTING_OFF,     /* bool becomes false */
	SETTING_BOOL,    /* bool: on, off, true, false, yes, no; without a word: on */
	SETTING_IGNORED, /* without effect, warned of; the help says what is there instead */
	SETTING_SILENT,  /* without effect, and nothing is lost */
	SETTING_INSTEAD, /* an error; the help says what to write instead */
};

struct vrrp_globals { /* what global_defs says */
	struct model_vrrp_global global;
	struct model_vrrp_instance each; /* what an instance starts with */
	struct inet multicast4, multicast6;
	const char *default_interface;
};

struct vrrp_garp_group {
	struct vrrp_garp_group *next;
	uint32_t interval_us, gna_interval_us;
	const struct node *interfaces; /* a statement each, or the "interface" line itself */
	const struct node *interface;
};

struct vrrp_reader {
	struct model_vrrp *model;
	struct arena *arena; /* the model's */
	struct diags *diags;
	const struct config_vrrp_world *world;
	enum vrrp_block block;
	void *target;
	const struct setting *row; /* of the statement at hand */
	struct vrrp_globals globals;
	struct vrrp_garp_group *garp_groups;
	unsigned int max_alerts; /* in diags: then nothing more is looked at */
};

struct setting {
	const char *name;
	unsigned int blocks; /* IN(…) bits */
	enum setting_type type;
	size_t offset;
	long min, max;
	void (*parse)(struct vrrp_reader *r, const struct node *n);
	const char *help;
};

struct setting_table {
	const struct setting *rows;
	unsigned int n;
};

FAMILY_DECLARE(setting_table, struct setting_table);

/* Defines and registers a table: SETTINGS(section_bfd, { "min_tx", … }, …). */
#define SETTINGS(id, ...)                                                                          \
	static const struct setting id##_rows[] = {__VA_ARGS__};                                   \
	static const struct setting_table id##_table = {id##_rows, array_size(id##_rows)};         \
	FAMILY_ADD(setting_table, id##_table)

/* The statements in `first` are those of such a block. */
void block_read(struct vrrp_reader *r, const struct node *first, enum vrrp_block block,
		void *target);
/* A statement of the block begins with that word. */
bool block_has(const struct node *block, const char *word);

void block_alert(struct vrrp_reader *r, const struct node *n, const char *fmt, ...)
    printf_like(3, 4);
void block_warn(struct vrrp_reader *r, const struct node *n, const char *fmt, ...)
    printf_like(3, 4);
/* Zeroed memory of the model, or NULL after a diagnostic. */
void *block_alloc(struct vrrp_reader *r, const struct node *n, size_t bytes) must_check;
/* True where word `at` is there; else an alert that shows `what`. */
bool block_need_word(struct vrrp_reader *r, const struct node *n, unsigned int at,
		     const char *what);
/* Warns of words from `at` on: keepalived passes over them. */
void block_expect_end(struct vrrp_reader *r, const struct node *n, unsigned int at);
/* All false after an alert. A number may have a sign and "0x" in front. */
bool block_parse_int(struct vrrp_reader *r, const struct node *n, unsigned int at, long min,
		     long max, long *out);
/* Decimal with a fraction, times `unit`, rounded up; within min … max of the result. */
struct block_range {
	unsigned int unit; /* 1000: seconds to ms; 1000000: to µs; 1: a value in ms as it is */
	uint64_t min, max;
};
bool block_parse_decimal(struct vrrp_reader *r, const struct node *n, unsigned int at,
			 struct block_range range, uint64_t *out);
bool block_parse_bool(struct vrrp_reader *r, const struct node *n, unsigned int at, bool *out);
bool block_parse_inet(struct vrrp_reader *r, const struct node *n, unsigned int at,
		      struct inet *out);
/* The nearest name, for "did you mean": offer each, then take `name` (NULL: none is near). */
struct block_nearest {
	struct span word;
	unsigned int best; /* distance; begin with block_nearest_to */
	const char *name;
};
struct block_nearest block_nearest_to(struct span word);
void block_nearest_offer(struct block_nearest *near, const char *name);

#endif
