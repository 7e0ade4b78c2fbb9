/* SPDX-License-Identifier: MIT */
/* BFD: packets bit by bit, and two sessions wired together in virtual time, on a wire that loses,
 * delays and is cut. */
#include "proto/bfd.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS 1000ull
#define SECOND 1000000ull

/* ---- packets */

static const struct bfd_packet sample = {
    .diag = BFD_DIAG_EXPIRED,
    .state = BFD_UP,
    .multiplier = 3,
    .poll = true,
    .my_discriminator = 0x01020304,
    .your_discriminator = 0xa0b0c0d0,
    .min_tx_us = 100000,
    .min_rx_us = 50000,
};

static const uint8_t sample_bytes[BFD_BYTES] = {
    0x21, 0xe0, 3, 24, 1, 2, 3, 4, 0xa0, 0xb0, 0xc0, 0xd0, 0, 1, 0x86, 0xa0, 0, 0, 0xc3, 0x50,
};

/* Parses exactly n bytes of memory; what is discarded leaves *out as it was. */
static bool parse(const uint8_t *p, size_t n, struct bfd_packet *out)
{
	static const struct bfd_packet untouched = {.multiplier = 99};
	uint8_t *copy = malloc(n + !n);
	bool ok;

	memcpy(copy, p, n);
	*out = untouched;
	ok = bfd_parse(span_make(copy, n), out);
	free(copy);
	if (!ok)
		assert_memory_equal(out, &untouched, sizeof(*out));
	return ok;
}

static bool same(const struct bfd_packet *a, const struct bfd_packet *b)
{
	return a->diag == b->diag && a->state == b->state && a->multiplier == b->multiplier &&
	       a->poll == b->poll && a->final == b->final &&
	       a->my_discriminator == b->my_discriminator &&
	       a->your_discriminator == b->your_discriminator && a->min_tx_us == b->min_tx_us &&
	       a->min_rx_us == b->min_rx_us;
}

static void test_golden(void **state)
{
	uint8_t bytes[BFD_BYTES], longer[32] = {0};
	struct bfd_packet p;

	(void)state;
	bfd_build(bytes, &sample);
	assert_memory_equal(bytes, sample_bytes, BFD_BYTES);
	assert_true(parse(bytes, BFD_BYTES, &p));
	assert_true(same(&p, &sample));
	memcpy(longer, bytes, BFD_BYTES);
	for (size_t n = 0; n < BFD_BYTES; n++)
		assert_false(parse(longer, n, &p));
	for (size_t n = BFD_BYTES; n < sizeof(longer); n++)
		assert_true(parse(longer, n, &p));
	for (int s = BFD_ADMIN_DOWN; s <= BFD_UP; s++)
		assert_non_null(bfd_state_name(s));
	assert_string_equal(bfd_state_name(BFD_UP), "Up");
}

/* A flipped bit is refused, or means another packet, or is one that has no meaning here: control
 * plane independent, demand, and the echo interval. */
static void test_bit_flips(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < BFD_BYTES * 8; bit++) {
		bool idle = bit / 8 >= 20 || bit == 8 + 3 || bit == 8 + 1;
		uint8_t bytes[BFD_BYTES];
		struct bfd_packet p;
		bool ok;

		memcpy(bytes, sample_bytes, BFD_BYTES);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ok = parse(bytes, BFD_BYTES, &p);
		if (idle)
			assert_true(ok && same(&p, &sample));
		else
			assert_true(!ok || !same(&p, &sample));
	}
}

static bool with(size_t at, uint32_t value, size_t n)
{
	uint8_t bytes[BFD_BYTES];
	struct bfd_packet p;

	memcpy(bytes, sample_bytes, BFD_BYTES);
	for (size_t i = 0; i < n; i++)
		bytes[at + i] = (uint8_t)(value >> 8 * (n - 1 - i));
	return parse(bytes, BFD_BYTES, &p);
}

static void test_discarded(void **state)
{
	(void)state;
	assert_true(with(0, 0x21, 1));
	assert_false(with(0, 0x01, 1)); /* version 0 */
	assert_false(with(0, 0x41, 1));
	assert_false(with(1, 0xe4, 1)); /* authentication */
	assert_false(with(1, 0xe1, 1)); /* multipoint */
	assert_false(with(1, 0xf0, 1)); /* poll and final */
	assert_true(with(1, 0xd0, 1));
	assert_false(with(2, 0, 1));
	assert_false(with(3, 23, 1));
	assert_false(with(3, 25, 1)); /* longer than what came */
	assert_false(with(4, 0, 4));
	assert_false(with(8, 0, 4)); /* Up, but does not know us */
	for (int s = BFD_ADMIN_DOWN; s <= BFD_UP; s++) {
		struct bfd_packet p = sample;
		uint8_t bytes[BFD_BYTES];

		p.state = (uint8_t)s;
		p.your_discriminator = 0;
		bfd_build(bytes, &p);
		assert_int_equal(parse(bytes, BFD_BYTES, &p), s <= BFD_DOWN);
	}
}

/* ---- two sessions and a wire */

#define DELAY_US (1 * MS)
#define FLYING 64

struct node {
	struct bfd_session s;
	bool stopped;      /* its machine is off */
	bool deaf;         /* what comes is lost */
	unsigned int lose; /* so many of each lose + 1 that come are lost */
	unsigned int came;
	unsigned int went_down, changes, sent;
	uint64_t down_at_us, sent_at_us, least_gap_us, most_gap_us;
	bool last_poll, last_final;
	unsigned int finals;
};

struct wire {
	struct node node[2];
	uint64_t now_us;
	struct {
		uint8_t bytes[BFD_BYTES];
		uint64_t at_us; /* 0: free */
		int to;
	} flying[FLYING];
};

static struct bfd_settings fast(uint32_t discriminator)
{
	return (struct bfd_settings){
	    .min_tx_us = 100000,
	    .min_rx_us = 100000,
	    .idle_tx_us = 1000000,
	    .multiplier = 3,
	    .discriminator = discriminator,
	};
}

static void do_send(struct wire *w, int from)
{
	struct node *n = &w->node[from];
	struct bfd_packet p;
	int i = 0;

	while (i < FLYING && w->flying[i].at_us)
		i++;
	assert_true(i < FLYING);
	bfd_session_packet(&n->s, &p);
	assert_false(p.poll && p.final);
	n->last_poll = p.poll;
	n->last_final = p.final;
	n->finals += p.final;
	if (!p.final) {
		uint64_t gap_us = w->now_us - n->sent_at_us;

		if (n->sent++ > 0 && gap_us < n->least_gap_us)
			n->least_gap_us = gap_us;
		if (n->sent > 1 && gap_us > n->most_gap_us)
			n->most_gap_us = gap_us;
		n->sent_at_us = w->now_us;
	}
	bfd_build(w->flying[i].bytes, &p);
	w->flying[i].at_us = w->now_us + DELAY_US;
	w->flying[i].to = !from;
}

static void carry_out(struct wire *w, int which, struct bfd_todo todo)
{
	struct node *n = &w->node[which];

	n->changes += todo.changed;
	n->went_down += todo.went_down;
	if (todo.went_down)
		n->down_at_us = w->now_us;
	if (todo.went_down)
		assert_true(todo.changed && n->s.state == BFD_DOWN);
	if (todo.send)
		do_send(w, which);
}

static void deliver(struct wire *w, int i)
{
	struct node *n = &w->node[w->flying[i].to];
	struct bfd_packet p;

	w->flying[i].at_us = 0;
	if (n->stopped || n->deaf || (n->lose && n->came++ % (n->lose + 1) != 0))
		return;
	assert_true(bfd_parse(span_make(w->flying[i].bytes, BFD_BYTES), &p));
	carry_out(w, w->flying[i].to, bfd_session_receive(&n->s, &p, w->now_us));
}

/* The next thing that happens, not after `until`. */
static bool step(struct wire *w, uint64_t until_us)
{
	uint64_t first_us = until_us + 1;
	int packet = -1, ticking = -1;

	for (int i = 0; i < FLYING; i++) {
		if (w->flying[i].at_us && w->flying[i].at_us < first_us) {
			first_us = w->flying[i].at_us;
			packet = i;
		}
	}
	for (int i = 0; i < 2; i++) {
		uint64_t at_us = bfd_session_deadline(&w->node[i].s);

		if (!w->node[i].stopped && at_us && at_us < first_us) {
			first_us = at_us;
			ticking = i;
		}
	}
	if (first_us > until_us)
		return false;
	assert_true(first_us >= w->now_us);
	w->now_us = first_us;
	if (ticking >= 0)
		carry_out(w, ticking, bfd_session_tick(&w->node[ticking].s, w->now_us));
	else
		deliver(w, packet);
	return true;
}

static void run(struct wire *w, uint64_t us)
{
	uint64_t until_us = w->now_us + us;

	for (int steps = 0; step(w, until_us); steps++)
		assert_true(steps < 1000000);
	w->now_us = until_us;
}

static void begin(struct wire *w, const struct bfd_settings *a, const struct bfd_settings *b)
{
	memset(w, 0, sizeof(*w));
	w->now_us = 5 * SECOND;
	bfd_session_init(&w->node[0].s, a, w->now_us, 11);
	bfd_session_init(&w->node[1].s, b, w->now_us, 12);
	w->node[0].least_gap_us = w->node[1].least_gap_us = UINT64_MAX;
}

static void assert_states(const struct wire *w, enum bfd_state a, enum bfd_state b)
{
	assert_int_equal(w->node[0].s.state, a);
	assert_int_equal(w->node[1].s.state, b);
}

/* Two that are up, their poll sequences done, and counted from here. */
static void begin_up(struct wire *w, const struct bfd_settings *a, const struct bfd_settings *b)
{
	begin(w, a, b);
	run(w, 3 * SECOND);
	assert_states(w, BFD_UP, BFD_UP);
	for (int i = 0; i < 2; i++) {
		struct node *n = &w->node[i];

		assert_false(n->s.polling);
		assert_int_equal(n->went_down, 0);
		n->changes = n->sent = n->finals = 0;
		n->least_gap_us = UINT64_MAX;
		n->most_gap_us = 0;
	}
}

static void test_comes_up(void **state)
{
	struct bfd_settings a = fast(1), b = fast(2);
	struct wire w;

	(void)state;
	begin(&w, &a, &b);
	assert_int_equal(bfd_session_detect_us(&w.node[0].s), 0);
	run(&w, 20 * MS); /* the first packets, and three ways */
	assert_states(&w, BFD_UP, BFD_UP);
	run(&w, 2 * SECOND);
	for (int i = 0; i < 2; i++) {
		const struct bfd_session *s = &w.node[i].s;

		assert_int_equal(s->remote_state, BFD_UP);
		assert_int_equal(s->remote_discriminator, i ? 1 : 2);
		assert_int_equal(s->diag, BFD_DIAG_NONE);
		assert_int_equal(s->tx_interval_us, 100000);
		assert_int_equal(bfd_session_detect_us(s), 300000);
		assert_int_equal(w.node[i].went_down, 0);
		assert_int_equal(w.node[i].finals, 1);
		assert_false(s->polling);
	}
}

/* Each sends at the slower of what it wishes and what the other one bears; RFC 5880 6.8.4. */
static void test_negotiation(void **state)
{
	struct bfd_settings a = fast(1), b = fast(2);
	struct wire w;

	(void)state;
	a.min_tx_us = 20000;
	a.min_rx_us = 50000;
	a.multiplier = 5;
	b.min_tx_us = 200000;
	b.min_rx_us = 70000;
	begin_up(&w, &a, &b);
	assert_int_equal(w.node[0].s.tx_interval_us, 70000);
	assert_int_equal(w.node[1].s.tx_interval_us, 200000);
	assert_int_equal(bfd_session_detect_us(&w.node[0].s), 600000);
	assert_int_equal(bfd_session_detect_us(&w.node[1].s), 350000);
	run(&w, 60 * SECOND);
	assert_true(w.node[0].least_gap_us >= 52500 && w.node[0].most_gap_us <= 70000);
	assert_true(w.node[1].least_gap_us >= 150000 && w.node[1].most_gap_us <= 200000);
	assert_states(&w, BFD_UP, BFD_UP);
}

static void test_jitter(void **state)
{
	struct bfd_settings a = fast(1), b = fast(2);
	struct wire w;

	(void)state;
	a.multiplier = 1;
	begin_up(&w, &a, &b);
	run(&w, 600 * SECOND);
	assert_true(w.node[0].least_gap_us >= 75000 && w.node[0].least_gap_us < 76000);
	assert_true(w.node[0].most_gap_us <= 90000 && w.node[0].most_gap_us > 89000);
	assert_true(w.node[1].least_gap_us >= 75000 && w.node[1].least_gap_us < 76000);
	assert_true(w.node[1].most_gap_us <= 100000 && w.node[1].most_gap_us > 99000);
	assert_int_equal(w.node[0].changes + w.node[1].changes, 0);
}

static void test_slow_while_down(void **state)
{
	struct bfd_settings a = fast(1), b = fast(2);
	struct bfd_packet p;
	struct wire w;

	(void)state;
	a.idle_tx_us = 10000; /* not allowed: at least a second */
	begin(&w, &a, &b);
	w.node[1].stopped = true;
	bfd_session_packet(&w.node[0].s, &p);
	assert_int_equal(p.min_tx_us, 1000000);
	assert_int_equal(p.your_discriminator, 0);
	run(&w, 600 * SECOND);
	assert_true(w.node[0].least_gap_us >= 750000 && w.node[0].most_gap_us <= 1000000);
	assert_true(w.node[0].sent >= 600);
	assert_int_equal(w.node[0].changes, 0);
}

static void test_survives_loss(void **state)
{
	struct bfd_settings a = fast(1), b = fast(2);
	struct wire w;

	(void)state;
	begin_up(&w, &a, &b);
	w.node[0].lose = w.node[1].lose = 2; /* of each three */
	run(&w, 600 * SECOND);
	assert_int_equal(w.node[0].changes + w.node[1].changes, 0);
	w.node[0].lose = w.node[1].lose = 5;
	run(&w, 10 * SECOND);
	assert_true(w.node[0].went_down > 0 && w.node[1].went_down > 0);
	w.node[0].lose = w.node[1].lose = 0;
	run(&w, 3 * SECOND);
	assert_states(&w, BFD_UP, BFD_UP);
}

static void test_detects_silence(void **state)
{
	struct bfd_settings a = fast(1), b = fast(2);
	struct wire w;

	(void)state;
	for (int i = 0; i < 50; i++) {
		uint64_t heard_us;

		begin_up(&w, &a, &b);
		run(&w, (uint64_t)i * 7 * MS);
		heard_us = w.node[0].s.heard_at_us;
		memset(w.flying, 0, sizeof(w.flying));
		w.node[1].stopped = true;
		run(&w, SECOND);
		assert_int_equal(w.node[0].went_down, 1);
		assert_int_equal(w.node[0].changes, 1);
		assert_int_equal(w.node[0].down_at_us - heard_us, 300000);
		assert_int_equal(w.node[0].s.diag, BFD_DIAG_EXPIRED);
		assert_int_equal(w.node[0].s.remote_discriminator, 0);
		assert_false(w.node[0].s.polling);

		/* Another process, another discriminator. */
		b.discriminator++;
		bfd_session_init(&w.node[1].s, &b, w.now_us, 13);
		w.node[1].stopped = false;
		run(&w, 20 * MS);
		assert_states(&w, BFD_UP, BFD_UP);
		assert_int_equal(w.node[0].s.remote_discriminator, b.discriminator);
	}
}

/* It restarts faster than its silence is noticed. */
static void test_quick_restart(void **state)
{
	struct bfd_settings a = fast(1), b = fast(2);
	struct wire w;

	(void)state;
	begin_up(&w, &a, &b);
	b.discriminator = 77;
	bfd_session_init(&w.node[1].s, &b, w.now_us, 13);
	run(&w, 20 * MS);
	assert_states(&w, BFD_UP, BFD_UP);
	assert_int_equal(w.node[0].changes, 2);
	assert_int_equal(w.node[0].went_down, 0); /* it was heard: it said so itself */
	assert_int_equal(w.node[0].s.remote_discriminator, 77);
}

/* Its watcher says that it has died: that counts as silence, at once. Any other diagnostic is the
 * word of one who lives. */
static void test_word_of_death(void **state)
{
	struct bfd_settings a = fast(1), b = fast(2);
	struct wire w;

	(void)state;
	for (unsigned int diag = BFD_DIAG_NONE; diag <= BFD_DIAG_REVERSE_DOWN; diag++) {
		struct bfd_packet p;
		struct bfd_todo todo;

		begin_up(&w, &a, &b);
		bfd_session_packet(&w.node[1].s, &p);
		p.state = BFD_DOWN;
		p.diag = (uint8_t)diag;
		todo = bfd_session_receive(&w.node[0].s, &p, w.now_us);
		assert_int_equal(w.node[0].s.state, BFD_DOWN);
		assert_int_equal(todo.went_down, diag == BFD_DIAG_FORWARDING_RESET);
		todo = bfd_session_receive(&w.node[0].s, &p, w.now_us);
		assert_false(todo.went_down);
	}
}

/* One way is cut: who hears nothing says so, and the other one follows. */
static void test_one_way(void **state)
{
	struct bfd_settings a = fast(1), b = fast(2);
	struct wire w;

	(void)state;
	begin_up(&w, &a, &b);
	w.node[0].deaf = true;
	run(&w, 400 * MS);
	assert_states(&w, BFD_DOWN, BFD_DOWN);
	assert_int_equal(w.node[0].went_down, 1);
	assert_int_equal(w.node[1].went_down, 0);
	assert_int_equal(w.node[1].s.remote_diag, BFD_DIAG_EXPIRED);
	run(&w, 20 * SECOND);
	assert_states(&w, BFD_DOWN, BFD_INIT);
	w.node[0].deaf = false;
	run(&w, 3 * SECOND);
	assert_states(&w, BFD_UP, BFD_UP);
}

static void test_admin_down(void **state)
{
	struct bfd_settings a = fast(1), b = fast(2);
	struct wire w;

	(void)state;
	begin_up(&w, &a, &b);
	carry_out(&w, 1, bfd_session_admin(&w.node[1].s, true, w.now_us));
	run(&w, 10 * MS);
	assert_states(&w, BFD_DOWN, BFD_ADMIN_DOWN);
	assert_int_equal(w.node[0].went_down, 0);
	assert_int_equal(w.node[0].s.diag, BFD_DIAG_NEIGHBOR_DOWN);
	assert_int_equal(w.node[0].s.remote_state, BFD_ADMIN_DOWN);
	assert_int_equal(w.node[0].s.remote_diag, BFD_DIAG_ADMIN_DOWN);
	run(&w, 20 * SECOND);
	assert_states(&w, BFD_DOWN, BFD_ADMIN_DOWN);
	assert_false(bfd_session_admin(&w.node[1].s, true, w.now_us).changed);
	carry_out(&w, 1, bfd_session_admin(&w.node[1].s, false, w.now_us));
	assert_false(bfd_session_admin(&w.node[1].s, false, w.now_us).changed);
	run(&w, 20 * MS);
	assert_states(&w, BFD_UP, BFD_UP);
}

static void test_passive(void **state)
{
	struct bfd_settings a = fast(1), b = fast(2);
	struct wire w;

	(void)state;
	a.passive = b.passive = true;
	begin(&w, &a, &b);
	run(&w, 100 * SECOND);
	assert_int_equal(w.node[0].sent + w.node[1].sent, 0);
	assert_int_equal(bfd_session_deadline(&w.node[0].s), 0);

	b.passive = false;
	begin(&w, &a, &b);
	run(&w, 20 * MS);
	assert_states(&w, BFD_UP, BFD_UP);
	run(&w, SECOND);
	w.node[1].stopped = true;
	run(&w, 10 * SECOND);
	w.node[0].sent = 0;
	run(&w, 100 * SECOND);
	assert_int_equal(w.node[0].sent, 0); /* and is silent again */
}

/* ---- one session, by hand */

static const struct bfd_packet none;

static struct bfd_packet from_peer(enum bfd_state state)
{
	return (struct bfd_packet){
	    .state = (uint8_t)state,
	    .multiplier = 3,
	    .my_discriminator = 2,
	    .your_discriminator = 1,
	    .min_tx_us = 100000,
	    .min_rx_us = 100000,
	};
}

static void receive(struct bfd_session *s, struct bfd_packet p, uint64_t now_us)
{
	struct bfd_todo todo = bfd_session_receive(s, &p, now_us);

	assert_false(todo.went_down);
}

static void bring_up(struct bfd_session *s, uint64_t now_us)
{
	struct bfd_settings conf = fast(1);
	struct bfd_packet final = from_peer(BFD_UP);

	bfd_session_init(s, &conf, now_us, 5);
	receive(s, from_peer(BFD_DOWN), now_us);
	receive(s, from_peer(BFD_UP), now_us);
	assert_int_equal(s->state, BFD_UP);
	assert_true(s->polling);
	final.final = true;
	receive(s, final, now_us);
	assert_false(s->polling);
}

static void test_state_table(void **state)
{
	static const uint8_t wanted[4][4] = {
	    {BFD_ADMIN_DOWN, BFD_ADMIN_DOWN, BFD_ADMIN_DOWN, BFD_ADMIN_DOWN},
	    {BFD_DOWN, BFD_INIT, BFD_UP, BFD_DOWN},
	    {BFD_DOWN, BFD_INIT, BFD_UP, BFD_UP},
	    {BFD_DOWN, BFD_DOWN, BFD_UP, BFD_UP},
	};

	(void)state;
	for (int ours = 0; ours < 4; ours++) {
		for (int theirs = 0; theirs < 4; theirs++) {
			struct bfd_packet p = from_peer(theirs);
			struct bfd_session s;
			struct bfd_todo todo;

			bring_up(&s, SECOND);
			if (ours == BFD_ADMIN_DOWN)
				assert_true(bfd_session_admin(&s, true, SECOND).changed);
			else if (ours != BFD_UP)
				receive(&s, from_peer(BFD_DOWN), SECOND);
			if (ours == BFD_INIT)
				receive(&s, from_peer(BFD_DOWN), SECOND);
			assert_int_equal(s.state, ours);
			todo = bfd_session_receive(&s, &p, SECOND);
			assert_int_equal(s.state, wanted[ours][theirs]);
			assert_int_equal(todo.changed, s.state != (unsigned int)ours);
			assert_int_equal(todo.send, todo.changed);
			assert_int_equal(s.polling, s.state == BFD_UP && todo.changed);
			if (todo.changed && s.state == BFD_DOWN)
				assert_int_equal(s.diag, BFD_DIAG_NEIGHBOR_DOWN);
		}
	}
}

static void test_final(void **state)
{
	struct bfd_packet p = from_peer(BFD_UP), ours = none;
	struct bfd_session s;
	struct bfd_todo todo;
	uint64_t send_at_us;

	(void)state;
	bring_up(&s, SECOND);
	send_at_us = s.send_at_us;
	p.poll = true;
	todo = bfd_session_receive(&s, &p, SECOND + 10 * MS);
	assert_true(todo.send && !todo.changed);
	assert_int_equal(s.send_at_us, send_at_us); /* beside the periodic ones */
	bfd_session_packet(&s, &ours);
	assert_true(ours.final && !ours.poll);
	assert_true(bfd_session_tick(&s, send_at_us).send);
	bfd_session_packet(&s, &ours);
	assert_false(ours.final);

	/* AdminDown answers nothing. */
	assert_true(bfd_session_admin(&s, true, SECOND + 200 * MS).send);
	assert_false(bfd_session_receive(&s, &p, SECOND + 210 * MS).send);
}

static void test_strange_discriminator(void **state)
{
	struct bfd_packet p = from_peer(BFD_DOWN);
	struct bfd_session s, before;
	struct bfd_todo todo;

	(void)state;
	bring_up(&s, SECOND);
	before = s;
	p.your_discriminator = 3;
	todo = bfd_session_receive(&s, &p, SECOND + MS);
	assert_false(todo.send || todo.changed || todo.went_down);
	assert_memory_equal(&s, &before, sizeof(s));
}

static struct bfd_todo configure(struct bfd_session *s, uint32_t min_tx_us, uint32_t min_rx_us,
				 uint64_t now_us)
{
	struct bfd_settings conf = s->conf;

	conf.min_tx_us = min_tx_us;
	conf.min_rx_us = min_rx_us;
	conf.discriminator = 1234;
	return bfd_session_configure(s, &conf, now_us);
}

/* Slower sending and quicker expecting wait for the peer's word; the opposites do not. */
static void test_poll_sequence(void **state)
{
	struct bfd_packet final = from_peer(BFD_UP), quick = final, ours;
	struct bfd_session s;

	(void)state;
	final.final = true;
	quick.min_tx_us = final.min_tx_us = 10000;
	bring_up(&s, SECOND);
	receive(&s, quick, SECOND);
	assert_true(configure(&s, 400000, 50000, SECOND).send);
	bfd_session_packet(&s, &ours);
	assert_true(ours.poll);
	assert_int_equal(ours.my_discriminator, 1);
	assert_int_equal(ours.min_tx_us, 400000);
	assert_int_equal(ours.min_rx_us, 50000);
	assert_int_equal(s.tx_interval_us, 100000);
	assert_int_equal(bfd_session_detect_us(&s), 300000);
	receive(&s, quick, SECOND + MS); /* not the answer yet */
	assert_true(s.polling);
	assert_int_equal(s.tx_interval_us, 100000);
	assert_int_equal(bfd_session_detect_us(&s), 300000);
	receive(&s, final, SECOND + 2 * MS);
	assert_false(s.polling);
	assert_int_equal(s.tx_interval_us, 400000);
	assert_int_equal(bfd_session_detect_us(&s), 150000);
	assert_int_equal(s.expire_at_us, SECOND + 152 * MS);

	bring_up(&s, SECOND);
	assert_true(configure(&s, 20000, 400000, SECOND).send);
	assert_true(s.polling);
	assert_int_equal(s.tx_interval_us, 100000); /* the peer bears no more */
	assert_int_equal(bfd_session_detect_us(&s), 1200000);
	assert_int_equal(s.expire_at_us, SECOND + 1200 * MS);
	final.min_rx_us = 1000;
	receive(&s, final, SECOND + MS);
	assert_int_equal(s.tx_interval_us, 20000);
	assert_true(s.send_at_us <= SECOND + 20 * MS); /* counted from the last packet */
	assert_false(configure(&s, 20000, 400000, SECOND + MS).send);
	assert_false(s.polling);
}

/* Changed again before the answer: the first final is no answer to the second change. */
static void test_poll_again(void **state)
{
	struct bfd_packet final = from_peer(BFD_UP);
	struct bfd_session s;

	(void)state;
	final.final = true;
	bring_up(&s, SECOND);
	assert_true(configure(&s, 400000, 100000, SECOND).send);
	assert_true(configure(&s, 500000, 100000, SECOND).send);
	receive(&s, final, SECOND + MS);
	assert_true(s.polling);
	assert_int_equal(s.tx_interval_us, 100000);
	receive(&s, final, SECOND + 2 * MS);
	assert_false(s.polling);
	assert_int_equal(s.tx_interval_us, 500000);
	/* While down nothing is binding: no poll. */
	receive(&s, from_peer(BFD_DOWN), SECOND + 3 * MS);
	assert_false(configure(&s, 30000, 30000, SECOND + 3 * MS).send);
	assert_false(s.polling);
	assert_int_equal(s.tx_interval_us, 1000000);
	assert_int_equal(s.active_min_rx_us, 30000);
}

/* A required interval of 0: no periodic packets, please. */
static void test_peer_wants_silence(void **state)
{
	struct bfd_packet p = from_peer(BFD_UP);
	struct bfd_session s;

	(void)state;
	bring_up(&s, SECOND);
	p.min_rx_us = 0;
	receive(&s, p, SECOND + MS);
	assert_int_equal(s.send_at_us, 0);
	assert_int_equal(bfd_session_deadline(&s), SECOND + 301 * MS);
	p.min_rx_us = 100000;
	receive(&s, p, SECOND + 300 * MS);
	assert_true(s.send_at_us >= SECOND + 300 * MS && s.send_at_us < SECOND + 400 * MS);
	/* With its silence the wish ends: who comes after it is called for. */
	p.min_rx_us = 0;
	receive(&s, p, SECOND + 400 * MS);
	assert_int_equal(s.send_at_us, 0);
	assert_true(bfd_session_tick(&s, SECOND + 700 * MS).went_down);
	assert_true(s.send_at_us > SECOND + 700 * MS && s.send_at_us <= SECOND + 1700 * MS);
}

/* Any valid packets in any order at any time: deadlines stay sane, the slow pace is kept. */
static void test_storm(void **state)
{
	struct bfd_settings conf = fast(1);
	uint64_t now_us = SECOND;
	struct bfd_session s;
	struct random r;

	(void)state;
	random_init(&r, 3);
	bfd_session_init(&s, &conf, now_us, 0);
	for (int i = 0; i < 200000; i++) {
		struct bfd_packet p = {
		    .state = (uint8_t)random_below(&r, 4),
		    .multiplier = (uint8_t)(1 + random_below(&r, 255)),
		    .poll = random_below(&r, 2) != 0,
		    .my_discriminator = 1 + random_below(&r, 3),
		    .your_discriminator = 1,
		    .min_tx_us = random_below(&r, 4) ? random_below(&r, 300000) : UINT32_MAX,
		    .min_rx_us = random_below(&r, 4) ? random_below(&r, 300000) : UINT32_MAX,
		};
		bool was_up = s.state == BFD_UP;
		struct bfd_todo todo;

		p.final = !p.poll && random_below(&r, 2);
		now_us += random_below(&r, 400000);
		todo = random_below(&r, 3) ? bfd_session_receive(&s, &p, now_us)
					   : bfd_session_tick(&s, now_us);
		assert_true(!todo.went_down || (was_up && s.state == BFD_DOWN));
		assert_true(s.state == BFD_UP || (!s.polling && s.tx_interval_us >= 1000000));
		assert_true(s.send_at_us == 0 || s.send_at_us <= now_us + s.tx_interval_us);
		assert_true(s.state != BFD_UP || s.expire_at_us != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),
	    cmocka_unit_test(test_bit_flips),
	    cmocka_unit_test(test_discarded),
	    cmocka_unit_test(test_comes_up),
	    cmocka_unit_test(test_negotiation),
	    cmocka_unit_test(test_jitter),
	    cmocka_unit_test(test_slow_while_down),
	    cmocka_unit_test(test_survives_loss),
	    cmocka_unit_test(test_detects_silence),
	    cmocka_unit_test(test_quick_restart),
	    cmocka_unit_test(test_word_of_death),
	    cmocka_unit_test(test_one_way),
	    cmocka_unit_test(test_admin_down),
	    cmocka_unit_test(test_passive),
	    cmocka_unit_test(test_state_table),
	    cmocka_unit_test(test_final),
	    cmocka_unit_test(test_strange_discriminator),
	    cmocka_unit_test(test_poll_sequence),
	    cmocka_unit_test(test_poll_again),
	    cmocka_unit_test(test_peer_wants_silence),
	    cmocka_unit_test(test_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
