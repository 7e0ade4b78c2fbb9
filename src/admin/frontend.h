/* SPDX-License-Identifier: MIT */
/* Frontends that a person has switched off: "disable frontend", and for good "shutdown frontend".
 */
#ifndef ADMIN_FRONTEND_H
#define ADMIN_FRONTEND_H

#include "proxy/proxy.h"

/* Each returns NULL, or why it cannot be done, in haproxy's words. */
const char *frontend_enable(struct proxy *px) must_check;
const char *frontend_disable(struct proxy *px) must_check;
const char *frontend_shut(struct proxy *px) must_check;
/* Shut down for good. Any thread. */
bool frontend_is_shut(const struct proxy *px);

#endif
