/* SPDX-License-Identifier: MIT */
/*
 * Log lines against what Debian's haproxy 2.6.12 wrote for the same requests (its lines stand here
 * as they came), the flags, blanks beside empty values, cutting, and what is refused.
 */
#include "rule/log_format.h"

#include "rule/log_alias.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define LINE_BYTES 8192
/* 24/Nov/2026:21:45:52.915 */
#define AT_2026 1795556752915000

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 4096, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static struct log_format *compile(const char *text)
{
	struct rule_compiler k = {.arena = &arena, .provided = ~0u};
	struct log_format *f = log_format_compile(&k, span_of(text), LOG_FORMAT_LINE);

	if (!f)
		fail_msg("%s: %s", text, k.error);
	return f;
}

static void expect_line(const char *format, const struct log_record *r, const char *wanted)
{
	char line[LINE_BYTES];
	struct buffer b;

	buffer_init_fixed(&b, line, sizeof(line));
	log_format_write(compile(format), r, &b);
	assert_string_equal(buffer_text(&b), wanted);
}

static void expect_error(const char *format, const char *part)
{
	struct rule_compiler k = {.arena = &arena, .provided = ~0u};

	assert_null(log_format_compile(&k, span_of(format), LOG_FORMAT_LINE));
	assert_non_null(k.error);
	if (!strstr(k.error, part))
		fail_msg("%s: %s", format, k.error);
}

static struct inet v4(uint8_t last, uint16_t port)
{
	return (struct inet){.family = INET_V4, .port = port, .ip = {127, 0, 0, last}};
}

static struct log_record good_request(void)
{
	static const struct span request[] = {{"curl", 4}, {NULL, 0}};
	static const struct span response[] = {{"a\"b{c}|d#e", 10}};

	return (struct log_record){
	    .client = v4(1, 59082),
	    .client_local = v4(1, 23001),
	    .server = v4(1, 23100),
	    .server_local = v4(1, 35790),
	    .accept_us = AT_2026,
	    .request_us = AT_2026,
	    .frontend = SPAN("ft1"),
	    .backend = SPAN("be1"),
	    .server_name = SPAN("s1"),
	    .tr = 2,
	    .ta = 2,
	    .tt = 2,
	    .status = 200,
	    .bytes_to_client = 93,
	    .bytes_to_server = 57,
	    .termination = "----",
	    .actconn = 1,
	    .feconn = 1,
	    .request_captures = request,
	    .n_request_captures = 2,
	    .response_captures = response,
	    .n_response_captures = 1,
	    .method = SPAN("GET"),
	    .uri = SPAN("/p?q=1"),
	    .version = SPAN("HTTP/1.1"),
	    .request_line = SPAN("GET /p?q=1 HTTP/1.1"),
	    .hostname = SPAN("vm"),
	    .pid = 16723,
	    .request_counter = 9,
	    .log_counter = 1,
	};
}

static struct log_record bad_request(void)
{
	return (struct log_record){
	    .client = v4(1, 59078),
	    .client_local = v4(1, 23001),
	    .accept_us = AT_2026,
	    .request_us = AT_2026,
	    .frontend = SPAN("ft1"),
	    .tr_request = -1,
	    .tw = -1,
	    .tc = -1,
	    .tr = -1,
	    .td = -1,
	    .status = 400,
	    .termination = "PR--",
	    .actconn = 1,
	    .feconn = 1,
	};
}

static void httplog(void **state)
{
	struct log_record r = good_request();

	(void)state;
	expect_line(log_format_http, &r,
		    "127.0.0.1:59082 [24/Nov/2026:21:45:52.915] ft1 be1/s1 0/0/0/2/2 200 93 - - "
		    "---- 1/1/0/0/0 0/0 {curl|} {a#22b#7Bc#7D#7Cd#23e} \"GET /p?q=1 HTTP/1.1\"");
	r.request_cookie = SPAN("SID=ab\"c");
	r.frontend_tls_mark = SPAN("~");
	expect_line(log_format_http, &r,
		    "127.0.0.1:59082 [24/Nov/2026:21:45:52.915] ft1~ be1/s1 0/0/0/2/2 200 93 "
		    "SID=ab\"c - ---- 1/1/0/0/0 0/0 {curl|} {a#22b#7Bc#7D#7Cd#23e} \"GET /p?q=1 "
		    "HTTP/1.1\"");
	r.n_request_captures = r.n_response_captures = 0;
	r.redispatched = true;
	r.retries = 3;
	expect_line(log_format_http, &r,
		    "127.0.0.1:59082 [24/Nov/2026:21:45:52.915] ft1~ be1/s1 0/0/0/2/2 200 93 "
		    "SID=ab\"c - ---- 1/1/0/0/+3 0/0 \"GET /p?q=1 HTTP/1.1\"");
}

static void httplog_without_request(void **state)
{
	struct log_record r = bad_request();

	(void)state;
	expect_line(
	    log_format_http, &r,
	    "127.0.0.1:59078 [24/Nov/2026:21:45:52.915] ft1 ft1/<NOSRV> -1/-1/-1/-1/0 400 0 - "
	    "- PR-- 1/1/0/0/0 0/0 \"<BADREQ>\"");
	r.unfinished = true;
	expect_line(
	    log_format_http, &r,
	    "127.0.0.1:59078 [24/Nov/2026:21:45:52.915] ft1 ft1/<NOSRV> -1/-1/-1/-1/+0 400 +0 "
	    "- - PR-- 1/1/0/0/0 0/0 \"<BADREQ>\"");
	r.server_name = SPAN("<STATS>");
	r.unfinished = false;
	expect_line("%b/%s", &r, "ft1/<STATS>");
}

static void tcplog(void **state)
{
	struct log_record r = bad_request();

	(void)state;
	r.client.port = 37292;
	r.accept_us = 1795556769330000;
	r.frontend = SPAN("fttcp");
	r.backend = SPAN("betcp");
	r.server_name = SPAN("t1");
	r.tw = 1;
	r.tc = 0;
	r.tt = 154;
	r.bytes_to_client = 90;
	memcpy(r.termination, "----", 4);
	expect_line(log_format_tcp, &r,
		    "127.0.0.1:37292 [24/Nov/2026:21:46:09.330] fttcp betcp/t1 1/0/154 90 -- "
		    "1/1/0/0/0 0/0");
	r.unfinished = true;
	r.tt = r.bytes_to_client = 0;
	expect_line(log_format_tcp, &r,
		    "127.0.0.1:37292 [24/Nov/2026:21:46:09.330] fttcp betcp/t1 1/0/+0 +0 -- "
		    "1/1/0/0/0 0/0");
}

static void clf(void **state)
{
	static const struct span request[] = {{"cu\"rl{|}\\]#\t\x7f 123456", 20}, {NULL, 0}};
	struct log_record r = bad_request();

	(void)state;
	r.client.port = 34500;
	r.accept_us = 1795556753521000;
	r.request_us = r.accept_us;
	r.frontend = SPAN("ftclf");
	expect_line(
	    log_format_clf, &r,
	    "127.0.0.1 - - [24/Nov/2026:21:45:53 +0000] \"<BADREQ>\" 400 0 \"\" \"\" 34500 521 "
	    "\"ftclf\" \"ftclf\" \"<NOSRV>\" -1 -1 -1 -1 0 PR-- 1 1 0 0 0 0 0 \"\" \"\" ");
	r = good_request();
	r.client.port = 53468;
	r.accept_us = r.request_us = 1795556812276000;
	r.frontend = SPAN("ftclf");
	r.tr = r.ta = 3;
	r.request_captures = request;
	r.request_line = SPAN("GET /p/a%20b?x=\"1\"&y=\xc3\xa9#f{|}\\] HTTP/1.1");
	expect_line(log_format_clf, &r,
		    "127.0.0.1 - - [24/Nov/2026:21:46:52 +0000] \"GET "
		    "/p/a%20b?x=#221#22&y=#C3#A9#23f{|}\\] HTTP/1.1\" 200 93 \"\" \"\" 53468 276 "
		    "\"ftclf\" \"be1\" \"s1\" 0 0 0 3 3 ---- 1 1 0 0 0 0 0 \"\" \"\" "
		    "\"cu#22rl#7B#7C#7D\\]#23#09#7F 123456\" \"\" \"a#22b#7Bc#7D#7Cd#23e\"");
}

static void default_form(void **state)
{
	struct log_record r = {
	    .client = v4(1, 45928), .client_local = v4(1, 23010), .frontend = SPAN("ftdef")};

	(void)state;
	expect_line(log_format_default, &r,
		    "Connect from 127.0.0.1:45928 to 127.0.0.1:23010 (ftdef/HTTP)");
	r.tcp = true;
	expect_line(log_format_default, &r,
		    "Connect from 127.0.0.1:45928 to 127.0.0.1:23010 (ftdef/TCP)");
}

/* All aliases at once, as haproxy wrote them. */
static const char all_aliases[] =
    "ac=%ac b=%b bc=%bc bi=%bi bp=%bp bq=%bq B=%B CC=%CC CS=%CS ci=%ci cp=%cp f=%f fc=%fc fi=%fi "
    "fp=%fp ft=%ft H=%H HM=%HM HP=%HP HPO=%HPO HQ=%HQ HU=%HU HV=%HV ID=%ID lc=%lc hr=%hr hrl=%hrl "
    "hs=%hs hsl=%hsl ms=%ms pid=%pid r=%r rc=%rc rt=%rt s=%s sc=%sc si=%si sp=%sp sq=%sq ST=%ST "
    "t=%t T=%T Ta=%Ta Tc=%Tc Td=%Td Th=%Th Ti=%Ti Tl=%Tl Tq=%Tq TR=%TR Tr=%Tr Ts=%Ts Tt=%Tt Tu=%Tu "
    "Tw=%Tw tr=%tr trg=%trg trl=%trl ts=%ts tsc=%tsc U=%U sslc=%sslc sslv=%sslv";

static void every_alias(void **state)
{
	struct log_record r = good_request();

	(void)state;
	r.client.port = 60304;
	r.client_local.port = 23005;
	r.server_local.port = 42768;
	r.frontend = SPAN("ftall");
	r.accept_us = 1795556768829000;
	r.request_us = 1795556769130000;
	r.request_counter = 42;
	r.log_counter = 9;
	r.ti = 301;
	r.tr_request = 100;
	r.tr = 0;
	r.ta = 100;
	r.tt = 401;
	expect_line(
	    all_aliases, &r,
	    "ac=1 b=be1 bc=0 bi=127.0.0.1 bp=42768 bq=0 B=93 CC=- CS=- ci=127.0.0.1 cp=60304 "
	    "f=ftall "
	    "fc=1 fi=127.0.0.1 fp=23005 ft=ftall H=vm HM=GET HP=/p HPO=/p HQ=?q=1 HU=/p?q=1 "
	    "HV=HTTP/1.1 ID=- lc=9 hr={curl|} hrl=curl - hs={a#22b#7Bc#7D#7Cd#23e} "
	    "hsl=a#22b#7Bc#7D#7Cd#23e ms=829 pid=16723 r=GET /p?q=1 HTTP/1.1 rc=0 rt=42 s=s1 sc=0 "
	    "si=127.0.0.1 sp=23100 sq=0 ST=200 t=24/Nov/2026:21:46:08.829 T=24/Nov/2026:21:46:08 "
	    "+0000 Ta=100 Tc=0 Td=0 Th=0 Ti=301 Tl=24/Nov/2026:21:46:08 +0000 Tq=401 TR=100 Tr=0 "
	    "Ts=1795556768 Tt=401 Tu=100 Tw=0 tr=24/Nov/2026:21:46:09.130 trg=24/Nov/2026:21:46:09 "
	    "+0000 trl=24/Nov/2026:21:46:09 +0000 ts=-- tsc=---- U=57 sslc=- sslv=-");
	r = bad_request();
	r.accept_us = r.request_us = 1795556757093000;
	expect_line(
	    all_aliases, &r,
	    "ac=1 b=ft1 bc=0 bi=- bp=- bq=0 B=0 CC=- CS=- ci=127.0.0.1 cp=59078 f=ft1 fc=1 "
	    "fi=127.0.0.1 fp=23001 ft=ft1 H=- HM=<BADREQ> HP=<BADREQ> HPO=<BADREQ> HQ=<BADREQ> "
	    "HU=<BADREQ> HV=<BADREQ> ID=- lc=0 hr= hrl= hs= hsl= ms=093 pid=0 r=<BADREQ> rc=0 rt=0 "
	    "s=<NOSRV> sc=0 si=- sp=- sq=0 ST=400 t=24/Nov/2026:21:45:57.093 "
	    "T=24/Nov/2026:21:45:57 +0000 Ta=0 Tc=-1 Td=-1 Th=0 Ti=0 Tl=24/Nov/2026:21:45:57 +0000 "
	    "Tq=-1 TR=-1 Tr=-1 Ts=1795556757 Tt=0 Tu=0 Tw=-1 tr=24/Nov/2026:21:45:57.093 "
	    "trg=24/Nov/2026:21:45:57 +0000 trl=24/Nov/2026:21:45:57 +0000 ts=PR tsc=PR-- U=0 "
	    "sslc=- "
	    "sslv=-");
}

static void targets(void **state)
{
	struct log_record r = good_request();

	(void)state;
	r.uri = SPAN("http://h/p/q?z");
	expect_line("%HP %HPO %HQ", &r, "http://h/p/q /p/q ?z");
	r.uri = SPAN("http://h");
	expect_line("[%HPO]", &r, "[]");
	r.uri = SPAN("*");
	expect_line("HP=%HP HPO=%HPO HQ=%HQ end", &r, "HP=* HPO= HQ= end");
	r.uri = SPAN("h:80");
	expect_line("HP=%HP HPO=%HPO HQ=%HQ", &r, "HP=h:80 HPO= HQ=");
}

static void flags(void **state)
{
	struct log_record r = good_request();

	(void)state;
	r.client.port = 0xc8c2;
	r.pid = 0x4153;
	r.request_counter = 13;
	r.accept_us = 0x6b060593ll * 1000000;
	expect_line("%{+X}o ci=%ci cp=%cp pid=%pid rt=%rt Ts=%Ts B=%B ST=%ST lc=%lc", &r,
		    "ci=7F000001 cp=C8C2 pid=4153 rt=000D Ts=6B060593 B=93 ST=200 lc=0001");
	expect_line("%{+Q}o b=%b bi=%bi bp=%bp CC=%CC hr=%hr hrl=%hrl ts=%ts  two   three %hs end ",
		    &r,
		    "b=\"be1\" bi=\"127.0.0.1\" bp=35790 CC=\"\" hr=\"{curl|}\" hrl=\"curl\" \"\" "
		    "ts=-- two "
		    "three \"{a#22b#7Bc#7D#7Cd#23e}\" end ");
	r.server_local.family = INET_NONE;
	expect_line("%{+Q}o bi=%bi bp=%bp %{-Q}bi", &r, "bi=\"\" bp=\"\" -");
	r.request_line = SPAN("GET /f{|}\\] \"#\"");
	expect_line(
	    "%{+E}o b=%b r=%r %{+Q,+E}r %{-E}r", &r,
	    "b=be1 r=GET /f{|}\\\\\\] #22#23#22 \"GET /f{|}\\\\\\] #22#23#22\" GET /f{|}\\] "
	    "#22#23#22");
	r.hostname = SPAN("a\"b]c\\");
	expect_line("%{+E}H %{+E,+Q}H %H", &r, "a\\\"b\\]c\\\\ \"a\\\"b\\]c\\\\\" a\"b]c\\");
	r.frontend_tls_mark = SPAN("~");
	expect_line("%{+Q,+M}ft", &r, "\"ft1~\"");
}

static void addresses(void **state)
{
	struct log_record r = {.client = {.family = INET_UNIX, .port = 1},
			       .client_local = {.family = INET_V6, .port = 80, .ip = {[15] = 1}}};

	(void)state;
	expect_line("ci=%ci cp=%cp %{+Q}ci", &r, "ci=unix cp=1 \"unix\"");
	expect_line("%fi:%fp %{+X}fi", &r, "::1:80 00000000000000000000000000000001");
	for (unsigned int i = 0; i < 256; i++) {
		char wanted[32];

		r.client = (struct inet){.family = INET_V4,
					 .ip = {(uint8_t)i, 0, 255, (uint8_t)(255 - i)}};
		snprintf(wanted, sizeof(wanted), "%u.0.255.%u", i, 255 - i);
		expect_line("%ci", &r, wanted);
	}
}

static void numbers(void **state)
{
	static const int64_t values[] = {0,       9,       10,       99,        100,    999,
					 1000,    9999,    10000,    99999,     100000, 999999,
					 1000000, 1001000, 50001000, INT64_MAX, -1,     INT64_MIN};

	(void)state;
	for (size_t i = 0; i < array_size(values); i++) {
		struct log_record r = {.bytes_to_client = values[i]};
		char wanted[32];

		snprintf(wanted, sizeof(wanted), "%lld", (long long)values[i]);
		expect_line("%B", &r, wanted);
	}
}

static void dates(void **state)
{
	struct log_record r = {.accept_us = 951782399999999}; /* 28/Feb/2000:23:59:59 */

	(void)state;
	expect_line("%t %ms", &r, "28/Feb/2000:23:59:59.999 999");
	r.accept_us += 1;
	expect_line("%t %T", &r, "29/Feb/2000:00:00:00.000 29/Feb/2000:00:00:00 +0000");
	r.utc_offset_s = -(3 * 3600 + 1800);
	expect_line(
	    "%t|%T|%Tl", &r,
	    "28/Feb/2000:20:30:00.000|29/Feb/2000:00:00:00 +0000|28/Feb/2000:20:30:00 -0330");
	r.utc_offset_s = 3600;
	expect_line("%Tl", &r, "29/Feb/2000:01:00:00 +0100");
	r = (struct log_record){.accept_us = 0, .request_us = 4102444799000000};
	expect_line("%T %trg", &r, "01/Jan/1970:00:00:00 +0000 31/Dec/2099:23:59:59 +0000");
}

/* A value that is empty takes the blanks beside it along; text keeps its own. */
static void blanks(void **state)
{
	struct log_record r = bad_request();

	(void)state;
	expect_line(" %hr %hs %ST", &r, "400");
	expect_line("a %hr %hs b", &r, "a b");
	expect_line("a%hr %hs b", &r, "a b");
	expect_line("%hr%hs", &r, "");
	expect_line("%hr x", &r, "x");
	expect_line("x %hr", &r, "x ");
	expect_line("  x   y  ", &r, "x y ");
	expect_line("%%%ST%%", &r, "%400%");
	expect_line("", &r, "");
	r.n_request_captures = 1;
	r.request_captures = &(struct span){"ends ", 5};
	expect_line("%hrl %hs %ST", &r, "ends  400");
}

/* Bytes that are encoded, at each place of texts of each length: the fast path sees sixteen at
 * once. */
static void encoded_anywhere(void **state)
{
	static const char odd[] = "\"#\x1f\x7f\x80\xff{}|\\]";
	char text[48], wanted[80];

	(void)state;
	for (size_t len = 1; len <= 40; len++) {
		for (size_t at = 0; at < len; at++) {
			struct span one = {text, len};
			struct log_record r = {.request_captures = &one, .n_request_captures = 1};
			unsigned char c = (unsigned char)odd[(len + at) % (sizeof(odd) - 1)];

			memset(text, 'a', len);
			text[at] = (char)c;
			if (c == '\\' || c == ']')
				snprintf(wanted, sizeof(wanted), "{%.*s\\%c%.*s}", (int)at, text, c,
					 (int)(len - at - 1), text + at + 1);
			else
				snprintf(wanted, sizeof(wanted), "{%.*s#%02X%.*s}", (int)at, text,
					 c, (int)(len - at - 1), text + at + 1);
			expect_line("%{+E}hr", &r, wanted);
		}
	}
}

/* Cookies keep their quotes, as with haproxy, but not what moves a terminal's cursor. */
static void cookies(void **state)
{
	struct log_record r = {.request_cookie = SPAN("a=\"x\x1b[2J\"#"),
			       .response_cookie = SPAN("b")};

	(void)state;
	expect_line("%CC %CS %{+Q}CC", &r, "a=\"x#1B[2J\"# b \"a=\"x#1B[2J\"#\"");
}

/* Whatever the room, the line is the beginning of the whole one. */
static void cut_at_every_length(void **state)
{
	static const char *const formats[] = {
	    log_format_http, log_format_clf, all_aliases,
	    "%{+Q,+E,+X}o %r %hr %hrl %ci %t a long text behind it"};
	struct log_record r = good_request();
	char whole[LINE_BYTES], line[LINE_BYTES];
	struct buffer b;

	(void)state;
	for (size_t i = 0; i < array_size(formats); i++) {
		struct log_format *f = compile(formats[i]);
		size_t len;

		buffer_init_fixed(&b, whole, sizeof(whole));
		log_format_write(f, &r, &b);
		len = b.len;
		for (size_t room = 0; room <= len + 80; room++) {
			memset(line, 'Z', sizeof(line));
			buffer_init_fixed(&b, line, room);
			log_format_write(f, &r, &b);
			assert_int_equal(b.len, room < len ? room : len);
			assert_memory_equal(line, whole, b.len);
			assert_int_equal(line[room], 'Z');
			assert_false(b.failed);
		}
	}
}

static void growing_buffer(void **state)
{
	struct log_record r = good_request();
	char whole[LINE_BYTES], long_line[3000];
	struct buffer b, fixed;

	(void)state;
	memset(long_line, 'x', sizeof(long_line));
	r.request_line = span_make(long_line, sizeof(long_line));
	buffer_init_fixed(&fixed, whole, sizeof(whole));
	log_format_write(compile(log_format_http), &r, &fixed);
	buffer_init(&b, 65536);
	buffer_add_text(&b, "before ");
	log_format_write(compile(log_format_http), &r, &b);
	assert_int_equal(b.len, fixed.len + 7);
	assert_memory_equal(b.p + 7, whole, fixed.len);
	buffer_fini(&b);
	buffer_init(&b, 300);
	log_format_write(compile(log_format_http), &r, &b);
	assert_int_equal(b.len, 300);
	assert_memory_equal(b.p, whole, 300);
	buffer_fini(&b);
}

static void refused(void **state)
{
	(void)state;
	expect_error("%zz", "no such format variable '%zz'");
	expect_error("%", "no such format variable '%'");
	expect_error("100% ", "you need to use '%%'");
	expect_error("%[srk]", "unknown fetch method 'srk'");
	expect_error("%{+Q}[src", "missing ']' after 'src'");
	expect_error("%{+Q", "no '}'");
	expect_error("%{Q}r", "no such flag 'Q'");
	expect_error("%{+Q,+Z}r", "no such flag '+Z'");
	expect_error("%{}r", "no such flag");
	expect_error("%{+Q}", "no such format variable");
}

static void when_it_can_be_written(void **state)
{
	(void)state;
	assert_true(log_format_needs_end(compile(log_format_http)));
	assert_true(log_format_needs_end(compile(log_format_tcp)));
	assert_false(log_format_needs_end(compile(log_format_default)));
	assert_false(log_format_needs_end(compile("%ci %r %ST %hr")));
	assert_null(log_format_http_only(compile(log_format_tcp)));
	assert_string_equal(log_format_http_only(compile("%ci %tr %r")), "tr");
}

static void no_memory(void **state)
{
	struct arena small;

	(void)state;
	for (size_t max = 1; max < 4096; max += 64) {
		struct rule_compiler k = {.arena = &small, .provided = ~0u};

		arena_init(&small, 64, max);
		if (!log_format_compile(&k, span_of(log_format_http), LOG_FORMAT_LINE))
			assert_string_equal(k.error, "out of memory");
		arena_fini(&small);
	}
}

/* Every alias has its line of help, and no two have one name. */
static void family(void **state)
{
	(void)state;
	FAMILY_EACH(log_alias, a) {
		assert_true(strlen((*a)->help) > 0 && (*a)->write);
		FAMILY_EACH(log_alias, b)
			assert_true(a == b || strcmp((*a)->name, (*b)->name) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(httplog),
	    cmocka_unit_test(httplog_without_request),
	    cmocka_unit_test(tcplog),
	    cmocka_unit_test(clf),
	    cmocka_unit_test(default_form),
	    cmocka_unit_test(every_alias),
	    cmocka_unit_test(targets),
	    cmocka_unit_test(flags),
	    cmocka_unit_test(addresses),
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(dates),
	    cmocka_unit_test(blanks),
	    cmocka_unit_test(encoded_anywhere),
	    cmocka_unit_test(cookies),
	    cmocka_unit_test(cut_at_every_length),
	    cmocka_unit_test(growing_buffer),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(when_it_can_be_written),
	    cmocka_unit_test(no_memory),
	    cmocka_unit_test(family),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
