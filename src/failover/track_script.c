/* SPDX-License-Identifier: MIT */
/*
 * Tracked scripts: run each interval, the first time at once, never twice at a time. The first
 * result decides at once, either way; then `rise` successes or `fall` failures in a row do. A
 * script that takes too long has failed there and then; it gets SIGTERM, and SIGKILL if that does
 * not help.
 *
 *     turn ──> spawn ──> pidfd readable ──> result
 *                   └──> limit: TERM, result "timed_out" ──> KILL
 */
#include "failover/track_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILL_AFTER_MS 2000
#define STOP_MS 50 /* what running scripts get at the end, after TERM and again after KILL */
#define INTERVAL_MS 1000

static uint32_t interval_ms(const struct track_script *s)
{
	return s->conf->interval_ms ? s->conf->interval_ms : INTERVAL_MS;
}

/* ---- results */

static void enter(struct track_script *s, enum track_state state, const char *how)
{
	s->state = state;
	s->streak = 0;
	say(&s->tracks->log, LOG_LEVEL_INFO, "VRRP_Script(%s) %s", s->conf->name, how);
	track_changed(s->tracks);
}

/* `how` says it in keepalived's words. */
static void note_result(struct track_script *s, bool good, const char *how)
{
	enum track_state state = good ? TRACK_UP : TRACK_DOWN;
	unsigned int needed = good ? s->conf->rise : s->conf->fall;

	if (s->decided && s->state == state) {
		s->streak = 0;
		return;
	}
	if (s->decided && ++s->streak < needed)
		return;
	s->decided = true;
	enter(s, state, how);
}

static void note_status(struct track_script *s, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	char how[64] = "succeeded";

	if (status == -1)
		snprintf(how, sizeof(how), "failed (lost)");
	else if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "failed (due to signal %d)", WTERMSIG(status));
	else if (code != 0)
		snprintf(how, sizeof(how), "failed (exited with status %d)", code);
	if (code >= 0 && code != s->last_exit) {
		say(&s->tracks->log, LOG_LEVEL_INFO, "Script `%s` now returning %d", s->conf->name,
		    code);
		s->last_exit = code;
	}
	note_result(s, code == 0, how);
}

void track_script_service(struct track_script *s, bool answers)
{
	enum track_state state = answers ? TRACK_UP : TRACK_DOWN;

	s->decided = true;
	if (s->state != state)
		enter(s, state, answers ? "succeeded" : "failed (the proxy does not serve)");
}

/* ---- running */

static void on_ended(struct io *io)
{
	struct track_script *s = container_of(io, struct track_script, io);
	int status;

	s->child.pidfd = io_detach(&s->io);
	s->running = false;
	timer_stop(&s->tracks->loop->wheel, &s->limit);
	status = runnable_end(&s->child);
	if (!s->timed_out)
		note_status(s, status);
}

static const struct io_handler pidfd_handler = {.name = "track_script", .on_ready = on_ended};

static void on_limit(struct timer *t, uint64_t now_ms)
{
	struct track_script *s = container_of(t, struct track_script, limit);

	timer_set(&s->tracks->loop->wheel, &s->limit, now_ms + KILL_AFTER_MS);
	if (s->timed_out) {
		spawn_signal(&s->child, SIGKILL);
		return;
	}
	s->timed_out = true;
	spawn_signal(&s->child, SIGTERM);
	note_result(s, false, "timed_out");
}

static void run(struct track_script *s, uint64_t now_ms)
{
	uint32_t timeout_ms = s->conf->timeout_ms ? s->conf->timeout_ms : interval_ms(s);
	char how[96];
	int error = runnable_start(&s->command, NULL, &s->child);

	if (error == 0) {
		io_init(&s->io, s->tracks->loop, s->child.pidfd, &pidfd_handler);
		error = io_watch(&s->io);
		if (error == 0) {
			s->running = true;
			s->timed_out = s->skipped = false;
			timer_set(&s->tracks->loop->wheel, &s->limit, now_ms + timeout_ms);
			return;
		}
		spawn_signal(&s->child, SIGKILL);
		io_close(&s->io);
	}
	snprintf(how, sizeof(how), "failed (cannot be run: %s)", strerror(-error));
	note_result(s, false, how);
}

static void on_turn(struct timer *t, uint64_t now_ms)
{
	struct track_script *s = container_of(t, struct track_script, turn);

	s->due_ms += interval_ms(s);
	if (s->due_ms <= now_ms)
		s->due_ms = now_ms + interval_ms(s);
	timer_set(&s->tracks->loop->wheel, &s->turn, s->due_ms);
	if (!s->running) {
		run(s, now_ms);
	} else if (!s->skipped) {
		s->skipped = true;
		say(&s->tracks->log, LOG_LEVEL_INFO,
		    "Track script %s is already running, expect idle - skipping run",
		    s->conf->name);
	}
}

/* ---- start and end */

/* What it was before the reload is true until the next run. */
static void inherit(struct track_script *s, const struct track_script *previous)
{
	if (previous->state == TRACK_UNKNOWN)
		return;
	s->state = previous->state;
	s->decided = previous->decided;
	s->last_exit = previous->last_exit;
	say(&s->tracks->log, LOG_LEVEL_INFO, "VRRP_Script(%s) considered %s on reload",
	    s->conf->name, s->state == TRACK_UP ? "successful" : "unsuccessful");
}

static void say_inside(const struct track_script *s)
{
	char words[128] = "";
	size_t used = 0;
	unsigned int i;

	for (i = 0; s->conf->command.argv && s->conf->command.argv[i] && used < sizeof(words); i++)
		used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%s", i ? " " : "",
					 s->conf->command.argv[i]);
	say(&s->tracks->log, LOG_LEVEL_INFO,
	    "VRRP_Script(%s) is not run: `%s` is answered from inside", s->conf->name, words);
}

static bool prepare(struct track_script *s, const struct tracks *t)
{
	runnable_init(&s->command, &s->conf->command, &t->model->global, &t->log);
	s->disabled = s->command.state != RUNNABLE_OK;
	if (s->disabled)
		say(&t->log, LOG_LEVEL_WARNING, "Disabling track script %s due to %s",
		    s->conf->name,
		    s->command.state == RUNNABLE_INSECURE ? "insecure" : "not found/accessible");
	return !s->disabled;
}

void track_script_start(struct track_script *s, struct tracks *t,
			const struct model_vrrp_script *conf, const struct track_script *previous)
{
	*s = (struct track_script){.tracks = t, .conf = conf, .child.pidfd = -1, .io.fd = -1};
	timer_init(&s->turn, on_turn);
	timer_init(&s->limit, on_limit);
	if (conf->init_fail)
		s->state = TRACK_DOWN;
	s->inside = conf->asks_service && !t->hooks.no_service;
	if (s->inside) {
		if (!previous)
			say_inside(s);
	} else if (prepare(s, t)) {
		s->due_ms = t->loop->now_ms;
		timer_set(&t->loop->wheel, &s->turn, s->due_ms);
	}
	if (previous && previous->inside == s->inside && !s->disabled)
		inherit(s, previous);
}

static int64_t monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void reap_within(struct tracks *t, int signal, int patience_ms)
{
	int64_t end_ms = monotonic_ms() + patience_ms;
	unsigned int i;

	for (i = 0; i < t->n_scripts; i++)
		if (t->scripts[i].running)
			spawn_signal(&t->scripts[i].child, signal);
	for (i = 0; i < t->n_scripts; i++) {
		struct track_script *s = &t->scripts[i];
		struct pollfd ended = {.fd = s->child.pidfd, .events = POLLIN};
		int64_t left_ms = end_ms - monotonic_ms();

		if (!s->running || poll(&ended, 1, left_ms > 0 ? (int)left_ms : 0) <= 0)
			continue;
		runnable_end(&s->child);
		s->running = false;
	}
}

void track_scripts_stop(struct tracks *t)
{
	unsigned int i;

	for (i = 0; i < t->n_scripts; i++) {
		struct track_script *s = &t->scripts[i];

		timer_stop(&t->loop->wheel, &s->turn);
		timer_stop(&t->loop->wheel, &s->limit);
		if (s->running)
			s->child.pidfd = io_detach(&s->io);
	}
	reap_within(t, SIGTERM, STOP_MS);
	reap_within(t, SIGKILL, STOP_MS);
	for (i = 0; i < t->n_scripts; i++) {
		if (t->scripts[i].running)
			close(t->scripts[i].child.pidfd);
		runnable_fini(&t->scripts[i].command);
	}
}
