/* SPDX-License-Identifier: MIT */
/*
 * The machine that runs the steps of a check. proxy/health_check.c carries out what is returned and
 * reports what came of it; nothing here knows a socket or a clock.
 *
 *     start -> CONNECTING (-> HANDSHAKING) -> SENDING <-> WAITING -> CLOSED
 *
 * `current` is the step in work: one of the dialogue's, or one of those three that the machine adds
 * where haproxy does. A step is left (and counted) only when it is done, so that going on after
 * bytes came finds the same step again.
 */
#include "proto/check_dialogue_priv.h"

#define TO_SEND_MAX_BYTES 65536

enum phase { IDLE, CONNECTING, HANDSHAKING, SENDING, WAITING, CLOSED };

static const struct check_step added_connect = {.kind = CHECK_STEP_CONNECT,
						.default_options = true};
static const struct check_step added_send = {.kind = CHECK_STEP_SEND_HTTP};
static const struct check_step added_expect = {
    .kind = CHECK_STEP_EXPECT_HTTP, .match = CHECK_MATCH_STATUS, .min_recv = -1};

void check_run_init(struct check_run *r, const struct check_dialogue *d)
{
	*r = (struct check_run){.dialogue = d};
	buffer_init(&r->received, CHECK_MAX_RECEIVED);
	buffer_init(&r->to_send, TO_SEND_MAX_BYTES);
	check_answer_init(&r->answer);
}

void check_run_fini(struct check_run *r)
{
	buffer_fini(&r->received);
	buffer_fini(&r->to_send);
	check_answer_fini(&r->answer);
}

/* A check made of tcp-check rules: its messages tell the step. */
static bool is_tcp_check(const struct check_run *r)
{
	return !r->dialogue->http && r->dialogue->n_steps > 0;
}

/* ---- the end */

static enum check_todo verdict(const struct check_run *r)
{
	return health_status_passed(r->status) ? CHECK_DO_CLOSE_OK : CHECK_DO_CLOSE_FAILED;
}

static enum check_todo close_with(struct check_run *r, enum check_status status)
{
	r->phase = CLOSED;
	r->status = status;
	return verdict(r);
}

/* All steps are done: the last one says what was shown to work. */
static enum check_todo close_passed(struct check_run *r)
{
	const struct check_step *s = r->current;

	check_info_add(r, s->on_success);
	if (s->on_success.len == 0 && is_tcp_check(r))
		check_info_add(r, SPAN("(tcp-check)"));
	switch (s->kind) {
	case CHECK_STEP_CONNECT:
		return close_with(r, r->layer6 ? CHECK_L6OK : CHECK_L4OK);
	case CHECK_STEP_EXPECT:
	case CHECK_STEP_EXPECT_HTTP:
		if (s->ok_status != CHECK_UNKNOWN)
			return close_with(r, s->ok_status);
		break;
	default:
		break;
	}
	return close_with(r, CHECK_L7OK);
}

/* "expect string '+OK'", as haproxy names the step that did not come to an end. */
static void add_step_name(struct check_run *r)
{
	const struct check_step *s = r->current;

	switch (s->kind) {
	case CHECK_STEP_CONNECT:
		check_info_add(r, SPAN("connect"));
		if (s->port) {
			check_info_add(r, SPAN(" port "));
			check_info_add_number(r, s->port);
		}
		return;
	case CHECK_STEP_SEND:
	case CHECK_STEP_SEND_HTTP:
		check_info_add(r, SPAN("send"));
		return;
	default:
		break;
	}
	if (s->match == CHECK_MATCH_REGEX || s->match == CHECK_MATCH_RBINARY) {
		check_info_add(r, s->match == CHECK_MATCH_REGEX ? SPAN("expect regex")
								: SPAN("expect binary regex"));
		return;
	}
	check_info_add(r, s->match == CHECK_MATCH_BINARY ? SPAN("expect binary '")
							 : SPAN("expect string '"));
	check_info_add_foreign(r, s->pattern);
	check_info_add(r, SPAN("'"));
}

/* Where a tcp-check stood when its connection failed. */
static void add_place(struct check_run *r)
{
	if (!is_tcp_check(r))
		return;
	if (r->current == &added_connect) {
		check_info_add(r, SPAN(" at initial connection step of tcp-check"));
		return;
	}
	check_info_add(r, SPAN(" at step "));
	check_info_add_number(r, check_step_number(r));
	check_info_add(r, SPAN(" of tcp-check ("));
	add_step_name(r);
	check_info_add(r, SPAN(")"));
	if (r->current->comment.len) {
		check_info_add(r, SPAN(" comment: '"));
		check_info_add(r, r->current->comment);
		check_info_add(r, SPAN("'"));
	}
}

/* ---- the steps */

static void forget_received(struct check_run *r)
{
	buffer_clear(&r->received);
	check_answer_clear(&r->answer);
	r->taken = 0;
}

/* The step to work on, NULL when all are done. */
static const struct check_step *next_step(const struct check_run *r)
{
	const struct check_dialogue *d = r->dialogue;
	const struct check_step *s = r->step < d->n_steps ? &d->steps[r->step] : NULL;

	if (!r->connected && (!s || s->kind != CHECK_STEP_CONNECT))
		return &added_connect;
	if (d->http && !r->asked_once && (!s || s->kind == CHECK_STEP_EXPECT_HTTP))
		return &added_send;
	if (!s && d->http && r->asked)
		return &added_expect;
	return s;
}

static bool is_added(const struct check_step *s)
{
	return s == &added_connect || s == &added_send || s == &added_expect;
}

/* The current step is done. */
static void leave_step(struct check_run *r)
{
	switch (r->current->kind) {
	case CHECK_STEP_CONNECT:
		r->connected = true;
		r->expected = false;
		break;
	case CHECK_STEP_SEND_HTTP:
		r->asked = r->asked_once = true;
		r->expected = false;
		break;
	case CHECK_STEP_SEND:
		r->expected = false;
		break;
	case CHECK_STEP_EXPECT_HTTP:
	case CHECK_STEP_EXPECT:
		r->asked = false;
		r->expected = true;
		break;
	}
	if (!is_added(r->current))
		r->step++;
}

static enum check_todo begin_connect(struct check_run *r)
{
	forget_received(r);
	r->ended = r->layer6 = r->asked = false;
	r->phase = CONNECTING;
	return CHECK_DO_CONNECT;
}

static enum check_todo begin_send(struct check_run *r)
{
	if (r->expected)
		forget_received(r);
	buffer_clear(&r->to_send);
	if (r->current->kind == CHECK_STEP_SEND)
		buffer_add_span(&r->to_send, r->current->data);
	else
		check_request_write(r, r->current);
	if (r->to_send.failed) {
		check_info_add(r, SPAN("Out of memory"));
		return close_with(r, CHECK_SOCKERR);
	}
	r->phase = SENDING;
	return CHECK_DO_SEND;
}

/* Works on steps until something must be waited for. */
static enum check_todo go_on(struct check_run *r)
{
	for (;;) {
		const struct check_step *s = next_step(r);

		if (!s)
			return close_passed(r);
		r->current = s;
		if (s->kind == CHECK_STEP_CONNECT)
			return begin_connect(r);
		if (s->kind == CHECK_STEP_SEND && s->data.len == 0) {
			leave_step(r);
			continue;
		}
		if (s->kind == CHECK_STEP_SEND || s->kind == CHECK_STEP_SEND_HTTP)
			return begin_send(r);
		r->phase = WAITING;
		switch (check_expect_judge(r)) {
		case CHECK_JUDGED_GOOD:
			leave_step(r);
			break;
		case CHECK_JUDGED_WAIT:
			return CHECK_DO_WAIT;
		case CHECK_JUDGED_FAILED:
		case CHECK_JUDGED_DONE:
			return close_with(r, r->status);
		}
	}
}

enum check_todo check_run_start(struct check_run *r)
{
	r->step = 0;
	r->status = CHECK_UNKNOWN;
	r->http_status = 0;
	r->info[0] = '\0';
	r->connected = r->asked_once = r->asked = r->expected = false;
	return go_on(r);
}

const struct check_step *check_run_connect_step(const struct check_run *r)
{
	return r->phase != CONNECTING || r->current == &added_connect ? NULL : r->current;
}

/* ---- events */

/* What an event that does not fit the state is answered. */
static enum check_todo unchanged(const struct check_run *r)
{
	return r->phase == CLOSED ? verdict(r) : CHECK_DO_WAIT;
}

enum check_todo check_run_handshaking(struct check_run *r)
{
	if (r->phase == CONNECTING) {
		r->phase = HANDSHAKING;
		r->layer6 = true;
	}
	return unchanged(r);
}

enum check_todo check_run_connected(struct check_run *r)
{
	if (r->phase != CONNECTING && r->phase != HANDSHAKING)
		return unchanged(r);
	leave_step(r);
	return go_on(r);
}

enum check_todo check_run_sent(struct check_run *r)
{
	if (r->phase != SENDING)
		return unchanged(r);
	buffer_clear(&r->to_send);
	leave_step(r);
	return go_on(r);
}

enum check_todo check_run_received(struct check_run *r, struct span bytes)
{
	size_t room = CHECK_MAX_RECEIVED - r->taken;

	if (r->phase != SENDING && r->phase != WAITING)
		return unchanged(r);
	if (bytes.len == 0)
		r->ended = true;
	bytes = span_slice(bytes, 0, room);
	buffer_add_span(&r->received, bytes);
	r->taken += bytes.len;
	if (r->received.failed) {
		check_info_add(r, SPAN("Out of memory"));
		return close_with(r, CHECK_SOCKERR);
	}
	return r->phase == SENDING ? CHECK_DO_WAIT : go_on(r);
}

enum check_todo check_run_failed(struct check_run *r, const char *text)
{
	static const enum check_status by_phase[] = {[CONNECTING] = CHECK_L4CON,
						     [HANDSHAKING] = CHECK_L6RSP,
						     [SENDING] = CHECK_SOCKERR,
						     [WAITING] = CHECK_SOCKERR};

	if (r->phase == IDLE || r->phase == CLOSED)
		return unchanged(r);
	check_info_add(r, span_of(text));
	add_place(r);
	return close_with(r, by_phase[r->phase]);
}

enum check_todo check_run_timeout(struct check_run *r)
{
	static const enum check_status by_phase[] = {[CONNECTING] = CHECK_L4TOUT,
						     [HANDSHAKING] = CHECK_L6TOUT,
						     [SENDING] = CHECK_L7TOUT,
						     [WAITING] = CHECK_L7TOUT};
	enum check_status status;

	if (r->phase == IDLE || r->phase == CLOSED)
		return unchanged(r);
	add_place(r);
	status = by_phase[r->phase];
	if (r->phase == WAITING && r->current->tout_status != CHECK_UNKNOWN)
		status = r->current->tout_status;
	return close_with(r, status);
}
