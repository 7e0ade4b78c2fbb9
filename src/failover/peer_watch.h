/* SPDX-License-Identifier: MIT */
/*
 * BFD towards those whose adverts are heard (RFC 5881: UDP 3784, TTL 255): a halb on the other side
 * answers, and its silence is seen within 300 ms instead of three adverts; a keepalived does not,
 * and nothing changes. And the file's own bfd_instance blocks.
 */
#ifndef FAILOVER_PEER_WATCH_H
#define FAILOVER_PEER_WATCH_H

#include "config/model_vrrp.h"

#include "net/loop.h"

#include "proto/bfd.h"

#include "base/log.h"

struct peer_watch;

struct peer_watch_hooks { /* they may ask for the status of peers, and change none */
	void *user;
	/* A session that was up has not been heard in time, or its peer's watcher says that it has
	 * died. `others`: sessions still up. */
	void (*down)(void *user, const struct inet *peer, unsigned int others);
	/* A configured session's state. */
	void (*bfd_changed)(void *user, const struct model_vrrp_bfd *bfd, bool up);
	void (*log)(void *user, enum log_level level, const char *line);
	/* peer_watch_farewells has other answers now. */
	void (*farewells)(void *user);
};

struct peer_watch *peer_watch_new(struct loop *l, const struct model_vrrp *model,
				  const struct peer_watch_hooks *hooks) must_check;
/* Says AdminDown to the peers first. */
void peer_watch_free(struct peer_watch *w);
/* A new model, in place: sessions that both have go on, with the new intervals. */
void peer_watch_reload(struct peer_watch *w, const struct model_vrrp *model);
/* An advert (or a unicast_peer line) names a peer: a session begins where there is none. `index`:
 * the link; `own`: our address towards it. Cheap when repeated. */
void peer_watch_add(struct peer_watch *w, const struct inet *peer, const struct inet *own,
		    unsigned int index);
/* From now on a neighbour that sends BFD to `own` gets a session: a backup hears adverts but sends
 * none, so its master knows it by nothing else. Cheap when repeated. */
void peer_watch_listen(struct peer_watch *w, const struct inet *own, unsigned int index);

/* What somebody else may send when we have died, so that the peer need not wait. */
struct peer_farewell {
	struct inet peer, own;
	unsigned int index;
	uint8_t bytes[BFD_BYTES];
};
/* Of the sessions that are up, at most `max`; how many. */
unsigned int peer_watch_farewells(const struct peer_watch *w, struct peer_farewell *out,
				  unsigned int max);

/* A session is up with anybody. */
bool peer_watch_any_up(const struct peer_watch *w);

struct peer_status {
	bool known;
	enum bfd_state state;
	bool orphaned; /* its watcher has said that its guardian is dead: its workers may yet serve
			*/
	uint32_t detect_ms;
	uint64_t downs;
};
void peer_watch_status(const struct peer_watch *w, const struct inet *peer,
		       struct peer_status *out);

#endif
