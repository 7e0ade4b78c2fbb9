/* SPDX-License-Identifier: MIT */
/*
 * What is tracked, and what it makes of a priority. Made anew with each model; a reload hands over
 * what is known. Used by instance.c through tracks_sum; the kinds of things are in
 * track_script.c, track_file.c, track_process.c; interfaces and BFD sessions are told from outside.
 */
#include "failover/track_priv.h"

#include <stdio.h>
#include <stdlib.h>

enum track_kind { KIND_INTERFACE, KIND_SCRIPT, KIND_FILE, KIND_PROCESS, KIND_BFD, KINDS };

static const char *const kind_names[] = {
    [KIND_INTERFACE] = "interface", [KIND_SCRIPT] = "script", [KIND_FILE] = "file",
    [KIND_PROCESS] = "process",     [KIND_BFD] = "bfd",
};

static const struct model_vrrp_track *lines_of_instance(const struct model_vrrp_instance *i,
							enum track_kind kind)
{
	const struct model_vrrp_track *const lists[KINDS] = {
	    i->track_interfaces, i->track_scripts, i->track_files,
	    i->track_processes,  i->track_bfds,
	};

	return lists[kind];
}

static const struct model_vrrp_track *lines_of_group(const struct model_vrrp_group *g,
						     enum track_kind kind)
{
	const struct model_vrrp_track *const lists[KINDS] = {
	    g->track_interfaces, g->track_scripts, g->track_files,
	    g->track_processes,  g->track_bfds,
	};

	return lists[kind];
}

static void on_changed(struct task *task)
{
	struct tracks *t = container_of(task, struct tracks, changed);

	if (t->hooks.changed)
		t->hooks.changed(t->hooks.user);
}

void track_changed(struct tracks *t)
{
	task_queue(t->loop, &t->changed);
}

/* ---- which things are used */

/* Calls `visit` with each line of the kind, of instances and groups. */
static void each_line(struct tracks *t, enum track_kind kind,
		      void (*visit)(struct tracks *t, const struct model_vrrp_track *line))
{
	const struct model_vrrp_instance *i;
	const struct model_vrrp_group *g;
	const struct model_vrrp_track *line;

	for (i = t->model->instances; i; i = i->next)
		for (line = lines_of_instance(i, kind); line; line = line->next)
			visit(t, line);
	for (g = t->model->groups; g; g = g->next)
		for (line = lines_of_group(g, kind); line; line = line->next)
			visit(t, line);
}

/* Room for one more at the end of *things, zeroed; NULL when out of memory. */
static void *one_more(void **things, unsigned int *n, size_t size)
{
	char *more = realloc(*things, (*n + 1) * size);

	if (!more)
		return NULL;
	*things = more;
	more += *n * size;
	memset(more, 0, size);
	(*n)++;
	return more;
}

static struct track_script *find_script(const struct tracks *t,
					const struct model_vrrp_script *conf)
{
	unsigned int i;

	for (i = 0; i < t->n_scripts; i++)
		if (t->scripts[i].conf == conf)
			return &t->scripts[i];
	return NULL;
}

static struct track_file *find_file(const struct tracks *t, const struct model_vrrp_file *conf)
{
	unsigned int i;

	for (i = 0; i < t->n_files; i++)
		if (t->files[i].conf == conf)
			return &t->files[i];
	return NULL;
}

static struct track_process *find_process(const struct tracks *t,
					  const struct model_vrrp_process *conf)
{
	unsigned int i;

	for (i = 0; i < t->n_processes; i++)
		if (t->processes[i].conf == conf)
			return &t->processes[i];
	return NULL;
}

static struct track_link *find_link(const struct tracks *t, const char *name)
{
	unsigned int i;

	for (i = 0; i < t->n_links; i++)
		if (strcmp(t->links[i].name, name) == 0)
			return &t->links[i];
	return NULL;
}

static struct track_bfd *find_bfd(const struct tracks *t, const char *name)
{
	unsigned int i;

	for (i = 0; i < t->n_bfds; i++)
		if (strcmp(t->bfds[i].conf->name, name) == 0)
			return &t->bfds[i];
	return NULL;
}

static void add_link(struct tracks *t, const struct model_vrrp_track *line)
{
	struct track_link *link = find_link(t, line->name);

	if (link)
		return;
	link = one_more((void **)&t->links, &t->n_links, sizeof(*link));
	if (!link)
		return;
	link->name = line->name;
	link->up = t->hooks.link_is_up && t->hooks.link_is_up(t->hooks.user, line->name);
}

static void add_script(struct tracks *t, const struct model_vrrp_track *line)
{
	struct track_script *s;

	if (!line->script || find_script(t, line->script))
		return;
	s = one_more((void **)&t->scripts, &t->n_scripts, sizeof(*s));
	if (s)
		s->conf = line->script;
}

static void add_file(struct tracks *t, const struct model_vrrp_track *line)
{
	struct track_file *f;

	if (!line->file || find_file(t, line->file))
		return;
	f = one_more((void **)&t->files, &t->n_files, sizeof(*f));
	if (f)
		f->conf = line->file;
}

static void add_process(struct tracks *t, const struct model_vrrp_track *line)
{
	struct track_process *p;

	if (!line->process || find_process(t, line->process))
		return;
	p = one_more((void **)&t->processes, &t->n_processes, sizeof(*p));
	if (p)
		p->conf = line->process;
}

static void add_bfd(struct tracks *t, const struct model_vrrp_track *line)
{
	const struct track_bfd *before = NULL;
	struct track_bfd *b;

	if (!line->bfd || find_bfd(t, line->bfd->name))
		return;
	b = one_more((void **)&t->bfds, &t->n_bfds, sizeof(*b));
	if (!b)
		return;
	b->conf = line->bfd;
	if (t->hooks.previous)
		before = find_bfd(t->hooks.previous, line->bfd->name);
	b->up = before && before->up;
}

/* ---- start and end */

static const struct track_script *script_before(const struct tracks *t, const char *name)
{
	const struct tracks *previous = t->hooks.previous;
	unsigned int i;

	for (i = 0; previous && i < previous->n_scripts; i++)
		if (strcmp(previous->scripts[i].conf->name, name) == 0)
			return &previous->scripts[i];
	return NULL;
}

static void start_all(struct tracks *t)
{
	unsigned int i;

	for (i = 0; i < t->n_scripts; i++) {
		const struct model_vrrp_script *conf = t->scripts[i].conf;

		track_script_start(&t->scripts[i], t, conf, script_before(t, conf->name));
	}
	track_files_start(t);
	track_processes_start(t);
	if (t->hooks.previous && t->hooks.previous->service != TRACK_UNKNOWN)
		tracks_set_service(t, t->hooks.previous->service == TRACK_UP);
}

static bool is_own_interface(const struct model_vrrp_instance *conf, enum track_kind kind,
			     const struct model_vrrp_track *line)
{
	return kind == KIND_INTERFACE && conf->interface &&
	       strcmp(conf->interface, line->name) == 0;
}

static void say_ignored(const struct tracks *t, const struct model_vrrp_instance *i)
{
	const struct model_vrrp_track *line;

	for (line = i->track_interfaces; line; line = line->next)
		if (is_own_interface(i, KIND_INTERFACE, line))
			say(&t->log, LOG_LEVEL_INFO,
			    "(%s) Ignoring track_interface %s since own interface", i->name,
			    line->name);
}

struct tracks *tracks_new(struct loop *l, const struct model_vrrp *model,
			  const struct tracks_hooks *hooks)
{
	struct tracks *t = calloc(1, sizeof(*t));
	const struct model_vrrp_instance *i;

	if (!t)
		return NULL;
	t->loop = l;
	t->model = model;
	t->hooks = *hooks;
	t->log = (struct say){hooks->log, hooks->user};
	t->inotify.fd = t->connector.fd = -1;
	task_init(&t->changed, on_changed);
	each_line(t, KIND_INTERFACE, add_link);
	each_line(t, KIND_SCRIPT, add_script);
	each_line(t, KIND_FILE, add_file);
	each_line(t, KIND_PROCESS, add_process);
	each_line(t, KIND_BFD, add_bfd);
	for (i = model->instances; i; i = i->next)
		say_ignored(t, i);
	start_all(t);
	t->hooks.previous = NULL;
	return t;
}

void tracks_free(struct tracks *t)
{
	if (!t)
		return;
	track_scripts_stop(t);
	track_files_stop(t);
	track_processes_stop(t);
	task_cancel(&t->changed);
	free(t->scripts);
	free(t->files);
	free(t->processes);
	free(t->links);
	free(t->bfds);
	free(t);
}

/* ---- what the outside knows */

void tracks_set_link(struct tracks *t, const char *name, bool up)
{
	struct track_link *link = find_link(t, name);

	if (!link || link->up == up)
		return;
	link->up = up;
	track_changed(t);
}

void tracks_set_service(struct tracks *t, bool answers)
{
	enum track_state state = answers ? TRACK_UP : TRACK_DOWN;
	unsigned int i;

	if (t->service == state)
		return;
	t->service = state;
	for (i = 0; i < t->n_scripts; i++)
		if (t->scripts[i].inside)
			track_script_service(&t->scripts[i], answers);
	for (i = 0; i < t->n_processes; i++)
		if (t->processes[i].inside)
			track_process_service(&t->processes[i], answers);
}

static bool tracks_bfd(const struct model_vrrp_track *line, const char *name)
{
	for (; line; line = line->next)
		if (line->bfd && strcmp(line->bfd->name, name) == 0)
			return true;
	return false;
}

void tracks_set_bfd(struct tracks *t, const struct model_vrrp_bfd *bfd, bool up)
{
	struct track_bfd *b = find_bfd(t, bfd->name);
	const struct model_vrrp_instance *i;

	if (!b || b->up == up)
		return;
	b->up = up;
	for (i = t->model->instances; i; i = i->next)
		if (tracks_bfd(i->track_bfds, bfd->name) ||
		    (i->group && tracks_bfd(i->group->track_bfds, bfd->name)))
			say(&t->log, LOG_LEVEL_INFO,
			    "VRRP_Instance(%s) Tracked BFD instance %s is %s", i->name, bfd->name,
			    up ? "UP" : "DOWN");
	track_changed(t);
}

/* ---- the sum */

struct sum_pass {
	const struct tracks *t;
	struct track_sum *out;
	bool weighted; /* weights count */
};

static void add_text(struct track_sum *sum, int amount, const char *name)
{
	size_t used = strlen(sum->text);

	snprintf(sum->text + used, sizeof(sum->text) - used, "%s%+d %s", used ? " " : "", amount,
		 name);
}

static void add_amount(struct track_sum *sum, int amount, const char *name)
{
	if (amount == 0)
		return;
	sum->delta += amount;
	if (!sum->fault)
		add_text(sum, amount, name);
}

/* The first fault is the one that is told. */
static void add_fault(struct track_sum *sum, const char *kind, const char *name, const char *what)
{
	if (!sum->fault)
		snprintf(sum->text, sizeof(sum->text), "%s %s %s", kind, name, what);
	sum->fault = true;
}

static void weigh_file(const struct sum_pass *p, const struct model_vrrp_track *line)
{
	const struct track_file *f = line->file ? find_file(p->t, line->file) : NULL;
	bool weighted = p->weighted && line->weight != 0;
	char what[32];

	if (!f)
		return;
	snprintf(what, sizeof(what), "says %d", f->value);
	if (track_file_is_fault(line, weighted, f->value))
		add_fault(p->out, "file", line->name, what);
	else if (weighted)
		add_amount(p->out, track_file_weight(line, f->value), line->name);
}

/* False where the line does not count. */
static bool state_of(const struct tracks *t, enum track_kind kind,
		     const struct model_vrrp_track *line, enum track_state *state)
{
	const struct track_script *s;
	const struct track_process *p;
	const struct track_link *link;
	const struct track_bfd *b;

	switch (kind) {
	case KIND_SCRIPT:
		s = line->script ? find_script(t, line->script) : NULL;
		*state = s ? s->state : TRACK_UNKNOWN;
		return s && !s->disabled;
	case KIND_PROCESS:
		p = line->process ? find_process(t, line->process) : NULL;
		*state = p ? p->state : TRACK_UNKNOWN;
		return p != NULL;
	case KIND_INTERFACE:
		link = find_link(t, line->name);
		*state = link && link->up ? TRACK_UP : TRACK_DOWN;
		return link != NULL;
	default:
		b = line->bfd ? find_bfd(t, line->bfd->name) : NULL;
		*state = b && b->up ? TRACK_UP : TRACK_DOWN;
		return b != NULL;
	}
}

/* Positive weights count while up, negative ones while down, reverse turns their sign. */
static void weigh(const struct sum_pass *p, enum track_kind kind,
		  const struct model_vrrp_track *line)
{
	enum track_state state;

	if (!state_of(p->t, kind, line, &state))
		return;
	if (line->weight != 0) {
		if (p->weighted && state == (line->weight > 0 ? TRACK_UP : TRACK_DOWN))
			add_amount(p->out, line->reverse ? -line->weight : line->weight,
				   line->name);
	} else if (state == TRACK_UNKNOWN) {
		p->out->pending = true;
	} else if ((state == TRACK_UP) == line->reverse) {
		add_fault(p->out, kind_names[kind], line->name,
			  state == TRACK_UP ? "is up" : "is down");
	}
}

static void weigh_lines(const struct sum_pass *p, enum track_kind kind,
			const struct model_vrrp_track *line, const struct model_vrrp_instance *own)
{
	for (; line; line = line->next) {
		if (own && is_own_interface(own, kind, line))
			continue;
		if (kind == KIND_FILE)
			weigh_file(p, line);
		else
			weigh(p, kind, line);
	}
}

void tracks_sum(const struct tracks *t, const struct model_vrrp_instance *conf,
		struct track_sum *out)
{
	/* An owner's priority is 255, whatever its group says. */
	struct sum_pass pass = {t, out, conf->priority != 255};
	unsigned int kind;

	*out = (struct track_sum){.delta = 0};
	for (kind = 0; kind < KINDS; kind++) {
		weigh_lines(&pass, kind, lines_of_instance(conf, kind), conf);
		if (conf->group)
			weigh_lines(&pass, kind, lines_of_group(conf->group, kind), NULL);
	}
}
