/* SPDX-License-Identifier: MIT */
/* Any bytes as an ARP frame: what is believed is one host's claim, and it announces and reads back
 * the same. The same bytes as an address: its announcements are right. */
#include "proto/arp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Parses exactly n bytes of memory. */
static bool parse(const uint8_t *data, size_t n, struct arp_seen *out)
{
	uint8_t *copy = malloc(n + !n);
	bool ok;

	memcpy(copy, data, n);
	ok = arp_parse(span_make(copy, n), out);
	free(copy);
	return ok;
}

static void check_claim(const uint8_t *data, size_t n, const struct arp_seen *seen)
{
	uint8_t frame[ARP_FRAME_BYTES];
	struct arp_seen back;

	CHECK(n >= ARP_FRAME_BYTES && data[12] == 8 && data[13] == 6);
	CHECK(memcmp(seen->mac, data + 22, 6) == 0 && (seen->mac[0] & 1) == 0);
	CHECK(seen->address.family == INET_V4 && memcmp(seen->address.ip, data + 28, 4) == 0);
	CHECK(data[21] == (seen->request ? 1 : 2));
	arp_build_gratuitous(frame, seen->mac, &seen->address, !seen->request);
	CHECK(memcmp(frame + 12, data + 12, 20) == 0);
	CHECK(parse(frame, sizeof(frame), &back));
	CHECK(memcmp(back.mac, seen->mac, 6) == 0 && back.request == seen->request);
	CHECK(inet_equal_ip(&back.address, &seen->address));
}

static void check_advertisement(const uint8_t *data)
{
	struct inet address = {.family = INET_V6};
	uint8_t frame[NA_FRAME_BYTES];
	struct arp_seen seen;
	uint32_t sum = 58 + 32;

	memcpy(address.ip, data + 6, 16);
	na_build_unsolicited(frame, data, &address, data[0] & 1);
	for (size_t i = 22; i < NA_FRAME_BYTES; i += 2)
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	while (sum >> 16)
		sum = (sum >> 16) + (sum & 0xffff);
	CHECK(sum == 0xffff);
	CHECK(memcmp(frame + 6, data, 6) == 0 && memcmp(frame + 80, data, 6) == 0);
	CHECK(memcmp(frame + 22, data + 6, 16) == 0 && memcmp(frame + 62, data + 6, 16) == 0);
	CHECK(!parse(frame, sizeof(frame), &seen));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arp_seen seen;

	if (parse(data, n, &seen))
		check_claim(data, n, &seen);
	if (n >= 22)
		check_advertisement(data);
	return 0;
}
