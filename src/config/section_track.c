/* SPDX-License-Identifier: MIT */
/*
 * What instances and sync groups track: the blocks vrrp_script, track_file and vrrp_track_process,
 * and the lists track_interface, track_script, track_file, track_process and track_bfd. Names are
 * resolved when all is read (resolve_track.c).
 */
#include "config/section_vrrp.h"

#include <limits.h>

const char *const vrrp_track_words[TRACK_KINDS] = {"track_interface", "track_script", "track_file",
						   "track_process", "track_bfd"};

const struct vrrp_track_read *vrrp_track_read(const struct model_vrrp_track *t)
{
	return container_of(t, const struct vrrp_track_read, track);
}

unsigned int vrrp_parse_weight(struct vrrp_reader *r, const struct node *n, unsigned int at,
			       long limit, int *weight, bool *reverse)
{
	long value;

	if (!block_parse_int(r, n, at + 1, -limit, limit, &value))
		return 0;
	*weight = (int)value;
	if (node_word_is(n, at + 2, "reverse"))
		*reverse = true;
	else if (node_word_is(n, at + 2, "noreverse") || node_word_is(n, at + 2, "no_reverse"))
		*reverse = false;
	else
		return 2;
	return 3;
}

static void parse_track_line(struct vrrp_reader *r, const struct node *n, enum vrrp_track_kind kind,
			     struct model_vrrp_track **list)
{
	long limit = kind == TRACK_FILE || kind == TRACK_PROCESS ? 254 : 253;
	struct vrrp_track_read *t = block_alloc(r, n, sizeof(*t));
	unsigned int taken = 0;

	if (!t)
		return;
	t->node = n;
	t->track.name = n->words[0].p;
	if (node_word_is(n, 1, "weight")) {
		taken = vrrp_parse_weight(r, n, 1, limit, &t->track.weight, &t->track.reverse);
		if (!taken)
			return;
		t->weight_set = true;
	} else if (node_word_is(n, 1, "reverse")) {
		t->track.reverse = t->reverse_set = true;
		taken = 1;
	}
	if (n->n_words > 1 + taken) {
		block_alert(r, n,
			    "'%s' : unknown word '%s'; there is 'weight N [reverse]'. One %s "
			    "a line.",
			    n->words[0].p, n->words[1 + taken].p,
			    vrrp_track_words[kind] + strlen("track_"));
		return;
	}
	for (; *list; list = &(*list)->next) {
		if (span_equal(span_of((*list)->name), n->words[0])) {
			block_warn(r, n, "'%s' is tracked twice: this line has no effect",
				   n->words[0].p);
			return;
		}
	}
	*list = &t->track;
}

static void parse_track(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_track **list = (void *)((char *)r->target + r->row->offset);
	enum vrrp_track_kind kind = (enum vrrp_track_kind)r->row->min;

	for (const struct node *line = n->children; line; line = line->next)
		parse_track_line(r, line, kind, list);
	block_expect_end(r, n, 1);
}

/* ---- vrrp_script */

static void alert_duplicate(struct vrrp_reader *r, const struct node *n, const char *file, int line)
{
	block_alert(r, n, "%s '%s' is there already, at %s:%d. Give this one another name.",
		    n->words[0].p, n->words[1].p, file, line);
}

static void parse_script_block(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_script **end = &r->model->scripts, *s;

	if (!block_need_word(r, n, 1, "a name"))
		return;
	s = block_alloc(r, n, sizeof(*s));
	if (!s)
		return;
	for (; *end; end = &(*end)->next) {
		if (span_equal(span_of((*end)->name), n->words[1]))
			alert_duplicate(r, n, (*end)->file, (*end)->line);
	}
	*s = (struct model_vrrp_script){.name = n->words[1].p,
					.file = n->file,
					.line = n->line,
					.interval_ms = 1000,
					.fall = 1,
					.rise = 1};
	*end = s;
	block_expect_end(r, n, 2);
	block_read(r, n->children, BLOCK_SCRIPT, s);
	if (!s->command.argv && !block_has(n, "script"))
		block_alert(r, n, "vrrp_script '%s' expects a line 'script \"COMMAND\"'", s->name);
}

/* The command is one word; what stands behind it is passed over, as keepalived does. */
static void parse_script(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_script *s = r->target;
	struct node one = *n;
	struct model_command command = s->command;

	if (n->n_words > 2) {
		one.n_words = 2;
		block_warn(r, n,
			   "'script' : only its first word is the command; '%s' and what follows "
			   "have no effect. Put the whole command in quotes, and other keywords on "
			   "lines of their own.",
			   n->words[2].p);
	}
	if (!vrrp_parse_command(r, &one, 1, &command))
		return;
	command.user = s->command.user;
	command.group = s->command.group;
	s->command = command;
	s->asks_service = vrrp_asks_service(command.argv);
}

static void parse_script_run_as(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_script *s = r->target;

	vrrp_parse_user(r, n, 1, &s->command.user, &s->command.group);
}

static void parse_script_weight(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_script *s = r->target;
	unsigned int taken = vrrp_parse_weight(r, n, 0, 253, &s->weight, &s->weight_reverse);

	if (taken)
		block_expect_end(r, n, taken);
}

/* ---- track_file */

static void parse_file_block(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_file **end = &r->model->files, *f;

	if (!block_need_word(r, n, 1, "a name"))
		return;
	f = block_alloc(r, n, sizeof(*f));
	if (!f)
		return;
	for (; *end; end = &(*end)->next) {
		if (span_equal(span_of((*end)->name), n->words[1]))
			alert_duplicate(r, n, (*end)->file, (*end)->line);
	}
	*f = (struct model_vrrp_file){
	    .name = n->words[1].p, .file = n->file, .line = n->line, .weight = 1};
	*end = f;
	block_expect_end(r, n, 2);
	block_read(r, n->children, BLOCK_FILE, f);
	if (!f->path && !block_has(n, "file"))
		block_alert(r, n, "track_file '%s' expects a line 'file \"PATH\"'", f->name);
}

static void parse_file_weight(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_file *f = r->target;
	unsigned int taken = vrrp_parse_weight(r, n, 0, INT_MAX, &f->weight, &f->weight_reverse);

	if (taken)
		block_expect_end(r, n, taken);
}

/* [VALUE] [overwrite] */
static void parse_init_file(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_file *f = r->target;
	unsigned int at = 1;
	long value = 0;

	f->init = true;
	if (at < n->n_words && !node_word_is(n, at, "overwrite") &&
	    !block_parse_int(r, n, at++, INT_MIN, INT_MAX, &value))
		return;
	f->init_value = (int)value;
	if (node_word_is(n, at, "overwrite")) {
		f->overwrite = true;
		at++;
	}
	block_expect_end(r, n, at);
}

/* ---- vrrp_track_process */

static void parse_process_block(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_process **end = &r->model->processes, *p;

	if (!block_need_word(r, n, 1, "a name"))
		return;
	p = block_alloc(r, n, sizeof(*p));
	if (!p)
		return;
	for (; *end; end = &(*end)->next) {
		if (span_equal(span_of((*end)->name), n->words[1]))
			alert_duplicate(r, n, (*end)->file, (*end)->line);
	}
	*p = (struct model_vrrp_process){.name = n->words[1].p,
					 .file = n->file,
					 .line = n->line,
					 .quorum = 1,
					 .quorum_max = UINT_MAX,
					 .weight = 1};
	*end = p;
	block_expect_end(r, n, 2);
	block_read(r, n->children, BLOCK_PROCESS, p);
	if (!p->process && !block_has(n, "process"))
		block_alert(r, n, "vrrp_track_process '%s' expects a line 'process NAME'", p->name);
	else if (p->process)
		p->asks_service = !p->parameters && p->quorum <= 1 && p->quorum_max == UINT_MAX &&
				  vrrp_is_service(span_of(p->process));
}

/* PROCESS [PARAMETER...] */
static void parse_process(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_process *p = r->target;
	struct buffer text;

	if (!block_need_word(r, n, 1, "the name of a program"))
		return;
	p->process = n->words[1].p;
	if (n->n_words < 3)
		return;
	buffer_init(&text, 4096);
	for (unsigned int i = 2; i < n->n_words; i++) {
		if (i > 2)
			buffer_add_char(&text, ' ');
		buffer_add_span(&text, n->words[i]);
	}
	p->parameters = text.failed ? NULL : arena_copy(r->arena, buffer_span(&text));
	if (!p->parameters)
		block_alert(r, n, "'process' : parameters longer than 4096 bytes");
	buffer_fini(&text);
}

static void parse_delay(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_process *p = r->target;
	uint64_t ms;

	if (!block_parse_decimal(r, n, 1, (struct block_range){1000, 0, 3600000}, &ms))
		return;
	p->fork_delay_ms = p->terminate_delay_ms = (uint32_t)ms;
	block_expect_end(r, n, 2);
}

static void parse_process_weight(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_process *p = r->target;
	unsigned int taken = vrrp_parse_weight(r, n, 0, 254, &p->weight, &p->weight_reverse);

	if (taken)
		block_expect_end(r, n, taken);
}

#define INSTANCE(member) offsetof(struct model_vrrp_instance, member)
#define GROUP(member) offsetof(struct model_vrrp_group, member)
#define SCRIPT(member) offsetof(struct model_vrrp_script, member)
#define PATH(member) offsetof(struct model_vrrp_file, member)
#define PROCESS(member) offsetof(struct model_vrrp_process, member)
#define HOUR_MS 3600000

SETTINGS(section_track,
	 {"track_interface", IN(INSTANCE), SETTING_BLOCK, INSTANCE(track_interfaces),
	  TRACK_INTERFACE, 0, parse_track,
	  "{ NAME [weight N [reverse]] ... }: a fault, or another priority, when down"},
	 {"track_interface", IN(GROUP), SETTING_BLOCK, GROUP(track_interfaces), TRACK_INTERFACE, 0,
	  parse_track, "the same, for all members"},
	 {"track_script", IN(INSTANCE), SETTING_BLOCK, INSTANCE(track_scripts), TRACK_SCRIPT, 0,
	  parse_track, "{ NAME [weight N [reverse]] ... }: of vrrp_script"},
	 {"track_script", IN(GROUP), SETTING_BLOCK, GROUP(track_scripts), TRACK_SCRIPT, 0,
	  parse_track, "the same, for all members"},
	 {"track_file", IN(INSTANCE), SETTING_BLOCK, INSTANCE(track_files), TRACK_FILE, 0,
	  parse_track, "{ NAME [weight N [reverse]] ... }: of track_file blocks"},
	 {"track_file", IN(GROUP), SETTING_BLOCK, GROUP(track_files), TRACK_FILE, 0, parse_track,
	  "the same, for all members"},
	 {"track_process", IN(INSTANCE), SETTING_BLOCK, INSTANCE(track_processes), TRACK_PROCESS, 0,
	  parse_track, "{ NAME [weight N [reverse]] ... }: of vrrp_track_process"},
	 {"track_process", IN(GROUP), SETTING_BLOCK, GROUP(track_processes), TRACK_PROCESS, 0,
	  parse_track, "the same, for all members"},
	 {"track_bfd", IN(INSTANCE), SETTING_BLOCK, INSTANCE(track_bfds), TRACK_BFD, 0, parse_track,
	  "{ NAME [weight N [reverse]] ... }: of bfd_instance"},
	 {"track_bfd", IN(GROUP), SETTING_BLOCK, GROUP(track_bfds), TRACK_BFD, 0, parse_track,
	  "the same, for all members"},
	 {"vrrp_script", IN(TOP), SETTING_BLOCK, 0, 0, 0, parse_script_block,
	  "NAME { }: a command that is run again and again"},
	 {"script", IN(SCRIPT), SETTING_PARSE, 0, 0, 0, parse_script,
	  "\"COMMAND ARGUMENTS\": exit status 0 is good"},
	 {"interval", IN(SCRIPT), SETTING_MS, SCRIPT(interval_ms), 1, HOUR_MS * 24, NULL,
	  "seconds between two runs"},
	 {"timeout", IN(SCRIPT), SETTING_MS, SCRIPT(timeout_ms), 1, HOUR_MS * 24, NULL,
	  "seconds after which a run has failed; the interval unless set"},
	 {"weight", IN(SCRIPT), SETTING_PARSE, 0, 0, 0, parse_script_weight,
	  "-253 to 253 [reverse]: for track_script lines without one"},
	 {"rise", IN(SCRIPT), SETTING_UINT, SCRIPT(rise), 1, INT_MAX, NULL,
	  "good runs until it counts as good"},
	 {"fall", IN(SCRIPT), SETTING_UINT, SCRIPT(fall), 1, INT_MAX, NULL,
	  "failed runs until it counts as failed"},
	 {"user", IN(SCRIPT), SETTING_PARSE, 0, 0, 0, parse_script_run_as,
	  "USER [GROUP]: whom it runs as"},
	 {"init_fail", IN(SCRIPT), SETTING_ON, SCRIPT(init_fail), 0, 0, NULL,
	  "it counts as failed until it has been good"},
	 {"track_file", IN(TOP), SETTING_BLOCK, 0, 0, 0, parse_file_block,
	  "NAME { }: a file with a number in it"},
	 {"vrrp_track_file", IN(TOP), SETTING_BLOCK, 0, 0, 0, parse_file_block, "the same"},
	 {"file", IN(FILE), SETTING_TEXT, PATH(path), 0, 0, NULL, "its path"},
	 {"weight", IN(FILE), SETTING_PARSE, 0, 0, 0, parse_file_weight,
	  "N [reverse]: times the number is added to the priority; 0: a number that is not 0 is a "
	  "fault"},
	 {"init_file", IN(FILE), SETTING_PARSE, 0, 0, 0, parse_init_file,
	  "[VALUE] [overwrite]: makes the file where it is missing"},
	 {"vrrp_track_process", IN(TOP), SETTING_BLOCK, 0, 0, 0, parse_process_block,
	  "NAME { }: processes that must run"},
	 {"process", IN(PROCESS), SETTING_PARSE, 0, 0, 0, parse_process,
	  "PROGRAM [PARAMETER...]: its name"},
	 {"param_match", IN(PROCESS), SETTING_INSTEAD, 0, 0, 0, NULL,
	  "write all parameters behind 'process', or none for any"},
	 {"weight", IN(PROCESS), SETTING_PARSE, 0, 0, 0, parse_process_weight,
	  "-254 to 254 [reverse]: for track_process lines without one"},
	 {"quorum", IN(PROCESS), SETTING_UINT, PROCESS(quorum), 0, 65535, NULL,
	  "how many must run"},
	 {"quorum_max", IN(PROCESS), SETTING_UINT, PROCESS(quorum_max), 0, 65535, NULL,
	  "how many may run"},
	 {"fork_delay", IN(PROCESS), SETTING_MS, PROCESS(fork_delay_ms), 0, HOUR_MS, NULL,
	  "seconds until a new process counts"},
	 {"terminate_delay", IN(PROCESS), SETTING_MS, PROCESS(terminate_delay_ms), 0, HOUR_MS, NULL,
	  "seconds until a lost process counts"},
	 {"delay", IN(PROCESS), SETTING_PARSE, 0, 0, 0, parse_delay, "SECONDS: both"},
	 {"full_command", IN(PROCESS), SETTING_ON, PROCESS(full_command), 0, 0, NULL,
	  "the name is the command line's first word"});
