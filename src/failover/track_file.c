/* SPDX-License-Identifier: MIT */
/*
 * Tracked files: the first number in a file, read whenever a writer closes it, or it is moved,
 * made or removed (inotify on its folder). No file, or no number, is 0. A folder that is not there
 * is looked for each second, because the kernel cannot tell.
 */
#include "failover/track_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#define FOLDER_RETRY_MS 1000
#define READ_BYTES 64          /* a number stands in front */
#define LOWEST_WEIGHTED (-253) /* below: a fault, as keepalived has it */
#define LIMIT 254
#define WATCHED                                                                                    \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF |               \
	 IN_MOVE_SELF | IN_ONLYDIR)

/* ---- what a value means */

static long long product(const struct model_vrrp_track *line, int value)
{
	long long weight = line->reverse ? -(long long)line->weight : line->weight;

	return weight * value;
}

bool track_file_is_fault(const struct model_vrrp_track *line, bool weighted, int value)
{
	if (!weighted)
		return (value != 0) != line->reverse;
	return product(line, value) < LOWEST_WEIGHTED;
}

int track_file_weight(const struct model_vrrp_track *line, int value)
{
	long long amount = product(line, value);

	return amount > LIMIT ? LIMIT : amount < -LIMIT ? -LIMIT : (int)amount;
}

static void tell_lines(const struct track_file *f, const struct model_vrrp_instance *i,
		       const struct model_vrrp_track *line, int before)
{
	for (; line; line = line->next) {
		bool weighted = line->weight != 0 && i->priority != 255;
		bool fault;

		if (line->file != f->conf)
			continue;
		fault = track_file_is_fault(line, weighted, f->value);
		if (fault != track_file_is_fault(line, weighted, before))
			say(&f->tracks->log, LOG_LEVEL_INFO, "(%s): tracked file %s %s FAULT state",
			    i->name, f->conf->name, fault ? "now" : "leaving");
	}
}

static void set_value(struct track_file *f, int value)
{
	const struct model_vrrp_instance *i;
	int before = f->value;

	if (value == before)
		return;
	f->value = value;
	for (i = f->tracks->model->instances; i; i = i->next) {
		tell_lines(f, i, i->track_files, before);
		if (i->group)
			tell_lines(f, i, i->group->track_files, before);
	}
	track_changed(f->tracks);
}

/* ---- the file */

static int read_number(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char text[READ_BYTES];
	ssize_t n;
	long value;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	value = strtol(text, NULL, 10);
	return value > INT_MAX ? INT_MAX : value < INT_MIN ? INT_MIN : (int)value;
}

/* init_file: made where missing, or always with `overwrite` (but not by a reload). */
static void make_file(const struct track_file *f, bool overwrite)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (overwrite ? O_TRUNC : O_EXCL);
	int fd = open(f->conf->path, flags, 0644);
	int error = errno;

	if (fd >= 0) {
		error = dprintf(fd, "%d\n", f->conf->init_value) < 0 ? errno : 0;
		close(fd);
	}
	if (error != 0 && error != EEXIST)
		say(&f->tracks->log, LOG_LEVEL_WARNING, "track_file %s: cannot make %s: %s",
		    f->conf->name, f->conf->path, strerror(error));
}

/* Watches its folder and reads it. */
static void watch_folder(struct track_file *f)
{
	struct tracks *t = f->tracks;
	char folder[PATH_MAX];
	size_t length = (size_t)(f->name - f->conf->path);

	if (length == 0)
		snprintf(folder, sizeof(folder), ".");
	else
		snprintf(folder, sizeof(folder), "%.*s", (int)length, f->conf->path);
	f->watch = inotify_add_watch(t->inotify.fd, folder, WATCHED);
	if (f->watch < 0 && !timer_is_set(&t->folders)) {
		say(&t->log, LOG_LEVEL_WARNING,
		    "track_file %s: cannot watch %s (%s), looking each second", f->conf->name,
		    folder, strerror(errno));
		timer_set(&t->loop->wheel, &t->folders, t->loop->now_ms + FOLDER_RETRY_MS);
	}
	set_value(f, read_number(f->conf->path));
}

static void on_folders(struct timer *timer, uint64_t now_ms)
{
	struct tracks *t = container_of(timer, struct tracks, folders);
	unsigned int i;

	timer_set(&t->loop->wheel, &t->folders, now_ms + FOLDER_RETRY_MS);
	for (i = 0; i < t->n_files; i++)
		if (t->files[i].watch < 0)
			watch_folder(&t->files[i]);
	for (i = 0; i < t->n_files; i++)
		if (t->files[i].watch < 0)
			return;
	timer_stop(&t->loop->wheel, &t->folders);
}

static void note_event(struct tracks *t, const struct inotify_event *e)
{
	unsigned int i;

	for (i = 0; i < t->n_files; i++) {
		struct track_file *f = &t->files[i];

		if (e->mask & IN_Q_OVERFLOW) {
			set_value(f, read_number(f->conf->path));
			continue;
		}
		if (f->watch != e->wd)
			continue;
		if (e->mask & IN_MOVE_SELF)
			inotify_rm_watch(t->inotify.fd, e->wd);
		else if (e->mask & IN_IGNORED)
			watch_folder(f);
		else if (e->len && strcmp(e->name, f->name) == 0)
			set_value(f, read_number(f->conf->path));
	}
}

static void on_inotify(struct io *io)
{
	struct tracks *t = container_of(io, struct tracks, inotify);
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(io->fd, buf, sizeof(buf));
	const char *at = buf;

	while (n > 0 && at < buf + n) {
		const struct inotify_event *e = (const struct inotify_event *)(const void *)at;

		note_event(t, e);
		at += sizeof(*e) + e->len;
	}
}

static const struct io_handler inotify_handler = {.name = "track_file", .on_ready = on_inotify};

/* ---- start and end */

static void start_file(struct tracks *t, struct track_file *f)
{
	const struct model_vrrp_file *conf = f->conf;
	const char *slash = strrchr(conf->path, '/');

	*f = (struct track_file){.tracks = t, .conf = conf, .watch = -1};
	f->name = slash ? slash + 1 : conf->path;
	if (conf->init)
		make_file(f, conf->overwrite && !t->hooks.previous);
	watch_folder(f);
}

void track_files_start(struct tracks *t)
{
	unsigned int i;
	int fd, error;

	timer_init(&t->folders, on_folders);
	if (t->n_files == 0)
		return;
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	error = fd < 0 ? -errno : 0;
	if (fd >= 0) {
		io_init(&t->inotify, t->loop, fd, &inotify_handler);
		error = io_watch(&t->inotify);
	}
	if (error)
		say(&t->log, LOG_LEVEL_WARNING, "track_file: no inotify: %s", strerror(-error));
	for (i = 0; i < t->n_files; i++)
		start_file(t, &t->files[i]);
}

void track_files_stop(struct tracks *t)
{
	timer_stop(&t->loop->wheel, &t->folders);
	if (t->inotify.fd >= 0)
		io_close(&t->inotify);
}
