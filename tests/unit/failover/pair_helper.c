/* SPDX-License-Identifier: MIT */
/* Implements pair_helper.h: unshare(2), iproute2, and a log of both nodes in one order. */
#include "pair_helper.h"

#include "net/netlink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 10000

static bool entered;
static int places[PAIR_PLACES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	const struct pair_node *node;
	char text[160];
} lines[PAIR_MAX_LINES];
static unsigned int n_lines;
static struct pair_node *running[2];

/* ---- namespaces */

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/* An ordinary user is root in a user namespace of his own. */
static bool become_root(void)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (unshare(CLONE_NEWUSER) < 0)
		return false;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return write_file("/proc/self/gid_map", map);
}

void pair_go(enum pair_place place)
{
	if (setns(places[place], CLONE_NEWNET) != 0)
		fail_msg("setns: %s", strerror(errno));
}

bool pair_ip(enum pair_place place, const char *words)
{
	char command[256];

	pair_go(place);
	snprintf(command, sizeof(command), "ip %s", words);
	return system(command) == 0;
}

void pair_cut(enum pair_place place, bool cut)
{
	char words[64];

	snprintf(words, sizeof(words), "link set port%u %s", place,
		 cut ? "nomaster" : "master br0");
	assert_true(pair_ip(PAIR_SWITCH, words));
}

static bool lay_cable(enum pair_place place)
{
	char words[128];

	snprintf(words, sizeof(words),
		 "link add port%u type veth peer name eth1 netns /proc/%d/fd/%d", place,
		 (int)getpid(), places[place]);
	if (!pair_ip(PAIR_SWITCH, words))
		return false;
	snprintf(words, sizeof(words), "link set port%u master br0 up", place);
	if (!pair_ip(PAIR_SWITCH, words))
		return false;
	snprintf(words, sizeof(words), "address add 192.168.50.%u/24 dev eth1", 11 + place);
	return pair_ip(place, "link set lo up") && pair_ip(place, words) &&
	       pair_ip(place, "link set eth1 up") &&
	       pair_ip(place, "link add inner1 up type veth peer name inner2") &&
	       pair_ip(place, "link set inner2 up") &&
	       pair_ip(place, "address add 192.168.60.1/24 dev inner1");
}

static bool make_places(void)
{
	unsigned int i;

	for (i = 0; i < PAIR_PLACES; i++) {
		if (unshare(CLONE_NEWNET) < 0)
			return false;
		places[i] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (places[i] < 0)
			return false;
	}
	return true;
}

int pair_enter(void **state)
{
	unsigned int i;

	(void)state;
	if ((getuid() != 0 && !become_root()) || !make_places()) {
		printf("# network namespaces are forbidden here: %s\n", strerror(errno));
		return 0;
	}
	entered = pair_ip(PAIR_SWITCH, "link add br0 up type bridge mcast_snooping 0");
	for (i = PAIR_A; entered && i <= PAIR_STRANGER; i++)
		entered = lay_cable(i);
	if (!entered)
		printf("# iproute2 is missing, or there are no veth links here\n");
	return 0;
}

void pair_required(void)
{
	if (!entered)
		skip();
	pair_forget();
}

static void is_it(void *user, const struct netlink_address *a)
{
	struct inet *wanted = user;

	if (inet_equal_ip(&a->address, wanted))
		wanted->port = 1;
}

bool pair_has(enum pair_place place, const char *address)
{
	struct netlink *n;
	struct inet wanted;

	assert_true(inet_parse(span_of(address), &wanted));
	pair_go(place);
	n = netlink_new();
	assert_non_null(n);
	assert_int_equal(netlink_address_each(n, is_it, &wanted), 0);
	netlink_free(n);
	return wanted.port == 1;
}

/* ---- models */

static struct inet parse(const char *text)
{
	struct inet out = {0};

	assert_true(inet_parse(span_of(text), &out));
	return out;
}

struct model_vrrp_instance *pair_add_instance(struct model_vrrp *m, const char *name,
					      const char *interface, uint8_t vrid,
					      const char *address)
{
	struct model_vrrp_instance *i = ARENA_NEW(&m->arena, struct model_vrrp_instance), **at;

	assert_non_null(i);
	for (at = &m->instances; *at; at = &(*at)->next)
		continue;
	*at = i;
	i->index = m->n_instances++;
	i->name = name;
	i->file = "test";
	i->interface = interface;
	i->vrid = vrid;
	i->version = 3;
	i->family = INET_V4;
	i->priority = 100;
	i->accept = true;
	i->advert_us = 100000;
	i->down_timer_adverts = 3;
	i->multicast = parse("224.0.0.18");
	i->unicast_ttl_min = i->unicast_ttl = 255;
	i->garp = (struct model_garp){.master_delay_ms = 300,
				      .master_repeat = 5,
				      .lower_prio_delay_ms = 300,
				      .lower_prio_repeat = 5,
				      .master_refresh_repeat = 1};
	i->addresses = ARENA_NEW(&m->arena, struct model_vrrp_address);
	assert_non_null(i->addresses);
	*i->addresses = (struct model_vrrp_address){.address = parse(address), .prefix = 24};
	i->n_addresses = 1;
	return i;
}

struct model_vrrp *pair_model(uint8_t priority)
{
	struct model_vrrp *m = model_vrrp_new();

	assert_non_null(m);
	m->global = (struct model_vrrp_global){.version = 3,
					       .bfd_interval_ms = 50,
					       .bfd_multiplier = 3,
					       .lease_ms = 2000,
					       .service_health = true};
	pair_add_instance(m, "VI_1", "eth1", PAIR_VRID, PAIR_VIP)->priority = priority;
	return m;
}

/* ---- nodes */

static void on_log(void *user, enum log_level level, const char *line)
{
	struct pair_node *n = user;

	(void)level;
	if (getenv("PAIR_LOG"))
		fprintf(stderr, "%c: %s\n", "ab"[n->place], line);
	pthread_mutex_lock(&lock);
	if (n_lines < PAIR_MAX_LINES) {
		lines[n_lines].node = n;
		snprintf(lines[n_lines++].text, sizeof(lines[0].text), "%s", line);
	}
	pthread_mutex_unlock(&lock);
}

static void on_left(void *user)
{
	atomic_fetch_add(&((struct pair_node *)user)->left, 1);
}

static void on_recheck(void *user)
{
	atomic_fetch_add(&((struct pair_node *)user)->rechecks, 1);
}

static void on_holdings(void *user, const struct failover_holding *held, unsigned int count)
{
	struct pair_node *n = user;

	if (count && count <= array_size(n->holdings))
		memcpy(n->holdings, held, count * sizeof(*held));
	atomic_store(&n->held, count);
}

void pair_start(struct pair_node *n, enum pair_place place, struct model_vrrp *model,
		enum service service)
{
	const struct failover_hooks hooks = {.user = n,
					     .log = on_log,
					     .recheck = on_recheck,
					     .holdings = on_holdings,
					     .left = on_left};
	struct diags d;

	memset(n, 0, sizeof(*n));
	n->place = place;
	n->page = failover_page_new();
	assert_non_null(n->page);
	pair_go(place);
	diags_init(&d);
	n->f = failover_new(model, &hooks, n->page, service, &d);
	diags_fini(&d);
	assert_non_null(n->f);
	running[place] = n;
	assert_int_equal(failover_start(n->f), 0);
	model_vrrp_put(model);
}

void pair_end(struct pair_node *n)
{
	running[n->place] = NULL;
	pair_go(n->place);
	failover_free(n->f);
	failover_page_free(n->page);
}

int pair_clean(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < array_size(running); i++) {
		if (!running[i])
			continue;
		pair_end(running[i]);
		pair_cut(i, false);
		pair_ip(i, "link set eth1 up");
	}
	return 0;
}

/* ---- waiting */

static void wait_for(bool (*is_so)(const void *what), const void *what, const char *name)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	unsigned int ms;

	for (ms = 0; ms < WAIT_MS; ms++) {
		if (is_so(what))
			return;
		nanosleep(&pause, NULL);
	}
	fail_msg("it never came: %s", name);
}

struct row_wait {
	struct pair_node *node;
	unsigned int row;
	bool (*is_so)(const struct failover_row *row, uint64_t value);
	uint64_t value;
};

static bool row_is_so(const void *what)
{
	const struct row_wait *w = what;
	struct failover_row row;

	return failover_page_read(w->node->page, w->row, &row) && w->is_so(&row, w->value);
}

void pair_wait_row(struct pair_node *n, unsigned int row,
		   bool (*is_so)(const struct failover_row *row, uint64_t value), uint64_t value)
{
	const struct row_wait w = {n, row, is_so, value};

	wait_for(row_is_so, &w, "a row");
}

static bool has_state(const struct failover_row *row, uint64_t value)
{
	return row->state == value;
}

void pair_wait_state(struct pair_node *n, unsigned int row, enum vrrp_state state)
{
	const struct row_wait w = {n, row, has_state, state};

	wait_for(row_is_so, &w, vrrp_state_name(state));
}

static bool owns(const struct failover_row *row, uint64_t value)
{
	return row->owns == value;
}

void pair_wait_owns(struct pair_node *n, unsigned int row, bool it_owns)
{
	const struct row_wait w = {n, row, owns, it_owns};

	wait_for(row_is_so, &w, it_owns ? "owning" : "owning no more");
}

struct count_wait {
	_Atomic unsigned int *counter;
	unsigned int value;
};

static bool has_count(const void *what)
{
	const struct count_wait *w = what;

	return atomic_load(w->counter) == w->value;
}

void pair_wait_count(_Atomic unsigned int *counter, unsigned int value)
{
	const struct count_wait w = {counter, value};

	wait_for(has_count, &w, "a count");
}

struct failover_row pair_row(struct pair_node *n, unsigned int row)
{
	struct failover_row out;

	assert_true(failover_page_read(n->page, row, &out));
	return out;
}

unsigned int pair_said(const struct pair_node *n, const char *text)
{
	unsigned int i, found = 0;

	pthread_mutex_lock(&lock);
	for (i = 0; i < n_lines && !found; i++)
		if (lines[i].node == n && strstr(lines[i].text, text))
			found = i + 1;
	pthread_mutex_unlock(&lock);
	return found;
}

struct said_wait {
	const struct pair_node *node;
	const char *text;
};

static bool was_said(const void *what)
{
	const struct said_wait *w = what;

	return pair_said(w->node, w->text) != 0;
}

void pair_wait_said(const struct pair_node *n, const char *text)
{
	const struct said_wait w = {n, text};

	wait_for(was_said, &w, text);
}

void pair_forget(void)
{
	pthread_mutex_lock(&lock);
	n_lines = 0;
	pthread_mutex_unlock(&lock);
}
