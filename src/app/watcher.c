/* SPDX-License-Identifier: MIT */
/* The watcher: forked early, holds no socket and no file but what it sleeps on. */
#include "app/watcher.h"

#include "failover/standby.h"

#include "net/privilege.h"
#include "net/process.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PATIENCE_MS 1200 /* for a keepalived that hears priority 0: its skew is below 1 s */
#define READ_TRIES 100

struct holdings_page *holdings_page_new(void)
{
	return process_share_memory(sizeof(struct holdings_page));
}

void holdings_page_free(struct holdings_page *p)
{
	process_unshare_memory(p, sizeof(*p));
}

void holdings_page_write(struct holdings_page *p, const struct failover_holding *v, unsigned int n)
{
	atomic_fetch_add(&p->version, 1);
	p->n = n > HOLDING_MAX ? HOLDING_MAX : n;
	memcpy(p->v, v, p->n * sizeof(*v));
	atomic_fetch_add(&p->version, 1);
}

/* The writer may have died in the middle: then its last word is all there is. */
static unsigned int read_page(const struct holdings_page *p, struct failover_holding *out)
{
	unsigned int n = 0;

	for (int i = 0; i < READ_TRIES; i++) {
		uint32_t before = atomic_load(&p->version);

		n = p->n > HOLDING_MAX ? HOLDING_MAX : p->n;
		memcpy(out, p->v, n * sizeof(*out));
		if (!(before & 1) && atomic_load(&p->version) == before)
			break;
	}
	return n;
}

static void ignore_signals(void)
{
	for (const int *v =
		 (const int[]){SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGPIPE, 0};
	     *v; v++)
		signal(*v, SIG_IGN);
}

/* All but these two. */
static void close_others(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low > 3)
		close_range(3, (unsigned int)low - 1, 0);
	if (high > low + 1)
		close_range((unsigned int)low + 1, (unsigned int)high - 1, 0);
	close_range((unsigned int)high + 1, ~0u, 0);
}

static _Noreturn void watch(const struct holdings_page *page, int guardian, int leash,
			    uint32_t metric)
{
	static const int wanted[] = {CAP_NET_ADMIN, CAP_NET_RAW};
	static struct failover_holding held[HOLDING_MAX];
	struct pollfd fd = {.fd = guardian, .events = POLLIN};

	ignore_signals();
	prctl(PR_SET_NAME, "halb-watcher", 0, 0, 0);
	close_others(guardian, leash);
	process_detach_stdio();
	privilege_realtime(1);
	if (privilege_keep(wanted, 2) != 0)
		_exit(1);
	while (poll(&fd, 1, -1) < 0 && errno == EINTR)
		;
	holdings_give_away(held, read_page(page, held), PATIENCE_MS, leash, metric);
	_exit(0);
}

pid_t watcher_start(const struct holdings_page *page, int leash)
{
	int guardian = process_pidfd(getpid());
	uint32_t metric;
	pid_t pid;

	if (guardian < 0)
		return guardian;
	metric = standby_metric(getpid());
	pid = fork();
	if (pid == 0)
		watch(page, guardian, leash, metric);
	if (pid < 0)
		pid = -errno;
	close(guardian);
	return pid;
}
