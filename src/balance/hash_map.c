/* SPDX-License-Identifier: MIT */
/*
 * "hash-type map-based": the hash, modulo the number of places of the static map, says the server.
 * Weights are those of the configuration, and most keys move when a server comes or goes.
 *
 * A key belongs to its server even while that one is full: the request waits for it, as with
 * haproxy. Only a server to avoid is passed over, for the next other one on the map.
 */
#include "balance/balance.h"
#include "balance/server_map.h"

static struct balance_server *hash_map_pick(struct balance *b, const struct balance_query *q)
{
	const struct server_map *m = b->state;
	struct balance_server *avoided = NULL;
	unsigned int at;

	if (q->keyless)
		return server_map_next(b, q);
	at = m->n ? q->hash % m->n : 0;
	for (unsigned int i = 0; i < m->n; i++) {
		struct balance_server *s = m->places[at];

		at = at + 1 < m->n ? at + 1 : 0;
		if (!s->in_use)
			continue;
		if (s != q->avoid)
			return s;
		avoided = s;
	}
	return avoided;
}

static const struct balance_algorithm hash_map = {
    .name = "hash-map",
    .help = "hash-type map-based: a key's hash modulo the static map",
    .needs_hash = true,
    .init = server_map_init,
    .fini = server_map_fini,
    .relayout = server_map_relayout,
    .pick = hash_map_pick,
};
FAMILY_ADD(balance, hash_map);
