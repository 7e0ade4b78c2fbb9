/* SPDX-License-Identifier: MIT */
/*
 * A second chance for packets of connections that the other node holds. When an address moves, its
 * new owner gets packets of connections it does not know, and its kernel would answer with a RST.
 * A program at the ingress of the link (bpf/second_chance.c) hands them to the other node instead,
 * as they are, and that one goes on serving what it holds.
 *
 *     second_chance.c        the program and its maps: what is handed over, and to whom
 *     second_chance_port.c   the links that it hangs on
 *     second_chance_peer.c   what the nodes tell each other (proto/pair_message.h)
 *     second_chance_held.c   our own connections on addresses that are elsewhere
 *
 * Only between halbs: a peer counts while its frames are fresh and BFD to it is up.
 */
#ifndef FAILOVER_SECOND_CHANCE_H
#define FAILOVER_SECOND_CHANCE_H

#include "failover/failover_priv.h"

struct second_chance;

/* NULL where the configuration says so (halb_second_chance off) or there is no memory. Where the
 * kernel does not permit the program it says so in the log; then this node hands nothing over, but
 * still tells its peer what it holds. */
struct second_chance *second_chance_new(struct failover *f) must_check;
/* Takes the program off all links. */
void second_chance_free(struct second_chance *s);
/* Instances, addresses, links or peers are others now: looked at soon. NULL: nothing. */
void second_chance_refresh(struct second_chance *s);
/* An instance has taken its addresses, or dropped them: between that and what others are told. */
void second_chance_moved(struct instance *i);
/* It will be freed. */
void second_chance_forget(const struct instance *i);

struct second_chance_status {
	const char *off;       /* why nothing is handed over here: static; NULL: it is */
	uint32_t held_here;    /* connections on its addresses while they are elsewhere */
	uint32_t held_by_peer; /* and the peers' on ours */
};
void second_chance_status(const struct instance *i, struct second_chance_status *out);

#endif
