/* SPDX-License-Identifier: MIT */
/*
 * Requests that halb answers itself: the statistics page now. A family; admin/ registers its own,
 * so that proxy/ knows nothing of pages.
 */
#ifndef PROXY_SERVICE_H
#define PROXY_SERVICE_H

#include "proxy/worker.h"

#include "base/family.h"

struct service_request {
	struct worker *worker;
	struct proxy *proxy; /* whose stats it is: conf->stats is set */
	const struct message *request;
	const struct rule_context *context;
	struct span body; /* whole; requests with a larger one than SERVICE_MAX_BODY got 413 */
};

struct service_reply {
	unsigned int status;
	struct buffer headers; /* lines with CRLF, without Content-Length and Connection */
	struct buffer body;
};

#define SERVICE_MAX_BODY 16384
#define SERVICE_MAX_REPLY (256u << 20)

struct service {
	const char *name;
	const char *help;
	const char *pseudo_server; /* shown in logs: "<STATS>" */
	void (*answer)(const struct service_request *q, struct service_reply *r);
};

FAMILY_DECLARE(service, struct service);

/* NULL when there is none. */
const struct service *service_find(const char *name);
/* True where "stats uri" of this proxy covers the request's target. */
bool service_wanted(const struct model_stats *stats, struct span target);

#endif
