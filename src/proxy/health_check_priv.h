/* SPDX-License-Identifier: MIT */
/* What health_check.c and health_probe.c share. All is called in the check's own thread. */
#ifndef PROXY_HEALTH_CHECK_PRIV_H
#define PROXY_HEALTH_CHECK_PRIV_H

#include "proxy/health_check.h"

void health_probe_init(struct health_check *hc);
void health_probe_asked(struct health_check *hc);
void health_probe_stop(struct health_check *hc);

#endif
