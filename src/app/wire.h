/* SPDX-License-Identifier: MIT */
/*
 * The health of the proxy decides about the virtual IP: the one place where proxy/ and failover/
 * meet. In the worker, what backends and checks say becomes one word on the heartbeat page; in the
 * guardian, that word goes to the failover thread.
 */
#ifndef APP_WIRE_H
#define APP_WIRE_H

#include "app/heartbeat.h"

#include "config/config_vrrp.h"

#include "failover/failover.h"

/* In the worker, before its threads start, after heartbeat_begin. */
void wire_begin(struct program *p);

/* In the guardian: what a worker's page says. */
enum service wire_service(const struct heartbeat *h);
const char *wire_service_text(enum service s);
/* Asks the worker to find out anew, whatever it knew: SERVICE_UNKNOWN until then. */
void wire_recheck(struct heartbeat *h);

#endif
