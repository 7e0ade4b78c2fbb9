/* SPDX-License-Identifier: MIT */
/* Any bytes as a BFD packet, and any packets with any pauses between as a session's life: what is
 * read builds and reads back, and the session keeps its invariants. */
#include "proto/bfd.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Parses exactly n bytes of memory. */
static bool parse(const uint8_t *data, size_t n, struct bfd_packet *out)
{
	uint8_t *copy = malloc(n + !n);
	bool ok;

	memcpy(copy, data, n);
	ok = bfd_parse(span_make(copy, n), out);
	free(copy);
	return ok;
}

/* The bytes again, but for those that have no meaning here: the flags C and D, the length, the echo
 * interval. */
static void check_rebuilt(const uint8_t *data, const struct bfd_packet *p)
{
	uint8_t bytes[BFD_BYTES];
	struct bfd_packet back;

	CHECK(!(p->poll && p->final) && p->multiplier != 0 && p->my_discriminator != 0);
	bfd_build(bytes, p);
	CHECK(bytes[0] == data[0] && bytes[1] == (data[1] & 0xf5) && bytes[2] == data[2]);
	CHECK(memcmp(bytes + 4, data + 4, 16) == 0);
	CHECK(parse(bytes, BFD_BYTES, &back));
}

static void check_session(const struct bfd_session *s, const struct bfd_todo *todo, bool was_up,
			  uint64_t now_us)
{
	struct bfd_packet p, back;
	uint8_t bytes[BFD_BYTES];

	CHECK(!todo->went_down || (was_up && s->state == BFD_DOWN && todo->changed));
	CHECK(was_up == (s->state == BFD_UP) || todo->changed);
	CHECK(s->state == BFD_UP || (!s->polling && s->tx_interval_us >= 1000000));
	CHECK(s->state != BFD_UP || s->expire_at_us != 0);
	CHECK(s->send_at_us == 0 || s->send_at_us <= now_us + s->tx_interval_us);
	bfd_session_packet(s, &p);
	bfd_build(bytes, &p);
	/* Only a peer that has not been heard could not tell whose packet this is. */
	CHECK(parse(bytes, BFD_BYTES, &back) || !todo->send);
}

/* Steps of 1 + BFD_BYTES bytes: a pause, and a packet to our session; what is no packet ticks. */
static void live(const uint8_t *data, size_t n)
{
	struct bfd_settings conf = {100000, 100000, 1000000, 3, n % 2, 0x01010101};
	struct bfd_session s;
	uint64_t now_us = 1000000;

	bfd_session_init(&s, &conf, now_us, (uint32_t)n);
	for (; n > BFD_BYTES; n -= BFD_BYTES + 1, data += BFD_BYTES + 1) {
		bool was_up = s.state == BFD_UP;
		struct bfd_packet p;
		struct bfd_todo todo;

		now_us += (uint64_t)(data[0] & 63) * 16000;
		if (data[0] >> 6 == 3)
			todo = bfd_session_admin(&s, data[0] & 1, now_us);
		else if (parse(data + 1, BFD_BYTES, &p))
			todo = bfd_session_receive(&s, &p, now_us);
		else
			todo = bfd_session_tick(&s, now_us);
		check_session(&s, &todo, was_up, now_us);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bfd_packet p;

	if (parse(data, n, &p))
		check_rebuilt(data, &p);
	live(data, n);
	return 0;
}
