/* SPDX-License-Identifier: MIT */
/* Addresses and networks: what is read, what is refused, and that every address prints as RFC 5952
 * wants it. */
#include "base/inet.h"
#include "base/random.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
	const char *text, *printed; /* printed NULL: refused */
} addresses[] = {
    {"127.0.0.1", "127.0.0.1"},
    {"0.0.0.0", "0.0.0.0"},
    {"255.255.255.255", "255.255.255.255"},
    {"::", "::"},
    {"::1", "::1"},
    {"1::", "1::"},
    {"2001:DB8::A", "2001:db8::a"},
    {"2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"},
    {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
    {"1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    {"0:0:1:2:3:4:0:0", "::1:2:3:4:0:0"},
    {"fe80::1:0:0:0", "fe80::1:0:0:0"},
    {"fe80:0:0:1::", "fe80:0:0:1::"},
    {"::ffff:10.1.2.3", "::ffff:10.1.2.3"},
    {"::ffff:a01:203", "::ffff:10.1.2.3"},
    {"0:0:0:0:0:ffff:1.2.3.4", "::ffff:1.2.3.4"},
    {"64:ff9b::1.2.3.4", "64:ff9b::102:304"},
    {"1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"", NULL},
    {"1", NULL},
    {"1.2.3", NULL},
    {"1.2.3.4.5", NULL},
    {"1.2.3.", NULL},
    {".1.2.3", NULL},
    {"1..2.3", NULL},
    {"256.1.1.1", NULL},
    {"01.2.3.4", NULL},
    {"1.2.3.004", NULL},
    {"0x1.2.3.4", NULL},
    {"1.2.3.4 ", NULL},
    {" 1.2.3.4", NULL},
    {"+1.2.3.4", NULL},
    {":", NULL},
    {":::", NULL},
    {"1:::2", NULL},
    {":1", NULL},
    {"1:", NULL},
    {"1::2::3", NULL},
    {"1:2:3:4:5:6:7", NULL},
    {"1:2:3:4:5:6:7:8:9", NULL},
    {"1:2:3:4:5:6:7:8::", NULL},
    {"::1:2:3:4:5:6:7:8", NULL},
    {"1:2:3:4::5:6:7:8", NULL},
    {"12345::", NULL},
    {"g::", NULL},
    {"1.2.3.4::", NULL},
    {"::1.2.3.4:5", NULL},
    {"::1.2.3", NULL},
    {"1:2:3:4:5:6:7:1.2.3.4", NULL},
    {"[::1]", NULL},
    {"fe80::1%eth0", NULL},
    {"::1/128", NULL},
};

static void print_is(const struct inet *a, const char *expected)
{
	char text[INET_TEXT_BYTES];
	size_t n = inet_print(text, a);

	assert_true(n < sizeof(text));
	text[n] = '\0';
	assert_string_equal(text, expected);
}

static void test_parse_and_print(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(addresses); i++) {
		/* Exactly so long that a byte read behind it is caught by ASan. */
		size_t n = strlen(addresses[i].text);
		char *copy = malloc(n + 1);
		struct inet a = {.family = 77, .port = 99};
		bool ok;

		memcpy(copy, addresses[i].text, n);
		ok = inet_parse(span_make(copy, n), &a);
		free(copy);
		if (ok != (addresses[i].printed != NULL))
			fail_msg("%s", addresses[i].text);
		if (ok) {
			print_is(&a, addresses[i].printed);
			assert_int_equal(a.port, 0);
		} else {
			assert_int_equal(a.family, 77);
			assert_int_equal(a.port, 99);
		}
	}
}

static void test_print_others(void **state)
{
	struct inet none = {0}, local = {.family = INET_UNIX};

	(void)state;
	print_is(&none, "");
	print_is(&local, "unix");
}

/* Against the C library: random addresses with many zero groups print and read the same way. */
static void test_agrees_with_inet_ntop(void **state)
{
	struct random random;

	(void)state;
	random_init(&random, 1);
	for (int round = 0; round < 20000; round++) {
		struct inet a = {.family = INET_V6}, back;
		char ours[INET_TEXT_BYTES], theirs[INET6_ADDRSTRLEN];
		size_t n;

		for (int i = 0; i < 16; i++)
			a.ip[i] =
			    random_below(&random, 3) ? 0 : (uint8_t)random_below(&random, 256);
		n = inet_print(ours, &a);
		ours[n] = '\0';
		assert_non_null(inet_ntop(AF_INET6, a.ip, theirs, sizeof(theirs)));
		/* glibc prints ::1.2.3.4 (deprecated) with dots too. */
		if (!strchr(theirs, '.') || strchr(ours, '.'))
			assert_string_equal(ours, theirs);
		assert_true(inet_parse(span_of(ours), &back));
		assert_memory_equal(back.ip, a.ip, 16);
		assert_true(inet_parse(span_of(theirs), &back));
		assert_memory_equal(back.ip, a.ip, 16);
	}
}

static struct inet address_of(const char *text)
{
	struct inet a;

	assert_true(inet_parse(span_of(text), &a));
	return a;
}

static void test_equal_ip(void **state)
{
	struct inet a = address_of("10.0.0.1"), b = address_of("10.0.0.1"),
		    c = address_of("10.0.0.2");
	struct inet mapped = address_of("::ffff:10.0.0.1"), six = address_of("::1"), none = {0};

	(void)state;
	b.port = 80;
	assert_true(inet_equal_ip(&a, &b));
	assert_false(inet_equal_ip(&a, &c));
	assert_false(inet_equal_ip(&a, &mapped));
	assert_false(inet_equal_ip(&six, &mapped));
	assert_true(inet_equal_ip(&six, &six));
	assert_true(inet_equal_ip(&none, &none));
	/* What stands behind an IPv4 address does not count. */
	b.ip[4] = 7;
	assert_true(inet_equal_ip(&a, &b));
}

static const struct {
	const char *net, *address;
	int result; /* 1 inside, 0 outside, -1 the network is refused */
} nets[] = {
    {"192.168.0.0/16", "192.168.255.1", 1},
    {"192.168.0.0/16", "192.169.0.1", 0},
    {"192.168.0.0/255.255.0.0", "192.168.3.4", 1},
    {"192.168.0.0/255.255.0.0", "192.167.3.4", 0},
    {"10.0.0.0/9", "10.127.0.1", 1},
    {"10.0.0.0/9", "10.128.0.1", 0},
    {"10.1.2.3/8", "10.200.0.1", 1},
    {"10.0.0.1", "10.0.0.1", 1},
    {"10.0.0.1", "10.0.0.2", 0},
    {"10.0.0.1/32", "10.0.0.2", 0},
    {"0.0.0.0/0", "1.2.3.4", 1},
    {"0.0.0.0/0.0.0.0", "1.2.3.4", 1},
    {"0.0.0.0/0", "::1", 0},
    {"0.0.0.0/0", "::ffff:1.2.3.4", 1},
    {"10.0.0.0/8", "::ffff:10.2.3.4", 1},
    {"10.0.0.0/8", "::ffff:11.2.3.4", 0},
    {"10.0.0.0/8", "::10.2.3.4", 0},
    {"::1/128", "::1", 1},
    {"::1/128", "::2", 0},
    {"::/0", "1.2.3.4", 0},
    {"::/0", "ff::", 1},
    {"2001:db8::/33", "2001:db8:7fff::1", 1},
    {"2001:db8::/33", "2001:db8:8000::1", 0},
    {"2001:db8::/ffff:ffff::", "2001:db8:8000::1", 1},
    {"10.0.0.0/33", NULL, -1},
    {"::/129", NULL, -1},
    {"10.0.0.0/", NULL, -1},
    {"10.0.0.0/-1", NULL, -1},
    {"10.0.0.0/8/8", NULL, -1},
    {"10.0.0.0/255.0.255.0", NULL, -1},
    {"10.0.0.0/0.255.255.255", NULL, -1},
    {"10.0.0.0/ffff::", NULL, -1},
    {"/8", NULL, -1},
    {"", NULL, -1},
};

static void test_networks(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(nets); i++) {
		struct inet_net net;
		struct inet a;

		if (inet_parse_net(span_of(nets[i].net), &net) != (nets[i].result >= 0))
			fail_msg("%s", nets[i].net);
		if (nets[i].result < 0)
			continue;
		a = address_of(nets[i].address);
		if (inet_in_net(&a, &net) != nets[i].result)
			fail_msg("%s in %s", nets[i].address, nets[i].net);
	}
}

static void test_no_address_is_in_no_net(void **state)
{
	struct inet none = {0}, local = {.family = INET_UNIX};
	struct inet_net net, empty = {0};

	(void)state;
	assert_true(inet_parse_net(SPAN("0.0.0.0/0"), &net));
	assert_false(inet_in_net(&none, &net));
	assert_false(inet_in_net(&local, &net));
	assert_false(inet_in_net(&none, &empty));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse_and_print),
	    cmocka_unit_test(test_print_others),
	    cmocka_unit_test(test_agrees_with_inet_ntop),
	    cmocka_unit_test(test_equal_ip),
	    cmocka_unit_test(test_networks),
	    cmocka_unit_test(test_no_address_is_in_no_net),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
