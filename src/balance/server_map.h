/* SPDX-License-Identifier: MIT */
/*
 * The static map of static-rr and of hash-type map-based: an array with as many places as the
 * weights of those that take part add up to (divided by the greatest common divisor of all weights
 * of the backend), each server spread evenly over it. The layout is haproxy's.
 */
#ifndef BALANCE_SERVER_MAP_H
#define BALANCE_SERVER_MAP_H

#include "balance/balance.h"

struct server_map {
	struct arena memory; /* holds `places` */
	struct balance_server **places;
	unsigned int n;      /* 0: nobody takes part */
	unsigned int cursor; /* of server_map_next: where it goes on; kept over a new layout */
};

/* The algorithms' init, relayout, fini: the map is b->state. */
int server_map_init(struct balance *b) must_check;
int server_map_relayout(struct balance *b) must_check;
void server_map_fini(struct balance *b);
/* Round robin over the map; NULL where all are full. */
struct balance_server *server_map_next(struct balance *b, const struct balance_query *q);

#endif
