/* SPDX-License-Identifier: MIT */
/*
 * BFD control packets (RFC 5880 section 4.1) as bytes. failover/peer_watch.c reads and writes them;
 * what passes bfd_parse goes to its session in bfd_session.c.
 *
 *   version 1, diagnostic | state, flags P F C A D M | multiplier | length
 *   my discriminator, your discriminator, desired min tx, required min rx, required min echo rx
 */
#include "proto/bfd.h"

#include "proto/packet.h"

#define VERSION 1
#define FLAG_POLL 0x20
#define FLAG_FINAL 0x10
#define FLAG_AUTH 0x04
#define FLAG_MULTIPOINT 0x01

void bfd_build(uint8_t dst[BFD_BYTES], const struct bfd_packet *p)
{
	dst[0] = (uint8_t)(VERSION << 5 | (p->diag & 31));
	dst[1] = (uint8_t)(p->state << 6 | (p->poll ? FLAG_POLL : 0) | (p->final ? FLAG_FINAL : 0));
	dst[2] = p->multiplier;
	dst[3] = BFD_BYTES;
	packet_put_u32(dst + 4, p->my_discriminator);
	packet_put_u32(dst + 8, p->your_discriminator);
	packet_put_u32(dst + 12, p->min_tx_us);
	packet_put_u32(dst + 16, p->min_rx_us);
	packet_put_u32(dst + 20, 0);
}

/* No authentication is in use, so a packet with an authentication section is discarded, whatever
 * its length. A packet both poll and final is forbidden by section 6.5. */
static bool flags_are_good(uint8_t flags)
{
	return (flags & (FLAG_AUTH | FLAG_MULTIPOINT)) == 0 &&
	       (flags & (FLAG_POLL | FLAG_FINAL)) != (FLAG_POLL | FLAG_FINAL);
}

bool bfd_parse(struct span bytes, struct bfd_packet *out)
{
	const uint8_t *b = (const uint8_t *)bytes.p;
	struct bfd_packet p;

	if (bytes.len < BFD_BYTES || b[0] >> 5 != VERSION || b[3] < BFD_BYTES || b[3] > bytes.len ||
	    !flags_are_good(b[1]))
		return false;
	p = (struct bfd_packet){
	    .diag = b[0] & 31,
	    .state = b[1] >> 6,
	    .multiplier = b[2],
	    .poll = (b[1] & FLAG_POLL) != 0,
	    .final = (b[1] & FLAG_FINAL) != 0,
	    .my_discriminator = packet_get_u32(b + 4),
	    .your_discriminator = packet_get_u32(b + 8),
	    .min_tx_us = packet_get_u32(b + 12),
	    .min_rx_us = packet_get_u32(b + 16),
	};
	if (p.multiplier == 0 || p.my_discriminator == 0)
		return false;
	/* Who says that the session runs knows our discriminator. */
	if (p.your_discriminator == 0 && p.state != BFD_DOWN && p.state != BFD_ADMIN_DOWN)
		return false;
	*out = p;
	return true;
}

const char *bfd_state_name(enum bfd_state s)
{
	static const char *const names[] = {"AdminDown", "Down", "Init", "Up"};

	CHECK((unsigned int)s < array_size(names));
	return names[s];
}
