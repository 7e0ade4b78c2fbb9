/* SPDX-License-Identifier: MIT */
/*
 * "balance static-rr": round robin over the static map. Weights are those of the configuration;
 * a server that comes up is back in its places at once.
 */
#include "balance/balance.h"
#include "balance/server_map.h"

static const struct balance_algorithm static_rr = {
    .name = "static-rr",
    .help = "each server in turn, by the weight of the configuration",
    .init = server_map_init,
    .fini = server_map_fini,
    .relayout = server_map_relayout,
    .pick = server_map_next,
};
FAMILY_ADD(balance, static_rr);
