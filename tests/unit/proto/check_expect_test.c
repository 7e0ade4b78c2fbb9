/* SPDX-License-Identifier: MIT */
/*
 * What is made of the answers of servers, good, odd and hostile. Verdicts and words are those that
 * haproxy 2.6 gave for the same rules and the same answers, but where a comment says otherwise.
 */
#include "check_player.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- tcp-check */

static void test_tcp_expect(void **state)
{
	(void)state;
	expect(TCP(EXPECT(STRING("+OK"))), GREETS("xx+OK no\r\n"), CHECK_L7OK, 0, "(tcp-check)");
	expect(TCP(EXPECT(STRING("+OK"))), GREETS("-ERR no\r\n"), CHECK_L7RSP, 0,
	       "TCPCHK did not match content '+OK' at step 1");
	expect(TCP(EXPECT(STRING("+OK"))), GREETS_OPEN("-ERR no\r\n"), CHECK_L7TOUT, 0,
	       " at step 1 of tcp-check (expect string '+OK')");
	expect(TCP(EXPECT(STRING("ERR"), .negate = true)), GREETS("-ERR no\r\n"), CHECK_L7RSP, 0,
	       "TCPCHK matched unwanted content 'ERR' at step 1");
	expect(TCP(EXPECT(STRING("ERR"), .negate = true)), GREETS("+OK\r\n"), CHECK_L7OK, 0,
	       "(tcp-check)");
	expect(TCP(EXPECT(STRING("ERR"), .negate = true)), GREETS_OPEN("+OK\r\n"), CHECK_L7TOUT, 0,
	       " at step 1 of tcp-check (expect string 'ERR')");
	expect(TCP(EXPECT(STRING("+OK"))), GREETS(""), CHECK_L7RSP, 0,
	       "TCPCHK got an empty response at step 1");
	expect(TCP(EXPECT(STRING("abc"))), GREETS("x\0abc"), CHECK_L7OK, 0, "(tcp-check)");
	expect(TCP(EXPECT(STRING("PONG"), .comment = SPAN("pong"))), GREETS("-ERR"), CHECK_L7RSP, 0,
	       "TCPCHK did not match content 'PONG' at step 1 comment: pong");
	expect(TCP(EXPECT(STRING("PONG"), .comment = SPAN("pong"), .number = 3)), GREETS_OPEN(""),
	       CHECK_L7TOUT, 0, " at step 3 of tcp-check (expect string 'PONG') comment: 'pong'");
}

static void test_tcp_binary(void **state)
{
	(void)state;
	expect(TCP(EXPECT(.match = CHECK_MATCH_BINARY, .pattern = SPAN("A\0C"))),
	       GREETS("xxA\0Cyy"), CHECK_L7OK, 0, "(tcp-check)");
	expect(TCP(EXPECT(.match = CHECK_MATCH_BINARY, .pattern = SPAN("ABC"))), GREETS("xxyy"),
	       CHECK_L7RSP, 0, "TCPCHK did not match content (binary) at step 1");
	expect(TCP(EXPECT(.match = CHECK_MATCH_BINARY, .pattern = SPAN("ABC"), .negate = true)),
	       GREETS("xxABCyy"), CHECK_L7RSP, 0,
	       "TCPCHK matched unwanted content (binary) at step 1");
	/* haproxy prints the bytes raw; here a control byte is '?'. */
	expect(TCP(EXPECT(.match = CHECK_MATCH_BINARY, .pattern = SPAN("A\0B"))), GREETS_OPEN(""),
	       CHECK_L7TOUT, 0, " at step 1 of tcp-check (expect binary 'A?B')");
}

static void test_tcp_regex(void **state)
{
	struct check_regex *abc = regex("^a.c"), *xxy = regex("^x.y"), *hex = regex("^4A00"),
			   *lower = regex("4a");

	(void)state;
	expect(TCP(EXPECT(.match = CHECK_MATCH_REGEX, .regex = abc)), GREETS("a\0c"), CHECK_L7OK, 0,
	       "(tcp-check)");
	expect(TCP(EXPECT(.match = CHECK_MATCH_REGEX, .regex = abc)), GREETS("xxyyzz"), CHECK_L7RSP,
	       0, "TCPCHK did not match content (regex) at step 1");
	expect(TCP(EXPECT(.match = CHECK_MATCH_REGEX, .regex = abc)), GREETS_OPEN("xxyyzz"),
	       CHECK_L7TOUT, 0, " at step 1 of tcp-check (expect regex)");
	expect(TCP(EXPECT(.match = CHECK_MATCH_REGEX, .regex = xxy, .negate = true)),
	       GREETS("xxyyzz"), CHECK_L7RSP, 0,
	       "TCPCHK matched unwanted content (regex) at step 1");
	expect(TCP(EXPECT(.match = CHECK_MATCH_RBINARY, .regex = hex)), GREETS("J\0"), CHECK_L7OK,
	       0, "(tcp-check)");
	expect(TCP(EXPECT(.match = CHECK_MATCH_RBINARY, .regex = lower)), GREETS("J"), CHECK_L7RSP,
	       0, "TCPCHK did not match content (binary regex) at step 1");
	check_regex_free(abc);
	check_regex_free(xxy);
	check_regex_free(hex);
	check_regex_free(lower);
}

static struct outcome min_recv(int n, const char *pattern, bool negate, struct server s)
{
	struct check_dialogue d = TCP({.kind = CHECK_STEP_EXPECT,
				       .min_recv = n,
				       .pattern = span_of(pattern),
				       .negate = negate});
	struct outcome o = play_split(&d, &s, 0, false);

	buffer_fini(&o.sent);
	return o;
}

static void test_min_recv(void **state)
{
	struct check_regex *re = regex("abcdefgh");
	struct check_dialogue d = TCP(
	    {.kind = CHECK_STEP_EXPECT, .min_recv = 4, .match = CHECK_MATCH_REGEX, .regex = re});
	struct outcome o;

	(void)state;
	assert_int_equal(min_recv(10, "abc", false, GREETS_OPEN("xxxxxx")).status, CHECK_L7TOUT);
	assert_int_equal(min_recv(10, "abc", false, GREETS_OPEN("xabcxx")).status, CHECK_L7TOUT);
	assert_int_equal(min_recv(10, "abc", true, GREETS_OPEN("xxxxxx")).status, CHECK_L7TOUT);
	assert_int_equal(min_recv(0, "abcdefgh", false, GREETS_OPEN("xxx")).status, CHECK_L7TOUT);
	assert_int_equal(min_recv(0, "abc", false, GREETS_OPEN("xxx")).status, CHECK_L7RSP);
	assert_int_equal(min_recv(4, "abc", true, GREETS_OPEN("xxxxxx")).status, CHECK_L7OK);
	assert_int_equal(min_recv(10, "abc", false, GREETS("xxx")).status, CHECK_L7RSP);
	assert_int_equal(min_recv(10, "abc", false, GREETS("abc")).status, CHECK_L7OK);
	o = play_split(&d, &GREETS_OPEN("xxxxxx"), 0, false);
	assert_int_equal(o.status, CHECK_L7RSP);
	o = play_split(&d, &GREETS_OPEN("xxx"), 0, false);
	assert_int_equal(o.status, CHECK_L7TOUT);
	check_regex_free(re);
}

static void test_several_expects(void **state)
{
	(void)state;
	expect(TCP(EXPECT(STRING("ab")), EXPECT(STRING("cd"))), GREETS("abcd"), CHECK_L7OK, 0,
	       "(tcp-check)");
	expect(TCP(EXPECT(STRING("ab")), EXPECT(STRING("ab"))), GREETS("abcd"), CHECK_L7OK, 0,
	       "(tcp-check)");
	expect(TCP(EXPECT(STRING("zz"), .negate = true), EXPECT(STRING("ab"))), GREETS("abcd"),
	       CHECK_L7OK, 0, "(tcp-check)");
	/* Sending after an expect forgets what was received. */
	expect(TCP(EXPECT(STRING("+OK")), SEND("A"), EXPECT(STRING("hello"))),
	       (struct server){.answers = {SPAN("+OKhello")}}, CHECK_L7RSP, 0,
	       "TCPCHK got an empty response at step 3");
	expect(
	    TCP(SEND("PING"), EXPECT(STRING("+PONG")), SEND("info"), EXPECT(STRING("role:master"))),
	    (struct server){.answers = {[1] = SPAN("+PONG"), [2] = SPAN("role:slave")}},
	    CHECK_L7RSP, 0, "TCPCHK did not match content 'role:master' at step 4");
	expect_sent(TCP(SEND("PING"), EXPECT(STRING("+PONG")), SEND("\1\xff"), SEND(""),
			EXPECT(STRING("x"))),
		    (struct server){.answers = {[1] = SPAN("+PONG"), [2] = SPAN("x")}},
		    "PING\1\xff");
}

static void test_overrides(void **state)
{
	(void)state;
	expect(TCP(EXPECT(STRING("ab"), .on_error = SPAN("bad thing"), .comment = SPAN("c"))),
	       GREETS("cccd"), CHECK_L7RSP, 0, "bad thing");
	expect(TCP(EXPECT(STRING("ab"), .error_status = CHECK_L7STS)), GREETS("cccd"), CHECK_L7STS,
	       0, "TCPCHK did not match content 'ab' at step 1");
	expect(TCP(EXPECT(STRING("cc"), .ok_status = CHECK_L4OK, .on_success = SPAN("fine"))),
	       GREETS("cccd"), CHECK_L4OK, 0, "fine");
	/* Only the last step's count. */
	expect(TCP(EXPECT(STRING("cc"), .ok_status = CHECK_L4OK, .on_success = SPAN("fine")),
		   SEND("QUIT")),
	       GREETS("cccd"), CHECK_L7OK, 0, "(tcp-check)");
	expect(HTTP(GET, EXPECT_HTTP(.match = CHECK_MATCH_STATUS, .error_status = CHECK_L7OKC)),
	       ANSWERS("HTTP/1.1 500 X\r\n\r\n"), CHECK_L7OKC, 500, "X");
	expect(HTTP(GET, EXPECT_HTTP(.match = CHECK_MATCH_STATUS, .tout_status = CHECK_L6TOUT,
				     .comment = SPAN("c"))),
	       ANSWERS_OPEN(""), CHECK_L6TOUT, 0, "");
}

static void test_long_words(void **state)
{
	static char pattern[200], answer[300];
	struct check_dialogue d = TCP(EXPECT(.pattern = {pattern, sizeof(pattern)}));
	struct server s = {.answers = {{answer, sizeof(answer)}}};
	struct outcome o;

	(void)state;
	memset(pattern, 'p', sizeof(pattern));
	memset(answer, 'x', sizeof(answer));
	o = play_split(&d, &s, 0, false);
	assert_int_equal(strlen(o.info), 127);
	assert_memory_equal(o.info, "TCPCHK did not match content 'ppppp", 35);
}

/* ---- answers */

static void test_statuses(void **state)
{
	(void)state;
	for (unsigned int code = 100; code < 600; code++) {
		char text[64];
		struct server s = {.answers = {[1] = {text, 0}}};
		struct outcome o;

		/* A 101 without an upgrade is not HTTP for us. */
		if (code == 101)
			continue;
		s.answers[1].len =
		    (size_t)snprintf(text, sizeof(text), "HTTP/1.1 %u Why\r\nA: b\r\n\r\n", code);
		o = play_split(&NO_HTTPCHK_RULE, &s, 0, false);
		assert_int_equal(o.status, code >= 200 && code < 400 ? CHECK_L7OK : CHECK_L7STS);
		assert_int_equal(o.http_status, code);
		assert_string_equal(o.info, code >= 200 && code < 400 ? "" : "Why");
		buffer_fini(&o.sent);
	}
}

static void answer_is(const char *answer, enum check_status status, const char *info)
{
	struct server s = {.answers = {[1] = span_of(answer)}};

	expect(NO_HTTPCHK_RULE, s, status, status == CHECK_L7OK ? 200 : 500, info);
}

/* What a server may get away with: the same as with haproxy. */
static void test_tolerance(void **state)
{
	(void)state;
	answer_is("HTTP/1.1 500\r\n\r\n", CHECK_L7STS, "");
	answer_is("HTTP/1.1 500 \r\n\r\n", CHECK_L7STS, "");
	answer_is("HTTP/1.1 200\r\n\r\n", CHECK_L7OK, "");
	answer_is("HTTP/1.0 200 OK\nA: b\n\nxx", CHECK_L7OK, "");
	answer_is("HTTP/1.0 200 OK\r\nA: b\n\r\nxx", CHECK_L7OK, "");
	answer_is("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", CHECK_L7OK, "");
	answer_is("\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n", CHECK_L7OK, "");
	answer_is("HTTP/2.0 200 OK\r\nA: b\r\n\r\n", CHECK_L7OK, "");
	answer_is("HTTP/1.2 200 OK\r\nA: b\r\n\r\n", CHECK_L7OK, "");
	answer_is("HTTP/1.1  200 OK\r\nA: b\r\n\r\n", CHECK_L7OK, "");
	answer_is("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
		  CHECK_L7OK, "");
	answer_is(
	    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    CHECK_L7OK, "");
	answer_is("HTTP/1.1 200 OK\r\nA: x\1y\xe9\r\n\r\n", CHECK_L7OK, "");
	answer_is("HTTP/1.1 500 \x1b[31m\xe9\r\n\r\n", CHECK_L7STS, "?[31m?");
	expect(NO_HTTPCHK_RULE, ANSWERS("HTTP/1.1 200 OK\r\nA: x\0y\r\n\r\n"), CHECK_L7OK, 200, "");
	/* The head alone counts where no rule needs the body. */
	expect(NO_HTTPCHK_RULE, ANSWERS_OPEN("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
	       CHECK_L7OK, 200, "");
}

static void test_not_http(void **state)
{
	static const char *const answers[] = {
	    "",
	    "garbage\r\n\r\n",
	    "<html>",
	    "HTTP",
	    "HTTP/1.1 200 OK\r\n",
	    "HTTP/1.1 200 OK\r\nA:",
	    "HTTP/1.1 200 OK\r\nA b\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nA\xe9: b\r\n\r\n",
	    "http/1.1 200 OK\r\n\r\n",
	    "HTTP/1.1 abc OK\r\n\r\n",
	    "HTTP/1.1\r\n\r\n",
	    "HTTP/x.1 200 OK\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
	    "\r\n\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < array_size(answers); i++)
		answer_is(answers[i], CHECK_L7RSP, "");
	/* What cannot become HTTP is not waited for. */
	expect(NO_HTTPCHK_RULE, ANSWERS_OPEN("SSH-2.0-OpenSSH\r\n"), CHECK_L7RSP, 0, "");
	expect(NO_HTTPCHK_RULE, ANSWERS_OPEN("HTTP/1.1 200 OK\r\n"), CHECK_L7TOUT, 0, "");
	expect(NO_HTTPCHK_RULE, ANSWERS_OPEN(""), CHECK_L7TOUT, 0, "");
}

static void test_huge_answers(void **state)
{
	size_t n = 40000;
	char *bytes = malloc(n);
	struct server s = {.answers = {[1] = {bytes, n}}, .open = true};

	(void)state;
	memset(bytes, 'x', n);
	memcpy(bytes, "HTTP/1.1 200 OK\r\nA: ", 20);
	expect(NO_HTTPCHK_RULE, s, CHECK_L7RSP, 0, "");
	memcpy(bytes, "HTTP/1.0 200 OK\r\n\r\nhallo", 24);
	memcpy(bytes + n - 5, "hello", 5);
	expect(HTTP(GET, EXPECT_HTTP(STRING("hallo"))), s, CHECK_L7OK, 200, "");
	expect(HTTP(GET, EXPECT_HTTP(STRING("hello"))), s, CHECK_L7RSP, 0,
	       "HTTP content check did not match");
	expect(HTTP(GET, EXPECT_HTTP(STRING("hello"), .negate = true)), s, CHECK_L7OK, 200, "");
	s.answers[0] = s.answers[1];
	expect(TCP(EXPECT(STRING("hello"))), s, CHECK_L7RSP, 0,
	       "TCPCHK did not match content 'hello' at step 1");
	/* A size line for each byte */
	memset(bytes, '\n', n);
	memcpy(bytes, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 47);
	for (size_t i = 47; i + 6 <= n; i += 6)
		memcpy(bytes + i, "1\r\nz\r\n", 6);
	expect(HTTP(GET, EXPECT_HTTP(STRING("hello"))), s, CHECK_L7RSP, 0,
	       "HTTP content check did not match");
	free(bytes);
}

static void test_body(void **state)
{
	struct check_dialogue has = HTTP(GET, EXPECT_HTTP(STRING("hello")));
	struct check_dialogue lacks = HTTP(GET, EXPECT_HTTP(STRING("hello"), .negate = true));
	const char *no_body = "HTTP content check could not find a response body";

	(void)state;
	expect(has, ANSWERS(OK_11), CHECK_L7OK, 200, "");
	expect(has, ANSWERS("HTTP/1.1 500 hello\r\n\r\nhello"), CHECK_L7OK, 500, "");
	expect(lacks, ANSWERS(OK_11), CHECK_L7RSP, 0, "HTTP check matched unwanted content");
	expect(HTTP(GET, EXPECT_HTTP(STRING("nope"), .comment = SPAN("cc"))), ANSWERS(OK_11),
	       CHECK_L7RSP, 0, "HTTP content check did not match comment: cc");
	/* Complete: judged without a close. */
	expect(has, ANSWERS_OPEN("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnope"), CHECK_L7RSP,
	       0, "HTTP content check did not match");
	expect(lacks, ANSWERS_OPEN("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnope"), CHECK_L7OK,
	       200, "");
	/* Bytes behind the body are none of it. */
	expect(has, ANSWERS_OPEN("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnopehello"),
	       CHECK_L7RSP, 0, "HTTP content check did not match");
	expect(has, ANSWERS_OPEN("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), CHECK_L7OK,
	       200, "");
	expect(has, ANSWERS_OPEN("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhell"), CHECK_L7TOUT,
	       0, "");
	expect(lacks, ANSWERS_OPEN("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhell"),
	       CHECK_L7TOUT, 0, "");
	expect(has, ANSWERS("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel"), CHECK_L7RSP, 0,
	       "HTTP content check did not match");
	expect(has, ANSWERS("HTTP/1.0 200 OK\r\n\r\nahello"), CHECK_L7OK, 200, "");
	expect(has, ANSWERS_OPEN("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), CHECK_L7RSP, 0,
	       no_body);
	expect(lacks, ANSWERS("HTTP/1.1 204 OK\r\n\r\n"), CHECK_L7RSP, 0, no_body);
	expect(lacks, ANSWERS("HTTP/1.1 200 OK\r\n\r\n"), CHECK_L7RSP, 0, no_body);
	expect(HTTP({.kind = CHECK_STEP_SEND_HTTP, .method = SPAN("HEAD")},
		    EXPECT_HTTP(STRING("hello"))),
	       ANSWERS_OPEN("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"), CHECK_L7RSP, 0,
	       no_body);
}

static void test_chunked_body(void **state)
{
	struct check_dialogue has = HTTP(GET, EXPECT_HTTP(STRING("hello")));
	struct check_dialogue lacks = HTTP(GET, EXPECT_HTTP(STRING("hello"), .negate = true));

	(void)state;
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	expect(has, ANSWERS_OPEN(CHUNKED "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"), CHECK_L7OK, 200, "");
	expect(has, ANSWERS_OPEN(CHUNKED "3\r\nhel\r\n2\r\nlO\r\n0\r\n\r\n"), CHECK_L7RSP, 0,
	       "HTTP content check did not match");
	expect(lacks, ANSWERS_OPEN(CHUNKED "3;x=y\r\nhel\r\n2\r\nlO\r\n0\r\nT: hello\r\n\r\n"),
	       CHECK_L7OK, 200, "");
	expect(has, ANSWERS_OPEN(CHUNKED "3\r\nhel\r\n2\r\n"), CHECK_L7TOUT, 0, "");
	expect(has, ANSWERS(CHUNKED "0\r\n\r\n"), CHECK_L7RSP, 0,
	       "HTTP content check could not find a response body");
	expect(has, ANSWERS(CHUNKED "zz\r\nhel"), CHECK_L7RSP, 0, "");
	/* The word came before the fault: the same at every split. haproxy says L7RSP where both
	 * come at once. */
	expect(has, ANSWERS(CHUNKED "5\r\nhello\r\nzz"), CHECK_L7OK, 200, "");
	expect(lacks, ANSWERS(CHUNKED "5\r\nhallo\r\nzz"), CHECK_L7RSP, 0, "");
}

static void test_status_rules(void **state)
{
	typeof(*((struct check_step *)NULL)->ranges) ranges[] = {{200, 200}, {301, 305}};
	struct check_step in =
	    EXPECT_HTTP(.match = CHECK_MATCH_STATUS, .n_ranges = 2, .comment = SPAN("my comment"));
	struct check_step not_in = in;
	struct check_regex *five = regex("^5"), *two = regex("2");

	(void)state;
	in.ranges = not_in.ranges = ranges;
	not_in.negate = true;
	not_in.comment = SPAN_NONE;
	expect(HTTP(GET, in), ANSWERS("HTTP/1.1 303 X\r\n\r\n"), CHECK_L7OK, 303, "");
	expect(HTTP(GET, in), ANSWERS("HTTP/1.1 204 X\r\n\r\n"), CHECK_L7STS, 204,
	       "X comment: my comment");
	expect(HTTP(GET, in), ANSWERS("HTTP/1.1 306 \r\n\r\n"), CHECK_L7STS, 306,
	       " comment: my comment");
	expect(HTTP(GET, not_in), ANSWERS("HTTP/1.1 200 X\r\n\r\n"), CHECK_L7STS, 200, "X");
	expect(HTTP(GET, not_in), ANSWERS("HTTP/1.1 500 X\r\n\r\n"), CHECK_L7OK, 500, "");
	expect(HTTP(GET, EXPECT_HTTP(.match = CHECK_MATCH_RSTATUS, .regex = five)), ANSWERS(OK_11),
	       CHECK_L7STS, 200, "X");
	expect(HTTP(GET, EXPECT_HTTP(.match = CHECK_MATCH_RSTATUS, .regex = five, .negate = true)),
	       ANSWERS(OK_11), CHECK_L7OK, 200, "");
	expect(HTTP(GET, EXPECT_HTTP(.match = CHECK_MATCH_RSTATUS, .regex = two)),
	       ANSWERS("HTTP/1.1 302 X\r\n\r\n"), CHECK_L7OK, 302, "");
	/* Each rule is asked. */
	expect(HTTP(GET, in, EXPECT_HTTP(STRING("hello"))), ANSWERS(OK_11), CHECK_L7OK, 200, "");
	expect(HTTP(GET, not_in, EXPECT_HTTP(STRING("hello"))), ANSWERS(OK_11), CHECK_L7STS, 200,
	       "X");
	expect(HTTP(GET, in, EXPECT_HTTP(STRING("zzz"))), ANSWERS(OK_11), CHECK_L7RSP, 0,
	       "HTTP content check did not match");
	check_regex_free(five);
	check_regex_free(two);
}

#define HEADER(...)                                                                                \
	HTTP(GET, EXPECT_HTTP(.match = CHECK_MATCH_HEADER, .header_name = SPAN("x-a"), __VA_ARGS__))
#define WITH(fields) ANSWERS("HTTP/1.1 200 X\r\n" fields "\r\n")

static void test_header_rules(void **state)
{
	struct check_regex *re = regex("^b.d$"), *name = regex("^(?i)x-.$");

	(void)state;
	expect(HEADER(0), WITH("X-A: b\r\n"), CHECK_L7OK, 200, "");
	expect(HEADER(0), WITH("X-A:\r\n"), CHECK_L7OK, 200, "");
	expect(HEADER(0), WITH("X-AB: b\r\n"), CHECK_L7STS, 200, "X");
	expect(HEADER(.negate = true), WITH("X-A: b\r\n"), CHECK_L7STS, 200, "X");
	expect(HEADER(.negate = true), WITH("X-B: b\r\n"), CHECK_L7OK, 200, "");
#define VALUE(how, text) .header_how = CHECK_HEADER_##how, .pattern = SPAN(text)
	expect(HEADER(VALUE(STR, "bcd")), WITH("X-A: c, bcd\r\n"), CHECK_L7OK, 200, "");
	expect(HEADER(VALUE(STR, "BCD")), WITH("X-A: c, bcd\r\n"), CHECK_L7STS, 200, "X");
	expect(HEADER(VALUE(STR, "d")), WITH("X-A: c\r\nx-a: d\r\n"), CHECK_L7OK, 200, "");
	expect(HEADER(VALUE(STR, "d"), .negate = true), WITH("X-A: c\r\nx-a: d\r\n"), CHECK_L7STS,
	       200, "X");
	expect(HEADER(VALUE(BEG, "b")), WITH("X-A: c, bcd\r\n"), CHECK_L7OK, 200, "");
	expect(HEADER(VALUE(BEG, "b"), .header_full = true), WITH("X-A: c, bcd\r\n"), CHECK_L7STS,
	       200, "X");
	expect(HEADER(VALUE(END, "bcd"), .header_full = true), WITH("X-A: c, bcd\r\n"), CHECK_L7OK,
	       200, "");
	expect(HEADER(VALUE(SUB, "c")), WITH("X-A: a,bcd\r\n"), CHECK_L7OK, 200, "");
	expect(HEADER(VALUE(SUB, "a,b")), WITH("X-A: a,bcd\r\n"), CHECK_L7STS, 200, "X");
	expect(HEADER(VALUE(SUB, "a,b"), .header_full = true), WITH("X-A: a,bcd\r\n"), CHECK_L7OK,
	       200, "");
	expect(HEADER(VALUE(REG, ""), .regex = re), WITH("X-A: a,bcd\r\n"), CHECK_L7OK, 200, "");
	expect(HEADER(VALUE(REG, ""), .regex = re), WITH("X-A: a,bc\r\n"), CHECK_L7STS, 200, "X");
	expect(HEADER(.header_name_how = CHECK_HEADER_BEG), WITH("X-ABC: b\r\n"), CHECK_L7OK, 200,
	       "");
	expect(HEADER(.header_name_how = CHECK_HEADER_END), WITH("ZX-a: b\r\n"), CHECK_L7OK, 200,
	       "");
	expect(HEADER(.header_name_how = CHECK_HEADER_SUB), WITH("ZX-aZ: b\r\n"), CHECK_L7OK, 200,
	       "");
	expect(HEADER(.header_name_how = CHECK_HEADER_REG, .header_name_regex = name),
	       WITH("X-Z: b\r\n"), CHECK_L7OK, 200, "");
	expect(HEADER(.header_name_how = CHECK_HEADER_REG, .header_name_regex = name),
	       WITH("X-: b\r\n"), CHECK_L7STS, 200, "X");
	check_regex_free(re);
	check_regex_free(name);
}

static void test_disable_on_404(void **state)
{
	struct check_dialogue d = HTTP(GET, EXPECT_HTTP(STRING("foo")));
	struct check_run r;
	struct outcome o;

	(void)state;
	d.disable_on_404 = true;
	expect(d, ANSWERS("HTTP/1.1 404 Not Found\r\n\r\n"), CHECK_L7OKC, 404, "");
	expect((struct check_dialogue){.http = true, .disable_on_404 = true},
	       ANSWERS("HTTP/1.1 404 Not Found\r\n\r\n"), CHECK_L7OKC, 404, "");
	/* A server that is down is not brought back by it. */
	check_run_init(&r, &(struct check_dialogue){.http = true, .disable_on_404 = true});
	r.server_down = true;
	play_run(&r, &ANSWERS("HTTP/1.1 404 Not Found\r\n\r\n"), 0, false, &o);
	assert_int_equal(o.status, CHECK_L7STS);
	assert_string_equal(o.info, "Not Found");
	buffer_fini(&o.sent);
	check_run_fini(&r);
}

/* ---- regular expressions */

static void test_regex(void **state)
{
	struct check_regex *re = regex("a.c");
	struct arena arena;
	const char *error;
	char *text = malloc(16384);

	(void)state;
	arena_init(&arena, 4096, 0);
	assert_true(check_regex_matches(re, SPAN("xxabcxx")));
	assert_false(check_regex_matches(re, SPAN("xxAbcxx")));
	assert_false(check_regex_matches(re, SPAN_NONE));
	check_regex_free(re);
	assert_null(check_regex_compile(SPAN("a(b"), &arena, &error));
	assert_non_null(strstr(error, "at offset 3"));
	arena_fini(&arena);
	check_regex_free(NULL);
	/* A text that a careless pattern would think about for ever: it gives up, and negating does
	 * not turn that into success. */
	re = regex("^(a+)+$");
	memset(text, 'a', 16384);
	text[60] = 'b';
	assert_int_equal(check_regex_try(re, span_make(text, 61)), -1);
	assert_false(check_regex_matches(re, span_make(text, 61)));
	expect(TCP(EXPECT(.match = CHECK_MATCH_REGEX, .regex = re, .negate = true)),
	       (struct server){.answers = {{text, 61}}}, CHECK_L7RSP, 0,
	       "TCPCHK matched unwanted content (regex) at step 1");
	check_regex_free(re);
	/* Deep, but not for ever */
	re = regex("^(a|b)*c");
	memset(text, 'a', 16384);
	assert_int_not_equal(check_regex_try(re, span_make(text, 16384)), 1);
	check_regex_free(re);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tcp_expect),      cmocka_unit_test(test_tcp_binary),
	    cmocka_unit_test(test_tcp_regex),       cmocka_unit_test(test_min_recv),
	    cmocka_unit_test(test_several_expects), cmocka_unit_test(test_overrides),
	    cmocka_unit_test(test_long_words),      cmocka_unit_test(test_statuses),
	    cmocka_unit_test(test_tolerance),       cmocka_unit_test(test_not_http),
	    cmocka_unit_test(test_huge_answers),    cmocka_unit_test(test_body),
	    cmocka_unit_test(test_chunked_body),    cmocka_unit_test(test_status_rules),
	    cmocka_unit_test(test_header_rules),    cmocka_unit_test(test_disable_on_404),
	    cmocka_unit_test(test_regex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
