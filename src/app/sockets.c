/* SPDX-License-Identifier: MIT */
/* Handing listening sockets on. A socket is known by the address word of its bind line. */
#include "app/sockets.h"

#include "app/ctl.h"
#include "app/files.h"

#include "admin/admin.h"

#include "net/fd_pass.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_PASSED 1024
#define PATIENCE_S 5

static void each_fd(struct program *p, void (*fn)(int *fd, const char *word, void *user),
		    void *user)
{
	for (unsigned int i = 0; i < p->n_proxies; i++)
		for (unsigned int j = 0; j < p->proxies[i].n_listeners; j++)
			fn(&p->proxies[i].listeners[j].fd, p->proxies[i].listeners[j].conf->word,
			   user);
	admin_each_socket(p, fn, user);
}

static void add(struct socket_list *l, int fd, const char *word)
{
	struct inherited_socket *v = realloc(l->v, (l->n + 1) * sizeof(*v));
	char *copy = strdup(word);

	if (v)
		l->v = v;
	if (!v || !copy) {
		free(copy);
		close(fd);
		return;
	}
	l->v[l->n++] = (struct inherited_socket){.word = copy, .fd = fd};
}

static void add_copy(int *fd, const char *word, void *user)
{
	int copy = *fd < 0 ? -1 : fcntl(*fd, F_DUPFD_CLOEXEC, 0);

	if (copy >= 0)
		add(user, copy, word);
}

void sockets_of_program(struct socket_list *l, struct program *p)
{
	*l = (struct socket_list){0};
	each_fd(p, add_copy, l);
}

void sockets_free(struct socket_list *l)
{
	for (unsigned int i = 0; i < l->n; i++) {
		if (!l->v[i].used)
			close(l->v[i].fd);
		free((void *)(uintptr_t)l->v[i].word);
	}
	free(l->v);
	*l = (struct socket_list){0};
}

/* ---- what a worker keeps */

struct kept {
	int *v;
	unsigned int n, room;
	bool failed;
};

static void keep(struct kept *k, int fd)
{
	if (k->n == k->room) {
		unsigned int room = k->room ? 2 * k->room : 64;
		int *v = realloc(k->v, room * sizeof(*v));

		if (!v) {
			k->failed = true;
			return;
		}
		k->v = v;
		k->room = room;
	}
	k->v[k->n++] = fd;
}

static void keep_socket(int *fd, const char *word, void *user)
{
	(void)word;
	keep(user, *fd);
}

static void keep_logs(struct kept *k, const struct log_outs *logs)
{
	for (unsigned int i = 0; i < logs->n; i++)
		keep(k, logs->v[i].sink.fd);
}

static int compare_fds(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void close_between(struct kept *k)
{
	unsigned int from = STDERR_FILENO + 1;

	qsort(k->v, k->n, sizeof(*k->v), compare_fds);
	for (unsigned int i = 0; i < k->n; i++) {
		if (k->v[i] < (int)from)
			continue;
		if (k->v[i] > (int)from)
			close_range(from, (unsigned int)k->v[i] - 1, 0);
		from = (unsigned int)k->v[i] + 1;
	}
	close_range(from, ~0u, 0);
}

bool sockets_close_others(struct program *p, const int *more, unsigned int n)
{
	struct kept k = {0};

	each_fd(p, keep_socket, &k);
	keep_logs(&k, &p->logs);
	for (unsigned int i = 0; i < p->n_proxies; i++)
		keep_logs(&k, &p->proxies[i].logs);
	keep(&k, p->console.fd);
	for (unsigned int i = 0; i < n; i++)
		keep(&k, more[i]);
	if (!k.failed)
		close_between(&k);
	free(k.v);
	return !k.failed;
}

/* ---- from an old process */

static int ask(const char *path)
{
	int fd = ctl_connect(path, PATIENCE_S), error;

	if (fd < 0 || write(fd, "_getsocks\n", 10) == 10)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

bool sockets_take_over(struct socket_list *l, const struct options *o)
{
	struct passed_fd *passed;
	int fd, n;

	*l = (struct socket_list){0};
	if (!o->take_sockets)
		return true;
	passed = calloc(MAX_PASSED, sizeof(*passed));
	fd = passed ? ask(o->take_sockets) : -ENOMEM;
	n = fd < 0 ? fd : fd_pass_receive(fd, passed, MAX_PASSED);
	if (fd >= 0)
		close(fd);
	if (n < 0)
		message_print(
		    DIAG_WARNING,
		    "cannot take the listening sockets over from %s (%s): they are opened anew",
		    o->take_sockets, strerror(-n));
	for (int i = 0; i < n; i++)
		add(l, passed[i].fd, passed[i].label);
	free(passed);
	return true;
}

void sockets_signal_old(const struct options *o)
{
	for (unsigned int i = 0; i < o->n_old_pids; i++)
		kill(o->old_pids[i], o->terminate_old ? SIGTERM : SIGUSR1);
}
