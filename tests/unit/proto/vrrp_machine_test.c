/* SPDX-License-Identifier: MIT */
/* The VRRP machine: every state against every event in one table, then timers and stories. */
#include "proto/vrrp_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS UINT64_C(1000)
#define S (1000 * MS)
#define NOW (100 * S)

static struct inet node(uint8_t last)
{
	return (struct inet){.family = INET_V4, .ip = {192, 0, 2, last}};
}

static struct vrrp_settings settings(uint8_t version, uint8_t priority)
{
	return (struct vrrp_settings){.version = version,
				      .priority = priority,
				      .advert_us = S,
				      .down_adverts = 3,
				      .source = node(5)};
}

static struct vrrp_machine machine(uint8_t version, uint8_t priority)
{
	struct vrrp_settings conf = settings(version, priority);
	struct vrrp_machine m;

	vrrp_machine_init(&m, &conf);
	return m;
}

static struct vrrp_todo give(struct vrrp_machine *m, enum vrrp_event_kind kind, uint64_t now)
{
	return vrrp_step(m, &(struct vrrp_event){.kind = kind, .now_us = now});
}

static struct vrrp_todo hear(struct vrrp_machine *m, uint64_t now, uint8_t from, uint8_t priority)
{
	return vrrp_step(m, &(struct vrrp_event){.kind = VRRP_EVENT_ADVERT,
						 .now_us = now,
						 .source = node(from),
						 .priority = priority,
						 .advert_us = S});
}

static struct vrrp_todo peer_down(struct vrrp_machine *m, uint64_t now, uint8_t who, uint64_t delay)
{
	return vrrp_step(m, &(struct vrrp_event){.kind = VRRP_EVENT_PEER_DOWN,
						 .now_us = now,
						 .source = node(who),
						 .delay_us = delay});
}

static struct vrrp_todo set_priority(struct vrrp_machine *m, uint64_t now, uint8_t priority)
{
	return vrrp_step(m, &(struct vrrp_event){
				.kind = VRRP_EVENT_PRIORITY, .now_us = now, .priority = priority});
}

/* What came of a step, in letters: the state (I B M F), l leaving, s stopping, h held, y yielded, f
 * forced, then the todo in order: T take, A announce, S advert with its priority, D drop, C
 * changed, L lost to lower, E ended; and the milliseconds until the timer, "-" for none. */
static const char *shown(const struct vrrp_machine *m, struct vrrp_todo todo, uint64_t now)
{
	static char text[80];
	char sent[8] = "", timer[24] = "-";

	if (todo.send)
		snprintf(sent, sizeof(sent), "S%d", todo.send_priority);
	if (m->deadline_us)
		snprintf(timer, sizeof(timer), "%lld", (long long)(m->deadline_us - now) / 1000);
	snprintf(text, sizeof(text), "%c%s%s%s%s%s %s%s%s%s%s%s%s %s", "IBMF"[m->state],
		 m -> leaving ? "l" : "", m->stopping ? "s" : "", m->held ? "h" : "",
		 m->yielded ? "y" : "", m->forced ? "f" : "", todo.take ? "T" : "",
		 todo.announce ? "A" : "", sent, todo.drop ? "D" : "", todo.changed ? "C" : "",
		 todo.lost_to_lower ? "L" : "", todo.ended ? "E" : "", timer);
	return text;
}

/* ---- the table: version 2, priority 100, interval 1 s, address .5; master down after 3609 ms,
 * skew 609 ms. Each state is half a second old; backups follow .9 with priority 200. */

enum situation { INIT, BACKUP, HELD, MASTER, LEAVING, STOPPING, HOLDING, FAULT, SITUATIONS };

static struct vrrp_machine situation(enum situation s)
{
	struct vrrp_machine m = machine(2, 100);
	uint64_t before = NOW - 500 * MS;

	if (s == INIT)
		return m;
	give(&m, VRRP_EVENT_START, before - 4 * S);
	if (s == FAULT)
		give(&m, VRRP_EVENT_FAULT, before);
	if (s == HELD)
		give(&m, VRRP_EVENT_HOLD, before);
	if (s == BACKUP || s == HELD)
		hear(&m, before, 9, 200);
	if (s >= MASTER && s <= HOLDING)
		give(&m, VRRP_EVENT_TIMER, before);
	if (s == LEAVING)
		give(&m, VRRP_EVENT_RELEASE, before);
	if (s == STOPPING)
		give(&m, VRRP_EVENT_STOP, before);
	if (s == HOLDING)
		give(&m, VRRP_EVENT_HOLD, before);
	if (m.leaving)
		give(&m, VRRP_EVENT_TIMER, before + 20 * MS);
	return m;
}

static const struct cell {
	const char *label;
	struct vrrp_event event;
	const char *want[SITUATIONS]; /* INIT BACKUP HELD MASTER LEAVING STOPPING HOLDING FAULT */
} table[] = {
#define NODE(last) .source = {.family = INET_V4, .ip = {192, 0, 2, last}}
#define KIND(k) .kind = VRRP_EVENT_##k
    {"start",
     {KIND(START)},
     {"B C 3609", "B  3109", "Bh  3109", "M  500", "Mly  520", "Mls  520", "Mlh  520", "F  -"}},
    {"stop",
     {KIND(STOP)},
     {"I E -", "I CE -", "Ih CE -", "Mls S0 20", "Mlsy S0 20", "Mls  520", "Mlsh S0 20", "I CE -"}},
    {"timer",
     {KIND(TIMER)},
     {"I  -", "M TAS100C 1000", "Bh  -", "M S100 1000", "Mly S0 180", "Mls S0 180", "Mlh S0 180",
      "F  -"}},
    {"higher advert",
     {KIND(ADVERT), .priority = 200, NODE(9)},
     {"I  -", "B  3609", "Bh  3609", "B S100DC 3609", "By S0DC 3609", "I S0DCE -", "Bh S0DC 3609",
      "F  -"}},
    {"higher advert of another",
     {KIND(ADVERT), .priority = 150, NODE(8)},
     {"I  -", "B  3609", "Bh  3609", "B S100DC 3609", "By S0DC 3609", "I S0DCE -", "Bh S0DC 3609",
      "F  -"}},
    {"equal, greater address",
     {KIND(ADVERT), .priority = 100, NODE(9)},
     {"I  -", "B  3609", "Bh  3609", "B S100DC 3609", "By S0DC 3609", "I S0DCE -", "Bh S0DC 3609",
      "F  -"}},
    {"equal, lower address",
     {KIND(ADVERT), .priority = 100, NODE(1)},
     {"I  -", "B  3609", "Bh  3609", "M AS100L 1000", "By S0DC 3609", "I S0DCE -", "Bh S0DC 3609",
      "F  -"}},
    {"lower advert",
     {KIND(ADVERT), .priority = 50, NODE(9)},
     {"I  -", "B  3109", "Bh  3609", "M AS100L 1000", "By S0DC 3609", "I S0DCE -", "Bh S0DC 3609",
      "F  -"}},
    {"our own advert",
     {KIND(ADVERT), .priority = 100, NODE(5)},
     {"I  -", "B  3109", "Bh  3109", "M  500", "Mly  520", "Mls  520", "Mlh  520", "F  -"}},
    {"priority 0",
     {KIND(ADVERT), .priority = 0, NODE(9)},
     {"I  -", "B  609", "Bh  609", "M AS100 1000", "Mly  520", "Mls  520", "Mlh  520", "F  -"}},
    {"priority 0 of another",
     {KIND(ADVERT), .priority = 0, NODE(8)},
     {"I  -", "B  3109", "Bh  3109", "M AS100 1000", "Mly  520", "Mls  520", "Mlh  520", "F  -"}},
    {"priority falls",
     {KIND(PRIORITY), .priority = 50},
     {"I  -", "B  3109", "Bh  3109", "M S50 1000", "Mly  520", "Mls  520", "Mlh  520", "F  -"}},
    {"priority rises",
     {KIND(PRIORITY), .priority = 150},
     {"I  -", "B  3109", "Bh  3109", "M  500", "Mly  520", "Mls  520", "Mlh  520", "F  -"}},
    {"fault",
     {KIND(FAULT)},
     {"F C -", "F C -", "Fh C -", "F S0DC -", "F S0DC -", "I S0DCE -", "Fh S0DC -", "F  -"}},
    {"clear",
     {KIND(CLEAR)},
     {"I  -", "B  3109", "Bh  3109", "M  500", "Mly  520", "Mls  520", "Mlh  520", "B C 3609"}},
    {"release",
     {KIND(RELEASE)},
     {"I  -", "B  3109", "Bh  3109", "Mly S0 20", "Mly  520", "Mlsy  520", "Mlhy  520", "F  -"}},
    {"hold",
     {KIND(HOLD)},
     {"Ih  -", "Bh  3109", "Bh  3109", "Mlh S0 20", "Mlhy  520", "Mlsh  520", "Mlh  520", "Fh  -"}},
    {"unhold",
     {KIND(UNHOLD)},
     {"I  -", "B  3109", "B  3109", "M  500", "Mly  520", "Mls  520", "Ml  520", "F  -"}},
    {"peer down",
     {KIND(PEER_DOWN), NODE(9)},
     {"I  -", "M TAS100C 1000", "Bh  -", "M  500", "Mly  520", "Mls  520", "Mlh  520", "F  -"}},
    {"peer down, later",
     {KIND(PEER_DOWN), .delay_us = 50 * MS, NODE(9)},
     {"I  -", "B  50", "Bh  -", "M  500", "Mly  520", "Mls  520", "Mlh  520", "F  -"}},
    {"peer down, another",
     {KIND(PEER_DOWN), NODE(8)},
     {"I  -", "B  3109", "Bh  3109", "M  500", "Mly  520", "Mls  520", "Mlh  520", "F  -"}},
    {"lapsed",
     {KIND(LAPSED)},
     {"I  -", "B  3109", "Bh  3109", "B DC 3609", "B DC 3609", "I DCE -", "Bh DC 3609", "F  -"}},
    {"force master",
     {KIND(FORCE_MASTER)},
     {"I  -", "M TAS100C 1000", "Bh  3109", "M  500", "Mly  520", "Mls  520", "Mlh  520", "F  -"}},
    {"force backup",
     {KIND(FORCE_BACKUP)},
     {"I  -", "B  3109", "Bh  3109", "Mlf S0 20", "Mlyf  520", "Mlsf  520", "Mlhf  520", "F  -"}},
};

static void test_table(void **state)
{
	int bad = 0;

	(void)state;
	for (size_t row = 0; row < array_size(table); row++) {
		for (int s = 0; s < SITUATIONS; s++) {
			struct vrrp_machine m = situation((enum situation)s);
			struct vrrp_event e = table[row].event;
			const char *got;

			e.now_us = NOW;
			if (e.kind == VRRP_EVENT_TIMER && m.deadline_us)
				e.now_us = m.deadline_us;
			got = shown(&m, vrrp_step(&m, &e), e.now_us);
			if (strcmp(got, table[row].want[s]) == 0)
				continue;
			print_error("%s, column %d: \"%s\" instead of \"%s\"\n", table[row].label,
				    s, got, table[row].want[s]);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

/* ---- timers, exact */

static void test_intervals(void **state)
{
	struct vrrp_machine m = machine(2, 100);

	(void)state;
	give(&m, VRRP_EVENT_START, NOW);
	assert_int_equal(vrrp_skew_us(&m), 609375);
	assert_int_equal(vrrp_master_down_us(&m), 3609375);
	assert_int_equal(m.deadline_us, NOW + 3609375);
	m = machine(2, 254);
	assert_int_equal(vrrp_skew_us(&m), 7812);
	m = machine(2, 1);
	assert_int_equal(vrrp_skew_us(&m), 996093);
	m.conf.down_adverts = 5;
	assert_int_equal(vrrp_master_down_us(&m), 5996093);
}

/* Version 3 learns the interval of the master it follows, and uses its own as master. */
static void test_learned_interval(void **state)
{
	struct vrrp_machine m = machine(3, 100);
	struct vrrp_event e = {KIND(ADVERT), .now_us = NOW, .priority = 200, .advert_us = 500 * MS,
			       .source = node(9)};

	(void)state;
	give(&m, VRRP_EVENT_START, NOW - S);
	assert_false(vrrp_step(&m, &e).changed);
	assert_int_equal(m.deadline_us, NOW + 1500 * MS + 304687); /* keepalived: 1.805 s */
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, m.deadline_us), NOW + 1804687),
			    "M TAS100C 1000");
	m = machine(3, 100);
	give(&m, VRRP_EVENT_START, NOW);
	e.advert_us = 0; /* nonsense: our own is taken */
	assert_false(vrrp_step(&m, &e).changed);
	assert_int_equal(m.deadline_us, NOW + 3609375);
	m = machine(2, 100);
	give(&m, VRRP_EVENT_START, NOW);
	e.advert_us = 500 * MS;
	assert_false(vrrp_step(&m, &e).changed);
	assert_int_equal(m.deadline_us, NOW + 3609375);
	m = machine(3, 100); /* not that of one whom we preempt */
	give(&m, VRRP_EVENT_START, NOW - S);
	e.priority = 50;
	assert_false(vrrp_step(&m, &e).changed);
	assert_int_equal(m.master_advert_us, S);
	assert_int_equal(m.deadline_us, NOW - S + 3609375);
}

static void test_early_timer(void **state)
{
	struct vrrp_machine m = situation(BACKUP);

	(void)state;
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, m.deadline_us - 1), NOW),
			    "B  3109");
	m = situation(MASTER);
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, m.deadline_us - 1), NOW),
			    "M  500");
}

/* One whose timer comes later than an interval was asleep: it listens first, once. */
static void test_late_timer(void **state)
{
	struct vrrp_machine m = situation(BACKUP);
	uint64_t now = m.deadline_us + S;

	(void)state;
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, now), now), "M TAS100C 1000");
	m = situation(BACKUP);
	now++;
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, now), now), "B  1609");
	hear(&m, now, 9, 200);
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, now), now), "B  3609");
	now = m.deadline_us + 2 * S;
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, now), now), "B  1609");
	now = m.deadline_us + 2 * S;
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, now), now), "M TAS100C 1000");
}

/* ---- stories */

static void test_owner(void **state)
{
	struct vrrp_machine m = machine(2, 255);

	(void)state;
	m.conf.nopreempt = true; /* means nothing to an owner */
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_START, NOW), NOW), "M TAS255C 1000");
	give(&m, VRRP_EVENT_FAULT, NOW);
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_CLEAR, NOW), NOW), "M TAS255C 1000");
	m = machine(2, 255);
	give(&m, VRRP_EVENT_HOLD, NOW);
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_START, NOW), NOW), "Bh C 3003");
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_UNHOLD, NOW), NOW), "M TAS255C 1000");
}

static void test_preemption(void **state)
{
	struct vrrp_machine m = machine(2, 100);
	struct vrrp_todo todo;

	(void)state;
	give(&m, VRRP_EVENT_START, NOW);
	for (int i = 0; i < 4; i++)
		hear(&m, NOW + 300 * MS + (uint64_t)i * S, 1, 50);
	todo = give(&m, VRRP_EVENT_TIMER, NOW + 3609375);
	assert_string_equal(shown(&m, todo, NOW + 3609375), "M TAS100C 1000");
	assert_int_equal(todo.cause, VRRP_BECAUSE_PREEMPT);
}

static void test_nopreempt(void **state)
{
	struct vrrp_machine m = machine(2, 100);

	(void)state;
	m.conf.nopreempt = true;
	give(&m, VRRP_EVENT_START, NOW);
	for (int i = 0; i < 9; i++)
		hear(&m, NOW + (uint64_t)i * S, 1, 50);
	assert_int_equal(m.deadline_us, NOW + 8 * S + 3609375);
	assert_string_equal(shown(&m, hear(&m, NOW + 9 * S, 1, 0), NOW + 9 * S), "B  609");
	assert_string_equal(shown(&m, peer_down(&m, NOW + 9 * S, 1, 0), NOW), "M TAS100C 10000");
}

/* As keepalived: the delay counts from the first advert of a lower priority, and anew after one of
 * a higher; the timer set by the last advert within it runs out afterwards. */
static void test_preempt_delay(void **state)
{
	struct vrrp_machine m = machine(2, 100);
	uint64_t t = NOW + 300 * MS;

	(void)state;
	m.conf.preempt_delay_us = 3 * S;
	give(&m, VRRP_EVENT_START, NOW);
	hear(&m, t, 9, 200);
	for (int i = 1; i <= 6; i++)
		hear(&m, t + (uint64_t)i * S, 9, 50);
	assert_int_equal(m.deadline_us, t + 3 * S + 3609375);
	hear(&m, t + 6 * S, 9, 200);
	hear(&m, t + 7 * S, 9, 50);
	assert_int_equal(m.deadline_us, t + 7 * S + 3609375);
	m = machine(2, 100);
	m.conf.preempt_delay_us = 30 * S; /* silence is no preemption */
	give(&m, VRRP_EVENT_START, NOW);
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, NOW + 3609375), NOW + 3609375),
			    "M TAS100C 1000");
}

/* Repeated farewells do not put the claim off; another node's do not bring it forward. */
static void test_priority_zero(void **state)
{
	struct vrrp_machine m = situation(BACKUP);
	struct vrrp_todo todo;

	(void)state;
	hear(&m, NOW, 9, 0);
	hear(&m, NOW + 500 * MS, 9, 0);
	assert_int_equal(m.deadline_us, NOW + 609375);
	todo = give(&m, VRRP_EVENT_TIMER, m.deadline_us);
	assert_int_equal(todo.cause, VRRP_BECAUSE_MASTER_LEFT);
	m = situation(BACKUP); /* the master stays after all */
	hear(&m, NOW, 9, 0);
	hear(&m, NOW + 100 * MS, 9, 200);
	assert_int_equal(m.timer_cause, VRRP_BECAUSE_TIMEOUT);
	assert_int_equal(m.deadline_us, NOW + 100 * MS + 3609375);
	m = machine(2, 100); /* no master known: anyone's counts */
	give(&m, VRRP_EVENT_START, NOW);
	hear(&m, NOW, 8, 0);
	assert_int_equal(m.deadline_us, NOW + 609375);
}

/* Who is lower and preempted does not hide the master whose farewell counts. */
static void test_stray_lower(void **state)
{
	struct vrrp_machine m = situation(BACKUP);

	(void)state;
	hear(&m, NOW, 1, 50);
	hear(&m, NOW, 1, 0);
	assert_int_equal(m.deadline_us, NOW - 500 * MS + 3609375);
	hear(&m, NOW, 9, 0);
	assert_int_equal(m.deadline_us, NOW + 609375);
	m = machine(2, 100);
	give(&m, VRRP_EVENT_START, NOW);
	hear(&m, NOW, 1, 50);
	hear(&m, NOW, 1, 0); /* one whom we preempt goes by itself */
	assert_int_equal(m.deadline_us, NOW + 609375);
}

/* A master that is higher is not hidden by a lower one, until it misses an advert. */
static void test_lower_takes_over(void **state)
{
	struct vrrp_machine m = situation(BACKUP);

	(void)state;
	hear(&m, NOW + 500 * MS, 1, 50);
	assert_int_equal(m.master.ip[3], 9);
	hear(&m, NOW + 501 * MS, 1, 50);
	assert_int_equal(m.master.ip[3], 1);
	hear(&m, NOW + 600 * MS, 1, 0);
	assert_int_equal(m.deadline_us, NOW + 600 * MS + 609375);
}

/* Version 3: the last word of a fast master does not make a slow one's time shorter. */
static void test_slow_master(void **state)
{
	struct vrrp_machine m = machine(3, 100);
	struct vrrp_event slow = {KIND(ADVERT), .now_us = NOW, .priority = 200, .advert_us = 4 * S,
				  NODE(9)};
	struct vrrp_event fast = {KIND(ADVERT), .now_us = NOW, .priority = 150,
				  .advert_us = 100 * MS, NODE(8)};
	uint64_t down_us = 12 * S + 2437500;

	(void)state;
	give(&m, VRRP_EVENT_START, NOW);
	assert_false(vrrp_step(&m, &slow).changed);
	assert_int_equal(m.deadline_us, NOW + down_us);
	assert_false(vrrp_step(&m, &fast).changed);
	assert_int_equal(m.deadline_us, NOW + down_us);
	slow.priority = 0; /* not of whom we follow */
	assert_false(vrrp_step(&m, &slow).changed);
	assert_int_equal(m.deadline_us, NOW + down_us);
	fast.now_us += 20 * S;
	assert_false(vrrp_step(&m, &fast).changed);
	assert_int_equal(m.deadline_us, NOW + 20 * S + 300 * MS + 60937);
}

/* The skew time after a farewell is of the leaver's interval, whom we would have preempted. */
static void test_farewell_interval(void **state)
{
	struct vrrp_machine m = machine(3, 100);
	struct vrrp_event e = {KIND(ADVERT), .now_us = NOW, .priority = 50, .advert_us = 100 * MS,
			       NODE(9)};

	(void)state;
	give(&m, VRRP_EVENT_START, NOW);
	assert_false(vrrp_step(&m, &e).changed);
	assert_int_equal(m.master_advert_us, S);
	e.priority = 0;
	assert_false(vrrp_step(&m, &e).changed);
	assert_int_equal(m.deadline_us, NOW + 60937);
	give(&m, VRRP_EVENT_TIMER, NOW + 60937);
	assert_int_equal(m.state, VRRP_MASTER);
	assert_int_equal(m.master_advert_us, S);
}

static void test_peer_down(void **state)
{
	struct vrrp_machine m = situation(BACKUP);
	struct vrrp_todo todo;

	(void)state;
	peer_down(&m, NOW, 9, 50 * MS);
	peer_down(&m, NOW + 10 * MS, 9, 50 * MS);
	todo = give(&m, VRRP_EVENT_TIMER, NOW + 50 * MS);
	assert_int_equal(todo.cause, VRRP_BECAUSE_PEER_DOWN);
	assert_string_equal(shown(&m, todo, NOW + 50 * MS), "M TAS100C 1000");
	m = situation(BACKUP); /* another backup was faster */
	peer_down(&m, NOW, 9, 50 * MS);
	hear(&m, NOW + 10 * MS, 8, 150);
	assert_int_equal(m.deadline_us, NOW + 10 * MS + 3609375);
	m = situation(HELD); /* nothing is claimed, but the news is kept */
	peer_down(&m, NOW, 9, 0);
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_UNHOLD, NOW), NOW), "B  609");
}

static void test_held(void **state)
{
	struct vrrp_machine m = machine(2, 100);

	(void)state;
	give(&m, VRRP_EVENT_HOLD, NOW);
	give(&m, VRRP_EVENT_START, NOW);
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, NOW + 3609375), NOW), "Bh  -");
	hear(&m, NOW + 9 * S, 1, 50); /* a lower one is followed meanwhile */
	assert_int_equal(m.deadline_us, NOW + 9 * S + 3609375);
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_UNHOLD, NOW + 9 * S), NOW + 9 * S),
			    "B  3609");
	hear(&m, NOW + 10 * S, 1, 50); /* and preempted as usual afterwards */
	assert_int_equal(m.deadline_us, NOW + 9 * S + 3609375);
	give(&m, VRRP_EVENT_HOLD, NOW + 11 * S); /* a held one loses sight of a silent one */
	give(&m, VRRP_EVENT_TIMER, NOW + 9 * S + 3609375);
	assert_int_equal(m.master.family, INET_NONE);
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_UNHOLD, NOW + 20 * S), NOW + 20 * S),
			    "B  609");
}

static void test_leaving_in_vain(void **state)
{
	struct vrrp_machine m = situation(LEAVING);
	struct vrrp_todo todo;

	(void)state;
	give(&m, VRRP_EVENT_TIMER, NOW + 520 * MS);
	todo = give(&m, VRRP_EVENT_TIMER, NOW + 700 * MS);
	assert_string_equal(shown(&m, todo, NOW + 700 * MS), "M S100 1000");
	assert_int_equal(todo.cause, VRRP_BECAUSE_NOBODY_CAME);
	m = situation(STOPPING);
	give(&m, VRRP_EVENT_TIMER, NOW + 520 * MS);
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, NOW + 700 * MS), NOW), "I DCE -");
	m = situation(HOLDING);
	give(&m, VRRP_EVENT_TIMER, NOW + 520 * MS);
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, NOW + 700 * MS), NOW + 700 * MS),
			    "Bh DC 3609");
	m = situation(HOLDING); /* well again meanwhile */
	give(&m, VRRP_EVENT_UNHOLD, NOW);
	give(&m, VRRP_EVENT_TIMER, NOW + 520 * MS);
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, NOW + 700 * MS), NOW + 700 * MS),
			    "M S100 1000");
	m = machine(3, 100); /* a long interval: a taker may need it for its skew time */
	m.conf.advert_us = 10 * S;
	give(&m, VRRP_EVENT_START, NOW);
	give(&m, VRRP_EVENT_FORCE_MASTER, NOW);
	give(&m, VRRP_EVENT_RELEASE, NOW);
	assert_int_equal(m.leave_until_us, NOW + 10200 * MS);
}

/* A fast interval: the farewell is repeated until the end, the first time soon. */
static void test_leaving_repeats(void **state)
{
	struct vrrp_machine m = machine(3, 100);
	int sent = 1;

	(void)state;
	m.conf.advert_us = 100 * MS;
	give(&m, VRRP_EVENT_START, NOW);
	give(&m, VRRP_EVENT_FORCE_MASTER, NOW);
	give(&m, VRRP_EVENT_STOP, NOW);
	for (uint64_t t = NOW + 20 * MS; t < NOW + 1200 * MS; t += 100 * MS) {
		struct vrrp_todo todo;

		assert_int_equal(m.deadline_us, t);
		todo = give(&m, VRRP_EVENT_TIMER, t);
		assert_true(todo.send && todo.send_priority == 0 && !todo.drop);
		sent++;
	}
	assert_int_equal(sent, 13);
	assert_true(give(&m, VRRP_EVENT_TIMER, NOW + 1200 * MS).ended);
}

/* The group's member goes as well as it can, and goes even if nobody comes. */
static void test_forced(void **state)
{
	struct vrrp_machine m = situation(MASTER);
	struct vrrp_todo todo;

	(void)state;
	give(&m, VRRP_EVENT_FORCE_BACKUP, NOW);
	todo = give(&m, VRRP_EVENT_TIMER, NOW + 1200 * MS);
	assert_string_equal(shown(&m, todo, NOW + 1200 * MS), "B DC 3609");
	assert_int_equal(todo.cause, VRRP_BECAUSE_GROUP);
	m = situation(MASTER);
	give(&m, VRRP_EVENT_FORCE_BACKUP, NOW);
	assert_string_equal(shown(&m, hear(&m, NOW, 9, 50), NOW), "B S0DC 3609");
	m = situation(MASTER); /* and back */
	give(&m, VRRP_EVENT_FORCE_BACKUP, NOW);
	give(&m, VRRP_EVENT_FORCE_MASTER, NOW);
	todo = give(&m, VRRP_EVENT_TIMER, NOW + 1200 * MS);
	assert_string_equal(shown(&m, todo, NOW + 1200 * MS), "M S100 1000");
}

/* After RELEASE the node preempts nobody, until who took over is gone or its own priority is set.
 */
static void test_yielded(void **state)
{
	struct vrrp_machine m = situation(LEAVING);

	(void)state;
	hear(&m, NOW, 9, 50);
	hear(&m, NOW + S, 9, 50);
	assert_string_equal(shown(&m, (struct vrrp_todo){0}, NOW + S), "By  3609");
	set_priority(&m, NOW + S, 120);
	hear(&m, NOW + 2 * S, 9, 50);
	assert_int_equal(m.deadline_us, NOW + S + 3609375);
	m = situation(LEAVING);
	hear(&m, NOW, 9, 50);
	assert_string_equal(shown(&m, hear(&m, NOW, 9, 0), NOW), "By  609");
	assert_string_equal(shown(&m, give(&m, VRRP_EVENT_TIMER, NOW + 609375), NOW + 609375),
			    "M TAS100C 1000");
	m = situation(HOLDING); /* but one who was held and is well again does */
	give(&m, VRRP_EVENT_UNHOLD, NOW);
	hear(&m, NOW, 9, 50);
	hear(&m, NOW + S, 9, 50);
	assert_string_equal(shown(&m, (struct vrrp_todo){0}, NOW), "B  3609");
}

static void test_two_leaving(void **state)
{
	struct vrrp_machine a = situation(LEAVING), b = situation(LEAVING);
	uint64_t end = NOW + 700 * MS;

	(void)state;
	b.conf.source = node(6);
	assert_false(hear(&a, NOW, 6, 0).drop);
	assert_false(hear(&b, NOW, 5, 0).drop);
	assert_string_equal(shown(&a, give(&a, VRRP_EVENT_TIMER, end), end), "M S100 1000");
	assert_string_equal(shown(&b, hear(&b, end, 5, 100), end), "By S0DC 3609");
	/* The farewell of the one makes the other announce itself. */
	assert_string_equal(shown(&a, hear(&a, end, 6, 0), end), "M AS100 1000");
}

/* Two masters meet: whichever advert comes first, the winner announces itself. */
static void test_two_masters(void **state)
{
	struct vrrp_machine low = situation(MASTER), high;
	struct vrrp_todo todo;

	(void)state;
	for (int first = 0; first < 2; first++) {
		low = situation(MASTER);
		high = situation(MASTER);
		high.conf.source = node(9);
		set_priority(&high, NOW, 200);
		if (first == 0) { /* the winner's: the loser answers */
			todo = hear(&low, NOW, 9, 200);
			assert_string_equal(shown(&low, todo, NOW), "B S100DC 3609");
		}
		todo = hear(&high, NOW, 5, 100);
		assert_string_equal(shown(&high, todo, NOW), "M AS200L 1000");
		todo = hear(&low, NOW, 9, 200);
		assert_int_equal(low.state, VRRP_BACKUP);
	}
	low = situation(MASTER);
	low.conf.lower_prio_no_advert = true;
	assert_string_equal(shown(&low, hear(&low, NOW, 1, 50), NOW), "M AL 500");
	assert_string_equal(shown(&low, hear(&low, NOW, 1, 0), NOW), "M AS100 1000");
}

static void test_ipv6_tie(void **state)
{
	struct vrrp_settings conf = settings(3, 100);
	struct vrrp_event e = {KIND(ADVERT), .now_us = NOW, .priority = 100, .advert_us = S};
	struct vrrp_machine m;

	(void)state;
	conf.source = (struct inet){.family = INET_V6, .ip = {0xfe, 0x80, [15] = 5}};
	e.source = conf.source;
	for (int last = 4; last <= 6; last++) {
		vrrp_machine_init(&m, &conf);
		give(&m, VRRP_EVENT_START, NOW);
		give(&m, VRRP_EVENT_FORCE_MASTER, NOW);
		e.source.ip[15] = (uint8_t)last;
		assert_int_equal(vrrp_step(&m, &e).drop, last == 6);
	}
}

static void test_configure(void **state)
{
	struct vrrp_machine m = situation(BACKUP);
	struct vrrp_settings conf = settings(2, 150);
	uint64_t before = m.deadline_us;

	(void)state;
	conf.advert_us = 2 * S;
	vrrp_machine_configure(&m, &conf);
	assert_int_equal(m.deadline_us, before);
	assert_int_equal(m.priority, 100);
	assert_int_equal(m.master_advert_us, 2 * S);
	set_priority(&m, NOW, 150);
	assert_int_equal(vrrp_master_down_us(&m), 6 * S + 414062);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(vrrp_state_name(VRRP_INIT), "INIT");
	assert_string_equal(vrrp_state_name(VRRP_BACKUP), "BACKUP");
	assert_string_equal(vrrp_state_name(VRRP_MASTER), "MASTER");
	assert_string_equal(vrrp_state_name(VRRP_FAULT), "FAULT");
	for (int c = 0; c < VRRP_CAUSES; c++)
		assert_true(strlen(vrrp_cause_text((enum vrrp_cause)c)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_intervals),
	    cmocka_unit_test(test_learned_interval),
	    cmocka_unit_test(test_early_timer),
	    cmocka_unit_test(test_late_timer),
	    cmocka_unit_test(test_owner),
	    cmocka_unit_test(test_preemption),
	    cmocka_unit_test(test_nopreempt),
	    cmocka_unit_test(test_preempt_delay),
	    cmocka_unit_test(test_priority_zero),
	    cmocka_unit_test(test_stray_lower),
	    cmocka_unit_test(test_lower_takes_over),
	    cmocka_unit_test(test_slow_master),
	    cmocka_unit_test(test_farewell_interval),
	    cmocka_unit_test(test_peer_down),
	    cmocka_unit_test(test_held),
	    cmocka_unit_test(test_leaving_in_vain),
	    cmocka_unit_test(test_leaving_repeats),
	    cmocka_unit_test(test_forced),
	    cmocka_unit_test(test_yielded),
	    cmocka_unit_test(test_two_leaving),
	    cmocka_unit_test(test_two_masters),
	    cmocka_unit_test(test_ipv6_tie),
	    cmocka_unit_test(test_configure),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
