/* SPDX-License-Identifier: MIT */
/*
 * BFD towards peers, for real: two watches that talk over the loopback, and a peer of the test's
 * own. In a network namespace, because the port is a fixed one; skipped where there may be none.
 */
#include "watch_helper.h"

#include "failover/peer_watch.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define INTERVAL_MS 400 /* long enough for a busy machine: both sides are this process */
#define MULTIPLIER 3
#define FIRST "127.0.0.2"
#define SECOND "127.0.0.3"

struct side {
	struct model_vrrp model;
	struct model_vrrp_bfd bfd;
	struct peer_watch *watch;
	struct inet own, peer;
	unsigned int downs, others, ups, changes;
};

static struct side a, b;
static bool allowed;

static void set_loopback(bool up)
{
	struct ifreq r = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	r.ifr_flags = up ? IFF_UP : 0;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	close(fd);
}

static void on_down(void *user, const struct inet *peer, unsigned int others)
{
	struct side *s = user;

	assert_true(inet_equal_ip(peer, &s->peer));
	s->downs++;
	s->others = others;
}

static void on_bfd_changed(void *user, const struct model_vrrp_bfd *bfd, bool up)
{
	struct side *s = user;

	assert_ptr_equal(bfd, &s->bfd);
	s->changes++;
	s->ups += up;
}

static void side_init(struct side *s, const char *own, const char *peer)
{
	memset(s, 0, sizeof(*s));
	assert_true(inet_parse(span_of(own), &s->own));
	assert_true(inet_parse(span_of(peer), &s->peer));
	s->model.global.bfd_interval_ms = INTERVAL_MS;
	s->model.global.bfd_multiplier = MULTIPLIER;
	s->bfd = (struct model_vrrp_bfd){
	    .name = "b1",
	    .neighbor = s->peer,
	    .source = s->own,
	    .min_tx_ms = INTERVAL_MS / 2,
	    .min_rx_ms = INTERVAL_MS / 2,
	    .idle_tx_ms = 1000,
	    .multiplier = 5,
	};
}

static void side_start(struct side *s)
{
	struct peer_watch_hooks hooks = {
	    .user = s, .down = on_down, .bfd_changed = on_bfd_changed, .log = watch_on_log};

	s->watch = peer_watch_new(&watch_loop, &s->model, &hooks);
	assert_non_null(s->watch);
}

static int start(void **state)
{
	if (!allowed)
		return 0;
	side_init(&a, FIRST, SECOND);
	side_init(&b, SECOND, FIRST);
	return watch_start(state);
}

static int stop(void **state)
{
	if (!allowed)
		return 0;
	peer_watch_free(a.watch);
	peer_watch_free(b.watch);
	return watch_stop(state);
}

static struct peer_status status_of(const struct side *s)
{
	struct peer_status status;

	peer_watch_status(s->watch, &s->peer, &status);
	return status;
}

static bool is_up(const void *what)
{
	return status_of(what).state == BFD_UP;
}

static bool is_down(const void *what)
{
	return status_of(what).state == BFD_DOWN;
}

static void add(const struct side *s, unsigned int index)
{
	peer_watch_add(s->watch, &s->peer, &s->own, index);
}

static void both_up(unsigned int index)
{
	side_start(&a);
	side_start(&b);
	add(&a, index);
	add(&b, index);
	watch_until(is_up, &a);
	watch_until(is_up, &b);
}

static bool detects_as_asked(const void *what)
{
	return status_of(what).detect_ms == INTERVAL_MS * MULTIPLIER;
}

static bool detects_later(const void *what)
{
	return status_of(what).detect_ms == 2 * INTERVAL_MS * MULTIPLIER;
}

static void test_comes_up(void **state)
{
	(void)state;
	if (!allowed)
		skip();
	both_up(1);
	watch_until(detects_as_asked, &a);
	watch_until(detects_as_asked, &b);
	assert_int_equal(watch_said("(" SECOND ") Entering Up state\n"), 1);
	assert_int_equal(a.changes, 0);
	add(&a, 1);
	assert_true(is_up(&a));
}

static void test_silence_is_told(void **state)
{
	(void)state;
	if (!allowed)
		skip();
	both_up(1);
	set_loopback(false);
	watch_until(is_down, &a);
	watch_until(is_down, &b);
	set_loopback(true);
	assert_int_equal(a.downs, 1);
	assert_int_equal(a.others, 0);
	assert_int_equal(status_of(&a).downs, 1);
	assert_true(watch_said("Entering Down state (Local diagnostic - Control Detection Time "
			       "Expired, Remote diagnostic - No Diagnostic)\n") >= 1);
	watch_until(is_up, &a);
	assert_int_equal(a.downs, 1);
}

static void test_a_farewell_is_no_failure(void **state)
{
	(void)state;
	if (!allowed)
		skip();
	both_up(1);
	peer_watch_free(b.watch);
	b.watch = NULL;
	watch_until(is_down, &a);
	assert_int_equal(a.downs, 0);
	assert_int_equal(watch_said("Neighbor Signaled Session Down"), 1);
}

static void test_reload_keeps_sessions(void **state)
{
	struct model_vrrp slower = a.model;

	(void)state;
	if (!allowed)
		skip();
	both_up(1);
	slower.global = a.model.global;
	slower.global.bfd_interval_ms = 2 * INTERVAL_MS;
	peer_watch_reload(a.watch, &slower);
	watch_until(detects_later, &a);
	watch_until(detects_later, &b);
	assert_true(is_up(&a) && is_up(&b));
	assert_int_equal(a.downs + b.downs, 0);
	slower.global.bfd_interval_ms = 0;
	peer_watch_reload(a.watch, &slower);
	assert_false(status_of(&a).known);
	watch_until(is_down, &b);
	assert_int_equal(b.downs, 0);
	add(&a, 1);
	assert_false(status_of(&a).known);
}

/* ---- bfd_instance blocks */

static bool has_ups(const void *what)
{
	return ((const struct side *)what)->ups > 0;
}

static void test_configured(void **state)
{
	(void)state;
	if (!allowed)
		skip();
	a.model.bfds = &a.bfd;
	b.model.bfds = &b.bfd;
	b.bfd.passive = true;
	side_start(&a);
	side_start(&b);
	add(&a, 1);
	watch_until(has_ups, &a);
	watch_until(has_ups, &b);
	assert_int_equal(watch_said("(b1) Entering Up state\n"), 2);
	set_loopback(false);
	watch_until(is_down, &a);
	set_loopback(true);
	assert_int_equal(a.downs, 1);
	assert_int_equal(a.changes, 2);
	a.model.bfds = NULL;
	a.model.global.bfd_interval_ms = 0;
	peer_watch_reload(a.watch, &a.model);
	assert_false(status_of(&a).known);
}

/* ---- a peer of the test's own */

static int stranger(const char *own, int ttl)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET, own, &at.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)), 0);
	return fd;
}

static void send_to_a(int fd, uint32_t your_discriminator, enum bfd_state state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(BFD_PORT)};
	struct bfd_packet p = {
	    .state = state,
	    .multiplier = 3,
	    .my_discriminator = 77,
	    .your_discriminator = your_discriminator,
	    .min_tx_us = 60000000,
	    .min_rx_us = 60000000,
	};
	uint8_t bytes[BFD_BYTES];

	bfd_build(bytes, &p);
	inet_pton(AF_INET, FIRST, &to.sin_addr);
	assert_int_equal(sendto(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(bytes));
	loop_turn(&watch_loop, 0);
	loop_turn(&watch_loop, 0);
}

static void test_forged_packets(void **state)
{
	int near, far, other;

	(void)state;
	if (!allowed)
		skip();
	side_start(&a);
	add(&a, 1);
	far = stranger(SECOND, 254);
	other = stranger("127.0.0.4", 255);
	near = stranger(SECOND, 255);
	send_to_a(far, 0, BFD_DOWN);
	assert_true(is_down(&a));
	send_to_a(other, 0, BFD_DOWN);
	assert_true(is_down(&a));
	send_to_a(near, 12345, BFD_DOWN); /* a discriminator that we never had */
	assert_true(is_down(&a));
	send_to_a(near, 0, BFD_DOWN);
	assert_int_equal(status_of(&a).state, BFD_INIT);
	close(near);
	close(far);
	close(other);
}

/* A block without source_ip hears the neighbour on any address; an address of its own that another
 * block needs is heard by the same socket. (Passive, and no strangers: all of 127/8 is ours here,
 * so the sessions would talk to each other.) */
static void test_configured_without_source(void **state)
{
	struct model_vrrp_bfd anywhere = a.bfd;
	int fd;

	(void)state;
	if (!allowed)
		skip();
	anywhere.source = (struct inet){.family = INET_NONE};
	anywhere.passive = a.bfd.passive = true;
	a.bfd.neighbor.ip[3] = 4;
	a.model.global.bfd_interval_ms = 0;
	a.model.bfds = &a.bfd;
	side_start(&a);
	anywhere.next = &a.bfd;
	a.model.bfds = &anywhere;
	peer_watch_reload(a.watch, &a.model);
	fd = stranger(SECOND, 255);
	send_to_a(fd, 0, BFD_DOWN);
	assert_int_equal(status_of(&a).state, BFD_INIT);
	close(fd);
	a.peer = a.bfd.neighbor;
	assert_true(is_down(&a));
	fd = stranger("127.0.0.4", 255);
	send_to_a(fd, 0, BFD_DOWN);
	assert_int_equal(status_of(&a).state, BFD_INIT);
	close(fd);
	assert_int_equal(watch_said("BFD: no port"), 0);
	peer_watch_free(a.watch);
	a.watch = NULL;
}

/* A backup hears its master; the master knows its backup by its BFD packets alone. */
static void test_listening_is_enough(void **state)
{
	(void)state;
	if (!allowed)
		skip();
	side_start(&a);
	side_start(&b);
	peer_watch_listen(b.watch, &b.own, 1);
	add(&a, 1);
	watch_until(is_up, &a);
	watch_until(is_up, &b);
	b.model.global.bfd_interval_ms = 0;
	peer_watch_reload(b.watch, &b.model);
	loop_turn(&watch_loop, 0);
	assert_false(status_of(&b).known);
}

static void test_more_hops(void **state)
{
	int fd;

	(void)state;
	if (!allowed)
		skip();
	a.bfd.max_hops = 1;
	a.model.bfds = &a.bfd;
	side_start(&a);
	fd = stranger(SECOND, 253);
	send_to_a(fd, 0, BFD_DOWN);
	assert_true(is_down(&a));
	close(fd);
	fd = stranger(SECOND, 254);
	send_to_a(fd, 0, BFD_DOWN);
	assert_int_equal(status_of(&a).state, BFD_INIT);
	close(fd);
}

static void test_taken_port_is_left_alone(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(BFD_PORT)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	if (!allowed)
		skip();
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	side_start(&a);
	add(&a, 1);
	add(&a, 1);
	assert_false(status_of(&a).known);
	assert_int_equal(watch_said("BFD: no port 3784 of " FIRST), 1);
	close(fd);
}

static void test_silent_peers_are_forgotten(void **state)
{
	(void)state;
	if (!allowed)
		skip();
	side_start(&a);
	add(&a, 1);
	assert_true(status_of(&a).known);
	watch_loop.now_ms += 3700 * 1000;
	watch_loop.now_us += 3700ULL * 1000 * 1000;
	wheel_advance(&watch_loop.wheel, watch_loop.now_ms, 1000000);
	assert_false(status_of(&a).known);
}

static void test_number_of_sessions_is_bounded(void **state)
{
	unsigned int i;

	(void)state;
	if (!allowed)
		skip();
	side_start(&a);
	for (i = 0; i < 100; i++) {
		struct inet peer = a.peer;

		peer.ip[3] = (uint8_t)(100 + i);
		peer_watch_add(a.watch, &peer, &a.own, 1);
	}
	assert_int_equal(watch_said("no more of them"), 1);
	assert_false(status_of(&a).known);
}

/* Link-local addresses: the link says which one is meant. */
static void test_link_local(void **state)
{
	(void)state;
	if (!allowed || system("ip link add bfd0 type veth peer name bfd1 2>/dev/null && "
			       "ip addr add fe80::1/64 dev bfd0 nodad && "
			       "ip addr add fe80::2/64 dev bfd1 nodad && "
			       "ip link set bfd0 up && ip link set bfd1 up") != 0)
		skip();
	side_init(&a, "fe80::1", "fe80::2");
	side_init(&b, "fe80::2", "fe80::1");
	side_start(&a);
	side_start(&b);
	add(&a, if_nametoindex("bfd0"));
	add(&b, if_nametoindex("bfd1"));
	watch_until(is_up, &a);
	watch_until(is_up, &b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
	    T(test_comes_up),
	    T(test_silence_is_told),
	    T(test_a_farewell_is_no_failure),
	    T(test_reload_keeps_sessions),
	    T(test_configured),
	    T(test_forged_packets),
	    T(test_configured_without_source),
	    T(test_listening_is_enough),
	    T(test_more_hops),
	    T(test_taken_port_is_left_alone),
	    T(test_silent_peers_are_forgotten),
	    T(test_number_of_sessions_is_bounded),
	    T(test_link_local),
#undef T
	};

	allowed = unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) == 0;
	if (allowed)
		set_loopback(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
