/* SPDX-License-Identifier: MIT */
/*
 * Tracked processes: how many of a name live, against a quorum. /proc is read once; then the
 * kernel tells of forks, execs and ends (track_connector.c), or, where it does not, /proc is read
 * each second. A process is known by its name (comm), with parameters or full_command by its
 * command line.
 */
#include "failover/track_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define POLL_MS 1000
#define COMM_BYTES 15 /* the kernel keeps so much of a name */
#define MAX_PIDS 65536
#define CMDLINE_BYTES 4096

/* ---- who a process is */

/* At most size - 1 bytes of a file of /proc/PID, and a NUL. 0 where there is none. */
static size_t read_proc(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	return (size_t)n;
}

/* "PID (NAME) S …": the name, SPAN_NONE for a zombie. */
static struct span live_name(char *stat, size_t n)
{
	struct span text = span_make(stat, n);
	size_t from = span_find(text, '(') + 1;
	char *end = strrchr(stat, ')');

	if (!end || from > (size_t)(end - stat) || (size_t)(end - stat) + 2 >= n)
		return SPAN_NONE;
	if (end[2] == 'Z' || end[2] == 'X')
		return SPAN_NONE;
	return span_slice(text, from, (size_t)(end - stat) - from);
}

static bool has_name(const struct track_process *p, struct span name)
{
	struct span wanted = span_of(p->conf->process);
	const char *slash = strrchr(p->conf->process, '/');

	if (slash)
		wanted = span_of(slash + 1);
	if (wanted.len > COMM_BYTES)
		wanted.len = COMM_BYTES;
	return span_equal(wanted, name);
}

/* The words of a command line, apart by NULs, against "a b c". */
static bool has_parameters(struct span words, const char *parameters)
{
	struct span wanted = span_of(parameters);
	size_t i;

	if (words.len > 0 && words.p[words.len - 1] == '\0')
		words.len--;
	if (words.len != wanted.len)
		return false;
	for (i = 0; i < words.len; i++)
		if (words.p[i] != wanted.p[i] && !(words.p[i] == '\0' && wanted.p[i] == ' '))
			return false;
	return true;
}

static bool has_command_line(const struct track_process *p, pid_t pid)
{
	char line[CMDLINE_BYTES];
	size_t n = read_proc(pid, "cmdline", line, sizeof(line));
	struct span rest = span_make(line, n);
	struct span first;

	if (n == 0)
		return false;
	first = span_split(&rest, '\0');
	if (!span_equal(first, span_of(p->conf->process)))
		return false;
	return !p->conf->parameters || has_parameters(rest, p->conf->parameters);
}

static bool matches(const struct track_process *p, pid_t pid)
{
	char stat[512];
	size_t n = read_proc(pid, "stat", stat, sizeof(stat));
	struct span name = n ? live_name(stat, n) : SPAN_NONE;

	if (!name.p)
		return false;
	if (p->conf->full_command || p->conf->parameters)
		return has_command_line(p, pid);
	return has_name(p, name);
}

/* ---- the quorum */

static void enter(struct track_process *p, enum track_state state)
{
	if (p->state == state)
		return;
	if (p->state != TRACK_UNKNOWN)
		say(&p->tracks->log, LOG_LEVEL_INFO, "Quorum %s for tracked process %s",
		    state == TRACK_UP ? "gained" : "lost", p->conf->name);
	p->state = state;
	track_changed(p->tracks);
}

static enum track_state counted(const struct track_process *p)
{
	return p->n >= p->conf->quorum && p->n <= p->conf->quorum_max ? TRACK_UP : TRACK_DOWN;
}

static void on_delay(struct timer *t, uint64_t now_ms)
{
	struct track_process *p = container_of(t, struct track_process, delay);

	(void)now_ms;
	enter(p, counted(p));
}

/* The number of processes is another one. */
static void judge(struct track_process *p)
{
	struct loop *l = p->tracks->loop;
	enum track_state state = counted(p);
	uint32_t delay_ms =
	    state == TRACK_UP ? p->conf->fork_delay_ms : p->conf->terminate_delay_ms;

	if (state == p->state) {
		timer_stop(&l->wheel, &p->delay);
	} else if (p->state == TRACK_UNKNOWN || delay_ms == 0) {
		timer_stop(&l->wheel, &p->delay);
		enter(p, state);
	} else if (!timer_is_set(&p->delay)) {
		timer_set(&l->wheel, &p->delay, l->now_ms + delay_ms);
	}
}

void track_process_service(struct track_process *p, bool answers)
{
	enter(p, answers ? TRACK_UP : TRACK_DOWN);
}

/* ---- the set of pids */

static unsigned int place_of(const struct track_process *p, pid_t pid)
{
	unsigned int i;

	for (i = 0; i < p->n && p->pids[i] != pid; i++)
		;
	return i;
}

static void add_pid(struct track_process *p, pid_t pid)
{
	if (p->n == p->size) {
		unsigned int size = p->size ? 2 * p->size : 16;
		pid_t *more = size <= MAX_PIDS ? realloc(p->pids, size * sizeof(*more)) : NULL;

		if (!more)
			return;
		p->pids = more;
		p->size = size;
	}
	p->pids[p->n++] = pid;
}

static void set_member(struct track_process *p, pid_t pid, bool member)
{
	unsigned int at = place_of(p, pid);

	if (member == (at < p->n))
		return;
	if (member)
		add_pid(p, pid);
	else
		p->pids[at] = p->pids[--p->n];
	judge(p);
}

void track_process_forked(struct tracks *t, pid_t parent, pid_t child)
{
	unsigned int i;

	for (i = 0; i < t->n_processes; i++) {
		struct track_process *p = &t->processes[i];

		if (!p->inside && place_of(p, parent) < p->n)
			set_member(p, child, true);
	}
}

void track_process_renamed(struct tracks *t, pid_t pid)
{
	unsigned int i;

	for (i = 0; i < t->n_processes; i++)
		if (!t->processes[i].inside)
			set_member(&t->processes[i], pid, matches(&t->processes[i], pid));
}

void track_process_ended(struct tracks *t, pid_t pid)
{
	unsigned int i;

	for (i = 0; i < t->n_processes; i++)
		if (!t->processes[i].inside)
			set_member(&t->processes[i], pid, false);
}

static void scan_pid(struct tracks *t, pid_t pid)
{
	unsigned int i;

	for (i = 0; i < t->n_processes; i++)
		if (!t->processes[i].inside && matches(&t->processes[i], pid))
			add_pid(&t->processes[i], pid);
}

void track_process_scan(struct tracks *t)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	unsigned int i;
	uint64_t pid;

	if (!folder)
		return;
	for (i = 0; i < t->n_processes; i++)
		t->processes[i].n = 0;
	/* cppcheck-suppress readdirCalled; the stream is ours alone */
	while ((entry = readdir(folder)))
		if (span_to_u64(span_of(entry->d_name), INT32_MAX, &pid))
			scan_pid(t, (pid_t)pid);
	closedir(folder);
	for (i = 0; i < t->n_processes; i++)
		if (!t->processes[i].inside)
			judge(&t->processes[i]);
}

/* ---- start and end */

static void on_poll(struct timer *timer, uint64_t now_ms)
{
	struct tracks *t = container_of(timer, struct tracks, poll);

	if (t->connected)
		return;
	if (!t->said_polling) {
		say(&t->log, LOG_LEVEL_NOTICE,
		    "track_process: the kernel does not tell of processes here; /proc is read each "
		    "second");
		t->said_polling = true;
	}
	track_connector_stop(t);
	timer_set(&t->loop->wheel, &t->poll, now_ms + POLL_MS);
	track_process_scan(t);
}

static bool start_process(struct tracks *t, struct track_process *p)
{
	const struct model_vrrp_process *conf = p->conf;

	*p = (struct track_process){.tracks = t, .conf = conf};
	timer_init(&p->delay, on_delay);
	p->inside = conf->asks_service && !t->hooks.no_service;
	if (p->inside && !t->hooks.previous)
		say(&t->log, LOG_LEVEL_INFO,
		    "track_process %s: %s is this program: answered from inside", conf->name,
		    conf->process);
	return !p->inside;
}

void track_processes_start(struct tracks *t)
{
	unsigned int i, outside = 0;

	timer_init(&t->poll, on_poll);
	for (i = 0; i < t->n_processes; i++)
		outside += start_process(t, &t->processes[i]);
	if (!outside)
		return;
	t->said_polling = t->hooks.previous && t->hooks.previous->said_polling;
	/* First the events, then the look at what is there: nothing is missed between them. */
	track_connector_start(t);
	track_process_scan(t);
	timer_set(&t->loop->wheel, &t->poll, t->loop->now_ms + POLL_MS);
}

void track_processes_stop(struct tracks *t)
{
	unsigned int i;

	timer_stop(&t->loop->wheel, &t->poll);
	track_connector_stop(t);
	for (i = 0; i < t->n_processes; i++) {
		timer_stop(&t->loop->wheel, &t->processes[i].delay);
		free(t->processes[i].pids);
	}
}
