/* SPDX-License-Identifier: MIT */
/* A BPF program at the ingress of a link (clsact, direct action), beside whatever else is there.
 * Errors are -errno. */
#ifndef NET_NETLINK_TC_H
#define NET_NETLINK_TC_H

#include "net/netlink.h"

#define NETLINK_TC_PRIORITY 112 /* of our filter: how it is found again */

/* Adds the clsact queueing discipline where there is none, and our filter, named `name`, or puts
 * `program` in the place of our former one. Filters of others stay. */
int netlink_tc_attach(struct netlink *n, unsigned int index, int program,
		      const char *name) must_check;
/* Removes our filter, and clsact where no filter of others hangs there. 0 too where there was
 * none. */
int netlink_tc_detach(struct netlink *n, unsigned int index) must_check;

#endif
