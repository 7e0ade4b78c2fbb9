/* SPDX-License-Identifier: MIT */
/* Header fields and cookies that are kept for the log: "capture request header", "capture cookie".
 */
#ifndef PROXY_CAPTURE_H
#define PROXY_CAPTURE_H

#include "config/model.h"

/* One span for each rule, cut to its length; p NULL where the field is missing. In the arena; NULL
 * when out of memory. The spans point into the message. */
struct span *capture_fields(const struct message *m, const struct model_capture *rules,
			    unsigned int n, struct arena *a);
/* "NAME=VALUE" of the cookie to capture, in a request's Cookie or a response's Set-Cookie field; p
 * NULL when it is not there. */
struct span capture_cookie(const struct message *m, const struct model_proxy *conf);

#endif
