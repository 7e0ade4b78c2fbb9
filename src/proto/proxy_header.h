/* SPDX-License-Identifier: MIT */
/*
 * The PROXY protocol (haproxy's public specification, versions 1 and 2): who really connected, told
 * by a proxy in front as the first bytes of a connection.
 */
#ifndef PROTO_PROXY_HEADER_H
#define PROTO_PROXY_HEADER_H

#include "proto/h1_parse.h"

#include "base/inet.h"

#define PROXY_HEADER_MAX_BYTES 536 /* v1: 107; v2: 16 + what we accept of addresses and TLVs */

struct proxy_header {
	uint8_t version;
	bool local; /* v2 LOCAL or v1 UNKNOWN: the addresses are those of the connection itself */
	struct inet src, dst; /* INET_NONE when local; INET_UNIX when AF_UNIX */
	struct span tlvs;     /* v2: raw TLVs, whole and consistent; into the input */
};

/* *used is the header's length on PARSE_OK. Never reads past it; strict (v1: exact text form, v2:
 * lengths and TLVs checked). */
enum parse_result proxy_header_parse(struct span in, struct proxy_header *out, size_t *used);
/* Returns the length written. A family that does not fit both addresses is written as UNKNOWN /
 * LOCAL. */
size_t proxy_header_write_v1(char out[108], const struct inet *src, const struct inet *dst);
size_t proxy_header_write_v2(char out[PROXY_HEADER_MAX_BYTES], const struct inet *src,
			     const struct inet *dst);

#endif
