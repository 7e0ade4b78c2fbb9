/* SPDX-License-Identifier: MIT */
/* The kernel program of the second chance, frame by frame (BPF_PROG_TEST_RUN on node A): what it
 * lets alone, whom it hands a frame to, and what that one looks like then. */
#include "chance_helper.h"

#include "net/bpf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CLIENT_PORT 30001
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10
#define ETHERNET 14

static const uint8_t third_mac[6] = {2, 0, 0, 0, 0, 0x33}, zero_mac[6];
static const uint8_t vips[2][16] = {{192, 168, 50, 10}, {0xfd, 0x50, [15] = 0x10}};
static const uint8_t clients[2][16] = {{192, 168, 50, 13}, {0xfd, 0x50, [15] = 0x13}};

struct frame {
	uint8_t bytes[256];
	size_t n;
	unsigned int ip_bytes; /* of the IP header */
};

/* ---- frames */

static uint16_t sum_of(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void seal(struct frame *f)
{
	uint8_t *ip = f->bytes + ETHERNET;

	if (f->ip_bytes != 20)
		return;
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~sum_of(ip, 20));
}

static uint8_t *transport(struct frame *f)
{
	return f->bytes + ETHERNET + f->ip_bytes;
}

/* From the client to the address, on A's wire; `bytes` of protocol `protocol`. */
static struct frame frame_of(bool v6, uint8_t protocol, size_t bytes)
{
	struct frame f = {.n = ETHERNET + (v6 ? 40 : 20) + bytes, .ip_bytes = v6 ? 40 : 20};
	uint8_t *ip = f.bytes + ETHERNET;

	memcpy(f.bytes, chance_a.mac, 6);
	memcpy(f.bytes + 6, chance_client_mac, 6);
	put16(f.bytes + 12, v6 ? 0x86dd : 0x0800);
	if (v6) {
		ip[0] = 0x60;
		put16(ip + 4, (uint16_t)bytes);
		ip[6] = protocol;
		ip[7] = 64;
		memcpy(ip + 8, clients[1], 16);
		memcpy(ip + 24, vips[1], 16);
		return f;
	}
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(20 + bytes));
	ip[8] = 64;
	ip[9] = protocol;
	memcpy(ip + 12, clients[0], 4);
	memcpy(ip + 16, vips[0], 4);
	seal(&f);
	return f;
}

static struct frame tcp(bool v6, uint8_t flags)
{
	struct frame f = frame_of(v6, IPPROTO_TCP, 40);
	uint8_t *t = transport(&f);

	put16(t, CLIENT_PORT);
	put16(t + 2, CHANCE_PORT);
	t[4] = t[8] = 1; /* sequence numbers */
	t[12] = 5 << 4;
	t[13] = flags;
	return f;
}

static struct frame icmp(bool v6, uint8_t type)
{
	struct frame f = frame_of(v6, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, 60);

	transport(&f)[0] = type;
	return f;
}

/* What the program says of it, come in by that link; *f is what became of it. */
static uint32_t run_on(unsigned int link, struct frame *f)
{
	struct __sk_buff skb;
	struct frame out = *f;
	union bpf_attr a;

	memset(&skb, 0, sizeof(skb));
	memset(&a, 0, sizeof(a));
	skb.ifindex = link;
	a.test.prog_fd = (uint32_t)chance_a.program;
	a.test.data_in = (uintptr_t)f->bytes;
	a.test.data_size_in = (uint32_t)f->n;
	a.test.data_out = (uintptr_t)out.bytes;
	a.test.data_size_out = sizeof(out.bytes);
	a.test.ctx_in = (uintptr_t)&skb;
	a.test.ctx_size_in = sizeof(skb);
	pair_go(PAIR_A);
	assert_int_equal(syscall(SYS_bpf, BPF_PROG_TEST_RUN, &a, sizeof(a)), 0);
	assert_int_equal(a.test.data_size_out, f->n);
	*f = out;
	return a.test.retval;
}

static void assert_stays(struct frame f)
{
	struct frame before = f;

	assert_int_equal(run_on(chance_a.link, &f), TC_ACT_OK);
	assert_memory_equal(f.bytes, before.bytes, f.n);
}

static void assert_goes_to(struct frame f, const uint8_t mac[6])
{
	struct frame expected = f;

	memcpy(expected.bytes, mac, 6);
	memcpy(expected.bytes + 6, chance_a.mac, 6);
	expected.bytes[ETHERNET + (f.ip_bytes == 20 ? 8 : 7)]--;
	seal(&expected);
	assert_int_equal(run_on(chance_a.link, &f), TC_ACT_REDIRECT);
	assert_memory_equal(f.bytes, expected.bytes, f.n);
}

static void assert_handed_over(struct frame f)
{
	assert_goes_to(f, chance_b.mac);
}

static void begin(bool owner, uint8_t mode)
{
	chance_begin();
	chance_tell_node(&chance_a, owner, mode);
}

/* ---- none of its business */

static void test_other_packets(void **state)
{
	struct frame f;

	(void)state;
	begin(true, CHANCE_ANY);
	assert_handed_over(tcp(false, ACK));
	assert_handed_over(tcp(true, ACK));
	assert_stays(frame_of(false, IPPROTO_UDP, 40));
	assert_stays(frame_of(true, IPPROTO_UDP, 40));
	/* another address */
	f = tcp(false, ACK);
	f.bytes[ETHERNET + 19]++;
	seal(&f);
	assert_stays(f);
	f = tcp(true, ACK);
	f.bytes[ETHERNET + 39]++;
	assert_stays(f);
	/* another protocol, another version inside */
	f = tcp(false, ACK);
	put16(f.bytes + 12, 0x0806);
	assert_stays(f);
	f = tcp(false, ACK);
	f.bytes[ETHERNET] = 0x65;
	assert_stays(f);
	f = tcp(true, ACK);
	f.bytes[ETHERNET] = 0x40;
	assert_stays(f);
	assert_int_equal(chance_counted(&chance_a, CHANCE_HANDED_OVER), 2);
}

static void test_other_headers(void **state)
{
	static const uint16_t fragments[] = {0x2000, 0x0001, 0x1fff, 0x2010};
	static const uint8_t extensions[] = {0, 43, 44, 60};
	struct frame f;

	(void)state;
	begin(true, CHANCE_ANY);
	f = tcp(false, ACK);
	f.bytes[ETHERNET] = 0x46;
	assert_stays(f);
	for (unsigned int i = 0; i < array_size(fragments); i++) {
		f = tcp(false, ACK);
		put16(f.bytes + ETHERNET + 6, fragments[i]);
		seal(&f);
		assert_stays(f);
	}
	f = tcp(false, ACK);
	put16(f.bytes + ETHERNET + 6, 0x4000); /* "don't fragment" is none */
	seal(&f);
	assert_handed_over(f);
	for (unsigned int i = 0; i < array_size(extensions); i++) {
		f = tcp(true, ACK);
		f.bytes[ETHERNET + 6] = extensions[i];
		assert_stays(f);
	}
}

static void test_short(void **state)
{
	struct frame f;

	(void)state;
	begin(true, CHANCE_ANY);
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		f = tcp(v6, ACK);
		f.n = ETHERNET + f.ip_bytes + 20;
		assert_handed_over(f);
		for (f.n--; f.n > ETHERNET + f.ip_bytes; f.n--)
			assert_stays(f);
	}
}

static void test_other_link(void **state)
{
	struct frame f;
	unsigned int inner;

	(void)state;
	begin(true, CHANCE_ANY);
	pair_go(PAIR_A);
	inner = if_nametoindex("inner1");
	assert_true(inner > 0);
	f = tcp(false, ACK);
	assert_int_equal(run_on(inner, &f), TC_ACT_OK);
	f = tcp(false, ACK);
	assert_int_equal(run_on(chance_a.link, &f), TC_ACT_REDIRECT);
}

/* ---- whose frame it is */

static void test_macs(void **state)
{
	const uint8_t virtual_mac[6] = {0, 0, 0x5e, 0, 1, 51},
		      broadcast[6] = {255, 255, 255, 255, 255, 255};
	struct chance_vip vip;

	(void)state;
	begin(false, CHANCE_ANY);
	vip = chance_vip_of(&chance_a, false, CHANCE_ANY);
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct frame f = tcp(v6, SYN);

		vip.own_mac[5] ^= 1; /* flooded: it is another's */
		chance_tell_vip(&chance_a, &vip);
		assert_stays(f);
		vip.own_mac[5] ^= 1;
		chance_tell_vip(&chance_a, &vip);
		assert_handed_over(f);
		memcpy(f.bytes, broadcast, 6);
		assert_stays(f);
		memcpy(f.bytes, zero_mac, 6); /* not the virtual MAC that there is not */
		assert_stays(f);
		memcpy(f.bytes, virtual_mac, 6);
		assert_stays(f);
		memcpy(vip.virtual_mac, virtual_mac, 6);
		chance_tell_vip(&chance_a, &vip);
		assert_handed_over(f);
		memcpy(f.bytes, chance_a.mac, 6);
		assert_handed_over(f);
		memcpy(f.bytes + 6, chance_b.mac, 6); /* the peer handed it over */
		assert_stays(f);
		memcpy(vip.virtual_mac, zero_mac, 6);
	}
}

static void test_no_peer(void **state)
{
	struct chance_vip vip;

	(void)state;
	begin(false, CHANCE_ANY);
	vip = chance_vip_of(&chance_a, false, CHANCE_ANY);
	memcpy(vip.peer_mac, zero_mac, 6);
	chance_tell_vip(&chance_a, &vip);
	assert_stays(tcp(false, SYN));
	assert_stays(tcp(false, ACK));
	assert_stays(icmp(false, 3));
	assert_stays(tcp(true, ACK));
}

static void test_lease_over(void **state)
{
	struct chance_vip vip;

	(void)state;
	begin(false, CHANCE_ANY);
	vip = chance_vip_of(&chance_a, false, CHANCE_ANY);
	vip.valid_until_ns = 1;
	chance_tell_vip(&chance_a, &vip);
	assert_stays(tcp(false, SYN));
	assert_stays(tcp(false, ACK));
	assert_stays(icmp(false, 3));
	assert_stays(tcp(true, ACK));
}

/* ---- the rules */

static const uint8_t unknown[] = {ACK, RST, RST | ACK, FIN | ACK, SYN | ACK, 0};

static void all_unknown(void (*check)(struct frame f))
{
	for (unsigned int i = 0; i < array_size(unknown); i++) {
		check(tcp(false, unknown[i]));
		check(tcp(true, unknown[i]));
	}
}

static void test_owner(void **state)
{
	(void)state;
	begin(true, CHANCE_ANY);
	assert_stays(tcp(false, SYN));
	assert_stays(tcp(true, SYN));
	all_unknown(assert_handed_over);
	chance_tell_node(&chance_a, true, CHANCE_LISTED);
	all_unknown(assert_stays);
	chance_tell_node(&chance_a, true, CHANCE_OFF);
	all_unknown(assert_stays);
	assert_stays(tcp(false, SYN));
	assert_int_equal(chance_counted(&chance_a, CHANCE_HANDED_OVER), 2 * array_size(unknown));
	assert_int_equal(chance_counted(&chance_a, CHANCE_SYNS), 0);
}

/* Whatever its mode. */
static void test_not_owner(void **state)
{
	static const uint8_t modes[] = {CHANCE_OFF, CHANCE_ANY, CHANCE_LISTED};

	(void)state;
	begin(false, CHANCE_OFF);
	for (unsigned int i = 0; i < array_size(modes); i++) {
		chance_tell_node(&chance_a, false, modes[i]);
		assert_handed_over(tcp(false, SYN));
		assert_handed_over(tcp(true, SYN));
		all_unknown(assert_handed_over);
		assert_int_equal(chance_counted(&chance_a, CHANCE_SYNS), 2 * (i + 1));
	}
}

static void put_listed(bool v6, const uint8_t mac[6])
{
	struct chance_tuple t = {.client_port = htons(CLIENT_PORT), .port = htons(CHANCE_PORT)};
	struct chance_holder h = {0};
	size_t mapped = v6 ? 0 : 12;

	if (!v6)
		t.client.ip[10] = t.client.ip[11] = t.address.ip[10] = t.address.ip[11] = 0xff;
	memcpy(t.client.ip + mapped, clients[v6], 16 - mapped);
	memcpy(t.address.ip + mapped, vips[v6], 16 - mapped);
	memcpy(h.mac, mac, 6);
	assert_int_equal(bpf_map_set(chance_a.maps[CHANCE_HELD], &t, &h), 0);
}

/* To whoever holds it, though the peer is another; and what comes from that one stays. */
static void test_holder(void **state)
{
	static const struct {
		bool owner;
		uint8_t mode;
	} rows[] = {{true, CHANCE_LISTED}, {true, CHANCE_ANY}, {false, CHANCE_OFF}};

	(void)state;
	begin(true, CHANCE_LISTED);
	for (unsigned int i = 0; i < array_size(rows); i++) {
		chance_tell_node(&chance_a, rows[i].owner, rows[i].mode);
		for (unsigned int v6 = 0; v6 < 2; v6++) {
			struct frame f = tcp(v6, ACK);

			put_listed(v6, third_mac);
			assert_goes_to(f, third_mac);
			memcpy(f.bytes + 6, third_mac, 6);
			assert_stays(f);
			f = tcp(v6, ACK);
			transport(&f)[1]++; /* another port */
			if (rows[i].mode == CHANCE_LISTED)
				assert_stays(f);
			else
				assert_handed_over(f);
		}
	}
	chance_tell_node(&chance_a, true, CHANCE_OFF);
	assert_stays(tcp(false, ACK));
	assert_stays(tcp(true, ACK));
}

/* What no list bounds the TTL does: no frame goes round for ever. */
static void test_last_hop(void **state)
{
	(void)state;
	begin(false, CHANCE_ANY);
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct frame f = tcp(v6, SYN);
		uint8_t *hops = f.bytes + ETHERNET + (v6 ? 7 : 8);

		for (unsigned int ttl = 255; ttl > 1; ttl--) {
			*hops = (uint8_t)ttl;
			seal(&f);
			assert_handed_over(f);
		}
		*hops = 1;
		seal(&f);
		assert_stays(f);
		*hops = 0;
		seal(&f);
		assert_stays(f);
		f = icmp(v6, v6 ? 1 : 3);
		f.bytes[ETHERNET + (v6 ? 7 : 8)] = 1;
		seal(&f);
		assert_stays(f);
	}
	assert_int_equal(chance_counted(&chance_a, CHANCE_ERRORS), 0);
}

/* Every checksum that a header can have. */
static void test_checksums(void **state)
{
	(void)state;
	begin(false, CHANCE_ANY);
	for (unsigned int id = 0; id < 65536; id += 251) {
		struct frame f = tcp(false, SYN);

		put16(f.bytes + ETHERNET + 4, (uint16_t)id);
		seal(&f);
		assert_handed_over(f);
		/* the edge, where a carry comes out of it */
		put16(f.bytes + ETHERNET + 4, 0);
		seal(&f);
		put16(f.bytes + ETHERNET + 4,
		      (uint16_t)(f.bytes[ETHERNET + 10] << 8 | f.bytes[ETHERNET + 11]) -
			  (uint16_t)(id % 1024));
		seal(&f);
		run_on(chance_a.link, &f);
		assert_int_equal(sum_of(f.bytes + ETHERNET, 20), 0xffff);
	}
}

/* ---- errors */

static void test_errors(void **state)
{
	uint64_t errors = 0;

	(void)state;
	begin(true, CHANCE_OFF);
	for (unsigned int type = 0; type < 256; type++) {
		errors += type == 3 || type == 11 || type == 12;
		assert_stays(icmp(false, (uint8_t)type));
		errors += type >= 1 && type <= 4;
		assert_stays(icmp(true, (uint8_t)type));
		assert_int_equal(chance_counted(&chance_a, CHANCE_ERRORS), errors);
	}
	assert_int_equal(errors, 7);
}

/* ---- sockets */

/* The frame of that connection's client. */
static struct frame of_client(int family, int client, uint8_t flags)
{
	struct frame f = tcp(family == AF_INET6, flags);
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);

	assert_int_equal(getsockname(client, (struct sockaddr *)&at, &len), 0);
	memcpy(transport(&f), &((struct sockaddr_in *)&at)->sin_port, 2);
	return f;
}

static void known_connection(int family)
{
	struct frame f;
	int client, server;
	time_t end;

	chance_tell_node(&chance_a, true, CHANCE_ANY);
	chance_aim(&chance_a);
	client = chance_connect(family);
	server = chance_accept(&chance_a, family);
	assert_true(client >= 0 && server >= 0);
	chance_tell_node(&chance_a, false, CHANCE_OFF);
	assert_stays(of_client(family, client, ACK));
	assert_stays(of_client(family, client, RST));
	assert_stays(of_client(family, client, FIN | ACK));
	chance_list(&chance_a, client, third_mac); /* an old list: we know better */
	assert_stays(of_client(family, client, ACK));
	chance_tell_node(&chance_a, true, CHANCE_LISTED);
	assert_stays(of_client(family, client, ACK));
	/* closed from here: the rest of it, TIME_WAIT, is none of a connection's */
	close(server);
	end = time(NULL) + 10;
	do
		f = of_client(family, client, ACK);
	while (run_on(chance_a.link, &f) != TC_ACT_REDIRECT && time(NULL) < end);
	assert_goes_to(of_client(family, client, ACK), third_mac);
	close(client);
}

static void test_sockets(void **state)
{
	(void)state;
	chance_begin();
	known_connection(AF_INET);
	known_connection(AF_INET6);
}

/* ---- the limit */

static void set_limit(uint64_t second_ns, uint64_t n)
{
	struct chance_limit *all = calloc(bpf_cpus(), sizeof(*all));
	uint32_t key = 0;

	assert_non_null(all);
	for (unsigned int i = 0; i < bpf_cpus(); i++)
		all[i] = (struct chance_limit){second_ns, n};
	assert_int_equal(bpf_map_set(chance_a.maps[CHANCE_LIMIT], &key, all), 0);
	free(all);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* In a second that began just now, of which n are gone; again where it was over too soon. */
static uint32_t run_in_second(struct frame f, uint64_t n)
{
	uint32_t verdict;
	uint64_t began;

	do {
		struct frame copy = f;

		began = now_ns();
		set_limit(began - 100000000, n); /* the program's clock may be a tick late */
		verdict = run_on(chance_a.link, &copy);
	} while (now_ns() - began > 800000000);
	return verdict;
}

static void test_limit(void **state)
{
	(void)state;
	begin(false, CHANCE_ANY);
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		const struct frame ack = tcp(v6, ACK), syn = tcp(v6, SYN),
				   error = icmp(v6, v6 ? 1 : 3);
		uint64_t limited = chance_counted(&chance_a, CHANCE_LIMITED),
			 errors = chance_counted(&chance_a, CHANCE_ERRORS);

		assert_int_equal(run_in_second(ack, CHANCE_LIMIT_PER_SECOND - 1), TC_ACT_REDIRECT);
		assert_int_equal(chance_counted(&chance_a, CHANCE_LIMITED), limited);
		assert_int_equal(run_in_second(ack, CHANCE_LIMIT_PER_SECOND), TC_ACT_OK);
		assert_true(chance_counted(&chance_a, CHANCE_LIMITED) > limited);
		assert_int_equal(run_in_second(error, CHANCE_LIMIT_PER_SECOND), TC_ACT_OK);
		assert_int_equal(chance_counted(&chance_a, CHANCE_ERRORS), errors);
		/* neither what begins a connection nor what is on a list */
		assert_int_equal(run_in_second(syn, CHANCE_LIMIT_PER_SECOND), TC_ACT_REDIRECT);
		put_listed(v6, third_mac);
		assert_int_equal(run_in_second(ack, CHANCE_LIMIT_PER_SECOND), TC_ACT_REDIRECT);
		/* a new second */
		set_limit(now_ns() - 1200000000, CHANCE_LIMIT_PER_SECOND);
		chance_tell_node(&chance_a, false, CHANCE_ANY);
		{
			struct frame other = ack;

			transport(&other)[1]++;
			assert_handed_over(other);
		}
	}
}

/* ---- over the wire */

/* Headers in pages, as some cards deliver them; then one with a VLAN tag, and one for another node
 * that the bridge floods: those stay, and so the last one is the next that is counted. */
static void test_wire(void **state)
{
	(void)state;
	begin(false, CHANCE_ANY);
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct frame f = tcp(v6, SYN), tagged = {.n = f.n + 4};

		chance_send_frame(f.bytes, f.n, false);
		chance_wait_counted(&chance_a, CHANCE_SYNS, 3 * v6 + 1);
		chance_send_frame(f.bytes, f.n, true);
		chance_wait_counted(&chance_a, CHANCE_SYNS, 3 * v6 + 2);
		memcpy(tagged.bytes, f.bytes, 12);
		put16(tagged.bytes + 12, 0x8100);
		put16(tagged.bytes + 14, 7);
		memcpy(tagged.bytes + 16, f.bytes + 12, f.n - 12);
		chance_send_frame(tagged.bytes, tagged.n, false);
		memcpy(f.bytes, third_mac, 6);
		chance_send_frame(f.bytes, f.n, false);
		memcpy(f.bytes, chance_a.mac, 6);
		chance_send_frame(f.bytes, f.n, false);
		chance_wait_counted(&chance_a, CHANCE_SYNS, 3 * v6 + 3);
	}
}

#define TEST(function) cmocka_unit_test_teardown(function, chance_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_other_packets), TEST(test_other_headers), TEST(test_short),
	    TEST(test_other_link),    TEST(test_macs),          TEST(test_no_peer),
	    TEST(test_lease_over),    TEST(test_owner),         TEST(test_not_owner),
	    TEST(test_holder),        TEST(test_last_hop),      TEST(test_checksums),
	    TEST(test_errors),        TEST(test_sockets),       TEST(test_limit),
	    TEST(test_wire),
	};

	return cmocka_run_group_tests(tests, pair_enter, NULL);
}
