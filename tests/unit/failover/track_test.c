/* SPDX-License-Identifier: MIT */
/* Tracked interfaces, scripts, files, processes and BFD sessions, with real scripts, inotify and
 * processes: what they add up to, when, and what is said. */
#include "watch_helper.h"

#include "failover/track.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct model_vrrp model;
static struct model_vrrp_instance vi;
static struct model_vrrp_group group;
static struct model_vrrp_track line, line2;
static struct model_vrrp_script script;
static struct model_vrrp_file file;
static struct model_vrrp_process process;
static struct model_vrrp_bfd bfd;
static const char *argv[4];
static unsigned int changes;
static bool link_up;

static void on_changed(void *user)
{
	(void)user;
	changes++;
}

static bool link_is_up(void *user, const char *name)
{
	(void)user;
	(void)name;
	return link_up;
}

static struct tracks_hooks hooks;

static int start(void **state)
{
	memset(&model, 0, sizeof(model));
	memset(&vi, 0, sizeof(vi));
	memset(&group, 0, sizeof(group));
	memset(&script, 0, sizeof(script));
	memset(&file, 0, sizeof(file));
	memset(&process, 0, sizeof(process));
	memset(&bfd, 0, sizeof(bfd));
	memset(argv, 0, sizeof(argv));
	changes = 0;
	link_up = true;
	model.instances = &vi;
	vi.name = "VI_1";
	vi.interface = "eth1";
	vi.priority = 101;
	script = (struct model_vrrp_script){
	    .name = "chk", .command.argv = argv, .interval_ms = 20, .fall = 1, .rise = 1};
	file = (struct model_vrrp_file){.name = "tf"};
	process = (struct model_vrrp_process){.name = "tp", .quorum = 1, .quorum_max = UINT_MAX};
	bfd = (struct model_vrrp_bfd){.name = "b1"};
	line = (struct model_vrrp_track){.next = NULL};
	line2 = (struct model_vrrp_track){.next = NULL};
	hooks = (struct tracks_hooks){
	    .changed = on_changed, .log = watch_on_log, .link_is_up = link_is_up};
	return watch_start(state);
}

static struct tracks *made(void)
{
	struct tracks *t = tracks_new(&watch_loop, &model, &hooks);

	assert_non_null(t);
	return t;
}

static void track_script(const char *path, int weight, bool reverse)
{
	argv[0] = path;
	model.scripts = &script;
	line = (struct model_vrrp_track){
	    .name = "chk", .weight = weight, .reverse = reverse, .script = &script};
	vi.track_scripts = &line;
}

static void track_file(int weight, bool reverse)
{
	static char path[192];

	snprintf(path, sizeof(path), "%s", watch_path("value"));
	file.path = path;
	model.files = &file;
	line = (struct model_vrrp_track){
	    .name = "tf", .weight = weight, .reverse = reverse, .file = &file};
	vi.track_files = &line;
}

static struct track_sum sum_of(const struct tracks *t)
{
	struct track_sum sum;

	tracks_sum(t, &vi, &sum);
	return sum;
}

struct wanted {
	const struct tracks *t;
	int delta;
	bool fault;
};

static bool is_wanted(const void *what)
{
	const struct wanted *w = what;
	struct track_sum sum = sum_of(w->t);

	return sum.delta == w->delta && sum.fault == w->fault && !sum.pending;
}

static void until_sum(const struct tracks *t, int delta, bool fault)
{
	struct wanted w = {t, delta, fault};

	watch_until(is_wanted, &w);
}

/* ---- scripts */

static void test_script_first_result_decides(void **state)
{
	struct tracks *t;

	(void)state;
	script.fall = script.rise = 3;
	track_script(watch_script("chk", "test ! -e down"), 0, false);
	t = made();
	assert_true(sum_of(t).pending);
	assert_false(sum_of(t).fault);
	watch_until_said("VRRP_Script(chk) succeeded\n");
	assert_false(sum_of(t).pending);
	loop_turn(&watch_loop, 0);
	assert_int_equal(changes, 1);
	tracks_free(t);
	watch_write("down", "");
	t = made();
	watch_until_said("VRRP_Script(chk) failed (exited with status 1)\n");
	assert_string_equal(sum_of(t).text, "script chk is down");
	assert_true(sum_of(t).fault);
	tracks_free(t);
}

static void test_script_rise_and_fall(void **state)
{
	struct tracks *t;

	(void)state;
	script.fall = 3;
	script.rise = 2;
	track_script(watch_script("chk", "echo x >>runs; test ! -e down"), 2, false);
	t = made();
	until_sum(t, 2, false);
	assert_string_equal(sum_of(t).text, "+2 chk");
	watch_write("down", "");
	watch_write("runs", "");
	until_sum(t, 0, false);
	assert_in_range(strlen(watch_read("runs")), 4, 10); /* one may have begun before */
	watch_until_said("Script `chk` now returning 1\n");
	assert_int_equal(unlink(watch_path("down")), 0);
	watch_write("runs", "");
	until_sum(t, 2, false);
	assert_in_range(strlen(watch_read("runs")), 2, 8);
	assert_int_equal(watch_said("VRRP_Script(chk) succeeded\n"), 2);
	assert_int_equal(watch_said("VRRP_Script(chk) failed"), 1);
	tracks_free(t);
}

static void test_script_weights(void **state)
{
	static const struct {
		int weight;
		bool reverse, fails, fault;
		int delta;
	} cases[] = {
	    {5, false, false, false, 5},  {5, false, true, false, 0},  {-5, false, false, false, 0},
	    {-5, false, true, false, -5}, {5, true, false, false, -5}, {-5, true, true, false, 5},
	    {0, false, true, true, 0},    {0, true, true, false, 0},   {0, true, false, true, 0},
	    {5, true, true, false, 0},    {-5, true, false, false, 0}, {0, false, false, false, 0},
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < array_size(cases); i++) {
		struct tracks *t;

		watch_log[0] = '\0';
		track_script(cases[i].fails ? "/bin/false" : "/bin/true", cases[i].weight,
			     cases[i].reverse);
		t = made();
		assert_int_equal(sum_of(t).pending, cases[i].weight == 0);
		assert_int_equal(sum_of(t).delta, 0);
		watch_until_said(cases[i].fails ? "failed (exited with status 1)" : "succeeded");
		until_sum(t, cases[i].delta, cases[i].fault);
		tracks_free(t);
	}
}

static void test_script_init_fail(void **state)
{
	struct tracks *t;

	(void)state;
	script.init_fail = true;
	script.rise = 3;
	track_script("/bin/true", 0, false);
	t = made();
	assert_true(sum_of(t).fault);
	assert_false(sum_of(t).pending);
	until_sum(t, 0, false);
	tracks_free(t);
}

static bool has_ended(const void *pid)
{
	return kill(*(const pid_t *)pid, 0) < 0 && errno == ESRCH;
}

/* TERM does not help this one: KILL does, and the next turns are skipped meanwhile. */
static void test_script_timeout(void **state)
{
	struct tracks *t;
	pid_t pid;

	(void)state;
	script.timeout_ms = 100;
	track_script(watch_script("chk", "trap '' TERM; echo $$ >pid; while :; do read x <fifo; "
					 "done"),
		     -3, false);
	assert_int_equal(mkfifo(watch_path("fifo"), 0600), 0);
	t = made();
	watch_until_said("VRRP_Script(chk) timed_out\n");
	until_sum(t, -3, false);
	watch_until_said("Track script chk is already running, expect idle - skipping run\n");
	assert_int_equal(watch_said("skipping run"), 1);
	pid = (pid_t)strtol(watch_read("pid"), NULL, 10);
	assert_true(pid > 1);
	watch_until(has_ended, &pid);
	tracks_free(t);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static bool has_text(const void *name)
{
	return watch_read(name)[0] != '\0';
}

static void test_script_is_ended_with_tracks(void **state)
{
	struct tracks *t;
	pid_t pid;

	(void)state;
	script.interval_ms = script.timeout_ms = 60000;
	track_script(watch_script("chk", "echo $$ >pid; sleep 600"), 0, false);
	t = made();
	watch_until(has_text, "pid");
	pid = (pid_t)strtol(watch_read("pid"), NULL, 10);
	tracks_free(t);
	assert_true(has_ended(&pid));
}

static void test_script_killed_by_signal(void **state)
{
	struct tracks *t;

	(void)state;
	track_script(watch_script("chk", "kill -9 $$"), 0, false);
	t = made();
	watch_until_said("VRRP_Script(chk) failed (due to signal 9)\n");
	tracks_free(t);
}

static void test_script_missing_does_not_count(void **state)
{
	struct tracks *t;

	(void)state;
	track_script(watch_path("nowhere"), 0, false);
	t = made();
	assert_int_equal(watch_said("Disabling track script chk due to not found/accessible\n"), 1);
	assert_int_equal(watch_said("cannot be accessed - No such file or directory\n"), 1);
	assert_false(sum_of(t).pending || sum_of(t).fault);
	tracks_free(t);
}

static void test_script_insecure_is_not_run(void **state)
{
	struct tracks *t;

	(void)state;
	if (geteuid() != 0)
		skip();
	model.global.enable_script_security = true;
	track_script(watch_script("chk", "echo x >ran"), 0, false);
	assert_int_equal(chmod(argv[0], 0777), 0);
	t = made();
	assert_int_equal(watch_said("Disabling track script chk due to insecure\n"), 1);
	assert_false(sum_of(t).pending || sum_of(t).fault);
	loop_turn(&watch_loop, 0);
	tracks_free(t);
	model.global.enable_script_security = false;
	t = made();
	assert_int_equal(watch_said("SECURITY VIOLATION"), 1);
	watch_until(has_text, "ran");
	tracks_free(t);
}

static void test_script_runs_as_its_user(void **state)
{
	struct tracks *t;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(watch_dir, 0777), 0);
	script.command.user = "nobody";
	script.interval_ms = 60000;
	track_script(watch_script("chk", "id -un >who"), 0, false);
	t = made();
	watch_until_said("VRRP_Script(chk) succeeded\n");
	assert_string_equal(watch_read("who"), "nobody\n");
	tracks_free(t);
	script.command.user = "no-such-user";
	t = made();
	assert_int_equal(watch_said("there is no user no-such-user"), 1);
	tracks_free(t);
}

static void test_service_answers_from_inside(void **state)
{
	struct tracks *t;

	(void)state;
	script.asks_service = true;
	script.fall = script.rise = 5;
	argv[1] = "-0";
	argv[2] = "haproxy";
	track_script("killall", 0, false);
	t = made();
	assert_int_equal(watch_said("`killall -0 haproxy` is answered from inside\n"), 1);
	assert_true(sum_of(t).pending);
	tracks_set_service(t, false);
	assert_true(sum_of(t).fault);
	assert_int_equal(changes, 0);
	loop_turn(&watch_loop, 0);
	assert_int_equal(changes, 1);
	tracks_set_service(t, true);
	tracks_set_service(t, true);
	assert_false(sum_of(t).fault || sum_of(t).pending);
	assert_int_equal(watch_said("VRRP_Script(chk) succeeded\n"), 1);
	tracks_free(t);
}

static void test_without_proxy_it_is_run(void **state)
{
	struct tracks *t;

	(void)state;
	script.asks_service = true;
	hooks.no_service = true;
	track_script("/bin/false", 0, false);
	t = made();
	until_sum(t, 0, true);
	tracks_free(t);
}

static void test_reload_keeps_results(void **state)
{
	struct tracks *old, *t;

	(void)state;
	track_script("/bin/true", 4, false);
	line2 = (struct model_vrrp_track){.name = "b1", .weight = 1, .bfd = &bfd};
	vi.track_bfds = &line2;
	old = made();
	tracks_set_bfd(old, &bfd, true);
	until_sum(old, 5, false);
	hooks.previous = old;
	t = made();
	assert_int_equal(sum_of(t).delta, 5);
	assert_int_equal(watch_said("VRRP_Script(chk) considered successful on reload\n"), 1);
	tracks_free(old);
	assert_int_equal(sum_of(t).delta, 5);
	tracks_free(t);
}

/* ---- files */

static void replace_value(const char *text)
{
	watch_write("new", text);
	assert_int_equal(rename(watch_path("new"), watch_path("value")), 0);
}

static void test_file_weighted(void **state)
{
	struct tracks *t;

	(void)state;
	track_file(2, false);
	t = made();
	assert_int_equal(sum_of(t).delta, 0);
	watch_write("value", "10");
	until_sum(t, 20, false);
	assert_string_equal(sum_of(t).text, "+20 tf");
	replace_value(" -7 and more\n");
	until_sum(t, -14, false);
	watch_write("value", "abc\n");
	until_sum(t, 0, false);
	watch_write("value", "2000000000000000000000");
	until_sum(t, 254, false);
	watch_write("value", "-127");
	until_sum(t, 0, true);
	assert_string_equal(sum_of(t).text, "file tf says -127");
	watch_until_said("(VI_1): tracked file tf now FAULT state\n");
	assert_int_equal(unlink(watch_path("value")), 0);
	until_sum(t, 0, false);
	watch_until_said("(VI_1): tracked file tf leaving FAULT state\n");
	tracks_free(t);
	line.reverse = true;
	watch_write("value", "3");
	t = made();
	assert_int_equal(sum_of(t).delta, -6);
	tracks_free(t);
}

static void test_file_without_weight(void **state)
{
	struct tracks *t;

	(void)state;
	track_file(0, false);
	watch_write("value", "1");
	t = made();
	assert_true(sum_of(t).fault);
	watch_write("value", "0");
	until_sum(t, 0, false);
	tracks_free(t);
	line.reverse = true;
	t = made();
	assert_true(sum_of(t).fault);
	tracks_free(t);
}

static void test_file_is_made(void **state)
{
	struct tracks *t, *again;

	(void)state;
	track_file(1, false);
	file.init = true;
	file.init_value = 5;
	t = made();
	assert_string_equal(watch_read("value"), "5\n");
	assert_int_equal(sum_of(t).delta, 5);
	watch_write("value", "7");
	tracks_free(t);
	t = made();
	assert_int_equal(sum_of(t).delta, 7);
	file.overwrite = true;
	hooks.previous = t;
	again = made();
	assert_int_equal(sum_of(again).delta, 7);
	tracks_free(again);
	tracks_free(t);
	hooks.previous = NULL;
	t = made();
	assert_int_equal(sum_of(t).delta, 5);
	tracks_free(t);
}

static void test_file_in_a_folder_that_comes_later(void **state)
{
	struct tracks *t;

	(void)state;
	track_file(1, false);
	file.path = watch_path("later/value");
	t = made();
	assert_int_equal(watch_said("looking each second"), 1);
	assert_int_equal(mkdir(watch_path("later"), 0755), 0);
	watch_write("later/value", "3");
	until_sum(t, 3, false);
	watch_write("later/value", "4");
	until_sum(t, 4, false);
	assert_int_equal(rename(watch_path("later"), watch_path("gone")), 0);
	until_sum(t, 0, false);
	tracks_free(t);
}

/* ---- processes */

static pid_t start_named(const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl(path, path, "600", "7", NULL);
		_exit(127);
	}
	return pid;
}

static void end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A program with a name of its own, longer than the kernel keeps. */
static const char *a_sleeper(void)
{
	char command[512];
	static char path[192];

	snprintf(path, sizeof(path), "%s/sl%d-with-a-long-name", watch_dir, (int)getpid());
	snprintf(command, sizeof(command), "cp $(command -v sleep) %s", path);
	assert_int_equal(system(command), 0);
	return path;
}

static void track_process(int weight)
{
	model.processes = &process;
	line = (struct model_vrrp_track){.name = "tp", .weight = weight, .process = &process};
	vi.track_processes = &line;
}

static void test_process_quorum(void **state)
{
	const char *path = a_sleeper();
	struct tracks *t;
	pid_t first, second;

	(void)state;
	process.process = strrchr(path, '/') + 1;
	process.quorum = 2;
	track_process(0);
	first = start_named(path);
	t = made();
	assert_true(sum_of(t).fault);
	assert_string_equal(sum_of(t).text, "process tp is down");
	second = start_named(path);
	until_sum(t, 0, false);
	assert_int_equal(watch_said("Quorum gained for tracked process tp\n"), 1);
	end(first);
	until_sum(t, 0, true);
	assert_int_equal(watch_said("Quorum lost for tracked process tp\n"), 1);
	end(second);
	tracks_free(t);
}

static void test_process_parameters(void **state)
{
	const char *path = a_sleeper();
	struct tracks *t;
	pid_t pid;

	(void)state;
	process.process = path;
	process.parameters = "600 8";
	track_process(3);
	pid = start_named(path);
	t = made();
	assert_int_equal(sum_of(t).delta, 0);
	tracks_free(t);
	process.parameters = "600 7";
	t = made();
	until_sum(t, 3, false); /* it may not have become the program yet */
	tracks_free(t);
	process.parameters = NULL;
	process.full_command = true;
	t = made();
	assert_int_equal(sum_of(t).delta, 3);
	end(pid);
	until_sum(t, 0, false);
	tracks_free(t);
}

static void test_process_delay(void **state)
{
	const char *path = a_sleeper();
	struct tracks *t;
	pid_t pid;

	(void)state;
	process.process = strrchr(path, '/') + 1;
	process.terminate_delay_ms = 3600000;
	track_process(3);
	pid = start_named(path);
	t = made();
	until_sum(t, 3, false);
	end(pid);
	pid = start_named(path);
	process.quorum_max = 0;
	process.quorum = 0;
	end(pid);
	loop_turn(&watch_loop, 0);
	assert_int_equal(sum_of(t).delta, 3);
	tracks_free(t);
}

static void test_process_answered_from_inside(void **state)
{
	struct tracks *t;

	(void)state;
	process.process = "haproxy";
	process.asks_service = true;
	track_process(0);
	t = made();
	assert_true(sum_of(t).pending);
	tracks_set_service(t, true);
	assert_false(sum_of(t).pending || sum_of(t).fault);
	tracks_set_service(t, false);
	assert_true(sum_of(t).fault);
	tracks_free(t);
}

/* ---- interfaces, BFD, groups */

static void test_links(void **state)
{
	struct tracks *t;

	(void)state;
	line = (struct model_vrrp_track){.name = "eth2", .weight = -7};
	line2 = (struct model_vrrp_track){.name = "eth3", .next = &line};
	vi.track_interfaces = &line2;
	t = made();
	assert_int_equal(sum_of(t).delta, 0);
	assert_false(sum_of(t).fault);
	tracks_set_link(t, "eth2", false);
	assert_int_equal(sum_of(t).delta, -7);
	assert_string_equal(sum_of(t).text, "-7 eth2");
	tracks_set_link(t, "eth3", false);
	assert_true(sum_of(t).fault);
	assert_string_equal(sum_of(t).text, "interface eth3 is down");
	loop_turn(&watch_loop, 0);
	assert_int_equal(changes, 1);
	tracks_set_link(t, "eth3", false);
	tracks_set_link(t, "eth9", false);
	loop_turn(&watch_loop, 0);
	assert_int_equal(changes, 1);
	tracks_free(t);
	link_up = false;
	t = made();
	assert_true(sum_of(t).fault);
	tracks_free(t);
}

static void test_own_interface_is_ignored(void **state)
{
	struct tracks *t;

	(void)state;
	line = (struct model_vrrp_track){.name = "eth1", .weight = 3};
	vi.track_interfaces = &line;
	t = made();
	assert_int_equal(sum_of(t).delta, 0);
	assert_int_equal(watch_said("(VI_1) Ignoring track_interface eth1 since own interface\n"),
			 1);
	tracks_free(t);
}

static void test_bfd(void **state)
{
	struct tracks *t;

	(void)state;
	line = (struct model_vrrp_track){.name = "b1", .bfd = &bfd};
	vi.track_bfds = &line;
	t = made();
	assert_true(sum_of(t).fault);
	tracks_set_bfd(t, &bfd, true);
	assert_false(sum_of(t).fault);
	assert_int_equal(watch_said("VRRP_Instance(VI_1) Tracked BFD instance b1 is UP\n"), 1);
	tracks_free(t);
}

static void test_group(void **state)
{
	struct tracks *t;

	(void)state;
	group.name = "G";
	model.groups = &group;
	vi.group = &group;
	line = (struct model_vrrp_track){.name = "eth2", .weight = 10};
	vi.track_interfaces = &line;
	line2 = (struct model_vrrp_track){.name = "eth3", .weight = 4};
	group.track_interfaces = &line2;
	t = made();
	assert_int_equal(sum_of(t).delta, 14);
	vi.priority = 255;
	assert_int_equal(sum_of(t).delta, 0);
	tracks_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, start, watch_stop)
	    T(test_script_first_result_decides),
	    T(test_script_rise_and_fall),
	    T(test_script_weights),
	    T(test_script_init_fail),
	    T(test_script_timeout),
	    T(test_script_is_ended_with_tracks),
	    T(test_script_killed_by_signal),
	    T(test_script_missing_does_not_count),
	    T(test_script_insecure_is_not_run),
	    T(test_script_runs_as_its_user),
	    T(test_service_answers_from_inside),
	    T(test_without_proxy_it_is_run),
	    T(test_reload_keeps_results),
	    T(test_file_weighted),
	    T(test_file_without_weight),
	    T(test_file_is_made),
	    T(test_file_in_a_folder_that_comes_later),
	    T(test_process_quorum),
	    T(test_process_parameters),
	    T(test_process_delay),
	    T(test_process_answered_from_inside),
	    T(test_links),
	    T(test_own_interface_is_ignored),
	    T(test_bfd),
	    T(test_group),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
