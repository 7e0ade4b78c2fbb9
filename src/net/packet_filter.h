/* SPDX-License-Identifier: MIT */
/*
 * Packets to (and from) some addresses are dropped: nftables, the table `inet halb_vrrp`, which is
 * there only while an address is. Neighbour discovery for them goes on. One table a network
 * namespace: it is for one halb there. A change takes a millisecond, and tens where the machine has
 * thousands of rules or somebody else changes them: not for a thread that must not wait.
 */
#ifndef NET_PACKET_FILTER_H
#define NET_PACKET_FILTER_H

#include "base/check.h"
#include "base/inet.h"

struct packet_filter; /* for one thread at a time */

struct packet_filter_address {
	struct inet address;
	unsigned int index; /* of the link: a link-local IPv6 address is dropped there alone */
};

/* NULL: no memory, or a kernel without nftables. */
struct packet_filter *packet_filter_new(void) must_check;
/* The table stays as it is. */
void packet_filter_free(struct packet_filter *p);
/* From now on these and no others, in one step; none: no table. NULL, or why nothing has changed
 * (the text lives until the next call). */
const char *packet_filter_set(struct packet_filter *p, const struct packet_filter_address *list,
			      unsigned int n) must_check;
/* Is the table there, of whomever? Microseconds, and no kernel module is loaded for it. */
bool packet_filter_is_there(void);

#endif
