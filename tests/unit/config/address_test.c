/* SPDX-License-Identifier: MIT */
/* Address words: every form, with what is allowed where. */
#include "fake_world.h"

#include "config/keyword.h"

#include "unit/base/cmocka_all.h"

enum {
	ALL =
	    ADDRESS_ALLOW_NO_PORT | ADDRESS_ALLOW_RANGE | ADDRESS_ALLOW_OFFSET | ADDRESS_ALLOW_NAME
};

struct parsed {
	bool good;
	struct address address;
	struct address_ports ports;
	char ip[INET_TEXT_BYTES];
	char path[120], name[120];
};

static struct parsed parse(const char *word, unsigned int allow)
{
	struct span words[] = {SPAN("bind"), span_of(word)};
	struct node line = {.file = "f.cfg", .line = 1, .n_words = 2, .words = words};
	struct parsed p = {0};
	struct config_reader r = {0};
	struct fake_world w;
	struct diags d;
	struct arena a;

	fake_world_init(&w);
	diags_init(&d);
	arena_init(&a, 4096, 0);
	r.arena = &a;
	r.diags = &d;
	r.world = &w.world;
	r.where = IN_FRONTEND;
	p.good = config_parse_address(&r, &line, words[1], allow, &p.address, &p.ports);
	assert_int_equal(d.alerts, p.good ? 0 : 1);
	if (p.good)
		p.ip[inet_print(p.ip, &p.address.inet)] = '\0';
	if (p.good && p.address.path)
		snprintf(p.path, sizeof(p.path), "%s", p.address.path);
	if (p.good && p.address.name)
		snprintf(p.name, sizeof(p.name), "%s", p.address.name);
	arena_fini(&a);
	diags_fini(&d);
	return p;
}

static void check_inet(const char *word, const char *ip, unsigned int port)
{
	struct parsed p = parse(word, ADDRESS_ALLOW_NAME);

	assert_true(p.good);
	assert_int_equal(p.address.kind, ADDRESS_INET);
	assert_string_equal(p.ip, ip);
	assert_int_equal(p.address.inet.port, port);
	assert_int_equal(p.ports.first, port);
	assert_int_equal(p.ports.last, port);
	assert_true(p.ports.given);
}

static void test_inet(void **state)
{
	(void)state;
	check_inet("127.0.0.1:80", "127.0.0.1", 80);
	check_inet("*:80", "0.0.0.0", 80);
	check_inet(":80", "0.0.0.0", 80);
	check_inet("[::1]:80", "::1", 80);
	check_inet("::1:80", "::1", 80);
	check_inet(":::80", "::", 80);
	check_inet("2001:db8::2:443", "2001:db8::2", 443);
	check_inet("ipv4@:80", "0.0.0.0", 80);
	check_inet("ipv6@:80", "::", 80);
	check_inet("ipv6@*:80", "::", 80);
	check_inet("ipv6@[::1]:80", "::1", 80);
	check_inet("tcp@1.2.3.4:65535", "1.2.3.4", 65535);
	check_inet("stream+ipv4@1.2.3.4:1", "1.2.3.4", 1);
	check_inet("*:$PORT", "0.0.0.0", 8080);
}

static void test_datagram(void **state)
{
	(void)state;
	assert_true(parse("udp@1.2.3.4:5", 0).address.datagram);
	assert_true(parse("dgram+1.2.3.4:5", 0).address.datagram);
	assert_true(parse("uxdg@/a", 0).address.datagram);
	assert_false(parse("1.2.3.4:5", 0).address.datagram);
	assert_false(parse("stream+1.2.3.4:5", 0).address.datagram);
}

static void test_names(void **state)
{
	struct parsed p = parse("www.example.com:80", ADDRESS_ALLOW_NAME);

	(void)state;
	assert_true(p.good);
	assert_string_equal(p.name, "www.example.com");
	assert_int_equal(p.address.inet.family, INET_NONE);
	assert_int_equal(p.address.inet.port, 80);
	assert_int_equal(parse("ipv6@h:80", ADDRESS_ALLOW_NAME).address.inet.family, INET_V6);
	assert_false(parse("www.example.com:80", 0).good);
	assert_false(parse("1.2.3.400:80", ADDRESS_ALLOW_NAME).good);
	assert_false(parse("a b:80", ADDRESS_ALLOW_NAME).good);
	assert_false(parse("-a:80", ADDRESS_ALLOW_NAME).good);
	assert_false(parse("[name]:80", ADDRESS_ALLOW_NAME).good);
}

static void test_no_port(void **state)
{
	(void)state;
	assert_false(parse("1.2.3.4", 0).good);
	assert_false(parse("1.2.3.4:", 0).good);
	assert_false(parse("1.2.3.4:0", 0).good);
	assert_true(parse("1.2.3.4", ADDRESS_ALLOW_NO_PORT).good);
	assert_false(parse("1.2.3.4", ADDRESS_ALLOW_NO_PORT).ports.given);
	assert_string_equal(parse("::1", ADDRESS_ALLOW_NO_PORT).ip, "::1");
	assert_string_equal(parse("2001:db8::80", ADDRESS_ALLOW_NO_PORT).ip, "2001:db8::80");
	assert_string_equal(parse("[2001:db8::80]", ADDRESS_ALLOW_NO_PORT).ip, "2001:db8::80");
	assert_string_equal(parse("*", ADDRESS_ALLOW_NO_PORT).ip, "0.0.0.0");
}

static void test_ranges_and_offsets(void **state)
{
	struct parsed p = parse(":80-90", ADDRESS_ALLOW_RANGE);

	(void)state;
	assert_true(p.good);
	assert_int_equal(p.ports.first, 80);
	assert_int_equal(p.ports.last, 90);
	assert_false(parse(":80-90", ALL & ~ADDRESS_ALLOW_RANGE).good);
	assert_false(parse(":90-80", ADDRESS_ALLOW_RANGE).good);
	assert_false(parse(":80-", ADDRESS_ALLOW_RANGE).good);
	p = parse("1.2.3.4:+10", ADDRESS_ALLOW_OFFSET);
	assert_true(p.good && p.ports.offset);
	assert_int_equal(p.ports.sign, 1);
	assert_int_equal(p.ports.first, 10);
	assert_int_equal(p.address.inet.port, 0);
	p = parse("1.2.3.4:-10", ADDRESS_ALLOW_OFFSET);
	assert_int_equal(p.ports.sign, -1);
	assert_false(parse("1.2.3.4:+10", ALL & ~ADDRESS_ALLOW_OFFSET).good);
	assert_false(parse("1.2.3.4:+10-20", ALL).good);
}

static void test_paths(void **state)
{
	struct parsed p = parse("/run/x.sock", 0);
	char longest[120] = "/";

	(void)state;
	assert_int_equal(p.address.kind, ADDRESS_UNIX);
	assert_string_equal(p.path, "/run/x.sock");
	assert_string_equal(parse("unix@rel", 0).path, "rel");
	assert_string_equal(parse("uxst@/a@b", 0).path, "/a@b");
	assert_int_equal(parse("abns@name", 0).address.kind, ADDRESS_ABSTRACT);
	assert_string_equal(parse("abns@name", 0).path, "name");
	assert_false(parse("unix@", 0).good);
	memset(longest + 1, 'a', 106);
	assert_true(parse(longest, 0).good);
	longest[107] = 'a';
	assert_false(parse(longest, 0).good);
}

static void test_descriptors(void **state)
{
	(void)state;
	assert_int_equal(parse("fd@3", 0).address.fd, 3);
	assert_int_equal(parse("fd@${FD}", 0).address.fd, 5);
	assert_int_equal(parse("fd@3", 0).address.kind, ADDRESS_FD);
	assert_false(parse("fd@", 0).good);
	assert_false(parse("fd@x", 0).good);
	assert_false(parse("fd@-1", 0).good);
	assert_false(parse("fd@99999999999", 0).good);
	assert_false(parse("fd@${NOPE}", 0).good);
}

static void test_malformed(void **state)
{
	static const char *const words[] = {
	    "",
	    "foo",
	    "127.0.0.1:x",
	    ":70000",
	    "[::1:80",
	    "ipv4@[::1]:80",
	    "ipv6@1.2.3.4:80",
	    "foo@:1",
	    "quic4@:80",
	    "sockpair@3",
	    "${X",
	    "$NOPE",
	    "ring@x",
	    "stream+",
	    "::1]:1",
	    "1.2.3.4:1:2",
	    "*:*",
	};

	(void)state;
	for (size_t i = 0; i < array_size(words); i++) {
		if (parse(words[i], ADDRESS_ALLOW_NAME).good)
			fail_msg("'%s' was taken", words[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_inet),
	    cmocka_unit_test(test_datagram),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_no_port),
	    cmocka_unit_test(test_ranges_and_offsets),
	    cmocka_unit_test(test_paths),
	    cmocka_unit_test(test_descriptors),
	    cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
