/* SPDX-License-Identifier: MIT */
/*
 * The properties of vrrp_sim, checked at every event:
 *
 *   two     on a healthy link two nodes own the addresses for an interval and delivery at most
 *   none    while a node may claim, nobody owns them for Master_Down + skew at most
 *   settled after the calm one node owns them, and none that preempts has a higher priority
 *   todo    take comes with announce and is not repeated; drop comes to owners; timers run
 *   left    who is left of two owners announces itself after the other's drop
 *   handed  a master that leaves is relieved within the skew time, without a gap
 *   claims  nobody takes over from a living master unless it preempts, or was told that it is gone
 *
 * "Healthy" counts from the end of the last loss, cut or pause.
 */
#include "sim/vrrp_sim.h"

static void fail(struct sim *sim, const char *what)
{
	if (!sim->failure)
		sim->failure = what;
	sim_note(sim, "FAILED: %s", what);
}

static int count_owners(const struct sim *sim, bool *one_stays)
{
	int owners = 0;

	*one_stays = false;
	for (int i = 0; i < sim->n; i++) {
		owners += sim->nodes[i].owns;
		if (sim->nodes[i].owns && !sim->nodes[i].m.leaving)
			*one_stays = true;
	}
	return owners;
}

/* Since when a node may claim without interruption; 0: none may. */
static uint64_t claimable_since(const struct sim *sim)
{
	uint64_t since = 0;

	for (int i = 0; i < sim->n; i++) {
		uint64_t s = sim->nodes[i].eligible_since;

		if (s && (since == 0 || s < since))
			since = s;
	}
	return since;
}

static bool is_same(const struct node *a, const struct node *b)
{
	return a->conf.source.ip[3] == b->conf.source.ip[3];
}

/* When a node last stopped being master, other than by a hand-over. Its last advert may be the last
 * that others hear for an interval, where it is not answered or overtakes the answer: they follow
 * the wrong one so long. */
static uint64_t last_word(const struct sim *sim)
{
	uint64_t at = 0;

	for (int i = 0; i < sim->n; i++)
		at = later(at, sim->nodes[i].quit_at);
	return at;
}

/* Has the node been leaving on a link that was healthy for long, with another that may claim? */
static bool must_be_relieved(const struct sim *sim, const struct node *n)
{
	uint64_t since = n->stands_since;

	if (sim->late_us || !n->m.leaving || !n->was_master ||
	    sim->disturbed_until + sim->down_us > since ||
	    last_word(sim) + sim->advert_us + sim->slack_us > since)
		return false;
	for (int i = 0; i < sim->n; i++) {
		const struct node *other = &sim->nodes[i];

		if (!is_same(other, n) && other->m.state == VRRP_BACKUP && other->eligible_since &&
		    later(other->eligible_since, other->stands_since) <= since)
			return true;
	}
	return false;
}

void check_time(struct sim *sim)
{
	uint64_t claimable = claimable_since(sim), slack = sim->slack_us, since;

	since = later(sim->two_since, sim->disturbed_until);
	if (sim->two_since && sim->now > since + sim->advert_us + slack)
		fail(sim, "two owners for too long");
	since = later(later(sim->none_since, sim->disturbed_until), claimable);
	if (sim->none_since && claimable &&
	    sim->now > since + sim->down_us + sim->skew_us + sim->late_us + slack)
		fail(sim, "no owner for too long");
	for (int i = 0; i < sim->n; i++) {
		since = sim->nodes[i].owes_since;
		if (since && sim->disturbed_until <= since && sim->now > since + slack)
			fail(sim, "the owner that is left did not announce itself");
		if (must_be_relieved(sim, &sim->nodes[i]) &&
		    sim->now > sim->nodes[i].stands_since + sim->skew_us + 20 * MS + slack)
			fail(sim, "a slow hand-over");
	}
}

void check_account(struct sim *sim)
{
	bool one_stays;
	int owners = count_owners(sim, &one_stays);

	if (owners < 2 || !one_stays)
		sim->two_since = 0;
	else if (!sim->two_since)
		sim->two_since = sim->now;
	if (owners > 0)
		sim->none_since = 0;
	else if (!sim->none_since)
		sim->none_since = sim->now;
	for (int i = 0; i < sim->n; i++) {
		struct node *n = &sim->nodes[i];
		bool stands = n->m.state == VRRP_BACKUP || n->m.state == VRRP_MASTER;

		if (!n->running || n->m.held || n->m.stopping || !stands)
			n->eligible_since = 0;
		else if (!n->eligible_since)
			n->eligible_since = sim->now;
		if (!n->owns || n->m.leaving)
			n->owes_since = 0;
	}
}

static bool outranks(const struct vrrp_event *e, const struct vrrp_machine *m)
{
	return e->priority > m->priority ||
	       (e->priority == m->priority && e->source.ip[3] > m->conf.source.ip[3]);
}

static void check_todo(struct sim *sim, const struct node *before, const struct vrrp_event *e,
		       const struct vrrp_todo *todo)
{
	bool left = todo->drop && !todo->ended;

	if (todo->take && (!todo->announce || before->owns || todo->drop))
		fail(sim, "a take without announce, or twice");
	if (todo->drop && !before->owns && e->kind != VRRP_EVENT_LAPSED)
		fail(sim, "a drop of what is not owned");
	if (todo->cause == VRRP_BECAUSE_HANDED_OVER && e->priority == 0)
		fail(sim, "handed over to one that leaves");
	if (todo->cause == VRRP_BECAUSE_HIGHER_ADVERT && !outranks(e, &before->m))
		fail(sim, "the wrong one of two gave way");
	if ((todo->take || left || todo->ended) && !todo->changed && before->m.state != VRRP_INIT)
		fail(sim, "a change that is not said");
}

static void check_machine(struct sim *sim, const struct node *n, const struct vrrp_todo *todo)
{
	const struct vrrp_machine *m = &n->m;
	bool timer = m->state == VRRP_MASTER || (m->state == VRRP_BACKUP && !m->held);

	if (n->owns != (m->state == VRRP_MASTER))
		fail(sim, "owner and master are not the same");
	if (todo->announce && m->state != VRRP_MASTER)
		fail(sim, "announced by a node that is no master");
	if (timer && !m->deadline_us)
		fail(sim, "no timer");
	if ((m->state == VRRP_INIT || m->state == VRRP_FAULT) && m->deadline_us)
		fail(sim, "a timer where none belongs");
	if (m->leaving && m->state != VRRP_MASTER)
		fail(sim, "leaving, but no master");
	if (todo->ended && m->state != VRRP_INIT)
		fail(sim, "ended, but not gone");
}

/* Has the claimer heard that this one is master, and had the time to think about it? */
static bool is_known_master(const struct sim *sim, const struct node *claimer,
			    const struct node *master)
{
	uint64_t time = master->conf.advert_us + master->slow_us + sim->slack_us;
	uint64_t since = later(later(claimer->stands_since, master->stands_since), sim->link_until);

	since = later(since, last_word(sim));
	since = later(since, sim->alarm_at);
	if (!claimer->waking)
		since = later(since, claimer->woke_at);
	return master->owns && !master->m.leaving && !is_paused(sim, master) &&
	       since + time < sim->now;
}

/* `before`: the claimer before the event `e` that made it master because of `cause`. */
static void check_claim(struct sim *sim, const struct node *before, const struct vrrp_event *e,
			enum vrrp_cause cause)
{
	bool nopreempt = before->conf.nopreempt && before->m.priority != 255;
	uint64_t late = sim->now - before->m.deadline_us;
	bool told = e->kind == VRRP_EVENT_PEER_DOWN && inet_equal_ip(&e->source, &before->m.master);

	if (cause == VRRP_BECAUSE_MASTER_LEFT &&
	    sim->now < before->told_at + sim->skew_us + sim->slack_us)
		return;
	if (told || cause == VRRP_BECAUSE_OWNER || cause == VRRP_BECAUSE_GROUP)
		return;
	/* Up to an interval too late is too little to tell a pause from a slow timer. */
	if (e->kind == VRRP_EVENT_TIMER &&
	    (cause == VRRP_BECAUSE_PEER_DOWN ||
	     (before->waking && (before->m.late || late <= before->m.master_advert_us))))
		return;
	for (int i = 0; i < sim->n; i++) {
		const struct node *master = &sim->nodes[i];

		if (is_same(master, before) || !is_known_master(sim, before, master))
			continue;
		if (nopreempt || master->m.priority >= before->m.priority)
			fail(sim, "claimed over a living master");
	}
}

static void owe_announcement(struct sim *sim)
{
	struct node *left = NULL;

	for (int i = 0; i < sim->n; i++) {
		if (!sim->nodes[i].owns)
			continue;
		if (left)
			return;
		left = &sim->nodes[i];
	}
	if (left && !left->m.leaving)
		left->owes_since = sim->now;
}

static void remember_state(const struct sim *sim, struct node *n, const struct node *before)
{
	const struct vrrp_machine *a = &before->m, *b = &n->m;

	if (a->state == b->state && a->leaving == b->leaving &&
	    (a->priority == b->priority || b->leaving) && a->stopping == b->stopping)
		return;
	if (!a->leaving)
		n->was_master =
		    a->state == VRRP_MASTER &&
		    before->stands_since + 2 * sim->advert_us + sim->slack_us < sim->now;
	n->stands_since = sim->now;
}

static bool gone(const struct sim *sim)
{
	bool one_stays;

	return count_owners(sim, &one_stays) == 0;
}

/* The taker broke, or gave way to an older advert that arrived late. */
static bool is_excused(const struct sim *sim)
{
	uint64_t excuse = later(sim->broke_at, last_word(sim));

	return excuse + sim->slack_us >= sim->now;
}

static void remember(struct sim *sim, struct node *n, const struct node *before,
		     const struct vrrp_event *e, const struct vrrp_todo *todo)
{
	const struct inet *master = &before->m.master;
	bool of_master = master->family == INET_NONE || inet_equal_ip(master, &e->source);

	remember_state(sim, n, before);
	if (e->kind == VRRP_EVENT_ADVERT && e->priority == 0 && of_master)
		n->told_at = sim->now;
	if (e->kind == VRRP_EVENT_PEER_DOWN && of_master)
		sim->alarm_at = sim->now;
	if (e->kind == VRRP_EVENT_FAULT)
		sim->broke_at = sim->now;
	if (todo->announce)
		n->owes_since = 0;
	if (todo->cause == VRRP_BECAUSE_HIGHER_ADVERT || todo->cause == VRRP_BECAUSE_HANDED_OVER)
		owe_announcement(sim);
	if (todo->drop && todo->cause != VRRP_BECAUSE_HANDED_OVER)
		n->quit_at = sim->now;
}

void check_step(struct sim *sim, struct node *n, const struct node *before,
		const struct vrrp_event *e, const struct vrrp_todo *todo)
{
	check_todo(sim, before, e, todo);
	check_machine(sim, n, todo);
	if (todo->take)
		check_claim(sim, before, e, todo->cause);
	remember(sim, n, before, e, todo);
	if (todo->drop && must_be_relieved(sim, before) && gone(sim) && !is_excused(sim))
		fail(sim, "a planned hand-over with a gap");
}

void check_settled(struct sim *sim)
{
	const struct node *owner = NULL;

	for (int i = 0; i < sim->n; i++) {
		if (sim->nodes[i].owns && owner)
			fail(sim, "settled, with two owners");
		if (sim->nodes[i].owns)
			owner = &sim->nodes[i];
	}
	if (owner && owner->m.leaving)
		fail(sim, "settled, but still leaving");
	if (!owner != !claimable_since(sim))
		fail(sim, "settled, with an owner that may not, or none though one may");
	for (int i = 0; owner && i < sim->n; i++) {
		const struct node *n = &sim->nodes[i];
		bool preempts = !n->conf.nopreempt && !n->m.yielded && n->eligible_since;

		if (preempts && n->m.priority > owner->m.priority)
			fail(sim, "settled, but the highest priority is not master");
	}
}
