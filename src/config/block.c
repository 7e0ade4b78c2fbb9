/* SPDX-License-Identifier: MIT */
/*
 * From a statement of keepalived.conf to the row of its word: block_read finds it among the tables
 * of all section files, stores the value or calls the row's parser. What is wrong is said with its
 * cure: the block a word belongs to, or the nearest word.
 */
#include "config/block.h"

#include "base/format.h"

#include <stdlib.h>

#define SETTING_EACH(table, row)                                                                   \
	FAMILY_EACH(setting_table, table)                                                          \
		for (const struct setting *row = (*table)->rows;                                   \
		     row < (*table)->rows + (*table)->n; row++)

static const char *const block_names[BLOCKS] = {
    [BLOCK_TOP] = "the top level",      [BLOCK_GLOBAL] = "global_defs",
    [BLOCK_INSTANCE] = "vrrp_instance", [BLOCK_AUTHENTICATION] = "authentication",
    [BLOCK_GROUP] = "vrrp_sync_group",  [BLOCK_SCRIPT] = "vrrp_script",
    [BLOCK_FILE] = "track_file",        [BLOCK_PROCESS] = "vrrp_track_process",
    [BLOCK_BFD] = "bfd_instance",       [BLOCK_GARP] = "garp_group",
};

void block_alert(struct vrrp_reader *r, const struct node *n, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	diag_vadd(r->diags, DIAG_ALERT, n->file, n->line, fmt, args);
	va_end(args);
}

void block_warn(struct vrrp_reader *r, const struct node *n, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	diag_vadd(r->diags, DIAG_WARNING, n->file, n->line, fmt, args);
	va_end(args);
}

void *block_alloc(struct vrrp_reader *r, const struct node *n, size_t bytes)
{
	void *p = arena_alloc(r->arena, bytes);

	if (!p)
		block_alert(r, n, "out of memory");
	return p;
}

static const struct setting *find_setting(struct span word, enum vrrp_block block)
{
	SETTING_EACH(table, row)
	{
		if (row->blocks >> block & 1 && span_equal(span_of(row->name), word))
			return row;
	}
	return NULL;
}

bool block_has(const struct node *block, const char *word)
{
	for (const struct node *n = block->children; n; n = n->next) {
		if (node_word_is(n, 0, word))
			return true;
	}
	return false;
}

struct block_nearest block_nearest_to(struct span word)
{
	unsigned int best = word.len < 4 ? 1 : (unsigned int)(word.len / 3);

	return (struct block_nearest){word, (best > 4 ? 4 : best) + 1, NULL};
}

void block_nearest_offer(struct block_nearest *near, const char *name)
{
	struct span candidate = span_of(name);
	unsigned int distance;

	if (candidate.len >= near->word.len + near->best ||
	    near->word.len >= candidate.len + near->best)
		return;
	distance = format_word_distance(near->word, candidate);
	if (distance < near->best) {
		near->best = distance;
		near->name = name;
	}
}

/* The block a word belongs to, or BLOCKS. */
static enum vrrp_block home_of(struct span word)
{
	for (unsigned int b = 0; b < BLOCKS; b++) {
		if (find_setting(word, b))
			return b;
	}
	return BLOCKS;
}

static void alert_unknown(struct vrrp_reader *r, const struct node *n)
{
	struct block_nearest near = block_nearest_to(n->words[0]);
	enum vrrp_block home = home_of(n->words[0]);

	if (home != BLOCKS) {
		block_alert(r, n, "'%s' belongs to %s, not to %s", n->words[0].p, block_names[home],
			    block_names[r->block]);
		return;
	}
	SETTING_EACH(table, row)
	{
		if (row->blocks >> r->block & 1)
			block_nearest_offer(&near, row->name);
	}
	block_alert(r, n, "unknown keyword '%s' in %s%s%s%s", n->words[0].p, block_names[r->block],
		    near.name ? "; did you mean '" : ".", near.name ? near.name : "",
		    near.name ? "' maybe ?" : "");
}

bool block_need_word(struct vrrp_reader *r, const struct node *n, unsigned int at, const char *what)
{
	if (node_word(n, at).len)
		return true;
	block_alert(r, n, "'%s' expects %s", n->words[0].p, what);
	return false;
}

void block_expect_end(struct vrrp_reader *r, const struct node *n, unsigned int at)
{
	if (at < n->n_words)
		block_warn(r, n,
			   "'%s' : the word '%s' and what follows on the line have no effect. "
			   "Write a keyword on a line of its own.",
			   n->words[0].p, n->words[at].p);
}

/* A sign, "0x", digits: what number words are made of. */
static bool to_long(struct span s, long *out)
{
	bool negative = s.len && s.p[0] == '-';
	uint64_t value = 0;

	if (s.len && (s.p[0] == '-' || s.p[0] == '+'))
		s = span_slice(s, 1, s.len);
	if (span_starts_with_nocase(s, SPAN("0x"))) {
		if (s.len < 3 || s.len > 10)
			return false;
		for (size_t i = 2; i < s.len; i++) {
			int digit = format_hex_digit(s.p[i]);

			if (digit < 0)
				return false;
			value = value << 4 | (unsigned int)digit;
		}
	} else if (!span_to_u64(s, UINT32_MAX, &value)) {
		return false;
	}
	*out = negative ? -(long)value : (long)value;
	return true;
}

bool block_parse_int(struct vrrp_reader *r, const struct node *n, unsigned int at, long min,
		     long max, long *out)
{
	const char *name = at ? n->words[at - 1].p : "";
	long value;

	if (!block_need_word(r, n, at, "a number"))
		return false;
	if (!to_long(n->words[at], &value) || value < min || value > max) {
		block_alert(r, n, "'%s' expects a number from %ld to %ld (got '%s')", name, min,
			    max, n->words[at].p);
		return false;
	}
	*out = value;
	return true;
}

/* "3", "0.92", ".5" times unit; a rest is rounded up. False for anything else. */
static bool to_decimal(struct span s, unsigned int unit, uint64_t *out)
{
	struct span whole = span_split(&s, '.');
	uint64_t value = 0, part = 0, scale = 1;

	if (!whole.len && !s.len)
		return false;
	if (whole.len && !span_to_u64(whole, 1000000000, &value))
		return false;
	value *= unit;
	if (s.len > 9 || (s.len && !span_to_u64(s, UINT64_MAX, &part)))
		return false;
	for (size_t i = 0; i < s.len; i++)
		scale *= 10;
	*out = value + (part * unit + scale - 1) / scale;
	return true;
}

bool block_parse_decimal(struct vrrp_reader *r, const struct node *n, unsigned int at,
			 struct block_range range, uint64_t *out)
{
	uint64_t value;

	if (!block_need_word(r, n, at, "a number, which may have a fraction"))
		return false;
	if (to_decimal(n->words[at], range.unit, &value) && value >= range.min &&
	    value <= range.max) {
		*out = value;
		return true;
	}
	block_alert(r, n,
		    "'%s' expects a number from %g to %g, which may have a fraction "
		    "(got '%s')",
		    n->words[at - 1].p, (double)range.min / range.unit,
		    (double)range.max / range.unit, n->words[at].p);
	return false;
}

bool block_parse_bool(struct vrrp_reader *r, const struct node *n, unsigned int at, bool *out)
{
	static const char *const names[] = {"off", "on", "false", "true", "no", "yes"};

	for (size_t i = 0; i < array_size(names); i++) {
		if (node_word_is(n, at, names[i])) {
			*out = i % 2;
			return true;
		}
	}
	block_alert(r, n, "'%s' expects on, off, true, false, yes or no (got '%s')",
		    n->words[at - 1].p, node_word(n, at).p);
	return false;
}

bool block_parse_inet(struct vrrp_reader *r, const struct node *n, unsigned int at,
		      struct inet *out)
{
	if (!block_need_word(r, n, at, "an address"))
		return false;
	if (inet_parse(n->words[at], out))
		return true;
	block_alert(r, n, "'%s' expects an IPv4 or IPv6 address (got '%s')",
		    at ? n->words[at - 1].p : "", n->words[at].p);
	return false;
}

/* Numbers and times; true where a word was taken. */
static bool store_number(struct vrrp_reader *r, const struct node *n, const struct setting *row,
			 void *place)
{
	bool time = row->type == SETTING_MS || row->type == SETTING_US;
	struct block_range range = {row->type == SETTING_MS ? 1000 : 1000000, (uint64_t)row->min,
				    (uint64_t)row->max};
	uint64_t long_time;
	long value;

	if (time) {
		if (!block_parse_decimal(r, n, 1, range, &long_time))
			return false;
		*(uint32_t *)place = (uint32_t)long_time;
		return true;
	}
	if (!block_parse_int(r, n, 1, row->min, row->max, &value))
		return false;
	if (row->type == SETTING_U8)
		*(uint8_t *)place = (uint8_t)value;
	else if (row->type == SETTING_INT)
		*(int *)place = (int)value;
	else
		*(unsigned int *)place = (unsigned int)value;
	return true;
}

static void store(struct vrrp_reader *r, const struct node *n, const struct setting *row)
{
	void *place = (char *)r->target + row->offset;

	switch (row->type) {
	case SETTING_UINT:
	case SETTING_U8:
	case SETTING_INT:
	case SETTING_MS:
	case SETTING_US:
		if (store_number(r, n, row, place))
			block_expect_end(r, n, 2);
		return;
	case SETTING_TEXT:
		if (!block_need_word(r, n, 1, "one word"))
			return;
		*(const char **)place = n->words[1].p;
		block_expect_end(r, n, 2);
		return;
	case SETTING_ON:
	case SETTING_OFF:
		*(bool *)place = row->type == SETTING_ON;
		block_expect_end(r, n, 1);
		return;
	case SETTING_BOOL:
		*(bool *)place = true;
		if (n->n_words > 1)
			block_parse_bool(r, n, 1, place);
		block_expect_end(r, n, 2);
		return;
	default:
		return;
	}
}

static void apply(struct vrrp_reader *r, const struct node *n)
{
	const struct setting *row = find_setting(n->words[0], r->block);

	if (!row) {
		alert_unknown(r, n);
		return;
	}
	r->row = row;
	switch (row->type) {
	case SETTING_IGNORED:
		block_warn(r, n, "'%s' has no effect in halb: %s", row->name, row->help);
		return;
	case SETTING_INSTEAD:
		block_alert(r, n, "'%s' is not for halb: %s", row->name, row->help);
		return;
	case SETTING_SILENT:
		return;
	case SETTING_BLOCK:
		if (n->is_block)
			row->parse(r, n);
		else
			block_alert(r, n, "'%s' expects a block in braces behind it", row->name);
		return;
	default:
		break;
	}
	if (n->is_block && row->type != SETTING_PARSE)
		block_alert(r, n, "'%s' takes no block: remove the braces", row->name);
	else if (row->type == SETTING_PARSE)
		row->parse(r, n);
	else
		store(r, n, row);
}

void block_read(struct vrrp_reader *r, const struct node *first, enum vrrp_block block,
		void *target)
{
	enum vrrp_block outer = r->block;
	void *outer_target = r->target;

	r->block = block;
	r->target = target;
	for (const struct node *n = first; n; n = n->next) {
		if (n->words[0].len)
			apply(r, n);
		else
			block_alert(r, n, "an empty word where a keyword should be");
		if (r->diags->alerts >= r->max_alerts)
			break;
	}
	r->block = outer;
	r->target = outer_target;
}

static int compare_rows(const void *a, const void *b)
{
	const struct setting *const *left = a, *const *right = b;
	int order = strcmp((*left)->name, (*right)->name);

	return order ? order
		     : ((*left)->blocks > (*right)->blocks) - ((*left)->blocks < (*right)->blocks);
}

static void list_row(struct buffer *out, const struct setting *row)
{
	const char *separator = "";

	buffer_printf(out, "%-32s ", row->name);
	for (unsigned int b = 0; b < BLOCKS; b++) {
		if (row->blocks >> b & 1) {
			buffer_printf(out, "%s%s", separator,
				      b == BLOCK_TOP ? "top" : block_names[b]);
			separator = ",";
		}
	}
	buffer_printf(out, "  %s%s\n", row->help ? row->help : "",
		      row->type == SETTING_IGNORED || row->type == SETTING_SILENT ? " (no effect)"
		      : row->type == SETTING_INSTEAD                              ? " (an error)"
										  : "");
}

void config_list_vrrp(struct buffer *out)
{
	const struct setting **rows;
	struct arena arena;
	size_t n = 0;

	SETTING_EACH(table, row)
	n++;
	arena_init(&arena, 65536, 0);
	rows = arena_array(&arena, n, sizeof(struct setting *));
	if (!rows)
		return;
	n = 0;
	SETTING_EACH(table, row)
	rows[n++] = row;
	qsort(rows, n, sizeof(const struct setting *), compare_rows);
	for (size_t i = 0; i < n; i++)
		list_row(out, rows[i]);
	arena_fini(&arena);
}
