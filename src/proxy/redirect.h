/* SPDX-License-Identifier: MIT */
/* The "redirect" rules of frontends and backends. */
#ifndef PROXY_REDIRECT_H
#define PROXY_REDIRECT_H

#include "proxy/stream.h"

/* The first rule whose condition holds, or NULL. */
const struct model_redirect *redirect_find(const struct stream *s,
					   const struct model_redirect *rules);
enum step_result redirect_send(struct stream *s, const struct model_redirect *r);

#endif
