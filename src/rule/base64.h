/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648), plain and for URLs, in scratch memory: converters and "auth" use it. */
#ifndef RULE_BASE64_H
#define RULE_BASE64_H

#include "rule/scratch.h"

/* `url`: the alphabet of section 5, and no padding. False where scratch memory ran out. */
bool base64_encode(struct scratch *s, struct span in, bool url, struct span *out) must_check;
/* False too where `in` is not base64; `url`: padding may be there or not. */
bool base64_decode(struct scratch *s, struct span in, bool url, struct span *out) must_check;

#endif
