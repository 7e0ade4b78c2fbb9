/* SPDX-License-Identifier: MIT */
/*
 * The one writer of a server's state. Every change goes the same way, whoever wants it:
 *
 *     change_begin (lock) → health and reasons → change_to: state, weight, balance, queue,
 * counters, lines to say → change_end (unlock): logs, streams to end, servers that track this one,
 * the next check
 *
 * A tracker reads the state that it takes over with its own lock held, after that state was stored:
 * whoever comes last sees the latest, so no order of threads can leave it behind. No thread ever
 * holds two locks.
 */
#include "proxy/server_priv.h"

#include "proxy/health_check.h"
#include "proxy/worker.h"

#include <stdio.h>
#include <string.h>

#define SLOWSTART_STEPS 20
#define SLOWSTART_MIN_STEP_MS 50

struct change {
	struct server *server;
	struct loop *loop; /* NULL: none at hand */
	uint64_t now_ms;
	struct server_cause cause;
	struct server_notes notes;
	bool kill, kill_backups, tell_trackers, hurry, warm_up;
};

static void change_begin(struct change *c, struct server *s, struct loop *l)
{
	c->server = s;
	c->loop = l;
	c->now_ms = server_now_ms(l);
	c->cause = (struct server_cause){.status = CHECK_UNKNOWN, .duration_ms = NO_DURATION};
	c->notes.n = 0;
	c->kill = c->kill_backups = c->tell_trackers = c->hurry = c->warm_up = false;
	pthread_spin_lock(&s->proxy->lock);
}

/* ---- the backend as a whole */

struct server_counts proxy_count_servers(const struct proxy *px)
{
	struct server_counts n = {0, 0};

	for (unsigned int i = 0; i < px->n_servers; i++) {
		const struct server *s = &px->servers[i];

		if (!server_is_eligible(s) || !s->lb.weight)
			continue;
		if (s->lb.backup)
			n.backup++;
		else
			n.active++;
	}
	return n;
}

/* Suspect servers are passed over while there is another one. */
static void choose_usable(struct proxy *px)
{
	bool good = false;

	for (unsigned int i = 0; i < px->n_servers; i++) {
		const struct server *s = &px->servers[i];

		good |= server_is_eligible(s) && s->lb.weight &&
			!atomic_load_explicit(&s->suspect, memory_order_relaxed);
	}
	for (unsigned int i = 0; i < px->n_servers; i++) {
		struct server *s = &px->servers[i];
		bool usable = server_is_eligible(s) &&
			      !(good && atomic_load_explicit(&s->suspect, memory_order_relaxed));

		__atomic_store_n(&s->lb.usable, usable, __ATOMIC_RELAXED);
	}
}

/* Counters of transitions are written under the lock alone, always in the first thread's set. */
static void follow_backend(struct change *c)
{
	struct proxy *px = c->server->proxy;
	struct server_counts n = proxy_count_servers(px);
	bool up = n.active + n.backup > 0;

	if (up == px->up)
		return;
	px->up = up;
	if (up) {
		px->down_ms += c->now_ms - px->last_change_ms;
	} else {
		px->be.thread[0].down_transitions++;
		notes_backend_down(&c->notes, px);
	}
	px->last_change_ms = c->now_ms;
}

/* Weight, limit, who takes part; whoever waits gets what has become free. */
static void rebalance(struct change *c)
{
	struct proxy *px = c->server->proxy;

	server_apply_weight(c->server, c->now_ms);
	server_update_limit(c->server);
	choose_usable(px);
	/* Out of memory: the old layout stays until the next change. */
	if (balance_update(&px->balance) != 0)
		return;
	for (unsigned int i = 0; i < px->n_servers; i++)
		server_grant_slots(&px->servers[i]);
}

/* ---- the change itself */

static bool is_up_state(uint8_t state)
{
	return state == SERVER_RUNNING || state == SERVER_STARTING;
}

/* After maintenance: what the tracked server is, or up until the next check says otherwise. */
static uint8_t state_after_maintenance(struct server *s)
{
	if (s->tracked)
		return atomic_load_explicit(&s->tracked->state, memory_order_relaxed);
	if (s->check)
		health_init(&s->health, s->health.rise, s->health.fall, true);
	return SERVER_RUNNING;
}

static uint8_t settle_state(struct change *c, uint8_t wanted, unsigned int admin)
{
	struct server *s = c->server;
	uint8_t old = s->state;

	if (admin & SERVER_MAINT_ANY)
		return SERVER_STOPPED;
	if (s->admin & SERVER_MAINT_ANY)
		wanted = state_after_maintenance(s);
	if (!is_up_state(wanted))
		return wanted;
	if (is_up_state(old))
		return wanted == SERVER_RUNNING && old == SERVER_STARTING && s->tracked ? old
											: wanted;
	if (!s->conf->slowstart || !s->proxy->program->workers)
		return SERVER_RUNNING;
	c->warm_up = true;
	return SERVER_STARTING;
}

/* on-marked-down, on-marked-up, health that starts anew. */
static void note_consequences(struct change *c, uint8_t before)
{
	struct server *s = c->server;

	if (s->state == SERVER_STOPPED) {
		atomic_store_explicit(&s->suspect, false, memory_order_relaxed);
		s->counters.thread[0].down_transitions++;
		c->kill = s->conf->on_marked_down_shutdown;
	} else if (before == SERVER_STOPPED) {
		s->down_ms += c->now_ms - s->last_change_ms;
		c->kill_backups = s->conf->on_marked_up_shutdown_backup && !s->conf->backup &&
				  is_up_state(s->state);
	}
	s->last_change_ms = c->now_ms;
}

/* Under the lock. All that belongs to a change of state or of its reasons, and nothing where there
 * is none. */
static void change_to(struct change *c, uint8_t wanted, unsigned int admin)
{
	struct server *s = c->server;
	struct server_picture before = {.state = s->state, .admin = s->admin};
	unsigned int requeued = 0;

	atomic_store_explicit(&s->state, settle_state(c, wanted, admin), memory_order_relaxed);
	__atomic_store_n(&s->admin, admin, __ATOMIC_RELAXED);
	if (s->state == before.state && admin == before.admin)
		return;
	if (s->state != before.state)
		note_consequences(c, before.state);
	rebalance(c);
	if (s->state == SERVER_STOPPED && before.state != SERVER_STOPPED)
		requeued = server_requeue(s, c->now_ms);
	notes_change(&c->notes, s, &before, &c->cause, requeued);
	follow_backend(c);
	c->tell_trackers = s->n_trackers > 0;
	c->hurry = c->hurry || ((before.admin & SERVER_MAINT_ANY) && !(admin & SERVER_MAINT_ANY));
	s->operational_reason = c->cause.words ? c->cause.words
				: c->cause.status != CHECK_UNKNOWN
				    ? health_status_text(c->cause.status)
				    : NULL;
}

static void follow_tracked(struct server *t, struct loop *l);

/* The slow start's timer lives in the first thread. */
static void warm_up(struct change *c)
{
	struct server *s = c->server;

	if (!atomic_exchange_explicit(&s->slowstart_asked, true, memory_order_acq_rel))
		loop_post(&s->proxy->program->workers[0].loop, &s->slowstart_mail);
}

static void change_end(struct change *c)
{
	struct server *s = c->server;
	struct proxy *px = s->proxy;

	pthread_spin_unlock(&px->lock);
	notes_send(&c->notes, px);
	if (c->warm_up)
		warm_up(c);
	if (c->kill)
		server_kill_streams(s);
	for (unsigned int i = 0; c->kill_backups && i < px->n_servers; i++) {
		if (px->servers[i].lb.backup)
			server_kill_streams(&px->servers[i]);
	}
	for (unsigned int i = 0; c->tell_trackers && i < s->n_trackers; i++)
		follow_tracked(s->trackers[i], c->loop);
	if (c->hurry)
		health_check_hurry(s);
	if (px->program->on_health)
		px->program->on_health(px->program);
}

/* ---- who wants changes: a tracked server */

static void follow_tracked(struct server *t, struct loop *l)
{
	const struct server *s = t->tracked;
	struct change c;
	unsigned int admin, above;
	uint8_t state;

	change_begin(&c, t, l);
	above = __atomic_load_n(&s->admin, __ATOMIC_RELAXED);
	state = atomic_load_explicit(&s->state, memory_order_relaxed);
	admin = t->admin & ~(unsigned int)(SERVER_MAINT_TRACKED | SERVER_DRAIN_TRACKED);
	if (above & SERVER_MAINT_ANY)
		admin |= SERVER_MAINT_TRACKED;
	if (above & SERVER_DRAIN_ANY)
		admin |= SERVER_DRAIN_TRACKED;
	c.cause.via = s;
	change_to(&c, state == SERVER_STARTING ? SERVER_RUNNING : state, admin);
	change_end(&c);
}

/* ---- ... checks */

static bool logs_checks(const struct server *s)
{
	return s->proxy->conf->check.log_health_checks ||
	       (s->proxy->conf->options & OPTION_LOG_HEALTH_CHECKS);
}

/* `before` is health.value before this result was counted. */
static void record_result(struct change *c, int before)
{
	struct server *s = c->server;
	const struct health *h = &s->health;
	bool passed = health_status_passed(c->cause.status);
	bool counted = passed ? before < h->rise + h->fall - 1 : before > 0;
	bool news = counted || !s->check || s->check->status != c->cause.status;

	if (!passed && counted)
		s->counters.thread[0].failed_checks++;
	if (s->check) {
		s->check->status = c->cause.status;
		s->check->code = c->cause.code;
		s->check->duration_ms =
		    c->cause.duration_ms == NO_DURATION ? 0 : c->cause.duration_ms;
		snprintf(s->check->info, sizeof(s->check->info), "%s",
			 c->cause.info ? c->cause.info : "");
	}
	if (logs_checks(s)) {
		if (news)
			notes_check(&c->notes, s, &c->cause);
		/* said already: the line of the state goes without */
		c->cause.status = CHECK_UNKNOWN;
	}
}

static uint8_t state_by_health(const struct server *s, enum check_status status)
{
	if (!health_is_up(&s->health))
		return SERVER_STOPPED;
	if (status == CHECK_L7OKC)
		return s->state == SERVER_STOPPED ? SERVER_STOPPED : SERVER_STOPPING;
	if (health_status_passed(status))
		return s->state == SERVER_STARTING ? SERVER_STARTING : SERVER_RUNNING;
	return s->state;
}

/* Under the lock: one passed or failed check, wherever it came from. */
static void count_result(struct change *c, enum check_status status, const char *info)
{
	struct server *s = c->server;
	int before = s->health.value;

	c->cause.status = status;
	c->cause.info = info;
	if (health_status_passed(status))
		(void)health_check_passed(&s->health);
	else
		(void)health_check_failed(&s->health);
	record_result(c, before);
	change_to(c, state_by_health(s, status), s->admin);
}

void server_check_result(struct server *s, struct loop *l, enum check_status status,
			 unsigned int code, const char *text, uint64_t duration_ms)
{
	struct change c;

	change_begin(&c, s, l);
	if (!(s->admin & SERVER_MAINT_ANY)) {
		s->refused = false;
		c.cause.code = code;
		c.cause.duration_ms = duration_ms;
		count_result(&c, status, text);
	}
	change_end(&c);
}

/* ---- ... traffic */

/* Without "observe": the first refusal since the last check counts as a failed one. Under the lock.
 */
static void count_refusal(struct change *c, const char *text)
{
	if (c->server->refused)
		return;
	c->server->refused = true;
	c->hurry = true;
	count_result(c, CHECK_L4CON, text);
}

/* "observe": past error-limit as on-error says. Under the lock. */
static void count_observed(struct change *c, enum observe_layer layer, const char *text)
{
	struct server *s = c->server;
	enum health_on_error mode = s->conf->on_error;
	enum health_change change;
	char info[128];
	int before = s->health.value;

	atomic_store_explicit(&s->has_errors, true, memory_order_relaxed);
	if (!health_observe_error(&s->health, mode, &change))
		return;
	s->counters.thread[0].failed_analyses++;
	if (mode != HEALTH_FASTINTER) {
		snprintf(info, sizeof(info), "Detected %d consecutive errors, last one was: %s",
			 s->health.error_limit,
			 layer == OBSERVE_LAYER4 ? "L4 unsuccessful connection" : text);
		c->cause.status = CHECK_HANA;
		c->cause.info = info;
		record_result(c, before);
		change_to(c, state_by_health(s, CHECK_HANA), s->admin);
		c->cause.info = NULL;
	}
	c->hurry = true;
}

void server_traffic_error(struct server *s, struct loop *l, enum observe_layer layer,
			  const char *text)
{
	enum observe_layer observed = s->conf->observe;
	struct change c;

	if (!s->check || !atomic_load_explicit(&s->check->enabled, memory_order_relaxed))
		return;
	if (layer == OBSERVE_LAYER7 && observed != OBSERVE_LAYER7)
		return;
	change_begin(&c, s, l);
	if (!(s->admin & SERVER_MAINT_ANY) && health_is_up(&s->health)) {
		if (observed == OBSERVE_NONE)
			count_refusal(&c, text);
		else
			count_observed(&c, layer, text);
	}
	change_end(&c);
}

void server_traffic_good(struct server *s, enum observe_layer layer)
{
	if (s->conf->observe == OBSERVE_NONE || s->conf->observe != layer ||
	    !atomic_load_explicit(&s->has_errors, memory_order_relaxed))
		return;
	pthread_spin_lock(&s->proxy->lock);
	health_observe_good(&s->health);
	atomic_store_explicit(&s->has_errors, false, memory_order_relaxed);
	pthread_spin_unlock(&s->proxy->lock);
}

void server_set_suspect(struct server *s, struct loop *l, bool suspect)
{
	struct change c;

	if (atomic_load_explicit(&s->suspect, memory_order_relaxed) == suspect)
		return;
	change_begin(&c, s, l);
	/* a server that is out already cannot be passed over */
	if (atomic_load_explicit(&s->suspect, memory_order_relaxed) != suspect &&
	    !(suspect && s->state == SERVER_STOPPED)) {
		atomic_store_explicit(&s->suspect, suspect, memory_order_relaxed);
		rebalance(&c);
		notes_suspect(&c.notes, s);
	}
	change_end(&c);
}

/* ---- ... people */

void server_set_admin(struct server *s, struct loop *l, unsigned int set, unsigned int clear,
		      const char *cause)
{
	struct change c;

	if (clear & SERVER_MAINT)
		clear |= SERVER_MAINT_CONFIG;
	change_begin(&c, s, l);
	c.cause.admin_words = cause;
	change_to(&c, s->state, (s->admin & ~clear) | set);
	change_end(&c);
}

void server_set_health(struct server *s, struct loop *l, bool up)
{
	struct change c;

	change_begin(&c, s, l);
	c.cause.words = "changed from CLI";
	(void)health_force(&s->health, up);
	change_to(&c,
		  up ? (s->state == SERVER_STARTING ? SERVER_STARTING : SERVER_RUNNING)
		     : SERVER_STOPPED,
		  s->admin);
	change_end(&c);
}

void server_set_stopping(struct server *s, struct loop *l)
{
	struct change c;

	change_begin(&c, s, l);
	c.cause.words = "changed from CLI";
	if (health_is_up(&s->health) && s->state != SERVER_STOPPED)
		change_to(&c, SERVER_STOPPING, s->admin);
	change_end(&c);
}

void server_refresh(struct server *s, struct loop *l)
{
	struct change c;

	change_begin(&c, s, l);
	rebalance(&c);
	follow_backend(&c);
	change_end(&c);
}

/* ---- ... and slow start */

static uint64_t step_ms(const struct server *s)
{
	uint64_t ms = s->conf->slowstart / SLOWSTART_STEPS;

	return ms > SLOWSTART_MIN_STEP_MS ? ms : SLOWSTART_MIN_STEP_MS;
}

void server_on_slowstart_mail(struct mail *m, struct loop *receiver)
{
	struct server *s = container_of(m, struct server, slowstart_mail);

	atomic_store_explicit(&s->slowstart_asked, false, memory_order_release);
	timer_set(&receiver->wheel, &s->slowstart, receiver->now_ms + step_ms(s));
}

void server_on_slowstart(struct timer *t, uint64_t now_ms)
{
	struct server *s = container_of(t, struct server, slowstart);
	struct loop *l = &s->proxy->program->workers[0].loop;
	struct change c;

	change_begin(&c, s, l);
	if (s->state == SERVER_STARTING) {
		if (now_ms - s->last_change_ms >= s->conf->slowstart)
			change_to(&c, SERVER_RUNNING, s->admin);
		else
			rebalance(&c);
		if (s->state == SERVER_STARTING)
			timer_set(&l->wheel, t, now_ms + step_ms(s));
	}
	change_end(&c);
}
