/* SPDX-License-Identifier: MIT */
/*
 * A backend for the tests of balancing, and a script that is played on it. The expected strings in
 * the tests were observed with the same scripts on haproxy 2.6 (one thread, one request at a time).
 *
 * A specification is a word for each server: WEIGHT[b][:MAXCONN][#ID], "b" for a backup; ids count
 * from 1. A script is a list of words; the result has a digit (the server) for each pick:
 *
 *     pN    N picks, each request ending before the next     h     a pick whose request is held
 *     kN    N picks without a key                            rS    a held request of S ends
 *     qN    N picks by the keys /k0 /k1 ...                  aS    the next picks avoid S (a-:
 * none) dS uS server down, up      wS,W  its weight            nS,N  N wait for server S alone
 */
#ifndef TESTS_UNIT_BALANCE_FARM_H
#define TESTS_UNIT_BALANCE_FARM_H

#include "balance/balance.h"
#include "balance/hash_key.h"

#define FARM_SERVERS 1024
#define FARM_RESULT 2048

struct farm {
	struct balance balance;
	struct balance_server servers[FARM_SERVERS];
	struct balance_server *list[FARM_SERVERS];
	struct hash_key_type hash;
	const struct balance_server *avoid;
};

/* On the heap; `options` (algorithm, all_backups, ...) is copied. */
struct farm *farm_new(const char *specification, const struct balance *options);
void farm_free(struct farm *f);
/* A pick whose request ends at once. */
struct balance_server *farm_pick(struct farm *f, const struct balance_query *q);
void farm_load(struct farm *f, struct balance_server *s, int change);
/* '-' stands for no server. */
void farm_play(struct farm *f, const char *script, char result[FARM_RESULT]);

struct farm_case {
	const char *servers, *script, *expected;
};

/* Plays each case on a new farm and compares. */
void farm_check(const char *algorithm, const struct balance *options, struct hash_key_type hash,
		const struct farm_case *cases, size_t n);

#endif
