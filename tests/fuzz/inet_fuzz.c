/* SPDX-License-Identifier: MIT */
/* Any text as an address and as a network: what is read prints, reads back the same, and the C
 * library reads it so too. */
#include "base/inet.h"

#include <arpa/inet.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_address(struct span text, const struct inet *a)
{
	char printed[INET_TEXT_BYTES + 1], copy[INET_TEXT_BYTES];
	struct inet back;
	size_t length = inet_print(printed, a);
	uint8_t ip[16] = {0};

	CHECK(length < INET_TEXT_BYTES);
	CHECK(inet_parse(span_make(printed, length), &back));
	CHECK(inet_equal_ip(a, &back));
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	CHECK(inet_pton(a->family == INET_V4 ? AF_INET : AF_INET6, copy, ip) == 1);
	CHECK(memcmp(ip, a->ip, a->family == INET_V4 ? 4 : 16) == 0);
}

/* The C library reads nothing that is refused here. */
static void check_refused(struct span text)
{
	char copy[INET_TEXT_BYTES];
	uint8_t ip[16];

	if (text.len >= sizeof(copy) || memchr(text.p, '\0', text.len))
		return;
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	CHECK(inet_pton(AF_INET, copy, ip) != 1);
	CHECK(inet_pton(AF_INET6, copy, ip) != 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span text = span_make(data, n);
	struct inet_net net;
	struct inet a;

	if (inet_parse(text, &a))
		check_address(text, &a);
	else if (n)
		check_refused(text);
	if (inet_parse_net(text, &net)) {
		CHECK(net.prefix <= (net.address.family == INET_V4 ? 32 : 128));
		CHECK(inet_in_net(&net.address, &net));
	}
	return 0;
}
