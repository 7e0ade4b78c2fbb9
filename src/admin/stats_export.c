/* SPDX-License-Identifier: MIT */
/* Writes statistics for machines: see stats_export.h. The table of fields decides what there is. */
#include "admin/stats_export.h"

#include "base/escape.h"

static const char *type_name(enum stats_type t)
{
	static const char *const names[] = {[STATS_NONE] = "none",
					    [STATS_STR] = "str",
					    [STATS_U32] = "u32",
					    [STATS_U64] = "u64",
					    [STATS_S32] = "s32"};

	return names[t];
}

static const char *tag_word(char letter, const char *const (*words)[2], unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (words[i][0][0] == letter)
			return words[i][1];
	return "Unknown";
}

static const char *origin_word(char letter)
{
	static const char *const words[][2] = {
	    {"M", "Metric"}, {"S", "Status"}, {"K", "Key"}, {"C", "Config"}, {"P", "Product"}};

	return tag_word(letter, words, array_size(words));
}

static const char *nature_word(char letter)
{
	static const char *const words[][2] = {
	    {"A", "Age"},   {"a", "Avg"}, {"C", "Counter"}, {"D", "Duration"}, {"G", "Gauge"},
	    {"L", "Limit"}, {"M", "Max"}, {"N", "Name"},    {"O", "Output"},   {"R", "Rate"}};

	return tag_word(letter, words, array_size(words));
}

static const char *scope_word(char letter)
{
	static const char *const words[][2] = {{"P", "Process"}, {"S", "Service"}};

	return tag_word(letter, words, array_size(words));
}

static void add_plain(struct buffer *out, const struct stats_value *v)
{
	switch (v->type) {
	case STATS_NONE:
		break;
	case STATS_STR:
		escape_csv(out, v->text);
		break;
	case STATS_U32:
	case STATS_U64:
		buffer_add_u64(out, v->number);
		break;
	case STATS_S32:
		buffer_add_i64(out, v->signed_number);
		break;
	}
}

/* One line stays one line, whatever a server said. */
static void add_line_text(struct buffer *out, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		buffer_add_char(out, (unsigned char)s.p[i] < ' ' || s.p[i] == 127 ? '?' : s.p[i]);
}

void stats_export_typed(struct buffer *out, const char *tag, const struct stats_value *v)
{
	buffer_printf(out, ":%s:%s:", tag, type_name(v->type));
	if (v->type == STATS_STR)
		add_line_text(out, v->text);
	else
		add_plain(out, v);
	buffer_add_char(out, '\n');
}

void stats_export_json(struct buffer *out, unsigned int position, const char *name, const char *tag,
		       const struct stats_value *v)
{
	buffer_printf(out, "\"field\":{\"pos\":%u,\"name\":\"%s\"},\"processNum\":1,", position,
		      name);
	buffer_printf(out, "\"tags\":{\"origin\":\"%s\",\"nature\":\"%s\",\"scope\":\"%s\"},",
		      origin_word(tag[0]), nature_word(tag[1]), scope_word(tag[2]));
	buffer_printf(out, "\"value\":{\"type\":\"%s\",\"value\":", type_name(v->type));
	if (v->type == STATS_STR) {
		buffer_add_char(out, '"');
		escape_json(out, v->text);
		buffer_add_char(out, '"');
	} else {
		add_plain(out, v);
	}
	buffer_add_text(out, "}}");
}

struct export
{
	struct buffer *out;
	bool started;
};

static void csv_header(struct buffer *out)
{
	buffer_add_text(out, "# ");
	for (unsigned int i = 0; i < stats_n_fields; i++) {
		buffer_add_text(out, stats_fields[i].name);
		buffer_add_char(out, ',');
	}
	buffer_add_char(out, '\n');
}

static void csv_row(const struct stats_object *o, void *user)
{
	struct export *e = user;
	struct stats_value v;

	for (unsigned int i = 0; i < stats_n_fields; i++) {
		stats_field_value(&stats_fields[i], o, &v);
		add_plain(e->out, &v);
		buffer_add_char(e->out, ',');
	}
	buffer_add_char(e->out, '\n');
}

/* The separator column is of CSV alone: it has no position elsewhere. */
static bool is_separator(const struct stats_field *f)
{
	return f->name[0] == '-';
}

static void typed_rows(const struct stats_object *o, void *user)
{
	static const char letters[] = "FBSL";
	struct export *e = user;
	unsigned int position = 0;

	for (unsigned int i = 0; i < stats_n_fields; i++) {
		const struct stats_field *f = &stats_fields[i];
		struct stats_value v;

		if (is_separator(f))
			continue;
		stats_field_value(f, o, &v);
		if (v.type != STATS_NONE) {
			buffer_printf(e->out, "%c.%u.%u.%u.%s.1", letters[o->kind],
				      o->proxy->conf->id, o->id, position, f->name);
			stats_export_typed(e->out, stats_field_tag(f, o), &v);
		}
		position++;
	}
}

static void json_object(const struct stats_object *o, void *user)
{
	static const char *const kinds[] = {"Frontend", "Backend", "Server", "Listener"};
	struct export *e = user;
	unsigned int position = 0;
	const char *before = e->started ? ",[" : "[";

	e->started = true;
	for (unsigned int i = 0; i < stats_n_fields; i++) {
		const struct stats_field *f = &stats_fields[i];
		struct stats_value v;

		if (is_separator(f))
			continue;
		stats_field_value(f, o, &v);
		if (v.type != STATS_NONE) {
			buffer_printf(e->out, "%s{\"objType\":\"%s\",\"proxyId\":%u,\"id\":%u,",
				      before, kinds[o->kind], o->proxy->conf->id, o->id);
			stats_export_json(e->out, position, f->name, stats_field_tag(f, o), &v);
			before = ",";
		}
		position++;
	}
	buffer_add_char(e->out, ']');
}

void stats_export(struct buffer *out, struct program *p, uint64_t now_ms,
		  const struct stats_filter *f, enum stats_export_form form)
{
	struct export e = {.out = out};

	switch (form) {
	case STATS_CSV:
		csv_header(out);
		stats_each(p, now_ms, f, csv_row, &e);
		break;
	case STATS_TYPED:
		stats_each(p, now_ms, f, typed_rows, &e);
		break;
	case STATS_JSON:
		buffer_add_char(out, '[');
		stats_each(p, now_ms, f, json_object, &e);
		buffer_add_text(out, "]\n");
		break;
	}
}
