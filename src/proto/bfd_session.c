/* SPDX-License-Identifier: MIT */
/*
 * A BFD session (RFC 5880 section 6.8): the three-way handshake, the negotiated intervals, the
 * detection time. The sections named below are the RFC's. Invariants: a session that is not up
 * sends at most each second; polling only while up, for only then are intervals binding.
 *
 *             Down heard           Init heard          Init, Up heard
 *     DOWN ---------------> INIT,   DOWN ----> UP,   INIT ----> UP
 *     UP, INIT ----> DOWN: nothing heard in time, or the peer says AdminDown (UP: or Down)
 */
#include "proto/bfd.h"

#define SLOW_TX_US 1000000 /* 6.8.3: while not up, no faster */

/* Section 6.8.6, the state after: [ours][the peer's]. AdminDown is left by bfd_session_admin only.
 */
static const uint8_t next_state[4][4] = {
    [BFD_ADMIN_DOWN] = {BFD_ADMIN_DOWN, BFD_ADMIN_DOWN, BFD_ADMIN_DOWN, BFD_ADMIN_DOWN},
    [BFD_DOWN] = {BFD_DOWN, BFD_INIT, BFD_UP, BFD_DOWN},
    [BFD_INIT] = {BFD_DOWN, BFD_INIT, BFD_UP, BFD_UP},
    [BFD_UP] = {BFD_DOWN, BFD_DOWN, BFD_UP, BFD_UP},
};

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* What we wish to send at, as packets say it. */
static uint32_t desired_min_tx_us(const struct bfd_session *s)
{
	if (s->state == BFD_UP)
		return s->conf.min_tx_us;
	return max_u32(max_u32(s->conf.idle_tx_us, SLOW_TX_US), s->conf.min_tx_us);
}

/* ---- timers */

/* xorshift: spreading the packets of many sessions is all it is for. */
static uint32_t next_random(struct bfd_session *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 17;
	s->random ^= s->random << 5;
	return s->random;
}

/* Section 6.8.7: 75 to 100 % of the interval, with multiplier 1 at most 90 %. */
static uint64_t jittered(struct bfd_session *s)
{
	uint32_t spread = s->conf.multiplier == 1 ? 1500 : 2500;

	return max_u64(1, s->tx_interval_us * (7500 + next_random(s) % (spread + 1)) / 10000);
}

/* A passive side is silent until it is spoken to, and a peer may forbid periodic packets. */
static bool may_send(const struct bfd_session *s)
{
	return !s->conf.passive || s->remote_discriminator != 0;
}

static bool sends_periodically(const struct bfd_session *s)
{
	return may_send(s) && s->remote_min_rx_us != 0;
}

static void schedule_next(struct bfd_session *s, uint64_t now_us)
{
	s->sent_at_us = now_us;
	s->send_at_us = sends_periodically(s) ? now_us + jittered(s) : 0;
}

/* Section 6.8.2, and 6.8.3's last words: a shorter interval counts from the last packet, at once. A
 * longer one begins with the next. */
static void update_tx_interval(struct bfd_session *s, uint64_t now_us)
{
	uint64_t before_us = s->tx_interval_us;

	s->tx_interval_us = max_u64(s->active_min_tx_us, s->remote_min_rx_us);
	if (!sends_periodically(s))
		s->send_at_us = 0;
	else if (s->send_at_us == 0 || s->tx_interval_us < before_us)
		s->send_at_us = max_u64(now_us, s->sent_at_us + jittered(s));
}

uint64_t bfd_session_detect_us(const struct bfd_session *s)
{
	return (uint64_t)s->remote_multiplier * max_u32(s->active_min_rx_us, s->remote_min_tx_us);
}

static void update_expiry(struct bfd_session *s)
{
	if (s->heard_at_us != 0)
		s->expire_at_us = s->heard_at_us + bfd_session_detect_us(s);
}

/* Our wishes are in force as they stand: nobody has to agree, or the peer has. */
static void activate_intervals(struct bfd_session *s)
{
	s->active_min_tx_us = desired_min_tx_us(s);
	s->active_min_rx_us = s->conf.min_rx_us;
}

static void end_poll(struct bfd_session *s)
{
	s->polling = s->poll_again;
	s->poll_again = false;
	if (!s->polling)
		activate_intervals(s);
}

/* ---- states */

/* The one writer of the state. Coming up, the faster packets begin at once, and a poll sequence
 * tells of them; going down, the slow ones do. */
static void enter(struct bfd_session *s, enum bfd_state state, enum bfd_diag diag,
		  struct bfd_todo *todo)
{
	s->state = state;
	s->diag = (uint8_t)diag;
	s->polling = state == BFD_UP;
	s->poll_again = false;
	activate_intervals(s);
	s->tx_interval_us = max_u64(s->active_min_tx_us, s->remote_min_rx_us);
	todo->changed = true;
}

/* Tells the peer of a new state without waiting for the timer (6.8.7). */
static void send_change(struct bfd_session *s, uint64_t now_us, struct bfd_todo *todo)
{
	todo->send = may_send(s);
	schedule_next(s, now_us);
}

void bfd_session_init(struct bfd_session *s, const struct bfd_settings *conf, uint64_t now_us,
		      uint32_t seed)
{
	CHECK(conf->discriminator != 0 && conf->multiplier != 0 && conf->min_tx_us != 0);
	*s = (struct bfd_session){
	    .conf = *conf,
	    .state = BFD_DOWN,
	    .remote_state = BFD_DOWN,
	    .remote_min_rx_us = 1,
	    .random = seed ? seed : 1,
	};
	activate_intervals(s);
	s->tx_interval_us = max_u64(s->active_min_tx_us, s->remote_min_rx_us);
	s->send_at_us = sends_periodically(s) ? now_us + 1 : 0;
}

/* What a packet says about its sender. */
static void learn(struct bfd_session *s, const struct bfd_packet *p)
{
	s->remote_discriminator = p->my_discriminator;
	s->remote_state = p->state;
	s->remote_diag = p->diag;
	s->remote_multiplier = p->multiplier;
	s->remote_min_tx_us = p->min_tx_us;
	s->remote_min_rx_us = p->min_rx_us;
}

static enum bfd_diag diag_after(const struct bfd_session *s, enum bfd_state next)
{
	if (next == BFD_DOWN)
		return BFD_DIAG_NEIGHBOR_DOWN;
	return next == BFD_UP ? BFD_DIAG_NONE : (enum bfd_diag)s->diag;
}

struct bfd_todo bfd_session_receive(struct bfd_session *s, const struct bfd_packet *p,
				    uint64_t now_us)
{
	struct bfd_todo todo = {0};
	enum bfd_state next;

	s->send_final = false;
	if (p->your_discriminator != 0 && p->your_discriminator != s->conf.discriminator)
		return todo;
	learn(s, p);
	if (s->polling && p->final)
		end_poll(s);
	s->heard_at_us = now_us;
	next = next_state[s->state][p->state & 3];
	if (next != s->state) {
		todo.went_down = s->state == BFD_UP && p->diag == BFD_DIAG_FORWARDING_RESET;
		enter(s, next, diag_after(s, next), &todo);
		send_change(s, now_us, &todo);
	} else {
		update_tx_interval(s, now_us);
	}
	update_expiry(s);
	if (p->poll && s->state != BFD_ADMIN_DOWN) {
		s->send_final = true;
		todo.send = true;
	}
	return todo;
}

/* Nothing was heard for the detection time: the peer is as unknown as it was at first. */
static void expire(struct bfd_session *s, uint64_t now_us, struct bfd_todo *todo)
{
	s->expire_at_us = 0;
	s->heard_at_us = 0;
	s->remote_discriminator = 0;
	s->remote_min_rx_us = 1;
	if (s->state == BFD_INIT || s->state == BFD_UP) {
		todo->went_down = s->state == BFD_UP;
		enter(s, BFD_DOWN, BFD_DIAG_EXPIRED, todo);
		send_change(s, now_us, todo);
	} else {
		update_tx_interval(s, now_us);
	}
}

struct bfd_todo bfd_session_tick(struct bfd_session *s, uint64_t now_us)
{
	struct bfd_todo todo = {0};

	s->send_final = false;
	if (s->expire_at_us != 0 && now_us >= s->expire_at_us)
		expire(s, now_us, &todo);
	if (s->send_at_us != 0 && now_us >= s->send_at_us) {
		todo.send = true;
		schedule_next(s, now_us);
	}
	return todo;
}

uint64_t bfd_session_deadline(const struct bfd_session *s)
{
	if (s->send_at_us == 0 || s->expire_at_us == 0)
		return max_u64(s->send_at_us, s->expire_at_us);
	return s->send_at_us < s->expire_at_us ? s->send_at_us : s->expire_at_us;
}

void bfd_session_packet(const struct bfd_session *s, struct bfd_packet *out)
{
	*out = (struct bfd_packet){
	    .diag = s->diag,
	    .state = (uint8_t)s->state,
	    .multiplier = s->conf.multiplier,
	    .poll = s->polling && !s->send_final,
	    .final = s->send_final,
	    .my_discriminator = s->conf.discriminator,
	    .your_discriminator = s->remote_discriminator,
	    .min_tx_us = desired_min_tx_us(s),
	    .min_rx_us = s->conf.min_rx_us,
	};
}

struct bfd_todo bfd_session_admin(struct bfd_session *s, bool down, uint64_t now_us)
{
	struct bfd_todo todo = {0};

	s->send_final = false;
	if (down == (s->state == BFD_ADMIN_DOWN))
		return todo;
	enter(s, down ? BFD_ADMIN_DOWN : BFD_DOWN, down ? BFD_DIAG_ADMIN_DOWN : BFD_DIAG_NONE,
	      &todo);
	send_change(s, now_us, &todo);
	return todo;
}

/* While a poll sequence runs the peer may hold either of two intervals true: we send by the shorter
 * one and expect by the longer one. */
struct bfd_todo bfd_session_configure(struct bfd_session *s, const struct bfd_settings *conf,
				      uint64_t now_us)
{
	struct bfd_todo todo = {0};
	bool differs = conf->min_tx_us != s->conf.min_tx_us || conf->min_rx_us != s->conf.min_rx_us;
	uint32_t discriminator = s->conf.discriminator;

	CHECK(conf->multiplier != 0 && conf->min_tx_us != 0);
	s->send_final = false;
	s->conf = *conf;
	s->conf.discriminator = discriminator;
	if (s->state != BFD_UP) {
		activate_intervals(s);
	} else if (differs) {
		s->poll_again = s->polling;
		s->polling = true;
		s->active_min_tx_us = min_u32(s->active_min_tx_us, s->conf.min_tx_us);
		s->active_min_rx_us = max_u32(s->active_min_rx_us, s->conf.min_rx_us);
		todo.send = true;
	}
	update_tx_interval(s, now_us);
	update_expiry(s);
	return todo;
}
