/* SPDX-License-Identifier: MIT */
/*
 * Transitions told to scripts and fifos. An owner (an instance or a group) has a queue: its scripts
 * run one after the other, so that nobody sees a BACKUP behind the MASTER that came later; those of
 * different owners run beside each other. As keepalived, the state's own script comes first, then
 * "notify" with four words more.
 */
#include "failover/notify.h"

#include "failover/notify_fifo.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum slot {
	SLOT_MASTER,
	SLOT_BACKUP,
	SLOT_FAULT,
	SLOT_STOP,
	SLOT_DELETED,
	SLOT_LOWER,
	SLOT_ALL,
	SLOTS
};

enum owner_kind { INSTANCE, GROUP };

static const char *const kind_words[] = {"INSTANCE", "GROUP"};

struct owner {
	struct list link;
	struct notify *notify;
	char *name;
	enum owner_kind kind;
	bool master; /* what it was told last */
	bool says_deleted;
	struct runnable commands[SLOTS];
	struct job *first_job, **last_job; /* last_job: where the next one goes */
	unsigned int n_jobs;
	bool overflowed; /* said */
	bool running;
	struct spawned child;
	struct io io;
};

struct job {
	struct job *next;
	enum slot slot;
	const char *state; /* static; for SLOT_ALL */
	uint8_t priority;
};

struct notify {
	struct loop *loop;
	struct say log;
	bool priority_changes;
	struct list owners;
	struct notify_fifo fifos[2];
};

static const struct {
	enum slot slot; /* SLOTS: none */
	const char *state;
	bool for_all; /* "notify" is run too */
} events[] = {
    [NOTIFY_MASTER] = {SLOT_MASTER, "MASTER", true},
    [NOTIFY_BACKUP] = {SLOT_BACKUP, "BACKUP", true},
    [NOTIFY_FAULT] = {SLOT_FAULT, "FAULT", true},
    [NOTIFY_STOP] = {SLOT_STOP, "STOP", true},
    [NOTIFY_DELETED] = {SLOT_DELETED, "DELETED", true},
    [NOTIFY_LOWER_PRIORITY] = {SLOT_LOWER, "MASTER_RX_LOWER_PRI", false},
    [NOTIFY_PRIORITY] = {SLOTS, "BACKUP_PRIORITY", false},
};

/* ---- scripts */

static void start_next(struct owner *o);

static void on_ended(struct io *io)
{
	struct owner *o = container_of(io, struct owner, io);

	o->child.pidfd = io_detach(&o->io);
	o->running = false;
	runnable_end(&o->child);
	start_next(o);
}

static const struct io_handler pidfd_handler = {.name = "notify", .on_ready = on_ended};

static bool start_job(struct owner *o, const struct job *j)
{
	const struct runnable *command = &o->commands[j->slot];
	char priority[8];
	const char *const extra[] = {kind_words[o->kind], o->name, j->state, priority, NULL};
	int error;

	if (command->state != RUNNABLE_OK)
		return false;
	snprintf(priority, sizeof(priority), "%u", j->priority);
	error = runnable_start(command, j->slot == SLOT_ALL ? extra : NULL, &o->child);
	if (error)
		say(&o->notify->log, LOG_LEVEL_WARNING, "(%s) notify script %s cannot be run: %s",
		    o->name, command->argv[0], strerror(-error));
	return error == 0;
}

/* The oldest one leaves the queue: false where there is none. */
static bool take_job(struct owner *o, struct job *out)
{
	struct job *j = o->first_job;

	if (!j)
		return false;
	*out = *j;
	o->first_job = j->next;
	if (!o->first_job)
		o->last_job = &o->first_job;
	o->n_jobs--;
	free(j);
	return true;
}

static void start_next(struct owner *o)
{
	struct job j;

	while (!o->running && take_job(o, &j)) {
		if (!start_job(o, &j))
			continue;
		io_init(&o->io, o->notify->loop, o->child.pidfd, &pidfd_handler);
		o->running = io_watch(&o->io) == 0;
		if (!o->running)
			io_close(&o->io);
	}
	if (!o->first_job)
		o->overflowed = false;
}

static void add_job(struct owner *o, enum slot slot, const char *state, uint8_t priority)
{
	struct job *j, oldest;

	if (slot >= SLOTS || o->commands[slot].state != RUNNABLE_OK)
		return;
	j = malloc(sizeof(*j));
	if (!j)
		return;
	*j = (struct job){.slot = slot, .state = state, .priority = priority};
	*o->last_job = j;
	o->last_job = &j->next;
	o->n_jobs++;
	if (o->n_jobs <= NOTIFY_MAX_WAITING || !take_job(o, &oldest))
		return;
	if (!o->overflowed)
		say(&o->notify->log, LOG_LEVEL_WARNING,
		    "(%s) a notify script does not end, %u wait: the oldest go", o->name,
		    NOTIFY_MAX_WAITING);
	o->overflowed = true;
}

/* ---- owners */

static struct owner *owner_find(const struct notify *n, enum owner_kind kind, const char *name)
{
	struct list *node;

	LIST_EACH(node, &n->owners) {
		struct owner *o = LIST_ENTRY(node, struct owner, link);

		if (o->kind == kind && strcmp(o->name, name) == 0)
			return o;
	}
	return NULL;
}

static struct owner *owner_get(struct notify *n, enum owner_kind kind, const char *name)
{
	struct owner *o = owner_find(n, kind, name);

	if (o)
		return o;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->notify = n;
	o->kind = kind;
	o->name = strdup(name);
	o->io.fd = o->child.pidfd = -1;
	o->last_job = &o->first_job;
	list_append(&n->owners, &o->link);
	if (o->name)
		return o;
	list_remove(&o->link);
	free(o);
	return NULL;
}

static void owner_load(struct notify *n, enum owner_kind kind, const char *name,
		       const struct model_notify *conf, const struct model_vrrp_global *global)
{
	const struct model_command *const commands[SLOTS] = {
	    &conf->master, &conf->backup,  &conf->fault,
	    &conf->stop,   &conf->deleted, &conf->master_rx_lower_prio,
	    &conf->all,
	};
	struct owner *o = owner_get(n, kind, name);
	unsigned int i;

	if (!o)
		return;
	o->says_deleted = conf->deleted.argv != NULL;
	for (i = 0; i < SLOTS; i++) {
		runnable_fini(&o->commands[i]);
		runnable_init(&o->commands[i], commands[i], global, &n->log);
		if (o->commands[i].state > RUNNABLE_OK)
			say(&n->log, LOG_LEVEL_WARNING, "(%s) Disabling notify script %s", name,
			    commands[i]->argv[0]);
	}
}

static void owner_free(struct owner *o)
{
	struct job j;
	unsigned int i;

	if (o->running)
		io_close(&o->io);
	while (take_job(o, &j))
		if (start_job(o, &j))
			close(o->child.pidfd);
	for (i = 0; i < SLOTS; i++)
		runnable_fini(&o->commands[i]);
	list_remove(&o->link);
	free(o->name);
	free(o);
}

static void load_owners(struct notify *n, const struct model_vrrp *model)
{
	const struct model_vrrp_instance *i;
	const struct model_vrrp_group *g;

	n->priority_changes = model->global.notify_priority_changes != 0;
	for (i = model->instances; i; i = i->next)
		owner_load(n, INSTANCE, i->name, &i->notify, &model->global);
	for (g = model->groups; g; g = g->next)
		owner_load(n, GROUP, g->name, &g->notify, &model->global);
}

/* ---- fifos */

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* One that stays the same goes on. */
static void load_fifo(struct notify *n, struct notify_fifo *f, const struct model_vrrp_global *g,
		      const char *path, const char *script)
{
	if (same_text(f->path, path) && same_text(f->script_text, path ? script : NULL))
		return;
	notify_fifo_close(f);
	notify_fifo_open(f, n->loop, &n->log, g, path, script);
}

static void load_fifos(struct notify *n, const struct model_vrrp_global *g)
{
	const char *vrrp_path = g->vrrp_notify_fifo;

	if (vrrp_path && same_text(vrrp_path, g->notify_fifo)) {
		say(&n->log, LOG_LEVEL_WARNING,
		    "notify FIFO %s has been specified for global and vrrp FIFO - ignoring vrrp "
		    "FIFO",
		    vrrp_path);
		vrrp_path = NULL;
	}
	load_fifo(n, &n->fifos[0], g, g->notify_fifo, g->notify_fifo_script);
	load_fifo(n, &n->fifos[1], g, vrrp_path, g->vrrp_notify_fifo_script);
}

/* ---- events */

static void tell(struct notify *n, enum owner_kind kind, const char *name, enum notify_event e,
		 uint8_t priority)
{
	struct owner *o = owner_find(n, kind, name);
	char line[SAY_MAX_BYTES];
	const char *state;
	int len;

	if (e == NOTIFY_PRIORITY && !n->priority_changes)
		return;
	if (e == NOTIFY_DELETED && !(o && o->says_deleted))
		e = NOTIFY_FAULT;
	state = events[e].state;
	if (e == NOTIFY_PRIORITY && o && o->master)
		state = "MASTER_PRIORITY";
	len = snprintf(line, sizeof(line), "%s \"%s\" %s %u\n", kind_words[kind], name, state,
		       priority);
	if (len > 0 && (size_t)len < sizeof(line)) {
		notify_fifo_write(&n->fifos[0], span_make(line, (size_t)len));
		notify_fifo_write(&n->fifos[1], span_make(line, (size_t)len));
	}
	if (!o)
		return;
	if (e < NOTIFY_LOWER_PRIORITY)
		o->master = e == NOTIFY_MASTER;
	add_job(o, events[e].slot, state, priority);
	if (events[e].for_all)
		add_job(o, SLOT_ALL, state, priority);
	start_next(o);
}

void notify_instance(struct notify *n, const struct model_vrrp_instance *i, enum notify_event e,
		     uint8_t priority)
{
	tell(n, INSTANCE, i->name, e, priority);
}

void notify_group(struct notify *n, const struct model_vrrp_group *g, enum notify_event e)
{
	tell(n, GROUP, g->name, e, 0);
}

bool notify_busy(const struct notify *n)
{
	struct list *node;

	LIST_EACH(node, &n->owners)
		if (LIST_ENTRY(node, struct owner, link)->running)
			return true;
	return false;
}

/* ---- the whole */

struct notify *notify_new(struct loop *l, const struct model_vrrp *model,
			  void (*log)(void *user, enum log_level level, const char *line),
			  void *user)
{
	struct notify *n = calloc(1, sizeof(*n));
	unsigned int i;

	if (!n)
		return NULL;
	n->loop = l;
	n->log = (struct say){log, user};
	list_init(&n->owners);
	for (i = 0; i < array_size(n->fifos); i++)
		notify_fifo_open(&n->fifos[i], l, &n->log, &model->global, NULL, NULL);
	load_owners(n, model);
	load_fifos(n, &model->global);
	return n;
}

void notify_reload(struct notify *n, const struct model_vrrp *model)
{
	load_owners(n, model);
	load_fifos(n, &model->global);
}

void notify_free(struct notify *n)
{
	struct list *node, *next;
	unsigned int i;

	if (!n)
		return;
	LIST_EACH_SAFE(node, next, &n->owners)
		owner_free(LIST_ENTRY(node, struct owner, link));
	for (i = 0; i < array_size(n->fifos); i++)
		notify_fifo_close(&n->fifos[i]);
	free(n);
}
