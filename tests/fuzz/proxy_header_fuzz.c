/* SPDX-License-Identifier: MIT */
/* Any bytes as a PROXY header: one result for every split, never past the end, and what is read
 * writes and reads back. */
#include "proto/proxy_header.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Parses exactly n bytes of memory. */
static enum parse_result parse(const uint8_t *data, size_t n, struct proxy_header *out,
			       size_t *used)
{
	char *copy = malloc(n + !n);
	enum parse_result result;

	memcpy(copy, data, n);
	result = proxy_header_parse(span_make(copy, n), out, used);
	if (result == PARSE_OK && out->tlvs.len)
		CHECK(out->tlvs.p + out->tlvs.len == copy + *used);
	out->tlvs = SPAN_NONE;
	free(copy);
	return result;
}

static void check_written(const struct proxy_header *h)
{
	char text[108], bytes[PROXY_HEADER_MAX_BYTES];
	struct proxy_header back;
	size_t used, n = proxy_header_write_v1(text, &h->src, &h->dst);

	CHECK(n <= 107);
	CHECK(proxy_header_parse(span_make(text, n), &back, &used) == PARSE_OK && used == n);
	if (!back.local)
		CHECK(inet_equal_ip(&h->src, &back.src) && h->dst.port == back.dst.port);
	n = proxy_header_write_v2(bytes, &h->src, &h->dst);
	CHECK(proxy_header_parse(span_make(bytes, n), &back, &used) == PARSE_OK && used == n);
	if (!back.local)
		CHECK(inet_equal_ip(&h->dst, &back.dst) && h->src.port == back.src.port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct proxy_header whole = {0}, part;
	size_t used = 0, part_used = 0;
	enum parse_result result = parse(data, n, &whole, &used);

	if (result == PARSE_OK) {
		CHECK(used > 0 && used <= n && used <= PROXY_HEADER_MAX_BYTES);
		check_written(&whole);
	}
	for (size_t i = 0; i < n && i < 2 * PROXY_HEADER_MAX_BYTES; i++) {
		enum parse_result now = parse(data, i, &part, &part_used);

		if (now == PARSE_BAD)
			CHECK(result == PARSE_BAD);
		if (now == PARSE_OK)
			CHECK(result == PARSE_OK && part_used == used && i >= used);
		if (now == PARSE_MORE && result == PARSE_OK)
			CHECK(i < used);
	}
	CHECK(result != PARSE_MORE || n < PROXY_HEADER_MAX_BYTES);
	return 0;
}
