/* SPDX-License-Identifier: MIT */
/* What log formats are written from: a stream's line, and the texts of rules. */
#ifndef PROXY_STEP_LOG_H
#define PROXY_STEP_LOG_H

#include "proxy/stream.h"

#include "rule/log_format.h"

void step_log_fill(struct stream *s, struct log_record *r);

#endif
