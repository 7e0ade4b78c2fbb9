/* SPDX-License-Identifier: MIT */
/* Our filter at a link's ingress: put there, replaced, taken away, and others' stay. In namespaces;
 * skipped where those or bpf(2) are forbidden. */
#include "net/netlink_tc.h"

#include "net/bpf.h"

#include "net_helper.h"
#include "netns_helper.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OTHERS "protocol ip u32 match u32 0 0 classid 1:1"

static struct netlink *nl;
static unsigned int wire;
static int pass, drop; /* programs */

static int program(int verdict)
{
	const struct bpf_insn code[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, verdict},
					{BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};

	return bpf_program_new("verdict", code, 2, NULL, 0, NULL, 0);
}

static bool try_tc(const char *words)
{
	char command[256];

	snprintf(command, sizeof(command), "tc %s", words);
	return system(command) == 0;
}

static void tc(const char *words)
{
	if (!try_tc(words))
		fail_msg("tc %s", words);
}

/* How often `tc WORDS` prints that. */
static unsigned int tc_prints(const char *words, const char *what)
{
	char command[128], text[8192];
	unsigned int times = 0;
	size_t n;
	FILE *f;

	snprintf(command, sizeof(command), "tc %s", words);
	f = popen(command, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	pclose(f);
	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		times++;
	return times;
}

static unsigned int disciplines(void)
{
	return tc_prints("qdisc show dev wire0", "clsact");
}

static unsigned int ours(const char *name)
{
	return tc_prints("filter show dev wire0 ingress pref 112", name);
}

/* Whether a datagram from the other machine arrives. */
static bool arrives(void)
{
	static uint32_t number;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a090001)};
	struct timeval patience = {.tv_sec = 10}, little = {.tv_usec = 100000};
	socklen_t len = sizeof(at);
	int to = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), from;
	uint32_t got = 0;

	number++;
	assert_int_equal(bind(to, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(to, (struct sockaddr *)&at, &len), 0);
	netns_go(1);
	from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	netns_go(0);
	assert_int_equal(sendto(from, &number, 4, 0, (struct sockaddr *)&at, sizeof(at)), 4);
	/* The way is synchronous but for the neighbour's answer, which a dropped one never gets. */
	setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, ours("drop") ? &little : &patience, sizeof(little));
	if (recv(to, &got, sizeof(got), 0) < 0)
		assert_true(errno == EAGAIN);
	close(from);
	close(to);
	return got == number;
}

static int begin(void **state)
{
	(void)state;
	assert_int_equal(disciplines(), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (try_tc("qdisc del dev wire0 clsact 2>/dev/null") ||
	    try_tc("qdisc del dev wire0 ingress 2>/dev/null"))
		assert_int_equal(disciplines(), 0);
	return 0;
}

static void test_attach(void **state)
{
	(void)state;
	assert_true(arrives());
	assert_int_equal(netlink_tc_attach(nl, wire, pass, "halb_pass"), 0);
	assert_int_equal(disciplines(), 1);
	assert_int_equal(ours("halb_pass direct-action"), 1);
	assert_true(arrives());
	/* in the place of the former one */
	assert_int_equal(netlink_tc_attach(nl, wire, drop, "halb_drop"), 0);
	assert_int_equal(ours("direct-action"), 1);
	assert_int_equal(ours("halb_drop"), 1);
	assert_false(arrives());
	assert_int_equal(netlink_tc_attach(nl, wire, pass, "halb_pass"), 0);
	assert_int_equal(ours("direct-action"), 1);
	assert_true(arrives());
	assert_int_equal(netlink_tc_detach(nl, wire), 0);
	assert_int_equal(disciplines(), 0);
	assert_true(arrives());
}

static void test_detach_absent(void **state)
{
	(void)state;
	assert_int_equal(netlink_tc_detach(nl, wire), 0);
	assert_int_equal(netlink_tc_detach(nl, 4711), 0);
	assert_int_equal(disciplines(), 0);
	/* a discipline of the elder kind is another's */
	tc("qdisc add dev wire0 ingress");
	assert_int_equal(netlink_tc_detach(nl, wire), 0);
	assert_int_equal(tc_prints("qdisc show dev wire0", "ingress"), 1);
}

static void test_elder_discipline(void **state)
{
	(void)state;
	tc("qdisc add dev wire0 ingress");
	assert_int_equal(netlink_tc_attach(nl, wire, drop, "halb_drop"), 0);
	assert_false(arrives());
	assert_int_equal(netlink_tc_detach(nl, wire), 0);
	assert_true(arrives());
	assert_int_equal(tc_prints("qdisc show dev wire0", "ingress"), 1);
}

static void others_stay(const char *where)
{
	char words[128], show[64];

	tc("qdisc add dev wire0 clsact");
	snprintf(words, sizeof(words), "filter add dev wire0 %s pref 5 " OTHERS, where);
	snprintf(show, sizeof(show), "filter show dev wire0 %s", where);
	tc(words);
	assert_int_equal(netlink_tc_attach(nl, wire, pass, "halb_pass"), 0);
	assert_int_equal(ours("halb_pass"), 1);
	assert_true(tc_prints(show, "pref 5 u32") > 0);
	assert_int_equal(netlink_tc_detach(nl, wire), 0);
	assert_int_equal(ours("halb_pass"), 0);
	assert_int_equal(disciplines(), 1);
	assert_true(tc_prints(show, "pref 5 u32") > 0);
	/* the last one's way out takes the discipline along */
	snprintf(words, sizeof(words), "filter del dev wire0 %s pref 5", where);
	tc(words);
	assert_int_equal(netlink_tc_detach(nl, wire), 0);
	assert_int_equal(disciplines(), 0);
}

static void test_others_stay(void **state)
{
	(void)state;
	others_stay("ingress");
	others_stay("egress");
}

/* Of the same priority and kind, by another hand: told apart by its handle. */
static void test_same_priority(void **state)
{
	(void)state;
	assert_int_equal(netlink_tc_attach(nl, wire, pass, "halb_pass"), 0);
	tc("filter add dev wire0 ingress pref 112 protocol all handle 1 bpf "
	   "bytecode '1,6 0 0 0,' classid 1:1");
	assert_int_equal(netlink_tc_attach(nl, wire, pass, "halb_again"), 0);
	assert_int_equal(netlink_tc_detach(nl, wire), 0);
	assert_int_equal(ours("halb"), 0);
	assert_int_equal(ours("handle 0x1 "), 1);
	assert_int_equal(disciplines(), 1);
}

static void test_refused(void **state)
{
	(void)state;
	assert_int_equal(netlink_tc_attach(nl, 4711, pass, "halb"), -ENODEV);
	/* no program: what was begun is undone */
	assert_int_equal(netlink_tc_attach(nl, wire, 9999, "halb"), -EBADF);
	assert_int_equal(disciplines(), 0);
	/* another kind of filter has our priority: it stays, and so does the discipline */
	tc("qdisc add dev wire0 clsact");
	tc("filter add dev wire0 ingress pref 112 " OTHERS);
	assert_true(netlink_tc_attach(nl, wire, pass, "halb") < 0);
	assert_int_equal(netlink_tc_detach(nl, wire), 0);
	assert_true(ours("u32") > 0);
	assert_int_equal(disciplines(), 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

static bool prepared(void)
{
	struct netlink_link l;

	pass = program(TC_ACT_OK);
	drop = program(TC_ACT_SHOT);
	if (pass < 0 || drop < 0) {
		printf("# bpf(2) is forbidden here: %s\n", strerror(-pass));
		return false;
	}
	if (!netns_enter())
		return false;
	if (!try_tc("qdisc add dev lo clsact") ||
	    !try_tc("filter add dev lo ingress pref 5 " OTHERS)) {
		printf("# this kernel has no clsact or no u32 filter\n");
		return false;
	}
	nl = netlink_new();
	if (!nl || netlink_link_by_name(nl, "wire0", &l) != 0)
		return false;
	wire = l.index;
	return true;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_attach),      TEST(test_detach_absent), TEST(test_elder_discipline),
	    TEST(test_others_stay), TEST(test_same_priority), TEST(test_refused),
	};
	const struct CMUnitTest forbidden[] = {cmocka_unit_test(netns_forbidden)};
	int failed = prepared() ? cmocka_run_group_tests(tests, NULL, NULL)
				: cmocka_run_group_tests(forbidden, NULL, NULL);

	netlink_free(nl);
	return failed;
}
