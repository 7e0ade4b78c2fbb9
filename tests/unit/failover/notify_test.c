/* SPDX-License-Identifier: MIT */
/* Notify scripts and fifos: their arguments, their order, what happens when nobody reads, and that
 * nothing is lost at a reload or at the end. */
#include "watch_helper.h"

#include "failover/notify.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct model_vrrp model;
static struct model_vrrp_instance vi, other;
static struct model_vrrp_group group;
static const char *own[8][4];
static char paths[8][192];

static int start(void **state)
{
	memset(&model, 0, sizeof(model));
	memset(&vi, 0, sizeof(vi));
	memset(&other, 0, sizeof(other));
	memset(&group, 0, sizeof(group));
	memset(own, 0, sizeof(own));
	vi.name = "VI_1";
	other.name = "VI_2";
	group.name = "G";
	vi.next = &other;
	model.instances = &vi;
	model.groups = &group;
	return watch_start(state);
}

/* A command that adds its words to `out`, its n-th of the test. */
static void command(struct model_command *c, unsigned int n, const char *script, const char *word)
{
	snprintf(paths[n], sizeof(paths[n]), "%s", script);
	own[n][0] = paths[n];
	own[n][1] = word;
	c->argv = own[n];
}

static const char *writer(void)
{
	return watch_script("writer", "echo \"$*\" >>out");
}

static struct notify *made(void)
{
	struct notify *n = notify_new(&watch_loop, &model, watch_on_log, NULL);

	assert_non_null(n);
	return n;
}

static bool is_idle(const void *n)
{
	return !notify_busy(n);
}

static void test_arguments_as_keepalived(void **state)
{
	struct notify *n;

	(void)state;
	command(&vi.notify.master, 0, writer(), "own words");
	command(&vi.notify.backup, 1, paths[0], "b");
	command(&vi.notify.fault, 2, paths[0], "f");
	command(&vi.notify.stop, 3, paths[0], "s");
	command(&vi.notify.master_rx_lower_prio, 4, paths[0], "lower");
	command(&vi.notify.all, 5, paths[0], "all");
	command(&group.notify.all, 6, paths[0], "g");
	n = made();
	notify_instance(n, &vi, NOTIFY_BACKUP, 101);
	notify_instance(n, &vi, NOTIFY_MASTER, 103);
	notify_instance(n, &vi, NOTIFY_LOWER_PRIORITY, 103);
	notify_instance(n, &vi, NOTIFY_PRIORITY, 99);
	notify_instance(n, &vi, NOTIFY_FAULT, 99);
	notify_instance(n, &vi, NOTIFY_DELETED, 99);
	notify_instance(n, &vi, NOTIFY_STOP, 99);
	assert_true(notify_busy(n));
	watch_until(is_idle, n);
	assert_string_equal(watch_read("out"), "b\nall INSTANCE VI_1 BACKUP 101\n"
					       "own words\nall INSTANCE VI_1 MASTER 103\n"
					       "lower\n"
					       "f\nall INSTANCE VI_1 FAULT 99\n"
					       "f\nall INSTANCE VI_1 FAULT 99\n"
					       "s\nall INSTANCE VI_1 STOP 99\n");
	notify_group(n, &group, NOTIFY_MASTER);
	watch_until(is_idle, n);
	assert_non_null(strstr(watch_read("out"), "g GROUP G MASTER 0\n"));
	notify_free(n);
}

static void test_deleted(void **state)
{
	static const char *const nothing[] = {NULL};
	struct notify *n;

	(void)state;
	command(&vi.notify.deleted, 0, writer(), "del");
	command(&vi.notify.all, 1, paths[0], "all");
	command(&other.notify.all, 2, paths[0], "all");
	other.notify.deleted.argv = nothing;
	n = made();
	notify_instance(n, &vi, NOTIFY_DELETED, 51);
	watch_until(is_idle, n);
	assert_string_equal(watch_read("out"), "del\nall INSTANCE VI_1 DELETED 51\n");
	notify_instance(n, &other, NOTIFY_DELETED, 52);
	watch_until(is_idle, n);
	assert_non_null(strstr(watch_read("out"), "all INSTANCE VI_2 DELETED 52\n"));
	notify_free(n);
}

static bool has_two_lines(const void *name)
{
	const char *first = strchr(watch_read(name), '\n');

	return first && strchr(first + 1, '\n');
}

/* The first script waits for a word in a fifo: its owner's second waits, the other owner's does
 * not. */
static void test_owners_wait_for_themselves_alone(void **state)
{
	struct notify *n;

	(void)state;
	assert_int_equal(mkfifo(watch_path("gate"), 0600), 0);
	command(&vi.notify.master, 0, watch_script("slow", "read x <gate; echo slow >>out"), NULL);
	command(&vi.notify.backup, 1, writer(), "second");
	command(&other.notify.master, 2, paths[1], "other");
	n = made();
	notify_instance(n, &vi, NOTIFY_MASTER, 1);
	notify_instance(n, &vi, NOTIFY_BACKUP, 1);
	notify_instance(n, &other, NOTIFY_MASTER, 1);
	notify_instance(n, &other, NOTIFY_MASTER, 1);
	watch_until(has_two_lines, "out");
	assert_string_equal(watch_read("out"), "other\nother\n");
	watch_script("open", "echo x >gate");
	assert_int_equal(system(watch_path("open")), 0);
	watch_until(is_idle, n);
	assert_string_equal(watch_read("out"), "other\nother\nslow\nsecond\n");
	notify_free(n);
}

/* The last state is told, whatever was lost before it. */
static void test_a_script_that_does_not_end(void **state)
{
	struct notify *n;
	unsigned int i;

	(void)state;
	assert_int_equal(mkfifo(watch_path("gate"), 0600), 0);
	command(&vi.notify.master, 0, watch_script("slow", "read x <gate"), NULL);
	command(&vi.notify.backup, 1, watch_path("nowhere"), NULL);
	command(&vi.notify.stop, 2, writer(), "last");
	n = made();
	for (i = 0; i < 1100; i++)
		notify_instance(n, &vi, NOTIFY_MASTER, 1);
	assert_int_equal(watch_said("a notify script does not end, 1024 wait: the oldest go\n"), 1);
	vi.notify.master.argv = NULL; /* those that wait have nothing to do any more */
	notify_reload(n, &model);
	notify_instance(n, &vi, NOTIFY_STOP, 1);
	watch_script("open", "echo x >gate");
	assert_int_equal(system(watch_path("open")), 0);
	watch_until(is_idle, n);
	assert_string_equal(watch_read("out"), "last\n");
	notify_free(n);
}

static void test_missing_script_is_disabled(void **state)
{
	struct notify *n;

	(void)state;
	command(&vi.notify.master, 0, watch_path("nowhere"), NULL);
	n = made();
	assert_int_equal(watch_said("(VI_1) Disabling notify script"), 1);
	notify_instance(n, &vi, NOTIFY_MASTER, 1);
	assert_false(notify_busy(n));
	notify_free(n);
}

static void test_reload_keeps_the_queue(void **state)
{
	struct model_vrrp_instance *later = &other;
	struct notify *n;

	(void)state;
	assert_int_equal(mkfifo(watch_path("gate"), 0600), 0);
	command(&vi.notify.master, 0, watch_script("slow", "read x <gate; echo slow >>out"), NULL);
	command(&vi.notify.all, 1, writer(), "before");
	n = made();
	notify_instance(n, &vi, NOTIFY_MASTER, 5);
	model.instances = later; /* VI_1 is no more */
	command(&other.notify.all, 2, paths[1], "new");
	notify_reload(n, &model);
	notify_instance(n, &vi, NOTIFY_DELETED, 5);
	notify_instance(n, &other, NOTIFY_BACKUP, 6);
	watch_script("open", "echo x >gate");
	assert_int_equal(system(watch_path("open")), 0);
	watch_until(is_idle, n);
	assert_non_null(strstr(watch_read("out"), "slow\nbefore INSTANCE VI_1 MASTER 5\nbefore "
						  "INSTANCE VI_1 FAULT 5\n"));
	assert_non_null(strstr(watch_read("out"), "new INSTANCE VI_2 BACKUP 6\n"));
	notify_free(n);
}

static void test_free_starts_what_waits(void **state)
{
	struct notify *n;

	(void)state;
	command(&vi.notify.all, 0, writer(), "all");
	n = made();
	notify_instance(n, &vi, NOTIFY_MASTER, 1);
	notify_instance(n, &vi, NOTIFY_STOP, 1);
	notify_free(n);
	watch_until(has_two_lines, "out");
}

/* ---- fifos */

struct reader {
	int fd;
	char text[128 * 1024];
	size_t n;
};

static struct reader reader;

static void reader_open(const char *name)
{
	reader.n = 0;
	reader.fd = open(watch_path(name), O_RDONLY | O_NONBLOCK);
	assert_true(reader.fd >= 0);
}

static bool has_enough(const void *length)
{
	ssize_t n = read(reader.fd, reader.text + reader.n, sizeof(reader.text) - 1 - reader.n);

	if (n > 0)
		reader.n += (size_t)n;
	reader.text[reader.n] = '\0';
	return reader.n >= *(const size_t *)length;
}

static void until_read(size_t length)
{
	watch_until(has_enough, &length);
}

static void test_fifo_lines(void **state)
{
	static const char wanted[] = "INSTANCE \"VI_1\" BACKUP 101\n"
				     "INSTANCE \"VI_1\" BACKUP_PRIORITY 99\n"
				     "INSTANCE \"VI_1\" MASTER 99\n"
				     "INSTANCE \"VI_1\" MASTER_PRIORITY 98\n"
				     "INSTANCE \"VI_1\" MASTER_RX_LOWER_PRI 98\n"
				     "GROUP \"G\" MASTER 0\n"
				     "INSTANCE \"VI_1\" FAULT 98\n"
				     "INSTANCE \"VI_1\" STOP 98\n";
	struct notify *n;

	(void)state;
	model.global.notify_fifo = watch_path("fifo");
	model.global.vrrp_notify_fifo = watch_path("fifo2");
	model.global.notify_priority_changes = 1;
	n = made();
	notify_instance(n, &vi, NOTIFY_BACKUP, 101);
	notify_instance(n, &vi, NOTIFY_PRIORITY, 99);
	notify_instance(n, &vi, NOTIFY_MASTER, 99);
	notify_instance(n, &vi, NOTIFY_PRIORITY, 98);
	notify_instance(n, &vi, NOTIFY_LOWER_PRIORITY, 98);
	notify_group(n, &group, NOTIFY_MASTER);
	notify_instance(n, &vi, NOTIFY_DELETED, 98);
	notify_instance(n, &vi, NOTIFY_STOP, 98);
	reader_open("fifo");
	until_read(strlen(wanted));
	assert_string_equal(reader.text, wanted);
	close(reader.fd);
	reader_open("fifo2");
	until_read(strlen(wanted));
	assert_string_equal(reader.text, wanted);
	close(reader.fd);
	notify_free(n);
}

/* 64 kB fit into a fifo; then lines wait here, and come in order when somebody reads at last. */
static void test_fifo_that_nobody_reads_for_a_while(void **state)
{
	const unsigned int events = 2500;
	struct notify *n;
	const char *at;
	unsigned int i;
	size_t length = 0;

	(void)state;
	model.global.notify_fifo = watch_path("fifo");
	n = made();
	for (i = 0; i < events; i++) {
		notify_instance(n, &vi, NOTIFY_MASTER, (uint8_t)(100 + i % 100));
		length += strlen("INSTANCE \"VI_1\" MASTER 100\n");
	}
	assert_true(length > 65536 + 100);
	assert_int_equal(watch_said("nobody reads it"), 0);
	reader_open("fifo");
	until_read(length);
	assert_int_equal(reader.n, length);
	for (i = 0, at = reader.text; i < events; i++) {
		char line[64];

		snprintf(line, sizeof(line), "INSTANCE \"VI_1\" MASTER %u\n", 100 + i % 100);
		assert_memory_equal(at, line, strlen(line));
		at += strlen(line);
	}
	close(reader.fd);
	notify_free(n);
}

static void test_fifo_that_nobody_reads_keeps_the_last(void **state)
{
	struct notify *n;
	unsigned int i;

	(void)state;
	model.global.notify_fifo = watch_path("fifo");
	n = made();
	for (i = 0; i < 6000; i++)
		notify_instance(n, &vi, NOTIFY_MASTER, 100);
	notify_instance(n, &vi, NOTIFY_BACKUP, 77);
	assert_int_equal(watch_said("nobody reads it, 1024 lines wait: the oldest go\n"), 1);
	reader_open("fifo");
	until_read(65536 + 1000 * strlen("INSTANCE \"VI_1\" MASTER 100\n"));
	while (!strstr(reader.text, "BACKUP 77\n"))
		until_read(reader.n + 1);
	close(reader.fd);
	notify_free(n);
}

static void test_fifo_script_reads(void **state)
{
	static char script[512];
	struct notify *n;

	(void)state;
	snprintf(script, sizeof(script), "%s \"two words\"",
		 watch_script("reader", "echo \"$#\" >>out; read -r line <\"$2\"; echo \"$line\" "
					">>out"));
	model.global.notify_fifo = watch_path("fifo");
	model.global.notify_fifo_script = script;
	n = made();
	notify_instance(n, &vi, NOTIFY_MASTER, 101);
	watch_until_said("terminated\n");
	assert_string_equal(watch_read("out"), "2\nINSTANCE \"VI_1\" MASTER 101\n");
	notify_free(n);
}

static void test_what_is_no_fifo_is_left_alone(void **state)
{
	struct notify *n;

	(void)state;
	watch_write("file", "mine");
	model.global.notify_fifo = watch_path("file");
	n = made();
	assert_int_equal(watch_said("Unable to open notify fifo"), 1);
	notify_instance(n, &vi, NOTIFY_MASTER, 101);
	notify_free(n);
	assert_string_equal(watch_read("file"), "mine");
}

static void test_reload_with_another_fifo(void **state)
{
	struct notify *n;

	(void)state;
	model.global.notify_fifo = watch_path("fifo");
	n = made();
	reader_open("fifo");
	notify_reload(n, &model);
	notify_instance(n, &vi, NOTIFY_MASTER, 101);
	until_read(strlen("INSTANCE \"VI_1\" MASTER 101\n"));
	close(reader.fd);
	model.global.notify_fifo = watch_path("fifo2");
	notify_reload(n, &model);
	notify_instance(n, &vi, NOTIFY_BACKUP, 101);
	reader_open("fifo2");
	until_read(strlen("INSTANCE \"VI_1\" BACKUP 101\n"));
	close(reader.fd);
	notify_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, start, watch_stop)
	    T(test_arguments_as_keepalived),
	    T(test_deleted),
	    T(test_owners_wait_for_themselves_alone),
	    T(test_a_script_that_does_not_end),
	    T(test_missing_script_is_disabled),
	    T(test_reload_keeps_the_queue),
	    T(test_free_starts_what_waits),
	    T(test_fifo_lines),
	    T(test_fifo_that_nobody_reads_for_a_while),
	    T(test_fifo_that_nobody_reads_keeps_the_last),
	    T(test_fifo_script_reads),
	    T(test_what_is_no_fifo_is_left_alone),
	    T(test_reload_with_another_fifo),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
