/* SPDX-License-Identifier: MIT */
/*
 * Notify fifos. Opened for reading and writing, so that there is always a reader and opening never
 * waits. The engine keeps one line that did not fit; the others wait here until it is through.
 */
#include "failover/notify_fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_WORDS 64

struct waiting {
	struct list link;
	size_t len;
	char text[];
};

/* ---- writing */

static void keep(struct notify_fifo *f, struct span line)
{
	struct waiting *w = malloc(sizeof(*w) + line.len);

	if (!w)
		return;
	w->len = line.len;
	memcpy(w->text, line.p, line.len);
	list_append(&f->waiting, &w->link);
	if (++f->n_waiting <= NOTIFY_MAX_WAITING)
		return;
	if (!f->overflowed)
		say(f->log, LOG_LEVEL_WARNING,
		    "notify fifo %s: nobody reads it, %u lines wait: the oldest go", f->path,
		    NOTIFY_MAX_WAITING);
	f->overflowed = true;
	free(LIST_ENTRY(list_pop(&f->waiting), struct waiting, link));
	f->n_waiting--;
}

static void send_line(struct notify_fifo *f, struct span line)
{
	struct iovec iov = {(void *)line.p, line.len};
	int error = 0;

	if (io_send(&f->io, &iov, 1, false, &error) == IO_FAILED)
		say(f->log, LOG_LEVEL_WARNING, "notify fifo %s: %s", f->path, strerror(-error));
}

static void on_sent(struct io *io, int error)
{
	struct notify_fifo *f = container_of(io, struct notify_fifo, io);
	struct list *node;

	(void)error;
	f->overflowed = false;
	while (!io_send_pending(&f->io) && (node = list_pop(&f->waiting))) {
		struct waiting *w = LIST_ENTRY(node, struct waiting, link);

		f->n_waiting--;
		send_line(f, span_make(w->text, w->len));
		free(w);
	}
}

static const struct io_handler fifo_handler = {.name = "notify_fifo", .on_sent = on_sent};

void notify_fifo_write(struct notify_fifo *f, struct span line)
{
	if (!f->path || f->io.fd < 0)
		return;
	if (io_send_pending(&f->io))
		keep(f, line);
	else
		send_line(f, line);
}

/* ---- its script */

static void on_script_ended(struct io *io)
{
	struct notify_fifo *f = container_of(io, struct notify_fifo, script_io);

	f->child.pidfd = io_detach(&f->script_io);
	f->running = false;
	runnable_end(&f->child);
	say(f->log, LOG_LEVEL_WARNING, "notify fifo script %s terminated", f->script.argv[0]);
}

static const struct io_handler script_handler = {.name = "notify_fifo_script",
						 .on_ready = on_script_ended};

/* Takes `text` apart into words, in place: blanks divide them, quotes of both kinds hold them
 * together. */
static void split_words(char *text, const char *words[MAX_WORDS + 1])
{
	unsigned int n = 0;
	char *from = text, *to;

	while (n < MAX_WORDS) {
		char quote = '\0';

		while (*from == ' ' || *from == '\t')
			from++;
		if (!*from)
			break;
		words[n++] = to = from;
		for (; *from && (quote || (*from != ' ' && *from != '\t')); from++) {
			if (quote ? *from == quote : (*from == '"' || *from == '\''))
				quote = quote ? '\0' : *from;
			else
				*to++ = *from;
		}
		if (*from)
			from++;
		*to = '\0';
	}
	words[n] = NULL;
}

static void start_script(struct notify_fifo *f, const struct model_vrrp_global *global,
			 const char *script)
{
	const char *words[MAX_WORDS + 1];
	const char *const extra[] = {f->path, NULL};
	struct model_command command = {.argv = words};
	char *text = strdup(script);
	int error;

	f->script_text = strdup(script);
	if (!text || !f->script_text) {
		free(text);
		return;
	}
	split_words(text, words);
	runnable_init(&f->script, &command, global, f->log);
	free(text);
	if (f->script.state != RUNNABLE_OK)
		return;
	error = runnable_start(&f->script, extra, &f->child);
	if (error) {
		say(f->log, LOG_LEVEL_WARNING, "notify fifo script %s cannot be run: %s",
		    f->script.argv[0], strerror(-error));
		return;
	}
	io_init(&f->script_io, f->loop, f->child.pidfd, &script_handler);
	f->running = io_watch(&f->script_io) == 0;
	if (!f->running)
		io_close(&f->script_io);
}

/* ---- open and close */

static int open_fifo(const char *path)
{
	struct stat st;
	int fd;

	if (mkfifo(path, 0600) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
		return fd;
	close(fd);
	return -EEXIST;
}

void notify_fifo_open(struct notify_fifo *f, struct loop *l, const struct say *log,
		      const struct model_vrrp_global *global, const char *path, const char *script)
{
	int fd;

	*f = (struct notify_fifo){.loop = l, .log = log};
	f->io.fd = f->script_io.fd = f->child.pidfd = -1;
	list_init(&f->waiting);
	f->path = path ? strdup(path) : NULL;
	if (!f->path)
		return;
	fd = open_fifo(f->path);
	if (fd < 0) {
		say(log, LOG_LEVEL_WARNING, "Unable to open notify fifo %s: %s", f->path,
		    strerror(-fd));
		return;
	}
	io_init(&f->io, l, fd, &fifo_handler);
	if (script)
		start_script(f, global, script);
}

void notify_fifo_close(struct notify_fifo *f)
{
	struct list *node, *next;

	if (f->running) {
		spawn_signal(&f->child, SIGTERM);
		io_close(&f->script_io);
	}
	if (f->io.fd >= 0)
		io_close(&f->io);
	LIST_EACH_SAFE(node, next, &f->waiting)
		free(LIST_ENTRY(node, struct waiting, link));
	list_init(&f->waiting);
	runnable_fini(&f->script);
	free(f->path);
	free(f->script_text);
	f->path = f->script_text = NULL;
	f->running = false;
}
