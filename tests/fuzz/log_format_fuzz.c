/* SPDX-License-Identifier: MIT */
/*
 * Log formats: the first byte says how long the format is, what follows it is every text of the
 * record. The line is one line of printable bytes (the format's own text apart), and cut it is the
 * beginning of the whole.
 */
#include "rule/log_format.h"

#define LINE_BYTES 65536

static bool is_printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] >= 0x7f)
			return false;
	}
	return true;
}

static void check(const struct log_format *f, const struct log_record *r, size_t room,
		  bool printable)
{
	static char whole[LINE_BYTES], part[LINE_BYTES];
	struct buffer b, cut;

	buffer_init_fixed(&b, whole, sizeof(whole));
	log_format_write(f, r, &b);
	CHECK(!printable || is_printable(buffer_span(&b)));
	buffer_init_fixed(&cut, part, room);
	log_format_write(f, r, &cut);
	CHECK(cut.len == (b.len < room ? b.len : room));
	CHECK(cut.len == 0 || memcmp(whole, part, cut.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span format, rest;
	struct log_format *f;
	struct log_record r = {.termination = "----"};
	struct arena arena;
	struct rule_program program = {0};
	struct rule_compiler k = {
	    .arena = &arena, .program = &program, .provided = ~0u, .where = "fuzz"};

	if (size < 2 || size > 4096)
		return 0;
	rest = span_make(data + 2, size - 2);
	format = span_slice(rest, 0, data[0]);
	rest = span_slice(rest, format.len, rest.len);
	r.request_line = r.method = r.uri = r.version = r.request_cookie = r.response_cookie = rest;
	r.request_captures = r.response_captures = &rest;
	r.n_request_captures = r.n_response_captures = 1;
	r.client.family = data[1] & 3;
	r.accept_us = r.bytes_to_client = (int64_t)size * data[1] * 1000003;
	arena_init(&arena, 1024, 0);
	f = log_format_compile(&k, format, LOG_FORMAT_LINE);
	if (f)
		check(f, &r, data[1], is_printable(format));
	else
		CHECK(k.error && k.error[0]);
	regex_free_all(&program.regexes);
	arena_fini(&arena);
	return 0;
}
