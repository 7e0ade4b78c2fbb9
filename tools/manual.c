/* SPDX-License-Identifier: MIT */
/*
 * manual TEMPLATE: writes halb.cfg(5). `make manual` runs it; a golden test compares. Lines of the
 * template are copied, but for those that begin with @:
 *
 *     @works GROUP     the keywords that do something, with syntax, place, range, default and help
 *     @ignored GROUP   those that are accepted without effect, by reason
 *     @instead GROUP   those that are errors, by what to write instead
 *     @later GROUP     those that are known, and errors until halb does them
 *
 *     @title DATE      the title line, with halb's version
 *
 * GROUP is global, proxy, a name of an argument_table (bind, server, ...), or the name of one of
 * keepalived's blocks, or `keepalived` for all of them. Defaults are read from the models of two
 * small configurations.
 */
#include "config/block.h"
#include "config/keyword.h"
#include "config/section_vrrp.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_ENTRIES 1024
#define MAX_LINE_BYTES 4096
#define WIDTH 79

enum kind { WORKS, IGNORED, INSTEAD, LATER };

struct entry {
	const char *name, *help;
	enum kind kind;
	char values[96], places[96], range[64], standard[64];
};

static struct {
	struct entry v[MAX_ENTRIES];
	unsigned int n;
} group;

static struct model *model;
static struct model_vrrp *vrrp;
static struct vrrp_globals globals;

/* ---- the two small configurations */

static const char *no_env(void *user, const char *name)
{
	(void)user;
	(void)name;
	return NULL;
}

static bool has_interface(void *user, const char *name)
{
	(void)user;
	(void)name;
	return true;
}

static bool no_include(void *user, struct config_include *i)
{
	(void)user;
	i->error = "no files here";
	return false;
}

static const char proxy_text[] = "global\ndefaults\nlisten l\n bind 127.0.0.1:1\n"
				 " server s 127.0.0.1:2 check\n";
static const char vrrp_text[] =
    "track_file f {\n file /f\n}\nvrrp_script s {\n script \"/bin/true\"\n user root\n}\n"
    "vrrp_track_process p {\n process p\n}\nbfd_instance b {\n neighbor_ip 192.0.2.1\n "
    "source_ip 192.0.2.2\n}\n"
    "vrrp_instance i {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress {\n 192.0.2.3\n "
    "}\n track_script {\n s\n }\n track_file {\n f\n }\n track_process {\n p\n }\n}\n";

static bool no_user(void *user, const char *name, long *uid)
{
	(void)user;
	(void)name;
	*uid = 0;
	return true;
}

static bool read_models(void)
{
	const struct config_world world = {.get_env = no_env, .hostname = "host", .version = "2.6"};
	const struct config_vrrp_world vrrp_world = {.get_env = no_env,
						     .has_interface = has_interface,
						     .include = no_include,
						     .user_id = no_user,
						     .hostname = "host"};
	const struct config_file file = {"proxy", SPAN(proxy_text)};
	const struct config_file vrrp_file = {"vrrp", SPAN(vrrp_text)};
	struct list *node;
	struct diags d;

	diags_init(&d);
	model = config_read(&file, 1, &world, &d);
	vrrp = config_read_vrrp(&vrrp_file, &vrrp_world, &d);
	vrrp_globals_init(&globals);
	LIST_EACH(node, &d.all) {
		const struct diag *item = LIST_ENTRY(node, struct diag, link);

		if (item->level == DIAG_ALERT)
			fprintf(stderr, "manual: %s:%d: %s\n", item->file, item->line, item->text);
	}
	diags_fini(&d);
	return model && vrrp;
}

/* ---- from rows to entries */

static const char *without(const char *prefix, const char *text)
{
	return strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : text;
}

static struct entry *add(const char *name, const char *help, enum kind kind)
{
	struct entry *e = &group.v[group.n];

	if (help && kind == IGNORED)
		help = without("no effect: ", without("taken without effect: ", help));
	CHECK(group.n < MAX_ENTRIES);
	*e = (struct entry){.name = name, .help = help ? help : "", .kind = kind};
	group.n++;
	return e;
}

/* A placeholder is a word in capitals, or a choice with bars. */
static bool has_placeholder(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t capitals = strspn(text + i, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		bool alone = (i == 0 || !isalnum((unsigned char)text[i - 1])) &&
			     !isalnum((unsigned char)text[i + capitals]);

		if (text[i] == '|' || (capitals && alone))
			return true;
	}
	return false;
}

/* "NAME len N: a cookie into the log": the help says what stands behind the keyword. */
static void take_values(struct entry *e)
{
	const char *end = strstr(e->help, ": ");
	size_t len = end ? (size_t)(end - e->help) : 0;

	if (!end || len >= sizeof(e->values) || !has_placeholder(e->help, len))
		return;
	snprintf(e->values, sizeof(e->values), "%.*s", (int)len, e->help);
	e->help = end + 2;
}

/* "1 to 20", "1 or more", in units of `scale`; nothing where any number is right. */
static void set_range(struct entry *e, long min, long max, long scale)
{
	double low = (double)min / (double)scale, high = (double)max / (double)scale;

	if (max > min && max < INT32_MAX)
		snprintf(e->range, sizeof(e->range), "%.10g to %.10g", low, high);
	else if (min > 0)
		snprintf(e->range, sizeof(e->range), "%.10g or more", low);
}

static void set_values(struct entry *e, const char *values)
{
	snprintf(e->values, sizeof(e->values), "%s", values);
}

/* Numbers of things are given out, or are in the small configurations. */
static void set_default_number(struct entry *e, long n)
{
	if (n && strcmp(e->name, "id") != 0 && strcmp(e->name, "virtual_router_id") != 0)
		snprintf(e->standard, sizeof(e->standard), "%ld", n);
}

static void set_default_ms(struct entry *e, uint32_t ms)
{
	if (ms && ms % 1000 == 0)
		snprintf(e->standard, sizeof(e->standard), "%us", ms / 1000);
	else if (ms)
		snprintf(e->standard, sizeof(e->standard), "%ums", ms);
}

/* Of both kinds of haproxy's rows; `place` is in a model without that keyword. */
struct scalar {
	enum keyword_type type;
	unsigned int min, max;
	const void *place;
};

static void describe_scalar(struct entry *e, const struct scalar *s)
{
	uint32_t n = 0;

	if (s->type == KEYWORD_UINT || s->type == KEYWORD_TIME || s->type == KEYWORD_OPTION)
		memcpy(&n, s->place, sizeof(n));
	switch (s->type) {
	case KEYWORD_UINT:
		set_values(e, "NUMBER");
		set_range(e, s->min, s->max, 1);
		set_default_number(e, n);
		break;
	case KEYWORD_TIME:
		set_values(e, "TIME");
		set_default_ms(e, n);
		break;
	case KEYWORD_TEXT:
		set_values(e, "WORD");
		break;
	case KEYWORD_OPTION:
		if (n & s->max)
			snprintf(e->standard, sizeof(e->standard), "on");
		break;
	default:
		break;
	}
	take_values(e);
}

static enum kind kind_of_keyword(enum keyword_type type, const char *help)
{
	if (help && strstr(help, "(not yet)"))
		return LATER;
	if (help && strncmp(help, "taken without effect", 20) == 0)
		return IGNORED;
	return type == KEYWORD_IGNORED    ? IGNORED
	       : type == KEYWORD_LATER    ? LATER
	       : type == KEYWORD_OBSOLETE ? INSTEAD
					  : WORKS;
}

/* Nothing where it may stand in all of them. */
static void list_places(struct entry *e, unsigned int where)
{
	static const struct {
		unsigned int where;
		const char *name;
	} all[] = {{IN_DEFAULTS, "defaults"},
		   {IN_FRONTEND, "frontend"},
		   {IN_LISTEN, "listen"},
		   {IN_BACKEND, "backend"}};
	struct buffer b;

	if (where == IN_GLOBAL || (where & IN_PROXY) == IN_PROXY)
		return;
	buffer_init_fixed(&b, e->places, sizeof(e->places));
	for (size_t i = 0; i < array_size(all); i++)
		if (where & all[i].where)
			buffer_printf(&b, "%s%s", b.len ? ", " : "", all[i].name);
	buffer_text(&b);
}

static void gather_keywords(unsigned int where, const void *target)
{
	FAMILY_EACH(keyword_table, table) {
		for (const struct keyword *row = (*table)->rows; row < (*table)->rows + (*table)->n;
		     row++) {
			struct scalar s = {row->type, row->min, row->max,
					   (const char *)target + row->offset};
			struct entry *e;

			if (!(row->where & where))
				continue;
			e = add(row->name, row->help, kind_of_keyword(row->type, row->help));
			describe_scalar(e, &s);
			list_places(e, where == IN_GLOBAL ? where : row->where);
		}
	}
}

static bool gather_words(const char *of)
{
	const struct model_proxy *p = model->proxies;
	bool found = false;

	FAMILY_EACH(argument_table, table) {
		const void *target = strcmp(of, "bind") == 0     ? (const void *)p->binds
				     : strcmp(of, "server") == 0 ? (const void *)p->servers
								 : NULL;

		if (strcmp((*table)->of, of) != 0)
			continue;
		found = true;
		for (unsigned int i = 0; i < (*table)->n; i++) {
			const struct argument *row = &(*table)->rows[i];
			struct scalar s = {KEYWORD_PARSE, row->min, row->max, NULL};

			if (target) {
				s.type = row->type;
				s.place = (const char *)target + row->offset;
			}
			describe_scalar(
			    add(row->name, row->help, kind_of_keyword(row->type, row->help)), &s);
		}
	}
	return found;
}

/* ---- keepalived's */

static const char *const block_words[BLOCKS] = {
    [BLOCK_TOP] = "top",
    [BLOCK_GLOBAL] = "global_defs",
    [BLOCK_INSTANCE] = "vrrp_instance",
    [BLOCK_AUTHENTICATION] = "authentication",
    [BLOCK_GROUP] = "vrrp_sync_group",
    [BLOCK_SCRIPT] = "vrrp_script",
    [BLOCK_FILE] = "track_file",
    [BLOCK_PROCESS] = "vrrp_track_process",
    [BLOCK_BFD] = "bfd_instance",
    [BLOCK_GARP] = "garp_group",
};

static const void *target_of_block(enum vrrp_block block)
{
	switch (block) {
	case BLOCK_GLOBAL:
		return &globals;
	case BLOCK_INSTANCE:
		return vrrp->instances;
	case BLOCK_SCRIPT:
		return vrrp->scripts;
	case BLOCK_FILE:
		return vrrp->files;
	case BLOCK_PROCESS:
		return vrrp->processes;
	case BLOCK_BFD:
		return vrrp->bfds;
	default:
		return NULL;
	}
}

/* The default of a row that stores a number, which VRRP_UNSET is not. */
static void describe_number(struct entry *e, const struct setting *row, const char *target)
{
	const char *place = target ? target + row->offset : NULL;
	uint32_t n = 0;
	uint8_t small;

	if (!place)
		return;
	if (row->type == SETTING_U8) {
		memcpy(&small, place, sizeof(small));
		n = small;
	} else {
		memcpy(&n, place, sizeof(n));
	}
	if (n == VRRP_UNSET && row->type != SETTING_INT)
		return;
	if (row->type == SETTING_MS || row->type == SETTING_US) {
		double unit = row->type == SETTING_MS ? 1000 : 1000000;

		if (n)
			snprintf(e->standard, sizeof(e->standard), "%g", (double)n / unit);
		return;
	}
	set_default_number(e, row->type == SETTING_INT ? (int32_t)n : (long)n);
}

static void describe_setting(struct entry *e, const struct setting *row, const char *target)
{
	bool on = false;

	switch (row->type) {
	case SETTING_UINT:
	case SETTING_U8:
	case SETTING_INT:
		set_values(e, "NUMBER");
		set_range(e, row->min, row->max, 1);
		describe_number(e, row, target);
		break;
	case SETTING_MS:
	case SETTING_US:
		set_values(e, "SECONDS");
		set_range(e, row->min, row->max, row->type == SETTING_MS ? 1000 : 1000000);
		describe_number(e, row, target);
		break;
	case SETTING_TEXT:
		set_values(e, "WORD");
		break;
	case SETTING_BOOL:
		set_values(e, "[on|off]");
		if (target)
			memcpy(&on, target + row->offset, sizeof(on));
		if (on)
			snprintf(e->standard, sizeof(e->standard), "on");
		break;
	case SETTING_BLOCK:
		set_values(e, "{ }");
		break;
	default:
		break;
	}
	take_values(e);
}

static enum kind kind_of_setting(enum setting_type type)
{
	return type == SETTING_IGNORED || type == SETTING_SILENT ? IGNORED
	       : type == SETTING_INSTEAD                         ? INSTEAD
								 : WORKS;
}

static void gather_settings(enum vrrp_block block)
{
	FAMILY_EACH(setting_table, table) {
		for (const struct setting *row = (*table)->rows; row < (*table)->rows + (*table)->n;
		     row++) {
			if (row->blocks >> block & 1)
				describe_setting(
				    add(row->name, row->help, kind_of_setting(row->type)), row,
				    target_of_block(block));
		}
	}
}

static bool gather(const char *name)
{
	bool found = false;

	group.n = 0;
	if (strcmp(name, "global") == 0) {
		gather_keywords(IN_GLOBAL, &model->global);
		return true;
	}
	if (strcmp(name, "proxy") == 0) {
		gather_keywords(IN_PROXY, model->proxies);
		return true;
	}
	for (unsigned int i = 0; i < BLOCKS; i++) {
		if (strcmp(name, "keepalived") != 0 && strcmp(name, block_words[i]) != 0)
			continue;
		gather_settings(i);
		found = true;
	}
	return found || gather_words(name);
}

/* ---- troff */

static const char *escaped(char c)
{
	static char text[2];

	switch (c) {
	case '\\':
		return "\\e";
	case '-':
		return "\\-";
	case '\'':
		return "\\(aq";
	case '^':
		return "\\(ha";
	case '~':
		return "\\(ti";
	default:
		text[0] = c;
		return text;
	}
}

static void put_escaped(FILE *to, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fputs(escaped(text[i]), to);
}

static size_t escaped_len(const char *text, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += strlen(escaped(text[i]));
	return len;
}

/* Text in lines that are not too long; none begins with a dot. */
static void put_text(FILE *to, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " "), len = escaped_len(text, n);

		if (column && column + 1 + len > WIDTH) {
			fputc('\n', to);
			column = 0;
		} else if (column) {
			fputc(' ', to);
			column++;
		}
		if (!column && *text == '.')
			fputs("\\&", to);
		put_escaped(to, text, n);
		column += len;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', to);
}

/* Placeholders are in capitals and become italic, what is to be written as it is bold. */
static void put_syntax(FILE *to, const char *text)
{
	char font = 'R';

	while (*text) {
		size_t word = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		char wanted = 'R';

		if (word && !islower((unsigned char)text[word]))
			wanted = 'I';
		else if (isalnum((unsigned char)*text))
			wanted = 'B';
		if (wanted != 'I')
			word = wanted == 'B'
				   ? 1 + strspn(text + 1, "abcdefghijklmnopqrstuvwxyz0123456789-")
				   : 1;
		if (wanted != font)
			fprintf(to, "\\f%c", wanted);
		font = wanted;
		put_escaped(to, text, word);
		text += word;
	}
	fputs(font == 'R' ? "\n" : "\\fR\n", to);
}

static void put_entry(FILE *to, const struct entry *e)
{
	char text[1024];

	fputs(".TP\n\\fB", to);
	put_escaped(to, e->name, strlen(e->name));
	fputs("\\fR", to);
	if (e->values[0])
		fputc(' ', to);
	put_syntax(to, e->values);
	snprintf(text, sizeof(text), "%s%s%s%s%s%s%s", e->help, e->range[0] ? "; " : "", e->range,
		 e->standard[0] ? "; default " : "", e->standard, e->places[0] ? ". In: " : "",
		 e->places);
	put_text(to, text);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int by_help(const void *a, const void *b)
{
	int order = strcmp(((const struct entry *)a)->help, ((const struct entry *)b)->help);

	return order ? order : by_name(a, b);
}

static void put_works(FILE *to)
{
	qsort(group.v, group.n, sizeof(group.v[0]), by_name);
	for (unsigned int i = 0; i < group.n; i++)
		if (group.v[i].kind == WORKS)
			put_entry(to, &group.v[i]);
}

/* Names with the same help together, the help in front of them. */
static void put_names(FILE *to, enum kind kind)
{
	struct buffer b;
	const char *help = NULL, *name = NULL;

	buffer_init(&b, 65536);
	qsort(group.v, group.n, sizeof(group.v[0]), kind == LATER ? by_name : by_help);
	for (unsigned int i = 0; i < group.n; i++) {
		const struct entry *e = &group.v[i];

		if (e->kind != kind || (name && strcmp(name, e->name) == 0))
			continue;
		if (kind != LATER && (!help || strcmp(help, e->help) != 0)) {
			if (b.len)
				put_text(to, buffer_text(&b));
			buffer_clear(&b);
			fputs(".TP\n", to);
			put_escaped(to, e->help, strlen(e->help));
			fputc('\n', to);
		}
		help = e->help;
		name = e->name;
		buffer_printf(&b, "%s%s", b.len ? ", " : "", e->name);
	}
	put_text(to, b.len ? buffer_text(&b) : "(none)");
	buffer_fini(&b);
}

static bool expand(FILE *to, const char *line)
{
	static const struct {
		const char *word;
		enum kind kind;
	} words[] = {
	    {"@works ", WORKS}, {"@ignored ", IGNORED}, {"@instead ", INSTEAD}, {"@later ", LATER}};

	if (strncmp(line, "@title ", 7) == 0) {
		fprintf(to, ".TH HALB.CFG 5 %s \"halb %s\" \"System configuration\"\n", line + 7,
			HALB_VERSION);
		return true;
	}
	for (size_t i = 0; i < array_size(words); i++) {
		size_t len = strlen(words[i].word);

		if (strncmp(line, words[i].word, len) != 0 || !gather(line + len))
			continue;
		if (words[i].kind == WORKS)
			put_works(to);
		else
			put_names(to, words[i].kind);
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	FILE *template = argc == 2 ? fopen(argv[1], "r") : NULL;
	char line[MAX_LINE_BYTES];

	if (!template || !read_models()) {
		fprintf(stderr, "usage: manual TEMPLATE\n");
		return 1;
	}
	while (fgets(line, sizeof(line), template)) {
		if (line[0] != '@') {
			fputs(line, stdout);
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		if (!expand(stdout, line)) {
			fprintf(stderr, "manual: no such group: %s\n", line);
			return 1;
		}
	}
	fclose(template);
	model_put(model);
	model_vrrp_put(vrrp);
	return fflush(stdout) == 0 ? 0 : 1;
}
