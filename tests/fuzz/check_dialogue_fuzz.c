/* SPDX-License-Identifier: MIT */
/*
 * A hostile server and a confused driver. The first byte chooses the dialogue, the second how the
 * rest is cut: it is the answer, whole and in pieces, with the same verdict. Then its bytes are
 * taken for events in any order.
 */
#include "proto/check_dialogue.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define N_DIALOGUES 12

static struct check_step steps[N_DIALOGUES][3];
static struct check_dialogue dialogues[N_DIALOGUES];

static void add(unsigned int i, bool http, struct check_step s)
{
	struct check_dialogue *d = &dialogues[i];

	s.min_recv = -1;
	d->steps = steps[i];
	d->http = http;
	steps[i][d->n_steps++] = s;
}

static struct check_regex *compile(const char *pattern)
{
	struct arena arena;
	const char *error;
	struct check_regex *re;

	arena_init(&arena, 4096, 0);
	re = check_regex_compile(span_of(pattern), &arena, &error);
	CHECK(re);
	arena_fini(&arena);
	return re;
}

#define EXPECT .kind = CHECK_STEP_EXPECT
#define EXPECT_HTTP .kind = CHECK_STEP_EXPECT_HTTP
#define STEP(...) ((struct check_step){__VA_ARGS__})

static void set_up(void)
{
	struct check_regex *re = compile("^(a|b+)*c");

	dialogues[0].http = true;
	dialogues[1].disable_on_404 = dialogues[1].http = true;
	add(2, true, STEP(EXPECT_HTTP, .pattern = SPAN("hello")));
	add(3, true, STEP(EXPECT_HTTP, .pattern = SPAN("hello"), .negate = true));
	add(4, true,
	    STEP(EXPECT_HTTP, .match = CHECK_MATCH_REGEX, .regex = re, .comment = SPAN("c")));
	add(5, true,
	    STEP(EXPECT_HTTP, .match = CHECK_MATCH_HEADER, .header_name = SPAN("a"),
		 .header_how = CHECK_HEADER_SUB, .pattern = SPAN("b")));
	add(5, true,
	    STEP(EXPECT_HTTP, .match = CHECK_MATCH_HEADER, .header_name = SPAN("-"),
		 .header_name_how = CHECK_HEADER_SUB, .header_how = CHECK_HEADER_REG, .regex = re));
	add(6, true, STEP(.kind = CHECK_STEP_SEND_HTTP, .method = SPAN("HEAD")));
	add(6, true, STEP(EXPECT_HTTP, .match = CHECK_MATCH_RSTATUS, .regex = re));
	add(7, false, STEP(EXPECT, .pattern = SPAN("+OK")));
	add(7, false, STEP(.kind = CHECK_STEP_SEND, .data = SPAN("QUIT")));
	add(8, false, STEP(EXPECT, .pattern = SPAN("ab"), .negate = true));
	add(9, false, STEP(EXPECT, .match = CHECK_MATCH_REGEX, .regex = re));
	add(9, false, STEP(EXPECT, .match = CHECK_MATCH_BINARY, .pattern = SPAN("\0\1")));
	add(10, false, STEP(EXPECT, .match = CHECK_MATCH_RBINARY, .regex = re, .negate = true));
	add(11, false, STEP(EXPECT, .pattern = SPAN("ab")));
	add(11, false, STEP(.kind = CHECK_STEP_CONNECT, .port = 1));
	add(11, false, STEP(EXPECT, .pattern = SPAN("cd")));
}

static enum check_todo feed(struct check_run *r, const uint8_t *p, size_t n)
{
	char *copy = malloc(n + !n);
	enum check_todo todo;

	memcpy(copy, p, n);
	todo = check_run_received(r, span_make(copy, n));
	free(copy);
	return todo;
}

/* Both connections of a dialogue get the same answer. */
static void run(struct check_run *r, const uint8_t *data, size_t n, size_t piece)
{
	enum check_todo todo = check_run_start(r);
	size_t at = 0;

	for (unsigned int turn = 0; todo != CHECK_DO_CLOSE_OK && todo != CHECK_DO_CLOSE_FAILED;
	     turn++) {
		CHECK(turn < 100000);
		if (todo == CHECK_DO_CONNECT) {
			at = 0;
			todo = check_run_connected(r);
		} else if (todo == CHECK_DO_SEND) {
			CHECK(r->to_send.len > 0);
			todo = check_run_sent(r);
		} else {
			size_t length = n - at < piece ? n - at : piece;

			todo = feed(r, data + at, length);
			at += length;
		}
	}
	CHECK((todo == CHECK_DO_CLOSE_OK) == health_status_passed(r->status));
	CHECK(r->status != CHECK_UNKNOWN && memchr(r->info, '\0', sizeof(r->info)));
	CHECK(r->received.len <= CHECK_MAX_RECEIVED);
}

static void any_events(struct check_run *r, const uint8_t *data, size_t n)
{
	(void)check_run_start(r);
	for (size_t i = 0; i < n && i < 200; i++) {
		switch (data[i] % 8) {
		case 0:
			(void)check_run_start(r);
			break;
		case 1:
			(void)check_run_connected(r);
			break;
		case 2:
			(void)check_run_handshaking(r);
			break;
		case 3:
			(void)check_run_sent(r);
			break;
		case 4:
			(void)(data[i] & 8 ? check_run_failed(r, "no") : check_run_timeout(r));
			break;
		default:
			(void)feed(r, data + i, data[i] / 8 < n - i ? data[i] / 8 : n - i);
		}
		CHECK(memchr(r->info, '\0', sizeof(r->info)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct check_run whole, parts;

	if (dialogues[2].n_steps == 0)
		set_up();
	if (n < 2)
		return 0;
	check_run_init(&whole, &dialogues[data[0] % N_DIALOGUES]);
	check_run_init(&parts, whole.dialogue);
	run(&whole, data + 2, n - 2, n);
	run(&parts, data + 2, n - 2, data[1] ? data[1] : 1);
	CHECK(whole.status == parts.status);
	CHECK(strcmp(whole.info, parts.info) == 0);
	CHECK(whole.http_status == parts.http_status);
	any_events(&parts, data + 2, n - 2);
	check_run_fini(&whole);
	check_run_fini(&parts);
	return 0;
}
