/* SPDX-License-Identifier: MIT */
/*
 * The words of a server's changes, as haproxy 2.6 says them: people and their tools read these
 * lines. They are put together under the lock, where the counts are true, and sent without it.
 */
#include "proxy/server_priv.h"

#include <stdio.h>

static struct server_note *new_note(struct server_notes *n, enum log_level level, struct buffer *b)
{
	struct server_note *note = &n->v[n->n < SERVER_MAX_NOTES ? n->n++ : SERVER_MAX_NOTES - 1];

	note->level = level;
	note->alert = false;
	buffer_init_fixed(b, note->text, sizeof(note->text));
	return note;
}

/* What does not fit is left out whole, the line ends there. */
static void end_note(struct buffer *b)
{
	buffer_text(b);
}

static void add_name(struct buffer *b, const struct server *s, const char *before)
{
	buffer_printf(b, "%s %s/%s", before, s->proxy->conf->name, s->conf->name);
}

static const char *kind(const struct server *s)
{
	return s->conf->backup ? "Backup Server" : "Server";
}

static void add_via(struct buffer *b, const struct server_cause *c)
{
	if (c->via)
		add_name(b, c->via, " via");
}

/* "(leaving forced maintenance)" lines and the like say who asked for it where that is known. */
static void add_admin_words(struct buffer *b, const struct server_cause *c)
{
	if (c->admin_words)
		buffer_printf(b, " (%s)", c->admin_words);
}

static void add_reason(struct buffer *b, const struct server_cause *c)
{
	if (c->words)
		buffer_printf(b, ", %s", c->words);
	if (c->status == CHECK_UNKNOWN)
		return;
	buffer_printf(b, ", reason: %s", health_status_text(c->status));
	if (health_status_has_code(c->status))
		buffer_printf(b, ", code: %u", c->code);
	if (c->info && c->info[0])
		buffer_printf(b, ", info: \"%s\"", c->info);
	if (c->duration_ms != NO_DURATION)
		buffer_printf(b, ", check duration: %llums", (unsigned long long)c->duration_ms);
}

/* ". 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue." or
 * the "online" form of it. */
static void add_counts(struct buffer *b, const struct server *s, bool left, unsigned int requeued)
{
	struct server_counts n = proxy_count_servers(s->proxy);

	buffer_printf(b, ". %u active and %u backup servers %s.%s", n.active, n.backup,
		      left ? "left" : "online", n.backup && !n.active ? " Running on backup." : "");
	if (left)
		buffer_printf(b, " %u sessions active, %u requeued, %u remaining in queue.",
			      atomic_load_explicit(&s->lb.served, memory_order_relaxed), requeued,
			      s->queue.length);
	else
		buffer_printf(b, " %u sessions requeued, %u total in queue.", requeued,
			      s->queue.length);
}

void notes_check(struct server_notes *n, const struct server *s, const struct server_cause *c)
{
	bool up = health_is_up(&s->health);
	const char *what = "failed";
	struct buffer b;

	if (health_status_passed(c->status))
		what = c->status == CHECK_L7OKC ? "conditionally succeeded" : "succeeded";
	new_note(n, LOG_LEVEL_NOTICE, &b);
	add_name(&b, s,
		 s->conf->backup ? "Health check for backup server" : "Health check for server");
	buffer_printf(&b, " %s", what);
	add_reason(&b, c);
	buffer_printf(&b, ", status: %d/%d %s.", health_shown(&s->health),
		      up ? s->health.fall : s->health.rise, up ? "UP" : "DOWN");
	end_note(&b);
}

static bool is_down(const struct server *s)
{
	return atomic_load_explicit(&s->state, memory_order_relaxed) == SERVER_STOPPED;
}

/* Drain goes on while something else changed. */
static void note_drain_stays(struct server_notes *n, const struct server *s)
{
	struct buffer b;

	if (!(s->admin & SERVER_DRAIN_ANY))
		return;
	new_note(n, LOG_LEVEL_NOTICE, &b);
	add_name(&b, s, kind(s));
	if (s->admin & SERVER_DRAIN)
		buffer_add_text(&b, " remains in forced drain mode.");
	else
		buffer_printf(&b, " is leaving forced drain but remains in drain mode via %s/%s.",
			      s->tracked->proxy->conf->name, s->tracked->conf->name);
	end_note(&b);
}

static void note_enters_maintenance(struct server_notes *n, const struct server *s,
				    const struct server_picture *before,
				    const struct server_cause *c, unsigned int requeued)
{
	bool was_down = before->state == SERVER_STOPPED;
	bool quiet =
	    was_down || before->state == SERVER_STOPPING || (before->admin & SERVER_DRAIN_ANY);
	struct buffer b;

	new_note(n, quiet ? LOG_LEVEL_NOTICE : LOG_LEVEL_ALERT, &b);
	add_name(&b, s, kind(s));
	buffer_add_text(&b, was_down ? " was DOWN and now enters maintenance"
				     : " is going DOWN for maintenance");
	add_via(&b, c);
	add_admin_words(&b, c);
	if (was_down)
		buffer_add_char(&b, '.');
	else
		add_counts(&b, s, true, requeued);
	end_note(&b);
}

static void note_leaves_maintenance(struct server_notes *n, const struct server *s,
				    const struct server_picture *before,
				    const struct server_cause *c)
{
	struct buffer b;

	new_note(n, LOG_LEVEL_NOTICE, &b);
	add_name(&b, s, kind(s));
	buffer_printf(&b, " is %s/%s (leaving %smaintenance)", is_down(s) ? "DOWN" : "UP",
		      s->admin & SERVER_DRAIN_ANY ? "DRAIN" : "READY",
		      before->admin & SERVER_MAINT ? "forced " : "");
	add_admin_words(&b, c);
	buffer_add_char(&b, '.');
	end_note(&b);
	note_drain_stays(n, s);
}

/* One of two reasons for maintenance has gone. */
static void note_maintenance_stays(struct server_notes *n, const struct server *s,
				   const struct server_picture *before)
{
	unsigned int gone = before->admin & ~s->admin & SERVER_MAINT_ANY;
	struct buffer b;

	if (!gone)
		return;
	new_note(n, LOG_LEVEL_NOTICE, &b);
	add_name(&b, s, kind(s));
	if ((gone & SERVER_MAINT) && (s->admin & SERVER_MAINT_TRACKED))
		buffer_printf(
		    &b, " is leaving forced maintenance but remains in maintenance via %s/%s.",
		    s->tracked->proxy->conf->name, s->tracked->conf->name);
	else
		buffer_add_text(&b, s->admin & SERVER_MAINT ? " remains in forced maintenance."
							    : " remains in maintenance.");
	end_note(&b);
}

static void note_state(struct server_notes *n, const struct server *s,
		       const struct server_picture *before, const struct server_cause *c,
		       unsigned int requeued)
{
	static const char *const words[] = {[SERVER_STOPPED] = "DOWN",
					    [SERVER_STARTING] = "UP",
					    [SERVER_RUNNING] = "UP",
					    [SERVER_STOPPING] = "stopping"};
	bool down = is_down(s);
	bool loud = down && before->state != SERVER_STOPPING && !(before->admin & SERVER_DRAIN_ANY);
	struct buffer b;

	new_note(n, loud ? LOG_LEVEL_ALERT : LOG_LEVEL_NOTICE, &b);
	add_name(&b, s, kind(s));
	buffer_printf(&b, " is %s", words[s->state]);
	add_via(&b, c);
	add_reason(&b, c);
	add_counts(&b, s, down, requeued);
	end_note(&b);
}

static void note_drain(struct server_notes *n, const struct server *s,
		       const struct server_picture *before, const struct server_cause *c)
{
	struct buffer b;

	if ((before->admin & SERVER_DRAIN_ANY) && (s->admin & SERVER_DRAIN_ANY)) {
		note_drain_stays(n, s);
		return;
	}
	new_note(n, LOG_LEVEL_NOTICE, &b);
	add_name(&b, s, kind(s));
	if (s->admin & SERVER_DRAIN_ANY) {
		buffer_add_text(&b, " enters drain state");
		add_via(&b, c);
		add_admin_words(&b, c);
		add_counts(&b, s, is_down(s), 0);
	} else {
		buffer_printf(&b, " is %s (leaving forced drain)", is_down(s) ? "DOWN" : "UP");
		add_admin_words(&b, c);
		buffer_add_char(&b, '.');
	}
	end_note(&b);
}

void notes_change(struct server_notes *n, const struct server *s,
		  const struct server_picture *before, const struct server_cause *c,
		  unsigned int requeued)
{
	bool maint = (s->admin & SERVER_MAINT_ANY) != 0,
	     was_maint = (before->admin & SERVER_MAINT_ANY) != 0;

	if (maint && !was_maint) {
		note_enters_maintenance(n, s, before, c, requeued);
	} else if (!maint && was_maint) {
		note_leaves_maintenance(n, s, before, c);
	} else if (maint) {
		note_maintenance_stays(n, s, before);
	} else if (s->state != before->state) {
		note_state(n, s, before, c, requeued);
		note_drain_stays(n, s);
	} else if ((s->admin ^ before->admin) & SERVER_DRAIN_ANY) {
		note_drain(n, s, before, c);
	}
}

void notes_backend_down(struct server_notes *n, const struct proxy *px)
{
	struct buffer b;
	struct server_note *note = new_note(n, LOG_LEVEL_EMERG, &b);

	note->alert = true;
	buffer_printf(&b, "%s %s has no server available!",
		      px->conf->is_listen ? "proxy" : "backend", px->conf->name);
	end_note(&b);
}

void notes_suspect(struct server_notes *n, const struct server *s)
{
	bool suspect = atomic_load_explicit(&s->suspect, memory_order_relaxed);
	struct buffer b;

	new_note(n, LOG_LEVEL_NOTICE, &b);
	add_name(&b, s, kind(s));
	buffer_add_text(&b, suspect ? " is silent: requests go to other servers until it answers."
				    : " answers again.");
	end_note(&b);
}

/* On the console haproxy puts the name of the backend in quotes. */
static void send_alert(struct proxy *px)
{
	char text[512];

	snprintf(text, sizeof(text), "%s '%.400s' has no server available!",
		 px->conf->is_listen ? "proxy" : "backend", px->conf->name);
	program_console(px->program, DIAG_ALERT, text);
}

void notes_send(const struct server_notes *n, struct proxy *px)
{
	for (unsigned int i = 0; i < n->n; i++) {
		const struct server_note *note = &n->v[i];

		if (note->alert)
			send_alert(px);
		else
			program_console(px->program, DIAG_WARNING, note->text);
		proxy_log(px->program, px, note->level, "%s", note->text);
	}
}
