/* SPDX-License-Identifier: MIT */
/* What the files of second_chance.h share. All of it belongs to the failover thread. */
#ifndef FAILOVER_SECOND_CHANCE_PRIV_H
#define FAILOVER_SECOND_CHANCE_PRIV_H

#include "failover/instance.h"
#include "failover/second_chance.h"
#include "failover/second_chance_map.h"

#include "net/sock_diag.h"

#include "proto/pair_message.h"

#include <string.h>

#define CHANCE_MAX_PEERS 4
#define CHANCE_PROGRAM "halb_second" /* its name, as tc shows it */

static inline void chance_address_of(const struct inet *a, struct chance_address *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (a->family == INET_V6) {
		memcpy(out->ip, a->ip, 16);
		return;
	}
	memcpy(out->ip, mapped, 12);
	memcpy(out->ip + 12, a->ip, 4);
}

struct chance_port { /* a link that virtual addresses are on */
	struct list link;
	struct second_chance *owner;
	struct link *on;
	unsigned int index; /* of the link that it hangs on; 0: none */
	bool attached;      /* the program is there */
	bool used;
	int error; /* the last one, said once */
	struct io io;
};

struct chance_peer { /* another halb, as its frames say */
	uint8_t mac[6];
	uint64_t session, sequence, heard_ms;
	uint64_t owner_ms; /* when it said last that it is owner; 0: never */
	struct pair_state state;
	uint64_t number; /* of the list of which parts have come; 0: none */
	uint16_t parts, missing;
	uint8_t *got;       /* a bit a part */
	uint64_t told;      /* the list of ours that it is being told; 0: none */
	unsigned int next;  /* the part that is told next */
	uint64_t told_ms;   /* when its last part went out */
	bool usable_before; /* said in the log */
};

struct chance_set { /* connections, each once */
	struct pair_tuple *tuples;
	uint32_t *slots; /* index + 1 of a tuple, 0: free; n_slots is a power of 2 */
	uint32_t n, room, n_slots;
};

struct chance { /* the addresses of an instance on one port */
	struct list link;
	struct second_chance *owner;
	struct instance *instance;
	struct chance_port *port;
	bool used;
	bool owned;        /* when last looked at */
	uint64_t moved_ms; /* when that changed */
	struct chance_peer peers[CHANCE_MAX_PEERS];
	unsigned int n_peers;
	/* While the addresses are elsewhere: */
	bool counted;          /* held is what the kernel said */
	uint32_t held, served; /* served: without those that wait for the client's FIN alone */
	uint32_t counting, counting_idle; /* so far, in the answer at hand */
	bool unlisted;                    /* some of them cannot be on a list */
	struct chance_set set;            /* all that was ever held since the addresses went */
	uint64_t offered;                 /* the number of the list of the set; 0: none */
	uint32_t offered_n;               /* how many of the set it has */
};

struct second_chance {
	struct failover *f;
	const char *off; /* why there is no program, NULL: there is */
	int program, maps[CHANCE_MAPS];
	struct list ports;   /* struct chance_port */
	struct list chances; /* struct chance */
	struct task refresh, tell;
	struct timer beat, count;
	uint64_t session, sequence, lists; /* lists: the number of the last one */
	uint64_t said_ms;                  /* all states, last */
	struct sock_diag *diag;
	struct io diag_io;
	bool asking;
	uint64_t refused[PAIR_VERDICTS];
	struct chance_tuple swept; /* of CHANCE_HELD, last */
};

/* second_chance.c */
/* Writes what the program does about the addresses now. */
void chance_write(struct chance *c);
/* A peer that may be handed packets, and hands over itself: fresh, willing, and BFD is up. */
bool chance_peer_is_usable(const struct chance *c, const struct chance_peer *p);
/* Its list of connections is here as a whole. */
bool chance_peer_list_is_whole(const struct chance_peer *p);
void chance_log(const struct chance *c, enum log_level level, const char *fmt, ...)
    printf_like(3, 4);
bool chance_has_address(const struct chance *c, const struct inet *a);

/* The totals on the status page: what is held now; what the program has counted. */
void chance_note_held(const struct second_chance *s);

/* second_chance_port.c */
/* The instance has addresses on that link. */
void chance_use(struct second_chance *s, struct instance *i, struct link *l);
/* Frees what was not used since the last time, or all where nothing was. */
void chance_drop_unused(struct second_chance *s);
void chance_free(struct chance *c);

/* second_chance_peer.c */
/* A socket for the port's frames. 0 or -errno. */
int chance_port_listen(struct chance_port *p) must_check;
void chance_say_state(struct chance *c);
/* What we hold goes to those who own the addresses now, a bounded part of it at once. */
void chance_tell(struct task *t);
void chance_peers_clear(struct chance *c);
/* Connections in the program's map whose holder is not usable any more are removed, some at a
 * time. */
void chance_sweep(struct second_chance *s);

/* second_chance_held.c */
void chance_held_init(struct second_chance *s);
void chance_held_fini(struct second_chance *s);
/* The kernel is asked now. */
void chance_count(struct second_chance *s);
void chance_set_clear(struct chance_set *set);

#endif
