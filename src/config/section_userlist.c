/* SPDX-License-Identifier: MIT */
/*
 * Sections "userlist": groups and users for http_auth. A group may name users that come later, and
 * the other way round, so memberships are looked up at the end. The reader begins a section here.
 */
#include "config/section_userlist.h"

#include "config/section_parts.h"

/* What a line says of memberships: a user's groups, or a group's users. */
struct model_membership {
	struct model_membership *next;
	struct userlist *list;
	struct user *user;         /* NULL: the line is a group's */
	struct span group, others; /* group: the line's; others: separated by commas */
	const struct node *line;
};

struct model_group {
	struct model_group *next;
	struct userlist *list;
	struct span name;
};

bool config_begin_userlist(struct config_reader *r, const struct node *line)
{
	struct userlist *list, **end = &r->model->rules.userlists;

	if (!config_need_word(r, line, 1, "userlist <name>") || !config_expect_end(r, line, 2))
		return false;
	if (userlist_find(*end, line->words[1])) {
		config_warn(r, line, "ignoring duplicated userlist '%s'.", line->words[1].p);
		return false;
	}
	list = config_alloc(r, line, sizeof(*list));
	if (!list)
		return false;
	list->name = line->words[1];
	while (*end)
		end = &(*end)->next;
	*end = r->userlist = list;
	return true;
}

static bool note_members(struct config_reader *r, const struct node *line, struct user *user,
			 struct span others)
{
	struct model_membership *m = config_alloc(r, line, sizeof(*m));
	struct node *copy = config_alloc(r, line, sizeof(*copy));

	if (!m || !copy)
		return false;
	*copy = *line;
	*m = (struct model_membership){.next = r->model->memberships,
				       .list = r->userlist,
				       .user = user,
				       .group = user ? SPAN_NONE : line->words[1],
				       .others = others,
				       .line = copy};
	r->model->memberships = m;
	return true;
}

static const struct model_group *find_group(const struct config_reader *r,
					    const struct userlist *list, struct span name)
{
	const struct model_group *g = r->model->groups;

	while (g && (g->list != list || !span_equal(g->name, name)))
		g = g->next;
	return g;
}

static void parse_group(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_group *g;

	if (!config_need_word(r, line, at, "group <name> [users <user>,<user>,...]"))
		return;
	if (find_group(r, r->userlist, line->words[at])) {
		config_warn(r, line, "ignoring duplicated group '%s' in userlist '%.*s'.",
			    line->words[at].p, SPAN_ARG(r->userlist->name));
		return;
	}
	g = config_alloc(r, line, sizeof(*g));
	if (!g)
		return;
	*g = (struct model_group){r->model->groups, r->userlist, line->words[at]};
	r->model->groups = g;
	if (at + 1 == line->n_words)
		return;
	if (!node_word_is(line, at + 1, "users") || !node_word(line, at + 2).len) {
		config_alert(r, line,
			     "'group' only supports 'users' and a list of users behind "
			     "the name, as in 'group %s users anna,bob'.",
			     line->words[at].p);
		return;
	}
	if (config_expect_end(r, line, at + 3))
		(void)note_members(r, line, NULL, line->words[at + 2]);
}

static bool parse_password(struct config_reader *r, const struct node *line, unsigned int at,
			   struct user *u)
{
	u->plain = node_word_is(line, at, "insecure-password");
	u->password = node_word(line, at + 1);
	if (u->plain || password_hash_is_known(u->password))
		return true;
	config_alert(r, line,
		     "the encrypted password used for user '%.*s' is not supported by crypt(3); "
		     "make one with 'mkpasswd -m sha-512'.",
		     SPAN_ARG(u->name));
	return false;
}

static bool parse_user_words(struct config_reader *r, const struct node *line, unsigned int at,
			     struct user *u)
{
	for (; at < line->n_words; at += 2) {
		bool groups = node_word_is(line, at, "groups");

		if (!groups && !node_word_is(line, at, "password") &&
		    !node_word_is(line, at, "insecure-password")) {
			config_alert(r, line,
				     "unknown user argument '%s', only 'password', "
				     "'insecure-password' and 'groups' are supported.",
				     line->words[at].p);
			return false;
		}
		if (!node_word(line, at + 1).len) {
			config_alert(r, line, "'user' expects a value behind '%s'.",
				     line->words[at].p);
			return false;
		}
		if (groups ? !note_members(r, line, u, line->words[at + 1])
			   : !parse_password(r, line, at, u))
			return false;
	}
	return true;
}

static void parse_user(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct user *u, **end = &r->userlist->users;

	if (!config_need_word(r, line, at,
			      "user <name> [password|insecure-password <password>] "
			      "[groups <group>,<group>,...]"))
		return;
	if (userlist_find_user(r->userlist, line->words[at])) {
		config_warn(r, line, "ignoring duplicated user '%s' in userlist '%.*s'.",
			    line->words[at].p, SPAN_ARG(r->userlist->name));
		return;
	}
	u = config_alloc(r, line, sizeof(*u));
	if (!u)
		return;
	u->name = line->words[at];
	while (*end)
		end = &(*end)->next;
	*end = u;
	if (parse_user_words(r, line, at + 1, u) && !u->password.p)
		config_warn(r, line,
			    "user '%s' has no password and will never pass; add 'password <hash>' "
			    "or 'insecure-password <text>'.",
			    line->words[at].p);
}

/* ---- memberships ---- */

static void join(struct config_reader *r, const struct node *line, struct user *u,
		 struct span group)
{
	struct user_group *g, **end = &u->groups;

	for (; *end; end = &(*end)->next) {
		if (span_equal((*end)->name, group))
			return;
	}
	g = config_alloc(r, line, sizeof(*g));
	if (!g)
		return;
	g->name = group;
	*end = g;
}

static void resolve_one(struct config_reader *r, const struct model_membership *m, struct span name)
{
	struct user *u = m->user ? m->user : userlist_find_user(m->list, name);

	if (!u)
		config_alert(r, m->line,
			     "userlist '%.*s': no such user '%.*s' specified in group '%.*s'.",
			     SPAN_ARG(m->list->name), SPAN_ARG(name), SPAN_ARG(m->group));
	else if (m->user && !find_group(r, m->list, name))
		config_alert(r, m->line,
			     "userlist '%.*s': no such group '%.*s' specified in user '%.*s'; add "
			     "a line 'group %.*s'.",
			     SPAN_ARG(m->list->name), SPAN_ARG(name), SPAN_ARG(u->name),
			     SPAN_ARG(name));
	else
		join(r, m->line, u, m->user ? name : m->group);
}

void config_resolve_groups(struct config_reader *r)
{
	for (const struct model_membership *m = r->model->memberships; m; m = m->next) {
		struct span rest = m->others;

		while (rest.p)
			resolve_one(r, m, span_split(&rest, ','));
	}
}

void config_resolve_userlist(struct config_reader *r, struct rule_reference *ref)
{
	ref->proxy = userlist_find(r->model->rules.userlists, ref->proxy_name);
	if (!ref->proxy)
		diag_add(r->diags, DIAG_ALERT, ref->file, ref->line,
			 "unable to find userlist '%.*s' that an expression refers to; add a "
			 "section 'userlist %.*s'.",
			 SPAN_ARG(ref->proxy_name), SPAN_ARG(ref->proxy_name));
}

KEYWORDS(section_userlist,
	 {"group", IN_USERLIST, KEYWORD_PARSE, 0, 0, 0, parse_group,
	  "NAME [users U,U,...]: a group of users"},
	 {"user", IN_USERLIST, KEYWORD_PARSE, 0, 0, 0, parse_user,
	  "NAME [password HASH|insecure-password TEXT] [groups G,G,...]: who may pass"});
