/* SPDX-License-Identifier: MIT */
/*
 * Commands in keepalived.conf, and the words that name them: notify scripts of instances and sync
 * groups, and whom scripts run as. A command is one word of the file, in quotes where it has
 * arguments; it is split here, so that nothing else has to know how.
 */
#include "config/section_vrrp.h"

#define MAX_ARGUMENTS 128

struct splitter {
	struct span text;
	size_t at;
	char *out; /* room for the text and a NUL behind each word */
	size_t n;
	const char *words[MAX_ARGUMENTS + 1];
	unsigned int n_words;
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One word: quotes of both kinds are taken off, a backslash takes the next byte as it is. False
 * where a quote is not closed. */
static bool take_word(struct splitter *s)
{
	char quote = '\0';

	s->words[s->n_words++] = s->out + s->n;
	for (; s->at < s->text.len; s->at++) {
		char c = s->text.p[s->at];

		if (!quote && is_blank(c))
			break;
		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? '\0' : c;
			continue;
		}
		if (c == '\\' && quote != '\'' && s->at + 1 < s->text.len)
			c = s->text.p[++s->at];
		s->out[s->n++] = c;
	}
	s->out[s->n++] = '\0';
	return !quote;
}

/* The command's words, NULL-ended in the arena; NULL after an alert. */
static const char *const *split(struct vrrp_reader *r, const struct node *n, struct span text)
{
	struct splitter s = {.text = text, .out = block_alloc(r, n, 2 * text.len + 2)};
	const char **argv;

	if (!s.out)
		return NULL;
	for (; s.at < text.len; s.at++) {
		if (is_blank(text.p[s.at]))
			continue;
		if (s.n_words == MAX_ARGUMENTS) {
			block_alert(r, n, "'%s' : more than %d words in a command", n->words[0].p,
				    MAX_ARGUMENTS);
			return NULL;
		}
		if (!take_word(&s)) {
			block_alert(r, n, "'%s' : a quote in the command is not closed",
				    n->words[0].p);
			return NULL;
		}
	}
	if (!s.n_words || !s.words[0][0]) {
		block_alert(r, n, "'%s' : the command is empty", n->words[0].p);
		return NULL;
	}
	argv = block_alloc(r, n, (s.n_words + 1) * sizeof(*argv));
	if (argv)
		memcpy(argv, s.words, s.n_words * sizeof(*argv));
	return argv;
}

bool vrrp_parse_user(struct vrrp_reader *r, const struct node *n, unsigned int at,
		     const char **user, const char **group)
{
	long uid;

	if (!block_need_word(r, n, at, "the name of a user"))
		return false;
	if (r->world->user_id && !r->world->user_id(r->world->user, n->words[at].p, &uid)) {
		block_alert(r, n,
			    "'%s' : there is no user '%s'. Add it (useradd --system), or name "
			    "another one.",
			    n->words[0].p, n->words[at].p);
		return false;
	}
	*user = n->words[at].p;
	*group = at + 1 < n->n_words ? n->words[at + 1].p : NULL;
	block_expect_end(r, n, at + 2);
	return true;
}

bool vrrp_parse_command(struct vrrp_reader *r, const struct node *n, unsigned int at,
			struct model_command *out)
{
	struct model_command command = {.file = n->file, .line = n->line};

	if (!block_need_word(r, n, at, "a command, in quotes where it has arguments"))
		return false;
	command.argv = split(r, n, n->words[at]);
	if (!command.argv)
		return false;
	if (at + 1 < n->n_words && !vrrp_parse_user(r, n, at + 1, &command.user, &command.group))
		return false;
	*out = command;
	return true;
}

static struct model_notify *notify_of(struct vrrp_reader *r)
{
	if (r->block == BLOCK_GROUP)
		return &((struct model_vrrp_group *)r->target)->notify;
	return &((struct model_vrrp_instance *)r->target)->notify;
}

/* The row's offset is that of the command in struct model_notify. */
static void parse_notify(struct vrrp_reader *r, const struct node *n)
{
	void *place = (char *)notify_of(r) + r->row->offset;

	vrrp_parse_command(r, n, 1, place);
}

/* Without a command it says only that a deleted instance is called DELETED, as it always is. */
static void parse_deleted(struct vrrp_reader *r, const struct node *n)
{
	if (n->n_words > 1)
		parse_notify(r, n);
}

static void parse_script_user(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_global *g = &r->globals.global;

	vrrp_parse_user(r, n, 1, &g->script_user, &g->script_group);
}

static void parse_priority_changes(struct vrrp_reader *r, const struct node *n)
{
	bool on = true;

	if (n->n_words < 2 || block_parse_bool(r, n, 1, &on))
		r->globals.global.notify_priority_changes = on;
}

/* PATH [USER [GROUP]]: it is made for halb's own user. */
static void parse_fifo(struct vrrp_reader *r, const struct node *n)
{
	if (!block_need_word(r, n, 1, "the path of a FIFO"))
		return;
	*(const char **)(void *)((char *)r->target + r->row->offset) = n->words[1].p;
	if (n->n_words > 2)
		block_warn(r, n, "'%s' : halb makes the FIFO for root; '%s' has no effect",
			   n->words[0].p, n->words[2].p);
}

#define NOTIFY(member) offsetof(struct model_notify, member)
#define GLOBAL(member) offsetof(struct vrrp_globals, global.member)

SETTINGS(section_notify,
	 {"notify_master", IN(INSTANCE) | IN(GROUP), SETTING_PARSE, NOTIFY(master), 0, 0,
	  parse_notify, "COMMAND [USER [GROUP]]: when it becomes master"},
	 {"notify_backup", IN(INSTANCE) | IN(GROUP), SETTING_PARSE, NOTIFY(backup), 0, 0,
	  parse_notify, "COMMAND [USER [GROUP]]: when it becomes backup"},
	 {"notify_fault", IN(INSTANCE) | IN(GROUP), SETTING_PARSE, NOTIFY(fault), 0, 0,
	  parse_notify, "COMMAND [USER [GROUP]]: when it has a fault"},
	 {"notify_stop", IN(INSTANCE) | IN(GROUP), SETTING_PARSE, NOTIFY(stop), 0, 0, parse_notify,
	  "COMMAND [USER [GROUP]]: when halb stops"},
	 {"notify_deleted", IN(INSTANCE) | IN(GROUP), SETTING_PARSE, NOTIFY(deleted), 0, 0,
	  parse_deleted, "[COMMAND [USER [GROUP]]]: when a reload removes it"},
	 {"notify", IN(INSTANCE) | IN(GROUP), SETTING_PARSE, NOTIFY(all), 0, 0, parse_notify,
	  "COMMAND [USER [GROUP]]: at each change, with INSTANCE|GROUP, name, state, priority"},
	 {"notify_master_rx_lower_pri", IN(INSTANCE), SETTING_PARSE, NOTIFY(master_rx_lower_prio),
	  0, 0, parse_notify, "COMMAND [USER [GROUP]]: when a master hears a lower priority"},
	 {"notify_priority_changes", IN(INSTANCE) | IN(GROUP), SETTING_IGNORED, 0, 0, 0, NULL,
	  "write 'vrrp_notify_priority_changes on' in global_defs, for all instances"},
	 {"vrrp_notify_priority_changes", IN(GLOBAL), SETTING_PARSE, 0, 0, 0,
	  parse_priority_changes, "the FIFOs tell changes of priority too"},
	 {"notify_fifo", IN(GLOBAL), SETTING_PARSE, GLOBAL(notify_fifo), 0, 0, parse_fifo,
	  "PATH: where changes are written"},
	 {"notify_fifo_script", IN(GLOBAL), SETTING_PARSE, GLOBAL(notify_fifo_script), 0, 0,
	  parse_fifo, "COMMAND: reads the FIFO"},
	 {"vrrp_notify_fifo", IN(GLOBAL), SETTING_PARSE, GLOBAL(vrrp_notify_fifo), 0, 0, parse_fifo,
	  "PATH: where changes of VRRP are written"},
	 {"vrrp_notify_fifo_script", IN(GLOBAL), SETTING_PARSE, GLOBAL(vrrp_notify_fifo_script), 0,
	  0, parse_fifo, "COMMAND: reads that FIFO"},
	 {"script_user", IN(GLOBAL), SETTING_PARSE, 0, 0, 0, parse_script_user,
	  "USER [GROUP]: whom scripts run as"},
	 {"enable_script_security", IN(GLOBAL), SETTING_ON, GLOBAL(enable_script_security), 0, 0,
	  NULL, "root runs no script that others may change"});
