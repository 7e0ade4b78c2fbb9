/* SPDX-License-Identifier: MIT */
/* Implements chance_helper.h: iproute2, real sockets, and AF_PACKET for frames made by hand. */
#include "chance_helper.h"

#include "failover/second_chance_code.h"

#include "net/bpf.h"
#include "net/netlink_tc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 10000
#define HOUR_NS 3600000000000ull

struct chance_node chance_a = {.place = PAIR_A}, chance_b = {.place = PAIR_B};
uint8_t chance_client_mac[6];
static const int families[2] = {AF_INET, AF_INET6};
static unsigned int client_link;
static bool begun;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static struct chance_node *other(const struct chance_node *n)
{
	return n == &chance_a ? &chance_b : &chance_a;
}

static void ip(enum pair_place place, const char *words)
{
	if (!pair_ip(place, words))
		fail_msg("ip %s", words);
}

void chance_sysctl(enum pair_place place, const char *name, const char *value)
{
	char path[128];
	FILE *f;

	pair_go(place);
	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	f = fopen(path, "w");
	if (!f || fputs(value, f) < 0 || fclose(f) != 0)
		fail_msg("%s: %s", path, strerror(errno));
}

static socklen_t vip_at(int family, struct sockaddr_storage *at)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)at;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)at;

	memset(at, 0, sizeof(*at));
	if (family == AF_INET) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(CHANCE_PORT);
		assert_int_equal(inet_pton(AF_INET, PAIR_VIP, &v4->sin_addr), 1);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(CHANCE_PORT);
	assert_int_equal(inet_pton(AF_INET6, CHANCE_VIP6, &v6->sin6_addr), 1);
	return sizeof(*v6);
}

/* ---- the beginning and the end of a test */

static bool bpf_is_permitted(void)
{
	static const struct bpf_insn ok[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
					     {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
	int program = bpf_program_new("test", ok, 2, NULL, 0, NULL, 0);

	if (program >= 0)
		close(program);
	else
		printf("# bpf(2) is forbidden here: %s\n", strerror(-program));
	return program >= 0;
}

static int listen_on_vip(int family)
{
	struct sockaddr_storage at;
	socklen_t len = vip_at(family, &at);
	int one = 1, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	if (family == AF_INET6) /* a local route alone is not enough there */
		assert_int_equal(setsockopt(fd, SOL_IPV6, IPV6_FREEBIND, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

static void load(struct chance_node *n)
{
	static const struct bpf_map_layout layouts[CHANCE_MAPS] = {
	    [CHANCE_VIPS] = {"vips", BPF_MAP_TYPE_HASH, sizeof(struct chance_vip_key),
			     sizeof(struct chance_vip), CHANCE_MAX_VIPS, 0},
	    [CHANCE_HELD] = {"held", BPF_MAP_TYPE_HASH, sizeof(struct chance_tuple),
			     sizeof(struct chance_holder), CHANCE_MAX_HELD, BPF_F_NO_PREALLOC},
	    [CHANCE_COUNTERS] = {"counters", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, CHANCE_COUNTS, 0},
	    [CHANCE_LIMIT] = {"limit", BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct chance_limit), 1,
			      0},
	};
	char refusal[4096];

	for (unsigned int i = 0; i < CHANCE_MAPS; i++) {
		n->maps[i] = bpf_map_new(&layouts[i]);
		assert_true(n->maps[i] >= 0);
	}
	n->program =
	    bpf_program_new("second_chance", second_chance_code, array_size(second_chance_code),
			    n->maps, CHANCE_MAPS, refusal, sizeof(refusal));
	if (n->program < 0)
		fail_msg("%s: %s", strerror(-n->program), refusal);
}

static struct netlink_link link_there(struct netlink *netlink)
{
	struct netlink_link l;

	assert_int_equal(netlink_link_by_name(netlink, "eth1", &l), 0);
	return l;
}

static void node_begin(struct chance_node *n)
{
	struct netlink *netlink;
	struct netlink_link l;
	char words[96];

	load(n);
	chance_sysctl(n->place, "ipv4/conf/eth1/arp_ignore", "1");
	chance_sysctl(n->place, "ipv4/conf/eth1/arp_announce", "2");
	chance_sysctl(n->place, "ipv4/tcp_syncookies", "1");
	ip(n->place, "route replace local " PAIR_VIP " dev lo table local metric 1000");
	ip(n->place, "-6 route replace local " CHANCE_VIP6 " dev lo table local metric 1000");
	snprintf(words, sizeof(words), "address replace fd50::%u/64 dev eth1 nodad", 11 + n->place);
	ip(n->place, words);
	netlink = netlink_new();
	assert_non_null(netlink);
	l = link_there(netlink);
	n->link = l.index;
	memcpy(n->mac, l.mac, sizeof(n->mac));
	assert_int_equal(netlink_tc_attach(netlink, n->link, n->program, "second_chance"), 0);
	netlink_free(netlink);
	for (unsigned int i = 0; i < 2; i++)
		n->listeners[i] = listen_on_vip(families[i]);
}

void chance_begin(void)
{
	struct netlink *netlink;
	struct netlink_link l;

	pair_required();
	if (!bpf_is_permitted())
		skip();
	begun = true;
	node_begin(&chance_a);
	node_begin(&chance_b);
	ip(PAIR_STRANGER, "address replace fd50::13/64 dev eth1 nodad");
	netlink = netlink_new();
	assert_non_null(netlink);
	l = link_there(netlink);
	client_link = l.index;
	memcpy(chance_client_mac, l.mac, sizeof(chance_client_mac));
	netlink_free(netlink);
}

static void node_end(struct chance_node *n)
{
	struct netlink *netlink;

	pair_go(n->place);
	netlink = netlink_new();
	assert_non_null(netlink);
	assert_int_equal(netlink_tc_detach(netlink, n->link), 0);
	netlink_free(netlink);
	close(n->program);
	for (unsigned int i = 0; i < CHANCE_MAPS; i++)
		close(n->maps[i]);
	close(n->listeners[0]);
	close(n->listeners[1]);
}

int chance_end(void **state)
{
	(void)state;
	if (begun) {
		node_end(&chance_a);
		node_end(&chance_b);
	}
	begun = false;
	return 0;
}

/* ---- the nodes */

struct chance_vip chance_vip_of(const struct chance_node *n, bool owner, uint8_t mode)
{
	struct chance_vip vip = {
	    .valid_until_ns = now_ns() + HOUR_NS, .owner = owner, .mode = mode};

	memcpy(vip.own_mac, n->mac, sizeof(vip.own_mac));
	memcpy(vip.peer_mac, other(n)->mac, sizeof(vip.peer_mac));
	return vip;
}

static struct chance_address address_of(int family, const void *ip_bytes)
{
	struct chance_address a = {.ip = {[10] = 0xff, [11] = 0xff}};

	if (family == AF_INET)
		memcpy(a.ip + 12, ip_bytes, 4);
	else
		memcpy(a.ip, ip_bytes, 16);
	return a;
}

static const void *ip_in(const struct sockaddr_storage *at)
{
	return at->ss_family == AF_INET ? (const void *)&((const struct sockaddr_in *)at)->sin_addr
					: &((const struct sockaddr_in6 *)at)->sin6_addr;
}

void chance_tell_vip(struct chance_node *n, const struct chance_vip *vip)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct chance_vip_key key = {.link = n->link};
		struct sockaddr_storage at;

		vip_at(families[i], &at);
		key.address = address_of(families[i], ip_in(&at));
		assert_int_equal(bpf_map_set(n->maps[CHANCE_VIPS], &key, vip), 0);
	}
}

void chance_tell_node(struct chance_node *n, bool owner, uint8_t mode)
{
	struct chance_vip vip = chance_vip_of(n, owner, mode);

	chance_tell_vip(n, &vip);
}

void chance_list(struct chance_node *n, int client, const uint8_t mac[6])
{
	struct chance_holder holder = {0};
	struct chance_tuple tuple;
	struct sockaddr_storage from, to;
	socklen_t len = sizeof(from);

	assert_int_equal(getsockname(client, (struct sockaddr *)&from, &len), 0);
	len = sizeof(to);
	assert_int_equal(getpeername(client, (struct sockaddr *)&to, &len), 0);
	tuple.client = address_of(from.ss_family, ip_in(&from));
	tuple.address = address_of(to.ss_family, ip_in(&to));
	tuple.client_port = ((struct sockaddr_in *)&from)->sin_port; /* in the same place in both */
	tuple.port = ((struct sockaddr_in *)&to)->sin_port;
	memcpy(holder.mac, mac, sizeof(holder.mac));
	assert_int_equal(bpf_map_set(n->maps[CHANCE_HELD], &tuple, &holder), 0);
}

uint64_t chance_counted(const struct chance_node *n, uint32_t what)
{
	uint64_t *values = calloc(bpf_cpus(), sizeof(*values)), sum = 0;

	assert_non_null(values);
	assert_int_equal(bpf_map_get(n->maps[CHANCE_COUNTERS], &what, values), 0);
	for (unsigned int i = 0; i < bpf_cpus(); i++)
		sum += values[i];
	free(values);
	return sum;
}

void chance_wait_counted(const struct chance_node *n, uint32_t what, uint64_t value)
{
	uint64_t end = now_ns() + WAIT_MS * 1000000ull;

	while (chance_counted(n, what) != value && now_ns() < end)
		sched_yield();
	assert_int_equal(chance_counted(n, what), value);
}

/* ---- the client */

void chance_aim(const struct chance_node *n)
{
	static const char *const vips[] = {PAIR_VIP, CHANCE_VIP6};
	char words[128];

	for (unsigned int i = 0; i < 2; i++) {
		snprintf(words, sizeof(words),
			 "neighbour replace %s lladdr %02x:%02x:%02x:%02x:%02x:%02x dev eth1 "
			 "nud permanent",
			 vips[i], n->mac[0], n->mac[1], n->mac[2], n->mac[3], n->mac[4], n->mac[5]);
		ip(PAIR_STRANGER, words);
	}
}

static void set_patience(int fd)
{
	const struct timeval t = {.tv_sec = WAIT_MS / 1000};

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)), 0);
}

int chance_connect(int family)
{
	struct sockaddr_storage at;
	socklen_t len = vip_at(family, &at);
	int fd, error;

	pair_go(PAIR_STRANGER);
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	set_patience(fd);
	if (connect(fd, (struct sockaddr *)&at, len) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int chance_accept(const struct chance_node *n, int family)
{
	struct pollfd p = {.fd = n->listeners[family == AF_INET6], .events = POLLIN};
	int fd = poll(&p, 1, WAIT_MS) == 1 ? accept4(p.fd, NULL, NULL, SOCK_CLOEXEC) : -1;

	if (fd >= 0)
		set_patience(fd);
	return fd;
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8));
}

static size_t send_some(int fd, size_t done, size_t n)
{
	uint8_t bytes[65536];
	size_t chunk = n - done < sizeof(bytes) ? n - done : sizeof(bytes);
	ssize_t sent;

	for (size_t i = 0; i < chunk; i++)
		bytes[i] = byte_at(done + i);
	sent = send(fd, bytes, chunk, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sent > 0 ? (size_t)sent : 0;
}

/* 0: the end, an error or a wrong byte. */
static size_t receive_some(int fd, size_t done)
{
	uint8_t bytes[65536];
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	for (ssize_t i = 0; i < got; i++)
		if (bytes[i] != byte_at(done + (size_t)i))
			return 0;
	return got > 0 ? (size_t)got : 0;
}

bool chance_transfer(int from, int to, size_t n)
{
	size_t sent = 0, received = 0, got;

	while (received < n) {
		struct pollfd p[] = {{.fd = to, .events = POLLIN},
				     {.fd = from, .events = sent < n ? POLLOUT : 0}};

		if (poll(p, 2, WAIT_MS) <= 0 || (p[0].revents | p[1].revents) & POLLERR)
			return false;
		if (p[1].revents & POLLOUT)
			sent += send_some(from, sent, n);
		if (!(p[0].revents & POLLIN))
			continue;
		got = receive_some(to, received);
		if (got == 0)
			return false;
		received += got;
	}
	return received == n;
}

bool chance_is_reset(int client)
{
	struct pollfd p = {.fd = client, .events = POLLIN};
	int error = 0;
	socklen_t len = sizeof(error);

	if (send(client, "x", 1, MSG_NOSIGNAL) != 1)
		return errno == ECONNRESET;
	return poll(&p, 1, WAIT_MS) == 1 && p.revents & POLLERR &&
	       getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == ECONNRESET;
}

/* Of a ring's frame the kernel copies the Ethernet header only, and takes the rest as a page. */
static void send_paged(int fd, const void *frame, size_t n)
{
	const struct tpacket_req ring = {
	    .tp_block_size = 4096, .tp_block_nr = 1, .tp_frame_size = 2048, .tp_frame_nr = 2};
	int version = TPACKET_V2;
	struct tpacket2_hdr *at;

	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &ring, sizeof(ring)), 0);
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(at != MAP_FAILED);
	memcpy((char *)at + TPACKET_ALIGN(sizeof(*at)), frame, n);
	at->tp_len = (uint32_t)n;
	at->tp_status = TP_STATUS_SEND_REQUEST;
	assert_int_equal(send(fd, NULL, 0, 0), n);
	munmap(at, 4096);
}

void chance_send_frame(const void *frame, size_t n, bool paged)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = (int)client_link};
	int fd;

	pair_go(PAIR_STRANGER);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	if (paged)
		send_paged(fd, frame, n);
	else
		assert_int_equal(send(fd, frame, n, 0), n);
	close(fd);
}
