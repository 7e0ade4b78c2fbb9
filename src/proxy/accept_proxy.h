/* SPDX-License-Identifier: MIT */
/* "accept-proxy": the filter that reads a PROXY header in front of a client's bytes. */
#ifndef PROXY_ACCEPT_PROXY_H
#define PROXY_ACCEPT_PROXY_H

#include "proxy/front.h"

/* Starts reading; front_proxy_header_done follows, or the connection is closed. 0 or -ENOMEM. */
int accept_proxy_push(struct front *f) must_check;

#endif
