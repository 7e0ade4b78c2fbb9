/* SPDX-License-Identifier: MIT */
/*
 * BFD, asynchronous mode, single hop (RFC 5880, RFC 5881): control packets and the session's state
 * machine, pure. No authentication, no demand mode, no echo. Time is monotonic microseconds.
 */
#ifndef PROTO_BFD_H
#define PROTO_BFD_H

#include "base/check.h"
#include "base/span.h"

#include <stdint.h>

#define BFD_PORT 3784
#define BFD_BYTES 24
#define BFD_TTL 255

enum bfd_state { BFD_ADMIN_DOWN, BFD_DOWN, BFD_INIT, BFD_UP };
enum bfd_diag {
	BFD_DIAG_NONE,
	BFD_DIAG_EXPIRED,
	BFD_DIAG_ECHO_FAILED,
	BFD_DIAG_NEIGHBOR_DOWN,
	BFD_DIAG_FORWARDING_RESET,
	BFD_DIAG_PATH_DOWN,
	BFD_DIAG_CONCATENATED_DOWN,
	BFD_DIAG_ADMIN_DOWN,
	BFD_DIAG_REVERSE_DOWN
};

struct bfd_packet {
	uint8_t diag, state, multiplier; /* enums */
	bool poll, final;
	uint32_t my_discriminator, your_discriminator;
	uint32_t min_tx_us, min_rx_us;
};

struct bfd_settings {
	uint32_t min_tx_us, min_rx_us, idle_tx_us; /* idle: while not up, at least 1 s (RFC
						      5880 6.8.3) */
	uint8_t multiplier;
	bool passive;
	uint32_t discriminator; /* ours: unique, not 0 */
};

struct bfd_session {
	struct bfd_settings conf;
	enum bfd_state state, remote_state;
	uint8_t diag, remote_diag, remote_multiplier;
	uint32_t remote_discriminator, remote_min_tx_us, remote_min_rx_us;
	bool polling, send_final;
	bool poll_again;                   /* settings changed while polling: once more */
	uint64_t send_at_us, expire_at_us; /* 0: not running */
	uint64_t sent_at_us, heard_at_us;  /* last periodic packet, last packet of the peer */
	uint64_t tx_interval_us;
	uint32_t active_min_tx_us, active_min_rx_us; /* in force until a poll sequence is done */
	uint32_t random;                             /* state of the jitter */
};

struct bfd_todo {
	bool send;      /* bfd_session_packet's bytes, now */
	bool changed;   /* of state */
	bool went_down; /* it was up and its peer has not been heard in time, or somebody says in
			   its name that it has died (BFD_DIAG_FORWARDING_RESET) */
};

/* BFD_BYTES bytes. */
void bfd_build(uint8_t dst[BFD_BYTES], const struct bfd_packet *p);
/* RFC 5880 section 6.8.6, all checks that need no session. False: discard. */
bool bfd_parse(struct span bytes, struct bfd_packet *out) must_check;

void bfd_session_init(struct bfd_session *s, const struct bfd_settings *conf, uint64_t now_us,
		      uint32_t seed);
/* After each call its todo is carried out before the next one: a final packet is remembered no
 * longer. The driver empties its socket before it ticks, lest a pause of its own look like the
 * peer's silence. */

/* A packet that is this session's (by your_discriminator, or by its source where that is 0). */
struct bfd_todo bfd_session_receive(struct bfd_session *s, const struct bfd_packet *p,
				    uint64_t now_us) must_check;
/* When bfd_session_deadline has come. */
struct bfd_todo bfd_session_tick(struct bfd_session *s, uint64_t now_us) must_check;
uint64_t bfd_session_deadline(const struct bfd_session *s); /* 0: none */
/* The packet to send now. */
void bfd_session_packet(const struct bfd_session *s, struct bfd_packet *out);
/* AdminDown (before leaving), or back. */
struct bfd_todo bfd_session_admin(struct bfd_session *s, bool down, uint64_t now_us) must_check;
/* Other intervals, multiplier or role at run time: the session stays up, a poll sequence tells the
 * peer (RFC 5880 section 6.8.3). The discriminator stays. */
struct bfd_todo bfd_session_configure(struct bfd_session *s, const struct bfd_settings *conf,
				      uint64_t now_us) must_check;
/* Detection time in force, µs; 0 before the peer was heard. */
uint64_t bfd_session_detect_us(const struct bfd_session *s);
const char *bfd_state_name(enum bfd_state s);

#endif
