/* SPDX-License-Identifier: MIT */
/* Who may see the statistics page, and which posts come from it. */
#ifndef ADMIN_STATS_AUTH_H
#define ADMIN_STATS_AUTH_H

#include "config/model.h"

#include "proto/message.h"

/* True where no users are set, or the request names one with his password (RFC 7617). All users are
 * compared in full, so that time tells nothing. */
bool stats_auth_passes(const struct model_user *users, const struct message *request);

/* A post is taken where the browser does not say that another site made it: Sec-Fetch-Site, Origin
 * or Referer must agree with Host; and it must bring the token that the page's forms hold. */
bool stats_post_is_own(const struct message *request, struct span token);

#define STATS_TOKEN_BYTES 32 /* hexadecimal digits */
/* The token of this process, made at the first call; NULL where the system has no randomness. Any
 * thread. */
const char *stats_token(void);

#endif
