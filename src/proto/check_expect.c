/* SPDX-License-Identifier: MIT */
/*
 * Judging what a server answered against one expect rule, and haproxy's words for what was wrong.
 * An answer is judged as soon as it can be; while more bytes could change the verdict the check
 * waits, until the peer closes or CHECK_MAX_RECEIVED is reached: then what is there decides.
 */
#include "proto/check_dialogue_priv.h"

#include "base/format.h"

enum finding { FOUND, NOT_FOUND, UNDECIDED };

void check_info_add(struct check_run *r, struct span text)
{
	size_t at = strlen(r->info), room = sizeof(r->info) - 1 - at;
	size_t n = text.len < room ? text.len : room;

	if (n)
		memcpy(r->info + at, text.p, n);
	r->info[at + n] = '\0';
}

void check_info_add_foreign(struct check_run *r, struct span bytes)
{
	for (size_t i = 0; i < bytes.len && i < sizeof(r->info); i++) {
		char c = bytes.p[i] >= 0x20 && bytes.p[i] < 0x7f ? bytes.p[i] : '?';

		check_info_add(r, span_make(&c, 1));
	}
}

void check_info_add_number(struct check_run *r, uint64_t n)
{
	char digits[20];

	check_info_add(r, span_make(digits, format_u64(digits, n)));
}

unsigned int check_step_number(const struct check_run *r)
{
	return r->current->number ? r->current->number : r->step + 1;
}

static bool nothing_more_comes(const struct check_run *r)
{
	return r->ended || r->taken >= CHECK_MAX_RECEIVED;
}

/* ---- matching */

static int try_hex(const struct check_regex *regex, struct span text)
{
	static const char digits[] = "0123456789ABCDEF";
	struct buffer hex;
	int result = -1;

	buffer_init(&hex, 2 * CHECK_MAX_RECEIVED);
	for (size_t i = 0; i < text.len; i++) {
		buffer_add_char(&hex, digits[(unsigned char)text.p[i] >> 4]);
		buffer_add_char(&hex, digits[(unsigned char)text.p[i] & 15]);
	}
	if (!hex.failed)
		result = check_regex_try(regex, buffer_span(&hex));
	buffer_fini(&hex);
	return result;
}

/* 1, 0, or -1 where a regex gave up. */
static int try_match(const struct check_step *s, struct span text)
{
	if (s->match == CHECK_MATCH_REGEX)
		return check_regex_try(s->regex, text);
	if (s->match == CHECK_MATCH_RBINARY)
		return try_hex(s->regex, text);
	return s->pattern.len == 0 || span_find_span(text, s->pattern) < text.len;
}

/* A negated rule is satisfied by NOT_FOUND; a regex that gave up satisfies neither. */
static enum finding as_wanted(const struct check_step *s, int match)
{
	if (match < 0)
		return NOT_FOUND;
	return (match != 0) != s->negate ? FOUND : NOT_FOUND;
}

/* FOUND: as the rule wants it. `last`: no more bytes come. */
static enum finding judge_text(const struct check_step *s, struct span text, bool last)
{
	size_t need = s->min_recv > 0 ? (size_t)s->min_recv : 0;
	bool exact = s->match == CHECK_MATCH_STRING || s->match == CHECK_MATCH_BINARY;
	int match;

	if (exact && need < s->pattern.len)
		need = s->pattern.len;
	if (!last && text.len < need)
		return UNDECIDED;
	match = try_match(s, text);
	if (match == 0 && !last && s->min_recv < 0)
		return UNDECIDED;
	return as_wanted(s, match);
}

static bool status_in_ranges(const struct check_step *s, unsigned int status)
{
	if (s->n_ranges == 0)
		return status >= 200 && status <= 399;
	for (unsigned int i = 0; i < s->n_ranges; i++) {
		if (status >= s->ranges[i].from && status <= s->ranges[i].to)
			return true;
	}
	return false;
}

static bool ends_with_nocase(struct span s, struct span end)
{
	return s.len >= end.len && span_equal_nocase(span_slice(s, s.len - end.len, end.len), end);
}

static bool holds_nocase(struct span s, struct span part)
{
	for (size_t i = 0; i + part.len <= s.len; i++) {
		if (span_equal_nocase(span_slice(s, i, part.len), part))
			return true;
	}
	return false;
}

static bool name_matches(const struct check_step *s, struct span name)
{
	switch (s->header_name_how) {
	case CHECK_HEADER_BEG:
		return span_starts_with_nocase(name, s->header_name);
	case CHECK_HEADER_END:
		return ends_with_nocase(name, s->header_name);
	case CHECK_HEADER_SUB:
		return holds_nocase(name, s->header_name);
	case CHECK_HEADER_REG:
		return check_regex_matches(s->header_name_regex, name);
	default:
		return span_equal_nocase(name, s->header_name);
	}
}

/* 1, 0, or -1 where a regex gave up. */
static int try_value(const struct check_step *s, struct span value)
{
	switch (s->header_how) {
	case CHECK_HEADER_STR:
		return span_equal(value, s->pattern);
	case CHECK_HEADER_BEG:
		return span_starts_with(value, s->pattern);
	case CHECK_HEADER_END:
		return span_ends_with(value, s->pattern);
	case CHECK_HEADER_SUB:
		return s->pattern.len == 0 || span_find_span(value, s->pattern) < value.len;
	case CHECK_HEADER_REG:
		return check_regex_try(s->regex, value);
	default:
		return 1;
	}
}

/* The whole value, or any element of its list. */
static int try_field(const struct check_step *s, struct span value)
{
	struct span element;

	if (s->header_full || s->header_how == CHECK_HEADER_PRESENT)
		return try_value(s, value);
	for (element = header_list_next(&value); element.p; element = header_list_next(&value)) {
		int result = try_value(s, element);

		if (result != 0)
			return result;
	}
	return 0;
}

static int try_headers(const struct check_step *s, const struct header_list *l)
{
	for (unsigned int i = 0; i < l->n; i++) {
		int result;

		if (l->v[i].deleted || !name_matches(s, l->v[i].name))
			continue;
		result = try_field(s, l->v[i].value);
		if (result != 0)
			return result;
	}
	return 0;
}

/* ---- words */

static enum check_judgement fail(struct check_run *r, enum check_status by_default,
				 struct span comment)
{
	const struct check_step *s = r->current;

	r->status = s->error_status != CHECK_UNKNOWN ? s->error_status : by_default;
	if (s->on_error.len) {
		r->info[0] = '\0';
		check_info_add(r, s->on_error);
	} else if (comment.len) {
		check_info_add(r, SPAN(" comment: "));
		check_info_add(r, comment);
	}
	return CHECK_JUDGED_FAILED;
}

/* "'PATTERN'" or the kind of rule: what the error messages of tcp-check name. */
static void add_what(struct check_run *r)
{
	switch (r->current->match) {
	case CHECK_MATCH_BINARY:
		check_info_add(r, SPAN("(binary)"));
		break;
	case CHECK_MATCH_REGEX:
		check_info_add(r, SPAN("(regex)"));
		break;
	case CHECK_MATCH_RBINARY:
		check_info_add(r, SPAN("(binary regex)"));
		break;
	default:
		check_info_add(r, SPAN("'"));
		check_info_add_foreign(r, r->current->pattern);
		check_info_add(r, SPAN("'"));
	}
}

static enum check_judgement fail_tcp(struct check_run *r)
{
	if (r->received.len == 0) {
		check_info_add(r, SPAN("TCPCHK got an empty response"));
	} else {
		check_info_add(r, r->current->negate ? SPAN("TCPCHK matched unwanted content ")
						     : SPAN("TCPCHK did not match content "));
		add_what(r);
	}
	check_info_add(r, SPAN(" at step "));
	check_info_add_number(r, check_step_number(r));
	return fail(r, CHECK_L7RSP, r->current->comment);
}

/* ---- rules */

static enum check_judgement judge_tcp(struct check_run *r)
{
	bool last = nothing_more_comes(r);

	if (r->received.len == 0)
		return last ? fail_tcp(r) : CHECK_JUDGED_WAIT;
	switch (judge_text(r->current, buffer_span(&r->received), last)) {
	case FOUND:
		return CHECK_JUDGED_GOOD;
	case UNDECIDED:
		return CHECK_JUDGED_WAIT;
	default:
		return fail_tcp(r);
	}
}

/* Not HTTP, or an end before the end of the head: no rule was met, none speaks. */
static enum check_judgement fail_not_http(struct check_run *r)
{
	r->status = CHECK_L7RSP;
	return CHECK_JUDGED_FAILED;
}

/* Where the framing breaks, what stood before may still have decided. */
static enum check_judgement judge_body(struct check_run *r)
{
	const struct check_step *s = r->current;
	struct check_answer *a = &r->answer;
	enum parse_result framing = check_answer_body(a, &r->received);
	bool last = framing == PARSE_OK || (framing == PARSE_MORE && nothing_more_comes(r));
	enum finding found = UNDECIDED;

	if (a->body_bytes > 0)
		found = judge_text(s, span_make(r->received.p + a->body_at, a->body_bytes), last);
	if (found == FOUND)
		return CHECK_JUDGED_GOOD;
	if (found == UNDECIDED && framing == PARSE_BAD)
		return fail_not_http(r);
	if (found == UNDECIDED && !last)
		return CHECK_JUDGED_WAIT;
	if (found == UNDECIDED)
		check_info_add(r, SPAN("HTTP content check could not find a response body"));
	else
		check_info_add(r, s->negate ? SPAN("HTTP check matched unwanted content")
					    : SPAN("HTTP content check did not match"));
	return fail(r, CHECK_L7RSP, s->comment);
}

static int try_head(const struct check_step *s, const struct message *m)
{
	char digits[20];

	switch (s->match) {
	case CHECK_MATCH_STATUS:
		return status_in_ranges(s, m->status);
	case CHECK_MATCH_RSTATUS:
		return check_regex_try(s->regex, span_make(digits, format_u64(digits, m->status)));
	default:
		return try_headers(s, &m->headers);
	}
}

static enum check_judgement judge_http(struct check_run *r)
{
	const struct check_step *s = r->current;
	const struct message *m = &r->answer.message;

	switch (check_answer_head(&r->answer, buffer_span(&r->received), r->method)) {
	case PARSE_MORE:
		return nothing_more_comes(r) ? fail_not_http(r) : CHECK_JUDGED_WAIT;
	case PARSE_BAD:
		return fail_not_http(r);
	case PARSE_OK:
		break;
	}
	r->http_status = m->status;
	if (m->status == 404 && r->dialogue->disable_on_404 && !r->server_down) {
		r->status = CHECK_L7OKC;
		return CHECK_JUDGED_DONE;
	}
	switch (s->match) {
	case CHECK_MATCH_STATUS:
	case CHECK_MATCH_RSTATUS:
	case CHECK_MATCH_HEADER:
		if (as_wanted(s, try_head(s, m)) == FOUND)
			return CHECK_JUDGED_GOOD;
		check_info_add_foreign(r, m->reason);
		return fail(r, CHECK_L7STS, s->comment);
	default:
		return judge_body(r);
	}
}

enum check_judgement check_expect_judge(struct check_run *r)
{
	return r->current->kind == CHECK_STEP_EXPECT ? judge_tcp(r) : judge_http(r);
}
