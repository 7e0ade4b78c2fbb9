/* SPDX-License-Identifier: MIT */
/*
 * What lets sockets on a virtual address live while the address is elsewhere: a local route for it
 * on lo (packets that come here reach their socket, answers can be sent), and arp_ignore=1 and
 * arp_announce=2 on its link, without which the kernel would answer ARP for it. Owning the address
 * is then only the address on the interface. All of it is undone at the end.
 */
#ifndef FAILOVER_STANDBY_H
#define FAILOVER_STANDBY_H

#include "failover/failover_priv.h"

#include <sys/types.h>

struct vip;

/* Of the local routes of one guardian: another one's, before or after it, are not mistaken for
 * them. Behind the kernel's own route for an address that is there. */
static inline uint32_t standby_metric(pid_t guardian)
{
	return 1000 + (uint32_t)guardian % 60000;
}

/* Only the sysctls, of a link by name: false where they cannot be set. Harmless when repeated. */
bool standby_silence(struct failover *f, const char *link);
/* promote_secondaries of a link by name: another address of a net stays when its first one goes. */
void standby_promote(struct failover *f, const char *link);
/* Harmless when repeated. */
void standby_prepare(struct failover *f, const struct vip *v);
/* Undoes what no instance needs any more; all of it with `all`. */
void standby_tidy(struct failover *f, bool all);

#endif
