/* SPDX-License-Identifier: MIT */
/*
 * vrrp_sim [SEEDS [FIRST]]: pairs and trios of VRRP machines in virtual time, one small world a
 * seed. Phases of trouble (loss, partitions, pauses, crashes, stops, releases, holds, faults,
 * priorities that change, BFD that is right or wrong) alternate with calm, and vrrp_checks.c
 * watches. Prints the seed and the last events of the first failure and exits 1.
 */
#include "sim/vrrp_sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PHASES 3

static const char *const event_names[] = {
    "START",   "STOP", "TIMER",  "ADVERT",    "PRIORITY", "FAULT",        "CLEAR",
    "RELEASE", "HOLD", "UNHOLD", "PEER_DOWN", "LAPSED",   "FORCE_MASTER", "FORCE_BACKUP"};

/* ---- small tools */

void sim_note(struct sim *sim, const char *format, ...)
{
	char *line;
	int used;
	va_list args;

	if (!sim->tracing)
		return;
	line = sim->trace[sim->traced++ % TRACE_LINES];
	used = snprintf(line, TRACE_BYTES, "%12.6f ", (double)sim->now / 1e6);
	va_start(args, format);
	vsnprintf(line + used, TRACE_BYTES - (size_t)used, format, args);
	va_end(args);
}

static uint64_t below(struct sim *sim, uint64_t n)
{
	return random_u64(&sim->random) % n;
}

static bool once_in(struct sim *sim, uint32_t n)
{
	return random_below(&sim->random, n) == 0;
}

static bool precedes(const struct happening *a, const struct happening *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct happening *a, struct happening *b)
{
	struct happening c = *a;

	*a = *b;
	*b = c;
}

static void schedule(struct sim *sim, uint64_t at, enum action action, int node,
		     const struct vrrp_event *event)
{
	struct happening *q = sim->queue;
	int i = sim->queued++;

	CHECK(i < QUEUE);
	q[i] = (struct happening){.at = at, .order = sim->order++, .action = action, .node = node};
	if (event)
		q[i].event = *event;
	for (; i > 0 && precedes(&q[i], &q[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&q[i], &q[(i - 1) / 2]);
}

static struct happening next_happening(struct sim *sim)
{
	struct happening *q = sim->queue, first = q[0];
	int n = --sim->queued;

	q[0] = q[n];
	for (int i = 0;;) {
		int child = 2 * i + 1;

		if (child >= n)
			break;
		if (child + 1 < n && precedes(&q[child + 1], &q[child]))
			child++;
		if (!precedes(&q[child], &q[i]))
			break;
		swap(&q[child], &q[i]);
		i = child;
	}
	return first;
}

static void disturb(struct sim *sim, uint64_t until)
{
	sim->disturbed_until = later(sim->disturbed_until, until);
}

/* ---- nodes and the link between them */

static void send_advert(struct sim *sim, int from, uint8_t priority)
{
	struct node *n = &sim->nodes[from];
	struct vrrp_event e = {.kind = VRRP_EVENT_ADVERT,
			       .priority = priority,
			       .source = n->conf.source,
			       .advert_us = n->conf.advert_us};

	for (int to = 0; to < sim->n; to++) {
		bool lost = n->mute || sim->now < n->cut_until[to] ||
			    (sim->now < n->loss_until[to] && !once_in(sim, 3));

		if (to == from || lost)
			continue;
		schedule(sim, sim->now + 20 + below(sim, sim->delay_us), DELIVER, to, &e);
		if (sim->duplicates && once_in(sim, 8))
			schedule(sim, sim->now + 20 + below(sim, sim->delay_us), DELIVER, to, &e);
	}
}

static void trace_step(struct sim *sim, int i, const struct vrrp_event *e,
		       const struct vrrp_todo *todo)
{
	const struct vrrp_machine *m = &sim->nodes[i].m;

	if (!sim->tracing)
		return;
	sim_note(sim, "%c %s(%d) -> %s%s%s%s%s%s%s %d: %s", 'A' + i, event_names[e->kind],
		 e->priority, vrrp_state_name(m->state), m->leaving ? " leaving" : "",
		 m->held ? " held" : "", todo->take ? " take" : "",
		 todo->announce ? " announce" : "", todo->drop ? " drop" : "",
		 todo->send ? " send" : "", todo->send ? todo->send_priority : m->priority,
		 vrrp_cause_text(todo->cause));
}

static void give(struct sim *sim, int i, struct vrrp_event e)
{
	struct node *n = &sim->nodes[i], before = *n;
	struct vrrp_todo todo;

	e.now_us = sim->now;
	todo = vrrp_step(&n->m, &e);
	n->owns = (n->owns || todo.take) && !todo.drop;
	trace_step(sim, i, &e, &todo);
	check_step(sim, n, &before, &e, &todo);
	if (todo.send)
		send_advert(sim, i, todo.send_priority);
	if (todo.ended)
		n->running = false;
	check_account(sim);
}

static void give_kind(struct sim *sim, int i, enum vrrp_event_kind kind)
{
	give(sim, i, (struct vrrp_event){.kind = kind});
}

static void boot(struct sim *sim, int i)
{
	struct node *n = &sim->nodes[i];

	if (n->running)
		return;
	vrrp_machine_init(&n->m, &n->conf);
	n->running = true;
	n->n_waiting = 0;
	if (once_in(sim, 3))
		give_kind(sim, i, VRRP_EVENT_HOLD);
	give_kind(sim, i, VRRP_EVENT_START);
}

/* BFD of the others sees that node i is gone for longer than its detection time. */
static void lose_sight(struct sim *sim, int i, uint64_t for_us)
{
	for (int to = 0; to < sim->n; to++) {
		struct vrrp_event e = {.kind = VRRP_EVENT_PEER_DOWN,
				       .source = sim->nodes[i].conf.source};

		if (to == i || !sim->nodes[to].bfd || for_us < sim->bfd_us)
			continue;
		if (sim->n > 2)
			e.delay_us = below(sim, 3) * sim->bfd_us / 2;
		schedule(sim, sim->now + sim->bfd_us, EVENT, to, &e);
	}
}

static void wake(struct sim *sim, int i)
{
	struct node *n = &sim->nodes[i];
	bool timer_first = once_in(sim, 2);
	int waiting = n->n_waiting;

	n->paused_until = 0;
	n->n_waiting = 0;
	if (!n->running)
		return;
	sim_note(sim, "%c wakes after %" PRIu64 " us", 'A' + i, sim->now - n->paused_since);
	if (n->m.state == VRRP_MASTER)
		n->stands_since = sim->now;
	if (n->owns && sim->lease_us && sim->now - n->paused_since > sim->lease_us) {
		n->owns = false;
		give_kind(sim, i, VRRP_EVENT_LAPSED);
	}
	n->waking = true;
	n->woke_at = sim->now;
	if (timer_first && n->m.deadline_us && n->m.deadline_us <= sim->now)
		give_kind(sim, i, VRRP_EVENT_TIMER);
	n->waking = false;
	for (int k = 0; k < waiting && n->running; k++)
		give(sim, i, sim->waiting[i][k]);
}

static void deliver(struct sim *sim, const struct happening *h)
{
	struct node *n = &sim->nodes[h->node];

	if (!n->running || (is_paused(sim, n) && h->event.kind != VRRP_EVENT_ADVERT))
		return;
	if (!is_paused(sim, n))
		give(sim, h->node, h->event);
	else if (n->n_waiting < SOCKET)
		sim->waiting[h->node][n->n_waiting++] = h->event;
}

/* ---- trouble */

static void crash(struct sim *sim, int i)
{
	struct node *n = &sim->nodes[i];

	sim_note(sim, "%c crashes", 'A' + i);
	if (n->owns)
		n->quit_at = sim->now;
	n->running = n->owns = false;
	sim->broke_at = sim->now;
	n->m.stopping = n->m.leaving = false;
	n->paused_until = 0;
	check_account(sim);
	lose_sight(sim, i, UINT64_MAX);
	schedule(sim, sim->now + below(sim, 3 * sim->down_us), BOOT, i, NULL);
}

static void pause_node(struct sim *sim, int i, uint64_t for_us)
{
	struct node *n = &sim->nodes[i];

	sim_note(sim, "%c sleeps for %" PRIu64 " us", 'A' + i, for_us);
	n->paused_since = sim->now;
	n->paused_until = sim->now + for_us;
	disturb(sim, n->paused_until);
	lose_sight(sim, i, for_us);
	schedule(sim, n->paused_until, WAKE, i, NULL);
}

static void break_link(struct sim *sim, int i, uint64_t for_us)
{
	bool cut = once_in(sim, 2), both = once_in(sim, 2);
	int to = (i + 1 + (int)below(sim, (uint64_t)sim->n - 1)) % sim->n;
	uint64_t until = sim->now + for_us;

	sim_note(sim, "%c %s %c %s for %" PRIu64 " us", 'A' + i, both ? "<->" : "->", 'A' + to,
		 cut ? "cut" : "lossy", for_us);
	*(cut ? &sim->nodes[i].cut_until[to] : &sim->nodes[i].loss_until[to]) = until;
	if (both)
		*(cut ? &sim->nodes[to].cut_until[i] : &sim->nodes[to].loss_until[i]) = until;
	disturb(sim, until);
	sim->link_until = later(sim->link_until, until);
	if (cut)
		lose_sight(sim, i, for_us);
}

static void fault(struct sim *sim, int i)
{
	struct node *n = &sim->nodes[i];
	struct vrrp_event clear = {.kind = VRRP_EVENT_CLEAR};

	n->mute = once_in(sim, 2); /* it is the interface */
	give_kind(sim, i, VRRP_EVENT_FAULT);
	if (n->mute)
		lose_sight(sim, i, UINT64_MAX);
	n->mute = false;
	schedule(sim, sim->now + below(sim, 2 * sim->down_us), EVENT, i, &clear);
}

static void hold(struct sim *sim, int i)
{
	struct vrrp_event unhold = {.kind = VRRP_EVENT_UNHOLD};

	give_kind(sim, i, VRRP_EVENT_HOLD);
	if (!once_in(sim, 4))
		schedule(sim, sim->now + below(sim, 2 * sim->down_us), EVENT, i, &unhold);
}

static void change_priority(struct sim *sim, int i)
{
	struct vrrp_event e = {.kind = VRRP_EVENT_PRIORITY,
			       .priority = (uint8_t)(1 + below(sim, 254))};

	if (sim->nodes[i].conf.priority == 255)
		return;
	if (once_in(sim, 2))
		e.priority = sim->nodes[i].conf.priority;
	give(sim, i, e);
}

static void false_alarm(struct sim *sim, int i)
{
	struct vrrp_event e = {.kind = VRRP_EVENT_PEER_DOWN,
			       .source = sim->nodes[below(sim, (uint64_t)sim->n)].conf.source};

	give(sim, i, e);
}

static void trouble(struct sim *sim)
{
	int i = (int)below(sim, (uint64_t)sim->n), kind = (int)below(sim, 24);
	uint64_t for_us = 1 + below(sim, once_in(sim, 3) ? 3 * sim->down_us : sim->advert_us);
	struct node *n = &sim->nodes[i];

	if (sim->now >= sim->trouble_until)
		return;
	schedule(sim, sim->now + 1 + below(sim, 2 * sim->down_us), TROUBLE, 0, NULL);
	if (!n->running && kind < 12)
		boot(sim, i);
	if (!n->running || is_paused(sim, n))
		return;
	if (kind < 3)
		pause_node(sim, i, for_us);
	else if (kind < 7)
		break_link(sim, i, for_us);
	else if (kind < 10)
		crash(sim, i);
	else if (kind < 12)
		give_kind(sim, i, VRRP_EVENT_STOP);
	else if (kind < 14)
		fault(sim, i);
	else if (kind < 17)
		hold(sim, i);
	else if (kind < 20)
		change_priority(sim, i);
	else if (kind < 22)
		give_kind(sim, i, VRRP_EVENT_RELEASE);
	else if (kind < 23)
		false_alarm(sim, i);
	else
		give_kind(sim, i,
			  once_in(sim, 2) ? VRRP_EVENT_FORCE_MASTER : VRRP_EVENT_FORCE_BACKUP);
}

static void calm_down(struct sim *sim)
{
	sim_note(sim, "calm");
	for (int i = 0; i < sim->n; i++) {
		struct node *n = &sim->nodes[i];

		memset(n->cut_until, 0, sizeof(n->cut_until));
		memset(n->loss_until, 0, sizeof(n->loss_until));
		if (is_paused(sim, n))
			wake(sim, i);
		if (!n->running && !once_in(sim, 4))
			boot(sim, i);
		if (n->running && !once_in(sim, 8))
			give_kind(sim, i, VRRP_EVENT_CLEAR);
		if (n->running && !once_in(sim, 8))
			give_kind(sim, i, VRRP_EVENT_UNHOLD);
	}
	if (sim->disturbed_until > sim->now)
		sim->disturbed_until = sim->now;
	if (sim->link_until > sim->now)
		sim->link_until = sim->now;
}

/* ---- a run */

static void happen(struct sim *sim, const struct happening *h)
{
	switch (h->action) {
	case DELIVER:
	case EVENT:
		deliver(sim, h);
		break;
	case WAKE:
		if (sim->nodes[h->node].paused_until == h->at)
			wake(sim, h->node);
		break;
	case BOOT:
		boot(sim, h->node);
		break;
	case TROUBLE:
		trouble(sim);
		break;
	}
}

/* The node whose timer comes next, and when; -1: none. */
static int next_timer(const struct sim *sim, uint64_t *at)
{
	int first = -1;

	for (int i = 0; i < sim->n; i++) {
		const struct node *n = &sim->nodes[i];
		uint64_t due = later(n->m.deadline_us + n->slow_us, sim->now);

		if (!n->running || !n->m.deadline_us || is_paused(sim, n))
			continue;
		if (first >= 0 && due >= *at)
			continue;
		first = i;
		*at = due;
	}
	return first;
}

static void run_until(struct sim *sim, uint64_t end)
{
	while (!sim->failure) {
		uint64_t at = UINT64_MAX;
		int timer = next_timer(sim, &at);
		bool queued = sim->queued > 0 && sim->queue[0].at <= at;

		if (queued)
			at = sim->queue[0].at;
		if (at > end)
			break;
		sim->now = at;
		sim->events++;
		check_time(sim);
		if (queued) {
			struct happening h = next_happening(sim);

			happen(sim, &h);
		} else {
			give_kind(sim, timer, VRRP_EVENT_TIMER);
		}
	}
	sim->now = end;
}

static void set_up_node(struct sim *sim, int i, uint8_t version, uint64_t advert_us)
{
	struct node *n = &sim->nodes[i];
	struct vrrp_settings *c = &n->conf;

	*c = (struct vrrp_settings){.version = version,
				    .priority = (uint8_t)(1 + below(sim, 254)),
				    .advert_us = advert_us,
				    .down_adverts = 3,
				    .nopreempt = once_in(sim, 4),
				    .lower_prio_no_advert = once_in(sim, 8)};
	c->source =
	    (struct inet){.family = INET_V4, .ip = {192, 0, 2, (uint8_t)(1 + below(sim, 84))}};
	c->source.ip[3] = (uint8_t)(c->source.ip[3] * 3 + i); /* no two are the same */
	if (once_in(sim, 4))                                  /* often the same priority */
		c->priority = 100;
	if (once_in(sim, 25))
		c->priority = 255;
	if (version == 3)
		c->advert_us *= 1 + below(sim, 6);
	if (once_in(sim, 5))
		c->preempt_delay_us = below(sim, 8 * c->advert_us);
	if (once_in(sim, 8))
		c->down_adverts = 5;
	n->bfd = once_in(sim, 2);
	n->slow_us = once_in(sim, 40) ? c->advert_us * 5 / 4 : below(sim, 300);
	sim->slack_us = later(sim->slack_us, n->slow_us);
	vrrp_machine_init(&n->m, c);
}

static void set_up(struct sim *sim, uint64_t seed)
{
	static const uint64_t intervals_ms[] = {10, 20, 50, 100, 300, 1000};
	uint8_t version;
	uint64_t advert_us = S;
	unsigned int down = 3;

	random_init(&sim->random, seed);
	sim->now = S;
	version = once_in(sim, 2) ? 2 : 3;
	if (version == 3)
		advert_us = MS * intervals_ms[below(sim, array_size(intervals_ms))];
	sim->n = once_in(sim, 2) ? 2 : 3;
	for (int i = 0; i < sim->n; i++) {
		set_up_node(sim, i, version, advert_us);
		sim->advert_us = later(sim->advert_us, sim->nodes[i].conf.advert_us);
		if (sim->nodes[i].conf.down_adverts > down)
			down = sim->nodes[i].conf.down_adverts;
	}
	sim->skew_us = version == 2 ? S : sim->advert_us;
	sim->down_us = down * sim->advert_us + sim->skew_us;
	sim->delay_us = 1 + below(sim, advert_us > 40 * MS ? 20 * MS : advert_us / 2);
	if (sim->slack_us > MS)
		sim->late_us = sim->advert_us + sim->skew_us + sim->slack_us;
	sim->slack_us += 2 * sim->delay_us + MS;
	sim->duplicates = once_in(sim, 2);
	sim->lease_us = once_in(sim, 2) ? 2 * S : 0;
	sim->bfd_us = (sim->advert_us + below(sim, sim->advert_us)) / 4;
	for (int i = 0; i < sim->n; i++)
		schedule(sim, sim->now + below(sim, sim->down_us), BOOT, i, NULL);
	check_account(sim);
}

static void run_seed(struct sim *sim, uint64_t seed, bool tracing)
{
	/* Delays and preemption run out, everyone has left who wanted to, and an election. */
	uint64_t calm;

	memset(sim, 0, sizeof(*sim));
	sim->tracing = tracing;
	set_up(sim, seed);
	calm = 8 * sim->advert_us + 4 * (sim->down_us + sim->skew_us) + 2 * S;
	for (int phase = 0; phase < PHASES && !sim->failure; phase++) {
		sim->trouble_until = sim->now + 14 * sim->down_us;
		schedule(sim, sim->now + below(sim, sim->down_us), TROUBLE, 0, NULL);
		run_until(sim, sim->trouble_until);
		run_until(sim, sim->now + 3 * sim->down_us); /* what is scheduled still comes */
		calm_down(sim);
		run_until(sim, sim->now + calm);
		if (!sim->failure)
			check_settled(sim);
	}
}

static void report_failure(struct sim *sim, uint64_t seed)
{
	run_seed(sim, seed, true);
	printf("seed %" PRIu64 ": %s\n", seed, sim->failure ? sim->failure : "not reproduced");
	for (int i = 0; i < sim->n; i++) {
		const struct vrrp_settings *c = &sim->nodes[i].conf;

		printf("  %c version %d priority %d address .%d interval %" PRIu64 " us%s%s"
		       " preempt delay %" PRIu64 " us\n",
		       'A' + i, c->version, c->priority, c->source.ip[3], c->advert_us,
		       c->nopreempt ? " nopreempt" : "",
		       c->lower_prio_no_advert ? " lower_prio_no_advert" : "", c->preempt_delay_us);
	}
	for (unsigned int i = 0; i < TRACE_LINES; i++) {
		const char *line = sim->trace[(sim->traced + i) % TRACE_LINES];

		if (*line)
			printf("%s\n", line);
	}
}

int main(int argc, char **argv)
{
	static struct sim sim;
	uint64_t seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	uint64_t events = 0, virtual_us = 0;

	for (uint64_t seed = first; seed < first + seeds; seed++) {
		run_seed(&sim, seed, false);
		events += sim.events;
		virtual_us += sim.now;
		if (sim.failure) {
			report_failure(&sim, seed);
			return 1;
		}
	}
	printf("%" PRIu64 " seeds from %" PRIu64 ": %" PRIu64 " events, %" PRIu64
	       " hours of virtual time\n",
	       seeds, first, events, virtual_us / (3600 * S));
	return 0;
}
