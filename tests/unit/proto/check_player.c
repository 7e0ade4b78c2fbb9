/* SPDX-License-Identifier: MIT */
/* The scripted server's other end: does what the machine says until it says that the check is over.
 */
#include "check_player.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Feeds in pieces: [0, split), then bytes or the rest at once. */
static enum check_todo feed(struct check_run *r, struct span bytes, size_t split, bool by_byte)
{
	enum check_todo todo = CHECK_DO_WAIT;
	size_t at = 0;

	while (at < bytes.len && todo == CHECK_DO_WAIT) {
		size_t n = at == 0 && split ? split : by_byte ? 1 : bytes.len - at;
		struct span piece = span_slice(bytes, at, n);
		char *copy = malloc(piece.len);

		memcpy(copy, piece.p, piece.len);
		todo = check_run_received(r, span_make(copy, piece.len));
		free(copy);
		at += piece.len;
	}
	return todo;
}

static void close_outcome(struct check_run *r, struct outcome *o)
{
	o->status = r->status;
	o->http_status = r->http_status;
	assert_true(strlen(r->info) < sizeof(r->info));
	memcpy(o->info, r->info, sizeof(o->info));
}

void play_run(struct check_run *r, const struct server *s, size_t split, bool by_byte,
	      struct outcome *o)
{
	enum check_todo todo = check_run_start(r);
	unsigned int sends = 0, turns = 0;
	bool ended = false;

	buffer_init(&o->sent, 100000);
	while (todo != CHECK_DO_CLOSE_OK && todo != CHECK_DO_CLOSE_FAILED) {
		assert_true(turns++ < 100);
		if (todo == CHECK_DO_CONNECT) {
			todo = check_run_connected(r);
			ended = false;
			if (todo == CHECK_DO_WAIT)
				todo = feed(r, s->answers[0], split, by_byte);
		} else if (todo == CHECK_DO_SEND) {
			assert_true(r->to_send.len > 0);
			buffer_add_span(&o->sent, buffer_span(&r->to_send));
			todo = check_run_sent(r);
			sends++;
			assert_true(sends <= MAX_SENDS);
			if (todo == CHECK_DO_WAIT)
				todo = feed(r, s->answers[sends], split, by_byte);
		} else if (!s->open && !ended) {
			ended = true;
			todo = check_run_received(r, SPAN_NONE);
		} else {
			todo = check_run_timeout(r);
		}
	}
	assert_int_equal(todo == CHECK_DO_CLOSE_OK, health_status_passed(r->status));
	close_outcome(r, o);
}

struct outcome play_split(const struct check_dialogue *d, const struct server *s, size_t split,
			  bool by_byte)
{
	struct check_run r;
	struct outcome o;

	check_run_init(&r, d);
	play_run(&r, s, split, by_byte, &o);
	check_run_fini(&r);
	return o;
}

static void same_outcome(const struct outcome *a, const struct outcome *b)
{
	assert_string_equal(health_status_name(a->status), health_status_name(b->status));
	assert_int_equal(a->http_status, b->http_status);
	assert_string_equal(a->info, b->info);
	assert_int_equal(a->sent.len, b->sent.len);
	assert_memory_equal(a->sent.p ? a->sent.p : "", b->sent.p ? b->sent.p : "", a->sent.len);
}

/* The outcome, which must be the same at every split of every answer. */
static struct outcome play(const struct check_dialogue *d, const struct server *s)
{
	struct outcome whole = play_split(d, s, 0, false);
	size_t longest = 0;

	for (int i = 0; i <= MAX_SENDS; i++)
		longest = s->answers[i].len > longest ? s->answers[i].len : longest;
	for (size_t split = 0; split < longest && longest < 600; split++) {
		struct outcome two = play_split(d, s, split, false);

		same_outcome(&two, &whole);
		buffer_fini(&two.sent);
	}
	struct outcome bytes = play_split(d, s, 0, true);

	same_outcome(&bytes, &whole);
	buffer_fini(&bytes.sent);
	return whole;
}

void expect(struct check_dialogue d, struct server s, enum check_status status, unsigned int code,
	    const char *info)
{
	struct outcome o = play(&d, &s);

	assert_string_equal(health_status_name(o.status), health_status_name(status));
	if (health_status_has_code(status))
		assert_int_equal(o.http_status, code);
	assert_string_equal(o.info, info);
	buffer_fini(&o.sent);
}

void expect_sent(struct check_dialogue d, struct server s, const char *sent)
{
	struct outcome o = play(&d, &s);

	assert_int_equal(o.sent.len, strlen(sent));
	assert_memory_equal(o.sent.p, sent, o.sent.len);
	buffer_fini(&o.sent);
}

struct check_regex *regex(const char *pattern)
{
	struct arena arena;
	const char *error;
	struct check_regex *re;

	arena_init(&arena, 4096, 0);
	re = check_regex_compile(span_of(pattern), &arena, &error);
	assert_non_null(re);
	arena_fini(&arena);
	return re;
}
