/* SPDX-License-Identifier: MIT */
/* Takes off what bears our tag: the configuration may have changed since it was put there. */
#include "app/clean.h"

#include "app/ctl.h"
#include "app/files.h"

#include "failover/holding.h"

#include "net/netlink.h"

#include <errno.h>
#include <unistd.h>

#define PATIENCE_S 2

struct found {
	struct netlink_address v[HOLDING_MAX];
	unsigned int n;
};

static void collect(void *user, const struct netlink_address *a)
{
	struct found *f = user;

	if (a->protocol != NETLINK_HALB || f->n == HOLDING_MAX)
		return;
	f->v[f->n] = *a;
	f->v[f->n++].label = NULL; /* it lives only now */
}

static bool remove_address(struct netlink *n, const struct netlink_address *a)
{
	int error = netlink_address_delete(n, a);
	char text[INET_TEXT_BYTES], name[IF_NAMESIZE] = "?";

	if (error == -EADDRNOTAVAIL) /* its lease was over */
		return true;
	text[inet_print(text, &a->address)] = '\0';
	if_indextoname(a->index, name);
	if (error)
		message_print(DIAG_ALERT, "cannot remove %s/%u from %s: %s", text, a->prefix, name,
			      strerror(-error));
	else
		message_print(DIAG_NOTICE, "removed %s/%u from %s, which a dead halb has left",
			      text, a->prefix, name);
	return error == 0;
}

static bool remove_addresses(struct netlink *n)
{
	struct found found = {.n = 0};
	bool ok = true;
	int error = netlink_address_each(n, collect, &found);

	if (error) {
		message_print(DIAG_ALERT, "cannot list the addresses: %s", strerror(-error));
		return false;
	}
	for (unsigned int i = 0; i < found.n; i++)
		ok &= remove_address(n, &found.v[i]);
	return ok;
}

int clean_run(void)
{
	int fd = ctl_connect(CTL_SOCKET, PATIENCE_S);
	struct netlink *n;
	bool ok;

	if (fd >= 0) {
		close(fd);
		message_print(DIAG_NOTICE,
			      "halb answers at %s: what it has put there stays until it stops",
			      CTL_SOCKET);
		return 0;
	}
	n = netlink_new();
	if (!n) {
		message_print(DIAG_ALERT, "cannot ask the kernel: %s", strerror(errno));
		return 1;
	}
	ok = remove_addresses(n);
	netlink_free(n);
	holdings_give_away(NULL, 0, 0, -1, 0); /* nothing is held: the filter and the routes go */
	return ok ? 0 : 1;
}
