/* SPDX-License-Identifier: MIT */
/*
 * What two halbs of a pair tell each other about the connections on their virtual addresses, so
 * that each can hand over packets of connections that the other holds. Frames of the local
 * experimental Ethertype (IEEE 802), to the group of VRRP (whose frames every switch between them
 * lets through) or to the peer. A frame proves its sender's MAC: its tag is HMAC-SHA-256 (RFC 2104,
 * cut to 16 bytes) over everything in it, with the instance's auth_pass as key (none: an empty one,
 * which only finds damage).
 */
#ifndef PROTO_PAIR_MESSAGE_H
#define PROTO_PAIR_MESSAGE_H

#include "base/check.h"
#include "base/inet.h"
#include "base/span.h"

/* The wire:
 *
 *     Ethernet: destination 6, source 6, Ethertype 0x88b5
 *     "halb" 4, version 1 = 1, kind 1, VRID 1, family 1 (4, 6), session 8, sequence 8
 *     kind 1 (state): flags 1 (1 owner, 2 capable), 3 zero, holding 4, offered 8, complete 8,
 *                     sender 4 or 16
 *     kind 2 (list):  list 8, part 2, parts 2, count 2, 2 zero, then count tuples of
 *                     client address 4 or 16, virtual address 4 or 16, client port 2, port 2
 *     tag 16. Everything in network order; at most 1,514 bytes.
 */
#define PAIR_ETHERTYPE 0x88b5
#define PAIR_MAX_FRAME 1514
#define PAIR_TUPLES_V4 119 /* that fit into a list frame */
#define PAIR_TUPLES_V6 35

enum pair_kind { PAIR_STATE = 1, PAIR_LIST = 2 };

/* The same of every frame. */
struct pair_header {
	uint8_t source[6], destination[6]; /* MAC */
	uint8_t vrid;
	uint8_t family;    /* INET_V4, INET_V6: of the instance */
	uint64_t session;  /* when the sender started, microseconds of the wall clock */
	uint64_t sequence; /* of this frame within the session, grows */
};

struct pair_state {
	bool owner;         /* the addresses are on its interface */
	bool capable;       /* it hands packets over, and takes them */
	uint32_t holding;   /* connections that it has on the virtual addresses though not owner */
	uint64_t offered;   /* the number of the list that it sends, 0: none */
	uint64_t complete;  /* the number of the receiver's list that it has whole, 0: none */
	struct inet sender; /* the address that its adverts come from, of the family; no port */
};

struct pair_tuple { /* of one family, with ports */
	struct inet client, address;
};

struct pair_list {
	uint64_t number;
	uint16_t part, parts; /* part < parts */
	uint16_t count;
	const struct pair_tuple *tuples; /* building; parsing: pair_list_tuple */
};

struct pair_key {
	const uint8_t *bytes;
	size_t n;
};

/* Before the first of the others: readies libcrypto, which must not read a configuration file for
 * that. */
void pair_message_init(void);
/* Into dst[PAIR_MAX_FRAME]; the length. 0: libcrypto has no memory for the tag. */
size_t pair_build_state(uint8_t *dst, const struct pair_header *h, const struct pair_state *s,
			const struct pair_key *key) must_check;
/* count at most PAIR_TUPLES_V4 or _V6. */
size_t pair_build_list(uint8_t *dst, const struct pair_header *h, const struct pair_list *l,
		       const struct pair_key *key) must_check;

enum pair_verdict {
	PAIR_OK,
	PAIR_NOT_OURS,   /* another Ethertype, magic or version: somebody else's */
	PAIR_BAD_LENGTH, /* for its kind and count */
	PAIR_BAD_FIELD,  /* unknown kind or family, part >= parts, a zero that is not */
	PAIR_BAD_SOURCE, /* a group address as sender */
	PAIR_BAD_TAG,
	PAIR_VERDICTS
};

struct pair_message {
	struct pair_header header;
	enum pair_kind kind;
	struct pair_state state; /* with PAIR_STATE */
	struct pair_list list;   /* with PAIR_LIST: without tuples */
	struct span tuples;      /* with PAIR_LIST: points into the frame */
};

/* The VRID and family of a frame that may be anything, to find its key; false: not one of ours. */
bool pair_peek(struct span frame, uint8_t *vrid, uint8_t *family) must_check;
/* A frame may be padded with zeros behind its tag (to Ethernet's 60 bytes). *out only with
 * PAIR_OK. */
enum pair_verdict pair_parse(struct span frame, const struct pair_key *key,
			     struct pair_message *out) must_check;
/* Tuple i of a parsed list, i < list.count. */
void pair_list_tuple(const struct pair_message *m, unsigned int i, struct pair_tuple *out);
/* "wrong tag": static. */
const char *pair_verdict_text(enum pair_verdict v);

#endif
