/* SPDX-License-Identifier: MIT */
/*
 * The sockets that BFD packets come in by: one for each of our addresses (UDP port 3784), shared by
 * sessions. Used by peer_watch.c alone. Another program may have the port (FRR's bfdd): then
 * there is no BFD there, which is said once, and tried again each minute.
 */
#ifndef FAILOVER_BFD_SOCKET_H
#define FAILOVER_BFD_SOCKET_H

#include "failover/say.h"

#include "net/loop.h"
#include "net/raw_socket.h"

#include "proto/bfd.h"

struct bfd_sockets {
	struct loop *loop;
	const struct say *log;
	struct list list;
	/* A packet that bfd_parse takes; its TTL is for the callee to judge. */
	void (*on_packet)(struct bfd_sockets *s, const struct raw_packet *from,
			  const struct bfd_packet *p);
};

void bfd_sockets_init(struct bfd_sockets *s, struct loop *l, const struct say *log);
void bfd_sockets_close(struct bfd_sockets *s);
/* Makes sure that packets to `own` (all zero: to any address of its family) are received. `index`:
 * of the link, for link-local addresses. False: not possible now. */
bool bfd_sockets_need(struct bfd_sockets *s, const struct inet *own, unsigned int index);
/* Delivers all that waits. */
void bfd_sockets_drain(struct bfd_sockets *s);

#endif
